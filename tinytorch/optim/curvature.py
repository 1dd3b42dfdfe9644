"""Sophia-G: the sign of the momentum where the curvature is small, Newton's step elsewhere."""

import numpy as np

from tinytorch.optim import engines
from tinytorch.optim.optimizer import Optimizer, decoupled


def sophia(p, g, m, h, *, lr, beta1, rho, bs, eps):
    """Liu et al. 2024, Algorithm 3: |m| / (ρ B h), at most 1."""
    m = beta1 * m + (1 - beta1) * g
    return p - lr * np.sign(m) * np.minimum(np.abs(m) / (rho * bs * h + eps), 1.0), m, h


def gauss_newton(h, g, *, beta2):
    """Liu et al. 2024, Algorithm 2, but for the factor B: the square of a sampled gradient."""
    return (beta2 * h + (1 - beta2) * g * g,)


class SophiaG(Optimizer):
    """Steps of at most lr, shorter where the loss is curved.

        h ← β₂ h + (1 - β₂) g²                      (in update_hessian, every ten steps or so)
        p ← (1 - lr λ) p
        m ← β₁ m + (1 - β₁) g
        p ← p - lr sign(m) min(|m| / (ρ B h + ε), 1)

    Arguments:
        params: tensors, (name, tensor) pairs or groups.
        lr: step size, >= 0.
        betas: (β₁, β₂), both in [0, 1).
        rho: ρ, in [0, 1): the larger, the more coordinates take a step shorter than lr.
        weight_decay: λ, decoupled.
        bs: B, >= 0: the number of samples (for a language model: tokens) in a batch.
        eps: ε, >= 0.
        maximize: go uphill.

    Raises:
        ValueError: a value outside its range.

    Source: Liu et al. 2024, Algorithms 2 and 3, in the form of the authors' repository.
    """

    def __init__(
        self,
        params,
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.965, 0.99),
        rho: float = 0.04,
        weight_decay: float = 0.1,
        bs: float = 5120,
        eps: float = 1e-15,
        *,
        maximize: bool = False,
    ):
        super().__init__(
            params,
            dict(
                lr=lr,
                betas=betas,
                rho=rho,
                weight_decay=weight_decay,
                bs=bs,
                eps=eps,
                maximize=maximize,
            ),
        )

    def rule(self, group):
        return sophia

    def decay(self, group):
        return decoupled

    def update_hessian(self) -> None:
        """Take the present gradients into the estimate of the curvature.

        They should be those of the mean loss on labels drawn from the model's own output, not
        on the true ones; `zero_grad` and the gradients of the true loss follow.

        Raises:
            ValueError: as `step`; nothing has changed then.
        """
        for group, params in zip(self.param_groups, self.moving(), strict=True):
            batch = [(self.state[p]["h"], p.grad.data) for p in params]
            engines.run((gauss_newton,), batch, self.numbers(group, 1), engine=self.engine)
