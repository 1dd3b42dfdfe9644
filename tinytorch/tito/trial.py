"""The process that runs a learner's file: loads it, tries it, reports, one JSON line each.

It is run as a script, by its path, so that it can put the package's answers out of reach before
anything of the package is imported. The first line of standard input says what to do; when that
pipe closes, whoever asked is gone, and so is this process. Standard output carries the report and
nothing else: what the file prints goes to standard error.
"""

import ast
import builtins
import contextlib
import faulthandler
import importlib
import importlib.machinery
import importlib.util
import json
import linecache
import os
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
OUT_OF_REACH = "is on trial: the package's own is out of reach while your file is tried"
# Of this room, what the tried file may meet: the checks, and what a workbook's cells import.
MET = ("bench", "lesson", "lessons", "notebook", "trial")
# What another library's optimizer, or another process, could do in the learner's stead.
STRANGERS = (
    "torch", "tensorflow", "jax", "jaxlib", "optax", "keras", "flax", "mlx", "_posixsubprocess",
)  # fmt: skip
REFUSED = (
    "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.kill",
    "os.link", "pty.", "signal.pthread_kill", "ctypes.", "socket.", "winreg.", "_winapi.", "gc.",
)  # fmt: skip
CHANGES = (
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.truncate",
    "os.chmod",
    "os.mkdir",
    "os.symlink",
)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC


class AskedForInput(Exception):
    """The file waits for somebody at the keyboard."""


# The answers, out of reach


class Sealed(importlib.machinery.SourceFileLoader):
    """Loads a module of the package with functions that only say that they are on trial."""

    def __init__(self, name, path, functions):
        super().__init__(name, path)
        self.functions = functions

    def get_code(self, fullname):
        tree = ast.parse(self.get_data(self.path))
        return compile(seal(tree, self.functions), self.path, "exec", dont_inherit=True)


def seal(tree: ast.Module, functions: list[str] | None) -> ast.Module:
    """Take the bodies of these functions ("adam", "SGD.rule") away; None for all of them."""
    for node in tree.body:
        inner = [(f"{node.name}.", f) for f in node.body] if isinstance(node, ast.ClassDef) else []
        for prefix, function in [("", node), *inner]:
            if not isinstance(function, ast.FunctionDef):
                continue
            name = prefix + function.name
            if name in functions if functions is not None else not name.endswith("__"):
                say = ast.parse(f"raise RuntimeError({f'{name} {OUT_OF_REACH}'!r})").body
                documented = ast.get_docstring(function, clean=False) is not None
                function.body = function.body[: int(documented)] + say
    return ast.fix_missing_locations(tree)


class Finder:
    """Finds the package's modules, some of them sealed, some of them not at all."""

    def __init__(self, sealed: dict):
        self.sealed = sealed

    def find_spec(self, name, path=None, target=None):
        if hidden(name):
            raise ImportError(f"{name} is out of reach while your file is tried")
        if name not in self.sealed:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        spec.loader = Sealed(name, spec.origin, self.sealed[name])
        return spec


def hidden(name: str) -> bool:
    parts = name.split(".")
    return parts[:2] == ["tinytorch", "tito"] and len(parts) > 2 and parts[2] not in MET


# What the file may not do


def places(file: Path, sealed: dict) -> dict[str, frozenset]:
    """Folders and files by what may be done there, as device and number: no name leads round it.

    A file belongs to the nearest folder above it that is listed; `secret` and `shown` list files
    that differ from their folder.
    """

    def identity(path) -> tuple:
        found = os.stat(path)
        return found.st_dev, found.st_ino

    room = PACKAGE / "tito"
    table = {identity(p): "read" for p in (sys.prefix, sys.base_prefix, PACKAGE)}
    table |= {identity(room): "closed", identity(room / "lessons"): "read"}
    if (PACKAGE.parent / "book").is_dir():  # a clone: tests and chapters beside the package
        table[identity(PACKAGE.parent)] = "closed"
    table[identity(file.parent.parent)] = "read"
    table |= {identity(p): "write" for p in (tempfile.gettempdir(), file.parent)}
    found = {k: frozenset(i for i in table if table[i] == k) for k in ("read", "write", "closed")}
    secret, shown = set(), set()
    for name in sealed:
        path = PACKAGE.parent / Path(*name.split("."))
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        secret |= {path, *(path.parent / "__pycache__").glob(f"{path.stem}.*")}
    for stem in ("__init__", *MET):
        shown |= {room / f"{stem}.py", *(room / "__pycache__").glob(f"{stem}.*")}
    for kind, paths in (("secret", secret), ("shown", shown)):
        found[kind] = frozenset(identity(path) for path in paths if path.is_file())
    return found


def guard(file: Path, sealed: dict) -> None:
    """Refuse from here on what no homework needs: other processes, the answers' source, the net.

    It is no wall: Python can be got round by those who know it well. That is what an isolation by
    the operating system is for.

    What the hook calls it has as its own arguments, and is written in C: a file that puts
    something in the place of `os.path.realpath`, of `isinstance`, or of a global of this module
    changes nothing. Its frame, which a refusal's traceback shows, holds nothing that could be
    changed.
    """
    place = places(file, sealed)

    def hook(
        event, arguments, *, stat=os.stat, readlink=os.readlink, exact=str.__str__, str=str,
        bytes=bytes, int=int, isinstance=isinstance, decode=bytes.decode, range=range,
        OSError=OSError, PermissionError=PermissionError, ImportError=ImportError,
        secret=place["secret"], shown=place["shown"], closed=place["closed"],
        read=place["read"], write=place["write"],
        REFUSED=REFUSED, CHANGES=frozenset(CHANGES), STRANGERS=frozenset(STRANGERS),
        RELATIVE=frozenset(CHANGES) - {"os.truncate"},
        WRITING=WRITING, NULL=os.devnull, WINDOWS=os.name == "nt", split=str.split,
    ):  # fmt: skip
        if event.startswith(REFUSED):
            raise PermissionError(f"{event} is refused while your file is tried")
        if event == "import":
            library = split(exact(arguments[0]), ".")[0]
            if library in STRANGERS:
                raise ImportError(f"{library} is out of reach while your file is tried")
        if event != "open" and event not in CHANGES:
            return
        path = arguments[0]
        if path is None or isinstance(path, int):
            return  # what is open was asked for before
        if isinstance(path, bytes):
            path = decode(path, "utf-8", "surrogateescape")
        elif isinstance(path, str):
            path = exact(path)
        else:
            raise PermissionError("paths are strings while your file is tried")
        path = path.replace("\\", "/") if WINDOWS else path
        if event == "open":
            flags = arguments[2]
            changes = flags & WRITING if isinstance(flags, int) else True
            whole = path[:1] == "/" or path[1:2] == ":"
            if arguments[1] is None and not whole:
                raise PermissionError("os.open takes whole paths while your file is tried")
        else:
            changes = True
            folder = arguments[-1]  # where a path begins that is not whole, as its descriptor
            if event in RELATIVE and isinstance(folder, int) and folder != -1:
                raise PermissionError(f"{event} takes whole paths while your file is tried")
        if path == NULL:
            return
        name = path
        for _ in range(40):  # as often as Linux follows
            try:
                goal = readlink(path)
            except OSError:
                break
            goal = exact(goal)
            goal = goal.replace("\\", "/") if WINDOWS else goal
            at = path.rpartition("/")[0]
            path = goal if goal[:1] == "/" or goal[1:2] == ":" else f"{at or '.'}/{goal}"
        at, last, refused, writable = path, None, False, False
        while True:
            try:
                found = stat(at)
                number = found.st_dev, found.st_ino
            except OSError:  # it is not there (yet)
                number = None
            if number in secret or number in closed:
                refused = True
            if refused or number in shown or number in read:
                break
            if number in write:
                writable = True
                break
            if at is path:
                at = path.rpartition("/")[0] or ("/" if path[:1] == "/" else ".")
            elif number is None or number == last:
                break
            else:
                at, last = f"{at}/..", number
        if refused:
            name = name.rpartition("/")[2]
            raise PermissionError(f"{name} is out of reach while your file is tried")
        if changes and not writable:
            raise PermissionError(f"nothing is written to {name} while your file is tried")

    import ctypes  # noqa: F401  later its functions are refused, not the import
    import subprocess

    sys.addaudithook(hook)
    for module, name in (
        (subprocess, "_fork_exec"),
        (sys.modules.get("_posixsubprocess"), "fork_exec"),
    ):
        if hasattr(module, name):
            delattr(module, name)


def limit(megabytes: int, seconds: float) -> None:
    """Bound memory, processor time and the size of files, where the system can."""
    with contextlib.suppress(ImportError):  # not on Windows
        import resource

        bounds = {
            "RLIMIT_AS": megabytes << 20,
            "RLIMIT_CPU": int(6 * seconds) + 30,
            "RLIMIT_FSIZE": 64 << 20,
            "RLIMIT_CORE": 0,
        }
        for name, bound in bounds.items():
            with contextlib.suppress(AttributeError, ValueError, OSError):
                resource.setrlimit(getattr(resource, name), (bound, bound))


def live_as_long_as(pipe) -> None:
    """End this process when nobody holds the other end any more; it may start no other."""

    def wait():
        while pipe.read(4096):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def refuse_input(prompt=""):
    raise AskedForInput("nobody is at the keyboard while the file is tried")


# Running it


def load(path: Path) -> dict:
    """Import the file under its own name; what it defines.

    Its folder and those of the other modules come last on the path: a file of theirs that is
    called random.py is not taken for Python's own.
    """
    folders = sorted(p for p in path.parent.parent.glob("*") if p.is_dir())
    sys.path += [str(folder) for folder in (path.parent, *folders) if str(folder) not in sys.path]
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return vars(module)


def describe(error: BaseException, path: Path) -> dict:
    """What went wrong, at which line of the learner's."""
    from tinytorch.tito.lesson import BLANK, words_of

    folder = str(path.parent.parent)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    frames = frames or [
        f
        for f in traceback.extract_tb(error.__traceback__)
        if f.filename.startswith(folder + os.sep)
    ]
    kind, message = type(error).__name__, words_of(error)
    report = {"kind": kind, "message": message, "line": None, "code": "", "function": ""}
    if frames:
        last = frames[-1]
        report.update(
            line=last.lineno, code=(last.line or "")[:200], function=last.name, file=last.filename
        )
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename) == path:
        text = error.text or linecache.getline(error.filename, error.lineno or 0)
        report.update(line=error.lineno, code=text.strip()[:200], message=error.msg, file=str(path))
    if isinstance(error, NotImplementedError) and (message.startswith(BLANK) or not message):
        report["kind"] = "blank"
        report["message"] = message or f"{BLANK}{report['function']}"  # nbgrader's own blanks
    return report


def rounds(check, names, own, seed: int, path: Path) -> list[dict]:
    """Both rounds of a check; the second only if the first comes to its end."""
    from tinytorch.tito.bench import Inapplicable, NotThere, bench_for, observe

    found = []
    for drawn in (None, seed):
        bench = bench_for(check, names, own, drawn)
        error = observe(check, bench)
        facts = dict(tried=bench.tried, seen=bench.seen, error=None)
        if isinstance(error, NotThere):
            facts["error"] = {"kind": "missing", "message": str(error), "line": None}
        elif isinstance(error, Inapplicable):
            facts["error"] = {"kind": "inapplicable", "message": str(error), "line": None}
        elif error is not None:
            facts["error"] = describe(error, path)
        found.append(facts)
        if error is not None:
            break
    return found


def main() -> int:
    asked = json.loads(sys.stdin.buffer.readline())
    path, seconds, sealed = Path(asked["file"]), asked["seconds"], asked["sealed"]
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)

    def say(event: str, **facts) -> None:
        out.write(json.dumps({"event": event, **facts}) + "\n")
        out.flush()

    sys.path[0] = str(PACKAGE.parent)
    sys.meta_path.insert(0, Finder(sealed))
    live_as_long_as(sys.stdin.buffer)

    from tinytorch.tito import lessons
    from tinytorch.tito.bench import adopted

    for name in ("tinytorch.nn", "tinytorch.training", *sealed):  # while their files can be read
        importlib.import_module(name)
    lesson = lessons.load(asked["lesson"])
    trial = lesson.trials[asked["trial"]]
    builtins.input = refuse_input
    sys.argv = [str(path)]
    say("import")
    limit(asked["megabytes"], seconds)
    guard(path, sealed)
    faulthandler.dump_traceback_later(seconds, file=out)
    try:
        names = load(path)
        if trial.adopts:
            names = adopted(names, trial.adopts)
    except BaseException as error:
        say("unloadable", **describe(error, path))
        return 0
    finally:
        faulthandler.cancel_dump_traceback_later()
    say("imported")
    for check in lesson.checks_of(trial):
        if check.name not in asked["checks"]:
            continue
        say("check", check=check.name)
        started = time.perf_counter()
        faulthandler.dump_traceback_later(seconds, file=out)
        found = rounds(check, names, lesson.must_be_own, asked["seed"], path)
        faulthandler.cancel_dump_traceback_later()
        say("seen", check=check.name, rounds=found, seconds=time.perf_counter() - started)
    say("done")
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # whatever threads or exit handlers the file may have left behind
