"""The book can be built without Jupyter Book."""

import shutil

import pytest

from tests.book.conftest import ROOT

pytestmark = pytest.mark.slow

RUN = (
    "import runpy, sys\nsys.argv = ['scripts/plain_sphinx.py']\n"
    "sys.modules['jupyter_book'] = None\n"
    "runpy.run_path('scripts/plain_sphinx.py', run_name='__main__')"
)


def test_sphinx_alone_builds_the_same_page(book):
    (book.folder / "scripts").mkdir()
    shutil.copy(ROOT / "scripts/plain_sphinx.py", book.folder / "scripts")
    book.cell("print('six times seven is', 6 * 7)")
    result = book.run("-c", RUN)
    assert result.returncode == 0, result.stdout
    page = (book.folder / "_build/plain/html/book/chapter.html").read_text(encoding="utf-8")
    assert "six times seven is 42" in page
    assert 'class="page-bar' in page
