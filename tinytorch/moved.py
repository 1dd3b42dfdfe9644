"""Modules that stand elsewhere now: a workbook that was handed out earlier imports them as before.

What is asked of an old address comes from the new ones, with a DeprecationWarning.
"""

import importlib
import importlib.util
import sys
import warnings

SCHEDULES = ("tinytorch.optim.schedules", "tinytorch.optim.schedules.base")
MOVED = {
    "tinytorch.core.checkpoint": ("tinytorch.training.checkpoint",),
    "tinytorch.core.history": ("tinytorch.training.history",),
    "tinytorch.core.training": ("tinytorch.training", "tinytorch.training.history"),
    "tinytorch.optim.checks": ("tinytorch.core.checks",),
    "tinytorch.optim.schedulers": (*SCHEDULES, "tinytorch.core.checks"),
}


class Forwarding:
    """Finder and loader of the old addresses; it is asked after all others."""

    def find_spec(self, name, path=None, target=None):
        return importlib.util.spec_from_loader(name, self) if name in MOVED else None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        old = module.__name__

        def forward(name: str):
            for new in () if name.startswith("__") else MOVED[old]:
                if hasattr(importlib.import_module(new), name):
                    warnings.warn(f"{old}.{name} is in {new} now", DeprecationWarning, stacklevel=2)
                    return getattr(importlib.import_module(new), name)
            raise AttributeError(f"{old} is {MOVED[old][0]} now, which has no {name}")

        module.__getattr__ = forward


sys.meta_path.append(Forwarding())
