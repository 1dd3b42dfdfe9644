"""TinyTorch: a small PyTorch, and a book on optimizers that runs."""

import importlib

from tinytorch import exports, moved
from tinytorch.core import conversions, elementwise, hints, reductions
from tinytorch.core.autograd import enable_grad, grad_enabled, no_grad, set_grad_enabled
from tinytorch.core.comparisons import allclose, equal, isfinite, isinf, isnan
from tinytorch.core.conversions import accelerator as accelerator
from tinytorch.core.conversions import backends, cuda, device
from tinytorch.core.convolution import avg_pool2d, conv2d, max_pool2d
from tinytorch.core.creation import (
    arange,
    as_tensor,
    empty,
    empty_like,
    eye,
    from_numpy,
    full,
    full_like,
    linspace,
    multinomial,
    normal,
    ones,
    ones_like,
    rand,
    rand_like,
    randint,
    randn,
    randn_like,
    randperm,
    tensor,
    zeros,
    zeros_like,
)
from tinytorch.core.einsum import einsum
from tinytorch.core.functional import (
    concatenate,
    embedding,
    floor_divide,
    maximum,
    minimum,
    one_hot,
    outer,
    pad,
    remainder,
    stack,
    where,
)
from tinytorch.core.gradcheck import gradcheck
from tinytorch.core.hvp import hvp
from tinytorch.core.methods import function_of
from tinytorch.core.ordering import argsort, sort, topk
from tinytorch.core.random import Generator, manual_seed
from tinytorch.core.reductions import (
    amax,
    amin,
    argmax,
    argmin,
    cumsum,
    logsumexp,
    mean,
    norm,
    prod,
    std,
    var,
)
from tinytorch.core.shapes import (
    chunk,
    flatten,
    flip,
    gather,
    hstack,
    masked_fill,
    permute,
    repeat,
    reshape,
    split,
    squeeze,
    transpose,
    tril,
    triu,
    unbind,
    unsqueeze,
    vstack,
)
from tinytorch.core.tensor import Tensor, Variable
from tinytorch.exports import whose

__version__ = "0.1.0"

exp, log, sqrt, tanh, sigmoid, relu, softmax, log_softmax, clip, matmul = map(
    function_of,
    ("exp", "log", "sqrt", "tanh", "sigmoid", "relu", "softmax", "log_softmax", "clip", "matmul"),
)
is_grad_enabled, cat, concat, tile = grad_enabled, concatenate, concatenate, repeat
clamp, mm, bmm, dot = clip, matmul, matmul, matmul
Size = tuple  # what a tensor's shape is
globals().update(elementwise.FUNCTIONS)

__all__ = [
    "Generator", "Tensor", "Variable", "allclose", "amax", "amin", "arange", "argmax", "argmin",
    "argsort", "as_tensor", "avg_pool2d", "backends", "chunk", "clip", "concatenate", "conv2d",
    "cuda", "cumsum", "device", "einsum", "embedding", "empty", "empty_like", "enable_grad",
    "equal", "exp", "eye", "flatten", "flip", "floor_divide", "from_numpy", "full", "full_like",
    "gather", "gradcheck", "hstack", "hvp", "isfinite", "isinf", "isnan", "linspace", "log",
    "log_softmax", "logsumexp", "manual_seed", "masked_fill", "matmul", "max_pool2d", "maximum",
    "mean", "minimum", "multinomial", "no_grad", "norm", "normal", "one_hot", "ones", "ones_like",
    "outer", "pad", "permute", "prod", "rand", "rand_like", "randint", "randn", "randn_like",
    "randperm", "relu", "remainder", "repeat", "reshape", "set_grad_enabled", "sigmoid",
    "softmax", "sort", "split", "sqrt", "squeeze", "stack", "std", "tanh", "tensor", "topk",
    "transpose", "tril", "triu", "unbind", "unsqueeze", "var", "vstack", "where", "whose",
    "zeros", "zeros_like",
    *(name for name in elementwise.TABLE if name != "round"),
]  # fmt: skip

# Named as Python's own, and so left out of `from tinytorch import *`.
sum, max, min, all, any, abs = (
    reductions.sum,
    reductions.max,
    reductions.min,
    reductions.all,
    reductions.any,
    function_of("abs"),
)
del function_of

ROOMS = ("data", "nn", "optim", "training")
FILES = ("load", "save")  # of the room training, under PyTorch's address

DTYPES = conversions.DTYPES | conversions.NAMED  # by PyTorch's names: tinytorch.float32


def __getattr__(name: str):
    """The rooms of the package, each imported when it is first asked for; and dtypes."""
    if name in ROOMS or moved.leads(__name__, name):
        return importlib.import_module(f"tinytorch.{name}")
    if name in DTYPES:
        return DTYPES[name]
    if name in FILES:
        return getattr(importlib.import_module("tinytorch.training"), name)
    raise hints.missing("torch", name)


def __dir__() -> list[str]:
    public = {name for name, value in globals().items() if callable(value)}
    return sorted(
        {name for name in public if name[0] != "_"} | {*ROOMS, *DTYPES, *FILES, "__version__"}
    )


exports.activate_if_asked()
