"""What became of Adam: AdamW, Adamax, NAdam, RAdam."""

import numpy as np

from tinytorch.core.checks import FLAG, NONNEGATIVE, one_of
from tinytorch.optim.declarations import Value, moments
from tinytorch.optim.optimizer import Optimizer, coupled, decoupled
from tinytorch.optim.optimizers import Adam


def adamax(p, g, m, u, *, t, lr, beta1, beta2, eps):
    """Kingma & Ba 2015, Algorithm 2: the largest gradient in place of the root mean square."""
    m = beta1 * m + (1 - beta1) * g
    u = np.maximum(beta2 * u, np.abs(g) + eps)
    return p - lr / (1 - beta1**t) * m / u, m, u


def nadam(p, g, m, v, *, t, lr, beta1, beta2, eps, mu, mu_next, product):
    """Dozat 2016, Algorithm 2: Adam that looks one step of momentum ahead."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    m_hat = mu_next / (1 - product * mu_next) * m + (1 - mu) / (1 - product) * g
    v_hat = v / (1 - beta2**t)
    return p - lr * m_hat / (np.sqrt(v_hat) + eps), m, v


def radam(p, g, m, v, *, t, lr, beta1, beta2, eps, r):
    """Liu et al. 2020, Algorithm 2: no division by v until enough of it has been seen."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    m_hat = m / (1 - beta1**t)
    step = np.where(r > 0, r * (1 - beta2**t) ** 0.5 / (np.sqrt(v) + eps), 1.0)
    return p - lr * m_hat * step, m, v


def warmed_momentum(t, beta1, momentum_decay):
    """μ_t of NAdam: half of β₁ at first, then towards it."""
    return beta1 * (1 - 0.5 * 0.96 ** (t * momentum_decay))


def momentum_product(t, beta1, momentum_decay):
    """μ_1 μ_2 ... μ_t in as few operations for every t, of numbers or of arrays.

    With q = 0.96^ψ the product is β₁ᵗ Π (1 - qᵏ/2), and log Π (1 - qᵏ/2) = -Σ_j 2⁻ʲ/j Σ_k qʲᵏ:
    the inner sum is geometric, and of the outer one 55 terms are enough for double precision.
    It matters as 1 - product, so it is 0 once that rounds to 1.
    """
    if np.all(beta1**t < 1e-17):
        return 0.0
    j = np.arange(1, 56).reshape(-1, *[1] * np.ndim(momentum_decay))
    log_q = j * (np.log(0.96) * momentum_decay)
    with np.errstate(all="ignore"):
        sums = np.where(log_q == 0, t, np.exp(log_q) * np.expm1(t * log_q) / np.expm1(log_q))
    return beta1**t * np.exp(-np.sum(0.5**j / j * sums, axis=0))


def rectification(t, beta2):
    """r_t of RAdam, 0 while the variance of the adaptive step is not tractable (ρ_t ≤ 5)."""
    rho_max = 2 / (1 - beta2) - 1
    rho = rho_max - 2 * t * beta2**t / (1 - beta2**t)
    most, r = np.maximum(rho_max, 5), np.maximum(rho, 5)  # where they are less, r_t is 0
    root = np.sqrt((r - 4) * (r - 2) * most / ((most - 4) * (most - 2) * r))
    return np.where(rho > 5, root, 0.0)[()]


class AdamW(Adam):
    """Adam with decoupled weight decay: p ← (1 - lr λ) p, then Adam's step.

    Source: Loshchilov & Hutter 2019, Algorithm 2, with lr λ where the paper has η_t λ.
    """

    lr: float = Value(NONNEGATIVE, "step size, >= 0", default=1e-3)
    betas: tuple = moments(default=(0.9, 0.999))
    eps: float = Value(NONNEGATIVE, "ε, >= 0, in the units of the gradient", default=1e-8)
    weight_decay: float = Value(
        NONNEGATIVE,
        "λ, >= 0; in a step a weight shrinks by lr λ of itself (optax: 1e-4)",
        default=1e-2,
    )
    amsgrad: bool | str = Value(one_of(False, True, "corrected"), "as in Adam", default=False)
    maximize: bool = Value(FLAG, "go uphill (the decay still shrinks)", default=False, kw_only=True)

    def decay(self, group):
        return decoupled


class Adamax(Optimizer):
    """Adam in the infinity norm.

        m ← β₁ m + (1 - β₁) g
        u ← max(β₂ u, |g| + ε)
        p ← p - lr / (1 - β₁ᵗ) · m / u

    Source: Kingma & Ba 2015, Algorithm 2. ε inside the maximum is PyTorch's and optax's.
    """

    lr: float = Value(
        NONNEGATIVE,
        "step size, >= 0; no weight moves further than this in the first step",
        default=2e-3,
    )
    betas: tuple = moments(default=(0.9, 0.999))
    eps: float = Value(
        NONNEGATIVE, "ε, >= 0; 0 divides by zero where a gradient was always zero", default=1e-8
    )
    weight_decay: float = Value(NONNEGATIVE, "λ, added to the gradient as λ p", default=0.0)

    def rule(self, group):
        return adamax


class NAdam(Optimizer):
    """Adam with Nesterov's look-ahead and a momentum that warms up.

        μ_t = β₁ (1 - ½ · 0.96^(t ψ))
        m̂ = μ_{t+1} m / (1 - μ_1···μ_{t+1}) + (1 - μ_t) g / (1 - μ_1···μ_t)
        p ← p - lr m̂ / (√v̂ + ε)          with m, v and v̂ as in Adam

    Source: Dozat 2016, Algorithm 2. The products are functions of t, as Adam's β₁ᵗ is: they take
    β₁ to have been what it is now.
    """

    lr: float = Value(NONNEGATIVE, "step size, >= 0", default=2e-3)
    betas: tuple = moments(default=(0.9, 0.999))
    eps: float = Value(NONNEGATIVE, "ε, >= 0, in the units of the gradient", default=1e-8)
    weight_decay: float = Value(
        NONNEGATIVE, "λ, added to the gradient as λ p unless decoupled", default=0.0
    )
    momentum_decay: float = Value(
        NONNEGATIVE, "ψ, >= 0: how fast the momentum warms up (Keras: 1)", default=4e-3
    )
    decoupled_weight_decay: bool = Value(FLAG, "shrink the parameter, as AdamW does", default=False)

    def rule(self, group):
        return nadam

    def decay(self, group):
        return decoupled if group["decoupled_weight_decay"] else coupled

    def numbers(self, group, t):
        values = super().numbers(group, t)
        beta1, psi = values["beta1"], group["momentum_decay"]
        values["mu"] = warmed_momentum(t, beta1, psi)
        values["mu_next"] = warmed_momentum(t + 1, beta1, psi)
        values["product"] = momentum_product(t, beta1, psi)
        return values


class RAdam(Optimizer):
    """Adam that waits with its division until the variance of the adaptive step is bounded.

        ρ_∞ = 2 / (1 - β₂) - 1,  ρ_t = ρ_∞ - 2 t β₂ᵗ / (1 - β₂ᵗ)
        r = √((ρ_t - 4)(ρ_t - 2) ρ_∞ / ((ρ_∞ - 4)(ρ_∞ - 2) ρ_t))
        p ← p - lr m̂ r √(1 - β₂ᵗ) / (√v + ε)     if ρ_t > 5, else  p ← p - lr m̂

    Source: Liu et al. 2020, Algorithm 2, with 5 where the paper has 4, as PyTorch.
    """

    lr: float = Value(NONNEGATIVE, "step size, >= 0", default=1e-3)
    betas: tuple = moments(default=(0.9, 0.999))
    eps: float = Value(NONNEGATIVE, "ε, >= 0, in the units of the gradient", default=1e-8)
    weight_decay: float = Value(
        NONNEGATIVE, "λ, added to the gradient as λ p unless decoupled", default=0.0
    )
    decoupled_weight_decay: bool = Value(FLAG, "shrink the parameter, as AdamW does", default=False)

    def rule(self, group):
        return radam

    def decay(self, group):
        return decoupled if group["decoupled_weight_decay"] else coupled

    def numbers(self, group, t):
        values = super().numbers(group, t)
        values["r"] = rectification(t, values["beta2"])
        return values
