"""The trapezoid: warm up, hold, cool down. While the rate is held the end need not be known."""

import math

from tinytorch.core.checks import COUNT, PROPORTION, one_of
from tinytorch.optim.declarations import Value
from tinytorch.optim.schedules.base import Scheduler
from tinytorch.optim.schedules.cosines import cosine, linear

COOLDOWNS = {
    "linear": linear,
    "sqrt": lambda start, end, done: linear(start, end, math.sqrt(done)),
    "cosine": cosine,
}


class WarmupStableDecay(Scheduler):
    """A straight warm-up to base, base held, and a cooldown that ends at a part of it.

        t < W:      lr = base · (start + (1 - start) t / W)
        t ≤ W + S:  lr = base
        else:       lr = base · (1 - (1 - final) c(x)),  x = min(1, (t - W - S) / D)

    where c(x) is x ("linear"), √x ("sqrt") or (1 - cos πx) / 2 ("cosine"). To go on from a
    checkpoint of the stable part, load it, and set a larger `stable_steps`: nothing before
    changes.

    Source: Hu et al. 2024 (MiniCPM), section 4; "sqrt" is Hägele et al. 2024's (1-sqrt).
    """

    warmup_steps: int = Value(COUNT, "W, an integer >= 0")
    stable_steps: int = Value(COUNT, "S, an integer >= 0")
    decay_steps: int = Value(COUNT, "D, an integer >= 0; with 0 the rate falls at once")
    start_factor: float = Value(PROPORTION, "in [0, 1]", default=0.01)
    final_factor: float = Value(PROPORTION, "in [0, 1]; held after the end", default=0.0)
    cooldown: str = Value(one_of(*COOLDOWNS), '"linear", "sqrt" or "cosine"', default="linear")

    def factor(self, t):
        if t < self.warmup_steps:
            return linear(self.start_factor, 1.0, t / self.warmup_steps)
        cooling = t - self.warmup_steps - self.stable_steps
        if cooling <= 0:
            return 1.0
        done = min(cooling / max(self.decay_steps, 1), 1.0)
        return COOLDOWNS[self.cooldown](1.0, self.final_factor, done)
