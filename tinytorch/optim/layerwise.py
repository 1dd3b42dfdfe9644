"""Steps in proportion to the layer they change: LARS and LAMB."""

import numpy as np

from tinytorch.core.checks import NONNEGATIVE
from tinytorch.optim.declarations import Value, moments
from tinytorch.optim.optimizer import Optimizer


def trust_ratio(p, u, coefficient=1.0, eps=0.0):
    """η ‖p‖ / (‖u‖ + ε); 1 where either norm is zero, so that a layer at zero can leave it."""
    p_norm, u_norm = np.sqrt(np.sum(p * p)), np.sqrt(np.sum(u * u))
    return coefficient * p_norm / (u_norm + eps) if p_norm > 0 and u_norm > 0 else 1.0


def lars(p, g, b, *, lr, momentum, trust_coefficient, eps):
    """You et al. 2017, Algorithm 1; the decay is in g already."""
    b = momentum * b + lr * trust_ratio(p, g, trust_coefficient, eps) * g
    return p - b, b


def lamb(p, g, m, v, *, t, lr, beta1, beta2, eps, weight_decay):
    """You et al. 2020, Algorithm 2: Adam's direction, the layer's length."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    u = m_hat / (np.sqrt(v_hat) + eps) + weight_decay * p
    return p - lr * trust_ratio(p, u) * u, m, v


class LARS(Optimizer):
    """SGD with momentum whose steps are a fixed fraction of each layer's norm.

        g ← g + λ p
        b ← β b + lr η ‖p‖ / ‖g‖ · g       (ratio 1 where either norm is zero)
        p ← p - b

    Arguments:
        params: tensors, (name, tensor) pairs or groups; each tensor is a layer of its own.

    Source: You, Gitman & Ginsburg 2017, Algorithm 1, in optax's form: λ p joins the gradient
    before its norm is taken, and the learning rate is inside the velocity.
    """

    lr: float = Value(NONNEGATIVE, "step size, >= 0", default=1.0)
    momentum: float = Value(NONNEGATIVE, "β, >= 0", default=0.9)
    weight_decay: float = Value(NONNEGATIVE, "λ, >= 0", default=0.0)
    trust_coefficient: float = Value(
        NONNEGATIVE, "η, >= 0: the fraction of its norm by which a layer may move", default=1e-3
    )
    eps: float = Value(NONNEGATIVE, "ε, >= 0, added to ‖g‖", default=0.0)

    elementwise = False

    def rule(self, group):
        return lars


class LAMB(Optimizer):
    """Adam's direction, with the length of the layer it changes.

        u = m̂ / (√v̂ + ε) + λ p            with m̂ and v̂ as in Adam
        p ← p - lr ‖p‖ / ‖u‖ · u            (ratio 1 where either norm is zero)

    Arguments:
        params: tensors, (name, tensor) pairs or groups; each tensor is a layer of its own.

    Source: You et al. 2020, Algorithm 2 with φ(x) = x.
    """

    lr: float = Value(
        NONNEGATIVE,
        "step size, >= 0; the fraction of its norm by which a layer moves",
        default=1e-3,
    )
    betas: tuple = moments(default=(0.9, 0.999))
    eps: float = Value(NONNEGATIVE, "ε, >= 0, in the units of the gradient", default=1e-6)
    weight_decay: float = Value(NONNEGATIVE, "λ, >= 0", default=0.0)

    elementwise = False

    def rule(self, group):
        return lamb

    def decay(self, group):
        return None
