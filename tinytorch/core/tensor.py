"""Tensor: a NumPy array that remembers how it was computed.

Each operation states its value and, right below, one derivative per input: a function from
the gradient of the output to the gradient of that input. Broadcasting is undone by the walk
(`autograd.backward`), so no derivative here mentions it. A derivative keeps the arrays it needs;
`record` notes of which tensors, and `backward` refuses if one of them was written into since.
"""

import functools
import math
import operator
from numbers import Real
from typing import NamedTuple

import numpy as np

from tinytorch.core import autograd
from tinytorch.core.axes import axes, dims, one_axis, restore, selects_once, sequence
from tinytorch.core.hints import missing
from tinytorch.core.stable import FAR, exponentials, logistic, normal, sech2
from tinytorch.core.sums import total


class Tensor:
    """An array with a gradient.

    Arguments:
        data: number, nested list, array or tensor. Python numbers and lists become float32;
            a NumPy array keeps its dtype and is not copied.
        requires_grad: whether `backward` should leave a gradient in `grad`. Only for floats.
        dtype: convert to this NumPy dtype: float32, float64, an integer's, or bool.

    Attributes:
        data: the array (`numpy.ndarray`), of any shape.
        grad: None, or a tensor of the same shape and dtype, filled by `backward`.

    The graph lives as long as its output does: `backward` can be called again and accumulates. It
    reads the arrays that the output was computed from: once one of them was overwritten by an
    optimizer's step, a state that was loaded or an assignment to the tensor, `backward` raises
    rather than mix old values and new. What is written into the bare array (`x.data[0] = 1`,
    `array -= 1`) is not seen; `x.overwritten()` tells of it.
    Only leaves keep a gradient; an intermediate tensor does after `retain_grad()`.

    An operation between a float and an integer has the float's dtype; one between an array and
    a number (Python's, NumPy's, or a tensor of shape ()) has the array's: float32 stays float32.

    Raises:
        TypeError: `data` is not numeric, or of another precision than those two (half, long
            double); `requires_grad` is neither True nor False, or on integers or booleans.

    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    Tensor([2., 4.])
    """

    __slots__ = (
        "__weakref__",
        "_data",
        "_edges",
        "_grad",
        "_made",
        "_requires",
        "_retain",
        "_saved",
        "_version",
    )
    __hash__ = object.__hash__

    def __init__(self, data, requires_grad: bool = False, *, dtype=None):
        self._data = as_array(data, dtype)
        self._grad = None
        self._edges = self._saved = ()
        self._made = autograd.clock[0]
        self._version = [0]  # when it was last written into; one list with its views
        self._retain = False
        self._requires = False
        self.requires_grad = requires_grad

    # What a tensor is

    @property
    def data(self) -> np.ndarray:
        """The array, shared with whoever holds it; assigning gives the tensor another.

        >>> Tensor([1.0, 2.0]).data.sum().item()
        3.0
        """
        return self._data

    @data.setter
    def data(self, value):
        keeps = isinstance(value, (np.ndarray, Tensor))
        value = as_array(value, None if keeps else self.dtype)
        if self._requires and value.dtype.kind != "f":
            value = value.astype(self.dtype)  # whole numbers in a parameter would cut its gradient
        self._data = value
        self.overwritten()

    @property
    def requires_grad(self) -> bool:
        """Whether `backward` goes through this tensor.

        Raises:
            TypeError: set to something else than True or False, or to True on integers.
            RuntimeError: set to False on a tensor that was computed: use `detach()`.

        >>> (Tensor([1.0], requires_grad=True) * 2).requires_grad
        True
        """
        return self._requires

    @requires_grad.setter
    def requires_grad(self, value):
        if not isinstance(value, (bool, np.bool_)):
            raise TypeError(
                f"requires_grad must be True or False, got {value!r}; several numbers are one "
                "list: Tensor([3, 4])"
            )
        if value and self._data.dtype.kind != "f":
            raise TypeError(
                f"requires_grad needs floating-point data, got {self._data.dtype}; "
                "convert with .astype('float32')"
            )
        if self._edges and not value:
            raise RuntimeError(
                "requires_grad can be switched off for leaves only: this tensor was computed from "
                "others, use .detach()"
            )
        self._requires = bool(value)

    @property
    def grad(self):
        """The accumulated gradient, a tensor, or None before `backward`.

        It has the tensor's shape and dtype: what is set is converted to the dtype.

        Raises:
            ValueError: another shape is set.

        >>> Tensor([1.0], requires_grad=True).grad is None
        True
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
        """The lengths of the axes.

        >>> Tensor([[1.0, 2.0]]).shape
        (1, 2)
        """
        return self._data.shape

    @property
    def ndim(self) -> int:
        """How many axes there are.

        >>> Tensor([[1.0, 2.0]]).ndim
        2
        """
        return self._data.ndim

    @property
    def size(self) -> "Size":
        """How many elements there are. Called as in PyTorch, `x.size(0)`, it gives the shape.

        >>> x = Tensor([[1.0, 2.0]])
        >>> x.size, x.size(1)
        (2, 2)
        """
        n = Size(self._data.size)
        n.shape = self._data.shape
        return n

    @property
    def dtype(self) -> np.dtype:
        """The NumPy type of the elements.

        >>> Tensor([1, 2]).dtype
        dtype('float32')
        """
        return self._data.dtype

    @property
    def is_leaf(self) -> bool:
        """Whether this tensor was made by the user, not computed by a recorded operation.

        >>> x = Tensor([1.0], requires_grad=True)
        >>> x.is_leaf, (x * 2).is_leaf
        (True, False)
        """
        return not self._edges

    def __getattr__(self, name: str):
        raise missing("Tensor", name)

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("a tensor of shape () has no length")
        return len(self._data)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __array__(self, dtype=None, copy=None):
        if self._requires and autograd.grad_enabled():
            raise cut("an array made of it")
        return np.array(self._data, dtype=dtype, copy=copy)

    def __array_function__(self, function, types, args, kwargs):
        """Let NumPy's functions read a tensor, but not cut a graph silently."""
        result = function(*unwrapped(args), **unwrapped(kwargs))
        if recorded(args, kwargs) and holds_floats(result):
            raise cut(f"np.{function.__name__}")
        return result

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **kwargs):
        """NumPy's functions of elements: ours where there is one, else NumPy's on the arrays.

        `array * tensor` comes here too, as does `array -= tensor`, whose result is the array.
        """
        own = UFUNCS.get(ufunc.__name__) if method == "__call__" else None
        if own and out is None and not kwargs:
            first, *others = inputs
            return own(as_tensor(first, self.dtype), *others)
        if out is not None:
            if recorded(inputs, out):
                raise cut(f"np.{ufunc.__name__} into an array")
            kwargs["out"] = tuple(map(raw, out))
        result = getattr(ufunc, method)(*map(raw, inputs), **kwargs)
        if recorded(inputs) and holds_floats(result):
            raise cut(f"np.{ufunc.__name__}")
        return result

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self._data.dtype.kind not in "iu" or self._data.size != 1:
            raise TypeError(f"an index must be one whole number, not a tensor {self!r}")
        return self._data.item()

    def __bool__(self) -> bool:
        if self._data.size != 1:
            raise ValueError(
                f"a tensor of shape {self.shape} is neither true nor false: "
                "compare it first, then use .any() or .all()"
            )
        return bool(self.item())

    def __repr__(self) -> str:
        body = np.array2string(self._data, separator=", ", prefix="Tensor(", precision=4)
        shape = f", shape={self.shape}" if self._data.size == 0 or "..." in body else ""
        dtype = "" if self.dtype == np.float32 else f", dtype={self.dtype}"
        grad = ", requires_grad=True" if self.requires_grad else ""
        return f"Tensor({body}{shape}{dtype}{grad})"

    def item(self):
        """The one number in this tensor, as a Python number.

        Raises:
            ValueError: there are more elements than one, or none.

        >>> Tensor([1.5]).item()
        1.5
        """
        if self._data.size != 1:
            raise ValueError(
                f"item() needs a tensor with one element, this one has shape {self.shape}"
            )
        return self._data.item()

    def numpy(self) -> np.ndarray:
        """The array itself (shared, not copied).

        >>> type(Tensor([1.5]).numpy()).__name__
        'ndarray'
        """
        return self._data

    def detach(self) -> "Tensor":
        """The same data, cut from the graph.

        >>> (Tensor([1.0], requires_grad=True) * 2).detach()
        Tensor([2.])
        """
        return self._same_version(Tensor(self._data))

    def _same_version(self, view: "Tensor") -> "Tensor":
        """A tensor on the same memory: who writes into one has written into the other."""
        view._version = self._version
        return view

    def clone(self) -> "Tensor":
        """A copy that stays in the graph.

        >>> Tensor([1.0], requires_grad=True).clone().requires_grad
        True
        """
        return passed(self._data.copy(), (self, lambda g: g))

    def __deepcopy__(self, memo) -> "Tensor":
        if self._edges:
            raise RuntimeError("only leaves can be copied deeply; use .detach() or .clone()")
        copy = Tensor(self._data.copy(), self.requires_grad)
        copy._grad = None if self._grad is None else Tensor(self._grad._data.copy())
        memo[id(self)] = copy
        return copy

    def __reduce__(self):
        if self._edges:
            raise RuntimeError("only leaves can be pickled; use .detach() or .clone()")
        return _unpickled, (self._data, self._requires, self._grad)

    def overwritten(self) -> None:
        """Say that other numbers were written into the array.

        From now on `backward` of what was computed from it before raises. Steps, loads and
        assignments call this themselves.

        >>> x = Tensor([1.0], requires_grad=True)
        >>> y = (x * x).sum()
        >>> x.data[0] = 5
        >>> x.overwritten()  # y.backward() raises now
        """
        self._version[0] = autograd.tick()

    def copy_(self, values) -> "Tensor":
        """Write `values`, of the same shape, into the array.

        Raises:
            ValueError: the shape is another one, or the array is read-only.
            OverflowError: the tensor holds integers, and a value is none of its dtype.

        >>> Tensor([1.0, 2.0]).copy_([3.0, 4.0])
        Tensor([3., 4.])
        """
        values = unchanged(values, self.dtype)
        if values.shape != self.shape:
            raise ValueError(f"copy_ into a tensor of shape {self.shape}, got {values.shape}")
        if not self._data.flags.writeable:
            raise ValueError(
                f"copy_ into a tensor of shape {self.shape} on a read-only array: clone() it first"
            )
        np.copyto(self._data, values)
        self.overwritten()
        return self

    def zero_grad(self) -> None:
        """Forget the gradient.

        >>> x = Tensor([1.0], requires_grad=True)
        >>> x.sum().backward()
        >>> x.zero_grad()
        >>> x.grad is None
        True
        """
        self._grad = None

    def retain_grad(self) -> None:
        """Keep the gradient of this tensor in `backward`, even if it is not a leaf.

        >>> x = Tensor([3.0], requires_grad=True)
        >>> y = x * 2
        >>> y.retain_grad()
        >>> (y * y).sum().backward()
        >>> y.grad
        Tensor([12.])
        """
        self._retain = True

    def backward(self, gradient=None, retain_graph=None, create_graph: bool = False) -> None:
        """Add the derivative of this tensor to the `grad` of every leaf it was computed from.

        Arguments:
            gradient: d(something)/d(self), of this tensor's shape; 1 by default, for a scalar.
            retain_graph: PyTorch's; here the graph stays as long as the tensor does.
            create_graph: PyTorch's; there is no graph of a gradient here.

        Raises:
            NotImplementedError: `create_graph` is true.
            RuntimeError: nothing this tensor was computed from requires a gradient, or something
                that is needed was overwritten since.
            ValueError: `gradient` is missing for a tensor that is no scalar, or has another shape.

        >>> x = Tensor([1.0, 2.0], requires_grad=True)
        >>> (x * x).backward([1.0, 10.0])
        >>> x.grad
        Tensor([ 2., 40.])
        """
        if create_graph:
            raise NotImplementedError(
                "backward(create_graph=True): a gradient has no graph here; for products with "
                "second derivatives use tinytorch.hvp"
            )
        if not self.requires_grad:
            raise RuntimeError(
                "backward() on a tensor that does not require a gradient: make a leaf with "
                "requires_grad=True, and compute outside no_grad()"
            )
        if gradient is None:
            if self._data.size != 1:
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
        return passed(value, (a, lambda g: g), (b, lambda g: g))

    def __sub__(self, other):
        a, b, value = elementwise("-", np.subtract, self, other)
        return passed(value, (a, lambda g: g), (b, lambda g: -g))

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
        if self._data.dtype.kind == "b":
            raise TypeError(f"-tensor of booleans: {NO_MINUS}")
        return passed(-self._data, (self, lambda g: -g))

    def __abs__(self):
        x = self._data
        return record(np.abs(x), (self, lambda g: g * np.sign(x)))

    def __pos__(self):
        return self

    # Of booleans and integers, bit by bit: an array, as a comparison gives

    def __invert__(self):
        return self._bits("~", np.invert)

    def __and__(self, other):
        return self._bits("&", np.bitwise_and, other)

    def __or__(self, other):
        return self._bits("|", np.bitwise_or, other)

    def __xor__(self, other):
        return self._bits("^", np.bitwise_xor, other)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def _bits(self, symbol: str, ufunc, *others):
        values = (self._data, *(np.asarray(raw(other)) for other in others))
        if any(value.dtype.kind not in "iub" for value in values):
            kinds = " and ".join(str(value.dtype) for value in values)
            raise TypeError(f"{symbol} is of booleans or integers, not of {kinds}: compare first")
        if len(values) == 2 and (what := misfit(*values)):
            raise ValueError(f"{what} in tensor {symbol} tensor")
        return answer(np.asarray(ufunc(*values)))

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
            self._data = unchanged(result, self.dtype)
            self.overwritten()
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
        data, value = self._data.copy(), unchanged(value, self.dtype)
        try:
            data[raw_index(index)] = value
        except (IndexError, ValueError) as error:
            raise type(error)(
                f"cannot put values of shape {value.shape} into these places of a tensor of shape "
                f"{self.shape}: {error}"
            ) from error
        self._data = data
        self.overwritten()

    # Comparison gives arrays of booleans: nothing flows back through it

    def __eq__(self, other):
        return False if other is None else compared("==", operator.eq, self, other)

    def __ne__(self, other):
        return True if other is None else compared("!=", operator.ne, self, other)

    def __lt__(self, other):
        return compared("<", operator.lt, self, other)

    def __le__(self, other):
        return compared("<=", operator.le, self, other)

    def __gt__(self, other):
        return compared(">", operator.gt, self, other)

    def __ge__(self, other):
        return compared(">=", operator.ge, self, other)

    # Functions of one number, element by element

    def exp(self):
        """e to the power of each element.

        >>> Tensor([0.0]).exp()
        Tensor([1.])
        """
        x = as_float(self)
        value = np.exp(x._data)
        return record(value, (x, lambda g: g * value))

    def log(self):
        """The natural logarithm of each element.

        >>> Tensor([1.0]).log()
        Tensor([0.])
        """
        x = as_float(self)
        data = x._data
        return record(np.log(data), (x, lambda g: g / data))

    def sqrt(self):
        """The square root of each element.

        >>> Tensor([4.0]).sqrt()
        Tensor([2.])
        """
        x = as_float(self)
        value = np.sqrt(x._data)
        return record(value, (x, lambda g: g / (2 * value)))

    def abs(self):
        """The absolute value of each element; its derivative at 0 is 0.

        >>> Tensor([-4.0]).abs()
        Tensor([4.])
        """
        return abs(self)

    def tanh(self):
        """The hyperbolic tangent of each element.

        >>> Tensor([0.0]).tanh()
        Tensor([0.])
        """
        x = as_float(self)
        data = x._data
        return record(np.tanh(data), (x, lambda g: g * sech2(data)))

    def sigmoid(self):
        """1 / (1 + exp(-x)) for each element x.

        >>> Tensor([0.0]).sigmoid()
        Tensor([0.5])
        """
        x = as_float(self)
        value, other = logistic(x._data)  # σ(x) and 1 - σ(x), where exp does not overflow
        return record(value, (x, lambda g: g * value * other))

    def relu(self):
        """max(0, x) for each element x; its derivative at 0 is 0.

        >>> Tensor([-1.0, 2.0]).relu()
        Tensor([0., 2.])
        """
        value = np.maximum(self._data, 0)
        return record(value, (self, lambda g: g * (value > 0)))

    def gelu(self, approximate: str = "none"):
        """x Φ(x) with the normal distribution function Φ (Hendrycks and Gimpel 2016).

        `approximate="tanh"` replaces Φ(x) by ½(1 + tanh(√(2/π)(x + 0.044715 x³))).

        Raises:
            ValueError: `approximate` is neither "none" nor "tanh".

        >>> Tensor([0.0, 40.0]).gelu()
        Tensor([ 0., 40.])
        """
        tensor = as_float(self)
        x = tensor._data
        if approximate == "none":
            cumulative, slope = (part.astype(x.dtype, copy=False) for part in normal(x))
        elif approximate == "tanh":
            scale, near = math.sqrt(8 / math.pi), np.clip(x.astype(np.float64), -FAR, FAR)
            cumulative, other = logistic(scale * (near + 0.044715 * near * near * near))
            slope = scale * cumulative * other * (1 + 3 * 0.044715 * near * near)
            cumulative, slope = (part.astype(x.dtype, copy=False) for part in (cumulative, slope))
        else:
            raise ValueError(f"gelu: approximate must be 'none' or 'tanh', got {approximate!r}")
        return record(x * cumulative, (tensor, lambda g: g * (cumulative + x * slope)))

    def clip(self, min=None, max=None):
        """Limit to [min, max]; what lies outside passes its gradient to the bound it met.

        >>> Tensor([-3.0, 0.5, 3.0]).clip(-1, 1)
        Tensor([-1. ,  0.5,  1. ])
        """
        bounds = [raw(bound) for bound in (min, max) if bound is not None]
        whole = all(np.asarray(bound).dtype.kind in "iub" for bound in bounds)
        tensor = self if whole else as_float(self)
        x = tensor._data
        low = -np.inf if min is None else raw(min)
        high = np.inf if max is None else raw(max)
        try:
            value = np.clip(x, low, high).astype(x.dtype, copy=False)
        except (TypeError, ValueError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(
                f"clip: min {min!r} and max {max!r} do not limit a tensor of shape {x.shape}"
            ) from error
        edges = [(tensor, lambda g: g * ((low <= x) & (x <= high)))]
        if isinstance(min, Tensor):
            edges.append((min, lambda g: g * ((x < low) & (low <= high))))
        if isinstance(max, Tensor):
            edges.append((max, lambda g: g * (np.maximum(x, low) > high)))
        return record(value, *edges)

    # Reductions

    @dims
    def sum(self, axis=None, keepdims: bool = False):
        """The sum over `axis`: None for all, a number, or several.

        >>> Tensor([[1.0, 2.0], [3.0, 4.0]]).sum(axis=0)
        Tensor([4., 6.])
        """
        axis = axes("sum", axis, self.shape)
        shape = self.shape
        return passed(
            total(self._data, axis, keepdims),
            (self, lambda g: np.broadcast_to(restore(g, axis, keepdims), shape)),
        )

    @dims
    def mean(self, axis=None, keepdims: bool = False):
        """The mean over `axis`: None for all, a number, or several.

        >>> Tensor([[1.0, 2.0], [3.0, 4.0]]).mean(axis=1)
        Tensor([1.5, 3.5])
        """
        axis = axes("mean", axis, self.shape)
        x, shape = as_float(self), self.shape
        count = math.prod(shape[i] for i in axis)
        return passed(
            total(x._data, axis, keepdims) / count,
            (x, lambda g: np.broadcast_to(restore(g, axis, keepdims) / count, shape)),
        )

    @dims
    def var(self, axis=None, keepdims: bool = False, correction: int = 1, *, unbiased=None):
        """Variance: squared deviations from the mean over (count - correction).

        `unbiased` is PyTorch's: True for a correction of 1, False for 0.

        Raises:
            ValueError: `axis` does not fit, or there are no more than `correction` elements.

        >>> Tensor([1.0, 2.0, 3.0]).var()
        Tensor(1.)
        """
        axis = axes("var", axis, self.shape)
        correction = correction if unbiased is None else int(unbiased)
        x = as_float(self)
        count = math.prod(self.shape[i] for i in axis) - correction
        if count <= 0:
            raise ValueError(
                f"var with correction={correction} needs more than {correction} elements, "
                f"but takes {count + correction} of a tensor of shape {self.shape}"
            )
        deviation = x._data - total(x._data, axis, True) / (count + correction)
        return record(
            total(np.square(deviation), axis, keepdims) / count,
            (x, lambda g: restore(g, axis, keepdims) * deviation * (2 / count)),
        )

    def max(self, axis=None, keepdims: bool = False, *, dim=None, keepdim: bool = False):
        """The largest element; equal ones share the gradient evenly.

        With `dim` in the place of `axis`, as PyTorch has it: (values, indices).

        Raises:
            ValueError: `axis` does not fit, or there are no elements along it.

        >>> Tensor([[1.0, 2.0], [4.0, 3.0]]).max(axis=1)
        Tensor([2., 4.])
        """
        if dim is not None:
            values = self._extremum("max", np.maximum, dim, keepdim)
            return Extremes(values, self.argmax(dim, keepdim))
        return self._extremum("max", np.maximum, axis, keepdims or keepdim)

    def min(self, axis=None, keepdims: bool = False, *, dim=None, keepdim: bool = False):
        """The smallest element; equal ones share the gradient evenly.

        With `dim` in the place of `axis`, as PyTorch has it: (values, indices).

        Raises:
            ValueError: `axis` does not fit, or there are no elements along it.

        >>> Tensor([[1.0, 2.0], [4.0, 3.0]]).min()
        Tensor(1.)
        """
        if dim is not None:
            values = self._extremum("min", np.minimum, dim, keepdim)
            return Extremes(values, self.argmin(dim, keepdim))
        return self._extremum("min", np.minimum, axis, keepdims or keepdim)

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

    @dims
    def argmax(self, axis=None, keepdims: bool = False):
        """Indices of the largest elements, as an array (`Answer`).

        >>> Tensor([[1.0, 2.0], [4.0, 3.0]]).argmax(axis=1).tolist()
        [1, 0]
        """
        return self._place("argmax", axis, keepdims)

    @dims
    def argmin(self, axis=None, keepdims: bool = False):
        """Indices of the smallest elements, as an array (`Answer`).

        >>> Tensor([[1.0, 2.0], [4.0, 3.0]]).argmin(axis=1).tolist()
        [0, 1]
        """
        return self._place("argmin", axis, keepdims)

    def _place(self, name, axis, keepdims):
        if axis is not None:
            axis = one_axis(name, axis, self.shape)
        if not (self._data.size if axis is None else self.shape[axis]):
            raise ValueError(f"{name} over no elements: the shape is {self.shape}")
        return answer(getattr(self._data, name)(axis=axis, keepdims=keepdims))

    @dims
    def logsumexp(self, axis=None, keepdims: bool = False):
        """log Σ exp(x), computed without overflow.

        >>> Tensor([1000.0, -1000.0]).logsumexp()
        Tensor(1000.)
        """
        axis = axes("logsumexp", axis, self.shape)
        tensor = as_float(self)
        shift, exp, sums, _, log_sums = exponentials(tensor._data, axis)
        value = shift + log_sums
        return record(
            value if keepdims else value.squeeze(axis),
            (tensor, lambda g: restore(g, axis, keepdims) * (exp / sums)),
        )

    @dims
    def softmax(self, axis: int = -1):
        """exp(x) / Σ exp(x) along `axis`, computed without overflow.

        >>> Tensor([1000.0, 1000.0]).softmax()
        Tensor([0.5, 0.5])
        """
        axis = axes("softmax", axis, self.shape)
        x = as_float(self)
        value = np.exp(x._data - x._data.max(axis=axis, keepdims=True, initial=-np.inf))
        value /= total(value, axis, True)

        def derivative(g):  # of g less what it is where softmax is largest: 1 - p is not rounded
            top = value == value.max(axis=axis, keepdims=True, initial=0)
            count = top.sum(axis=axis, keepdims=True, dtype=g.dtype)
            g = g - total(g * top, axis, True) / np.maximum(count, 1)
            return value * (g - total(g * value, axis, True))

        return record(value, (x, derivative))

    @dims
    def log_softmax(self, axis: int = -1):
        """x - log Σ exp(x) along `axis`, computed without overflow.

        >>> Tensor([1000.0, 0.0]).log_softmax().tolist()
        [0.0, -1000.0]
        """
        axis = axes("log_softmax", axis, self.shape)
        x = as_float(self)
        *_, z, log_sums = exponentials(x._data, axis)
        value = z - log_sums

        def derivative(g):  # g - p Σg, with 1 - p as what it is
            return -np.expm1(value) * g - np.exp(value) * (total(g, axis, True) - g)

        return record(value, (x, derivative))

    # Shape

    def reshape(self, *shape):
        """The same elements in another shape; one length may be -1.

        Raises:
            ValueError: they are not as many as the other shape holds.

        >>> Tensor([1.0, 2.0, 3.0, 4.0]).reshape(2, -1).shape
        (2, 2)
        """
        shape, before, value = sequence(shape), self.shape, self._data
        try:
            value = value.reshape(shape)
            if value.shape != shape and min(shape) < -1:
                raise ValueError("a length is negative")
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"cannot reshape a tensor of shape {before}, {value.size} elements, into {shape}"
            ) from error
        return viewed(value, self, lambda g: g.reshape(before))

    def permute(self, *order):
        """The axes in another order: `x.permute(2, 0, 1)`.

        Raises:
            ValueError: the axes are not all named, each once.

        >>> tinytorch.zeros(2, 3, 4).permute(2, 0, 1).shape
        (4, 2, 3)
        """
        order = axes("permute", sequence(order), self.shape)
        if len(order) != self.ndim:
            raise ValueError(f"permute needs every axis of shape {self.shape}, got {order}")
        back = tuple(np.argsort(order))
        return viewed(self._data.transpose(order), self, lambda g: g.transpose(back))

    def transpose(self, *order):
        """Reverse the axes; given two, swap these (as PyTorch does); given all, permute them.

        >>> tinytorch.zeros(2, 3, 4).transpose(0, 1).shape
        (3, 2, 4)
        """
        order = sequence(order)
        if len(order) == 2:
            i, j = axes("transpose", order, self.shape)
            order = list(range(self.ndim))
            order[i], order[j] = j, i
        return self.permute(order or tuple(reversed(range(self.ndim))))

    @property
    def T(self):
        """The axes reversed.

        >>> tinytorch.zeros(2, 3).T.shape
        (3, 2)
        """
        return self.transpose()

    @dims
    def squeeze(self, axis=None):
        """Drop axes of length 1: all of them, or those named.

        Raises:
            ValueError: one that is named has another length, or is not there.

        >>> tinytorch.zeros(2, 1).squeeze(1).shape
        (2,)
        """
        shape = self.shape
        if axis is None:
            axis = tuple(i for i, n in enumerate(shape) if n == 1)
        axis = axes("squeeze", axis, shape)
        if any(shape[i] != 1 for i in axis):
            raise ValueError(f"squeeze: the axes {axis} of shape {shape} are not all of length 1")
        return viewed(self._data.squeeze(axis), self, lambda g: g.reshape(shape))

    @dims
    def unsqueeze(self, axis: int):
        """Insert an axis of length 1 at this place.

        >>> tinytorch.zeros(2).unsqueeze(0).shape
        (1, 2)
        """
        axis = one_axis("unsqueeze", axis, (*self.shape, 1))
        shape = self.shape
        return viewed(np.expand_dims(self._data, axis), self, lambda g: g.reshape(shape))

    def expand(self, *shape):
        """Repeat along axes of length 1, without copying; -1 keeps an axis as it is.

        Raises:
            ValueError: the tensor does not broadcast to that shape.

        >>> Tensor([[1.0], [2.0]]).expand(2, 3).tolist()
        [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]
        """
        shape = sequence(shape)
        added = len(shape) - self.ndim
        wanted = tuple(
            self.shape[i - added] if n == -1 and i >= added else n for i, n in enumerate(shape)
        )
        try:
            value = np.broadcast_to(self._data, wanted)
        except (TypeError, ValueError) as error:
            raise ValueError(f"cannot expand a tensor of shape {self.shape} to {shape}") from error
        return viewed(value, self, lambda g: g)

    def astype(self, dtype):
        """The same numbers in another dtype; the gradient returns in this one's.

        Raises:
            TypeError: a dtype that a tensor cannot have, such as float16.
            OverflowError: a number beyond the ends of an integer's dtype, or that is none.

        >>> Tensor([1.0]).astype(np.float64).dtype
        dtype('float64')
        """
        value = cast(self._data, admitted(dtype), copy=True)
        return passed(value, (self, lambda g: g)) if value.dtype.kind == "f" else Tensor(value)

    def __getitem__(self, index):
        x, index = self._data, raw_index(index)
        try:
            value = x[index]
        except IndexError as error:
            raise IndexError(f"cannot index a tensor of shape {x.shape}: {error}") from error

        def derivative(g):
            if selects_once(index):
                whole = np.zeros(x.shape, g.dtype)
                whole[index] = g
                return whole
            positions = np.arange(x.size).reshape(x.shape)[index]
            whole = np.zeros(x.size)  # as many may meet in one place as there are rows
            np.add.at(whole, positions.reshape(-1), np.reshape(g, -1))  # fast in one dimension
            return whole.reshape(x.shape).astype(g.dtype, copy=False)

        return viewed(value, self, derivative)


Variable = Tensor  # the name of older textbooks


class Size(int):
    """How many elements a tensor has. Called, the lengths of its axes, or of one of them."""

    shape: tuple

    def __call__(self, axis=None):
        return self.shape if axis is None else self.shape[axis]


class Extremes(NamedTuple):
    """What `max` and `min` give with `dim`: the elements, and their places."""

    values: Tensor
    indices: np.ndarray


class Answer(np.ndarray):
    """An array that no gradient goes through, such as comparisons and argmax give.

    It is NumPy's, with PyTorch's names for what becomes of it.
    """

    def float(self) -> Tensor:
        """The numbers, or 0 and 1, as a float32 tensor."""
        return Tensor(self, dtype=np.float32)

    def double(self) -> Tensor:
        """The same as a float64 tensor."""
        return Tensor(self, dtype=np.float64)

    def long(self) -> Tensor:
        """The same as a tensor of integers."""
        return Tensor(self, dtype=np.int64)

    def type(self, dtype) -> Tensor:
        """The same as a tensor of this dtype."""
        return Tensor(self, dtype=dtype)

    def eq(self, other):
        """Where it equals another, as `==`."""
        return answer(np.asarray(self) == raw(other))

    def cpu(self):
        """The same: there is no other device."""
        return self

    def numpy(self) -> np.ndarray:
        """The same as an ordinary array."""
        return np.asarray(self)


def answer(value):
    return value.view(Answer) if type(value) is np.ndarray else value


# What NumPy's functions of elements are here, by NumPy's names.
UFUNCS = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "power": operator.pow,
    "matmul": operator.matmul,
    "negative": operator.neg,
    "absolute": operator.abs,
    "equal": operator.eq,
    "not_equal": operator.ne,
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    **{name: operator.methodcaller(name) for name in ("exp", "log", "sqrt", "tanh")},
}


def record(value: np.ndarray, *edges: tuple) -> Tensor:
    """A tensor with `value`, and the edges to those inputs that require a gradient.

    The derivatives may read the inputs' arrays. If they read none of them, use `passed`.
    """
    out = Tensor.__new__(Tensor)
    out._data = value if type(value) is np.ndarray else np.asarray(value)
    out._grad = None
    out._retain = False
    out._made = autograd.clock[0]
    out._version = [0]
    needed = edges if autograd.grad_enabled() else ()
    for tensor, _ in needed:
        if not tensor._requires:
            needed = tuple(edge for edge in edges if edge[0]._requires)
            break
    out._edges = needed
    out._saved = edges if needed else ()
    out._requires = bool(needed)
    return out


def passed(value: np.ndarray, *edges: tuple) -> Tensor:
    """As `record`, for derivatives that read none of the arrays, which may therefore change."""
    out = record(value, *edges)
    out._saved = ()
    return out


def viewed(value: np.ndarray, tensor: Tensor, derivative) -> Tensor:
    """As `passed`, for a value that may lie in the memory of `tensor`."""
    out = passed(value, (tensor, derivative))
    return tensor._same_version(out) if np.may_share_memory(value, tensor._data) else out


def _unpickled(data: np.ndarray, requires_grad: bool, grad: Tensor | None) -> Tensor:
    """A leaf from a pickle. When it was written into, and how often, is this process's count."""
    tensor = Tensor(data, requires_grad)
    tensor._grad = grad
    return tensor


# What may become a tensor, and of which dtype


def as_array(value, dtype=None) -> np.ndarray:
    """`value` as an array: Python numbers and lists become float32, arrays keep their dtype."""
    if isinstance(value, Tensor):
        value = value._data
    elif isinstance(value, (list, tuple)) and any(t.requires_grad for t in within(value)):
        raise TypeError("a list of tensors would lose its gradients: use stack or concatenate")
    if dtype is None and not isinstance(value, (np.ndarray, np.generic)):
        dtype = np.float32
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError("a tensor has no mask: pass .filled(value), or the .data and a where()")
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
    return cast(array, admitted(array.dtype if dtype is None else dtype))


def cast(array: np.ndarray, dtype: np.dtype, copy: bool = False) -> np.ndarray:
    """`array` in this dtype; integers drop what stands after the point.

    Raises:
        OverflowError: to integers, of what lies beyond their ends or is no number.
    """
    if dtype.kind in "iu" and array.dtype != dtype and array.dtype.kind != "b" and array.size:
        ends, info = (array.min(), array.max()), np.iinfo(dtype)
        if not all(np.isfinite(end) and info.min <= int(end) <= info.max for end in ends):
            raise OverflowError(f"{ends[0]}..{ends[1]} does not fit into {dtype}")
    return array.astype(dtype, copy=copy)


def unchanged(value, dtype: np.dtype) -> np.ndarray:
    """`value` in the dtype of what it is written into, which must not lose a fraction.

    Raises:
        OverflowError: to integers, of what is none of that dtype.
    """
    if dtype.kind not in "iu":
        return as_array(value, dtype)
    value = value._data if isinstance(value, Tensor) else np.asarray(value)
    return fitted(value, dtype) if value.dtype.kind in "fiub" else as_array(value, dtype)


@functools.cache
def admitted(dtype) -> np.dtype:
    """A dtype that a tensor may have, in the machine's byte order.

    Raises:
        TypeError: it may not: half precision overflows in sums of squares and in most optimizers'
            states, and longer ones are not the same on all machines.
    """
    try:
        known = np.dtype(dtype)
    except TypeError:
        known = None
    if dtype is None or known is None:  # NumPy takes None for float64
        raise TypeError(f"dtype must be float32, float64, an integer's or bool, got {dtype!r}")
    dtype = known
    if dtype.kind not in "fiub" or (dtype.kind == "f" and dtype.itemsize not in (4, 8)):
        raise TypeError(
            f"a tensor holds float32, float64, integers or booleans, not {dtype}: "
            "convert with .astype('float32')"
        )
    return np.dtype(
        dtype.name
    )  # the one that NumPy has of it, which compiled code knows by its place


def as_tensor(value, dtype) -> Tensor:
    """`value` as a tensor; a number takes `dtype`, unless that is of a lower kind."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, (int, float, np.generic)) or getattr(value, "shape", None) == ():
        array = np.asarray(value)
        if array.dtype.kind == "O" and isinstance(value, int):
            array = np.asarray(float(value))  # beyond NumPy's integers
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
    if dtype.kind not in "iu":
        return number.astype(dtype)
    with np.errstate(invalid="ignore"):
        out = number.astype(dtype)
    if (out != number).any():
        raise OverflowError(f"{number[out != number].flat[0]} does not fit into {dtype}")
    return out


def elementwise(symbol: str, ufunc, a: Tensor, b) -> tuple[Tensor, Tensor, np.ndarray]:
    """Both operands as tensors of one dtype, and the array `ufunc(a, b)`."""
    a, b = promote(a, as_tensor(b, a.dtype))
    try:
        return a, b, ufunc(a._data, b._data)
    except ValueError as error:
        raise ValueError(f"{misfit(a, b) or error} in tensor {symbol} tensor") from error
    except TypeError as error:  # booleans
        raise TypeError(f"tensor {symbol} tensor of {a.dtype}: {NO_MINUS}") from error


NO_MINUS = "booleans are not numbers: convert them with .astype('float32'), or compare with !="


def misfit(a, b) -> str:
    """What is wrong with the shapes of two arrays or tensors, if anything."""
    shapes = [np.shape(raw(value)) for value in (a, b)]
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        return f"cannot broadcast shapes {shapes[0]} and {shapes[1]}"
    return ""


def compared(symbol: str, operation, a: Tensor, b):
    try:
        return answer(operation(a._data, raw(b)))
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        what = misfit(a, b) or f"cannot compare with {b!r}"
        raise kind(f"{what} in tensor {symbol} {type(b).__name__}") from error


def raw(value):
    return value._data if isinstance(value, Tensor) else value


def raw_index(index):
    """The same index with arrays in the place of tensors, of whole numbers or booleans."""
    if isinstance(index, tuple):
        return tuple(map(raw_index, index))
    if not isinstance(index, Tensor):
        return index
    index = index._data
    if index.dtype.kind != "f":
        return index
    whole = index.astype(np.intp)
    if not np.array_equal(whole, index):
        raise IndexError(f"an index must be whole numbers or booleans, got {index!r}")
    return whole


# What NumPy's functions are given, and what they give


def recorded(*values) -> bool:
    """Whether what is computed from these would have to be recorded."""
    return autograd.grad_enabled() and any(t._requires for t in within(values))


def cut(what: str) -> TypeError:
    return TypeError(
        f"{what} would cut the graph of a tensor that requires a gradient: use the operation of "
        "tinytorch, or pass tensor.data (tensor.detach() to go on without a gradient)"
    )


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
