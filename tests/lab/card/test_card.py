"""Report cards: known rules are known again, bad ones get their row, and the page stands alone."""

import json
import math
import os
import re
import time

import numpy as np
import pytest

from tinytorch import Tensor
from tinytorch.lab import report_card
from tinytorch.lab.card.card import QUICK, Card
from tinytorch.lab.card.diagnoses import DIAGNOSES, RATES, falling, kept_bytes
from tinytorch.lab.card.profiles import profile, scores, steps_to_target, targets
from tinytorch.lab.card.workloads import STEPS, WORKLOADS, train_on
from tinytorch.optim import LARS, SGD, Adam, AdamW, Lion, Momentum


def holds(name, make):
    return DIAGNOSES[name].run(make)["holds"]


# What theory says of rules: (diagnosis, rule, whether it holds)
KNOWN = [
    ("loss × 1000", SGD, False),
    ("loss × 1000", Adam, True),
    ("loss × 1000", Lion, True),
    ("weights × 10", LARS, True),
    ("weights × 10", Adam, False),
    ("rotation", Momentum, True),
    ("rotation", Adam, False),
    ("valley", SGD, False),
    ("valley", Momentum, True),
    ("valley, turned", Momentum, True),
    ("saddle", SGD, False),
    ("saddle", Adam, True),
    ("rare words", SGD, False),
    ("rare words", Adam, True),
    ("calm", Adam, False),
    ("calm", Lion, True),
    ("noise floor", SGD, True),
    ("noise floor", Lion, False),
    ("float32", SGD, True),
    ("drift", Adam, True),
    ("drift", AdamW, False),
    ("memory", Adam, True),
]


@pytest.mark.parametrize(("name", "rule", "expected"), KNOWN)
def test_a_known_rule_is_known_again(name, rule, expected):
    found = DIAGNOSES[name].run(rule)
    assert found["holds"] is expected, found["says"]
    assert found["says"]
    assert found["curves"]
    assert all(2 <= len(curve) <= 61 for curve in found["curves"].values())


class Plain:
    """Descent as a learner writes it."""

    def __init__(self, params, lr):
        self.params, self.lr = list(params), lr

    def step(self):
        for p in self.params:
            if p.grad is not None:
                p.data = p.data - self.lr * p.grad.data


class Spoils(Plain):
    """Uses the gradient as its own scratch paper."""

    def step(self):
        for p in self.params:
            if p.grad is not None:
                p.grad.data *= self.lr
                p.data = p.data - p.grad.data


class Twice(Plain):
    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass


class Hoards(Plain):
    def __init__(self, params, lr):
        super().__init__(params, lr)
        self.past = [np.zeros(p.shape, p.data.dtype) for p in self.params for _ in range(5)]


class Forgets(Momentum):
    def load_state_dict(self, state):
        pass


@pytest.mark.parametrize(
    ("name", "rule", "words"),
    [
        ("gradient left alone", Spoils, "gradient was changed"),
        ("tied weights", Plain, "moved twice"),
        ("resume", Plain, "no load_state_dict"),
        ("resume", Forgets, "off by"),
        ("memory", Hoards, "5 times"),
    ],
)
def test_a_fault_is_found(name, rule, words):
    found = DIAGNOSES[name].run(rule)
    assert found["holds"] is False
    assert words in found["says"]


def test_what_has_no_fault_has_none():
    assert holds("resume", Twice)
    assert holds("gradient left alone", Plain)
    assert holds("memory", Plain)


def test_bytes_are_counted_once_wherever_they_hide():
    class Holder:
        def __init__(self):
            self.a = np.zeros(10)
            self.b = {"x": [self.a, self.a[2:5]], "y": (Tensor(np.zeros(4)),)}

    assert kept_bytes(Holder(), set()) == 80 + 32


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_workload_repeats_itself_and_can_be_learned(name):
    chosen = {"physics": 0.3, "raw table": 1.0}.get(name, 0.03)
    first = train_on(name, Adam, chosen, 1)
    assert first == train_on(name, Adam, chosen, 1)
    assert len(first["curve"]) == 16
    assert first["final"] < 0.95 * first["curve"][0]
    other = train_on(name, SGD, 1e-4, 1)
    assert other["curve"][0] == first["curve"][0]  # the same start for every rule
    assert train_on(name, SGD, 1e-4, 2)["curve"] != other["curve"]


def test_a_diverging_run_ends():
    found = train_on("physics", SGD, 10.0, 0)
    assert found["final"] == math.inf
    assert len(found["curve"]) < 16


def test_the_rate_falls_to_zero_where_it_can(monkeypatch):
    rates = []

    class Watched(Plain):
        def step(self):
            rates.append(self.lr)
            super().step()

    train_on("digits", Watched, 0.1, 0)
    np.testing.assert_allclose(rates, 0.1 * (1 - np.arange(STEPS) / STEPS))


def test_the_rates_of_groups_keep_their_ratios_as_they_fall():
    p, q = (Tensor(np.ones(2), requires_grad=True) for _ in range(2))
    rule = SGD([{"params": [p], "lr": 0.2}, {"params": [q]}], lr=0.04)
    rate = falling(rule)
    for share in (0.5, 0.25):
        rate(share)
        assert [group["lr"] for group in rule.param_groups] == [share * 0.2, share * 0.04]
    falling(object())(0.5)  # no rate anywhere: it stays as it is


class Raises(Plain):
    def step(self):
        raise ZeroDivisionError("by design")


class Nan(Plain):
    def step(self):
        for p in self.params:
            p.data = p.data * math.nan


class Hangs(Plain):
    def step(self):
        while True:
            time.sleep(0.01)


class HangsLater(Plain):
    """Only where there are many numbers, and it dies where there are few in float32."""

    def step(self):
        if self.params[0].data.size == 20_000:
            while True:
                time.sleep(0.01)
        super().step()


@pytest.mark.parametrize(("rule", "words"), [(Raises, "by design"), (Hangs, "more than 1 s")])
def test_what_cannot_step_says_so_in_every_row_at_once(rule, words):
    card = report_card(rule, jobs=1, seconds=1)
    assert len(card.diagnoses) == len(DIAGNOSES)
    assert {d["holds"] for d in card.diagnoses.values()} == {None}
    assert all(words in row["says"] for row in card.diagnoses.values())
    assert all(words in row["error"] for row in card.workloads.values())
    assert words in card.html()
    json.loads(card.json(), parse_constant=pytest.fail)


def test_a_row_that_hangs_spoils_no_other(monkeypatch):
    monkeypatch.setattr("tinytorch.lab.card.card.QUICK", ("digits",))
    few = {name: DIAGNOSES[name] for name in ("drift", "memory", "tied weights")}
    monkeypatch.setattr("tinytorch.lab.card.card.DIAGNOSES", few)
    card = report_card(HangsLater, jobs=1, seconds=2)
    failed = [name for name, found in card.diagnoses.items() if found["holds"] is None]
    assert failed == ["memory"]
    assert "more than 2 s" in card.diagnoses["memory"]["says"]
    assert math.isfinite(card.workloads["digits"]["final"])


def test_not_a_number_gets_its_rows(monkeypatch):
    monkeypatch.setattr("tinytorch.lab.card.card.QUICK", ("digits", "physics"))
    card = report_card(Nan, jobs=1)
    assert card.workloads["digits"]["error"] == "diverges at every rate"
    assert not any(card.diagnoses[n]["holds"] for n in ("valley", "saddle", "rotation", "spike"))
    json.loads(card.json(), parse_constant=pytest.fail)
    assert "diverges at every rate" in card.html()


def test_a_card_is_read_again_and_workers_change_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("tinytorch.lab.card.card.QUICK", ("digits",))
    store = tmp_path / "card.db"
    first = report_card(Plain, jobs=1, store=store)
    began = time.process_time()
    again = report_card(Plain, jobs=1, store=store)
    assert time.process_time() - began < 5
    assert first == again  # the times too, so they were read
    other = report_card(Plain, jobs=2)
    assert other.workloads == first.workloads
    differ = {n for n in DIAGNOSES if other.diagnoses[n] != first.diagnoses[n]}
    assert differ <= {"time"}
    assert (
        first.workloads["digits"]["lr"] == RATES[int(np.argmin(first.workloads["digits"]["tuned"]))]
    )
    assert len(first.workloads["digits"]["curves"]) == 3


def test_the_page_stands_alone_and_shows_all(tmp_path, monkeypatch):
    monkeypatch.setattr("tinytorch.lab.card.card.QUICK", ("digits", "physics"))
    card = report_card(Plain, jobs=1, name="<mine> & more")
    page, data = card.save(tmp_path / "mine.html")
    assert {page.name, data.name} == {"mine.html", "mine.json"}
    text = page.read_text(encoding="utf-8")
    assert "<mine>" not in text
    assert "&lt;mine&gt; &amp; more" in text
    assert not re.search(r'(src|href)="(?!#)', text.replace('xlink:href="#', ""))
    assert text.count("<figure>") == len(DIAGNOSES) == text.count("<figcaption>")
    for name in (*DIAGNOSES, "digits", "physics"):
        assert name.replace("×", "×") in text
    found = json.loads(data.read_text(encoding="utf-8"))
    assert found["optimizer"] == "<mine> & more"
    assert set(found["diagnoses"]) == set(DIAGNOSES)
    assert os.path.getsize(page) < 2_000_000


def test_a_class_is_asked_for():
    with pytest.raises(TypeError, match="must be a class, got 3"):
        report_card(3)
    assert set(QUICK) < set(WORKLOADS)
    assert isinstance(Card("x", {}, {}), Card)


# Profiles


def row(*curves):
    return {"curves": [list(c) for c in curves], "final": float(np.median([c[-1] for c in curves]))}


def test_steps_to_a_target_and_profiles_by_hand():
    fast, slow = row([9, 1, 1], [9, 5, 1], [9, 1, 1]), row([9, 5, 1], [9, 5, 5], [9, 5, 1])
    assert steps_to_target(fast, 2).tolist() == [10, 20, 10]
    assert steps_to_target(slow, 2).tolist() == [20, math.inf, 20]
    assert steps_to_target(row([1, 1]), 2).tolist() == [10]
    table = {"fast": {"a": fast, "b": slow}, "slow": {"a": slow, "b": row([9, 9, 9])}}
    assert targets({"x": {"a": row([3])}, "y": {"a": row([5])}, "z": {"a": row([9])}}) == {"a": 5}
    arrived = np.array([[10, 20], [20, math.inf]])
    assert profile(arrived, [1, 2, 100]).tolist() == [[1, 1, 1], [0, 0.5, 0.5]]
    nobody = np.array([[math.inf], [math.inf]])
    assert profile(nobody, [1, 2]).tolist() == [[0, 0], [0, 0]]
    found = scores(table, {"a": 2, "b": 2}, bootstrap=50)
    assert found["fast"][0] == 1
    assert 0.2 < found["slow"][0] < 0.3  # on one of two, at twice the steps, of four at most
    assert all(low <= point <= high for point, low, high in found.values())
