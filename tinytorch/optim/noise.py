"""Noise on the gradients, as a hook before each step."""

import math

from tinytorch.core.checks import NONNEGATIVE, require
from tinytorch.core.random import generator


class GradientNoise:
    """Normal noise on every gradient, of the variance eta / (1 + t)^gamma after t steps.

    It is a hook: `optimizer.register_step_pre_hook(GradientNoise(0.01))`. Hooks come before a
    closure, so it does nothing to an optimizer that is stepped with one.

    Arguments:
        eta: the first variance, >= 0. gamma: how fast it falls, >= 0.
        rng: a generator, a seed, or None for the default generator.

    Raises:
        ValueError: `eta` or `gamma` outside what is allowed.

    >>> from tinytorch.optim import SGD, GradientNoise
    >>> w = Tensor([0.0, 0.0], requires_grad=True)
    >>> optimizer = SGD([w], lr=1.0)
    >>> handle = optimizer.register_step_pre_hook(GradientNoise(0.01, rng=0))
    >>> w.grad = [0.0, 0.0]
    >>> optimizer.step()
    >>> bool((w != 0).all())
    True

    Source: Neelakantan et al. 2015, equation 1, with eta of 0.01, 0.3 or 1 and gamma = 0.55.
    """

    def __init__(self, eta: float = 0.01, gamma: float = 0.55, *, rng=None):
        self.eta = require("GradientNoise", "eta", eta, NONNEGATIVE)
        self.gamma = require("GradientNoise", "gamma", gamma, NONNEGATIVE)
        self.rng = None if rng is None else generator(rng)

    def __call__(self, optimizer, args: tuple, kwargs: dict) -> None:
        deviation = math.sqrt(self.eta / (1 + optimizer.steps) ** self.gamma)
        rng = generator(self.rng)
        for group in optimizer.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    g = p.grad.data
                    p.grad = g + rng.normal(0, deviation, g.shape).astype(g.dtype)
