"""A table escapes what it is given, and is read without a browser too."""

import pytest

from tinytorch.lab import Table
from tinytorch.lab.page import written


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


@pytest.mark.parametrize(
    ("value", "spec", "text"),
    [
        (5e-8, ".0e", "5·10⁻⁸"),
        (1e-13, ".0e", "10⁻¹³"),
        (1.4e13, ".1e", "1.4·10¹³"),
        (-2.5e-7, ".2g", "-2.5·10⁻⁷"),
        (0.25, ".2f", "0.25"),
        (1234, ",d", "1,234"),
        ("1e5 steps", "", "1e5 steps"),
        (float("inf"), ".0e", "inf"),
    ],
)
def test_powers_of_ten_are_written_as_people_do(value, spec, text):
    assert written(value, spec) == text
