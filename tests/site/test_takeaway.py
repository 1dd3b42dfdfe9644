"""What a reader, or a program that reads, takes away: twins, lists, citations, the feed, 404."""

import json
import re
from html import unescape
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest

from tinytorch import __version__

from .conftest import PAGES, ROOT
from .test_launch import DIRECTIVE

pytestmark = pytest.mark.slow


def html(published, page: str) -> str:
    return (published / f"{page}.html").read_text(encoding="utf-8")


def site(published) -> str:
    """The address at which the tree is published."""
    found = re.search(r'rel="canonical" href="([^"]*)"', html(published, "index"))
    return found[1]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_a_twin_that_needs_no_browser(page, published):
    twin = (published / f"{page}.md").read_text(encoding="utf-8")
    text = re.sub(r"```.*?```", "", twin, flags=re.S)
    assert not DIRECTIVE.search(text), DIRECTIVE.search(text).group()
    title = re.search(r'<h1>([^<]*)<a class="headerlink', html(published, page))[1]
    assert twin.startswith(f"# {unescape(title).strip()}")
    source = (ROOT / f"{page}.md").read_text(encoding="utf-8")
    removed = len(re.findall(r"remove-(?:cell|input)", source))
    assert twin.count("```python") >= source.count("```{code-cell}") - removed
    assert f'type="text/markdown" href="{page.rsplit("/", 1)[-1]}.md"' in html(published, page)


def test_the_list_names_each_page_once(published):
    listed = re.findall(r"\]\(([^)]+\.md)\): \S", (published / "llms.txt").read_text("utf-8"))
    assert listed == [f"{site(published)}{page}.md" for page in PAGES]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_what_it_is_and_how_to_cite_it(page, published):
    text = html(published, page)
    said = json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', text)[1])
    canonical = re.search(r'rel="canonical" href="([^"]*)"', text)[1]
    assert said["url"] == canonical
    assert (said["@type"] == "Book") == (page == "index")
    cited = unescape(re.search(r'<details class="cite.*?<pre>(.*?)</pre>', text, re.S)[1])
    assert f"url = {{{canonical}}}" in cited
    assert f"Version {__version__}" in cited
    assert f"Version {__version__}" in re.search(r"<footer.*</footer>", text, re.S)[0]


def test_a_lost_reader_finds_the_way_from_any_depth(published):
    text, top = (published / "404.html").read_text("utf-8"), urlsplit(site(published)).path
    links = re.findall(r'(?:href|src)="([^"#]+)', text)
    assert len(links) > len(PAGES)
    for link in links:
        if urlsplit(link).scheme or link.startswith("data:"):
            continue
        assert link.startswith(top), link
        assert (published / link.removeprefix(top).split("?")[0]).exists(), link
    assert 'rel="canonical"' not in text


def test_the_feed_leads_to_what_changed(published):
    if "book/appendices/changes" not in PAGES:
        pytest.skip("a tree of a few pages")
    channel = ElementTree.parse(published / "feed.xml").getroot().find("channel")
    items = channel.findall("item")
    assert items
    for item in items:
        page, _, place = item.findtext("link").removeprefix(site(published)).partition("#")
        assert f'id="{place}"' in (published / page).read_text("utf-8")
        assert re.match(r"\w{3}, \d\d \w{3} \d{4}", item.findtext("pubDate"))
