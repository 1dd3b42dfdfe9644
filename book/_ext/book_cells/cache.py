"""Keep the execution cache apart for every state of what the cells import.

jupyter-cache looks at the cells of a page and at nothing else: after a change in the package it
would show yesterday's output. Here the cache's folder is named after a hash of everything that a
cell can see. The folder's name is a configuration value of the environment, so that Sphinx itself
reads all pages anew when it changes. What a page gave in an earlier state is taken over where it
reaches nothing that has changed (`reach`).
"""

import importlib.util
import os
import platform
import shutil
from pathlib import Path

from book_build.remembered import files, fingerprint, installed
from book_build.report import Refused

KEPT = 4  # caches of earlier states; going back to one of them costs nothing
SEEN = ("numpy", "matplotlib", "matplotlib-inline", "numba", "ipython", "ipykernel")


def package_folder() -> Path:
    """The folder of the `tinytorch` that a cell will import."""
    spec = importlib.util.find_spec("tinytorch")
    if spec is None or spec.origin is None:
        raise Refused("the book's cells import tinytorch; first: pip install -r requirements.txt")
    return Path(spec.origin).parent


def seen_files() -> dict[str, Path]:
    """Everything a cell's result depends on: the package, its data, a learner's exports."""
    seen = files(package_folder())
    exports = os.environ.get("TINYTORCH_EXPORTS")
    if exports:
        if not Path(exports).is_dir():
            raise Refused(f"TINYTORCH_EXPORTS is {exports!r}, which is not a folder; unset it")
        seen |= {f"exports/{name}": path for name, path in files(Path(exports)).items()}
    return seen


def versions() -> dict[str, str]:
    """What a cell's result depends on beside files."""
    known = {name: installed().get(name, "absent") for name in SEEN}
    return {"python": platform.python_version(), "machine": platform.machine(), **known}


def around() -> str:
    """A hash of how cells are run, and under which libraries."""
    here = Path(__file__).parent
    how = {name: here / name for name in ("execute.py", "kernels.py", "reach.py", "witness.py")}
    return fingerprint(how, files(here / "settings"), words=versions())


def key() -> str:
    """The name of the state that the cells run in."""
    return fingerprint(seen_files(), words={"around": around()})


def check_package(source: Path) -> None:
    """Refuse to show another copy of the package than the one that stands beside the book."""
    found = package_folder().resolve()
    if (source / "tinytorch").is_dir() and found != (source / "tinytorch").resolve():
        raise Refused(
            f"the cells would import tinytorch from {found.parent}, and this book is the one in "
            f"{source}: unset PYTHONPATH, or: pip install -r requirements.txt"
        )


def choose_cache(app, config) -> None:
    check_package(Path(app.srcdir))
    caches = Path(app.outdir).parent / ".jupyter_cache"
    chosen = caches / key()
    chosen.mkdir(parents=True, exist_ok=True)
    os.utime(chosen)
    config.nb_execution_cache_path = str(chosen)

    older = sorted((p for p in caches.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime)
    for folder in older[: -KEPT - 1]:
        shutil.rmtree(folder, ignore_errors=True)


def setup(app):
    app.connect("config-inited", choose_cache)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
