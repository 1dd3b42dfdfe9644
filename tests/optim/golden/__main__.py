"""Ask every referee anew: python -m tests.optim.golden

Writes a file per optimizer next to this one, what the referees computed, and what the book says
about parity and disagreements. Needs all the referees; the tests then need none of them.
"""

import importlib.metadata
import itertools
import json
import platform
from pathlib import Path

import numpy as np

from tests.optim.golden import KEPT, PARITY
from tests.optim.referees import libraries
from tests.optim.referees.cases import CASES, DISAGREEMENTS, SHAPES, VECTORS, Case
from tests.optim.referees.problem import STEPS, difference, problem, run


def version(library: str) -> str:
    if library == "formula":
        return f"the paper's formula, NumPy {np.__version__}"
    distribution = library.split("_")[0]
    return f"{distribution} {importlib.metadata.version(distribution)}"


def ask(case: Case) -> tuple[np.ndarray, dict]:
    """What the referee computed, and how far we are from it."""
    given = problem(SHAPES.get(case.name, VECTORS), falls=case.falls)
    theirs = getattr(libraries, case.library)(case.theirs, case.their_kwargs, given)
    return theirs, {
        "optimizer": case.name,
        "kwargs": case.kwargs,
        "referee": version(case.library),
        "difference": difference(run(case.name, case.kwargs, given), theirs),
    }


def main() -> None:
    torchs = [
        Case(name, kwargs, "torch", name, kwargs)
        for name, configurations in libraries.torch_configurations().items()
        for kwargs in configurations
    ]
    rows = []
    every = sorted([*torchs, *CASES], key=lambda case: case.name)
    for name, cases in itertools.groupby(every, key=lambda case: case.name):
        answers = [ask(case) for case in cases]
        keep = np.array(KEPT) - 1
        np.savez_compressed(
            Path(__file__).with_name(f"{name}.npz"),
            trajectories=np.array([theirs[keep] for theirs, _ in answers]),
            cases=json.dumps([{k: row[k] for k in ("kwargs", "referee")} for _, row in answers]),
        )
        rows += [row for _, row in answers]
    others = [{"what": what, **ask(case)[1]} for what, case in DISAGREEMENTS]
    made_with = [f"Python {platform.python_version()}", f"NumPy {np.__version__}"]
    table = {
        "made_by": "python -m tests.optim.golden",
        "made_with": made_with,
        "steps": STEPS,
        "parity": rows,
        "disagreements": others,
    }
    PARITY.parent.mkdir(exist_ok=True)
    PARITY.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    worst = max(row["difference"] for row in rows)
    print(f"{len(rows)} configurations, largest difference {worst:.1e}")


if __name__ == "__main__":
    main()
