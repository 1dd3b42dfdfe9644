"""Columns of numbers are found, and columns of words are not."""

import pytest
from book_parts.numbers import TABLE, marked, number_columns


def table(*rows: tuple, head: str = "") -> str:
    cells = "".join(f"<tr>{''.join(f'<td>{c}</td>' for c in row)}</tr>" for row in rows)
    return f'<table class="table"><thead>{head}</thead><tbody>{cells}</tbody></table>'


@pytest.mark.parametrize(
    "cells",
    [
        ("1", "1,024.5", "−3"),
        ("0.5 %", "12%", "100 %"),
        ("1e-05", "2.5e+3", "0"),
        ("10·10⁻⁵", "9.35·10⁻⁵", "1"),
        ("<code>3</code>", "", "–"),
        ("1.5×", "2 ms", "≈ 3 kB"),
        ("&lt; 0.1", "≥ 2", "+1"),
    ],
)
def test_numbers_are_known_as_numbers(cells):
    assert number_columns(table(*(("a", cell) for cell in cells))) == [2]


@pytest.mark.parametrize(
    "cells",
    [
        ("1", "two"),
        ("2026-11-26", "2026-11-27"),
        ("3.11.7", "2.4.6"),
        ("01, 02", "03"),
        ("2 to 3 hours", "1 hour"),
        ("", "–"),
        ("x1", "x2"),
    ],
)
def test_words_are_not(cells):
    assert number_columns(table(*(("a", cell) for cell in cells))) == []


def test_the_first_column_names_the_rows():
    assert number_columns(table(("1", "2"), ("3", "4"))) == [2]


def test_merged_cells_are_left_alone():
    odd = '<table><tbody><tr><td>a</td><td colspan="2">1</td></tr></tbody></table>'
    assert number_columns(odd) == []


def test_a_table_says_which_columns_they_are():
    text = f"<p>{table(('a', '1', 'b', '2'))}</p><table><tr><td>a</td><td>7</td></tr></table>"
    assert TABLE.sub(marked, text).count('class="n2 n4 table"') == 1
    assert '<table class="n2"><tr>' in TABLE.sub(marked, text)


def test_powers_of_ten_are_set_as_in_the_text():
    text = TABLE.sub(marked, table(("a", "8.8e-01"), ("b", "&lt; 1e+10"), ("c", "−2.5e-08")))
    assert "<td>8.8·10⁻¹</td>" in text
    assert "10¹⁰</td>" in text
    assert "<td>−2.5·10⁻⁸</td>" in text
    assert "<code>1e-3</code>" in TABLE.sub(marked, table(("a", "<code>1e-3</code>")))
    assert 'class="n2 table"' in text


def test_rows_are_named_where_nothing_stands_above_their_names():
    rows = [("descent", "12"), ("momentum", "7")]
    named = marked(TABLE.search(table(*rows, head="<tr><th></th><th>steps</th></tr>")))
    assert '<th scope="row">descent</th><td>12</td>' in named
    assert named.count('scope="row"') == 2
    assert number_columns(named) == [2]
    kept = marked(TABLE.search(table(*rows, head="<tr><th>rule</th><th>steps</th></tr>")))
    assert "scope" not in kept
