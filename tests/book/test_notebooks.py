"""What a page says, its notebook says, in Markdown that any notebook program shows."""

import ast
import json
import re

import pytest

pytestmark = pytest.mark.slow

PAGE = """---
file_format: mystnb
kernelspec:
  name: python3
---

(here)=
# A chapter

Text with *stress*, `code`, $a_1$ and a * star. See {doc}`/index` and {eq}`eq-b`.

```{math}
:label: eq-b
b = 2
```

```{code-cell} python
---
mystnb:
  figure:
    name: fig-b
    caption: What was drawn, of $b$.
  image:
    alt: A line.
---
import matplotlib.pyplot as plt
plt.plot([1, 2])
plt.show()
```

```{code-cell} python
:tags: [remove-cell]
hidden = 3
```

As {numref}`fig-b` shows.

| a | b \\| c |
|---|---|
| 1 | $x$ |

1. one
   - inner
2. two

```{literalinclude} ../tinytorch/optim/groups.py
:lines: 1
```

```{exercise} Try it
:label: ex-b
What is it?
```

```{solution-start} ex-b
:class: dropdown
```

It is:

```{code-cell} python
hidden + 1
```

```{solution-end}
```

:::{note}
Mind this.
:::
"""


def test_a_page_becomes_a_notebook_without_directives(book):
    book.write("book/chapter", PAGE)
    result = book.build(TINYTORCH_REPOSITORY="ada/fork")
    assert result.returncode == 0, result.stdout
    path = book.folder / "_build/notebooks/book/chapter.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = notebook["cells"]
    first = cells[0]["source"]
    ast.parse(first)  # as a script, too: no magic is the body of an `if`
    assert '"https://ada.github.io/fork/"' in first
    assert '"https://raw.githubusercontent.com/ada/fork/gh-pages/"' in first
    assert re.search(r"wheels/tinytorch_book-[\d.]+-py3-none-any\.whl", first)
    assert notebook["metadata"]["language_info"]["file_extension"] == ".py"
    text = "\n\n".join(c["source"] for c in cells if c["cell_type"] == "markdown")
    first_line = (
        (book.folder / "tinytorch/optim/groups.py").read_text(encoding="utf-8").splitlines()[0]
    )
    for expected in (
        "# A chapter",
        "Text with *stress*, `code`, $a_1$ and a \\* star.",
        "See [The front](https://ada.github.io/fork/index.html) and (1).",
        "$$\nb = 2 \\tag{1}\n$$",
        "*Fig. 1. What was drawn, of $b$.*",
        "As Fig. 1 shows.",
        "| a | b \\| c |\n| --- | --- |\n| 1 | $x$ |",
        "1. one\n\n   - inner\n2. two",
        f"```python\n{first_line}\n```",
        "> **Exercise 1 (Try it)**\n>\n> What is it?",
        "**Solution to Exercise 1 (Try it)**\n\nIt is:",
        "> **Note**\n>\n> Mind this.",
    ):
        assert expected in text, f"{expected!r} is not in\n{text}"
    code = [cell for cell in cells if cell["cell_type"] == "code"][1:]
    assert [cell["source"].splitlines()[-1] for cell in code] == [
        "plt.show()",
        "hidden = 3",
        "hidden + 1",
    ]
    assert code[0]["outputs"][0]["metadata"]["image/svg+xml"]["alt"] == "A line."
    untrusted = code[0]["outputs"][0]["data"]["text/plain"]  # all that JupyterLab shows of it then
    assert untrusted.startswith("A line. (The picture is shown when")
    assert code[1]["metadata"]["jupyter"]["source_hidden"]
    assert code[1]["metadata"]["cellView"] == "form"
    assert "cellView" not in code[0]["metadata"]
    assert code[2]["outputs"][0]["data"]["text/plain"] == "4"

    page = book.html()
    assert "Show imports" not in page  # the first cell draws
    assert "mybinder.org/v2/gh/ada/fork/gh-pages?urlpath=lab/tree/notebooks/book/chapter" in page
    assert "colab.research.google.com/github/ada/fork/blob/gh-pages/notebooks/book/chapter" in page
    for link in ("edit/main/book/chapter.md", "issues/new", "discussions"):
        assert f"https://github.com/ada/fork/{link}" in page, link
    assert 'rel="canonical" href="https://ada.github.io/fork/book/chapter.html"' in page
    front = book.html("index")
    assert "mybinder.org" not in front


def test_imports_alone_are_folded_on_the_page_and_open_in_the_notebook(book):
    book.chapter(
        "# A chapter\n\n```{code-cell} python\nimport numpy as np\n\n"
        "from tinytorch.lab import (\n    claim, glue,\n)\n```\n\n"
        "```{code-cell} python\nimport math\nnp.sqrt(4.0) + math.pi\n```\n\n"
        "```{code-cell} python\nnumber = 2\n```\n"
    )
    page = book.html()
    assert page.count("Show imports") == 1
    fold = page.partition("Show imports")[2].partition("</details>")[0]
    assert "claim" in fold
    assert "number" not in fold
    path = book.folder / "_build/notebooks/book/chapter.ipynb"
    code = [c for c in json.loads(path.read_text())["cells"] if c["cell_type"] == "code"]
    assert "claim, glue" in code[1]["source"]
    assert "jupyter" not in code[1]["metadata"]


def test_a_program_that_a_cell_starts_draws_without_looking_for_the_books_letters(book):
    book.chapter(
        "# A chapter\n\n```{code-cell} python\n"
        "import sys\n"
        '!{sys.executable} -c "from matplotlib import pyplot as p; p.figtext(0, 0, 1); '
        "p.savefig('a.png'); print('drawn')\"\n```\n"
    )
    page = book.html()
    assert "drawn" in page
    assert "findfont" not in page
