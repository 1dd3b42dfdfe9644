"""Measurements on runs whose answer is known in closed form."""

import math

import numpy as np
import pytest

from tinytorch import Tensor
from tinytorch.lab import (
    Quadratic,
    claim,
    iterations_to,
    learning_rate_finder,
    measured_rate,
    sharpness,
    trajectory,
)
from tinytorch.optim import SGD


def test_iterations_to():
    assert iterations_to([8, 4, 2, 1, 0.5], 2) == 2
    assert iterations_to([8, 1, 2.5, 1, 0.5], 2) == 3
    assert iterations_to([1, 1], 2) == 0
    assert iterations_to([1, 3], 2) == math.inf
    assert iterations_to([1, math.nan], 2) == math.inf
    both = iterations_to(np.array([[8, 8], [1, 8], [1, 8]]), 2)
    np.testing.assert_array_equal(both, [1, math.inf])


@pytest.mark.parametrize("kappa", [4.0, 50.0])
def test_measured_rate_of_gradient_descent(kappa):
    bowl = Quadratic([1.0, kappa])
    values = bowl.value(trajectory(SGD, bowl, steps=400, lr=2 / (1 + kappa)))
    assert measured_rate(values) == pytest.approx(((kappa - 1) / (kappa + 1)) ** 2, rel=1e-6)


def test_measured_rate_ignores_the_beginning_and_the_rounding():
    values = np.concatenate([[1e3], 0.5 ** np.arange(200)])
    assert measured_rate(values) == pytest.approx(0.5, rel=1e-9)
    with pytest.raises(ValueError, match="at least 4"):
        measured_rate([1.0, 1e-20, 1e-20])


def quadratic_loss(A, x):
    return lambda: ((x @ Tensor(A)) * x).sum() * 0.5


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_sharpness_is_the_largest_eigenvalue(dtype):
    A = Quadratic([3.0, 10.0], angle=0.7).A.astype(dtype)
    x = Tensor(np.array([1.0, -2.0], dtype=dtype), requires_grad=True)
    before, held = x.data.copy(), x.data
    value, v = sharpness(quadratic_loss(A, x), [x], tolerance=1e-6)
    assert value == pytest.approx(10, rel=1e-5 if dtype == "float64" else 2e-3)
    assert abs(v @ [-np.sin(0.7), np.cos(0.7)]) == pytest.approx(1, abs=1e-3)
    assert np.array_equal(x.data, before)
    assert x.data is held
    assert x.grad is None


def test_sharpness_of_several_parameters():
    a = Tensor(np.array([0.5]), requires_grad=True)
    b = Tensor(np.array([[1.5, -0.5]]), requires_grad=True)

    def loss():
        return (a**4).sum() + 3 * (b * b).sum() + (a * b).sum()

    H = np.array([[12 * 0.25, 1, 1], [1, 6, 0], [1, 0, 6]])
    value, v = sharpness(loss, [a, b], iterations=500, tolerance=1e-10)
    assert value == pytest.approx(np.linalg.eigvalsh(H)[-1], rel=1e-6)
    again, _ = sharpness(loss, [a, b], iterations=2, start=v)
    assert again == pytest.approx(value, rel=1e-6)


def test_learning_rate_finder_turns_up_where_it_must():
    x = Tensor(np.array([1.0]), requires_grad=True)
    rates, losses = learning_rate_finder(
        lambda: (x * x).sum() * 5, SGD([x]), start=1e-3, stop=10, steps=200
    )
    assert len(rates) == len(losses) < 200
    assert rates[0] == pytest.approx(1e-3)
    growing = rates[1:][np.diff(losses) > 0][0]
    assert growing == pytest.approx(2 / 10, rel=0.1)


def test_learning_rate_finder_puts_the_rates_back():
    x, y = (Tensor(np.array([1.0]), requires_grad=True) for _ in range(2))
    optimizer = SGD([{"params": [x], "lr": 0.1}, {"params": [y]}], lr=0.5)
    learning_rate_finder(lambda: (x * x + y * y).sum(), optimizer, steps=5)
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.5]


def test_learning_rate_finder_with_a_negative_loss():
    """The bowl of before, its bottom below zero: it falls, then turns up."""
    x = Tensor(np.array([1.0]), requires_grad=True)
    _, losses = learning_rate_finder(
        lambda: (x * x).sum() * 5 - 6, SGD([x]), start=1e-3, stop=10, steps=200
    )
    assert losses.min() < -5.9
    assert len(losses) < 200
    assert losses[-1] > -6 + 3 * 6


def test_a_false_claim_names_itself():
    claim("two is more than one", 2 > 1)
    claim("all are", np.array([True, True]))
    with pytest.raises(AssertionError, match=r"momentum is faster .*momentum = 30, descent = 20"):
        claim("momentum is faster", 30 < 20, momentum=30, descent=20)
    with pytest.raises(AssertionError):
        claim("all are", np.array([True, False]))
