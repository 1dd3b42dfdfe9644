"""The workbook in the page, its Python run by this one: what it says of what was written."""

import json
import re
import textwrap

import numpy as np
import pytest

from tinytorch.lab import live
from tinytorch.tito.grade import grade
from tinytorch.tito.lessons import find
from tinytorch.tito.mistakes import mistakes_of
from tinytorch.tito.recorded import record
from tinytorch.tito.workbook import filled, workbook

from .answers import RIGHT, WRONG
from .typed_mistakes import STEPS, TYPED, typed

LESSON = find("06")
LINES = [(target, name) for target in TYPED for name in TYPED[target]]


@pytest.fixture(scope="module")
def kept() -> dict:
    return json.loads(json.dumps(record(LESSON, STEPS), allow_nan=False))


def real(name: str, x: float) -> float:
    with np.errstate(all="ignore"):
        return float(np.float32(x) if name == "fround" else getattr(np, name)(x))


def numbered(value):
    """What the page makes of the words for what JSON has no number for."""
    if isinstance(value, list):
        return [numbered(v) for v in value]
    if isinstance(value, dict):
        return {k: numbered(v) for k, v in value.items()}
    return float(value) if value in ("NaN", "Infinity", "-Infinity") else value


class Page:
    """What the page does with what is written, by this Python and without NumPy's arrays."""

    def __init__(self, kept):
        self.kept, self.space = kept, {}
        exec(compile(live.source("arrays.py"), "arrays.py", "exec"), self.space)
        self.space["np"] = self.space["NumPy"](real)
        text = live.source("workbook.py") + kept["given"]
        exec(compile(text, "workbook.py", "exec"), self.space)

    def text(self, answers, imports=True) -> tuple[str, list]:
        """The workbook with these answers, and the first line of each."""
        text, starts = "", []
        for piece in self.kept["pieces"]:
            if isinstance(piece, str):
                text += piece if imports else re.sub(r"(?m)^(import|from) .*$", "", piece)
                continue
            target, indent = piece
            starts.append([text.count("\n") + 1, target])
            lines = answers[target].rstrip().split("\n")
            text += "\n".join(indent + line if line.strip() else "" for line in lines)
        return text, starts

    def tries(self, **answers):
        answers = {target.replace("__dot__", "."): text for target, text in answers.items()}
        step = next(s for s in self.kept["steps"] if set(answers) <= set(s.split()))
        text, starts = self.text({**self.kept["answers"], **answers}, imports=False)
        recorded = numbered(self.kept["steps"][step])
        checks = numbered(self.kept["checks"])
        return self.space["try_step"](recorded, checks, text, starts, answers)


@pytest.fixture(scope="module")
def page(kept):
    return Page(kept)


def test_every_mistake_of_an_answer_is_typed():
    steps = {target for step in STEPS for target in step}
    assert steps == {e.target for e in LESSON.exercises}
    known = {(m.target, m.name) for m in mistakes_of(LESSON) if m.target in steps}
    assert set(LINES) == known


@pytest.mark.parametrize(("target", "name"), LINES)
def test_a_known_mistake_is_called_by_its_name(page, kept, target, name):
    state, _, _, told = page.tries(**{target: typed(target, name, kept["answers"][target])})
    assert state == "wrong"
    mistake = next(m for m in mistakes_of(LESSON) if (m.target, m.name) == (target, name))
    assert told[-1] == f"this is   {name}. {mistake.explanation}"
    assert told[0].startswith("FAILED  ")


@pytest.mark.parametrize("step", STEPS)
def test_the_package_s_lines_are_right(page, kept, step):
    assert page.tries(**{t: kept["answers"][t] for t in step}) == ("right", "", 0, [])


OTHERS = {  # right, otherwise written
    "gradient_descent": "new = np.subtract(p, lr * g)\nreturn (new,)",
    "gradient_descent_step": "if parameter.grad is None:\n    raise ValueError('none')\n"
    "if not 0 <= learning_rate < np.inf:\n    raise ValueError('lr')\n"
    "parameter.data -= learning_rate * parameter.grad.data",
    "SGD.rule": "if group['nesterov']:\n    return nesterov\n"
    "return heavy_ball if group['momentum'] != 0 else gradient_descent",
    "heavy_ball": "b = np.multiply(momentum, b) + g - dampening * g\nreturn p - b * lr, b",
    "Momentum.__init__": "super().__init__(params, lr=lr, momentum=momentum, **kwargs)",
    "adam": "m = m + (1 - beta1) * (g - m)\nv = v + (1 - beta2) * (g**2 - v)\n"
    "rate = lr / (1 - beta1**t)\nreturn p - rate * m / ((v / (1 - beta2**t))**0.5 + eps), m, v",
    "Adam.rule": "if group['amsgrad'] == 'corrected':\n    return amsgrad_corrected\n"
    "return amsgrad if group['amsgrad'] else adam",
    "StepLR.factor": "count = 0\nwhile (count + 1) * self.step_size <= t:\n    count += 1\n"
    "return self.gamma ** count",
}


@pytest.mark.parametrize("target", OTHERS)
def test_right_lines_that_are_others_are_right(page, kept, target):
    lines = "".join(f"    {line}\n" for line in OTHERS[target].split("\n"))
    answer = kept["exercises"][target]["blank"] + lines
    assert page.tries(**{target: answer}) == ("right", "", 0, [])


def whole(kept, target, body) -> str:
    if body.startswith("def "):
        return body + "\n"
    return kept["exercises"][target]["blank"] + textwrap.indent(body, "    ") + "\n"


ANSWERS = [(target, body, good) for good in (True, False) for target, body in (WRONG, RIGHT)[good]]


@pytest.mark.parametrize(("target", "body", "good"), ANSWERS)
def test_the_page_says_of_answers_what_tito_says(kept, target, body, good):
    state, _, _, told = Page(kept).tries(**{target: whole(kept, target, body)})
    assert (state == "right") == good, told


@pytest.mark.slow
@pytest.mark.parametrize(("target", "body", "good"), ANSWERS)
def test_and_so_does_tito(page, kept, tmp_path, target, body, good):
    text, _ = page.text({**kept["answers"], target: whole(kept, target, body)})
    file = tmp_path / LESSON.folder / LESSON.file
    file.parent.mkdir()
    file.write_text(text, encoding="utf-8")
    graded = grade(LESSON, file, seed=5)
    assert graded.passed == good, [o for o in graded.outcomes if not o.good]


def test_the_page_makes_every_check_that_tries_a_step(kept):
    """But those that only remark on something that is right."""
    every = [check.name for check in LESSON.checks if not check.remark]
    assert list(kept["checks"]) == every
    steps = kept["steps"].values()
    assert {name for step in steps for name in step["checks"]} == {*every}
    assert all({*step["tells"]} <= {*step["checks"]} for step in steps)
    descent = kept["steps"]["gradient_descent gradient_descent_step"]["checks"]
    assert "StepLR: every third step" in descent  # it is tried on an SGD
    assert "Adam: the first steps" not in descent


def test_the_page_draws_what_the_build_has_drawn(page, kept):
    """In the second round of a check its numbers are others, and none is left over."""
    names = dict(page.space)
    exec(page.text(kept["answers"], imports=False)[0], names)
    for name, check in page.space["CHECKED"].items():
        bench = page.space["Bench"](names, kept["checks"][name]["drawn"])
        check.run(bench)
        assert bench._at == len(bench._drawn), name
    first, second = kept["checks"]["Adam: other betas"]["right"]
    assert first != second


@pytest.mark.parametrize(
    ("target", "body", "state", "line", "said"),
    [
        ("adam", "x = q", "error", 3, "NameError: name 'q' is not defined"),
        ("adam", "return p", "wrong", 0, "adam must return a tuple of 3 arrays, not "),
        ("adam", "return p, m", "wrong", 0, "adam must return 3 arrays, not 2"),
        ("adam", "return p, m, 'v'", "wrong", 0, "adam must return arrays, not str"),
        ("adam", "return p, m, v[:1]", "wrong", 0, "at        p after step 1"),
        ("adam", "return np.foo(p)", "error", 3, "np has no 'foo' here; it has "),
        ("adam", "p = (p", "error", 3, "SyntaxError: '(' was never closed"),
        ("adam", "if p > 0:\n        pass", "error", 3, "truth value of an array with more than"),
        ("SGD.rule", "return heavy_ball()", "error", 2, "missing 3 required positional arguments"),
        ("SGD.rule", "return 3", "wrong", 0, "SGD.rule must return a function, not int"),
        ("Momentum.__init__", "pass", "wrong", 0, "'Momentum' object has no attribute"),
        ("Momentum.__init__", "super().__init__(params, rate=lr)", "error", 2, "keyword argument"),
        ("StepLR.factor", "return self.gama", "error", 2, "no attribute 'gama'"),
        ("StepLR.factor", "return 10**400", "wrong", 0, "OverflowError"),
        ("gradient_descent_step", "pass", "wrong", 0, "came out  [1, -2]"),
        ("gradient_descent", "return (p - lr * g[0],)", "wrong", 0, "expected  [0.95, -1.9]"),
    ],
)
def test_what_is_wrong_is_said_where_it_is(page, kept, target, body, state, line, said):
    answer = f"{kept['exercises'][target]['blank']}    {body}\n"
    found, where, at, told = page.tries(**{target: answer})
    assert (found, where if line else "", at if line else 0) == (state, target * bool(line), line)
    assert said in "\n".join(told)


def test_lines_that_define_something_else_are_told_of(page):
    state, _, _, told = page.tries(heavy_ball="x = 3\n")
    assert (state, told[-1]) == ("wrong", "NameError: name 'heavy_ball' is not defined")


def test_a_mistake_is_not_named_where_another_answer_was_written(page, kept):
    wrong = typed("gradient_descent", "uphill", kept["answers"]["gradient_descent"])
    told = page.tries(gradient_descent=wrong)[-1]
    assert "this is   uphill. You add the gradient" in told[-1]
    alone = kept["answers"]["gradient_descent_step"].replace("gradient_descent,", "wrong,")
    told = page.tries(gradient_descent_step=alone)[-1]
    assert not any(line.startswith("this is") for line in told)


def test_the_pieces_are_the_workbook(page, kept):
    assert page.text(kept["answers"])[0] == filled(workbook(LESSON), LESSON)
