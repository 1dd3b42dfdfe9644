"""A learner's operations in the place of the package's, one method at a time.

The class stays the package's: its methods are what is replaced. From 01 come the values, from 05
the derivatives and the walk; whatever of the two a method lacks stays the package's.
"""

import functools

import numpy as np

from tinytorch.core import autograd
from tinytorch.core.tensor import Tensor, as_tensor, raw, record
from tinytorch.exports import translate
from tinytorch.exports.modules import valued

WALK = ("unbroadcast", "topological_order", "backward")
VALUES = (
    "__add__", "__sub__", "__mul__", "__truediv__", "__matmul__",
    "sum", "mean", "reshape", "transpose",
)  # fmt: skip
DERIVATIVES = (
    "__add__", "__sub__", "__mul__", "__pow__", "__matmul__", "relu", "exp", "sum", "mean",
)  # fmt: skip


def place(place, yours: dict) -> None:
    if place.file == "tensor_dev.py":
        methods(place, yours.get("Tensor"), "Tensor", VALUES, with_values)
        return
    for name in WALK:
        if name in yours:
            place.take(name, getattr(autograd, name), yours[name])
        else:
            place.leave(name, "your file defines none")
    methods(place, yours.get("Variable"), "Variable", DERIVATIVES, with_derivatives)


def methods(place, mine, owner: str, names, wrap) -> None:
    for name in names:
        method = getattr(mine, name, None)
        if method is None or (method.__module__ or "").startswith("tinytorch."):
            place.leave(f"{owner}.{name}", "your class has none of its own")
        else:
            place.put(Tensor, name, wrap(getattr(Tensor, name), mine, name))
            place.note(f"{owner}.{name}")


def plain_leaf(cls, data):
    """A tensor of the learner's class that wants a gradient, if the class knows of such."""
    _, by_name, _ = translate(cls, 1, {"requires_grad": True})
    return cls(data, **by_name)


def own(value, make):
    if isinstance(value, np.ndarray):
        return make(value)
    return make(value.data) if isinstance(value, Tensor) else value


def asked(name: str, left: Tensor, others) -> bool:
    """Whether the workbook asks for this: powers by a number, products of two matrices."""
    if name == "__pow__":
        return not isinstance(others[0], Tensor)
    return name != "__matmul__" or all(np.ndim(raw(x)) == 2 for x in (left, *others))


def with_values(right, mine: type, name: str):
    """The package's method with the learner's values."""

    @functools.wraps(right)
    def method(self, *args, **kwargs):
        out = right(self, *args, **kwargs)
        if self.data.dtype.kind != "f":
            return out
        result = getattr(mine(self.data), name)(*(own(a, mine) for a in args), **kwargs)
        return valued(out, result)

    return method


def with_derivatives(right, mine: type, name: str):
    """The package's method with the learner's derivatives."""

    @functools.wraps(right)
    def method(self, *args, **kwargs):
        out = right(self, *args, **kwargs)
        if not out.requires_grad or not asked(name, self, args):
            return out
        if name in ("__add__", "__sub__", "__mul__", "__matmul__"):
            args = [as_tensor(a, self.dtype) for a in args]
        leaves = {}

        def leaf(tensor):
            return leaves.setdefault(id(tensor), plain_leaf(mine, tensor.data))

        inputs = [leaf(self), *(leaf(a) if isinstance(a, Tensor) else a for a in args)]
        result = getattr(mine, name)(inputs[0], *inputs[1:], **kwargs)
        edges = getattr(result, "_edges", None)
        if edges is None or {id(t) for t, _ in edges} - {id(x) for x in leaves.values()}:
            return out
        by_leaf = {id(x): key for key, x in leaves.items()}
        inner = {id(t): t for t in (self, *args) if isinstance(t, Tensor) and t.requires_grad}
        pairs = [
            (inner[by_leaf[id(t)]], derivative)
            for t, derivative in edges
            if by_leaf[id(t)] in inner
        ]
        return record(out.data, *pairs)

    return method
