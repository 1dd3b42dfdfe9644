"""Say on each page with cells whose code drew it, when the book is built on a learner's exports."""

import ast
import html
import os
import re
from pathlib import Path

CELL = re.compile(r"^`{3,}\{code-cell\}.*?\n(.*?)^`{3,}\s*$", re.M | re.S)
OPTIONS = re.compile(r"\A(---\n.*?\n---\n|(:.*\n)+)", re.S)


def names_in(page: str) -> set[str]:
    """Names that the cells of a page mention."""
    found = set()
    for cell in CELL.findall(page):
        code = "\n".join(
            line for line in OPTIONS.sub("", cell).splitlines() if not line.startswith(("%", "!"))
        )
        try:
            tree = ast.parse(code)
        except SyntaxError:
            continue
        found |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return found


def sentence(page: str, whose: dict[str, str]) -> str:
    yours = [name for name, owner in whose.items() if owner == "yours"]
    named = [name for name in yours if name in names_in(page)]
    listed = ", ".join(f"<code>{html.escape(name)}</code>" for name in named)
    here = f"its cells name {listed}" if named else "its cells name none of it"
    everything = ", ".join(html.escape(name) for name in yours)
    return (
        '<aside class="whose-code"><p>This page was drawn with your code in the package\'s place: '
        f"{here}. Exported: {everything}. All else is the package's.</p></aside>"
    )


def add(app, pagename, templatename, context, doctree) -> None:
    if doctree is None or "body" not in context:
        return
    page = Path(app.env.doc2path(pagename)).read_text(encoding="utf-8")
    if CELL.search(page):
        import tinytorch

        context["body"] += sentence(page, tinytorch.whose())


def setup(app):
    if os.environ.get("TINYTORCH_EXPORTS"):
        app.connect("html-page-context", add)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
