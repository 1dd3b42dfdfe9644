"""Every launch link leads to a published notebook, and that notebook runs where the link says."""

import json
import re
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from book_launch import address

from .conftest import BUILD, PAGES, ROOT, Environment, links

pytestmark = pytest.mark.slow

DIRECTIVE = re.compile(r"^ *(```|:::+)\{|\{(doc|eq|numref|ref|cite(:\w+)?|glue:\w+|math)\}`", re.M)


def notebook_of(published: Path, page: str, where: str) -> Path | None:
    """The file of the published tree that the page's launch link asks for, or None without one."""
    url = links((published / f"{page}.html").read_text(encoding="utf-8")).get(where)
    if url is None:
        return None
    parts = urlsplit(url)
    configured = re.search(r"url: (\S+)", (ROOT / "_config.yml").read_text()).group(1)
    repository = address.find(configured, ROOT)[0]
    place = f"{repository.owner}/{repository.name}"
    if where == "binder":
        assert (parts.netloc, parts.path) == ("mybinder.org", f"/v2/gh/{place}/gh-pages")
        path = parse_qs(parts.query)["urlpath"][0].removeprefix("lab/tree/")
    else:
        assert parts.netloc == "colab.research.google.com"
        path = parts.path.removeprefix(f"/github/{place}/blob/gh-pages/")
    assert path.endswith(".ipynb")
    return published / path


def has_cells(page: str) -> bool:
    return "```{code-cell}" in (ROOT / f"{page}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_with_cells_has_both_links_and_its_notebook_runs(
    page, published, binder_environment, tmp_path
):
    found = {where: notebook_of(published, page, where) for where in ("binder", "colab")}
    if not has_cells(page):
        assert found == {"binder": None, "colab": None}
        return
    notebook = found["binder"]
    assert found["colab"] == notebook
    assert notebook.is_file()
    binder_environment.run(notebook, tmp_path / "empty")


@pytest.mark.parametrize("page", [page for page in PAGES if has_cells(page)])
def test_a_notebook_says_what_its_page_says(page, published):
    notebook = json.loads((published / "notebooks" / f"{page}.ipynb").read_text(encoding="utf-8"))
    first, *cells = notebook["cells"]
    assert first["source"].startswith("# Fetches the book's package where it is missing")
    text = "\n\n".join(c["source"] for c in cells if c["cell_type"] == "markdown")
    assert not DIRECTIVE.search(text), DIRECTIVE.search(text).group()

    source = (ROOT / f"{page}.md").read_text(encoding="utf-8")
    assert text.count("$$") == 2 * source.count("```{math}") + source.count("$$")
    assert text.count("```") >= 2 * source.count("{literalinclude}")
    outputs = [o for c in cells if c["cell_type"] == "code" for o in c["outputs"]]
    pictures = [
        output["metadata"][kind]["alt"]
        for output in outputs
        for kind in ("image/svg+xml", "image/png")
        if kind in output.get("data", {})
    ]
    html = (published / f"{page}.html").read_text(encoding="utf-8")
    drawn = r'<img (?!class="live-still")[^>]*src="[^"]*_images/|<svg class="figure"[^>]*role="img"'
    assert len(pictures) == len(re.findall(drawn, html))
    assert all(pictures)
    written = "".join("".join(o.get("data", {}).get("text/html", "")) for o in outputs)
    stills = re.findall(r'<img class="live-still" [^>]*', written)
    assert len(stills) == html.count('<img class="live-still"') == source.count("\nLive(")
    assert all(re.search(r' alt="[^"]', still) for still in stills)
    code = [c["source"] for c in cells if c["cell_type"] == "code"]
    assert len(code) == source.count("```{code-cell}")


def test_colab_installs_the_package_and_runs(published, tmp_path):
    """A machine with what Colab has; the first cell's address leads to the published wheel."""
    colab = Environment(tmp_path / "colab")
    colab.make("numpy>=2", "matplotlib", "ipykernel", folder=tmp_path)
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    import subprocess

    asked = subprocess.run([colab.python, "-c", code], capture_output=True, text=True, check=True)
    (Path(asked.stdout.strip()) / "google" / "colab").mkdir(parents=True)
    (Path(asked.stdout.strip()) / "google" / "colab" / "__init__.py").touch()

    page = next(page for page in PAGES if has_cells(page))
    notebook = json.loads((published / "notebooks" / f"{page}.ipynb").read_text(encoding="utf-8"))
    install = notebook["cells"][0]
    places = re.search(r"for place in (\(.*\)):", install["source"])[1]
    (name,) = re.findall(r"wheels/[^']*?\.whl", install["source"])
    assert (published / name).is_file()
    nowhere = tmp_path.as_uri() + "/"  # the first place may not answer
    here = repr((nowhere, published.as_uri() + "/"))
    install["source"] = install["source"].replace(places, here)
    check = (
        "import google.colab, tinytorch, pathlib\n"
        f"assert pathlib.Path(tinytorch.__file__).is_relative_to({str(colab.folder)!r})"
    )
    notebook["cells"].insert(1, {**install, "id": "where", "source": check})
    changed = tmp_path / "chapter.ipynb"
    changed.write_text(json.dumps(notebook))
    colab.run(changed, tmp_path / "content")


def test_the_tree_knows_nothing_of_this_machine(published):
    for path in published.rglob("*"):
        if path.is_file() and path.suffix in (".html", ".ipynb", ".txt", ".js", ".css", ".xml"):
            text = path.read_text(encoding="utf-8", errors="replace")
            for private in (str(ROOT), str(BUILD), str(Path(sys.prefix))):
                assert private not in text, path
