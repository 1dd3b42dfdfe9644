"""What a page is spared: letters drawn twice, layouts for nothing, scripts before letters."""

import re
from importlib.metadata import version
from pathlib import Path

import pydata_sphinx_theme
import pytest
from book_light import glyphs, lean

THEME = "pydata-sphinx-theme"

LETTER = '<path data-c="78" d="M52 289Q59 331 106 386T222 442Q257 442 286 424"></path>'
OTHER = LETTER.replace("M52", "M53")


def test_a_letter_that_is_written_twice_is_drawn_once_and_used_twice():
    moved = LETTER.replace(" d=", ' transform="translate(9,0)" d=')
    body = glyphs.once(f"<p><svg>{LETTER}</svg><svg>{moved}{OTHER}</svg></p>")
    (name,) = re.findall(r'<defs><path id="([^"]+)" d="M52 [^"]*"></path></defs>', body)
    assert body.count("M52 289") == 1
    assert f'<svg><use href="#{name}"></use></svg>' in body
    assert f'<svg><use transform="translate(9,0)" href="#{name}"></use>{OTHER}</svg>' in body
    assert glyphs.once(f"<p><svg>{OTHER}</svg></p>") == f"<p><svg>{OTHER}</svg></p>"


@pytest.mark.skipif(
    not version(THEME).startswith(lean.KNOWN[THEME][-1]),
    reason="the book's own pages have the newest",
)
def test_the_theme_asks_for_all_sizes_before_it_writes():
    """A theme that does it otherwise is a new one, and has to be looked at."""
    theme = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"
    script = (theme / "scripts" / "pydata-sphinx-theme.js").read_text(encoding="utf-8")
    mended, times = lean.STOPS.subn(lean.MENDED_STOPS, script)
    assert times == 1
    assert re.search(r"scrollHeight>\w+\.clientHeight\?0:-1\]\)\.forEach", mended)
