"""Schedules along half a period of the cosine: annealing, restarts, warm-up, one cycle."""

import math

from tinytorch.core.checks import (
    ANYTHING,
    COUNT,
    FRACTION,
    NONNEGATIVE,
    POSITIVE,
    POSITIVE_COUNT,
    PROPORTION,
    one_of,
    require,
)
from tinytorch.optim.declarations import Value
from tinytorch.optim.schedules.base import Scheduler, one_or_several


def cosine(start: float, end: float, done: float) -> float:
    """Half a period of the cosine from `start` (done = 0) to `end` (done = 1)."""
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2


def linear(start: float, end: float, done: float) -> float:
    return start + (end - start) * done


def require_momentum(owner: str, optimizer) -> None:
    if not {"momentum", "betas"} & set(optimizer.defaults):
        raise ValueError(
            f"{owner}: {type(optimizer).__name__} has neither momentum nor betas to cycle; "
            "say cycle_momentum=False"
        )


def momentum(group: dict, value: float) -> dict:
    """What is to be set in a group whose momentum (or β₁) is to be this."""
    return {"betas": (value, *group["betas"][1:])} if "betas" in group else {"momentum": value}


class CosineAnnealingLR(Scheduler):
    """Half a cosine from base to η: lr = η + (base - η)(1 + cos(π t / T)) / 2.

    After T the cosine goes on: the learning rate *rises again*, back to base at 2T, and so on.

    Source: Loshchilov & Hutter 2017 (SGDR), equation 5 without restarts.
    """

    T_max: int = Value(POSITIVE_COUNT, "T, an integer >= 1")
    eta_min: float = Value(NONNEGATIVE, "η, >= 0", default=0.0)

    def lr(self, t, base):
        return cosine(base, self.eta_min, t / self.T_max)


class CosineAnnealingWarmRestarts(Scheduler):
    """Half a cosine from base to η, again and again; each cycle is T_mult times as long.

    At a restart lr = base; there is no end.

    Source: Loshchilov & Hutter 2017 (SGDR), equation 5.
    """

    T_0: int = Value(POSITIVE_COUNT, "length of the first cycle, an integer >= 1")
    T_mult: int = Value(POSITIVE_COUNT, "an integer >= 1", default=1)
    eta_min: float = Value(NONNEGATIVE, "η, >= 0", default=0.0)

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
    """

    warmup_steps: int = Value(COUNT, "W, an integer >= 0")
    total_steps: int = Value(POSITIVE_COUNT, "T, an integer > W")
    start_factor: float = Value(PROPORTION, "in [0, 1]", default=0.01)
    eta_min: float = Value(NONNEGATIVE, "η, >= 0", default=0.0)

    def settle(self):
        if self.total_steps <= self.warmup_steps:
            raise ValueError(
                f"{type(self).__name__}: total_steps must be greater than warmup_steps, got "
                f"{self.total_steps} and {self.warmup_steps}"
            )

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

    Raises:
        ValueError: a value outside its range; an optimizer without momentum to cycle; on
            `step`, when N steps have been taken.

    Source: Smith & Topin 2018 (super-convergence); PyTorch's conventions, except that at t = N
    PyTorch extrapolates, with "linear" to a negative learning rate.
    """

    one_a_group = ("max_lr",)

    max_lr: float | list = Value(
        one_or_several(*POSITIVE), "the peak, > 0; one, or a list with one a group"
    )
    total_steps: int | None = Value(
        ANYTHING, "N, an integer >= 1; or `epochs` and `steps_per_epoch` in its place", default=None
    )
    epochs: int | None = Value(ANYTHING, "an integer >= 1", default=None)
    steps_per_epoch: int | None = Value(ANYTHING, "an integer >= 1", default=None)
    pct_start: float = Value(PROPORTION, "share of the steps on the way up, in [0, 1]", default=0.3)
    anneal_strategy: str = Value(one_of("cos", "linear"), '"cos" or "linear"', default="cos")
    cycle_momentum: bool = Value(ANYTHING, "whether the momentum is cycled too", default=True)
    base_momentum: float = Value(FRACTION, "the least momentum, in [0, 1)", default=0.85)
    max_momentum: float = Value(FRACTION, "the largest, in [0, 1)", default=0.95)
    div_factor: float = Value(
        POSITIVE, "by how much smaller than the peak the begin is, > 0", default=25.0
    )
    final_div_factor: float = Value(
        POSITIVE, "by how much smaller than the begin the end is, > 0", default=1e4
    )
    three_phase: bool = Value(
        ANYTHING, "whether it goes down as it went up before it ends", default=False
    )

    def settle(self):
        optimizer, epochs, per_epoch = self.optimizer, self.epochs, self.steps_per_epoch
        if (self.total_steps is None) == (epochs is None and per_epoch is None):
            raise ValueError("OneCycleLR: give total_steps, or epochs and steps_per_epoch")
        if self.total_steps is None:
            require("OneCycleLR", "epochs", epochs, POSITIVE_COUNT)
            require("OneCycleLR", "steps_per_epoch", per_epoch, POSITIVE_COUNT)
            vars(self).update(total_steps=epochs * per_epoch, epochs=None, steps_per_epoch=None)
        require("OneCycleLR", "total_steps", self.total_steps, POSITIVE_COUNT)
        if self.cycle_momentum:
            require_momentum("OneCycleLR", optimizer)
        self.anneal = cosine if self.anneal_strategy == "cos" else linear
        low, end = 1 / self.div_factor, 1 / (self.div_factor * self.final_div_factor)
        m, base_m = self.max_momentum, self.base_momentum
        up, stop = self.pct_start * self.total_steps - 1, self.total_steps - 1
        self.phases = [  # (first t, last t, factors of max_lr, momenta), each pair from and to
            (0, up, (low, 1.0), (m, base_m)),
            (up, stop, (1.0, end), (base_m, m)),
        ]
        if self.three_phase:
            down = 2 * up
            self.phases[1:] = [
                (up, down, (1.0, low), (base_m, m)),
                (down, stop, (low, end), (m, m)),
            ]

    def values(self, t, base_lrs):
        if t > self.total_steps:
            raise ValueError(
                f"OneCycleLR: all of its total_steps = {self.total_steps} steps were taken"
            )
        t = min(t, self.total_steps - 1)
        first, last, factors, momenta = next(phase for phase in self.phases if t <= phase[1])
        done = (t - first) / (last - first) if last > first else 1.0
        max_lrs = self.for_each("max_lr", len(base_lrs))
        values = [{"lr": max_lr * self.anneal(*factors, done)} for max_lr in max_lrs]
        if self.cycle_momentum:
            m = self.anneal(*momenta, done)
            for group, changes in zip(self.optimizer.param_groups, values, strict=True):
                changes |= momentum(group, m)
        return values


class SWALR(Scheduler):
    """From where the rate is to a constant one, in N steps: for averaging weights at the end.

        lr = swa + (lr₀ - swa) (1 + cos(π min(1, t / N))) / 2        ("linear": a straight line)

    It takes over from the optimizer's other schedulers: lr₀ is what they have come to, not the
    initial rate. From the first of its steps on they should not be stepped any more.

    Source: Izmailov et al. 2018, section 3.2; PyTorch's form.
    """

    takes_over = True
    one_a_group = ("swa_lr",)

    swa_lr: float | list = Value(
        one_or_several(*NONNEGATIVE), "the constant rate, >= 0; one, or a list with one a group"
    )
    anneal_epochs: int = Value(COUNT, "N, an integer >= 0; with 0 it is there at once", default=10)
    anneal_strategy: str = Value(one_of("cos", "linear"), '"cos" or "linear"', default="cos")

    def values(self, t, base_lrs):
        done = min(1.0, t / self.anneal_epochs) if self.anneal_epochs else 1.0
        anneal = cosine if self.anneal_strategy == "cos" else linear
        ends = self.for_each("swa_lr", len(base_lrs))
        return [{"lr": anneal(lr, end, done)} for lr, end in zip(base_lrs, ends, strict=True)]
