"""Grading a file: run it in a process of its own, watch it, judge what it reports."""

import contextlib
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from tinytorch.tito.judge import Outcome, judge, settle
from tinytorch.tito.lesson import Lesson

SECONDS = 10.0  # for the import, and for each check
MEGABYTES = 4096
KEPT_OUTPUT = 4000  # characters of what the file printed
FRAME = re.compile(r'File "(.*)", line (\d+) in (\S+)')


@dataclass
class Grade:
    """How a file did.

    `problem` says, in one line, why it could not be run at all; `line` and `code` where;
    `content` is what the file held when the grading began.
    """

    lesson: Lesson
    file: Path | None
    outcomes: list[Outcome] = field(default_factory=list)
    problem: str = ""
    line: int | None = None
    code: str = ""
    printed: str = ""
    seconds: float = 0.0
    content: bytes = b""

    @property
    def passed(self) -> bool:
        return not self.problem and bool(self.outcomes) and all(o.good for o in self.outcomes)

    @property
    def status(self) -> int:
        """The exit code: 0 all pass, 1 some fail, 2 the file could not be run."""
        return 2 if self.problem else int(not self.passed)


class Watched:
    """The observing process, with its report as it comes and no more of its output than we keep."""

    def __init__(self, lesson, file: Path, checks, seconds: float, megabytes: int):
        environment = {k: v for k, v in os.environ.items() if k != "TINYTORCH_EXPORTS"}
        environment |= {
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONIOENCODING": "utf-8:backslashreplace",
            "PYTHONUTF8": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            "MPLBACKEND": "Agg",
        }
        command = [sys.executable, "-m", "tinytorch.tito.observe", str(file), lesson.number]
        self.process = subprocess.Popen(
            [*command, str(seconds), str(megabytes), *checks],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=file.parent,
            env=environment,
            start_new_session=True,
        )
        self.lines: queue.Queue = queue.Queue()
        self.printed = ""
        self.readers = [
            threading.Thread(target=reader, daemon=True) for reader in (self._report, self._output)
        ]
        for reader in self.readers:
            reader.start()

    def _report(self):
        for line in self.process.stdout:
            self.lines.put(line.decode("utf-8", "replace"))
        self.lines.put(None)

    def _output(self):
        for chunk in iter(lambda: self.process.stderr.read1(65536), b""):
            if len(self.printed) < KEPT_OUTPUT:
                self.printed += chunk.decode("utf-8", "replace")[:KEPT_OUTPUT]

    def end(self) -> None:
        """Kill the process and all that it started."""
        try:
            if hasattr(os, "killpg"):
                os.killpg(self.process.pid, signal.SIGKILL)
            else:
                self.process.kill()
        except ProcessLookupError:
            pass
        self.process.wait()
        for reader, pipe in zip(
            self.readers, (self.process.stdout, self.process.stderr), strict=True
        ):
            reader.join()
            pipe.close()


def grade(
    lesson: Lesson,
    file: Path,
    *,
    progress=lambda check: None,
    seconds: float = SECONDS,
    megabytes: int = MEGABYTES,
) -> Grade:
    """Try every check of `lesson` on the file.

    Arguments:
        progress: called with the name of each check when it starts.
        seconds: for the import and for each check; what takes longer is killed.
        megabytes: address space of the process.
    """
    result = Grade(lesson, file)
    with contextlib.suppress(OSError):  # the process that runs it says what is wrong
        result.content = file.read_bytes()
    started = time.perf_counter()
    waiting = [check.name for check in lesson.checks]
    while waiting and not result.problem:
        waiting = watch(result, waiting, progress, seconds, megabytes)
        waiting = spare(result, waiting)
    settle(lesson, result.outcomes)
    result.seconds = time.perf_counter() - started
    return result


def watch(result: Grade, waiting: list, progress, seconds: float, megabytes: int) -> list:
    """Run the waiting checks in one process; those that are left if it had to be killed."""
    lesson, file = result.lesson, result.file
    checks = {check.name: check for check in lesson.checks}
    watched = Watched(lesson, file, waiting, seconds, megabytes)
    stage, last, frames = "start", None, []
    patience = 60.0  # to start Python and import NumPy, on a slow machine
    try:
        while True:
            try:
                line = watched.lines.get(timeout=patience)
            except queue.Empty:
                ended = "endless"
                break
            if line is None:
                ended = "gone"
                break
            try:
                report = json.loads(line)
            except ValueError:
                frames.append(line)
                continue
            event = report.pop("event")
            if event == "done":
                result.printed += watched.printed
                return []
            patience = seconds + 1.5
            if event == "import":
                stage = "import"
            elif event == "check":
                stage, last = "check", report["check"]
                progress(last)
            elif event == "seen":
                outcome = judge(lesson, checks[report["check"]], report)
                result.outcomes.append(outcome)
                waiting.remove(report["check"])
                stage = "between"
            elif event == "unloadable":
                unloadable(result, report)
                return []
    finally:
        watched.end()
    result.printed += watched.printed
    line, code = innermost(frames, file)
    if ended == "endless":
        what = f"was killed after {seconds:g} seconds: an endless loop?"
    else:
        what = f"ended its process ({death(watched.process.returncode)})"
    if stage != "check":
        result.problem = f"{file.name} {what}"
        result.line, result.code = line, code
        if stage == "start":
            result.problem = f"Python could not start: {watched.printed.strip()[-300:]}"
        return []
    state = "endless" if ended == "endless" else "error"
    result.outcomes.append(
        Outcome(last, checks[last].subject, state, message=what, line=line, code=code)
    )
    waiting.remove(last)
    return waiting


def spare(result: Grade, waiting: list) -> list:
    """Do not wait again for what has just not ended: the checks that are still worth trying."""
    if not result.outcomes or result.outcomes[-1].state != "endless":
        return waiting
    subject = result.outcomes[-1].subject
    subjects = {check.name: check.subject for check in result.lesson.checks}
    message = f"was not tried, since {subject} did not end before"
    result.outcomes += [
        Outcome(name, subject, "endless", message=message)
        for name in waiting
        if subjects[name] == subject
    ]
    return [name for name in waiting if subjects[name] != subject]


def unloadable(result: Grade, report: dict) -> None:
    kind, message, name = report["kind"], report["message"], result.file.name
    sentences = {
        "SystemExit": f"{name} calls sys.exit(): it ends before anything can be tried",
        "AskedForInput": f"{name} calls input(): {message}",
        "SyntaxError": f"{name} is not Python yet: {message}",
        "IndentationError": f"{name} is not Python yet: {message}",
        "TabError": f"{name} is not Python yet: {message}",
        "MemoryError": f"{name} asks for more memory than it may have",
        "blank": f"a blank is used while {name} is imported: {message}",
    }
    result.problem = sentences.get(kind, f"{name} cannot be imported: {kind}: {message}")
    result.line, result.code = report["line"], report["code"]


def innermost(frames: list[str], file: Path) -> tuple[int | None, str]:
    """The line of the learner's that was running when the time was up."""
    written = str(file).encode("ascii", "backslashreplace").decode()  # as faulthandler does
    for frame in frames:
        found = FRAME.search(frame)
        if found and found[1] == written:
            number = int(found[2])
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
            return number, lines[number - 1].strip() if number <= len(lines) else ""
    return None, ""


def death(code: int | None) -> str:
    if code is not None and code < 0:
        with_name = {s.value: s.name for s in signal.Signals}
        return f"signal {with_name.get(-code, -code)}"
    return f"status {code}"


def grade_package(lesson: Lesson, progress=lambda check: None) -> Grade:
    """The same checks on the package as installed, in this process."""
    from tinytorch.tito.bench import Bench, Package, observe
    from tinytorch.tito.observe import describe

    result, started = Grade(lesson, None), time.perf_counter()
    for check in lesson.checks:
        progress(check.name)
        bench, begun = Bench(Package(lesson.sources)), time.perf_counter()
        error = observe(check, bench)
        report = dict(
            seconds=time.perf_counter() - begun,
            tried=bench.tried,
            seen=bench.seen,
            dropped=bench.dropped,
            error=error and describe(error, Path(__file__)),
        )
        result.outcomes.append(judge(lesson, check, report))
    result.seconds = time.perf_counter() - started
    return result
