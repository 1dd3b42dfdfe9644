"""Modules: layers, activations and losses under one name."""

import importlib

from tinytorch import moved
from tinytorch.core import hints
from tinytorch.core.activations import (
    ELU,
    GELU,
    SELU,
    Hardtanh,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    Mish,
    PReLU,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    Tanh,
)
from tinytorch.core.layers import (
    MLP,
    AdaptiveAvgPool2d,
    AvgPool2d,
    Conv2d,
    Dense,
    Dropout,
    Dropout2d,
    Embedding,
    Flatten,
    Identity,
    Linear,
    MaxPool2d,
    Sequential,
)
from tinytorch.core.losses import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HuberLoss,
    L1Loss,
    MSELoss,
    NLLLoss,
    SmoothL1Loss,
)
from tinytorch.core.module import Module, Parameter
from tinytorch.core.normalization import BatchNorm1d, BatchNorm2d, LayerNorm
from tinytorch.nn import functional, init

ModuleList, ModuleDict = list, dict  # a module's parts may stand in plain ones

__all__ = [
    "ELU", "GELU", "MLP", "SELU", "AdaptiveAvgPool2d", "AvgPool2d", "BCELoss",
    "BCEWithLogitsLoss", "BatchNorm1d", "BatchNorm2d", "Conv2d", "CrossEntropyLoss", "Dense",
    "Dropout", "Dropout2d", "Embedding", "Flatten", "Hardtanh", "HuberLoss", "Identity", "L1Loss",
    "LayerNorm", "LeakyReLU", "Linear", "LogSigmoid", "LogSoftmax", "MSELoss", "MaxPool2d",
    "Mish", "Module", "ModuleDict", "ModuleList", "NLLLoss", "PReLU", "Parameter", "ReLU",
    "ReLU6", "Sequential", "SiLU", "Sigmoid", "SmoothL1Loss", "Softmax", "Softplus", "Softsign",
    "Tanh", "functional", "init",
]  # fmt: skip


def __getattr__(name: str):
    if moved.leads(__name__, name):
        return importlib.import_module(f"{__name__}.{name}")
    raise hints.missing("nn", name)
