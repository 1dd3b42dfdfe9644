"""Where the operating system can shut a learner's process in: bubblewrap, on Linux.

The process sees Python and its libraries, a copy of the package without its answers, and the
learner's folder, all of them read-only; no network, no other process, no file of anybody's.
"""

import ast
import compileall
import contextlib
import json
import os
import shutil
import sys
import sysconfig
import tempfile
import threading
from pathlib import Path

from tinytorch.tito.trial import MET, PACKAGE, seal
from tinytorch.tito.workspace import Trouble

MEANS = ("none", "bubblewrap")
SECONDS = 10.0  # for the import, and for each check
MEGABYTES = 4096
SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/alternatives")


@contextlib.contextmanager
def isolated(means: str, asked: dict):
    """The command that runs the trial `asked` for, in this isolation.

    Raises:
        Trouble: this system does not have it.
    """
    if means == "none":
        yield [sys.executable, str(PACKAGE / "tito" / "trial.py")]
        return
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise Trouble("there is no bubblewrap here; on Debian and Ubuntu: apt install bubblewrap")
    copy = sealed_copy(json.dumps(asked["sealed"], sort_keys=True))
    yield [bwrap, *view(copy, Path(asked["file"])), sys.executable, str(copy / TRIAL)]


TRIAL = Path("tinytorch") / "tito" / "trial.py"
_one_at_a_time = threading.Lock()
_copies: dict[str, tempfile.TemporaryDirectory] = {}  # each goes when this process ends


def sealed_copy(word: str) -> Path:
    """The package without its answers, compiled, in a folder: one for a whole class."""
    with _one_at_a_time:
        if word not in _copies:
            _copies[word] = tempfile.TemporaryDirectory(prefix="tito-")
            fill(Path(_copies[word].name), json.loads(word))
            compileall.compile_dir(_copies[word].name, quiet=2)
        return Path(_copies[word].name)


def fill(folder: Path, sealed: dict) -> None:
    """Copy the package without its answers."""
    hidden = shutil.ignore_patterns("__pycache__", "lab", "exporting.py", "*.npz")
    shutil.copytree(PACKAGE, folder / "tinytorch", ignore=hidden)
    for path in (folder / "tinytorch" / "tito").iterdir():
        if path.stem not in (*MET, "__init__"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name, functions in sealed.items():
        path = folder / Path(*name.split("."))
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        tree = seal(ast.parse(path.read_text(encoding="utf-8")), functions)
        path.write_text(ast.unparse(tree), encoding="utf-8")


def view(copy: Path, file: Path) -> list[str]:
    """What the process sees: bubblewrap's arguments."""
    libraries = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    python = {sys.prefix, sys.base_prefix, os.path.realpath(sys.executable)}
    import numpy

    libraries.add(str(Path(numpy.__file__).resolve().parents[1]))
    arguments = ["--unshare-all", "--die-with-parent", "--new-session", "--proc", "/proc"]
    arguments += ["--dev", "/dev", "--tmpfs", "/tmp"]
    for path in (*SYSTEM, *sorted(python | libraries), *more_libraries()):
        arguments += ["--ro-bind-try", path, path]
    for path in sorted(libraries):  # where the package is installed in full
        if (Path(path) / "tinytorch").is_dir():
            arguments += ["--tmpfs", str(Path(path) / "tinytorch")]
    for path in (str(copy), str(file.parent.parent)):
        arguments += ["--ro-bind", path, path]
    return [*arguments, "--chdir", str(file.parent), "--"]


def more_libraries() -> list[str]:
    """Folders that a .pth file adds, except the one that the package itself comes from."""
    return [
        path
        for path in sys.path
        if path.endswith("site-packages") and Path(path).is_dir() and path != str(PACKAGE.parent)
    ]
