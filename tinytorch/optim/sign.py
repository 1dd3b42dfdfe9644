"""Lion: the sign of a moving average, and nothing of its size."""

import numpy as np

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

    Arguments:
        params: tensors, (name, tensor) pairs or groups.
        lr: step size, >= 0; a third to a tenth of Adam's.
        betas: (β₁, β₂), both in [0, 1).
        weight_decay: λ, decoupled; three to ten times AdamW's (optax: 1e-3).
        maximize: go uphill.

    Raises:
        ValueError: a value outside its range.

    Source: Chen et al. 2023, Algorithm 2.
    """

    def __init__(
        self,
        params,
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ):
        super().__init__(
            params, dict(lr=lr, betas=betas, weight_decay=weight_decay, maximize=maximize)
        )

    def rule(self, group):
        return lion

    def decay(self, group):
        return decoupled
