"""A fingerprint changes with the code, and with nothing else."""

import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest

from tinytorch import Tensor, optim
from tinytorch.core.checks import POSITIVE
from tinytorch.data import TensorDataset
from tinytorch.lab.runs import train_once
from tinytorch.lab.studies import code
from tinytorch.lab.studies.code import fingerprint, fingerprints
from tinytorch.nn import MLP
from tinytorch.optim import Adam, optimizers
from tinytorch.optim.declarations import Value


def defined(source: str, **names):
    """The function `f` of some lines, as a notebook would have it."""
    space = {"__name__": "__main__", "np": np, **names}
    exec(textwrap.dedent(source), space)
    return space["f"]


BASE = """
    K = 2
    def helper(x):
        return x + K
    class Thing:
        rate = 0.1
        def go(self, x):
            return helper(x) * self.rate
    def f(x, y=1):
        "words"
        return [Thing().go(x) for _ in range(3)] + [y]
"""
NO_CHANGE = {
    "a comment": ("return x + K", "return x + K  # so"),
    "a docstring": ('"words"', '"other words"'),
    "blank lines": ("def helper", "\n\n    def helper"),
    "an unused function": ("K = 2", "K = 2\n    def other(): return 7"),
}
CHANGE = {
    "a constant": ("K = 2", "K = 3"),
    "a line of a function that is called": ("x + K", "x - K"),
    "a class attribute": ("rate = 0.1", "rate = 0.2"),
    "a method": ("* self.rate", "/ self.rate"),
    "a default": ("y=1", "y=2"),
    "a number in a comprehension": ("range(3)", "range(4)"),
    "another function of the same shape": ("helper(x)", "abs(x)"),
}


@pytest.mark.parametrize("name", NO_CHANGE)
def test_what_does_nothing_changes_nothing(name):
    assert fingerprint(defined(BASE)) == fingerprint(defined(BASE.replace(*NO_CHANGE[name])))


@pytest.mark.parametrize("name", CHANGE)
def test_what_does_something_changes_the_fingerprint(name):
    changed = BASE.replace(*CHANGE[name])
    assert changed != BASE
    assert fingerprint(defined(BASE)) != fingerprint(defined(changed))


def test_what_a_closure_holds_counts():
    def maker(k):
        return lambda x: x + k

    assert fingerprint(maker(1)) == fingerprint(maker(1))
    assert fingerprint(maker(1)) != fingerprint(maker(2))
    assert fingerprint(maker(np.ones(3))) != fingerprint(maker(np.ones(4)))


def test_a_changed_rule_of_the_package_counts_for_those_that_use_it_only(monkeypatch):
    rules = {name: fingerprint(getattr(optim, name)) for name in ("Adam", "AdamW", "SGD", "Lion")}

    def adam(p, g, m, v, *, lr, beta1, beta2, eps, t):
        return p - lr * g, m, v

    monkeypatch.setattr(optimizers, "adam", adam)
    changed = {name for name in rules if fingerprint(getattr(optim, name)) != rules[name]}
    assert "Adam" in changed
    assert changed.isdisjoint({"SGD", "Lion"})


def test_a_changed_engine_counts_for_every_optimizer(monkeypatch):
    from tinytorch.optim import engines

    before = fingerprint(Adam), fingerprint(train_once)
    monkeypatch.setattr(engines, "run", lambda *a: None)
    assert fingerprint(Adam) != before[0]
    assert fingerprint(train_once) == before[1]  # which optimizer it gets, it does not name


def test_values_count_by_content():
    a, b = np.arange(3.0), np.arange(3.0)
    assert fingerprint(dict(x=1, y=a)) == fingerprint(dict(y=b, x=1))
    assert fingerprint(a) != fingerprint(a.astype("f4"))
    assert fingerprint(a.reshape(1, 3)) != fingerprint(a)
    assert fingerprint({3, 1, 2}) == fingerprint({2, 3, 1}) != fingerprint({2, 3})
    assert len({fingerprint(x) for x in (1, 1.0, True, "1", b"1", None, (1,), [1])}) == 8
    data = TensorDataset(np.ones((4, 2)), np.zeros(4, int))
    assert fingerprint(data) == fingerprint(TensorDataset(np.ones((4, 2)), np.zeros(4, int)))
    assert fingerprint(data) != fingerprint(TensorDataset(np.zeros((4, 2)), np.zeros(4, int)))
    assert fingerprint(MLP([3, 2], rng=0)) == fingerprint(MLP([3, 2], rng=0))
    assert fingerprint(MLP([3, 2], rng=0)) != fingerprint(MLP([3, 2], rng=1))
    first, second = np.random.default_rng(0), np.random.default_rng(0)
    assert fingerprint(first) == fingerprint(second)
    second.normal()
    assert fingerprint(first) != fingerprint(second)


def test_many_are_fingerprinted_as_each_alone(monkeypatch):
    f = defined("K = 2\ndef f(x):\n    return x + K")
    points = [(dict(rule=Adam, by=f),), (dict(by=f, rule=Adam),), ({f, Adam},), ([f, f, Adam],)]
    alone = [fingerprint(*point) for point in points]
    assert fingerprints(points) == alone
    assert len(set(alone)) == 3
    walks = []
    a_class = code.Walk.a_class
    monkeypatch.setattr(code.Walk, "a_class", lambda w, c: (walks.append(c), a_class(w, c)))
    fingerprints(points)
    assert walks.count(Adam) == 1
    f.__globals__["K"] = 3  # what was found is not kept
    assert all(a != b for a, b in zip(fingerprints(points), alone, strict=True))


def test_circles_end():
    ring = [1]
    ring.append(ring)
    assert fingerprint(ring) == fingerprint(ring)
    f = defined("def f(n):\n    return f(n - 1) if n else 0")
    assert fingerprint(f) == fingerprint(f)


def test_every_optimizer_can_be_looked_into():
    found = {rule.__name__: fingerprint(rule) for rule in optim.OPTIMIZERS}
    assert len(set(found.values())) == len(optim.OPTIMIZERS)
    assert fingerprint(int | str) != fingerprint(int | None)


def test_what_cannot_be_looked_into_is_refused():
    with pytest.raises(TypeError, match=r"cannot look into .*lock"):
        fingerprint(dict(lock=threading.Lock()))


def test_what_was_done_with_a_class_does_not_count():
    before = fingerprint(optim.SGD)
    stepper = optim.SGD([Tensor(0.0, requires_grad=True)], lr=0.1)
    stepper.register_step_pre_hook(lambda *_: None)
    assert fingerprint(optim.SGD) == before


def test_every_process_finds_the_same():
    things = train_once, *optim.OPTIMIZERS, {"a", "b", "c"}
    script = (
        "from tinytorch.lab.studies.code import fingerprint\n"
        "from tinytorch.lab.runs import train_once\n"
        "from tinytorch import optim\n"
        "print(fingerprint(train_once, *optim.OPTIMIZERS, {'a', 'b', 'c'}), end='')"
    )
    found = {fingerprint(*things)}
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", script], env={"PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        found.add(done.stdout)
    assert len(found) == 1


def test_another_optimizer_that_is_declared_changes_no_other():
    before = fingerprint(optim.SGD, optim.Adam)

    class Fourth(optim.Adam):
        quarter: float = Value(POSITIVE, "a number of its own", default=0.25)

    assert fingerprint(optim.SGD, optim.Adam) == before
