"""SWA and EMA against PyTorch, by hand, and over a restart."""

import numpy as np
import pytest

from tinytorch import Tensor
from tinytorch.core.module import Module
from tinytorch.optim import AveragedModel


class Model(Module):
    def __init__(self):
        self.weight = Tensor(np.arange(3.0), requires_grad=True)
        self.count = Tensor(np.zeros(1))

    def forward(self, x):
        return self.weight * x


def train(model, average, steps, start=0):
    for i in range(start, start + steps):
        rng = np.random.default_rng(i)
        model.weight.data = model.weight.data + rng.normal(size=3)
        model.count.data += 1
        average.update_parameters(model)


@pytest.mark.parametrize("decay", [None, 0.0, 0.9])
def test_equals_pytorch(decay):
    torch = pytest.importorskip("torch", reason="PyTorch is the referee of this test")
    from torch.optim import swa_utils

    ours, theirs = Model(), torch.nn.Linear(3, 1, bias=False, dtype=torch.float64)
    average = AveragedModel(ours, decay)
    kwargs = {} if decay is None else {"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(decay)}
    their_average = swa_utils.AveragedModel(theirs, **kwargs)
    for i in range(10):
        train(ours, average, 1, i)
        with torch.no_grad():
            theirs.weight.copy_(torch.tensor(ours.weight.data)[None])
        their_average.update_parameters(theirs)
        expected = their_average.module.weight.detach().numpy()[0]
        np.testing.assert_allclose(average.module.weight.data, expected, rtol=1e-13)


def test_the_mean_is_the_mean():
    model = Model()
    average, seen = AveragedModel(model), []
    for i in range(7):
        train(model, average, 1, i)
        seen.append(model.weight.data)
    np.testing.assert_allclose(average.module.weight.data, np.mean(seen, axis=0), rtol=1e-13)
    assert average.n == 7


def test_the_moving_average_by_hand():
    model = Model()
    average = AveragedModel(model, decay=0.75)
    for value in (1.0, 2.0, 4.0):
        model.weight.data = np.full(3, value)
        average.update_parameters(model)
    np.testing.assert_allclose(average.module.weight.data, [0.75 * 1.25 + 0.25 * 4.0] * 3)


def test_is_a_copy_that_can_be_called_and_buffers_are_copied():
    model = Model()
    average = AveragedModel(model)
    train(model, average, 2)
    assert not np.shares_memory(average.module.weight.data, model.weight.data)
    assert average.module.count.data == model.count.data == [2]
    x = Tensor(np.ones(3))
    assert np.array_equal(average(x).data, average.module.weight.data)
    assert average.module.weight.dtype == np.float64


@pytest.mark.parametrize("decay", [None, 0.5])
def test_resuming_equals_never_stopping(decay):
    model = Model()
    average = AveragedModel(model, decay)
    train(model, average, 3)
    saved = average.state_dict()
    other = AveragedModel(Model(), decay)
    other.load_state_dict(saved)
    train(model, average, 1, 3)
    assert saved["n"] == 3
    other.update_parameters(model)
    assert np.array_equal(average.module.weight.data, other.module.weight.data)


@pytest.mark.parametrize(
    "change",
    [
        dict(n=-1),
        dict(n=1.5),
        dict(averages={"weight": np.zeros(3)}),
        dict(averages={"weight": np.zeros(4), "count": np.zeros(1)}),
        dict(averages={"weight": np.full(3, np.nan), "count": np.zeros(1)}),
        dict(averages={"weight": np.zeros(3, "float32"), "count": np.zeros(1)}),
        dict(extra=1),
    ],
)
def test_a_broken_state_changes_nothing(change):
    average = AveragedModel(Model())
    with pytest.raises(ValueError, match="AveragedModel"):
        average.load_state_dict({**average.state_dict(), **change})
    assert np.array_equal(average.module.weight.data, [0, 1, 2])
    assert average.n == 0


def test_another_model_changes_nothing():
    average, other = AveragedModel(Model()), Model()
    other.count = Tensor(np.zeros(2))
    with pytest.raises(ValueError, match=r"count must be float64 \(1,\), got float64 \(2,\)"):
        average.update_parameters(other)
    other.bias = Tensor(np.zeros(2))
    with pytest.raises(ValueError, match=r"unknown \['bias'\]"):
        average.update_parameters(other)
    assert average.n == 0


@pytest.mark.parametrize("decay", [1.0, -0.1, float("nan"), "0.9", True])
def test_decay_must_be_a_fraction(decay):
    with pytest.raises(ValueError, match=r"decay must be a number in \[0, 1\)"):
        AveragedModel(Model(), decay)
