"""Tensor: a NumPy array that remembers how it was computed.

Each operation states its value and, right below, one derivative per input: a function from
the gradient of the output to the gradient of that input. Broadcasting is undone by the walk
(`autograd.backward`), so no derivative here mentions it.
"""

import numpy as np

from tinytorch.core import autograd


def as_array(value, dtype=None) -> np.ndarray:
    """`value` as an array: Python numbers and lists become float32, arrays keep their dtype."""
    if isinstance(value, Tensor):
        value = value._data
    if dtype is None and not isinstance(value, (np.ndarray, np.generic)):
        dtype = np.float32
    try:
        array = np.asarray(value, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"a tensor is made from numbers, nested lists of equal length or arrays; got {value!r}"
        ) from error
    if array.dtype.kind not in "fiub":
        raise TypeError(f"a tensor holds real numbers or booleans; got dtype {array.dtype}")
    return array


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

    The graph lives as long as its output does: `backward` can be called again and accumulates.
    Only leaves keep a gradient; an intermediate tensor does after `retain_grad()`.

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
        return self._data

    @data.setter
    def data(self, value):
        self._data = as_array(
            value, None if isinstance(value, (np.ndarray, Tensor)) else self.dtype
        )

    @property
    def grad(self):
        return self._grad

    @grad.setter
    def grad(self, value):
        if value is not None:
            value = value if isinstance(value, Tensor) else Tensor(as_array(value, self.dtype))
            if value.shape != self.shape:
                raise ValueError(f"grad has shape {value.shape}, but its tensor {self.shape}")
        self._grad = value

    @property
    def shape(self) -> tuple:
        return self._data.shape

    @property
    def ndim(self) -> int:
        return self._data.ndim

    @property
    def size(self) -> int:
        return self._data.size

    @property
    def dtype(self) -> np.dtype:
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

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        return bool(self.item())

    def __repr__(self) -> str:
        body = np.array2string(self._data, separator=", ", prefix="Tensor(", precision=4)
        dtype = "" if self.dtype == np.float32 else f", dtype={self.dtype}"
        grad = ", requires_grad=True" if self.requires_grad else ""
        return f"Tensor({body}{dtype}{grad})"

    def item(self):
        """The one number in this tensor, as a Python number."""
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
            gradient = np.ones_like(self._data)
        else:
            gradient = as_array(gradient, self.dtype)
            if gradient.shape != self.shape:
                raise ValueError(
                    f"gradient has shape {gradient.shape}, but its tensor {self.shape}"
                )
        autograd.backward(self, gradient)

    def _accumulate(self, g: np.ndarray, owns: bool) -> None:
        if self._grad is None:
            self._grad = Tensor(g if owns else g.copy())
        else:
            self._grad = Tensor(self._grad._data + g)

    # Arithmetic

    def __add__(self, other):
        a, b, value = elementwise("+", np.add, self, other)
        return record(value, (a, lambda g: g), (b, lambda g: g))

    def __sub__(self, other):
        a, b, value = elementwise("-", np.subtract, self, other)
        return record(value, (a, lambda g: g), (b, lambda g: -g))

    def __mul__(self, other):
        a, b, value = elementwise("*", np.multiply, self, other)
        return record(value, (a, lambda g: g * b._data), (b, lambda g: g * a._data))

    def __truediv__(self, other):
        a, b, value = elementwise("/", np.true_divide, self, other)
        return record(
            value,
            (a, lambda g: g / b._data),
            (b, lambda g: -g * value / b._data),
        )

    def __pow__(self, other):
        if isinstance(other, (int, float)) and other == 2:  # np.power is four times slower
            return record(np.square(self._data), (self, lambda g: 2 * g * self._data))
        a, b, value = elementwise("**", np.power, self, other)
        return record(
            value,
            (a, lambda g: g * b._data * np.power(a._data, np.where(b._data == 0, 1, b._data - 1))),
            (b, lambda g: g * value * np.log(np.where(a._data > 0, a._data, 1))),
        )

    def __matmul__(self, other):
        a, b = self, as_tensor(other, self.dtype)
        if not a.ndim or not b.ndim or a.shape[-1] != b.shape[max(b.ndim - 2, 0)]:
            raise ValueError(f"cannot matrix-multiply shapes {a.shape} and {b.shape}")
        if a.ndim == 1 or b.ndim == 1:
            if a.ndim == b.ndim:
                return (a * b).sum()
            if a.ndim == 1:
                return (a.reshape(1, -1) @ b).squeeze(-2)
            return (a @ b.reshape(-1, 1)).squeeze(-1)
        return record(
            a._data @ b._data,
            (a, lambda g: g @ b._data.swapaxes(-1, -2)),
            (b, lambda g: a._data.swapaxes(-1, -2) @ g),
        )

    def __neg__(self):
        return record(-self._data, (self, lambda g: -g))

    def __abs__(self):
        return record(np.abs(self._data), (self, lambda g: g * np.sign(self._data)))

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
        value = np.exp(self._data)
        return record(value, (self, lambda g: g * value))

    def log(self):
        return record(np.log(self._data), (self, lambda g: g / self._data))

    def sqrt(self):
        value = np.sqrt(self._data)
        return record(value, (self, lambda g: g / (2 * value)))

    def abs(self):
        return abs(self)

    def tanh(self):
        value = np.tanh(self._data)
        return record(value, (self, lambda g: g * (1 - value * value)))

    def sigmoid(self):
        half = self.dtype.type(0.5)
        value = half + half * np.tanh(half * self._data)  # exp would overflow
        return record(value, (self, lambda g: g * value * (1 - value)))

    def relu(self):
        value = np.maximum(self._data, 0)
        return record(value, (self, lambda g: g * (value > 0)))

    # Reductions

    def sum(self, axis=None, keepdims: bool = False):
        return record(
            self._data.sum(axis=axis, keepdims=keepdims),
            (self, lambda g: np.broadcast_to(restore(g, axis, keepdims), self.shape)),
        )

    def mean(self, axis=None, keepdims: bool = False):
        value = self._data.mean(axis=axis, keepdims=keepdims)
        count = self.size // max(value.size, 1)
        return record(
            value,
            (self, lambda g: np.broadcast_to(restore(g, axis, keepdims) / count, self.shape)),
        )

    def var(self, axis=None, keepdims: bool = False, correction: int = 1):
        """Variance: squared deviations from the mean over (count - correction)."""
        deviation = self - self.mean(axis, keepdims=True)
        total = (deviation * deviation).sum(axis, keepdims)
        return total / (self.size // max(total.size, 1) - correction)

    def max(self, axis=None, keepdims: bool = False):
        """The largest element; equal ones share the gradient evenly."""
        return self._extremum(np.max, axis, keepdims)

    def min(self, axis=None, keepdims: bool = False):
        """The smallest element; equal ones share the gradient evenly."""
        return self._extremum(np.min, axis, keepdims)

    def _extremum(self, reduce, axis, keepdims):
        value = reduce(self._data, axis=axis, keepdims=keepdims)

        def derivative(g):
            chosen = self._data == restore(value, axis, keepdims)
            return restore(g, axis, keepdims) * chosen / chosen.sum(axis=axis, keepdims=True)

        return record(value, (self, derivative))

    def argmax(self, axis=None) -> np.ndarray:
        """Indices of the largest elements, as an array."""
        return self._data.argmax(axis=axis)

    # Shape

    def reshape(self, *shape):
        if len(shape) == 1 and isinstance(shape[0], (tuple, list)):
            shape = tuple(shape[0])
        return record(self._data.reshape(shape), (self, lambda g: g.reshape(self.shape)))

    def transpose(self, *axes):
        """Permute the axes; without arguments reverse them."""
        if len(axes) == 1 and isinstance(axes[0], (tuple, list)):
            axes = tuple(axes[0])
        axes = axes or tuple(reversed(range(self.ndim)))
        return record(
            self._data.transpose(axes),
            (self, lambda g: g.transpose(np.argsort([a % self.ndim for a in axes]))),
        )

    @property
    def T(self):
        return self.transpose()

    def squeeze(self, axis=None):
        return record(self._data.squeeze(axis), (self, lambda g: g.reshape(self.shape)))

    def unsqueeze(self, axis: int):
        return record(np.expand_dims(self._data, axis), (self, lambda g: g.reshape(self.shape)))

    def astype(self, dtype):
        return record(self._data.astype(dtype), (self, lambda g: g))

    def __getitem__(self, index):
        index = raw_index(index)

        def derivative(g):
            whole = np.zeros_like(self._data)
            np.add.at(whole, index, g)
            return whole

        return record(np.asarray(self._data[index]), (self, derivative))


Variable = Tensor  # the name of older textbooks


def as_tensor(value, dtype) -> Tensor:
    """`value` as a tensor; a plain number takes `dtype`, so that float32 stays float32."""
    if isinstance(value, Tensor):
        return value
    return Tensor(as_array(value, dtype if isinstance(value, (int, float, np.generic)) else None))


def raw(value):
    return value._data if isinstance(value, Tensor) else value


def raw_index(index):
    return tuple(raw(i) for i in index) if isinstance(index, tuple) else raw(index)


def elementwise(symbol: str, ufunc, a: Tensor, b) -> tuple[Tensor, Tensor, np.ndarray]:
    """Both operands as tensors, and the array `ufunc(a, b)`."""
    b = as_tensor(b, a.dtype)
    try:
        return a, b, ufunc(a._data, b._data)
    except ValueError as error:
        raise ValueError(
            f"cannot broadcast shapes {a.shape} and {b.shape} in tensor {symbol} tensor"
        ) from error


def restore(reduced: np.ndarray, axis, keepdims: bool) -> np.ndarray:
    """Put back the axes that a reduction over `axis` removed, with length 1."""
    return reduced if axis is None or keepdims else np.expand_dims(reduced, axis)


def record(value: np.ndarray, *edges: tuple) -> Tensor:
    """A tensor with `value`, and the edges to those inputs that require a gradient."""
    out = Tensor.__new__(Tensor)
    out._data = np.asarray(value)
    out._grad = None
    out._retain = False
    out._edges = (
        tuple(edge for edge in edges if edge[0].requires_grad) if autograd.grad_enabled() else ()
    )
    out.requires_grad = bool(out._edges)
    return out
