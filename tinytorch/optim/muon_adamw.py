"""Muon for the matrices and AdamW for all else, in one optimizer."""

from tinytorch.core.checks import FLAG, NONNEGATIVE
from tinytorch.core.tensor import Tensor
from tinytorch.optim.declarations import Value, moments
from tinytorch.optim.matrix import Muon
from tinytorch.optim.optimizer import Optimizer
from tinytorch.optim.optimizers import adam


class MuonAdamW(Muon):
    """Muon where a parameter is a matrix, AdamW where it is not, each with its own rate and decay.

        MuonAdamW(model.parameters(), lr=0.02, adamw_lr=3e-4)

    A group with parameters of both kinds becomes two; `adamw` says which is which. Embeddings and
    the last layer are matrices for which AdamW is advised: give them a group of their own with
    "adamw": True. A scheduler of this optimizer scales both rates.

    Source: Jordan et al. 2024, who train so; Loshchilov & Hutter 2019 for the rest.
    """

    adamw_lr: float = Value(NONNEGATIVE, "step size of AdamW, >= 0", default=3e-4, kw_only=True)
    adamw_weight_decay: float = Value(NONNEGATIVE, "λ of AdamW, >= 0", default=0.01, kw_only=True)
    betas: tuple = moments(default=(0.9, 0.999), kw_only=True)
    adamw_eps: float = Value(NONNEGATIVE, "ε of AdamW, >= 0", default=1e-8, kw_only=True)
    adamw: bool = Value(FLAG, "AdamW for the matrices too", default=False, kw_only=True)

    def add_param_group(self, group):
        if not isinstance(group, dict) or "params" not in group:
            return super().add_param_group(group)  # which says what is wrong
        for name in ("adamw", "adamw_lr", "adamw_weight_decay"):
            self.check_value(name, group.get(name, self.defaults[name]))
        params = group["params"]
        entries = [params] if isinstance(params, Tensor) else list(params)
        every = group.get("adamw", self.defaults["adamw"])
        tensors = [e[1] if isinstance(e, tuple) and len(e) == 2 else e for e in entries]
        adamw = [every or getattr(t, "ndim", 2) != 2 for t in tensors]
        parts = {a: [e for e, own in zip(entries, adamw, strict=True) if own == a] for a in (0, 1)}
        count = len(self.param_groups)
        try:
            for kind, own in parts.items():
                if own or not entries:
                    super().add_param_group({**self.of_rule(group, bool(kind)), "params": own})
        except BaseException:
            for p in [p for late in self.param_groups[count:] for p in late["params"]]:
                del self.state[p], self._made_for[p]
            del self.param_groups[count:]
            raise

    def of_rule(self, group: dict, adamw: bool) -> dict:
        """The values of a group for one of the two rules."""
        names = {"lr": "adamw_lr", "weight_decay": "adamw_weight_decay"} if adamw else {}
        values = {n: group.get(other, self.defaults[other]) for n, other in names.items()}
        return {**values, **group, "adamw": adamw}

    def rule(self, group):
        return adam if group["adamw"] else super().rule(group)

    def initial_state(self, p, group):
        if group["adamw"]:
            return Optimizer.initial_state(self, p, group)
        return super().initial_state(p, group)

    def numbers(self, group, t):
        values = super().numbers(group, t)
        return {**values, "eps": group["adamw_eps"]} if group["adamw"] else values
