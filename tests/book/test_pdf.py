"""The book as one PDF: letters, links and shapes; without a browser a word about how to get one."""

import os
import re
import shutil
import sys

import pytest

from tests.book.conftest import HEADER, ROOT

sys.path.insert(0, str(ROOT / "book"))

import pdf as printer

FIRST = """\
# The first

As {ref}`the other's exercises <ex-second>` ask, {cite:p}`polyak1964`, $x^2$.

:::{bet} What is it?
:answer: it
It is {glue:text}`it`.
:::

```{code-cell} python
---
mystnb:
  image:
    alt: A line.
---
import matplotlib.pyplot as plt
plt.plot([1, 2]);
```

```{code-cell} python
from tinytorch.lab import Knob, Live, Plot, glue
glue("it", "7")
Live(Plot({"a": lambda x, k: k * x}), k=Knob("k", 0, 1), alt="A live line.")
```

## Exercises

None.

## References

```{bibliography}
:filter: docname in docnames
```
"""
LISTING = "```python\n" + "\n".join(f"line_{n} = {n}" for n in range(33)) + "\n```\n"
THIRD = f"""\
# The third

Three listings, each longer than half a page, {{ref}}`and after them <after>`.

{LISTING}
{LISTING}
{LISTING}
(after)=
## After
"""
SECOND = """\
# The second

{cite:p}`polyak1964` once more, {doc}`chapter`, {doc}`/index`.

(ex-second)=
## Exercises

None.

## References

```{bibliography}
:filter: docname in docnames
```
"""


def test_without_a_browser_it_says_what_is_missing(book, tmp_path):
    result = book.run("book/pdf.py", PATH=str(tmp_path))
    assert result.returncode == 1
    assert "a PDF is printed by Chromium" in result.stdout
    assert "set CHROMIUM" in result.stdout
    assert not (book.folder / "_build").exists()


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """A book of a front page and two chapters that name their sections alike: HTML and PDF."""
    from tests.book.conftest import Book

    if not any(map(shutil.which, printer.NAMES)):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no Chromium")
    book = Book(tmp_path_factory.mktemp("paper"))
    chapters = "".join(f"  - file: book/{name}\n" for name in ("chapter", "second", "third"))
    (book.folder / "_toc.yml").write_text(
        f"format: jb-book\nroot: index\nparts:\n- caption: All\n  chapters:\n{chapters}"
    )
    book.write("book/chapter", HEADER + FIRST)
    book.write("book/second", SECOND)
    book.write("book/third", THIRD)
    result = book.run("book/pdf.py")
    assert result.returncode == 0, result.stdout[-2000:]
    assert "WARNING" not in result.stdout
    page = (book.folder / "_build/singlehtml/index.html").read_text(encoding="utf-8")
    return page, (book.folder / "_build" / "tinytorch.pdf").read_bytes()


pytestmark = [pytest.mark.slow, pytest.mark.browser]


def test_letters_are_letters_and_figures_shapes(printed):
    page, pdf = printed
    assert pdf.startswith(b"%PDF")
    assert re.search(rb"/FontName\s*/\w+\+SourceSerif4", pdf)
    assert not re.search(rb"/Subtype\s*/Image", pdf)
    shown = page.split("<article", 1)[1]
    assert "A live line." in shown
    assert shown.count('<svg class="figure"') == 2
    assert 'aria-label="x^2"' in shown


def test_every_chapter_begins_where_the_contents_say(printed):
    page, pdf = printed
    places = printer.pages(pdf)
    said = dict(re.findall(r'<span data-page="document-([^"]+)">(\d*)', page))
    assert said == {
        name: str(places[f"document-{name}"])
        for name in ("book/chapter", "book/second", "book/third")
    }
    begins = [places[f"document-{name}"] for name in ("index", "book/chapter", "book/second")]
    assert begins == sorted(set(begins))
    assert begins[0] == 3, "after the title and the contents"


def test_what_is_long_goes_on_overleaf(printed):
    """A listing that waited for a page of its own would leave half of the page before it empty."""
    places = printer.pages(printed[1])
    (after,) = (page for name, page in places.items() if name == "book/third~after")
    assert after == places["document-book/third"] + 1


def test_links_lead_into_the_chapter_that_is_meant(printed):
    page, pdf = printed
    places = printer.pages(pdf)
    link = r'<a [^>]*href="#([^"]*)"[^>]*>(?:<span[^>]*>)?the other.s exercises'
    (led,) = re.findall(link, page)
    assert led in ("book/second~ex-second", "book/second~exercises")
    assert places[led] == places["document-book/second"]
    book = page.split("<article", 1)[1].split("</article", 1)[0]
    names = re.findall(r'\sid="([^"]+)"', book)
    assert len(names) == len(set(names))
    assert set(re.findall(r'href="#([^"]+)"', book)) <= set(names)
    for part in ("book/chapter", "book/second"):
        cited = re.findall(rf'href="#({part}~id\d+)" title="', page)
        (entry,) = re.findall(rf'<div class="citation" id="({part}~id\d+)"', page)
        assert cited, "each chapter's citations lead to its own list"
        assert set(cited) == {entry}


def test_answers_lie_open_and_readers_can_leaf_through(printed):
    page, pdf = printed
    assert re.search(r'<details open[^>]*class="bet', page)
    assert "It is" in page
    assert b"/Outlines" in pdf
    for title in (b"The first", b"The second", b"Exercises"):
        assert re.search(rb"/Title \(" + title, pdf)
