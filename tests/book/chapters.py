"""What a page of the book consists of, read from its source.

`python -m tests.book.chapters` prints a row for each page.
"""

import ast
import itertools
import re
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"(?P<mark>`{3,}|:{3,}|~{3,})(?:\{(?P<name>[\w:-]+)\})?(?P<rest>.*)")

# Directives whose body is text of the page; of all others it is code, mathematics or a list.
PROSE = {"exercise", "solution", "admonition", "note", "warning", "tip", "dropdown", "important",
         "grid", "grid-item-card", "card", "tab-set", "tab-item", "glossary", "margin", "caution",
         "seealso", "bet", "proof", "prf:theorem", "prf:proof", "prf:lemma", "topic"}  # fmt: skip


@dataclass
class Cell:
    line: int
    options: dict
    code: str
    solution: bool

    @property
    def shown(self) -> bool:
        return not {"remove-cell", "remove-input"} & set(self.options.get("tags", []))

    @property
    def figure(self) -> dict | None:
        settings = self.options.get("mystnb", {})
        if "figure" not in settings:
            return None
        inner = re.search(r"\balt=\s*[\"'](.+?)[\"']", self.code, re.S)  # of a figure with a slider
        alt = settings.get("image", {}).get("alt") or (inner and inner[1])
        return {**settings["figure"], "alt": alt}

    @property
    def length(self) -> int:
        """Lines of code; an import over several lines is no code to follow."""
        lines = {i for i, line in enumerate(self.code.splitlines(), 1) if line.strip()}
        for node in ast.parse(plain(self.code)).body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                lines -= set(range(node.lineno, node.end_lineno + 1))
        return len(lines)


@dataclass
class Page:
    name: str
    cells: list[Cell] = field(default_factory=list)
    directives: list[tuple[int, str, str, dict]] = field(default_factory=list)
    prose: list[tuple[int, str]] = field(default_factory=list)  # (line number, text)

    @property
    def text(self) -> str:
        return "\n".join(line for _, line in self.prose)

    @property
    def figures(self) -> list[tuple[int, dict]]:
        found = [(cell.line, cell.figure) for cell in self.cells if cell.figure is not None]
        for line, name, _, options in self.directives:
            if name == "figure":
                found.append((line, {"caption": options.get("body", "").strip(), **options}))
        return found

    def labels(self, *names: str) -> list[str]:
        """The labels of exercises, or the exercises that solutions belong to."""
        found = [d for d in self.directives if d[1] in names]
        return [options.get("label", argument) for _, _, argument, options in found]

    @property
    def solved(self) -> list[str]:
        solutions = set(self.labels("solution", "solution-start"))
        return [e for e in self.labels("exercise", "exercise-start") if e in solutions]

    @property
    def claims(self) -> int:
        return sum(len(re.findall(r"\bclaim\(", cell.code)) for cell in self.cells)

    @property
    def glued(self) -> list[str]:
        return re.findall(r"\{glue:[a-z]*\}`([^`:]+)", self.text)

    @property
    def cited(self) -> set[str]:
        found = re.findall(r"\{cite[:a-z]*\}`([^`]+)`", self.text)
        return {key.strip() for keys in found for key in keys.split(",")}

    @property
    def words(self) -> int:
        return len(re.findall(r"[^\W\d_]{2,}|\b[aAI]\b", bare(self.text)))


def plain(code: str) -> str:
    """Code without the magics of a notebook."""
    return re.sub(r"^[%!].*$", "pass", code, flags=re.M)


def options_of(lines: list[str]) -> tuple[dict, list[str]]:
    """The options at the head of a directive, in either notation, and the lines after them."""
    if lines and lines[0].strip() == "---":
        end = next(i for i, line in enumerate(lines[1:], 1) if line.strip() == "---")
        return yaml.safe_load("\n".join(lines[1:end])) or {}, lines[end + 1 :]
    head = 0
    while head < len(lines) and re.match(r":(\s|\w)", lines[head]):
        head += 1
    text = "\n".join(line[1:] for line in lines[:head])
    return (yaml.safe_load(text) or {}) if head else {}, lines[head:]


def read(path: Path, name: str = "") -> Page:
    return parse(path.read_text(encoding="utf-8"), name or path.stem)


def parse(text: str, name: str = "page") -> Page:
    page = Page(name)
    lines = text.splitlines()
    first = 0
    if lines and lines[0] == "---":
        first = lines.index("---", 1) + 1
    walk(page, lines[first:], first + 1)
    inside = False  # gated solutions: what stands between their two marks
    marks = {line: name for line, name, _, _ in page.directives if name.startswith("solution-")}
    for cell in page.cells:
        inside = [n for line, n in sorted(marks.items()) if line < cell.line][-1:]
        cell.solution = inside == ["solution-start"]
    return page


def walk(page: Page, lines: list[str], first: int) -> None:
    """Sort the lines, of which the first has the number `first`, into cells and prose."""
    i = 0
    while i < len(lines):
        match = FENCE.match(lines[i].strip())
        if not match:
            if not re.match(r"(\([\w-]+\)=|%)", lines[i].strip()):
                page.prose.append((first + i, lines[i]))
            i += 1
            continue
        end = closing(lines, i, match["mark"])
        inner, at, directive = lines[i + 1 : end], first + i, match["name"]
        options, body = options_of(inner) if directive else ({}, inner)
        if directive == "code-cell":
            page.cells.append(Cell(at, options, "\n".join(body), False))
            caption = options.get("mystnb", {}).get("figure", {}).get("caption")
            if caption:
                page.prose.append((at, ""))
                page.prose += [(at, line) for line in caption.splitlines()] + [(at, "")]
        elif directive:
            argument = match["rest"].strip()
            page.directives.append((at, directive, argument, {**options, "body": "\n".join(body)}))
            if directive in PROSE:
                if directive in ("exercise", "admonition", "dropdown") and argument:
                    page.prose.append((at, argument))
                page.prose.append((at, ""))
                walk(page, body, at + 1 + len(inner) - len(body))
            elif directive in ("list-table", "table", "figure"):
                page.prose += [(at + 1 + k, line) for k, line in enumerate(inner)]
        i = end + 1


def closing(lines: list[str], start: int, mark: str) -> int:
    """The line that closes the fence opened on line `start`."""
    for i in range(start + 1, len(lines)):
        line = lines[i].strip()
        if line and set(line) == {mark[0]} and len(line) >= len(mark):
            return i
    raise ValueError(f"the fence of line {start + 1} is never closed: {lines[start]!r}")


# Predictions

ASKS = re.compile(
    r"\*\*(?:[^*\s]+\s+){2,}[^*]*\?\*\*"  # a question in bold, of three words or more
    r"|\*\*Prediction\b"
    r"|(?:^|[.?!]\s)(?:Guess|Predict|Bet)\b|;\s(?:guess|predict|bet)\b"
    r"|\b[Ww]rite down (?:a|an|both|your|two|three|four|five)\b"
    r"|\b(?:[Gg]uess|[Pp]redict|[Cc]hoose|[Dd]ecide|[Ss]ay|[Dd]raw)\b[^.?!]*\bbefore you\b",
    re.M,
)


def without_a_bet(page: Page) -> list[tuple[int, str]]:
    """Where a reader is asked for a prediction in a section that has no bet to place: line, words.

    Exercises ask for something else, and have solutions.
    """
    own = dict(page.prose)
    heads = [n for n, line in own.items() if re.match(r"#{1,6} ", line)]
    bets = [n for n, name, _, _ in page.directives if name == "bet"]
    found = []
    for start, end in itertools.pairwise([*heads, max(own, default=0) + 1]):
        lines = [(n, line) for n, line in own.items() if start < n < end]
        words = "\n".join(line for _, line in lines)
        asked = ASKS.search(words)
        if re.match(r"## (Exercises|Summary)", own[start]) or not asked:
            continue
        if not any(start < n < end for n in bets):
            found.append(
                (lines[words.count("\n", 0, asked.start())][0], " ".join(asked[0].split()))
            )
    return found


# Bare numbers

NUMBER = re.compile(r"(?<![\w.,^_/-])\d(?:[\d,]*\d)?(?:\.\d+)?(?:e[+-]?\d+)?(?![\w^])")
QUANTITY = re.compile(
    r"\s*(%|per cent|steps?\b|times\b|epochs?\b|points?\b|iterations?\b|seconds?\b|minutes?\b"
    r"|ms\b|[kMG]?B\b|bytes\b)"
)


def bare(text: str) -> str:
    """The text without roles, code, mathematics, addresses and what is marked as given."""
    for pattern in (
        r"\$\$.*?\$\$",
        r"(?<!\\)\$[^$]+(?<!\\)\$",
        r"\[[^\]]*\]\{[^}]*\.given[^}]*\}",
        r"\{[\w:-]+\}`[^`]*`",
        r"`+[^`]+`+",
        r"\]\([^)]*\)",
        r"<?https?://\S+",
    ):
        text = re.sub(pattern, lambda m: " # " + "\n" * m[0].count("\n"), text, flags=re.S)
    return text


def literals(page: Page) -> set[float]:
    """The numbers in the cells that a reader sees: the settings of the page's experiments."""
    found = set()
    for cell in page.cells:
        if cell.shown:
            for node in ast.walk(ast.parse(plain(cell.code))):
                if isinstance(node, ast.Constant) and type(node.value) in (int, float):
                    found.add(float(node.value))
    return found


def sentences(page: Page):
    """(line, sentence) of the prose; a row of a table, or an item of a list, is one too."""
    block: list[tuple[int, str]] = []
    for line, text in [*page.prose, (0, "")]:
        if block and (not text.strip() or re.match(r"\s*([|*-] |\d+\. |\||#|:)", text)):
            yield from split(block)
            block = []
        if text.strip():
            block.append((line, text))


def split(block: list[tuple[int, str]]):
    start, text = block[0][0], "\n".join(text for _, text in block)
    at = 0
    for match in re.finditer(r"(?<=[.!?:])[\"”)*]*\s+(?=[\"“(*A-Z{$`\[])|$", text):
        yield start + text.count("\n", 0, at), text[at : match.start()].strip("\n")
        at = match.end()


def bare_numbers(page: Page) -> list[tuple[int, str, str]]:
    """(line, number, sentence) of each number in the prose that looks like a result.

    What passes: numbers from `glue`; those in mathematics or code; those that stand in a visible
    cell of the page (settings); those of a sentence or a table's row that cites its source;
    whole numbers up to ten that count no steps, per cent, bytes or the like; years; numbers of
    modules (06); and `[4 to 5]{.given}`.
    """
    known, found = literals(page), []
    for line, sentence in sentences(page):
        if "{cite" in sentence:
            continue
        text = bare(re.sub(r"^\s*(#+ |\d+\. )", "", sentence))
        for match in NUMBER.finditer(text):
            digits = match[0].replace(",", "")
            value = float(digits)
            small = value <= 10 and value == int(value) and not QUANTITY.match(text, match.end())
            year = re.fullmatch(r"(1[6-9]|20)\d\d", match[0])
            module = re.fullmatch(r"0\d", match[0])
            scaled = value / 100 in known and QUANTITY.match(text, match.end())
            if not (value in known or small or year or module or scaled):
                found.append((line, match[0], " ".join(sentence.split())))
    return found


# All pages


@cache
def pages() -> dict[str, Page]:
    """Every page of the table of contents."""
    sys.path.insert(0, str(ROOT / "book"))
    try:
        from build import documents
    finally:
        sys.path.remove(str(ROOT / "book"))
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    return {name: read(ROOT / f"{name}.md", name) for name in documents(contents)}


def chapters() -> dict[str, Page]:
    return {
        name: page
        for name, page in pages().items()
        if name.startswith("book/") and not name.startswith(("book/appendices/", "book/tito"))
    }


def seconds() -> dict[str, float]:
    """How long each page's cells took, from the execution cache of the last build, if any."""
    from jupyter_cache import get_cache

    caches = list((ROOT / "_build/.jupyter_cache").glob("*/global.db"))
    if not caches:
        return {}
    newest = max(caches, key=lambda path: path.stat().st_mtime).parent
    found = {}
    for record in sorted(get_cache(newest).list_cache_records(), key=lambda r: r.created):
        path = Path(record.uri)
        if path.is_relative_to(ROOT):
            name = path.relative_to(ROOT).with_suffix("").as_posix()
            found[name] = record.data.get("execution_seconds")
    return found


def table() -> str:
    took = seconds()
    heads = ["figures", "alt", "glued", "claims", "exercises", "solved", "references", "words"]
    rows = [f"{'page':<36}" + "".join(f"{head:>11}" for head in [*heads, "seconds"])]
    for name, page in pages().items():
        figures = [figure for _, figure in page.figures]
        values = [
            sum(bool(f.get("caption")) for f in figures),
            sum(bool(f.get("alt")) for f in figures),
            len(page.glued),
            page.claims,
            len(page.labels("exercise", "exercise-start")),
            len(page.solved),
            len(page.cited),
            page.words,
            f"{took[name]:.1f}" if took.get(name) else "-",
        ]
        rows.append(f"{name:<36}" + "".join(f"{value:>11}" for value in values))
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())
