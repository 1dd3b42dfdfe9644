"""AdEMAMix: Adam with a second, far longer memory of the gradients."""

import math

import numpy as np

from tinytorch.core.checks import NONNEGATIVE, POSITIVE
from tinytorch.optim.declarations import Value, moments
from tinytorch.optim.optimizer import Optimizer, decoupled


def ademamix(p, g, m, v, slow, *, t, lr, beta1, beta2, eps, share, beta_slow):
    """Pagliardini et al. 2024, Algorithm 1: a fast average, and a slow one without correction."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    slow = beta_slow * slow + (1 - beta_slow) * g
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return p - lr * (m_hat + share * slow) / (np.sqrt(v_hat) + eps), m, v, slow


def slow_beta(done: float, beta1: float, beta3: float) -> float:
    """β₃ on its way from β₁: the half-life grows linearly with what is done of the warm-up."""
    if done >= 1 or not 0 < beta1 < beta3:
        return beta3
    first, last = math.log(beta1), math.log(beta3)
    return math.exp(first * last / ((1 - done) * last + done * first))


WARMUP = (lambda v: v is None or POSITIVE[0](v), "a finite number > 0, or None")


class AdEMAMix(Optimizer):
    """Adam whose step also follows what gradients have been for ten thousand steps.

        m₁ ← β₁ m₁ + (1 - β₁) g
        m₂ ← β₃ m₂ + (1 - β₃) g
        v  ← β₂ v + (1 - β₂) g²
        p  ← p - lr (m̂₁ + α m₂) / (√v̂ + ε)

    Source: Pagliardini et al. 2024, Algorithm 1. With `t_alpha_beta3` = T, α rises linearly in T
    steps, and β₃ from β₁ so that its half-life does.
    """

    lr: float = Value(NONNEGATIVE, "step size, >= 0", default=1e-3)
    betas: tuple = moments(default=(0.9, 0.999, 0.9999))
    alpha: float = Value(NONNEGATIVE, "α, >= 0: what the slow average counts", default=5.0)
    t_alpha_beta3: float | None = Value(
        WARMUP, "T in steps, > 0; None for no warm-up", default=None
    )
    eps: float = Value(NONNEGATIVE, "ε, >= 0, in the units of the gradient", default=1e-8)
    weight_decay: float = Value(NONNEGATIVE, "λ, decoupled", default=0.0)

    def rule(self, group):
        return ademamix

    def decay(self, group):
        return decoupled

    def numbers(self, group, t):
        values = super().numbers(group, t)
        done = min(t / group["t_alpha_beta3"], 1) if group["t_alpha_beta3"] else 1
        values["share"] = done * group["alpha"]
        values["beta_slow"] = slow_beta(done, values["beta1"], values["beta3"])
        return values
