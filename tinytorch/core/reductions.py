"""More functions that make one number of many, and running ones."""

import math

import numpy as np

from tinytorch.core.axes import axes, dims, one_axis, restore
from tinytorch.core.checks import POSITIVE, require
from tinytorch.core.functional import maximum, minimum
from tinytorch.core.methods import function_of, method
from tinytorch.core.sums import total
from tinytorch.core.tensor import Tensor, answer, as_float, record


@method
@dims
def norm(x, p=2, axis=None, keepdims: bool = False):
    """(Σ |x|ᵖ)^(1/p) over `axis`, for p > 0, infinity too; its derivative at 0 is 0.

    >>> tinytorch.norm([3.0, 4.0]).item()
    5.0

    Raises:
        ValueError: `p` is none of these, or `axis` does not fit.
    """
    axis, tensor = axes("norm", axis, x.shape), as_float(x)
    data, p = tensor._data, 2 if p == "fro" else p
    if p == 1:
        return abs(tensor).sum(axis, keepdims)
    if p == math.inf:
        return abs(tensor).max(axis, keepdims)
    require("norm", "p", p, (POSITIVE[0], "a number > 0, inf or 'fro'"))
    unit = np.abs(data).max(axis=axis, keepdims=True, initial=0)  # squares would overflow
    unit = np.where((unit > 0) & np.isfinite(unit), unit, data.dtype.type(1))
    if p == 2:
        length = unit * np.sqrt(total(np.square(data / unit), axis, keepdims=True))
    else:
        length = unit * total(np.abs(data / unit) ** p, axis, keepdims=True) ** (1 / p)

    def derivative(g):
        ratio = data / np.where(length == 0, 1, length)
        if p != 2:
            ratio = np.sign(ratio) * np.abs(np.where(ratio == 0, 1, ratio)) ** (p - 1)
        return restore(g, axis, keepdims) * ratio

    return record(length if keepdims else length.squeeze(axis), (tensor, derivative))


@method
@dims
def std(x, axis=None, keepdims: bool = False, correction: int = 1, *, unbiased=None):
    """Standard deviation, √ of `var`; its derivative where all are equal is 0.

    `unbiased` is PyTorch's: True for a correction of 1, False for 0.

    >>> tinytorch.std([1.0, 2.0, 3.0]).item()
    1.0

    Raises:
        ValueError: `axis` does not fit, or there are no more than `correction` elements.
    """
    every = axes("std", axis, x.shape)
    correction = correction if unbiased is None else int(unbiased)
    count = math.prod(x.shape[i] for i in every) - correction
    if count <= 0:
        raise ValueError(
            f"std with correction={correction} needs more than {correction} elements, "
            f"but takes {count + correction} of a tensor of shape {x.shape}"
        )
    x = as_float(x)
    return (x - x.mean(every, keepdims=True)).norm(2, every, keepdims) / math.sqrt(count)


@method
@dims
def prod(x, axis=None, keepdims: bool = False):
    """The product over `axis` (one axis, or all), with a derivative at zeros too.

    >>> tinytorch.prod([2.0, 3.0, 4.0]).item()
    24.0
    """
    if axis is None:
        y = prod(x.reshape(-1), axis=0)
        return y.reshape((1,) * x.ndim) if keepdims else y
    axis = one_axis("prod", axis, x.shape)
    data = x._data

    def derivative(g):  # the product of those before times the product of those after
        last = np.moveaxis(data, axis, -1)
        one = np.ones_like(last[..., :1])
        before = np.cumprod(np.concatenate([one, last[..., :-1]], -1), -1)
        after = np.cumprod(np.concatenate([one, last[..., :0:-1]], -1), -1)[..., ::-1]
        return restore(g, (axis,), keepdims) * np.moveaxis(before * after, -1, axis)

    return record(data.prod(axis=axis, keepdims=keepdims), (x, derivative))


@method
@dims
def cumsum(x, axis: int = -1):
    """The sum of the elements up to each one, along `axis`.

    >>> tinytorch.cumsum([1.0, 2.0, 3.0])
    Tensor([1., 3., 6.])
    """
    axis = one_axis("cumsum", axis, x.shape)

    def running(a):
        if a.dtype != np.float32:
            return np.cumsum(a, axis=axis)  # small integers as NumPy adds them, in large ones
        return np.cumsum(a, axis=axis, dtype=np.float64).astype(a.dtype)

    return record(running(x._data), (x, lambda g: np.flip(running(np.flip(g, axis)), axis)))


@method
@dims
def all(x, axis=None, keepdims: bool = False):
    """Whether all elements along `axis` are true or nonzero, without a gradient.

    >>> bool(tinytorch.all([1.0, 0.0]))
    False
    """
    return answer(x._data.all(axis=axes("all", axis, x.shape), keepdims=keepdims))


@method
@dims
def any(x, axis=None, keepdims: bool = False):
    """Whether any element along `axis` is true or nonzero, without a gradient.

    >>> bool(tinytorch.any([1.0, 0.0]))
    True
    """
    return answer(x._data.any(axis=axes("any", axis, x.shape), keepdims=keepdims))


@method
@dims
def amax(x, axis=None, keepdims: bool = False):
    """The largest element over `axis`, one or several; equal ones share the gradient evenly.

    >>> tinytorch.amax([[1.0, 3.0], [2.0, 0.0]], 1)
    Tensor([3., 2.])
    """
    return x.max(axis, keepdims)


@method
@dims
def amin(x, axis=None, keepdims: bool = False):
    """The smallest element over `axis`, one or several; equal ones share the gradient evenly.

    >>> tinytorch.amin([[1.0, 3.0], [2.0, 0.0]], 1)
    Tensor([1., 0.])
    """
    return x.min(axis, keepdims)


def max(x, *args, **options):
    """As PyTorch's: `max(x)` the largest element, `max(x, dim)` those along an axis with their
    places, `max(x, y)` the larger of two, element by element.

    >>> values, indices = tinytorch.max([[1.0, 3.0], [2.0, 0.0]], 1)
    >>> values, indices.tolist()
    (Tensor([3., 2.]), [1, 0])
    """
    return _extreme("max", maximum, x, *args, **options)


def min(x, *args, **options):
    """As PyTorch's: `min(x)` the smallest element, `min(x, dim)` those along an axis with their
    places, `min(x, y)` the smaller of two, element by element.

    >>> tinytorch.min([[1.0, 3.0], [2.0, 0.0]]).item()
    0.0
    """
    return _extreme("min", minimum, x, *args, **options)


def _extreme(name, pairwise, x, other=None, keepdim: bool = False, **options):
    if isinstance(other, (Tensor, np.ndarray)):
        return pairwise(x, other)
    method = getattr(x if isinstance(x, Tensor) else Tensor(x), name)
    return method(**options) if other is None else method(dim=other, keepdim=keepdim)


sum, mean, var, logsumexp = map(function_of, ("sum", "mean", "var", "logsumexp"))
argmax, argmin = map(function_of, ("argmax", "argmin"))
