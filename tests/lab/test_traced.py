"""From Python to the browser: what is translated gives NumPy's bits in V8, the rest is refused."""

import numpy as np
import pytest

pytest.importorskip("sphinx", reason="the book's checks, and V8, come with the book extra")

from book_checks import engine

from tinytorch import optim
from tinytorch.lab import Quadratic, Rosenbrock, surfaces, traced
from tinytorch.lab.traced import Untranslatable
from tinytorch.optim.optimizers import adam

TRANSLATED = ("SGD", "Momentum", "Nesterov", "Adam", "AdamW", "Adamax", "NAdam", "RAdam")
TRANSLATED += ("RMSprop", "Adagrad", "Adadelta", "Lion", "SophiaG")
REFUSED = ("LARS", "LAMB", "Muon", "Shampoo", "SOAP", "Adafactor")


@pytest.mark.parametrize("name", TRANSLATED)
def test_a_rule_takes_the_same_steps_in_v8(name):
    assert engine.rule_differs(getattr(optim, name)) is None


@pytest.mark.parametrize("name", REFUSED)
def test_a_rule_for_whole_tensors_says_so(name):
    with pytest.raises(Untranslatable, match="whole tensors"):
        traced.rule(getattr(optim, name), {"lr": 0.1})


@pytest.mark.parametrize(
    "fixed", [{}, {"momentum": 0.0}, {"weight_decay": 0.1}, {"maximize": True}]
)
def test_options_of_sgd_come_along(fixed):
    assert engine.rule_differs(optim.SGD, fixed=fixed) is None


@pytest.mark.parametrize("name", [*engine.SURFACES])
def test_a_surface_has_the_same_value_and_slope(name):
    assert engine.surface_differs(name) is None


@pytest.mark.parametrize("name", [*engine.SCHEDULES])
def test_a_schedule_gives_the_same_rates(name):
    assert engine.schedule_differs(name) is None


@pytest.mark.parametrize(
    ("right", "planted"),
    [("1e-08", "1.000001e-08"), ("Math.sqrt(", "0.9999999999999999*Math.sqrt(")],
)
def test_a_planted_difference_is_found(right, planted):
    made = traced.rule(optim.Adam, {"lr": 0.1, "beta1": 0.9, "beta2": 0.99})
    assert right in made.code
    wrong = made._replace(code=made.code.replace(right, planted, 1))
    fixed = {"eps": 1e-8, "weight_decay": 0.0}
    assert engine.rule_differs(optim.Adam, made, fixed) is None
    found = engine.rule_differs(optim.Adam, wrong, fixed)
    assert "Adam(lr=" in found
    assert "V8 is at" in found


def test_a_planted_difference_stops_the_build(monkeypatch):
    rule = traced.rule

    def planted(*args, **kwargs):
        made = rule(*args, **kwargs)
        return made._replace(code=made.code.replace("const w0=(", "const w0=(1e-16+", 1))

    monkeypatch.setattr(traced, "rule", planted)
    with pytest.raises(engine.Differs, match="in the browser is not what it is in Python"):
        engine.compare_all()


def test_numbers_leave_the_loop_and_the_order_stays():
    code = traced.rule(optim.Adam, {"lr": 0.1, "beta1": 0.9, "beta2": 0.99}).code
    before, inside = code.split("for(")
    assert before.count("E.power") == 2
    assert "E.power" not in inside
    assert "Math.sqrt" in inside


def test_both_answers_to_a_question_are_there():
    code = traced.rule(optim.SGD, {"lr": 0.1, "momentum": 0.9}).code
    assert "===0" in code
    assert code.count("for(") >= 2


def test_knobs_of_a_surface_are_inputs():
    value, gradient = traced.surface(Rosenbrock, {"b": 100.0})
    got = engine.in_v8(kind="value", code=value.code, inputs=[[0.3, 0.7]], settings=[[5.0]])
    assert got[0] == Rosenbrock(b=5.0).value(np.array([[0.3, 0.7]]))[0]
    assert gradient.knobs == ("b",)
    assert gradient.exact


def test_a_turned_bowl_is_not_claimed_to_the_bit():
    _, gradient = traced.surface(lambda angle: Quadratic([1.0, 9.0], angle), {"angle": 0.3})
    assert not gradient.exact


def endless(x):
    while x > 0:
        x = x + 1
    return x


def silent(x):
    while True:
        pass


REFUSALS = [
    (lambda x: sum(x), "needs to know a value"),
    (lambda x: float(x), "needs to know a value"),
    (lambda x: [0] * x, "computes with list"),
    (lambda x: np.linalg.norm(x), "np.norm"),
    (lambda x: np.add.reduce(x), "np.add.reduce"),
    (lambda x: np.arctan(x), "np.arctan"),
    (lambda x: "text", "str"),
    (lambda x: x.shine(), "AttributeError"),
    (endless, "questions"),
    (silent, "did not end"),
]


@pytest.mark.parametrize(("f", "reason"), REFUSALS)
def test_what_cannot_be_translated_is_refused_with_a_reason(f, reason):
    with pytest.raises(Untranslatable, match=reason):
        traced.function(f, seconds=0.3)


def test_too_many_outcomes_are_refused():
    def forks(x):
        return sum(1 if x > i else 0 for i in np.random.default_rng(0).normal(size=30).tolist())

    with pytest.raises(Untranslatable, match="outcomes"):
        traced.function(forks)


@pytest.mark.parametrize("base", [0.9, 0.999, 0.9999, 1.5, 0.0, -0.7])
def test_whole_powers_are_right_to_the_last_place_and_alike_in_v8(base):
    n = np.arange(400)
    ours = np.array([traced.whole_power(base, int(i)) for i in n])
    np.testing.assert_array_max_ulp(ours, np.array([base ** int(i) for i in n]), maxulp=1)
    code = "(x,K)=>E.power(x[0],x[1])"
    got = engine.in_v8(kind="value", code=code, inputs=[[base, int(i)] for i in n], settings=[[]])
    assert engine.same_bits(got, ours).all()


def test_the_reference_is_the_package():
    """The exact power apart, what V8 is compared with is what an optimizer does."""
    from tinytorch.lab import trajectory

    start = np.array([[0.4, -0.3]])
    knobs = {"lr": np.array([0.01]), "beta1": np.array([0.8])}
    path = traced.reference_run(optim.Adam, knobs, start, engine.field, 60)

    class Field:
        gradient = staticmethod(engine.field)

    own = trajectory(optim.Adam, Field, start[0], 60, lr=0.01, betas=(0.8, 0.999))
    np.testing.assert_allclose(path[:, 0], own, rtol=1e-12)


def test_symbols_leave_no_trace_in_the_modules():
    import math

    traced.schedule(engine.SCHEDULES["WarmupCosine"])
    assert optim.schedules.cosines.math is math
    assert surfaces.Beale().value(np.ones(2)).shape == ()
    assert adam.__globals__["np"] is np
