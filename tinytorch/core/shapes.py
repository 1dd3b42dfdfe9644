"""More ways to put the elements of a tensor in another order, in parts, or together."""

import math

import numpy as np

from tinytorch.core.axes import axes, dims, one_axis, sequence
from tinytorch.core.checks import COUNT, INTEGER, POSITIVE_COUNT, require
from tinytorch.core.functional import concatenate, where
from tinytorch.core.methods import function_of, method
from tinytorch.core.tensor import Tensor, passed, raw_index, viewed

reshape, permute, squeeze, unsqueeze, transpose = map(
    function_of, ("reshape", "permute", "squeeze", "unsqueeze", "transpose")
)


@method
def flatten(x, start_dim: int = 0, end_dim: int = -1):
    """The axes from `start_dim` to `end_dim` as one.

    >>> tinytorch.flatten(tinytorch.zeros(2, 3, 4), 1).shape
    (2, 12)
    """
    if not x.ndim:
        return x.reshape(1)
    i, j = one_axis("flatten", start_dim, x.shape), one_axis("flatten", end_dim, x.shape)
    if j < i:
        raise ValueError(f"flatten: start_dim {start_dim} comes after end_dim {end_dim}")
    return x.reshape(*x.shape[:i], math.prod(x.shape[i : j + 1]), *x.shape[j + 1 :])


Tensor.ravel = Tensor.flatten


@method
@dims
def split(x, size, axis: int = 0) -> tuple:
    """Parts of `size` along an axis, the last one perhaps smaller; or of the sizes in a list.

    >>> [part.shape for part in tinytorch.split(tinytorch.zeros(5, 2), 2)]
    [(2, 2), (2, 2), (1, 2)]

    Raises:
        ValueError: a size below 1, sizes that do not add up to the axis, or no such axis.
    """
    axis = one_axis("split", axis, x.shape)
    n = x.shape[axis]
    if isinstance(size, (list, tuple)):
        sizes = [require("split", "size", k, COUNT) for k in size]
        if sum(sizes) != n:
            raise ValueError(f"split: sizes {sizes} do not add up to axis {axis} of {x.shape}")
    else:
        require("split", "size", size, POSITIVE_COUNT)
        sizes = [min(size, n - start) for start in range(0, n, size)] or [0]
    ends = np.cumsum(sizes).tolist()
    before = (slice(None),) * axis
    return tuple(x[(*before, slice(end - k, end))] for k, end in zip(sizes, ends, strict=True))


@method
@dims
def chunk(x, chunks: int, axis: int = 0) -> tuple:
    """At most `chunks` parts of equal size along an axis, the last one perhaps smaller.

    >>> [part.shape for part in tinytorch.chunk(tinytorch.zeros(5, 2), 2)]
    [(3, 2), (2, 2)]
    """
    require("chunk", "chunks", chunks, POSITIVE_COUNT)
    axis = one_axis("chunk", axis, x.shape)
    return split(x, max(1, -(-x.shape[axis] // chunks)), axis)


@method
@dims
def unbind(x, axis: int = 0) -> tuple:
    """The slices along an axis, without it.

    >>> tinytorch.unbind(tinytorch.eye(2))
    (Tensor([1., 0.]), Tensor([0., 1.]))
    """
    axis = one_axis("unbind", axis, x.shape)
    return tuple(x[(slice(None),) * axis + (i,)] for i in range(x.shape[axis]))


def vstack(parts) -> Tensor:
    """Rows or matrices, one below the other.

    >>> tinytorch.vstack([[1.0, 2.0], [3.0, 4.0]]).shape
    (2, 2)
    """
    parts = [p if isinstance(p, Tensor) else Tensor(p) for p in parts]
    return concatenate([p.reshape(1, -1) if p.ndim < 2 else p for p in parts])


def hstack(parts) -> Tensor:
    """Vectors end to end; other tensors side by side, along axis 1.

    >>> tinytorch.hstack([[1.0, 2.0], [3.0]])
    Tensor([1., 2., 3.])
    """
    parts = [p if isinstance(p, Tensor) else Tensor(p) for p in parts]
    parts = [p.reshape(1) if p.ndim == 0 else p for p in parts]
    return concatenate(parts, axis=1 if parts and parts[0].ndim > 1 else 0)


@method
@dims
def flip(x, *places, axis=None):
    """The elements along an axis (or several) from the last to the first.

    >>> tinytorch.flip([1.0, 2.0, 3.0], 0)
    Tensor([3., 2., 1.])
    """
    axis = axes("flip", sequence(places or (axis,)), x.shape)
    return viewed(np.flip(x._data, axis), x, lambda g: np.flip(g, axis))


@method
def repeat(x, *times):
    """Copies beside one another, so many along each axis, as PyTorch's `repeat` and `np.tile`.

    >>> tinytorch.repeat([1.0, 2.0], 2, 2)
    Tensor([[1., 2., 1., 2.],
            [1., 2., 1., 2.]])
    """
    times = sequence(times)
    for n in times:
        require("repeat", "times", n, COUNT)
    x = x.reshape((1,) * (len(times) - x.ndim) + x.shape)
    times = (1,) * (x.ndim - len(times)) + tuple(times)
    shape = x.shape
    pairs = [k for pair in zip(times, shape, strict=True) for k in pair]
    ones = [k for n in shape for k in (1, n)]
    return x.reshape(ones).expand(pairs).reshape([a * b for a, b in zip(times, shape, strict=True)])


Tensor.tile = Tensor.repeat


@method
@dims
def gather(x, axis: int, index):
    """Elements by their places along an axis: `y[i, j] = x[i, index[i, j]]` for axis 1.

    >>> tinytorch.gather([[1.0, 2.0], [3.0, 4.0]], 1, np.array([[1], [0]])).tolist()
    [[2.0], [3.0]]

    Raises:
        ValueError: the index has other axes than x.
    """
    axis = one_axis("gather", axis, x.shape)
    index = np.asarray(raw_index(index if isinstance(index, Tensor) else Tensor(index)))
    index = index.astype(np.intp)
    if index.ndim != x.ndim:
        raise ValueError(f"gather: index of shape {index.shape} into a tensor of shape {x.shape}")
    places = list(np.ogrid[tuple(map(slice, index.shape))])
    places[axis] = index
    return x[tuple(places)]


@method
def masked_fill(x, mask, value):
    """`value` where the mask is true, elsewhere x.

    >>> tinytorch.masked_fill([1.0, 2.0], np.array([True, False]), 0.0)
    Tensor([0., 2.])
    """
    return where(mask, value, x)


def _triangle(name: str, keep, what: str):
    def function(x, diagonal: int = 0):
        require(name, "diagonal", diagonal, INTEGER)
        if x.ndim < 2:
            raise ValueError(f"{name} needs a matrix or several, got shape {x.shape}")
        return passed(keep(x._data, diagonal), (x, lambda g: keep(g, diagonal)))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"The part on and {what} a diagonal (0 the main one, positive above it), else 0.\n\n"
        f"    >>> tinytorch.{name}([[1.0, 2.0], [3.0, 4.0]]).tolist()\n"
        f"    {keep(np.array([[1.0, 2.0], [3.0, 4.0]])).tolist()}\n"
    )
    return method(function)


tril, triu = _triangle("tril", np.tril, "below"), _triangle("triu", np.triu, "above")
