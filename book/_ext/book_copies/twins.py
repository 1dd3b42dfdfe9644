"""Each page once more as plain Markdown, beside it, and a list of them: `llms.txt`.

For those who read with a program: no menus, no directives, formulas as LaTeX, code with what it
printed, figures as the words that describe them.
"""

import re
from pathlib import Path

from book_build import once
from docutils import nodes

from book_copies import notebooks
from book_copies.markdown import Markdown

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def printed(output, words: str) -> str:
    """An output as Markdown: what was printed, or the words for what was drawn."""
    data = output.get("data", {})
    if output.output_type == "stream":
        return f"```text\n{ANSI.sub('', output.text).rstrip()}\n```"
    if any(kind.startswith("image/") for kind in data):
        return f"*[Figure: {' '.join(words.split())}]*"
    text = data.get("text/plain", "")
    if not text or any("papermill" in kind for kind in data):
        return ""
    return f"```text\n{notebooks.ADDRESS.sub(lambda m: m[1], text).rstrip()}\n```"


def cell(markdown: Markdown, node, source) -> None:
    index = node["cell_index"]
    found = source.cells[index]
    tags = found.metadata.get("tags", [])
    if "remove-input" not in tags:
        markdown.blocks.append(f"```python\n{found.source.rstrip()}\n```")
    if "remove-output" not in tags:
        words = found.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        markdown.blocks += [text for o in found.outputs if (text := printed(o, words))]
    for caption in node.findall(nodes.caption):
        markdown.block(caption)


def write(app, doctree, docname: str) -> None:
    if app.builder.name != "html":
        return
    source = notebooks.executed(app, docname)
    address = app.config.html_baseurl + app.builder.get_target_uri(docname)
    numbers = app.env.toc_fignumbers.get(docname, {})
    markdown = Markdown(address, numbers, lambda made, node: cell(made, node, source))
    markdown.children(doctree, 0)
    target = Path(app.outdir) / f"{docname}.md"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(f"{markdown.take()}\n\nSource: {address}\n", encoding="utf-8")


def parts(app) -> list[tuple[str, list[str]]]:
    """The captions of the table of contents, each with its pages."""
    contents = app.config.external_site_map
    root = contents.root
    found = [("", [root.docname])]
    for tree in root.subtrees:
        found.append((tree.caption or "", [str(item) for item in tree.items]))
    return found


def first_words(app, docname: str) -> str:
    """The first sentence of a page."""
    doctree = once.finished(app.env).get_doctree(docname)
    for paragraph in doctree.findall(nodes.paragraph):
        text = " ".join(paragraph.astext().split())
        if len(text) > 20:
            return re.split(r"(?<=[.?!])\s", text)[0]
    return ""


def list_them(app, exception) -> None:
    if exception or app.builder.name != "html":
        return
    base = app.config.html_baseurl
    lines = [f"# {app.config.project}", "", f"> {first_words(app, app.config.root_doc)}", ""]
    lines += ["Every figure and number comes from code that ran when the book was built.", ""]
    for caption, names in parts(app):
        lines += [f"## {caption}", ""] if caption else []
        for name in names:
            title = app.env.titles[name].astext()
            lines.append(f"- [{title}]({base}{name}.md): {first_words(app, name)}")
        lines.append("")
    (Path(app.outdir) / "llms.txt").write_text("\n".join(lines), encoding="utf-8")


def setup(app):
    app.connect("doctree-resolved", write, priority=998)
    app.connect("build-finished", list_them)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
