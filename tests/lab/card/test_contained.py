"""What a run prints, forks or takes of memory stays within bounds, and nothing of it is left."""

import os
import sys
import time

import numpy as np
import pytest

from tinytorch.lab import report_card
from tinytorch.lab.card.contained import ROOM, contained
from tinytorch.lab.card.diagnoses import DIAGNOSES
from tinytorch.lab.studies.study import study


def test_what_is_printed_is_counted_and_not_shown(capsys):
    with contained() as counter:
        print("ä" * 10, end="")
        sys.stderr.write("words")
        sys.stdout.buffer.write(b"raw")
    print("after")
    assert counter.count == 20 + 5 + 3
    assert capsys.readouterr().out == "after\n"


def test_a_fork_ends_at_once_and_later_ones_do_not():
    fork = getattr(os, "fork", None)  # not on Windows
    reader, writer = os.pipe()
    with contained():
        if fork and not fork():
            os.write(writer, b"the child went on")
    if not fork or not fork():
        os.write(writer, b"as ever")
        if fork:
            os._exit(0)
    elif fork:
        os.wait()
        os.wait()
    os.close(writer)
    assert os.read(reader, 100) == b"as ever"
    os.close(reader)


def test_memory_without_end_is_an_error_and_only_there():
    def hoards(seed):
        with contained():
            return {"sum": float(np.empty(2 * ROOM, np.uint8)[0])}

    (row,) = study(hoards, [{}], seeds=[0])
    assert row.error.startswith("MemoryError") == sys.platform.startswith("linux")
    assert np.empty(2 * ROOM, np.uint8).size == 2 * ROOM


class Bad:
    """Descent, with something else in its fourth step."""

    def __init__(self, params, lr):
        self.params, self.lr, self.steps = list(params), lr, 0

    def step(self):
        self.steps += 1
        for p in self.params:
            p.data = p.data - self.lr * p.grad.data
        if self.steps == 4:
            self.fourth()

    def fourth(self):
        pass


class Prints(Bad):
    def fourth(self):
        print("x" * 1000)


class Exits(Bad):
    def fourth(self):
        sys.exit("enough")


class Kills(Bad):
    def fourth(self):
        os._exit(7)


FEW = {name: DIAGNOSES[name] for name in ("drift", "memory")}  # the second has fewer steps
ENDS = [(Prints, 1, ""), (Exits, 1, "SystemExit: enough"), (Kills, 2, "its process was killed")]


@pytest.mark.parametrize(("rule", "jobs", "words"), ENDS)
def test_a_card_of_what_ends_badly_has_its_other_rows(monkeypatch, capfd, rule, jobs, words):
    monkeypatch.setattr("tinytorch.lab.card.card.QUICK", ("regression",))
    monkeypatch.setattr("tinytorch.lab.card.card.DIAGNOSES", FEW)
    card = report_card(rule, jobs=jobs, progress=False)
    assert card.diagnoses["memory"]["holds"] is True
    assert ("x" * 1000) not in capfd.readouterr().out
    if words:
        assert card.diagnoses["drift"]["holds"] is None
        assert words in card.diagnoses["drift"]["says"]
        assert words in card.workloads["regression"]["error"]
        assert not card.printed
    else:
        assert card.printed >= 1001 * (1 + 11 + 3)
        assert f"{card.printed:,} bytes" in repr(card)
        assert f"{card.printed:,} bytes" in card.html()


def test_a_workload_that_hangs_is_tried_once(monkeypatch, tmp_path):
    log = tmp_path / "tried"  # a list would be part of the code, which must not change

    def train_on(workload, make, lr, seed):
        with open(log, "a") as tried:
            tried.write(f"{workload}\n")
        while workload == "digits":
            time.sleep(0.01)
        return {"curve": [1.0, 0.5], "final": 0.5}

    monkeypatch.setattr("tinytorch.lab.card.card.QUICK", ("digits", "physics"))
    monkeypatch.setattr("tinytorch.lab.card.card.DIAGNOSES", {"memory": DIAGNOSES["memory"]})
    monkeypatch.setattr("tinytorch.lab.card.card.train_on", train_on)
    card = report_card(Bad, jobs=1, seconds=3, progress=False)
    tried = log.read_text().split()
    assert tried.count("digits") == 1
    assert tried.count("physics") == 11 + 3
    assert list(card.workloads) == ["digits", "physics"]
    assert card.workloads["digits"]["error"] == "took more than 3 s"
    assert card.workloads["physics"]["error"] == ""
    assert "took more than 3 s" in card.html()
