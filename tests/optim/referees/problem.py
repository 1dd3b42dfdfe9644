"""What an optimizer and its referee are both given: a start, and a gradient for every step."""

import math
from typing import NamedTuple

import numpy as np

import tinytorch.optim
from tinytorch import Tensor

STEPS = 50
TOLERANCE = 1e-12


class Problem(NamedTuple):
    """Float64 starts, and gradients that drift, first forth, then back, so that runs go somewhere.

    Attributes:
        starts: a list of arrays.
        gradients: for each step a list of arrays of the same shapes.
        factors: for each step what the learning rate is multiplied by.
    """

    starts: list
    gradients: list
    factors: list


def problem(shapes, steps: int = STEPS, seed: int = 0, falls: bool = False) -> Problem:
    """The same numbers on every machine and for every NumPy: RandomState's stream is frozen.

    Arguments:
        falls: whether the learning rate falls to a tenth after half of the steps.
    """
    random = np.random.RandomState(seed)

    def draw():
        return [np.array(random.standard_normal(shape)) for shape in shapes]

    starts, drift = draw(), draw()
    gradients = [
        [math.cos(t / 8) * d + e for d, e in zip(drift, draw(), strict=True)] for t in range(steps)
    ]
    factors = [0.1 if falls and t >= steps // 2 else 1.0 for t in range(steps)]
    return Problem(starts, gradients, factors)


def flat(arrays) -> np.ndarray:
    return np.concatenate([np.ravel(a) for a in arrays])


def run(name: str, kwargs: dict, given: Problem) -> np.ndarray:
    """Our parameters after every step, shape (steps, numbers of all parameters)."""
    params = [Tensor(s.copy(), requires_grad=True) for s in given.starts]
    optimizer = getattr(tinytorch.optim, name)(params, **kwargs, engine="blocked")
    rows = []
    for gradients, factor in zip(given.gradients, given.factors, strict=True):
        for p, g in zip(params, gradients, strict=True):
            p.grad = Tensor(g)
        for group in optimizer.param_groups:
            group["lr"] = factor * optimizer.defaults["lr"]
        if hasattr(optimizer, "update_hessian"):
            optimizer.update_hessian()
        optimizer.step()
        rows.append(flat([p.data for p in params]))
    return np.array(rows)


def difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest difference of any parameter after any step, relative where that is above 1."""
    assert ours.shape == theirs.shape
    return float(np.max(np.abs(ours - theirs) / np.maximum(1, np.abs(theirs))))
