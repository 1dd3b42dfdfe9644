"""A broken link, a missing place or missing words stop the build, with page and line."""

import pytest

pytestmark = pytest.mark.slow


def last_lines(result) -> str:
    return "\n".join(result.stdout.rstrip().splitlines()[-6:])


def test_a_place_that_is_not_there_is_named_with_page_and_line(book):
    book.write("book/chapter", "# A chapter\n\nText.\n\n<a href='../index.html#nowhere'>x</a>\n")
    result = book.build()
    assert result.returncode != 0
    assert "book/chapter.md:5: ../index.html#nowhere: no such place" in last_lines(result)


def test_a_page_that_is_not_there_is_named(book):
    book.write("book/chapter", "# A chapter\n\n<a href='other.html'>x</a>\n")
    result = book.build()
    assert result.returncode != 0
    assert "book/chapter.md:3: other.html: no such file" in last_lines(result)


def test_a_figure_without_words_is_named(book):
    book.cell("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()")
    result = book.build()
    assert result.returncode != 0
    assert "book/chapter.md:11: " in last_lines(result)
    assert "a figure has no alternative text (mystnb: image: alt:)" in last_lines(result)


def test_what_is_not_tex_is_named(book):
    book.write("book/chapter", "# A chapter\n\nText.\n\n$$\n\\wrong{x}\n$$\n")
    result = book.build()
    assert result.returncode != 0
    assert "book/chapter.md:5: " in last_lines(result)
    assert r"this is not TeX: Undefined control sequence \wrong" in last_lines(result)


def test_mathematics_is_drawn_and_counted(book):
    equation = "```{math}\n:label: eq-one\na &= b \\\\\nc &= d\n```"
    book.write("book/chapter", f"# A chapter\n\n{equation}\n\nBy {{eq}}`eq-one`, $x_1$.\n")
    result = book.build()
    assert result.returncode == 0, result.stdout
    page = book.html()
    assert page.count("<svg") >= 2
    assert '<math xmlns="http://www.w3.org/1998/Math/MathML">' in page
    assert ">(1)<" in page
    assert "mathjax" not in page.lower().replace("mathjax_ignore", "")
