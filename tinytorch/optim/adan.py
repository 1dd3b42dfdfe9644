"""Adan: Nesterov's momentum from the difference of two gradients, scaled as Adam scales."""

import numpy as np

from tinytorch.core.checks import NONNEGATIVE
from tinytorch.optim.declarations import Value, moments
from tinytorch.optim.optimizer import Optimizer


def adan(p, g, m, d, n, g_old, *, t, lr, beta1, beta2, beta3, eps, weight_decay):
    """Xie et al. 2022, Algorithm 1: the gradient, its change, and the square of both ahead."""
    change = np.where(t > 1, g - g_old, 0.0)
    ahead = g + beta2 * change
    m = beta1 * m + (1 - beta1) * g
    d = beta2 * d + (1 - beta2) * change
    n = beta3 * n + (1 - beta3) * ahead * ahead
    m_hat, d_hat, n_hat = m / (1 - beta1**t), d / (1 - beta2**t), n / (1 - beta3**t)
    step = lr * (m_hat + beta2 * d_hat) / (np.sqrt(n_hat) + eps)
    return (p - step) / (1 + lr * weight_decay), m, d, n, g


class Adan(Optimizer):
    """Adam with Nesterov's look-ahead, which is read off two gradients that follow each other.

        m ← β₁ m + (1 - β₁) g
        d ← β₂ d + (1 - β₂) (g - g₋₁)            of the first step's change nothing is known: 0
        n ← β₃ n + (1 - β₃) (g + β₂ (g - g₋₁))²
        p ← (p - lr (m̂ + β₂ d̂) / (√n̂ + ε)) / (1 + lr λ)

    with m̂ = m / (1 - β₁ᵗ), and d̂ and n̂ likewise. Four arrays are kept for each parameter.

    Source: Xie et al. 2022, Algorithm 1, whose β is our 1 - β; the bias corrections are those of
    the authors' code and of optax.
    """

    lr: float = Value(NONNEGATIVE, "step size, >= 0; several times Adam's is usual", default=1e-3)
    betas: tuple = moments(default=(0.98, 0.92, 0.99))
    eps: float = Value(NONNEGATIVE, "ε, >= 0, in the units of the gradient", default=1e-8)
    weight_decay: float = Value(
        NONNEGATIVE, "λ, of the proximal kind (optax: decoupled)", default=0.0
    )

    def rule(self, group):
        return adan

    def decay(self, group):
        return None
