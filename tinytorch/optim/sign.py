"""Lion: the sign of a moving average, and nothing of its size."""

import numpy as np

from tinytorch.core.checks import NONNEGATIVE
from tinytorch.optim.declarations import Value, moments
from tinytorch.optim.optimizer import Optimizer, decoupled


def lion(p, g, m, *, lr, beta1, beta2):
    """Chen et al. 2023, Algorithm 2: one average to step by, a slower one to remember."""
    u = np.sign(beta1 * m + (1 - beta1) * g)
    m = beta2 * m + (1 - beta2) * g
    return p - lr * u, m


class Lion(Optimizer):
    """Every weight moves by lr, in the direction of a moving average's sign.

        p ← (1 - lr λ) p
        p ← p - lr sign(β₁ m + (1 - β₁) g)
        m ← β₂ m + (1 - β₂) g

    Source: Chen et al. 2023, Algorithm 2.
    """

    lr: float = Value(NONNEGATIVE, "step size, >= 0; a third to a tenth of Adam's", default=1e-4)
    betas: tuple = moments(default=(0.9, 0.99))
    weight_decay: float = Value(
        NONNEGATIVE, "λ, decoupled; three to ten times AdamW's (optax: 1e-3)", default=0.0
    )

    def rule(self, group):
        return lion

    def decay(self, group):
        return decoupled
