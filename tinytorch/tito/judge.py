"""Judging: what a file did against what the package does, and whose mistake it looks like.

Nothing here runs a learner's code. A report comes from the process that did, and is taken for
what it is: a text that somebody may have made up, with whatever numbers they liked.
"""

import threading
from dataclasses import dataclass, field

import numpy as np

from tinytorch.tito.bench import Package, bench_for, mistaken, observe
from tinytorch.tito.lesson import Check, Lesson
from tinytorch.tito.mistakes import mistakes_of

RTOL, ATOL = 2e-5, 1e-7  # float32 arithmetic passes, every mistake of the tables does not

one_at_a_time = threading.RLock()  # a mistake changes the package for all threads while it is tried
GOOD = ("passed", "inapplicable", "remark")


@dataclass
class Outcome:
    """How one check went.

    `state` is passed, failed, blank, missing, error, endless, inapplicable, "not run", or remark:
    not what the package does, and right all the same.
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
    drawn: bool = False  # whether it passed with the workbook's numbers, and not with others
    mistake: str = ""
    explanation: str = ""
    line: int | None = None
    code: str = ""
    file: str = ""
    seen: list = field(default_factory=list)
    rounds: list = field(default_factory=list)  # what was reported of each
    suspects: list = field(default_factory=list)  # known mistakes that do exactly this

    @property
    def good(self) -> bool:
        return self.state in GOOD


def judge(lesson: Lesson, check: Check, report: dict, seed: int) -> Outcome:
    """The outcome of a check, from what the observing process reported of its rounds."""
    rounds = [found for found in map(readable, listed(report.get("rounds"))) if found]
    seconds = report.get("seconds")
    outcome = Outcome(check.name, check.subject, "passed")
    outcome.seconds = seconds if isinstance(seconds, float) else 0.0
    for number, found in enumerate(rounds[:2]):
        drawn = seed if number else None
        judge_round(outcome, lesson, check, found, drawn)
        outcome.drawn = bool(number)
        if outcome.state != "passed":
            break
    if outcome.state == "passed" and len(rounds) < 2:
        outcome.state, outcome.message = "error", "its report breaks off"
    outcome.rounds = rounds[:2]
    return outcome


def listed(value) -> list:
    return value if isinstance(value, list) else []


def readable(found) -> dict | None:
    """A round's report, if it has the form that the observing process gives it."""
    if not isinstance(found, dict):
        return None
    tried, seen, error = found.get("tried"), found.get("seen"), found.get("error")
    pairs = isinstance(seen, list) and all(
        isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) for pair in seen
    )
    told = error is None or (
        isinstance(error, dict)
        and isinstance(error.get("kind"), str)
        and isinstance(error.get("message"), str)
        and isinstance(error.get("line"), (int, type(None)))
    )
    return found if isinstance(tried, dict) and pairs and told else None


def judge_round(outcome: Outcome, lesson: Lesson, check: Check, found: dict, seed) -> None:
    error, seen = found["error"], found["seen"]
    outcome.tried = found["tried"]
    outcome.seen = seen if seed is None else outcome.seen
    kind = error["kind"] if error else ""
    if kind in ("blank", "missing", "inapplicable"):
        outcome.state, outcome.message = kind, error["message"]
        outcome.line, outcome.code = error["line"], str(error.get("code", ""))
        if kind == "inapplicable" and not check.optional:
            outcome.state, outcome.message = "missing", f"{check.subject} must do this"
        return
    parted = part(seen, expectation(lesson, check, seed), whole=not error)
    if parted is not None:
        outcome.state = "failed"
        outcome.where, outcome.got, outcome.expected = parted
    elif error:
        outcome.state, outcome.message = "error", sentence(error)
        outcome.line, outcome.code = error["line"], str(error.get("code", ""))
        outcome.file = str(error.get("file", ""))


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


def expectation(lesson: Lesson, check: Check, seed: int | None = None) -> list:
    """What the package does in a round of this check."""
    key = (lesson.number, check.name, seed)
    with one_at_a_time:
        if key not in _expected:
            bench = bench_for(check, Package(lesson.sources), seed=seed)
            error = observe(check, bench)
            if error is not None:
                raise RuntimeError(
                    f"the check {check.name!r} fails on the package itself"
                ) from error
            _expected[key] = bench.seen
        return _expected[key]


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
    except (TypeError, ValueError, OverflowError):
        return a == b
    return a.shape == b.shape and np.allclose(a, b, RTOL, ATOL, equal_nan=True)


# Whose mistake is it?


def alike(lesson: Lesson, mistake, check: Check, outcome: Outcome, seed: int) -> bool:
    """Whether a known mistake does exactly what the file did, to the error at its end."""
    for number, found in enumerate(outcome.rounds):
        theirs, ended = run_wrong(lesson, mistake, check, seed if number else None)
        error, seen = found["error"], found["seen"]
        if ended != ((error["kind"], error["message"]) if error else None):
            return False
        if len(theirs) != len(seen) or part(seen, theirs) is not None:
            return False
    return bool(outcome.rounds)


def run_wrong(lesson: Lesson, mistake, check: Check, seed: int | None = None) -> tuple:
    """What a known mistake does in a round of a check, and the exception that ended it."""
    key = (lesson.number, mistake.target, mistake.name, check.name, seed)
    with one_at_a_time:
        if key not in _runs:
            with mistaken(lesson, mistake) as names:
                bench = bench_for(check, names, seed=seed)
                error = observe(check, bench)
            _runs[key] = bench.seen, error and (type(error).__name__, str(error)[:1000])
        return _runs[key]


_runs: dict[tuple, tuple] = {}  # mistakes do the same every time
_expected: dict[tuple, list] = {}


def fails(lesson: Lesson, mistake, check: Check, seed: int) -> bool:
    """Whether a known mistake fails a check, in one of its rounds."""
    for drawn in (None, seed):
        seen, error = run_wrong(lesson, mistake, check, drawn)
        if error is not None or part(seen, expectation(lesson, check, drawn)) is not None:
            return True
    return False


def settle(lesson: Lesson, outcomes: list[Outcome], seed: int) -> None:
    """Decide what can only be decided with all outcomes at hand.

    A check that does not apply counts as done only where the same name (or the one it stands in
    for) passed another. What is right all the same is only remarked on. And whatever failed gets
    the name of the mistake that does the same, if there is one.
    """
    checks = {check.name: check for check in lesson.checks}
    passed = {outcome.subject for outcome in outcomes if outcome.state == "passed"}
    for outcome in outcomes:
        wants = checks[outcome.check].optional
        wants = outcome.subject if wants is True else wants
        if outcome.state == "inapplicable" and wants not in passed:
            outcome.state = "missing"
    bad = [o for o in outcomes if o.state in ("failed", "error")]
    for outcome in bad:
        remark = checks[outcome.check].remark
        alone = all(checks[o.check].remark for o in bad if o.subject == outcome.subject)
        if remark and alone and outcome.subject in passed:
            outcome.state, outcome.message = "remark", remark
    # What right files fail too is no evidence. What tells most apart, and costs least, comes first
    tried = [
        o
        for o in outcomes
        if o.state in ("failed", "error", "passed") and not checks[o.check].remark
    ]
    tried.sort(key=lambda o: (o.state == "passed", sum(len(r["seen"]) for r in o.rounds)))
    for subject in {o.subject for o in tried if o.state != "passed"}:
        accuse(lesson, subject, tried, checks, seed)
    plain = {o.subject for o in bad if not checks[o.check].says}  # what fails where nothing is odd
    for outcome in tried:
        if outcome.state == "failed" and not outcome.mistake:
            says = checks[outcome.check].says if outcome.subject not in plain else ""
            outcome.explanation = says or behaviour(outcome)


def behaviour(outcome: Outcome) -> str:
    """What strikes one about a difference that no known mistake makes, in a sentence, or ""."""
    got, expected = outcome.got, outcome.expected
    if isinstance(expected, (bool, str)) or expected is None or isinstance(got, (bool, str)):
        return ""
    if got is None:
        return "Nothing came out: is a return missing?"
    try:
        a, b = np.asarray(got, float), np.asarray(expected, float)
    except (TypeError, ValueError, OverflowError):
        return ""
    if a.shape != b.shape:
        return f"It has shape {a.shape}, and {b.shape} is asked for."
    if not np.isfinite(a).all():
        return "Something is divided by zero, or overflows."
    start = np.asarray(outcome.tried.get("start", 0.0), float)
    for origin, words in ((np.zeros(()), "Each number"), (start, "The step")):
        if origin.shape not in ((), b.shape) or not (b - origin).any():
            continue
        with np.errstate(all="ignore"):
            ratios = ((a - origin) / (b - origin)).ravel()
        ratios = ratios[np.isfinite(ratios)]
        if ratios.size > 1 and np.allclose(ratios, ratios[0], rtol=1e-4):
            if abs(ratios[0] + 1) < 1e-4:
                return f"{words} has the opposite sign."
            if abs(ratios[0] - 1) > 1e-3:
                return f"{words} is {ratios[0]:.4g} times what it should be."
    labels = [label for label, _ in outcome.seen]
    right = labels.index(outcome.where) if outcome.where in labels else 0
    if right and not outcome.drawn:
        return f"Right up to “{labels[right - 1]}”: it goes wrong from there on."
    return ""


def accuse(lesson: Lesson, subject: str, tried: list[Outcome], checks: dict, seed: int) -> None:
    """Name the mistake in the outcomes of one subject.

    It must pass what the file passed, and do the same wherever the file fails and it would fail
    too, in this subject and in its own: a wrong name is worse than none. Of several the one is
    meant that the other subjects contradict least, and that explains most failures.
    """

    def contradicts(mistake, outcome) -> bool:
        if outcome.state != "passed" and alike(
            lesson, mistake, checks[outcome.check], outcome, seed
        ):
            return False
        return fails(lesson, mistake, checks[outcome.check], seed)

    found = []
    touching = lesson.touches.get(subject, ("",))
    for mistake in mistakes_of(lesson):
        if not mistake.target.startswith(touching):
            continue
        owner = mistake.target.partition(".")[0]
        near = [o for o in tried if o.subject in (subject, owner)]
        here = [o for o in near if o.subject == subject and o.state != "passed"]
        if any(contradicts(mistake, outcome) for outcome in here):
            continue
        explains = [o for o in here if alike(lesson, mistake, checks[o.check], o, seed)]
        if explains and not any(contradicts(mistake, o) for o in near if o not in here):
            found.append((mistake, explains))
    if len(found) > 1:
        far = [o for o in tried if o.subject != subject]
        found.sort(key=lambda pair: (sum(contradicts(pair[0], o) for o in far), -len(pair[1])))
    for mistake, explains in found:
        for outcome in explains:
            outcome.suspects.append(mistake)
            if not outcome.mistake:
                outcome.mistake, outcome.explanation = mistake.name, mistake.explanation
