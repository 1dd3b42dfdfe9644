"""Made data: the geometry that the docstrings state."""

import numpy as np
import pytest

from tinytorch.data import moons, regression, spirals


@pytest.mark.parametrize("make", [spirals, moons, lambda **k: regression([1.0, 2.0], **k)])
def test_repeatable_from_the_seed(make):
    a, b, c = make(rng=0), make(rng=0), make(rng=1)
    assert np.array_equal(a.inputs, b.inputs)
    assert np.array_equal(a.targets, b.targets)
    assert not np.array_equal(a.inputs, c.inputs)
    assert a.inputs.dtype == np.float32


def test_spirals_without_noise():
    data = spirals(n=10, classes=3, noise=0, rng=0)
    assert np.bincount(data.targets).tolist() == [4, 3, 3]
    radius = np.hypot(*data.inputs.T)
    angle = 4 * radius + 2 * np.pi * data.targets / 3
    np.testing.assert_allclose(radius[:4], [0.25, 0.5, 0.75, 1], rtol=1e-6)
    expected = radius * np.array([np.cos(angle), np.sin(angle)])
    np.testing.assert_allclose(data.inputs.T, expected, atol=1e-6)


def test_moons_without_noise():
    data = moons(n=11, noise=0, rng=0)
    assert np.bincount(data.targets).tolist() == [6, 5]
    upper, lower = data.inputs[:6], data.inputs[6:]
    np.testing.assert_allclose(np.hypot(*upper.T), 1, rtol=1e-6)
    np.testing.assert_allclose(np.hypot(*(lower - [1, 0.5]).T), 1, rtol=1e-6)
    assert (upper[1:-1, 1] > 0).all()
    assert (lower[1:-1, 1] < 0.5).all()


def test_noise_has_the_stated_size():
    shift = moons(n=20_000, noise=0.3, rng=0).inputs - moons(n=20_000, noise=0, rng=0).inputs
    np.testing.assert_allclose(shift.std(axis=0), 0.3, rtol=0.03)
    data = regression([1.0, -2.0], n=20_000, noise=0.5, rng=0)
    residual = data.targets[:, 0] - data.inputs @ np.float32([1.0, -2.0])
    assert residual.std() == pytest.approx(0.5, rel=0.03)


def test_regression_has_the_condition_and_the_answer_asked_for():
    weights = np.array([3.0, -1.0, 0.5])
    data = regression(weights, n=50_000, noise=0, condition=100, rng=0)
    assert data.inputs.shape == (50_000, 3)
    assert data.targets.shape == (50_000, 1)
    hessian = data.inputs.T @ data.inputs / 50_000
    assert np.linalg.cond(hessian) == pytest.approx(100, rel=0.05)
    found = np.linalg.lstsq(data.inputs, data.targets[:, 0], rcond=None)[0]
    np.testing.assert_allclose(found, weights, atol=1e-4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: spirals(n=2, classes=3), "spirals: n must be an integer >= 3, got 2"),
        (lambda: spirals(classes=1), "spirals: classes must be an integer >= 2, got 1"),
        (lambda: moons(n=1), "moons: n must be an integer >= 2, got 1"),
        (lambda: moons(n=2.5), "got 2.5"),
        (lambda: moons(noise=-1), "noise must be a finite number >= 0, got -1"),
        (lambda: moons(noise=np.inf), "got inf"),
        (lambda: regression([]), r"shape \(d,\), got \(0,\)"),
        (lambda: regression([[1.0]]), r"got \(1, 1\)"),
        (lambda: regression([1.0], condition=0.5), "condition must be .* >= 1, got 0.5"),
        (lambda: moons(n=True), "n must be an integer >= 2, got True"),
        (lambda: moons(10, noise="a"), "moons: noise must be a finite number >= 0, got 'a'"),
        (lambda: spirals(classes="a"), "spirals: classes must be an integer >= 2, got 'a'"),
    ],
)
def test_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
