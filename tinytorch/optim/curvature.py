"""Sophia-G: the sign of the momentum where the curvature is small, Newton's step elsewhere."""

import numpy as np

from tinytorch.core.checks import FRACTION, NONNEGATIVE
from tinytorch.optim import engines
from tinytorch.optim.declarations import Value, moments
from tinytorch.optim.optimizer import Optimizer, decoupled
from tinytorch.optim.tearing import all_or_none


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

    Source: Liu et al. 2024, Algorithms 2 and 3, in the form of the authors' repository.
    """

    lr: float = Value(NONNEGATIVE, "step size, >= 0", default=1e-4)
    betas: tuple = moments(default=(0.965, 0.99))
    rho: float = Value(
        FRACTION,
        "ρ, in [0, 1): the larger, the more coordinates take a step shorter than lr",
        default=0.04,
    )
    weight_decay: float = Value(NONNEGATIVE, "λ, decoupled", default=0.1)
    bs: int = Value(
        NONNEGATIVE,
        "B, >= 0: the number of samples (for a language model: tokens) in a batch",
        default=5120,
    )
    eps: float = Value(NONNEGATIVE, "ε, >= 0", default=1e-15)

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
        with all_or_none(self):
            for group, params in zip(self.param_groups, self.moving(), strict=True):
                batch = [(self.state[p]["h"], p.grad.data) for p in params]
                engines.run((gauss_newton,), batch, self.numbers(group, 1), engine=self.engine)
