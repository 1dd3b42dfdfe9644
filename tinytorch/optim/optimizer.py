"""Optimizer: everything about taking a step but the rule.

A rule is a pure function of a parameter, its gradient, its state and some numbers:

    def rule(p, g, m, *, lr, beta): ...  return p, m

The arguments before the star are arrays of one shape (`p`, `g`, then the state, by name), those
after it are numbers. The base class holds the groups and the state, checks what it is given,
and hands the rule to the engine.
"""

import numpy as np

from tinytorch.core.tensor import Tensor
from tinytorch.optim import engines
from tinytorch.optim.checks import check
from tinytorch.optim.vocabulary import accept_synonyms


class Optimizer:
    """Base of all optimizers.

    A subclass passes its hyper-parameters as `defaults` and says by which rule a group is
    stepped (`rule`), and, where they are not the group's values themselves, which numbers the
    rule gets (`numbers`).

    Arguments:
        params: tensors that require a gradient; or (name, tensor) pairs; or dictionaries, a group
            each, with "params" and values of its own.
        defaults: hyper-parameters of the groups that do not set them.

    Attributes:
        param_groups: list of dictionaries, "params" and the hyper-parameters.
        state: for each parameter, "t" (steps taken) and the rule's arrays, by their names.

    Raises:
        TypeError: `params` is a tensor, or holds something else; a group has an unknown key.
        ValueError: no parameters; one that is given twice, is computed, or needs no gradient;
            a hyper-parameter outside its range.
    """

    elementwise = True

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls):
            cls.__init__ = accept_synonyms(cls.__init__)

    def __init__(self, params, defaults: dict):
        self.defaults = defaults
        self.param_groups: list[dict] = []
        self.state: dict[Tensor, dict] = {}
        if isinstance(params, (Tensor, np.ndarray)):
            raise TypeError("params must be a list of tensors, not a single one: write [p]")
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
        if "betas" in group:
            values["beta1"], values["beta2"] = group["betas"]
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
        """Add parameters with hyper-parameters of their own."""
        owner = type(self).__name__
        unknown = set(group) - {"params"} - set(self.defaults)
        if unknown:
            raise TypeError(
                f"{owner}: unknown {', '.join(sorted(unknown))}; "
                f"a group may set {', '.join(self.defaults)}"
            )
        entries = group["params"]
        entries = [entries] if isinstance(entries, Tensor) else list(entries)
        params = [e[1] if isinstance(e, tuple) else e for e in entries]
        names = [e[0] for e in entries] if entries and isinstance(entries[0], tuple) else None
        taken = set(self.state)
        for p in params:
            self._check_parameter(owner, p, taken)
            taken.add(p)
        full = {**self.defaults, **group, "params": params}
        if names:
            full["names"] = names
        for name in self.defaults:
            check(owner, name, full[name])
        self.check_group(full)
        full.update(self.carried(full))
        self.param_groups.append(full)
        for p in params:
            self.state[p] = {"t": 0, **self.initial_state(p, full)}

    def _check_parameter(self, owner: str, p, taken: set) -> None:
        if not isinstance(p, Tensor):
            raise TypeError(f"{owner}: params must be tensors, got {type(p).__name__}")
        if not p.is_leaf:
            raise ValueError(f"{owner}: a parameter of shape {p.shape} is computed from others")
        if not p.requires_grad:
            raise ValueError(f"{owner}: a parameter of shape {p.shape} does not require a gradient")
        if p in taken:
            raise ValueError(f"{owner}: a parameter of shape {p.shape} is given twice")

    def check_group(self, group: dict) -> None:
        """Refuse combinations of values that do not go together."""

    def initial_state(self, p: Tensor, group: dict) -> dict[str, np.ndarray]:
        """The rule's state before the first step: zeros, unless a subclass says otherwise."""
        names = engines.signature(self.rule(group))[0]
        return {name: np.zeros_like(p.data, order="C") for name in names}

    # Steps

    def step(self, closure=None):
        """Move every parameter that has a gradient.

        Arguments:
            closure: computes the loss and its gradients anew; called once, first.

        Returns:
            What the closure returned, or None.
        """
        loss = closure() if closure is not None else None
        self.prepare()
        for group in self.param_groups:
            stages = self.stages(group)
            names, _ = engines.signature(stages[-1])
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                state["t"] += 1
                arrays = [p.data, p.grad.data, *(state[name] for name in names)]
                numbers = self.numbers(group, state["t"])
                engines.run(stages, arrays, numbers, self.elementwise)
        return loss

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

    def __repr__(self) -> str:
        lines = []
        for group in self.param_groups:
            values = ", ".join(f"{name}={group[name]!r}" for name in self.defaults)
            lines.append(f"{len(group['params'])} parameters: {values}")
        return f"{type(self).__name__}({'; '.join(lines)})"


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
