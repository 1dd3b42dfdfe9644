"""TinyTorch: a small PyTorch, and a book on optimizers that runs."""

from tinytorch.core.autograd import no_grad
from tinytorch.core.random import manual_seed
from tinytorch.core.tensor import Tensor, Variable

__version__ = "0.1.0"

__all__ = ["Tensor", "Variable", "manual_seed", "no_grad"]
