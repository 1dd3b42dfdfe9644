"""ADOPT: Adam that scales by what it knew before this gradient, and so converges with any β₂."""

import numpy as np

from tinytorch.core.checks import NONNEGATIVE
from tinytorch.optim.declarations import Value, moments
from tinytorch.optim.optimizer import Optimizer, decoupled


def adopt(p, g, m, v, *, t, lr, beta1, beta2, eps, bound):
    """Taniguchi et al. 2024, Algorithm 2: scale by the old v, clip, average, and then renew v."""
    scaled = np.minimum(np.maximum(g / np.maximum(np.sqrt(v), eps), -bound), bound)
    m = beta1 * m + (1 - beta1) * scaled
    v = np.where(t > 1, beta2 * v + (1 - beta2) * g * g, g * g)
    return p - lr * m, m, v


class ADOPT(Optimizer):
    """Adam without the correlation between a gradient and what it is divided by.

        u ← g / max(√v, ε), clipped to ±(t - 1)^¼
        m ← β₁ m + (1 - β₁) u
        p ← p - lr m
        v ← β₂ v + (1 - β₂) g²           the first gradient only sets v = g², and moves nothing

    Source: Taniguchi et al. 2024, Algorithm 2 with the clipping of their section 4.
    """

    lr: float = Value(NONNEGATIVE, "step size, >= 0", default=1e-3)
    betas: tuple = moments(default=(0.9, 0.9999))
    eps: float = Value(NONNEGATIVE, "ε, >= 0, in the units of the gradient", default=1e-6)
    weight_decay: float = Value(NONNEGATIVE, "λ, decoupled", default=0.0)

    def rule(self, group):
        return adopt

    def decay(self, group):
        return decoupled

    def numbers(self, group, t):
        return {**super().numbers(group, t), "bound": (t - 1) ** 0.25}
