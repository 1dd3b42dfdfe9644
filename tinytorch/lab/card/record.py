"""The report cards of all rules of the book: python -m tinytorch.lab.card.record

Takes up what is in card.db, and writes records/card.json.
"""

import argparse
import json
import os
import platform
from pathlib import Path

from tinytorch.lab import records
from tinytorch.lab.card.card import REPORTED, TUNING, finite, report_card
from tinytorch.lab.card.diagnoses import RATES
from tinytorch.lab.card.workloads import STEPS
from tinytorch.lab.studies.store import Store
from tinytorch.optim import OPTIMIZERS, AdamW

PATH = Path(records.__file__).parent / "card.json"


MATRICES_ONLY = ("Muon", "SOAP", "Shampoo")


class Both:
    """Matrices by a rule that takes nothing else, the rest by AdamW at the same rate."""

    rule: type

    def __init__(self, params, lr):
        params = list(params)
        matrices = [p for p in params if p.ndim == 2]
        others = [p for p in params if p.ndim != 2]
        shares = (self.rule, matrices), (AdamW, others)
        self.parts = [make(share, lr=lr) for make, share in shares if share]
        self.param_groups = [group for part in self.parts for group in part.param_groups]

    def step(self):
        for part in self.parts:
            part.step()

    def state_dict(self):
        return [part.state_dict() for part in self.parts]

    def load_state_dict(self, states):
        for part, state in zip(self.parts, states, strict=True):
            part.load_state_dict(state)


def carded(rule: type) -> type:
    """The rule, in the company that it needs."""
    return type(rule.__name__, (Both,), {"rule": rule}) if rule.__name__ in MATRICES_ONLY else rule


def short(value):
    """Three digits are enough for a loss."""
    if isinstance(value, float):
        return float(f"{value:.3g}")
    if isinstance(value, dict):
        return {k: v if k == "lr" else short(v) for k, v in value.items()}
    return [short(v) for v in value] if isinstance(value, (list, tuple)) else value


def main(arguments=None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", default="card.db")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", nargs="*", help="names of rules; others keep their rows")
    options = parser.parse_args(arguments)
    rules = sorted(OPTIMIZERS, key=lambda rule: rule.__name__)
    rules = [r for r in rules if not options.only or r.__name__ in options.only]
    before = json.loads(PATH.read_text(encoding="utf-8")) if options.only else {}
    found, hours = dict(before.get("optimizers", {})), before.get("hours", 0)
    with Store(options.store) as store:
        for rule in rules:
            print(rule.__name__, flush=True)
            how = dict(full=True, jobs=options.jobs, seconds=600, retry=True)
            card = report_card(carded(rule), store=store, **how)
            diagnoses = {
                n: {"holds": d["holds"], "says": d["says"]} for n, d in card.diagnoses.items()
            }
            row = {"diagnoses": diagnoses, "workloads": card.workloads}
            found[rule.__name__] = short(row)
        seconds = sum(r["seconds"] for r in store.rows("seconds IS NOT NULL"))
    record = {
        "command": "python -m tinytorch.lab.card.record",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "hours": round(hours + seconds / 3600, 2),
        "steps": STEPS, "rates": RATES, "tuning seed": TUNING, "reported seeds": REPORTED,
        "optimizers": dict(sorted(found.items())),
    }  # fmt: skip
    text = json.dumps(finite(record), ensure_ascii=False, separators=(",", ":"))
    PATH.write_text(text.replace('},"', '},\n"') + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
