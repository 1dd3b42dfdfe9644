"""Made data: small problems whose truth is known."""

import numpy as np

from tinytorch.core.checks import AT_LEAST_ONE, NONNEGATIVE, POSITIVE_COUNT, at_least, require
from tinytorch.core.random import generator
from tinytorch.data.dataset import TensorDataset


def spirals(n: int = 300, classes: int = 3, noise: float = 0.1, *, rng=None) -> TensorDataset:
    """Interleaved arms of a spiral in the plane: no straight line tells them apart.

    Point i of the n_k points of class k has radius r = i / n_k and angle 4 r + 2πk / classes,
    plus normal noise.

    Arguments:
        n: points in all; the classes share them as evenly as possible.
        classes: arms, at least 2.
        noise: standard deviation of the angle, in radians.
        rng: a generator, a seed, or None for the default one.

    Returns:
        inputs (n, 2) float32, targets (n,) int64: class after class.

    Raises:
        ValueError: an argument outside what is allowed.

    >>> data.spirals(6, 3, rng=0).targets.tolist()
    [0, 0, 1, 1, 2, 2]
    """
    require("spirals", "classes", classes, at_least(2))
    require("spirals", "n", n, at_least(classes))
    require("spirals", "noise", noise, NONNEGATIVE)
    rng = generator(rng)
    sizes = [len(part) for part in np.array_split(np.empty(n), classes)]
    labels = np.repeat(np.arange(classes), sizes)
    radius = np.concatenate([np.arange(1, size + 1) / size for size in sizes])
    angle = 4 * radius + 2 * np.pi * labels / classes + noise * rng.standard_normal(n)
    return _points(radius * np.cos(angle), radius * np.sin(angle), labels)


def moons(n: int = 200, noise: float = 0.1, *, rng=None) -> TensorDataset:
    """Two interleaved half circles in the plane.

    The first is the upper half of the unit circle, the second the lower half of the unit circle
    about (1, 0.5).

    Arguments:
        n: points in all, at least 2.
        noise: standard deviation added to both coordinates.
        rng: a generator, a seed, or None for the default one.

    Returns:
        inputs (n, 2) float32, targets (n,) int64: class after class.

    Raises:
        ValueError: an argument outside what is allowed.

    >>> data.moons(10, rng=0)
    TensorDataset(inputs (10, 2), targets (10,))
    """
    require("moons", "n", n, at_least(2))
    require("moons", "noise", noise, NONNEGATIVE)
    rng = generator(rng)
    upper, lower = np.linspace(0, np.pi, n - n // 2), np.linspace(0, np.pi, n // 2)
    x = np.concatenate([np.cos(upper), 1 - np.cos(lower)]) + noise * rng.standard_normal(n)
    y = np.concatenate([np.sin(upper), 0.5 - np.sin(lower)]) + noise * rng.standard_normal(n)
    return _points(x, y, np.repeat([0, 1], [len(upper), len(lower)]))


def regression(
    weights, n: int = 100, noise: float = 0.1, condition: float = 1.0, *, rng=None
) -> TensorDataset:
    """A linear problem whose answer is given: y = X w + noise.

    The columns of X are normal with standard deviations that fall geometrically from 1 to
    1/√condition. So the expected Hessian of the mean squared error has condition number
    `condition`: what makes gradient descent slow is a number one chooses.

    Arguments:
        weights: w, shape (d,).
        n: rows.
        noise: standard deviation added to y.
        condition: at least 1.
        rng: a generator, a seed, or None for the default one.

    Returns:
        inputs (n, d) float32, targets (n, 1) float32.

    Raises:
        ValueError: an argument outside what is allowed.

    >>> data.regression([2.0, -1.0], 10, rng=0)
    TensorDataset(inputs (10, 2), targets (10, 1))
    """
    require("regression", "n", n, POSITIVE_COUNT)
    require("regression", "noise", noise, NONNEGATIVE)
    require("regression", "condition", condition, AT_LEAST_ONE)
    weights = np.asarray(weights, float)
    if weights.ndim != 1 or not weights.size:
        raise ValueError(f"regression: weights must have shape (d,), got {weights.shape}")
    rng = generator(rng)
    scale = np.geomspace(1, condition**-0.5, len(weights))
    x = scale * rng.standard_normal((n, len(weights)))
    y = x @ weights + noise * rng.standard_normal(n)
    return TensorDataset(x.astype(np.float32), y.astype(np.float32)[:, None])


def _points(x, y, labels) -> TensorDataset:
    return TensorDataset(np.stack([x, y], axis=1).astype(np.float32), labels.astype(np.int64))
