"""TinyTorch: a small PyTorch, and a book on optimizers that runs."""

import importlib

from tinytorch import exports, moved  # noqa: F401
from tinytorch.core.autograd import no_grad
from tinytorch.core.convolution import conv2d, max_pool2d
from tinytorch.core.functional import (
    concatenate,
    embedding,
    maximum,
    minimum,
    one_hot,
    pad,
    stack,
    where,
)
from tinytorch.core.gradcheck import gradcheck
from tinytorch.core.random import manual_seed
from tinytorch.core.tensor import Tensor, Variable
from tinytorch.exports import whose

__version__ = "0.1.0"

__all__ = [
    "Tensor",
    "Variable",
    "concatenate",
    "conv2d",
    "embedding",
    "gradcheck",
    "manual_seed",
    "max_pool2d",
    "maximum",
    "minimum",
    "no_grad",
    "one_hot",
    "pad",
    "stack",
    "where",
    "whose",
]

ROOMS = ("data", "nn", "optim", "training")


def __getattr__(name: str):
    """The rooms of the package, each imported when it is first asked for."""
    if name in ROOMS:
        return importlib.import_module(f"tinytorch.{name}")
    raise AttributeError(f"module 'tinytorch' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *ROOMS, "__version__"})


exports.activate_if_asked()
