"""Module: a function with parameters."""

from collections.abc import Iterator, Mapping

import numpy as np

from tinytorch.core.autograd import topological_order
from tinytorch.core.checks import FLAG, require
from tinytorch.core.hints import missing
from tinytorch.core.tensor import Tensor, as_array, unchanged


def Parameter(data, requires_grad: bool = True) -> Tensor:
    """A tensor that a module learns, on the memory of `data`: any leaf that requires a gradient.

    >>> nn.Parameter(tinytorch.ones(2)).requires_grad
    True
    """
    return Tensor(data, requires_grad)


class Module:
    """Base of layers, losses and models.

    A subclass sets tensors and other modules as attributes, also in lists and dictionaries, and
    defines `forward`. Tensors that require a gradient are its parameters; other tensors are its
    buffers (running statistics); what was computed from its parameters (an output that is kept)
    is neither. Names are the paths of attributes: "encoder.layers.0.weight".

    >>> class Double(nn.Module):
    ...     def forward(self, x):
    ...         return 2 * x
    ...
    >>> Double()(Tensor([1.0]))
    Tensor([2.])
    """

    training = True

    def forward(self, *inputs):
        raise NotImplementedError(f"{type(self).__name__} must define forward()")

    def __getattr__(self, name: str):
        raise missing("nn.Module", name, type(self).__name__)

    def __call__(self, *inputs, **options):
        return self.forward(*inputs, **options)

    def modules(self) -> Iterator["Module"]:
        """This module and all below it, each once."""
        return (value for _, value in walk(self) if isinstance(value, Module))

    def named_tensors(self) -> Iterator[tuple[str, Tensor]]:
        """(name, tensor) of every parameter and buffer, each tensor once."""
        found = [(name, value) for name, value in walk(self) if isinstance(value, Tensor)]
        leaves = {id(tensor) for _, tensor in found if tensor.is_leaf}
        # A weight that was computed from something else stays in: an optimizer says what is wrong.
        return (
            (name, tensor)
            for name, tensor in found
            if tensor.is_leaf or leaves.isdisjoint(map(id, topological_order(tensor)))
        )

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """(name, tensor) of every tensor that requires a gradient."""
        return ((name, t) for name, t in self.named_tensors() if t.requires_grad)

    def parameters(self) -> list[Tensor]:
        """Every tensor that requires a gradient."""
        return [t for _, t in self.named_parameters()]

    def named_modules(self) -> Iterator[tuple[str, "Module"]]:
        """(name, module) of this module, whose name is "", and of all below it, each once."""
        return ((name, value) for name, value in walk(self) if isinstance(value, Module))

    def buffers(self) -> list[Tensor]:
        """Every tensor that requires no gradient."""
        return [t for _, t in self.named_buffers()]

    def named_buffers(self) -> Iterator[tuple[str, Tensor]]:
        """(name, tensor) of every tensor that requires none."""
        return ((name, t) for name, t in self.named_tensors() if not t.requires_grad)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or set them to zero."""
        for p in self.parameters():
            p.grad = None if set_to_none or p.grad is None else np.zeros_like(p.data)

    def register_buffer(self, name: str, tensor) -> None:
        """Set a tensor that requires no gradient as an attribute; so does `self.name = tensor`.

        Raises:
            TypeError: it is neither a tensor nor None.
        """
        if not (tensor is None or isinstance(tensor, Tensor)):
            raise TypeError(f"register_buffer: {name} must be a tensor, got {tensor!r}")
        setattr(self, name, tensor)

    def children(self) -> Iterator["Module"]:
        """The modules right below this one, each once."""
        seen = {id(self)}
        for value in vars(self).values():
            for _, below in walk(value):
                if isinstance(below, Module) and id(below) not in seen:
                    seen.update(map(id, below.modules()))
                    yield below

    def apply(self, function) -> "Module":
        """Call `function` with every module, those below first."""
        for module in reversed([*self.modules()]):
            function(module)
        return self

    def to(self, *where, **named) -> "Module":
        """All parameters and buffers in another floating-point dtype; the device is always "cpu".

        Raises:
            ValueError: another device than "cpu".
        """
        for tensor in [t for _, t in self.named_tensors()]:
            if tensor.dtype.kind == "f":
                tensor.data = tensor.detach().to(*where, **named).data
        return self

    def float(self) -> "Module":
        """All parameters and buffers in float32, as `to(float32)`."""
        return self.to(np.float32)

    def double(self) -> "Module":
        """All parameters and buffers in float64, as `to(float64)`."""
        return self.to(np.float64)

    def cpu(self) -> "Module":
        """The module itself: there is no other device."""
        return self

    def train(self, mode: bool = True) -> "Module":
        """Switch dropout and batch statistics on (or off)."""
        require("train", "mode", mode, FLAG)
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> "Module":
        """Switch dropout and batch statistics off."""
        return self.train(False)

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copies of all parameters and buffers, by name.

        Raises:
            ValueError: two of them have one name.
        """
        return {name: tensor.data.copy() for name, tensor in self._by_name().items()}

    def _by_name(self) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}
        for name, tensor in self.named_tensors():
            if name in found:
                raise ValueError(
                    f"{type(self).__name__}: two tensors have the name {name!r} (by keys of a "
                    "dictionary, such as 1 and '1'), and only one of them would be saved"
                )
            found[name] = tensor
        return found

    def load_state_dict(self, state: Mapping, strict: bool = True) -> None:
        """Copy arrays into the parameters and buffers of the same names.

        Arguments:
            strict: whether both must have the same names; otherwise those that both have count.

        Nothing has been copied by a call that raises.

        Raises:
            ValueError: names are missing or unexpected, shapes differ, or an array here is
                read-only; it lists all of them.
            TypeError, OverflowError: `state` is no dictionary, or a value in it no array of numbers
                that fit.
        """
        if not isinstance(state, Mapping):
            raise TypeError(
                f"{type(self).__name__}: state must be a dictionary of arrays by name, "
                f"got {type(state).__name__}"
            )
        own, new = self._by_name(), {}
        for name, value in state.items():
            try:
                new[name] = unchanged(value, own[name].dtype) if name in own else as_array(value)
            except (TypeError, OverflowError) as error:
                raise type(error)(f"{type(self).__name__}: {name}: {error}") from error
        if not strict:
            new = {name: array for name, array in new.items() if name in own}
            own = {name: tensor for name, tensor in own.items() if name in new}
        problems = [f"missing: {name} {own[name].shape}" for name in own if name not in new]
        problems += [f"unexpected: {name} {new[name].shape}" for name in new if name not in own]
        problems += [
            f"mismatched: {name} is {tensor.shape} here, {new[name].shape} in the state"
            for name, tensor in own.items()
            if name in new and new[name].shape != tensor.shape
        ]
        problems += [f"read-only: {n}" for n, t in own.items() if not t.data.flags.writeable]
        if problems:
            raise ValueError(
                f"this state does not fit {type(self).__name__}:\n  " + "\n  ".join(problems)
            )
        for name, tensor in own.items():
            tensor.copy_(new[name])

    def _parts(self) -> list[str]:
        """What stands between the parentheses of the representation."""
        return [
            f"{name}={value!r}"
            for name, value in vars(self).items()
            if any(isinstance(below, Module) for _, below in walk(value))
        ]

    def __repr__(self) -> str:
        name, parts = type(self).__name__, self._parts()
        line = f"{name}({', '.join(parts)})"
        if len(line) <= 80 and "\n" not in line:
            return line
        return f"{name}(\n" + ",\n".join(parts).replace("\n", "\n  ").join(("  ", "\n)"))


def walk(value, name: str = "", seen: set | None = None) -> Iterator[tuple]:
    """(name, value) of a module or tensor and of all modules and tensors below it, each once."""
    seen = set() if seen is None else seen
    if isinstance(value, (Tensor, Module)):
        if id(value) in seen:
            return
        seen.add(id(value))
        yield name, value
    if isinstance(value, Module):
        below = vars(value).items()
    elif isinstance(value, dict):
        below = value.items()
    elif isinstance(value, (list, tuple)):
        below = enumerate(value)
    else:
        return
    for key, item in below:
        yield from walk(item, f"{name}.{key}" if name else str(key), seen)
