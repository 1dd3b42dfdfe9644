"""How the pages look, where it can be measured: sizes, measure, what lies over what, what jumps."""

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.browser]
CHAPTER = "book/optimizers/momentum.html"
TELEPHONE = {"viewport": {"width": 360, "height": 780}, "has_touch": True, "is_mobile": True}
DESK = {"viewport": {"width": 1280, "height": 900}}


@pytest.fixture
def opened(browser, address):
    """A function that opens a page as one kind of reader has it."""
    contexts = []

    def see(path, before="", **reader):
        contexts.append(browser.new_context(reduced_motion="reduce", **reader))
        page = contexts[-1].new_page()
        page.add_init_script(before or "0")
        page.goto(address + path, wait_until="load")
        page.evaluate("document.fonts.ready")
        return page

    yield see
    for context in contexts:
        context.close()


def test_the_text_is_large_and_its_lines_are_neither_long_nor_short(opened):
    page = opened(CHAPTER, **DESK)
    size, across = page.evaluate(
        """() => { const p = [...document.querySelectorAll('.bd-article section > p')]
          .find((p) => p.innerText.length > 200), s = getComputedStyle(p);
        const c = document.createElement('canvas').getContext('2d'), t = p.innerText.slice(0, 200);
        c.font = s.font;
        return [parseFloat(s.fontSize), p.clientWidth * t.length / c.measureText(t).width] }"""
    )
    assert size == 18
    assert 65 <= across <= 85, "characters a line"


def test_letters_of_figures_are_as_large_as_the_text(opened):
    """The labels of most, where there is room for the whole figure."""
    sizes = opened(CHAPTER, **DESK).evaluate(
        """() => { const size = (e) => parseFloat(getComputedStyle(e).fontSize);
        const text = size(document.querySelector('.bd-article section > p'));
        return [...document.querySelectorAll('svg.figure')].flatMap((figure) => {
          const scale = figure.getBoundingClientRect().width / figure.viewBox.baseVal.width;
          return [...figure.querySelectorAll('text')].map((t) => scale * size(t) / text)
        }).sort((a, b) => a - b) }"""
    )
    assert 0.95 <= sizes[len(sizes) // 2] <= 1.05


@pytest.mark.parametrize("path", [CHAPTER, "book/optimizers/schedules.html"])
def test_on_a_telephone_letters_of_figures_are_twelve_pixels(path, opened):
    """Whatever a page adds to a figure: a legend, a title, names. Exponents are smaller."""
    sizes = opened(path, **TELEPHONE).evaluate(
        """() => [...document.querySelectorAll('svg.figure')].flatMap((figure) => {
          const scale = figure.getBoundingClientRect().width / figure.viewBox.baseVal.width;
          const size = (e) => scale * parseFloat(getComputedStyle(e).fontSize);
          const parts = (e) => [e, ...e.children].filter((c) => c.style.fontSize).map(size);
          const texts = scale ? [...figure.querySelectorAll('text')] : [];
          return texts.map((e) => Math.max(...parts(e)))
        })"""
    )
    assert len(sizes) > 50
    assert min(sizes) > 11.9


@pytest.mark.parametrize("path", ["index.html", CHAPTER, "book/optimizers/schedules.html"])
def test_on_a_telephone_the_plot_is_in_sight_of_every_knob(path, opened):
    """The last two panels, where a figure has more; nothing of the page lies over them."""
    page = opened(path, **{**TELEPHONE, "viewport": {"width": 360, "height": 640}})
    for figure in page.locator(".live-figure:not(.bet-covered *)").all():
        figure.scroll_into_view_if_needed()
        page.wait_for_function("(e) => e.live?.shown", arg=figure.element_handle())
        for knob in figure.locator(".live-knob :is(input, select)").all():
            seen = knob.evaluate(
                """(e) => { scrollBy(0, e.getBoundingClientRect().bottom - innerHeight + 60);
                const panels = e.closest('.live-figure').querySelectorAll('.live-panel');
                return [...panels].slice(-2).every((panel) => {
                  const { left, top, right, bottom } = panel.getBoundingClientRect();
                  const at = (y) => document.elementFromPoint((left + right) / 2, y);
                  return bottom <= e.getBoundingClientRect().top
                    && [top + 10, bottom - 10].every((y) => panel.contains(at(y))) }) }"""
            )
            assert seen, figure.get_attribute("data-state")


def test_on_a_telephone_names_in_tables_are_not_cut_to_pieces(opened):
    """The table may be wider than the page instead, and scrolls."""
    lines = opened("book/appendices/notation.html", **TELEPHONE).evaluate(
        """() => [...document.querySelectorAll('td code .pre')].filter((e) =>
          e.innerText.length < 13).map((e) => e.getClientRects().length)"""
    )
    assert len(lines) > 20
    assert max(lines) == 1


@pytest.mark.parametrize("width", [360, 1280])
def test_closed_folds_stand_off_the_text_below(width, opened):
    page = opened("book/training/choosing.html", viewport={"width": width, "height": 780})
    gaps = page.evaluate(
        """() => [...document.querySelectorAll('.cell:has(> details.hide:only-child:not([open]))')]
        .filter((e) => e.nextElementSibling?.matches('p')).map((e) =>
          e.nextElementSibling.getBoundingClientRect().top - e.getBoundingClientRect().bottom)"""
    )
    assert gaps
    assert min(gaps) >= 12


def test_on_a_telephone_the_line_under_the_title_is_one(opened):
    links = opened(CHAPTER, **TELEPHONE).locator(".page-bar a")
    assert len({link.bounding_box()["y"] for link in links.all()}) == 1
    assert links.first.text_content() == "Run in Binder"


def test_the_button_that_copies_lies_on_no_code(opened):
    page = opened("book/optimizers/06_optimizers.html", **TELEPHONE)
    page.locator("button.copybtn >> visible=true").first.wait_for()  # others are folded
    overlaps = page.evaluate(
        """() => [...document.querySelectorAll('div.highlight')].filter((e) => {
          const button = e.querySelector('button.copybtn')?.getBoundingClientRect();
          const code = document.createRange(), pre = e.querySelector('pre');
          if (!button?.height) return false;
          code.selectNodeContents(pre);
          return code.getClientRects()[0].top < button.bottom - 1 }).length"""
    )
    assert overlaps == 0


@pytest.mark.parametrize("path", ["index.html", CHAPTER, "book/optimizers/schedules.html"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_jumps_while_a_page_arrives(path, scheme, opened):
    """What Chromium calls the cumulative layout shift; a live figure comes late, and is large.

    It is measured on a second visit: how long other letters stand in for ours on the first depends
    on what else the machine does, and they are not as wide.
    """
    watch = """window.jumps = 0; new PerformanceObserver((list) => list.getEntries().forEach(
      (e) => { jumps += e.value })).observe({ type: 'layout-shift', buffered: true })"""
    page = opened(
        path, watch, viewport={"width": 412, "height": 823}, color_scheme=scheme, has_touch=True
    )
    page.goto(page.url)
    if path == "index.html":
        page.wait_for_function("() => document.querySelector('.live-figure').live?.shown")
    page.wait_for_timeout(500)
    assert page.evaluate("jumps") < 0.05


def test_the_colours_need_no_script(opened):
    page = opened(CHAPTER, java_script_enabled=False, **DESK)
    box = page.locator("div.highlight pre").first
    assert box.evaluate("(e) => getComputedStyle(e).borderTopStyle") == "solid"


@pytest.mark.parametrize("reader", [TELEPHONE, DESK], ids=["telephone", "desk"])
@pytest.mark.parametrize("path", ["index.html", CHAPTER, "book/optimizers/few-bits.html"])
def test_a_live_figure_leaves_little_room_empty(path, reader, opened):
    """What is kept for it before its script has come is what it takes then."""
    page = opened(path, **reader)
    for figure in page.locator(".live-figure").all():
        figure.scroll_into_view_if_needed()
        page.wait_for_function("(e) => e.live?.shown", arg=figure.element_handle())
        empty = figure.evaluate(
            """(e) => { const kept = e.offsetHeight; e.style.minHeight = 0;
            return kept - e.offsetHeight }"""
        )
        assert 0 <= empty < 60


@pytest.mark.parametrize("path", ["index.html", CHAPTER])
def test_a_picture_of_the_whole_page_shows_all_of_it(path, opened):
    """What waits for a reader to come near is an empty box in it."""
    waiting = opened(path, **DESK).evaluate(
        """() => [...document.querySelectorAll('.bd-main *')]
        .filter((e) => getComputedStyle(e).contentVisibility === 'auto').map((e) => e.className)"""
    )
    assert waiting == []


def test_a_live_figure_of_panels_side_by_side_reaches_into_the_margin(opened):
    page = opened(CHAPTER, **DESK)
    figure = page.locator("figure:has(.live-figure)").last
    figure.scroll_into_view_if_needed()
    figure.locator(".live-panel").nth(1).wait_for()
    text = page.locator(".bd-article section > p").first.bounding_box()
    box = figure.bounding_box()
    assert box["width"] > 1.3 * text["width"]
    assert box["x"] + box["width"] <= 1280
    # the list of headings lies under it, and comes forward for who walks it with the keyboard
    page.evaluate("(y) => window.scrollBy({top: y - 20, behavior: 'instant'})", box["y"])
    link = page.locator(".page-toc a").first
    over = """(a) => { const r = a.getBoundingClientRect();
      return document.elementFromPoint(r.x + 4, r.y + r.height / 2) === a }"""
    assert not link.evaluate(over)
    page.keyboard.press("Tab")
    link.focus()
    assert link.evaluate(over)


def test_the_search_stays_above_the_list_of_chapters(opened):
    """Far down in the list, which moves to the chapter that is open."""
    page = opened("book/training/choosing.html", **DESK)
    assert page.evaluate("document.querySelector('.bd-sidebar-primary').scrollTop") > 200
    assert page.locator(".bd-sidebar-primary .search-button-field").bounding_box()["y"] >= 0


def test_the_list_of_headings_tells_what_stands_under_build_use_and_understand(opened):
    entries = opened(CHAPTER, **DESK).locator(".page-toc .toc-h3 > a")
    assert entries.count() > 5
    assert all(entry.is_visible() for entry in entries.all())
    names = opened("book/appendices/api-reference.html", **DESK).locator(".page-toc .toc-h3 > a")
    assert not all(name.is_visible() for name in names.all())  # of hundreds the open part alone


def test_a_page_says_of_which_part_it_is(opened):
    part = opened(CHAPTER, **TELEPHONE).locator(".page-part")
    assert part.text_content().startswith("The optimizers, 3 of ")
    assert part.bounding_box()["y"] < 120
    assert opened("index.html", **TELEPHONE).locator(".page-part").count() == 0


def test_without_scripts_a_telephone_has_the_chapters_and_no_dead_button(opened):
    page = opened(CHAPTER, **TELEPHONE, java_script_enabled=False)
    chapters = page.locator(".bd-sidebar-primary nav a")
    article = page.locator(".bd-article").bounding_box()
    assert chapters.count() > 30
    for chapter in (chapters.first, chapters.last):
        assert chapter.is_visible()
        assert chapter.bounding_box()["y"] > article["y"] + article["height"]
    assert [button for button in page.locator("button").all() if button.is_visible()] == []
