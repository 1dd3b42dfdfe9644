"""Reverse-mode differentiation: the graph, and the walk back through it.

A tensor that was computed remembers its *edges*: pairs of an input and a function that maps
the gradient of the output to the gradient of that input. Everything else in the package is
built on `backward`, which walks these edges once, in reverse topological order.

This file asks three things of a tensor: its `data`, for shape and dtype; its `_edges`; and
whether it retains a gradient (`_retain`), which `_accumulate` then adds to `grad`.
"""

import contextlib
import threading

import numpy as np

_mode = threading.local()


def grad_enabled() -> bool:
    """Whether operations record edges in the current thread."""
    return getattr(_mode, "enabled", True)


@contextlib.contextmanager
def _recording(enabled: bool):
    before = grad_enabled()
    _mode.enabled = enabled
    try:
        yield
    finally:
        _mode.enabled = before


def no_grad():
    """Record nothing inside the `with` block (or the decorated function)."""
    return _recording(False)


def enable_grad():
    """Record inside the `with` block (or the decorated function), even within `no_grad()`."""
    return _recording(True)


def unbroadcast(gradient: np.ndarray, shape: tuple) -> np.ndarray:
    """Sum `gradient` over the axes along which an array of `shape` was broadcast."""
    if gradient.shape == shape:
        return gradient
    added = gradient.ndim - len(shape)
    stretched = tuple(added + i for i, n in enumerate(shape) if n == 1)
    return gradient.sum(axis=(*range(added), *stretched), keepdims=True).reshape(shape)


def topological_order(root) -> list:
    """The tensors that `root` was computed from, each after all of its inputs."""
    order, seen, stack = [], {id(root)}, [(root, iter(root._edges))]
    while stack:
        node, inputs = stack[-1]
        for parent, _ in inputs:
            if id(parent) not in seen:
                seen.add(id(parent))
                stack.append((parent, iter(parent._edges)))
                break
        else:
            order.append(node)
            stack.pop()
    return order


def backward(root, gradient: np.ndarray) -> None:
    """Add d(root)/d(leaf), contracted with `gradient`, to the `grad` of every leaf of `root`.

    An edge's function returns the gradient it was given, a view of it, or a new array, never
    one that is kept elsewhere: so the first accumulation copies in the first two cases and
    takes ownership in the third.
    """
    gradients = {id(root): gradient}
    owned = set()
    for node in reversed(topological_order(root)):
        g = gradients.pop(id(node))
        if not node._edges or node._retain:
            node._accumulate(g, owns=id(node) in owned and not node._edges)
        for parent, derivative in node._edges:
            piece = unbroadcast(derivative(g), parent.data.shape)
            if piece.dtype != parent.data.dtype:
                piece = piece.astype(parent.data.dtype)
            key = id(parent)
            if key not in gradients:
                gradients[key] = piece
                if piece is not g and piece.base is None:
                    owned.add(key)
            elif key in owned:
                gradients[key] += piece
            else:
                gradients[key] = gradients[key] + piece
                owned.add(key)
