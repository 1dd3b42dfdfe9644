"""ReduceLROnPlateau: the one scheduler that looks at how training goes."""

import math

from tinytorch.core.checks import (
    ANYTHING,
    COUNT,
    NONNEGATIVE,
    NUMBER,
    OPEN_FRACTION,
    one_of,
    require,
)
from tinytorch.optim.declarations import Value
from tinytorch.optim.saving import expect, expect_keys
from tinytorch.optim.schedules.base import Scheduler, each_group

MODES, THRESHOLD_MODES = one_of("min", "max"), one_of("rel", "abs")


class ReduceLROnPlateau(Scheduler):
    """Multiply the learning rate by `factor` when a measure has stopped improving.

    A call of `step(metric)` is bad if the metric is not better than the best one so far by the
    threshold. After more than `patience` bad calls in a row lr ← max(factor · lr, min_lr), and
    the next `cooldown` calls do not count as bad. Changes of at most `eps` are not made.

    Raises:
        TypeError: `optimizer` is none.
        ValueError: an argument outside its range; on `step`, a metric that is no number.
    """

    watches = True
    SAVED = ("t", "best", "bad", "cooling", "lrs")

    mode: str = Value(
        MODES, '"min" if less is better (a loss), "max" if more is (an accuracy)', default="min"
    )
    factor: float = Value(OPEN_FRACTION, "in (0, 1)", default=0.1)
    patience: int = Value(COUNT, "bad calls that are tolerated, an integer >= 0", default=10)
    threshold: float = Value(
        NONNEGATIVE,
        "what counts as better, >= 0: a share of the best value's size, or a difference",
        default=1e-4,
    )
    threshold_mode: str = Value(THRESHOLD_MODES, '"rel" or "abs"', default="rel")
    cooldown: int = Value(
        COUNT, "calls after a cut that are not judged, an integer >= 0", default=0
    )
    min_lr: float | list = Value(ANYTHING, ">= 0; one, or a list with one a group", default=0.0)
    eps: float = Value(NONNEGATIVE, ">= 0", default=1e-8)

    def settle(self):
        self.min_lrs = each_group(self, "min_lr", self.min_lr, NONNEGATIVE)
        self.best, self.bad, self.cooling = None, 0, 0

    def values(self, t, base_lrs):
        return [{} for _ in base_lrs]  # a cut is made when it is due, not at a t

    def is_better(self, metric: float) -> bool:
        """Whether `metric` improves on the best one by more than the threshold; what is infinite
        or not a number never does."""
        if not math.isfinite(metric):
            return False
        if self.best is None:
            return True
        sign = 1 if self.mode == "max" else -1
        if self.threshold_mode == "abs":
            bound = self.best + sign * self.threshold
        else:
            bound = self.best * (1 + math.copysign(sign * self.threshold, sign * self.best))
        return metric > bound if sign > 0 else metric < bound

    def step(self, metric: float) -> None:
        """Judge `metric`: call it after each evaluation. One that overflowed is a bad one."""
        try:
            metric = float(metric)
        except (TypeError, ValueError):
            raise ValueError(
                f"{type(self).__name__}: metric must be a number, got {metric!r}"
            ) from None
        self.t += 1
        if self.is_better(metric):
            self.best, self.bad = metric, 0
        else:
            self.bad += 1
        if self.cooling > 0:
            self.cooling, self.bad = self.cooling - 1, 0
        if self.bad > self.patience:
            self._cut()
            self.cooling, self.bad = self.cooldown, 0

    def _cut(self) -> None:
        for group, least in zip(self.optimizer.param_groups, self.min_lrs, strict=True):
            lr = max(group["lr"] * self.factor, least)
            if group["lr"] - lr > self.eps:
                group["lr"] = lr

    def state_dict(self) -> dict:
        """The counters, the best metric and the learning rates."""
        values = (self.t, self.best, self.bad, self.cooling, self.get_last_lr())
        return dict(zip(self.SAVED, values, strict=True))

    def load_state_dict(self, state_dict: dict) -> None:
        """Go on where `state_dict` was taken, with the learning rates of then.

        Raises:
            TypeError, ValueError: a state that does not fit; nothing has changed then.
        """
        owner = type(self).__name__
        expect_keys(owner, "the state", state_dict, set(self.SAVED))
        for name in ("t", "bad", "cooling"):
            require(owner, name, state_dict[name], COUNT)
        if state_dict["best"] is not None:
            require(owner, "best", state_dict["best"], NUMBER)
        lrs = state_dict["lrs"]
        expect(owner, "lrs", lrs, list, tuple)
        if len(lrs) != len(self.optimizer.param_groups):
            raise ValueError(
                f"{owner}: {len(lrs)} learning rates for {len(self.optimizer.param_groups)} groups"
            )
        for lr in lrs:
            require(owner, "lrs", lr, NONNEGATIVE)
        self.t, self.best = state_dict["t"], state_dict["best"]
        self.bad, self.cooling = state_dict["bad"], state_dict["cooling"]
        for group, lr in zip(self.optimizer.param_groups, lrs, strict=True):
            group["lr"] = lr

    def __repr__(self) -> str:
        return (
            f"ReduceLROnPlateau(mode={self.mode!r}, factor={self.factor}, "
            f"patience={self.patience}, bad={self.bad}, best={self.best})"
        )
