"""The report card: diagnoses and workloads of one optimizer, each row by itself."""

import functools
import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinytorch.core.tensor import Tensor
from tinytorch.lab.card.contained import contained
from tinytorch.lab.card.diagnoses import DIAGNOSES, RATES
from tinytorch.lab.card.workloads import STEPS, WORKLOADS, train_on
from tinytorch.lab.studies.store import opened
from tinytorch.lab.studies.study import study

TUNING, REPORTED = 0, (1, 2, 3)  # the seed by which a rate is chosen, those that are reported
QUICK = ("digits", "denoiser", "deep", "raw table", "regression", "factorisation", "physics")
SECONDS = 60.0  # for a single run or diagnosis


@dataclass(frozen=True)
class Card:
    """What is known of an optimizer.

    Attributes:
        optimizer: its name.
        diagnoses: by name: "holds" (None where it failed), "says", "curves".
        workloads: by name: "lr" (the best of RATES with the tuning seed), "tuned" (the final
            loss at each rate), "curves" (of the reported seeds, the test loss every ten steps),
            "final" (the median of their ends), "error" ("" or what went wrong).
        printed: how many bytes it would have printed in all of that.
    """

    optimizer: str
    diagnoses: dict
    workloads: dict
    printed: int = 0

    def json(self) -> str:
        """Everything, as JSON; numbers that are not finite become null."""
        whole = {
            "optimizer": self.optimizer, "steps": STEPS, "rates": RATES, "reported": REPORTED,
            "diagnoses": self.diagnoses, "workloads": self.workloads, "printed": self.printed,
        }  # fmt: skip
        return json.dumps(finite(whole), ensure_ascii=False, indent=1)

    def html(self) -> str:
        """A page of its own, with the book's figures."""
        from tinytorch.lab.card.page import page

        return page(self)

    def save(self, path) -> tuple[Path, Path]:
        """Write path.html and path.json; their names."""
        base = Path(path)
        base = base.with_suffix("") if base.suffix in (".html", ".json") else base
        paths = base.with_name(base.name + ".html"), base.with_name(base.name + ".json")
        for target, text in zip(paths, (self.html(), self.json()), strict=True):
            target.write_text(text, encoding="utf-8")
        return paths

    def __repr__(self) -> str:
        lines = [f"Report card of {self.optimizer}"]
        for name, found in self.diagnoses.items():
            lines.append(f"  {MARKS[found['holds']]} {name:<20} {found['says']}")
        for name, found in self.workloads.items():
            says = found["error"] or f"{found['final']:.3g} at lr {found['lr']:g}"
            lines.append(f"    {name:<20} {says}")
        if self.printed:
            lines.append(f"  It printed {self.printed:,} bytes, of which nothing is shown.")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from tinytorch.lab.card.page import tables

        return tables(self)


MARKS = {True: "+", False: "-", None: "!"}


def report_card(
    optimizer,
    *,
    full: bool = False,
    name: str | None = None,
    settings: dict | None = None,
    jobs: int | None = 2,
    store=None,
    progress: bool | None = None,
    seconds: float = SECONDS,
    retry: bool = False,
) -> Card:
    """Diagnose an optimizer, and train eleven small workloads with it (seven, unless `full`).

    Its learning rate is tuned on each workload over the same eleven rates as that of every rule
    of the book, by one seed; three others are reported. What raises, hangs or gives NaN gets a
    row that says so, and spoils no other.

    Arguments:
        optimizer: a class, called as `optimizer(params, lr=..., **settings)`. It needs `step()`;
            `param_groups` or `lr`, if its rate is to fall.
        name: what to call it.
        settings: its other hyper-parameters.
        jobs: how many processes, as in `study`. With 1 it runs here, where a step that never
            returns cannot always be stopped.
        store: as in `study`: what is there already is not run again.
        seconds: the time that a single run has.
        retry: run again what failed before.

    Raises:
        TypeError: `optimizer` cannot be called.
    """
    if not callable(optimizer):
        raise TypeError(f"report_card: optimizer must be a class, got {optimizer!r}")
    name = name or getattr(optimizer, "__name__", "optimizer")
    common = {"optimizer": optimizer, "settings": dict(settings or {})}
    chosen = list(WORKLOADS) if full else list(QUICK)
    with opened(store) as kept:
        how = dict(store=kept, jobs=jobs, progress=progress, seconds=seconds, retry=retry)
        (first,) = study(first_step, [common], seeds=[0], name="first step", **how)
        if first.error:  # no use in waiting for as many failures as there are rows
            lost = dict.fromkeys(DIAGNOSES, failed(first.error))
            return Card(name, lost, {w: untrained(first.error) for w in chosen})
        tried = [{**common, "diagnosis": d} for d in DIAGNOSES]
        rows = study(diagnosed, tried, seeds=[0], name="diagnosis", **how)
        runs = list(rows)

        def trainings(points, seeds, name):
            """The runs of each (workload, rate), where there are any."""
            points = [{**common, "workload": w, "lr": lr} for w, lr in points]
            found = study(trained, points, seeds=seeds, name=name, **how) if points else []
            runs.extend(found)
            return [found[i : i + len(seeds)] for i in range(0, len(found), len(seeds))]

        # A first run each: where it hangs or dies, thirteen more would only take their time.
        firsts = trainings([(w, RATES[4]) for w in chosen], [TUNING], "tuning")
        workloads = {
            w: untrained(first.error) for w, (first,) in zip(chosen, firsts, strict=True)
            if first.error and not first.seconds < seconds
        }  # fmt: skip
        left = [w for w in chosen if w not in workloads]
        tuning = iter(trainings([(w, lr) for w in left for lr in RATES], [TUNING], "tuning"))
        tuned = {w: [next(tuning)[0].results.get("final", math.inf) for _ in RATES] for w in left}
        best = {w: RATES[int(np.argmin(tuned[w]))] for w in left}
        reported = trainings(best.items(), REPORTED, "reported")
    for w, three in zip(left, reported, strict=True):
        workloads[w] = {
            "lr": best[w], "tuned": tuned[w],
            "curves": [run.results.get("curve", []) for run in three],
            "final": float(np.median([run.results.get("final", math.inf) for run in three])),
            "error": next((run.error for run in three if run.error), "")
            or ("" if math.isfinite(min(tuned[w])) else "diverges at every rate"),
        }  # fmt: skip
    diagnoses = {
        d: failed(row.error) if row.error else {k: row.results[k] for k in failed("")}
        for d, row in zip(DIAGNOSES, rows, strict=True)
    }
    printed = sum(run.results.get("printed", 0) for run in runs)
    return Card(name, diagnoses, {w: workloads[w] for w in chosen}, printed)


def failed(error: str) -> dict:
    return {"holds": None, "says": error, "curves": {}}


def untrained(error: str) -> dict:
    return {"lr": math.nan, "tuned": [], "curves": [], "final": math.inf, "error": error}


def first_step(optimizer, settings, seed) -> int:
    """Whether it can be made and takes a step at all."""
    with contained():
        p = Tensor(np.ones((3, 2), dtype=np.float32), requires_grad=True)
        stepper = optimizer([p], lr=0.01, **settings)
        p.grad = Tensor(np.ones((3, 2), dtype=np.float32))
        stepper.step()
    return 1


def diagnosed(optimizer, settings, diagnosis, seed) -> dict:
    with contained() as counter:
        found = DIAGNOSES[diagnosis].run(functools.partial(optimizer, **settings))
    return {**found, "printed": counter.count}


def trained(optimizer, settings, workload, lr, seed) -> dict:
    with contained() as counter:
        found = train_on(workload, functools.partial(optimizer, **settings), lr, seed)
    return {**found, "printed": counter.count}


def finite(value):
    """Containers of Python's own, with None for what JSON has no number for."""
    if isinstance(value, dict):
        return {k: finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
