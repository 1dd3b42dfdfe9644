"""A build that cannot lie: it sees the package, it fails when it should, and it says where."""

import re

import pytest

ALT = "---\nmystnb:\n  image:\n    alt: A random walk.\n---\n"
DRAW = """
import matplotlib.pyplot as plt
import numpy as np
fig, ax = plt.subplots()
ax.plot(np.random.default_rng(0).normal(size=50).cumsum(), label="a walk")
ax.legend()
plt.show()
"""

pytestmark = pytest.mark.slow


def ending(text: str, lines: int = 3) -> str:
    return "\n".join(text.rstrip().splitlines()[-lines:])


def test_two_builds_from_scratch_draw_the_same_bytes(book):
    for_png = "%config InlineBackend.figure_formats = ['png']\n"
    again = f"```\n\n```{{code-cell}} python\n{ALT}{for_png}{DRAW}"
    book.cell(DRAW + again, options=ALT)
    made = []
    for _ in range(2):
        result = book.build("--fresh")
        assert result.returncode == 0, result.stdout
        images = (book.folder / "_build/html/_images").iterdir()
        drawn = re.findall(r'<svg class="figure".*?</svg>', book.html(), re.S)
        made.append([drawn, {image.name: image.read_bytes() for image in images}])
    assert [len(kind) for kind in made[0]] == [1, 1]
    assert made[0] == made[1]

    again = book.build()
    assert again.returncode == 0
    assert again.stdout.startswith("Nothing changed")


def test_a_place_that_cannot_be_written_is_said_in_words(book):
    (book.folder / "_build").write_text("a file where the folder should be", encoding="utf-8")
    result = book.build()
    assert result.returncode == 1
    assert "Traceback" not in result.stdout
    assert "_build cannot be written: File exists" in ending(result.stdout)
    assert "python book/build.py --output DIR" in ending(result.stdout)


def test_an_edit_of_the_package_shows_at_once(book):
    book.cell("from tinytorch.probe import answer\nprint('the answer is', answer())")
    probe = book.folder / "tinytorch" / "probe.py"
    probe.write_text("def answer():\n    return 6 * 7\n")
    assert book.build().returncode == 0
    assert "the answer is 42" in book.html()

    probe.write_text("def answer():\n    return 6 * 8\n")
    assert book.plain().returncode == 0
    assert "the answer is 48" in book.html()

    probe.write_text("def answer():\n    return 1 / 0\n")
    broken = book.build()
    assert broken.returncode != 0
    assert "book/chapter.md:10: code cell 1: ZeroDivisionError" in ending(broken.stdout)


def test_a_learners_export_shows_at_once(book, tmp_path):
    exports = tmp_path / "exports"
    exports.mkdir()
    mine = exports / "mine.py"
    book.cell("import os, runpy\nprint(runpy.run_path(os.environ['TINYTORCH_EXPORTS'] + "
              "'/mine.py')['word'])")  # fmt: skip
    for word in ("reference", "learner"):
        mine.write_text(f"word = 'by the {word}'\n")
        result = book.build(TINYTORCH_EXPORTS=str(exports))
        assert result.returncode == 0, result.stdout
        assert f"by the {word}" in book.html()


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("loss = 1.0\nassert loss < 0.5, 'the loss did not fall'", "AssertionError: the loss"),
        ("def broken(:", "SyntaxError: invalid syntax"),
        ("import os\nos._exit(3)", "DeadKernelError"),
    ],
    ids=["false claim", "syntax error", "dead kernel"],
)
def test_a_failing_cell_fails_every_build_and_is_named_last(book, code, error):
    book.cell(f"print('fine')\n```\n\nWords.\n\n```{{code-cell}} python\n{code}")
    for build in (book.build, book.build, book.plain, book.plain):
        result = build()
        assert result.returncode != 0
        assert "book/chapter.md:16: code cell 2: " in ending(result.stdout)
        assert error in ending(result.stdout)


def test_all_failing_pages_are_named(book):
    book.cell("1 / 0")
    book.cell("undefined", page="index")
    result = book.build()
    assert result.returncode != 0
    assert "2 to mend" in ending(result.stdout)
    assert "book/chapter.md:10: code cell 1: ZeroDivisionError: division by zero" in result.stdout
    assert "index.md:10: code cell 1: NameError: name 'undefined'" in ending(result.stdout)


def test_a_page_changed_while_the_book_is_built_is_said_in_words(book):
    page = book.folder / "book/chapter.md"
    more = "\n```{code-cell} python\nprint('a last word')\n```\n"
    book.cell(f"with open({str(page)!r}, 'a') as page:\n    page.write({more!r})")
    result = book.build()
    assert result.returncode != 0
    assert "book/chapter.md was changed while the book was built" in ending(result.stdout)
    book.cell("print('a last word')")
    result = book.build()
    assert result.returncode == 0, result.stdout[-3000:]
    assert "every page is written anew" in result.stdout
    assert "a last word" in (book.folder / "_build/html/book/chapter.html").read_text("utf-8")


def test_a_page_changed_before_it_is_read_is_not_run_by_others(book):
    """They would run it in surroundings that are not the book's, and keep what came of it."""
    page, more = book.folder / "index.md", "\n```{code-cell} python\nprint('by whom?')\n```\n"
    book.cell("1", page="index")
    with page.open("a") as text:
        text.write("\nSee {doc}`book/chapter`.\n")
    # with more in its cells the chapter is run, and read, first
    book.cell(f"with open({str(page)!r}, 'a') as page:\n    page.write({more!r})")
    result = book.build()
    assert result.returncode != 0
    assert "index.md was changed while the book was built" in ending(result.stdout)


def test_a_warning_fails_the_strict_build_again_and_again(book):
    book.write("book/chapter", "# A chapter\n\nSee {ref}`nowhere`.\n")
    for _ in range(2):
        result = book.build()
        assert result.returncode != 0
        assert "chapter.md:3" in ending(result.stdout)
        assert "nowhere" in ending(result.stdout)
    book.write("book/chapter", "# A chapter\n\nSee nothing.\n")
    assert book.build().returncode == 0


def test_what_a_cell_writes_to_stderr_is_a_warning(book):
    book.cell("import warnings\nwarnings.warn('this will go away')")
    result = book.build()
    assert result.returncode != 0
    assert "stderr" in ending(result.stdout)


def test_a_page_missing_from_the_site_fails_the_build(book):
    book.write("book/chapter", "# A chapter\n")
    assert book.build().returncode == 0
    (book.folder / "book/chapter.md").unlink()
    result = book.build()
    assert result.returncode != 0
    assert "chapter" in ending(result.stdout)


def test_a_plain_build_of_other_pages_is_not_taken_for_the_strict_one(book):
    book.write("book/chapter", "# First\n")
    assert book.build().returncode == 0
    book.write("book/chapter", "# Second\n")
    assert book.plain().returncode == 0
    book.write("book/chapter", "# First\n")
    assert book.build().returncode == 0
    assert "First" in book.html()
