"""Tensors made of a shape, of a range, or of chance.

They are float32 unless `dtype` says otherwise. `generator` is a NumPy generator, a seed, or None
for the one that `manual_seed` restarts. All take PyTorch's `device`, which is the CPU.
"""

import functools

import numpy as np

from tinytorch.core.axes import sequence
from tinytorch.core.checks import COUNT, INTEGER, NONNEGATIVE, NUMBER, POSITIVE_COUNT, require
from tinytorch.core.conversions import device as the_device
from tinytorch.core.random import generator as generator_of
from tinytorch.core.tensor import Tensor, as_array, cast

SHAPE = (
    lambda shape: all(map(COUNT[0], shape)),
    "integers >= 0, one for each axis",
)


def on_device(function):
    """Let a function take `device`, of which there is one."""

    @functools.wraps(function)
    def wrapper(*args, device=None, **options):
        if device is not None:
            the_device(device)
        return function(*args, **options)

    return wrapper


def _filled(name: str, fill, what: str, example: str):
    def function(*shape, dtype=np.float32, requires_grad: bool = False):
        shape = require(name, "shape", sequence(shape), SHAPE)
        return Tensor(fill(shape), requires_grad, dtype=dtype)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""{what}; `{name}(2, 3)` and `{name}((2, 3))` mean the same.

    >>> tinytorch.{example}

    Raises:
        ValueError: a length that is no integer >= 0.
    """
    return on_device(function)


def _drawn(name: str, draw, what: str):
    def function(*shape, generator=None, dtype=np.float32, requires_grad: bool = False):
        shape = require(name, "shape", sequence(shape), SHAPE)
        return Tensor(draw(generator_of(generator), shape), requires_grad, dtype=dtype)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""{what}; `{name}(2, 3)` and `{name}((2, 3))` mean the same.

    >>> tinytorch.{name}(2, 3, generator=0).shape
    (2, 3)

    Raises:
        ValueError: a length that is no integer >= 0.
    """
    return on_device(function)


zeros = _filled("zeros", np.zeros, "Zeros", "zeros(2)\n    Tensor([0., 0.])")
ones = _filled("ones", np.ones, "Ones", "ones(2)\n    Tensor([1., 1.])")
empty = _filled(
    "empty", np.zeros, "Zeros, of which PyTorch promises nothing", "empty(2).shape\n    (2,)"
)
rand = _drawn("rand", lambda rng, shape: rng.random(shape), "Uniform in [0, 1)")
randn = _drawn("randn", lambda rng, shape: rng.normal(size=shape), "Standard normal")


@on_device
def tensor(data, *, dtype=None, requires_grad: bool = False) -> Tensor:
    """A copy of `data` as PyTorch reads it: whole numbers become int64, fractions float32.

    (`Tensor(data)` makes float32 of both, and shares the memory of an array.)

    >>> tinytorch.tensor([1, 2]).dtype, tinytorch.tensor([1.0, 2.0]).dtype
    (dtype('int64'), dtype('float32'))
    """
    if dtype is None and not isinstance(data, (Tensor, np.ndarray, np.generic)):
        array = as_array(data, np.float64)  # refuses what is no number
        plain = np.asarray(data if not _holds_tensors(data) else array)
        dtype = {"f": np.float32, "i": np.int64, "u": np.int64, "b": bool}[plain.dtype.kind]
        return Tensor(cast(plain, np.dtype(dtype)), requires_grad)
    return Tensor(as_array(data, dtype).copy(), requires_grad)


def _holds_tensors(data) -> bool:
    return isinstance(data, (list, tuple)) and any(
        isinstance(item, Tensor) or _holds_tensors(item) for item in data
    )


@on_device
def as_tensor(data, *, dtype=None) -> Tensor:
    """`data` itself if it is a tensor of that dtype; an array's memory is shared, as by `Tensor`.

    >>> x = tinytorch.ones(2)
    >>> tinytorch.as_tensor(x) is x
    True
    """
    if isinstance(data, Tensor):
        return data if dtype in (None, data.dtype) else data.astype(dtype)
    if isinstance(data, np.ndarray) and dtype is None:
        return Tensor(data)
    return tensor(data, dtype=dtype)


def from_numpy(array: np.ndarray) -> Tensor:
    """A tensor on the memory of an array.

    >>> tinytorch.from_numpy(np.zeros(2)).dtype
    dtype('float64')

    Raises:
        TypeError: it is no array.
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"from_numpy needs an array, got {type(array).__name__}")
    return Tensor(array)


@on_device
def full(shape, fill_value, *, dtype=None, requires_grad: bool = False) -> Tensor:
    """`fill_value` everywhere.

    >>> tinytorch.full((2,), 7.0)
    Tensor([7., 7.])
    """
    shape = (shape,) if INTEGER[0](shape) else tuple(shape)
    require("full", "shape", shape, SHAPE)
    return Tensor(np.full(shape, tensor(fill_value, dtype=dtype).data), requires_grad)


@on_device
def eye(n: int, m: int | None = None, *, dtype=np.float32, requires_grad: bool = False) -> Tensor:
    """The identity matrix, n by n, or n by m.

    >>> tinytorch.eye(2).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    require("eye", "n", n, COUNT)
    require("eye", "m", n if m is None else m, COUNT)
    return Tensor(np.eye(n, m), requires_grad, dtype=dtype)


@on_device
def arange(start, end=None, step=1, *, dtype=None, requires_grad: bool = False) -> Tensor:
    """Numbers from `start` (0 if only one is given) up to `end`, without it, in steps.

    Integers if all three are, else float32.

    >>> tinytorch.arange(3).tolist(), tinytorch.arange(0.0, 1.0, 0.5).tolist()
    ([0, 1, 2], [0.0, 0.5])

    Raises:
        ValueError: `step` is 0.
    """
    start, end = (0, start) if end is None else (start, end)
    for name, value in (("start", start), ("end", end)):
        require("arange", name, value, NUMBER)
    require("arange", "step", step, (lambda v: NUMBER[0](v) and v != 0, "a number other than 0"))
    values = np.arange(start, end, step)
    dtype = dtype or (np.float32 if values.dtype.kind == "f" else np.int64)
    return Tensor(values, requires_grad, dtype=dtype)


@on_device
def linspace(start, end, steps: int, *, dtype=np.float32, requires_grad: bool = False) -> Tensor:
    """`steps` numbers at equal distances, from `start` to `end`.

    >>> tinytorch.linspace(0, 1, 3)
    Tensor([0. , 0.5, 1. ])
    """
    require("linspace", "start", start, NUMBER)
    require("linspace", "end", end, NUMBER)
    require("linspace", "steps", steps, COUNT)
    return Tensor(np.linspace(start, end, steps), requires_grad, dtype=dtype)


@on_device
def normal(mean, std, size=None, *, generator=None) -> Tensor:
    """Numbers from normal distributions, float32: `size` of them; or one for each of the means and
    deviations, which broadcast.

    >>> tinytorch.normal(0.0, 0.01, (2, 3), generator=0).shape
    (2, 3)

    Raises:
        ValueError: a deviation below 0.
    """
    mean, std = as_array(mean), as_array(std)
    require("normal", "std", float(std.min(initial=0.0)), NONNEGATIVE)
    try:
        drawn = generator_of(generator).normal(mean, std, size)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"normal: mean {mean.shape}, std {std.shape} and size {size} do not go together"
        ) from error
    return Tensor(drawn, dtype=np.float32)


@on_device
def randint(low: int, high=None, size=None, *, generator=None, dtype=np.int64) -> Tensor:
    """Whole numbers from `low` (0 if it is left out) to `high` - 1, each as likely.

    >>> tinytorch.randint(0, 10, (2, 3), generator=0).shape
    (2, 3)

    Raises:
        ValueError: `high` is not above `low`, or no size is given.
    """
    if size is None:
        low, high, size = 0, low, high
    if not isinstance(size, (tuple, list)) or not all(map(COUNT[0], size)):
        raise ValueError(f"randint: size must be a tuple, one length for each axis, got {size!r}")
    require("randint", "low", low, INTEGER)
    require("randint", "high", high, INTEGER)
    if not high > low:
        raise ValueError(f"randint: high must be above low, got {low} and {high}")
    return Tensor(generator_of(generator).integers(low, high, tuple(size)), dtype=dtype)


@on_device
def randperm(n: int, *, generator=None) -> Tensor:
    """The numbers 0 to n - 1 in a random order.

    >>> sorted(tinytorch.randperm(3, generator=0).tolist())
    [0, 1, 2]
    """
    require("randperm", "n", n, COUNT)
    return Tensor(generator_of(generator).permutation(n))


def multinomial(weights, num_samples: int, replacement: bool = False, *, generator=None) -> Tensor:
    """Indices, drawn in proportion to the weights in the last axis, with or without repetition.

    Shapes: weights (classes,) or (rows, classes); the result (num_samples,) or (rows, num_samples).

    >>> tinytorch.multinomial([0.0, 1.0], 2, replacement=True)
    Tensor([1, 1], dtype=int64)

    Raises:
        ValueError: weights that are negative, not finite or all zero in a row; more samples than
            there are weights above zero, without repetition.
    """
    w = as_array(weights).astype(np.float64)
    require("multinomial", "num_samples", num_samples, POSITIVE_COUNT)
    if w.ndim not in (1, 2) or not (np.isfinite(w).all() and (w >= 0).all()):
        raise ValueError(f"multinomial needs rows of finite weights >= 0, got shape {w.shape}")
    if w.size and w.max() > np.finfo(w.dtype).max / w.shape[-1]:
        w = w / w.max()  # their sum would overflow
    rows, rng = np.atleast_2d(w), generator_of(generator)
    least = 1 if replacement else num_samples
    if (np.count_nonzero(rows, axis=1) < least).any():
        raise ValueError(f"multinomial: a row has fewer than {least} weights above zero")
    drawn = [
        rng.choice(len(row), num_samples, replace=replacement, p=row / row.sum()) for row in rows
    ]
    return Tensor(np.array(drawn).reshape(*w.shape[:-1], num_samples))


def _like(name: str, make):
    def function(x, *args, dtype=None, requires_grad: bool = False, **options):
        dtype = x.dtype if dtype is None else dtype
        return make(x.shape, *args, dtype=dtype, requires_grad=requires_grad, **options)

    function.__name__ = function.__qualname__ = f"{name}_like"
    more = ", 7" if name == "full" else ""
    function.__doc__ = f"""As `{name}`, in the shape and dtype of a tensor.

    >>> tinytorch.{name}_like(tinytorch.zeros(2, 3){more}).shape
    (2, 3)
    """
    return on_device(function)


zeros_like, ones_like, empty_like, full_like, rand_like, randn_like = (
    _like(make.__name__, make) for make in (zeros, ones, empty, full, rand, randn)
)
