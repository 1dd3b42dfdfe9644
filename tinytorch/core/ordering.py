"""The elements of a tensor by size: which come first, and where they stand."""

import numpy as np

from tinytorch.core.axes import dims, one_axis
from tinytorch.core.checks import FLAG, INTEGER, require
from tinytorch.core.methods import method
from tinytorch.core.shapes import gather
from tinytorch.core.tensor import Extremes, answer


@method
@dims
def argsort(x, axis: int = -1, descending: bool = False, stable: bool = True):
    """The places of the elements along an axis, those of the smallest first; equal ones stay in
    their order, whatever `stable` says. What is not a number counts as the largest.

    >>> tinytorch.argsort([3.0, 1.0, 2.0]).tolist()
    [1, 2, 0]

    Raises:
        ValueError: there is no such axis, or `descending` is neither True nor False.
    """
    require("argsort", "descending", descending, FLAG)
    if not x.ndim:
        return answer(np.zeros((), np.intp))
    axis = one_axis("argsort", axis, x.shape)
    if not descending:
        return answer(np.argsort(x._data, axis, kind="stable"))
    # Those of the reversed ones, reversed: so equal ones stay in their order here too.
    order = np.argsort(np.flip(x._data, axis), axis, kind="stable")
    return answer(np.flip(x.shape[axis] - 1 - order, axis))


@method
@dims
def sort(x, axis: int = -1, descending: bool = False, stable: bool = True):
    """(values, indices): the elements along an axis from the smallest, and where they stood.

    >>> values, indices = tinytorch.sort([3.0, 1.0, 2.0], descending=True)
    >>> values, indices.tolist()
    (Tensor([3., 2., 1.]), [0, 2, 1])

    Raises:
        ValueError: as `argsort`.
    """
    indices = argsort(x, axis, descending)
    return Extremes(gather(x, axis, indices) if x.ndim else x.clone(), indices)


@method
@dims
def topk(x, k: int, axis: int = -1, largest: bool = True, sorted: bool = True):
    """(values, indices) of the `k` largest elements along an axis, or of the smallest, in order,
    whatever `sorted` says.

    >>> values, indices = tinytorch.topk([3.0, 1.0, 2.0], 2)
    >>> values, indices.tolist()
    (Tensor([3., 2.]), [0, 2])

    Raises:
        ValueError: `k` is no number of elements of the axis, or `axis` or `largest` do not fit.
    """
    require("topk", "largest", largest, FLAG)
    axis = one_axis("topk", axis, x.shape)
    n = x.shape[axis]
    require("topk", "k", k, (lambda v: INTEGER[0](v) and 0 <= v <= n, f"an integer in 0..{n}"))
    first = np.take(argsort(x, axis, largest), np.arange(k), axis)
    return Extremes(gather(x, axis, first), answer(first))
