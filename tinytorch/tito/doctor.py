"""Is this installation sound, and if not, what to type."""

import importlib.metadata
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import tinytorch
from tinytorch.exports import VARIABLE

DISTRIBUTION = "tinytorch-book"  # a package index may know another project as "tinytorch"
# What to ask the index for, were it missing: the libraries themselves, never a name of ours.
NEEDED = {name: name for name in ("numpy", "click", "rich", "jupytext")}
USEFUL = {"matplotlib": "matplotlib", "jupyter-book": "'jupyter-book<2'"}


@dataclass(frozen=True)
class Finding:
    what: str
    good: bool
    found: str
    remedy: str = ""


def examine(space) -> list[Finding]:
    """Everything that tito and the book need, one finding each."""
    return [python(), package(), *libraries(), command(), writable(space), exports(space)]


def python() -> Finding:
    version = sys.version.split()[0]
    good = sys.version_info >= (3, 10)
    return Finding(
        "Python",
        good,
        f"{version}, {sys.executable}",
        "" if good else "install Python 3.10 or newer",
    )


def package() -> Finding:
    where = Path(tinytorch.__file__).resolve().parent
    try:
        version = importlib.metadata.version(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        remedy = f'pip install -e "{where.parent}[cli]"'
        if not (where.parent / "pyproject.toml").is_file():
            remedy = "install it from a clone of its repository"
        return Finding("tinytorch", False, f"{where}, not installed", remedy)
    return Finding("tinytorch", True, f"{version}, {where}")


def libraries() -> list[Finding]:
    found = []
    for name, asked in {**NEEDED, **USEFUL}.items():
        remedy = f"pip install {asked}"
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found.append(Finding(name, name in USEFUL, "not installed", remedy))
            continue
        wrong = name == "jupyter-book" and not version.startswith("1.")
        found.append(Finding(name, not wrong, version, remedy if wrong else ""))
    return found


def command() -> Finding:
    found = shutil.which("tito")
    if not found:
        return Finding("the command tito", True, "not on the path", "python -m tinytorch.tito ...")
    same = Path(found).resolve().parent == Path(sys.executable).parent
    other = "" if same else ", of another environment than this Python"
    remedy = "" if same else "python -m tinytorch.tito ..."
    return Finding("the command tito", True, found + other, remedy)


def writable(space) -> Finding:
    root = space.root if space else Path.cwd()
    what = "the workspace" if space else "this folder (no workspace yet)"
    try:
        with tempfile.TemporaryFile(dir=root):
            pass
    except OSError:
        return Finding(what, False, f"{root} is read-only for you", "cd to a folder of your own")
    return Finding(what, True, str(root), "" if space else "tito start 06")


def exports(space) -> Finding:
    active = os.environ.get(VARIABLE)
    if not active:
        return Finding("exports in this shell", True, "not active")
    if not Path(active).is_dir():
        return Finding(
            "exports in this shell", False, f"{active} is no folder", f"unset {VARIABLE}"
        )
    return Finding("exports in this shell", True, f"active: {active}")
