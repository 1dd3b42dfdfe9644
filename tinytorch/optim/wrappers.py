"""Methods around any optimizer: SAM steps by a gradient from elsewhere, Lookahead more slowly."""

import numpy as np

from tinytorch.core.autograd import enable_grad
from tinytorch.core.checks import FLAG, NONNEGATIVE, POSITIVE_COUNT, PROPORTION, require
from tinytorch.core.interrupts import deferred
from tinytorch.optim.optimizer import Optimizer
from tinytorch.optim.saving import checked_value, expect_keys, require_same_make
from tinytorch.optim.tearing import all_or_none


class Wrapper:
    """What wraps an optimizer and is used in its place; a scheduler is made for the inner one.

    Attributes:
        optimizer: the inner one.
        param_groups: its groups.
    """

    def __init__(self, optimizer: Optimizer):
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                f"{type(self).__name__}: optimizer must be an Optimizer, "
                f"got {type(optimizer).__name__}"
            )
        self.optimizer = optimizer

    @property
    def param_groups(self) -> list:
        return self.optimizer.param_groups

    @property
    def torn(self) -> str:
        return self.optimizer.torn

    def params(self) -> list:
        return [p for group in self.param_groups for p in group["params"]]

    def zero_grad(self, set_to_none: bool = True) -> None:
        self.optimizer.zero_grad(set_to_none)

    def state_dict(self) -> dict:
        """The inner optimizer's, and what the wrapper itself remembers."""
        return {"optimizer": self.optimizer.state_dict()}

    def load_state_dict(self, state_dict: dict) -> None:
        """Go on where `state_dict` was taken.

        Raises:
            TypeError, ValueError: a state that does not fit; nothing has changed then.
        """
        expect_keys(type(self).__name__, "the state", state_dict, {"optimizer"})
        self.optimizer.load_state_dict(state_dict["optimizer"])


class SAM(Wrapper):
    """Sharpness-aware minimization: the step that the gradient a little uphill from here asks for.

        e ← ρ g / ‖g‖              over all parameters; adaptive: ρ w² g / ‖w g‖
        p ← step of the inner optimizer with the gradient at p + e

    Two gradients a step. Buffers, such as those of batch normalization, see both.

    Arguments:
        optimizer: the inner one, such as SGD.
        rho: ρ, >= 0, a distance in the space of the parameters.
        adaptive: whether the ball is measured in each weight's own size.

    Raises:
        TypeError: `optimizer` is none; on `step`, without a closure.
        ValueError: `rho` or `adaptive` outside its range.

    >>> w = Tensor([3.0], requires_grad=True)
    >>> optimizer = optim.SAM(optim.SGD([w], lr=0.1), rho=0.5)
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (w * w).sum()
    ...     loss.backward()
    ...     return loss
    ...
    >>> optimizer.step(closure).item()
    9.0
    >>> round(w.item(), 3)  # by the gradient at 3.5
    2.3

    Source: Foret et al. 2021, Algorithm 1; Kwon et al. 2021 (ASAM).
    """

    def __init__(self, optimizer: Optimizer, rho: float = 0.05, adaptive: bool = False):
        super().__init__(optimizer)
        self.rho = require("SAM", "rho", rho, NONNEGATIVE)
        self.adaptive = require("SAM", "adaptive", adaptive, FLAG)

    def step(self, closure=None):
        """Ask for the gradient twice, and step; if the closure raises, no parameter has moved.

        Arguments:
            closure: zeroes the gradients, computes the loss and its gradients, returns the loss.

        Returns:
            The loss where the step began.
        """
        if closure is None:
            raise TypeError("SAM: step() needs a closure, which computes the loss and gradients")
        with enable_grad():
            loss = closure()
        with all_or_none(self.optimizer):
            self._step(closure)
        return loss

    def _step(self, closure) -> None:
        uphill = {
            p: -1.0 if group.get("maximize") else 1.0  # what is maximized is least safe downhill
            for group in self.param_groups
            for p in group["params"]
        }
        moving = [p for p in uphill if p.grad is not None]
        before = [p.data.copy() for p in moving]
        sizes = [np.abs(w) if self.adaptive else 1.0 for w in before]
        scaled = [s * p.grad.data for p, s in zip(moving, sizes, strict=True)]
        norm = float(np.sqrt(sum(float(np.sum(g.astype(float) ** 2)) for g in scaled)))
        factor = self.rho / (norm + 1e-12)
        try:
            for p, s, g in zip(moving, sizes, scaled, strict=True):
                np.copyto(p.data, p.data + uphill[p] * factor * s * g)
                p.overwritten()
            with enable_grad():
                closure()
        finally:
            for p, w in zip(moving, before, strict=True):
                np.copyto(p.data, w)
                p.overwritten()
        self.optimizer.step()


class Lookahead(Wrapper):
    """Every k steps of the inner optimizer, the slow weights go a part of the way it has gone.

        φ ← φ + α (p - φ),  p ← φ

    Arguments:
        optimizer: the inner one.
        k: steps from one of the slow weights to the next, an integer >= 1.
        alpha: α, in [0, 1].

    Raises:
        TypeError: `optimizer` is none.
        ValueError: a value outside its range.

    >>> w = Tensor([0.0], requires_grad=True)
    >>> optimizer = optim.Lookahead(optim.SGD([w], lr=1.0), k=2)
    >>> w.grad = [-1.0]
    >>> for _ in range(2):
    ...     optimizer.step()
    >>> w
    Tensor([1.], requires_grad=True)

    Source: Zhang et al. 2019, Algorithm 1. The inner optimizer keeps its state.
    """

    def __init__(self, optimizer: Optimizer, k: int = 5, alpha: float = 0.5):
        super().__init__(optimizer)
        self.k = require("Lookahead", "k", k, POSITIVE_COUNT)
        self.alpha = require("Lookahead", "alpha", alpha, PROPORTION)
        self.t = 0
        self.slow = [p.data.copy() for p in self.params()]

    def step(self, closure=None):
        """A step of the inner optimizer; the k-th moves the slow weights too."""
        self._admit()
        with all_or_none(self.optimizer):
            loss = self.optimizer.step(closure)
            if (self.t + 1) % self.k == 0:
                for p, slow in zip(self.params(), self.slow, strict=True):
                    slow += self.alpha * (p.data - slow)
                    np.copyto(p.data, slow)
                    p.overwritten()
            self.t += 1
        return loss

    def _admit(self) -> None:
        """Slow weights for parameters that were added since: where they are now."""
        self.slow += [p.data.copy() for p in self.params()[len(self.slow) :]]

    def state_dict(self) -> dict:
        self._admit()
        slow = [array.copy() for array in self.slow]
        return {**super().state_dict(), "t": self.t, "slow": slow, **self._made_with()}

    def _made_with(self) -> dict:
        return {"k": self.k, "alpha": self.alpha}

    def load_state_dict(self, state_dict: dict) -> None:
        ours = self._made_with()
        expect_keys("Lookahead", "the state", state_dict, {"optimizer", "t", "slow"}, {*ours})
        require_same_make("Lookahead", state_dict, ours)
        self._admit()
        t = checked_value("Lookahead: t", state_dict["t"], self.t)
        if len(state_dict["slow"]) != len(self.slow):
            raise ValueError(
                f"Lookahead: slow must have {len(self.slow)} arrays, got {len(state_dict['slow'])}"
            )
        pairs = zip(state_dict["slow"], self.slow, strict=True)
        slow = [checked_value("Lookahead: slow", saved, like) for saved, like in pairs]
        with deferred():
            self.optimizer.load_state_dict(state_dict["optimizer"])
            self.t, self.slow = t, slow
