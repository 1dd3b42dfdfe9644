"""Studies are kept, go on, and say what went wrong."""

import contextlib
import csv
import math
import os
import sqlite3
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

from tinytorch.lab import Interrupted, Store, study
from tinytorch.optim import SGD, Adam


def noisy(x, seed):
    return x + np.random.default_rng(seed).normal()


def counting(folder, failing=()):
    """A run that leaves a mark each time."""

    def run(x, seed):
        with open(folder / f"{x}-{seed}", "a") as mark:
            mark.write("1")
        if x in failing:
            raise ArithmeticError(f"not {x}")
        return {"square": x * x, "path": np.arange(3) / 3 * x}

    return run


def marks(folder):
    return {p.name: len(p.read_text()) for p in folder.iterdir() if "-" in p.name}


POINTS = [{"x": 1}, {"x": 2}]


def test_a_study_is_the_hand_loop_with_any_number_of_workers():
    results = study(noisy, POINTS, seeds=[4, 2])
    assert [(r.settings["x"], r.seed) for r in results] == [(1, 4), (1, 2), (2, 4), (2, 2)]
    expected = [[noisy(x, s) for s in (4, 2)] for x in (1, 2)]
    np.testing.assert_array_equal(results.values(), expected)
    np.testing.assert_array_equal(study(noisy, POINTS, seeds=[4, 2], jobs=2).values(), expected)


def test_a_repeated_study_is_read_and_a_longer_one_goes_on(tmp_path):
    run, store = counting(tmp_path), tmp_path / "runs.db"
    first = study(run, POINTS, seeds=[0], store=store)
    again = study(run, POINTS, seeds=[0], store=store)
    assert first == again
    assert (first.reused, again.reused) == (0, 2)
    more = study(run, [*POINTS, {"x": 3}], seeds=[0, 1], store=store)
    assert more.reused == 2
    assert set(marks(tmp_path).values()) == {1}
    assert len(marks(tmp_path)) == 6
    np.testing.assert_array_equal(more.values("path")[1, 0], np.arange(3) / 3 * 2)


def test_changed_code_settings_or_rules_run_anew(tmp_path):
    store = tmp_path / "runs.db"

    def run(optimizer, lr, seed):
        return lr

    def other(optimizer, lr, seed):
        return lr + 1

    class Mine(SGD):
        pass

    points = [dict(optimizer=SGD, lr=1), dict(optimizer=Adam, lr=1)]
    study(run, points, seeds=[0], store=store)
    assert study(run, points[1:], seeds=[0], store=store).reused == 1
    assert study(other, points, seeds=[0], store=store).values().tolist() == [[2], [2]]
    assert study(run, [dict(optimizer=SGD, lr=1.0)], seeds=[0], store=store).reused == 0
    assert study(run, [dict(optimizer=Mine, lr=1)], seeds=[0], store=store).reused == 0
    Mine.momentum_of_mine = 3
    assert study(run, [dict(optimizer=Mine, lr=1)], seeds=[0], store=store).reused == 0
    with Store(store) as kept:
        assert kept.studies() == {"run": 5, "other": 2}


RULE = """
HALF = 0.5
def shortened(x):
    return HALF * x
class Rule:
    def go(self, x):
        return shortened(x) + 1
"""


@pytest.mark.parametrize(
    "change",
    [("HALF = 0.5", "HALF = 0.25"), ("HALF * x", "HALF + x"), ("+ 1", "+ 2")],
    ids=["a constant", "a helper", "the rule"],
)
def test_what_a_rule_reaches_runs_anew_where_it_changed(tmp_path, change):
    def run(rule, x, seed):
        return rule().go(x)

    def notebook(source):
        space = {"__name__": "__main__"}
        exec(source, space)
        return space["Rule"]

    before, after = notebook(RULE), notebook(RULE.replace(*change))
    store, points = tmp_path / "runs.db", [{"x": 4}, {"x": 8}]
    study(run, [{"rule": before, **p} for p in points], seeds=[0], store=store)
    same = study(run, [{"rule": notebook(RULE), **p} for p in points], seeds=[0], store=store)
    assert same.reused == 2
    changed = study(run, [{"rule": after, **p} for p in points], seeds=[0], store=store)
    assert changed.reused == 0
    assert changed.values().ravel().tolist() == [after().go(4), after().go(8)]
    before.go.__globals__["HALF"] = 7  # the same objects, and what they reach is another
    assert study(run, [{"rule": before, "x": 4}], seeds=[0], store=store).reused == 0


def test_results_come_back_to_the_last_bit(tmp_path):
    store = tmp_path / "runs.db"
    values = [1 / 3, math.inf, -math.inf, 5e-324, 1e308, -0.0]

    def run(seed):
        return {"all": values, "none": math.nan, "f4": np.float32(0.1)}

    for _ in range(2):
        found = study(run, [{}], seeds=[0], store=store)[0].results
        assert np.array(found["all"]).tobytes() == np.array(values).tobytes()
        assert math.isnan(found["none"])
        assert found["f4"] == float(np.float32(0.1))


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_that_fails_is_a_row_and_spoils_no_other(tmp_path, jobs):
    run, store = counting(tmp_path, failing=[1]), tmp_path / "runs.db"
    results = study(run, POINTS, seeds=[0, 1], store=store, jobs=jobs)
    assert [r.error for r in results] == ["ArithmeticError: not 1"] * 2 + [""] * 2
    table = results.values("square")
    assert np.isnan(table[0]).all()
    assert table[1].tolist() == [4, 4]
    assert study(run, POINTS, seeds=[0, 1], store=store).reused == 4
    assert study(run, POINTS, seeds=[0, 1], store=store, retry=True).reused == 2


def hangs(how, seed):
    while how == "stubborn":
        with contextlib.suppress(BaseException):
            time.sleep(0.01)
    while how == "loop":
        time.sleep(0.001)
    if how == "kills":
        os._exit(3)
    return 1


def test_a_run_that_hangs_or_kills_its_worker_is_ended():
    ways = [{"how": h} for h in ("fine", "loop", "stubborn", "kills", "well")]
    results = study(hangs, ways, seeds=[0], jobs=2, seconds=0.5)
    fine, loop, stubborn, kills, well = (r.error for r in results)
    assert fine == well == ""
    assert loop == "took more than 0.5 s"
    assert "process was killed, or hung for 0.5 s" in stubborn
    assert "process was killed" in kills
    assert study(hangs, ways[1:2], seeds=[0], seconds=0.2)[0].error == "took more than 0.2 s"


def test_a_time_limit_that_is_kept_leaves_nothing_behind():
    results = study(lambda seed: time.sleep(0.01), [{}], seeds=range(20), seconds=0.012)
    time.sleep(0.05)
    assert {r.error for r in results} <= {"", "took more than 0.012 s"}


def test_an_interrupted_study_keeps_what_is_done(tmp_path):
    run, store = counting(tmp_path), tmp_path / "runs.db"

    def stopping(x, seed):
        if x == 2 and not (tmp_path / "stopped").exists():
            (tmp_path / "stopped").touch()
            raise KeyboardInterrupt
        return run(x, seed)

    points = [{"x": x} for x in (1, 2, 3)]
    with pytest.raises(KeyboardInterrupt, match=r"1 of 3 runs are done in .*runs\.db") as stop:
        study(stopping, points, seeds=[0], store=store)
    assert isinstance(stop.value, Interrupted)
    assert [r.settings["x"] for r in stop.value.results] == [1]
    assert not stop.value.results.complete
    with pytest.raises(ValueError, match="not complete"):
        stop.value.results.values("square")
    assert study(stopping, points, seeds=[0], store=store).reused == 1


def test_a_study_whose_process_is_killed_goes_on(tmp_path):
    script = tmp_path / "long.py"
    script.write_text(
        textwrap.dedent("""
        import os, sys
        from tinytorch.lab import study
        def run(x, seed):
            if x == 3 and len(sys.argv) > 1:
                os._exit(9)
            return x
        if __name__ == "__main__":
            done = study(run, [{"x": x} for x in range(6)], seeds=[0], store="runs.db")
            print(done.reused, len(done))
        """),
        encoding="utf-8",
    )
    killed = subprocess.run([sys.executable, script, "die"], cwd=tmp_path, check=False)
    assert killed.returncode == 9
    went_on = subprocess.run(
        [sys.executable, script], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert went_on.stdout.split() == ["3", "6"]


@pytest.fixture
def four_results():
    def run(optimizer, lr, seed):
        if optimizer is Adam and seed:
            raise ValueError("no\nmore")
        return {"loss": 0.1 * lr, "curve": [1, 2]}

    return study(run, [dict(optimizer=o, lr=1 / 3) for o in (SGD, Adam)], seeds=[0, 1])


def test_export(four_results, tmp_path):
    four_results.csv(tmp_path / "runs.csv")
    with open(tmp_path / "runs.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["optimizer"] for row in rows] == ["SGD", "SGD", "Adam", "Adam"]
    assert float(rows[0]["lr"]) == 1 / 3
    assert float(rows[0]["loss"]) == 0.1 * (1 / 3)
    assert rows[3]["error"] == "ValueError: no more"
    assert rows[3]["loss"] == ""


def test_export_to_pandas(four_results, tmp_path):
    pytest.importorskip("pandas", reason="pandas is not installed")
    frame = four_results.frame()
    four_results.csv(tmp_path / "runs.csv")
    with open(tmp_path / "runs.csv", newline="", encoding="utf-8") as file:
        assert list(frame.columns) == next(csv.reader(file))
    assert frame["loss"].isna().tolist() == [False, False, False, True]
    assert frame["loss"][0] == 0.1 * (1 / 3)


def test_a_hundred_thousand_results_are_found_by_an_index(tmp_path):
    with Store(tmp_path / "runs.db") as store:
        plan = "EXPLAIN QUERY PLAN SELECT results FROM runs WHERE "
        for condition in ("code = 'a'", "code = 'a' AND key = 'b' AND seed = 1", "study = 's'"):
            steps = store.database.execute(plan + condition).fetchall()
            assert all("SEARCH" in step[-1] for step in steps), steps


def test_a_wrong_store_is_refused_and_left_as_it_is(tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("not a database, and long enough to be looked at " * 40)
    before = text.read_bytes()
    with pytest.raises(ValueError, match="no store of results"):
        Store(text)
    assert text.read_bytes() == before
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as database:
        database.execute("CREATE TABLE runs (x)")
    database.close()
    with pytest.raises(ValueError, match="something else"):
        Store(other)
    with pytest.raises(ValueError, match="no folder"):
        Store(tmp_path / "nowhere" / "runs.db")


BAD = [
    (dict(settings=[]), "at least one"),
    (dict(seeds=[]), "at least one"),
    (dict(seeds=[1, 1]), "different integers >= 0"),
    (dict(seeds=[-1]), "different integers >= 0"),
    (dict(seeds=[0.5]), "different integers >= 0"),
    (dict(settings=[{"seed": 1}]), "given by seeds="),
    (dict(seconds=0), "seconds must be positive"),
    (dict(jobs=0), "jobs must be"),
]


@pytest.mark.parametrize(("wrong", "words"), BAD)
def test_bad_input(wrong, words):
    with pytest.raises(ValueError, match=words):
        study(noisy, **{"settings": POINTS, **wrong})


def test_a_result_that_is_no_number_is_a_failure():
    assert "returns numbers; 'value' is object" in study(lambda seed: object(), [{}])[0].error
    with pytest.raises(KeyError, match="no run has a result 'loss'; there are value"):
        study(noisy, POINTS).values("loss")
