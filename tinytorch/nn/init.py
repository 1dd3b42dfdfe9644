"""PyTorch's names for initial weights: each fills a tensor in place and returns it.

The variances are those of `tinytorch.core.init`. A matrix is (in, out), as `nn.Linear` keeps it;
kernels are (out, in, height, width).
"""

import functools
import math

from tinytorch.core import hints
from tinytorch.core.autograd import no_grad
from tinytorch.core.checks import NUMBER, require
from tinytorch.core.init import initialize
from tinytorch.core.tensor import Tensor

__all__ = [
    "calculate_gain", "constant_", "kaiming_normal_", "kaiming_uniform_", "normal_", "ones_",
    "uniform_", "xavier_normal_", "xavier_uniform_", "zeros_",
]  # fmt: skip


def fans(tensor: Tensor) -> tuple[int, int]:
    """How many numbers enter into one output, and how many outputs one enters.

    Raises:
        ValueError: the tensor has less than two axes.
    """
    if tensor.ndim < 2:
        raise ValueError(f"init: fans need two axes or more, got shape {tensor.shape}")
    if tensor.ndim == 2:
        return tensor.shape
    area = math.prod(tensor.shape[2:])
    return tensor.shape[1] * area, tensor.shape[0] * area


GAINS = dict.fromkeys(("linear", "conv1d", "conv2d", "sigmoid"), 1.0)
GAINS |= {"tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4}
MODES = {"fan_in": 0, "fan_out": 1}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """How much wider weights start before this function, as PyTorch has it.

    Arguments:
        nonlinearity: "linear", "sigmoid", "tanh", "relu", "leaky_relu" or "selu".
        param: the negative slope of "leaky_relu", 0.01 by default.

    Raises:
        ValueError: another name, or a `param` that is no number.

    >>> nn.init.calculate_gain("leaky_relu", 1.0)
    1.0
    """
    names = ("leaky_relu", *GAINS)
    one_of = (lambda name: name in names, f"one of {', '.join(names)}")
    require("calculate_gain", "nonlinearity", nonlinearity, one_of)
    if nonlinearity != "leaky_relu":
        return GAINS[nonlinearity]
    slope = require("calculate_gain", "param", 0.01 if param is None else param, NUMBER)
    return math.sqrt(2 / (1 + slope * slope))


def _filled(tensor: Tensor, init: str, both: tuple, gain: float, generator) -> Tensor:
    value = initialize(init, tensor.shape, *both, generator).detach() * gain
    return tensor.copy_(value.astype(tensor.dtype))


def _xavier(form: str):
    def function(tensor: Tensor, gain: float = 1.0, *, generator=None) -> Tensor:
        require(name, "gain", gain, NUMBER)
        return _filled(tensor, f"xavier_{form}", fans(tensor), gain, generator)

    name = function.__name__ = function.__qualname__ = f"xavier_{form}_"
    function.__doc__ = f"""Fill as `init="xavier_{form}"` does, times `gain`.

    >>> nn.init.{name}(tinytorch.zeros(2, 3)).shape
    (2, 3)

    Raises:
        ValueError: the tensor has less than two axes, or `gain` is no number.
    """
    return function


def _kaiming(form: str):
    def function(
        tensor: Tensor, a=0.0, mode: str = "fan_in", nonlinearity="leaky_relu", *, generator=None
    ) -> Tensor:
        require(name, "mode", mode, (lambda value: value in MODES, "'fan_in' or 'fan_out'"))
        gain = calculate_gain(nonlinearity, a)
        fan = fans(tensor)[MODES[mode]]
        return _filled(tensor, f"lecun_{form}", (fan, fan), gain, generator)

    name = function.__name__ = function.__qualname__ = f"kaiming_{form}_"
    function.__doc__ = f"""Fill with variance gain²/fan; without arguments as `init="he_{form}"`.

    Arguments:
        a: the negative slope of the leaky ReLU that follows.
        mode: "fan_in" keeps the size of signals, "fan_out" that of gradients.
        nonlinearity: what follows, a name of `calculate_gain`.

    >>> nn.init.{name}(tinytorch.zeros(2, 3), nonlinearity="relu").shape
    (2, 3)

    Raises:
        ValueError: the tensor has less than two axes, or an argument is outside what is allowed.
    """
    return function


xavier_uniform_, xavier_normal_ = map(_xavier, ("uniform", "normal"))
kaiming_uniform_, kaiming_normal_ = map(_kaiming, ("uniform", "normal"))


def _filling(name: str, method: str, what: str, *fixed):
    @functools.wraps(getattr(Tensor, method))
    def function(tensor: Tensor, *values, **options) -> Tensor:
        if not isinstance(tensor, Tensor):
            raise TypeError(f"{name} needs a tensor to fill, got {type(tensor).__name__}")
        with no_grad():
            return getattr(tensor, method)(*fixed, *values, **options)

    function.__name__ = function.__qualname__ = name
    more = ", 2.0" if name == "constant_" else ""
    function.__doc__ = (
        f"Fill with {what}.\n\n    >>> nn.init.{name}(np_ones(2){more}).shape\n    (2,)\n"
    )
    function.__doc__ = function.__doc__.replace("np_ones", "tinytorch.ones")
    return function


constant_ = _filling("constant_", "fill_", "one number")
zeros_ = _filling("zeros_", "fill_", "zeros", 0.0)
ones_ = _filling("ones_", "fill_", "ones", 1.0)
normal_ = _filling("normal_", "normal_", "numbers of a normal distribution: `mean` 0, `std` 1")
uniform_ = _filling("uniform_", "uniform_", "numbers uniform in [`low`, `high`): 0 and 1")


def __getattr__(name: str):
    raise hints.missing("nn.init", name)
