"""Kept tables are found by name."""

import json

import pytest

from tests.optim.golden import PARITY
from tinytorch.lab import recorded
from tinytorch.lab.records import lines_of


def test_a_table_is_what_stands_in_its_file():
    table = recorded("parity")
    assert table == json.loads(PARITY.read_text(encoding="utf-8"))
    assert len(table["parity"]) > 90
    assert all(row["difference"] < 1e-12 for row in table["parity"])


def test_an_unknown_table_is_refused():
    with pytest.raises(ValueError, match=r"one of .*parity.*; got 'nothing'"):
        recorded("nothing")


@pytest.mark.parametrize(
    "name", ["parity", "operations", "optimizers", "in-situ", "precision", "pytorch"]
)
def test_a_table_is_kept_with_a_line_for_each_row(name):
    table = recorded(name)
    assert PARITY.with_name(f"{name}.json").read_text(encoding="utf-8") == lines_of(table)
    lines = [line.strip().rstrip(",") for line in lines_of(table).splitlines()]
    parts = [part for part in table.values() if isinstance(part, list)]
    rows = [row for part in parts for row in part if not isinstance(row, str)]
    assert all(json.dumps(row, ensure_ascii=False) in lines for row in rows)


@pytest.mark.parametrize("table", [{}, {"a": []}, {"a": {}, "β": [{"x": [1, {}]}], "c": [1, 2]}])
def test_what_is_kept_is_what_was_there(table):
    assert json.loads(lines_of(table)) == table
