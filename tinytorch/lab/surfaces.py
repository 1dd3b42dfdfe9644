"""Surfaces to descend on: value, gradient and Hessian by hand, and where the minima are.

Positions have shape (..., d): one point, or any number of points at once.
"""

import numpy as np


def points(x) -> np.ndarray:
    """x in floats; symbols, of which `lab.traced` makes formulas, stay what they are."""
    x = np.asarray(x)
    return x if x.dtype == object else x.astype(float, copy=False)


def stack(*components) -> np.ndarray:
    return np.stack(np.broadcast_arrays(*components), axis=-1)


def powers(y) -> tuple:
    """y, y² and y³ in products, which round alike everywhere."""
    return y, y * y, y * y * y


def matrices(rows) -> np.ndarray:
    """A symmetric matrix for every point, from its rows of components."""
    return np.stack([stack(*row) for row in rows], axis=-2)


class Surface:
    """A function of d numbers. Far from everything it is infinite or nan, without a warning.

    Attributes:
        minima: all its minima where it is lowest, of shape (count, d).
        start: a customary starting point, of shape (d,).
        window: ((left, right), (bottom, top)) worth drawing, for d = 2.

    Shapes: x (..., d); value (...), gradient (..., d), hessian (..., d, d).
    """

    minima: np.ndarray
    start: np.ndarray
    window = ((-4.0, 4.0), (-4.0, 4.0))

    def __init_subclass__(cls):
        for name in {"value", "gradient", "hessian"} & vars(cls).keys():
            setattr(cls, name, np.errstate(over="ignore", invalid="ignore")(vars(cls)[name]))

    def value(self, x) -> np.ndarray:
        """f(x)."""
        raise NotImplementedError(f"{type(self).__name__} must define value()")

    def gradient(self, x) -> np.ndarray:
        """∇f(x)."""
        raise NotImplementedError(f"{type(self).__name__} must define gradient()")

    def hessian(self, x) -> np.ndarray:
        """∇²f(x)."""
        raise NotImplementedError(f"{type(self).__name__} must define hessian()")

    def __call__(self, x) -> np.ndarray:
        return self.value(x)


class Quadratic(Surface):
    """f(x) = ½ xᵀ A x with A = Q diag(eigenvalues) Qᵀ.

    Arguments:
        eigenvalues: the curvatures along the axes of the bowl, d numbers.
        angle: for d = 2, Q turns these axes by so many radians.

    Raises:
        ValueError: an angle where d is not 2.
    """

    def __init__(self, eigenvalues, angle: float = 0.0):
        self.eigenvalues = points(eigenvalues)
        d = self.eigenvalues.size
        axes = np.eye(d)
        if angle:
            if d != 2:
                raise ValueError(f"Quadratic: angle needs two eigenvalues, got {d}")
            c, s = np.cos(angle), np.sin(angle)
            axes = np.array([[c, -s], [s, c]])
        self.A = axes * self.eigenvalues @ axes.T
        self.minima = np.zeros((1, d))
        self.start = np.ones(d)
        self.window = ((-1.2, 1.2), (-1.2, 1.2))

    @property
    def condition(self) -> float:
        """κ, the largest curvature over the smallest."""
        return float(self.eigenvalues.max() / self.eigenvalues.min())

    def value(self, x):
        return 0.5 * (x * self.gradient(x)).sum(axis=-1)

    def gradient(self, x):
        x = points(x)
        if len(self.A) > 2:
            return x @ self.A
        # A matrix product may keep more digits of one term than of the other; this rounds each,
        # as a browser does.
        return (x[..., None, :] * self.A).sum(axis=-1)

    def hessian(self, x):
        return np.broadcast_to(self.A, (*np.shape(x), np.shape(x)[-1]))


class LeastSquares(Quadratic):
    """f(w) = mean (X w - y)², less its minimum: an exact quadratic made of data.

    Arguments:
        inputs: X, shape (n, d); targets: y, shape (n,).

    Attributes:
        eigenvalues: the curvatures, ascending; those that are zero but for rounding are left out
            of `condition`, since no gradient ever points along them.
        directions: the eigenvectors, in columns.
    """

    def __init__(self, inputs, targets):
        inputs = np.asarray(inputs, dtype=float)
        n, d = inputs.shape
        self.A = inputs.T @ inputs * (2 / n)
        self.eigenvalues, self.directions = np.linalg.eigh(self.A)
        solution = np.linalg.lstsq(inputs, np.asarray(targets, dtype=float), rcond=None)[0]
        self.minima, self.start = solution[None], np.zeros(d)

    @property
    def curved(self) -> np.ndarray:
        """Which directions have curvature."""
        return self.eigenvalues > 1e-10 * self.eigenvalues.max()

    @property
    def condition(self) -> float:
        present = self.eigenvalues[self.curved]
        return float(present.max() / present.min())

    def value(self, x):
        error = np.asarray(x) - self.minima[0]
        return 0.5 * (error * (error @ self.A)).sum(axis=-1)

    def gradient(self, x):
        return (np.asarray(x, dtype=float) - self.minima[0]) @ self.A


class Saddle(Quadratic):
    """f(p, q) = p² - q²: a minimum along p, a maximum along q, no minimum anywhere."""

    def __init__(self):
        super().__init__([2.0, -2.0])
        self.minima = np.zeros((0, 2))
        self.start = np.array([1.0, 1e-3])


class Booth(Surface):
    """f(x, y) = (x + 2y - 7)² + (2x + y - 5)², a quadratic with κ = 9."""

    minima = np.array([[1.0, 3.0]])
    start = np.array([-3.0, -2.0])

    def value(self, x):
        x, y = np.moveaxis(points(x), -1, 0)
        return (x + 2 * y - 7) ** 2 + (2 * x + y - 5) ** 2

    def gradient(self, x):
        x, y = np.moveaxis(points(x), -1, 0)
        return stack(10 * x + 8 * y - 34, 8 * x + 10 * y - 38)

    def hessian(self, x):
        return np.broadcast_to(np.array([[10.0, 8.0], [8.0, 10.0]]), (*np.shape(x), 2))


class Rosenbrock(Surface):
    """f(x, y) = (a - x)² + b (y - x²)², the banana valley.

    Source: H. H. Rosenbrock, "An automatic method for finding the greatest or least value of a
    function", The Computer Journal 3 (1960).
    """

    window = ((-2.0, 2.0), (-1.0, 3.0))

    def __init__(self, a: float = 1.0, b: float = 100.0):
        self.a, self.b = a, b
        self.minima = np.array([[a, a * a]])
        self.start = np.array([-1.2, 1.0])

    def value(self, x):
        x, y = np.moveaxis(points(x), -1, 0)
        return (self.a - x) ** 2 + self.b * (y - x * x) ** 2

    def gradient(self, x):
        x, y = np.moveaxis(points(x), -1, 0)
        off = y - x * x
        return stack(-2 * (self.a - x) - 4 * self.b * x * off, 2 * self.b * off)

    def hessian(self, x):
        x, y = np.moveaxis(points(x), -1, 0)
        b = self.b
        return matrices([(2 - 4 * b * (y - 3 * x * x), -4 * b * x), (-4 * b * x, 2 * b)])


class Himmelblau(Surface):
    """f(x, y) = (x² + y - 11)² + (x + y² - 7)²: four minima of value 0, one maximum.

    Source: D. M. Himmelblau, Applied Nonlinear Programming (1972).
    """

    minima = np.array(
        [
            [3.0, 2.0],
            [-2.805118086952745, 3.131312518250573],
            [-3.779310253377747, -3.283185991286170],
            [3.584428340330492, -1.848126526964404],
        ]
    )
    maximum = np.array([-0.270844591, -0.923038522])
    start = np.array([0.0, 0.0])
    window = ((-5.0, 5.0), (-5.0, 5.0))

    def value(self, x):
        x, y = np.moveaxis(points(x), -1, 0)
        return (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2

    def gradient(self, x):
        x, y = np.moveaxis(points(x), -1, 0)
        u, v = x * x + y - 11, x + y * y - 7
        return stack(4 * x * u + 2 * v, 2 * u + 4 * y * v)

    def hessian(self, x):
        x, y = np.moveaxis(points(x), -1, 0)
        u, v = x * x + y - 11, x + y * y - 7
        cross = 4 * (x + y)
        return matrices([(4 * u + 8 * x * x + 2, cross), (cross, 4 * v + 8 * y * y + 2)])


class Beale(Surface):
    """f(x, y) = Σᵢ (cᵢ - x + x yⁱ)², i = 1, 2, 3, c = (1.5, 2.25, 2.625): a plain with walls.

    Source: E. M. L. Beale, "On an iterative method for finding a local minimum of a function of
    more than one variable", Princeton (1958).
    """

    minima = np.array([[3.0, 0.5]])
    start = np.array([1.0, 1.0])
    window = ((-4.5, 4.5), (-4.5, 4.5))
    terms = ((1, 1.5), (2, 2.25), (3, 2.625))

    def value(self, x):
        x, y = np.moveaxis(points(x), -1, 0)
        return sum((c - x + x * p) ** 2 for p, (_, c) in zip(powers(y), self.terms, strict=True))

    def gradient(self, x):
        x, y = np.moveaxis(points(x), -1, 0)
        dx = dy = 0.0
        below = 1.0
        for power, (i, c) in zip(powers(y), self.terms, strict=True):
            residual = c - x + x * power
            dx = dx + 2 * residual * (power - 1)
            dy = dy + 2 * residual * i * x * below
            below = power
        return stack(dx, dy)

    def hessian(self, x):
        x, y = np.moveaxis(points(x), -1, 0)
        xx = xy = yy = 0.0
        for i, c in self.terms:
            residual = c - x + x * y**i
            slope = i * y ** (i - 1)
            bend = i * (i - 1) * y ** max(i - 2, 0)
            xx = xx + 2 * (y**i - 1) ** 2
            xy = xy + 2 * ((y**i - 1) * x * slope + residual * slope)
            yy = yy + 2 * ((x * slope) ** 2 + residual * x * bend)
        return matrices([(xx, xy), (xy, yy)])


class Rastrigin(Surface):
    """f(x) = Σ [xᵢ² + 10 (1 - cos 2πxᵢ)]: a bowl with a dimple at every point of a lattice."""

    window = ((-4.5, 4.5), (-4.5, 4.5))

    def __init__(self, d: int = 2):
        self.minima = np.zeros((1, d))
        self.start = np.full(d, 2.2)

    def value(self, x):
        x = points(x)
        return (x * x + 10 * (1 - np.cos(2 * np.pi * x))).sum(axis=-1)

    def gradient(self, x):
        x = points(x)
        return 2 * x + 20 * np.pi * np.sin(2 * np.pi * x)

    def hessian(self, x):
        x = points(x)
        diagonal = 2 + 40 * np.pi**2 * np.cos(2 * np.pi * x)
        return diagonal[..., None] * np.eye(x.shape[-1])
