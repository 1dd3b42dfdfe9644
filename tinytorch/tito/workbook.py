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
from pathlib import Path
from types import ModuleType

import tinytorch
from tinytorch.tito.lesson import BLANK, Exercise, Lesson, Step

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
# ---
"""

Function = (ast.FunctionDef, ast.AsyncFunctionDef)


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
    lines, blanks = text.splitlines(), []
    targets = {exercise.target for exercise in lesson.exercises}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.ClassDef, ast.Module)):
            prefix = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
            functions = [(prefix + f.name, f) for f in node.body if isinstance(f, Function)]
            blanks += [(f.body[-1], name) for name, f in functions if name in targets]
    for raising, name in sorted(blanks, key=lambda b: -b[0].lineno):
        if answers is not None and name not in answers:
            continue
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


# The chapter


def book_root() -> Path | None:
    root = Path(tinytorch.__file__).resolve().parent.parent
    return root if (root / "book").is_dir() else None


def chapter(lesson: Lesson) -> Path | None:
    """The page of the book, if the book is here."""
    root = book_root()
    names = (f"{lesson.folder}.md", f"{lesson.name}.md")
    found = (p for name in names for p in sorted(root.glob(f"book/**/{name}"))) if root else ()
    return next(iter(found), None)


def address(lesson: Lesson) -> str:
    """Where the chapter is, as text."""
    path, root = chapter(lesson), book_root()
    return f"`{path.relative_to(root).as_posix()}`" if path else f"{lesson.number} {lesson.title}"


@dataclass(frozen=True)
class Section:
    line: int
    heading: str
    text: str


def sections(page: str) -> list[Section]:
    """The sections of a page; the line is that of the heading."""
    found, lines, fence = [], page.splitlines(), None
    starts = []
    for i, line in enumerate(lines):
        mark = re.match(r"\s*(`{3,}|:{3,}|~{3,})", line)
        if mark and fence is None:
            fence = mark[1]
        elif mark and line.strip() == fence:
            fence = None
        elif fence is None and re.match(r"#{1,4} ", line):
            starts.append(i)
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        heading = lines[start].lstrip("# ").strip()
        found.append(Section(start + 1, heading, "\n".join(lines[start + 1 : end])))
    return found


def about(step: Step, page: str) -> Section | None:
    """The section of the page that shows the step's first object, or else is named like it."""
    candidates = sections(page)
    names = [*step.objects, *(e.target for e in step.exercises)]
    for name in names:
        shown = re.compile(
            rf":pyobject:\s*{re.escape(re.split('[:+]', name)[0])}(\.\w+)?\s*$", re.M
        )
        for section in candidates:
            if shown.search(section.text):
                return section
    words = {w.lower() for name in names for w in re.findall(r"[A-Za-z]+", name)}
    words |= {step.title.lower()}
    for section in candidates[1:]:  # not the page's own title
        heading = section.heading.lower()
        if heading in words or any(w in heading.split() for w in words if len(w) > 3):
            return section
    return None


def prose(section: Section, paragraphs: int = 6) -> str:
    """The paragraphs and formulas before a section's first cell, and its key insight."""
    before, _, after = section.text.partition("\n```{code-cell}")
    insights = re.findall(r"^\*\*Key insight.*?(?=\n\s*\n|\Z)", after, re.M | re.S)
    text = "\n\n".join([before, *insights])
    math = r"^(`{3,}|:{3,})\{math\}[^\n]*\n(?::[^\n]*\n)*(.*?)^\1\s*$"
    text = re.sub(math, r"\n$$\n\2$$\n", text, flags=re.M | re.S)
    text = re.sub(r"^(`{3,}|:{3,}|~{3,}).*?^\1\s*$", "", text, flags=re.M | re.S)
    text = re.sub(r"^(%.*|\(.*\)=|<!--.*?-->|\+\+\+.*)$", "", text, flags=re.M)
    text = re.sub(r"^\$\$[ \t]*\([^)]*\)\s*$", "$$", text, flags=re.M)
    blocks = [b.strip() for b in re.split(r"\n\s*\n", text) if b.strip()]
    taken = []
    for block in blocks:
        block = re.sub(r"\s*\{cite:p\}`[^`]*`", "", block)
        # What speaks of a figure, a number or a place that is not here is left out
        sentences = [block]
        if not block.startswith("$$"):
            sentences = re.split(r"(?<=[.?!])\s+(?=[A-Z*`${])", block)
        here = [s for s in map(in_itself, sentences) if not ELSEWHERE.search(s)]
        plain = re.sub(r"\{[\w:-]+\}`([^`<]*?)\s*(?:<[^`]*>)?`", r"\1", " ".join(here))
        if plain:
            taken.append(plain if "$$" in plain else textwrap.fill(plain, 98))
    if len(taken) > paragraphs:
        taken = [*taken[: paragraphs - 1], taken[-1]]
    for i, block in enumerate(taken):  # what it announced may have been left out
        if block.endswith((":", ",")) and not "".join(taken[i + 1 : i + 2]).startswith("$$"):
            taken[i] = block[:-1] + "."
    return "\n\n".join(taken)


ELSEWHERE = re.compile(r"\{(glue|ref|numref|eq|eval|cite)[^}]*\}")
CITED = re.compile(r"\{cite:t\}`([^`]*)`")
IN_A_FIGURE = re.compile(r"^In \{numref\}`[^`]*`,?\s+(\w)")


def in_itself(sentence: str) -> str:
    """A sentence that needs neither the figure it begins with nor the list of references."""
    sentence = IN_A_FIGURE.sub(lambda m: m[1].upper(), sentence)
    sentence = re.sub(r",\s+as\s+it\s+was\s+above", "", sentence)
    return CITED.sub(lambda m: reference(m[1]) or m[0], sentence)


@cache
def reference(key: str) -> str:
    """Authors and year of an entry of the book's bibliography: "Kingma and Ba (2015)"."""
    entries = (book_root() / "book" / "references.bib").read_text(encoding="utf-8")
    found = re.search(rf"^@\w+\{{{key},\n.*?\bauthor = \{{(.*?)\}},", entries, re.M | re.S)
    year = re.search(r"\d{4}", key)
    if not found or not year:
        return ""
    authors = [author.partition(",")[0].strip() for author in found[1].split(" and ")]
    named = " and ".join(authors) if len(authors) < 3 else f"{authors[0]} and others"
    return f"{named} ({year[0]})"


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
    path = chapter(lesson)
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
        HEADER,
        markdown(
            f"# {lesson.number} {lesson.title}\n\n"
            f"Chapter: {address(lesson)}. "
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
    section = about(step, page) if page else None
    text = f"## {step.title}\n\n"
    if section:
        text += prose(section) + "\n\n"
        text += f"Chapter: {address(lesson)}, line {section.line}, “{section.heading}”.\n\n"
    else:
        text += f"Chapter: {address(lesson)}.\n\n"
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
