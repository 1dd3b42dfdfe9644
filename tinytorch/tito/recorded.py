"""A module's steps as a page tries them: what the package did, and each known mistake.

The page has no NumPy and none of the package. It runs the text of the checks on what the reader
wrote (tinytorch/lab/web/workbook.py) and compares what comes out with what is recorded here.
"""

import ast
import functools
import importlib
import inspect
import json
import math
import re
import sys
import textwrap

from tinytorch import exports
from tinytorch.core import checks as core_checks
from tinytorch.optim import declarations, groups, optimizer, schedules, synonyms
from tinytorch.tito import bench, judge, lessons, report
from tinytorch.tito.grade import sealed
from tinytorch.tito.lesson import Exercise, Function, Lesson, in_place
from tinytorch.tito.mistakes import mistakes_of
from tinytorch.tito.trial import seal
from tinytorch.tito.workbook import body, global_names, workbook

DIGITS = 9  # of a recorded number


def pieces(lesson: Lesson) -> list:
    """The workbook, cut at its blanks: text, and (target, indentation) for each blank function."""
    text = workbook(lesson)
    lines, cut, at = text.splitlines(keepends=True), [], 0
    for target, node in in_place(text, lesson).items():
        cut += ["".join(lines[at : node.lineno - 1]), [target, " " * node.col_offset]]
        at = node.end_lineno
        lines[at - 1] = "\n"
        at -= 1
    return [*cut, "".join(lines[at:])]


def unwritten(lesson: Lesson, exercise: Exercise) -> tuple[str, str]:
    """A function as the workbook has it: with its docstring, and what it raises while it waits."""
    text = workbook(lesson)
    node = in_place(text, lesson)[exercise.target]
    lines = text.splitlines(keepends=True)[node.lineno - 1 : node.end_lineno]
    last = node.body[-1].lineno - node.lineno
    whole = textwrap.dedent("".join(lines)).splitlines(keepends=True)
    return "".join(whole[:last]), "".join(whole[last:])


def blank(lesson: Lesson, exercise: Exercise) -> str:
    """The same without a body."""
    return unwritten(lesson, exercise)[0]


def answer(lesson: Lesson, exercise: Exercise) -> str:
    """The same with the package's body."""
    return blank(lesson, exercise) + textwrap.indent(body(lesson, exercise.target), "    ") + "\n"


def checks_text(lesson: Lesson, names: set[str]) -> str:
    """The checks of these names as the lesson's file has them, and what that file defines for them.

    They become the dictionary CHECKED.
    """
    module = importlib.import_module(f"tinytorch.tito.lessons.{lesson.name}")
    text = inspect.getsource(module)
    defined, checks = {}, []
    for node in ast.parse(text).body:
        if isinstance(node, (*Function, ast.ClassDef)):
            defined[node.name] = node
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            defined[node.targets[0].id] = node
    for node in defined["CHECKS"].value.elts:
        if node.args[0].value in names:
            checks.append(node)
    waiting, kept = list(checks), set()
    while waiting:
        used = {n.id for n in ast.walk(waiting.pop()) if isinstance(n, ast.Name)}
        used = (used & set(defined)) - kept
        kept |= used
        waiting += [defined[name] for name in used]
    parts = [ast.get_source_segment(text, defined[name]) for name in defined if name in kept]
    parts = [
        re.sub(r"^ +from tinytorch\b.*\n", "", text, flags=re.M) for text in parts
    ]  # all is there
    listed = ",\n".join(ast.get_source_segment(text, node) for node in checks)
    parts.append(f"CHECKED = {{check.name: check for check in (\n{listed},\n)}}")
    return "\n\n".join(parts) + "\n"


# What stands in the page as the package has it, for its small optimizer and its bench
FUNCTIONS = (
    judge.part, judge.same, report.in_figures, report.conditions, exports.translate, bench.required,
    declarations.Value, declarations.moments, declarations.Declared, declarations.part_names,
    declarations.declared, synonyms.current_names, groups.Group, optimizer.ascend,
    optimizer.coupled,
)  # fmt: skip
METHODS = {
    "Optimizer(Optimizer, Declares)": [
        getattr(optimizer.Optimizer, name)
        for name in (
            "__init__", "numbers", "decay", "carried", "prepare", "add_param_group",
            "_read_params", "_check_params", "check_values", "check_value", "get_value",
            "set_value", "set_values", "_refuse_unknown", "check_group", "_move", "fit_state",
            "stages", "zero_grad",
        )
    ],
    "Scheduler(Scheduler, Declares)": [
        getattr(schedules.Scheduler, name)
        for name in ("factor", "lr", "values", "settle", "get_last_lr", "get_value", "set_value",
                     "for_each", "require_lists")
    ],
    "Bench(Bench)": [bench.Bench.make, bench.Bench.takes, bench.Bench.trying, bench.Bench.see],
}  # fmt: skip
NUMBERS = {
    "RTOL": judge.RTOL, "ATOL": judge.ATOL, "WORDS": exports.WORDS, "PAIRS": exports.PAIRS,
    "CUSTOMARY": bench.CUSTOMARY, "SYNONYMS": synonyms.SYNONYMS,
}  # fmt: skip
MAXIMIZE = '    schedulers, maximize = (), Value(FLAG, "", default=False, kw_only=True)\n'


def of_package() -> str:
    """Text of the package that the page's own optimizer is made of."""
    allowed = inspect.getsource(core_checks).replace("from numbers import Integral, Real\n", "")
    texts = [allowed, "".join(f"{name} = {value!r}\n" for name, value in NUMBERS.items())]
    texts += [inspect.getsource(f) for f in FUNCTIONS]
    for name, methods in METHODS.items():
        own = "\n".join(inspect.getsource(m) for m in methods)
        own = own.replace("def __init__(self, params, defaults", "def begin(self, params, defaults")
        own += MAXIMIZE * name.startswith("Optimizer")
        texts.append(f"class {name}:\n{own}")
    return "\n\n".join([*texts, "portable, first_declared = plain, {}\n"])


def given(lesson: Lesson) -> str:
    """Text of the checks, and of what the answers and they use: other rules, how is told.

    What is out of reach while `tito test` tries a file is so in the page.
    """
    texts = [of_package()]
    own = {e.target for e in lesson.exercises}
    modules = [importlib.import_module(name) for name in lesson.sources]
    closed = [sealed(lesson, trial) for trial in lesson.trials]
    for exercise in lesson.exercises:
        for name in sorted(global_names(answer(lesson, exercise)) - own):
            value = next((vars(m)[name] for m in modules if name in vars(m)), None)
            if inspect.isfunction(value) and name != "check":
                tree = ast.parse(inspect.getsource(value))
                if any(name in (found.get(value.__module__, ()) or ()) for found in closed):
                    tree = seal(tree, [name])
                texts.append(ast.unparse(tree))
                texts.append(f"{name}.__module__ = {value.__module__!r}\n")
    checks = {check.name for check in applied(lesson)}
    texts.append(f"IMPORTED = {imported(lesson)!r}\n")
    return "\n\n".join(texts) + "\n\n" + checks_text(lesson, checks)


def imported(lesson: Lesson) -> list[str]:
    """Names that the workbook's first cell imports, but for the one that runs checks in it."""
    nodes = [
        n for n in ast.parse(workbook(lesson)).body if isinstance(n, (ast.Import, ast.ImportFrom))
    ]
    names = [alias.asname or alias.name for node in nodes for alias in node.names]
    return sorted({*names} - {"try_out"})


def applied(lesson: Lesson) -> list:
    """The checks that the page makes: all but those that only remark on what is right."""
    return [check for check in lesson.checks if not check.remark]


SEED = 6  # of the numbers of the second round


class Noted(bench.Bench):
    """The bench of the second round, with what it has drawn, and the names it was asked for."""

    def __init__(self, *given, **more):
        super().__init__(*given, **more)
        self.noted: list = []
        self.asked: set = set()

    def find(self, name):
        self.asked.add(name)
        return super().find(name)

    def vary(self, value):
        new = super().vary(value)
        if value is not None and not isinstance(value, (bool, str, dict, tuple)):
            self.noted.append(bench.portable(new))
        return new


@functools.cache
def second(lesson: Lesson, check) -> Noted:
    """The second round of a check on the package."""
    usual = bench.bench_for(check, bench.Package(lesson.sources), seed=SEED)
    noted = Noted(usual._names, rng=usual._rng)
    bench.observe(check, noted)
    return noted


def short(value):
    """What was seen, its numbers to a few digits, and as words where JSON has none."""
    if isinstance(value, (list, tuple)):
        return [short(v) for v in value]
    if not isinstance(value, float):
        return value
    if math.isfinite(value):
        return float(f"{value:.{DIGITS}g}")
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def split(group: list, run_of) -> list[list]:
    """The group in parts that a check tells apart."""
    parts: list[list] = []
    for one in group:
        seen, ended = run_of(one)
        for part in parts:
            theirs, other = run_of(part[0])
            if ended == other and len(seen) == len(theirs) and not judge.part(seen, theirs):
                part.append(one)
                break
        else:
            parts.append([one])
    return parts


def recorded(lesson: Lesson, targets: list[str]) -> dict:
    """The checks that try a step, and what its known mistakes do in those that tell them apart."""
    mistakes = [m for m in mistakes_of(lesson) if m.target in targets]
    subjects = {t.partition(".")[0] for t in targets}
    touched = {s for s, of in lesson.touches.items() if any(t.startswith(of) for t in targets)}
    concerned = [c for c in applied(lesson) if second(lesson, c).asked & (subjects | touched)]
    checks = [c for c in concerned if c.subject in subjects | touched and not c.plot]
    right = functools.partial(judge.expectation, lesson)

    def told(mistake, check) -> list:
        seen, ended = judge.run_wrong(lesson, mistake, check)
        return [short(seen), ended[0] if ended else ""]

    kept, groups = [], [[None, *mistakes]]  # of what is not told apart yet; None is the package
    for check in checks:
        run_of = functools.cache(
            lambda m, check=check: judge.run_wrong(lesson, m, check) if m else (right(check), None)
        )
        parts = [part for group in groups for part in split(group, run_of)]
        if len(parts) > len(groups):
            kept, groups = [*kept, check], parts
    return {
        "checks": [c.name for c in concerned],
        "tells": [c.name for c in kept],
        "mistakes": [
            {
                "target": m.target, "name": m.name, "explanation": m.explanation,
                "runs": {c.name: told(m, c) for c in kept},
            }
            for m in mistakes
        ],
    }  # fmt: skip


def record(lesson: Lesson, steps: list[list[str]]) -> dict:
    """All that a page needs to try the steps, each a list of targets.

    Returns: the module's "number" and "folder"; "file", the workbook's name, and "pieces" of it;
    "given", text; the package's "answers"; of the "exercises" the "blank", what is "unwritten" in
    the file, what to "write" and the "hints"; and what was recorded of the "steps".
    """
    exercises = {e.target: e for e in lesson.exercises}
    return {
        "number": lesson.number,
        "file": lesson.file,
        "folder": lesson.folder,
        "pieces": pieces(lesson),
        "given": given(lesson),
        "checks": {
            c.name: {
                "right": [short(judge.expectation(lesson, c, seed)) for seed in (None, SEED)],
                "drawn": second(lesson, c).noted,
            }
            for c in applied(lesson)
        },
        "answers": {t: answer(lesson, e) for t, e in exercises.items()},
        "exercises": {
            t: {
                "blank": blank(lesson, e), "unwritten": "".join(unwritten(lesson, e)),
                "write": e.write, "hints": list(e.hints),
            }
            for t, e in exercises.items()
        },
        "steps": {" ".join(step): recorded(lesson, step) for step in steps},
    }  # fmt: skip


if __name__ == "__main__":
    made = record(lessons.load(sys.argv[1]), json.loads(sys.argv[2]))
    sys.stdout.write(json.dumps(made, ensure_ascii=False, allow_nan=False))
