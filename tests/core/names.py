"""PyTorch's names that are here too, and where its defaults are others: the page's record.

    python -m tests.core.names

writes it, where PyTorch is installed.
"""

import warnings
from pathlib import Path
from types import ModuleType

import numpy as np

import tinytorch
from tinytorch import Tensor, data, nn, optim

RECORD = Path(tinytorch.__file__).parent / "lab" / "records" / "pytorch.json"
NO_NAMES = {"Any"}
PARTS = {"functional", "init", "nn", "optim"}


def ours() -> dict:
    return {
        "torch": tinytorch,
        "Tensor": Tensor,
        "nn": nn,
        "nn.Module": nn.Module,
        "nn.functional": nn.functional,
        "nn.init": nn.init,
        "nn.utils": nn.utils,
        "optim": optim,
        "utils.data": data,
    }


def theirs(torch) -> dict:
    return {
        "torch": torch,
        "Tensor": torch.Tensor,
        "nn": torch.nn,
        "nn.Module": torch.nn.Module,
        "nn.functional": torch.nn.functional,
        "nn.init": torch.nn.init,
        "nn.utils": torch.nn.utils,
        "optim": {**vars(torch.optim), **vars(torch.optim.lr_scheduler)},
        "utils.data": torch.utils.data,
    }


def shared(torch) -> dict[str, list[str]]:
    """The public names that both have, by where they stand."""
    found = {}
    for where, place in theirs(torch).items():
        names = place if isinstance(place, dict) else dir(place)
        own = ours()[where]
        listed = getattr(own, "__all__", dir(own)) if where.startswith("optim") else dir(own)
        if where == "nn.utils":  # whose names stand elsewhere here
            listed = [n for n in names if not n.startswith("_") and hasattr(own, n)]
        public = {n for n in names if not n.startswith("_")} & {*listed}
        public = {n for n in public if not isinstance(getattr(own, n), ModuleType) or n in PARTS}
        found[where] = sorted(
            public - NO_NAMES - ({"Tensor"} if where.startswith("nn") else set()),
            key=lambda n: (n.lower(), n),
        )
    return found


def spread(weight, fan_in: int) -> str:
    return f"{float(np.std(np.asarray(weight))) * fan_in**0.5:.2f} / √fan_in"


def said(call) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch warns where we raise
            return str(call()).removeprefix("torch.")
    except (TypeError, ValueError, RuntimeError) as error:
        return f"{type(error).__name__}"


def defaults(torch) -> list[list[str]]:
    """(what, PyTorch, here), each asked of both."""
    torch.manual_seed(0)
    tinytorch.manual_seed(0)
    rows = {
        "shape of `Linear(100, 400).weight`": lambda t: tuple(t.nn.Linear(100, 400).weight.shape),
        "deviation of `Linear`'s first weights": lambda t: spread(
            t.nn.Linear(400, 100).weight.detach(), 400
        ),
        "deviation of `Conv2d`'s first weights": lambda t: spread(
            t.nn.Conv2d(16, 32, 5).weight.detach(), 400
        ),
        "largest of the first biases": lambda t: (
            f"{np.abs(np.asarray(t.nn.Linear(4, 1000).bias.detach())).max() * 2:.2g} / √fan_in"
        ),
        "keys of a `Sequential`": lambda t: ", ".join(
            f"`{k}`" for k in t.nn.Sequential(t.nn.Linear(2, 1)).state_dict()
        ),
        "type of `x > 0`": lambda t: type(t.ones(1) > 0).__name__,
        "type of `x.argmax()`": lambda t: type(t.ones(2).argmax()).__name__,
        "type of `x.max(1)`": lambda t: type(t.ones(2, 2).max(1)).__qualname__,
        "type of `x.max(dim=1)`": lambda t: type(t.ones(2, 2).max(dim=1)).__qualname__,
        "axis of `softmax()` of a matrix": lambda t: "last" if t is tinytorch else "to be given",
        "`ones(2, dtype=float16)`": lambda t: (
            t.ones(2, dtype=np.float16 if t is tinytorch else t.half).dtype
        ),
        "`MSELoss` of shapes (4, 1) and (4,)": lambda t: t.nn.MSELoss()(
            t.ones(4, 1), t.ones(4)
        ).item(),
        "`w[0] = 1` outside `no_grad` of a computed tensor": lambda t: assigned(t),
        "a gradient's own gradient": lambda t: "create_graph=True" if t is torch else "`hvp`",
    }
    found = [
        [what, said(lambda f=f: f(torch)), said(lambda f=f: f(tinytorch))]
        for what, f in rows.items()
    ]
    return [row for row in found if row[1] != row[2]]


def assigned(t):
    w = t.ones(2, requires_grad=True) * 1
    w[0] = 1
    return "recorded"


def main() -> None:
    import torch

    from tinytorch.lab.records import lines_of

    found = {"here": shared(torch), "defaults": defaults(torch)}
    table = {"torch": torch.__version__.split("+")[0], **found}
    RECORD.write_text(lines_of(table), encoding="utf-8")


if __name__ == "__main__":
    main()
