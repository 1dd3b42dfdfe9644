"""All optimizers of the package: a new one is under test as soon as it is exported."""

import inspect

import tinytorch.optim
from tinytorch.optim import Optimizer

OPTIMIZERS = [
    each
    for name in tinytorch.optim.__all__
    if inspect.isclass(each := getattr(tinytorch.optim, name))
    and issubclass(each, Optimizer)
    and each is not Optimizer
]
