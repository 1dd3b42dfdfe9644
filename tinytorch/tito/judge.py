"""Judging: what a file did against what the package does, and whose mistake it looks like."""

from dataclasses import dataclass, field
from functools import cache

import numpy as np

from tinytorch.tito import bench as benches
from tinytorch.tito import lessons
from tinytorch.tito.bench import Bench, Package, mistaken, observe
from tinytorch.tito.lesson import Check, Lesson

RTOL, ATOL = 2e-5, 1e-7  # float32 arithmetic passes, every mistake of the tables does not

GOOD = ("passed", "inapplicable")


@dataclass
class Outcome:
    """How one check went.

    `state` is passed, failed, blank, missing, error, endless, inapplicable or "not run".
    """

    check: str
    subject: str
    state: str
    seconds: float = 0.0
    tried: dict = field(default_factory=dict)
    message: str = ""
    where: str = ""  # the observation at which file and package part
    got: object = None
    expected: object = None
    mistake: str = ""
    explanation: str = ""
    line: int | None = None
    code: str = ""
    file: str = ""
    seen: list = field(default_factory=list)

    @property
    def good(self) -> bool:
        return self.state in GOOD


def judge(lesson: Lesson, check: Check, report: dict) -> Outcome:
    """The outcome of a check, from what the observing process reported."""
    outcome = Outcome(
        check.name,
        check.subject,
        "passed",
        seconds=report["seconds"],
        tried=report["tried"],
        seen=report["seen"],
    )
    error = report["error"]
    if error and error["kind"] in ("blank", "missing", "inapplicable"):
        outcome.state, outcome.message = error["kind"], error["message"]
        outcome.line, outcome.code = error["line"], error.get("code", "")
        return outcome
    expected = expectation(lesson, check, report["dropped"])
    parted = part(report["seen"], expected, whole=not error)
    if error and parted is None:
        outcome.state = "error"
        kind, message = error["kind"], error["message"]
        if kind == "SystemExit":
            message = "the file calls sys.exit()"
        elif kind == "MemoryError":
            message = "it asks for more memory than a check may have"
        outcome.message = f"{kind}: {message}" if message else kind
        outcome.line, outcome.code = error["line"], error.get("code", "")
        outcome.file = error.get("file", "")
        return outcome
    if parted is not None:
        outcome.state = "failed"
        outcome.where, outcome.got, outcome.expected = parted
        known = name_mistake(lesson, check, report["seen"], report["dropped"])
        if known:
            outcome.mistake, outcome.explanation = known.name, known.explanation
    return outcome


def expectation(lesson: Lesson, check: Check, dropped: dict) -> list:
    """What the package does in this check."""
    bench = Bench(Package(lesson.sources), dropped)
    error = observe(check, bench)
    if error is not None:
        raise RuntimeError(f"the check {check.name!r} fails on the package itself") from error
    return bench.seen


def part(seen: list, expected: list, whole: bool = True):
    """(label, got, expected) of the first observation that differs, or None."""
    for i, (label, right) in enumerate(expected):
        if i >= len(seen):
            return (label, None, right) if whole else None
        if seen[i][0] != label:
            return seen[i][0], seen[i][1], right
        if not same(seen[i][1], right):
            return label, seen[i][1], right
    return None


def same(a, b) -> bool:
    """Whether two observations are equal, up to rounding."""
    if a is None or b is None or isinstance(a, (bool, str)) or isinstance(b, (bool, str)):
        return a == b and type(a) is type(b)
    try:
        a, b = np.asarray(a, float), np.asarray(b, float)
    except (TypeError, ValueError):
        return a == b
    return a.shape == b.shape and np.allclose(a, b, RTOL, ATOL, equal_nan=True)


def name_mistake(lesson: Lesson, check: Check, seen: list, dropped: dict):
    """The known mistake whose whole trajectory is this one, or None."""
    for mistake in mistakes_of(lesson):
        with mistaken(lesson, mistake) as names:
            bench = Bench(names, dropped)
            error = observe(check, bench)
        if error is None and len(bench.seen) == len(seen) and part(seen, bench.seen) is None:
            return mistake
    return None


@cache
def mistakes_of(lesson: Lesson) -> tuple:
    return tuple(lesson.mistakes())


def in_place(subject: str, names: dict) -> None:
    """Try a notebook's names in the notebook's own process, and print what came out."""
    for lesson in lessons.lessons():
        checks = [c for c in lesson.checks if subject in (c.subject, c.name)]
        if checks:
            break
    else:
        raise LookupError(f"no exercise is called {subject!r}")
    from tinytorch.tito.report import explain

    for check in checks:
        bench = Bench(names, own=lesson.must_be_own)
        error = observe(check, bench)
        if error is not None and not isinstance(
            error, (benches.NotThere, benches.Inapplicable, NotImplementedError)
        ):
            raise error
        report = {
            "seconds": 0.0,
            "tried": bench.tried,
            "seen": bench.seen,
            "dropped": bench.dropped,
            "error": error
            and {
                "kind": "inapplicable" if isinstance(error, benches.Inapplicable) else "missing",
                "message": str(error),
                "line": None,
            },
        }
        outcome = judge(lesson, check, report)
        print("\n".join(explain(outcome)))
        if not outcome.good:
            return
