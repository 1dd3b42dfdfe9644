"""Tensor: a NumPy array that remembers how it was computed.

Each operation states its value and, right below, one derivative per input: a function from
the gradient of the output to the gradient of that input. Broadcasting is undone by the walk
(`autograd.backward`), so no derivative here mentions it. A derivative keeps the *arrays* it
needs, not the tensors, so that giving a tensor new data later does not change it; writing into
the array it had (as optimizers do) does.
"""

import math
from numbers import Real

import numpy as np

from tinytorch.core import autograd


class Tensor:
    """An array with a gradient.

    Arguments:
        data: number, nested list, array or tensor. Python numbers and lists become float32;
            a NumPy array keeps its dtype and is not copied.
        requires_grad: whether `backward` should leave a gradient in `grad`. Only for floats.
        dtype: convert to this NumPy dtype.

    Attributes:
        data: the array (`numpy.ndarray`), of any shape.
        grad: None, or a tensor of the same shape and dtype, filled by `backward`.

    The graph lives as long as its output does: `backward` can be called again and accumulates. It
    reads the arrays that the output was computed from, so call it before an optimizer's step, or
    anything else that writes into them: afterwards it would give derivatives at mixed values.
    Only leaves keep a gradient; an intermediate tensor does after `retain_grad()`.

    An operation between a float and an integer has the float's dtype; one between an array and
    a number (Python's, NumPy's, or a tensor of shape ()) has the array's: float32 stays float32.

    Raises:
        TypeError: `data` is not numeric, or `requires_grad` on integers or booleans.
    """

    __slots__ = ("__weakref__", "_data", "_edges", "_grad", "_retain", "requires_grad")
    __array_ufunc__ = None  # so that array * tensor asks the tensor
    __hash__ = object.__hash__

    def __init__(self, data, requires_grad: bool = False, *, dtype=None):
        self._data = as_array(data, dtype)
        self._grad = None
        self._edges = ()
        self._retain = False
        self.requires_grad = bool(requires_grad)
        if requires_grad and self._data.dtype.kind != "f":
            raise TypeError(
                f"requires_grad needs floating-point data, got {self._data.dtype}; "
                "convert with .astype('float32')"
            )

    # What a tensor is

    @property
    def data(self) -> np.ndarray:
        """The array, shared with whoever holds it; assigning gives the tensor another."""
        return self._data

    @data.setter
    def data(self, value):
        self._data = as_array(
            value, None if isinstance(value, (np.ndarray, Tensor)) else self.dtype
        )

    @property
    def grad(self):
        """The accumulated gradient, a tensor, or None before `backward`.

        It has the tensor's shape and dtype: what is set is converted to the dtype.

        Raises:
            ValueError: another shape is set.
        """
        return self._grad

    @grad.setter
    def grad(self, value):
        if value is not None:
            if not isinstance(value, Tensor) or value.dtype != self.dtype:
                value = Tensor(as_array(value, self.dtype))
            if value.shape != self.shape:
                raise ValueError(f"grad has shape {value.shape}, but its tensor {self.shape}")
        self._grad = value

    @property
    def shape(self) -> tuple:
        """The lengths of the axes."""
        return self._data.shape

    @property
    def ndim(self) -> int:
        """How many axes there are."""
        return self._data.ndim

    @property
    def size(self) -> int:
        """How many elements there are."""
        return self._data.size

    @property
    def dtype(self) -> np.dtype:
        """The NumPy type of the elements."""
        return self._data.dtype

    @property
    def is_leaf(self) -> bool:
        """Whether this tensor was made by the user, not computed by a recorded operation."""
        return not self._edges

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("a tensor of shape () has no length")
        return len(self._data)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __array__(self, dtype=None, copy=None):
        return np.array(self._data, dtype=dtype, copy=copy)

    def __array_function__(self, function, types, args, kwargs):
        """Let NumPy's functions read a tensor, but not cut a graph silently."""
        result = function(*unwrapped(args), **unwrapped(kwargs))
        recorded = autograd.grad_enabled() and any(t.requires_grad for t in within((args, kwargs)))
        if recorded and holds_floats(result):
            raise TypeError(
                f"np.{function.__name__} would cut the graph of a tensor that requires a "
                "gradient: use the operation of tinytorch, or pass tensor.data"
            )
        return result

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError(
                f"a tensor of shape {self.shape} is neither true nor false: "
                "compare it first, then use .any() or .all()"
            )
        return bool(self.item())

    def __repr__(self) -> str:
        body = np.array2string(self._data, separator=", ", prefix="Tensor(", precision=4)
        shape = f", shape={self.shape}" if self.size == 0 or "..." in body else ""
        dtype = "" if self.dtype == np.float32 else f", dtype={self.dtype}"
        grad = ", requires_grad=True" if self.requires_grad else ""
        return f"Tensor({body}{shape}{dtype}{grad})"

    def item(self):
        """The one number in this tensor, as a Python number.

        Raises:
            ValueError: there are more elements than one, or none.
        """
        if self.size != 1:
            raise ValueError(
                f"item() needs a tensor with one element, this one has shape {self.shape}"
            )
        return self._data.item()

    def numpy(self) -> np.ndarray:
        """The array itself (shared, not copied)."""
        return self._data

    def detach(self) -> "Tensor":
        """The same data, cut from the graph."""
        return Tensor(self._data)

    def clone(self) -> "Tensor":
        """A copy that stays in the graph."""
        return record(self._data.copy(), (self, lambda g: g))

    def __deepcopy__(self, memo) -> "Tensor":
        if self._edges:
            raise RuntimeError("only leaves can be copied deeply; use .detach() or .clone()")
        copy = Tensor(self._data.copy(), self.requires_grad)
        copy._grad = None if self._grad is None else Tensor(self._grad._data.copy())
        memo[id(self)] = copy
        return copy

    def zero_grad(self) -> None:
        """Forget the gradient."""
        self._grad = None

    def retain_grad(self) -> None:
        """Keep the gradient of this tensor in `backward`, even if it is not a leaf."""
        self._retain = True

    def backward(self, gradient=None) -> None:
        """Add the derivative of this tensor to the `grad` of every leaf it was computed from.

        Arguments:
            gradient: d(something)/d(self), of this tensor's shape; 1 by default, for a scalar.

        Raises:
            RuntimeError: nothing this tensor was computed from requires a gradient.
            ValueError: `gradient` is missing for a tensor that is no scalar, or has another shape.
        """
        if not self.requires_grad:
            raise RuntimeError(
                "backward() on a tensor that does not require a gradient: make a leaf with "
                "requires_grad=True, and compute outside no_grad()"
            )
        if gradient is None:
            if self.size != 1:
                raise ValueError(
                    f"backward() without a gradient needs a scalar; this tensor has shape "
                    f"{self.shape}: reduce it first (.mean(), .sum()), or pass gradient="
                )
            gradient = np.ones(self.shape, self.dtype)
        else:
            gradient = as_array(gradient, self.dtype)
            if gradient.shape != self.shape:
                raise ValueError(
                    f"gradient has shape {gradient.shape}, but its tensor {self.shape}"
                )
        autograd.backward(self, gradient)

    def _accumulate(self, g: np.ndarray, owns: bool) -> None:
        if self._grad is None:
            self._grad = record(g if owns else g.copy())
        else:
            self._grad = record(self._grad._data + g)

    # Arithmetic

    def __add__(self, other):
        a, b, value = elementwise("+", np.add, self, other)
        return record(value, (a, lambda g: g), (b, lambda g: g))

    def __sub__(self, other):
        a, b, value = elementwise("-", np.subtract, self, other)
        return record(value, (a, lambda g: g), (b, lambda g: -g))

    def __mul__(self, other):
        a, b, value = elementwise("*", np.multiply, self, other)
        x, y = a._data, b._data
        return record(value, (a, lambda g: g * y), (b, lambda g: g * x))

    def __truediv__(self, other):
        a, b, value = elementwise("/", np.true_divide, as_float(self), other)
        y = b._data
        return record(value, (a, lambda g: g / y), (b, lambda g: -g * value / y))

    def __pow__(self, other):
        if isinstance(other, Real) and other == 2:  # np.power is four times slower
            x = self._data
            return record(np.square(x), (self, lambda g: 2 * g * x))
        a, b, value = elementwise("**", np.power, self, other)
        x, y = a._data, b._data
        return record(
            value,
            (a, lambda g: g * y * np.power(x, np.where(y == 0, 1, y - 1))),
            (b, lambda g: g * value * np.log(np.where((x == 0) & (y >= 0), 1, x))),
        )

    def __matmul__(self, other):
        a, b = promote(self, as_tensor(other, self.dtype))
        x, y = a._data, b._data
        if not x.ndim or not y.ndim or x.shape[-1] != y.shape[max(y.ndim - 2, 0)]:
            raise ValueError(f"cannot matrix-multiply shapes {x.shape} and {y.shape}")
        if x.ndim == 1 or y.ndim == 1:
            if x.ndim == y.ndim:
                return (a * b).sum()
            if x.ndim == 1:
                return (a.unsqueeze(0) @ b).squeeze(-2)
            return (a @ b.unsqueeze(1)).squeeze(-1)
        if x.ndim > 2 and y.ndim == 2:  # one large product instead of many small ones
            *batch, n = x.shape
            return (a.reshape(math.prod(batch), n) @ b).reshape(*batch, y.shape[1])
        try:
            value = x @ y
        except ValueError as error:
            raise ValueError(f"cannot matrix-multiply shapes {x.shape} and {y.shape}") from error
        return record(
            value,
            (a, lambda g: g @ y.swapaxes(-1, -2)),
            (b, lambda g: x.swapaxes(-1, -2) @ g),
        )

    def __neg__(self):
        return record(-self._data, (self, lambda g: -g))

    def __abs__(self):
        x = self._data
        return record(np.abs(x), (self, lambda g: g * np.sign(x)))

    def __radd__(self, other):
        return as_tensor(other, self.dtype) + self

    def __rsub__(self, other):
        return as_tensor(other, self.dtype) - self

    def __rmul__(self, other):
        return as_tensor(other, self.dtype) * self

    def __rtruediv__(self, other):
        return as_tensor(other, self.dtype) / self

    def __rpow__(self, other):
        return as_tensor(other, self.dtype) ** self

    def __rmatmul__(self, other):
        return as_tensor(other, self.dtype) @ self

    # In place: only inside no_grad(), and never into an array that a derivative may have kept

    def __iadd__(self, other):
        return self._replace("+=", self + other)

    def __isub__(self, other):
        return self._replace("-=", self - other)

    def __imul__(self, other):
        return self._replace("*=", self * other)

    def __itruediv__(self, other):
        return self._replace("/=", self / other)

    def _replace(self, symbol: str, result: "Tensor") -> "Tensor":
        if not autograd.grad_enabled():
            if result.shape != self.shape:
                raise ValueError(
                    f"cannot put a result of shape {result.shape} into tensor {symbol}, "
                    f"which has shape {self.shape}"
                )
            self._data = result._data.astype(self.dtype, copy=False)
            return self
        if self.requires_grad and self.is_leaf:
            raise RuntimeError(
                f"{symbol} on a leaf that requires a gradient: update parameters inside no_grad()"
            )
        return result

    def __setitem__(self, index, value):
        recorded = self.requires_grad or (isinstance(value, Tensor) and value.requires_grad)
        if recorded and autograd.grad_enabled():
            raise RuntimeError(
                "assigning to elements would lose a gradient: use where(), or no_grad()"
            )
        data = self._data.copy()
        data[raw_index(index)] = raw(value)
        self._data = data

    # Comparison gives arrays of booleans: nothing flows back through it

    def __eq__(self, other):
        return self._data == raw(other)

    def __ne__(self, other):
        return self._data != raw(other)

    def __lt__(self, other):
        return self._data < raw(other)

    def __le__(self, other):
        return self._data <= raw(other)

    def __gt__(self, other):
        return self._data > raw(other)

    def __ge__(self, other):
        return self._data >= raw(other)

    # Functions of one number, element by element

    def exp(self):
        """e to the power of each element."""
        x = as_float(self)
        value = np.exp(x._data)
        return record(value, (x, lambda g: g * value))

    def log(self):
        """The natural logarithm of each element."""
        x = as_float(self)
        data = x._data
        return record(np.log(data), (x, lambda g: g / data))

    def sqrt(self):
        """The square root of each element."""
        x = as_float(self)
        value = np.sqrt(x._data)
        return record(value, (x, lambda g: g / (2 * value)))

    def abs(self):
        """The absolute value of each element; its derivative at 0 is 0."""
        return abs(self)

    def tanh(self):
        """The hyperbolic tangent of each element."""
        x = as_float(self)
        value = np.tanh(x._data)
        return record(value, (x, lambda g: g * (1 - value * value)))

    def sigmoid(self):
        """1 / (1 + exp(-x)) for each element x."""
        x = as_float(self)
        value = 0.5 + 0.5 * np.tanh(0.5 * x._data)  # exp would overflow
        return record(value, (x, lambda g: g * value * (1 - value)))

    def relu(self):
        """max(0, x) for each element x; its derivative at 0 is 0."""
        value = np.maximum(self._data, 0)
        return record(value, (self, lambda g: g * (value > 0)))

    def gelu(self, approximate: str = "none"):
        """x Φ(x) with the normal distribution function Φ (Hendrycks and Gimpel 2016).

        `approximate="tanh"` replaces Φ(x) by ½(1 + tanh(√(2/π)(x + 0.044715 x³))).

        Raises:
            ValueError: `approximate` is neither "none" nor "tanh".
        """
        tensor = as_float(self)
        x = tensor._data
        if approximate == "none":
            cumulative = 0.5 * erfc(-x / math.sqrt(2))
            slope = np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
        elif approximate == "tanh":
            scale = math.sqrt(2 / math.pi)
            t = np.tanh(scale * (x + 0.044715 * x * x * x))
            cumulative = 0.5 + 0.5 * t
            slope = 0.5 * scale * (1 - t * t) * (1 + 3 * 0.044715 * x * x)
        else:
            raise ValueError(f"gelu: approximate must be 'none' or 'tanh', got {approximate!r}")
        return record(x * cumulative, (tensor, lambda g: g * (cumulative + x * slope)))

    def clip(self, min=None, max=None):
        """Limit to [min, max]; what lies outside passes its gradient to the bound it met."""
        x = self._data
        low = -np.inf if min is None else raw(min)
        high = np.inf if max is None else raw(max)
        value = np.clip(x, low, high).astype(self.dtype, copy=False)
        edges = [(self, lambda g: g * ((low <= x) & (x <= high)))]
        if isinstance(min, Tensor):
            edges.append((min, lambda g: g * ((x < low) & (low <= high))))
        if isinstance(max, Tensor):
            edges.append((max, lambda g: g * (np.maximum(x, low) > high)))
        return record(value, *edges)

    # Reductions

    def sum(self, axis=None, keepdims: bool = False):
        """The sum over `axis`: None for all, a number, or several."""
        axis = axes("sum", axis, self.shape)
        shape = self.shape
        return record(
            self._data.sum(axis=axis, keepdims=keepdims),
            (self, lambda g: np.broadcast_to(restore(g, axis, keepdims), shape)),
        )

    def mean(self, axis=None, keepdims: bool = False):
        """The mean over `axis`: None for all, a number, or several."""
        axis = axes("mean", axis, self.shape)
        x, shape = as_float(self), self.shape
        count = math.prod(shape[i] for i in axis)
        return record(
            x._data.sum(axis=axis, keepdims=keepdims) / count,
            (x, lambda g: np.broadcast_to(restore(g, axis, keepdims) / count, shape)),
        )

    def var(self, axis=None, keepdims: bool = False, correction: int = 1):
        """Variance: squared deviations from the mean over (count - correction).

        Raises:
            ValueError: `axis` does not fit, or there are no more than `correction` elements.
        """
        axis = axes("var", axis, self.shape)
        x = as_float(self)
        count = math.prod(self.shape[i] for i in axis) - correction
        if count <= 0:
            raise ValueError(
                f"var with correction={correction} needs more than {correction} elements, "
                f"but takes {count + correction} of a tensor of shape {self.shape}"
            )
        deviation = x._data - x._data.mean(axis=axis, keepdims=True)
        return record(
            np.square(deviation).sum(axis=axis, keepdims=keepdims) / count,
            (x, lambda g: restore(g, axis, keepdims) * deviation * (2 / count)),
        )

    def max(self, axis=None, keepdims: bool = False):
        """The largest element; equal ones share the gradient evenly.

        Raises:
            ValueError: `axis` does not fit, or there are no elements along it.
        """
        return self._extremum("max", np.maximum, axis, keepdims)

    def min(self, axis=None, keepdims: bool = False):
        """The smallest element; equal ones share the gradient evenly.

        Raises:
            ValueError: `axis` does not fit, or there are no elements along it.
        """
        return self._extremum("min", np.minimum, axis, keepdims)

    def _extremum(self, name, ufunc, axis, keepdims):
        axis = axes(name, axis, self.shape)
        x = self._data
        if 0 in (x.shape[i] for i in axis):
            raise ValueError(f"{name} over no elements: the shape is {x.shape}, the axes {axis}")
        value = ufunc.reduce(x, axis=axis, keepdims=keepdims)

        def derivative(g):
            chosen = x == restore(value, axis, keepdims)
            count = chosen.sum(axis=axis, keepdims=True, dtype=x.dtype)
            return chosen * (restore(g, axis, keepdims) / count)

        return record(value, (self, derivative))

    def argmax(self, axis=None) -> np.ndarray:
        """Indices of the largest elements, as an array."""
        return self._data.argmax(axis=axis)

    def logsumexp(self, axis=None, keepdims: bool = False):
        """log Σ exp(x), computed without overflow."""
        axis = axes("logsumexp", axis, self.shape)
        tensor = as_float(self)
        x = tensor._data
        shift = x.max(axis=axis, keepdims=True, initial=-np.inf)
        shift = np.where(np.isfinite(shift), shift, 0)  # nothing to shift by in nothing, or in -∞
        exp = np.exp(x - shift)
        total = exp.sum(axis=axis, keepdims=True)
        with np.errstate(divide="ignore"):  # then the logarithm is -∞
            value = shift + np.log(total)
        return record(
            value if keepdims else value.squeeze(axis),
            (tensor, lambda g: restore(g, axis, keepdims) * (exp / total)),
        )

    def softmax(self, axis: int = -1):
        """exp(x) / Σ exp(x) along `axis`, computed without overflow."""
        axis = axes("softmax", axis, self.shape)
        x = as_float(self)
        value = np.exp(x._data - x._data.max(axis=axis, keepdims=True, initial=-np.inf))
        value /= value.sum(axis=axis, keepdims=True)
        return record(value, (x, lambda g: value * (g - (g * value).sum(axis=axis, keepdims=True))))

    def log_softmax(self, axis: int = -1):
        """x - log Σ exp(x) along `axis`, computed without overflow."""
        axis = axes("log_softmax", axis, self.shape)
        x = as_float(self)
        value = x._data - x._data.max(axis=axis, keepdims=True, initial=-np.inf)
        value -= np.log(np.exp(value).sum(axis=axis, keepdims=True))
        return record(value, (x, lambda g: g - np.exp(value) * g.sum(axis=axis, keepdims=True)))

    # Shape

    def reshape(self, *shape):
        """The same elements in another shape; one length may be -1.

        Raises:
            ValueError: they are not as many as the other shape holds.
        """
        shape, before = sequence(shape), self.shape
        try:
            value = self._data.reshape(shape)
        except ValueError as error:
            raise ValueError(
                f"cannot reshape a tensor of shape {before}, {self.size} elements, into {shape}"
            ) from error
        return record(value, (self, lambda g: g.reshape(before)))

    def permute(self, *order):
        """The axes in another order: `x.permute(2, 0, 1)`.

        Raises:
            ValueError: the axes are not all named, each once.
        """
        order = axes("permute", sequence(order), self.shape)
        if len(order) != self.ndim:
            raise ValueError(f"permute needs every axis of shape {self.shape}, got {order}")
        back = tuple(np.argsort(order))
        return record(self._data.transpose(order), (self, lambda g: g.transpose(back)))

    def transpose(self, *order):
        """Reverse the axes; given two, swap these (as PyTorch does); given all, permute them."""
        order = sequence(order)
        if len(order) == 2:
            i, j = axes("transpose", order, self.shape)
            order = list(range(self.ndim))
            order[i], order[j] = j, i
        return self.permute(order or tuple(reversed(range(self.ndim))))

    @property
    def T(self):
        """The axes reversed."""
        return self.transpose()

    def squeeze(self, axis=None):
        """Drop axes of length 1: all of them, or those named.

        Raises:
            ValueError: one that is named has another length, or is not there.
        """
        shape = self.shape
        if axis is None:
            axis = tuple(i for i, n in enumerate(shape) if n == 1)
        axis = axes("squeeze", axis, shape)
        if any(shape[i] != 1 for i in axis):
            raise ValueError(f"squeeze: the axes {axis} of shape {shape} are not all of length 1")
        return record(self._data.squeeze(axis), (self, lambda g: g.reshape(shape)))

    def unsqueeze(self, axis: int):
        """Insert an axis of length 1 at this place."""
        (axis,) = axes("unsqueeze", axis, (*self.shape, 1))
        shape = self.shape
        return record(np.expand_dims(self._data, axis), (self, lambda g: g.reshape(shape)))

    def expand(self, *shape):
        """Repeat along axes of length 1, without copying; -1 keeps an axis as it is.

        Raises:
            ValueError: the tensor does not broadcast to that shape.
        """
        shape = sequence(shape)
        added = len(shape) - self.ndim
        wanted = tuple(
            self.shape[i - added] if n == -1 and i >= added else n for i, n in enumerate(shape)
        )
        try:
            value = np.broadcast_to(self._data, wanted)
        except ValueError as error:
            raise ValueError(f"cannot expand a tensor of shape {self.shape} to {shape}") from error
        return record(value, (self, lambda g: g))

    def astype(self, dtype):
        """The same numbers in another dtype; the gradient returns in this one's."""
        value = self._data.astype(dtype)
        return record(value, (self, lambda g: g)) if value.dtype.kind == "f" else Tensor(value)

    def __getitem__(self, index):
        x, index = self._data, raw_index(index)
        try:
            value = x[index]
        except IndexError as error:
            raise IndexError(f"cannot index a tensor of shape {x.shape}: {error}") from error

        def derivative(g):
            whole = np.zeros(x.shape, g.dtype)
            if selects_once(index):
                whole[index] = g
            else:  # in one dimension add.at is fast
                positions = np.arange(x.size).reshape(x.shape)[index]
                np.add.at(whole.reshape(-1), positions.reshape(-1), np.reshape(g, -1))
            return whole

        return record(value, (self, derivative))


Variable = Tensor  # the name of older textbooks


def record(value: np.ndarray, *edges: tuple) -> Tensor:
    """A tensor with `value`, and the edges to those inputs that require a gradient."""
    out = Tensor.__new__(Tensor)
    out._data = value if type(value) is np.ndarray else np.asarray(value)
    out._grad = None
    out._retain = False
    if not autograd.grad_enabled():
        edges = ()
    for tensor, _ in edges:
        if not tensor.requires_grad:
            edges = tuple(edge for edge in edges if edge[0].requires_grad)
            break
    out._edges = edges
    out.requires_grad = bool(edges)
    return out


# What may become a tensor, and of which dtype


def as_array(value, dtype=None) -> np.ndarray:
    """`value` as an array: Python numbers and lists become float32, arrays keep their dtype."""
    if isinstance(value, Tensor):
        value = value._data
    elif isinstance(value, (list, tuple)) and any(t.requires_grad for t in within(value)):
        raise TypeError("a list of tensors would lose its gradients: use stack or concatenate")
    if dtype is None and not isinstance(value, (np.ndarray, np.generic)):
        dtype = np.float32
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise TypeError(
            f"a tensor is made from numbers, nested lists of equal length or arrays; got {value!r}"
        ) from error
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"a tensor holds real numbers or booleans; got dtype {array.dtype} from {value!r}"
        )
    return array if dtype is None else array.astype(dtype, copy=False)


def as_tensor(value, dtype) -> Tensor:
    """`value` as a tensor; a number takes `dtype`, unless that is of a lower kind."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, (int, float, np.generic)) or getattr(value, "shape", None) == ():
        array = np.asarray(value)
        if array.dtype.kind == "f" and dtype.kind != "f":
            dtype = np.dtype(np.float32)
        elif dtype.kind == "b":
            dtype = array.dtype
        return Tensor(fitted(array, dtype) if array.dtype.kind in "fiub" else array)
    return Tensor(as_array(value))


def as_float(x: Tensor) -> Tensor:
    """`x` itself, or in float32 if it holds integers or booleans."""
    return x if x._data.dtype.kind == "f" else x.astype(np.float32)


RANK = {"b": 0, "u": 1, "i": 1, "f": 2}


def promote(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Both in one dtype: floats win over integers, they over booleans, an array over a number."""
    x, y = a._data, b._data
    if x.dtype == y.dtype:
        return a, b
    first, second = (RANK[x.dtype.kind], x.ndim > 0), (RANK[y.dtype.kind], y.ndim > 0)
    if first > second:
        return a, converted(b, x.dtype)
    if first < second:
        return converted(a, y.dtype), b
    return a, b  # NumPy takes the wider one


def converted(t: Tensor, dtype) -> Tensor:
    return t.astype(dtype) if dtype.kind == "f" else Tensor(fitted(t._data, dtype))


def fitted(number: np.ndarray, dtype) -> np.ndarray:
    """`number` in this dtype, where a whole number must not wrap around."""
    out = number.astype(dtype)
    if dtype.kind in "iu" and (out != number).any():
        raise OverflowError(f"{number} does not fit into {dtype}")
    return out


def elementwise(symbol: str, ufunc, a: Tensor, b) -> tuple[Tensor, Tensor, np.ndarray]:
    """Both operands as tensors of one dtype, and the array `ufunc(a, b)`."""
    a, b = promote(a, as_tensor(b, a.dtype))
    try:
        return a, b, ufunc(a._data, b._data)
    except ValueError as error:
        try:
            np.broadcast_shapes(a.shape, b.shape)
        except ValueError:
            what = f"cannot broadcast shapes {a.shape} and {b.shape}"
        else:
            what = str(error)
        raise ValueError(f"{what} in tensor {symbol} tensor") from error


def raw(value):
    return value._data if isinstance(value, Tensor) else value


def raw_index(index):
    return tuple(raw(i) for i in index) if isinstance(index, tuple) else raw(index)


# What NumPy's functions are given, and what they give


def within(value):
    """The tensors in nested lists, tuples and dictionaries."""
    if isinstance(value, Tensor):
        yield value
        return
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, (Tensor, list, tuple, dict)):
            yield from within(item)


def unwrapped(value):
    """The same lists, tuples and dictionaries with arrays in the place of tensors."""
    if type(value) in (list, tuple):
        return type(value)(map(unwrapped, value))
    if type(value) is dict:
        return {key: unwrapped(item) for key, item in value.items()}
    return raw(value)


def holds_floats(value) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(holds_floats, value))
    return isinstance(value, float) or getattr(value, "dtype", np.dtype(bool)).kind in "fc"


# Axes and indices


def axes(name: str, axis, shape: tuple) -> tuple:
    """`axis` (None, a number or several) as a tuple of numbers from 0; None means all."""
    n = len(shape)
    if axis is None:
        return tuple(range(n))
    if type(axis) is int and -n <= axis < n:
        return (axis % n,)
    try:
        return np.lib.array_utils.normalize_axis_tuple(axis, n)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: axis {axis!r} does not fit shape {shape}") from error


def restore(reduced: np.ndarray, axis: tuple, keepdims: bool) -> np.ndarray:
    """Put back the axes that a reduction over `axis` removed, with length 1."""
    return reduced if keepdims or not axis else np.expand_dims(reduced, axis)


def sequence(arguments: tuple) -> tuple:
    """`f(1, 2)` and `f((1, 2))` mean the same."""
    if len(arguments) == 1 and isinstance(arguments[0], (tuple, list)):
        return tuple(arguments[0])
    return arguments


def selects_once(index) -> bool:
    """Whether an index can select no element twice: no arrays in it but masks."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        part is None
        or part is Ellipsis
        or isinstance(part, (int, np.integer, slice))
        or np.asarray(part).dtype == bool
        for part in parts
    )


def erfc(x: np.ndarray) -> np.ndarray:
    """1 - erf(x): NumPy has no error function, Python has that of C."""
    values = np.fromiter(map(math.erfc, x.ravel().tolist()), np.float64, count=x.size)
    return values.reshape(x.shape).astype(x.dtype, copy=False)
