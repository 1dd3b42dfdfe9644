"""A learner's code in the reference's place, where TINYTORCH_EXPORTS names the folder it is in.

Without that variable nothing here runs. With it, importing `tinytorch` loads the files in the
folder and, in this process only, puts each name they define where the package had its own. What a
learner's version does not do (an option that it does not take, say) stays the package's, and
`whose()` says so.
"""

import importlib
import importlib.util
import inspect
import os
import sys
from pathlib import Path

VARIABLE = "TINYTORCH_EXPORTS"

# File of a module of the course → who puts its names in place
KINDS = {
    "tensor_dev.py": "operations",
    "activations_dev.py": "modules",
    "layers_dev.py": "modules",
    "losses_dev.py": "modules",
    "autograd_dev.py": "operations",
    "optimizers_dev.py": "optimizers",
    "training_dev.py": "functions",
}

_places: list[tuple] = []  # (holder, attribute, what the package had there)
_whose: dict[str, str] = {}
_left: dict[str, str] = {}
_asked: dict[str, list[str]] = {}  # file → names that it was asked for


def whose(name: str | None = None):
    """Whose code stands behind a name: "yours", or "the package's", with the reason.

    Arguments:
        name: "Adam", "Tensor.__add__"; None for a dictionary of all names that were exported.
    """
    if name is None:
        return {**_whose, **{n: f"the package's: {why}" for n, why in _left.items()}}
    return _whose.get(name, f"the package's{': ' + _left[name] if name in _left else ''}")


def whose_of(file: str) -> dict[str, str]:
    """Whose code stands behind each name that a file of the course may take the place of."""
    return {name: whose(name) for name in _asked.get(file, ())}


def activate_if_asked() -> None:
    """Activate the folder that the environment names, except in the command tito.

    It gives exports back, and judges: neither may depend on what was exported.
    """
    folder = os.environ.get(VARIABLE)
    judging = Path(sys.argv[0] if sys.argv else "").stem == "tito"
    judging |= "tinytorch.tito" in sys.orig_argv[1:4]
    if folder and not judging:
        activate(folder)


def activate(folder: str | os.PathLike) -> None:
    """Put what the files in `folder` define in the package's place.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    deactivate()
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{VARIABLE} names a folder that does not exist: {folder}")
    present = [file for file in KINDS if (folder / file).is_file()]
    names = {file: vars(load(folder / file)) for file in present}  # all, before any is in place
    for file in present:
        placer = importlib.import_module(f"tinytorch.exports.{KINDS[file]}")
        placer.place(Place(file), names[file])


def deactivate() -> None:
    """Put everything of the package back in its place."""
    while _places:
        holder, attribute, before = _places.pop()
        setattr(holder, attribute, before)
    _whose.clear()
    _left.clear()
    _asked.clear()


def closed() -> list[str]:
    """Names of the exported classes that keep their state to themselves."""
    present = (vars(holder).get(attribute) for holder, attribute, _ in _places)
    return sorted({c.__name__ for c in present if not getattr(c, "state_is_open", True)})


def only_open() -> None:
    """Put the package's class back for each that keeps its state to itself.

    For a page that reads, changes or saves `optimizer.state`.
    """
    names = closed()
    for holder, attribute, before in _places:
        if getattr(vars(holder).get(attribute), "state_is_open", True) is False:
            setattr(holder, attribute, before)
    for name in names:
        del _whose[name]
        _left[name] = "yours keeps its state to itself, and here it is opened"


def load(path: Path):
    """Import a file under its own name, with its neighbours importable."""
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # the folder is hashed
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
    return module


def leave(name: str, reason: str) -> None:
    """Say why a name stays the package's."""
    _left[name] = reason


def loaded() -> list:
    """The package's modules that are loaded, but for the learner's side."""
    ours = ((name.split("."), module) for name, module in list(sys.modules.items()))
    return [m for (top, *rest), m in ours if top == "tinytorch" and rest[:1] != ["tito"]]


class Place:
    """What one file may do: take the place of names, or leave them with a reason."""

    def __init__(self, file: str):
        self.file = file

    def take(self, name: str, right, yours) -> None:
        """Let `yours` stand wherever the package refers to its object `right`."""
        for module in loaded():
            for attribute, value in list(vars(module).items()):
                if value is right:
                    self.put(module, attribute, yours)
                elif isinstance(value, type) and value.__module__ == module.__name__:
                    self._take_default(value.__init__, right, yours)
        self.note(name)

    def _take_default(self, function, right, yours) -> None:
        """`activation=ReLU` refers to an object too."""
        defaults = getattr(function, "__defaults__", None) or ()
        if any(value is right for value in defaults):
            new = tuple(yours if value is right else value for value in defaults)
            _places.append((function, "__defaults__", defaults))
            function.__defaults__ = new

    def put(self, holder, attribute: str, yours) -> None:
        _places.append((holder, attribute, vars(holder)[attribute]))
        setattr(holder, attribute, yours)

    def note(self, name: str) -> None:
        _whose[name] = "yours"
        _asked.setdefault(self.file, []).append(name)

    def leave(self, name: str, reason: str) -> None:
        """Say why a name stays the package's."""
        leave(name, reason)
        _asked.setdefault(self.file, []).append(name)


# Vocabulary: what learners call the numbers of an optimizer

WORDS = {
    "lr": ("lr", "learning_rate", "alpha", "eta"),
    "momentum": ("momentum", "beta", "mu"),
    "betas": ("betas",),
    "eps": ("eps", "epsilon"),
    "step_size": ("step_size", "every"),
    "gamma": ("gamma", "factor"),
}
PAIRS = {"betas": (("beta1", "beta2"), ("b1", "b2"), ("beta_1", "beta_2"))}


def translate(cls, first: int, numbers: dict) -> tuple[list, dict, list[str]]:
    """`numbers` in the words of a constructor: by position, by name, and those it does not take.

    Arguments:
        first: how many positional arguments come before the numbers.
    """
    parameters = inspect.signature(cls).parameters
    positional = [
        p.name
        for p in parameters.values()
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    anything = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    by_position, by_name, dropped = [], {}, []
    for number, value in numbers.items():
        word = next((w for w in WORDS.get(number, (number,)) if w in parameters), None)
        pair = next((p for p in PAIRS.get(number, ()) if p[0] in parameters), None)
        if word:
            by_name[word] = value
        elif pair:
            by_name.update(zip(pair, value, strict=True))
        elif anything:
            by_name[number] = value
        elif number in ("lr", "step_size") and len(positional) > first:
            by_position.append(value)
        else:
            dropped.append(number)
    return by_position, by_name, dropped
