"""Reverse-mode differentiation: the graph, and the walk back through it.

A tensor that was computed remembers its *edges*: pairs of an input and a function that maps
the gradient of the output to the gradient of that input. Everything else in the package is
built on `backward`, which walks these edges once, in reverse topological order.

This file asks of a tensor its `data`, for shape and dtype; its `_edges`; whether it retains a
gradient (`_retain`), which `_accumulate` then adds to `grad`; and, for `refuse_overwritten`, what
its derivatives read (`_saved`), when it was `_made` and its `_version`: when it was written into.
"""

import functools
import inspect
import threading

import numpy as np

from tinytorch.core.sums import total

_mode = threading.local()
clock = [0]  # how often a tensor was written into; orders writing and computing


def grad_enabled() -> bool:
    """Whether operations record edges in the current thread."""
    return getattr(_mode, "enabled", True)


class set_grad_enabled:
    """Whether to record inside the `with` block, or in the function that is decorated.

    In a generator function the mode holds while its own lines run, not between them.

    Raises:
        TypeError: `enabled` is neither True nor False; a class is decorated, or a coroutine
            function, whose lines take turns with others' in one thread.

    >>> x = Tensor([1.0], requires_grad=True)
    >>> with tinytorch.set_grad_enabled(False):
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    def __init__(self, enabled: bool):
        if not isinstance(enabled, bool):
            raise TypeError(f"set_grad_enabled needs True or False, got {enabled!r}")
        self._enabled = enabled
        self._before = []

    def __enter__(self):
        self._before.append(grad_enabled())
        _mode.enabled = self._enabled

    def __exit__(self, *error):
        _mode.enabled = self._before.pop()

    def __call__(self, function):
        if isinstance(function, type) or not callable(function):
            raise TypeError(
                f"{type(self).__name__} decorates functions and methods, not {function!r}"
            )
        if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(
                f"{type(self).__name__} cannot decorate the coroutine {function.__name__}: use a "
                "with block that has no await in it"
            )
        enabled = self._enabled

        @functools.wraps(function)
        def wrapper(*args, **options):
            with set_grad_enabled(enabled):
                return function(*args, **options)

        @functools.wraps(function)
        def generator(*args, **options):
            return _stepwise(function(*args, **options), enabled)

        return generator if inspect.isgeneratorfunction(function) else wrapper


def _stepwise(items, enabled: bool):
    """What a generator gives, its lines run in this mode; what is sent or thrown is passed on."""
    step, value = items.send, None
    try:
        while True:
            with set_grad_enabled(enabled):
                try:
                    item = step(value)
                except StopIteration as end:
                    return end.value
            try:
                step, value = items.send, (yield item)
            except GeneratorExit:
                raise
            except BaseException as error:
                step, value = items.throw, error
    finally:
        with set_grad_enabled(enabled):
            items.close()


class no_grad(set_grad_enabled):
    """Record nothing inside the `with` block, or in the function that is decorated.

    >>> x = Tensor([1.0], requires_grad=True)
    >>> with tinytorch.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    def __new__(cls, function=None):
        return super().__new__(cls) if function is None else cls()(function)

    def __init__(self):
        super().__init__(False)


class enable_grad(no_grad):
    """Record inside the `with` block, or the decorated function, even within `no_grad()`.

    >>> x = Tensor([1.0], requires_grad=True)
    >>> with tinytorch.no_grad(), tinytorch.enable_grad():
    ...     y = x * 2
    >>> y.requires_grad
    True
    """

    def __init__(self):
        set_grad_enabled.__init__(self, True)


def unbroadcast(gradient: np.ndarray, shape: tuple) -> np.ndarray:
    """Sum `gradient` over the axes along which an array of `shape` was broadcast."""
    if gradient.shape == shape:
        return gradient
    added = gradient.ndim - len(shape)
    stretched = tuple(added + i for i, n in enumerate(shape) if n == 1)
    return total(gradient, (*range(added), *stretched), keepdims=True).reshape(shape)


def topological_order(root) -> list:
    """The tensors that `root` was computed from, each after all of its inputs."""
    order, seen, stack = [], {root}, [(root, iter(root._edges))]
    while stack:
        node, inputs = stack[-1]
        for parent, _ in inputs:
            if parent not in seen:
                seen.add(parent)
                stack.append((parent, iter(parent._edges)))
                break
        else:
            order.append(node)
            stack.pop()
    return order


def tick() -> int:
    """The number of a new writing, higher than all that were given out."""
    clock[0] += 1
    return clock[0]


def refuse_overwritten(order: list) -> None:
    """Raise if an array that a derivative will read is not what its tensor was computed from."""
    for node in order:
        for i, (tensor, derivative) in enumerate(node._saved):
            if tensor._version[0] > node._made:
                what = "a parameter or another leaf" if tensor.is_leaf else "a computed tensor"
                raise RuntimeError(
                    f"backward() needs input {i} of {operation(derivative)}, {what} of shape "
                    f"{tensor.shape}, as it was when {operation(derivative)} was computed; since "
                    "then it was overwritten (by an optimizer's step, a state that was loaded, or "
                    "an assignment): compute the loss anew, or call backward() first"
                )


def operation(derivative) -> str:
    """The name of the operation in which a derivative was written."""
    return derivative.__qualname__.split(".<locals>")[0].rpartition(".")[2]


def backward(root, gradient: np.ndarray) -> None:
    """Add d(root)/d(leaf), contracted with `gradient`, to the `grad` of every leaf of `root`.

    An edge's function returns the gradient it was given, a view of it, or a new array, never
    one that is kept elsewhere: so the first accumulation copies in the first two cases and
    takes ownership in the third.
    """
    order = topological_order(root)
    refuse_overwritten(order)
    gradients = {root: gradient}
    owned = set()
    for node in reversed(order):
        g = gradients.pop(node)
        if not node._edges or node._retain:
            node._accumulate(g, owns=node in owned and not node._edges)
        for parent, derivative in node._edges:
            piece = unbroadcast(derivative(g), parent.data.shape)
            if piece.dtype != parent.data.dtype:
                piece = piece.astype(parent.data.dtype)
            if parent not in gradients:
                gradients[parent] = piece
                if piece is not g and piece.base is None:
                    owned.add(parent)
            elif parent in owned:
                gradients[parent] += piece
            else:
                gradients[parent] = gradients[parent] + piece
                owned.add(parent)
