"""Rprop: every weight has a step of its own, which grows while the gradient keeps its sign."""

import numpy as np

from tinytorch.core.checks import NONNEGATIVE, number, several
from tinytorch.optim.declarations import Value
from tinytorch.optim.optimizer import Optimizer

ETAS = (
    lambda v: several(v, 2, number) and 0 < v[0] < 1 < v[1],
    "two numbers, one in (0, 1) and one > 1",
)
STEP_SIZES = (lambda v: several(v, 2, number) and 0 < v[0] <= v[1], "two numbers > 0, in order")


def rprop(p, g, g_old, step, *, t, lr, shrink, grow, least, most):
    """Igel & Hüsken 2000, iRprop-: a weight whose gradient changed its sign waits for a step."""
    agreement = g * g_old
    step = np.where(t == 1, lr, step)
    step = np.where(agreement > 0, step * grow, np.where(agreement < 0, step * shrink, step))
    step = np.minimum(np.maximum(step, least), most)
    g = np.where(agreement < 0, 0.0, g)
    return p - np.sign(g) * step, g, step


class Rprop(Optimizer):
    """Steps that look at the sign of the gradient only; for full batches.

        s ← η⁺ s where g g₋₁ > 0,  η⁻ s where g g₋₁ < 0, between the least and the largest step
        p ← p - sign(g) s, but where g g₋₁ < 0 nothing moves, and g is forgotten

    `lr` is the first s; what a schedule does to it later changes nothing.

    Source: Riedmiller & Braun 1993; Igel & Hüsken 2000 (iRprop-), as PyTorch has it.
    """

    lr: float = Value(NONNEGATIVE, "the first step of each weight, >= 0", default=1e-2)
    etas: tuple = Value(ETAS, "(η⁻, η⁺)", default=(0.5, 1.2), parts=("shrink", "grow"))
    step_sizes: tuple = Value(
        STEP_SIZES, "the least and the largest s", default=(1e-6, 50), parts=("least", "most")
    )
    weight_decay: float = Value(
        NONNEGATIVE, "λ, added to the gradient as λ p", default=0.0, kw_only=True
    )

    def rule(self, group):
        return rprop
