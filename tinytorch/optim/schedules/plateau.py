"""ReduceLROnPlateau: the one scheduler that looks at how training goes."""

import math

from tinytorch.core.checks import (
    COUNT,
    NONNEGATIVE,
    NUMBER,
    OPEN_FRACTION,
    one_of,
    require,
)
from tinytorch.optim.declarations import Value
from tinytorch.optim.saving import expect
from tinytorch.optim.schedules.base import Scheduler, as_metric, one_or_several

MODES, THRESHOLD_MODES = one_of("min", "max"), one_of("rel", "abs")


class ReduceLROnPlateau(Scheduler):
    """Multiply the learning rate by `factor` when a measure has stopped improving.

    A call of `step(metric)` is bad if the metric is not better than the best one so far by the
    threshold. After more than `patience` bad calls in a row lr ← max(factor · lr, min_lr), and
    the next `cooldown` calls do not count as bad. Changes of at most `eps` are not made.

    To warm up first, make it a part: `SequentialLR(optimizer, [LinearLR(optimizer),
    ReduceLROnPlateau(optimizer)], [5])`, with `step(metric)`. A group that is added later begins
    uncut, with its own learning rate.

    Attributes:
        best: the best metric so far; None before the first.
        bad: calls in a row that were bad.
        cooling: calls that will not be judged.
        lrs: the learning rate of each group as this scheduler has it.

    Raises:
        TypeError: `optimizer` is none.
        ValueError: an argument outside its range; on `step`, a metric that is no number.
    """

    watches = True
    remembered = ("t", "best", "bad", "cooling", "lrs")
    one_a_group = ("min_lr",)
    best, bad, cooling, lrs = None, 0, 0, ()

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
    min_lr: float | list = Value(
        one_or_several(*NONNEGATIVE), ">= 0; one, or a list with one a group", default=0.0
    )
    eps: float = Value(NONNEGATIVE, ">= 0", default=1e-8)

    def values(self, t, base_lrs):
        """What the cuts so far have left; a cut is made when it is due, not at a t."""
        return [{"lr": lr} for lr in (*self.lrs, *base_lrs[len(self.lrs) :])]

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
        """Judge `metric`: call it after each evaluation. One that overflowed is a bad one.

        A call that raises has changed nothing.

        Raises:
            ValueError: it is no number.
            RuntimeError: this scheduler is a part of another one, which is to be stepped.
        """
        self._refuse_part("step")
        metric, before = as_metric(type(self).__name__, metric), self.lrs
        self._move(lambda: self._take(metric), lambda: self.lrs is not before)

    def judge(self, t, metric):
        if self.is_better(metric):
            self.best, self.bad = metric, 0
        else:
            self.bad += 1
        if self.cooling > 0:
            self.cooling, self.bad = self.cooling - 1, 0
        if self.bad > self.patience:
            self.lrs = self._cut([v["lr"] for v in self.values(t, self.base_lrs)])
            self.cooling, self.bad = self.cooldown, 0

    def _cut(self, lrs: list[float]) -> list[float]:
        least = self.for_each("min_lr", len(lrs))
        cut = [max(lr * self.factor, end) for lr, end in zip(lrs, least, strict=True)]
        return [new if lr - new > self.eps else lr for lr, new in zip(lrs, cut, strict=True)]

    def remember(self):
        return {**super().remember(), "lrs": [v["lr"] for v in self.values(self.t, self.base_lrs)]}

    def require_remembered(self, owner, state):
        super().require_remembered(owner, state)
        for name in ("bad", "cooling"):
            require(owner, name, state[name], COUNT)
        if state["best"] is not None:
            require(owner, "best", state["best"], NUMBER)
        expect(owner, "lrs", state["lrs"], list, tuple)
        if len(state["lrs"]) != (count := len(self.optimizer.param_groups)):
            raise ValueError(f"{owner}: lrs: {len(state['lrs'])} were saved for {count} groups")
        for lr in state["lrs"]:
            require(owner, "lrs", lr, NONNEGATIVE)

    def load_state_dict(self, state_dict: dict) -> None:
        if isinstance(state_dict, dict):  # which had no "base_lrs" once
            state_dict = {"base_lrs": self.base_lrs, **state_dict}
        super().load_state_dict(state_dict)

    def __repr__(self) -> str:
        return (
            f"ReduceLROnPlateau(mode={self.mode!r}, factor={self.factor}, "
            f"patience={self.patience}, bad={self.bad}, best={self.best})"
        )
