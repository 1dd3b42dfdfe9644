"""Searches: what is tried, what is charged, what the best of several is worth."""

import itertools
import math
import sys

import numpy as np
import pytest

from tinytorch.lab import Between, Search, Trial, best_of, grid, search

SPACE = {"lr": Between(1e-3, 1.0), "momentum": Between(0.0, 0.9, log=False)}


def bowl(lr, momentum, seed):
    return (math.log10(lr) + 1) ** 2 + (momentum - 0.5) ** 2


def descent(lr, seed, steps=10, momentum=0.0):
    x = 1.0 + seed
    for _ in range(steps):
        x -= lr * x
        yield abs(x)


def test_grid_helper():
    assert grid(a=[1, 2], b=["x", "y"]) == [
        {"a": 1, "b": "x"}, {"a": 1, "b": "y"}, {"a": 2, "b": "x"}, {"a": 2, "b": "y"},
    ]  # fmt: skip


def test_a_grid_has_the_ends_of_every_axis():
    found = search(bowl, {**SPACE, "momentum": [0.0, 0.5]}, trials=9, way="grid")
    rates = sorted({t.settings["lr"] for t in found.trials})
    np.testing.assert_allclose(rates, np.geomspace(1e-3, 1, 4))
    assert len(found.trials) == 8  # as many as fit
    assert found.best.settings == {"lr": pytest.approx(0.1), "momentum": 0.5}
    assert found.steps == 8


@pytest.mark.parametrize("way", ["random", "halton", "sobol", "tpe"])
def test_every_way_stays_inside_repeats_itself_and_finds_the_bowl(way):
    found = search(bowl, SPACE, trials=20, way=way)
    rates = np.array([t.settings["lr"] for t in found.trials])
    assert len(set(rates)) == 20
    assert rates.min() >= 1e-3
    assert rates.max() <= 1
    assert found.trials == search(bowl, SPACE, trials=20, way=way).trials
    assert found.trials != search(bowl, SPACE, trials=20, way=way, rng=1).trials
    assert found.best.value == min(t.value for t in found.trials) < 0.3
    assert np.median(np.log10(rates)) == pytest.approx(-1.5 if way != "tpe" else -1, abs=0.5)


@pytest.mark.parametrize("way", ["halton", "sobol"])
def test_quasi_random_points_are_evener_than_random_ones(way):
    def emptiest(way, rng):
        tried = search(bowl, SPACE, trials=32, way=way, rng=rng).trials
        x = np.array(
            [[math.log10(t.settings["lr"]) / 3 + 1, t.settings["momentum"] / 0.9] for t in tried]
        )
        counts = np.histogram2d(*x.T, bins=4, range=[(0, 1), (0, 1)])[0]
        return counts.std()

    quasi, random = ([emptiest(w, rng) for rng in range(5)] for w in (way, "random"))
    assert np.mean(quasi) < 0.7 * np.mean(random)


def test_the_model_of_tpe_is_told_how_it_went():
    by_model = search(bowl, SPACE, trials=60, way="tpe").trials[40:]
    blind = search(bowl, SPACE, trials=60, way="random").trials[40:]
    assert np.median([t.value for t in by_model]) < 0.5 * np.median([t.value for t in blind])


def test_a_run_that_yields_is_charged_for_each_step():
    found = search(descent, {"lr": [0.1, 0.5]}, trials=2, way="grid", seeds=(0, 1))
    slow, fast = found.trials
    assert (slow.steps, fast.steps, found.steps) == (20, 20, 40)
    np.testing.assert_allclose(fast.curve, 1.5 * 0.5 ** np.arange(1, 11))
    assert fast.value == fast.curve[-1]
    steps, values = found.best_so_far()
    assert steps.tolist() == [20, 40]
    assert values.tolist() == [slow.value, fast.value]


def test_time_to_a_target_counts_the_tuning():
    slow = Trial({}, (5.0, 4.0, 3.0), 3, 3.0)
    fast = Trial({}, (2.0, 1.0, 0.5), 3, 0.5)
    assert Search([slow, fast]).time_to(1.0) == 3 + 2
    assert Search([fast, slow]).time_to(1.0) == 2
    assert Search([slow, slow]).time_to(1.0) == math.inf
    assert Search([slow, fast]).time_to(4.0) == 2
    both = Search([slow, Trial({}, (2.0, 1.0), 4, 1.0)])  # two seeds, each paid for
    assert both.time_to(1.0) == 3 + 4
    orders = Search([slow, fast]).time_to(1.0, orders=200)
    assert set(orders) == {2.0, 5.0}
    assert 60 < (orders == 2).sum() < 140


def test_a_diverging_run_is_charged_to_its_end_only_and_a_failing_one_says_why():
    def run(lr, seed):
        for i in range(10):
            if lr == 3 and i == 2:
                raise ArithmeticError("no")
            yield math.nan if lr == 2 and i == 4 else 1.0

    found = search(run, {"lr": [1, 2, 3]}, trials=3, way="grid")
    fine, nan, raised = found.trials
    assert (fine.steps, nan.steps) == (10, 5)
    assert nan.value == raised.value == math.inf
    assert raised.error == "ArithmeticError: no"
    assert found.best is fine


def test_a_pruner_saves_steps_and_the_saved_are_not_charged():
    import optuna

    def run(lr, seed):
        for t in range(20):
            yield abs(math.log10(lr) + 1) + 1 / (t + 1)

    space = {"lr": Between(1e-4, 1e2)}
    pruner = optuna.pruners.MedianPruner(n_startup_trials=2, n_warmup_steps=3)
    pruned = search(run, space, trials=16, way="random", pruner=pruner)
    whole = search(run, space, trials=16, way="random")
    given_up = [t for t in pruned.trials if t.pruned]
    assert whole.steps == 320
    assert given_up
    assert pruned.steps == sum(len(t.curve) for t in pruned.trials) < 280
    assert all(4 <= t.steps < 20 for t in given_up)
    assert pruned.best.settings == whole.best.settings
    assert not pruned.best.pruned


@pytest.mark.parametrize("way", ["halton", "tpe"])
def test_workers_change_nothing_and_a_store_is_read(tmp_path, way):
    import optuna

    def run(lr, momentum, seed):
        yield from descent(lr, seed)

    how = dict(trials=6, way=way, pruner=optuna.pruners.MedianPruner(2, 2), batch=3)
    alone = search(run, SPACE, **how)
    assert search(run, SPACE, **how, jobs=2, store=tmp_path / "s.db").trials == alone.trials
    assert search(run, SPACE, **how, store=tmp_path / "s.db").trials == alone.trials


def test_any_sampler_of_optuna():
    import optuna

    found = search(bowl, SPACE, trials=8, way=optuna.samplers.RandomSampler(seed=3))
    assert len(found.trials) == 8


def test_best_of_is_the_mean_over_all_draws():
    scores, reported = [3.0, 1.0, 2.0, 5.0], [30.0, 12.0, 20.0, 50.0]
    table = best_of(scores, reported=reported, bootstrap=50)
    for k in range(1, 5):
        draws = itertools.combinations(range(4), k)
        expected = np.mean([reported[min(d, key=scores.__getitem__)] for d in draws])
        assert table[k - 1, 0] == pytest.approx(expected)
    assert (table[:, 1] <= table[:, 2]).all()
    capped = best_of([math.nan, 1.0, math.inf], worst=7.0)
    assert capped[0, 0] == pytest.approx(5)


def test_the_interval_of_best_of_shrinks_with_more_trials():
    rng = np.random.default_rng(0)
    few, many = (best_of(rng.normal(size=n))[0] for n in (8, 128))
    assert many[2] - many[1] < 0.5 * (few[2] - few[1])


BAD = [
    (dict(trials=0), "trials must be"),
    (dict(batch=0), "batch must be"),
    (dict(way="best"), "one of grid, random, halton, sobol, tpe"),
    (dict(space={}), "space is empty"),
    (dict(space={"lr": 0.1}), "lr must be Between"),
    (dict(space={"lr": []}), "lr must be Between"),
    (dict(trials=3, way="grid", space={"lr": [1, 2], "momentum": [3, 4]}), "more than 3 trials"),
    (dict(pruner=object(), seeds=(0, 1)), "a pruner takes one seed, got 2"),
]


@pytest.mark.parametrize(("wrong", "words"), BAD)
def test_bad_input(wrong, words):
    with pytest.raises(ValueError, match=words):
        search(bowl, **{"space": SPACE, "trials": 2, **wrong})


@pytest.mark.parametrize("ends", [(1, 1), (2, 1), (0, 1), (-1, 1), (1, math.inf), (math.nan, 1)])
def test_a_wrong_interval_is_refused(ends):
    with pytest.raises(ValueError, match="low < high"):
        Between(*ends)


def test_what_is_missing_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    monkeypatch.setitem(sys.modules, "scipy.stats", None)
    with pytest.raises(ModuleNotFoundError, match="pip install optuna"):
        search(bowl, SPACE, trials=2, way="tpe")
    with pytest.raises(ModuleNotFoundError, match="pip install scipy"):
        search(bowl, SPACE, trials=2)
    assert len(search(bowl, SPACE, trials=2, way="random").trials) == 2
