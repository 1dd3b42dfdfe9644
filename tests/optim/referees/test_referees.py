"""Every rule against its referee, after every step."""

import inspect

import pytest

import tinytorch.optim
from tests.optim.referees import libraries
from tests.optim.referees.cases import CASES, SHAPES, VECTORS
from tests.optim.referees.problem import STEPS, TOLERANCE, difference, problem, run

TORCH = [
    *("ASGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Muon", "NAdam"),
    *("RAdam", "RMSprop", "Rprop", "SGD"),
]


@pytest.fixture(scope="module")
def configurations():
    pytest.importorskip("torch", reason="PyTorch is the referee of this test")
    pytest.importorskip("expecttest", reason="PyTorch's test data needs it")
    return libraries.torch_configurations()


def test_there_are_as_many_of_pytorchs_configurations_as_we_say(configurations):
    assert sorted(configurations) == TORCH
    assert sum(map(len, configurations.values())) == 79


@pytest.mark.parametrize("name", TORCH)
def test_equals_pytorch_after_every_step(name, configurations):
    given = problem(SHAPES.get(name, VECTORS))
    for kwargs in configurations[name]:
        ours, theirs = run(name, kwargs, given), libraries.torch(name, kwargs, given)
        assert len(ours) == STEPS
        assert difference(ours, theirs) <= TOLERANCE, kwargs


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name}-{case.library}")
def test_equals_its_referee_after_every_step(case):
    if case.library != "formula":
        pytest.importorskip(case.library, reason=f"{case.library} is the referee of this test")
    given = problem(SHAPES.get(case.name, VECTORS))
    theirs = getattr(libraries, case.library)(case.theirs, case.their_kwargs, given)
    ours = run(case.name, case.kwargs, given)
    assert difference(ours, theirs) <= TOLERANCE


# How to run, not what to compute; and Adam's way to be AdamW.
NOT_OURS = {"foreach", "capturable", "differentiable", "fused"}
ELSEWHERE = {"Adam": {"decoupled_weight_decay"}}


@pytest.mark.parametrize("name", TORCH)
def test_names_order_and_defaults_are_pytorchs(name):
    torch = pytest.importorskip("torch", reason="PyTorch is the referee of this test")
    theirs = inspect.signature(getattr(torch.optim, name)).parameters
    ours = inspect.signature(getattr(tinytorch.optim, name)).parameters
    assert set(theirs) - NOT_OURS - ELSEWHERE.get(name, set()) <= set(ours)
    for each in set(theirs) & set(ours) - {"params"}:
        assert ours[each].default == theirs[each].default, each
    positional = [a for a, p in ours.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert positional == [a for a in theirs if a in positional]
