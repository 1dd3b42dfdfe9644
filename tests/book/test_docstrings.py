"""A docstring is plain text: its stars and bars are shown as they stand."""

import io
import re
from pathlib import Path

import pytest
from book_parts import docstrings
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

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
    assert docstrings.escape(line) == shown


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
    assert docstrings.marked_up(given) == [
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


def test_the_reference_has_everything_that_is_public(tmp_path):
    """Built for itself, the page describes each name of each package, by its public address."""
    page = ROOT / "book/appendices/api-reference.md"
    (tmp_path / "index.md").write_text(page.read_text(encoding="utf-8"), encoding="utf-8")
    sphinx = ["sphinx.ext.autodoc", "sphinx.ext.napoleon"]
    extensions = ["myst_parser", *sphinx, "book_parts.docstrings"]
    settings = {"extensions": extensions, "napoleon_use_ivar": True, "napoleon_use_rtype": False}
    warned = io.StringIO()
    with docutils_namespace():
        places = [tmp_path, None, tmp_path / "built", tmp_path / "read"]
        app = Sphinx(*places, "dummy", settings, status=None, warning=warned)
        app.build()
    assert warned.getvalue() == ""
    described = app.env.domains["py"].objects
    for package in (tinytorch, tinytorch.data, tinytorch.lab, tinytorch.nn, tinytorch.optim):
        names = set(package.__all__) - {"OPTIMIZERS", "SCHEDULERS", "WITH_CLOSURE"}
        assert {f"{package.__name__}.{name}" for name in names} <= set(described)
    assert "tinytorch.optim.Adam.step" not in described  # once, with the base


def test_the_address_that_others_link_to_leads_to_the_optimizers():
    page = ROOT / "book/_redirects/appendices/api-reference.html"
    target = re.search(r'location\.replace\("\.\./([^"]+)\.html"', page.read_text(encoding="utf-8"))
    reference = ROOT / f"{target[1]}.md"
    assert re.search(r"^## Optimizers$", reference.read_text(encoding="utf-8"), re.M)
    assert "html_extra_path: [book/_redirects]" in (ROOT / "_config.yml").read_text("utf-8")
