"""Relative errors, over the whole range of each dtype, against numbers of fifty digits."""

import json

import numpy as np
import pytest

from tests.core.precision import ALLOWED, DTYPES, FUNCTIONS, RECORD, WIDER, measured

mpmath = pytest.importorskip("mpmath")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_derivatives_are_right_to_a_few_units(name, dtype):
    found = measured(mpmath.mp, name, dtype)
    value, derivative = WIDER.get(name, (ALLOWED, ALLOWED))
    assert found["value"] <= value, found
    assert found["derivative"] <= derivative, found


def test_the_record_has_every_function():
    rows = json.loads(RECORD.read_text(encoding="utf-8"))["rows"]
    assert [(r["function"], r["dtype"]) for r in rows] == [
        (name, np.dtype(dtype).name) for name in FUNCTIONS for dtype in DTYPES
    ]
    for row in rows:
        value, derivative = WIDER.get(row["function"], (ALLOWED, ALLOWED))
        assert row["value"] <= value and row["derivative"] <= derivative


def test_a_function_that_is_right_in_absolute_terms_only_is_noticed(monkeypatch):
    from tinytorch import Tensor
    from tinytorch.core.tensor import record

    def sigmoid(x):
        y = 0.5 + 0.5 * np.tanh(0.5 * x.data)
        return record(y, (x, lambda g: g * y * (1 - y)))

    monkeypatch.setattr(Tensor, "sigmoid", sigmoid)
    found = measured(mpmath.mp, "sigmoid", np.float32)
    assert min(found["value"], found["derivative"]) > 1e5
