"""Helpers that workbooks of earlier versions import, where they are today.

A workbook that a learner began before an update of the package can still be tried.
"""

import importlib

# Of these the workbooks imported helpers, some of which live elsewhere now
HELPERS = (
    "tinytorch.core.activations", "tinytorch.core.checks", "tinytorch.core.functional",
    "tinytorch.core.layers", "tinytorch.core.losses", "tinytorch.core.tensor",
    "tinytorch.optim.clipping", "tinytorch.optim.optimizer", "tinytorch.optim.optimizers",
    "tinytorch.optim.schedules.base", "tinytorch.optim.schedules.decays",
)  # fmt: skip


def install() -> None:
    """Let the former names be imported, in this process."""
    for name in HELPERS:
        module = importlib.import_module(name)
        if not hasattr(module, "__getattr__"):
            module.__getattr__ = finder(name, HELPERS)


def finder(name: str, homes):
    """A module's `__getattr__` that looks into other modules."""

    def find(word: str):
        for home in homes:
            found = vars(importlib.import_module(home))
            if word in found and not word.startswith("__"):
                return found[word]
        raise AttributeError(f"module {name!r} has no attribute {word!r}")

    return find
