"""Optimizers and learning-rate schedules."""

from tinytorch.optim.clipping import clip_grad_norm_, clip_grad_value_
from tinytorch.optim.engines import engine
from tinytorch.optim.optimizer import Optimizer
from tinytorch.optim.optimizers import SGD, Adam, Momentum, Nesterov, gradient_descent_step
from tinytorch.optim.schedulers import StepLR
from tinytorch.optim.swept import sweep

__all__ = [
    "SGD",
    "Adam",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "StepLR",
    "clip_grad_norm_",
    "clip_grad_value_",
    "engine",
    "gradient_descent_step",
    "sweep",
]
