"""A broken link, a missing place or missing words stop the build, with page and line."""

import pytest

pytestmark = pytest.mark.slow


def last_lines(result) -> str:
    return "\n".join(result.stdout.rstrip().splitlines()[-6:])


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        (
            "Text.\n\n<a href='../index.html#nowhere'>x</a>",
            5,
            "../index.html#nowhere: no such place",
        ),
        ("<a href='other.html'>x</a>", 3, "other.html: no such file"),
        (
            "Text.\n\n$$\n\\wrong{x}\n$$",
            5,
            r"WARNING: this is not TeX: Undefined control sequence \wrong",
        ),
    ],
    ids=["a place that is not there", "a page that is not there", "what is not TeX"],
)
def test_a_fault_is_named_with_page_and_line(book, text, line, problem):
    book.write("book/chapter", f"# A chapter\n\n{text}\n")
    result = book.build()
    assert result.returncode != 0
    assert f"book/chapter.md:{line}: {problem}" in last_lines(result)


def test_a_figure_without_words_is_named(book):
    book.cell("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()")
    result = book.build()
    assert result.returncode != 0
    assert "book/chapter.md:11: " in last_lines(result)
    assert "a figure has no alternative text (mystnb: image: alt:)" in last_lines(result)


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
