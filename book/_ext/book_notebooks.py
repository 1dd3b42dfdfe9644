"""Every page with cells as a notebook: the cells with this build's outputs, the text between them.

The notebooks stand in `_build/notebooks`, in the folders of their pages. `book/publish.py` puts
them where the launch buttons lead.
"""

import json
import re
from pathlib import Path

import book_execute
import nbformat
from book_markdown import Markdown, is_cell
from docutils import nodes
from jupyter_cache import get_cache
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

INSTALL = """\
# Installs tinytorch where it is missing, as in Colab. Does nothing elsewhere.
import importlib.util

if importlib.util.find_spec("tinytorch") is None:
    %pip install --quiet "tinytorch[lab] @ {wheel}"
"""
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
HIDING = {
    "remove-cell": {"source_hidden": True},
    "remove-input": {"source_hidden": True},
    "hide-input": {"source_hidden": True},
    "hide-cell": {"source_hidden": True, "outputs_hidden": True},
    "hide-output": {"outputs_hidden": True},
}


def wheel_name() -> str:
    import tinytorch

    return f"tinytorch-{tinytorch.__version__}-py3-none-any.whl"


def executed(env, docname: str):
    """The page as a notebook with the outputs of its last run, or None if it has no cells."""
    page = book_execute.read_page(env, docname)
    if page is None:
        return None
    cache = get_cache(env.mystnb_config.execution_cache_path)
    return cache.merge_match_into_notebook(page.notebook)[1]


def shown(output, alternative: str):
    """The output as a notebook keeps it, or None for what only glue reads."""
    if output.output_type == "display_data":
        output.data = {k: v for k, v in output.data.items() if "papermill" not in k}
        if not output.data:
            return None
    if alternative and "image/png" in output.get("data", {}):
        output.setdefault("metadata", {})["image/png"] = {"alt": alternative}
    return output


def code_cell(cell):
    tags = list(cell.metadata.get("tags", []))
    alternative = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
    metadata = {"tags": tags} if tags else {}
    for tag in tags:
        metadata.setdefault("jupyter", {}).update(HIDING.get(tag, {}))
    outputs = [] if "remove-cell" in tags else [shown(o, alternative) for o in cell.outputs]
    return new_code_cell(
        cell.source,
        metadata={k: v for k, v in metadata.items() if v},
        execution_count=cell.execution_count,
        outputs=[output for output in outputs if output],
    )


def write(app, doctree, docname: str) -> None:
    if app.builder.name != "html" or docname not in app.config.external_site_map:
        return
    source = executed(app.env, docname)
    target = Path(app.outdir).parent / "notebooks" / f"{docname}.ipynb"
    if source is None:
        target.unlink(missing_ok=True)
        return

    visible = {node["cell_index"] for node in doctree.findall(nodes.container) if is_cell(node)}
    waiting = [i for i, cell in enumerate(source.cells) if cell.cell_type == "code"]
    wheel = app.book_repository.raw(f"wheels/{wheel_name()}")
    cells = [new_code_cell(INSTALL.format(wheel=wheel).rstrip())]

    def say(text: str) -> None:
        if text.strip():
            cells.append(new_markdown_cell(text))

    def run(markdown: Markdown, node) -> None:
        """The cell itself, the unseen ones before the next that is seen, and its caption."""
        say(markdown.take())
        while waiting and (waiting[0] <= node["cell_index"] or waiting[0] not in visible):
            cells.append(code_cell(source.cells[waiting.pop(0)]))
        for caption in node.findall(nodes.caption):
            markdown.block(caption)

    numbers = app.env.toc_fignumbers.get(docname, {})
    address = app.config.html_baseurl + app.builder.get_target_uri(docname)
    markdown = Markdown(address, numbers, run)
    markdown.children(doctree, 0)
    say(markdown.take())
    cells += [code_cell(source.cells[index]) for index in waiting]

    name = re.sub(r"\W", "-", docname)[-48:]
    for number, cell in enumerate(cells):
        cell.id = f"{name}-{number}"
    notebook = new_notebook(cells=cells, metadata={"kernelspec": KERNEL})
    nbformat.validate(notebook)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def setup(app):
    app.connect("doctree-resolved", write, priority=999)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
