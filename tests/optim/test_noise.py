"""Noise on the gradients."""

import numpy as np
import pytest

from tinytorch import Tensor
from tinytorch.optim import SGD, GradientNoise


def moves(steps, **noise):
    w = Tensor(np.zeros(20_000), requires_grad=True)
    optimizer = SGD([w], lr=1.0)
    handle = optimizer.register_step_pre_hook(GradientNoise(**noise))
    found = []
    for _ in range(steps):
        before = w.data.copy()
        w.grad = np.full(20_000, 0.25)
        optimizer.step()
        found.append(before - w.data)
    handle.remove()
    w.grad = np.full(20_000, 0.25)
    before = w.data.copy()
    optimizer.step()
    np.testing.assert_allclose(before - w.data, 0.25)
    return found


def test_the_variance_is_the_papers():
    for t, move in enumerate(moves(4, eta=0.09, gamma=0.55, rng=0)):
        assert move.mean() == pytest.approx(0.25, abs=0.01)
        assert move.var() == pytest.approx(0.09 / (1 + t) ** 0.55, rel=0.05)


def test_the_generator_decides_and_none_is_no_noise():
    a, b = moves(2, rng=3), moves(2, rng=3)
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(moves(2, eta=0.0), np.full((2, 20_000), 0.25))


def test_a_gradient_that_somebody_keeps_is_not_changed():
    w, g = Tensor([0.0], requires_grad=True), Tensor([1.0])
    w.grad = g
    optimizer = SGD([w], lr=1.0)
    optimizer.register_step_pre_hook(GradientNoise(1.0, rng=0))
    optimizer.step()
    assert g.item() == 1


@pytest.mark.parametrize("values", [{"eta": -1}, {"gamma": float("nan")}])
def test_bad_values_are_refused(values):
    with pytest.raises(ValueError, match=f"GradientNoise: {next(iter(values))} must be"):
        GradientNoise(**values)
