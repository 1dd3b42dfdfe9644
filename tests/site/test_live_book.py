"""Every live figure of the book, by finger and by keyboard: what it draws is what the package
computed for that state while the book was built."""

import json

import numpy as np
import pytest
from book_checks import engine

from tinytorch.lab import live
from tinytorch.lab.live import MIME

from .conftest import PAGES

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def figures_of(published, page: str) -> list[dict]:
    """What the cells of a page left of their figures: specification and probes."""
    path = published / "notebooks" / f"{page}.ipynb"
    if not path.is_file():
        return []
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    data = [o.get("data", {}) for cell in cells for o in cell.get("outputs", [])]
    return [d[MIME] for d in data if MIME in d]


def press(root, page, spec: dict, probe: dict) -> bool:
    """Bring the figure into the state of a probe; False if no key leads there."""
    knobs = {knob["name"]: knob for knob in spec["knobs"]}
    if probe["key"] == "best":
        root.get_by_role("button", name="Best").click()
        return True
    if not probe["knob"]:
        return True
    knob = knobs[probe["knob"]]
    if knob["kind"] == "choice":
        at = int(probe["state"][list(knobs).index(knob["name"])])
        choices = [k for k in spec["knobs"] if k["kind"] == "choice"]
        root.locator("select").nth(choices.index(knob)).select_option(str(at))
        return True
    if knob["kind"] == "handle":
        if probe["key"] != "ArrowRight":
            return False
        at = list(knobs).index(knob["name"])
        pairs = [
            [None if fixed else i for i, fixed in zip(pair, flags, strict=True)]
            for panel in spec["panels"]
            for pair, flags in zip(panel["handles"], panel["fixed"], strict=True)
        ]
        number = next(n for n, pair in enumerate(pairs) if at in pair)
        root.locator(".live-handle").nth(number).focus()
        page.keyboard.press(("ArrowRight", "ArrowUp")[pairs[number].index(at)])
        return True
    ranges = [k for k in spec["knobs"] if k["kind"] in ("slider", "both", "time")]
    root.locator("input[type=range]").nth(ranges.index(knob)).focus()
    page.keyboard.press(probe["key"])
    return True


def sampled(values: list, count: int = 6) -> list:
    return [values[i] for i in dict.fromkeys(np.linspace(0, len(values) - 1, count).astype(int))]


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_a_figure_draws_what_the_package_computed(name, width, browser, address, published):
    figures = figures_of(published, name)
    if not figures:
        return
    context = browser.new_context(viewport={"width": width, "height": 800}, has_touch=width < 500)
    page = context.new_page()
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.goto(f"{address}{name}.html#;", wait_until="load")
    page.evaluate("document.querySelectorAll('.bet-show').forEach((b) => b.click())")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.live-figure')].every((f) => f.live?.shown)"
    )
    roots = page.locator(".live-figure")
    assert roots.count() == len(figures)
    for root, given in zip(roots.all(), figures, strict=True):
        spec = given["spec"]
        for probe in given["probes"]:
            root.evaluate("e => e.live.reset()")
            if not press(root, page, spec, probe):
                continue
            where = (spec["alt"], probe["knob"], probe["key"])
            expected_state = np.array(probe["state"], dtype=float)
            drawn = root.evaluate("e => { e.live.draw(); return e.live.drawn() }")
            state = np.array(drawn["state"], dtype=float)
            np.testing.assert_allclose(state, expected_state, rtol=1e-12, err_msg=str(where))
            assert drawn["says"] == probe["says"], where
            for got, expected in zip(drawn["marks"], probe["marks"], strict=True):
                if got is not None:  # a map is drawn at other places
                    numbers = [np.nan if v is None else float(v) for v in sampled(got)]
                    wanted = [float.fromhex(word) for word in expected]
                    np.testing.assert_allclose(
                        numbers, wanted, rtol=1e-6, atol=1e-9, err_msg=str(where)
                    )
    assert wrong == []
    context.close()


SAYS = """
let asked;
const ask = (text) => { asked = E.figure(JSON.parse(text)); return true; };
const say = (state) => {
  const K = Float64Array.from(state), marks = asked.marks(K, false);
  return asked.says(K, marks);
};
"""


@pytest.mark.parametrize("name", PAGES)
def test_a_figure_speaks_in_words_wherever_its_knobs_stand(name, published):
    v8 = engine.context()
    v8.eval(live.source("figure.js") + SAYS.replace("const ", "var ").replace("let ", "var "))
    rng = np.random.default_rng(0)
    for given in figures_of(published, name):
        spec = given["spec"]
        v8.call("ask", json.dumps(spec))
        ends = np.array([(k["low"], k["high"], k["at"]) for k in spec["knobs"]])
        for row in rng.integers(0, 3, (200, len(ends))):
            state = ends[np.arange(len(ends)), row].tolist()
            said = v8.call("say", state)
            where = (spec["alt"], dict(zip([k["name"] for k in spec["knobs"]], state, strict=True)))
            for odd in ("undefined", "NaN", "Infinity", "null", "{"):
                assert odd not in said, where
            assert "no number" not in said or "flies off" in said, where


def test_the_book_is_full_of_them(published):
    pages = {name: len(figures_of(published, name)) for name in PAGES}
    assert sum(pages.values()) >= 30
    assert pages["index"] >= 1
    without = [name for name in PAGES if name.startswith("book/optimizers/") and not pages[name]]
    assert not without, "a chapter on what moves, with nothing to take hold of"
