"""Averages of a model's parameters over training: SWA and EMA."""

import copy

import numpy as np

from tinytorch.core.checks import COUNT, FRACTION, require
from tinytorch.optim.saving import checked_value, expect_keys


def mean(average, p, n):
    """The mean of n + 1 values from the mean of the first n and the last one."""
    return average + (p - average) / (n + 1)


def exponential(average, p, decay):
    """The moving average that forgets: what is k updates old weighs decayᵏ."""
    return decay * average + (1 - decay) * p


class AveragedModel:
    """A copy of a model whose parameters are averages over the model's training.

        SWA (decay None):   a ← a + (p - a) / (n + 1)
        EMA:                a ← decay · a + (1 - decay) p

    The first update copies. Buffers (running statistics) are not averaged but copied.

    Arguments:
        model: a Module; it is copied, not kept.
        decay: None for the mean of all updates, or a number in [0, 1).

    Attributes:
        module: the averaged model; calling this object calls it.
        n: number of updates.

    Raises:
        ValueError: `decay` outside its range.

    Source: Izmailov et al. 2018 (SWA); Polyak & Juditsky 1992. PyTorch's conventions.
    """

    def __init__(self, model, decay: float | None = None):
        if decay is not None:
            require("AveragedModel", "decay", decay, FRACTION)
        self.module = copy.deepcopy(model)
        self.decay, self.n = decay, 0

    def update_parameters(self, model) -> None:
        """Take the model's present parameters into the average.

        Raises:
            ValueError: the model is not like the one that was copied; nothing has changed then.
        """
        own, new = dict(self.module.named_tensors()), dict(model.named_tensors())
        expect_keys("AveragedModel", "the model", new, set(own))
        arrays = {
            name: checked_value(f"AveragedModel: {name}", new[name].data, t.data, finite=False)
            for name, t in own.items()
        }
        for name, tensor in own.items():
            p = arrays[name]
            if self.n and tensor.requires_grad:
                p = self.average(tensor.data, p)
            np.copyto(tensor.data, p)
        self.n += 1

    def average(self, average, p):
        """The new average of one parameter."""
        if self.decay is None:
            return mean(average, p, self.n)
        return exponential(average, p, self.decay)

    def __call__(self, *inputs):
        return self.module(*inputs)

    def state_dict(self) -> dict:
        """The number of updates, and copies of the averages by name."""
        return {"n": self.n, "averages": {k: t.data.copy() for k, t in self.module.named_tensors()}}

    def load_state_dict(self, state_dict: dict) -> None:
        """Go on where `state_dict` was taken.

        Raises:
            TypeError, ValueError: a state that does not fit; nothing has changed then.
        """
        expect_keys("AveragedModel", "the state", state_dict, {"n", "averages"})
        require("AveragedModel", "n", state_dict["n"], COUNT)
        own, saved = dict(self.module.named_tensors()), state_dict["averages"]
        expect_keys("AveragedModel", "the averages", saved, set(own))
        arrays = {k: checked_value(f"AveragedModel: {k}", saved[k], t.data) for k, t in own.items()}
        for name, tensor in own.items():
            np.copyto(tensor.data, arrays[name])
        self.n = state_dict["n"]

    def __repr__(self) -> str:
        return f"AveragedModel(n={self.n}, decay={self.decay}, {self.module!r})"
