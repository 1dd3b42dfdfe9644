"""Schedules that are made of others: one after another, or several at once.

The parts belong to the whole from then on: what making them set in the optimizer is taken back,
and only the whole is stepped. Where a part watches a metric, the whole does:

    warm, plateau = LinearLR(optimizer, 0.1, total_iters=5), ReduceLROnPlateau(optimizer)
    scheduler = SequentialLR(optimizer, [warm, plateau], milestones=[5])
    ...
    scheduler.step(loss)
"""

from bisect import bisect_right
from collections.abc import Iterable

from tinytorch.core.checks import ANYTHING
from tinytorch.optim.declarations import Value
from tinytorch.optim.optimizer import Optimizer
from tinytorch.optim.saving import expect, expect_keys
from tinytorch.optim.schedules.base import Scheduler, as_metric, counts
from tinytorch.optim.schedules.together import joint

PARTS = "of this optimizer; only this object is stepped, not they"


class Composite(Scheduler):
    """Base of the schedulers that are made of `schedulers`."""

    def check_parts(self, optimizer, schedulers) -> list[Scheduler]:
        owner, schedulers = type(self).__name__, self.listed(schedulers)
        if not schedulers:
            raise ValueError(f"{owner}: needs at least one scheduler")
        for i, part in enumerate(schedulers):
            if not isinstance(part, Scheduler):
                raise TypeError(f"{owner}: {type(part).__name__} is not a scheduler")
            if part.optimizer is not optimizer:
                raise ValueError(f"{owner}: {part!r} belongs to another optimizer")
            if part.watches and (part._part_of or part in schedulers[:i]):
                raise ValueError(
                    f"{owner}: this {type(part).__name__} is a part already, and cannot judge for "
                    "two: make another"
                )
        self.watches = any(part.watches for part in schedulers)
        return schedulers

    def listed(self, schedulers) -> list:
        if isinstance(schedulers, Iterable):
            return list(schedulers)
        owner = type(self).__name__
        raise TypeError(f"{owner}: schedulers must be a list, got {type(schedulers).__name__}")

    def step(self, metric: float | None = None) -> None:
        """Move on by one: call it after the optimizer's step (or at the end of an epoch).

        Arguments:
            metric: what the parts that watch are to judge, in every call; nothing if none does.

        A call that raises has changed nothing.

        Raises:
            TypeError: a metric is missing, or nobody judges it.
            ValueError: as `step` of the parts.
            RuntimeError: it is itself a part of another scheduler.
        """
        if self.watches == (metric is None):
            word = "needs the metric that a part judges" if self.watches else "takes no metric"
            raise TypeError(f"{type(self).__name__}: step() {word}")
        self._advance(None if metric is None else as_metric(type(self).__name__, metric))

    def set_value(self, value, new):
        if value.name == "schedulers" and "t" in vars(self):
            raise TypeError(f"{type(self).__name__}: schedulers cannot be exchanged; make another")
        super().set_value(value, new)

    def require_lists(self, count):
        for part in self.schedulers:
            part.require_lists(count)

    def remember(self):
        parts = [part.remember() if part.watches else None for part in self.schedulers]
        return {**super().remember(), **({"parts": parts} if self.watches else {})}

    def recall(self, remembered):
        super().recall(remembered)
        if self.watches:
            for part, own in zip(self.schedulers, remembered["parts"], strict=True):
                if part.watches:
                    part.recall(own)

    def require_remembered(self, owner, state):
        super().require_remembered(owner, state)
        if self.watches:
            parts = state["parts"]
            expect(owner, "parts", parts, list, tuple)
            if len(parts) != len(self.schedulers):
                raise ValueError(f"{owner}: parts must be {len(self.schedulers)}, got {len(parts)}")
            for part, own in zip(self.schedulers, parts, strict=True):
                where = f"{owner}: parts: {type(part).__name__}"
                if part.watches:
                    expect_keys(where, "its state", own, set(part.remember()))
                    part.require_remembered(where, own)
                elif own is not None:
                    raise ValueError(f"{where} has no state of its own, got {own!r}")


class SequentialLR(Composite):
    """One scheduler after another; each starts at its milestone with its own t = 0.

    After the last milestone the last scheduler goes on as it does alone. A ReduceLROnPlateau
    judges what is passed to `step` when it is its turn.
    """

    schedulers: list = Value(ANYTHING, PARTS)
    milestones: list = Value(counts, "increasing integers >= 1, one fewer than schedulers")

    def settle(self):
        if "t" not in vars(self):
            vars(self)["schedulers"] = self.check_parts(self.optimizer, self.schedulers)
        if len(self.milestones) != len(self.schedulers) - 1:
            raise ValueError(
                f"SequentialLR: {len(self.schedulers)} schedulers need "
                f"{len(self.schedulers) - 1} milestones, got {len(self.milestones)}"
            )
        starts = [0, *self.milestones]
        if any(a >= b for a, b in zip(starts, starts[1:], strict=False)):
            raise ValueError(f"SequentialLR: milestones must be increasing, got {self.milestones}")

    def turn(self, t: int) -> tuple[Scheduler, int]:
        """Whose turn it is after t steps, and how many of these were its own."""
        i = bisect_right(self.milestones, t)
        return self.schedulers[i], t - (self.milestones[i - 1] if i else 0)

    def values(self, t, base_lrs):
        part, own = self.turn(t)
        return part.values(own, base_lrs)

    def judge(self, t, metric):
        part, own = self.turn(t)
        part.judge(own, metric)


class ChainedScheduler(Composite):
    """Several schedulers at once: lr = base · f₁(t) · f₂(t) · ..., with fᵢ = lrᵢ / base.

    Arguments:
        schedulers: of one optimizer; only this object is stepped, not they.
        optimizer: that optimizer; may be left out.
    """

    schedulers: list = Value(ANYTHING, PARTS)

    def __init__(self, schedulers, optimizer: Optimizer | None = None):
        schedulers = self.listed(schedulers)
        if optimizer is None and schedulers:
            optimizer = getattr(schedulers[0], "optimizer", None)
        vars(self)["schedulers"] = self.check_parts(optimizer, schedulers)
        super().__init__(optimizer)

    def values(self, t, base_lrs):
        pairs = [(part, t) for part in self.schedulers]
        return joint(pairs, base_lrs, "ChainedScheduler")[0]

    def judge(self, t, metric):
        for part in self.schedulers:
            part.judge(t, metric)
