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


def said_and_listed(page: str) -> tuple[dict[str, str], dict[str, str]]:
    """By its place: what the text calls each work, and what the list does."""
    said = re.findall(r'<a class="reference internal" href="#(id\d+)"[^>]*>(.*?)</a>', page)
    listed = re.findall(
        r'<div class="citation" id="(id\d+)".*?class="label">(.*?)</span>\s*<p', page, re.S
    )
    names = [
        {at: re.sub(r"<[^>]+>|\[|\]", "", text).strip() for at, text in found}
        for found in (said, listed)
    ]
    return {at: name for at, name in names[0].items() if at in names[1]}, names[1]


def test_the_list_names_them_as_the_text_does(tmp_path):
    """One author, two, more, a letter that TeX writes with an accent, and a group."""
    book = Book(tmp_path)
    keys = ["polyak1964", "torn1989", "lessard2016", "hagele2024", "algoperf2025"]
    cited = ", ".join(f"{{cite:p}}`{key}`" for key in keys)
    book.chapter(f"# A chapter\n\nAs {cited} show.\n\n```{{bibliography}}\n```\n")
    said, listed = said_and_listed(book.html())
    assert len(listed) == len(keys)
    assert said == listed


def test_the_list_follows_its_page_and_the_file(tmp_path):
    """What was written of it at the last build stands only while nothing of it has changed."""
    book = Book(tmp_path)
    years = {"polyak1964": 1964, "lessard2016": 2016}
    for text, keys in [
        ("As {} shows.", ["polyak1964"]),
        ("As {} has shown.", ["polyak1964"]),
        ("As {} has shown.", ["lessard2016"]),
        ("As {} have shown.", ["lessard2016", "polyak1964"]),
    ]:
        cited = text.format(" and ".join(f"{{cite:p}}`{key}`" for key in keys))
        book.chapter(f"# A chapter\n\n{cited}\n\n```{{bibliography}}\n```\n")
        said, listed = said_and_listed(book.html())
        assert said == listed
        assert sorted(int(name[-4:]) for name in listed.values()) == sorted(map(years.get, keys))
    works = book.folder / "book/references.bib"
    before = works.read_text(encoding="utf-8")
    works.write_text(re.sub(r"(year\s*=\s*\{?)1964", r"\g<1>1965", before), encoding="utf-8")
    assert book.build().returncode == 0
    said, listed = said_and_listed(book.html())
    assert said == listed
    assert sorted(int(name[-4:]) for name in listed.values()) == [1965, 2016]
