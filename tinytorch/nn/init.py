"""PyTorch's names for initial weights: each fills a tensor in place and returns it.

The variances are those of `tinytorch.core.init`. A matrix is (in, out), as `nn.Linear` keeps it;
kernels are (out, in, height, width).
"""

import functools
import math

from tinytorch.core.autograd import no_grad
from tinytorch.core.init import initialize
from tinytorch.core.tensor import Tensor

__all__ = [
    "constant_", "kaiming_normal_", "kaiming_uniform_", "normal_", "ones_", "uniform_",
    "xavier_normal_", "xavier_uniform_", "zeros_",
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


def _named(name: str, init: str):
    def function(tensor: Tensor, *, generator=None) -> Tensor:
        value = initialize(init, tensor.shape, *fans(tensor), generator)
        return tensor.copy_(value.detach().astype(tensor.dtype))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f'''Fill as `init="{init}"` does.

    >>> nn.init.{name}(tinytorch.zeros(2, 3)).shape
    (2, 3)

    Raises:
        ValueError: the tensor has less than two axes.
    '''
    return function


xavier_uniform_ = _named("xavier_uniform_", "xavier_uniform")
xavier_normal_ = _named("xavier_normal_", "xavier_normal")
kaiming_uniform_ = _named("kaiming_uniform_", "he_uniform")
kaiming_normal_ = _named("kaiming_normal_", "he_normal")


def _filling(name: str, method: str, what: str, *fixed):
    @functools.wraps(getattr(Tensor, method))
    def function(tensor: Tensor, *values, **options) -> Tensor:
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
