"""What a page says about whose code drew it."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXTENSION = ROOT / "book" / "_ext" / "book_parts" / "whose.py"
WHOSE = {
    "Tensor.__add__": "yours",
    "Adam": "yours",
    "Tensor.sum": "yours",
    "SGD": "yours",
    "adam": "the package's: your file defines none",
}
PAGES = sorted(p for p in (ROOT / "book").rglob("*.md") if "exports." in p.read_text("utf-8"))


@pytest.fixture(scope="module")
def sentence():
    spec = importlib.util.spec_from_file_location(EXTENSION.stem, EXTENSION)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def said(*cells, closed=()):
        page = "\n".join(f"```{{code-cell}} python\n{cell}\n```" for cell in cells)
        return re.sub("<[^>]*>", "", module.sentence(page, WHOSE, list(closed)))

    return said


def test_the_names_that_its_cells_use(sentence):
    said = sentence("Adam([p])")
    assert said.startswith("Your code stands in the package's place: this page's cells name Adam.")
    assert "Exported: Adam, SGD, 2 operations of Tensor." in said
    assert "adam: the package&#x27;s: your file defines none." in said
    assert "no cell of this page names it" in sentence("print('Adam')")


def test_a_page_about_the_package(sentence):
    said = sentence("from tinytorch import exports\nexports.deactivate()  # here", "Adam([p])")
    assert said == "This page is about the package as it is: none of your code is in it."


def test_a_page_that_opens_the_state(sentence):
    cell = "exports.only_open()\nAdam([p]).state"
    words = "Where it opens a state, the package stands in for Adam: yours keep it to themselves."
    assert words in sentence(cell, closed=["Adam"])
    assert "opens a state" not in sentence(cell)
    assert "opens a state" not in sentence("Adam([p])", closed=["Adam"])


def test_a_page_that_builds_on_a_class(sentence):
    cell = "class Still(Adam):\n    pass"
    assert "What the page builds on Adam follows the package's rule." in sentence(
        cell, closed=["Adam"]
    )
    assert "builds on" not in sentence(cell)


def test_the_pages_that_open_an_optimizer_say_so():
    """Each page that breaks the package, or looks into an optimizer's state, begins with it."""
    opened = {path.name for path in PAGES}
    for path in sorted((ROOT / "book").rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        cells = "\n".join(re.findall(r"^```\{code-cell\}.*?^```", text, re.M | re.S))
        if re.search(r"\.applied\(\)|\.state\[|\.state\.values\(\):|save_checkpoint\(", cells):
            assert path.name in opened, path
