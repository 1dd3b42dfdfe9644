"""What a learner wrote, brought up to date: from a newer notebook, into a newer workbook."""

import ast
import re
from pathlib import Path

from tinytorch.tito.lesson import Lesson, in_place
from tinytorch.tito.workspace import Workspace, write

# A notebook beside the script


def newer_notebook(path: Path) -> Path | None:
    """The notebook beside a script, if it was saved later and holds another program."""
    from tinytorch.tito.submissions import script_of

    notebook = path.with_suffix(".ipynb")
    try:
        if path.is_file() and notebook.stat().st_mtime <= path.stat().st_mtime:
            return None
        code = script_of(notebook.read_text(encoding="utf-8"))
        script = path.read_text(encoding="utf-8") if path.is_file() else ""
        return notebook if program(code) != program(script) else None
    except (OSError, ValueError):
        return None


def program(text: str) -> str:
    """A script without its comments and layout."""
    try:
        return ast.dump(ast.parse(text))
    except (SyntaxError, RecursionError):
        return text


def take_notebook(space: Workspace, lesson: Lesson) -> list[str]:
    """Bring the script up to a newer notebook beside it; what to say about it.

    The script that was there is kept.
    """
    from tinytorch.tito.submissions import script_of
    from tinytorch.tito.workbook import header

    path = space.workbook(lesson)
    notebook = newer_notebook(path)
    if notebook is None:
        return []
    lines = [f"{notebook.name} is newer than the script beside it, and is what counts."]
    if path.is_file():
        lines.append(f"The script as it was is kept: {space.short(space.keep(path))}")
    text = header() + "\n\n" + script_of(notebook.read_text(encoding="utf-8"))
    write(path, text.encode())
    return lines


# A newer workbook


def update(space: Workspace, lesson: Lesson) -> list[str]:
    """Move what a learner wrote into the workbook of this version; what to say about it."""
    from tinytorch.tito.workbook import filled, workbook

    path = space.workbook(lesson)
    old = path.read_text(encoding="utf-8")
    fresh = workbook(lesson)
    empty = {exercise.target for exercise in lesson.blanks(old)}
    written = {target: body for target, body in bodies(lesson, old).items() if target not in empty}
    new = filled(fresh, lesson, written)
    extra = own_cells(old, fresh)
    if extra:
        new += "\n# %%\n# What you had added\n" + extra
    if program(new) == program(old) and version(old) == version(new):
        return [f"{space.short(path)} is that of this version already."]
    kept = space.keep(path)
    write(path, new.encode())
    return [
        f"{space.short(path)} is now the workbook of this version, with your "
        f"{', '.join(sorted(written)) or 'nothing, since nothing was written yet'}.",
        f"As it was, it is kept: {space.short(kept)}",
    ]


def version(text: str) -> str:
    found = re.search(r"^#\s+tinytorch: (\S+)$", text, re.M)
    return found[1] if found else ""


def bodies(lesson: Lesson, text: str) -> dict[str, str]:
    """What a workbook has in each exercise's place, after the docstring."""
    lines, found = text.splitlines(), {}
    for target, node in in_place(text, lesson).items():
        documented = ast.get_docstring(node) is not None and len(node.body) > 1
        first = node.body[int(documented)].lineno - 1
        indent = node.body[int(documented)].col_offset
        found[target] = "\n".join(
            line[indent:] if not line[:indent].strip() else line
            for line in lines[first : node.end_lineno]
        )
    return found


def own_cells(old: str, fresh: str) -> str:
    """Functions and classes of a learner's own, which the workbook does not have."""
    lines = old.splitlines()
    theirs = {n.name for n in ast.parse(fresh).body if hasattr(n, "name")}
    added = [
        "\n".join(lines[min([n.lineno, *(d.lineno for d in n.decorator_list)]) - 1 : n.end_lineno])
        for n in ast.parse(old).body
        if isinstance(n, (ast.FunctionDef, ast.ClassDef)) and n.name not in theirs
    ]
    return "\n\n\n".join(added) + "\n" if added else ""
