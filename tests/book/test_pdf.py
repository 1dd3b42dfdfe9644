"""The book as one PDF: letters, links and shapes; without a browser a word about how to get one."""

import os
import re
import shutil

import pytest

ALT = "---\nmystnb:\n  image:\n    alt: A line.\n---\n"
DRAW = "import matplotlib.pyplot as plt\nplt.plot([1, 2]);"


def test_without_a_browser_it_says_what_is_missing(book, tmp_path):
    result = book.run("book/pdf.py", PATH=str(tmp_path))
    assert result.returncode == 1
    assert "a PDF is printed by Chromium" in result.stdout
    assert "set CHROMIUM" in result.stdout
    assert not (book.folder / "_build").exists()


@pytest.mark.slow
@pytest.mark.browser
def test_the_book_is_printed_with_letters_links_and_shapes(book):
    if not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no Chromium")
    book.cell(DRAW, options=ALT)
    result = book.run("book/pdf.py")
    assert result.returncode == 0, result.stdout[-2000:]
    pdf = (book.folder / "_build" / "tinytorch.pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    assert re.search(rb"/FontName\s*/\w+\+SourceSerif4", pdf)
    assert re.search(rb"/Subtype\s*/Link", pdf)
    assert not re.search(rb"/Subtype\s*/Image", pdf)
