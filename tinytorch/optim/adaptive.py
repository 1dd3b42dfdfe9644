"""A learning rate for each weight, from its own past gradients: Adagrad, RMSprop, Adadelta."""

import numpy as np

from tinytorch.core.checks import FLAG, FRACTION, NONNEGATIVE
from tinytorch.optim.declarations import Value
from tinytorch.optim.optimizer import Optimizer


def adagrad(p, g, v, *, t, lr, lr_decay, eps, eps_root):
    """Duchi, Hazan & Singer 2011, Figure 1: divide by the root of the sum of squares."""
    v = v + g * g
    return p - lr / (1 + (t - 1) * lr_decay) * g / (np.sqrt(v + eps_root) + eps), v


def rmsprop(p, g, v, *, lr, alpha, eps, eps_root):
    """Tieleman & Hinton 2012: the sum becomes a moving average."""
    v = alpha * v + (1 - alpha) * g * g
    return p - lr * g / (np.sqrt(v + eps_root) + eps), v


def rmsprop_momentum(p, g, v, b, *, lr, alpha, eps, eps_root, momentum):
    """Heavy ball on what RMSprop would have done."""
    v = alpha * v + (1 - alpha) * g * g
    b = momentum * b + g / (np.sqrt(v + eps_root) + eps)
    return p - lr * b, v, b


def rmsprop_centered(p, g, v, m, *, lr, alpha, eps, eps_root):
    """Graves 2013, eq. 38-40: divide by the standard deviation, not by the root mean square."""
    v = alpha * v + (1 - alpha) * g * g
    m = alpha * m + (1 - alpha) * g
    variance = np.maximum(v - m * m, 0.0)  # rounding may take it below zero
    return p - lr * g / (np.sqrt(variance + eps_root) + eps), v, m


def rmsprop_centered_momentum(p, g, v, m, b, *, lr, alpha, eps, eps_root, momentum):
    """Graves 2013, eq. 38-41."""
    v = alpha * v + (1 - alpha) * g * g
    m = alpha * m + (1 - alpha) * g
    variance = np.maximum(v - m * m, 0.0)
    b = momentum * b + g / (np.sqrt(variance + eps_root) + eps)
    return p - lr * b, v, m, b


def adadelta(p, g, v, u, *, lr, rho, eps):
    """Zeiler 2012, Algorithm 1: steps in the units of the parameter."""
    v = rho * v + (1 - rho) * g * g
    d = np.sqrt(u + eps) / np.sqrt(v + eps) * g
    u = rho * u + (1 - rho) * d * d
    return p - lr * d, v, u


def place_eps(values: dict) -> dict:
    """Give ε its place: under the root (`eps_root`) or outside of it (`eps`)."""
    inside = values["eps_in_sqrt"]
    eps = values["eps"]
    return {**values, "eps": 0.0 if inside else eps, "eps_root": eps if inside else 0.0}


class Adagrad(Optimizer):
    """Steps that shrink with the sum of a weight's squared gradients.

        v ← v + g²
        p ← p - lr / (1 + (t - 1) δ) · g / (√v + ε)

    Source: Duchi, Hazan & Singer 2011, Figure 1 (diagonal). PyTorch's conventions.
    """

    lr: float = Value(
        NONNEGATIVE, "step size, >= 0; about the size of the first step", default=1e-2
    )
    lr_decay: float = Value(NONNEGATIVE, "δ, >= 0", default=0.0)
    weight_decay: float = Value(NONNEGATIVE, "λ, added to the gradient as λ p", default=0.0)
    initial_accumulator_value: float = Value(
        NONNEGATIVE, "v before the first step, >= 0 (optax and Keras: 0.1)", default=0.0
    )
    eps: float = Value(NONNEGATIVE, "ε, >= 0", default=1e-10)
    eps_in_sqrt: bool = Value(
        FLAG, "√(v + ε) in place of √v + ε, as optax and Keras have it", default=False, kw_only=True
    )

    def rule(self, group):
        return adagrad

    def numbers(self, group, t):
        return place_eps(super().numbers(group, t))

    def initial_state(self, p, group):
        return {"v": np.full_like(p.data, group["initial_accumulator_value"], order="A")}


class RMSprop(Optimizer):
    """Divide the gradient by a moving root mean square of itself.

        v ← α v + (1 - α) g²           (centered: minus the squared moving average of g)
        b ← β b + g / (√v + ε)
        p ← p - lr b

    Source: Tieleman & Hinton 2012, lecture 6.5; Graves 2013, eq. 38-41 (centered).
    """

    lr: float = Value(NONNEGATIVE, "step size, >= 0", default=1e-2)
    alpha: float = Value(
        FRACTION,
        "α, in [0, 1): how much of the past the average keeps (optax and Keras: 0.9)",
        default=0.99,
    )
    eps: float = Value(NONNEGATIVE, "ε, >= 0, in the units of the gradient", default=1e-8)
    weight_decay: float = Value(NONNEGATIVE, "λ, added to the gradient as λ p", default=0.0)
    momentum: float = Value(NONNEGATIVE, "β, >= 0", default=0.0)
    centered: bool = Value(FLAG, "divide by the standard deviation of the gradient", default=False)
    eps_in_sqrt: bool = Value(
        FLAG, "√(v + ε) in place of √v + ε, as optax and Keras have it", default=False, kw_only=True
    )

    def rule(self, group):
        if group["momentum"] == 0:
            return rmsprop_centered if group["centered"] else rmsprop
        return rmsprop_centered_momentum if group["centered"] else rmsprop_momentum

    def numbers(self, group, t):
        return place_eps(super().numbers(group, t))


class Adadelta(Optimizer):
    """Steps whose size comes from the sizes of earlier steps: no learning rate to tune.

        v ← ρ v + (1 - ρ) g²
        d = √(u + ε) / √(v + ε) · g
        u ← ρ u + (1 - ρ) d²
        p ← p - lr d

    Source: Zeiler 2012, Algorithm 1.
    """

    lr: float = Value(
        NONNEGATIVE, "factor of the step, >= 0; 1 is the paper's (Keras: 0.001)", default=1.0
    )
    rho: float = Value(FRACTION, "ρ, in [0, 1)", default=0.9)
    eps: float = Value(NONNEGATIVE, "ε, >= 0; it alone gets the first step going", default=1e-6)
    weight_decay: float = Value(NONNEGATIVE, "λ, added to the gradient as λ p", default=0.0)

    def rule(self, group):
        return adadelta
