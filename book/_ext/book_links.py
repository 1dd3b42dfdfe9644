"""Every link within the book leads to a page that is there and to a place on it.

Sphinx checks the references that it made itself. This walks the finished pages, so that it sees
what a reader would: links in raw HTML, anchors, pictures, scripts.
"""

import re
from functools import cache
from html import unescape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import book_report
from sphinx.errors import SphinxError

LINK = re.compile(r"<(?:a|link|img|script|iframe)\s(?:[^>]*?\s)?(?:href|src)=([\"'])(.*?)\1", re.S)
PLACE = re.compile(r"\s(?:id|name)=([\"'])(.*?)\1")


class LinksBroken(SphinxError):
    category = "The book's links"


class Read(NamedTuple):
    """What a page links to, each once, and the places that it has."""

    links: dict[str, None]
    places: set[str]


@cache
def read(page: Path, _changed: int) -> Read:
    text = page.read_text(encoding="utf-8")
    return Read(
        dict.fromkeys(unescape(link) for _, link in LINK.findall(text) if link),
        {unescape(place) for _, place in PLACE.findall(text)},
    )


def broken(page: Path) -> list[str]:
    found = []
    for link in read(page, page.stat().st_mtime_ns).links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        if not target.is_file():
            found.append(f"{link}: no such file")
        elif parts.fragment and target.suffix == ".html":
            places = read(target, target.stat().st_mtime_ns).places
            if unquote(parts.fragment) not in places:
                found.append(f"{link}: no such place")
    return found


def source_line(source: Path, link: str) -> int:
    """The line that most likely wrote the link: the first with its last word."""
    words = re.findall(r"[\w-]+", link.partition(":")[0])
    for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), start=1):
        if words and words[-1] in line:
            return number
    return 1


def check(app, exception) -> None:
    if exception or app.builder.name != "html":
        return
    problems = []
    for name in sorted(app.env.found_docs):
        source = Path(app.env.doc2path(name))
        for problem in broken(Path(app.builder.get_outfilename(name)).resolve()):
            place = f"{source.relative_to(app.srcdir)}:{source_line(source, problem)}"
            problems.append(f"{place}: {problem}")
    if problems:
        book_report.say_at_the_end(problems)
        raise LinksBroken(f"{len(problems)} broken")


def setup(app):
    app.connect("build-finished", check, priority=800)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
