"""A workbook: the chapter's prose and the package's code, with the bodies of the exercises blank.

Percent format: Python with cells, for any editor, and for Jupyter by way of jupytext. Nothing here
is kept by hand: code comes from the package's source, prose from the page of the book.
"""

import ast
import builtins
import importlib
import inspect
import re
import symtable
import sys
import textwrap
from dataclasses import dataclass
from functools import cache
from types import ModuleType

import tinytorch
from tinytorch.tito import chapter
from tinytorch.tito.lesson import BLANK, Exercise, Function, Lesson, Step, in_place

HEADER = """\
# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   tinytorch: {version}
# ---"""


def header() -> str:
    """The first lines of a workbook; they say of which version it is."""
    return HEADER.replace("{version}", tinytorch.__version__)


@dataclass(frozen=True)
class Piece:
    """An object of the package: the module that defines it, its syntax tree and its lines."""

    name: str
    module: ModuleType
    node: ast.AST
    lines: tuple[str, ...]

    def text(self, node=None) -> str:
        node = node or self.node
        return textwrap.dedent("\n".join(self.lines[first_line(node) - 1 : node.end_lineno]))


def first_line(node) -> int:
    return min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])


def piece(lesson: Lesson, name: str) -> Piece:
    """Where the package defines `name`."""
    for source in lesson.sources:
        module = importlib.import_module(source)
        found = definition(module, name)
        if found:
            return found
    raise LookupError(f"{lesson.folder}: the package defines no {name}")


def definition(module: ModuleType, name: str) -> Piece | None:
    return definitions(module).get(name)


@cache
def definitions(module: ModuleType) -> dict[str, Piece]:
    """The functions and classes that a module defines."""
    text = inspect.getsource(module)
    lines = tuple(text.splitlines())
    return {
        node.name: Piece(node.name, module, node, lines)
        for node in ast.parse(text).body
        if isinstance(node, (*Function, ast.ClassDef))
    }


def member(node: ast.ClassDef, name: str):
    return next(n for n in node.body if isinstance(n, Function) and n.name == name)


def blank(lines: list[str], node, exercise: Exercise, offset: int) -> None:
    """Replace a function's body, after its docstring, by an error that says what to write."""
    body = node.body
    documented = ast.get_docstring(node, clean=False) is not None
    start = body[0].end_lineno if documented else body[0].lineno - 1
    indent = " " * (body[0].col_offset)
    message = f"{BLANK}{exercise.target}: {exercise.write}"
    raising = f"{indent}raise NotImplementedError("
    if len(raising) + len(message) + 3 <= 99:
        new = [f'{raising}"{message}")']
    else:
        parts = textwrap.wrap(message, 88 - len(indent), drop_whitespace=False)
        new = [raising, *(f'{indent}    "{part}"' for part in parts), f"{indent})"]
    if documented and body[0].lineno == node.lineno:
        raise ValueError(f"{exercise.target}: docstring on the line of the def")
    lines[start - offset : node.end_lineno - offset] = new


def code(lesson: Lesson, name: str, exercises) -> str:
    """An object as it stands in the workbook.

    "Linear" is the whole class (or function), "Loss:__init__+forward" a class with these methods
    alone, and "Tensor.exp" that method in a class built on the one that is there.
    """
    owner, chosen, extends = parse(name)
    found = piece(lesson, owner)
    nodes = [member(found.node, a) for a in chosen] if chosen else [found.node]
    text = []
    for node in nodes:
        offset = first_line(node) - 1
        lines = list(found.lines[offset : node.end_lineno])
        blanks = [(target_node(found, e), e) for e in exercises if belongs(found, e, node)]
        for inner, exercise in sorted(blanks, key=lambda pair: -pair[0].lineno):
            blank(lines, inner, exercise, offset)
        text.append("\n".join(lines))
    if extends:
        return f"class {owner}({owner}):\n" + "\n\n".join(text)
    if chosen:
        top = first_line(found.node) - 1
        head = "\n".join(found.lines[top : found.node.body[0].end_lineno])
        return head + "\n\n" + "\n\n".join(text)
    return "\n".join(text)


def parse(name: str) -> tuple[str, list[str], bool]:
    """The object, the chosen members, and whether they extend a class that is there."""
    owner, mark, members = re.fullmatch(r"(\w+)([.:]?)(.*)", name).groups()
    return owner, members.split("+") if members else [], mark == "."


def target_node(found: Piece, exercise: Exercise):
    _, _, attribute = exercise.target.partition(".")
    return member(found.node, attribute) if attribute else found.node


def belongs(found: Piece, exercise: Exercise, node) -> bool:
    if exercise.target.partition(".")[0] != found.name:
        return False
    inner = target_node(found, exercise)
    return first_line(node) <= inner.lineno <= node.end_lineno


def body(lesson: Lesson, target: str) -> str:
    """The package's body of an exercise: what a filled workbook has in the blank's place."""
    owner, _, attribute = target.partition(".")
    found = piece(lesson, owner)
    node = member(found.node, attribute) if attribute else found.node
    start = 1 if ast.get_docstring(node) is not None else 0
    inner = node.body[start:]
    return textwrap.dedent("\n".join(found.lines[inner[0].lineno - 1 : node.end_lineno]))


def filled(text: str, lesson: Lesson, answers: dict[str, str] | None = None) -> str:
    """A workbook with bodies in its blanks, the package's by default: for tests and the book."""
    lines = text.splitlines()
    for name, function in reversed(in_place(text, lesson).items()):
        if answers is not None and name not in answers:
            continue
        raising = function.body[-1]
        answer = answers[name] if answers is not None else body(lesson, name)
        answer = textwrap.indent(answer.strip("\n"), " " * raising.col_offset)
        lines[raising.lineno - 1 : raising.end_lineno] = answer.splitlines()
    return "\n".join(lines) + "\n"


# What the code needs around it

EVER = {"import numpy as np", "from tinytorch.tito import try_out"}


def global_names(text: str) -> set[str]:
    """Names that a piece of code takes from the module it stands in."""
    read, tables = set(), [symtable.symtable(text, "cell", "exec")]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        top = table.get_type() == "module"
        read |= {
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_referenced() and (top or symbol.is_global())
        }
    return read - set(dir(builtins))


def origins(lesson: Lesson, names: set[str]) -> set[str]:
    """Lines that import these names from where the package has them."""
    modules = [importlib.import_module(source) for source in lesson.sources]
    lines = set()
    for name in sorted(names):
        holder = next((m for m in modules if name in vars(m)), None)
        if holder is None:
            continue
        value = vars(holder)[name]
        if isinstance(value, ModuleType):
            parent, _, last = value.__name__.rpartition(".")
            line = f"from {parent} import {last}" if parent else f"import {last}"
            lines.add(line if name == last else f"{line} as {name}")
        else:
            home = getattr(value, "__module__", None) or holder.__name__
            home = home if name in vars(sys.modules.get(home, holder)) else holder.__name__
            lines.add(f"from {home} import {name}")
    return lines


def merged(imports: set[str]) -> list[str]:
    """One line for each module: other libraries first, then the package."""
    names: dict[str, list[str]] = {}
    lines = []
    for line in sorted(imports):
        if line.startswith("import "):
            lines.append(line)
        else:
            module, _, name = line.removeprefix("from ").partition(" import ")
            names.setdefault(module, []).append(name)
    lines += [f"from {module} import {', '.join(found)}" for module, found in names.items()]
    return sorted(lines, key=lambda line: (line.split()[1].startswith("tinytorch"), line))


# Putting it together


def markdown(text: str) -> str:
    return "# %% [markdown]\n" + "\n".join(f"# {line}".rstrip() for line in text.splitlines())


def unfold(hints) -> str:
    one = len(hints) == 1
    return "\n\n".join(
        f"<details><summary>Hint{'' if one else f' {i}'}</summary>\n\n{hint}\n\n</details>"
        for i, hint in enumerate(hints, start=1)
    )


def workbook(lesson: Lesson) -> str:
    """The text of a module's workbook."""
    path = chapter.page(lesson)
    page = path.read_text(encoding="utf-8") if path else ""
    shown = [[code(lesson, name, step.exercises) for name in step.objects] for step in lesson.steps]
    parsed = [parse(name) for step in lesson.steps for name in step.objects]
    kept = {owner for owner, _, extends in parsed if not extends}
    texts = [text for cells in shown for text in cells]
    bodies = [code(lesson, name, ()) for step in lesson.steps for name in step.objects]
    needed = set().union(*map(global_names, texts)) - kept - {"np"}
    offered = set().union(*map(global_names, bodies)) - kept - {"np"} - needed
    imports, helpers = merged(EVER | origins(lesson, needed)), merged(origins(lesson, offered))

    needs = ", ".join(lesson.needs)
    parts = [
        header(),
        markdown(
            f"# {lesson.number} {lesson.title}\n\n"
            f"Chapter: {chapter.address(lesson)}. "
            + (f"Builds on {needs}, which need not be done first. " if needs else "")
            + "Write what is missing where an error says `write ...`; the cell below each blank "
            f"tries it. In a terminal, `tito test {lesson.number}` tries everything."
        ),
        "# %%\n" + "\n".join(imports),
    ]
    if helpers:
        parts[-1] += "\n\n# The package's own bodies use these; yours may do without.\n"
        parts[-1] += "\n".join(helpers)
    for number, (step, cells) in enumerate(zip(lesson.steps, shown, strict=True), start=1):
        parts += step_cells(lesson, number, step, cells, page)
    if lesson.closing:
        parts.append("# %%\n" + lesson.closing)
    if any(check.plot for check in lesson.checks):
        parts.append(markdown("## Look at it\n\nYour trajectories beside the package's."))
        parts.append(
            '# %%\nif __name__ == "__main__":\n'
            "    from tinytorch.tito.plot import draw_here\n\n"
            f'    draw_here("{lesson.number}", globals())'
        )
    closing = (
        f"When all is green: `tito export {lesson.number}` puts your code in the package's place."
    )
    parts.append(markdown(closing))
    return "\n\n".join(parts) + "\n"


def call(checks: list[str]) -> str:
    named = ["globals()", *(f'"{name}"' for name in checks)]
    line = f"    try_out({', '.join(named)})"
    if len(line) <= 99:
        return line
    return "\n".join(["    try_out(", *(f"        {name}," for name in named), "    )"])


def step_cells(lesson: Lesson, number: int, step: Step, cells: list[str], page: str) -> list[str]:
    section = chapter.about(step, page) if page else None
    text = f"## {step.title}\n\n"
    if section:
        text += chapter.prose(section) + "\n\n"
        text += f"Chapter: {chapter.address(lesson)}, line {section.line}, “{section.heading}”.\n\n"
    else:
        text += f"Chapter: {chapter.address(lesson)}.\n\n"
    parts = [markdown(text.strip())]
    done = set()
    for name, cell in zip(step.objects, cells, strict=True):
        owner, chosen, _ = parse(name)
        mine = [
            e
            for e in step.exercises
            if e.target.partition(".")[0] == owner
            and (not chosen or e.target.partition(".")[2] in chosen)
        ]
        if mine:
            hints = "\n\n".join(f"**`{e.target}`**: {e.write}.\n\n{unfold(e.hints)}" for e in mine)
            parts.append(markdown(hints))
        parts.append("# %%\n" + cell)
        done.update(mine)
        tried = [check for e in mine for check in e.checks]
        if tried:
            parts.append(f'# %%\nif __name__ == "__main__":\n{call(tried)}')
    missing = [e.target for e in step.exercises if e not in done]
    if missing:
        raise LookupError(f"{lesson.folder}: no object of step {number} holds {missing}")
    return parts
