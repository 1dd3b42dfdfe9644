"""What PyTorch's own tests say must be refused, we refuse, and say why."""

import re

import pytest

import tinytorch.optim
from tests.optim.referees import libraries
from tinytorch import Tensor

# PyTorch's description of the error -> what our message says.
OUR_WORDS = {
    "invalid param type": "must be a list of tensors",
    "a param group cannot have duplicate parameters": "given twice",
    "duplicate parameters should not occur across param groups either": "given twice",
    "all optimizer params should be with/without names": "give a name to all parameters",
    "all optimizer param groups should be with/without names.": "give a name to all parameters",
    "does not support complex parameters": "real numbers",
    "only support 2D parameters": "must be matrices",
}


@pytest.fixture(scope="module")
def errors():
    torch = pytest.importorskip("torch", reason="PyTorch is the referee of this test")
    pytest.importorskip("expecttest", reason="PyTorch's test data needs it")
    found = []
    for name, info in libraries.optim_db().items():
        for error in info.optim_error_inputs_func("cpu", torch.float64):
            given = error.optimizer_error_input
            numbers = given.kwargs.values()
            flat = [v for value in numbers for v in (value if type(value) is tuple else (value,))]
            if not any(isinstance(value, torch.Tensor) for value in flat):
                found.append((name, given))
    return found


def test_there_are_as_many_of_pytorchs_errors_as_we_say(errors):
    assert len(errors) == 87
    assert {name for name, _ in errors} == set(libraries.torch_configurations())


def test_each_is_refused_with_its_reason(errors):
    for name, given in errors:
        optimizer = getattr(tinytorch.optim, name)
        words = OUR_WORDS.get(given.desc)
        if words is None:
            wrong = [k for k in given.kwargs if k != "lr"]
            words = rf"{name}: {wrong[-1]} must be .*got {re.escape(repr(given.kwargs[wrong[-1]]))}"
        with pytest.raises((TypeError, ValueError), match=words):
            optimizer(ours(given.params), **given.kwargs)


def ours(theirs):
    """The same structure of parameters with our tensors in it."""
    if theirs is None:
        return [Tensor([[1.0]], requires_grad=True)]
    copies = {}

    def translate(x):
        if isinstance(x, dict):
            return {k: translate(v) for k, v in x.items()}
        if isinstance(x, (list, tuple)):
            return type(x)(translate(v) for v in x)
        if not hasattr(x, "detach"):
            return x
        if id(x) not in copies:
            copies[id(x)] = Tensor(x.detach().numpy(), requires_grad=True)
        return copies[id(x)]

    return translate(theirs)
