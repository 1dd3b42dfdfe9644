"""Grading a file: run it in a process of its own, watch it, judge what it reports."""

import contextlib
import importlib
import json
import os
import queue
import re
import secrets
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from tinytorch.tito.isolation import MEGABYTES, SECONDS, isolated
from tinytorch.tito.judge import Outcome, expectation, judge, one_at_a_time, part, settle
from tinytorch.tito.lesson import Lesson
from tinytorch.tito.trial import rounds

KEPT_OUTPUT = 4000  # characters of what the file printed
LONGEST = 8 << 20  # bytes of a line of the report
TRIAL = Path(__file__).with_name("trial.py")
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
    seed: int = 0
    isolation: str = "none"

    @property
    def passed(self) -> bool:
        return not self.problem and bool(self.outcomes) and all(o.good for o in self.outcomes)

    @property
    def status(self) -> int:
        """The exit code: 0 all pass, 1 some fail, 2 the file could not be run."""
        return 2 if self.problem else int(not self.passed)


class Stopped(Exception):
    """Grading was stopped from another thread, in the middle of a file."""


stopping = threading.Event()
running: set = set()  # the observing processes of all threads


def stop() -> None:
    """End what runs in every thread: whose file was being graded has no grade."""
    stopping.set()
    for watched in list(running):
        watched.kill()


class Watched:
    """The observing process, with its report as it comes and no more of its output than we keep."""

    def __init__(self, asked: dict, command: list[str]):
        folder = Path(asked["file"]).parent
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("TINYTORCH_", "PYTHON"))}
        environment = {
            **kept,
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONIOENCODING": "utf-8:backslashreplace",
            "PYTHONUTF8": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            "MPLBACKEND": "Agg",
        }
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder if folder.is_dir() else None,
            env=environment,
            start_new_session=True,
        )
        running.add(self)
        self.lines: queue.Queue = queue.Queue()
        self.printed = ""
        self.readers = [
            threading.Thread(target=read, daemon=True) for read in (self._report, self._output)
        ]
        for reader in self.readers:
            reader.start()
        with contextlib.suppress(OSError):  # it ended at once: its output says why
            self.process.stdin.write(json.dumps(asked).encode() + b"\n")
            self.process.stdin.flush()

    def _report(self):
        with self.process.stdout as pipe:
            for line in iter(lambda: pipe.readline(LONGEST), b""):
                self.lines.put(line.decode("utf-8", "replace"))
        self.lines.put(None)

    def _output(self):
        with self.process.stderr as pipe:
            for chunk in iter(lambda: pipe.read1(65536), b""):
                if len(self.printed) < KEPT_OUTPUT:
                    self.printed += chunk.decode("utf-8", "replace")[:KEPT_OUTPUT]

    def end(self) -> None:
        """Kill the process and all that it started.

        The readers are not waited for long: what a file has detached may hold the pipes for ever.
        """
        self.kill()
        self.process.wait()
        running.discard(self)
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        for reader in self.readers:
            reader.join(timeout=1.0)

    def kill(self) -> None:
        # Of a group whose processes have all ended a Mac says that it may not be killed.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self.process.pid, signal.SIGKILL)
            else:
                self.process.kill()


def grade(
    lesson: Lesson,
    file: Path,
    *,
    progress=lambda check: None,
    seconds: float = SECONDS,
    megabytes: int = MEGABYTES,
    seed: int | None = None,
    isolate: str = "none",
) -> Grade:
    """Try every check of `lesson` on the file.

    Arguments:
        progress: called with the name of each check when it starts.
        seconds: for the import and for each check; what takes longer is killed.
        megabytes: address space of the process.
        seed: of the numbers of the second round; drawn, and told in the result, if None.
        isolate: one of `isolation.MEANS`.

    Raises:
        Trouble: this system does not have that isolation.
    """
    seed = secrets.randbelow(10**6) if seed is None else seed
    result = Grade(lesson, file, seed=seed, isolation=isolate)
    with contextlib.suppress(OSError):  # the process that runs it says what is wrong
        result.content = file.read_bytes()
    started = time.perf_counter()
    for number, trial in enumerate(lesson.trials):
        asked = {
            "file": str(file.resolve()),
            "lesson": lesson.name,
            "trial": number,
            "sealed": sealed(lesson, trial),
            "checks": [check.name for check in lesson.checks_of(trial)],
            "seed": result.seed,
            "seconds": seconds,
            "megabytes": megabytes,
        }
        while asked["checks"] and not result.problem:
            asked["checks"] = watch(result, asked, progress)
            asked["checks"] = spare(result, asked["checks"])
            if result.outcomes and result.outcomes[-1].state == "endless":
                asked["seconds"] = min(seconds, 2.0)  # it will hardly be the last
        if result.problem:
            break
    order = {check.name: i for i, check in enumerate(lesson.checks)}
    result.outcomes.sort(key=lambda outcome: order[outcome.check])
    settle(lesson, result.outcomes, result.seed)
    for subject in {o.subject for o in result.outcomes if o.state == "failed" and not o.mistake}:
        alone(result, subject, asked)
    result.seconds = time.perf_counter() - started
    return result


LEFT_BEHIND = (
    "Tried alone it passes: what one object leaves behind, the next finds. State belongs to the "
    "object, self.m, not to the class, to the module or to a default argument."
)


def alone(result: Grade, subject: str, asked: dict) -> None:
    """Whether a check fails only because others came before it, in the same process."""
    bad = [o for o in result.outcomes if o.subject == subject and o.state in ("failed", "error")]
    single = [o for o in bad if "second" not in o.check and not o.drawn and not o.mistake]
    if len(bad) < 3 or not single:
        return
    trial = next(
        number
        for number, trial in enumerate(result.lesson.trials)
        if single[0].check in [check.name for check in result.lesson.checks_of(trial)]
    )
    again = Grade(result.lesson, result.file, seed=result.seed, isolation=result.isolation)
    changes = {"trial": trial, "sealed": sealed(result.lesson, result.lesson.trials[trial])}
    watch(again, {**asked, **changes, "checks": [single[0].check]}, lambda check: None)
    first = again.outcomes[0].rounds[:1] if again.outcomes else []
    right = expectation(result.lesson, result.lesson.check(single[0].check))
    if first and not first[0]["error"] and part(first[0]["seen"], right) is None:
        for outcome in bad:
            if not outcome.mistake:
                outcome.explanation = LEFT_BEHIND


def watch(result: Grade, asked: dict, progress) -> list:
    """Run the waiting checks in one process; those that are left if it had to be killed."""
    with isolated(result.isolation, asked) as command:
        return watch_command(result, asked, progress, command)


def watch_command(result: Grade, asked: dict, progress, command: list[str]) -> list:
    lesson, file, waiting = result.lesson, result.file, list(asked["checks"])
    checks, seconds = {check.name: check for check in lesson.checks}, asked["seconds"]
    watched = Watched(asked, command)
    stage, last, frames = "start", None, []
    announced: set[tuple] = set()
    until = time.monotonic() + 60.0  # to start Python and import NumPy, on a slow machine
    try:
        while True:
            if stopping.is_set():
                raise Stopped
            try:
                line = watched.lines.get(timeout=max(until - time.monotonic(), 0.01))
            except queue.Empty:
                ended = "endless"
                break
            if line is None and stopping.is_set():
                raise Stopped
            if line is None:
                ended = "gone"
                break
            report = event_of(line)
            if report is None:
                frames = [*frames[-200:], line]
                continue
            event, name = report["event"], report.get("check")
            if event == "done":
                ended = "done"
                break
            # Only what goes on gets more time: a file may write lines into the pipe for ever
            new = stage == "start" or (name in waiting and (event, name) not in announced)
            if new and event in ("import", "check", "seen"):
                announced.add((event, name))
                until = time.monotonic() + seconds + 1.5
            if event == "import":
                stage = "import"
            elif event == "check" and name in waiting:
                stage, last = "check", name
                progress(last)
            elif event == "seen" and name in waiting:
                result.outcomes.append(judge(lesson, checks[name], report, result.seed))
                waiting.remove(name)
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
    elif ended == "gone":
        what = f"ended its process ({death(watched.process.returncode)})"
    if ended == "done":  # whoever says so without having tried all has not tried all
        result.outcomes += [
            Outcome(name, checks[name].subject, "not run", message="the report breaks off before")
            for name in waiting
        ]
        return []
    if stage in ("start", "import") or last not in waiting:
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


def event_of(line: str) -> dict | None:
    """A line of the report, if it is one."""
    try:
        report = json.loads(line)
    except (ValueError, RecursionError):
        return None
    known = isinstance(report, dict) and isinstance(report.get("event"), str)
    return report if known else None


def sealed(lesson: Lesson, trial) -> dict[str, list[str] | None]:
    """Which functions of which module are out of reach in a trial; None for all of them."""
    found: dict[str, list[str] | None] = {}
    for target in trial.targets or [exercise.target for exercise in lesson.exercises]:
        owner, _, member = target.partition(".")
        with one_at_a_time:
            home, name = where(lesson, owner, member)
        found.setdefault(home, []).append(name)
    for name in trial.sealed():
        module, _, function = f"tinytorch.{name}".partition(":")
        if function:
            found.setdefault(module, []).append(function)
        else:
            found[module] = None
    return found


def where(lesson: Lesson, owner: str, member: str) -> tuple[str, str]:
    """The module that holds an answer, and its name there."""
    for source in lesson.sources:
        value = getattr(importlib.import_module(source), owner, None)
        if value is not None:
            return value.__module__, f"{owner}.{member}" if member else owner
    raise LookupError(f"{lesson.folder}: the package defines no {owner}")


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
    kind, message = str(report.get("kind")), str(report.get("message"))[:1000]
    name, line = result.file.name, report.get("line")
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
    result.line = line if isinstance(line, int) else None
    result.code = str(report.get("code", ""))


def innermost(frames: list[str], file: Path) -> tuple[int | None, str]:
    """The line of the learner's that was running when the time was up."""
    whole = str(file.resolve())  # as it was asked for: on a Mac /var is /private/var
    written = whole.encode("ascii", "backslashreplace").decode()  # as faulthandler does
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
    from tinytorch.tito.bench import Package

    result, started = Grade(lesson, None), time.perf_counter()
    for check in lesson.checks:
        progress(check.name)
        begun = time.perf_counter()
        report = {
            "rounds": rounds(check, Package(lesson.sources), None, result.seed, TRIAL),
            "seconds": time.perf_counter() - begun,
        }
        result.outcomes.append(judge(lesson, check, report, result.seed))
    result.seconds = time.perf_counter() - started
    return result
