"""The examples in the docstrings are run, and say what comes out."""

import doctest

import numpy as np
import pytest

import tinytorch
from tinytorch import data, nn, optim, training
from tinytorch.nn import functional, init

NAMES = {"tinytorch": tinytorch, "np": np, "nn": nn, "F": functional, "Tensor": tinytorch.Tensor}


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
