"""A module as an assignment that a service takes: Gradescope, Classroom 50, nbgrader.

The first two get a program that calls `tito grade`, with the package beside it. The third gets
the workbook as a notebook with its solutions between marks, and a cell of points for each name.
"""

import io
import json
import re
import textwrap
import zipfile
from pathlib import Path

from tinytorch.tito.lesson import BLANK, Lesson
from tinytorch.tito.trial import PACKAGE

NEEDS = "'numpy>=2.0' 'click>=8.1' 'rich>=13' 'jupytext>=1.16'"
LEFT_OUT = ("__pycache__", "lab")

SETUP = f"""\
#!/usr/bin/env bash
# Run once, when Gradescope builds its image.
set -eu
apt-get update
apt-get install -y python3 python3-venv bubblewrap
python3 -m venv /autograder/python
/autograder/python/bin/pip install {NEEDS}
"""

RUN = """\
#!/usr/bin/env bash
# Run for each submission, in /autograder: submission/ is graded, results/ is what is shown.
set -u
python=python/bin/python
[ -x "$python" ] || python=python3
isolate=none
if bwrap --ro-bind / / --unshare-all true 2>/dev/null; then isolate=bubblewrap; fi
export PYTHONPATH="$PWD/source"
grades=$(mktemp -d)
"$python" -m tinytorch.tito grade submission --module {number} --rubric source/rubric.csv \\
    --isolate "$isolate" --out "$grades" --gradescope
status=$?
mkdir -p results
if [ -f "$grades/results.json" ]; then cp "$grades/results.json" results/results.json; fi
exit $status
"""

AUTOGRADER = '''\
"""Classroom 50 runs this in a learner's repository; it writes ./result.json there."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
NEEDS = {needs}

try:
    import click, jupytext, numpy, rich  # noqa: E401, F401
except ImportError:
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *NEEDS], check=True)

environment = {{**os.environ, "PYTHONPATH": str(HERE), "PYTHONUTF8": "1"}}
with tempfile.TemporaryDirectory() as grades:
    subprocess.run(
        [
            sys.executable, "-m", "tinytorch.tito", "grade", ".", "--module", "{number}",
            "--rubric", str(HERE / "rubric.csv"), "--out", grades, "--classroom50",
        ],
        env=environment,
        check=True,
    )
    shutil.copyfile(Path(grades, "result.json"), "result.json")
'''


def package() -> dict[str, bytes]:
    """The package's files, by their path."""
    return {
        path.relative_to(PACKAGE.parent).as_posix(): path.read_bytes()
        for path in sorted(PACKAGE.rglob("*"))
        if path.is_file() and not set(path.relative_to(PACKAGE).parts) & set(LEFT_OUT)
    }


def rubric(lesson: Lesson, points: dict) -> bytes:
    """The points of a module's checks as a rubric file."""
    rows = [f'"{check.name}",{points[lesson.name][check.name]!r}' for check in lesson.checks]
    return "\n".join(["name,points", *rows, ""]).encode()


def gradescope(lesson: Lesson, points: dict) -> bytes:
    """The zip that Gradescope takes as an autograder."""
    files = package() | {"rubric.csv": rubric(lesson, points)}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (("setup.sh", SETUP), ("run_autograder", RUN)):
            entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            entry.external_attr = 0o100755 << 16  # executable
            archive.writestr(entry, text.replace("{number}", lesson.number))
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), content)
    return made.getvalue()


def classroom50(lesson: Lesson, points: dict) -> dict[str, bytes]:
    """What lies in `CLASSROOM/autograders/ASSIGNMENT/` of a Classroom 50 repository."""
    needs = [word.strip("'") for word in NEEDS.split()]
    program = AUTOGRADER.format(number=lesson.number, needs=needs)
    files = {"autograder.py": program.encode(), "rubric.csv": rubric(lesson, points)}
    return package() | files


# A notebook for nbgrader


def nbgrader(lesson: Lesson, points: dict) -> bytes:
    """The source notebook of an nbgrader assignment."""
    import jupytext

    from tinytorch.tito.workbook import body, filled, workbook

    answers = {
        e.target: textwrap.fill(
            f"{BLANK}{e.target}: {e.write}", 84, initial_indent="# ", subsequent_indent="# "
        )
        + f"\n### BEGIN SOLUTION\n{body(lesson, e.target)}\n### END SOLUTION"
        for e in lesson.exercises
    }
    notebook = jupytext.reads(filled(workbook(lesson), lesson, answers), fmt="py:percent")
    given = notebook.metadata
    notebook.metadata = {k: given[k] for k in ("kernelspec", "tinytorch") if k in given}
    notebook.metadata.setdefault(
        "kernelspec", {"display_name": "Python 3", "language": "python", "name": "python3"}
    )
    taken: set[str] = set()
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
        if "### BEGIN SOLUTION" in cell.source:
            target = re.search(rf"# {BLANK}([\w.]+):", cell.source)[1]
            cell.metadata = {"nbgrader": marks(identifier(target, taken), solution=True)}
        else:
            cell.metadata = {}
    notebook.cells += [
        cell_of_points(lesson, subject, points[lesson.name], taken)
        for subject in dict.fromkeys(check.subject for check in lesson.checks)
    ]
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return json.dumps(notebook, ensure_ascii=False, indent=1).encode()


def marks(name: str, *, solution: bool = False, points: float | None = None) -> dict:
    """nbgrader's metadata of a cell, third version."""
    grade = points is not None
    found = {"schema_version": 3, "grade_id": name, "grade": grade, "solution": solution}
    found |= {"locked": not solution, "task": False}
    return found | ({"points": points} if grade else {})


def identifier(name: str, taken: set[str]) -> str:
    """A name as nbgrader allows it, not given before."""
    plain = re.sub(r"[^\w-]+", "-", name, flags=re.ASCII).strip("-")
    count = 2
    while plain in taken:
        plain = f"{plain.rsplit('--', 1)[0]}--{count}"
        count += 1
    taken.add(plain)
    return plain


def cell_of_points(lesson: Lesson, subject: str, points: dict, taken: set[str]) -> dict:
    import nbformat.v4

    worth = sum(points[c.name] for c in lesson.checks if c.subject == subject)
    name = identifier(f"points-{subject}", taken)
    source = (
        f"# Points for {subject}. The notebook as it is saved runs in a process of its own.\n"
        "from tinytorch.tito.notebook import points\n\n"
        f'points("{lesson.number}", "{subject}", of={worth!r}, notebook="{notebook_name(lesson)}")'
    )
    cell = nbformat.v4.new_code_cell(source, metadata={"nbgrader": marks(name, points=worth)})
    cell["id"] = name
    return cell


def notebook_name(lesson: Lesson) -> str:
    return Path(lesson.file).with_suffix(".ipynb").name
