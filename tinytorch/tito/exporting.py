"""Export, reset, status: whose code is in use under `tito run`."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path

from tinytorch.exports import VARIABLE
from tinytorch.tito import lessons
from tinytorch.tito.workspace import Trouble, Workspace, told, write

PATIENCE = 120.0  # seconds for the package to come up with the exports
FORCED = "# tito: exported by force, with checks that fail"
MARK = "tito: whose "
WHOSE = f"""
import json, sys
from tinytorch import exports
print("\\n{MARK}" + json.dumps(exports.whose_of(sys.argv[1])), flush=True)
"""


def export(space: Workspace, grade, force: bool) -> list[str]:
    """Put what was graded into the exports; what to say about it.

    Raises:
        Trouble: the file has changed since, or the package cannot run with it. The exports are
            as they were.
    """
    lesson, lines = grade.lesson, []
    target = space.exported(lesson)
    content = grade.content
    if grade.file.read_bytes() != content:
        raise Trouble(
            f"{space.short(grade.file)} was saved while it was graded, and is not exported; "
            f"once more: tito export {lesson.number}"
        )
    if not grade.passed:
        content = content.rstrip() + f"\n\n{FORCED}\n".encode()
        failing = sum(not o.good for o in grade.outcomes)
        lines.append(f"BY FORCE: {failing} of {len(grade.outcomes)} checks fail on this code.")
    names = staged(space, lesson.file, content)
    if target.is_file() and target.read_bytes() != content:
        lines.append(f"Your earlier export is kept: {space.short(space.keep(target))}")
    write(target, content)
    lines.append(f"Exported: {lesson.number} {lesson.title}: {space.short(target)}")
    for owner in sorted(set(names.values()), key=lambda owner: owner != "yours"):
        listed = ", ".join(name for name in names if names[name] == owner)
        yours = owner == "yours"
        lines.append(f"Yours under `tito run`: {listed}" if yours else f"{listed} stay {owner}")
    return lines


def staged(space: Workspace, file: str, content: bytes) -> dict[str, str]:
    """Whose each name of a file would be, were it exported: tried beside the other exports.

    What is in use is not touched: whatever ends this, an unchecked export is never left behind.
    """
    with tempfile.TemporaryDirectory(prefix="tito-") as folder:
        for path in space.exports.glob("*_dev.py"):
            shutil.copy(path, folder)
        (Path(folder) / file).write_bytes(content)
        return in_use(Path(folder), file)


def in_use(folder: Path, file: str) -> dict[str, str]:
    """Whose each name of a file is, asked of a process that runs with these exports."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", WHOSE, file],
            env={**os.environ, VARIABLE: str(folder), "PYTHONUTF8": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Trouble(
            f"the package does not come up on these exports within {PATIENCE:g} seconds"
        ) from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise Trouble(f"the package cannot run on these exports: {last}")
    for line in reversed(done.stdout.splitlines()):  # the file may print what it likes
        if line.startswith(MARK):
            return json.loads(line.removeprefix(MARK))
    raise Trouble("the package ends early on these exports, without an error")


def reset(space: Workspace, lesson, workbook: bool) -> list[str]:
    """Take a module's export out, and the workbook too if asked; what to say about it."""
    lines = []
    files = [("export", space.exported(lesson))]
    if workbook:
        files.append(("workbook", space.workbook(lesson)))
        notebook = space.workbook(lesson).with_suffix(".ipynb")
        files += [("notebook", notebook)] if notebook.is_file() else []
    for what, path in files:
        if path.is_file():
            copy = space.keep(path)
            with told(path):
                path.unlink()
            lines.append(f"Your {what} is kept: {space.short(copy)}")
        else:
            lines.append(f"There is no {what} of {lesson.number} {lesson.title}.")
    if not workbook and space.workbook(lesson).is_file():
        lines.append(f"Your workbook is left as it is: {space.short(space.workbook(lesson))}")
    lines.append(f"{lesson.number} {lesson.title} is the reference's.")
    return lines


def status(space: Workspace | None) -> list[dict]:
    """For each module whose it is."""
    rows = []
    for lesson in lessons.lessons():
        path = space and space.exported(lesson)
        row = {"number": lesson.number, "name": lesson.name, "yours": False, "forced": False}
        row["says"] = "the package's"
        if path and path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            when = datetime.fromtimestamp(path.stat().st_mtime).strftime("%Y-%m-%d %H:%M")
            row.update(yours=True, forced=FORCED in text, exported=when, file=str(path))
            row["says"] = f"yours, exported {when}" + (" BY FORCE" if row["forced"] else "")
            if changed(space.workbook(lesson), path):
                row["says"] += "; your workbook has changed since: tito export " + lesson.number
        rows.append(row)
    return rows


def changed(workbook: Path, export: Path) -> bool:
    """Whether the workbook is no longer what was exported."""
    if not workbook.is_file():
        return False
    forced = f"\n\n{FORCED}\n".encode()
    return workbook.read_bytes().rstrip() != export.read_bytes().removesuffix(forced).rstrip()
