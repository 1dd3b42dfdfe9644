"""Optimizers and learning-rate schedules."""

from tinytorch.optim.adam_family import Adamax, AdamW, NAdam, RAdam
from tinytorch.optim.adaptive import Adadelta, Adagrad, RMSprop
from tinytorch.optim.averaging import AveragedModel
from tinytorch.optim.clipping import clip_grad_norm_, clip_grad_value_
from tinytorch.optim.curvature import SophiaG
from tinytorch.optim.engines import engine
from tinytorch.optim.engines.sweeping import sweep
from tinytorch.optim.factored import Adafactor
from tinytorch.optim.groups import decay_groups
from tinytorch.optim.layerwise import LAMB, LARS
from tinytorch.optim.matrix import SOAP, Muon, Shampoo
from tinytorch.optim.optimizer import Optimizer
from tinytorch.optim.optimizers import SGD, Adam, Momentum, Nesterov, gradient_descent_step
from tinytorch.optim.prodigy import Prodigy
from tinytorch.optim.schedule_free import AdamWScheduleFree, SGDScheduleFree
from tinytorch.optim.schedules import (
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiStepLR,
    OneCycleLR,
    PolynomialLR,
    Scheduler,
    SequentialLR,
    StepLR,
    TransformerLR,
    WarmupCosine,
)
from tinytorch.optim.schedules.plateau import ReduceLROnPlateau
from tinytorch.optim.sign import Lion

__all__ = [
    "LAMB",
    "LARS",
    "SGD",
    "SOAP",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "AdamWScheduleFree",
    "Adamax",
    "AveragedModel",
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "ExponentialLR",
    "LambdaLR",
    "LinearLR",
    "Lion",
    "Momentum",
    "MultiStepLR",
    "Muon",
    "NAdam",
    "Nesterov",
    "OneCycleLR",
    "Optimizer",
    "PolynomialLR",
    "Prodigy",
    "RAdam",
    "RMSprop",
    "ReduceLROnPlateau",
    "SGDScheduleFree",
    "Scheduler",
    "SequentialLR",
    "Shampoo",
    "SophiaG",
    "StepLR",
    "TransformerLR",
    "WarmupCosine",
    "clip_grad_norm_",
    "clip_grad_value_",
    "decay_groups",
    "engine",
    "gradient_descent_step",
    "sweep",
]
