"""The modules of the course, in order."""

import importlib

FILES = ("tensor", "activations", "layers", "losses", "autograd", "optimizers", "training")


def lessons() -> list:
    """All modules."""
    return [load(name) for name in FILES]


def load(name: str):
    return importlib.import_module(f"tinytorch.tito.lessons.{name}").LESSON


def find(word: str):
    """The module with this number or name: "06", "6", "optimizers", "06_optimizers".

    Raises:
        LookupError: there is none; the message lists what there is.
    """
    wanted = word.strip().lower()
    for number, name in enumerate(FILES, start=1):
        if wanted in (f"0{number}", f"{number}", name, f"0{number}_{name}", f"{name}_dev.py"):
            return load(name)
    close = [lesson for lesson in lessons() if wanted and lesson.name.startswith(wanted[:4])]
    listed = ", ".join(f"{lesson.number} {lesson.name}" for lesson in lessons())
    hint = f" (did you mean {close[0].number} {close[0].name}?)" if close else ""
    raise LookupError(f"no module is called {word!r}{hint}: there are {listed}")


def check(name: str) -> tuple:
    """The module that has a check of this name, and the check.

    Raises:
        LookupError: no module has one.
    """
    for lesson in lessons():
        for found in lesson.checks:
            if found.name == name:
                return lesson, found
    raise LookupError(f"no check is called {name!r}")
