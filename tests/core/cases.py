"""What a case is: one expression, run by ours and by PyTorch on the same numbers."""

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tinytorch import Tensor


@dataclass(frozen=True)
class Case:
    operation: str
    detail: str
    ours: Callable
    theirs: Callable  # (torch, *tensors)
    inputs: tuple
    smooth: bool = True  # whether central differences exist at these inputs

    def __str__(self):
        return f"{self.operation} {self.detail}"


CASES: list[Case] = []


def add(operation, detail, ours, theirs, *inputs, smooth=True):
    CASES.append(Case(operation, detail, ours, theirs, inputs, smooth))


def same(operation, detail, function, *inputs, smooth=True):
    """Where both libraries spell it alike: function(tensors...)."""
    add(operation, detail, function, lambda torch, *x: function(*x), *inputs, smooth=smooth)


def numbers(shape: tuple, low: float = -2.0, high: float = 2.0, salt: int = 0) -> np.ndarray:
    """Distinct numbers in [low, high), the same on every machine: multiples of the golden ratio."""
    k = np.arange(1, math.prod(shape) + 1) + 1000 * salt
    return (low + (high - low) * (k * 0.6180339887498949 % 1)).reshape(shape)


def run_ours(case: Case, dtype=np.float64) -> list[np.ndarray]:
    """The value, and the gradient for each input."""
    leaves = [Tensor(x.astype(dtype), requires_grad=True) for x in case.inputs]
    y = case.ours(*leaves)
    y.backward(numbers(y.shape, salt=9).astype(dtype))
    return [y.data, *(leaf.grad.data for leaf in leaves)]


def run_theirs(case: Case) -> list[np.ndarray]:
    import torch

    leaves = [torch.tensor(x, requires_grad=True) for x in case.inputs]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(var|std).*degrees of freedom")  # of an empty tensor
        y = case.theirs(torch, *leaves)
    y.backward(torch.tensor(numbers(tuple(y.shape), salt=9)))
    return [y.detach().numpy(), *(leaf.grad.numpy() for leaf in leaves)]


def difference(ours: list, theirs: list) -> tuple[float, float]:
    """The largest difference of values, and of gradients, relative where numbers exceed 1."""
    largest = [
        float(np.max(np.abs(a.ravel() - b.ravel()) / np.maximum(1, np.abs(b.ravel())), initial=0))
        for a, b in zip(ours, theirs, strict=True)
    ]
    return largest[0], max(largest[1:], default=0.0)
