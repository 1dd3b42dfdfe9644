"""Live figures, taken hold of: what is drawn is what the package computes for that state."""

import contextlib
import inspect

import numpy as np
import pytest

from tests.book.conftest import Book
from tests.lab.live_figures import FIGURES, made
from tinytorch.lab import Rosenbrock, live, trajectory
from tinytorch.optim import Adam
from tinytorch.optim.optimizers import adam

from .server import serve

pytestmark = [pytest.mark.slow, pytest.mark.browser]
SIZES = {"finger": (360, 740), "mouse": (1280, 900)}
READY = "() => [...document.querySelectorAll('.live-figure')].every((f) => f.live?.shown)"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A small book, a chapter of which holds all kinds of figures."""
    book = Book(tmp_path_factory.mktemp("live"))
    settings = "---\nmystnb:\n  figure:\n    name: fig-{0}\n    caption: The {0}.\n---"
    cells = [
        f"```{{code-cell}} python\n{settings.format(name)}{code}```\n"
        for name, code in FIGURES.items()
    ]
    book.chapter("# A chapter\n\n" + "\nWords between.\n\n".join(cells))
    with serve(book.folder / "_build/html") as address:
        yield f"{address}book/chapter.html"


@pytest.fixture(scope="module")
def figures():
    return {name: made(name) for name in FIGURES}


class Opened:
    """A page with figures, as one kind of reader has it."""

    def __init__(self, page, way, figures):
        self.page, self.way, self.figures = page, way, figures

    def root(self, name):
        return self.page.locator(f"#fig-{name} .live-figure")

    def see(self, name):
        """What is drawn now, once it has come to rest."""
        self.page.evaluate("() => new Promise((r) => requestAnimationFrame(() => setTimeout(r)))")
        return self.root(name).evaluate("(e) => e.live.drawn()")

    def hold(self, name, says=True):
        """Compare with the package all that is drawn; gives the state."""
        figure, seen = self.figures[name], self.see(name)
        values = dict(zip(figure.names, seen["state"], strict=True))
        expected = figure.show(values)
        for (_, label, _), got, (_, wanted) in zip(
            figure.marks, seen["marks"], expected, strict=True
        ):
            if got is not None:  # a map is drawn at other places
                got = np.array([np.nan if v is None else v for v in got])
                np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-9, err_msg=label)
        for text, (_, label, mark), (_, wanted) in zip(
            seen["keys"], figure.marks, expected, strict=True
        ):
            if text:
                assert text == live.shown(wanted[-1]), (label, mark)
        assert seen["says"] == figure.sentence(values, expected)
        return values


@pytest.fixture(scope="module", params=SIZES)
def way(request):
    return request.param


@pytest.fixture(scope="module")
def context(browser, way):
    width, height = SIZES[way]
    made = browser.new_context(
        viewport={"width": width, "height": height},
        has_touch=way == "finger",
        reduced_motion="reduce",
    )
    yield made
    made.close()


@pytest.fixture(scope="module")
def one_page(context, site, figures, way):
    page = context.new_page()
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.goto(site, wait_until="load")
    page.locator(".live-figure").first.scroll_into_view_if_needed()
    page.wait_for_function(READY)
    yield Opened(page, way, figures)
    assert wrong == []
    page.close()


@pytest.fixture
def opened(one_page):
    one_page.page.emulate_media(media="screen")
    one_page.page.evaluate(
        """tinyLive.figures.forEach((f) => {
          f.reset(); f.draw(); clearTimeout(f.rest); f.touched = false; f.status.textContent = ''
        }); history.replaceState(null, '', location.pathname)"""
    )
    return one_page


@pytest.mark.parametrize("name", FIGURES)
def test_it_opens_in_the_first_state(opened, name):
    assert opened.hold(name) == opened.figures[name].first
    assert not opened.root(name).locator("img").is_visible()
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= SIZES[opened.way][0]


@pytest.mark.parametrize("name", ["front", "schedule"])
def test_two_panels_and_their_sliders_are_seen_at_once(opened, name):
    panels = opened.root(name).locator(".live-panels").bounding_box()
    last = opened.root(name).locator("input[type=range]").last.bounding_box()
    assert opened.root(name).locator(".live-panel").count() == 2
    assert last["y"] + last["height"] - panels["y"] <= SIZES[opened.way][1]


@pytest.mark.parametrize("name", FIGURES)
def test_every_knob_answers_to_keys(opened, name):
    figure = opened.figures[name]
    ranges = [n for n, k in figure.knobs.items() if k.kind in ("slider", "both", "time")]
    sliders = opened.root(name).locator("input[type=range]")
    assert sliders.count() == len(ranges)
    for i, knob in enumerate(ranges):
        for key, position in (("End", -1), ("Home", 0), ("ArrowRight", 1)):
            sliders.nth(i).focus()
            opened.page.keyboard.press(key)
            at = position % (figure.knobs[knob].count + 1)
            assert opened.hold(name)[knob] == figure.knobs[knob].value(at)
    for select in opened.root(name).locator("select").all():
        select.select_option("1")
        opened.hold(name)
    opened.root(name).get_by_role("button", name="Reset").click()
    assert opened.hold(name) == figure.first


@pytest.mark.parametrize("name", FIGURES)
def test_each_handle_is_dragged(opened, name):
    before = opened.hold(name)
    for handle in opened.root(name).locator(".live-handle").all():
        handle.scroll_into_view_if_needed()
        box = handle.bounding_box()
        assert min(box["width"], box["height"]) >= 44
        x, y = box["x"] + 22, box["y"] + 22
        drag(opened, (x, y), (x + 37, y - 21))
        after = opened.hold(name)
        assert after != before
        before = after


def drag(opened, start, end):
    if opened.way == "mouse":
        mouse = opened.page.mouse
        mouse.move(*start)
        mouse.down()
        mouse.move(*end, steps=4)
        mouse.up()
        return
    touch = opened.page.context.new_cdp_session(opened.page)

    def send(kind, points):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", [{"x": start[0], "y": start[1]}])
    for part in (0.3, 0.7, 1.0):
        x, y = (a + part * (b - a) for a, b in zip(start, end, strict=True))
        send("touchMove", [{"x": x, "y": y}])
    send("touchEnd", [])


def test_a_press_on_the_surface_moves_the_start(opened):
    canvas = opened.root("front").locator("canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    at = (box["x"] + 0.8 * box["width"], box["y"] + 0.3 * box["height"])
    opened.page.touchscreen.tap(*at) if opened.way == "finger" else opened.page.mouse.click(*at)
    state = opened.hold("front")
    assert state["x"] > 0.8
    assert state["y"] > 1


def test_arrow_keys_move_a_handle_by_one_position(opened):
    opened.root("front").locator(".live-handle").focus()
    for key in ("ArrowRight", "ArrowUp", "ArrowUp"):
        opened.page.keyboard.press(key)
    state = opened.hold("front")
    assert (state["x"], state["y"]) == (-1.18, 1.04)
    opened.page.keyboard.press("Home")
    assert opened.hold("front")["x"] == -1.2


def test_best_play_and_step(opened):
    root = opened.root("front")
    root.get_by_role("button", name="Best").click()
    assert opened.hold("front")["f"] == 1.05
    root.get_by_role("button", name="Step").click()
    assert opened.hold("front")["t"] == 0
    root.get_by_role("button", name="Step").click()
    assert opened.hold("front")["t"] == 1
    root.get_by_role("button", name="Play").click()
    opened.page.wait_for_function("() => tinyLive.figures[0].K[3] > 5")
    root.get_by_role("button", name="Pause").click()
    stopped = opened.hold("front")["t"]
    opened.page.wait_for_timeout(120)
    assert opened.hold("front")["t"] == stopped


def test_a_rule_is_left_out_and_taken_in(opened):
    button = opened.root("front").get_by_role("button", name="SGD")
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    button.click()
    assert button.get_attribute("aria-pressed") == "true"


def test_a_screen_reader_is_told_what_it_shows_now(opened):
    root = opened.root("front")
    assert root.get_by_role("status").inner_text() == ""  # nothing is said unasked
    root.locator("input[type=range]").first.focus()
    opened.page.keyboard.press("End")
    opened.page.wait_for_timeout(700)
    assert root.get_by_role("status").inner_text() == "SGD flies off at 8"
    tree = root.aria_snapshot()
    assert 'group "Three optimizers in a valley"' in tree
    assert "slider" in tree


def test_the_state_is_in_the_address(opened, site, context, figures, way):
    opened.root("mixed").locator("input[type=range]").first.focus()
    opened.page.keyboard.press("Home")
    opened.page.wait_for_function("() => location.hash.includes('lr=')")
    shared = opened.page.url
    assert shared.endswith("#fig-mixed;lr=0.01")
    page = context.new_page()
    page.goto(shared, wait_until="load")
    page.wait_for_function(READY)
    assert Opened(page, way, figures).hold("mixed")["lr"] == 0.01
    assert page.locator("#fig-mixed").evaluate("e => Math.abs(e.getBoundingClientRect().top)") < 400
    for nonsense in ("x=1e999", "lr=abc;q=1", "x=-50;row=33", "=;;=", "%E0%A4%A"):
        page.goto(f"{site}#fig-mixed;{nonsense}", wait_until="load")
        page.reload()
        page.wait_for_function(READY)
        Opened(page, way, figures).hold("mixed")
    page.close()


@pytest.mark.parametrize("part", ["canvas", "input[type=range]"])
def test_a_finger_that_scrolls_the_page_moves_nothing(opened, part):
    if opened.way != "finger":
        return
    page, root = opened.page, opened.root("mixed")
    first = root.evaluate("e => [...e.live.K]")
    place = root.locator(part).first
    place.evaluate("e => e.scrollIntoView({block: 'center'})")
    page.wait_for_timeout(100)
    box, before = place.bounding_box(), page.evaluate("scrollY")
    at = {"x": box["x"] + 0.83 * box["width"], "y": box["y"] + 0.7 * box["height"]}
    touch = page.context.new_cdp_session(page)
    for kind, way in [("touchStart", 0), *(("touchMove", -15 * k) for k in range(1, 12))]:
        points = [{"x": at["x"], "y": at["y"] + way}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        page.wait_for_timeout(10)
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_timeout(200)
    assert page.evaluate("scrollY") > before + 50
    assert root.evaluate("e => [...e.live.K]") == first


def test_two_figures_share_the_address(opened, site, context, figures, way):
    for name in ("mixed", "schedule"):
        opened.root(name).locator("input[type=range]").first.focus()
        opened.page.keyboard.press("Home")
        opened.page.wait_for_function("name => location.hash.startsWith(`#fig-${name};`)", arg=name)
    shared = opened.page.url.partition("#")[2]
    assert "&fig-mixed;lr=0.01" in shared
    page = context.new_page()
    for sent in (shared, shared.replace(";", "%3B").replace("=", "%3D").replace("&", "%26")):
        page.goto("about:blank")
        page.goto(f"{site}#{sent}", wait_until="load")
        page.wait_for_function(READY)
        there = Opened(page, way, figures)
        assert there.hold("mixed")["lr"] == 0.01
        assert there.hold("schedule") == opened.hold("schedule")
    page.close()


def test_a_figure_follows_the_address_back_and_forth(opened, site, context, figures, way):
    page = context.new_page()
    page.goto(f"{site}#fig-mixed;lr=0.01", wait_until="load")
    page.wait_for_function(READY)
    there = Opened(page, way, figures)
    page.evaluate("location.hash = '#fig-mixed;lr=0.02'")
    page.wait_for_function("() => location.hash.endsWith('0.02')")
    assert there.hold("mixed")["lr"] == 0.02
    for act, lr in ((page.go_back, 0.01), (page.go_forward, 0.02)):
        act()
        assert there.hold("mixed")["lr"] == lr
    page.evaluate("location.hash = '#a-chapter'")  # asks for nothing of a figure
    assert there.hold("mixed")["lr"] == 0.02
    page.close()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_it_follows_the_theme(opened, theme):
    opened.page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    dark = str(theme == "dark").lower()
    opened.page.wait_for_function(f"() => tinyLive.figures[0].dark === {dark}")


DRAWN = """(e, far) => {
  const f = e.live, panel = f.panels[0], s = panel.scale;
  const asked = { dashes: [], ends: [] };
  const spy = {
    beginPath() {}, moveTo() {}, arc() {}, fill() {}, stroke() {},
    setLineDash: (dash) => dash.length && asked.dashes.push(dash),
    lineTo: (x, y) => asked.ends.push([x, y]),
  };
  const [a, b] = panel.x, n = 120, mark = { color: "#0072b2", dash: [5, 2], kind: "path" };
  const x = Array.from({ length: n }, (_, i) => (a + b) / 2 + (i % 2 ? 1 : -1) * far * (b - a));
  f.line(spy, s, mark, { x, y: x.map(() => (panel.y[0] + panel.y[1]) / 2) });
  return { ...asked, frame: [s.left, s.right], width: s.x(b) - s.x(a) };
}"""


def test_what_lies_far_outside_costs_no_time(opened):
    """A run that goes to and fro across the frame is not drawn beyond it, nor in dashes."""
    near, wide = (opened.root("front").evaluate(DRAWN, far) for far in (1e-3, 1e3))
    assert near["dashes"] == [[5, 2]]
    assert wide["dashes"] == []
    assert len(near["ends"]) == len(wide["ends"]) == 119
    left, right = wide["frame"]
    ends = [x for x, _ in wide["ends"]]
    np.testing.assert_allclose(ends[::2], right + 9)
    np.testing.assert_allclose(ends[1::2], left - 9)


READS = """(e) => {
  const f = e.live, all = Element.prototype;
  const own = Object.getOwnPropertyDescriptor(all, "clientWidth");
  let count = 0;
  const get = function () { count++; return own.get.call(this); };
  Object.defineProperty(all, "clientWidth", { ...own, get });
  f.place();
  f.draw();
  Object.defineProperty(all, "clientWidth", own);
  return count;
}"""


@pytest.mark.parametrize("name", FIGURES)
def test_a_frame_does_not_ask_how_large_the_page_is(opened, name):
    """The browser would lay it out once more to answer."""
    assert opened.root(name).evaluate(READS) == 0


def test_where_a_run_ends_there_is_a_whole_dot(opened):
    """Also on the frame, where the lines themselves are cut off."""
    beyond = opened.root("front").evaluate(
        """(e) => {
        const { canvas, box, scale: s } = e.live.panels[1], k = canvas.width / box.clientWidth;
        const c = canvas.getContext("2d"), y = s.y(e.live.shown.at(-1).y.at(-1));
        return [2, 7].map((px) => c.getImageData((s.right + px) * k, y * k, 1, 1).data[3]) }"""
    )
    assert beyond[0] > 100, "half of it is cut off"
    assert beyond[1] < 100


def test_in_print_there_is_the_picture(opened):
    opened.page.emulate_media(media="print")
    assert opened.root("front").locator("img").is_visible()
    assert not opened.root("front").locator(".live-body").is_visible()


def test_without_a_script_there_is_the_picture(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site, wait_until="load")
    for image in page.locator(".live-figure img").all():
        image.scroll_into_view_if_needed()
        assert image.is_visible()
    assert page.locator(".live-figure input").count() == 0
    context.close()


def test_nothing_is_loaded_before_a_figure_is_near(browser, site):
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(site.replace("book/chapter", "index"), wait_until="networkidle")
    assert not any("live" in url for url in asked)
    with contextlib.closing(page):
        page.goto(site, wait_until="networkidle")
    assert sum("live.js" in url for url in asked) == 1


ADAM = inspect.getsource(adam)
UNCORRECTED = ADAM.replace("m / (1 - beta1**t)", "m")


class Code:
    """The lines of a rule on the page."""

    def __init__(self, opened, name="front"):
        self.opened, self.root = opened, opened.root(name)
        self.field = self.root.locator("textarea")
        if not self.field.is_visible():
            self.root.get_by_text("Change it").click()

    def type(self, source):
        self.field.fill(source)

    def see(self, said):
        """Wait until it says so."""
        script = "([e, said]) => e.querySelector('.live-error').textContent.includes(said)"
        self.opened.page.wait_for_function(script, arg=[self.root.element_handle(), said])
        return self.root.locator(".live-error").inner_text()

    def adam(self):
        self.opened.see("front")
        return self.root.evaluate("e => [...e.live.shown[6].y]")

    def wait_for(self, wanted):
        script = "([e, v]) => Math.abs(e.live.shown[6].y.at(-1) / v - 1) < 1e-9"
        self.opened.page.wait_for_function(script, arg=[self.root.element_handle(), wanted])


@pytest.fixture
def lines(opened):
    return Code(opened)


def changed_adam(source):
    space = {"np": np}
    exec(source, space)
    return type("Changed", (Adam,), {"rule": lambda self, group: space["adam"]})


def test_the_figure_follows_changed_lines(lines):
    valley = Rosenbrock()
    for source in (UNCORRECTED, ADAM.replace("np.sqrt(v_hat)", "np.sqrt(v_hat) + 0.3 * np.abs(m)")):
        lines.type(source)
        rule, start = changed_adam(source), [-1.2, 1.0]
        wanted = valley.value(trajectory(rule, valley, start, 60, lr=0.25))
        lines.wait_for(wanted[-1])
        np.testing.assert_allclose(lines.adam(), wanted, rtol=1e-9)
    handle = lines.root.locator(".live-handle")  # and the figure is taken hold of as before
    handle.focus()
    lines.opened.page.keyboard.press("Shift+ArrowRight")
    wanted = valley.value(trajectory(rule, valley, [-1.0, 1.0], 60, lr=0.25))
    lines.wait_for(wanted[-1])
    lines.see("Another rule: it parts from the package's at step 1")
    lines.root.get_by_role("button", name="Reset the lines").click()
    assert lines.field.input_value() == ADAM
    lines.opened.hold("front")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (ADAM.replace("m_hat = m /", "m_hat = (m /"), "Line 5: SyntaxError: '(' was never closed"),
        (ADAM.replace("return p -", "return q -"), "Line 7: NameError: name 'q' is not defined"),
        (ADAM.replace("v_hat = v", "v_hat = 'v'"), "Line 6: TypeError: unsupported operand"),
        (ADAM.replace("+ eps), m, v", "+ eps), m"), "adam must return 3 arrays, not 2"),
        (ADAM.replace("+ eps), m, v", "+ eps)"), "must return a tuple of 3 arrays, not Array"),
        (ADAM.replace("sqrt", "sqr"), "np has no 'sqr' here; it has "),
        (ADAM.replace("def adam", "def eve"), "NameError: the lines must define adam"),
        (
            ADAM.replace("    m = beta1", "    while True: pass\n    m = beta1"),
            "did not end within",
        ),
        (ADAM.replace("    m = beta1", "    n = 10**10**9\n    m = beta1"), "did not end within"),
        ("", "must define adam"),
        (
            ADAM.replace("    m = beta1", "    import os\n    m = beta1"),
            "Line 3: ModuleNotFoundError: No module named 'os'; Python in a page has numpy",
        ),
    ],
    ids=[
        "bracket",
        "name",
        "types",
        "two",
        "one",
        "numpy",
        "other",
        "loop",
        "huge",
        "empty",
        "module",
    ],
)
def test_an_error_is_python_s_at_its_line(lines, source, said):
    before = lines.adam()
    lines.type(source)
    lines.see(said)
    assert lines.adam() == before
    lines.type(UNCORRECTED)  # the page is alive
    valley = Rosenbrock()
    path = trajectory(changed_adam(UNCORRECTED), valley, [-1.2, 1.0], 60, lr=0.25)
    lines.wait_for(valley.value(path)[-1])


TYPED = {  # mistakes of Adam as they are typed
    "no bias correction": [("m / (1 - beta1**t)", "m"), ("v / (1 - beta2**t)", "v")],
    "only m corrected": [("v / (1 - beta2**t)", "v")],
    "only v corrected": [("m / (1 - beta1**t)", "m")],
    "t starts at 0": [("beta1**t", "beta1**(t - 1)"), ("beta2**t", "beta2**(t - 1)")],
    "t starts at 2": [("beta1**t", "beta1**(t + 1)"), ("beta2**t", "beta2**(t + 1)")],
    "β times t": [("beta1**t", "beta1 * t"), ("beta2**t", "beta2 * t")],
    "ε inside the root": [("np.sqrt(v_hat) + eps", "np.sqrt(v_hat + eps)")],
    "no ε": [("(np.sqrt(v_hat) + eps)", "np.sqrt(v_hat)")],
    "no root": [("np.sqrt(v_hat)", "v_hat")],
    "v averages the gradient": [("* g * g", "* g")],
    "v averages |g|": [("* g * g", "* abs(g)")],
    "gradient instead of m": [("lr * m_hat", "lr * g")],
    "not divided by √v": [("m_hat / (np.sqrt(v_hat) + eps)", "m_hat")],
    "uphill": [("p - lr", "p + lr")],
    "m and v exchanged": [("m, v\n", "v, m\n")],
}


@pytest.mark.parametrize("mistake", TYPED)
def test_a_known_mistake_is_called_by_its_name(lines, mistake):
    source = ADAM
    for right, wrong in TYPED[mistake]:
        assert right in source
        source = (
            source[:-12] + source[-12:].replace(right, wrong)
            if "\n" in right
            else source.replace(right, wrong)
        )
    lines.type(source)
    lines.see(f"A known mistake: {mistake}.")


@pytest.mark.parametrize("factor", ["1e999", "float('nan')"])
def test_no_number_is_no_known_mistake(lines, factor):
    """Only a division by zero is: much else gives no finite number."""
    lines.type(ADAM.replace("return p -", f"return {factor} * p -"))
    lines.see("parts from the package's at step 1 of the trial, with no finite number.")


STYLES = {  # of lines that do what the package's do
    "try": [
        ("    m = ", "    try:\n        {}[t]\n    except KeyError as e:\n        e\n    m = "),
    ],
    "f-string": [("    m = ", "    print(f'{t=} {lr:.3f}')\n    m = ")],
    "match": [("    m = ", "    match t:\n        case 1:\n            pass\n    m = ")],
    "math": [("    m = ", "    import math\n    m = "), ("beta1**t", "math.pow(beta1, t)")],
    "numpy": [("    m = ", "    import numpy as np\n    m = ")],
    "from": [("    m = ", "    from numpy import sqrt\n    m = "), ("np.sqrt", "sqrt")],
    "copy": [("    m = ", "    m = m.copy()\n    m = ")],
    "in place": [("m = beta1 * m +", "m[:] = beta1 * m +")],
    "elements": [
        ("    return p - lr * m_hat", "    q = np.empty_like(p)\n    for i in range(len(p)):\n"
         "        q[i] = p[i]\n    return q - lr * m_hat"),
    ],
    "out": [("    return p - lr * m_hat", "    out = np.empty_like(p)\n"
             "    np.multiply(p, 1.0, out=out)\n    return out - lr * m_hat")],
    "errstate": [("    m = ", "    with np.errstate(divide='ignore'):\n        pass\n    m = ")],
}  # fmt: skip


@pytest.mark.parametrize("style", STYLES)
def test_right_lines_are_right_in_every_style(lines, style):
    source = ADAM
    for right, other in STYLES[style]:
        assert right in source
        source = source.replace(right, other, 1)
    lines.type(source)
    lines.see("These lines do what the package's do.")


def test_what_was_written_is_kept_and_the_right_lines_are_right(lines):
    lines.root.get_by_role("button", name="Write it yourself").click()
    assert lines.field.input_value().startswith("def adam(p, g, m, v, *, t")
    assert "return" not in lines.field.input_value()
    lines.see("adam must return a tuple of 3 arrays, not NoneType")
    lines.type(ADAM + "    # mine")
    lines.see("These lines do what the package's do.")
    page = lines.opened.page
    page.reload()
    page.locator(".live-figure").first.scroll_into_view_if_needed()
    page.wait_for_function(READY)
    again = Code(lines.opened)
    again.see("These lines do what the package's do.")
    assert again.field.input_value() == ADAM + "    # mine"
    again.root.get_by_role("button", name="Reset the lines").click()


def test_the_field_indents_as_python_does(lines):
    keyboard = lines.opened.page.keyboard
    lines.type("def adam():")
    lines.field.focus()
    keyboard.press("End")
    for key in ("Enter", "x", "Enter", "Tab", "y", "Shift+Tab"):
        keyboard.press(key)
    assert lines.field.input_value() == "def adam():\n    x\n    y"
    keyboard.press("Escape")
    keyboard.press("Tab")
    assert not lines.field.evaluate("e => e === document.activeElement")


def test_a_figure_follows_a_schedule_s_changed_lines(opened):
    figure = opened.figures["schedule"]
    lines = Code(opened, "schedule")
    before = inspect.getsource(figure.runs[0].rate)
    assert lines.field.input_value() == before
    lines.type("def shape(t, fall, last):\n    return 1.0 if t < fall else last / (1 + t - fall)\n")
    lines.see("Another schedule: it parts from the page's at step 41.")
    (run,) = figure.runs
    run.rate, kept = lambda t, fall, last: 1.0 if t < fall else last / (1 + t - fall), run.rate
    try:
        for knob in ("End", "Home"):  # and goes on to follow while a knob is moved
            values = dict(zip(figure.names, opened.see("schedule")["state"], strict=True))
            wanted = [y for _, y in figure.show(values)]
            script = "([e, v]) => Math.abs(e.live.shown[1].y.at(-1) / v - 1) < 1e-9"
            root = lines.root.element_handle()
            opened.page.wait_for_function(script, arg=[root, wanted[1][-1]])
            for mark, right in zip(opened.see("schedule")["marks"], wanted, strict=True):
                np.testing.assert_allclose(mark, right, rtol=1e-9)
            lines.root.locator("input[type=range]").nth(1).focus()
            opened.page.keyboard.press(knob)
    finally:
        run.rate = kept
    lines.type(before.replace("1.0", "'1.0'"))
    lines.see("TypeError: shape must return a number, not str")
    lines.type(before + "# mine")
    lines.see("These lines do what the page's do.")
    lines.root.get_by_role("button", name="Reset the lines").click()
    opened.hold("schedule")
