"""Every chapter has what a chapter needs, and no page states a result that was typed by hand."""

import ast
import copy
import inspect
import re

import pytest

import tinytorch
import tinytorch.optim
from tests.book import chapters
from tests.book.chapters import bare_numbers, parse, plain, without_a_bet

CHAPTERS, PAGES = chapters.chapters(), chapters.pages()


def shape(function: ast.FunctionDef) -> str:
    """What a function does, whatever the names in it and without its docstring."""
    function = copy.deepcopy(function)
    names: dict[str, str] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Name):
            node.id = names.setdefault(node.id, f"n{len(names)}")
        elif isinstance(node, ast.arg):
            node.arg, node.annotation = names.setdefault(node.arg, f"n{len(names)}"), None
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return "\n".join(map(ast.unparse, body))


def rules() -> dict[str, str]:
    """The rules of the package and the formulas of its schedules, by what they do: their names.

    A body of one short line is nobody's: anyone writes p - lr * g.
    """
    found = {}
    for path in sorted((chapters.ROOT / "tinytorch/optim").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and len(shape(node)) > 40:
                found[shape(node)] = f"{path.stem}.{node.name}"
    assert {"optimizers.adam", "sign.lion", "optimizers.nesterov"} <= set(found.values())
    return found


RULES = rules()


def steps_by_itself(node: ast.ClassDef) -> bool:
    """Whether a class has a step() that leaves the stepping to nobody else."""
    for method in node.body:
        if isinstance(method, ast.FunctionDef) and method.name == "step":
            return "super().step(" not in ast.unparse(method)
    return False


def test_the_book_is_listed(capsys):
    lines = chapters.table().splitlines()
    assert len(lines) == 1 + len(PAGES)
    with capsys.disabled():
        print("\n" + "\n".join(lines))


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_has_what_a_chapter_needs(name):
    page = CHAPTERS[name]
    exercises = page.labels("exercise", "exercise-start")
    assert len(exercises) >= 3
    assert page.solved == exercises, "exercises without a solution"
    assert page.claims >= 3, "claims that nothing checks"
    assert page.glued, "no number of this page comes from a cell"
    assert page.cited
    assert any(directive == "bibliography" for _, directive, _, _ in page.directives)
    for section in ("Summary", "Exercises", "References"):
        assert re.search(rf"^## {section}$", page.text, re.M), f"no section {section}"


@pytest.mark.parametrize("name", PAGES)
def test_figures_say_what_they_show(name):
    page = PAGES[name]
    missing, names = [], [figure.get("name") for _, figure in page.figures]
    for line, figure in page.figures:
        for part in ("caption", "alt", "name"):
            if not str(figure.get(part) or "").strip():
                missing.append(f"line {line}: no {part}")
        if figure.get("name") and not re.search(
            rf"\{{(num)?ref\}}`[^`]*\b{figure['name']}\b", page.text
        ):
            missing.append(f"line {line}: {figure['name']} is not mentioned in the text")
    assert not missing
    assert len(set(names)) == len(names)
    if name in CHAPTERS:
        assert len(names) >= 3


@pytest.mark.parametrize("name", PAGES)
def test_cells_are_short(name):
    long = [
        f"line {cell.line}: {cell.length} lines of code"
        for cell in PAGES[name].cells
        if cell.shown and cell.length > (15 if cell.figure is None else 12)
    ]
    assert not long


@pytest.mark.parametrize("name", PAGES)
def test_code_fits_the_column(name):
    """A column of 1280 pixels holds 82 characters; longer lines scroll sideways."""
    wide = [
        f"line {cell.line}: {line}"
        for cell in PAGES[name].cells
        if cell.shown
        for line in cell.code.splitlines()
        if len(line) > 82
    ]
    assert not wide


@pytest.mark.parametrize("name", PAGES)
def test_no_page_writes_an_algorithm_of_its_own(name):
    found = []
    for cell in PAGES[name].cells:
        for node in ast.walk(ast.parse(plain(cell.code))):
            if not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                continue
            if isinstance(node, ast.FunctionDef) and shape(node) in RULES:
                found.append(f"line {cell.line}: {node.name} is {RULES[shape(node)]} once more")
            if isinstance(node, ast.ClassDef) and steps_by_itself(node) and not cell.solution:
                found.append(f"line {cell.line}: {node.name} is an optimizer")
    assert not found


@pytest.mark.parametrize("name", PAGES)
def test_no_number_in_the_text_is_a_result_typed_by_hand(name):
    found = [f"line {line}: {number} in “{s}”" for line, number, s in bare_numbers(PAGES[name])]
    assert not found, "see CONTRIBUTING.md, How a chapter is made"


@pytest.mark.parametrize("name", PAGES)
def test_glued_numbers_are_made_on_the_page(name):
    page = PAGES[name]
    code = "\n".join(cell.code for cell in page.cells)
    patterns = [
        re.sub(r"\\\{.*?\\\}", ".+", re.escape(key))
        for key in re.findall(r"glue\(\s*f?[\"']([^\"']+)[\"']", code)
    ]
    strange = [n for n in set(page.glued) if not any(re.fullmatch(p, n) for p in patterns)]
    assert not strange


# The reader of pages, itself

CELL = "```{code-cell} python\nrates = [0.07, 300]\n```\n\n"
HIDDEN = "```{code-cell} python\n:tags: [remove-cell]\nclaim('', 21 < a < 69)\n```\n\n"
CAPTION = (
    "```{code-cell} python\n---\nmystnb:\n  figure:\n    name: fig-a\n"
    "    caption: Momentum needs 22 steps.\n---\nplot()\n```\n"
)


@pytest.mark.parametrize(
    "text",
    [
        "After tuning, momentum needs 22 steps where plain descent needs {glue:text}`sgd`.",
        "The loss falls to 0.013, as expected.",
        "Adam reads 97 % of the digits.",
        "It is 3 times as fast.",
        "That takes 1,200 iterations, see {numref}`fig-a`.",
        HIDDEN + "Plain descent needs 69 steps.",
        "| SGD | 69 |\n| Adam | {glue:text}`adam` |",
        "```{exercise} A title\n:label: ex-a\nWhy does it need 22 steps?\n```",
        "::::{admonition} Note\n:::{tip}\nIt ends at 4.5e-3 then.\n:::\n::::",
        CAPTION,
        "As {cite:t}`a2001` found. Here it takes 22 steps.",
        "- one\n- about 22 steps\n",
    ],
)
def test_a_result_typed_by_hand_is_found(text):
    assert len(bare_numbers(parse(text))) >= 1


@pytest.mark.parametrize(
    "text",
    [
        "After tuning, momentum needs {glue:text}`ball` steps, at $\\beta = 0.9$ and `lr=0.01`.",
        CELL + "We run 300 steps at 0.07.",
        CELL + "At a rate of 7 % of the whole.",
        "Polyak proposed it in 1964; three of the 4 corners are enough.",
        "ResNet is trained with momentum 0.9 and decay 1e-4 {cite:p}`he2016`.",
        "| ResNet | 0.1, batch 256 | {cite:t}`he2016` |",
        "Begin with 06 Optimizers, after 01 and 05.",
        "It takes [4 to 5 hours, or 300 minutes]{.given} with the workbook.",
        "$$\nx = 22.5\n$$\n\n```{math}\n:label: eq\n y = 17.3\n```\n",
        "See [the page](https://example.org/12/34.html) and x2 or β₁ = .",
        "```bash\ntito test 06 --seconds 22\n```\n",
    ],
)
def test_honest_text_passes(text):
    assert bare_numbers(parse(text)) == []


@pytest.mark.parametrize("name", PAGES)
def test_where_a_page_asks_for_a_prediction_a_control_takes_it(name):
    asked = [f"line {line}: {words}" for line, words in without_a_bet(PAGES[name])]
    assert not asked, "no bet in the section of " + "; ".join(asked)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Two runs. **Which of them\nis ahead?** Then this.", "**Which of them is ahead?**"),
        ("Ten seeds. Bet on a winner.", ". Bet"),
        ("Two numbers.\nWrite down two\nnumbers.", None),
        ("Four ways; guess how they end.", "; guess"),
        ("Move it, and say before you do what you see.", "say before you"),
        ("**Prediction**: who wins?", "**Prediction"),
        ("Who guesses is wrong. A bet is lost. **Verdict**: true.", ""),
        ("It predicts the loss, and we bet on nothing. Why?", ""),
    ],
)
def test_a_question_without_a_control_is_found(text, words):
    bare = f"# A page\n\nWords.\n\n## Use\n\n{text}\n"
    words = "Write down two" if words is None else words
    assert [found for _, found in without_a_bet(parse(bare))] == ([words] if words else [])
    bet = ":::{bet} Well?\n:answer: a\n\nSo.\n:::\n"
    assert without_a_bet(parse(f"{bare}\n{bet}")) == []
    elsewhere = parse(f"{bare}\n### Another section\n\n{bet}")
    assert len(without_a_bet(elsewhere)) == bool(words)
    assert without_a_bet(parse(bare.replace("## Use", "## Exercises"))) == []


def test_a_page_is_read_rightly():
    text = (
        "---\nkernelspec: {}\n---\n\n# A page\n\nWords, {cite:p}`a2001,b2002`.\n\n"
        + CAPTION
        + "\n```{exercise} One\n:label: ex-one\nDo it.\n```\n\n"
        "```{solution-start} ex-one\n:class: dropdown\n```\n\nSo.\n\n"
        "```{code-cell} python\n:tags: [remove-cell]\nfrom a import (b,\n  c)\n\nclaim(b)\n```\n\n"
        "```{solution-end}\n```\n\n```{exercise} Two\n:label: ex-two\nAnd this.\n```\n"
        "After it {glue:text}`a-number`.\n"
    )
    page = parse(text)
    assert page.labels("exercise") == ["ex-one", "ex-two"]
    assert page.solved == ["ex-one"]
    assert page.cited == {"a2001", "b2002"}
    assert page.glued == ["a-number"]
    assert page.claims == 1
    assert [cell.solution for cell in page.cells] == [False, True]
    assert [cell.length for cell in page.cells] == [1, 1]
    (line, figure), *rest = page.figures
    assert (line, figure["name"], figure["alt"], rest) == (9, "fig-a", None, [])


@pytest.mark.parametrize(
    ("code", "alone"),
    [("p -= g", True), ("clip(g)\n        super().step()", False)],
)
def test_an_optimizer_of_its_own_is_known(code, alone):
    node = ast.parse(f"class A(SGD):\n    def step(self):\n        {code}\n").body[0]
    assert steps_by_itself(node) is alone


def test_a_copied_rule_is_known_by_what_it_does():
    code = inspect.getsource(tinytorch.optim.optimizers.adam)
    for old, new in {"adam": "my_step", "v_hat": "second", "beta1": "b", "lr": "rate"}.items():
        code = re.sub(rf"\b{old}\b", new, code)
    assert RULES[shape(ast.parse(code).body[0])] == "optimizers.adam"
    changed = code.replace("g * g", "abs(g)")
    assert changed != code
    assert shape(ast.parse(changed).body[0]) not in RULES


def test_the_package_is_of_this_repository():
    assert chapters.ROOT.joinpath("tinytorch").samefile(tinytorch.__path__[0])
