"""Derivatives by central differences, minima that are minima, values from the literature."""

import numpy as np
import pytest

from tinytorch.lab import (
    Beale,
    Booth,
    Himmelblau,
    LeastSquares,
    Quadratic,
    Rastrigin,
    Rosenbrock,
    Saddle,
)

SURFACES = [
    Quadratic([1.0, 7.0]),
    Quadratic([1.0, 30.0], angle=0.4),
    Quadratic([0.01, 0.1, 1.0]),
    LeastSquares(np.random.default_rng(1).normal(size=(9, 3)), np.arange(9.0)),
    Saddle(),
    Booth(),
    Rosenbrock(),
    Rosenbrock(a=2.0, b=5.0),
    Himmelblau(),
    Beale(),
    Rastrigin(),
    Rastrigin(d=3),
]
names = [f"{type(s).__name__}-{i}" for i, s in enumerate(SURFACES)]
each = pytest.mark.parametrize("surface", SURFACES, ids=names)


def points(surface, shape=(4, 3)):
    return np.random.default_rng(0).uniform(-1.5, 1.5, (*shape, surface.start.size))


def central(f, x, h=1e-5):
    """d f(x) / d x_i, stacked as the last axis."""
    steps = h * np.eye(x.shape[-1])
    return np.stack([(f(x + s) - f(x - s)) / (2 * h) for s in steps], axis=-1)


@each
def test_gradient_is_the_derivative_of_the_value(surface):
    x = points(surface)
    expected = central(surface.value, x)
    assert surface.value(x).shape == (4, 3)
    np.testing.assert_allclose(surface.gradient(x), expected, rtol=1e-6, atol=1e-6)


@each
def test_hessian_is_the_derivative_of_the_gradient(surface):
    x = points(surface)
    H = surface.hessian(x)
    assert H.shape == (*x.shape, x.shape[-1])
    np.testing.assert_allclose(H, central(surface.gradient, x), rtol=1e-6, atol=1e-5)
    np.testing.assert_array_equal(H, np.swapaxes(H, -1, -2))


@each
def test_many_points_equal_one_point(surface):
    x = points(surface)
    for f in (surface.value, surface.gradient, surface.hessian):
        np.testing.assert_allclose(f(x)[2, 1], f(x[2, 1]), rtol=1e-13, atol=1e-13)


@each
def test_minima_are_minima(surface):
    x = surface.minima
    np.testing.assert_allclose(surface.value(x), 0, atol=1e-12)
    np.testing.assert_allclose(surface.gradient(x), 0, atol=1e-6)
    assert (np.linalg.eigvalsh(surface.hessian(x)) > 0).all()
    around = np.random.default_rng(1).uniform(-6, 6, (20_000, surface.start.size))
    if len(x):
        assert surface.value(around).min() > 0


@each
def test_far_away_is_no_warning(surface):
    x = np.full(surface.start.size, 1e200)
    assert not np.isfinite(surface.value(x))
    assert surface.gradient(x).shape == x.shape


@each
def test_start_and_window(surface):
    assert np.isfinite(surface.value(surface.start))
    for low, high in surface.window:
        assert low < high


def test_values_that_the_literature_gives():
    assert Rosenbrock().value(np.array([-1.2, 1.0])) == pytest.approx(24.2)
    assert Beale().value(np.zeros(2)) == pytest.approx(14.203125)
    assert Himmelblau().value(Himmelblau.maximum) == pytest.approx(181.617, abs=1e-3)
    assert Booth().value(np.zeros(2)) == pytest.approx(74)
    assert Saddle().value(np.array([3.0, 2.0])) == pytest.approx(5)
    assert Rastrigin().value(np.array([0.5, 0.5])) == pytest.approx(40.5)
    assert np.linalg.cond(Rosenbrock().hessian(np.ones(2))) == pytest.approx(2508, abs=1)


def test_quadratic():
    turned = Quadratic([1.0, 30.0], angle=0.4)
    np.testing.assert_allclose(np.linalg.eigvalsh(turned.A), [1, 30])
    assert turned.condition == pytest.approx(30)
    steep = np.array([-np.sin(0.4), np.cos(0.4)])
    assert turned.value(steep) == pytest.approx(15)
    with pytest.raises(ValueError, match="angle"):
        Quadratic([1.0, 2.0, 3.0], angle=0.4)


def test_himmelblau_maximum_is_one():
    x = Himmelblau.maximum
    np.testing.assert_allclose(Himmelblau().gradient(x), 0, atol=1e-6)
    assert (np.linalg.eigvalsh(Himmelblau().hessian(x)) < 0).all()


def test_least_squares_is_the_mean_squared_error_above_its_minimum():
    rng = np.random.default_rng(2)
    X, y, w = rng.normal(size=(20, 4)), rng.normal(size=20), rng.normal(size=4)
    X[:, 3] = X[:, 2]  # a direction without curvature
    surface = LeastSquares(X, y)
    loss = np.mean((X @ w - y) ** 2) - np.mean((X @ surface.minima[0] - y) ** 2)
    np.testing.assert_allclose(surface.value(w), loss, rtol=1e-12)
    assert surface.curved.sum() == 3
    np.testing.assert_allclose(
        surface.condition, np.linalg.cond(X[:, :3] @ np.diag([1, 1, 2**0.5])) ** 2
    )
