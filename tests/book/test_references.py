"""The bibliography can be read, holds what pages cite, and says of each work what we saw of it."""

import re

from book_parts.citations import SEEN, References
from pybtex.backends.plaintext import Backend
from pybtex.database.input.bibtex import Parser

from tests.book.conftest import ROOT, Book


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


def test_each_work_says_what_we_saw_of_it():
    """One word of four in the file, and its sentence in the list, before the work's own note."""
    works = Parser().parse_file(str(ROOT / "book" / "references.bib")).entries
    words = {key: work.fields.get("seen") for key, work in works.items()}
    assert {key: word for key, word in words.items() if word not in SEEN} == {}
    for entry in References().format_entries(list(works.values())):
        assert SEEN[words[entry.key]] in entry.text.render(Backend()), entry.key


def test_the_list_names_them_as_the_text_does(tmp_path):
    """One author, two, more, a letter that TeX writes with an accent, and a group."""
    book = Book(tmp_path)
    keys = ["polyak1964", "torn1989", "lessard2016", "hagele2024", "algoperf2025"]
    cited = ", ".join(f"{{cite:p}}`{key}`" for key in keys)
    book.chapter(f"# A chapter\n\nAs {cited} show.\n\n```{{bibliography}}\n```\n")
    page = (tmp_path / "_build/html/book/chapter.html").read_text(encoding="utf-8")
    said = dict(re.findall(r'<a class="reference internal" href="#(id\d+)"[^>]*>(.*?)</a>', page))
    listed = re.findall(
        r'<div class="citation" id="(id\d+)".*?class="label">(.*?)</span>\s*<p', page, re.S
    )
    plain = {at: re.sub(r"<[^>]+>|\[|\]", "", text).strip() for at, text in listed}
    assert len(plain) == len(keys)
    assert {
        at: re.sub(r"<[^>]+>|\[|\]", "", text) for at, text in said.items() if at in plain
    } == plain
