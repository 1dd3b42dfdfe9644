"""Averages of a model's parameters over training, SWA and EMA, and the statistics they need."""

import copy
from collections.abc import Iterable

from tinytorch.core.autograd import no_grad
from tinytorch.core.checks import COUNT, FLAG, FRACTION, require
from tinytorch.core.interrupts import deferred
from tinytorch.core.module import Module
from tinytorch.core.normalization import BatchNorm
from tinytorch.optim.saving import checked_value, expect, expect_keys, require_same_make


def mean(average, p, n):
    """The mean of n + 1 values from the mean of the first n and the last one."""
    return average + (p - average) / (n + 1)


def exponential(average, p, decay):
    """The moving average that forgets: what is k updates old weighs decayᵏ."""
    return average + (1 - decay) * (p - average)


class AveragedModel(Module):
    """A copy of a model whose parameters are averages over the model's training.

        SWA (decay None):   a ← a + (p - a) / (n + 1)
        EMA:                a ← a + (1 - decay)(p - a)

    The first update copies. A parameter that is frozen for a while is averaged all the same; what
    never required a gradient is a buffer (a running statistic) and is copied, unless asked for.
    It is a Module: evaluate it, save it, call it as the model.

    Arguments:
        model: a Module; it is copied, not kept.
        decay: None for the mean of all updates, or a number in [0, 1).
        use_buffers: average the buffers of floats too.

    Attributes:
        module: the averaged model; calling this object calls it.
        n: number of updates.

    Raises:
        TypeError: `model` is no Module.
        ValueError: `decay` or `use_buffers` outside its range.

    >>> model = nn.Linear(1, 1)
    >>> average = optim.AveragedModel(model)
    >>> for value in (1.0, 2.0, 6.0):
    ...     _ = model.weight.copy_([[value]])
    ...     average.update_parameters(model)
    >>> average.module.weight
    Tensor([[3.]], requires_grad=True)

    Source: Izmailov et al. 2018 (SWA); Polyak & Juditsky 1992. PyTorch's conventions.
    """

    def __init__(self, model, decay: float | None = None, use_buffers: bool = False):
        if decay is not None:
            require("AveragedModel", "decay", decay, FRACTION)
        expect_module("AveragedModel", model)
        self.use_buffers = require("AveragedModel", "use_buffers", use_buffers, FLAG)
        self.module = copy.deepcopy(model)
        self.decay, self.n = decay, 0
        self._parameters = {name for name, _ in model.named_parameters()}

    def update_parameters(self, model) -> None:
        """Take the model's present parameters into the average.

        Raises:
            ValueError: the model is not like the one that was copied; nothing has changed then.
        """
        expect_module("AveragedModel", model)
        own, new = dict(self.module.named_tensors()), dict(model.named_tensors())
        expect_keys("AveragedModel", "the model", new, set(own))
        arrays = {
            name: checked_value(f"AveragedModel: {name}", new[name].data, t.data)
            for name, t in own.items()
        }
        parameters = self._parameters | {name for name, _ in model.named_parameters()}
        with deferred():
            for name, tensor in own.items():
                p = arrays[name]
                if self.n and (name in parameters or (self.use_buffers and p.dtype.kind == "f")):
                    p = self.average(tensor.data, p)
                tensor.copy_(p)
            self.n, self._parameters = self.n + 1, parameters

    def average(self, average, p):
        """The new average of one parameter."""
        if self.decay is None:
            return mean(average, p, self.n)
        return exponential(average, p, self.decay)

    def forward(self, *inputs, **options):
        return self.module(*inputs, **options)

    def state_dict(self) -> dict:
        """The number of updates, copies of the averages by name, which are parameters, and what it
        was made with."""
        averages = {name: t.data.copy() for name, t in self.module.named_tensors()}
        parameters = sorted(self._parameters)
        return {"n": self.n, "averages": averages, "parameters": parameters, **self._made_with()}

    def _made_with(self) -> dict:
        return {"decay": self.decay, "use_buffers": self.use_buffers}

    def load_state_dict(self, state_dict: dict) -> None:
        """Go on where `state_dict` was taken.

        Raises:
            TypeError, ValueError: a state that does not fit, or of another decay or
                `use_buffers`; nothing has changed then.
        """
        owner, ours = "AveragedModel", self._made_with()
        expect_keys(owner, "the state", state_dict, {"n", "averages"}, {"parameters", *ours})
        require_same_make(owner, state_dict, ours)
        require(owner, "n", state_dict["n"], COUNT)
        own, saved = dict(self.module.named_tensors()), state_dict["averages"]
        expect_keys(owner, "the averages", saved, set(own))
        arrays = {k: checked_value(f"{owner}: {k}", saved[k], t.data) for k, t in own.items()}
        parameters = state_dict.get("parameters", sorted(self._parameters))
        expect(owner, "parameters", parameters, list, tuple)
        if not set(parameters) <= set(own):
            unknown = sorted(set(parameters) - set(own))
            raise ValueError(f"{owner}: parameters names what the model has not: {unknown}")
        with deferred():
            for name, tensor in own.items():
                tensor.copy_(arrays[name])
            self.n, self._parameters = state_dict["n"], set(parameters)

    def __repr__(self) -> str:
        return f"AveragedModel(n={self.n}, decay={self.decay}, {self.module!r})"


def expect_module(owner: str, model) -> None:
    if not isinstance(model, Module):
        raise TypeError(f"{owner}: model must be a Module, got {type(model).__name__}")


def update_bn(loader, model) -> None:
    """Renew the running statistics of batch normalization: the means over all of the batches.

    The statistics that an average of weights was given belong to the last weights, not to it.

    Arguments:
        loader: batches, (inputs, targets) or inputs alone; gone through once, in training mode.
        model: the model, such as an `AveragedModel`; its parameters do not change.

    Raises:
        TypeError: `model` is no Module, or `loader` gives nothing.
        ValueError: there are no batches; the statistics are as they were then, as after whatever
            else is raised.

    >>> model = nn.BatchNorm1d(1)
    >>> optim.update_bn([Tensor([[1.0], [3.0]]), Tensor([[5.0], [7.0]])], model)
    >>> model.running_mean
    Tensor([4.])

    Source: Izmailov et al. 2018, section 3.2; PyTorch's `swa_utils.update_bn`.
    """
    expect_module("update_bn", model)
    if not isinstance(loader, Iterable):
        raise TypeError(f"update_bn: loader must give batches, got {type(loader).__name__}")
    layers = [module for module in model.modules() if isinstance(module, BatchNorm)]
    if not layers:
        return
    modes = [(module, module.training) for module in model.modules()]
    momenta = [layer.momentum for layer in layers]
    buffers = [t for layer in layers for t in (layer.running_mean, layer.running_var)]
    before = [t.data.copy() for t in buffers]
    model.train()
    count = 0
    try:
        with no_grad():
            for batch in loader:
                count += 1
                for layer in layers:
                    layer.momentum = 1 / count  # the first batch replaces what was there
                model(batch[0] if isinstance(batch, (tuple, list)) else batch)
        if not count:
            raise ValueError("update_bn: the loader gave no batches")
    except BaseException:
        for tensor, array in zip(buffers, before, strict=True):
            tensor.copy_(array)
        raise
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
        for module, mode in modes:
            module.training = mode
