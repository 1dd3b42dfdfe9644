"""Say on each page with cells whose code drew it, when the book is built on a learner's exports."""

import ast
import html
import os
import re
from collections import Counter
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


def sentence(page: str, whose: dict[str, str], closed: list[str]) -> str:
    """Whose code drew a page, as the page itself uses it."""
    if "exports.deactivate()" in page:
        return "This page is about the package as it is: none of your code is in it."
    yours = [name for name, owner in whose.items() if owner == "yours"]
    named = [name for name in yours if name in names_in(page)]
    here = f"this page's cells name {listed(named)}" if named else "no cell of this page names it"
    said = [
        f"Your code stands in the package's place: {here}.",
        f"Exported: {', '.join(map(html.escape, together(yours)))}.",
    ]
    if "exports.only_open()" in page and closed:
        said.append(
            f"Where it opens a state, the package stands in for {listed(closed)}: "
            "yours keep it to themselves."
        )
    built = [name for name in closed if re.search(rf"^class \w+\(.*\b{name}\b.*\):", page, re.M)]
    if built:
        said.append(f"What the page builds on {listed(built)} follows the package's rule.")
    left = sorted({owner for owner in whose.values() if owner != "yours"})
    for owner in left:
        names = [name for name in whose if whose[name] == owner]
        said.append(f"{listed(names)}: {html.escape(owner)}.")
    return " ".join([*said, "All else is the package's."])


def together(names: list[str]) -> list[str]:
    """Names, with the methods of a class counted: "9 operations of Tensor"."""
    methods = Counter(name.partition(".")[0] for name in names if "." in name)
    counted = [f"{count} operations of {owner}" for owner, count in methods.items()]
    return [name for name in names if "." not in name] + counted


def listed(names: list[str]) -> str:
    return ", ".join(f"<code>{html.escape(name)}</code>" for name in names)


def add(app, pagename, templatename, context, doctree) -> None:
    if doctree is None or "body" not in context:
        return
    page = Path(app.env.doc2path(pagename)).read_text(encoding="utf-8")
    if CELL.search(page):
        from tinytorch import exports

        said = sentence(page, exports.whose(), exports.closed())
        context["body"] += f'<aside class="whose-code"><p>{said}</p></aside>'


def setup(app):
    if os.environ.get("TINYTORCH_EXPORTS"):
        app.connect("html-page-context", add)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
