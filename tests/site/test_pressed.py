"""Everything that can be pressed is pressed: by mouse, finger and keyboard, wide and narrow."""

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
WIDTHS = (360, 768, 1280)
NARROW, RAIL = 992, 1200  # below these the theme lays the chapters, the contents into dialogs
SHOWN = "e => e.checkVisibility({visibilityProperty: true}) && e.getBoundingClientRect().width > 0"


class Reader:
    """A page as one kind of reader has it: a mouse, a finger, or a keyboard."""

    def __init__(self, page, way: str, width: int):
        self.page, self.way, self.width = page, way, width

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


@pytest.fixture(scope="module", params=["mouse", "finger", "keyboard"])
def way(request):
    return request.param


@pytest.fixture(scope="module", params=WIDTHS)
def width(request):
    return request.param


@pytest.fixture(scope="module")
def reader(browser, way, width):
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        has_touch=way == "finger",
        reduced_motion="reduce",
        permissions=["clipboard-read", "clipboard-write"],
    )
    page = context.new_page()
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield Reader(page, way, width)
    assert wrong == []
    context.close()


@pytest.fixture(scope="module", params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(autouse=True)
def _opened(request, reader, address):
    """The page is opened where a test needs it and was not left open by the one before."""
    if "kind" in request.fixturenames:
        wanted = f"{address}{KINDS[request.getfixturevalue('kind')]}.html"
        if reader.page.url != wanted:
            reader.page.goto(wanted, wait_until="load")


def test_nothing_is_cut(kind, reader):
    """What is wider than its box scrolls, and shows that it does."""
    cut = reader.page.evaluate(
        """() => [...document.querySelectorAll('.bd-article *')].filter(e => {
          if (e.closest('svg, .math-spoken') || e.scrollWidth <= e.clientWidth + 2) return false;
          const style = getComputedStyle(e);
          if (style.display === 'inline' || !e.clientWidth || !e.clientHeight) return false;
          const scrolls = ['auto', 'scroll'].includes(style.overflowX);
          return !(scrolls && style.backgroundAttachment.includes('local'));
        }).map(e => e.className + ': ' + e.innerText.slice(0, 60))"""
    )
    assert cut == []
    assert reader.page.evaluate("document.documentElement.scrollWidth") <= reader.width


def test_places_have_names_of_their_own(kind, reader):
    if (reader.way, reader.width) != ("mouse", 1280):
        return
    twice = reader.page.evaluate(
        """() => [...document.querySelectorAll('[id]')].map(e => e.id)
        .filter((id, at, all) => all.indexOf(id) !== at)"""
    )
    assert twice == []


def test_the_focus_is_always_marked(kind, reader):
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


def test_each_menu_opens(kind, reader):
    menus = reader.shown(".article-header-buttons .dropdown")
    assert menus.count() >= (2 if kind not in ("search", "index") else 0)
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


def test_the_theme_changes(kind, reader):
    seen = set()
    for _ in range(3):
        reader.press(reader.shown(".theme-switch-button").first)
        seen.add(reader.page.evaluate("document.documentElement.dataset.theme"))
    assert seen == {"light", "dark"}


def test_each_fold_opens_and_closes(kind, reader):
    for fold in reader.page.locator(".bd-article details").all():
        summary = fold.locator("> summary")
        if not summary.is_visible():
            continue  # it lies in another
        name = summary.inner_text().strip()
        assert name
        assert summary.evaluate("e => e.scrollHeight <= e.clientHeight + 1"), f"{name} is cut"
        before = fold.evaluate("e => e.open")
        reader.press(summary)
        assert fold.evaluate("e => e.open") != before, name
        reader.press(summary)
        assert fold.evaluate("e => e.open") == before, name


def test_code_is_copied_without_its_prompts(kind, reader):
    buttons = reader.page.locator(".bd-article .highlight:has(button.copybtn)")
    for block in buttons.all()[:6]:
        if not block.is_visible():
            continue
        button = block.locator("button.copybtn")
        if reader.way == "mouse":
            block.hover()
        elif reader.way == "keyboard":
            button.focus()
            reader.page.keyboard.press("Shift+Tab")
            reader.page.keyboard.press("Tab")
        if reader.way != "keyboard" or button.evaluate("e => e.matches(':focus-visible')"):
            reader.page.wait_for_timeout(350)
            assert float(button.evaluate("e => getComputedStyle(e).opacity")) > 0.9
        reader.press(button)
        reader.page.wait_for_timeout(50)
        copied = reader.page.evaluate("navigator.clipboard.readText()")
        said = block.locator("pre").inner_text()
        assert copied
        if re.search(r"^(\$|>>>) ", said, re.M):
            assert not re.search(r"^(\$|>>>) ", copied, re.M), copied
        else:
            assert copied.strip() == said.strip()


def test_the_line_under_the_title_says_what_can_be_done(kind, reader, address):
    links = reader.shown(".page-bar a")
    if kind not in ("front", "chapter", "workbook"):
        return
    words = ["Run in Binder", "Open in Colab", "Notebook", "Write it yourself"]
    assert links.all_inner_texts() == words[: 3 if kind == "workbook" else 4]
    for link in links.all():
        assert link.bounding_box()["height"] >= 36  # what a finger hits
    with reader.page.expect_download() as download:
        reader.press(links.nth(2))
    assert download.value.suggested_filename.endswith(".ipynb")
    if kind != "workbook":
        reader.press(links.nth(3))
        reader.page.wait_for_url("**/book/tito.html")


def test_the_contents_of_a_page_are_found(kind, reader):
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


def test_the_search_opens_and_leads_to_what_it_found(kind, reader):
    button = reader.shown("button.search-button__button")
    if kind != "search":  # which has a field of its own
        reader.press(button.first)
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


def test_the_chapters_are_found(kind, reader, address):
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


def test_a_heading_is_larger_than_those_below_it(reader, address):
    if (reader.way, reader.width) != ("mouse", 1280):
        return
    reader.page.goto(f"{address}book/optimizers/06_optimizers.html", wait_until="load")
    sizes = reader.page.evaluate(
        """() => [1, 2, 3, 4, 5].map(level => {
          const e = document.querySelector('.bd-article').appendChild(
            document.createElement('h' + level));
          return parseFloat(getComputedStyle(e).fontSize) })"""
    )
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 5
