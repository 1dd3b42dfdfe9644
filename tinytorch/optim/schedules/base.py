"""Schedulers: the learning rate as a function of t, the number of steps taken.

Each class is one formula, `factor(t)` or `lr(t, base)`. Nothing is carried from step to step, so
a schedule can be plotted without running it, composed with others, and resumed from t alone. One
that looks at how training goes says so (`watches`), and is none of these functions.
"""

import warnings
from typing import ClassVar

from tinytorch.core.checks import COUNT, NONNEGATIVE, require, settled
from tinytorch.core.interrupts import deferred
from tinytorch.optim.declarations import (
    Declared,
    Declares,
    constructor,
    declared,
    declares,
    documented,
)
from tinytorch.optim.optimizer import Optimizer
from tinytorch.optim.saving import copied, expect, expect_keys
from tinytorch.optim.schedules import together


class Scheduler(Declares):
    """Base of the schedulers that are functions of t.

    A subclass declares its arguments (`declarations`) and defines `factor(t)`: what the initial
    learning rate is multiplied by after t steps; or `lr(t, base)`, if that is not all. The value
    at t = 0 is set at once, so the optimizer's first step uses it; `step()` moves on to the next.

    Several schedulers of one optimizer multiply: lr = base · f₁ · f₂ · ... (`together`). A group
    that is added later is ruled like one that was there from the beginning.

    A learning rate that is set by hand lasts until the schedule's next step, which computes it anew
    from the initial one. To scale what is to come set the group's "initial_lr".

    Attributes:
        watches: whether `step` takes a quantity to judge, by which training goes; such a
            scheduler is no function of t.
        takes_over: whether it starts from what the optimizer's other schedulers come to.
        t: how often `step` was called.
        base_lrs: the initial learning rate of each group: its "initial_lr", which the first
            scheduler of an optimizer sets to the "lr" it finds.

    Raises:
        TypeError: `optimizer` is none.
        ValueError: an argument outside its range.
    """

    optimizer: Optimizer
    watches = False
    takes_over = False
    declared: ClassVar[dict[str, Declared]] = {}
    remembered: ClassVar[tuple[str, ...]] = ("t",)  # attributes that change as it goes on
    one_a_group: ClassVar[tuple[str, ...]] = ()  # those that may be lists, a member for each group
    _part_of = ""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        cls.declared = declared(cls)
        if declares(cls):
            cls.__init__ = constructor(cls, "optimizer", begin)
            cls.__doc__ = documented(cls, "optimizer", "whose learning rate is set")

    def __init__(self, optimizer: Optimizer):
        require_optimizer(self, optimizer)
        self.optimizer = optimizer
        self._steps, self.t = optimizer.steps, 0
        with deferred():
            together.enter(self)

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

    def judge(self, t: int, metric: float) -> None:
        """Take note of a metric at t; only what watches does."""

    # What a user calls

    @property
    def base_lrs(self) -> list[float]:
        return together.base_lrs(self.optimizer)

    def get_last_lr(self) -> list[float]:
        """The learning rate of each group, as it is now."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def step(self) -> None:
        """Move on by one: call it after the optimizer's step (or at the end of an epoch).

        A call that raises has changed nothing.

        Raises:
            ValueError: the schedule has ended (OneCycleLR), gives a value that is not allowed
                (LambdaLR), or sets something that another scheduler of the optimizer sets too.
            RuntimeError: it is a part of another scheduler, which steps it.
        """
        self._advance()

    def _advance(self, metric: float | None = None) -> None:
        self._refuse_part("step")
        if self.t == 0:
            warn_if_early(self)
        self._move(lambda: self._take(metric))

    def _take(self, metric) -> None:
        self.judge(self.t, metric)
        self.t += 1

    def _refuse_part(self, verb: str) -> None:
        if self._part_of:
            raise RuntimeError(
                f"{type(self).__name__} is a part of a {self._part_of}: {verb} that one only"
            )

    def _move(self, change, counts=lambda: True, base_lrs: list[float] | None = None) -> None:
        """Call `change` and, if that counts, set in the optimizer what follows; or leave all as
        it was."""
        before, groups = self.remember(), self.optimizer.param_groups
        values = [dict(group) for group in groups]
        with deferred():
            try:
                change()
                if counts():
                    together.apply(self, base_lrs)
            except BaseException:
                self.recall(before)
                for group, own in zip(groups, values, strict=True):
                    dict.update(group, own)
                raise

    def follow(self) -> None:
        """Let it and the optimizer's other schedulers rule a group that was just added."""
        together.follow(self.optimizer)

    # Saving

    def remember(self) -> dict:
        """What has come of it so far."""
        return {name: copied(getattr(self, name)) for name in self.remembered}

    def recall(self, remembered: dict) -> None:
        """Be as when `remember` gave this."""
        for name in self.remembered:
            value = settled(remembered[name])
            vars(self)[name] = list(value) if isinstance(value, tuple) else value

    def require_remembered(self, owner: str, state: dict) -> None:
        """Refuse what `remember` cannot have given."""
        require(owner, "t", state["t"], COUNT)

    def made_with(self) -> dict:
        """The arguments, as numbers, words and lists."""
        return {name: described(vars(self)[v.name]) for name, v in self.declared.items()}

    def state_dict(self) -> dict:
        """How far it is (t), the initial learning rates, and what the scheduler was made with."""
        name, rates = type(self).__name__, list(self.base_lrs)
        made = {"scheduler": name, "made_with": self.made_with()}
        return {**made, **self.remember(), "base_lrs": rates}

    def load_state_dict(self, state_dict: dict) -> None:
        """Go on where `state_dict` was taken, and set the learning rates of that t.

        A call that raises has changed nothing.

        Raises:
            TypeError, ValueError: a state that does not fit, or that of a scheduler which was
                made with other arguments.
            RuntimeError: it is a part of another scheduler, whose state holds its own.
        """
        owner = type(self).__name__
        self._refuse_part("load")
        required = {*self.remember(), "base_lrs"}
        expect_keys(owner, "the state", state_dict, required, {"scheduler", "made_with"})
        self._require_same_make(owner, state_dict)
        self.require_remembered(owner, state_dict)
        rates = state_dict["base_lrs"]
        expect(owner, "base_lrs", rates, list, tuple)
        for base in rates:
            require(owner, "base_lrs", base, NONNEGATIVE)
        if len(rates) != (count := len(self.optimizer.param_groups)):
            raise ValueError(
                f"{owner}: base_lrs: {len(rates)} were saved, there are {count} groups"
            )
        self._move(lambda: self.recall(state_dict), base_lrs=list(map(float, rates)))

    def _require_same_make(self, owner: str, state: dict) -> None:
        if state.get("scheduler", owner) != owner:
            raise ValueError(f"{owner}: the state is of {state['scheduler']}")
        ours = self.made_with()
        theirs = state.get("made_with", ours)
        expect(owner, "made_with", theirs, dict)
        defaults = {name: described(value.default) for name, value in self.declared.items()}
        theirs = {**{name: defaults[name] for name in ours if name in defaults}, **theirs}
        if theirs != ours:
            names = [n for n in {**ours, **theirs} if ours.get(n) != theirs.get(n)]
            mine, saved = (
                ", ".join(f"{n}={values[n]!r}" for n in names if n in values) or "none of these"
                for values in (ours, theirs)
            )
            raise ValueError(
                f"{owner}: this one was made with {mine}, the saved one with {saved}; to go on "
                "with other arguments on purpose, load it into one that was made alike and set "
                "them then"
            )

    def __getstate__(self) -> dict:
        return dict(vars(self))

    def __setstate__(self, state: dict) -> None:
        vars(self).update(state)
        if not self._part_of:
            together.attach(self)

    # Its arguments

    def get_value(self, value: Declared):
        return vars(self)[value.name]

    def set_value(self, value: Declared, new) -> None:
        before, made = dict(vars(self)), "t" in vars(self)
        vars(self)[value.name] = value.read(type(self).__name__, new)
        if made:
            try:
                self.settle()
                self.require_lists(len(self.optimizer.param_groups))
            except BaseException:
                vars(self).update(before)
                raise

    def for_each(self, name: str, count: int) -> list:
        """The value of an argument for each of `count` groups: one for all, or a list's members.

        Raises:
            ValueError: a list of another length.
        """
        value = vars(self)[name]
        values = list(value) if isinstance(value, (list, tuple)) else [value] * count
        if len(values) != count:
            raise ValueError(
                f"{type(self).__name__}: {name} is a list of {len(values)}, one a group, and there "
                f"are {count} groups"
            )
        return values

    def require_lists(self, count: int) -> None:
        """Refuse lists that are not made for so many groups."""
        for name in self.one_a_group:
            self.for_each(name, count)

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
    scheduler.require_lists(len(optimizer.param_groups))
    written(scheduler, optimizer)


def require_optimizer(scheduler, optimizer) -> None:
    if not isinstance(optimizer, Optimizer):
        inside = isinstance(getattr(optimizer, "optimizer", None), Optimizer)
        raise TypeError(
            f"{type(scheduler).__name__}: optimizer must be an Optimizer, "
            f"got {type(optimizer).__name__}" + "; pass the one inside it, .optimizer" * inside
        )


def warn_if_early(scheduler) -> None:
    if scheduler.optimizer.steps == scheduler._steps:
        warnings.warn(
            f"{type(scheduler).__name__}.step() came before the optimizer's first step: the "
            "schedule's first value is never used. Call optimizer.step() first.",
            stacklevel=4,
        )


def described(value):
    """An argument as numbers, words and lists; of what is none of these, its kind."""
    if isinstance(value, Scheduler):
        return {"scheduler": type(value).__name__, **value.made_with()}
    if isinstance(value, (list, tuple)):
        return [described(v) for v in value]
    value = settled(value)
    return value if isinstance(value, (bool, int, float, str, type(None))) else type(value).__name__


def one_or_several(*kind):
    """One value of this kind, or a list of them, one a group."""

    def allowed(owner: str, name: str, value):
        if not isinstance(value, (list, tuple)):
            return require(owner, name, value, kind)
        return [require(owner, name, v, kind) for v in value]

    return allowed


def as_metric(owner: str, metric) -> float:
    try:
        return float(metric)
    except (TypeError, ValueError):
        raise ValueError(f"{owner}: metric must be a number, got {metric!r}") from None


def counts(owner: str, name: str, values) -> list[int]:
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        raise ValueError(f"{owner}: {name} must be a list of integers, got {values!r}")
    values = list(values)
    for value in values:
        require(owner, name, value, COUNT)
    return values
