"""MARS: Adam on a gradient that the last one corrects."""

import numpy as np

from tinytorch.core.checks import NONNEGATIVE
from tinytorch.optim.declarations import Value, moments
from tinytorch.optim.optimizer import Optimizer, decoupled
from tinytorch.optim.optimizers import adam


def mars(p, g, m, v, g_old, *, t, lr, beta1, beta2, eps, gamma):
    """Yuan et al. 2024, Algorithm 2 (MARS-AdamW, approximate): correct, shorten to 1, Adam."""
    c = g + gamma * beta1 / (1 - beta1) * (g - g_old)
    c = c / max(1.0, float(np.sqrt(np.sum(c * c))))
    return *adam(p, c, m, v, t=t, lr=lr, beta1=beta1, beta2=beta2, eps=eps), g


class MARS(Optimizer):
    """AdamW on a gradient whose noise is reduced by the gradient before it.

        c ← g + γ β₁ / (1 - β₁) (g - g₋₁), shortened to norm 1 where it is longer (g₀ = 0)
        then a step of AdamW, with c in the place of g

    Source: Yuan et al. 2024, Algorithm 2, the approximate form: g₋₁ is of the last batch.
    """

    elementwise = False

    lr: float = Value(NONNEGATIVE, "step size, >= 0", default=3e-3)
    betas: tuple = moments(default=(0.95, 0.99))
    gamma: float = Value(NONNEGATIVE, "γ, >= 0: how much of the correction is used", default=0.025)
    eps: float = Value(NONNEGATIVE, "ε, >= 0, in the units of the gradient", default=1e-8)
    weight_decay: float = Value(NONNEGATIVE, "λ, decoupled", default=0.0)

    def rule(self, group):
        return mars

    def decay(self, group):
        return decoupled
