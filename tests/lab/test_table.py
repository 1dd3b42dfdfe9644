"""A table escapes what it is given, and is read without a browser too."""

import pytest

from tinytorch.lab import Table


def test_html_is_escaped_and_backticks_are_code():
    shown = Table(["a<b", "c"], [["x & y", "`p -= lr`"]])._repr_html_()
    assert "<th scope=col>a&lt;b</th>" in shown
    assert "<td>x &amp; y</td><td><code>p -= lr</code></td>" in shown
    assert shown.count("<tr>") == 2


def test_in_a_terminal_columns_stand_under_their_heads():
    assert repr(Table(["name", "n"], [["SGD", 1], ["Momentum", 22]])) == (
        "name      n\nSGD       1\nMomentum  22"
    )


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match="2 columns, but a row"):
        Table(["a", "b"], [[1]])
