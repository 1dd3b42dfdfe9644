"""Rules that see a matrix as a matrix: Muon, Shampoo, SOAP."""

import itertools
import math

import numpy as np

from tinytorch.core.checks import (
    FLAG,
    FRACTION,
    NONNEGATIVE,
    OPTIONAL_FRACTION,
    POSITIVE,
    POSITIVE_COUNT,
    integer,
    number,
    one_of,
    several,
)
from tinytorch.core.tensor import Tensor
from tinytorch.optim.declarations import Value, moments
from tinytorch.optim.gradients import refuse_large
from tinytorch.optim.optimizer import Optimizer, decoupled


def orthogonalize(x, coefficients, steps, eps):
    """Newton-Schulz: send the singular values of x, all of them, to about 1.

        x ← x / ‖x‖, then `steps` times x ← a x + b (x xᵀ) x + c (x xᵀ)² x

    In exact arithmetic the singular vectors stay what they are.
    """
    if x.shape[0] > x.shape[1]:
        return orthogonalize(x.T, coefficients, steps, eps).T
    a, b, c = coefficients
    _, exponent = np.frexp(np.max(np.abs(x), initial=0))
    x = np.ldexp(x, -max(exponent, 0))  # which is exact: so that no square overflows
    x = x / max(np.sqrt(np.sum(x * x)), eps)
    for _ in range(steps):
        s = x @ x.T
        x = a * x + (b * s + c * s @ s) @ x
    return x


def muon(
    p, g, b, *, lr, momentum, g_weight, b_weight, ns_coefficients, ns_steps, eps, matrix_scale
):
    """Jordan et al. 2024: step by the orthogonal matrix that is nearest to the momentum."""
    b = momentum * b + (1 - momentum) * g
    u = orthogonalize(g_weight * g + b_weight * b, ns_coefficients, ns_steps, eps)
    return p - lr * matrix_scale(*p.shape) * u, b


# How long Muon's step is, for a matrix of so many rows (inputs) and columns (outputs).
MUON_SCALES = {
    "original": lambda rows, columns: math.sqrt(max(rows, columns) / max(rows, 1)),
    "transposed": lambda rows, columns: math.sqrt(max(columns, rows) / max(columns, 1)),
    "match_rms_adamw": lambda rows, columns: 0.2 * math.sqrt(max(rows, columns)),
}
MUON_SCALES = {None: MUON_SCALES["original"], **MUON_SCALES}

THREE_NUMBERS = (lambda v: several(v, 3, number), "three finite numbers")
NS_STEPS = (lambda v: integer(v) and 0 <= v < 100, "an integer from 0 to 99")


def inverse_root(a, k, eps):
    """a^(-1/k) of a symmetric matrix whose eigenvalues are at least ε, but for rounding."""
    values, q = np.linalg.eigh(a)
    return q * np.maximum(values, eps) ** (-1 / k) @ q.T


def shampoo(p, g, L, R, A, B, *, t, lr, eps, precondition_frequency):
    """Gupta, Koren & Singer 2018, Algorithm 1: A = L^(-1/4), B = R^(-1/4)."""
    L = L + g @ g.T
    R = R + g.T @ g
    if (t - 1) % precondition_frequency == 0:
        A, B = inverse_root(L, 4, eps), inverse_root(R, 4, eps)
    return p - lr * A @ g @ B, L, R, A, B


def eigenvectors(a):
    """The eigenvectors of a symmetric matrix, the largest eigenvalue first."""
    return np.linalg.eigh(a)[1][:, ::-1]


def power_iteration(a, q):
    """One step towards the eigenvectors of a, and the order in which they now stand."""
    aq = a @ q
    order = np.argsort(-np.sum(q * aq, axis=0), kind="stable")
    return np.linalg.qr(aq[:, order])[0], order


def soap(
    p, g, m, v, L, R, Q, S, *, t, lr, beta1, beta2, shampoo_beta, eps, weight_decay,
    precondition_frequency,
):  # fmt: skip
    """Vyas et al. 2024, Algorithm 3: Adam in the eigenbasis Q, S of Shampoo's L and R."""
    if t == 1:  # no basis yet: the first gradient makes one, and moves nothing
        L, R = (1 - shampoo_beta) * g @ g.T, (1 - shampoo_beta) * g.T @ g
        return p, m, v, L, R, eigenvectors(L), eigenvectors(R)
    t = t - 1
    h = Q.T @ g @ S
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * h * h
    step = lr * (1 - beta2**t) ** 0.5 / (1 - beta1**t)
    u = Q @ (Q.T @ m @ S / (np.sqrt(v) + eps)) @ S.T
    p = (1 - lr * weight_decay) * (p - step * u)
    L = shampoo_beta * L + (1 - shampoo_beta) * g @ g.T
    R = shampoo_beta * R + (1 - shampoo_beta) * g.T @ g
    if t % precondition_frequency == 0:
        Q, rows = power_iteration(L, Q)
        S, columns = power_iteration(R, S)
        v = v[rows][:, columns]
    return p, m, v, L, R, Q, S


class MatrixOptimizer(Optimizer):
    """What the three have in common: they take matrices whole, and nothing else."""

    elementwise = False
    multiplies = False  # whether it sums products of the gradient's elements

    def initial_state(self, p: Tensor, group: dict) -> dict[str, np.ndarray]:
        """The rule's state before the first step.

        Raises:
            ValueError: `p` is not a matrix.
        """
        if p.data.ndim != 2:
            raise ValueError(
                f"{type(self).__name__}: params must be matrices, got one of shape {p.shape}; "
                "use AdamW for the others"
            )
        return super().initial_state(p, group)

    def moving(self):
        """For each group its parameters that have a gradient.

        Raises:
            ValueError: a gradient that is not finite, or so large that its products overflow: one
                element would spoil the whole matrix.
        """
        moving = super().moving()
        owner = type(self).__name__
        for p in itertools.chain(*moving):
            if not np.isfinite(p.grad.data).all():
                raise ValueError(f"{owner}: the gradient of {self._label(p)} must be finite")
            if self.multiplies:
                refuse_large(owner, self._label(p), p.grad.data)
        return moving


class Muon(MatrixOptimizer):
    """Momentum whose matrix is made orthogonal: all directions move equally far.

        b ← β b + (1 - β) g
        u = (1 - β) g + β b                        (without Nesterov: u = b)
        p ← (1 - lr λ) p - lr √max(1, outputs/inputs) · orthogonalize(u)

    Arguments:
        params: matrices, (name, matrix) pairs or groups. Vectors, and the first and last layer,
            are left to another optimizer.

    Raises:
        ValueError: a parameter that is not a matrix; a value outside its range.

    Source: Jordan et al. 2024; Liu et al. 2025 ("match_rms_adamw"). PyTorch's form, for
    weights that lie as ours, and in their precision: PyTorch rounds to bfloat16 first.
    """

    lr: float = Value(
        NONNEGATIVE, "step size, >= 0; about the spectral norm of a step", default=1e-3
    )
    weight_decay: float = Value(NONNEGATIVE, "λ, decoupled", default=0.1)
    momentum: float = Value(FRACTION, "β, in [0, 1)", default=0.95)
    nesterov: bool = Value(FLAG, "look one step ahead", default=True)
    ns_coefficients: tuple = Value(
        THREE_NUMBERS,
        "(a, b, c) of the Newton-Schulz polynomial",
        default=(3.4445, -4.7750, 2.0315),
    )
    eps: float = Value(NONNEGATIVE, "ε, >= 0, the smallest norm that is divided by", default=1e-7)
    ns_steps: int = Value(NS_STEPS, "Newton-Schulz steps, an integer from 0 to 99", default=5)
    adjust_lr_fn: str | None = Value(
        one_of(*MUON_SCALES),
        'how long a step is: None or "original", √max(1, outputs/inputs), for weights of shape '
        "(inputs, outputs), as our layers have them; "
        '"transposed", the same for weights of shape (outputs, inputs), as PyTorch has them; '
        '"match_rms_adamw", 0.2 √max(rows, columns)',
        default=None,
    )
    bias_correction: bool = Value(
        FLAG,
        "correct both terms of u for their zero start, as optax does",
        default=False,
        kw_only=True,
    )

    def rule(self, group):
        return muon

    def decay(self, group):
        return decoupled

    def numbers(self, group, t):
        values = super().numbers(group, t)
        mu = group["momentum"]
        g_weight, b_weight = (1 - mu, mu) if group["nesterov"] else (0.0, 1.0)
        if group["bias_correction"]:
            g_weight, b_weight = g_weight / (1 - mu**t), b_weight / (1 - mu ** (t + 1))
        values["g_weight"], values["b_weight"] = g_weight, b_weight
        values["matrix_scale"] = MUON_SCALES[group["adjust_lr_fn"]]
        return values


class Shampoo(MatrixOptimizer):
    """A preconditioner for the rows and one for the columns.

        L ← L + g gᵀ,  R ← R + gᵀ g          (from ε I)
        p ← p - lr L^(-1/4) g R^(-1/4)

    Arguments:
        params: matrices, (name, matrix) pairs or groups.

    Raises:
        ValueError: a parameter that is not a matrix; a value outside its range.

    Source: Gupta, Koren & Singer 2018, Algorithm 1.
    """

    lr: float = Value(NONNEGATIVE, "step size, >= 0", default=1e-1)
    eps: float = Value(POSITIVE, "ε, > 0", default=1e-4)
    weight_decay: float = Value(NONNEGATIVE, "λ, added to the gradient as λ p", default=0.0)
    precondition_frequency: int = Value(
        POSITIVE_COUNT, "steps from one computation of the roots to the next, >= 1", default=1
    )

    multiplies = True

    def rule(self, group):
        return shampoo

    def initial_state(self, p, group):
        super().initial_state(p, group)
        left, right = (np.eye(n, dtype=p.data.dtype) for n in p.data.shape)
        eps = group["eps"]
        return {"L": eps * left, "R": eps * right, "A": left, "B": right}


class SOAP(MatrixOptimizer):
    """Adam, in the eigenbasis of Shampoo's preconditioners.

        h = Qᵀ g S
        m ← β₁ m + (1 - β₁) g,  v ← β₂ v + (1 - β₂) h²
        p ← p - lr √(1 - β₂ᵗ) / (1 - β₁ᵗ) · Q (Qᵀ m S / (√v + ε)) Sᵀ
        p ← (1 - lr λ) p
        L ← β L + (1 - β) g gᵀ,  R ← β R + (1 - β) gᵀ g

    Q and S are the eigenvectors of L and R after the first gradient, which moves nothing. From
    then on they take a step of power iteration towards the current ones now and then.

    Arguments:
        params: matrices, (name, matrix) pairs or groups.

    Raises:
        ValueError: a parameter that is not a matrix; a value outside its range.

    Source: Vyas et al. 2024, Algorithm 3, in the form of the authors' repository. With fewer
    columns than rows the first L has eigenvectors that nothing determines, so two
    implementations agree step by step on square matrices only.
    """

    lr: float = Value(NONNEGATIVE, "step size, >= 0", default=3e-3)
    betas: tuple = moments(default=(0.95, 0.95))
    shampoo_beta: float | None = Value(OPTIONAL_FRACTION, "β, in [0, 1); None for β₂", default=None)
    eps: float = Value(NONNEGATIVE, "ε, >= 0", default=1e-8)
    weight_decay: float = Value(NONNEGATIVE, "λ, decoupled, after the step", default=0.01)
    precondition_frequency: int = Value(
        POSITIVE_COUNT, "steps from one power iteration to the next, >= 1", default=10
    )

    multiplies = True

    def rule(self, group):
        return soap

    def decay(self, group):
        return None

    def numbers(self, group, t):
        values = super().numbers(group, t)
        if group["shampoo_beta"] is None:
            values["shampoo_beta"] = values["beta2"]
        return values

    def initial_state(self, p, group):
        state = super().initial_state(p, group)
        left, right = (np.eye(n, dtype=p.data.dtype) for n in p.data.shape)
        return {**state, "L": 0 * left, "R": 0 * right, "Q": left, "S": right}
