"""What earlier workbooks and programs import is still found."""

import importlib
import operator

import pytest

import tinytorch.moved
from tinytorch import data, optim, training
from tinytorch.core import checks
from tinytorch.optim import schedules

OLD = [
    ("tinytorch.core.checkpoint", "load_checkpoint", training.load_checkpoint),
    ("tinytorch.core.history", "Mean", training.history.Mean),
    ("tinytorch.core.training", "Trainer", training.Trainer),
    ("tinytorch.core.training", "Mean", training.history.Mean),
    ("tinytorch.optim.checks", "require", checks.require),
    ("tinytorch.optim.schedulers", "Scheduler", schedules.Scheduler),
    ("tinytorch.optim.schedulers", "StepLR", schedules.StepLR),
    ("tinytorch.optim.schedulers", "warn_if_early", schedules.base.warn_if_early),
    ("tinytorch.optim.schedulers", "POSITIVE_COUNT", checks.POSITIVE_COUNT),
]


@pytest.mark.parametrize(("address", "name", "thing"), OLD)
def test_an_old_address_gives_the_very_thing(address, name, thing):
    module = importlib.import_module(address)
    with pytest.warns(DeprecationWarning, match=rf"{address}.{name} is in tinytorch\.\w+"):
        assert getattr(module, name) is thing


def test_every_old_address_is_tried():
    assert {address for address, _, _ in OLD} == set(tinytorch.moved.MOVED)


ADDRESSES = [
    ("tinytorch.nn.utils", "clip_grad_norm_", optim.clip_grad_norm_),
    ("tinytorch.optim.lr_scheduler", "StepLR", optim.StepLR),
    ("tinytorch.optim.swa_utils", "AveragedModel", optim.AveragedModel),
    ("tinytorch.optim.swa_utils", "SWALR", optim.SWALR),
    ("tinytorch.utils", "data", data),
    ("tinytorch.utils.data", "DataLoader", data.DataLoader),
]


@pytest.mark.parametrize(("address", "name", "thing"), ADDRESSES)
def test_an_address_of_pytorch_leads_to_the_thing(address, name, thing):
    found = getattr(importlib.import_module(address), name)
    assert found is thing or found.DataLoader is thing.DataLoader
    inner = address.removeprefix("tinytorch.")
    assert operator.attrgetter(f"{inner}.{name}")(tinytorch) is found
    with pytest.raises(AttributeError, match="has no 'frobnicate'"):
        importlib.import_module(address).frobnicate  # noqa: B018


def test_every_address_of_pytorch_is_tried():
    assert {address for address, _, _ in ADDRESSES} == set(tinytorch.moved.PYTORCH)
    torch = pytest.importorskip("torch", reason="PyTorch is asked")
    for address, name, _ in ADDRESSES:
        theirs = importlib.import_module(address.replace("tinytorch", torch.__name__, 1))
        assert hasattr(theirs, name)


def test_what_never_was_is_not_there():
    module = importlib.import_module("tinytorch.core.training")
    with pytest.raises(AttributeError, match=r"is tinytorch\.training now, which has no 'Trainr'"):
        module.Trainr  # noqa: B018
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("tinytorch.core.trainings")


# What a workbook of the first edition takes from modules that are still where they were.
STILL = {
    "tinytorch.core.activations": ["INTEGER", "PROPORTION"],
    "tinytorch.core.checks": ["check", "require"],
    "tinytorch.core.functional": ["as_indices", "where"],
    "tinytorch.core.init": ["initialize"],
    "tinytorch.core.layers": ["POSITIVE_COUNT", "SIZES"],
    "tinytorch.core.losses": ["Loss", "PROPORTION", "floats", "in_unit_interval"],
    "tinytorch.core.random": ["generator"],
    "tinytorch.core.tensor": [
        *("as_float", "as_tensor", "axes", "elementwise", "promote", "raw", "record"),
        *("restore", "sequence"),
    ],
    "tinytorch.optim.clipping": ["_gradients", "_norm", "_positive"],
    "tinytorch.optim": ["engines"],
    "tinytorch.optim.optimizer": ["Optimizer"],
    "tinytorch.optim.optimizers": ["amsgrad", "amsgrad_corrected", "nesterov"],
    "tinytorch.tito": ["try_out"],
}


@pytest.mark.parametrize("address", STILL)
def test_what_earlier_workbooks_import_is_there(address):
    module = importlib.import_module(address)
    assert [name for name in STILL[address] if not hasattr(module, name)] == []
