"""Cautious optimizers: what a rule would move against the present gradient stays where it is."""

import functools

from tinytorch.optim.adam_family import AdamW
from tinytorch.optim.optimizers import Adam
from tinytorch.optim.sign import Lion


@functools.cache
def cautious(rule):
    """Liang et al. 2024, Algorithm 1: mask the rule's step, and enlarge what is left of it."""

    @functools.wraps(rule)
    def masked(p, g, *state, **numbers):
        moved, *state = rule(p, g, *state, **numbers)
        agrees = (p - moved) * g > 0
        share = max(float(agrees.mean()), 1e-3)
        return p - (p - moved) * agrees / share, *state

    return masked


class Cautious:
    """Before another optimizer among the bases, this makes it cautious."""

    elementwise = False

    def rule(self, group):
        return cautious(super().rule(group))


class CautiousAdam(Cautious, Adam):
    """Adam that moves no weight against its present gradient, and the others so much further.

        u ← Adam's step, φ ← 1 where u g > 0 and 0 elsewhere
        p ← p - u φ / mean(φ)

    The mean is over one parameter, and at least 0.001. The arguments are those of Adam.

    Source: Liang et al. 2024, Algorithm 1, with the mean of the authors' code.
    """


class CautiousAdamW(Cautious, AdamW):
    """AdamW that moves no weight against its present gradient, as CautiousAdam does.

    The decay comes before, and is not masked. The arguments are those of AdamW.

    Source: Liang et al. 2024, Algorithm 1, with the mean of the authors' code.
    """


class CautiousLion(Cautious, Lion):
    """Lion that moves no weight against its present gradient, as CautiousAdam does.

    The decay comes before, and is not masked. The arguments are those of Lion.

    Source: Liang et al. 2024, Algorithm 1, with the mean of the authors' code.
    """
