"""Kept tables are found by name."""

import json

import pytest

from tests.optim.golden import PARITY
from tinytorch.lab import recorded


def test_a_table_is_what_stands_in_its_file():
    table = recorded("parity")
    assert table == json.loads(PARITY.read_text(encoding="utf-8"))
    assert len(table["parity"]) > 90
    assert all(row["difference"] < 1e-12 for row in table["parity"])


def test_an_unknown_table_is_refused():
    with pytest.raises(ValueError, match=r"one of .*parity.*; got 'nothing'"):
        recorded("nothing")
