"""What is handed to Gradescope, Classroom 50 and nbgrader: played as their specifications say."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

from tinytorch.tito import assignment, classroom
from tinytorch.tito.lessons import find, lessons
from tinytorch.tito.notebook import points
from tinytorch.tito.results import classroom50
from tinytorch.tito.submissions import Submission, script_of
from tinytorch.tito.workspace import Trouble

SIX = find("06")
GOOD = Path(__file__).with_name("solution.py").read_text(encoding="utf-8")
WRONG = GOOD.replace("np.sqrt(v / (1 - self.b2**self.t))", "np.sqrt(v)")
POSIX = pytest.mark.skipif(os.name == "nt", reason="their machines run Linux")

# Gradescope, autograder specifications


@pytest.fixture(scope="module")
def autograder(tmp_path_factory):
    """Gradescope's /autograder: the zip unpacked in source/, run_autograder copied out of it."""
    root = tmp_path_factory.mktemp("autograder")
    with zipfile.ZipFile(root / "made.zip", "w") as archive:
        archive.writestr("x", "")
    made = assignment.gradescope(SIX, classroom.rubric(None))
    (root / "made.zip").write_bytes(made)
    with zipfile.ZipFile(root / "made.zip") as archive:
        names = archive.namelist()
        for name in ("setup.sh", "run_autograder"):
            assert name in names, "at the root of the archive"
            assert archive.getinfo(name).external_attr >> 16 & 0o111, "executable"
            text = archive.read(name)
            assert text.startswith(b"#!")
            assert b"\r" not in text
        archive.extractall(root / "source")
    shutil.copy(root / "source" / "run_autograder", root)
    python = root / "python" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return root


def graded_by_gradescope(root, files):
    for folder in ("submission", "results"):
        shutil.rmtree(root / folder, ignore_errors=True)
        (root / folder).mkdir()
    for name, text in files.items():
        (root / "submission" / name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["bash", "run_autograder"], cwd=root, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    result = json.loads((root / "results" / "results.json").read_text(encoding="utf-8"))
    assert set(result) <= {
        "score", "execution_time", "output", "output_format", "test_output_format",
        "test_name_format", "visibility", "stdout_visibility", "extra_data", "tests",
        "leaderboard",
    }  # fmt: skip
    for test in result["tests"]:
        assert set(test) <= {
            "score", "max_score", "status", "name", "name_format", "number", "output",
            "output_format", "tags", "visibility", "extra_data",
        }  # fmt: skip
        assert test["status"] in ("passed", "failed")
        assert test["visibility"] in ("hidden", "after_due_date", "after_published", "visible")
        assert 0 <= test["score"] <= test["max_score"]
        assert test["output_format"] == "text"
    assert result["score"] == pytest.approx(sum(test["score"] for test in result["tests"]))
    return result


@POSIX
def test_gradescope_runs_what_it_is_given(autograder):
    result = graded_by_gradescope(
        autograder, {"optimizers_dev.py": WRONG, "helper.py": "raise ValueError\n"}
    )
    assert 0 < result["score"] < 47
    assert any("only m corrected" in test["output"] for test in result["tests"])
    nothing = graded_by_gradescope(autograder, {"notes.txt": "I was ill"})
    assert nothing["score"] == 0
    assert "there is no optimizers_dev.py in it" in nothing["output"]
    assert len(nothing["tests"]) == len(result["tests"])


@POSIX
@pytest.mark.skipif(not shutil.which("bash"), reason="no bash")
def test_its_scripts_are_bash(autograder):
    for name in ("setup.sh", "run_autograder"):
        subprocess.run(["bash", "-n", autograder / "source" / name], check=True)


# Classroom 50, the contract classroom50/result/v1

RUNNER = {
    "CLASSROOM": "optimizers-2027",
    "ASSIGNMENT": "optimizers",
    "SUBMISSION_TAG": "submit/2027-01-02T03-04-05Z-a1b2c3d",
    "COMMIT_URL": "https://example.org/ada/commit/a1b2c3d",
    "RELEASE_URL": "https://example.org/ada/releases/tag/submit",
    "OWNER": "ada",
    "ASSIGNMENT_TYPE": "individual",
}
CONTRACT = {
    "schema": str, "classroom": str, "assignment": str, "assignment_type": str, "owner": str,
    "submission": str, "commit": str, "release": str, "review": str, "datetime": str,
    "graded_at": str, "score": int, "max-score": int, "tests": list,
}  # fmt: skip


def holds(result: dict, runner: dict) -> None:
    assert {name: type(value) for name, value in result.items()} == CONTRACT
    assert result["schema"] == "classroom50/result/v1"
    for name, word in (("classroom", "CLASSROOM"), ("assignment", "ASSIGNMENT")):
        assert result[name] == runner[word]
    assert result["submission"] == runner["SUBMISSION_TAG"]
    assert all(result[name] for name in CONTRACT if name not in ("score", "tests"))
    for when in (result["datetime"], result["graded_at"]):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", when)
    for test in result["tests"]:
        assert type(test["test-name"]) is str and type(test["passed"]) is bool
        assert type(test["score"]) is int and type(test["max-score"]) is int
        assert test["score"] == (test["max-score"] if test["passed"] else 0)
    for name in ("score", "max-score"):
        assert result[name] == sum(test[name] for test in result["tests"])


def test_classroom_50_runs_what_it_is_given(tmp_path):
    rubric = tmp_path / "rubric.csv"
    rubric.write_text("name,points\nAdam,10\n", encoding="utf-8")
    bundle, checkout = tmp_path / "bundle", tmp_path / "checkout"
    for name, content in assignment.classroom50(SIX, classroom.rubric(rubric)).items():
        (bundle / name).parent.mkdir(parents=True, exist_ok=True)
        (bundle / name).write_bytes(content)
    place = checkout / "modules" / "source" / "06_optimizers"
    place.mkdir(parents=True)
    (place / "optimizers_dev.py").write_text(WRONG, encoding="utf-8")
    (checkout / "setup.py").write_text("raise ValueError\n", encoding="utf-8")
    git = ["git", "-c", "user.name=ada", "-c", "user.email=a@example.org"]
    dated = {**os.environ, "GIT_COMMITTER_DATE": "2027-01-02T05:04:05+0200"}
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "done"]):
        subprocess.run([*git, *command], cwd=checkout, env=dated, check=True)
    done = subprocess.run(
        [sys.executable, bundle / "autograder.py"],
        cwd=checkout, env={**os.environ, **RUNNER}, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads((checkout / "result.json").read_text(encoding="utf-8"))
    holds(result, RUNNER)
    assert result["datetime"] == "2027-01-02T03:04:05Z"
    assert result["max-score"] == 32 + 10, "fifteen checks of Adam share ten points"
    assert 0 < result["score"] < result["max-score"]
    assert any("only m corrected" in test["output"] for test in result["tests"])


def test_whole_points_keep_their_sum():
    points = {"optimizers": {c.name: 10 / 3 for c in SIX.checks}}
    empty = Submission("submission", "optimizers", "", "")
    record = classroom.nothing_handed_in(empty, points, 1)
    result = classroom50(record, RUNNER)
    holds(result, RUNNER)
    assert result["max-score"] == round(10 / 3 * len(SIX.checks))
    assert result["score"] == 0
    with pytest.raises(Trouble, match="COMMIT_URL is not set"):
        classroom50(record, {**RUNNER, "COMMIT_URL": ""})


def test_a_form_is_about_one_module(space):
    (space.root / "optimizers_dev.py").write_text(GOOD, encoding="utf-8")
    (space.root / "losses_dev.py").write_text("x = 1\n", encoding="utf-8")
    done = space.tito("grade", ".", "--gradescope")
    assert done.code == 2
    assert "here are several: --module 06" in done.err


# nbgrader, cell metadata of its third version


def released(text: bytes) -> dict:
    """What `nbgrader generate_assignment` makes of a source notebook."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        cell["source"] = re.sub(
            r"^( *)### BEGIN SOLUTION\n.*?### END SOLUTION",
            r"\1# YOUR CODE HERE\n\1raise NotImplementedError()",
            "".join(cell["source"]), flags=re.M | re.S,
        )  # fmt: skip
    return notebook


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.name)
def test_a_notebook_for_nbgrader(lesson):
    worth = classroom.rubric(None)
    notebook = nbformat.reads(assignment.nbgrader(lesson, worth).decode(), as_version=4)
    nbformat.validate(notebook)
    seen, total, solved = set(), 0, 0
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader")
        assert ("### BEGIN SOLUTION" in cell.source) == bool(marks and marks["solution"])
        if marks is None:
            continue
        assert set(marks) - {"points"} == {
            "schema_version", "grade", "grade_id", "locked", "solution", "task",
        }  # fmt: skip
        assert marks["schema_version"] == 3
        assert re.fullmatch(r"[a-zA-Z0-9_\-]+", marks["grade_id"])
        assert marks["grade_id"] not in seen
        seen.add(marks["grade_id"])
        assert marks["grade"] != marks["solution"]
        assert marks["grade"] == ("points" in marks) == marks["locked"]
        total += marks.get("points", 0)
        solved += cell.source.count("### END SOLUTION")
        compile(cell.source, "cell", "exec")
    assert total == len(lesson.checks)
    assert solved == len(lesson.exercises)
    plain = script_of(json.dumps(released(assignment.nbgrader(lesson, worth))))
    compile(plain, "released", "exec")
    assert "points(" not in plain, "the teacher's cells are no part of a learner's file"
    assert plain.count("raise NotImplementedError()") == len(lesson.exercises)


def test_its_cells_give_points_for_what_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    source = assignment.nbgrader(SIX, classroom.rubric(None))
    file = Path("optimizers_dev.ipynb")
    given = {"of": 30.0, "notebook": file.name}
    file.write_bytes(source)
    assert points("06", "Adam", **given) == 30.0
    assert capsys.readouterr().out == ""
    file.write_bytes(source.replace(b"v_hat = v / (1 - beta2**t)", b"v_hat = v"))
    assert 0 < points("06", "Adam", **given) < 30.0
    assert points("06", "SGD", **given) == 30.0
    assert "this is   only m corrected" in capsys.readouterr().out
    file.write_text(json.dumps(released(source)), encoding="utf-8")
    assert points("06", "Adam", **given) == 0.0
    assert "still to do: write" in capsys.readouterr().out
    file.write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match="is no notebook"):
        points("06", "Adam", **given)


@pytest.mark.parametrize("service", ["gradescope", "classroom50", "nbgrader"])
def test_the_command_writes_it(space, service):
    done = space.tito("assignment", "04", "--for", service, "--out", "for you")
    assert done.code == 0, done.err
    made = {p.relative_to(space.root).as_posix() for p in (space.root / "for you").rglob("*")}
    assert {
        "gradescope": "for you/04_losses-gradescope.zip",
        "classroom50": "for you/autograders/losses/autograder.py",
        "nbgrader": "for you/source/04_losses/losses_dev.ipynb",
    }[service] in made
    assert space.tito("assignment", "04").code == 3
