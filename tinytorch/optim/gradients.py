"""Gradients that lie in the memory of parameters: what writes into one would write into the other.

`backward` leaves none of these; `p.grad = q` of a parameter q does.
"""

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


def memories(arrays: list[np.ndarray]) -> set[int]:
    """Which arrays these lie in the memory of, themselves or others."""
    return {id(a) if a.base is None else id(holder(a)) for a in arrays}


def holder(array: np.ndarray) -> np.ndarray:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array
