"""In a notebook: an exercise is tried where it was written, and the report printed below it.

The notebook's own process judges here, which nobody has a reason to deceive: `tito test` runs the
file in another one.
"""

import linecache
from html import escape
from pathlib import Path


def try_out(names: dict, *checks: str) -> None:
    """Try an exercise in a notebook: `try_out(globals(), "SGD: a trajectory")`.

    Raises:
        LookupError: there is no such check.
    """
    from tinytorch import exports

    exports.deactivate()  # before anything that judges is imported: it would be its own measure
    from tinytorch.tito import lessons
    from tinytorch.tito.report import explain

    for name in checks:
        outcome = tried(names, *lessons.check(name))
        print("\n".join(explain(outcome)))
        if not outcome.good:
            return


class Report:
    """What every check of a module says of a notebook's names: text, or HTML where it is shown."""

    def __init__(self, lesson, outcomes):
        self.lesson, self.outcomes = lesson, outcomes

    def __repr__(self) -> str:
        from tinytorch.tito.report import explain

        bad = [o for o in self.outcomes if not o.good or o.state == "remark"]
        lines = [line for o in bad for line in explain(o)]
        return "\n".join([*lines, self.summary()])

    def summary(self) -> str:
        good = sum(o.good for o in self.outcomes)
        return f"{self.lesson.number} {self.lesson.title}: {good} of {len(self.outcomes)} pass"

    def _repr_html_(self) -> str:
        from tinytorch.tito.report import explain

        parts = [f"<p><b>{escape(self.summary())}</b></p>"]
        for outcome in self.outcomes:
            if not outcome.good or outcome.state == "remark":
                head, *rest = map(escape, explain(outcome))
                body = "\n".join(rest)
                first = " open" if len(parts) == 1 else ""
                parts.append(
                    f"<details{first}><summary>{head}</summary><pre>{body}</pre></details>"
                )
        return "\n".join(parts)


def report_on(names: dict, word: str) -> Report:
    """Try every check of a module on a notebook's names: `report_on(globals(), "06")`.

    Raises:
        LookupError: there is no such module.
    """
    from tinytorch import exports

    exports.deactivate()
    from tinytorch.tito import lessons
    from tinytorch.tito.judge import settle

    lesson = lessons.find(word)
    outcomes = [tried(names, lesson, check) for check in lesson.checks]
    for outcome in outcomes:
        outcome.mistake = outcome.explanation = ""
        outcome.suspects = []
    settle(lesson, outcomes, 0)
    return Report(lesson, outcomes)


def points(word: str, subject: str, *, of: float, notebook: str) -> float:
    """Points of one name in a saved notebook: nbgrader takes the number for a cell's credit.

    The notebook runs in a process of its own, as `tito grade` runs it; what is wrong is printed.

    Raises:
        LookupError: there is no such module.
        OSError: no notebook of this name lies in the current folder.
        ValueError: it is no notebook.
    """
    from tinytorch import exports

    exports.deactivate()
    from tinytorch.tito import classroom, lessons
    from tinytorch.tito.submissions import Submission, text_of

    lesson, file = lessons.find(word), Path(notebook)
    text = text_of(file.name, file.read_bytes())
    worth = {lesson.name: {check.name: 1.0 for check in lesson.checks}}
    made = graded_once(Submission("", lesson.name, notebook, text), worth, classroom.graded)
    if made.problem:
        print(made.problem)
        return 0.0
    mine = [c for c in made.checks if c["subject"] == subject]
    for check in mine:
        if not check["points"]:
            print("\n".join(check["told"]))
    return round(of * sum(c["points"] for c in mine) / len(mine), 4)


_made: dict = {}  # the last notebook's record: each name has a cell of its own


def graded_once(submission, worth, graded):
    if submission.key not in _made:
        _made.clear()
        _made[submission.key] = graded(submission, worth)
    return _made[submission.key]


def load_ipython_extension(shell) -> None:
    """`%load_ext tinytorch.tito`, then `%tito 06` in any cell."""
    shell.register_magic_function(lambda line: report_on(shell.user_ns, line), "line", "tito")


def tried(names: dict, lesson, check):
    """How one check went on these names."""
    from tinytorch.tito.bench import bench_for, observe
    from tinytorch.tito.judge import judge, settle

    found, seed = [], 0
    for drawn in (None, seed):
        bench = bench_for(check, names, lesson.must_be_own, drawn)
        error = observe(check, bench)
        found.append(
            {"tried": bench.tried, "seen": bench.seen, "error": error and located(error, names)}
        )
        if error is not None:
            break
    outcome = judge(lesson, check, {"rounds": found}, seed)
    settle(lesson, [outcome], seed)
    return outcome


def located(error: BaseException, names: dict) -> dict:
    """What went wrong, at which line of the notebook's that these names live in."""
    from tinytorch.tito.bench import Inapplicable, NotThere
    from tinytorch.tito.lesson import BLANK, words_of

    kinds = {NotThere: "missing", Inapplicable: "inapplicable"}
    report = {"kind": kinds.get(type(error), type(error).__name__), "message": words_of(error)}
    if isinstance(error, NotImplementedError) and report["message"].startswith(BLANK):
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
