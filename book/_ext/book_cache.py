"""Keep the execution cache apart for every state of what the cells import.

jupyter-cache looks at the cells of a page and at nothing else: after a change in the package it
would show yesterday's output. Here the cache's folder is named after a hash of everything that a
cell can see. The folder's name is a configuration value of the environment, so that Sphinx itself
reads all pages anew when it changes.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import shutil
from pathlib import Path

KEPT = 4  # caches of earlier states; going back to one of them costs nothing
LIBRARIES = ("numpy", "matplotlib", "matplotlib-inline", "numba", "ipython", "ipykernel")


def package_folder() -> Path:
    """The folder of the `tinytorch` that a cell will import."""
    spec = importlib.util.find_spec("tinytorch")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(
            "the book's cells import tinytorch; first: pip install -r requirements.txt"
        )
    return Path(spec.origin).parent


def seen_files() -> list[Path]:
    """Everything a cell's result depends on: the package, its data, a learner's exports."""
    folders = [package_folder()]
    exports = os.environ.get("TINYTORCH_EXPORTS")
    if exports:
        folders.append(Path(exports))
    return [
        path
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    ]


def versions() -> list[str]:
    installed = [f"python {platform.python_version()}"]
    for name in LIBRARIES:
        try:
            installed.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            installed.append(f"{name} absent")
    return installed


def fingerprint(paths: list[Path]) -> str:
    """A short hash of the libraries' versions and of what stands in the files."""
    digest = hashlib.sha256("\n".join(versions()).encode())
    for path in paths:
        content = path.read_bytes()
        digest.update(f"\0{path.name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def key() -> str:
    """The name of the state that the cells run in."""
    here = Path(__file__).parent
    how = [here / "book_execute.py", *sorted((here / "cell_settings").iterdir())]
    return fingerprint([*seen_files(), *how])


def choose_cache(app, config) -> None:
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
