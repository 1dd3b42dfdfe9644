"""Optimizer: everything about taking a step but the rule.

A rule is a pure function of a parameter, its gradient, its state and some numbers:

    def rule(p, g, m, *, lr, beta): ...  return p, m

The arguments before the star are arrays of one shape (`p`, `g`, then the state, by name), those
after it are numbers. The base class holds the groups and the state, checks what it is given,
and hands the rule to the engine.
"""

import functools
import inspect
import itertools
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from tinytorch.core.autograd import enable_grad
from tinytorch.core.checks import ANYTHING, FLAG, NONNEGATIVE, NUMBER, fractions, require, settled
from tinytorch.core.interrupts import deferred
from tinytorch.core.tensor import Tensor
from tinytorch.optim import engines, saving
from tinytorch.optim.declarations import (
    Declared,
    Declares,
    Value,
    constructor,
    declared,
    declares,
    documented,
    part_names,
)
from tinytorch.optim.gradients import memories, separate
from tinytorch.optim.groups import Group
from tinytorch.optim.synonyms import current_names
from tinytorch.optim.tearing import all_or_none, refuse_torn

first_declared: dict[str, Declared] = {}  # by name


class Optimizer(Declares):
    """Base of all optimizers.

    A subclass declares its hyper-parameters (`declarations`) and says by which rule a group is
    stepped (`rule`), and, where they are not the group's values themselves, which numbers the
    rule gets (`numbers`). Of an optimizer each of them is an attribute: read where the groups
    agree, set in all groups. A subclass may also have a constructor of its own that passes its
    hyper-parameters as `defaults`.

    Arguments:
        params: tensors that require a gradient; or (name, tensor) pairs; or dictionaries, a group
            each, with "params" and values of its own.
        defaults: hyper-parameters of the groups that do not set them.
        engine: how all its steps are run, "whole", "blocked" or "fused"; every optimizer takes it
            by name. Without it the surrounding `with tinytorch.optim.engine(...)` decides.

    Attributes:
        param_groups: list of dictionaries: "params" and the hyper-parameters, and "param_names"
            where names were given. A value that is set in one is checked at once.
        state: for each parameter, "t" (steps taken) and the rule's arrays, by their names.
        steps: how often `step` was called.
        torn: the error that broke off a step after some parameters had moved; "" without one.

    Raises:
        TypeError: `params` is a tensor, or holds something else; a group has an unknown key.
        ValueError: no parameters; one that is given twice, is computed, or needs no gradient;
            a hyper-parameter outside its range; names that repeat or that only some have.
    """

    elementwise = True
    needs_closure = False  # whether `step` asks for the loss itself
    torn = ""
    declared: ClassVar[dict[str, Declared]] = {}
    parts: ClassVar[dict[str, tuple]] = {}  # names of a tuple's members, by the tuple's name
    if TYPE_CHECKING:  # what every constructor takes besides
        params: Iterable
        engine: str = Value(ANYTHING, "how its steps are run", default=None, kw_only=True)
    else:
        engine = None
    maximize: bool = Value(FLAG, "go uphill", default=False, kw_only=True)

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        cls.declared = declared(cls)
        for name, value in cls.declared.items():
            if value.name in TAKEN:
                raise TypeError(f"{cls.__name__}: {name} of an optimizer is something else")
            first_declared.setdefault(name, value)
        if declares(cls):
            cls.__init__ = constructor(cls, "params", begin)
            cls.__doc__ = documented(cls, "params", "tensors, (name, tensor) pairs or groups")
        if "__init__" in vars(cls):
            arguments = inspect.signature(cls.__init__).parameters.values()
            own = {a.name: part_names(a.name, a.default) for a in arguments}
            own |= {name: value.parts for name, value in cls.declared.items()}
            cls.parts = {**cls.parts, **{name: parts for name, parts in own.items() if parts}}
            cls.__init__ = accept(cls.__init__, cls.parts)

    def __init__(self, params, defaults: dict):
        self.defaults = defaults
        parts = {name: part_names(name, value) for name, value in defaults.items()}
        self.parts = {n: own for n, own in parts.items() if own} | self.parts
        self.param_groups: list[Group] = []
        self.state: dict[Tensor, dict] = {}
        self.steps = 0
        self._made_for: dict[Tensor, tuple] = {}  # shape and dtype when the state was made
        self._before: dict[int, object] = {}
        self._after: dict[int, object] = {}
        if isinstance(params, (Tensor, np.ndarray)):
            raise TypeError("params must be a list of tensors, not a single one: write [p]")
        if isinstance(params, dict):
            raise TypeError("params must be a list of groups, not a single one: write [group]")
        if isinstance(params, (set, frozenset)):
            raise TypeError("params must have an order that does not change: a set has none")
        groups = list(params)
        if not groups:
            raise ValueError("params is empty: there is nothing to optimize")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    # What a subclass says

    def rule(self, group: dict):
        """The function that steps this group."""
        raise NotImplementedError(f"{type(self).__name__} must define rule()")

    def numbers(self, group: dict, t: int) -> dict:
        """Values that the rule's keyword arguments may ask for at step t = 1, 2, ..."""
        values = {**group, "t": t}
        for name, parts in self.parts.items():
            if name in group:
                values.update(zip(parts, group[name], strict=True))
        return values

    def decay(self, group: dict):
        """How weight decay enters: `coupled`, `decoupled`, or None if the rule itself has it."""
        return coupled

    def carried(self, group: dict) -> dict:
        """Numbers that a group carries from step to step, with their first values."""
        return {}

    def prepare(self) -> None:
        """What precedes a step: bring the carried numbers up to date."""

    # Groups

    def add_param_group(self, group: dict) -> None:
        """Add parameters with hyper-parameters of their own, all of them or none.

        Arguments:
            group: "params" (a tensor, tensors, or (name, tensor) pairs) and values that differ
                from the defaults.

        Raises:
            TypeError, ValueError: as the constructor; or a scheduler has a list with one value
                a group.
        """
        owner = type(self).__name__
        if not isinstance(group, dict):
            raise TypeError(f"{owner}: a group must be a dictionary, got {type(group).__name__}")
        values = current_names(group, self.parts, self.defaults)
        if "params" not in values:
            raise TypeError(f'{owner}: a group needs "params"')
        params, names = self._read_params(values.pop("params"))
        self._refuse_unknown(set(values) - {"initial_lr", *self.defaults})
        full = {**self.defaults, **values}
        full = self.check_values(full)
        self._check_params(params, names)
        full = Group(self, {"params": params, **full})
        if names is not None:
            dict.__setitem__(full, "param_names", list(names))
        dict.update(full, self.carried(full))
        state = {p: {"t": 0, **self.initial_state(p, full)} for p in params}

        with deferred():
            self.param_groups.append(full)
            try:
                for scheduler in self.schedulers[:1]:
                    scheduler.follow()
            except BaseException:
                self.param_groups.pop()
                raise
            self.state.update(state)
            self._made_for.update({p: (p.data.shape, p.data.dtype) for p in params})

    def _read_params(self, entries) -> tuple[list, list | None]:
        owner = type(self).__name__
        if isinstance(entries, Tensor):
            entries = [entries]
        if isinstance(entries, (set, frozenset, dict)):
            raise TypeError(f"{owner}: params must be a list, got {type(entries).__name__}")
        entries = list(entries)
        if not entries:
            raise ValueError(f"{owner}: a group without parameters")
        pairs = [e for e in entries if isinstance(e, tuple) and len(e) == 2]
        if not pairs:
            return entries, None
        if len(pairs) != len(entries):
            raise ValueError(f"{owner}: give a name to all parameters, or to none")
        return [p for _, p in pairs], [name for name, _ in pairs]

    def _check_params(self, params: list, names: list | None) -> None:
        owner = type(self).__name__
        labels = names or [f"parameter {len(self.state) + i}" for i in range(len(params))]
        taken = set(self.state)
        for p, label in zip(params, labels, strict=True):
            if not isinstance(p, Tensor):
                raise TypeError(f"{owner}: params must be tensors, got {type(p).__name__}")
            what = f"{owner}: {label} of shape {p.shape}"
            if not p.is_leaf:
                raise ValueError(f"{what} is computed from others")
            if not p.requires_grad:
                raise ValueError(f"{what} does not require a gradient")
            if not p.data.flags.writeable:
                raise ValueError(f"{what} is read-only")
            if p in taken:
                raise ValueError(f"{what} is given twice")
            taken.add(p)
        if self.param_groups and (names is None) == ("param_names" in self.param_groups[0]):
            raise ValueError(f"{owner}: give a name to all parameters, or to none")
        known = list(itertools.chain(*(g.get("param_names", ()) for g in self.param_groups)))
        for name in names or ():
            if not isinstance(name, str):
                raise TypeError(f"{owner}: a parameter's name must be a string, got {name!r}")
            if name in known:
                raise ValueError(f"{owner}: two parameters have the name {name!r}")
            known.append(name)

    def check_values(self, group: dict) -> dict:
        """Refuse hyper-parameters that are unknown, outside their range, or at odds.

        Returns:
            The group, its values in Python's own types (`settled`).

        Raises:
            TypeError: an unknown name.
            ValueError: a value that is not allowed.
        """
        owner = type(self).__name__
        carried = self.carried(group)
        known = {"params", "param_names", "initial_lr", *self.defaults, *carried}
        self._refuse_unknown(set(group) - known)
        values = {k: v for k, v in group.items() if k not in ("params", "param_names")}
        for name, value in values.items():
            if name in carried:
                require(owner, name, value, NUMBER)
            else:
                self.check_value(name, value)
        group = {**group, **{name: settled(value) for name, value in values.items()}}
        self.check_group(group)
        return group

    def check_value(self, name: str, value, owner: str = "") -> None:
        """Refuse a value outside the range of the hyper-parameter `name`."""
        owner = owner or type(self).__name__
        if name in self.declared:
            self.declared[name].read(owner, value)
        elif name in self.parts:
            require(owner, name, value, fractions(len(self.parts[name])))
        elif name in first_declared:
            first_declared[name].read(owner, value)
        else:
            require(owner, name, value, NONNEGATIVE if name == "initial_lr" else ANYTHING)

    def get_value(self, value: Declared):
        first, *others = [group.get(value.argument) for group in self.param_groups]
        if any(other != first for other in others):
            raise AttributeError(f"the groups differ in {value.argument}: see param_groups")
        return first

    def set_value(self, value: Declared, new) -> None:
        self.set_values([{value.argument: new} for _ in self.param_groups])

    def set_values(self, changes: list[dict], owner: str = "") -> None:
        """Set some values in each group; if one of them is not allowed, none.

        Arguments:
            changes: for each group its new values, by name.
            owner: who is named should a value not be allowed; the optimizer by default.

        Raises:
            TypeError, ValueError: as `check_values`.
        """
        allowed = []
        for group, new in zip(self.param_groups, changes, strict=True):
            for name, value in new.items():
                self.check_value(name, value, owner)
            full = self.check_values({**group, **new})
            allowed.append({name: full[name] for name in new})
        with deferred():
            for group, new in zip(self.param_groups, allowed, strict=True):
                dict.update(group, new)

    @property
    def schedulers(self) -> list:
        """The schedulers that were made for it and that somebody still holds."""
        living = (reference() for reference in vars(self).get("_schedulers", ()))
        return [scheduler for scheduler in living if scheduler is not None]

    def _refuse_unknown(self, names: set) -> None:
        if names:
            raise TypeError(
                f"{type(self).__name__}: unknown {', '.join(sorted(map(str, names)))}; "
                f"a group may set {', '.join(self.defaults)}"
            )

    def check_group(self, group: dict) -> None:
        """Refuse combinations of values that do not go together."""

    def initial_state(self, p: Tensor, group: dict) -> dict[str, np.ndarray]:
        """The rule's state before the first step: zeros, unless a subclass says otherwise."""
        names = engines.signature(self.rule(group))[0]
        return {name: np.zeros_like(p.data, order="A") for name in names}

    # Steps

    def step(self, closure=None):
        """Move every parameter that has a gradient; if one of them does not fit, move none.

        Arguments:
            closure: computes the loss and its gradients anew; called once, first, with recording
                of gradients switched on.

        Returns:
            What the closure returned, or None.

        Ctrl-C waits until the step is done. An error in the midst of it, such as of the memory,
        leaves all as it was; or, should it come after some parameters were moved, leaves the
        optimizer torn: `torn` says why, and nothing goes on until a state is loaded.

        Raises:
            ValueError: the shape or dtype of a parameter or its gradient is not what it was when
                the optimizer was made; or the rule cannot take a gradient.
            RuntimeError: an earlier step broke off halfway.
        """
        refuse_torn(self)
        arguments = () if closure is None else (closure,)
        for hook in tuple(self._before.values()):
            hook(self, arguments, {})
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        with all_or_none(self):
            self._move()
        for hook in tuple(self._after.values()):
            hook(self, arguments, {})
        return loss

    def _move(self) -> None:
        moving = self.moving()
        for group in self.param_groups:
            self.fit_state(group)
        self.prepare()
        for group, params in zip(self.param_groups, moving, strict=True):
            if params:
                self.step_group(group, params)
                for p in params:
                    p.overwritten()
        self.steps += 1

    def moving(self) -> list[list[Tensor]]:
        """For each group its parameters that have a gradient.

        Raises:
            ValueError: the rule cannot take one of the gradients.
        """
        moving = [[p for p in g["params"] if p.grad is not None] for g in self.param_groups]
        every = [*itertools.chain(*moving)]
        arrays, gradients = [p.data for p in every], [p.grad.data for p in every]
        for p, data, g in zip(every, arrays, gradients, strict=True):
            if not (data.shape, data.dtype) == (g.shape, g.dtype) == self._made_for.get(p):
                self._refuse(p)
        if not memories(arrays).isdisjoint(memories(gradients)):
            separate(every)
        return moving

    def step_group(self, group: dict, params: list[Tensor]) -> None:
        """Move `params`, the members of the group that have a gradient."""
        stages = self.stages(group)
        names, _ = engines.signature(stages[-1])
        states = [self.state[p] for p in params]
        batches = {}  # by t: parameters that joined late, or had no gradient, are behind
        for p, state in zip(params, states, strict=True):
            data = p.data
            if data.size:  # else there is nothing to move, and no mean to take
                arrays = (data, p.grad.data, *map(state.__getitem__, names))
                batches.setdefault(state["t"] + 1, []).append(arrays)
        for t, batch in batches.items():
            numbers = self.numbers(group, t)
            engines.run(stages, batch, numbers, self.elementwise, self.engine)
        for state in states:
            state["t"] += 1

    def fit_state(self, group: dict) -> None:
        """Give the group's parameters the state its rule needs, should another value ask for it."""
        names = {*engines.signature(self.rule(group))[0]}
        if names <= self.state[group["params"][0]].keys():
            return
        for p in group["params"]:
            self.state[p] = {"t": 0, **self.initial_state(p, group), **self.state[p]}

    def _refuse(self, p: Tensor) -> None:
        what = f"{type(self).__name__}: {self._label(p)}"
        if p not in self._made_for:
            raise ValueError(f"{what} was put into a group by hand; use add_param_group")
        shape, dtype = self._made_for[p]
        raise ValueError(
            f"{what} was {dtype} {shape} when the optimizer was made; now its data is "
            f"{p.data.dtype} {p.data.shape} and its gradient {p.grad.data.dtype} {p.grad.shape}"
        )

    def _label(self, p: Tensor) -> str:
        count = 0
        for group in self.param_groups:
            for i, q in enumerate(group["params"]):
                if p is q:
                    return (
                        group["param_names"][i]
                        if "param_names" in group
                        else (f"parameter {count + i}")
                    )
            count += len(group["params"])
        return f"a parameter of shape {p.shape}"

    def stages(self, group: dict) -> tuple:
        """The functions that make up this group's step, in order; the rule is the last."""
        stages = (self.rule(group),)
        decay = self.decay(group)
        if decay and group.get("weight_decay"):
            stages = (decay, *stages)
        if group.get("maximize"):
            stages = (ascend, *stages)
        return stages

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients, or set them to zero."""
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None if set_to_none or p.grad is None else np.zeros_like(p.data)

    # Hooks and saving

    def register_step_pre_hook(self, hook) -> "Handle":
        """Call `hook(optimizer, args, kwargs)` before each step; `remove()` the handle to stop."""
        return Handle(self._before, hook)

    def register_step_post_hook(self, hook) -> "Handle":
        """Call `hook(optimizer, args, kwargs)` after each step; `remove()` the handle to stop."""
        return Handle(self._after, hook)

    def state_dict(self) -> dict:
        """Copies of all groups' values and all state: arrays, numbers, strings, lists, dicts.

        Raises:
            RuntimeError: a step broke off halfway: what is there now is no state to go on from.
        """
        refuse_torn(self)
        return saving.state_dict(self)

    def load_state_dict(self, state_dict: dict) -> None:
        """Go on where `state_dict` was taken; parameters are matched by name where both sides
        know names, else by position. Either all of it is taken over or nothing.

        Raises:
            TypeError, ValueError: groups, parameters, shapes, dtypes or values that do not fit.
        """
        saving.load_state_dict(self, state_dict)

    def __getstate__(self) -> dict:
        """For deep copies and pickles: all but the hooks, which are about this very optimizer, and
        its schedulers; those that are copied with it are those of the copy.

        `copy.deepcopy((model, optimizer))` gives an optimizer of the model's copy.
        """
        state = {**vars(self), "_before": {}, "_after": {}}
        state.pop("_schedulers", None)
        return state

    def __setstate__(self, state: dict) -> None:
        vars(self).update(state)
        self.param_groups = [Group(self, group) for group in self.param_groups]

    def __repr__(self) -> str:
        lines = []
        for i, group in enumerate(self.param_groups):
            values = ", ".join(f"{name}={group[name]!r}" for name in self.defaults)
            count, size = len(group["params"]), sum(p.size for p in group["params"])
            lines.append(f"  group {i}: {count} tensors, {size:,} numbers, {values}")
        return "\n".join([f"{type(self).__name__}(", *lines, ")"])


def begin(optimizer: Optimizer, params, values: dict, written) -> None:
    written(optimizer, params, values)


def accept(init, parts: dict):
    """Let a constructor also take the other names of its arguments, and `engine`."""
    signature = inspect.signature(init)
    arguments = signature.parameters
    defaults = {name: arguments[name].default for name in parts if name in arguments}

    @functools.wraps(init)
    def wrapper(self, *args, engine: str | None = None, **kwargs):
        if engine is not None:
            self.engine = engines.known(engine)
        own = {name: value for name, value in kwargs.items() if name in arguments}
        others = {name: value for name, value in kwargs.items() if name not in own}
        taken = [*list(arguments)[1 : 1 + len(args)], *own]
        return init(self, *args, **own, **current_names(others, parts, defaults, taken))

    kind = inspect.Parameter.KEYWORD_ONLY
    own = inspect.Parameter("engine", kind, default=None, annotation=str | None)
    every = sorted([*arguments.values(), own], key=lambda argument: argument.kind)
    wrapper.__signature__ = signature.replace(parameters=every)
    return wrapper


class Handle:
    """A registered hook, which `remove()` takes away again."""

    def __init__(self, hooks: dict, hook):
        if not callable(hook):
            raise TypeError(f"a hook must be callable, got {hook!r}")
        self._hooks, self._key = hooks, object()
        hooks[self._key] = hook

    def remove(self) -> None:
        self._hooks.pop(self._key, None)


TAKEN = {*dir(Optimizer), "params", "defaults", "param_groups", "state", "steps"} - {"maximize"}


# What may come before a rule: functions (p, g) -> (p, g)


def ascend(p, g):
    """Maximize: go along the gradient, not against it."""
    return p, -g


def coupled(p, g, *, weight_decay):
    """L2 regularization: the decay joins the gradient, and with it enters the rule's state."""
    return p, g + weight_decay * p


def decoupled(p, g, *, lr, weight_decay):
    """Decoupled weight decay (Loshchilov & Hutter 2019): shrink the parameter, leave g alone."""
    return p * (1 - lr * weight_decay), g
