"""Activations: the functions between the linear maps."""

from tinytorch.core.module import Module
from tinytorch.core.tensor import Tensor


class ReLU(Module):
    """max(0, x), element by element."""

    def forward(self, x: Tensor) -> Tensor:
        return x.relu()

    def __repr__(self) -> str:
        return "ReLU()"
