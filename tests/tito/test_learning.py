"""The learner's loop: what is written, what comes next, hints, watching, notebooks, updates."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.tito.test_classroom import notebook
from tinytorch.tito import learning, report_on, updating
from tinytorch.tito.lessons import find, lessons
from tinytorch.tito.workbook import body, filled, workbook

SIX = find("06")


def test_a_blank_workbook_fits_a_screen(space):
    space.tito("start", "06")
    done = space.tito("test", "06")
    assert done.code == 1
    assert "0 of 8 pieces are written. Next: gradient_descent, return" in done.out
    assert len(done.out.splitlines()) < 12
    assert done.out.count("still to do") == 1


def test_what_passes_is_folded_and_the_first_failure_is_told_in_full(space):
    wrong = filled(workbook(SIX), SIX).replace("v_hat = v / (1 - beta2**t)", "v_hat = v")
    space.write(SIX, wrong)
    done = space.tito("test", "06")
    assert "   ok" not in done.out
    assert done.out.count("came out") == 1
    assert "this is   only m corrected" in done.out
    assert len(done.out.splitlines()) < 30
    full = space.tito("test", "06", "--verbose")
    assert full.out.count("came out") > 5
    assert "    ok  SGD: a trajectory" in full.out


def test_progress():
    text = workbook(SIX)
    assert len(SIX.blanks(text)) == len(SIX.exercises)
    some = filled(text, SIX, {"adam": body(SIX, "adam")})
    assert learning.progress(SIX, some).startswith("1 of 8 pieces are written. Next: gradient_desc")
    assert learning.progress(SIX, filled(text, SIX)) == ""


def test_hints_come_one_at_a_time(space):
    space.tito("start", "06")
    first, second, third = (space.tito("hint", "06").out for _ in range(3))
    assert "Hint 1 of 2: `parameter.data` and" in first
    assert "Hint 2 of 2: You may call your rule" in second
    assert third == second
    space.write(SIX, filled(workbook(SIX), SIX).replace("v_hat = v / (1 - beta2**t)", "v_hat = v"))
    assert space.tito("hint", "06").out.startswith("adam: the two moving averages")


def test_next(space):
    assert "01 Tensor is not begun: tito start 01" in space.tito("next").out
    space.tito("start", "01")
    assert "0 of 9 pieces are written" in space.tito("next").out
    space.write(find("01"), filled(workbook(find("01")), find("01")))
    assert "Everything passes: tito export 01" in space.tito("next").out
    assert space.tito("export", "01").code == 0
    assert "02 Activations is not begun" in space.tito("next").out


@pytest.mark.skipif(os.name == "nt", reason="a console there sends Ctrl-C to all of it")
def test_watch_tests_on_every_save(space):
    path = space.write(SIX, "x = (\n")
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "tinytorch.tito", "watch", "06"],
        cwd=space.root,
        env={**os.environ, "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "Save the file" in line:
            if len([x for x in lines if "Save the file" in x]) == 2:
                break
            time.sleep(0.05)
            path.write_text("raise SystemExit\n", encoding="utf-8")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    said = "".join(lines)
    assert said.index("is not Python yet") < said.index("calls sys.exit()")
    assert process.returncode == 130


def test_a_newer_notebook_beside_the_script_is_what_counts(space):
    path = space.write(SIX, workbook(SIX))
    beside = path.with_suffix(".ipynb")
    beside.write_text(notebook(filled(workbook(SIX), SIX)), encoding="utf-8")
    os.utime(path, (1, 1))
    done = space.tito("test", "06")
    assert done.code == 0, done.out
    assert "optimizers_dev.ipynb is newer than the script beside it" in done.err
    (kept,) = (space.root / ".tinytorch" / "kept").iterdir()
    assert kept.read_text(encoding="utf-8") == workbook(SIX)
    assert "is newer" not in space.tito("test", "06").err
    done = space.tito("reset", "06", "--workbook")
    assert not beside.exists()
    assert len(list((space.root / ".tinytorch" / "kept").glob("*.ipynb"))) == 1


def test_a_notebook_alone_is_not_written_over(space):
    beside = space.path(SIX).with_suffix(".ipynb")
    beside.parent.mkdir(parents=True)
    beside.write_text(notebook("x = 1\n"), encoding="utf-8")
    done = space.tito("start", "06")
    assert done.code == 2
    assert "is there already" in done.err
    assert not space.path(SIX).exists()


def test_an_update_keeps_what_was_written(space):
    old = filled(workbook(SIX), SIX, {"adam": "return p - lr * g, m, v  # mine"})
    old = old.replace("#   tinytorch: ", "#   tinytorch: 0.0.")
    old = old.replace("offered", "x") + "\n# %%\ndef helper():\n    return 3\n"
    path = space.write(SIX, old)
    done = space.tito("update", "06")
    assert done.code == 0, done.err
    new = path.read_text(encoding="utf-8")
    assert "return p - lr * g, m, v  # mine" in new
    assert "def helper():\n    return 3\n" in new
    assert updating.version(new) == updating.version(workbook(SIX))
    (kept,) = (space.root / ".tinytorch" / "kept").iterdir()
    assert kept.read_text(encoding="utf-8") == old
    assert "that of this version already" in space.tito("update", "06").out


@pytest.mark.parametrize("number", [lesson.number for lesson in lessons()])
def test_an_update_moves_every_body(number):
    lesson = find(number)
    whole = filled(workbook(lesson), lesson)
    moved = updating.bodies(lesson, whole)
    assert set(moved) == {exercise.target for exercise in lesson.exercises}
    assert updating.program(filled(workbook(lesson), lesson, moved)) == updating.program(whole)


def test_the_hints_are_remembered_in_a_file_that_may_be_damaged(space):
    space.tito("start", "06")
    path = space.root / ".tinytorch" / "hints.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text("[", encoding="utf-8")
    assert "Hint 1 of 2" in space.tito("hint", "06").out
    assert json.loads(path.read_text(encoding="utf-8"))


def test_a_notebook_shows_the_report_as_html():
    wrong = filled(workbook(SIX), SIX).replace("v_hat = v / (1 - beta2**t)", "v_hat = v")
    names = {"__name__": "notebook"}
    exec(compile(wrong, "notebook", "exec"), names)
    shown = report_on(names, "06")
    assert "this is   only m corrected" in repr(shown)
    page = shown._repr_html_()
    assert page.count("<details open>") == 1
    assert "FAILED  Adam: the first steps" in page
    assert "34 of 47 pass" in page
