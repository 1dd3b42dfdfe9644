"""What a finished book must have, whatever its pages say.

Every page of the table of contents has a source and comes out as a page, and no other page does.
Every figure has words for those who do not see it. Every link within the book leads to a page that
is there and to a place on it: Sphinx checks the references that it made itself; this walks the
finished pages, so that it sees what a reader would, links in raw HTML, anchors, pictures, scripts.
"""

import os
import re
from functools import cache
from html import unescape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from book_build import report
from docutils import nodes
from sphinx.errors import SphinxError
from sphinx.util import logging

logger = logging.getLogger(__name__)

GENERATED = {"404", "genindex", "py-modindex", "search"}
LINK = re.compile(r"<(?:a|link|img|script|iframe)\s(?:[^>]*?\s)?(?:href|src)=([\"'])(.*?)\1", re.S)
PLACE = re.compile(r"\s(?:id|name)=([\"'])(.*?)\1")


class PagesMissing(SphinxError):
    category = "The book's pages"


def refuse(missing: list[str], what: str) -> None:
    if missing:
        report.say_at_the_end([f"{name}: in _toc.yml, but {what}" for name in missing])
        raise PagesMissing(f"{len(missing)} missing")


def check_sources(app, env, *_) -> None:
    refuse(sorted(set(app.config.external_site_map) - env.found_docs), "no such file")


def names_of_pages(folder: Path, kind: str) -> set[str]:
    files = (path.relative_to(folder) for path in folder.rglob(f"*{kind}"))
    return {
        f.with_suffix("").as_posix() for f in files if f.parts[0] not in ("_static", "_modules")
    }


def check_pages(app, exception) -> None:
    if exception is None and app.builder.name == "html":
        names = app.config.external_site_map
        pages = {name: Path(app.builder.get_outfilename(name)) for name in names}
        refuse([name for name, page in pages.items() if not page.is_file()], "not written")
        for folder, kind in (
            (app.outdir, ".html"),
            (Path(app.outdir).parent / "notebooks", ".ipynb"),
        ):
            for source in names_of_pages(Path(folder), kind) - app.env.found_docs - GENERATED:
                (Path(folder) / f"{source}{kind}").unlink()


def in_cell(node) -> nodes.Node | None:
    while node is not None:
        if isinstance(node, nodes.container) and node.get("nb_element") == "cell_code":
            return node
        node = node.parent
    return None


def check_words(app, doctree, docname) -> None:
    for image in doctree.findall(nodes.image):
        words = image.get("alt", "").strip()
        if not words or words.endswith((".png", ".svg", ".jpg")):
            how = "mystnb: image: alt:" if in_cell(image) else ":alt:"
            place = in_cell(image) or image
            logger.warning("a figure has no alternative text (%s)", how, location=place)


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


def written(file: Path) -> int:
    """When the file was last written; 0 if there is none."""
    return file.stat().st_mtime_ns if file.is_file() else 0


def broken(page: Path) -> list[str]:
    found = []
    for link in read(page, written(page)).links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = page
        if parts.path:
            target = Path(os.path.normpath(page.parent / unquote(parts.path)))
        changed = written(target)
        if not changed:
            found.append(f"{link}: no such file")
            continue
        place = unquote(parts.fragment)
        if place and target.suffix == ".html" and place not in read(target, changed).places:
            found.append(f"{link}: no such place")
    return found


def source_line(source: Path, link: str) -> int:
    """The line that most likely wrote the link: the first with its last word."""
    words = re.findall(r"[\w-]+", link.partition(":")[0])
    for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), start=1):
        if words and words[-1] in line:
            return number
    return 1


def check_links(app, exception) -> None:
    if exception or app.builder.name != "html":
        return
    problems = []
    for name in sorted(app.env.found_docs):
        source = Path(app.env.doc2path(name))
        for problem in broken(Path(app.builder.get_outfilename(name)).resolve()):
            place = f"{source.relative_to(app.srcdir)}:{source_line(source, problem)}"
            problems.append(f"{place}: {problem}")
    if problems:
        report.say_at_the_end(problems)
        raise LinksBroken(f"{len(problems)} broken")


def setup(app):
    app.connect("env-before-read-docs", check_sources, priority=100)
    app.connect("doctree-resolved", check_words)
    app.connect("build-finished", check_pages)
    app.connect("build-finished", check_links, priority=800)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
