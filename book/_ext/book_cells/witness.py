"""What a page's cells reach of the package, noted in the kernel while they run.

The modules that are imported, the functions that are called (from Python 3.12 on), those whose code
is looked at, and the files that are opened. Where that cannot tell all, as when a cell starts
another program, the page is said to have gone out of sight; then everything counts as reached.

It stands alone: the process that kernels are forked from imports nothing else of the book's build.
"""

import functools
import json
import os
import sys
from types import FunctionType

OUT_OF_SIGHT = {
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "os.startfile",
    "os.system",
    "pty.spawn",
    "subprocess.Popen",
}
CALLS = sys.version_info >= (3, 12)  # older Pythons cannot note a call without slowing each one
TOOL = 3  # of the six that may watch a program, one that no debugger or profiler takes


def importing(frame) -> bool:
    """Whether a file is opened by Python's own import, which runs what it reads."""
    while frame is not None:
        code = frame.f_code
        if code.co_name == "get_code" and code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


class Witness:
    """Notes what is reached below a folder, from `begin` on, in this process."""

    def __init__(self, folder: str):
        self.folder = os.path.join(os.path.realpath(folder), "")
        self.busy = False
        self.begin()
        heard = {"open": self.opens, "object.__getattr__": self.looks, "sqlite3.connect": self.base}
        heard |= {event: functools.partial(self.leaves, event) for event in OUT_OF_SIGHT}

        def hear(event: str, given: tuple) -> None:  # at each id(), too: it may cost nothing
            if event in heard:
                heard[event](given)

        sys.addaudithook(hear)

    def begin(self) -> None:
        """Watch, having forgotten what was seen before."""
        self.codes: set = set()
        self.opened: set[str] = set()
        self.gone = ""
        if CALLS:
            watch = sys.monitoring
            if watch.get_tool(TOOL) is None:
                watch.use_tool_id(TOOL, "book")
                watch.register_callback(TOOL, watch.events.PY_START, self.started)
                watch.set_events(TOOL, watch.events.PY_START)
            watch.restart_events()

    def started(self, code, _):
        self.codes.add(code)
        return sys.monitoring.DISABLE

    def opens(self, given: tuple) -> None:
        if not self.busy and isinstance(given[0], (str, bytes)):
            self.busy = True
            path = os.path.realpath(os.fsdecode(given[0]))
            ours = path.startswith(self.folder)
            if not (ours and path.endswith((".py", ".pyc")) and importing(sys._getframe(1))):
                self.opened.add(path)
            self.busy = False

    def looks(self, given: tuple) -> None:
        if not self.busy and given[1] == "__code__" and isinstance(given[0], FunctionType):
            self.busy = True
            self.codes.add(given[0].__code__)
            self.busy = False

    def base(self, given: tuple) -> None:
        self.opened.add(os.path.realpath(os.fsdecode(given[0])))

    def leaves(self, event: str, _: tuple) -> None:
        self.gone = self.gone or event

    def seen(self) -> dict:
        """What has been reached: places of code, files, and what went out of sight, if anything."""
        codes = list(self.codes)  # to look at them starts more
        places = {(os.path.realpath(code.co_filename), code.co_firstlineno) for code in codes}
        named = {
            os.path.realpath(module.__file__)
            for module in list(sys.modules.values())
            if getattr(module, "__file__", None)
        }
        other = [name for name in sys.modules if name.startswith("multiprocessing.popen_")]
        return {
            "calls": CALLS,
            "code": sorted(place for place in places if place[0].startswith(self.folder)),
            "modules": sorted(path for path in named if path.startswith(self.folder)),
            "opened": sorted(self.opened),
            "gone": self.gone or (other[0] if other else ""),
        }

    def write(self, path: str, before: dict) -> None:
        """Write what has been reached, and, apart, what had been when the cells began."""
        part = f"{path}.part"
        with open(part, "w", encoding="utf-8") as file:
            json.dump({"before": before, "cells": self.seen()}, file)
        os.replace(part, path)
