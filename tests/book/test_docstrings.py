"""A docstring is plain text: its stars and bars are shown as they stand."""

import re
from pathlib import Path

import book_docstrings
import pytest

import tinytorch
import tinytorch.data
import tinytorch.lab
import tinytorch.nn
import tinytorch.optim

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("positions (*plane, d)", r"positions (\*plane, d)"),
        ("u = max(beta2 * u, |g|)", r"u = max(beta2 \* u, \|g\|)"),
        ("as in `f(*x)` * 2", r"as in `f(*x)` \* 2"),
        (">>> 2 * 3", ">>> 2 * 3"),
    ],
)
def test_markup_is_escaped_outside_code(line, shown):
    assert book_docstrings.escape(line) == shown


def test_formulas_keep_their_lines():
    given = [
        "Steps by 2 * lr.",
        "",
        "    p = p - 2 * g",
        "",
        "    q = q * 2",
        "",
        "Arguments:",
        "    lr: a * b",
        "",
        "    eps: another",
    ]
    assert book_docstrings.marked_up(given) == [
        r"Steps by 2 \* lr.",
        "",
        "::",
        "",
        "    p = p - 2 * g",
        "",
        "    q = q * 2",
        "",
        "Arguments:",
        r"    lr: a \* b",
        "",
        "    eps: another",
    ]


def test_the_reference_names_everything_that_is_public():
    page = (ROOT / "book/appendices/api-reference.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"\w+", page))
    for package in (tinytorch, tinytorch.data, tinytorch.lab, tinytorch.nn, tinytorch.optim):
        assert set(package.__all__) <= listed


def test_the_address_that_others_link_to_leads_to_the_optimizers():
    page = ROOT / "book/_redirects/appendices/api-reference.html"
    target = re.search(r'location\.replace\("\.\./([^"]+)\.html"', page.read_text(encoding="utf-8"))
    reference = ROOT / f"{target[1]}.md"
    assert re.search(r"^## Optimizers$", reference.read_text(encoding="utf-8"), re.M)
    assert "html_extra_path: [book/_redirects]" in (ROOT / "_config.yml").read_text("utf-8")
