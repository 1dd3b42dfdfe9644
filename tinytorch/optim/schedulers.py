"""Schedulers: the learning rate as a function of the number of steps taken."""

from tinytorch.optim.optimizer import Optimizer


class Scheduler:
    """Base of the schedulers that are pure functions of t.

    A subclass defines `factor(t)`: what the initial learning rate is multiplied by after t steps.
    The value at t = 0 is set at once; `step()` moves on to the next t.
    """

    def __init__(self, optimizer: Optimizer):
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                f"{type(self).__name__}: optimizer must be an Optimizer, "
                f"got {type(optimizer).__name__}"
            )
        self.optimizer = optimizer
        self.base_lrs = [group["lr"] for group in optimizer.param_groups]
        self.t = 0
        self._set()

    def factor(self, t: int) -> float:
        """What the initial learning rate is multiplied by after t steps."""
        raise NotImplementedError(f"{type(self).__name__} must define factor()")

    def get_last_lr(self) -> list[float]:
        """The learning rate of each group, as it is now."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def step(self) -> None:
        """Move on by one: call it after the optimizer's step (or at the end of an epoch)."""
        self.t += 1
        self._set()

    def _set(self) -> None:
        for group, base in zip(self.optimizer.param_groups, self.base_lrs, strict=True):
            group["lr"] = base * self.factor(self.t)


class StepLR(Scheduler):
    """Multiply the learning rate by γ every `step_size` steps: lr = base · γ^⌊t / step_size⌋.

    Arguments:
        optimizer: whose learning rate is set.
        step_size: steps (or epochs) between two changes, an integer of at least 1.
        gamma: γ, > 0.

    Raises:
        ValueError: `step_size` or `gamma` outside its range.
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1):
        if not isinstance(step_size, int) or isinstance(step_size, bool) or step_size < 1:
            raise ValueError(f"StepLR: step_size must be an integer >= 1, got {step_size!r}")
        if not gamma > 0:
            raise ValueError(f"StepLR: gamma must be a number > 0, got {gamma!r}")
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer)

    def factor(self, t):
        return self.gamma ** (t // self.step_size)
