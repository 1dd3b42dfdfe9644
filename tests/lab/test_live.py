"""Live figures: what a page gets is the package's, and a reader without a script loses nothing."""

import functools
import json
import math
import re

import numpy as np
import pytest

pytest.importorskip("sphinx", reason="the book's checks, and V8, come with the book extra")

from book_checks import engine
from book_parts.live import differs

from tinytorch import optim
from tinytorch.lab import Descent, Knob, Live, Plane, Plot, Quadratic, Rows, Steps, live
from tinytorch.optim import SGD, Adam
from tinytorch.optim.optimizer import decoupled
from tinytorch.optim.optimizers import adam, gradient_descent, heavy_ball, nesterov
from tinytorch.tito.mistakes import MISTAKES

from .live_figures import FIGURES, made


@functools.cache
def bundle_of(name):
    return made(name)._repr_mimebundle_()


@pytest.fixture(params=FIGURES)
def bundle(request):
    return bundle_of(request.param)


def test_v8_shows_what_the_package_computes(bundle):
    given = bundle[live.MIME]
    assert len(given["probes"]) > 8
    assert differs(given["spec"], given["probes"]) is None


@pytest.mark.parametrize(
    ("name", "part", "right", "wrong"),
    [
        ("front", "rule", "Math.sqrt", "1.00001*Math.sqrt"),
        ("front", "settings", "0.25", "0.2500001"),
        ("plane", "gradient", "K[2]", "(K[2]+1e-6)"),
        ("mixed", "rate", "0.1", "0.100001"),
        ("steps", "gradient", "0.9", "0.900001"),
        ("steps", "from", "0.13", "0.14"),
    ],
)
def test_a_planted_difference_is_found(name, part, right, wrong):
    given = bundle_of(name)[live.MIME]
    spec = json.loads(json.dumps(given["spec"]))
    for run in spec["runs"]:
        run[part] = run[part].replace(right, wrong)
    assert spec != given["spec"]
    spec["name"] += "-planted"
    assert "the package" in differs(spec, given["probes"])


def test_a_wrong_sentence_is_found():
    given = bundle_of("front")[live.MIME]
    spec = {**given["spec"], "name": "said", "says": [{"f": None, "text": "Adam ends at {SGD}"}]}
    assert "says" in differs(spec, given["probes"])


def test_without_a_script_there_is_a_picture(bundle):
    page = bundle["text/html"]
    assert re.search(r'<img class="live-still" src="data:image/png;base64,iVBOR', page)
    assert 'alt="' in page
    assert "<svg" not in page
    spec = re.search(r'<script type="application/json">(.*?)</script>', page, re.S)[1]
    assert json.loads(spec) == bundle[live.MIME]["spec"]


def test_the_same_twice_and_another_elsewhere():
    assert made("front")._repr_mimebundle_() == bundle_of("front")
    assert made("front").spec["name"] != made("plane").spec["name"]


def test_what_cannot_be_translated_stands_still_and_says_why():
    class Mine(SGD):
        state_is_open = False

    bowl = Quadratic([1.0, 9.0])
    still = Live(
        Plane(bowl, {"Mine": Descent(Mine, bowl, 9, lr="lr")}), alt="x", lr=Knob("η", 0, 1)
    )
    page = still._repr_mimebundle_()
    assert "your Mine keeps its state to itself" in page["text/html"]
    assert "live-still" in page["text/html"]
    assert "live-figure" not in page["text/html"]


def test_a_changed_rule_is_the_one_that_runs():
    """As with a learner's exports: the figure follows the class that it is given."""

    class Half(SGD):
        def numbers(self, group, t):
            return {**super().numbers(group, t), "lr": group["lr"] / 2}

    bowl = Quadratic([1.0, 9.0])
    figures = [
        Live(Plane(bowl, {"a": Descent(c, bowl, 9, lr="lr")}), alt="x", lr=Knob("η", 0, 1, at=0.1))
        for c in (SGD, Half)
    ]
    first, second = (f._repr_mimebundle_()[live.MIME] for f in figures)
    assert first["probes"] != second["probes"]
    assert differs({**second["spec"], "name": "half"}, second["probes"]) is None


NUMBERS = [0, 1, 0.1, 0.125, -2.5, 1234567, 999.5, 0.0009995, 1e-4, 2.5e-8, 1e300, 0.5, 12.345]
NUMBERS += [float("inf"), float("-inf"), float("nan"), 99999.5, 1e6, 0.001, -1e-4, 1000, 10]


@pytest.mark.parametrize("digits", [2, 3, 4])
def test_numbers_are_written_alike(digits):
    v8 = engine.context()
    v8.eval(live.source("figure.js"))
    rng = np.random.default_rng(0)
    for value in [*NUMBERS, *(10.0 ** rng.uniform(-9, 9, 300))]:
        text = repr(float(value)).replace("inf", "Infinity").replace("nan", "NaN")
        assert v8.eval(f"E.shown({text}, {digits})") == live.shown(value, digits), value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.125, "0.125"), (2.0, "2"), (1234.5, "1230"), (1e-4, "10⁻⁴"), (-0.5, "−0.5"),
        (2.5e-8, "2.5·10⁻⁸"),
    ],
)  # fmt: skip
def test_a_number_is_written_as_people_write_it(value, text):
    assert live.shown(value) == text


@pytest.mark.parametrize(
    "knob",
    [
        Knob("a", 0, 1), Knob("b", -2, 2, at=0.3, count=200), Knob("c", 1e-4, 0.1, log=True),
        Knob("d", 0, 7, whole=True), Knob("e", values=[3, 5, 9]), Knob("f", names=["u", "v"]),
    ],
)  # fmt: skip
def test_positions_and_values_belong_together(knob):
    v8 = engine.context()
    v8.eval(live.source("figure.js"))
    described = json.dumps(Live._described(knob))
    for i in range(knob.count + 1):
        value = knob.value(i)
        assert knob.position(value) == i
        assert v8.eval(f"E.values({described}).at({i})") == value
        assert v8.eval(f"E.values({described}).of({value!r})") == i
    assert knob.low <= knob.at <= knob.high


@pytest.mark.parametrize(
    "arguments", [{"low": 1, "high": 2, "at": 3}, {"low": 0, "high": 2, "log": True}]
)
def test_a_knob_has_a_place_for_its_number(arguments):
    with pytest.raises(ValueError, match="Knob η"):
        Knob("η", **arguments)


def test_a_run_has_a_number_of_steps():
    for steps in (-1, 0, 2.5):
        with pytest.raises(ValueError, match="Steps: steps must be an integer >= 1"):
            Steps(lambda x: x, steps, (1.0,))
        with pytest.raises(ValueError, match="Descent: steps must be an integer >= 1"):
            Descent(SGD, Quadratic([1.0, 2.0]), steps)
    for given in ([1.0, 2.0], [[1.0]], [[[1.0]], [[1.0]]]):
        with pytest.raises(ValueError, match=r"given must have the shape \(2, count\)"):
            Steps(lambda x, r: x + r, 2, (1.0,), given=given)


def test_a_figure_needs_words():
    with pytest.raises(ValueError, match="alt"):
        Live(Plot({}), alt="")


def test_recorded_rows_may_have_gaps():
    rows = Rows("k", [[1.0, math.nan], [2.0, 3.0]])
    figure = Live(Plot({"r": rows}, x=(0, 1), y=(0, 3)), alt="x", k=Knob("k", values=[1, 2]))
    given = figure._repr_mimebundle_()[live.MIME]
    assert given["spec"]["marks"][0]["rows"][0] == [1.0, None]
    assert differs(given["spec"], given["probes"]) is None


def test_the_script_is_light():
    import gzip

    assert len(gzip.compress(live.script().encode())) < 15_000


def test_the_first_state_is_a_run_of_the_package():
    figure = made("front")
    from tinytorch.lab import Rosenbrock, trajectory

    path = trajectory(Adam, Rosenbrock(), [-1.2, 1.0], 60, lr=0.25)
    (x, y) = next(
        v
        for (_, label, _), v in zip(figure.marks, figure.show(figure.first), strict=True)
        if label == "Adam"
    )
    np.testing.assert_allclose(np.stack([x, y], 1), path, rtol=1e-12)
    assert optim.Adam is Adam


@pytest.mark.parametrize("rule", [gradient_descent, heavy_ball, nesterov, adam])
def test_each_known_mistake_shows_in_the_trial_and_is_no_other(rule):
    made = live.trial(rule, MISTAKES)
    paths = {"right": made["right"], **{m["name"]: m["path"] for m in made["mistakes"]}}
    assert len(paths) > 3
    paths = {name: np.array(path, dtype=float) for name, path in paths.items()}
    alike = [
        (a, b)
        for a in paths
        for b in paths
        if a < b and np.allclose(paths[a], paths[b], rtol=1e-7, atol=1e-9, equal_nan=True)
    ]
    assert alike == []


def test_a_decay_is_tried_too():
    made = live.trial(decoupled, MISTAKES)
    assert made["returns"] == 2
    assert made["right"][1] == pytest.approx(0.7 * (1 - 0.1 * 0.3))
