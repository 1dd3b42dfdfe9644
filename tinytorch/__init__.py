"""TinyTorch: a small PyTorch, and a book on optimizers that runs."""

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
]
