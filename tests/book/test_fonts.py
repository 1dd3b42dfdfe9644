"""The letters that are shipped are those that the book writes."""

import codecs
import re
from pathlib import Path

import latexcodec  # noqa: F401  by which `ulatex` is known
import pytest
from book_light import fonts
from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parents[2]


def installed(face) -> set[str]:
    import importlib

    module = importlib.import_module(f"fontpkg_{face.package.replace('-', '_')}")
    whole = TTFont(Path(module.__file__).parent / "files" / f"{face.file}.ttf")
    return set(map(chr, whole.getBestCmap()))


def written() -> set[str]:
    pages = [ROOT / "index.md", *(ROOT / "book").rglob("*.md")]
    code = (ROOT / "tinytorch").rglob("*.py")
    return set("".join(path.read_text(encoding="utf-8") for path in [*pages, *code])) - {"\n"}


@pytest.mark.parametrize("name", ["sans", "serif"])
def test_a_letter_that_is_written_and_can_be_had_is_shipped(name):
    face = fonts.FACES[name]
    assert (written() & installed(face)) - set(fonts.CHARACTERS) == set()


def test_a_letter_that_nobody_writes_is_not_shipped():
    """Each costs every reader's first visit some sixty bytes of each face."""
    works = (ROOT / "book" / "references.bib").read_text(encoding="utf-8")
    names = codecs.decode(works, "ulatex")  # which TeX writes with accents of its own
    assert set(fonts.LETTERS) - written() - set(names) == set()


def test_the_faces_of_the_style_sheet_are_those_that_are_cut():
    sheet = (ROOT / "book/_static/book.css").read_text(encoding="utf-8")
    assert set(re.findall(r"fonts/([\w-]+)\.woff2", sheet)) == set(fonts.FACES)


def test_a_cut_letter_is_the_same_letter_at_its_weight(tmp_path):
    face = fonts.FACES["sans"]
    fonts.draw(face, tmp_path / "sans.ttf")
    font = TTFont(tmp_path / "sans.ttf")
    assert font["name"].getDebugName(1) == "Source Sans 3"
    assert font["OS/2"].usWeightClass == 400
    assert "fvar" not in font
    assert {"a", "α", "−"} <= set(map(chr, font.getBestCmap()))
    assert not list(tmp_path.glob("*.[0-9]*"))
