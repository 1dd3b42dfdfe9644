"""Gradient clipping: bound what one step can do, before the optimizer takes it."""

import math
from collections.abc import Iterable
from numbers import Real

import numpy as np

from tinytorch.core.sums import total
from tinytorch.core.tensor import Tensor
from tinytorch.optim.gradients import separate

LONG = 4096


def clip_grad_norm_(
    parameters, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> float:
    """Shorten the gradient, all parameters' taken as one vector, to a norm of at most `max_norm`.

        g ← g · min(1, max_norm / (‖g‖ + 1e-6))

    Arguments:
        parameters: tensors, or one; those without a gradient count for nothing, and one that is
            listed twice (a tied weight) counts once.
        max_norm: >= 0; infinity measures and changes nothing.
        norm_type: which norm: a number > 0, or infinity for the largest element.
        error_if_nonfinite: refuse a norm that is infinite or not a number. Otherwise the gradients
            become zero and nan (as in PyTorch).

    Returns:
        The norm before.

    Raises:
        TypeError: `parameters` holds something else than tensors.
        ValueError: `max_norm` or `norm_type` outside its range.
        FloatingPointError: a norm that is not finite, if asked for.

    >>> w = Tensor([1.0, 2.0], requires_grad=True)
    >>> w.grad = [30.0, 40.0]
    >>> optim.clip_grad_norm_([w], max_norm=5.0), w.grad
    (50.0, Tensor([3., 4.]))

    Source: Pascanu, Mikolov & Bengio 2013, Algorithm 1. PyTorch's form.
    """
    if not _positive(norm_type):
        raise ValueError(f"clip_grad_norm_: norm_type must be a number > 0, got {norm_type!r}")
    if not _positive(max_norm) and max_norm != 0:
        raise ValueError(f"clip_grad_norm_: max_norm must be a number >= 0, got {max_norm!r}")
    gradients = _gradients("clip_grad_norm_", parameters)
    norm = _norm([_norm(g, norm_type) for g in gradients], norm_type)
    if error_if_nonfinite and not math.isfinite(norm):
        raise FloatingPointError(f"clip_grad_norm_: the norm of the gradients is {norm}")
    factor = max_norm / (norm + 1e-6)
    if max_norm < math.inf and not factor >= 1:
        with np.errstate(invalid="ignore"):
            for g in _once(gradients):
                g *= factor
    return norm


def clip_grad_value_(parameters, clip_value: float) -> None:
    """Clip every element of every gradient to [-clip_value, clip_value].

    Unlike clipping by norm, this turns the gradient.

    Arguments:
        parameters: tensors, or one; those without a gradient are passed over.
        clip_value: >= 0.

    Raises:
        TypeError: `parameters` holds something else than tensors.
        ValueError: `clip_value` outside its range.

    >>> w = Tensor([1.0, 2.0], requires_grad=True)
    >>> w.grad = [30.0, -0.5]
    >>> optim.clip_grad_value_([w], 1.0)
    >>> w.grad
    Tensor([ 1. , -0.5])
    """
    if not _positive(clip_value) and clip_value != 0:
        raise ValueError(f"clip_grad_value_: clip_value must be a number >= 0, got {clip_value!r}")
    for g in _gradients("clip_grad_value_", parameters):
        np.clip(g, -clip_value, clip_value, out=g)


def _norm(values, p: float) -> float:
    """(Σ |x|^p)^(1/p), whatever the size of the numbers."""
    values = np.asarray(values).reshape(-1)
    with np.errstate(over="ignore"):
        if p == 2 and values.size > LONG:  # what BLAS adds up in float32 loses digits
            norm = math.sqrt(total(np.square(values)))
        else:
            norm = float(np.linalg.norm(values, p)) if values.size else 0.0
    if p == math.inf or (0 < norm < math.inf and p * abs(math.log2(norm)) < 64):
        return norm  # no power came near 2^±126, the ends of float32
    values = np.abs(values, dtype=float)
    largest = float(values.max(initial=0))
    if not 0 < largest < math.inf:
        return largest
    return largest * float(np.linalg.norm(values / largest, p))


def _positive(value) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and value > 0


def _gradients(owner: str, parameters) -> list[np.ndarray]:
    if not isinstance(parameters, Iterable):
        raise TypeError(
            f"{owner}: parameters must be tensors, as of model.parameters(), "
            f"got {type(parameters).__name__}"
        )
    parameters = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    for p in parameters:
        if not isinstance(p, Tensor):
            raise TypeError(f"{owner}: parameters must be tensors, got {type(p).__name__}")
    each = {id(p): p for p in parameters}.values()  # a tied weight may be listed twice
    moving = [p for p in each if p.grad is not None]
    separate(moving)
    for p in moving:
        if not p.grad.data.flags.writeable:  # one number everywhere, say, by np.broadcast_to
            p.grad = p.grad.data.copy()
    return [p.grad.data for p in moving]


def _once(arrays: list[np.ndarray]) -> list[np.ndarray]:
    """Each array of several once, where two gradients are one array."""
    return list({(a.ctypes.data, a.shape, a.strides): a for a in arrays}.values())
