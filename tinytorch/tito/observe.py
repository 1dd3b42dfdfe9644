"""The process that runs a learner's file: imports it, tries it, reports, one JSON line each.

    python -m tinytorch.tito.observe FILE MODULE SECONDS MEGABYTES [CHECK ...]

Standard output carries the report and nothing else: what the file prints goes to standard error.
"""

import builtins
import contextlib
import faulthandler
import importlib.util
import json
import linecache
import os
import sys
import time
import traceback
from pathlib import Path

from tinytorch.tito.lesson import BLANK


class AskedForInput(Exception):
    """The file waits for somebody at the keyboard."""


def limit_memory(megabytes: int) -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):  # not on Windows, not on macOS
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))


def refuse_input(prompt=""):
    raise AskedForInput("nobody is at the keyboard while the file is tried")


def load(path: Path) -> dict:
    """Import the file under its own name; what it defines."""
    for folder in (path.parent, *sorted(p for p in path.parent.parent.glob("*") if p.is_dir())):
        if str(folder) not in sys.path:
            sys.path.insert(len(sys.path) if folder != path.parent else 0, str(folder))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return vars(module)


def describe(error: BaseException, path: Path) -> dict:
    """What went wrong, at which line of the learner's."""
    folder = str(path.parent.parent)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    frames = frames or [
        f
        for f in traceback.extract_tb(error.__traceback__)
        if f.filename.startswith(folder + os.sep)
    ]
    kind, message = type(error).__name__, str(error)
    report = {"kind": kind, "message": message, "line": None, "code": "", "function": ""}
    if frames:
        last = frames[-1]
        report.update(
            line=last.lineno, code=last.line or "", function=last.name, file=last.filename
        )
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename) == path:
        text = error.text or linecache.getline(error.filename, error.lineno or 0)
        report.update(line=error.lineno, code=text.strip(), message=error.msg, file=str(path))
    if isinstance(error, NotImplementedError) and message.startswith(BLANK):
        report["kind"] = "blank"
    return report


def main(arguments: list[str]) -> int:
    file, word, seconds, megabytes, *chosen = arguments
    path, seconds = Path(file), float(seconds)
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)

    def say(event: str, **facts) -> None:
        out.write(json.dumps({"event": event, **facts}) + "\n")
        out.flush()

    from tinytorch.tito import lessons
    from tinytorch.tito.bench import Bench, Inapplicable, NotThere, observe

    lesson = lessons.find(word)
    builtins.input = refuse_input
    sys.argv = [str(path)]
    say("import")
    limit_memory(int(megabytes))
    faulthandler.dump_traceback_later(seconds, file=out)
    try:
        names = load(path)
    except BaseException as error:
        say("unloadable", **describe(error, path))
        return 0
    finally:
        faulthandler.cancel_dump_traceback_later()
    say("imported")

    dropped: dict = {}
    for check in lesson.checks:
        if chosen and check.name not in chosen:
            continue
        say("check", check=check.name)
        bench = Bench(names, own=lesson.must_be_own)
        bench.dropped = dropped
        started = time.perf_counter()
        faulthandler.dump_traceback_later(seconds, file=out)
        error = observe(check, bench)
        faulthandler.cancel_dump_traceback_later()
        facts = dict(
            check=check.name,
            tried=bench.tried,
            seen=bench.seen,
            dropped=dropped,
            seconds=time.perf_counter() - started,
            error=None,
        )
        if isinstance(error, NotThere):
            facts["error"] = {"kind": "missing", "message": str(error), "line": None}
        elif isinstance(error, Inapplicable):
            facts["error"] = {"kind": "inapplicable", "message": str(error), "line": None}
        elif error is not None:
            facts["error"] = describe(error, path)
        say("seen", **facts)
    say("done")
    return 0


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(status)  # whatever threads or exit handlers the file may have left behind
