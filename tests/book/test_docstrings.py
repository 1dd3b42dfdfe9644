"""A docstring is plain text: its stars and bars are shown as they stand."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def escape(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "book" / "_ext"))
    import book_docstrings

    yield book_docstrings.escape
    sys.modules.pop("book_docstrings", None)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("positions (*plane, d)", r"positions (\*plane, d)"),
        ("u = max(beta2 * u, |g|)", r"u = max(beta2 \* u, \|g\|)"),
        ("as in `f(*x)` * 2", r"as in `f(*x)` \* 2"),
        (">>> 2 * 3", ">>> 2 * 3"),
    ],
)
def test_markup_is_escaped_outside_code(escape, line, shown):
    assert escape(line) == shown
