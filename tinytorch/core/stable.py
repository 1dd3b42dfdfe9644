"""Functions of arrays that keep their relative precision, also where the textbook's cancel.

½ + ½ tanh(x/2) is σ(x) to sixteen digits after the point, and has no correct digit left of
x = -37. What is small but not zero is computed here as what it is.
"""

import math

import numpy as np

from tinytorch.core.sums import total

FAR = 40.0  # beyond it the normal distribution and its density are 0 in float64


def logistic(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """σ(x) = 1 / (1 + exp(-x)), and 1 - σ(x) = σ(-x)."""
    small = np.exp(-np.abs(x))
    large = 1 / (1 + small)
    small = small * large
    right = x >= 0
    return np.where(right, large, small), np.where(right, small, large)


def softplus(x: np.ndarray) -> np.ndarray:
    """log(1 + exp(x)) = -log σ(-x)."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def sech2(x: np.ndarray) -> np.ndarray:
    """1 / cosh²(x) = 1 - tanh²(x), the derivative of tanh."""
    small = np.exp(-2 * np.abs(x))
    return 4 * small / np.square(1 + small)


def exponentials(x: np.ndarray, axis: tuple) -> tuple[np.ndarray, ...]:
    """m = max x, exp(x - m), Σ exp(x - m), x - m and log Σ exp(x - m).

    The largest add up to a whole number, and log1p takes the rest: where one element dominates,
    the sum is 1 and a little, and its logarithm that little.
    """
    shift = x.max(axis=axis, keepdims=True, initial=-np.inf)
    finite = np.isfinite(shift).all()
    if not finite:  # nothing to shift by in nothing, or in -∞
        shift = np.where(np.isfinite(shift), shift, x.dtype.type(0))
    z = x - shift
    exp = np.exp(z)
    top = z >= 0
    rest = total(exp - top, axis, True)
    if not finite or np.count_nonzero(top) != rest.size:  # none is largest, or several are
        rest = rest + (top.sum(axis=axis, keepdims=True, dtype=x.dtype) - 1)
    if finite:
        return shift, exp, 1 + rest, z, np.log1p(rest)
    with np.errstate(divide="ignore"):  # of nothing, or of -∞ alone, it is -∞
        return shift, exp, 1 + rest, z, np.log1p(rest)


def gauss(x: np.ndarray, factor: float) -> np.ndarray:
    """exp(-factor x²), for a factor of 1 or ½, in float64.

    x² is rounded apart from the part of x that has an exact square: the exponential would
    otherwise lose a digit for each of x².
    """
    head = x.astype(np.float32).astype(np.float64)
    return np.exp(-factor * head * head) * np.exp(-factor * (x - head) * (x + head))


ROOT2 = math.sqrt(2)
ROOT2_HEAD = float(np.float32(ROOT2))
ROOT2_TAIL = ROOT2 - ROOT2_HEAD - 9.667293313452913e-17


def normal(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The normal distribution function Φ(x) = ½ erfc(-x/√2) and its density φ, in float64.

    -x/√2 is rounded, which erfc magnifies as x²; so the rest r of that division is worked out
    from parts with exact products, and φ r taken off.
    """
    x = np.clip(x.astype(np.float64), -FAR, FAR)
    a = -x / ROOT2
    head = a.astype(np.float32).astype(np.float64)
    rest = ((-x - head * ROOT2_HEAD) - head * ROOT2_TAIL) - (a - head) * ROOT2
    density = gauss(x, 0.5) / math.sqrt(2 * math.pi)
    return 0.5 * erfc(a) - density * rest, density


def erf(x: np.ndarray) -> np.ndarray:
    """2/√π ∫ exp(-t²) dt from 0 to x: NumPy has no error function, Python has that of C."""
    values = np.fromiter(map(math.erf, x.ravel().tolist()), np.float64, count=x.size)
    return values.reshape(x.shape).astype(x.dtype, copy=False)


def erfc(x: np.ndarray) -> np.ndarray:
    """1 - erf(x), in float64."""
    values = np.fromiter(map(math.erfc, x.ravel().tolist()), np.float64, count=x.size)
    return values.reshape(x.shape)
