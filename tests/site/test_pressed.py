"""Everything that can be pressed is pressed: by mouse, finger and keyboard, wide and narrow.

A chapter, which has a thing of every kind, is read in each way at each width; any other kind of
page by a finger on a telephone, by keys on a tablet, by a mouse on a desk. What needs no pressing
is looked at on all pages, in `test_browser`.
"""

import re

import pytest

from .conftest import PAGES

pytestmark = [pytest.mark.slow, pytest.mark.browser]

KINDS = {
    "front": "index",
    "chapter": "book/optimizers/06_optimizers",
    "workbook": "book/tito",
    "tables": "book/appendices/conventions",
    "glossary": "book/appendices/glossary",
    "reference": "book/appendices/api-reference",
    "search": "search",
    "index": "genindex",
}
WAYS, WIDTHS = ("mouse", "finger", "keyboard"), (360, 768, 1280)
READERS = [("chapter", way, width) for way in WAYS for width in WIDTHS] + [
    (kind, way, width)
    for kind in KINDS
    if kind != "chapter"
    for way, width in (("finger", 360), ("keyboard", 768), ("mouse", 1280))
]
NARROW, RAIL = 992, 1200  # below these the theme lays the chapters, the contents into dialogs
EACH = 3  # of things of one kind on one page


class Reader:
    """A page as one kind of reader has it: a mouse, a finger, or a keyboard."""

    def __init__(self, page, address: str, kind: str, way: str, width: int):
        self.page, self.address = page, address
        self.kind, self.way, self.width = kind, way, width

    def open(self) -> None:
        self.page.goto(f"{self.address}{KINDS[self.kind]}.html", wait_until="load")

    def press(self, target) -> None:
        if self.way == "keyboard":
            target.focus()
            self.page.keyboard.press("Enter")
        elif self.way == "finger":
            target.tap(timeout=3000)
        else:
            target.click(timeout=3000)

    def shown(self, selector: str):
        return self.page.locator(f"{selector} >> visible=true")


def focus_is_marked(reader):
    """Whatever the key reaches has one and the same ring."""
    if reader.way != "keyboard":
        return
    page, colours = reader.page, set()
    for _ in range(40):
        page.keyboard.press("Tab")
        mark = page.evaluate(
            """() => { const s = getComputedStyle(document.activeElement);
            return [s.outlineStyle, parseFloat(s.outlineWidth), s.outlineColor,
                    document.activeElement.outerHTML.slice(0, 120)] }"""
        )
        if mark[3].startswith(("<body", "<html")):
            break
        assert mark[0] == "solid", mark
        assert mark[1] >= 2, mark
        colours.add(mark[2])
    assert len(colours) == 1


def menus_open(reader):
    menus = reader.shown(".article-header-buttons .dropdown")
    assert menus.count() >= (2 if reader.kind not in ("search", "index") else 0)
    for menu in menus.all():
        items = menu.locator(".dropdown-menu a, .dropdown-menu button")
        assert not items.first.is_visible()
        reader.press(menu.locator("button.dropdown-toggle"))
        for item in items.all():
            assert item.is_visible()
            assert item.inner_text().strip()
            box = item.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= reader.width
        reader.press(menu.locator("button.dropdown-toggle"))
        assert menu.locator("button.dropdown-toggle").get_attribute("aria-expanded") == "false"


def theme_changes(reader):
    seen = set()
    for _ in range(3):
        reader.press(reader.shown(".theme-switch-button").first)
        seen.add(reader.page.evaluate("document.documentElement.dataset.theme"))
    assert seen == {"light", "dark"}


def folds_open_and_close(reader):
    """Some of each kind, as the words on them tell the kinds apart."""
    pressed: dict[str, int] = {}
    for fold in reader.page.locator(".bd-article details").element_handles():  # some bring others
        summary = fold.query_selector(":scope > summary")
        name = summary.inner_text().strip()
        sort = re.sub(r"\d.*", "", name, flags=re.S)
        if pressed.get(sort, 0) == EACH or not summary.is_visible():
            continue
        pressed[sort] = pressed.get(sort, 0) + 1
        before = fold.evaluate("e => e.open")
        for after in (not before, before):
            reader.press(summary)
            assert fold.evaluate("e => e.open") == after, name
    assert len(pressed) >= (2 if reader.kind == "chapter" else 0)


def code_is_copied_without_its_prompts(reader):
    blocks = reader.shown(".bd-article .highlight:has(button.copybtn)")
    for block in blocks.all()[:EACH]:
        button = block.locator("button.copybtn")
        if reader.way == "mouse":
            block.hover()
        elif reader.way == "keyboard":
            button.focus()
            reader.page.keyboard.press("Shift+Tab")
            reader.page.keyboard.press("Tab")
        reader.page.wait_for_function(
            "e => parseFloat(getComputedStyle(e).opacity) > 0.9",
            arg=button.element_handle(),
            timeout=2000,
        )
        reader.page.evaluate("navigator.clipboard.writeText('')")
        reader.press(button)
        reader.page.wait_for_function(
            "() => navigator.clipboard.readText().then(text => text !== '')", timeout=2000
        )
        copied = reader.page.evaluate("navigator.clipboard.readText()")
        said = block.locator("pre").inner_text()
        if re.search(r"^(\$|>>>) ", said, re.M):
            assert not re.search(r"^(\$|>>>) ", copied, re.M), copied
        else:
            assert copied.strip() == said.strip()


def search_opens(reader):
    if reader.kind == "search":  # which has a field of its own
        return
    reader.press(reader.shown("button.search-button__button").first)
    field = reader.shown("#pst-search-dialog input")
    assert field.evaluate("e => e === document.activeElement")
    icon = reader.shown("#pst-search-dialog form i").bounding_box()
    letters = field.evaluate(
        "e => e.getBoundingClientRect().left + parseFloat(getComputedStyle(e).paddingLeft)"
    )
    assert letters >= icon["x"] + icon["width"], "the magnifier lies on the first letter"
    field.fill("momentum")
    reader.page.keyboard.press("Enter")
    reader.page.wait_for_url("**/search.html?q=momentum*")
    reader.open()


def contents_of_the_page_are_found(reader):
    contents = reader.shown("nav.page-toc a")
    if reader.page.locator("nav.page-toc a").count() == 0:
        assert reader.shown(".secondary-toggle").count() == 0
        return
    if reader.width < RAIL:
        assert contents.count() == 0
        reader.press(reader.shown(".secondary-toggle"))
    place = contents.last.get_attribute("href")
    reader.press(contents.last)
    reader.page.wait_for_url(f"**{place}")


def line_under_the_title_says_what_can_be_done(reader):
    if reader.kind not in ("front", "chapter", "workbook"):
        return
    reader.open()
    links = reader.shown(".page-bar a")
    words = ["Run in Binder", "Open in Colab", "Notebook", "Write it yourself"]
    assert links.all_text_contents() == words[: 3 if reader.kind == "workbook" else 4]
    for link in links.all():
        assert link.bounding_box()["height"] >= 36  # what a finger hits
    with reader.page.expect_download() as download:
        reader.press(links.nth(2))
    assert download.value.suggested_filename.endswith(".ipynb")
    if reader.kind != "workbook":
        reader.press(links.nth(3))
        reader.page.wait_for_url("**/book/tito.html")
        reader.open()


def chapters_are_found(reader):
    reader.open()
    chapters = reader.shown("nav.bd-links a")
    menu = reader.shown(".primary-toggle")
    if reader.width < NARROW:
        assert chapters.count() == 0
        reader.press(menu)
        assert chapters.count() >= len(PAGES)
        reader.page.keyboard.press("Escape")
        assert chapters.count() == 0
        reader.press(menu)
    else:
        assert chapters.count() >= len(PAGES)
        reader.press(menu)
        assert chapters.count() == 0
        reader.press(menu)
    reader.press(chapters.filter(has_text="Benchmarks").first)
    reader.page.wait_for_url("**/benchmarks.html")


PRESSES = [
    focus_is_marked,
    menus_open,
    theme_changes,
    folds_open_and_close,
    code_is_copied_without_its_prompts,
    search_opens,
    contents_of_the_page_are_found,
    line_under_the_title_says_what_can_be_done,
    chapters_are_found,
]


@pytest.mark.parametrize(("kind", "way", "width"), READERS)
def test_all_that_can_be_pressed(browser, address, kind, way, width):
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        has_touch=way == "finger",
        reduced_motion="reduce",
        permissions=["clipboard-read", "clipboard-write"],
    )
    context.set_default_timeout(5000)
    page, wrong = context.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    reader = Reader(page, address, kind, way, width)
    reader.open()
    for press in PRESSES:
        try:
            press(reader)
        except Exception as error:  # all that fails on a page is told at once
            wrong.append(f"{press.__name__}: {type(error).__name__}: {str(error)[:400]}")
            reader.open()
    context.close()
    assert wrong == []
