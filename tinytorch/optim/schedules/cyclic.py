"""CyclicLR: up and down between two rates, again and again."""

from collections.abc import Callable

from tinytorch.core.checks import (
    ANYTHING,
    FLAG,
    FRACTION,
    NONNEGATIVE,
    POSITIVE,
    POSITIVE_COUNT,
    one_of,
    require,
)
from tinytorch.optim.declarations import Value
from tinytorch.optim.schedules.base import Scheduler, one_or_several
from tinytorch.optim.schedules.cosines import momentum, require_momentum

MODES = ("triangular", "triangular2", "exp_range")


class CyclicLR(Scheduler):
    """A straight line from `base_lr` up to `max_lr` and back, in cycles.

        lr = base + (max - base) x · height,    x from 0 to 1 in U steps and back in D steps

    where the height is 1 ("triangular"), halved after each cycle ("triangular2"), or γᵗ
    ("exp_range"). The momentum (β₁ for optimizers with betas) goes the opposite way, from
    `max_momentum` to `base_momentum` and back. The optimizer's own lr is not used; there is no end.

    Raises:
        ValueError: a value outside its range; an optimizer without momentum to cycle.

    Source: Smith 2017, section 3; PyTorch's form.
    """

    one_a_group = ("base_lr", "max_lr", "base_momentum", "max_momentum")

    base_lr: float | list = Value(
        one_or_several(*NONNEGATIVE), "the lowest rate, >= 0; one, or a list with one a group"
    )
    max_lr: float | list = Value(
        one_or_several(*POSITIVE), "the highest, > 0; one, or a list with one a group"
    )
    step_size_up: int = Value(POSITIVE_COUNT, "U, steps of the way up, >= 1", default=2000)
    step_size_down: int | None = Value(
        ANYTHING, "D, steps of the way down, >= 1; None for as many", default=None
    )
    mode: str = Value(one_of(*MODES), " or ".join(f'"{m}"' for m in MODES), default="triangular")
    gamma: float = Value(POSITIVE, 'γ of "exp_range", > 0', default=1.0)
    scale_fn: Callable | None = Value(
        ANYTHING, "a height of your own in the place of the mode's", default=None
    )
    scale_mode: str = Value(
        one_of("cycle", "iterations"),
        'what it is a function of: "cycle" (1, 2, ...) or "iterations" (t)',
        default="cycle",
    )
    cycle_momentum: bool = Value(FLAG, "whether the momentum is cycled too", default=True)
    base_momentum: float | list = Value(
        one_or_several(*FRACTION), "the least momentum, in [0, 1)", default=0.8
    )
    max_momentum: float | list = Value(
        one_or_several(*FRACTION), "the largest, in [0, 1)", default=0.9
    )

    def settle(self):
        if self.step_size_down is not None:
            require("CyclicLR", "step_size_down", self.step_size_down, POSITIVE_COUNT)
        if self.scale_fn is not None and not callable(self.scale_fn):
            raise TypeError(f"CyclicLR: scale_fn must be a function, got {self.scale_fn!r}")
        if self.cycle_momentum:
            require_momentum("CyclicLR", self.optimizer)

    def height(self, t: int, cycle: int) -> float:
        """How high the cycle is that t lies in."""
        if self.scale_fn is not None:
            return self.scale_fn(cycle if self.scale_mode == "cycle" else t)
        heights = {
            "triangular": lambda: 1.0,
            "triangular2": lambda: 0.5 ** (cycle - 1),
            "exp_range": lambda: self.gamma**t,
        }
        return heights[self.mode]()

    def values(self, t, base_lrs):
        up, down = self.step_size_up, self.step_size_down or self.step_size_up
        cycle, step = divmod(t, up + down)
        x = step / up if step <= up else (up + down - step) / down
        x *= self.height(t, cycle + 1)

        def each(name):
            return self.for_each(name, len(base_lrs))

        ends = zip(each("base_lr"), each("max_lr"), strict=True)
        values = [{"lr": low + (high - low) * x} for low, high in ends]
        if self.cycle_momentum:
            groups = self.optimizer.param_groups
            momenta = zip(groups, each("base_momentum"), each("max_momentum"), strict=True)
            for changes, (group, low, high) in zip(values, momenta, strict=True):
                changes |= momentum(group, high - (high - low) * x)
        return values
