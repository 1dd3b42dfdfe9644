"""The four that everything else grew from: gradient descent, momentum, Nesterov, Adam.

Each rule is a pure function, read it as the mathematics: `p` parameter, `g` gradient, then the
state; after the star the numbers. The class below it says what it is called with.
"""

import numpy as np

from tinytorch.core.checks import FLAG, NONNEGATIVE, NUMBER, check, one_of
from tinytorch.core.tensor import Tensor
from tinytorch.optim import engines
from tinytorch.optim.declarations import Value, moments
from tinytorch.optim.optimizer import Optimizer


def gradient_descent(p, g, *, lr):
    """p ← p - lr g"""
    return (p - lr * g,)


def heavy_ball(p, g, b, *, lr, momentum, dampening):
    """Polyak 1964, in the form of PyTorch: the velocity sums gradients, not averages them."""
    b = momentum * b + (1 - dampening) * g
    return p - lr * b, b


def nesterov(p, g, b, *, lr, momentum, dampening):
    """Nesterov 1983, in the form of Sutskever et al. 2013: look ahead along the velocity."""
    b = momentum * b + (1 - dampening) * g
    return p - lr * (g + momentum * b), b


def adam(p, g, m, v, *, t, lr, beta1, beta2, eps):
    """Kingma & Ba 2015, Algorithm 1."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    return p - lr * m_hat / (np.sqrt(v_hat) + eps), m, v


def amsgrad(p, g, m, v, v_max, *, t, lr, beta1, beta2, eps):
    """Reddi, Kale & Kumar 2018, Algorithm 2: steps that can only shrink."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    v_max = np.maximum(v_max, v)
    m_hat = m / (1 - beta1**t)
    v_hat = v_max / (1 - beta2**t)
    return p - lr * m_hat / (np.sqrt(v_hat) + eps), m, v, v_max


def amsgrad_corrected(p, g, m, v, v_max, *, t, lr, beta1, beta2, eps):
    """The same, with the maximum taken of the corrected average."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    v_max = np.maximum(v_max, v / (1 - beta2**t))
    m_hat = m / (1 - beta1**t)
    return p - lr * m_hat / (np.sqrt(v_max) + eps), m, v, v_max


def gradient_descent_step(parameter: Tensor, learning_rate: float) -> None:
    """One step of gradient descent on one tensor, in place: p ← p - lr · p.grad.

    Raises:
        ValueError: the tensor has no gradient; the learning rate is negative or not finite.

    >>> w = Tensor([3.0], requires_grad=True)
    >>> w.grad = [2.0]
    >>> optim.gradient_descent_step(w, 0.5)
    >>> w
    Tensor([2.], requires_grad=True)
    """
    check("gradient_descent_step", "lr", learning_rate)
    if parameter.grad is None:
        raise ValueError("gradient_descent_step: the parameter has no gradient; call backward()")
    arrays = (parameter.data, parameter.grad.data)
    engines.run((gradient_descent,), [arrays], {"lr": learning_rate})


class SGD(Optimizer):
    """(Stochastic) gradient descent, with or without momentum.

        b ← β b + (1 - τ) g        (b = g in the first step)
        p ← p - lr b               (Nesterov: p - lr (g + β b))

    Raises:
        ValueError: a value outside its range, or `nesterov` without momentum or with dampening.

    Source: Robbins & Monro 1951; Polyak 1964; Sutskever et al. 2013. PyTorch's conventions.
    """

    lr: float = Value(NONNEGATIVE, "step size, >= 0", default=1e-3)
    momentum: float = Value(NONNEGATIVE, "β, 0 for plain gradient descent", default=0.0)
    dampening: float = Value(
        NUMBER,
        "τ; 1 - τ weighs the gradient in the velocity from a parameter's second step on "
        "(PyTorch: from its second step with momentum, should that be switched on later)",
        default=0.0,
    )
    weight_decay: float = Value(NONNEGATIVE, "λ, added to the gradient as λ p", default=0.0)
    nesterov: bool = Value(
        FLAG, "use the gradient one step ahead; needs momentum and no dampening", default=False
    )

    def check_group(self, group):
        if group["nesterov"] and (group["momentum"] == 0 or group["dampening"] != 0):
            raise ValueError(
                "SGD: nesterov needs momentum > 0 and dampening = 0, got "
                f"momentum={group['momentum']!r}, dampening={group['dampening']!r}"
            )

    def rule(self, group):
        if group["momentum"] == 0:
            return gradient_descent
        return nesterov if group["nesterov"] else heavy_ball

    def numbers(self, group, t):
        values = super().numbers(group, t)
        if t == 1:  # the velocity starts as the gradient itself
            values["dampening"] = 0.0
        return values


class Momentum(SGD):
    """SGD with momentum 0.9 unless told otherwise: b ← β b + g, p ← p - lr b."""

    def __init__(self, params, lr: float = 1e-3, momentum: float = 0.9, **kwargs):
        super().__init__(params, lr, momentum, **kwargs)


class Nesterov(SGD):
    """SGD with Nesterov's momentum: b ← β b + g, p ← p - lr (g + β b)."""

    def __init__(self, params, lr: float = 1e-3, momentum: float = 0.9, **kwargs):
        super().__init__(params, lr, momentum, nesterov=True, **kwargs)


class Adam(Optimizer):
    """Adaptive moment estimation.

        m ← β₁ m + (1 - β₁) g          m̂ = m / (1 - β₁ᵗ)
        v ← β₂ v + (1 - β₂) g²         v̂ = v / (1 - β₂ᵗ)
        p ← p - lr m̂ / (√v̂ + ε)

    Source: Kingma & Ba 2015, Algorithm 1; Reddi, Kale & Kumar 2018 (AMSGrad).
    """

    lr: float = Value(
        NONNEGATIVE,
        "step size, >= 0; about the distance that each weight moves in a step",
        default=1e-3,
    )
    betas: tuple = moments(default=(0.9, 0.999))
    eps: float = Value(NONNEGATIVE, "ε, >= 0, in the units of the gradient", default=1e-8)
    weight_decay: float = Value(
        NONNEGATIVE, "λ, added to the gradient as λ p (for decoupled decay see AdamW)", default=0.0
    )
    amsgrad: bool | str = Value(
        one_of(False, True, "corrected"),
        'True divides by the largest v so far, as PyTorch does; "corrected" by the largest '
        "v̂, as optax does",
        default=False,
    )

    def rule(self, group):
        return {False: adam, True: amsgrad, "corrected": amsgrad_corrected}[group["amsgrad"]]
