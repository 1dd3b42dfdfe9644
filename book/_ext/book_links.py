"""Every link within the book leads to a page that is there and to a place on it.

Sphinx checks the references that it made itself. This walks the finished pages, so that it sees
what a reader would: links in raw HTML, anchors, pictures, scripts.
"""

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import book_report
from sphinx.errors import SphinxError

LINKS = {"a": "href", "link": "href", "img": "src", "script": "src", "iframe": "src"}


class LinksBroken(SphinxError):
    category = "The book's links"


class Reader(HTMLParser):
    """Collects what a page links to and the places that it has."""

    def __init__(self):
        super().__init__()
        self.links: dict[str, None] = {}
        self.places: set[str] = set()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.places.update(filter(None, (attributes.get("id"), attributes.get("name"))))
        target = attributes.get(LINKS.get(tag, ""))
        if target:
            self.links[target] = None


@cache
def read(page: Path, _changed: int) -> Reader:
    reader = Reader()
    reader.feed(page.read_text(encoding="utf-8"))
    return reader


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
