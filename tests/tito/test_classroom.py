"""A class is graded: whatever way it handed in, once, and told apart."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from tinytorch.tito import classroom
from tinytorch.tito.lessons import find
from tinytorch.tito.submissions import found, learner_of, module_of, script_of, text_of
from tinytorch.tito.workbook import workbook
from tinytorch.tito.workspace import Trouble

GOOD = Path(__file__).with_name("solution.py").read_text(encoding="utf-8")
WRONG = GOOD.replace("np.sqrt(v / (1 - self.b2**self.t))", "np.sqrt(v)")


def notebook(text):
    cells = [
        {"cell_type": "markdown", "source": ["# 06"]},
        {"cell_type": "code", "source": ["%matplotlib inline\n", "!ls\n"], "outputs": []},
        {"cell_type": "code", "source": ["%%html\n", "<b>\n"], "outputs": []},
        {"cell_type": "code", "source": text.splitlines(keepends=True), "outputs": []},
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def handed_in(tmp_path):
    """The same class in four layouts."""
    nbgrader = tmp_path / "course" / "submitted" / "anna" / "06_optimizers"
    nbgrader.mkdir(parents=True)
    (nbgrader / "optimizers_dev.ipynb").write_text(notebook(GOOD), encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "moodle.zip", "w") as archive:
        archive.writestr("Ben Ö_123_assignsubmission_file_/optimizers_dev.py", WRONG)
        archive.writestr("__MACOSX/optimizers_dev.py", "rubbish")
        archive.writestr("../../up_123_assignsubmission_file_/optimizers_dev.py", "x = (\n")
    repository = tmp_path / "repos" / "hw-chiara" / "modules" / "source" / "06_optimizers"
    repository.mkdir(parents=True)
    (repository / "optimizers_dev.py").write_text(WRONG + "\n# mine\n", encoding="utf-8")
    (tmp_path / "dmitri_06.py").write_bytes(b"\xff\xfe")
    (tmp_path / "eva_optimizers.py").write_text("while True: pass\n", encoding="utf-8")
    return tmp_path


PATHS = ("course", "moodle.zip", "repos", "dmitri_06.py", "eva_optimizers.py")


def test_every_layout_is_read(handed_in):
    submissions, troubles = found([handed_in / name for name in PATHS])
    who = [s.learner for s in submissions]
    assert who == ["Ben Ö", "anna", "eva", "hw-chiara", "up"]
    assert {s.module for s in submissions} == {"optimizers"}
    assert len(troubles) == 1
    assert "is no text in UTF-8" in troubles[0]


@pytest.mark.parametrize(
    ("root", "parts", "who"),
    [
        ("submitted", ("anna", "06", "optimizers_dev.ipynb"), "anna"),
        ("x", ("submitted", "anna", "06", "optimizers_dev.ipynb"), "anna"),
        ("x", ("Ada L_77_assignsubmission_file_", "optimizers_dev.py"), "Ada L"),
        ("hw-kim", ("modules", "source", "06_optimizers", "optimizers_dev.py"), "hw-kim"),
        ("x", ("lena_06_optimizers_dev.py",), "lena"),
        ("x", ("mo_optimizers.ipynb",), "mo"),
    ],
)
def test_whose_it_is(root, parts, who):
    assert learner_of(Path(root), parts) == who


def test_which_module_it_is():
    assert module_of("optimizers_dev.py") == module_of("06.ipynb") == module_of("a_6.py")
    assert module_of("notes.py") is None
    assert module_of("2026.py") is None


def test_a_notebook_becomes_a_script_that_compiles():
    text = script_of(notebook(GOOD))
    compile(text, "it", "exec")
    assert "# %matplotlib" in text
    assert "# <b>" in text
    with pytest.raises(ValueError, match="is no notebook"):
        text_of("a.ipynb", b"{}")


def test_the_class(space, handed_in):
    paths = [str(handed_in / name) for name in PATHS]
    (space.root / "rubric.csv").write_text("name,points\nAdam,30\nSGD: a trajectory,5\n")
    asked = ["grade", *paths, "--seconds", "1", "--rubric", "rubric.csv", "--seed", "7"]
    done = space.tito(*asked)
    assert done.code == 0, done.err
    assert "5 submissions graded, 1 with everything right" in done.out
    assert "2  Adam: only m corrected" in done.out

    rows = csv.DictReader(io.StringIO((space.root / "grades/grades.csv").read_text("utf-8-sig")))
    rows = {row["learner"]: row for row in rows}
    assert rows["anna"]["points"] == rows["anna"]["of"]
    assert float(rows["Ben Ö"]["points"]) < float(rows["anna"]["points"]) - 10
    assert rows["Ben Ö"]["mistakes"] == "Adam: only m corrected"
    assert rows["Ben Ö"]["SGD: a trajectory"] == "5"
    assert "killed after 1 seconds" in rows["eva"]["problem"]
    assert "is not Python yet" in rows["up"]["problem"]
    assert rows["anna"]["seed"] == "7"

    pages = sorted((space.root / "grades" / "feedback").iterdir())
    assert len(pages) == 5
    assert all(re.fullmatch(r"[\w.-]+\.html", page.name) for page in pages)
    (ben,) = [page for page in pages if page.name.startswith("Ben")]
    text = ben.read_text(encoding="utf-8")
    assert "this is   only m corrected" in text
    assert "<polyline" in text
    overview = (space.root / "grades" / "class.html").read_text(encoding="utf-8")
    assert "Adam: only m corrected" in overview
    assert "Ben Ö, hw-chiara" in overview, "their programs are the same"

    # Again: nothing is run a second time
    kept = {p: p.stat().st_mtime_ns for p in (space.root / "grades" / "records").glob("*.json")}
    assert space.tito(*asked).out == done.out
    assert kept == {p: p.stat().st_mtime_ns for p in kept}
    next(iter(kept)).write_text("{", encoding="utf-8")  # cut off
    assert space.tito(*asked).out == done.out


def test_moodle_with_two_of_one_name_flat_files_and_zips_in_the_zip(tmp_path):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("work/my_helpers.py", "one = 1\n")
        archive.writestr("work/optimizers_dev.py", GOOD)
    with zipfile.ZipFile(tmp_path / "moodle.zip", "w") as archive:
        archive.writestr("Ben Ö_12_assignsubmission_file_/optimizers_dev.py", GOOD)
        archive.writestr("Ben Ö_13_assignsubmission_file_/optimizers_dev.py", WRONG)
        archive.writestr("Eva_5_assignsubmission_file_06.py", GOOD)
        archive.writestr("Ida_7_assignsubmission_file_/both.zip", inner.getvalue())
        archive.writestr("Ole_8_assignsubmission_file_/broken.zip", b"no zip")
    made, troubles = found([tmp_path / "moodle.zip"])
    assert [(s.learner, s.module) for s in made] == [
        ("Ben Ö (12)", "optimizers"), ("Ben Ö (13)", "optimizers"),
        ("Eva", "optimizers"), ("Ida", "optimizers"),
    ]  # fmt: skip
    assert made[3].beside == (("my_helpers.py", "one = 1\n"),)
    assert len(troubles) == 1 and "Ole" in troubles[0]


def test_of_a_learners_files_the_one_that_holds_the_work_counts(tmp_path):
    blank = workbook(find("06"))
    place = tmp_path / "ada" / "06_optimizers"
    place.mkdir(parents=True)
    (place / "optimizers_dev.ipynb").write_text(notebook(GOOD), encoding="utf-8")
    (place / "optimizers_dev.py").write_text(blank, encoding="utf-8")
    (place / "setup.py").write_text("x = 1\n", encoding="utf-8")
    os.utime(place / "optimizers_dev.ipynb", (1, 1))
    for module in (None, "optimizers"):
        (made,), troubles = found([tmp_path], module)
        assert "class Adam" in made.text and made.text != blank
        assert not troubles
    (one,), _ = found([tmp_path / "ada"], "optimizers", one=True)
    assert one.learner == "submission"


def test_a_file_may_import_what_lies_beside_it(tmp_path):
    place = tmp_path / "ada"
    place.mkdir()
    text = "from my_helpers import one\nassert one == 1\n" + GOOD
    (place / "optimizers_dev.py").write_text(text, encoding="utf-8")
    (place / "my_helpers.py").write_text("one = 1\n", encoding="utf-8")
    (made,), _ = found([tmp_path])
    record = classroom.graded(made, classroom.rubric(None), seed=1)
    assert (record.problem, record.points) == ("", record.of)


@pytest.mark.skipif(os.name == "nt", reason="a console there sends Ctrl-C to all of it")
def test_ctrl_c_ends_what_runs_and_keeps_what_is_graded(space):
    """Two that never end, of which each may take ten minutes; a third is graded before."""
    for who, text in (("a", GOOD), ("b", "while True: pass\n"), ("c", "while True: pass # c\n")):
        (space.root / f"{who}_optimizers.py").write_text(text, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "tinytorch.tito", "grade", ".", "--seconds", "600", "--jobs", "2"],
        cwd=space.root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    records = space.root / "grades" / "records"
    while not list(records.glob("*.json")):
        assert process.poll() is None
        time.sleep(0.2)
    time.sleep(3)  # the third has begun
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "tito: stopped" in err
    assert "Traceback" not in out + err
    (kept,) = records.glob("*.json")
    assert json.loads(kept.read_text(encoding="utf-8"))["learner"] == "a"


def test_a_rubric_with_a_name_that_there_is_not(tmp_path):
    (tmp_path / "r.csv").write_text("name,points\nAdamant,3\n")
    with pytest.raises(Trouble, match="line 2: no check and no name is called 'Adamant'"):
        classroom.rubric(tmp_path / "r.csv")
    (tmp_path / "r.csv").write_text("Adam,many\n")
    with pytest.raises(Trouble, match="line 1: 'many' is no number of points"):
        classroom.rubric(tmp_path / "r.csv")


def test_cells_are_no_formulas():
    assert classroom.harmless("=HYPERLINK(1)").startswith("'")
    assert classroom.harmless("Ada") == "Ada"


def test_nothing_to_grade(space):
    (space.root / "notes.py").write_text("x = 1\n")
    done = space.tito("grade", "notes.py")
    assert done.code == 2
    assert "--module 06" in done.err
