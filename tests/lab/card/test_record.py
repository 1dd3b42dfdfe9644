"""The record of the book's rules is whole, and small enough to ship."""

import numpy as np

from tinytorch import Tensor
from tinytorch.lab import recorded, records
from tinytorch.lab.card.card import REPORTED, TUNING
from tinytorch.lab.card.diagnoses import DIAGNOSES, RATES
from tinytorch.lab.card.record import PATH, carded
from tinytorch.lab.card.workloads import STEPS, WORKLOADS
from tinytorch.optim import OPTIMIZERS, SGD, Muon


def test_every_recorded_rule_has_every_row():
    record = recorded("card")
    known = {rule.__name__ for rule in OPTIMIZERS}
    assert set(record["optimizers"]) == known, "python -m tinytorch.lab.card.record --only ..."
    assert record["steps"] == STEPS
    assert tuple(record["rates"]) == RATES
    assert (record["tuning seed"], tuple(record["reported seeds"])) == (TUNING, REPORTED)
    for name, row in record["optimizers"].items():
        assert set(row["diagnoses"]) == set(DIAGNOSES), name
        assert set(row["workloads"]) == set(WORKLOADS), name
        for workload in row["workloads"].values():
            assert len(workload["tuned"]) == len(RATES)
            assert len(workload["curves"]) == len(REPORTED)
    assert PATH.stat().st_size < 200_000
    assert PATH.parent.samefile(records.__path__[0])


def test_a_rule_for_matrices_gets_company():
    from tinytorch.lab.card.workloads import train_on

    assert carded(SGD) is SGD
    assert carded(Muon).__name__ == "Muon"
    for rule in OPTIMIZERS:  # each can be carded: a rule for matrices alone would refuse a bias
        p, b = (Tensor(np.ones(s, np.float32), requires_grad=True) for s in ((3, 2), (2,)))
        carded(rule)([p, b], lr=0.1)
    found = train_on("digits", carded(Muon), 0.1, 0)
    assert found["final"] < 0.5 * found["curve"][0]
