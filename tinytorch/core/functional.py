"""Operations of several tensors, or of tensors and indices. Those of one are its methods."""

from collections.abc import Iterable

import numpy as np

from tinytorch.core.axes import dims, one_axis
from tinytorch.core.checks import COUNT, INTEGER, require
from tinytorch.core.tensor import (
    UFUNCS,
    Tensor,
    as_array,
    as_tensor,
    elementwise,
    fitted,
    passed,
    promote,
    raw,
    record,
)


def maximum(a, b) -> Tensor:
    """The larger of two, element by element; equal ones share the gradient evenly.

    >>> tinytorch.maximum(Tensor([1.0, 5.0]), 3.0)
    Tensor([3., 5.])
    """
    return _choose("maximum", np.maximum, np.greater, a, b)


def minimum(a, b) -> Tensor:
    """The smaller of two, element by element; equal ones share the gradient evenly.

    >>> tinytorch.minimum(Tensor([1.0, 5.0]), 3.0)
    Tensor([1., 3.])
    """
    return _choose("minimum", np.minimum, np.less, a, b)


def remainder(a, b) -> Tensor:
    """What a division leaves, element by element, with the sign of the divisor: `a % b`.

    >>> tinytorch.remainder(Tensor([-1.0, 7.5]), 3)
    Tensor([2. , 1.5])
    """
    a, b, value = elementwise("%", np.remainder, *tensors(a, b))
    x, y = a._data, b._data
    return record(value, (a, lambda g: g), (b, lambda g: -g * np.floor_divide(x, y)))


def floor_divide(a, b) -> Tensor:
    """The whole number below a quotient, element by element: `a // b`. Its derivative is 0.

    >>> tinytorch.floor_divide(Tensor([-1.0, 7.5]), 3)
    Tensor([-1.,  2.])
    """
    a, b, value = elementwise("//", np.floor_divide, *tensors(a, b))
    return passed(value, (a, np.zeros_like), (b, np.zeros_like))


Tensor.__mod__, Tensor.__floordiv__ = remainder, floor_divide
Tensor.__rmod__ = lambda b, a: remainder(as_tensor(a, b.dtype), b)
Tensor.__rfloordiv__ = lambda b, a: floor_divide(as_tensor(a, b.dtype), b)
UFUNCS |= {"maximum": maximum, "minimum": minimum}
UFUNCS |= {"remainder": remainder, "floor_divide": floor_divide}


def _choose(name, ufunc, wins, a, b):
    a, b, value = elementwise(name, ufunc, *tensors(a, b))
    x, y = a._data, b._data
    share = wins(x, y) + 0.5 * (x == y)
    return record(value, (a, lambda g: g * share), (b, lambda g: g * (1 - share)))


def where(condition, a, b) -> Tensor:
    """`a` where the condition holds, else `b`; all three broadcast.

    Each side's gradient is zero where the other was taken, even if its value there is not finite.

    Raises:
        TypeError: the condition holds no booleans.
        ValueError: the shapes do not broadcast.

    >>> x = Tensor([-1.0, 2.0])
    >>> tinytorch.where(x > 0, x, 0.0)
    Tensor([0., 2.])
    """
    condition = np.asarray(raw(condition))
    if condition.dtype != bool:
        raise TypeError(f"where: the condition must hold booleans, not {condition.dtype}")
    a, b = promote(*tensors(a, b))
    try:
        value = np.where(condition, a._data, b._data)
    except ValueError as error:
        raise ValueError(
            f"where: cannot broadcast shapes {condition.shape}, {a.shape} and {b.shape}"
        ) from error
    zero = value.dtype.type(0)
    return passed(
        value,
        (a, lambda g: np.where(condition, g, zero)),
        (b, lambda g: np.where(condition, zero, g)),
    )


@dims
def concatenate(parts, axis: int = 0) -> Tensor:
    """Tensors joined along an axis they have; the other axes must agree.

    Raises:
        ValueError: they do not, there is no such axis, or nothing to join.

    >>> tinytorch.concatenate([Tensor([1.0]), Tensor([2.0, 3.0])])
    Tensor([1., 2., 3.])
    """
    parts = tensors(*nonempty("concatenate", parts))
    floats = [part.dtype for part in parts if part.dtype.kind == "f"]
    if floats:
        dtype = np.result_type(*floats)
        parts = [part if part.dtype == dtype else part.astype(dtype) for part in parts]
    shapes = [part.shape for part in parts]
    axis = one_axis("concatenate", axis, shapes[0])
    try:
        value = np.concatenate([part._data for part in parts], axis=axis)
    except ValueError as error:
        raise ValueError(f"cannot concatenate shapes {shapes} along axis {axis}") from error
    ends = np.cumsum([shape[axis] for shape in shapes])

    def derivative(start, end):
        index = (*[slice(None)] * axis, slice(start, end))
        return lambda g: g[index]

    starts = [0, *ends[:-1]]
    pieces = map(derivative, starts, ends)
    return passed(value, *zip(parts, pieces, strict=True))


@dims
def stack(parts, axis: int = 0) -> Tensor:
    """Tensors of one shape joined along a new axis.

    Raises:
        ValueError: the shapes differ, the axis does not fit, or there is nothing to join.

    >>> tinytorch.stack([Tensor([1.0, 2.0]), Tensor([3.0, 4.0])]).shape
    (2, 2)
    """
    parts = tensors(*nonempty("stack", parts))
    shapes = [part.shape for part in parts]
    if len(set(shapes)) > 1:
        raise ValueError(f"cannot stack different shapes: {shapes}")
    return concatenate([part.unsqueeze(axis) for part in parts], axis)


def outer(a, b) -> Tensor:
    """The products of each element of one vector with each of another.

    >>> tinytorch.outer([1.0, 2.0], [3.0, 4.0]).tolist()
    [[3.0, 4.0], [6.0, 8.0]]

    Raises:
        ValueError: one of them is no vector.
    """
    a, b = tensors(a, b)
    if a.ndim != 1 or b.ndim != 1:
        raise ValueError(f"outer needs two vectors, got shapes {a.shape} and {b.shape}")
    return a.unsqueeze(1) * b


Tensor.outer = outer


def pad(x: Tensor, width, value: float = 0.0) -> Tensor:
    """A border around `x`.

    Arguments:
        width: n for n elements before and after on each axis, or a pair (before, after) per axis.
        value: what the border holds.

    Raises:
        ValueError: `width` is something else, or negative.

    >>> tinytorch.pad(Tensor([1.0, 2.0]), [(0, 1)])
    Tensor([1., 2., 0.])
    """
    if isinstance(width, (int, np.integer)):
        width = [(width, width)] * x.ndim
    try:
        width = [tuple(pair) for pair in width]
        fits = len(width) == x.ndim and all(len(p) == 2 and all(map(COUNT[0], p)) for p in width)
    except TypeError:
        fits = False
    if not fits:
        raise ValueError(
            f"pad: width must be an integer >= 0, or one pair (before, after) for each axis of "
            f"shape {x.shape}; got {width}"
        )
    inside = tuple(slice(before, before + n) for (before, _), n in zip(width, x.shape, strict=True))
    shape = [n + sum(pair) for n, pair in zip(x.shape, width, strict=True)]
    padded = np.full(shape, fitted(np.asarray(value), x.dtype))
    padded[inside] = x._data
    return passed(padded, (x, lambda g: g[inside]))


def one_hot(indices, classes: int) -> Tensor:
    """Rows of the identity matrix: indices of any shape (...) become (..., classes), float32.

    Raises:
        TypeError: indices that are not whole numbers.
        ValueError: an index outside 0..classes - 1.

    >>> tinytorch.one_hot([0, 2], 3).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    indices = as_indices("one_hot", indices, require("one_hot", "classes", classes, COUNT))
    value = np.zeros((*indices.shape, classes), np.float32)
    np.put_along_axis(value, indices[..., None], 1, axis=-1)
    return Tensor(value)


def embedding(weight: Tensor, indices, padding_idx: int | None = None) -> Tensor:
    """Rows of `weight` (rows, features): indices of any shape (...) become (..., features).

    The row `padding_idx`, counted from the end if negative, gets no gradient.

    Raises:
        TypeError: indices that are not whole numbers.
        ValueError: an index outside 0..rows - 1, or a `padding_idx` that is no row.

    >>> tinytorch.embedding(tinytorch.eye(3), [2, 0]).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    if weight.ndim != 2:
        raise ValueError(f"embedding: weight must be (rows, features), got shape {weight.shape}")
    rows = weight.shape[0]
    indices = as_indices("embedding", indices, rows)
    y = weight[indices]
    if padding_idx is None:
        return y
    learns = (indices != row_of("embedding", padding_idx, rows))[..., None]
    return passed(y._data, (y, lambda g: g * learns))


# What may be passed


def tensors(*values) -> list[Tensor]:
    """The values as tensors; numbers take the dtype of the first tensor among them."""
    dtype = next((v.dtype for v in values if isinstance(v, Tensor)), None)
    return [Tensor(v) if dtype is None else as_tensor(v, dtype) for v in values]


def nonempty(name: str, parts) -> list:
    listed = list(parts) if isinstance(parts, Iterable) else []
    if isinstance(parts, (Tensor, np.ndarray)) or not listed:
        raise ValueError(f"{name} needs a list of at least one tensor")
    return listed


def row_of(owner: str, padding_idx, rows: int) -> int:
    """The row that stands for nothing, counted from the first."""
    allowed = f"an integer in {-rows}..{rows - 1}, or None"
    at = require(owner, "padding_idx", padding_idx, (INTEGER[0], allowed))
    return require(owner, "padding_idx", at, (lambda n: -rows <= n < rows, allowed)) % rows


def as_indices(name: str, indices, count: int) -> np.ndarray:
    """`indices` as whole numbers in 0..count-1; floats are accepted where they are whole."""
    given = as_array(indices)
    whole = given.astype(np.intp, copy=False)
    if given.dtype.kind != "i" and (given.dtype == bool or not np.array_equal(whole, given)):
        raise TypeError(f"{name}: indices must be whole numbers, got {given.dtype} {given!r}")
    if whole.size and (whole.min() < 0 or whole.max() >= count):
        allowed = f"must lie in 0..{count - 1}" if count else "must be none, of 0"
        raise ValueError(f"{name}: indices {allowed}, got {whole.min()}..{whole.max()}")
    return whole
