"""The bibliography can be read, and holds what pages cite."""

import re

from pybtex.database.input.bibtex import Parser

from tests.book.conftest import ROOT


def test_the_bibliography_is_read_and_holds_what_is_cited():
    known = set(Parser().parse_file(str(ROOT / "book" / "references.bib")).entries)
    for page in [ROOT / "index.md", *(ROOT / "book").rglob("*.md")]:
        text = page.read_text(encoding="utf-8")
        cited = {
            k.strip()
            for keys in re.findall(r"\{cite:\w+\}`([^`]+)`", text)
            for k in keys.split(",")
        }
        assert cited <= known, f"{page.name}: {sorted(cited - known)}"
