"""A learner's optimizers and schedules in the package's place.

One that is written by the workbook is an `Optimizer` already and stands in directly. One that is
written from scratch knows parameters, a step and little else: it moves the parameters, and the
package's own class around it keeps groups, checks and schedules. Its state it keeps to itself.
"""

import inspect
from numbers import Real

from tinytorch import optim
from tinytorch.exports import PAIRS, WORDS, leave, translate
from tinytorch.optim import optimizers, schedules

RULES = ("gradient_descent", "heavy_ball", "adam")
OPTIMIZERS = ("SGD", "Momentum", "Adam")


def place(place, yours: dict) -> None:
    for rule in RULES:
        right, mine = getattr(optimizers, rule), yours.get(rule)
        if mine is None:
            place.leave(
                rule, "your file defines none; figures that sweep the rule use the package's"
            )
        elif parameters(mine) != parameters(right):
            place.leave(rule, "yours has another signature")
        else:
            place.take(rule, right, mine)
    for name in OPTIMIZERS:
        if name in yours:
            place.take(name, getattr(optim, name), optimizer(getattr(optim, name), yours[name]))
    if "gradient_descent_step" in yours:
        place.take(
            "gradient_descent_step", optim.gradient_descent_step, yours["gradient_descent_step"]
        )
    if "StepLR" in yours:
        place.take("StepLR", schedules.StepLR, schedule(schedules.StepLR, yours["StepLR"]))


def parameters(function) -> list:
    if not inspect.isfunction(function):
        return []
    return [(p.name, p.kind) for p in inspect.signature(function).parameters.values()]


def optimizer(right: type, mine: type) -> type:
    """A class that is called like `right` and steps like `mine`."""
    if issubclass(mine, optim.Optimizer) and accepts_all(right, mine):
        return mine

    class Yours(right):
        state_is_open = False

        def __init__(self, *args, **kwargs):
            self._yours = {}
            super().__init__(*args, **kwargs)

        def step_group(self, group, params):
            stepper, known = self._stepper(group)
            if stepper is None:
                return super().step_group(group, params)
            for name in self.defaults:
                if group[name] != known[name] and not hand_over(stepper, name, group[name]):
                    raise AttributeError(
                        f"your {right.__name__} has no attribute {' or '.join(words(name))}, "
                        f"so that no schedule can change its {name} to {group[name]!r}"
                    )
                known[name] = group[name]
            stepper.step()
            for p in params:
                self.state[p]["t"] += 1

        def _stepper(self, group):
            """The learner's object that steps this group, and the numbers that it knows."""
            if type(self) is not Yours:  # a class built on the package's, with a rule of its own
                return None, {}
            key = next(i for i, other in enumerate(self.param_groups) if other is group)
            if key not in self._yours:
                known = {name: group[name] for name in self.defaults}
                self._yours[key] = build(right, mine, group, self.defaults), known
            return self._yours[key]

    Yours.__name__ = Yours.__qualname__ = right.__name__
    Yours.__doc__, Yours.__module__ = mine.__doc__, mine.__module__
    return Yours


def build(right: type, mine: type, group: dict, defaults: dict):
    """An instance of the learner's class for one group, or None if it lacks one of its options."""
    usual = {
        name: p.default
        for cls in reversed(right.__mro__)  # Momentum leaves most of its arguments to SGD
        for name, p in inspect.signature(cls.__init__).parameters.items()
        if p.default is not p.empty
    }
    numbers = {name: group[name] for name in defaults if name in ("lr", "momentum", "betas", "eps")}
    others = {n: group[n] for n in defaults if n not in numbers and group[n] != usual.get(n)}
    by_position, by_name, dropped = translate(mine, 1, {**numbers, **others})
    lost = [name for name in dropped if group[name] != usual.get(name)]
    swallowed = [name for name in others if name in by_name and not named(mine, name)]
    if lost or swallowed:
        what = f"{right.__name__} with {', '.join(sorted({*lost, *swallowed}))}"
        leave(what, "yours does not take it")
        return None
    return mine(list(group["params"]), *by_position, **by_name)


def words(number: str) -> tuple:
    """The attributes in which a learner's object may keep a number."""
    return (*WORDS.get(number, (number,)), *(" and ".join(p) for p in PAIRS.get(number, ())))


def hand_over(stepper, number: str, value) -> bool:
    """Change a number where a learner's object keeps it; whether there is such a place."""
    for pair in PAIRS.get(number, ()):
        if all(hasattr(stepper, word) for word in pair):
            for word, part in zip(pair, value, strict=True):
                setattr(stepper, word, part)
            return True
    sort = Real if isinstance(value, Real) else type(value)  # not a velocity called momentum
    for word in words(number):
        if isinstance(getattr(stepper, word, None), sort):
            setattr(stepper, word, value)
            return True
    return False


def named(cls: type, word: str) -> bool:
    return word in inspect.signature(cls).parameters


def accepts_all(right: type, mine: type) -> bool:
    own = inspect.signature(mine).parameters
    anything = any(p.kind is p.VAR_KEYWORD for p in own.values())
    return all(
        name in own or (anything and p.kind is not p.VAR_KEYWORD)
        for name, p in inspect.signature(right).parameters.items()
        if p.kind is not p.VAR_KEYWORD
    )


class Handle:
    """What a schedule written from scratch sees of an optimizer: its groups, and one rate."""

    def __init__(self, optimizer):
        object.__setattr__(self, "optimizer", optimizer)

    def __getattr__(self, name):
        if name in WORDS["lr"]:
            return self.optimizer.param_groups[0]["lr"]
        return getattr(self.optimizer, name)

    def __setattr__(self, name, value):
        if name in WORDS["lr"]:
            for group in self.optimizer.param_groups:
                group["lr"] = value
        else:
            setattr(self.optimizer, name, value)


def schedule(right: type, mine: type) -> type:
    """A class that is called like `right` and sets the rate like `mine`."""
    if issubclass(mine, schedules.Scheduler):
        return mine

    class Yours(right):
        state_is_open = False

        def __init__(self, optimizer, step_size, gamma=0.1):
            self._yours = None
            super().__init__(optimizer, step_size, gamma)
            numbers = {"step_size": step_size, "gamma": gamma}
            by_position, by_name, _ = translate(mine, 1, numbers)
            self._yours = mine(Handle(optimizer), *by_position, **by_name)

        def step(self):
            self._yours.step()
            self.t += 1

    Yours.__name__ = Yours.__qualname__ = right.__name__
    Yours.__doc__, Yours.__module__ = mine.__doc__, mine.__module__
    return Yours
