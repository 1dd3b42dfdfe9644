"""Schedule-free SGD and AdamW: an average of the iterates takes the place of a schedule."""

import numpy as np

from tinytorch.optim.optimizer import Optimizer


def schedule_free_sgd(p, g, z, *, lr, momentum, c):
    """Defazio et al. 2024, eq. 3-5: p is y, where gradients are taken; x is found from y and z."""
    x = (p - (1 - momentum) * z) / momentum
    z = z - lr * g
    x = (1 - c) * x + c * z
    return (1 - momentum) * z + momentum * x, z


def schedule_free_adamw(p, g, z, v, *, t, lr, beta1, beta2, eps, weight_decay, c):
    """Defazio et al. 2024, Algorithm 1: Adam's denominator, decay at y, no first moment."""
    v = beta2 * v + (1 - beta2) * g * g
    u = g / (np.sqrt(v / (1 - beta2**t)) + eps) + weight_decay * p
    x = (p - (1 - beta1) * z) / beta1
    z = z - lr * u
    x = (1 - c) * x + c * z
    return (1 - beta1) * z + beta1 * x, z, v


def interpolate(p, g, *, weight):
    """p ← (1 - w) p + w g, where g is another point."""
    return ((1 - weight) * p + weight * g,)
