"""What a page needs beside its plots: numbers for the text, tables, and claims that must hold."""

import html
import re

import numpy as np

from tinytorch.lab import stress

heard: list[dict] | None = None  # where claims are noted instead, while a page is under stress
glued: dict[str, str] | None = None  # likewise what is handed to the text
default = None  # the scope of a claim that states none: what the page's parameters say, then


def claim(words: str, holds, *, scope=None, **measured) -> None:
    """Stop the build, naming the claim and what was measured, unless it holds.

    Arguments:
        holds: true or false, or an array of them; or `below(a, b)`, which knows by how much.
        scope: under which variations of the page's settings it is meant to hold too: "everywhere",
            "here" (under none), or names of `tinytorch.lab.stress.VARIATIONS`; "exact" for
            mathematics, shapes and what code does, which have no settings to depend on. None is
            what `scope` says in the page's cell of parameters.

    Raises:
        AssertionError: `holds` is false (or an array with a false element).
        ValueError: `scope` names no variation.
    """
    named = default if scope is None else scope
    stress.as_scope(named)
    fine = bool(holds.all() if hasattr(holds, "all") else holds)
    if heard is not None:
        margin = getattr(holds, "margin", None)
        saw = repr((margin, measured)) if margin or measured else ""
        named = named if named is None or isinstance(named, str) else list(named)
        heard.append({"words": words, "holds": fine, "scope": named, "margin": margin, "saw": saw})
    elif not fine:
        numbers = ", ".join(f"{name} = {value!r}" for name, value in measured.items())
        raise AssertionError(f"not so: {words}" + (f" (measured: {numbers})" if numbers else ""))


class below:
    """a < b, for numbers or arrays of them, and by how much: for `claim`.

    Attributes:
        margin: the smallest b / a where both are positive, in words ("1.5 times"); otherwise the
            smallest b - a.
    """

    def __init__(self, a, b):
        a, b = np.broadcast_arrays(np.asarray(a, dtype=float), np.asarray(b, dtype=float))
        self.truth = a < b
        if (a > 0).all() and (b > 0).all():
            self.margin = f"{(b / a).min():.3g} times"
        else:
            self.margin = f"{(b - a).min():.3g}"

    def all(self) -> bool:
        return bool(self.truth.all())

    def __bool__(self) -> bool:
        return self.all()

    def __repr__(self) -> str:
        return f"{self.all()} by {self.margin}"


SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "+")


def written(value, spec: str = "") -> str:
    """`format(value, spec)`, with powers of ten as people write them: 5·10⁻⁸ for 5e-08."""
    text = format(value, spec)
    mantissa, e, exponent = text.partition("e")
    if isinstance(value, str) or not e:
        return text
    power = f"10{str(int(exponent)).translate(SUPERSCRIPT)}"
    return power if mantissa == "1" else f"{mantissa}·{power}"


def glue(name: str, value, spec: str = "") -> None:
    """Hand a number to the text, where {glue:text}`name` shows it as `written(value, spec)`.

    The record is the one of `myst_nb.glue`; outside a notebook nothing happens.
    """
    text = written(value, spec)
    if glued is not None:
        glued[name] = text
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ModuleNotFoundError:
        return
    if get_ipython() is None:
        return
    mime = "application/papermill.record/"
    metadata = {"scrapbook": {"name": name, "mime_prefix": mime}}
    display({mime + "text/plain": repr(text)}, metadata=metadata, raw=True)


class Table:
    """A table that a notebook shows; `text in backticks` becomes code.

    Arguments:
        heads: the names of the columns.
        rows: lists of as many cells; numbers are written as `str` does, so format them first.

    Raises:
        ValueError: a row of another length.
    """

    def __init__(self, heads, rows):
        self.heads, self.rows = list(heads), [list(row) for row in rows]
        for row in self.rows:
            if len(row) != len(self.heads):
                raise ValueError(f"Table: {len(self.heads)} columns, but a row {row!r}")

    def __repr__(self) -> str:
        columns = list(zip(self.heads, *self.rows, strict=True))
        widths = [max(len(str(cell)) for cell in column) for column in columns]
        lines = [
            "  ".join(f"{cell!s:<{width}}" for cell, width in zip(row, widths, strict=True))
            for row in (self.heads, *self.rows)
        ]
        return "\n".join(line.rstrip() for line in lines)

    def _repr_html_(self) -> str:
        def cells(mark, row):
            return "".join(f"<{mark}>{marked_up(cell)}</{mark.split()[0]}>" for cell in row)

        body = "\n".join(f"<tr>{cells('td', row)}</tr>" for row in self.rows)
        return (
            '<div class="pst-scrollable-table-container" tabindex="0"><table class="table">\n'
            f"<thead><tr>{cells('th scope=col', self.heads)}</tr></thead>\n"
            f"<tbody>\n{body}\n</tbody></table></div>"
        )


def marked_up(cell) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(str(cell)))
