"""Schedule-free SGD and AdamW: an average of the iterates takes the place of a schedule."""

import numpy as np

from tinytorch.core.checks import COUNT, NONNEGATIVE, OPEN_FRACTION, fractions
from tinytorch.optim import engines
from tinytorch.optim.declarations import Value
from tinytorch.optim.optimizer import Optimizer, coupled
from tinytorch.optim.tearing import all_or_none, refuse_torn


def schedule_free_sgd(p, g, z, *, lr, momentum, c):
    """Defazio et al. 2024, eq. 3-5, with p as y, where gradients are taken, and without x."""
    p = p + c * (z - p) - lr * (1 - momentum * (1 - c)) * g
    return p, z - lr * g


def schedule_free_adamw(p, g, z, v, *, t, lr, beta1, beta2, eps, weight_decay, c):
    """Defazio et al. 2024, Algorithm 1: Adam's denominator, decay at y, no first moment."""
    v = beta2 * v + (1 - beta2) * g * g
    u = g / (np.sqrt(v / (1 - beta2**t)) + eps) + weight_decay * p
    p = p + c * (z - p) - lr * (1 - beta1 * (1 - c)) * u
    return p, z - lr * u, v


def interpolate(p, g, *, weight):
    """p ← (1 - w) p + w g, where g is another point."""
    return ((1 - weight) * p + weight * g,)


class ScheduleFree(Optimizer):
    """What the two have in common: the weights of the average, and two modes.

    In training mode the parameters are y, where gradients are to be taken; `eval()` puts the
    average x into them, `train()` goes back to y.
    """

    def beta(self, group: dict) -> float:
        """β: y lies on the way from z (0) to x (1)."""
        raise NotImplementedError(f"{type(self).__name__} must define beta()")

    def decay(self, group):
        return None

    def carried(self, group):
        return {"k": 0, "weight_sum": 0.0, "lr_max": 0.0, "averaged": 0}

    def initial_state(self, p, group):
        return {**super().initial_state(p, group), "z": p.data.copy(order="A")}

    def step(self, closure=None):
        """Move every parameter that has a gradient.

        Raises:
            RuntimeError: the parameters hold the average: `eval()` was called, `train()` was not.
        """
        refuse_torn(self)
        if any(group["averaged"] for group in self.param_groups):
            raise RuntimeError(
                f"{type(self).__name__}: the parameters hold the average; call train() first"
            )
        return super().step(closure)

    def prepare(self):
        for group in self.param_groups:
            group["k"] += 1
            group["lr_max"] = max(group["lr_max"], self.warmed_lr(group))
            group["weight_sum"] += self.weight(group)
            for p in group["params"]:
                if self.state[p]["t"] == 0:  # it may have been loaded since
                    np.copyto(self.state[p]["z"], p.data)

    def warmed_lr(self, group: dict) -> float:
        """The learning rate, rising linearly in the first `warmup_steps` steps."""
        return group["lr"] * min(1.0, group["k"] / max(1, group["warmup_steps"]))

    def weight(self, group: dict) -> float:
        """The weight of the present step in the average: t^r lr_max^power."""
        return float(group["k"] ** group["r"] * group["lr_max"] ** group["weight_lr_power"])

    def numbers(self, group, t):
        values = super().numbers(group, t)
        values["lr"] = self.warmed_lr(group)
        values["c"] = self.weight(group) / group["weight_sum"] if group["weight_sum"] else 0.0
        return values

    def train(self) -> None:
        """Put y, the point at which gradients are taken, into the parameters."""
        self._become(0, lambda beta: 1 - beta)

    def eval(self) -> None:
        """Put x, the average, into the parameters: what is to be evaluated and kept.

        From y = (1 - β) z + β x it is x = (1 - 1/β) z + y/β: therefore β > 0.
        """
        self._become(1, lambda beta: 1 - 1 / beta)

    def _become(self, averaged: int, weight) -> None:
        with all_or_none(self):
            for group in self.param_groups:
                if group["averaged"] != averaged:
                    self._move_towards_z(group, weight(self.beta(group)))
                    group["averaged"] = averaged

    def _move_towards_z(self, group: dict, weight: float) -> None:
        moved = [p for p in group["params"] if self.state[p]["t"] > 0]
        batch = [(p.data, self.state[p]["z"]) for p in moved]
        engines.run((interpolate,), batch, {"weight": weight}, engine=self.engine)
        for p in moved:
            p.overwritten()


class SGDScheduleFree(ScheduleFree):
    """SGD without a schedule: gradients at y, steps of z, and the answer is the average x.

        z ← z - lr (g + λ y)
        x ← (1 - c) x + c z,   c = w_t / (w_1 + ... + w_t),   w_t = t^r lr_max^power
        y = (1 - β) z + β x

    The parameters are y while training; call `eval()` before evaluating, `train()` after.

    Source: Defazio et al. 2024, eq. 3-5, in the form of the authors' library.
    """

    lr: float = Value(NONNEGATIVE, "step size, >= 0; larger than SGD's", default=1.0)
    momentum: float = Value(OPEN_FRACTION, "β, in (0, 1)", default=0.9)
    weight_decay: float = Value(NONNEGATIVE, "λ, added to the gradient as λ y", default=0.0)
    warmup_steps: int = Value(COUNT, "steps in which lr rises linearly, an integer >= 0", default=0)
    r: float = Value(NONNEGATIVE, "power of t in the weight of a step, >= 0", default=0.0)
    weight_lr_power: float = Value(
        NONNEGATIVE, "power of the largest learning rate so far in it, >= 0", default=2.0
    )

    def beta(self, group):
        return group["momentum"]

    def decay(self, group):
        return coupled

    def rule(self, group):
        return schedule_free_sgd


class AdamWScheduleFree(ScheduleFree):
    """AdamW without a schedule: Adam's denominator, the average in place of the first moment.

        v ← β₂ v + (1 - β₂) g²
        z ← z - lr (g / (√v̂ + ε) + λ y)
        x ← (1 - c) x + c z,   c = w_t / (w_1 + ... + w_t),   w_t = t^r lr_max^power
        y = (1 - β₁) z + β₁ x

    The parameters are y while training; call `eval()` before evaluating, `train()` after.

    Source: Defazio et al. 2024, Algorithm 1, in the form of the authors' library.
    """

    lr: float = Value(NONNEGATIVE, "step size, >= 0", default=0.0025)
    betas: tuple = Value(fractions(2), "(β₁, β₂), β₁ in (0, 1), β₂ in [0, 1)", default=(0.9, 0.999))
    eps: float = Value(NONNEGATIVE, "ε, >= 0, in the units of the gradient", default=1e-8)
    weight_decay: float = Value(NONNEGATIVE, "λ, decoupled, taken at y", default=0.0)
    warmup_steps: int = Value(COUNT, "steps in which lr rises linearly, an integer >= 0", default=0)
    r: float = Value(NONNEGATIVE, "power of t in the weight of a step, >= 0", default=0.0)
    weight_lr_power: float = Value(
        NONNEGATIVE, "power of the largest learning rate so far in it, >= 0", default=2.0
    )

    def check_group(self, group):
        if group["betas"][0] == 0:
            raise ValueError("AdamWScheduleFree: the first of betas must be > 0, got 0")

    def beta(self, group):
        return group["betas"][0]

    def rule(self, group):
        return schedule_free_adamw
