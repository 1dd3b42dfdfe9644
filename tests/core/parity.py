"""All cases against PyTorch, and what it computed, kept so that it need not be installed.

    python -m tests.core.parity

writes parity.npz, PyTorch's values and gradients, and the record that the book shows: operations
and their largest differences from PyTorch.
"""

import functools
from pathlib import Path

import numpy as np

import tinytorch
from tests.core import layers_and_losses, operations  # noqa: F401  they fill the table
from tests.core.cases import CASES, difference, run_ours, run_theirs

STORED = Path(__file__).with_suffix(".npz")
TABLE = Path(tinytorch.__file__).parent / "lab" / "records" / "operations.json"


@functools.cache
def stored() -> dict[str, list[np.ndarray]]:
    """What PyTorch computed, by case."""
    with np.load(STORED) as file:
        flat = np.split(file["values"], np.cumsum(file["sizes"])[:-1])
        names = file["names"].tolist()
    results = {}
    for name, values in zip(names, flat, strict=True):
        results.setdefault(name, []).append(values)
    return results


def table(theirs: dict) -> list[dict]:
    """A row an operation: how many cases, and the largest differences from PyTorch."""
    rows: dict[str, dict] = {}
    for case in CASES:
        value, gradient = difference(run_ours(case), theirs[str(case)])
        row = rows.setdefault(
            case.operation, {"operation": case.operation, "cases": 0, "value": 0.0, "gradient": 0.0}
        )
        row["cases"] += 1
        row["value"], row["gradient"] = max(row["value"], value), max(row["gradient"], gradient)
    return [*rows.values()]


def main() -> None:
    import torch

    from tinytorch.lab.records import lines_of

    theirs = {str(case): run_theirs(case) for case in CASES}
    arrays = [(name, array) for name, results in theirs.items() for array in results]
    np.savez_compressed(
        STORED,
        names=np.array([name for name, _ in arrays]),
        sizes=np.array([array.size for _, array in arrays]),
        values=np.concatenate([array.ravel() for _, array in arrays]),
    )
    versions = {"torch": torch.__version__, "numpy": np.__version__}
    TABLE.write_text(lines_of({**versions, "rows": table(theirs)}), encoding="utf-8")


if __name__ == "__main__":
    main()
