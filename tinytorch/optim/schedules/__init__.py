"""Learning-rate schedules; `base` says what one is. A line here puts one on the list."""

from tinytorch.optim.schedules.base import Scheduler as Scheduler
from tinytorch.optim.schedules.composites import ChainedScheduler as ChainedScheduler
from tinytorch.optim.schedules.composites import SequentialLR as SequentialLR
from tinytorch.optim.schedules.cosines import SWALR as SWALR
from tinytorch.optim.schedules.cosines import CosineAnnealingLR as CosineAnnealingLR
from tinytorch.optim.schedules.cosines import (
    CosineAnnealingWarmRestarts as CosineAnnealingWarmRestarts,
)
from tinytorch.optim.schedules.cosines import OneCycleLR as OneCycleLR
from tinytorch.optim.schedules.cosines import WarmupCosine as WarmupCosine
from tinytorch.optim.schedules.cyclic import CyclicLR as CyclicLR
from tinytorch.optim.schedules.decays import ConstantLR as ConstantLR
from tinytorch.optim.schedules.decays import ExponentialLR as ExponentialLR
from tinytorch.optim.schedules.decays import LambdaLR as LambdaLR
from tinytorch.optim.schedules.decays import LinearLR as LinearLR
from tinytorch.optim.schedules.decays import MultiplicativeLR as MultiplicativeLR
from tinytorch.optim.schedules.decays import MultiStepLR as MultiStepLR
from tinytorch.optim.schedules.decays import PolynomialLR as PolynomialLR
from tinytorch.optim.schedules.decays import StepLR as StepLR
from tinytorch.optim.schedules.decays import TransformerLR as TransformerLR
from tinytorch.optim.schedules.plateau import ReduceLROnPlateau as ReduceLROnPlateau
from tinytorch.optim.schedules.trapezoid import WarmupStableDecay as WarmupStableDecay

SCHEDULERS = tuple(
    each
    for each in list(globals().values())
    if isinstance(each, type) and issubclass(each, Scheduler) and each is not Scheduler
)
