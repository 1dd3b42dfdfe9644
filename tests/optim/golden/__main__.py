"""Ask the referees anew: python -m tests.optim.golden [NAME ...]

Writes a file per optimizer next to this one, what the referees computed, and what the book says
about parity and disagreements. With names it asks about these optimizers alone, and what is
recorded of the others stays. Needs the referees; the tests then need none of them.
"""

import importlib.metadata
import itertools
import json
import platform
import sys
from pathlib import Path

import numpy as np

from tests.optim.golden import KEPT, PARITY
from tests.optim.referees import libraries
from tests.optim.referees.cases import CASES, DISAGREEMENTS, SHAPES, VECTORS, Case
from tests.optim.referees.problem import STEPS, difference, problem, run
from tinytorch.lab.records import lines_of
from tinytorch.optim import OPTIMIZERS


def version(library: str) -> str:
    if library == "formula":
        return f"the paper's formula, NumPy {np.__version__}"
    distribution = library.removesuffix("_as_it_is").replace("_", "-")
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


def recorded(key: str, renewed) -> list[dict]:
    """What the table says of the optimizers that are not asked about now."""
    if not PARITY.exists():
        return []
    rows = json.loads(PARITY.read_text(encoding="utf-8"))[key]
    return [row for row in rows if row["optimizer"] not in renewed]


def main(names: list[str]) -> None:
    known = sorted(each.__name__ for each in OPTIMIZERS)
    if set(names) - set(known):
        sys.exit(f"NAME must be one of {', '.join(known)}; got {' '.join(names)}")
    names = names or known
    torchs = [
        Case(name, kwargs, "torch", name, kwargs)
        for name, configurations in libraries.torch_configurations().items()
        for kwargs in configurations
    ]
    asked = sorted((c for c in [*torchs, *CASES] if c.name in names), key=lambda case: case.name)
    rows = []
    for name, cases in itertools.groupby(asked, key=lambda case: case.name):
        answers = [ask(case) for case in cases]
        keep = np.array(KEPT) - 1
        np.savez_compressed(
            Path(__file__).with_name(f"{name}.npz"),
            trajectories=np.array([theirs[keep] for theirs, _ in answers]),
            cases=json.dumps([{k: row[k] for k in ("kwargs", "referee")} for _, row in answers]),
        )
        rows += [row for _, row in answers]
    others = [{"what": w, **ask(case)[1]} for w, case in DISAGREEMENTS if case.name in names]
    order = [(what, version(case.library)) for what, case in DISAGREEMENTS]
    table = {
        "made_by": "python -m tests.optim.golden",
        "made_with": [f"Python {platform.python_version()}", f"NumPy {np.__version__}"],
        "steps": STEPS,
        "parity": sorted([*recorded("parity", names), *rows], key=lambda row: row["optimizer"]),
        "disagreements": sorted(
            [*recorded("disagreements", names), *others],
            key=lambda row: order.index((row["what"], row["referee"])),
        ),
    }
    PARITY.parent.mkdir(exist_ok=True)
    PARITY.write_text(lines_of(table), encoding="utf-8")
    worst = max(row["difference"] for row in rows)
    print(f"{len(rows)} configurations, largest difference {worst:.1e}")


if __name__ == "__main__":
    main(sys.argv[1:])
