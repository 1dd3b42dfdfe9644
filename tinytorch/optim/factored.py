"""Adafactor: Adam's second moment in the memory of a row and a column."""

import itertools

import numpy as np

from tinytorch.core.checks import AT_LEAST_ONE, NONNEGATIVE, number
from tinytorch.optim.declarations import Value
from tinytorch.optim.gradients import refuse_large
from tinytorch.optim.optimizer import Optimizer


def root_mean_square(x):
    return np.sqrt(np.mean(x * x))


def adafactor(p, g, r, c, *, t, lr, beta2_decay, eps1, eps2, d, weight_decay):
    """Shazeer & Stern 2018, Algorithms 4 and 5."""
    eps1 = np.finfo(p.dtype).eps if eps1 is None else eps1
    w = t**beta2_decay
    step = max(eps2, root_mean_square(p)) * min(lr, t**-0.5)
    if g.ndim > 1:
        r = r + w * (np.mean(g * g, axis=-1, keepdims=True) - r)
        c = c + w * (np.mean(g * g, axis=-2, keepdims=True) - c)
        v = r / np.maximum(np.mean(r, axis=-2, keepdims=True), eps1) * c
    else:  # nothing to factor: r is the whole of v
        r = r + w * (g * g - r)
        v = r
    u = g / np.sqrt(np.maximum(v, eps1 * eps1))
    u = u / max(1.0, root_mean_square(u) / d)
    return p * (1 - lr * weight_decay) - step * u, r, c


def two_epsilons(value) -> bool:
    nonnegative, _ = NONNEGATIVE
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        return False
    return (value[0] is None or nonnegative(value[0])) and nonnegative(value[1])


TWO_EPSILONS = (two_epsilons, "a number >= 0 or None, and a number >= 0")
NONPOSITIVE = (lambda v: number(v) and v <= 0, "a finite number <= 0")


class Adafactor(Optimizer):
    """Adam without momentum, its second moment kept as row means times column means.

        w = t^γ
        r ← (1 - w) r + w · row means of g²,  c ← (1 - w) c + w · column means of g²
        v = r c / mean(r)                          (a vector keeps all of v)
        u = g / √max(v, ε₁²),  u ← u / max(1, RMS(u) / d)
        p ← (1 - lr λ) p - max(ε₂, RMS(p)) min(lr, 1/√t) u

    Arguments:
        params: tensors, (name, tensor) pairs or groups. Of a tensor with more than two axes the
            last two are factored.

    Source: Shazeer & Stern 2018, Algorithms 4 and 5, in PyTorch's form.
    """

    lr: float = Value(NONNEGATIVE, "largest relative step, >= 0", default=1e-2)
    beta2_decay: float = Value(
        NONPOSITIVE, "γ, <= 0; how the averages lengthen with t", default=-0.8
    )
    eps: tuple = Value(
        TWO_EPSILONS,
        "(ε₁, ε₂), both >= 0; ε₁ = None is the machine precision of the parameter",
        default=(None, 1e-3),
        parts=("eps1", "eps2"),
    )
    d: float = Value(
        AT_LEAST_ONE, "clipping threshold of the update's root mean square, >= 1", default=1.0
    )
    weight_decay: float = Value(NONNEGATIVE, "λ, decoupled", default=0.0)

    elementwise = False

    def moving(self):
        """For each group its parameters that have a gradient.

        Raises:
            ValueError: a finite gradient whose squares overflow.
        """
        moving = super().moving()
        for p in itertools.chain(*moving):
            if p.grad.ndim > 1:
                refuse_large("Adafactor", self._label(p), p.grad.data)
        return moving

    def rule(self, group):
        return adafactor

    def decay(self, group):
        return None

    def initial_state(self, p, group):
        p = p.data
        if p.ndim < 2:
            return {"r": np.zeros_like(p), "c": np.zeros(0, p.dtype)}
        rows = np.zeros_like(p, shape=(*p.shape[:-1], 1))
        columns = np.zeros_like(p, shape=(*p.shape[:-2], 1, p.shape[-1]))
        return {"r": rows, "c": columns}
