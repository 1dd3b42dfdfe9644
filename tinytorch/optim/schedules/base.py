"""Schedulers: the learning rate as a function of t, the number of steps taken.

Each class is one formula, `factor(t)` or `lr(t, base)`. Nothing is carried from step to step, so
a schedule can be plotted without running it, composed with others, and resumed from t alone. One
that looks at how training goes says so (`watches`), and is none of these functions.
"""

import warnings
from typing import ClassVar

from tinytorch.core.checks import COUNT, NONNEGATIVE, require
from tinytorch.optim.declarations import (
    Declared,
    Declares,
    constructor,
    declared,
    declares,
    documented,
)
from tinytorch.optim.optimizer import Optimizer
from tinytorch.optim.saving import expect, expect_keys


class Scheduler(Declares):
    """Base of the schedulers that are functions of t.

    A subclass declares its arguments (`declarations`) and defines `factor(t)`: what the initial
    learning rate is multiplied by after t steps; or `lr(t, base)`, if that is not all. The value
    at t = 0 is set at once, so the optimizer's first step uses it; `step()` moves on to the next.

    Attributes:
        watches: whether `step` takes a quantity to judge, by which training goes; such a
            scheduler is no function of t.
        t: how often `step` was called.
        base_lrs: the initial learning rate of each group: its "initial_lr", which the first
            scheduler of an optimizer sets to the "lr" it finds.

    Raises:
        TypeError: `optimizer` is none.
        ValueError: an argument outside its range.
    """

    optimizer: Optimizer
    watches = False
    declared: ClassVar[dict[str, Declared]] = {}

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        cls.declared = declared(cls)
        if declares(cls):
            cls.__init__ = constructor(cls, "optimizer", begin)
            cls.__doc__ = documented(cls, "optimizer", "whose learning rate is set")

    def __init__(self, optimizer: Optimizer):
        require_optimizer(self, optimizer)
        self.optimizer = optimizer
        self._steps = optimizer.steps
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
        self._move(0, [group["initial_lr"] for group in optimizer.param_groups])

    # What a subclass says

    def settle(self) -> None:
        """Refuse arguments that do not go together, and compute what follows from them."""

    def factor(self, t: int) -> float:
        """What the initial learning rate is multiplied by after t steps."""
        raise NotImplementedError(f"{type(self).__name__} must define factor()")

    def lr(self, t: int, base: float) -> float:
        """The learning rate after t steps of a group that started with `base`."""
        return base * self.factor(t)

    def values(self, t: int, base_lrs: list[float]) -> list[dict]:
        """What is set in each group after t steps."""
        return [{"lr": self.lr(t, base)} for base in base_lrs]

    # What a user calls

    def get_last_lr(self) -> list[float]:
        """The learning rate of each group, as it is now."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def step(self) -> None:
        """Move on by one: call it after the optimizer's step (or at the end of an epoch).

        Raises:
            ValueError: the schedule has ended (OneCycleLR), gives a value that is not allowed
                (LambdaLR), or the optimizer got another group; nothing has changed then.
        """
        if self.t == 0:
            warn_if_early(self)
        self._move(self.t + 1, self.base_lrs)

    def state_dict(self) -> dict:
        """t and the initial learning rates; the rest is what the scheduler was made with."""
        return {"t": self.t, "base_lrs": list(self.base_lrs)}

    def load_state_dict(self, state_dict: dict) -> None:
        """Go on where `state_dict` was taken, and set the learning rates of that t.

        Raises:
            TypeError, ValueError: a state that does not fit; nothing has changed then.
        """
        owner = type(self).__name__
        expect_keys(owner, "the state", state_dict, {"t", "base_lrs"})
        require(owner, "t", state_dict["t"], COUNT)
        base_lrs = state_dict["base_lrs"]
        expect(owner, "base_lrs", base_lrs, list, tuple)
        for base in base_lrs:
            require(owner, "base_lrs", base, NONNEGATIVE)
        self._move(int(state_dict["t"]), [float(base) for base in base_lrs])

    def _move(self, t: int, base_lrs: list[float]) -> None:
        groups = self.optimizer.param_groups
        if len(groups) != len(base_lrs):
            raise ValueError(
                f"{type(self).__name__}: made for {len(base_lrs)} groups, the optimizer has "
                f"{len(groups)}: make the scheduler after the last add_param_group"
            )
        values = self.values(t, base_lrs)
        for changes in values:
            for name, value in changes.items():
                owner = f"{type(self).__name__} at t = {t}"
                self.optimizer.check_value(name, value, owner)
        for group, changes in zip(groups, values, strict=True):
            self.optimizer.check_values({**group, **changes})
        for group, changes in zip(groups, values, strict=True):
            group.update(changes)
        self.t, self.base_lrs = t, base_lrs

    def get_value(self, value: Declared):
        return vars(self)[value.name]

    def set_value(self, value: Declared, new) -> None:
        vars(self)[value.name] = value.read(type(self).__name__, new)

    def __repr__(self) -> str:
        shown = [f"{name}={vars(self)[value.name]!r}" for name, value in self.declared.items()]
        shown += [f"t={self.t}", f"base_lrs={self.base_lrs}"]
        return f"{type(self).__name__}({', '.join(shown)})"


def begin(scheduler: Scheduler, optimizer, values: dict, written) -> None:
    """Keep the arguments, each if it is allowed, and set the first rates."""
    require_optimizer(scheduler, optimizer)
    scheduler.optimizer = optimizer
    for name, value in values.items():
        scheduler.set_value(scheduler.declared[name], value)
    scheduler.settle()
    written(scheduler, optimizer)


def require_optimizer(scheduler, optimizer) -> None:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"{type(scheduler).__name__}: optimizer must be an Optimizer, "
            f"got {type(optimizer).__name__}"
        )


def warn_if_early(scheduler) -> None:
    if scheduler.optimizer.steps == scheduler._steps:
        warnings.warn(
            f"{type(scheduler).__name__}.step() came before the optimizer's first step: the "
            "schedule's first value is never used. Call optimizer.step() first.",
            stacklevel=3,
        )


def each_group(scheduler, name: str, value, kind) -> list:
    """One checked value for each group, from one for all or a list."""
    owner, count = type(scheduler).__name__, len(scheduler.optimizer.param_groups)
    values = list(value) if isinstance(value, (list, tuple)) else [value] * count
    if len(values) != count:
        raise ValueError(f"{owner}: {name} needs {count} values, one a group, got {len(values)}")
    for v in values:
        require(owner, name, v, kind)
    return values


def counts(owner: str, name: str, values) -> list[int]:
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        raise ValueError(f"{owner}: {name} must be a list of integers, got {values!r}")
    values = list(values)
    for value in values:
        require(owner, name, value, COUNT)
    return values
