"""The workbook in the page: written by finger and by keyboard, tried, kept, taken along."""

import pytest

from tests.book.conftest import HEADER, Book
from tests.tito.conftest import Space
from tests.tito.typed_mistakes import STEPS, TYPED, typed
from tinytorch.tito.grade import grade
from tinytorch.tito.lessons import find
from tinytorch.tito.mistakes import mistakes_of
from tinytorch.tito.recorded import answer, blank

from .server import serve
from .test_browser import show, violations

pytestmark = [pytest.mark.slow, pytest.mark.browser]
LESSON = find("06")
EXERCISES = {e.target: e for e in LESSON.exercises}
RIGHT = {target: answer(LESSON, e) for target, e in EXERCISES.items()}
SIZES = {"finger": (360, 740), "mouse": (1280, 900)}


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    made = Book(tmp_path_factory.mktemp("workbook"))
    steps = [f"## Step {i}\n\n:::{{workbook}} {' '.join(s)}\n:::\n" for i, s in enumerate(STEPS, 1)]
    made.chapter("# A chapter\n\n" + "\n".join(steps))
    return made


@pytest.fixture(scope="module")
def site(book):
    with serve(book.folder / "_build/html") as address:
        yield f"{address}book/chapter.html"


class Opened:
    """The page, as one kind of reader has it."""

    def __init__(self, page, way):
        self.page, self.way = page, way

    def press(self, place):
        place.tap() if self.way == "finger" else place.click()

    def step(self, target):
        """The step that asks for an answer, unfolded."""
        step = next(s for s in STEPS if target in s)
        root = self.page.locator(f"details.workbook[data-step='{' '.join(step)}']")
        if root.get_attribute("open") is None:
            self.press(root.locator("> summary"))
        root.get_by_role("button", name="Try it").wait_for()
        return root

    def field(self, target):
        step = next(s for s in STEPS if target in s)
        return self.step(target).locator("textarea").nth(step.index(target))

    def tries(self, target, text):
        """Write it and try it; what is said, and the step's state."""
        root, field = self.step(target), self.field(target)
        field.fill(text)
        root.evaluate("e => { e.dataset.state = 'none' }")
        self.press(root.get_by_role("button", name="Try it"))
        script = "e => !['none', ''].includes(e.dataset.state)"
        self.page.wait_for_function(script, arg=root.element_handle(), timeout=60_000)
        return root.locator(".workbook-says").inner_text(), root.get_attribute("data-state")

    def anew(self):
        self.page.evaluate("localStorage.clear()")
        self.page.reload(wait_until="load")


@pytest.fixture(scope="module", params=SIZES)
def context(browser, request):
    width, height = SIZES[request.param]
    made = browser.new_context(
        viewport={"width": width, "height": height},
        has_touch=request.param == "finger",
        reduced_motion="reduce",
        accept_downloads=True,
    )
    made.way = request.param
    yield made
    made.close()


@pytest.fixture(scope="module")
def one_page(context, site):
    page = context.new_page()
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.goto(site, wait_until="load")
    yield Opened(page, context.way)
    assert wrong == []
    page.close()


@pytest.fixture
def opened(one_page):
    one_page.anew()
    return one_page


def lines(target, *body):
    return blank(LESSON, EXERCISES[target]) + "".join(f"    {line}\n" for line in body)


@pytest.mark.parametrize("step", STEPS)
def test_the_package_s_lines_are_right(opened, step):
    for target in step:
        said, state = opened.tries(target, RIGHT[target])
        assert state == "right"
        assert said.startswith("Right: it does what the package does, in all ")
        left = [t for t in step if t not in step[: step.index(target) + 1]]
        assert said.endswith(f"Still to write in this step: {left[0]}." if left else "last word.")


@pytest.mark.parametrize("target", TYPED)
def test_each_known_mistake_is_called_by_its_name(one_page, target):
    if one_page.way == "finger" and target != "heavy_ball":
        return  # what Python says does not depend on the width
    one_page.anew()
    told = {m.name: m.explanation for m in mistakes_of(LESSON) if m.target == target}
    assert set(told) == set(TYPED[target])
    for name, explanation in told.items():
        said, state = one_page.tries(target, typed(target, name, RIGHT[target]))
        assert state == "wrong"
        assert said.endswith(f"this is   {name}. {explanation}"), (name, said)


STYLES = [  # right or wrong, written as people write
    ("gradient_descent", "return ([a - lr * b for a, b in zip(p, g)],)"),
    ("gradient_descent", "return (p - np.dot(lr, g),)"),
    ("gradient_descent", "return (np.subtract(p, lr * g, out=p),)"),
    ("gradient_descent", "return [p - lr * g]"),
    ("gradient_descent_step", "check('s', 'lr', learning_rate)\nif parameter.grad is None:\n"
     "    raise ValueError('no gradient')\n"
     "parameter.data = parameter.data - learning_rate * parameter.grad"),
    ("gradient_descent_step", "if not parameter.grad:\n    raise ValueError('no gradient')\n"
     "check('s', 'lr', learning_rate)\nparameter.data -= learning_rate * parameter.grad.data"),
    ("heavy_ball", "b = momentum * b + (1 - dampening) * g\nprint(f'{b=} {b.std():.3f}')\n"
     "return p - lr * b, b"),
    ("gradient_descent", "q = p.ravel()\nq -= lr * g.ravel()\nreturn (p,)"),
    ("gradient_descent", "return (p.flatten() - lr * g.flatten(),)"),
    ("SGD.rule", "if self.param_groups[0]['momentum'] == 0:\n    return gradient_descent\n"
     "return nesterov if group['nesterov'] else heavy_ball"),
    ("Momentum.__init__", "super().__init__(params, lr, momentum, weight_decay=False)"),
    ("Momentum.__init__", "super().__init__([{'params': params, 'lr': lr}], momentum=momentum)"),
    ("Momentum.__init__", "super().__init__(params, lr, momentum)\nreturn self"),
    ("adam", "import math\nm = beta1 * m + (1 - beta1) * g\nv = beta2 * v + (1 - beta2) * g**2\n"
     "with np.errstate(all='ignore'):\n    m_hat = m / (1 - math.pow(beta1, t))\n"
     "v_hat = v * np.reciprocal(1 - beta2**t)\nreturn p - lr * m_hat / (v_hat**0.5 + eps), m, v"),
    ("StepLR.factor", "from math import floor\nreturn self.gamma ** floor(t / self.step_size)"),
    ("StepLR.factor", "import numpy as np\n"
     "return np.prod([self.gamma] * (t // self.step_size + 1)) / self.gamma"),
]  # fmt: skip


@pytest.mark.parametrize(("target", "body"), STYLES)
def test_the_page_judges_as_tito_does(opened, tmp_path, target, body):
    text = lines(target, *body.splitlines())
    for other, right in RIGHT.items():
        opened.field(other).fill(right)
    _, state = opened.tries(target, text)
    with opened.page.expect_download() as waiting:
        opened.press(opened.step(target).get_by_role("button", name="Download"))
    waiting.value.save_as(tmp_path / LESSON.file)
    graded = grade(LESSON, tmp_path / LESSON.file)
    assert (state == "right") == graded.passed, [o for o in graded.outcomes if not o.good]


@pytest.mark.parametrize(
    ("target", "body", "said", "line"),
    [
        ("adam", ["while True:", "    pass"], "It did not end within 5 seconds", 0),
        ("adam", ["m = (beta1 * m"], "Line 3 of adam\nSyntaxError: '(' was never closed", 3),
        ("adam", ["return q"], "NameError: name 'q' is not defined", 3),
        ("adam", ["return p, m"], "adam must return 3 arrays, not 2", 0),
        ("adam", ["return np.foo(p)"], "np has no 'foo' here; it has ", 3),
        ("adam", ["return adam(p, g, m, v)"], "missing", 3),
        ("SGD.rule", ["return heavy_ball()"], "missing 3 required positional arguments", 2),
        ("StepLR.factor", ["return 10**400"], "OverflowError", 0),
        ("StepLR.factor", ["return self.factor(t)"], "RecursionError", 2),
        ("gradient_descent_step", ["pass"], "at        p after step 1", 0),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_at_its_line(opened, target, body, said, line):
    heard, state = opened.tries(target, lines(target, *body))
    assert said in heard
    assert state in ("wrong", "error")
    root = opened.step(target)
    marked = root.locator(".live-lines b").all_inner_texts()
    assert marked == ([str(line)] if line else [])
    assert opened.tries(target, RIGHT[target])[1] == "right"  # the page is alive
    assert root.locator(".live-lines b").count() == 0


def test_a_loop_without_an_end_is_tried_once(opened):
    """Python is loaded anew after it, for what is asked next."""
    heard, _ = opened.tries("adam", lines("adam", "while True:", "    pass"))
    says = opened.step("adam").locator(".workbook-says")
    loaded = opened.page.workers[-1].evaluate("() => typeof self.run")  # once its script has run
    assert loaded == "function"
    opened.page.wait_for_timeout(300)
    assert says.inner_text() == heard


def test_where_it_parts_is_told_as_tito_tells_it(opened):
    said, _ = opened.tries("adam", RIGHT["adam"].replace("p - lr", "p - 1.5 * lr"))
    assert said.splitlines() == [
        "FAILED  Adam: the first steps",
        "tried     start [1, -2], first gradient [0.5, -1], lr 0.1, betas [0.9, 0.999], eps 1e-08",
        "at        p after step 1",
        "came out  [0.85, -1.85]",
        "expected  [0.9, -1.9]",
    ]


def test_nothing_is_tried_where_nothing_is_written(opened):
    root = opened.step("adam")
    opened.press(root.get_by_role("button", name="Try it"))
    said = root.locator(".workbook-says")
    assert said.inner_text().startswith("Nothing is written yet. Still to do: adam: the two ")


def test_what_was_written_is_kept_and_comes_back(opened):
    text = lines("heavy_ball", "b = b  # mine")
    opened.field("heavy_ball").fill(text)
    opened.page.reload(wait_until="load")
    assert opened.field("heavy_ball").input_value() == text
    root = opened.step("heavy_ball")
    opened.press(root.get_by_role("button", name="Start again"))
    assert opened.field("heavy_ball").input_value() == lines("heavy_ball")
    assert "0 of the 8 answers" in root.inner_text()
    opened.press(root.get_by_role("button", name="Bring it back"))
    assert opened.field("heavy_ball").input_value() == text
    assert "1 of the 8 answers" in root.inner_text()


PRINTED = """
from tinytorch.tito import lessons, workbook
lesson = lessons.find("06")
text = workbook.workbook(lesson)
print(text + "~~~~" + workbook.filled(text, lesson), end="")
"""


def test_the_download_is_the_workbook_that_tito_grades_and_exports(opened, book, tmp_path):
    space = Space(tmp_path)
    wanted, solved = book.run("-c", PRINTED).stdout.split("~~~~")  # without the chapter's prose

    def taken(target):
        with opened.page.expect_download() as waiting:
            button = opened.step(target).get_by_role("button", name="Download optimizers_dev.py")
            opened.press(button)
        assert waiting.value.suggested_filename == LESSON.file
        path = space.path(LESSON)
        path.parent.mkdir(parents=True, exist_ok=True)
        waiting.value.save_as(path)
        return path

    assert taken("adam").read_text(encoding="utf-8") == wanted
    for target in EXERCISES:
        opened.field(target).fill(RIGHT[target])
    file = taken("StepLR.factor")
    assert file.read_text(encoding="utf-8") == solved
    wrong = typed("adam", "only m corrected", RIGHT["adam"])
    said, _ = opened.tries("adam", wrong)
    path = taken("adam")
    graded = grade(LESSON, path)
    assert {o.mistake for o in graded.outcomes if o.mistake} == {"only m corrected"}
    assert "this is   only m corrected." in said
    opened.field("adam").fill(RIGHT["adam"])
    taken("adam")
    done = space.tito("test", "06")
    assert done.code == 0, done.out
    done = space.tito("export", "06")
    assert done.code == 0, done.out
    program = (
        "import inspect, tinytorch; from tinytorch.optim.optimizers import adam; "
        "print(tinytorch.whose('adam'), inspect.getsourcefile(adam))"
    )
    exported = next(p.parent for p in space.root.rglob(LESSON.file) if "source" not in p.parts)
    said = space.tito(program=("-c", program), env={"TINYTORCH_EXPORTS": str(exported)})
    assert said.out.startswith("yours "), said.err


def test_the_field_is_for_python(opened):
    field = opened.field("StepLR.factor")
    field.fill("def factor(self, t):")
    field.focus()
    for key in ("End", "Enter", "x", "Enter", "Tab", "y", "Shift+Tab"):
        opened.page.keyboard.press(key)
    assert field.input_value() == "def factor(self, t):\n    x\n    y"
    opened.page.keyboard.press("Control+Enter")
    opened.page.get_by_text("NameError: name 'x' is not defined").wait_for()


def test_it_fits_and_fingers_find_what_they_press(opened):
    for step in STEPS:
        opened.step(step[0])
    opened.tries("adam", typed("adam", "no ε", RIGHT["adam"]))
    width = SIZES[opened.way][0]
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    for pressed in opened.page.locator(".workbook button, .workbook summary").all():
        assert pressed.bounding_box()["height"] >= 44


def test_it_is_accessible(opened):
    root = opened.step("adam")
    opened.tries("adam", lines("adam", "return q"))
    for theme in ("dark", "light"):
        show(opened.page, theme)
        assert violations(opened.page) == []
    tree = root.aria_snapshot()
    assert '- textbox "The lines of adam. Tab indents; Escape, then Tab leaves the field."' in tree
    assert '- group "Write adam and Adam.rule here"' in tree
    assert "- status: \"Line 3 of adam FAILED Adam: the first steps NameError: name 'q'" in tree
    for name in ("Try it", "Start again", "Download optimizers_dev.py"):
        assert f'- button "{name}"' in tree


def test_nothing_is_loaded_until_it_is_asked_for(context, site):
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(site, wait_until="networkidle")
    assert not any("workbook" in url or "python" in url for url in asked)
    opened = Opened(page, context.way)
    opened.step("adam")
    opened.step("SGD.rule")
    page.wait_for_load_state("networkidle")
    files = [url.rpartition("/")[2] for url in asked]
    for name in ("workbook.js", "workbook.json", "bench.js"):
        assert files.count(name) == 1
    assert all(url.startswith(site.rpartition("/TinyTorch/")[0]) for url in asked)
    page.close()


def test_without_a_script_it_says_how_to_write_it(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site, wait_until="load")
    page.locator(".workbook summary").first.click()
    assert page.get_by_text("as a file, tito start 06 gives it.").first.is_visible()
    context.close()


def test_a_step_that_no_module_has_is_refused(tmp_path):
    book = Book(tmp_path)
    book.write("book/chapter", HEADER + "# A chapter\n\n:::{workbook} adam Adagrad.rule\n:::\n")
    built = book.build()
    assert built.returncode != 0
    assert "no module of the course asks for adam and Adagrad.rule" in built.stdout
