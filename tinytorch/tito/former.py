"""What workbooks of earlier versions import, where it is today.

A workbook that a learner began before an update of the package can still be tried.
"""

import importlib
import sys
from types import ModuleType

# Module of earlier versions → those that hold its names today
MOVED = {
    "tinytorch.optim.schedulers": (
        "tinytorch.optim.schedules.base",
        "tinytorch.optim.schedules.decays",
        "tinytorch.optim.schedules",
        "tinytorch.core.checks",
    ),
    "tinytorch.core.history": ("tinytorch.training.history",),
    "tinytorch.core.training": ("tinytorch.training.loop", "tinytorch.training"),
    "tinytorch.core.checkpoint": ("tinytorch.training.checkpoint",),
}
# Of these the workbooks imported helpers, some of which live elsewhere now
HELPERS = (
    "tinytorch.core.activations", "tinytorch.core.checks", "tinytorch.core.functional",
    "tinytorch.core.layers", "tinytorch.core.losses", "tinytorch.core.tensor",
    "tinytorch.optim.clipping", "tinytorch.optim.optimizer", "tinytorch.optim.optimizers",
    "tinytorch.optim.schedules.base", "tinytorch.optim.schedules.decays",
)  # fmt: skip


def install() -> None:
    """Let the former names be imported, in this process."""
    for name, homes in MOVED.items():
        if name not in sys.modules:
            module = ModuleType(name, f"Today: {', '.join(homes)}.")
            module.__getattr__ = finder(name, homes)
            sys.modules[name] = module
            owner, _, word = name.rpartition(".")
            setattr(importlib.import_module(owner), word, module)
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
