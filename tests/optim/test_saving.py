"""Saving and loading: going on as if nothing had happened, or changing nothing."""

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinytorch import Tensor
from tinytorch.optim import OPTIMIZERS, SGD, Adam, ReduceLROnPlateau, StepLR
from tinytorch.training import load_checkpoint, save_checkpoint

KINDS = [
    (SGD, dict(lr=0.1)),
    (SGD, dict(lr=0.1, momentum=0.9, dampening=0.5)),
    (Adam, dict(lr=0.1, betas=(0.5, 0.75), weight_decay=0.1)),
]


def tensors(dtype="float64"):
    rng = np.random.default_rng(0)
    return [
        Tensor(rng.normal(size=s).astype(dtype), requires_grad=True) for s in ((3, 4), (4,), ())
    ]


def walk(optimizer, params, steps, seed, skip=False):
    for i in steps:
        rng = np.random.default_rng([seed, i])
        for j, p in enumerate(params):
            g = np.asarray(rng.normal(size=p.shape), dtype=p.dtype)
            p.grad = None if skip and (i + j) % 3 == 0 else Tensor(g)
        optimizer.step()


def through_json(saved):
    """The saved form consists of what JSON knows, and of arrays."""

    def default(value):
        assert isinstance(value, np.ndarray), value
        return {"dtype": str(value.dtype), "array": value.tolist()}

    def hook(value):
        if set(value) == {"dtype", "array"}:
            return np.array(value["array"], dtype=value["dtype"])
        return value

    return json.loads(json.dumps(saved, default=default), object_hook=hook)


@pytest.mark.parametrize(("kind", "kwargs"), KINDS)
@settings(max_examples=8)
@given(k=st.integers(0, 6), dtype=st.sampled_from(["float32", "float64"]), named=st.booleans())
def test_resuming_equals_never_stopping(kind, kwargs, k, dtype, named):
    def make(params):
        return kind([(f"p{i}", p) for i, p in enumerate(params)] if named else params, **kwargs)

    a, b = tensors(dtype), tensors(dtype)
    x, y = make(a), make(b)
    walk(x, a, range(10), 1, skip=True)
    walk(y, b, range(k), 1, skip=True)
    c = [Tensor(p.data.copy(), requires_grad=True) for p in b]
    z = make(c)
    z.load_state_dict(through_json(y.state_dict()))
    walk(z, c, range(k, 10), 1, skip=True)
    for p, q in zip(a, c, strict=True):
        assert np.array_equal(p.data, q.data)
        assert p.dtype == q.dtype


def test_names_decide_not_positions():
    w, b = (Tensor(np.ones(3), requires_grad=True) for _ in range(2))
    first = Adam([("w", w), ("b", b)])
    w.grad, b.grad = Tensor(np.full(3, 1.0)), Tensor(np.full(3, 2.0))
    first.step()
    second = Adam([("b", b), ("w", w)])
    second.load_state_dict(first.state_dict())
    assert np.array_equal(second.state[w]["m"], first.state[w]["m"])
    assert np.array_equal(second.state[b]["m"], first.state[b]["m"])
    with pytest.raises(ValueError, match=r"no state for \['c'\], no parameter for \['w'\]"):
        Adam([("b", b), ("c", w)]).load_state_dict(first.state_dict())
    third = Adam([b, w])
    third.load_state_dict(first.state_dict())
    assert np.array_equal(third.state[b]["m"], first.state[w]["m"])


def test_copies_both_ways():
    params = tensors()
    optimizer = Adam(params)
    walk(optimizer, params, range(2), 0)
    saved = optimizer.state_dict()
    before = saved["state"]["0"]["m"].copy()
    walk(optimizer, params, range(2, 4), 0)
    assert np.array_equal(saved["state"]["0"]["m"], before)
    other = Adam(params)
    other.load_state_dict(saved)
    walk(other, params, range(2), 0)
    assert np.array_equal(saved["state"]["0"]["m"], before)
    assert saved["param_groups"][0]["betas"] == [0.9, 0.999]
    assert other.param_groups[0]["betas"] == (0.9, 0.999)


def set_in(*path):
    *keys, last, value = path

    def change(saved):
        for key in keys:
            saved = saved[key]
        saved[last] = value

    return change


def drop(*path):
    *keys, last = path

    def change(saved):
        for key in keys:
            saved = saved[key]
        del saved[last]

    return change


GROUP = ("param_groups", 0)
BROKEN = {
    "not a number": (set_in(*GROUP, "lr", float("nan")), "lr must be a finite number >= 0"),
    "infinite": (set_in(*GROUP, "eps", float("inf")), "eps"),
    "negative": (set_in(*GROUP, "weight_decay", -1.0), "weight_decay"),
    "beta of one": (set_in(*GROUP, "betas", [0.9, 1.0]), "betas"),
    "one beta": (set_in(*GROUP, "betas", [0.9]), "betas"),
    "a word": (set_in(*GROUP, "lr", "0.1"), "lr"),
    "unknown value": (set_in(*GROUP, "momentum", 0.9), r"unknown \['momentum'\]"),
    "parameters missing": (drop(*GROUP, "params"), r"missing \['params'\]"),
    "negative t": (set_in("state", "1", "t", -1), "t must be >= 0"),
    "t not whole": (set_in("state", "1", "t", 1.5), "t must be int"),
    "shape of p": (set_in("state", "1", "shape", [5]), r"has shape \(4,\), but \[5\] was saved"),
    "shape of m": (set_in("state", "1", "m", np.zeros(5)), r"m must be float64 \(4,\)"),
    "dtype": (set_in("state", "1", "m", np.zeros(4, "float32")), "got float32"),
    "list for array": (set_in("state", "1", "m", [0.0] * 4), "must be ndarray, got list"),
    "another optimizer": (set_in("optimizer", "AdamW"), "Adam: the state is of AdamW"),
    "negative steps": (set_in("steps", -1), "steps must be an integer >= 0"),
    "state missing": (drop("state", "2"), "no state was saved for parameter '2'"),
    "array missing": (drop("state", "2", "v"), r"missing \['v'\]"),
    "array unknown": (set_in("state", "2", "b", np.zeros(())), r"unknown \['b'\]"),
    "parameter unknown": (set_in("state", "3", {"shape": [], "t": 0}), r"unknown \['3'\]"),
    "group missing": (set_in("param_groups", []), "0 groups were saved, there are 1"),
    "fewer parameters": (set_in(*GROUP, "params", ["0", "1"]), "2 parameters were saved"),
    "parameter twice": (set_in(*GROUP, "params", ["0", "1", "1"]), "2 parameters were saved"),
    "more": (set_in("epoch", 3), r"unknown \['epoch'\]"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_state_changes_nothing(case):
    change, message = BROKEN[case]
    params = tensors()
    source = Adam(params, lr=0.5)
    walk(source, params, range(3), 0)
    saved = source.state_dict()
    change(saved)
    optimizer = Adam(params, lr=0.25)
    before = through_json(optimizer.state_dict())
    with pytest.raises((ValueError, TypeError), match=message):
        optimizer.load_state_dict(saved)
    np.testing.assert_equal(optimizer.state_dict(), before)


def places(saved, *path):
    """Every place in nested lists and dictionaries."""
    for key in saved if isinstance(saved, dict) else range(len(saved)):
        yield (*path, key)
        if isinstance(saved[key], (dict, list)):
            yield from places(saved[key], *path, key)


def refuses_whatever_is_put_into_a_place(owner, load, state):
    """Anything else in any place is allowed, or refused in words and then changes nothing."""
    before = through_json(state())
    for place in [(), *places(before)]:
        for wrong in (None, 3, "3", [], {}, [3], {"3": 3}, [None], {3: None, "3": 3}, 1 + 1j):
            saved = {"all": through_json(before)}
            set_in("all", *place, wrong)(saved)
            try:
                load(saved["all"])
                load(through_json(before))
            except (TypeError, ValueError) as error:
                message = str(error)
                assert message.startswith(owner), (place, wrong)
                np.testing.assert_equal(state(), before)


def test_whatever_is_wrong_with_a_state_is_said():
    params = tensors()[1:]
    optimizer = Adam([("w", params[0]), ("b", params[1])], lr=0.5)
    walk(optimizer, params, range(3), 0)
    StepLR(optimizer, 3)
    refuses_whatever_is_put_into_a_place("Adam: ", optimizer.load_state_dict, optimizer.state_dict)


def test_whatever_is_wrong_with_a_schedulers_state_is_said():
    optimizer = Adam(tensors(), lr=0.5)
    scheduler = StepLR(optimizer, 3)
    refuses_whatever_is_put_into_a_place("StepLR", scheduler.load_state_dict, scheduler.state_dict)
    plateau = ReduceLROnPlateau(optimizer)
    plateau.step(1.0)
    saved = plateau.state_dict()
    for wrong in (None, 3, "3", {}, [None], ["3"], [[0.5]]):
        with pytest.raises((TypeError, ValueError), match="ReduceLROnPlateau: lrs"):
            plateau.load_state_dict({**saved, "lrs": wrong})
        assert plateau.state_dict() == saved


def test_a_combination_that_is_refused_changes_nothing():
    p = tensors()[:1]
    saved = SGD(p, lr=0.1, momentum=0.9, nesterov=True).state_dict()
    saved["param_groups"][0]["dampening"] = 0.5
    optimizer = SGD(p, lr=0.2, momentum=0.9)
    with pytest.raises(ValueError, match="nesterov"):
        optimizer.load_state_dict(saved)
    assert optimizer.param_groups[0]["lr"] == 0.2


def test_loaded_values_choose_the_rule_and_its_state():
    p, q = tensors()[:1], tensors()[:1]
    source, target = SGD(p, lr=0.1, momentum=0.9), SGD(q, lr=0.1)
    walk(source, p, range(3), 0)
    q[0].data = p[0].data.copy()
    target.load_state_dict(source.state_dict())
    walk(source, p, range(3, 6), 0)
    walk(target, q, range(3, 6), 0)
    assert np.array_equal(p[0].data, q[0].data)


def test_optimizer_and_scheduler_together():
    def run(stop):
        params = tensors()
        optimizer = SGD(params, lr=0.5, momentum=0.9)
        scheduler = StepLR(optimizer, 2)
        rates = []
        for i in range(8):
            if i == stop:
                saved = optimizer.state_dict(), scheduler.state_dict()
                params = [Tensor(p.data.copy(), requires_grad=True) for p in params]
                optimizer = SGD(params, lr=0.5, momentum=0.9)
                scheduler = StepLR(optimizer, 2)
                optimizer.load_state_dict(through_json(saved[0]))
                scheduler.load_state_dict(through_json(saved[1]))
            walk(optimizer, params, [i], 0)
            rates += scheduler.get_last_lr()
            scheduler.step()
        return rates, [p.data for p in params]

    for stop in range(8):
        np.testing.assert_equal(run(stop), run(None))


def test_saving_changes_nothing():
    (p,) = params = [Tensor(np.ones(3), requires_grad=True)]
    optimizer = SGD(params, lr=0.1)
    optimizer.param_groups[0]["momentum"] = 0.9
    optimizer.state_dict()
    assert set(optimizer.state[p]) == {"t"}


def test_steps_are_counted_on():
    params = tensors()
    optimizer = Adam(params, lr=0.5)
    walk(optimizer, params, range(3), 0)
    saved = optimizer.state_dict()
    for state in (saved, {k: saved[k] for k in ("state", "param_groups")}):  # the older form
        other = Adam(params)
        other.load_state_dict(state)
        assert other.steps == optimizer.steps == 3


@pytest.mark.parametrize("value", [1e22, np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("cls", OPTIMIZERS, ids=lambda cls: cls.__name__)
def test_what_was_saved_can_be_loaded(cls, value, tmp_path):
    """Whatever the gradients were: what an optimizer took, it can save and take up again."""
    params = [Tensor(np.ones((2, 2), np.float32), requires_grad=True)]
    optimizer = cls(params)
    for g in (1.0, value, 1.0, -value, 1.0):
        params[0].grad = Tensor(np.full((2, 2), g, np.float32))
        with np.errstate(all="ignore"), contextlib.suppress(ValueError):  # refused: also fine
            optimizer.step()
    save_checkpoint(tmp_path / "it", optimizer=optimizer)
    other = cls(params)
    load_checkpoint(tmp_path / "it", optimizer=other)
    same(optimizer.state_dict(), other.state_dict())


def same(a, b) -> None:
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            same(a[key], b[key])
    elif isinstance(a, list):
        for one, other in zip(a, b, strict=True):
            same(one, other)
    else:
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("cls", OPTIMIZERS, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_a_parameter_without_elements_is_saved_and_loaded(cls, shape):
    params = [Tensor(np.zeros(shape, np.float32), requires_grad=True)]
    optimizer = cls(params)
    params[0].grad = Tensor(np.zeros(shape, np.float32))
    optimizer.step()
    other = cls(params)
    other.load_state_dict(optimizer.state_dict())
    same(optimizer.state_dict(), other.state_dict())
