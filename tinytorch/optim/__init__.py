"""Optimizers and learning-rate schedules. A line here puts one on the list."""

import importlib

from tinytorch import moved
from tinytorch.core import hints
from tinytorch.optim import examples
from tinytorch.optim.adam_family import Adamax as Adamax
from tinytorch.optim.adam_family import AdamW as AdamW
from tinytorch.optim.adam_family import NAdam as NAdam
from tinytorch.optim.adam_family import RAdam as RAdam
from tinytorch.optim.adan import Adan as Adan
from tinytorch.optim.adaptive import Adadelta as Adadelta
from tinytorch.optim.adaptive import Adagrad as Adagrad
from tinytorch.optim.adaptive import RMSprop as RMSprop
from tinytorch.optim.ademamix import AdEMAMix as AdEMAMix
from tinytorch.optim.adopt import ADOPT as ADOPT
from tinytorch.optim.asgd import ASGD as ASGD
from tinytorch.optim.averaging import AveragedModel as AveragedModel
from tinytorch.optim.averaging import update_bn as update_bn
from tinytorch.optim.cautious import CautiousAdam as CautiousAdam
from tinytorch.optim.cautious import CautiousAdamW as CautiousAdamW
from tinytorch.optim.cautious import CautiousLion as CautiousLion
from tinytorch.optim.clipping import clip_grad_norm_ as clip_grad_norm_
from tinytorch.optim.clipping import clip_grad_value_ as clip_grad_value_
from tinytorch.optim.curvature import SophiaG as SophiaG
from tinytorch.optim.engines import engine as engine
from tinytorch.optim.engines.sweeping import run_grid as run_grid
from tinytorch.optim.factored import Adafactor as Adafactor
from tinytorch.optim.groups import decay_groups as decay_groups
from tinytorch.optim.layerwise import LAMB as LAMB
from tinytorch.optim.layerwise import LARS as LARS
from tinytorch.optim.lbfgs import LBFGS as LBFGS
from tinytorch.optim.matrix import SOAP as SOAP
from tinytorch.optim.matrix import Muon as Muon
from tinytorch.optim.matrix import Shampoo as Shampoo
from tinytorch.optim.muon_adamw import MuonAdamW as MuonAdamW
from tinytorch.optim.noise import GradientNoise as GradientNoise
from tinytorch.optim.optimizer import Optimizer as Optimizer
from tinytorch.optim.optimizers import SGD as SGD
from tinytorch.optim.optimizers import Adam as Adam
from tinytorch.optim.optimizers import Momentum as Momentum
from tinytorch.optim.optimizers import Nesterov as Nesterov
from tinytorch.optim.optimizers import gradient_descent_step as gradient_descent_step
from tinytorch.optim.prodigy import Prodigy as Prodigy
from tinytorch.optim.resilient import Rprop as Rprop
from tinytorch.optim.schedule_free import AdamWScheduleFree as AdamWScheduleFree
from tinytorch.optim.schedule_free import SGDScheduleFree as SGDScheduleFree
from tinytorch.optim.schedules import *  # noqa: F403
from tinytorch.optim.schedules import SCHEDULERS as SCHEDULERS
from tinytorch.optim.sign import Lion as Lion
from tinytorch.optim.variance import MARS as MARS
from tinytorch.optim.wrappers import SAM as SAM
from tinytorch.optim.wrappers import Lookahead as Lookahead

kinds = tuple(
    each
    for each in list(globals().values())
    if isinstance(each, type) and issubclass(each, Optimizer) and each is not Optimizer
)
OPTIMIZERS = tuple(each for each in kinds if not each.needs_closure)
WITH_CLOSURE = tuple(each for each in kinds if each.needs_closure)
examples.exemplify((*OPTIMIZERS, *SCHEDULERS))

__all__ = [
    name
    for name, each in list(globals().items())
    if getattr(each, "__module__", "").startswith("tinytorch.optim.") or name.isupper()
]


def __getattr__(name: str):
    if moved.leads(__name__, name):
        return importlib.import_module(f"{__name__}.{name}")
    raise hints.missing("optim", name)
