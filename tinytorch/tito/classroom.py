"""A class graded at once: in parallel, to be resumed, one record a submission."""

import csv
import json
import os
import re
import secrets
import tempfile
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tinytorch.tito import grade as grading
from tinytorch.tito import lessons
from tinytorch.tito.grade import Grade, grade
from tinytorch.tito.report import clean, explain
from tinytorch.tito.submissions import Submission
from tinytorch.tito.workspace import Trouble, write


@dataclass
class Record:
    """How a submission did, as it is kept in a file."""

    learner: str
    module: str
    source: str
    key: str
    points: float
    of: float
    seed: int
    isolation: str
    problem: str = ""
    seconds: float = 0.0
    checks: list = field(default_factory=list)  # name, state, points, of, mistake, told, got, seen

    @property
    def mistakes(self) -> set[str]:
        """Each named mistake once, with the first name it shows in."""
        first = {c["mistake"]: c["subject"] for c in reversed(self.checks) if c["mistake"]}
        return {f"{subject}: {mistake}" for mistake, subject in first.items()}


def graded(submission: Submission, points: dict, **options) -> Record:
    """Grade one submission, in a folder of its own."""
    lesson = lessons.load(submission.module)
    with tempfile.TemporaryDirectory(prefix="tito-") as folder:
        path = Path(folder) / "source" / lesson.folder / lesson.file
        path.parent.mkdir(parents=True)
        path.write_text(submission.text, encoding="utf-8")
        for name, text in submission.beside:
            (path.parent / name).write_text(text, encoding="utf-8")
        return record(submission, grade(lesson, path, **options), points)


def record(submission: Submission, result: Grade, points: dict) -> Record:
    lesson, checks = result.lesson, []
    outcomes = {outcome.check: outcome for outcome in result.outcomes}
    for check in lesson.checks:
        outcome, worth = outcomes.get(check.name), points[lesson.name][check.name]
        good = outcome is not None and outcome.good
        checks.append(
            {
                "check": check.name,
                "subject": check.subject,
                "state": outcome.state if outcome else "not run",
                "points": worth if good else 0.0,
                "of": worth,
                "mistake": outcome.mistake if outcome else "",
                "told": explain(outcome) if outcome else [],
                "got": outcome.got if outcome else None,
                "seen": outcome.seen if outcome and check.plot else [],
            }
        )
    problem = clean(result.problem)
    if result.line:
        problem += f" (line {result.line}: {clean(result.code)})"
    return Record(
        submission.learner, lesson.name, submission.source, submission.key,
        round(sum(c["points"] for c in checks), 4), sum(c["of"] for c in checks), result.seed,
        result.isolation, problem, round(result.seconds, 2), checks,
    )  # fmt: skip


def nothing_handed_in(empty: Submission, points: dict, seed: int) -> Record:
    """The record of a submission in which no file could be read."""
    lesson = lessons.load(empty.module)
    problem = f"there is no {lesson.file} in it, nor another Python file or notebook"
    return record(empty, Grade(lesson, None, problem=problem, seed=seed), points)


def grade_all(submissions, folder: Path, points: dict, *, jobs, progress, **options):
    """Grade all, and keep each record as soon as it is there: what was graded is not graded again.

    Arguments:
        progress: called after each submission.
        options: of `grade`, the seed among them; another seed, or rubric, begins anew.
    """
    kept = folder / "records"
    word = json.dumps([options, points], sort_keys=True, default=str)

    def one(submission: Submission) -> Record:
        path = kept / f"{submission.key}.json"
        if path.is_file():
            try:
                stored = json.loads(path.read_text(encoding="utf-8"))
                if stored.pop("asked") == word:
                    return Record(**stored)
            except (ValueError, KeyError, TypeError):
                pass  # of another version, or cut off
        made = graded(submission, points, **options)
        text = json.dumps({**asdict(made), "asked": word}, ensure_ascii=False)
        write(path, text.encode("utf-8", "replace"))
        return made

    records = []
    grading.stopping.clear()
    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        try:
            for made in pool.map(one, submissions):
                records.append(made)
                progress(made)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            grading.stop()  # nobody waits for a file that never ends
            raise
    return records


def seed_of(folder: Path, seed: int | None) -> int:
    """The seed of a class: as asked, as it was when the grading began, or drawn."""
    path = folder / "records" / "seed"
    if seed is None and path.is_file():
        return int(path.read_text())
    seed = secrets.randbelow(10**6) if seed is None else seed
    write(path, str(seed).encode())
    return seed


# Points


def rubric(path: Path | None) -> dict[str, dict[str, float]]:
    """Points of each check of each module: one, or what a file says.

    The file is a CSV of `name,points`; a name is a check, or what it tries ("Adam"), whose points
    are then shared by its checks.

    Raises:
        Trouble: a name that there is not, or points that are no number.
    """
    points = {
        lesson.name: {check.name: 1.0 for check in lesson.checks} for lesson in lessons.lessons()
    }
    if path is None:
        return points
    for number, row in enumerate(csv.reader(path.read_text("utf-8-sig").splitlines()), start=1):
        if not row or row[0].lstrip().startswith("#") or row == ["name", "points"]:
            continue
        name, value = row[0].strip(), row[-1].strip()
        try:
            worth = float(value)
        except ValueError:
            raise Trouble(f"{path}, line {number}: {value!r} is no number of points") from None
        hit = False
        for lesson in lessons.lessons():
            chosen = [c.name for c in lesson.checks if name in (c.name, c.subject)]
            for check in chosen:
                points[lesson.name][check] = worth / len(chosen)
                hit = True
        if not hit:
            raise Trouble(f"{path}, line {number}: no check and no name is called {name!r}")
    return points


def as_csv(records: list[Record]) -> str:
    """A row a submission; a column a check."""
    import io

    names = list(dict.fromkeys(c["check"] for r in records for c in r.checks))
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(["learner", "module", "points", "of", "problem", "mistakes", "seed", *names])
    for r in records:
        by_name = {c["check"]: c["points"] for c in r.checks}
        cells = [f"{by_name[name]:g}" if name in by_name else "" for name in names]
        head = [r.learner, r.module, f"{r.points:g}", f"{r.of:g}", r.problem]
        head.append("; ".join(sorted(r.mistakes)))
        table.writerow([*map(harmless, head), r.seed, *cells])
    return out.getvalue()


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t")) else cell


# What to talk about, and with whom


def common(records: list[Record]) -> list[tuple[str, int]]:
    """Named mistakes, and in how many submissions each is."""
    return Counter(name for r in records for name in r.mistakes).most_common()


def hardest(records: list[Record]) -> list[tuple[str, int]]:
    """Checks, and in how many submissions each fails."""
    failing = Counter(
        c["check"] for r in records for c in r.checks if c["points"] < c["of"] and not r.problem
    )
    return failing.most_common()


def alike(records: list[Record], submissions: list[Submission]) -> list[tuple[list[str], str]]:
    """Learners whose work is alike beyond chance, and why; to be looked at, not to be judged by."""
    pairs = []
    by_key = {s.key: s for s in submissions}
    wrong, written = defaultdict(list), defaultdict(list)
    for r in records:
        odd = tuple(
            (c["check"], json.dumps(c["got"]))
            for c in r.checks
            if c["state"] == "failed" and not c["mistake"] and c["got"] is not None
        )
        if len(odd) > 1:
            wrong[r.module, odd].append(r.learner)
        shape = skeleton(by_key[r.key].text, r.module)
        if shape:
            written[r.module, shape].append(r.learner)
    for (_, odd), who in wrong.items():
        if len(who) > 1:
            pairs.append((who, f"the same unusual numbers in {len(odd)} checks"))
    for who in written.values():
        if len(who) > 1:
            pairs.append((who, "the same program, up to names, comments and layout"))
    return pairs


def skeleton(text: str, module: str) -> str:
    """What a learner wrote, without names, comments and layout; empty if it is the usual answer."""
    import ast

    lesson = lessons.load(module)
    targets = {e.target.rpartition(".")[2] for e in lesson.exercises}
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return ""
    bodies = [
        ast.dump(ast.Module(node.body, []))
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name in targets | {"step", "__init__"}
    ]
    shape = re.sub(r"(id|attr|arg|name)='\w*'", r"\1", "\n".join(bodies))
    # Short right answers are alike by nature: only long ones tell
    return shape if len(shape) > 6000 else ""
