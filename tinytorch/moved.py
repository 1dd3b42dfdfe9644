"""Addresses at which something is found that stands elsewhere.

A workbook that was handed out earlier imports from a module that has moved: what is asked of the
old address comes from the new ones, with a DeprecationWarning. And PyTorch's addresses of what
other rooms hold here lead there, so that imports need no more than the package's name changed.
"""

import importlib
import importlib.util
import sys
import warnings

from tinytorch.core import hints

SCHEDULES = ("tinytorch.optim.schedules", "tinytorch.optim.schedules.base")
MOVED = {
    "tinytorch.core.checkpoint": ("tinytorch.training.checkpoint",),
    "tinytorch.core.history": ("tinytorch.training.history",),
    "tinytorch.core.training": ("tinytorch.training", "tinytorch.training.history"),
    "tinytorch.optim.checks": ("tinytorch.core.checks",),
    "tinytorch.optim.schedulers": (*SCHEDULES, "tinytorch.core.checks"),
}
PYTORCH = {
    "tinytorch.nn.utils": ("tinytorch.optim.clipping",),
    "tinytorch.optim.lr_scheduler": ("tinytorch.optim.schedules",),
    "tinytorch.optim.swa_utils": ("tinytorch.optim.averaging", "tinytorch.optim.schedules"),
    "tinytorch.utils": (),
    "tinytorch.utils.data": ("tinytorch.data",),
}


def leads(package: str, name: str) -> bool:
    """Whether PyTorch has a module of this name there whose contents are elsewhere here."""
    return f"{package}.{name}" in PYTORCH


class Forwarding:
    """Finder and loader of these addresses; it is asked after all others."""

    def find_spec(self, name, path=None, target=None):
        if name not in MOVED | PYTORCH:
            return None
        holds = any(each.startswith(f"{name}.") for each in PYTORCH)
        return importlib.util.spec_from_loader(name, self, is_package=holds)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        address = module.__name__
        places = (MOVED | PYTORCH)[address]

        def forward(name: str):
            if leads(address, name):
                return importlib.import_module(f"{address}.{name}")
            for place in () if name.startswith("__") else places:
                if hasattr(importlib.import_module(place), name):
                    if address in MOVED:
                        said = f"{address}.{name} is in {place} now"
                        warnings.warn(said, DeprecationWarning, stacklevel=2)
                    return getattr(importlib.import_module(place), name)
            if address == "tinytorch.nn.utils":
                raise hints.missing("nn.utils", name)
            now = f"{address} is {places[0]} now, which" if places else address
            raise AttributeError(f"{now} has no {name!r}")

        module.__getattr__ = forward


sys.meta_path.append(Forwarding())
