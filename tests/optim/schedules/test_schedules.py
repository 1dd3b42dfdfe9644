"""Schedulers: against PyTorch over 200 steps, exact values at the boundaries, and refusals."""

import json
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.optim.schedules.cases import CASES, GOLDEN, RATES, STEPS, build, torch_rates
from tinytorch import Tensor, optim
from tinytorch.optim import SGD, Adagrad, Adam
from tinytorch.optim.schedules import SCHEDULERS

NAN, INF = float("nan"), float("inf")


def optimizer(lr=1.0, kind=SGD, **kwargs):
    return kind([Tensor(np.zeros(2), requires_grad=True)], lr=lr, **kwargs)


def two_groups():
    params = [Tensor(np.zeros(2), requires_grad=True) for _ in RATES]
    groups = [{"params": [p], "lr": lr} for p, lr in zip(params, RATES, strict=True)]
    return SGD(groups, momentum=0.9)


def walk(scheduler, steps, see=lambda scheduler: scheduler.get_last_lr()[0]):
    """What is seen at t = 0, 1, .., steps."""
    seen = [see(scheduler)]
    for _ in range(steps):
        scheduler.optimizer.step()
        scheduler.step()
        seen.append(see(scheduler))
    return seen


def everything(scheduler):
    group = scheduler.optimizer.param_groups[0]
    return [*scheduler.get_last_lr(), group["momentum"]]


@pytest.mark.parametrize("case", CASES)
def test_equals_pytorch(case):
    pytest.importorskip("torch", reason="PyTorch is the referee of this test")
    ours = walk(build(case, two_groups(), optim), STEPS, everything)
    np.testing.assert_allclose(ours, torch_rates(case), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("case", CASES)
def test_equals_what_pytorch_once_did(case):
    golden = json.loads(GOLDEN.read_text())
    ours = walk(build(case, two_groups(), optim), STEPS, everything)[:: golden["every"]]
    np.testing.assert_allclose(ours, golden["rates"][case], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("case", CASES)
def test_is_a_function_of_t(case):
    """Asked out of order, a schedule says what it does when it is run."""
    scheduler = build(case, two_groups(), optim)
    asked = {t: [v["lr"] for v in scheduler.values(t, list(RATES))] for t in (57, 3, 120, 0, 57)}
    run = walk(scheduler, 120, lambda s: s.get_last_lr())
    for t, lrs in asked.items():
        assert run[t] == lrs


@pytest.mark.parametrize("case", CASES)
@settings(max_examples=5)
@given(k=st.integers(0, 60))
def test_resuming_equals_never_stopping(case, k):
    whole = walk(build(case, two_groups(), optim), 60, everything)
    first = build(case, two_groups(), optim)
    walk(first, k)
    saved = json.loads(json.dumps(first.state_dict()))
    assert set(saved) == {"scheduler", "made_with", "t", "base_lrs"}
    second = build(case, two_groups(), optim)
    second.load_state_dict(saved)
    assert everything(second) == whole[k]
    assert walk(second, 60 - k, everything) == whole[k:]


def values(make, *ts):
    seen = walk(make(optimizer()), max(ts))
    return [seen[t] for t in ts]


EXACT = {  # at 0, on both sides of each boundary, and past the end
    "StepLR": (
        lambda o: optim.StepLR(o, 3, 0.5),
        {0: 1, 2: 1, 3: 0.5, 5: 0.5, 6: 0.25, 60: 2**-20},
    ),
    "MultiStepLR": (
        lambda o: optim.MultiStepLR(o, [4, 2, 4], 0.5),
        {0: 1, 1: 1, 2: 0.5, 3: 0.5, 4: 0.125, 50: 0.125},
    ),
    "ExponentialLR": (lambda o: optim.ExponentialLR(o, 0.5), {0: 1, 1: 0.5, 10: 2**-10}),
    "LambdaLR": (lambda o: optim.LambdaLR(o, lambda t: 1 / (1 + t)), {0: 1, 1: 0.5, 3: 0.25}),
    "LinearLR, from nothing": (
        lambda o: optim.LinearLR(o, 0.0, 1.0, 2),
        {0: 0, 1: 0.5, 2: 1, 9: 1},
    ),
    "LinearLR": (
        lambda o: optim.LinearLR(o, 0.25, 0.75, 4),
        {0: 0.25, 1: 0.375, 3: 0.625, 4: 0.75, 5: 0.75, 50: 0.75},
    ),
    "ConstantLR": (lambda o: optim.ConstantLR(o, 0.25, 4), {0: 0.25, 3: 0.25, 4: 1, 50: 1}),
    "PolynomialLR": (
        lambda o: optim.PolynomialLR(o, 4, 2),
        {0: 1, 1: 0.5625, 3: 0.0625, 4: 0, 5: 0, 50: 0},
    ),
    "CosineAnnealingLR": (
        lambda o: optim.CosineAnnealingLR(o, 4, 0.5),
        {0: 1, 2: 0.75, 4: 0.5, 6: 0.75, 8: 1, 12: 0.5},
    ),
    "CosineAnnealingWarmRestarts": (
        lambda o: optim.CosineAnnealingWarmRestarts(o, 2, 2),
        {0: 1, 1: 0.5, 2: 1, 4: 0.5, 6: 1, 10: 0.5, 14: 1, 30: 1},
    ),
    "WarmupCosine": (
        lambda o: optim.WarmupCosine(o, 4, 8, start_factor=0.5, eta_min=0.5),
        {0: 0.5, 2: 0.75, 4: 1, 6: 0.75, 8: 0.5, 9: 0.5, 50: 0.5},
    ),
    "WarmupCosine, from nothing": (
        lambda o: optim.WarmupCosine(o, 2, 4, start_factor=0.0),
        {0: 0, 1: 0.5, 2: 1, 3: 0.5, 4: 0},
    ),
    "WarmupCosine, no warm-up": (lambda o: optim.WarmupCosine(o, 0, 2), {0: 1, 1: 0.5, 2: 0, 3: 0}),
    "WarmupStableDecay": (
        lambda o: optim.WarmupStableDecay(o, 4, 3, 4, start_factor=0.5, final_factor=0.2),
        {0: 0.5, 2: 0.75, 4: 1, 7: 1, 8: 0.8, 10: 0.4, 11: 0.2, 12: 0.2, 50: 0.2},
    ),
    "WarmupStableDecay, by the root": (
        lambda o: optim.WarmupStableDecay(o, 0, 0, 4, cooldown="sqrt"),
        {0: 1, 1: 0.5, 2: 1 - 0.5**0.5, 4: 0, 5: 0},
    ),
    "WarmupStableDecay, by a cosine": (
        lambda o: optim.WarmupStableDecay(o, 0, 2, 2, final_factor=0.5, cooldown="cosine"),
        {0: 1, 2: 1, 3: 0.75, 4: 0.5, 9: 0.5},
    ),
    "WarmupStableDecay, at once": (
        lambda o: optim.WarmupStableDecay(o, 1, 1, 0, start_factor=0.0, final_factor=0.5),
        {0: 0, 1: 1, 2: 1, 3: 0.5, 9: 0.5},
    ),
    "TransformerLR": (
        lambda o: optim.TransformerLR(o, 4, 4),
        {0: 1 / 16, 1: 1 / 8, 3: 1 / 4, 8: 1 / 6, 99: 1 / 20},
    ),
    "OneCycleLR": (
        lambda o: optim.OneCycleLR(o, 1.0, 10, cycle_momentum=False, final_div_factor=4),
        {0: 0.04, 1: 0.52, 2: 1, 9: 0.01, 10: 0.01},
    ),
    "MultiplicativeLR": (
        lambda o: optim.MultiplicativeLR(o, lambda t: 1 / t),
        {0: 1, 1: 1, 2: 0.5, 3: 1 / 6, 4: 1 / 24},
    ),
    "CyclicLR": (
        lambda o: optim.CyclicLR(o, 0.0, 1.0, 4, 2, cycle_momentum=False),
        {0: 0, 1: 0.25, 4: 1, 5: 0.5, 6: 0, 7: 0.25, 60: 0},
    ),
    "CyclicLR, halved": (
        lambda o: optim.CyclicLR(o, 0.0, 1.0, 2, mode="triangular2", cycle_momentum=False),
        {0: 0, 2: 1, 4: 0, 6: 0.5, 9: 0.125, 10: 0.25},
    ),
    "SWALR": (
        lambda o: optim.SWALR(o, 0.5, 4),
        {0: 1, 2: 0.75, 4: 0.5, 5: 0.5, 60: 0.5},
    ),
    "SequentialLR": (
        lambda o: optim.SequentialLR(
            o, [optim.ConstantLR(o, 0.5, 9), optim.StepLR(o, 2, 0.5)], [3]
        ),
        {0: 0.5, 2: 0.5, 3: 1, 4: 1, 5: 0.5, 7: 0.25},
    ),
    "ChainedScheduler": (
        lambda o: optim.ChainedScheduler([optim.ConstantLR(o, 0.5, 2), optim.StepLR(o, 2, 0.5)]),
        {0: 0.5, 1: 0.5, 2: 0.5, 4: 0.25},
    ),
}


@pytest.mark.parametrize("name", EXACT)
def test_exact_values(name):
    make, expected = EXACT[name]
    assert values(make, *expected) == pytest.approx(list(expected.values()), rel=1e-15, abs=1e-16)


def test_every_scheduler_has_exact_values():
    kinds = {kind.__name__ for kind in SCHEDULERS if not kind.watches}
    assert kinds == {name for name in EXACT if "," not in name}


def test_warmup_cosine_is_a_sequence():
    a = walk(optim.WarmupCosine(optimizer(0.3), 7, 40, 0.2, 0.01), 40)
    o = optimizer(0.3)
    children = [optim.LinearLR(o, 0.2, 1.0, 7), optim.CosineAnnealingLR(o, 33, 0.01)]
    b = walk(optim.SequentialLR(o, children, [7]), 40)
    assert a == pytest.approx(b, rel=1e-14)


def test_a_longer_stable_part_changes_nothing_before_it():
    short = walk(optim.WarmupStableDecay(optimizer(0.3), 5, 10, 6), 15)
    assert walk(optim.WarmupStableDecay(optimizer(0.3), 5, 40, 6), 45)[:16] == short


def test_transformer_schedule_is_the_papers():
    seen = walk(optim.TransformerLR(optimizer(), 512, 4000), 5000)
    for step_num in (1, 2, 3999, 4000, 4001, 5000):
        paper = 512**-0.5 * min(step_num**-0.5, step_num * 4000**-1.5)
        assert seen[step_num - 1] == pytest.approx(paper, rel=1e-15)
    assert max(seen) == seen[3999]


def test_nested_composites():
    o = optimizer()
    inner = optim.SequentialLR(o, [optim.ConstantLR(o, 0.5, 9), optim.ExponentialLR(o, 0.5)], [2])
    outer = optim.SequentialLR(o, [optim.ConstantLR(o, 0.1, 9), inner], [1])
    assert walk(outer, 5) == pytest.approx([0.1, 0.5, 0.5, 1, 0.5, 0.25])


def test_a_second_scheduler_starts_from_the_initial_rate():
    o = optimizer(0.8)
    optim.ConstantLR(o, 0.5, 3)
    assert optim.StepLR(o, 1, 0.5).base_lrs == [0.8]


def test_one_cycle_moves_the_momentum_the_other_way():
    def see(scheduler):
        return scheduler.optimizer.param_groups[0]["betas"]

    scheduler = optim.OneCycleLR(optimizer(kind=Adam, betas=(0.5, 0.75)), 1.0, 10)
    seen = walk(scheduler, 10, see)
    expected = {0: 0.95, 1: 0.9, 2: 0.85, 9: 0.95, 10: 0.95}
    assert {t: seen[t][0] for t in expected} == pytest.approx(expected)
    assert {second for _, second in seen} == {0.75}


def test_one_cycle_can_begin_from_no_momentum():
    o = optimizer(momentum=0.0)
    p = o.param_groups[0]["params"][0]
    optim.OneCycleLR(o, 1.0, 10)
    p.grad = Tensor(np.ones(2))
    o.step()
    o.step()
    assert p.data == pytest.approx(-0.04 * (1 + 1.95) * np.ones(2))


@pytest.mark.parametrize("strategy", ["cos", "linear"])
def test_one_cycle_ends(strategy):
    scheduler = optim.OneCycleLR(optimizer(momentum=0.9), 1.0, 5, anneal_strategy=strategy)
    seen = walk(scheduler, 5)
    assert seen[4] == seen[5] == pytest.approx(4e-6, rel=1e-12)
    with pytest.raises(ValueError, match="all of its total_steps = 5 steps"):
        scheduler.step()
    assert scheduler.t == 5
    assert scheduler.get_last_lr() == [seen[5]]


# ReduceLROnPlateau


PLATEAUS = [
    dict(),
    dict(patience=2, factor=0.5),
    dict(patience=0, cooldown=3, factor=0.5),
    dict(patience=1, mode="max", factor=0.7),
    dict(patience=1, mode="max", threshold=0.3, threshold_mode="abs"),
    dict(patience=1, threshold=0.2, threshold_mode="rel", cooldown=1),
    dict(patience=0, min_lr=[0.1, 0.001], factor=0.3),
    dict(patience=0, eps=0.05, factor=0.5),
]


def metrics():
    rng = np.random.default_rng(5)
    # Above zero: below it PyTorch's relative threshold turns round, and ours does not.
    return (1 / (1 + np.arange(200) / 10) + 0.1 * rng.normal(size=200) + 0.5).tolist()


@pytest.mark.parametrize("kwargs", PLATEAUS)
def test_plateau_equals_pytorch(kwargs):
    torch = pytest.importorskip("torch", reason="PyTorch is the referee of this test")
    params = [torch.zeros(2, requires_grad=True) for _ in RATES]
    groups = [{"params": [p], "lr": lr} for p, lr in zip(params, RATES, strict=True)]
    theirs = torch.optim.SGD(groups, lr=1.0)
    their = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, **kwargs)
    our = optim.ReduceLROnPlateau(two_groups(), **kwargs)
    for metric in metrics():
        our.step(metric)
        their.step(metric)
        assert our.get_last_lr() == pytest.approx(their.get_last_lr(), rel=1e-12)


def test_plateau_by_hand():
    scheduler = optim.ReduceLROnPlateau(optimizer(), factor=0.5, patience=1, cooldown=2)
    seen = []
    for metric in (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5):
        scheduler.step(metric)
        seen.append(scheduler.get_last_lr()[0])
    #       best  bad  cut  cool cool bad  cut  better (cooling)
    assert seen == [1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25]


def test_plateau_threshold_is_strict():
    scheduler = optim.ReduceLROnPlateau(
        optimizer(), threshold=0.5, threshold_mode="abs", patience=9
    )
    for metric in (2.0, 1.5, 1.4):
        scheduler.step(metric)
    assert (scheduler.best, scheduler.bad) == (1.4, 0)
    scheduler.step(0.9)
    assert (scheduler.best, scheduler.bad) == (1.4, 1)


@pytest.mark.parametrize("k", [0, 1, 7, 40])
def test_plateau_resumes(k):
    def make():
        return optim.ReduceLROnPlateau(two_groups(), patience=1, factor=0.8, cooldown=1)

    whole, first = make(), make()
    seen = []
    for metric in metrics()[:60]:
        whole.step(metric)
        seen.append(whole.get_last_lr())
    for metric in metrics()[:k]:
        first.step(metric)
    second = make()
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    for t in range(k, 60):
        second.step(metrics()[t])
        assert second.get_last_lr() == seen[t]


@pytest.mark.parametrize("metric", [NAN, INF, -INF])
@pytest.mark.parametrize("first", [True, False])
def test_a_metric_that_overflowed_is_a_bad_one(metric, first):
    scheduler = optim.ReduceLROnPlateau(optimizer(), patience=1)
    if not first:
        scheduler.step(2.0)
    for _ in range(2):
        scheduler.step(metric)
    assert scheduler.best == (None if first else 2.0)
    assert scheduler.get_last_lr() == pytest.approx([0.1])


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("threshold_mode", ["rel", "abs"])
@pytest.mark.parametrize("level", [-1e3, -1.0, 0.0, 1.0])
def test_a_metric_below_zero_is_judged_as_one_above(mode, threshold_mode, level):
    """What stands still or gets worse never counts as better, on either side of zero."""
    worse = 1 if mode == "min" else -1
    for drift in (0.0, 1e-5, 0.1):
        scheduler = optim.ReduceLROnPlateau(optimizer(), mode, threshold_mode=threshold_mode)
        for i in range(12):
            scheduler.step(level + worse * drift * i)
        assert scheduler.best == level
        assert scheduler.get_last_lr()[0] < 1.0
    scheduler.step(level - worse * (1 + abs(level)))
    assert scheduler.best == level - worse * (1 + abs(level))


@pytest.mark.parametrize("metric", [None, "low"])
def test_plateau_refuses_a_metric_that_is_no_number(metric):
    scheduler = optim.ReduceLROnPlateau(optimizer())
    before = scheduler.state_dict()
    with pytest.raises(ValueError, match="metric must be a number, got"):
        scheduler.step(metric)
    assert scheduler.state_dict() == before


# Refusals


def plain(name, *args, **kwargs):
    return f"{name}{args}{kwargs}", lambda o: getattr(optim, name)(o, *args, **kwargs)


REFUSED = [
    *(plain("StepLR", n) for n in (0, -1, 2.0, True, "3", NAN)),
    *(plain("StepLR", 3, g) for g in (0, -0.1, NAN, INF, "x", None)),
    *(plain("MultiStepLR", m) for m in ([-1], [1.5], 3, "12", [True])),
    plain("MultiStepLR", [3], gamma=NAN),
    *(plain("ExponentialLR", g) for g in (0, -1, NAN, INF)),
    *(plain("LinearLR", start_factor=f) for f in (-0.5, 1.5, NAN)),
    *(plain("LinearLR", end_factor=f) for f in (-0.5, 1.5, NAN)),
    *(plain("LinearLR", total_iters=n) for n in (0, -1, 2.5)),
    *(plain("ConstantLR", factor=f) for f in (-0.5, 1.5, NAN)),
    plain("ConstantLR", total_iters=0),
    *(plain("PolynomialLR", total_iters=n) for n in (0, -1, 2.5)),
    *(plain("PolynomialLR", power=p) for p in (-1, NAN, INF)),
    *(plain("CosineAnnealingLR", n) for n in (0, -1, 2.5)),
    *(plain("CosineAnnealingLR", 5, e) for e in (-0.1, NAN, INF)),
    *(plain("CosineAnnealingWarmRestarts", n) for n in (0, -1, 2.5)),
    *(plain("CosineAnnealingWarmRestarts", 5, m) for m in (0, 1.5)),
    plain("CosineAnnealingWarmRestarts", 5, 1, -0.1),
    *(plain("WarmupCosine", *a) for a in ((-1, 5), (5, 5), (2, 0), (1.5, 5))),
    *(plain("WarmupCosine", 1, 5, start_factor=f) for f in (-0.1, 2, NAN)),
    plain("WarmupCosine", 1, 5, eta_min=-1.0),
    *(plain("TransformerLR", *a) for a in ((0,), (512, 0), (5.5, 4))),
    *(plain("OneCycleLR", m, 10) for m in (0, -1, NAN, INF, [0.1, 0.2])),
    *(plain("OneCycleLR", 1.0, n) for n in (0, -1, 2.5, None)),
    plain("OneCycleLR", 1.0, 10, epochs=2, steps_per_epoch=5),
    plain("OneCycleLR", 1.0, epochs=2),
    plain("OneCycleLR", 1.0, epochs=2, steps_per_epoch=0),
    *(plain("OneCycleLR", 1.0, 10, pct_start=x) for x in (-0.1, 1.1, NAN)),
    *(plain("OneCycleLR", 1.0, 10, **{k: 1.0}) for k in ("base_momentum", "max_momentum")),
    *(plain("OneCycleLR", 1.0, 10, **{k: 0}) for k in ("div_factor", "final_div_factor")),
    plain("OneCycleLR", 1.0, 10, anneal_strategy="exp"),
    *(plain("ReduceLROnPlateau", factor=f) for f in (0, 1.0, -0.5, NAN)),
    *(plain("ReduceLROnPlateau", mode=m) for m in ("less", None)),
    *(plain("ReduceLROnPlateau", patience=n) for n in (-1, 1.5)),
    plain("ReduceLROnPlateau", cooldown=-1),
    plain("ReduceLROnPlateau", threshold=-1),
    plain("ReduceLROnPlateau", threshold_mode="both"),
    *(plain("ReduceLROnPlateau", min_lr=m) for m in (-1, NAN, [0.1, 0.1])),
    plain("ReduceLROnPlateau", eps=-1),
    *(plain("CyclicLR", *a) for a in ((-1, 1), (0, 0), (0, NAN), ([0, 0], 1), (0, [1, 1]))),
    *(plain("CyclicLR", 0, 1, n) for n in (0, -1, 2.5, None)),
    *(plain("CyclicLR", 0, 1, 2, n) for n in (0, -1, 2.5)),
    plain("CyclicLR", 0, 1, mode="square"),
    plain("CyclicLR", 0, 1, gamma=0),
    plain("CyclicLR", 0, 1, scale_mode="steps"),
    *(plain("CyclicLR", 0, 1, **{k: 1.0}) for k in ("base_momentum", "max_momentum")),
    *(plain("SWALR", x) for x in (-1, NAN, [0.1, 0.1])),
    *(plain("SWALR", 0.1, n) for n in (-1, 2.5)),
    plain("SWALR", 0.1, anneal_strategy="exp"),
    *(("LambdaLR", lambda o, v=v: optim.LambdaLR(o, lambda t: v)) for v in (-1.0, NAN, INF)),
    ("LambdaLR, two", lambda o: optim.LambdaLR(o, [abs, abs])),
    ("Sequential, none", lambda o: optim.SequentialLR(o, [], [])),
    ("Sequential, count", lambda o: optim.SequentialLR(o, [optim.StepLR(o, 1)], [3])),
    *(
        (f"Sequential, {m}", lambda o, m=m: optim.SequentialLR(o, [optim.StepLR(o, 1)] * 3, m))
        for m in ([3, 3], [5, 3], [0, 3], [1.5, 3], 5)
    ),
    ("Chained, none", lambda o: optim.ChainedScheduler([], o)),
    (
        "Chained, another optimizer",
        lambda o: optim.ChainedScheduler([optim.StepLR(optimizer(), 1)], o),
    ),
]


@pytest.mark.parametrize(("name", "make"), REFUSED, ids=[name for name, _ in REFUSED])
def test_refused(name, make):
    o = optimizer(0.5, momentum=0.9)
    before = {k: v for k, v in o.param_groups[0].items() if k not in ("params", "initial_lr")}
    with pytest.raises(ValueError, match=name.split("(")[0].split(",")[0]):
        make(o)
    after = o.param_groups[0]
    assert all(after[k] == v for k, v in before.items() if k != "lr" or "Sequential" not in name)


def test_cyclic_needs_a_momentum_to_cycle():
    with pytest.raises(ValueError, match="CyclicLR: Adagrad has neither momentum nor betas"):
        optim.CyclicLR(optimizer(kind=Adagrad), 0.1, 1.0)
    optim.CyclicLR(optimizer(kind=Adagrad), 0.1, 1.0, cycle_momentum=False)
    with pytest.raises(TypeError, match="scale_fn must be a function, got 3"):
        optim.CyclicLR(optimizer(momentum=0.9), 0.1, 1.0, scale_fn=3)


def test_one_cycle_needs_a_momentum_to_cycle():
    with pytest.raises(ValueError, match="Adagrad has neither momentum nor betas"):
        optim.OneCycleLR(optimizer(kind=Adagrad), 1.0, 10)
    optim.OneCycleLR(optimizer(kind=Adagrad), 1.0, 10, cycle_momentum=False)


@pytest.mark.parametrize("name", ["StepLR", "LambdaLR", "OneCycleLR", "ReduceLROnPlateau"])
def test_needs_an_optimizer(name):
    arguments = {"StepLR": (3,), "LambdaLR": (abs,), "OneCycleLR": (1.0, 10)}.get(name, ())
    with pytest.raises(TypeError, match=f"{name}: optimizer must be an Optimizer, got list"):
        getattr(optim, name)([1.0], *arguments)


def test_composites_refuse_what_is_no_scheduler():
    o = optimizer()
    for child in ("StepLR", abs, optim.StepLR, None):
        with pytest.raises(TypeError, match="is not a scheduler"):
            optim.SequentialLR(o, [optim.StepLR(o, 3), child], [4])
        with pytest.raises(TypeError, match="is not a scheduler"):
            optim.ChainedScheduler([child], o)
    with pytest.raises(TypeError, match=r"lr_lambda must be a function of t, got 0\.5"):
        optim.LambdaLR(o, 0.5)


def test_lambda_that_turns_bad_changes_nothing():
    scheduler = optim.LambdaLR(optimizer(), lambda t: 1.0 if t < 2 else -1.0)
    walk(scheduler, 1)
    scheduler.optimizer.step()
    with pytest.raises(ValueError, match="LambdaLR at t = 2: lr must be a finite number >= 0"):
        scheduler.step()
    assert (scheduler.t, scheduler.get_last_lr()) == (1, [1.0])


def test_lambdas_by_group():
    scheduler = optim.LambdaLR(two_groups(), [lambda t: 1.0, lambda t: 0.5**t])
    assert walk(scheduler, 2, lambda s: s.get_last_lr()) == [
        [0.5, 0.03],
        [0.5, 0.015],
        [0.5, 0.0075],
    ]


BROKEN = [
    dict(t=-1, base_lrs=[1.0]),
    dict(t=1.5, base_lrs=[1.0]),
    dict(t=True, base_lrs=[1.0]),
    dict(t=3, base_lrs=[NAN]),
    dict(t=3, base_lrs=[-1.0]),
    dict(t=3, base_lrs=[1.0, 1.0]),
    dict(t=3),
    dict(t=3, base_lrs=[1.0], gamma=0.1),
    dict(t=11, base_lrs=[1.0]),
]


@pytest.mark.parametrize("state", BROKEN)
def test_a_broken_state_changes_nothing(state):
    scheduler = optim.OneCycleLR(optimizer(momentum=0.9), 1.0, 10)
    before, group = scheduler.state_dict(), dict(scheduler.optimizer.param_groups[0])
    with pytest.raises(ValueError, match="OneCycleLR"):
        scheduler.load_state_dict(state)
    assert scheduler.state_dict() == before
    assert scheduler.optimizer.param_groups[0] == group


@pytest.mark.parametrize(
    "change", [dict(t=-1), dict(bad=1.5), dict(best=NAN), dict(lrs=[-1.0]), dict(lrs=[1.0, 1.0])]
)
def test_a_broken_state_of_the_plateau_changes_nothing(change):
    scheduler = optim.ReduceLROnPlateau(optimizer())
    scheduler.step(1.0)
    before = scheduler.state_dict()
    with pytest.raises(ValueError, match="ReduceLROnPlateau"):
        scheduler.load_state_dict({**before, **change})
    assert scheduler.state_dict() == before


# Order of calls


def test_scheduler_before_the_optimizer_is_told():
    scheduler = optim.StepLR(optimizer(), 3)
    with pytest.warns(UserWarning, match=r"Call optimizer\.step\(\) first") as caught:
        scheduler.step()
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scheduler.step()
        walk(optim.StepLR(optimizer(), 3), 4)


def test_a_step_before_the_scheduler_was_made_does_not_count():
    o = optimizer()
    o.step()
    scheduler = optim.StepLR(o, 3)
    with pytest.warns(UserWarning, match="first value is never used"):
        scheduler.step()


def test_the_first_step_uses_the_value_at_0():
    o = optimizer(0.5)
    p = o.param_groups[0]["params"][0]
    optim.LinearLR(o, 0.1)
    p.grad = Tensor(np.ones(2))
    o.step()
    assert p.data == pytest.approx([-0.05, -0.05])


def test_repr():
    assert (
        repr(optim.StepLR(optimizer(), 3)) == "StepLR(step_size=3, gamma=0.1, t=0, base_lrs=[1.0])"
    )
    assert "LambdaLR(1 functions, t=0)" in repr(optim.LambdaLR(optimizer(), math.exp))
    assert "patience=10" in repr(optim.ReduceLROnPlateau(optimizer()))


def test_a_rate_set_by_hand_lasts_until_the_next_step_and_an_initial_one_stays():
    optimizer = SGD([Tensor([0.0], requires_grad=True)], lr=1.0)
    first, second = optim.ExponentialLR(optimizer, 0.5), optim.StepLR(optimizer, 2, 0.1)

    def stepped():
        optimizer.step()
        first.step()
        second.step()
        return optimizer.param_groups[0]["lr"]

    optimizer.param_groups[0]["lr"] = 8.0
    assert stepped() == pytest.approx(0.5)
    optimizer.param_groups[0]["initial_lr"] = 8.0
    assert stepped() == pytest.approx(8 * 0.25 * 0.1)
    assert first.state_dict()["base_lrs"] == [8.0]


def test_a_function_may_give_what_numpy_gives_of_numbers():
    """An array without axes is a number: `np.where(t < 3, 1.0, 0.5)` gives one."""
    optimizer = optim.SGD([Tensor([0.0], requires_grad=True)], lr=1.0)
    schedule = optim.LambdaLR(optimizer, lambda t: np.where(t < 3, 1.0, 0.5))
    assert schedule.values(3, [2.0]) == [{"lr": 1.0}]
    with pytest.raises(ValueError, match="must be a number"):
        optim.LambdaLR(optimizer, lambda t: np.ones(1))
