"""Each workbook: filled it passes, blank it says what to write, and no answer is in it."""

import ast
import textwrap
from pathlib import Path

import jupytext
import pytest

from tinytorch.tito.bench import Bench, observe
from tinytorch.tito.grade import grade
from tinytorch.tito.lessons import find, lessons
from tinytorch.tito.workbook import body, workbook

LESSONS = pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.name)


@LESSONS
def test_filled_with_the_package_it_passes(lesson, space, filled):
    result = grade(lesson, space.write(lesson, filled(workbook(lesson), lesson)))
    assert result.problem == ""
    bad = [(o.check, o.state, o.message, o.got, o.expected) for o in result.outcomes if not o.good]
    assert not bad
    assert len(result.outcomes) == len(lesson.checks)
    assert result.status == 0


@LESSONS
def test_blank_it_fails_at_the_first_blank(lesson, space):
    result = grade(lesson, space.write(lesson, workbook(lesson)))
    assert result.status == 1
    first = result.outcomes[0]
    assert first.state == "blank"
    assert first.message.startswith("write ")
    line = space.path(lesson).read_text(encoding="utf-8").splitlines()[first.line - 1]
    assert "NotImplementedError" in line
    assert not any(o.state == "passed" for o in result.outcomes)


@LESSONS
def test_each_blank_alone_is_noticed(lesson, filled):
    """Every exercise is tried by some check: blank it alone, and one fails with its name."""
    whole = filled(workbook(lesson), lesson)
    for exercise in lesson.exercises:
        lines = whole.splitlines()
        owner, _, name = exercise.target.rpartition(".")
        node = next(
            f
            for holder in ast.walk(ast.parse(whole))
            if isinstance(holder, (ast.Module, ast.ClassDef))
            and getattr(holder, "name", "") == owner
            for f in holder.body
            if getattr(f, "name", "") == name
        )
        first = node.body[1 if ast.get_docstring(node) is not None else 0]
        new = " " * first.col_offset + f'raise NotImplementedError("write {exercise.target}")'
        lines[first.lineno - 1 : node.end_lineno] = [new]
        names = {"__name__": lesson.file}
        exec(compile("\n".join(lines), lesson.file, "exec"), names)  # the text is the package's own
        errors = [observe(check, Bench(names)) for check in lesson.checks]
        assert any(f"write {exercise.target}" in str(error) for error in errors), exercise


@LESSONS
def test_no_answer_is_in_it(lesson):
    tree = ast.parse(workbook(lesson))
    shown = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.stmt)}
    for exercise in lesson.exercises:
        text = textwrap.indent(body(lesson, exercise.target), "    ")
        answer = {ast.unparse(node) for node in ast.parse(f"def f():\n{text}").body[0].body}
        assert not answer <= shown, exercise.target


@LESSONS
def test_jupyter_reads_it_cell_by_cell(lesson):
    notebook = jupytext.reads(workbook(lesson), fmt="py:percent")
    assert notebook.metadata["jupytext"]["formats"] == "ipynb,py:percent"
    assert all(cell.source.strip() for cell in notebook.cells), "an empty cell"
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) > 2 * len(lesson.steps)
    for exercise in lesson.exercises:
        blank = f"write {exercise.target}:"
        assert sum(blank in cell.source for cell in code) == 1, exercise.target
    text = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    assert text.count("<details>") >= len(lesson.exercises)
    assert text.count("Chapter: ") >= len(lesson.steps)


@LESSONS
def test_its_cells_run_one_after_another(lesson, space, filled):
    """As in a notebook: filled, every check of its cells passes; blank, none does or fails."""
    tried = [name for exercise in lesson.exercises for name in exercise.checks]
    path = space.write(lesson, filled(workbook(lesson), lesson))
    done = space.tito(program=("-W", "error", str(path)), env={"MPLBACKEND": "Agg"})
    assert done.code == 0, done.err
    assert [line.strip() for line in done.out.splitlines()] == [f"ok  {name}" for name in tried]

    space.write(lesson, workbook(lesson))
    done = space.tito(program=("-W", "error", str(path)))
    assert done.code == 0, done.err
    marks = [line.split()[0] for line in done.out.splitlines() if not line.startswith("       ")]
    assert marks.count("blank") > 2
    assert not {"ok", "FAILED", "--"} & set(marks)


def test_the_name_of_a_check_is_given_once():
    """A cell calls its checks by name alone."""
    names = [check.name for lesson in lessons() for check in lesson.checks]
    assert len(names) == len(set(names))


@LESSONS
def test_it_imports_what_it_uses_and_says_what_the_rest_is_for(lesson):
    cells = [
        cell.source
        for cell in jupytext.reads(workbook(lesson), fmt="py:percent").cells
        if cell.cell_type == "code"
    ]
    used, _, offered = cells[0].partition("# The package's own bodies use these; yours may do")
    read = {
        node.id
        for cell in cells[1:]
        for node in ast.walk(ast.parse(cell))
        if isinstance(node, ast.Name)
    }
    first, more = imported(used), imported(offered.partition("\n")[2])
    assert {"np", "Tensor", "try_out"} <= first
    assert first - read <= {"np"}
    assert more
    assert more.isdisjoint(first)


def imported(text: str) -> set[str]:
    return {
        alias.asname or alias.name
        for node in ast.parse(text).body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }


def test_a_cell_shows_the_learners_line(space, filled):
    lesson = find("01")
    wrong = {"Tensor.sum": "return Tensor(self.data.summ())"}
    text = filled(workbook(lesson), lesson, wrong)
    path = space.write(lesson, text)
    done = space.tito(program=(str(path),))
    number = next(i for i, line in enumerate(text.splitlines(), 1) if ".summ(" in line)
    assert done.code == 0
    assert f"line {number}: " in done.out
    assert "AttributeError: 'numpy.ndarray' object has no attribute 'summ'" in done.out
    assert "Traceback" not in done.err


def test_a_cell_is_judged_by_the_package_under_exports_too(space):
    """A wrong export is not the measure of itself."""
    lesson = find("06")
    wrong = SCRATCH.replace("p.data -= self.lr * g", "p.data += self.lr * g")
    assert wrong != SCRATCH
    path = space.write(lesson, wrong)
    path.write_text(wrong + CELL, encoding="utf-8")
    done = space.tito(program=(str(path),), env={"TINYTORCH_EXPORTS": str(path.parent)})
    assert done.out.splitlines()[-1].strip().startswith("this is   uphill"), done.out + done.err


CELL = """
if __name__ == "__main__":
    from tinytorch.tito import try_out
    try_out(globals(), "SGD: a trajectory")
"""
SCRATCH = Path(__file__).with_name("solution.py").read_text(encoding="utf-8")
