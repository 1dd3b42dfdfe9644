"""A resolved page as plain Markdown: what a notebook can show, with no directive left in it.

sphinx-markdown-builder (0.6.11 was tried) loses figures, captions, exercises, bets and the numbers
of equations, cannot hand over a page's cells, and would read the whole book a second time.
"""

import re
from html import escape
from urllib.parse import urljoin

from docutils import nodes

SPECIAL = re.compile(r"([\\`*_$<])")
SKIPPED = (
    nodes.comment,
    nodes.Invisible,
    nodes.raw,
    nodes.substitution_definition,
    nodes.system_message,
    nodes.target,
)
MARKS = {nodes.emphasis: "*", nodes.strong: "**", nodes.title_reference: "*"}


def is_cell(node) -> bool:
    return isinstance(node, nodes.container) and node.get("nb_element") == "cell_code"


def has_cells(node) -> bool:
    return any(is_cell(inner) for inner in node.findall(nodes.container))


def quote(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def hang(marker: str, text: str) -> str:
    first, *rest = text.strip().split("\n")
    inset = " " * len(marker)
    return "\n".join([marker + first, *((inset + line).rstrip() for line in rest)])


class Markdown:
    """Writes nodes of one page as Markdown, and hands each code cell to `on_cell`."""

    def __init__(self, address: str, numbers: dict, on_cell):
        self.address = address  # of the page on the web
        self.numbers = numbers  # figure type -> id -> number, as Sphinx counted
        self.on_cell = on_cell
        self.blocks: list[str] = []

    def take(self) -> str:
        text = "\n\n".join(block for block in self.blocks if block.strip())
        self.blocks = []
        return text

    def inner(self, node, depth: int) -> str:
        """The node's children as one text, apart from what was written so far."""
        outer, self.blocks = self.blocks, []
        self.children(node, depth)
        text, self.blocks = self.take(), outer
        return text

    def number(self, node, kind: str) -> str:
        for name in node.get("ids", []):
            if name in self.numbers.get(kind, {}):
                return ".".join(map(str, self.numbers[kind][name]))
        return ""

    # ---- inline

    def inline(self, node) -> str:
        return "".join(self.phrase(child) for child in node.children)

    def phrase(self, node) -> str:
        if isinstance(node, nodes.Text):
            return SPECIAL.sub(r"\\\1", node.astext())
        if isinstance(node, nodes.math):
            return f"${node.astext()}$"
        if isinstance(node, nodes.literal):
            return f"`{node.astext()}`"
        if isinstance(node, (nodes.superscript, nodes.subscript)):
            tag = "sup" if isinstance(node, nodes.superscript) else "sub"
            return f"<{tag}>{self.inline(node)}</{tag}>"
        if isinstance(node, nodes.reference):
            return self.link(node)
        if isinstance(node, nodes.footnote_reference):
            return f"[{node.astext()}]"
        if isinstance(node, SKIPPED):
            return ""
        mark = MARKS.get(type(node), "")
        return mark + self.inline(node) + mark

    def link(self, node) -> str:
        text, uri = self.inline(node), node.get("refuri", "")
        if not uri:
            return text
        if "://" in uri or uri.startswith("mailto:"):
            return f"[{text}]({uri})"
        page, _, anchor = uri.partition("#")
        if not page:
            return text
        return f"[{text}]({self.resolve(page)}{'#' * bool(anchor)}{anchor})"

    def resolve(self, relative: str) -> str:
        return urljoin(self.address, relative)

    # ---- blocks

    def children(self, node, depth: int) -> None:
        for child in node.children:
            self.block(child, depth)

    def block(self, node, depth: int = 0) -> None:
        if isinstance(node, SKIPPED):
            return
        if is_cell(node):
            self.on_cell(self, node)
            return
        for kind in type(node).__mro__:
            write = getattr(self, f"write_{kind.__name__}", None)
            if write:
                write(node, depth)
                return
        if isinstance(node, nodes.Inline):
            self.blocks.append(self.phrase(node))
        else:
            self.children(node, depth)

    def write_section(self, node, depth):
        self.children(node, depth + 1)

    def write_title(self, node, depth):
        self.blocks.append(f"{'#' * max(depth, 1)} {self.inline(node)}")

    def write_rubric(self, node, depth):
        self.blocks.append(f"**{self.inline(node)}**")

    def write_paragraph(self, node, depth):
        self.blocks.append(self.inline(node))

    def write_compact_paragraph(self, node, depth):
        self.blocks.append(self.inline(node))

    def write_transition(self, node, depth):
        self.blocks.append("---")

    def write_block_quote(self, node, depth):
        self.blocks.append(quote(self.inner(node, depth)))

    def write_literal_block(self, node, depth):
        language = node.get("language", "")
        language = "python" if language in ("ipython3", "default") else language
        self.blocks.append(f"```{language}\n{node.astext().rstrip()}\n```")

    def write_math_block(self, node, depth):
        latex = node.astext().strip()
        number = self.number(node, "displaymath") or node.get("number")
        tag = f" \\tag{{{number}}}" if number else ""
        self.blocks.append(f"$$\n{latex}{tag}\n$$")

    def write_bullet_list(self, node, depth):
        items = (hang("- ", self.inner(item, depth)) for item in node.children)
        self.blocks.append("\n".join(items))

    def write_enumerated_list(self, node, depth):
        first = node.get("start", 1)
        items = (
            hang(f"{number}. ", self.inner(item, depth))
            for number, item in enumerate(node.children, start=first)
        )
        self.blocks.append("\n".join(items))

    def write_term(self, node, depth):
        self.blocks.append(f"**{self.inline(node)}**")

    def write_table(self, node, depth):
        rows = [
            [" ".join(self.inner(entry, depth).split()) for entry in row.children]
            for row in node.findall(nodes.row)
        ]
        if not rows:
            return
        rows.insert(1, ["---"] * len(rows[0]))
        lines = ("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)
        self.blocks.append("\n".join(lines))

    def write_image(self, node, depth):
        uri = node.get("original_uri", node["uri"]).lstrip("/")
        self.blocks.append(f"![{node.get('alt', '')}]({self.resolve('/')}{uri})")

    def write_caption(self, node, depth):
        figure = node.parent
        number = self.number(figure, "figure" if isinstance(figure, nodes.figure) else "code-block")
        prefix = f"Fig. {number}. " if number and isinstance(figure, nodes.figure) else ""
        self.blocks.append(f"*{prefix}{self.inline(node)}*")

    def write_citation(self, node, depth):
        label, *rest = node.children
        text = " ".join(self.inline(child) for child in rest)
        self.blocks.append(f"- [{label.astext()}] {text}")

    write_footnote = write_citation

    def write_Admonition(self, node, depth):
        """Quoted, unless a cell stands in it; titled even where the theme would do that."""
        title = next((c for c in node.children if isinstance(c, nodes.title)), None)
        heading = self.inline(title) if title else type(node).__name__.capitalize()
        kind = type(node).__name__.split("_")[0]
        number = self.number(node, kind)
        if number and number not in heading:  # the HTML writer would have put it there
            heading = f"{kind.capitalize()} {number} {heading.strip()}"
        outer, self.blocks = self.blocks, []
        if has_cells(node):
            self.blocks = [*outer, f"**{heading}**"]
            self.admonition_body(node, title, depth)
            return
        self.admonition_body(node, title, depth)
        body, self.blocks = self.take(), outer
        self.blocks.append(quote(f"**{heading}**\n\n{body}"))

    def write_bet(self, node, depth):
        """Folded, so that the answer does not stand under the question; GitHub and Jupyter fold."""
        title, *body = node.children
        outer, self.blocks = self.blocks, []
        for child in body:
            self.block(child, depth)
        answer, self.blocks = self.take(), outer
        question = escape(title.astext(), quote=False)
        self.blocks.append(
            f"<details>\n<summary><b>{question}</b></summary>\n\n{answer}\n\n</details>"
        )

    def admonition_body(self, node, title, depth):
        for child in node.children:
            if child is not title:
                self.block(child, depth)

    def write_toctree(self, node, depth):
        pass
