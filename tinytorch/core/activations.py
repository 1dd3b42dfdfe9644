"""Activations: the functions between the linear maps."""

from tinytorch.core import elementwise  # noqa: F401  makes them methods
from tinytorch.core.axes import dims
from tinytorch.core.checks import FLAG, INTEGER, POSITIVE, PROPORTION, require
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


class ReLU(Module):
    """max(0, x), element by element.

    >>> nn.ReLU()(Tensor([-1.0, 2.0]))
    Tensor([0., 2.])
    """

    def __init__(self, inplace: bool = False):
        require("ReLU", "inplace", inplace, FLAG)  # PyTorch's; here a result is a new tensor

    def forward(self, x: Tensor) -> Tensor:
        return x.relu()


class LeakyReLU(Module):
    """x where it is positive, elsewhere `negative_slope` times x.

    Raises:
        ValueError: `negative_slope` lies outside [0, 1].

    >>> nn.LeakyReLU(0.5)(Tensor([-1.0, 2.0]))
    Tensor([-0.5,  2. ])
    """

    def __init__(self, negative_slope: float = 0.01):
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


class SiLU(Module):
    """x / (1 + exp(-x)), element by element.

    >>> nn.SiLU()(Tensor([0.0]))
    Tensor([0.])
    """

    def forward(self, x: Tensor) -> Tensor:
        return x.silu()


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

    def __init__(self, alpha: float = 1.0):
        self.alpha = require("ELU", "alpha", alpha, POSITIVE)

    def forward(self, x: Tensor) -> Tensor:
        return elu(x, self.alpha)

    def _parts(self):
        return [] if self.alpha == 1 else [repr(self.alpha)]
