"""PyTorch's names for what becomes of a tensor: other types, and new numbers in its place."""

import numpy as np

from tinytorch.core.autograd import grad_enabled
from tinytorch.core.checks import NONNEGATIVE, NUMBER, require
from tinytorch.core.methods import method
from tinytorch.core.random import generator as generator_of
from tinytorch.core.tensor import Tensor, admitted, raw

DTYPES = {
    "float32": np.float32, "float64": np.float64, "int64": np.int64, "int32": np.int32,
    "int16": np.int16, "int8": np.int8, "uint8": np.uint8,
}  # fmt: skip
NAMED = {"float": np.float32, "double": np.float64, "long": np.int64, "int": np.int32, "bool": bool}
CPU = "cpu"


def _to(name: str, dtype):
    def function(x):
        return x if x.dtype == dtype else x.astype(dtype)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""This tensor if it is {np.dtype(dtype)}, else its numbers in that dtype.

    >>> tinytorch.ones(2).{name}().dtype
    {np.dtype(dtype)!r}
    """
    return function


for _name, _dtype in NAMED.items():
    setattr(Tensor, _name, _to(_name, _dtype))


@method
def to(x, *where, device=None, dtype=None, non_blocking: bool = False, copy: bool = False):
    """In another dtype; of devices there is the CPU, where everything is.

    `device` and `dtype` may be named; `non_blocking` is PyTorch's, and changes nothing; `copy` asks
    for a tensor of its own also where nothing changes.

    >>> tinytorch.ones(2).to("cpu").to(tinytorch.float64).dtype
    dtype('float64')

    Raises:
        TypeError: a dtype that a tensor cannot have.
        ValueError: another device than "cpu".
    """
    before = x
    for target in (*where, *(named for named in (device, dtype) if named is not None)):
        if isinstance(target, (str, Device)) and str(target) not in DTYPES:
            _device(target)
        else:
            wanted = admitted(target.dtype if isinstance(target, Tensor) else target)
            x = x if x.dtype == wanted else x.astype(wanted)
    return x.clone() if copy and x is before else x


class Device(str):
    """The name of a device. There is one, "cpu"."""

    __slots__ = ()

    @property
    def type(self) -> str:
        """The kind of device: "cpu"."""
        return CPU


def device(name) -> Device:
    """The device of that name.

    >>> tinytorch.device("cpu").type
    'cpu'

    Raises:
        ValueError: another than "cpu": everything is NumPy's.
    """
    if str(name) != CPU:
        raise ValueError(f"device: there is only 'cpu', got {name!r}")
    return Device(CPU)


class cuda:
    """What programs ask before they choose a device: there is none.

    >>> tinytorch.cuda.is_available()
    False
    """

    @staticmethod
    def is_available() -> bool:
        """False: everything is NumPy's.

        >>> tinytorch.cuda.is_available()
        False
        """
        return False


_device = device  # where an argument has its name
accelerator = cuda  # the name of newer programs


class backends:
    """Where PyTorch keeps what it knows of other devices.

    >>> tinytorch.backends.mps.is_available()
    False
    """

    mps = cuda


@method
def tolist(x) -> list:
    """The numbers in nested lists.

    >>> tinytorch.ones(2).tolist()
    [1.0, 1.0]
    """
    return x.data.tolist()


def requires_grad_(x, requires_grad: bool = True) -> Tensor:
    """Set `requires_grad`, and return the tensor.

    >>> tinytorch.ones(2).requires_grad_().requires_grad
    True
    """
    x.requires_grad = requires_grad
    return x


def _in_place(name: str, compute, what: str):
    def function(x, *args, **options):
        if x.requires_grad and grad_enabled():
            raise RuntimeError(f"{name}() on a tensor that requires a gradient: use no_grad()")
        return x.copy_(compute(x, *args, **options))

    function.__name__ = function.__qualname__ = name
    more = {"normal_": "", "uniform_": "", "zero_": "", "clamp_": "0, 0.5"}.get(name, "2.0")
    function.__doc__ = f"""{what}, in the tensor's own array.

    >>> tinytorch.ones(2).{name}({more}).shape
    (2,)

    Raises:
        RuntimeError: the tensor requires a gradient, outside no_grad().
        ValueError: the result has another shape.
    """
    return function


def _scaled(sign):
    return lambda x, other, *, alpha=1: x + sign * alpha * other


def _full(x, value):
    value = np.asarray(raw(value))
    if value.size != 1:
        raise ValueError(f"fill_: value must be one number, got an array of shape {value.shape}")
    return np.full(x.shape, value.reshape(()))


def _normal(x, mean=0.0, std=1.0, *, generator=None):
    require("normal_", "mean", mean, NUMBER)
    require("normal_", "std", std, NONNEGATIVE)
    return generator_of(generator).normal(mean, std, x.shape).astype(x.dtype)


def _uniform(x, low=0.0, high=1.0, *, generator=None):
    require("uniform_", "low", low, NUMBER)
    above = lambda value: NUMBER[0](value) and value >= low, f"a finite number >= low, {low}"
    require("uniform_", "high", high, above)
    return generator_of(generator).uniform(low, high, x.shape).astype(x.dtype)


IN_PLACE = {
    "zero_": (lambda x: np.zeros_like(x.data), "Zeros"),
    "fill_": (_full, "One number everywhere"),
    "add_": (_scaled(1), "Add `alpha` (1) times another"),
    "sub_": (_scaled(-1), "Subtract `alpha` (1) times another"),
    "mul_": (lambda x, other: x * other, "Multiply by another"),
    "div_": (lambda x, other: x / other, "Divide by another"),
    "clamp_": (lambda x, min=None, max=None: x.clip(min, max), "Limit to [min, max]"),
    "normal_": (_normal, "Numbers from the normal distribution of this mean and deviation"),
    "uniform_": (_uniform, "Numbers uniform in [low, high)"),
}
for _name, _row in IN_PLACE.items():
    setattr(Tensor, _name, _in_place(_name, *_row))
Tensor.type = to
Tensor.requires_grad_ = requires_grad_
Tensor.device = Device(CPU)


@method
def cpu(x) -> Tensor:
    """The tensor itself: there is no other device.

    >>> tinytorch.ones(1).cpu()
    Tensor([1.])
    """
    return x


@method
def contiguous(x) -> Tensor:
    """The tensor itself: nothing here asks for an order in memory.

    >>> tinytorch.ones(1).contiguous()
    Tensor([1.])
    """
    return x


@method
def dim(x) -> int:
    """How many axes there are, as `ndim`.

    >>> tinytorch.ones(2, 3).dim()
    2
    """
    return x.ndim


@method
def numel(x) -> int:
    """How many elements there are, as `size`.

    >>> tinytorch.ones(2, 3).numel()
    6
    """
    return x.data.size


Tensor.nelement = numel


@method
def t(x) -> Tensor:
    """The transpose of a matrix, as `T`.

    >>> tinytorch.ones(2, 3).t().shape
    (3, 2)
    """
    return x.T


@method
def view_as(x, other) -> Tensor:
    """The same elements in the shape of another tensor.

    >>> tinytorch.ones(4).view_as(tinytorch.ones(2, 2)).shape
    (2, 2)
    """
    return x.reshape(other.shape)


@method
def expand_as(x, other) -> Tensor:
    """Repeated along axes of length 1, to the shape of another tensor.

    >>> tinytorch.ones(1, 2).expand_as(tinytorch.ones(3, 2)).shape
    (3, 2)
    """
    return x.expand(other.shape)


# Methods under PyTorch's names: (its name, ours).
SAME = {
    "pow": "__pow__", "mul": "__mul__", "add": "__add__", "sub": "__sub__", "div": "__truediv__",
    "matmul": "__matmul__", "mm": "__matmul__", "bmm": "__matmul__", "dot": "__matmul__",
    "neg": "__neg__", "eq": "__eq__", "ne": "__ne__", "lt": "__lt__", "le": "__le__",
    "gt": "__gt__", "ge": "__ge__", "clamp": "clip", "view": "reshape",
}  # fmt: skip


def _same(theirs: str, ours: str):
    def function(x, *args, **options):
        return getattr(x, ours)(*args, **options)

    function.__name__ = function.__qualname__ = theirs
    function.__doc__ = f"PyTorch's name of `{ours}`."
    if theirs == "matmul":
        function.__doc__ += """

    >>> tinytorch.matmul(tinytorch.ones(2, 3), tinytorch.ones(3, 4)).shape
    (2, 4)
    """
    return function


for _name, _ours in SAME.items():
    setattr(Tensor, _name, _same(_name, _ours))
