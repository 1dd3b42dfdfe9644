"""Schedules that are made of others: one after another, or several at once."""

from bisect import bisect_right

from tinytorch.core.checks import ANYTHING
from tinytorch.optim.declarations import Value
from tinytorch.optim.optimizer import Optimizer
from tinytorch.optim.schedules.base import Scheduler, counts

PARTS = (
    "of this optimizer, functions of t (not ReduceLROnPlateau). Only this object is stepped, "
    "not they."
)


class SequentialLR(Scheduler):
    """One scheduler after another; each starts at its milestone with its own t = 0.

    After the last milestone the last scheduler goes on as it does alone.
    """

    schedulers: list = Value(ANYTHING, PARTS)
    milestones: list = Value(counts, "increasing integers >= 1, one fewer than schedulers")

    def settle(self):
        self.schedulers = functions_of_t("SequentialLR", self.optimizer, self.schedulers)
        if len(self.milestones) != len(self.schedulers) - 1:
            raise ValueError(
                f"SequentialLR: {len(self.schedulers)} schedulers need "
                f"{len(self.schedulers) - 1} milestones, got {len(self.milestones)}"
            )
        starts = [0, *self.milestones]
        if any(a >= b for a, b in zip(starts, starts[1:], strict=False)):
            raise ValueError(f"SequentialLR: milestones must be increasing, got {self.milestones}")

    def values(self, t, base_lrs):
        i = bisect_right(self.milestones, t)
        start = self.milestones[i - 1] if i else 0
        return self.schedulers[i].values(t - start, base_lrs)


class ChainedScheduler(Scheduler):
    """Several schedulers at once: lr = base · f₁(t) · f₂(t) · ..., with fᵢ = lrᵢ / base.

    Arguments:
        schedulers: of one optimizer, functions of t (not ReduceLROnPlateau). Only this object is
            stepped, not they.
        optimizer: that optimizer; may be left out.
    """

    schedulers: list = Value(ANYTHING, PARTS)

    def __init__(self, schedulers, optimizer: Optimizer | None = None):
        schedulers = list(schedulers)
        if optimizer is None and schedulers:
            optimizer = getattr(schedulers[0], "optimizer", None)
        self.schedulers = functions_of_t("ChainedScheduler", optimizer, schedulers)
        super().__init__(optimizer)

    def values(self, t, base_lrs):
        result = [{"lr": base} for base in base_lrs]
        for scheduler in self.schedulers:
            for i, changes in enumerate(scheduler.values(t, base_lrs)):
                changes["lr"] *= result[i]["lr"] / base_lrs[i] if base_lrs[i] else 0.0
                result[i].update(changes)
        return result


def functions_of_t(owner: str, optimizer, schedulers) -> list[Scheduler]:
    schedulers = list(schedulers)
    if not schedulers:
        raise ValueError(f"{owner}: needs at least one scheduler")
    for scheduler in schedulers:
        if not isinstance(scheduler, Scheduler) or scheduler.watches:
            raise TypeError(
                f"{owner}: {type(scheduler).__name__} is not a scheduler that is a function of t"
            )
        if scheduler.optimizer is not optimizer:
            raise ValueError(f"{owner}: {scheduler!r} belongs to another optimizer")
    return schedulers
