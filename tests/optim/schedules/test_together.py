"""Several schedulers on one optimizer, one made of others, and what their states say."""

import contextlib
import copy
import gc
import json
import pickle
import signal
import warnings
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinytorch import Tensor, optim
from tinytorch.core.checks import ANYTHING
from tinytorch.optim import SGD, Adam
from tinytorch.optim.declarations import Value
from tinytorch.optim.schedules import together
from tinytorch.optim.schedules.together import product

KINDS = {
    "StepLR": lambda o: optim.StepLR(o, 3, 0.7),
    "MultiStepLR": lambda o: optim.MultiStepLR(o, [2, 5], 0.1),
    "LinearLR": lambda o: optim.LinearLR(o, 0.0, 1.0, 4),
    "CosineAnnealingLR": lambda o: optim.CosineAnnealingLR(o, 9, 0.01),
    "LambdaLR": lambda o: optim.LambdaLR(o, lambda t: 1 / (1 + t)),
    "OneCycleLR": lambda o: optim.OneCycleLR(o, 0.3, 30),
    "MultiplicativeLR": lambda o: optim.MultiplicativeLR(o, lambda t: 0.9),
    "ReduceLROnPlateau": lambda o: optim.ReduceLROnPlateau(
        o, patience=1, factor=0.5, cooldown=1, min_lr=1e-3
    ),
}


def tensors(count=1):
    return [Tensor(np.ones(2), requires_grad=True) for _ in range(count)]


def rated(*lrs):
    """An optimizer with one group for each rate."""
    groups = [{"params": tensors(), "lr": lr} for lr in lrs]
    return SGD(groups, momentum=0.9)


def values(optimizer):
    return [{k: v for k, v in g.items() if k != "params"} for g in optimizer.param_groups]


def step(scheduler, metric):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a step without the optimizer's
        scheduler.step(*([metric] if scheduler.watches else []))


def alone(make, rate, metrics):
    """The factors of one scheduler, by t."""
    scheduler = make(rated(rate))
    seen = [scheduler.get_last_lr()[0]]
    for metric in metrics:
        step(scheduler, metric)
        seen.append(scheduler.get_last_lr()[0])
    return np.array(seen) / rate


METRICS = [3.0, 2.0, 2.5, 2.6, 1.0, 1.5, 1.6, 1.7, 1.8, 0.5, 0.6, 0.7]


@pytest.mark.parametrize("first", KINDS)
@pytest.mark.parametrize("second", KINDS)
def test_two_schedulers_multiply(first, second):
    if first == second == "OneCycleLR":
        return  # both would move the momentum
    o = rated(0.5, 0.02)
    pair = [KINDS[first](o), KINDS[second](o)]
    seen = [pair[0].get_last_lr()]
    for metric in METRICS:
        o.step()
        for scheduler in pair:
            step(scheduler, metric)
        seen.append(pair[1].get_last_lr())
    for column, rate in zip(np.transpose(seen), (0.5, 0.02), strict=True):
        factors = [alone(KINDS[name], rate, METRICS) for name in (first, second)]
        np.testing.assert_allclose(column, rate * factors[0] * factors[1], rtol=1e-14)


def test_the_order_of_stepping_does_not_matter():
    a, b = rated(0.3), rated(0.3)
    names = ("StepLR", "CosineAnnealingLR", "LambdaLR")
    ours = [KINDS[name](a) for name in names]
    theirs = [KINDS[name](b) for name in reversed(names)]
    for _ in range(7):
        for scheduler in (*ours, *theirs):
            step(scheduler, None)
        assert ours[0].get_last_lr() == theirs[0].get_last_lr()


def test_a_finished_warm_up_leaves_the_others_rate_to_the_bit():
    o, single = rated(0.3), rated(0.3)
    warm, fall = optim.LinearLR(o, 0.1, 1.0, 2), optim.CosineAnnealingLR(o, 50)
    other = optim.CosineAnnealingLR(single, 50)
    for t in range(20):
        step(warm, None)
        step(fall, None)
        step(other, None)
        assert (fall.get_last_lr() == other.get_last_lr()) == (t >= 1)


def test_nothing_has_no_share():
    assert product(0.0, [0.0, 0.0]) == 0.0
    assert product(0.0, [0.0, 0.1]) == 0.1
    with pytest.raises(ValueError, match="initial lr is 0 cannot be multiplied"):
        product(0.0, [0.2, 0.1])


def test_one_that_takes_over_begins_where_the_others_are():
    """As PyTorch's users write it: the schedule, and from some epoch on SWALR alone."""
    o = rated(1.0, 0.2)
    fall = optim.ExponentialLR(o, 0.9)
    for _ in range(5):
        step(fall, None)
    taken = optim.SWALR(o, 0.05, 4, "linear")
    seen = [taken.get_last_lr()]
    for _ in range(6):
        step(taken, None)
        seen.append(taken.get_last_lr())
    for column, begin in zip(np.transpose(seen), (0.9**5, 0.2 * 0.9**5), strict=True):
        expected = begin + (0.05 - begin) * np.minimum(np.arange(7) / 4, 1)
        np.testing.assert_allclose(column, expected, rtol=1e-14)
    chained = rated(1.0)
    both = optim.ChainedScheduler(
        [optim.ConstantLR(chained, 0.5, 99), optim.SWALR(chained, 0.1, 2)]
    )
    seen = [both.get_last_lr()[0]] + [step(both, None) or both.get_last_lr()[0] for _ in range(3)]
    assert seen == pytest.approx([0.5, 0.3, 0.1, 0.1])


def test_a_factor_of_ones_own_is_asked_once_for_each_step():
    asked = []
    s = optim.MultiplicativeLR(rated(1.0, 1.0), lambda t: asked.append(t) or 0.5)
    for _ in range(4):
        step(s, None)
    assert (asked, s.get_last_lr()) == ([1, 2, 3, 4], [0.0625, 0.0625])


def test_who_is_replaced_has_no_say():
    """As when a notebook's cell is run again."""
    o = rated(1.0)
    scheduler = optim.StepLR(o, 1, 0.5)
    step(scheduler, None)
    scheduler = optim.ExponentialLR(o, 0.9)
    assert (o.schedulers, scheduler.get_last_lr()) == ([scheduler], [1.0])
    step(scheduler, None)
    assert scheduler.get_last_lr() == [0.9]
    del scheduler
    assert o.schedulers == []
    assert o.param_groups[0]["lr"] == 0.9


def test_an_optimizer_is_not_kept_alive_by_its_schedulers_list():
    o = rated(1.0)
    scheduler = optim.StepLR(o, 1)
    assert o.schedulers == [scheduler]
    reference = weakref.ref(o)
    gc.disable()
    try:
        del o, scheduler
        assert reference() is None
    finally:
        gc.enable()


def test_two_that_move_the_momentum_are_refused():
    o = rated(1.0)
    cycles = [optim.OneCycleLR(o, 1.0, 9), optim.OneCycleLR(o, 1.0, 9)]
    before = values(o)
    for scheduler in cycles:
        with pytest.raises(ValueError, match="momentum is set by another"):
            step(scheduler, None)
        assert (values(o), scheduler.t) == (before, 0)
    with pytest.raises(ValueError, match="ChainedScheduler: momentum is set by another"):
        optim.ChainedScheduler(cycles)
    assert values(o) == before


# Parts


@pytest.mark.parametrize("kind", KINDS)
def test_a_part_touches_nothing_before_its_turn(kind):
    o, other = rated(0.5, 0.1), rated(0.5, 0.1)
    parts = [optim.ConstantLR(o, 0.2, 9), KINDS[kind](o)]
    s = optim.SequentialLR(o, parts, [3])
    simple = optim.ConstantLR(other, 0.2, 9)
    for _ in range(2):
        assert values(o) == values(other)
        step(s, 1.0)
        step(simple, None)
    assert values(o) == values(other)


def test_parts_that_are_taken_back_in_any_order():
    o = Adam(tensors(), lr=0.1, betas=(0.6, 0.9))
    first, second = optim.OneCycleLR(o, 1.0, 9), optim.OneCycleLR(o, 1.0, 9, max_momentum=0.5)
    still = optim.ConstantLR(o, 1.0, 1)
    optim.SequentialLR(o, [still, second, first], [2, 4])
    assert values(o) == [{**values(o)[0], "lr": 0.1, "betas": (0.6, 0.9)}]


def test_a_value_set_by_hand_is_not_taken_back():
    o = rated(1.0)
    parts = [optim.ConstantLR(o, 1.0, 1), optim.OneCycleLR(o, 1.0, 9)]
    o.param_groups[0]["momentum"] = 0.3
    optim.SequentialLR(o, parts, [2])
    assert o.param_groups[0]["momentum"] == 0.3


def test_nested_parts():
    o = rated(1.0)
    plateau = optim.ReduceLROnPlateau(o, patience=0, factor=0.5)
    inner = optim.ChainedScheduler([optim.ExponentialLR(o, 0.9), plateau])
    s = optim.SequentialLR(o, [optim.ConstantLR(o, 0.1, 9), inner], [2])
    seen = [s.get_last_lr()[0]]
    for _ in range(4):
        step(s, 1.0)
        seen += s.get_last_lr()
    assert seen == pytest.approx([0.1, 0.1, 1, 0.9, 0.81 / 2])
    assert o.schedulers == [s]


def test_a_part_is_not_stepped_by_itself():
    o = rated(1.0)
    warm, plateau = optim.LinearLR(o, 0.1, 1.0, 3), optim.ReduceLROnPlateau(o)
    s = optim.SequentialLR(o, [warm, plateau], [3])
    before, states = values(o), [warm.state_dict(), plateau.state_dict()]
    for call in (warm.step, lambda: plateau.step(1.0)):
        with pytest.raises(RuntimeError, match="is a part of a SequentialLR: step that one only"):
            call()
    for part, state in zip((warm, plateau), states, strict=True):
        with pytest.raises(RuntimeError, match="is a part of a SequentialLR: load that one only"):
            part.load_state_dict(state)
    assert values(o) == before
    with pytest.raises(ValueError, match="is a part already, and cannot judge for two"):
        optim.ChainedScheduler([plateau])
    with pytest.raises(ValueError, match="is a part already, and cannot judge for two"):
        optim.ChainedScheduler([other := optim.ReduceLROnPlateau(o), other])
    assert s.optimizer.schedulers == [s, other]


def test_a_whole_that_is_refused_leaves_its_parts_as_they_were():
    o = rated(1.0)
    bad = optim.LambdaLR(o, lambda t: 0.5)
    parts = [bad, optim.OneCycleLR(o, 0.4, 9)]
    before = values(o)
    with pytest.raises(ValueError, match="need 1 milestones"):
        optim.SequentialLR(o, parts, [])
    bad.lr_lambda = lambda t: -1.0
    for whole in (lambda: optim.SequentialLR(o, parts, [2]), lambda: optim.ChainedScheduler(parts)):
        with pytest.raises(ValueError, match="lr must be a finite number >= 0"):
            whole()
        assert (values(o), o.schedulers) == (before, parts)
    bad.lr_lambda = lambda t: 0.5
    for part in parts:
        step(part, None)


def test_a_scheduler_that_is_refused_sets_nothing():
    o = SGD(tensors(), lr=1.0)
    before = dict(o.param_groups[0])
    for make in (
        lambda: optim.LambdaLR(o, lambda t: -1.0),
        lambda: optim.StepLR(o, 0),
        lambda: optim.OneCycleLR(o, 1.0, 9, base_momentum=1.0),
    ):
        with pytest.raises(ValueError, match="must be"):
            make()
        assert (dict(o.param_groups[0]), o.schedulers) == (before, [])


# Warm up, then watch


def test_warm_up_and_then_a_plateau():
    o = rated(1.0)
    plateau = optim.ReduceLROnPlateau(o, patience=1, factor=0.1)
    s = optim.SequentialLR(o, [optim.LinearLR(o, 0.25, 1.0, 3), plateau], [3])
    assert s.watches
    seen = []
    for _ in range(9):
        seen += s.get_last_lr()
        o.step()
        s.step(1.0)  # a loss that never improves
    assert seen == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1, 0.1, 0.1, 0.01])


def test_what_came_before_its_turn_is_not_judged():
    o = rated(1.0)
    plateau = optim.ReduceLROnPlateau(o)
    s = optim.SequentialLR(o, [optim.ConstantLR(o, 1.0, 1), plateau], [2])
    for metric in (0.1, 0.2, 5.0):
        step(s, metric)
    assert (plateau.best, plateau.bad) == (5.0, 0)


def test_the_metric_is_asked_for_at_once():
    o = rated(1.0)
    s = optim.SequentialLR(o, [optim.LinearLR(o), optim.ReduceLROnPlateau(o)], [5])
    with pytest.raises(TypeError, match=r"SequentialLR: step\(\) needs the metric"):
        s.step()
    with pytest.raises(ValueError, match="SequentialLR: metric must be a number, got 'low'"):
        s.step("low")
    other = optim.ChainedScheduler([optim.StepLR(o, 1)])
    with pytest.raises(TypeError, match=r"ChainedScheduler: step\(\) takes no metric"):
        other.step(1.0)
    assert (s.t, other.t) == (0, 0)


# All or nothing


def test_a_step_that_raises_has_changed_no_group():
    """The lower momentum is 0, which only the second group cannot take."""
    groups = [{"params": tensors()}, {"params": tensors(), "nesterov": True}]
    o = SGD(groups, lr=1.0, momentum=0.9)
    s = optim.OneCycleLR(o, 1.0, 4, pct_start=0.5, base_momentum=0.0)
    before = values(o)
    o.step()
    with pytest.raises(ValueError, match="nesterov"):
        s.step()
    assert (values(o), s.t) == (before, 0)


def test_setting_a_value_in_all_groups_is_all_or_nothing():
    groups = [{"params": tensors()}, {"params": tensors(), "nesterov": True}]
    o = SGD(groups, lr=1.0, momentum=0.9)
    with pytest.raises(ValueError, match="nesterov"):
        o.momentum = 0.0
    assert [g["momentum"] for g in o.param_groups] == [0.9, 0.9]


def test_a_metric_whose_cut_is_refused_was_not_judged():
    o = rated(1.0)
    bad = optim.LambdaLR(o, lambda t: 1.0)
    plateau = optim.ReduceLROnPlateau(o, patience=0)
    plateau.step(1.0)
    before, rates = plateau.state_dict(), values(o)
    bad.lr_lambda = lambda t: float("nan")
    with pytest.raises(ValueError, match="lr must be a finite number >= 0"):
        plateau.step(2.0)
    assert (plateau.state_dict(), values(o)) == (before, rates)


def test_values_are_pythons_own():
    o = rated(np.float64(1.0), 0.5)
    kept = [optim.LambdaLR(o, lambda t: np.float32(0.5)), optim.ExponentialLR(o, np.float64(0.9))]
    for scheduler in kept:
        step(scheduler, None)
    for group in o.param_groups:
        assert {type(group["lr"]), type(group["initial_lr"])} == {float}


@pytest.mark.parametrize("kind", KINDS)
def test_ctrl_c_finds_no_step_half_done(kind, monkeypatch):
    o = rated(0.5, 0.1)
    s = KINDS[kind](o)
    done = type(o).set_values

    def interrupted(self, changes, owner=""):
        signal.raise_signal(signal.SIGINT)
        return done(self, changes, owner)

    twin = KINDS[kind](rated(0.5, 0.1))
    monkeypatch.setattr(type(o), "set_values", interrupted)
    for metric in METRICS[:4]:
        with contextlib.suppress(KeyboardInterrupt):
            step(s, metric)
    monkeypatch.undo()
    for metric in METRICS[:4]:
        step(twin, metric)
    assert (values(o), s.state_dict()) == (values(twin.optimizer), twin.state_dict())


# A group that is added later


@pytest.mark.parametrize("when", [0, 4])
def test_a_group_that_is_added_later_is_ruled_like_the_others(when):
    o, whole = rated(0.5), rated(0.5, 0.08)
    ours, theirs = (
        [optim.LinearLR(x, 0.1, 1.0, 3), optim.CosineAnnealingLR(x, 9, 0.01)] for x in (o, whole)
    )
    for t in range(8):
        if t == when:
            o.add_param_group({"params": tensors(), "lr": 0.08})
        for scheduler in (*ours, *theirs):
            step(scheduler, None)
        if t >= when:
            assert values(o) == values(whole)


def test_the_momentum_of_a_group_that_is_added_later():
    o, whole = rated(0.5), rated(0.5, 0.5)
    ours, theirs = (optim.OneCycleLR(x, 1.0, 20) for x in (o, whole))
    step(ours, None), step(theirs, None)
    o.param_groups[0]["lr"] = 0.123
    o.add_param_group({"params": tensors()})
    assert values(o)[1]["momentum"] == values(whole)[1]["momentum"]
    assert values(o)[1]["lr"] == values(whole)[1]["lr"]
    assert o.param_groups[0]["lr"] == 0.123


def test_a_plateau_takes_a_late_group_as_it_is():
    o = rated(1.0)
    s = optim.ReduceLROnPlateau(o, patience=0, factor=0.5)
    for _ in range(3):
        s.step(1.0)
    o.add_param_group({"params": tensors(), "lr": 0.8})
    assert s.get_last_lr() == [0.25, 0.8]
    s.step(1.0)
    assert s.get_last_lr() == [0.125, 0.4]
    other = optim.ReduceLROnPlateau(rated(1.0, 0.8), patience=0, factor=0.5)
    other.load_state_dict(s.state_dict())
    assert other.get_last_lr() == [0.125, 0.4]


LISTS = {
    "OneCycleLR": lambda o: optim.OneCycleLR(o, [1.0], 9),
    "LambdaLR": lambda o: optim.LambdaLR(o, [abs]),
    "ReduceLROnPlateau": lambda o: optim.ReduceLROnPlateau(o, min_lr=[0.1]),
    "SequentialLR": lambda o: optim.SequentialLR(
        o, [optim.StepLR(o, 1), optim.OneCycleLR(o, [1.0], 9)], [3]
    ),
}


@pytest.mark.parametrize("kind", LISTS)
def test_a_list_with_one_value_a_group_refuses_another_group(kind):
    o = SGD(tensors(), lr=0.5, momentum=0.9)
    s = LISTS[kind](o)
    before, (late,) = values(o), tensors()
    with pytest.raises(ValueError, match="is a list of 1, one a group, and there are 2 groups"):
        o.add_param_group({"params": [late]})
    assert values(o) == before
    assert late not in o.state
    step(s, 1.0)
    with pytest.raises(ValueError, match="is a list of 1, one a group"):
        LISTS[kind](rated(0.5, 0.1))


# Copies and states


def both(o):
    """A sequence that watches, of which a part is made of others, next to another scheduler."""
    parts = [
        optim.LinearLR(o, 0.0, 1.0, 4),
        optim.ChainedScheduler([optim.ReduceLROnPlateau(o, patience=1), optim.StepLR(o, 5)]),
        optim.CosineAnnealingLR(o, 7),
    ]
    return [optim.SequentialLR(o, parts, [4, 11]), optim.ExponentialLR(o, 0.97)]


MAKERS = {**{name: lambda o, m=make: [m(o)] for name, make in KINDS.items()}, "both": both}


def run(o, schedulers, metrics):
    seen = []
    for metric in metrics:
        o.step()
        for scheduler in schedulers:
            step(scheduler, metric)
        seen.append(values(o))
    return seen


@pytest.mark.parametrize("name", MAKERS)
@settings(max_examples=8)
@given(
    k=st.integers(0, 14),
    metrics=st.lists(
        st.floats(-3, 3) | st.sampled_from([np.inf, np.nan]), min_size=14, max_size=14
    ),
)
def test_resuming_equals_never_stopping(name, k, metrics):
    o = rated(0.5, 0.03)
    expected = run(o, MAKERS[name](o), metrics)
    o = rated(0.5, 0.03)
    schedulers = MAKERS[name](o)
    run(o, schedulers, metrics[:k])
    saved = json.loads(json.dumps([s.state_dict() for s in schedulers]))
    other = rated(0.5, 0.03)
    fresh = MAKERS[name](other)
    other.load_state_dict(o.state_dict())
    for part, state in zip(fresh, saved, strict=True):
        part.load_state_dict(state)
    assert values(other) == values(o)
    assert [s.state_dict() for s in fresh] == [s.state_dict() for s in schedulers]
    assert run(other, fresh, metrics[k:]) == expected[k:]


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
@pytest.mark.parametrize(
    "name", [n for n in MAKERS if "Lambda" not in n and n != "MultiplicativeLR"]
)
@pytest.mark.parametrize("order", [1, -1])
def test_a_copy_has_schedulers_of_its_own(name, duplicate, order):
    o = rated(0.5, 0.03)
    schedulers = MAKERS[name](o)
    run(o, schedulers, METRICS[:5])
    (other, fresh) = duplicate((o, schedulers)[::order])[::order]
    assert all(s.optimizer is other for s in fresh)
    assert set(map(id, other.schedulers)) == set(map(id, fresh))
    after = values(o)
    expected = run(other, fresh, METRICS[5:])
    assert values(o) == after
    assert run(o, schedulers, METRICS[5:]) == expected


def test_a_copy_of_the_optimizer_alone_has_no_schedulers():
    o = rated(1.0)
    s = optim.StepLR(o, 1)
    assert copy.deepcopy(o).schedulers == []
    assert o.schedulers == [s]


OTHERS = {  # what differs: two of a kind
    "gamma": [lambda o: optim.StepLR(o, 3, 0.5), lambda o: optim.StepLR(o, 3, 0.1)],
    "milestones": [lambda o: optim.MultiStepLR(o, [3]), lambda o: optim.MultiStepLR(o, [3, 3])],
    "max_lr": [lambda o: optim.OneCycleLR(o, 1.0, 9), lambda o: optim.OneCycleLR(o, [1.0], 9)],
    "total_steps": [lambda o: optim.OneCycleLR(o, 1.0, 9), lambda o: optim.OneCycleLR(o, 1.0, 8)],
    "patience": [
        lambda o: optim.ReduceLROnPlateau(o),
        lambda o: optim.ReduceLROnPlateau(o, patience=3),
    ],
    "schedulers": [
        lambda o: optim.ChainedScheduler([optim.StepLR(o, 3)]),
        lambda o: optim.ChainedScheduler([optim.StepLR(o, 4)]),
    ],
    "state is of StepLR": [
        lambda o: optim.StepLR(o, 3),
        lambda o: optim.ExponentialLR(o, 0.5),
    ],
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_state_is_not_loaded_into_a_scheduler_that_was_made_otherwise(name):
    one, two = (make(rated(1.0)) for make in OTHERS[name])
    before = two.state_dict(), values(two.optimizer)
    step(one, 1.0)
    saved = json.loads(json.dumps(one.state_dict()))
    with pytest.raises(ValueError, match=name):
        two.load_state_dict(saved)
    assert (two.state_dict(), values(two.optimizer)) == before


def test_an_argument_is_changed_after_loading():
    """As when a schedule is to go on for longer than it was made for."""
    saved = optim.WarmupCosine(rated(1.0), 2, 9).state_dict() | {"t": 5}
    s = optim.WarmupCosine(rated(1.0), 2, 9)
    s.load_state_dict(saved)
    s.total_steps = 20
    step(s, None)
    longer = optim.WarmupCosine(rated(1.0), 2, 20)
    assert s.get_last_lr() == [longer.lr(6, 1.0)]
    with pytest.raises(ValueError, match="total_steps must be greater than warmup_steps"):
        s.total_steps = 2
    assert s.total_steps == 20
    cycle = optim.OneCycleLR(rated(1.0), 1.0, epochs=2, steps_per_epoch=3)
    cycle.total_steps = 12
    assert cycle.values(11, [1.0]) == optim.OneCycleLR(rated(1.0), 1.0, 12).values(11, [1.0])
    plateau = optim.ReduceLROnPlateau(rated(1.0), patience=0)
    plateau.step(1.0)
    plateau.patience = 4
    assert plateau.best == 1.0
    parts = [optim.StepLR(cycle.optimizer, 1), optim.ReduceLROnPlateau(cycle.optimizer)]
    sequence = optim.SequentialLR(cycle.optimizer, parts, [2])
    sequence.milestones = [3]
    with pytest.raises(ValueError, match="milestones must be increasing"):
        sequence.milestones = [0]
    with pytest.raises(TypeError, match="schedulers cannot be exchanged"):
        sequence.schedulers = parts
    assert (sequence.milestones, sequence.schedulers) == ([3], parts)


def test_two_spellings_of_one_schedule_have_one_state():
    one = optim.OneCycleLR(rated(1.0), 1.0, total_steps=12)
    optim.OneCycleLR(rated(1.0), 1.0, epochs=3, steps_per_epoch=4).load_state_dict(one.state_dict())


def test_a_state_from_before_an_argument_was_there_has_its_default():
    saved = optim.StepLR(rated(1.0), 3).state_dict()
    del saved["made_with"]["gamma"]
    optim.StepLR(rated(1.0), 3).load_state_dict(saved)
    with pytest.raises(ValueError, match=r"made with gamma=0\.5, the saved one with gamma=0\.1"):
        optim.StepLR(rated(1.0), 3, 0.5).load_state_dict(saved)


def test_states_of_earlier_versions_are_taken():
    s = optim.StepLR(rated(1.0), 1, 0.5)
    s.load_state_dict({"t": 2, "base_lrs": [0.8]})
    assert (s.get_last_lr(), s.base_lrs) == ([0.2], [0.8])
    p = optim.ReduceLROnPlateau(rated(1.0))
    p.load_state_dict({"t": 4, "best": 0.5, "bad": 2, "cooling": 0, "lrs": [0.01]})
    assert (p.get_last_lr(), p.best) == ([0.01], 0.5)


def test_a_state_never_holds_a_function():
    s = optim.LambdaLR(rated(1.0, 1.0), [abs, lambda t: 1.0])
    assert s.state_dict()["made_with"] == {"lr_lambda": 2}

    class Own(optim.Scheduler):
        f = Value(ANYTHING, "a function", default=abs)

        def factor(self, t):
            return self.f(1)

    assert Own(rated(1.0)).state_dict()["made_with"] == {"f": "builtin_function_or_method"}


@pytest.mark.parametrize(
    "parts", [None, [], [None], [None, None], [{}, None], [None, {"t": 1}], "no", 3]
)
def test_wrong_states_of_parts_are_refused(parts):
    o = rated(1.0)
    s = optim.SequentialLR(o, [optim.LinearLR(o), optim.ReduceLROnPlateau(o)], [5])
    before = s.state_dict(), values(o)
    with pytest.raises((TypeError, ValueError), match="SequentialLR: parts"):
        s.load_state_dict({**before[0], "parts": parts})
    assert (s.state_dict(), values(o)) == before


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_after_the_rates_were_set_takes_them_back(kind, monkeypatch):
    """As of the memory, in the last lines of a call."""
    p, q = tensors(2)
    optimizer = SGD([{"params": [p]}, {"params": [q], "lr": 0.5}], lr=1.0, momentum=0.9)
    scheduler = KINDS[kind](optimizer)
    call = [1.0] if scheduler.watches else []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the optimizer has not stepped yet
        scheduler.step(*call)
        scheduler.step(*call)
        before = copy.deepcopy([dict(g, params=0) for g in optimizer.param_groups])
        state, right = scheduler.state_dict(), together.apply

        def failing(*arguments, **options):
            right(*arguments, **options)
            raise MemoryError("no more")

        monkeypatch.setattr(together, "apply", failing)
        with pytest.raises(MemoryError):
            scheduler.step(*call)
    assert [dict(g, params=0) for g in optimizer.param_groups] == before
    assert scheduler.state_dict() == state
