"""Judging: what a file did against what the package does, and whose mistake it looks like."""

import linecache
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from tinytorch.tito import lessons
from tinytorch.tito.bench import Bench, Inapplicable, NotThere, Package, mistaken, observe
from tinytorch.tito.lesson import BLANK, Check, Lesson

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
    suspects: list = field(default_factory=list)  # known mistakes that do exactly this

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
    error, seen = report["error"], report["seen"]
    if error and error["kind"] in ("blank", "missing", "inapplicable"):
        outcome.state, outcome.message = error["kind"], error["message"]
        outcome.line, outcome.code = error["line"], error.get("code", "")
        return outcome
    parted = part(seen, expectation(lesson, check, report["dropped"]), whole=not error)
    if parted is not None:
        outcome.state = "failed"
        outcome.where, outcome.got, outcome.expected = parted
    elif error:
        outcome.state, outcome.message = "error", sentence(error)
        outcome.line, outcome.code = error["line"], error.get("code", "")
        outcome.file = error.get("file", "")
    if not outcome.good:
        outcome.suspects = suspects(lesson, check, seen, report["dropped"], error)
        accuse(outcome)
    return outcome


def sentence(error: dict) -> str:
    """An exception in the learner's file as one line."""
    kind, message = error["kind"], error["message"]
    if kind == "SystemExit":
        return "it calls sys.exit()"
    if kind == "AskedForInput":
        return f"it calls input(): {message}"
    if kind == "MemoryError":
        return "it asks for more memory than a check may have"
    return f"{kind}: {message}" if message else kind


def accuse(outcome: Outcome) -> None:
    """Name the first suspect."""
    first = outcome.suspects[0] if outcome.suspects else None
    outcome.mistake = first.name if first else ""
    outcome.explanation = first.explanation if first else ""


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


def suspects(lesson: Lesson, check: Check, seen: list, dropped: dict, error=None) -> list:
    """The known mistakes whose whole trajectory is this one, to the error at its end."""
    found = []
    for mistake in mistakes_of(lesson):
        theirs, ended = run_wrong(lesson, mistake, check, dropped)
        alike = (error["kind"], error["message"]) if error else None
        if alike != ((type(ended).__name__, str(ended)) if ended else None):
            continue
        if len(theirs) == len(seen) and part(seen, theirs) is None:
            found.append(mistake)
    return found


def run_wrong(lesson: Lesson, mistake, check: Check, dropped: dict) -> tuple:
    """What a known mistake does in a check, and the exception that ended it."""
    key = (lesson.number, mistake.target, mistake.name, check.name, repr(dropped))
    if key not in _runs:
        with mistaken(lesson, mistake) as names:
            bench = Bench(names, dropped)
            error = observe(check, bench)
        _runs[key] = bench.seen, error
    return _runs[key]


_runs: dict[tuple, tuple] = {}  # mistakes do the same every time


def settle(lesson: Lesson, outcomes: list[Outcome]) -> None:
    """Where several known mistakes do the same in one check, let the other checks decide.

    First come those that would have passed wherever the file passed, then those that explain most
    of the failures.
    """
    checks = {check.name: check for check in lesson.checks}
    explained: dict[str, int] = {}
    for outcome in outcomes:
        for mistake in outcome.suspects:
            explained[mistake.name] = explained.get(mistake.name, 0) + 1
    clear: dict[str, bool] = {}

    def contradicted(mistake) -> bool:
        """Whether the file passes a check that this mistake fails."""
        if mistake.name not in clear:
            passed = [checks[o.check] for o in outcomes if o.state == "passed"]
            runs = ((c, run_wrong(lesson, mistake, c, {})) for c in passed)
            clear[mistake.name] = any(
                error is not None or part(seen, expectation(lesson, check, {})) is not None
                for check, (seen, error) in runs
            )
        return clear[mistake.name]

    for outcome in outcomes:
        if len(outcome.suspects) > 1:
            outcome.suspects.sort(key=lambda m: (contradicted(m), -explained[m.name]))
            accuse(outcome)


@cache
def mistakes_of(lesson: Lesson) -> tuple:
    return tuple(lesson.mistakes())


def in_place(names: dict, chosen) -> None:
    """Try a notebook's names in the notebook's own process, and print what came out.

    Raises:
        LookupError: there is no such check.
    """
    from tinytorch.tito.report import explain

    known = {check.name: (lesson, check) for lesson in lessons.lessons() for check in lesson.checks}
    for name in chosen:
        if name not in known:
            raise LookupError(f"no check is called {name!r}")
        lesson, check = known[name]
        bench = Bench(names, own=lesson.must_be_own)
        error = observe(check, bench)
        report = {
            "seconds": 0.0,
            "tried": bench.tried,
            "seen": bench.seen,
            "dropped": bench.dropped,
            "error": error and located(error, names),
        }
        outcome = judge(lesson, check, report)
        print("\n".join(explain(outcome)))
        if not outcome.good:
            return


def located(error: BaseException, names: dict) -> dict:
    """What went wrong, at which line of the notebook's that these names live in."""
    kinds = {NotThere: "missing", Inapplicable: "inapplicable"}
    report = {"kind": kinds.get(type(error), type(error).__name__), "message": str(error)}
    if isinstance(error, NotImplementedError) and str(error).startswith(BLANK):
        report["kind"] = "blank"
    report |= {"line": None, "code": ""}
    walk = error.__traceback__
    while walk:
        if walk.tb_frame.f_globals is names:
            report["line"] = walk.tb_lineno
            report["code"] = linecache.getline(walk.tb_frame.f_code.co_filename, walk.tb_lineno)
            report["code"] = report["code"].strip()
        walk = walk.tb_next
    return report
