"""Every command on the page that teaches the loop is run: the cells by the build, the rest here."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jupytext
import nbclient
import nbformat
import pytest

from tinytorch.tito.lessons import find
from tinytorch.tito.workbook import filled, workbook

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "book" / "tito.md"
TEXT = PAGE.read_text(encoding="utf-8")


def console(text):
    """The commands in the boxes of a page that show none of their output."""
    return [
        line.removeprefix("$ ")
        for block in re.findall(r"^```console\n(.*?)^```", text, re.M | re.S)
        for line in block.splitlines()
    ]


def printed(notebook, folder) -> str:
    """Run a page's cells in a folder, as the build does; what they print."""
    environment = {k: v for k, v in os.environ.items() if k != "TINYTORCH_EXPORTS"}
    client = nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3")
    client.execute(env=environment, cwd=str(folder))
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    return "".join(output["text"] for output in outputs if output.get("name") == "stdout")


CONSOLE = console(TEXT)
# In its place a command of the test: the whole book is not built twice
QUICK = {
    "tito run jupyter-book build .": "tito run jupyter-book --version",
    "tito milestone 06": "tito milestone 06 --seeds 1",
    "tito card 06": "tito card --help",  # a card takes a minute, and has a test of its own
    "python -m pytest tests/ -k optimizers -v": "python -m pytest tests/tito/test_reference.py "
    "-k optimizers -q",
}
MAY_FAIL = {"tito doctor"}  # it says so if the package is not installed


def test_the_cells_run_and_show_what_the_text_says(tmp_path):
    notebook = jupytext.reads(TEXT, fmt="md:myst")
    output = printed(notebook, tmp_path)
    output = output.replace("\r\n", "\n")
    assert "\x1b" not in output
    assert "still to do: write gradient_descent_step" in output
    assert "this is   only m corrected." in output
    assert "Yours under `tito run`: " in output
    assert "Adam is yours\n" in output
    assert "Adam is the package's\n" in output
    assert "yours, exported" in output
    assert "Your workbook is left as it is" in output


@pytest.mark.slow
def test_the_teachers_page_grades_its_class(tmp_path):
    """Its claims are in its cells: every slip is named, and the report is the real one."""
    page = ROOT / "book" / "appendices" / "teach.md"
    notebook = jupytext.reads(page.read_text(encoding="utf-8"), fmt="md:myst")
    output = printed(notebook, tmp_path)
    assert "30 submissions graded, 10 with everything right" in output
    assert re.search(r"^ +5  MSELoss: ", output.partition("What to talk about")[2], re.M)


GRADING = ROOT / "book" / "appendices" / "grade.md"


@pytest.mark.slow
def test_the_page_about_grading_is_run_to_its_last_command(tmp_path):
    """Its cells as the build runs them, then each command of its boxes, in the same folder."""
    text = GRADING.read_text(encoding="utf-8")
    commands = console(text)
    assert len(commands) >= 4
    assert {command.split()[0] for command in commands} == {"tito"}
    if not shutil.which("bwrap"):
        commands = [command for command in commands if "bubblewrap" not in command]
    notebook = jupytext.reads(text, fmt="md:myst")
    notebook.cells.append(
        nbformat.v4.new_code_cell(f"""
import subprocess
for command in {commands!r}:
    print(command, subprocess.run(command, shell=True, capture_output=True).returncode)
""")
    )
    output = printed(notebook, tmp_path)
    assert "5 submissions graded, 2 with everything right" in output
    for command in commands:
        status = re.search(rf"^{re.escape(command)} (\d+)$", output, re.M)
        assert status[1] == "0" or command in MAY_FAIL, command
    named = set(re.findall(r"`?tito ([a-z]+)\b", text)) - {"says"}
    from tinytorch.tito.__main__ import tito

    assert named <= set(tito.commands), named - set(tito.commands)


def test_every_command_named_in_the_text_exists():
    named = set(re.findall(r"`?tito ([a-z]+)\b", TEXT))
    from tinytorch.tito.__main__ import tito

    assert named <= set(tito.commands), named - set(tito.commands)
    assert len(CONSOLE) >= 6


@pytest.mark.slow
def test_the_console_commands_run_one_after_another(space):
    """In one bash, as a reader would type them, with the clone's folders at hand."""
    lesson = find("06")
    space.write(lesson, filled(workbook(lesson), lesson))
    assert space.tito("export", "06").code == 0
    for name in ("bin", "tests", "pyproject.toml", "tinytorch", "book"):
        (space.root / name).symlink_to(ROOT / name)
    launchers = space.root / "launchers"
    launchers.mkdir()
    jupyter_book = "-c 'from jupyter_book.cli.main import main; main()'"
    for name, rest in (
        ("tito", "-m tinytorch.tito"),
        ("jupyter-book", jupyter_book),
        ("python", ""),
    ):
        path = launchers / name
        path.write_text(f'#!/bin/sh\nexec "{sys.executable}" {rest} "$@"\n', encoding="utf-8")
        path.chmod(0o755)
    script = ["set -u"]
    for command in CONSOLE:
        end = "true" if command in MAY_FAIL else f"{{ echo FAILED: '{command}'; exit 1; }}"
        script.append(f"{QUICK.get(command, command)} || {end}")
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=space.root,
        env={
            **os.environ,
            "PATH": f"{launchers}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "VIRTUAL_ENV": "none",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert "Milestone reached" in done.stdout
