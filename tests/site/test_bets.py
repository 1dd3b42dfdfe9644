"""Bets: the answer is covered, a guess is judged against what a cell measured, the score stays."""

import json

import pytest

from tests.book.conftest import HEADER, Book

from .server import serve

pytestmark = [pytest.mark.slow, pytest.mark.browser]
PAGE = """# A chapter

:::{bet} Which is lowest?
:options: SGD, Momentum, Adam
:answer: lowest
:covers: fig-walk

It is {glue:text}`lowest`.
:::

```{code-cell} python
---
mystnb:
  image:
    alt: A walk.
  figure:
    name: fig-walk
    caption: A walk.
---
from tinytorch.lab import canvas, glue

glue("lowest", "Momentum")
glue("steps", 1234.0, ",.0f")
glue("curve", [0.1, 0.5, 0.9])
canvas()[1].plot([1, 2]);
```

:::{bet} How many steps?
:answer: steps
:within: 10
:unit: steps

It takes {glue:text}`steps`.
:::

:::{bet} Draw it.
:answer: curve
:curve: 0, 2, 0, 1
:within: 20

So it is.
:::

:::{bet} Which is first?
:options: left, right
:answer: first
:covers: fig-twice, told

It is {glue:text}`first`.
:::

:::{bet} And how long is the line?
:answer: long
:within: 0
:covers: fig-twice

It is {glue:text}`long`.
:::

```{code-cell} python
---
mystnb:
  image:
    alt: A line.
  figure:
    name: fig-twice
    caption: A line.
---
glue("first", "left")
glue("long", 0)
canvas()[1].plot([1, 2]);
```

```{code-cell} python
:tags: [told]
print("left")
```
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    made = Book(tmp_path_factory.mktemp("bets"))
    made.chapter(PAGE)
    return made


@pytest.fixture(scope="module")
def site(book):
    with serve(book.folder / "_build/html") as address:
        yield f"{address}book/chapter.html"


@pytest.fixture(params=[360, 1280])
def page(browser, site, request):
    context = browser.new_context(viewport={"width": request.param, "height": 800})
    opened = context.new_page()
    wrong = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.goto(site, wait_until="load")
    yield opened
    assert wrong == []
    assert opened.evaluate("document.documentElement.scrollWidth") <= request.param
    context.close()


def box(page, question):
    return page.get_by_role("group", name=question)


def test_the_answer_is_covered_until_the_bet_is_placed(page):
    figure, first = page.locator("#fig-walk"), box(page, "Which is lowest?")
    assert not figure.locator("img, svg").first.is_visible()
    assert not page.get_by_text("It is Momentum.", exact=True).is_visible()
    first.get_by_role("button", name="Adam").click()
    assert figure.locator("img, svg").first.is_visible()
    assert page.get_by_text("It is Momentum.", exact=True).is_visible()
    assert first.get_by_role("status").inner_text() == "You said Adam: not so, it is Momentum."
    assert first.get_by_role("button").count() == 0
    assert "0 of 1 right" in page.locator(".bet-score").inner_text()


def test_what_two_bets_cover_waits_for_both(page):
    twice = page.locator("#fig-twice :is(img, svg)").first
    told = page.locator(".cell.tag_told .output")
    assert not twice.is_visible()
    assert not told.is_visible()
    box(page, "Which is first?").get_by_role("button", name="right").click()
    assert not twice.is_visible()
    assert told.is_visible()
    page.reload()
    assert not twice.is_visible()
    box(page, "And how long is the line?").get_by_role("textbox").fill("0")
    page.keyboard.press("Enter")
    assert twice.is_visible()


def test_a_guess_stays_and_is_forgotten_when_asked(page):
    box(page, "Which is lowest?").get_by_role("button", name="Momentum").click()
    page.reload()
    assert "You said Momentum: right" in box(page, "Which is lowest?").inner_text()
    assert "1 of 1 right. In the book: 1 of 1" in page.locator(".bet-score").inner_text()
    with page.expect_navigation():
        page.get_by_role("button", name="Forget my bets").click()
    assert not page.locator("#fig-walk :is(img, svg)").first.is_visible()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("1,200", "You said 1200: right, it is 1,234 steps."),
        ("1111", "You said 1111: right"),
        ("1110", "You said 1110: not so"),
        ("1e3", "You said 1000: not so"),
        ("12 34", "You said 1234: right"),
        ("many", "“many” is not a number."),
        ("", "“” is not a number."),
        ("1e999", "“1e999” is not a number."),
        ("<b>1</b>", "“<b>1</b>” is not a number."),
    ],
)
def test_a_number_is_judged(page, typed, said):
    bet = box(page, "How many steps?")
    bet.get_by_role("textbox").fill(typed)
    page.keyboard.press("Enter")
    assert said in bet.get_by_role("status").inner_text()


def test_who_does_not_want_to_bet_is_shown(page):
    bet = box(page, "How many steps?")
    bet.get_by_role("button", name="Show me").click()
    assert page.get_by_text("It takes 1,234").is_visible()
    assert bet.get_by_role("status").inner_text() == "Shown without a bet."
    assert not page.locator(".bet-score").is_visible()


def test_a_curve_is_drawn(page):
    bet = box(page, "Draw it.")
    picture = bet.locator("svg")
    picture.scroll_into_view_if_needed()
    area = picture.bounding_box()
    for part, height in ((0.02, 0.9), (0.5, 0.5), (0.98, 0.1)):
        page.mouse.click(area["x"] + part * area["width"], area["y"] + height * area["height"])
    bet.get_by_role("button", name="Bet").click()
    assert "Your curve: right" in bet.get_by_role("status").inner_text()
    assert bet.locator("polyline").count() == 2


def test_a_curve_is_drawn_with_keys(page):
    bet = box(page, "Draw it.")
    bet.locator("input").first.focus()
    page.keyboard.press("End")
    bet.get_by_role("button", name="Bet").click()
    assert "Your curve: not so" in bet.get_by_role("status").inner_text()


def test_without_a_script_it_is_a_fold(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site, wait_until="load")
    assert page.locator("#fig-walk :is(img, svg)").first.is_visible()
    fold = page.locator("details.bet").first
    assert not page.get_by_text("It is Momentum.", exact=True).is_visible()
    fold.locator("summary").click()
    assert page.get_by_text("It is Momentum.", exact=True).is_visible()
    context.close()


@pytest.mark.parametrize(
    "kept",
    [
        "{nonsense",
        "[1]",
        "5",
        '{"book/chapter#lowest": null, "book/chapter#steps": 3, "book/chapter#curve": [1]}',
        '{"book/chapter#lowest": {"guess": "Lion"}, "book/chapter#steps": {"guess": "many"}}',
        '{"book/chapter#lowest": {"guess": {}}, "book/chapter#curve": {"guess": [0.1, null]}}',
    ],
)
def test_what_is_kept_may_be_spoiled(page, kept):
    page.evaluate("text => localStorage.setItem('tinytorch-bets', text)", kept)
    page.reload()
    assert page.locator(".bet-box form").count() == 5
    box(page, "Which is lowest?").get_by_role("button", name="Adam").click()
    box(page, "How many steps?").get_by_role("button", name="Show me").click()
    page.reload()
    assert page.locator(".bet-box form").count() == 3


def test_who_goes_by_keys_stays_at_the_bet(page):
    box(page, "Which is lowest?").get_by_role("button", name="Adam").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent").startswith("You said Adam")


def test_two_tabs_keep_the_bets_of_both(page, site):
    other = page.context.new_page()
    other.goto(site, wait_until="load")
    box(page, "Which is lowest?").get_by_role("button", name="Momentum").click()
    box(other, "How many steps?").get_by_role("button", name="Show me").click()
    box(other, "Which is first?").get_by_role("button", name="left").click()
    page.reload()
    assert "2 of 2 right" in page.locator(".bet-score").inner_text()
    assert page.locator(".bet-box form").count() == 2


@pytest.mark.parametrize(
    "broken",
    [
        "Object.defineProperty(window, 'localStorage', {get() { throw new Error('denied'); }})",
        "Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); }",
    ],
    ids=["denied", "full"],
)
def test_a_browser_that_keeps_nothing_takes_bets(browser, site, broken):
    context = browser.new_context()
    context.add_init_script(broken)
    page, wrong = context.new_page(), []
    page.on("pageerror", lambda error: wrong.append(error.stack or ""))
    page.goto(site, wait_until="load")
    box(page, "Which is lowest?").get_by_role("button", name="Momentum").click()
    box(page, "Which is first?").get_by_role("button", name="left").click()
    assert page.locator("#fig-walk :is(img, svg)").first.is_visible()
    assert "2 of 2 right" in page.locator(".bet-score").inner_text()
    page.get_by_role("button", name="Forget my bets").click()
    page.locator("#fig-walk.bet-covered").wait_for()
    assert not [stack for stack in wrong if "bets.js" in stack]  # the theme's own script throws
    context.close()


def test_megabytes_pasted_are_refused_at_once(page):
    bet = box(page, "How many steps?")
    for text in ("9" * 1_000_000 + "x", "1" + " " * 1_000_000 + "e", "٣½"):
        field = bet.get_by_role("textbox")
        field.evaluate("(e, text) => { e.value = text; }", text)
        field.press("Enter")
        said = bet.get_by_role("status").inner_text()
        assert said.endswith("is not a number.")
        assert len(said) < 80


def test_on_paper_everything_is_uncovered(page):
    page.emulate_media(media="print")
    assert page.locator("#fig-walk :is(img, svg)").first.is_visible()
    assert page.get_by_text("It is Momentum.", exact=True).is_visible()
    assert not page.locator(".bet-box").first.is_visible()


def test_the_notebook_has_question_and_answer(book):
    notebook = json.loads((book.folder / "_build/notebooks/book/chapter.ipynb").read_text())
    text = "\n".join(
        "".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "markdown"
    )
    folded = "<summary><b>Which is lowest?</b></summary>\n\nIt is Momentum.\n\n</details>"
    assert folded in text  # the answer does not stand under the question


@pytest.mark.parametrize(
    ("options", "warning"),
    [
        (":answer: nothing", "which no cell has glued"),
        (":answer: steps\n:options: 1, 2", "is no option"),
        (":answer: lowest", "but it is Momentum"),
        (":answer: steps\n:covers: fig-walk, fig-other", "covers fig-other, which is not here"),
        (":unit: steps", "a bet needs :answer:"),
    ],
)
def test_a_bet_that_cannot_be_judged_stops_the_build(book, options, warning):
    extra = f"\n\n:::{{bet}} Well?\n{options}\n\nSo.\n:::\n"
    book.write("book/chapter", HEADER + PAGE + extra)
    built = book.build()
    assert built.returncode != 0
    assert warning in built.stdout
