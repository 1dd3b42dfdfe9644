"""Every rule against what its referees computed; no referee needs to be installed."""

import json

import numpy as np
import pytest

import tinytorch.optim
from tests.optim.golden import HERE, KEPT, PARITY
from tests.optim.referees.cases import SHAPES, VECTORS
from tests.optim.referees.problem import TOLERANCE, difference, problem, run
from tinytorch.optim import OPTIMIZERS

FILES = sorted(HERE.glob("*.npz"))


def load(path):
    with np.load(path, allow_pickle=False) as data:
        return data["trajectories"], json.loads(str(data["cases"]))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_equals_what_the_referee_computed(path):
    trajectories, cases = load(path)
    given = problem(SHAPES.get(path.stem, VECTORS))
    assert len(trajectories) == len(cases) > 0
    for theirs, case in zip(trajectories, cases, strict=True):
        ours = run(path.stem, case["kwargs"], given)[np.array(KEPT) - 1]
        assert difference(ours, theirs) <= TOLERANCE, case


def test_every_optimizer_has_a_referee_and_the_files_are_small():
    assert [path.stem for path in FILES] == sorted(c.__name__ for c in OPTIMIZERS)
    assert sum(path.stat().st_size for path in FILES) < 300_000
    assert set(tinytorch.optim.__all__) > {path.stem for path in FILES}


def test_the_books_table_is_about_these_configurations():
    table = json.loads(PARITY.read_text(encoding="utf-8"))
    kept = [(path.stem, c["kwargs"], c["referee"]) for path in FILES for c in load(path)[1]]
    rows = [(row["optimizer"], row["kwargs"], row["referee"]) for row in table["parity"]]
    assert sorted(rows, key=str) == sorted(kept, key=str)
    assert all(0 <= row["difference"] <= TOLERANCE for row in table["parity"])
    assert all(row["difference"] > TOLERANCE for row in table["disagreements"])
