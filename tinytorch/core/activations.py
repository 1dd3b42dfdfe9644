"""Activations: the functions between the linear maps."""

import numpy as np

from tinytorch.core import elementwise  # noqa: F401  makes them methods
from tinytorch.core.axes import dims
from tinytorch.core.checks import (
    FLAG,
    INTEGER,
    NUMBER,
    POSITIVE,
    POSITIVE_COUNT,
    PROPORTION,
    require,
)
from tinytorch.core.functional import where
from tinytorch.core.module import Module
from tinytorch.core.tensor import Tensor


def leaky_relu(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    """x where it is positive, elsewhere `negative_slope` times x.

    >>> F.leaky_relu(Tensor([-1.0, 2.0]), 0.1).tolist() == Tensor([-0.1, 2.0]).tolist()
    True
    """
    return where(x > 0, x, negative_slope * x)


def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """x where it is positive, elsewhere alpha (exp(x) - 1) (Clevert et al. 2016).

    >>> F.elu(Tensor([0.0, 2.0]))
    Tensor([0., 2.])
    """
    return where(x > 0, x, alpha * x.clip(max=0).expm1())


def hardtanh(x: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """x limited to [min_val, max_val], without a gradient at the bounds and beyond.

    Raises:
        ValueError: a bound that is no number, or `min_val` not below `max_val`.

    >>> F.hardtanh(Tensor([-3.0, 0.5]))
    Tensor([-1. ,  0.5])
    """
    require_bounds("hardtanh", min_val, max_val)
    return where((min_val < x) & (x < max_val), x, x.detach().clip(min_val, max_val))


def require_bounds(owner: str, min_val: float, max_val: float) -> None:
    require(owner, "min_val", min_val, NUMBER)
    require(owner, "max_val", max_val, NUMBER)
    if not min_val < max_val:
        raise ValueError(f"{owner}: min_val {min_val} must be below max_val {max_val}")


def relu6(x: Tensor) -> Tensor:
    """x limited to [0, 6].

    >>> F.relu6(Tensor([-3.0, 8.0]))
    Tensor([0., 6.])
    """
    return hardtanh(x, 0.0, 6.0)


class ReLU(Module):
    """max(0, x), element by element.

    >>> nn.ReLU()(Tensor([-1.0, 2.0]))
    Tensor([0., 2.])
    """

    def __init__(self, inplace: bool = False):
        require("ReLU", "inplace", inplace, FLAG)  # PyTorch's; here a result is a new tensor

    def forward(self, x: Tensor) -> Tensor:
        return x.relu()


class OfTensor(Module):
    """What the tensor's method of the same name does; `inplace` is PyTorch's, as of ReLU."""

    def __init__(self, inplace: bool = False):
        require(type(self).__name__, "inplace", inplace, FLAG)

    def forward(self, x: Tensor) -> Tensor:
        return getattr(x, type(self).__name__.lower())()


class LeakyReLU(Module):
    """x where it is positive, elsewhere `negative_slope` times x.

    Raises:
        ValueError: `negative_slope` lies outside [0, 1].

    >>> nn.LeakyReLU(0.5)(Tensor([-1.0, 2.0]))
    Tensor([-0.5,  2. ])
    """

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False):
        require("LeakyReLU", "inplace", inplace, FLAG)  # PyTorch's, as of ReLU
        self.negative_slope = require("LeakyReLU", "negative_slope", negative_slope, PROPORTION)

    def forward(self, x: Tensor) -> Tensor:
        return leaky_relu(x, self.negative_slope)

    def _parts(self):
        return [repr(self.negative_slope)]


class Tanh(Module):
    """The hyperbolic tangent, element by element.

    >>> nn.Tanh()(Tensor([0.0]))
    Tensor([0.])
    """

    def forward(self, x: Tensor) -> Tensor:
        return x.tanh()


class Sigmoid(Module):
    """1 / (1 + exp(-x)), element by element.

    >>> nn.Sigmoid()(Tensor([0.0]))
    Tensor([0.5])
    """

    def forward(self, x: Tensor) -> Tensor:
        return x.sigmoid()


class SiLU(OfTensor):
    """x / (1 + exp(-x)), element by element.

    >>> nn.SiLU()(Tensor([0.0]))
    Tensor([0.])
    """


class GELU(Module):
    """x Φ(x), element by element; see `Tensor.gelu`.

    Raises:
        ValueError: `approximate` is neither "none" nor "tanh".

    >>> nn.GELU()(Tensor([0.0]))
    Tensor([0.])
    """

    def __init__(self, approximate: str = "none"):
        Tensor(0.0).gelu(approximate)  # rejects a wrong name now, not in the first batch
        self.approximate = approximate

    def forward(self, x: Tensor) -> Tensor:
        return x.gelu(self.approximate)

    def _parts(self):
        return [] if self.approximate == "none" else [repr(self.approximate)]


class Softmax(Module):
    """exp(x) / Σ exp(x) along an axis.

    Raises:
        ValueError: `axis` is no integer or, when it is called, no axis of the input.

    >>> nn.Softmax()(Tensor([[1.0, 1.0]]))
    Tensor([[0.5, 0.5]])
    """

    @dims
    def __init__(self, axis: int = -1):
        self.axis = require(type(self).__name__, "axis", axis, INTEGER)

    def forward(self, x: Tensor) -> Tensor:
        return x.softmax(self.axis)

    def _parts(self):
        return [f"axis={self.axis}"]


class LogSoftmax(Softmax):
    """x - log Σ exp(x) along an axis.

    >>> nn.LogSoftmax()(Tensor([[0.0, 1000.0]])).tolist()
    [[-1000.0, 0.0]]
    """

    def forward(self, x: Tensor) -> Tensor:
        return x.log_softmax(self.axis)


class Softplus(Module):
    """log(1 + exp(x)), element by element.

    >>> nn.Softplus()(Tensor([1000.0])).item()
    1000.0
    """

    def forward(self, x: Tensor) -> Tensor:
        return x.softplus()


class LogSigmoid(Module):
    """log σ(x), element by element.

    >>> nn.LogSigmoid()(Tensor([-1000.0])).item()
    -1000.0
    """

    def forward(self, x: Tensor) -> Tensor:
        return x.logsigmoid()


class ELU(Module):
    """x where it is positive, elsewhere `alpha` (exp(x) - 1) (Clevert et al. 2016).

    Raises:
        ValueError: `alpha` is not positive.

    >>> nn.ELU()(Tensor([0.0, 2.0]))
    Tensor([0., 2.])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False):
        require("ELU", "inplace", inplace, FLAG)  # PyTorch's, as of ReLU
        self.alpha = require("ELU", "alpha", alpha, POSITIVE)

    def forward(self, x: Tensor) -> Tensor:
        return elu(x, self.alpha)

    def _parts(self):
        return [] if self.alpha == 1 else [repr(self.alpha)]


class Mish(OfTensor):
    """x tanh(log(1 + exp(x))), element by element (Misra 2020).

    >>> nn.Mish()(Tensor([0.0]))
    Tensor([0.])
    """


class SELU(OfTensor):
    """ELU with the constants that keep mean 0 and variance 1 (Klambauer et al. 2017).

    >>> nn.SELU()(Tensor([0.0]))
    Tensor([0.])
    """


class Softsign(Module):
    """x / (1 + |x|), element by element.

    >>> nn.Softsign()(Tensor([1.0]))
    Tensor([0.5])
    """

    def forward(self, x: Tensor) -> Tensor:
        return x.softsign()


class Hardtanh(Module):
    """x limited to [min_val, max_val].

    Raises:
        ValueError: a bound that is no number, or `min_val` not below `max_val`.

    >>> nn.Hardtanh()(Tensor([-3.0, 0.5]))
    Tensor([-1. ,  0.5])
    """

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False):
        name = type(self).__name__
        require(name, "inplace", inplace, FLAG)  # PyTorch's, as of ReLU
        require_bounds(name, min_val, max_val)
        self.min_val, self.max_val = min_val, max_val

    def forward(self, x: Tensor) -> Tensor:
        return hardtanh(x, self.min_val, self.max_val)

    def _parts(self):
        return [f"{self.min_val}, {self.max_val}"]


class ReLU6(Hardtanh):
    """x limited to [0, 6] (Krizhevsky 2010).

    >>> nn.ReLU6()(Tensor([-3.0, 8.0]))
    Tensor([0., 6.])
    """

    def __init__(self, inplace: bool = False):
        super().__init__(0.0, 6.0, inplace)

    def _parts(self):
        return []


class PReLU(Module):
    """x where it is positive, elsewhere a learned weight times x (He et al. 2015).

    Arguments:
        num_parameters: 1, one weight for all; or the number of channels, on axis 1.
        init: where the weights start.

    Raises:
        ValueError: `num_parameters` below 1; or, when it is called, another number of channels.

    >>> nn.PReLU(init=0.5)(Tensor([-1.0, 2.0])).tolist()
    [-0.5, 2.0]
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25):
        n = require("PReLU", "num_parameters", num_parameters, POSITIVE_COUNT)
        weight = np.full(n, require("PReLU", "init", init, NUMBER), np.float32)
        self.weight = Tensor(weight, requires_grad=True)

    def forward(self, x: Tensor) -> Tensor:
        n = self.weight.size
        if n > 1 and (x.ndim < 2 or x.shape[1] != n):
            raise ValueError(f"{self!r} cannot take an input of shape {x.shape}")
        weight = self.weight.reshape(n, *[1] * (x.ndim - 2)) if n > 1 else self.weight
        return leaky_relu(x, weight if x.ndim else weight.reshape(()))

    def _parts(self):
        return [str(self.weight.size)]
