"""Module: a function with parameters."""

from collections.abc import Iterator

from tinytorch.core.tensor import Tensor


class Module:
    """Base of layers, losses and models.

    A subclass sets tensors and other modules as attributes and defines `forward`. Tensors that
    require a gradient are its parameters; other tensors are its buffers (running statistics).
    """

    training = True

    def forward(self, *inputs):
        raise NotImplementedError(f"{type(self).__name__} must define forward()")

    def __call__(self, *inputs):
        return self.forward(*inputs)

    def children(self) -> Iterator[tuple[str, "Module"]]:
        """(name, module) of the modules that are attributes of this one."""
        for name, value in vars(self).items():
            if isinstance(value, Module):
                yield name, value
            elif isinstance(value, (list, tuple)):
                for i, item in enumerate(value):
                    if isinstance(item, Module):
                        yield f"{name}.{i}", item

    def modules(self) -> Iterator["Module"]:
        """This module and all below it."""
        yield self
        for _, child in self.children():
            yield from child.modules()

    def named_tensors(self, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
        """(dotted name, tensor) of every parameter and buffer, each tensor once."""
        seen = set()
        for name, tensor in self._walk(prefix):
            if id(tensor) not in seen:
                seen.add(id(tensor))
                yield name, tensor

    def _walk(self, prefix: str):
        for name, value in vars(self).items():
            if isinstance(value, Tensor):
                yield prefix + name, value
        for name, child in self.children():
            yield from child._walk(f"{prefix}{name}.")

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """(dotted name, tensor) of every tensor that requires a gradient."""
        return ((name, t) for name, t in self.named_tensors() if t.requires_grad)

    def parameters(self) -> list[Tensor]:
        """Every tensor that requires a gradient."""
        return [t for _, t in self.named_parameters()]

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for p in self.parameters():
            p.zero_grad()

    def train(self, mode: bool = True) -> "Module":
        """Switch dropout and batch statistics on (or off)."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> "Module":
        """Switch dropout and batch statistics off."""
        return self.train(False)
