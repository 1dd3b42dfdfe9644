"""ASGD: descent whose answer is the average of where it has been."""

import numpy as np

from tinytorch.core.checks import NONNEGATIVE
from tinytorch.optim.declarations import Value
from tinytorch.optim.optimizer import Optimizer


def asgd(p, g, ax, *, lambd, eta, mu):
    """Polyak & Juditsky 1992, the average from step t₀ on."""
    p = p * (1 - lambd * eta) - eta * g
    return p, (1 - mu) * ax + mu * p


class ASGD(Optimizer):
    """Gradient descent with a falling step size, and the average of its path.

        p  ← (1 - λ η_t) p - η_t g          η_t = lr / (1 + λ lr (t - 1))^α
        ax ← ax + μ_t (p - ax)              μ_t = 1 / max(1, t - 1 - t₀)

    The average is `state[p]["ax"]`; until t₀ it is p.

    Source: Polyak & Juditsky 1992; the step size is Bottou's; PyTorch's conventions.
    """

    lr: float = Value(NONNEGATIVE, "step size at first, >= 0", default=1e-2)
    lambd: float = Value(
        NONNEGATIVE, "λ, >= 0: decay, and how fast the step size falls", default=1e-4
    )
    alpha: float = Value(NONNEGATIVE, "α, >= 0: the power with which it falls", default=0.75)
    t0: float = Value(NONNEGATIVE, "t₀, >= 0: from which step on to average", default=1e6)
    weight_decay: float = Value(NONNEGATIVE, "added to the gradient, times p", default=0.0)

    def rule(self, group):
        return asgd

    def numbers(self, group, t):
        values = super().numbers(group, t)
        values["eta"] = group["lr"] / (1 + group["lambd"] * group["lr"] * (t - 1)) ** group["alpha"]
        values["mu"] = 1 / np.maximum(1, t - 1 - group["t0"])
        return values
