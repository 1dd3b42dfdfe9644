"""A study: the same run under many settings and seeds, kept while it goes."""

import csv
import ctypes
import functools
import json
import math
import numbers
import os
import platform
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from tinytorch.lab.studies.code import fingerprints
from tinytorch.lab.studies.parallel import each
from tinytorch.lab.studies.store import opened
from tinytorch.optim import engines


@dataclass(frozen=True)
class Run:
    """One run of a study.

    Attributes:
        settings: what it was called with.
        seed: likewise.
        results: the numbers (or nested lists of numbers) that it returned, by name; those of a
            run that returned a single one have the name "value". Empty where it failed.
        error: why it failed, or "".
        seconds: how long it took.
    """

    settings: dict
    seed: int
    results: dict
    error: str = ""
    seconds: float = math.nan

    def flat(self) -> dict:
        """One row: settings (functions and classes by name), seed, results, error, seconds."""
        shown = {name: label(value) for name, value in self.settings.items()}
        ended = {"error": self.error, "seconds": self.seconds}
        return {**shown, "seed": self.seed, **self.results, **ended}


@dataclass(frozen=True)
class Results:
    """What a study found: its runs, the seeds of the first settings first.

    Attributes:
        runs: as far as they are done.
        complete: whether that is all of them.
        reused: how many were read and not run.
    """

    runs: list[Run]
    complete: bool = True
    reused: int = field(default=0, compare=False)

    def __len__(self) -> int:
        return len(self.runs)

    def __iter__(self):
        return iter(self.runs)

    def __getitem__(self, index) -> Run:
        return self.runs[index]

    def values(self, name: str = "value") -> np.ndarray:
        """One result of every run, (settings, seeds, ...); NaN where a run failed.

        Raises:
            KeyError: no run has a result of this name.
            ValueError: the study is not complete.
        """
        if not self.complete:
            raise ValueError("values: the study is not complete; its runs are in `runs`")
        shape = next((np.shape(r.results[name]) for r in self if name in r.results), None)
        if shape is None:
            known = sorted({n for run in self for n in run.results})
            raise KeyError(f"no run has a result {name!r}; there are {', '.join(known) or 'none'}")
        empty = np.full(shape, math.nan)
        table = np.array([run.results.get(name, empty) for run in self], dtype=float)
        seeds = len({run.seed for run in self})
        return table.reshape(-1, seeds, *shape)

    def frame(self):
        """The runs as a data frame of pandas, a row each."""
        import pandas

        return pandas.DataFrame([run.flat() for run in self])

    def csv(self, path) -> None:
        """Write the runs to a file, a row each; numbers as they are, to the last bit."""
        rows = [run.flat() for run in self]
        columns = list(dict.fromkeys(name for row in rows for name in row))
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)


class Interrupted(KeyboardInterrupt):
    """Ctrl-C in a study; `results` holds what was done by then."""

    def __init__(self, words: str, results: Results):
        super().__init__(words)
        self.results = results


def study(
    run: Callable,
    settings: Iterable[Mapping],
    *,
    seeds: Iterable[int] = range(5),
    name: str = "",
    store=None,
    jobs: int | None = 1,
    progress: bool | None = None,
    seconds: float | None = None,
    retry: bool = False,
) -> Results:
    """Call `run(**settings, seed=seed)` for all settings and seeds; keep what it returns.

    With a `store` a run is looked for there first: one of the same code (that of `run` and all
    that it reaches, of the classes and functions in the settings, of the engine, Python and
    NumPy), the same settings and the same seed is read, not run. So an interrupted study goes
    on, and a changed rule runs anew. A run that fails is a row that says so.

    Arguments:
        run: returns a number, or numbers and arrays of them by name.
        settings: what `run` takes, a dictionary for each point; classes and functions too.
        seeds: integers >= 0.
        name: under which the store lists these runs; that of `run` by default.
        store: path of a SQLite file, address of a PostgreSQL database, or a Store; without one
            nothing is kept.
        jobs: how many processes; -1 is one a core; None is what the surrounding
            `joblib.parallel_config` says, a Dask cluster too. The results are the same.
        progress: a bar; by default in a terminal or a notebook, where tqdm is installed.
        seconds: how long a run may take. A worker that does not listen is ended; a run in this
            process (`jobs=1`) can only be stopped between two of its instructions.
        retry: run again what is kept as failed.

    Raises:
        ValueError: no settings or seeds, or not such as these.
        Interrupted: Ctrl-C. What was done is in its `results`, and in the store.
        OSError: the store cannot be written. What was put before is kept.
    """
    points, seeds = [dict(s) for s in settings], list(seeds)
    if not points or not seeds:
        raise ValueError("study: needs at least one of the settings and one seed")
    wrong = [s for s in seeds if not isinstance(s, (int, np.integer)) or not 0 <= s < 2**63]
    if wrong or len(set(seeds)) < len(seeds):
        raise ValueError(f"study: seeds must be different integers >= 0, < 2**63; got {seeds}")
    if any("seed" in point for point in points):
        raise ValueError('study: "seed" is given by seeds=, not in the settings')
    if seconds is not None and not seconds > 0:
        raise ValueError(f"study: seconds must be positive; got {seconds!r}")
    seeds = [int(seed) for seed in seeds]
    versions = platform.python_version_tuple()[:2], np.__version__
    code, *keys = fingerprints([(run, engines.chosen(), *versions), *points])
    name = name or getattr(run, "__name__", type(run).__name__)
    cases = [(i, seed) for i in range(len(points)) for seed in seeds]
    with opened(store) as kept:
        known = kept.of_code(code)
        done: dict[tuple, Run] = {}
        for i, seed in cases:
            results, error, took = known.get((keys[i], seed), ("", "unknown", None))
            if results and not (retry and error):
                done[i, seed] = ended(points[i], seed, results, error, took)
        reused = len(done)
        left = [case for case in cases if case not in done]

        def keep(i, seed, results, error, took):
            done[i, seed] = ended(points[i], seed, results, error, took)
            shown = {n: label(value) for n, value in points[i].items()}
            kept.put(
                study=name, code=code, key=keys[i], seed=seed, settings=json.dumps(shown),
                results=results, error=error, seconds=took, machine=platform.node(),
            )  # fmt: skip

        work = functools.partial(attempt, run, seconds, os.getpid())
        waiting = [{"settings": points[i], "seed": seed} for i, seed in left]
        dead = "its process was killed"
        if seconds is not None:
            dead += f", or hung for {seconds:g} s"
        how = {"jobs": jobs, "progress": progress, "killed": lambda case: ("{}", dead, math.nan)}
        try:
            for index, outcome in each(work, waiting, **how) if left else ():
                keep(*left[index], *outcome)
        except KeyboardInterrupt:
            so_far = Results([done[c] for c in cases if c in done], len(done) == len(cases), reused)
            where = f" in {kept.path}; the same call goes on" if store is not None else ""
            words = f"{len(done)} of {len(cases)} runs are done{where}"
            raise Interrupted(words, so_far) from None
    return Results([done[case] for case in cases], reused=reused)


def ended(settings, seed, results: str, error: str, seconds: float | None) -> Run:
    took = math.nan if seconds is None else seconds
    return Run(settings, seed, json.loads(results), error, took)


class TimeUp(BaseException):
    """Raised inside a run whose time is over. No Exception, so that few catch it."""


def attempt(run, seconds, home: int, settings: dict, seed: int) -> tuple[str, str, float]:
    """(results as JSON, error, seconds) of one run, whatever becomes of it."""
    began = time.perf_counter()
    try:
        quiet = np.errstate(over="ignore", invalid="ignore")  # a run that diverges is a result
        with time_limit(seconds, deadly=os.getpid() != home), quiet:
            results = run(**settings, seed=seed)
        results, error = written(results), ""
    except TimeUp:
        results, error = "{}", f"took more than {seconds:g} s"
    except (Exception, SystemExit, GeneratorExit) as problem:
        results, error = "{}", in_words(problem)
    return results, error, time.perf_counter() - began


def in_words(problem: BaseException) -> str:
    """One line that every terminal and database takes, whatever the exception says of itself."""
    try:
        words = str(problem)
    except Exception:
        words = ""  # its own __str__ raises
    line = " ".join(f"{type(problem).__name__}: {words}".split())[:500]
    return line.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\0")


@contextmanager
def time_limit(seconds: float | None, deadly: bool):
    """Raise TimeUp in this thread after a time; end the process if that is not heard.

    Arguments:
        deadly: whether this process is a worker, which may be ended.
    """
    if seconds is None:
        yield
        return
    over, ended, me = threading.Event(), threading.Lock(), threading.get_ident()

    def watch():
        if over.wait(seconds):
            return
        with ended:
            if over.is_set():
                return
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(me), ctypes.py_object(TimeUp))
        if deadly and not over.wait(min(max(1.0, seconds), 5.0)):
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        try:
            with ended:
                over.set()
        except TimeUp:  # it was over just now
            over.set()
            raise


def written(results) -> str:
    """Results as JSON: numbers to the last bit, arrays as lists.

    Raises:
        TypeError: something that is no number.
    """
    if not isinstance(results, Mapping):
        results = {"value": results}
    return json.dumps({str(name): as_json(name, value) for name, value in results.items()})


def as_json(name, value):
    if isinstance(value, np.ndarray):
        value = value.tolist()
    elif isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (list, tuple)):
        return [as_json(name, item) for item in value]
    if isinstance(value, Mapping):
        return {str(inner): as_json(name, item) for inner, item in value.items()}
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, numbers.Real):
        return float(value)
    raise TypeError(f"study: a run returns numbers; {name!r} is {type(value).__name__}")


def label(value):
    """A setting as a table shows it."""
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.tolist()
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return [label(item) for item in value]
    if isinstance(value, Mapping):
        return {str(name): label(item) for name, item in value.items()}
    return getattr(value, "__name__", None) or repr(value)
