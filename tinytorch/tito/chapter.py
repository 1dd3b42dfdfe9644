"""What a workbook takes from the chapter: prose and formulas that can stand by themselves."""

import re
import textwrap
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import tinytorch
from tinytorch.tito.lesson import Lesson, Step


def book_root() -> Path | None:
    root = Path(tinytorch.__file__).resolve().parent.parent
    return root if (root / "book").is_dir() else None


def page(lesson: Lesson) -> Path | None:
    """The chapter of a module, if the book is here."""
    root = book_root()
    names = (f"{lesson.folder}.md", f"{lesson.name}.md")
    found = (p for name in names for p in sorted(root.glob(f"book/**/{name}"))) if root else ()
    return next(iter(found), None)


def address(lesson: Lesson) -> str:
    """Where the chapter is, as text."""
    path, root = page(lesson), book_root()
    return f"`{path.relative_to(root).as_posix()}`" if path else f"{lesson.number} {lesson.title}"


@dataclass(frozen=True)
class Section:
    line: int
    heading: str
    text: str


def sections(text: str) -> list[Section]:
    """The sections of a page; the line is that of the heading."""
    found, lines, fence = [], text.splitlines(), None
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


def about(step: Step, text: str) -> Section | None:
    """The section of the page that shows the step's first object, or else is named like it."""
    candidates = sections(text)
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
