"""Many runs at once are the same runs: bits, order, and what becomes of those that end badly."""

import os
import signal
import sys
import warnings

import numpy as np
import pytest

from tinytorch import Tensor
from tinytorch.core import random
from tinytorch.data import TensorDataset
from tinytorch.lab import train_runs, tune
from tinytorch.lab.studies.parallel import WorkerDied, each, gathered
from tinytorch.nn import MLP, Dropout, Sequential
from tinytorch.optim import Adam, engine, engines


def blobs():
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 3, 90)
    inputs = rng.normal(size=(90, 20)) + 3 * np.eye(3, 20)[targets]
    return TensorDataset(inputs.astype(np.float32), targets)


def trained(**how):
    data = blobs()

    def network(rng):  # a function of a function, and a layer that asks the default generator
        return Sequential(Dropout(0.3), MLP([20, 8, 3], rng=rng))

    return train_runs(Adam, network, data, data, seeds=(3, 1, 2), epochs=2, lr=0.01, **how)


def same(a, b):
    return all(np.array_equal(getattr(a, n), getattr(b, n)) for n in vars(a))


def test_training_is_the_same_to_the_bit_with_any_number_of_workers():
    alone = trained()
    assert same(alone, trained(jobs=2))
    assert same(alone, trained(jobs=3, progress=False))
    assert not np.array_equal(alone.losses[0], alone.losses[1])


def test_a_run_does_not_depend_on_the_runs_before_it_and_leaves_no_trace():
    random.manual_seed(5)
    expected = random.generator().normal()
    random.manual_seed(5)
    first = trained()
    assert random.generator().normal() == expected
    assert same(first, trained())


def test_a_run_on_a_cluster_is_the_same_to_the_bit():
    import joblib

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # dask's own, about ports and what it will deprecate
        dask = pytest.importorskip("distributed", reason="a cluster is Dask's")
        with (
            dask.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
            dask.Client(cluster),
            joblib.parallel_config(backend="dask"),
        ):
            there = trained(jobs=-1)
            places = set(gathered(lambda i: os.getpid(), [{"i": i} for i in range(20)], jobs=-1))
    assert same(trained(), there)
    assert os.getpid() not in places


def test_linear_algebra_has_one_thread_everywhere():
    def threads():
        from threadpoolctl import threadpool_info

        np.ones((2, 2)) @ np.ones((2, 2))
        return [i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas"]

    here, there = gathered(threads, [{}]), gathered(threads, [{}, {}], jobs=2)
    assert here[0]
    assert {*here[0], *there[0], *there[1]} == {1}


def test_workers_run_in_the_engine_of_the_caller():
    with engine("whole"):
        chosen = gathered(engines.chosen, [{}, {}], jobs=2) + gathered(engines.chosen, [{}])
    assert chosen == ["whole"] * 3
    assert gathered(engines.chosen, [{}]) == ["blocked"]


def test_a_case_may_write_to_its_arrays():
    def add(x):
        x += 1
        return x.sum()

    big = np.zeros(300_000)
    assert gathered(add, [{"x": big}, {"x": big}], jobs=2) == [3e5, 3e5]
    assert not big.any()


def test_runs_of_a_killed_worker_are_done_again(tmp_path):
    def run(i):
        mark = tmp_path / str(i)
        if i == 3 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
        return i * i

    assert gathered(run, [{"i": i} for i in range(8)], jobs=2) == [i * i for i in range(8)]
    assert (tmp_path / "3").exists()


def test_a_run_that_always_kills_is_named_and_spoils_no_other():
    def run(i):
        if i == 3:
            os._exit(1)
        return i

    cases = [{"i": i} for i in range(6)]
    done = dict(each(run, cases, jobs=2, killed=lambda case: f"{case['i']} died"))
    assert done == {0: 0, 1: 1, 2: 2, 3: "3 died", 4: 4, 5: 5}
    with pytest.raises(WorkerDied, match="'i': 3"):
        gathered(run, cases, jobs=2)


def test_what_a_run_raises_comes_through():
    def run(i):
        raise ZeroDivisionError(f"in {i}")

    for jobs in (1, 2):
        with pytest.raises(ZeroDivisionError, match="in 0"):
            gathered(run, [{"i": 0}], jobs=jobs)


def test_tune_asks_workers_for_the_same_scores():
    def score(name, lr):
        return abs(lr - len(name))

    grids = {"a": [dict(lr=x) for x in (0.5, 1.5, 1.25)], "bb": [dict(lr=x) for x in (3, 2, 1)]}
    assert tune(score, grids, jobs=2) == tune(score, grids)
    assert tune(score, grids)["bb"] == ({"lr": 2}, [1, 0, 1])


@pytest.mark.parametrize("jobs", [0, -2, 1.0, "2", True])
def test_a_wrong_number_of_jobs_is_refused(jobs):
    with pytest.raises(ValueError, match=r"jobs must be None, -1 or an integer >= 1; got"):
        gathered(Tensor, [{}], jobs=jobs)


def test_without_joblib_one_job_works_and_two_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "joblib", None)
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert gathered(dict, [{"a": 1}]) == [{"a": 1}]
    with pytest.raises(ModuleNotFoundError, match="pip install joblib"):
        gathered(dict, [{"a": 1}], jobs=2)


def test_the_bar_counts_runs(monkeypatch):
    import tqdm

    counted = []

    class Bar:
        def __init__(self, total, unit, **others):
            counted.append((total, unit))

        def __enter__(self):
            return self

        def __exit__(self, *how):
            pass

        def update(self):
            counted.append(1)

    monkeypatch.setattr(tqdm, "tqdm", Bar)
    gathered(dict, [{}, {}], progress=True)
    assert counted == [(2, "run"), 1, 1]
    counted.clear()
    gathered(dict, [{}, {}])
    assert not counted
