"""What PyTorch has and we have not is answered with what to use instead."""

import json
from pathlib import Path

import pytest

import tinytorch
from tests.core import names
from tinytorch import Tensor, data, nn, optim
from tinytorch.core.hints import HINTS

OURS = {
    "torch": tinytorch,
    "Tensor": Tensor([1.0]),
    "nn": nn,
    "nn.Module": nn.Module(),
    "nn.functional": nn.functional,
    "nn.init": nn.init,
    "nn.utils": nn.utils,
    "optim": optim,
    "utils.data": data,
}
EACH = [(where, name) for where, hints in HINTS.items() for name in hints]


@pytest.mark.parametrize(("where", "name"), EACH)
def test_a_missing_name_is_answered(where, name):
    with pytest.raises(AttributeError, match="where PyTorch has it, use") as error:
        getattr(OURS[where], name)
    assert HINTS[where][name] in str(error.value)


@pytest.mark.parametrize("where", OURS)
def test_what_nobody_has_is_an_ordinary_error(where):
    with pytest.raises(AttributeError, match=r"has no 'frobnicate'$"):
        OURS[where].frobnicate  # noqa: B018


@pytest.mark.parametrize(("where", "name"), EACH)
def test_pytorch_has_what_is_hinted_at(where, name):
    torch = pytest.importorskip("torch", reason="PyTorch is asked")
    theirs = names.theirs(torch)[where]
    assert name in theirs if isinstance(theirs, dict) else hasattr(theirs, name)


def test_the_record_lists_the_names_of_both():
    torch = pytest.importorskip("torch", reason="PyTorch is asked")
    recorded = json.loads(names.RECORD.read_text(encoding="utf-8"))
    assert recorded["here"] == names.shared(torch), "run python -m tests.core.names"


def test_recorded_names_are_here():
    recorded = json.loads(Path(names.RECORD).read_text(encoding="utf-8"))
    for where, listed in recorded["here"].items():
        for name in listed:
            assert hasattr(names.ours()[where], name), f"{where}.{name}"


def test_defaults_differ_as_the_page_says():
    torch = pytest.importorskip("torch", reason="PyTorch is asked")
    recorded = json.loads(names.RECORD.read_text(encoding="utf-8"))
    assert recorded["defaults"] == names.defaults(torch), "run python -m tests.core.names"


def test_a_second_derivative_is_refused_in_words():
    x = Tensor([2.0], requires_grad=True)
    y = (x * x).sum()
    with pytest.raises(NotImplementedError, match=r"tinytorch\.hvp"):
        y.backward(create_graph=True)
    y.backward(retain_graph=True)
    assert x.grad.item() == 4
