"""Schedules of powers and straight lines: step by step down, from one value to another."""

from bisect import bisect_right

from tinytorch.core.checks import (
    NONNEGATIVE,
    POSITIVE,
    POSITIVE_COUNT,
    POSITIVE_PROPORTION,
    PROPORTION,
    require,
)
from tinytorch.optim.optimizer import Optimizer
from tinytorch.optim.schedules.base import Scheduler, counts, require_optimizer


class StepLR(Scheduler):
    """Multiply the learning rate by γ every `step_size` steps: lr = base · γ^⌊t / step_size⌋.

    It has no end: it goes on for ever.

    Arguments:
        optimizer: whose learning rate is set.
        step_size: steps (or epochs) between two changes, an integer of at least 1.
        gamma: γ, > 0.

    Raises:
        ValueError: `step_size` or `gamma` outside its range.
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1):
        require("StepLR", "step_size", step_size, POSITIVE_COUNT)
        require("StepLR", "gamma", gamma, POSITIVE)
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer)

    def factor(self, t):
        return self.gamma ** (t // self.step_size)


class MultiStepLR(Scheduler):
    """Multiply the learning rate by γ at each milestone: lr = base · γ^#{milestones ≤ t}.

    A milestone that is listed twice multiplies twice. After the last one nothing changes.

    Arguments:
        milestones: steps, integers >= 0, in any order.
        gamma: γ, > 0.
    """

    def __init__(self, optimizer: Optimizer, milestones, gamma: float = 0.1):
        self.milestones = sorted(counts("MultiStepLR", "milestones", milestones))
        require("MultiStepLR", "gamma", gamma, POSITIVE)
        self.gamma = gamma
        super().__init__(optimizer)

    def factor(self, t):
        return self.gamma ** bisect_right(self.milestones, t)


class ExponentialLR(Scheduler):
    """Multiply the learning rate by γ in every step: lr = base · γᵗ; it has no end.

    Arguments:
        gamma: γ, > 0.
    """

    def __init__(self, optimizer: Optimizer, gamma: float):
        require("ExponentialLR", "gamma", gamma, POSITIVE)
        self.gamma = gamma
        super().__init__(optimizer)

    def factor(self, t):
        return self.gamma**t


class LambdaLR(Scheduler):
    """A function of your own: lr = base · f(t), for every t.

    Arguments:
        lr_lambda: f, or a list of functions, one a group.

    Raises:
        TypeError: something in `lr_lambda` is not callable.
        ValueError: not as many functions as groups; f(t) is negative or not finite.
    """

    def __init__(self, optimizer: Optimizer, lr_lambda):
        require_optimizer(self, optimizer)
        count = len(optimizer.param_groups)
        functions = lr_lambda if isinstance(lr_lambda, (list, tuple)) else [lr_lambda] * count
        if len(functions) != count:
            raise ValueError(f"LambdaLR: {len(functions)} functions for {count} groups")
        for f in functions:
            if not callable(f):
                raise TypeError(f"LambdaLR: lr_lambda must be a function of t, got {f!r}")
        self.functions = list(functions)
        super().__init__(optimizer)

    def values(self, t, base_lrs):
        return [{"lr": base * f(t)} for base, f in zip(base_lrs, self.functions, strict=True)]

    def __repr__(self):
        return f"LambdaLR({len(self.functions)} functions, t={self.t})"


class LinearLR(Scheduler):
    """A straight line: the factor goes from start to end in `total_iters` steps, and stays there.

        lr = base · (start + (end - start) · min(t, N) / N)

    Arguments:
        start_factor: in (0, 1].
        end_factor: in [0, 1].
        total_iters: N, an integer >= 1.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
    ):
        require("LinearLR", "start_factor", start_factor, POSITIVE_PROPORTION)
        require("LinearLR", "end_factor", end_factor, PROPORTION)
        require("LinearLR", "total_iters", total_iters, POSITIVE_COUNT)
        self.start_factor, self.end_factor = start_factor, end_factor
        self.total_iters = total_iters
        super().__init__(optimizer)

    def factor(self, t):
        done = min(t, self.total_iters) / self.total_iters
        return self.start_factor + (self.end_factor - self.start_factor) * done


class ConstantLR(Scheduler):
    """lr = factor · base for `total_iters` steps, base from then on.

    Arguments:
        factor: in [0, 1].
        total_iters: an integer >= 1.
    """

    def __init__(self, optimizer: Optimizer, factor: float = 1 / 3, total_iters: int = 5):
        require("ConstantLR", "factor", factor, PROPORTION)
        require("ConstantLR", "total_iters", total_iters, POSITIVE_COUNT)
        self.scale, self.total_iters = factor, total_iters
        super().__init__(optimizer)

    def factor(self, t):
        return self.scale if t < self.total_iters else 1.0


class PolynomialLR(Scheduler):
    """Down to zero in N steps, lr = base · (1 - min(t, N) / N)^power, and zero from then on.

    Arguments:
        total_iters: N, an integer >= 1.
        power: >= 0; 1 is a straight line.
    """

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0):
        require("PolynomialLR", "total_iters", total_iters, POSITIVE_COUNT)
        require("PolynomialLR", "power", power, NONNEGATIVE)
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer)

    def factor(self, t):
        return (1 - min(t, self.total_iters) / self.total_iters) ** self.power


class TransformerLR(Scheduler):
    """A straight warm-up, then 1/√t: lr = base · d^(-½) · min((t+1)^(-½), (t+1) · W^(-3/2)).

    The paper's schedule (also called Noam) for base = 1; its step number starts at 1, ours at 0.
    The peak is at t = W - 1; there is no end.

    Arguments:
        d_model: d, width of the model, an integer >= 1.
        warmup_steps: W, an integer >= 1.

    Source: Vaswani et al. 2017, equation 3.
    """

    def __init__(self, optimizer: Optimizer, d_model: int, warmup_steps: int = 4000):
        require("TransformerLR", "d_model", d_model, POSITIVE_COUNT)
        require("TransformerLR", "warmup_steps", warmup_steps, POSITIVE_COUNT)
        self.d_model, self.warmup_steps = d_model, warmup_steps
        super().__init__(optimizer)

    def factor(self, t):
        return self.d_model**-0.5 * min((t + 1) ** -0.5, (t + 1) * self.warmup_steps**-1.5)
