"""Gradients that lie in the memory of parameters: what writes into one would write into the other.

`backward` leaves none of these; `p.grad = q` of a parameter q does.
"""

import math

import numpy as np


def separate(params) -> None:
    """Give a gradient that shares memory with one of these parameters an array of its own.

    Arguments:
        params: tensors that have a gradient.
    """
    owners = memories([p.data for p in params])
    for p in params:
        g = p.grad.data
        if not owners.isdisjoint(memories([g])) and any(
            np.may_share_memory(g, q.data) for q in params
        ):
            p.grad = g.copy()


def refuse_large(owner: str, label: str, g: np.ndarray) -> None:
    """Raise if a sum of squares along an axis of a gradient would be infinite.

    Where a rule divides one such sum by another the whole tensor would be no number then.
    """
    largest, most = float(np.abs(g).max(initial=0)), float(np.finfo(g.dtype).max)
    if math.isfinite(largest) and largest > math.sqrt(most / max(g.shape, default=1)):
        raise ValueError(
            f"{owner}: the gradient of {label} is too large: the squares of {largest:.3g} do not "
            f"fit into {g.dtype}"
        )


def memories(arrays: list[np.ndarray]) -> set[int]:
    """Which arrays these lie in the memory of, themselves or others."""
    return {id(a) if a.base is None else id(holder(a)) for a in arrays}


def holder(array: np.ndarray) -> np.ndarray:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array
