"""The report card of an optimizer that the learner exported, made in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from tinytorch.exports import VARIABLE
from tinytorch.tito.exporting import in_use
from tinytorch.tito.workspace import Trouble, Workspace


def card(space: Workspace | None, lesson, name: str, full: bool, jobs: int) -> Path:
    """Make it; where the page is. What the process says goes to the terminal.

    Raises:
        Trouble: nothing is exported, `name` is not the learner's, or the process failed.
    """
    if lesson.number != "06":
        raise Trouble("report cards are for the optimizers of 06: tito card 06")
    if space is None or not space.exported(lesson).is_file():
        raise Trouble(f"{lesson.number} is not exported yet. First: tito export {lesson.number}")
    owner = in_use(space.exports, lesson.file).get(name)
    if owner != "yours":
        raise Trouble(f"{name} is not yours in what you exported; it stays {owner}")
    folder = space.root / "modules" / "cards"
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / f"{lesson.number}_{name}"
    command = [
        sys.executable, "-m", "tinytorch.lab.card", name, "--name", f"your {name}", "--jobs",
        str(jobs), "--out", str(out), "--store", str(folder / "results.db"),
        *(["--full"] if full else []),
    ]  # fmt: skip
    environment = {**os.environ, VARIABLE: str(space.exports)}
    ended = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False)
    if ended.returncode:
        raise Trouble("no report card: the process ended with the error above")
    return out.with_name(out.name + ".html")
