"""Prodigy: Adam that estimates its own learning rate, from how far it has come."""

import math

import numpy as np

from tinytorch.core.checks import FLAG, NONNEGATIVE, OPTIONAL_FRACTION, POSITIVE, number
from tinytorch.optim import engines
from tinytorch.optim.declarations import Value, moments
from tinytorch.optim.optimizer import Optimizer, coupled, decoupled


def prodigy(p, g, m, v, s, *, lr, beta1, beta2, beta3, eps, d, d_next, weight):
    """Mishchenko & Defazio 2024, Algorithm 4: Adam on d g, with a learning rate of d lr."""
    s = beta3 * s + weight * g
    m = beta1 * m + (1 - beta1) * d * g
    v = beta2 * v + (1 - beta2) * d * d * g * g
    return p - lr * m / (np.sqrt(v) + d_next * eps), m, v, s


GROWTH = (lambda v: v == math.inf or (number(v) and v >= 1), "a number >= 1 or inf")


class Prodigy(Optimizer):
    """Adam whose learning rate is d lr, where d is a growing lower bound on the distance to go.

        s ← β₃ s + (d / d₀) d lr g
        r ← β₃ r + (d / d₀) d lr ⟨g, p₀ - p⟩          summed over all parameters
        m ← β₁ m + (1 - β₁) d g,   v ← β₂ v + (1 - β₂) d² g²
        d' = max(d, d_coef · r / ‖s‖₁)
        p ← (1 - d lr λ) p
        p ← p - d lr m / (√v + d' ε)

    Arguments:
        params: tensors, (name, tensor) pairs or groups; d is common to all.

    Raises:
        ValueError: a value outside its range; learning rates that differ and are not 0.

    Source: Mishchenko & Defazio 2024, Algorithm 4, in the form of prodigyopt.
    """

    lr: float = Value(
        NONNEGATIVE,
        "factor of the estimated rate, >= 0; the same in all groups, or 0 to leave one alone",
        default=1.0,
    )
    betas: tuple = moments(default=(0.9, 0.999))
    beta3: float | None = Value(OPTIONAL_FRACTION, "β₃, in [0, 1); None for √β₂", default=None)
    eps: float = Value(NONNEGATIVE, "ε, >= 0", default=1e-8)
    weight_decay: float = Value(NONNEGATIVE, "λ, >= 0", default=0.0)
    decouple: bool = Value(
        FLAG, "decoupled decay; otherwise λ p is added to the gradient", default=True
    )
    use_bias_correction: bool = Value(
        FLAG, "multiply the rate by √(1 - β₂ᵗ) / (1 - β₁ᵗ)", default=False
    )
    safeguard_warmup: bool = Value(
        FLAG, "leave lr out of s, so that a warm-up does not inflate d", default=False
    )
    d0: float = Value(POSITIVE, "d₀ > 0, the first estimate", default=1e-6)
    d_coef: float = Value(POSITIVE, "factor of the estimate, > 0", default=1.0)
    growth_rate: float = Value(
        GROWTH, "by how much d may grow in a step, >= 1 or infinite", default=math.inf
    )

    def rule(self, group):
        return prodigy

    def decay(self, group):
        return decoupled if group["decouple"] else coupled

    def carried(self, group):
        d0 = group["d0"]
        return {"k": 0, "d": d0, "d_max": d0, "d_used": d0, "d_numerator": 0.0, "rate": 0.0}

    def initial_state(self, p, group):
        return {**super().initial_state(p, group), "p0": p.data.copy(order="A")}

    def numbers(self, group, t):
        moves = group["lr"] > 0
        return {
            **super().numbers(group, t),
            "lr": group["rate"] if moves else 0.0,
            "d": group["d_used"],
            "d_next": group["d"],
            "beta3": self._beta3() if moves else 1.0,
            "weight": weight_in_s(group, group["d_used"], group["rate"]) if moves else 0.0,
        }

    def _beta3(self) -> float:
        first = self.param_groups[0]
        return first["betas"][1] ** 0.5 if first["beta3"] is None else first["beta3"]

    def prepare(self):
        first = self.param_groups[0]
        lr = max(group["lr"] for group in self.param_groups)
        if any(group["lr"] not in (lr, 0.0) for group in self.param_groups):
            raise ValueError("Prodigy: the groups' lr must be equal, or 0")
        k, d, d0, d_max = first["k"] + 1, first["d"], first["d0"], first["d_max"]
        beta1, beta2 = first["betas"]
        rate = d * lr
        if first["use_bias_correction"]:
            rate *= (1 - beta2**k) ** 0.5 / (1 - beta1**k)

        numerator, s_norm = self._beta3() * first["d_numerator"], 0.0
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None and group["lr"] > 0:
                    gain, length = self._sums(group, p, weight_in_s(group, d, rate))
                    numerator += d / d0 * rate * gain
                    s_norm += length

        used = d
        if s_norm > 0:
            estimate = first["d_coef"] * numerator / s_norm
            if d == d0:
                d = max(d, estimate)
            d_max = max(d_max, estimate)
            d = min(d_max, d * first["growth_rate"])
        carried = {"k": k, "d": d, "d_max": d_max, "d_used": used, "rate": rate}
        for group in self.param_groups:
            group.update(carried, d_numerator=numerator)

    def _sums(self, group: dict, p, weight: float) -> tuple[float, float]:
        """⟨g, p₀ - p⟩ and ‖s‖₁ of one parameter, with the g that the rule will see."""
        state, beta3 = self.state[p], self._beta3()
        if state["t"] == 0:  # it may have been loaded since
            np.copyto(state["p0"], p.data)
        *before, _ = self.stages(group)
        own = engines.keywords(before, self.numbers(group, 1))
        gain = length = 0.0
        with np.errstate(over="ignore", invalid="ignore"):
            for q, g, s, p0 in engines.blocks((p.data, p.grad.data, state["s"], state["p0"])):
                way = p0 - q
                for stage, numbers in zip(before, own, strict=True):
                    q, g = stage(q, g, **numbers)
                gain += float(np.sum(g * way, dtype=np.float64))
                length += float(np.sum(np.abs(beta3 * s + weight * g), dtype=np.float64))
        if not math.isfinite(gain + length):
            finite = np.isfinite(p.grad.data).all()
            what = "is too large" if finite else "must be finite"
            raise ValueError(f"Prodigy: the gradient of {self._label(p)} {what}")
        return gain, length


def weight_in_s(group: dict, d: float, rate: float) -> float:
    """What a gradient weighs in s."""
    return d / group["d0"] * (d if group["safeguard_warmup"] else rate)
