"""One optimizer with two rules: which parameter gets which, and that each is what it is alone."""

import numpy as np
import pytest

from tinytorch import Tensor
from tinytorch.optim import AdamW, Muon, MuonAdamW, StepLR


def parameters():
    random = np.random.default_rng(0)
    return [Tensor(random.normal(size=s), requires_grad=True) for s in ((3, 4), (4,), (4, 2), ())]


def step(optimizer, params, seed):
    random = np.random.default_rng(seed)
    for p in params:
        p.grad = Tensor(random.normal(size=p.shape))
    optimizer.step()


def test_each_rule_is_what_it_is_alone():
    together, apart = parameters(), parameters()
    both = MuonAdamW(together, lr=0.05, weight_decay=0.2, adamw_lr=0.01, adamw_weight_decay=0.3)
    muon = Muon([apart[0], apart[2]], lr=0.05, weight_decay=0.2)
    adamw = AdamW([apart[1], apart[3]], lr=0.01, weight_decay=0.3)
    for seed in range(4):
        step(both, together, seed)
        random = np.random.default_rng(seed)
        for p in apart:
            p.grad = Tensor(random.normal(size=p.shape))
        muon.step()
        adamw.step()
        for p, q in zip(together, apart, strict=True):
            np.testing.assert_array_equal(p.data, q.data)


def test_a_group_may_choose_its_rule():
    first, bias, last, scalar = parameters()
    optimizer = MuonAdamW(
        [{"params": [first, bias]}, {"params": [last, scalar], "adamw": True, "lr": 0.5}]
    )
    uses = [(g["adamw"], len(g["params"]), g["lr"]) for g in optimizer.param_groups]
    assert uses == [(False, 1, 1e-3), (True, 1, 3e-4), (True, 2, 0.5)]


def test_a_scheduler_scales_both():
    optimizer = MuonAdamW(parameters(), lr=0.02, adamw_lr=0.004)
    scheduler = StepLR(optimizer, 1, 0.5)
    step(optimizer, [p for g in optimizer.param_groups for p in g["params"]], 0)
    scheduler.step()
    assert [g["lr"] for g in optimizer.param_groups] == [0.01, 0.002]


def test_it_resumes():
    p, q = parameters(), parameters()
    one, two = MuonAdamW(p), MuonAdamW(q)
    step(one, p, 0)
    two.load_state_dict(one.state_dict())
    for a, b in zip(p, q, strict=True):
        np.copyto(b.data, a.data)
    step(one, p, 1)
    step(two, q, 1)
    for a, b in zip(p, q, strict=True):
        np.testing.assert_array_equal(a.data, b.data)


def test_what_is_refused_adds_nothing():
    first, bias, last, scalar = parameters()
    optimizer = MuonAdamW([first, bias])
    with pytest.raises(ValueError, match="given twice"):
        optimizer.add_param_group({"params": [last, scalar, bias]})
    assert len(optimizer.param_groups) == 2
    assert set(optimizer.state) == {first, bias}
    optimizer.add_param_group({"params": [last, scalar]})
    assert len(optimizer.param_groups) == 4
    with pytest.raises(ValueError, match="adamw must be True or False, got 'yes'"):
        MuonAdamW([bias], adamw="yes")
    with pytest.raises(ValueError, match="adamw_lr must be a finite number >= 0, got -1"):
        MuonAdamW([bias], adamw_lr=-1)
