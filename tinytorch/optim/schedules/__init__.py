"""Schedulers: the learning rate as a function of t, the number of steps taken.

Each class is one formula, `factor(t)` or `lr(t, base)`. Nothing is carried from step to step, so
a schedule can be plotted without running it, composed with others, and resumed from t alone.
"""

import math
import warnings
from bisect import bisect_right

from tinytorch.core.checks import (
    COUNT,
    FRACTION,
    NONNEGATIVE,
    POSITIVE,
    POSITIVE_COUNT,
    POSITIVE_PROPORTION,
    PROPORTION,
    check,
    require,
)
from tinytorch.optim.optimizer import Optimizer
from tinytorch.optim.saving import expect, expect_keys


class Scheduler:
    """Base of the schedulers that are functions of t.

    A subclass defines `factor(t)`: what the initial learning rate is multiplied by after t steps;
    or `lr(t, base)`, if that is not all. The value at t = 0 is set at once, so the optimizer's
    first step uses it; `step()` moves on to the next t.

    Attributes:
        t: how often `step` was called.
        base_lrs: the initial learning rate of each group: its "initial_lr", which the first
            scheduler of an optimizer sets to the "lr" it finds.

    Raises:
        TypeError: `optimizer` is none.
        ValueError: an argument outside its range.
    """

    def __init__(self, optimizer: Optimizer):
        require_optimizer(self, optimizer)
        self.optimizer = optimizer
        self._steps = optimizer.steps
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
        self._move(0, [group["initial_lr"] for group in optimizer.param_groups])

    # What a subclass says

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
                check(f"{type(self).__name__} at t = {t}", name, value)
        for group, changes in zip(groups, values, strict=True):
            group.update(changes)
        self.t, self.base_lrs = t, base_lrs

    def __repr__(self) -> str:
        numbers = (bool, int, float, str, list, tuple)
        shown = [f"{k}={v!r}" for k, v in vars(self).items() if isinstance(v, numbers)]
        return f"{type(self).__name__}({', '.join(s for s in shown if s[0] != '_')})"


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


def per_group(owner: str, name: str, value, count: int, kind) -> list:
    """One checked value for each group, from one for all or a list."""
    values = list(value) if isinstance(value, (list, tuple)) else [value] * count
    if len(values) != count:
        raise ValueError(f"{owner}: {name} needs {count} values, one a group, got {len(values)}")
    for v in values:
        require(owner, name, v, kind)
    return values


# By a constant factor


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


# From one value to another


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


# Along a cosine


def cosine(start: float, end: float, done: float) -> float:
    """Half a period of the cosine from `start` (done = 0) to `end` (done = 1)."""
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2


class CosineAnnealingLR(Scheduler):
    """Half a cosine from base to η: lr = η + (base - η)(1 + cos(π t / T)) / 2.

    After T the cosine goes on: the learning rate *rises again*, back to base at 2T, and so on.

    Arguments:
        T_max: T, an integer >= 1.
        eta_min: η, >= 0.

    Source: Loshchilov & Hutter 2017 (SGDR), equation 5 without restarts.
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0):
        require("CosineAnnealingLR", "T_max", T_max, POSITIVE_COUNT)
        require("CosineAnnealingLR", "eta_min", eta_min, NONNEGATIVE)
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer)

    def lr(self, t, base):
        return cosine(base, self.eta_min, t / self.T_max)


class CosineAnnealingWarmRestarts(Scheduler):
    """Half a cosine from base to η, again and again; each cycle is T_mult times as long.

    At a restart lr = base; there is no end.

    Arguments:
        T_0: length of the first cycle, an integer >= 1.
        T_mult: an integer >= 1.
        eta_min: η, >= 0.

    Source: Loshchilov & Hutter 2017 (SGDR), equation 5.
    """

    def __init__(self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0):
        require("CosineAnnealingWarmRestarts", "T_0", T_0, POSITIVE_COUNT)
        require("CosineAnnealingWarmRestarts", "T_mult", T_mult, POSITIVE_COUNT)
        require("CosineAnnealingWarmRestarts", "eta_min", eta_min, NONNEGATIVE)
        self.T_0, self.T_mult, self.eta_min = T_0, T_mult, eta_min
        super().__init__(optimizer)

    def lr(self, t, base):
        length = self.T_0
        if self.T_mult == 1:
            t %= length
        while t >= length:
            t, length = t - length, length * self.T_mult
        return cosine(base, self.eta_min, t / length)


class WarmupCosine(Scheduler):
    """A straight warm-up to base, then half a cosine down to η, which is held after the end.

        t < W:  lr = base · (start + (1 - start) t / W)
        else:   lr = η + (base - η)(1 + cos(π min(1, (t - W) / (T - W)))) / 2

    Up to its end the same as SequentialLR of LinearLR and CosineAnnealingLR.

    Arguments:
        warmup_steps: W, an integer >= 0.
        total_steps: T, an integer > W.
        start_factor: in (0, 1].
        eta_min: η, >= 0.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        warmup_steps: int,
        total_steps: int,
        start_factor: float = 0.01,
        eta_min: float = 0.0,
    ):
        require("WarmupCosine", "warmup_steps", warmup_steps, COUNT)
        require("WarmupCosine", "total_steps", total_steps, POSITIVE_COUNT)
        require("WarmupCosine", "start_factor", start_factor, POSITIVE_PROPORTION)
        require("WarmupCosine", "eta_min", eta_min, NONNEGATIVE)
        if total_steps <= warmup_steps:
            raise ValueError(
                "WarmupCosine: total_steps must be greater than warmup_steps, got "
                f"{total_steps} and {warmup_steps}"
            )
        self.warmup_steps, self.total_steps = warmup_steps, total_steps
        self.start_factor, self.eta_min = start_factor, eta_min
        super().__init__(optimizer)

    def lr(self, t, base):
        if t < self.warmup_steps:
            return base * (self.start_factor + (1 - self.start_factor) * t / self.warmup_steps)
        done = (t - self.warmup_steps) / (self.total_steps - self.warmup_steps)
        return cosine(base, self.eta_min, min(done, 1.0))


class OneCycleLR(Scheduler):
    """Up to `max_lr` and down again, far below where it began, in exactly N steps.

        from max_lr / div_factor up to max_lr      at t = pct_start · N - 1
        down to max_lr / div_factor / final_div_factor      at t = N - 1

    with the momentum (β₁ for optimizers with betas) going the opposite way, from `max_momentum`
    to `base_momentum` and back. `three_phase` goes down as slowly as it went up, and then to the
    end. The optimizer's own lr is not used. At t = N, after the last step, the final value is
    held; one step further is an error.

    Arguments:
        max_lr: the peak, > 0; one, or a list with one a group.
        total_steps: N, an integer >= 1; or `epochs` and `steps_per_epoch`.
        pct_start: share of the steps on the way up, in [0, 1].
        anneal_strategy: "cos" or "linear".
        cycle_momentum: whether the momentum is cycled too.
        base_momentum, max_momentum: in [0, 1).
        div_factor, final_div_factor: > 0.

    Raises:
        ValueError: a value outside its range; an optimizer without momentum to cycle; on
            `step`, when N steps have been taken.

    Source: Smith & Topin 2018 (super-convergence); PyTorch's conventions, except that at t = N
    PyTorch extrapolates, with "linear" to a negative learning rate.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr,
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
    ):
        require_optimizer(self, optimizer)
        if (total_steps is None) == (epochs is None and steps_per_epoch is None):
            raise ValueError("OneCycleLR: give total_steps, or epochs and steps_per_epoch")
        if total_steps is None:
            require("OneCycleLR", "epochs", epochs, POSITIVE_COUNT)
            require("OneCycleLR", "steps_per_epoch", steps_per_epoch, POSITIVE_COUNT)
            total_steps = epochs * steps_per_epoch
        require("OneCycleLR", "total_steps", total_steps, POSITIVE_COUNT)
        require("OneCycleLR", "pct_start", pct_start, PROPORTION)
        require("OneCycleLR", "base_momentum", base_momentum, FRACTION)
        require("OneCycleLR", "max_momentum", max_momentum, FRACTION)
        require("OneCycleLR", "div_factor", div_factor, POSITIVE)
        require("OneCycleLR", "final_div_factor", final_div_factor, POSITIVE)
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"OneCycleLR: anneal_strategy must be 'cos' or 'linear', got {anneal_strategy!r}"
            )
        if cycle_momentum and not {"momentum", "betas"} & set(optimizer.defaults):
            raise ValueError(
                f"OneCycleLR: {type(optimizer).__name__} has neither momentum nor betas to cycle; "
                "say cycle_momentum=False"
            )
        groups = len(optimizer.param_groups)
        self.max_lrs = per_group("OneCycleLR", "max_lr", max_lr, groups, POSITIVE)
        self.total_steps, self.cycle_momentum = total_steps, cycle_momentum
        self.anneal = cosine if anneal_strategy == "cos" else linear
        low, end = 1 / div_factor, 1 / (div_factor * final_div_factor)
        m, base_m = max_momentum, base_momentum
        up, stop = pct_start * total_steps - 1, total_steps - 1
        self.phases = [  # (first t, last t, factors of max_lr, momenta), each pair from and to
            (0, up, (low, 1.0), (m, base_m)),
            (up, stop, (1.0, end), (base_m, m)),
        ]
        if three_phase:
            down = 2 * up
            self.phases[1:] = [
                (up, down, (1.0, low), (base_m, m)),
                (down, stop, (low, end), (m, m)),
            ]
        super().__init__(optimizer)

    def values(self, t, base_lrs):
        if t > self.total_steps:
            raise ValueError(
                f"OneCycleLR: all of its total_steps = {self.total_steps} steps were taken"
            )
        t = min(t, self.total_steps - 1)
        first, last, factors, momenta = next(phase for phase in self.phases if t <= phase[1])
        done = (t - first) / (last - first) if last > first else 1.0
        values = [{"lr": max_lr * self.anneal(*factors, done)} for max_lr in self.max_lrs]
        if self.cycle_momentum:
            m = self.anneal(*momenta, done)
            for group, changes in zip(self.optimizer.param_groups, values, strict=True):
                if "betas" in group:
                    changes["betas"] = (m, *group["betas"][1:])
                else:
                    changes["momentum"] = m
        return values


def linear(start: float, end: float, done: float) -> float:
    return start + (end - start) * done


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


# Made of others


class SequentialLR(Scheduler):
    """One scheduler after another; each starts at its milestone with its own t = 0.

    After the last milestone the last scheduler goes on as it does alone.

    Arguments:
        schedulers: of this optimizer, functions of t (not ReduceLROnPlateau). Only this object
            is stepped, not they.
        milestones: increasing integers >= 1, one fewer than schedulers.
    """

    def __init__(self, optimizer: Optimizer, schedulers, milestones):
        self.schedulers = functions_of_t("SequentialLR", optimizer, schedulers)
        self.milestones = counts("SequentialLR", "milestones", milestones)
        if len(self.milestones) != len(self.schedulers) - 1:
            raise ValueError(
                f"SequentialLR: {len(self.schedulers)} schedulers need "
                f"{len(self.schedulers) - 1} milestones, got {len(self.milestones)}"
            )
        starts = [0, *self.milestones]
        if any(a >= b for a, b in zip(starts, starts[1:], strict=False)):
            raise ValueError(f"SequentialLR: milestones must be increasing, got {self.milestones}")
        super().__init__(optimizer)

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
        if not isinstance(scheduler, Scheduler):
            raise TypeError(
                f"{owner}: {type(scheduler).__name__} is not a scheduler that is a function of t"
            )
        if scheduler.optimizer is not optimizer:
            raise ValueError(f"{owner}: {scheduler!r} belongs to another optimizer")
    return schedulers


def counts(owner: str, name: str, values) -> list[int]:
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        raise ValueError(f"{owner}: {name} must be a list of integers, got {values!r}")
    values = list(values)
    for value in values:
        require(owner, name, value, COUNT)
    return values
