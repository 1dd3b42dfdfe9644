"""Modules: layers, activations and losses under one name."""

from tinytorch.core.activations import ReLU
from tinytorch.core.layers import MLP, Dense, Linear, Sequential
from tinytorch.core.losses import CrossEntropyLoss, MSELoss
from tinytorch.core.module import Module

__all__ = [
    "MLP",
    "CrossEntropyLoss",
    "Dense",
    "Linear",
    "MSELoss",
    "Module",
    "ReLU",
    "Sequential",
]
