"""Schedules of powers and straight lines: step by step down, from one value to another."""

from bisect import bisect_right
from collections.abc import Callable
from numbers import Real

import numpy as np

from tinytorch.core.checks import (
    NONNEGATIVE,
    POSITIVE,
    POSITIVE_COUNT,
    PROPORTION,
    require,
)
from tinytorch.optim.declarations import Value
from tinytorch.optim.schedules.base import Scheduler, counts


class StepLR(Scheduler):
    """Multiply the learning rate by γ every `step_size` steps: lr = base · γ^⌊t / step_size⌋.

    It has no end: it goes on for ever.
    """

    step_size: int = Value(
        POSITIVE_COUNT, "steps (or epochs) between two changes, an integer of at least 1"
    )
    gamma: float = Value(POSITIVE, "γ, > 0", default=0.1)

    def factor(self, t):
        return self.gamma ** (t // self.step_size)


def in_order(owner: str, name: str, values) -> list[int]:
    return sorted(counts(owner, name, values))


class MultiStepLR(Scheduler):
    """Multiply the learning rate by γ at each milestone: lr = base · γ^#{milestones ≤ t}.

    A milestone that is listed twice multiplies twice. After the last one nothing changes.
    """

    milestones: list = Value(in_order, "steps, integers >= 0, in any order")
    gamma: float = Value(POSITIVE, "γ, > 0", default=0.1)

    def factor(self, t):
        return self.gamma ** bisect_right(self.milestones, t)


class ExponentialLR(Scheduler):
    """Multiply the learning rate by γ in every step: lr = base · γᵗ; it has no end."""

    gamma: float = Value(POSITIVE, "γ, > 0")

    def factor(self, t):
        return self.gamma**t


def functions(owner: str, name: str, value):
    for f in value if isinstance(value, (list, tuple)) else [value]:
        if not callable(f):
            raise TypeError(f"{owner}: {name} must be a function of t, got {f!r}")
    return value


REAL = (lambda value: isinstance(value, Real), "a number")


class LambdaLR(Scheduler):
    """A function of your own: lr = base · f(t), for every t.

    Raises:
        TypeError: something in `lr_lambda` is not callable.
        ValueError: not as many functions as groups; f(t) is negative or not finite.
    """

    one_a_group = ("lr_lambda",)

    lr_lambda: Callable | list = Value(functions, "f, or a list of functions, one a group")

    def values(self, t, base_lrs):
        each = self.for_each("lr_lambda", len(base_lrs))
        return [{"lr": base * self.call(f, t)} for base, f in zip(base_lrs, each, strict=True)]

    def call(self, f, t: int) -> float:
        """f(t), if it is a number."""
        found = f(t)
        if isinstance(found, np.ndarray) and found.ndim == 0:  # what np.where gives of numbers
            found = found.item()
        return require(type(self).__name__, f"lr_lambda({t})", found, REAL)

    def made_with(self):
        """How many functions there are; what they do a state cannot say."""
        return {"lr_lambda": len(self.for_each("lr_lambda", len(self.optimizer.param_groups)))}

    def __repr__(self):
        count = self.made_with()["lr_lambda"]
        return f"{type(self).__name__}({count} functions, t={self.t})"


class MultiplicativeLR(LambdaLR):
    """A factor of your own from each step to the next: lr = base · f(1) · f(2) · ... · f(t).

    Raises:
        TypeError: something in `lr_lambda` is not callable.
        ValueError: not as many functions as groups; a product is negative or not finite.
    """

    lr_lambda: Callable | list = Value(functions, "f, or a list of functions, one a group")

    def settle(self):
        vars(self)["_products"] = {}  # of each function's factors so far: it is called once for a t

    def values(self, t, base_lrs):
        each = self.for_each("lr_lambda", len(base_lrs))
        return [{"lr": base * self.product(f, t)} for base, f in zip(base_lrs, each, strict=True)]

    def product(self, f, t: int) -> float:
        products = self._products.setdefault(f, [1.0])
        while len(products) <= t:
            products.append(products[-1] * self.call(f, len(products)))
        return products[t]


class LinearLR(Scheduler):
    """A straight line: the factor goes from start to end in `total_iters` steps, and stays there.

    lr = base · (start + (end - start) · min(t, N) / N)
    """

    start_factor: float = Value(PROPORTION, "in [0, 1]", default=1 / 3)
    end_factor: float = Value(PROPORTION, "in [0, 1]", default=1.0)
    total_iters: int = Value(POSITIVE_COUNT, "N, an integer >= 1", default=5)

    def factor(self, t):
        done = min(t, self.total_iters) / self.total_iters
        return self.start_factor + (self.end_factor - self.start_factor) * done


class ConstantLR(Scheduler):
    """lr = factor · base for `total_iters` steps, base from then on."""

    scale: float = Value(PROPORTION, "in [0, 1]", default=1 / 3, alias="factor")
    total_iters: int = Value(POSITIVE_COUNT, "an integer >= 1", default=5)

    def factor(self, t):
        return self.scale if t < self.total_iters else 1.0


class PolynomialLR(Scheduler):
    """Down to zero in N steps, lr = base · (1 - min(t, N) / N)^power, and zero from then on."""

    total_iters: int = Value(POSITIVE_COUNT, "N, an integer >= 1", default=5)
    power: float = Value(NONNEGATIVE, ">= 0; 1 is a straight line", default=1.0)

    def factor(self, t):
        return (1 - min(t, self.total_iters) / self.total_iters) ** self.power


class TransformerLR(Scheduler):
    """A straight warm-up, then 1/√t: lr = base · d^(-½) · min((t+1)^(-½), (t+1) · W^(-3/2)).

    The paper's schedule (also called Noam) for base = 1; its step number starts at 1, ours at 0.
    The peak is at t = W - 1; there is no end.

    Source: Vaswani et al. 2017, equation 3.
    """

    d_model: int = Value(POSITIVE_COUNT, "d, width of the model, an integer >= 1")
    warmup_steps: int = Value(POSITIVE_COUNT, "W, an integer >= 1", default=4000)

    def factor(self, t):
        return self.d_model**-0.5 * min((t + 1) ** -0.5, (t + 1) * self.warmup_steps**-1.5)
