"""Schedules along half a period of the cosine: annealing, restarts, warm-up, one cycle."""

import math

from tinytorch.core.checks import (
    COUNT,
    FRACTION,
    NONNEGATIVE,
    POSITIVE,
    POSITIVE_COUNT,
    POSITIVE_PROPORTION,
    PROPORTION,
    require,
)
from tinytorch.optim.optimizer import Optimizer
from tinytorch.optim.schedules.base import Scheduler, per_group, require_optimizer


def cosine(start: float, end: float, done: float) -> float:
    """Half a period of the cosine from `start` (done = 0) to `end` (done = 1)."""
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2


def linear(start: float, end: float, done: float) -> float:
    return start + (end - start) * done


class CosineAnnealingLR(Scheduler):
    """Half a cosine from base to η: lr = η + (base - η)(1 + cos(π t / T)) / 2.

    After T the cosine goes on: the learning rate *rises again*, back to base at 2T, and so on.

    Arguments:
        T_max: T, an integer >= 1.
        eta_min: η, >= 0.

    Source: Loshchilov & Hutter 2017 (SGDR), equation 5 without restarts.
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0):
        require("CosineAnnealingLR", "T_max", T_max, POSITIVE_COUNT)
        require("CosineAnnealingLR", "eta_min", eta_min, NONNEGATIVE)
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer)

    def lr(self, t, base):
        return cosine(base, self.eta_min, t / self.T_max)


class CosineAnnealingWarmRestarts(Scheduler):
    """Half a cosine from base to η, again and again; each cycle is T_mult times as long.

    At a restart lr = base; there is no end.

    Arguments:
        T_0: length of the first cycle, an integer >= 1.
        T_mult: an integer >= 1.
        eta_min: η, >= 0.

    Source: Loshchilov & Hutter 2017 (SGDR), equation 5.
    """

    def __init__(self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0):
        require("CosineAnnealingWarmRestarts", "T_0", T_0, POSITIVE_COUNT)
        require("CosineAnnealingWarmRestarts", "T_mult", T_mult, POSITIVE_COUNT)
        require("CosineAnnealingWarmRestarts", "eta_min", eta_min, NONNEGATIVE)
        self.T_0, self.T_mult, self.eta_min = T_0, T_mult, eta_min
        super().__init__(optimizer)

    def lr(self, t, base):
        length = self.T_0
        if self.T_mult == 1:
            t %= length
        while t >= length:
            t, length = t - length, length * self.T_mult
        return cosine(base, self.eta_min, t / length)


class WarmupCosine(Scheduler):
    """A straight warm-up to base, then half a cosine down to η, which is held after the end.

        t < W:  lr = base · (start + (1 - start) t / W)
        else:   lr = η + (base - η)(1 + cos(π min(1, (t - W) / (T - W)))) / 2

    Up to its end the same as SequentialLR of LinearLR and CosineAnnealingLR.

    Arguments:
        warmup_steps: W, an integer >= 0.
        total_steps: T, an integer > W.
        start_factor: in (0, 1].
        eta_min: η, >= 0.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        warmup_steps: int,
        total_steps: int,
        start_factor: float = 0.01,
        eta_min: float = 0.0,
    ):
        require("WarmupCosine", "warmup_steps", warmup_steps, COUNT)
        require("WarmupCosine", "total_steps", total_steps, POSITIVE_COUNT)
        require("WarmupCosine", "start_factor", start_factor, POSITIVE_PROPORTION)
        require("WarmupCosine", "eta_min", eta_min, NONNEGATIVE)
        if total_steps <= warmup_steps:
            raise ValueError(
                "WarmupCosine: total_steps must be greater than warmup_steps, got "
                f"{total_steps} and {warmup_steps}"
            )
        self.warmup_steps, self.total_steps = warmup_steps, total_steps
        self.start_factor, self.eta_min = start_factor, eta_min
        super().__init__(optimizer)

    def lr(self, t, base):
        if t < self.warmup_steps:
            return base * (self.start_factor + (1 - self.start_factor) * t / self.warmup_steps)
        done = (t - self.warmup_steps) / (self.total_steps - self.warmup_steps)
        return cosine(base, self.eta_min, min(done, 1.0))


class OneCycleLR(Scheduler):
    """Up to `max_lr` and down again, far below where it began, in exactly N steps.

        from max_lr / div_factor up to max_lr      at t = pct_start · N - 1
        down to max_lr / div_factor / final_div_factor      at t = N - 1

    with the momentum (β₁ for optimizers with betas) going the opposite way, from `max_momentum`
    to `base_momentum` and back. `three_phase` goes down as slowly as it went up, and then to the
    end. The optimizer's own lr is not used. At t = N, after the last step, the final value is
    held; one step further is an error.

    Arguments:
        max_lr: the peak, > 0; one, or a list with one a group.
        total_steps: N, an integer >= 1; or `epochs` and `steps_per_epoch`.
        pct_start: share of the steps on the way up, in [0, 1].
        anneal_strategy: "cos" or "linear".
        cycle_momentum: whether the momentum is cycled too.
        base_momentum, max_momentum: in [0, 1).
        div_factor, final_div_factor: > 0.

    Raises:
        ValueError: a value outside its range; an optimizer without momentum to cycle; on
            `step`, when N steps have been taken.

    Source: Smith & Topin 2018 (super-convergence); PyTorch's conventions, except that at t = N
    PyTorch extrapolates, with "linear" to a negative learning rate.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr,
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
    ):
        require_optimizer(self, optimizer)
        if (total_steps is None) == (epochs is None and steps_per_epoch is None):
            raise ValueError("OneCycleLR: give total_steps, or epochs and steps_per_epoch")
        if total_steps is None:
            require("OneCycleLR", "epochs", epochs, POSITIVE_COUNT)
            require("OneCycleLR", "steps_per_epoch", steps_per_epoch, POSITIVE_COUNT)
            total_steps = epochs * steps_per_epoch
        require("OneCycleLR", "total_steps", total_steps, POSITIVE_COUNT)
        require("OneCycleLR", "pct_start", pct_start, PROPORTION)
        require("OneCycleLR", "base_momentum", base_momentum, FRACTION)
        require("OneCycleLR", "max_momentum", max_momentum, FRACTION)
        require("OneCycleLR", "div_factor", div_factor, POSITIVE)
        require("OneCycleLR", "final_div_factor", final_div_factor, POSITIVE)
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"OneCycleLR: anneal_strategy must be 'cos' or 'linear', got {anneal_strategy!r}"
            )
        if cycle_momentum and not {"momentum", "betas"} & set(optimizer.defaults):
            raise ValueError(
                f"OneCycleLR: {type(optimizer).__name__} has neither momentum nor betas to cycle; "
                "say cycle_momentum=False"
            )
        groups = len(optimizer.param_groups)
        self.max_lrs = per_group("OneCycleLR", "max_lr", max_lr, groups, POSITIVE)
        self.total_steps, self.cycle_momentum = total_steps, cycle_momentum
        self.anneal = cosine if anneal_strategy == "cos" else linear
        low, end = 1 / div_factor, 1 / (div_factor * final_div_factor)
        m, base_m = max_momentum, base_momentum
        up, stop = pct_start * total_steps - 1, total_steps - 1
        self.phases = [  # (first t, last t, factors of max_lr, momenta), each pair from and to
            (0, up, (low, 1.0), (m, base_m)),
            (up, stop, (1.0, end), (base_m, m)),
        ]
        if three_phase:
            down = 2 * up
            self.phases[1:] = [
                (up, down, (1.0, low), (base_m, m)),
                (down, stop, (low, end), (m, m)),
            ]
        super().__init__(optimizer)

    def values(self, t, base_lrs):
        if t > self.total_steps:
            raise ValueError(
                f"OneCycleLR: all of its total_steps = {self.total_steps} steps were taken"
            )
        t = min(t, self.total_steps - 1)
        first, last, factors, momenta = next(phase for phase in self.phases if t <= phase[1])
        done = (t - first) / (last - first) if last > first else 1.0
        values = [{"lr": max_lr * self.anneal(*factors, done)} for max_lr in self.max_lrs]
        if self.cycle_momentum:
            m = self.anneal(*momenta, done)
            for group, changes in zip(self.optimizer.param_groups, values, strict=True):
                if "betas" in group:
                    changes["betas"] = (m, *group["betas"][1:])
                else:
                    changes["momentum"] = m
        return values
