"""Every known mistake is noticed, and told from every other one."""

import numpy as np
import pytest

from tinytorch.optim import optimizers
from tinytorch.tito.mistakes import MISTAKES
from tinytorch.tito.mistakes.rules import right_adam
from tinytorch.tito.probes import PROBES, differing, probed

IDS = [f"{m.target}: {m.name}" for m in MISTAKES]


@pytest.fixture(scope="module")
def right():
    return probed()


@pytest.fixture(scope="module")
def wrong():
    result = []
    for mistake in MISTAKES:
        with mistake.applied():
            result.append(probed())
    return result


@pytest.mark.parametrize("i", range(len(MISTAKES)), ids=IDS)
def test_is_noticed(i, right, wrong):
    assert differing(right, wrong[i]), "no probe tells this mistake from the right version"


@pytest.mark.parametrize("i", range(len(MISTAKES)), ids=IDS)
def test_is_told_from_the_others(i, wrong):
    assert not [IDS[j] for j in range(i) if not differing(wrong[i], wrong[j])]


def test_nothing_is_left_behind(right, wrong):
    assert not differing(right, probed(), tolerance=0)


def test_the_right_version_runs_every_probe(right):
    for name in PROBES:
        assert np.isfinite(right[name][right[name] != np.inf]).all(), name


def test_every_probe_notices_something(right, wrong):
    noticed = {name for w in wrong for name in differing(right, w)}
    assert noticed == set(PROBES)


def test_the_table_reads_well():
    assert len(MISTAKES) >= 30
    assert len(set(IDS)) == len(IDS)
    for mistake in MISTAKES:
        assert mistake.explanation.endswith(".")
        assert len(mistake.explanation) > 30


def fail_under(mistake):
    with mistake.applied():
        assert optimizers.adam is mistake.wrong
        raise KeyError


def test_applied_restores_after_an_error():
    mistake = next(m for m in MISTAKES if m.target == "adam")
    with pytest.raises(KeyError):
        fail_under(mistake)
    assert optimizers.adam is right_adam
