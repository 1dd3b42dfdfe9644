"""Every page with cells as a notebook: the cells with this build's outputs, the text between them.

The notebooks stand in `_build/notebooks`, in the folders of their pages. `book/publish.py` puts
them where the launch buttons lead.
"""

import copy
import functools
import json
import platform
import re
from pathlib import Path

import nbformat
from book_cells import execute
from docutils import nodes
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from book_copies.markdown import Markdown, is_cell

FETCH = """\
# Fetches the book's package where it is missing, as in Colab. Does nothing elsewhere.
import importlib.util

for place in ("{site}", "{raw}"):
    if importlib.util.find_spec("tinytorch") is None:
        package = f"tinytorch-book[cli,lab] @ {{place}}wheels/{wheel}"
        get_ipython().run_line_magic("pip", f'install --quiet "{{package}}"')
        importlib.invalidate_caches()
try:
    from tinytorch import __version__, exports
except ImportError as error:
    raise ImportError(
        "This page needs the package of the book at {site}; it could not be fetched, "
        "or another package called tinytorch is installed here."
    ) from error
if __version__ != "{version}":
    print("This page was built with version {version} of the package, not", __version__)
"""
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {  # as the kernel itself says it, so that a notebook is not changed by being opened
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
    "version": platform.python_version(),
}
ADDRESS = re.compile(r"<(?:[\w.]+\.)?(\w+)(?: object)? at 0x[0-9a-f]+>")
UNTRUSTED = "(The picture is shown when the cell is run, or the notebook is trusted.)"
HIDING = {
    "remove-cell": {"source_hidden": True},
    "remove-input": {"source_hidden": True},
    "hide-input": {"source_hidden": True},
    "hide-cell": {"source_hidden": True, "outputs_hidden": True},
    "hide-output": {"outputs_hidden": True},
}


def fetching(repository) -> str:
    """The first cell. Both addresses hold the wheel; GitHub Pages, the first, counts no visits."""
    from tinytorch import __version__ as version

    wheel = f"tinytorch_book-{version}-py3-none-any.whl"
    places = {"site": repository.site, "raw": repository.raw("")}
    return FETCH.format(**places, wheel=wheel, version=version).rstrip()


@functools.lru_cache(1)  # a page is asked about several times, and then another one
def executed(app, docname: str):
    """The page as `execute.outcome` has it; whoever asks may cut its outputs down."""
    return copy.deepcopy(execute.outcome(app, docname))


def shown(output, alternative: str):
    """The output as a notebook keeps it, or None for what only glue reads.

    An object that has no text but its address in memory is called by what it shows, or its class.
    """
    if output.output_type == "display_data":
        output.data = {k: v for k, v in output.data.items() if "papermill" not in k}
        if not output.data:
            return None
    data = output.get("data", {})
    for given in data.values():
        if isinstance(given, dict):
            given.pop("drawing", None)  # a live figure's, for paper alone
    if "text/plain" in data:
        data["text/plain"] = ADDRESS.sub(lambda m: alternative or m[1], data["text/plain"])
    for picture in ("image/svg+xml", "image/png"):
        if alternative and picture in data:
            output.setdefault("metadata", {})[picture] = {"alt": alternative}
            data["text/plain"] = f"{alternative} {UNTRUSTED}"
    return output


def code_cell(cell):
    tags = list(cell.metadata.get("tags", []))
    alternative = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
    metadata = {"tags": tags} if tags else {}
    for tag in tags:
        hiding = HIDING.get(tag, {})
        metadata.setdefault("jupyter", {}).update(hiding)
        if "source_hidden" in hiding:
            metadata["cellView"] = "form"  # what Colab calls it
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
    source = executed(app, docname)
    target = Path(app.outdir).parent / "notebooks" / f"{docname}.ipynb"
    if source is None:
        target.unlink(missing_ok=True)
        return

    visible = {node["cell_index"] for node in doctree.findall(nodes.container) if is_cell(node)}
    waiting = [i for i, cell in enumerate(source.cells) if cell.cell_type == "code"]
    cells = [new_code_cell(fetching(app.book_repository))]

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
    notebook = new_notebook(cells=cells, metadata={"kernelspec": KERNEL, "language_info": LANGUAGE})
    nbformat.validate(notebook)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def setup(app):
    app.connect("doctree-resolved", write, priority=999)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
