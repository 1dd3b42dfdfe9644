"""The examples in the docstrings are run, and say what comes out."""

import doctest
import inspect

import numpy as np
import pytest

import tinytorch
from tinytorch import data, nn, optim, training
from tinytorch.nn import functional, init

NAMES = {"tinytorch": tinytorch, "np": np, "nn": nn, "F": functional, "Tensor": tinytorch.Tensor}
NAMES |= {"data": data, "training": training, "optim": optim}
# Lists and dictionaries of Python's; what is about files, exports or a failure; another room.
WITHOUT = {"ModuleDict", "ModuleList", "mnist", "whose", "CheckpointError"}
WITHOUT |= {"Optimizer", "Scheduler"}  # whose subclasses have them


def entries():
    """(name, thing) of what the API reference lists, each once."""
    seen = set()
    for room in (tinytorch, nn, functional, init, data, optim, training):
        for name in room.__all__:
            thing = getattr(room, name)
            if callable(thing) and id(thing) not in seen:
                seen.add(id(thing))
                yield f"{room.__name__}.{name}", thing


ENTRIES = dict(entries())


@pytest.mark.parametrize("name", ENTRIES)
def test_examples_say_what_comes_out(name):
    for test in doctest.DocTestFinder(recurse=True).find(
        ENTRIES[name], name, module=False, globs=dict(NAMES)
    ):
        result = doctest.DocTestRunner(verbose=False).run(test)
        assert result.failed == 0, test.name


@pytest.mark.parametrize("room", [tinytorch, nn, functional, init, data, optim, training])
def test_every_entry_has_an_example(room):
    for name in {*room.__all__} - WITHOUT:
        thing = getattr(room, name)
        if callable(thing):
            assert ">>>" in (inspect.getdoc(thing) or ""), f"{room.__name__}.{name}"


def test_every_method_of_a_tensor_has_an_example_or_is_another_name():
    for name, thing in vars(tinytorch.Tensor).items():
        if name[0] != "_" and (callable(thing) or isinstance(thing, property)):
            about = inspect.getdoc(thing) or ""
            assert ">>>" in about or "PyTorch's name of" in about, name
