"""A learner's activations, layers and losses in the package's place.

A layer stands in directly. Activations and losses give their values, and their derivatives where
they have any; what the workbook does not ask for (another reduction, say) is the package's.
"""

import functools
import inspect

import numpy as np

from tinytorch import nn
from tinytorch.core import layers, losses
from tinytorch.core.module import Module
from tinytorch.core.tensor import Tensor, raw, record

NAMES = {
    "activations_dev.py": ("ReLU", "LeakyReLU", "Sigmoid", "Tanh", "Softmax"),
    "layers_dev.py": ("Linear", "Sequential", "MLP"),
    "losses_dev.py": ("MSELoss", "CrossEntropyLoss", "BCEWithLogitsLoss"),
}


def place(place, yours: dict) -> None:
    for name in NAMES[place.file]:
        mine = yours.get(name) or (yours.get("Dense") if name == "Linear" else None)
        if mine is None:
            continue
        right = getattr(nn, name)
        if not issubclass(mine, Module) and place.file == "layers_dev.py":
            place.leave(name, "yours is no Module, so that its parameters cannot be found")
        elif right.__init__ is not mine.__init__ and not takes_all(right, mine):
            place.leave(name, "yours does not take all that the package's takes")
        else:
            place.take(name, right, with_graph(right, mine))


def takes_all(right: type, mine: type) -> bool:
    own = inspect.signature(mine).parameters
    anything = any(p.kind is p.VAR_KEYWORD for p in own.values())
    return anything or all(
        name in own or p.kind is p.VAR_POSITIONAL
        for name, p in inspect.signature(right).parameters.items()
    )


def with_graph(right: type, mine: type) -> type:
    """A module that computes like `mine`, and is differentiated like `right` where it must."""
    if right is layers.Sequential:
        return mine
    if right in (layers.Linear, layers.MLP):
        return single(mine)

    class Yours(right):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self._yours = mine(*args, **kwargs)

        def forward(self, *inputs):
            out = super().forward(*inputs)  # refuses what must be refused
            if not asked(self, *inputs):
                return out
            mine_says = self._yours.forward(*map(tensor, inputs))
            if getattr(mine_says, "requires_grad", False):
                return mine_says
            return valued(out, mine_says)

    Yours.__name__ = Yours.__qualname__ = right.__name__
    Yours.__doc__, Yours.__module__ = mine.__doc__, mine.__module__
    return Yours


def tensor(value) -> Tensor:
    return value if isinstance(value, Tensor) else Tensor(np.asarray(value))


def single(mine: type) -> type:
    """Let a layer begin in float32, as the package's do, whatever NumPy made its zeros of."""

    class Single(mine):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            for p in self.parameters():
                p.data = p.data.astype(np.float32, copy=False)

    functools.update_wrapper(Single, mine, updated=())
    Single.__signature__ = inspect.signature(mine)
    return Single


def asked(module: Module, _, target=None) -> bool:
    """Whether the workbook asks for this: of losses the mean, with classes for targets."""
    if getattr(module, "reduction", "mean") != "mean" or getattr(module, "label_smoothing", 0):
        return False
    return not isinstance(module, losses.CrossEntropyLoss) or np.ndim(raw(target)) == 1


def valued(out: Tensor, mine) -> Tensor:
    """The graph of `out` with the learner's value.

    Raises:
        ValueError: the value has another shape.
    """
    value = np.asarray(getattr(mine, "data", mine), out.dtype)
    if value.shape != out.shape:
        raise ValueError(f"your result has shape {value.shape}, the package's {out.shape}")
    return record(value, *out._edges)
