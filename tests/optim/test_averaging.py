"""SWA and EMA against PyTorch, by hand, and over a restart."""

import numpy as np
import pytest

from tinytorch import Tensor
from tinytorch.core.layers import Linear, Sequential
from tinytorch.core.losses import MSELoss
from tinytorch.core.module import Module
from tinytorch.core.normalization import BatchNorm1d
from tinytorch.data import TensorDataset
from tinytorch.optim import AveragedModel, update_bn
from tinytorch.training import evaluate, load_checkpoint, save_checkpoint


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
        dict(parameters=["weight", "bias"]),
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


@pytest.mark.parametrize("decay", [0.9, 0.999, 0.99999])
def test_the_moving_average_of_a_constant_is_that_constant(decay):
    model = Linear(20, 20, rng=0)
    average = AveragedModel(model, decay)
    for _ in range(3000):
        average.update_parameters(model)
    assert np.array_equal(average.module.weight.data, model.weight.data)


@pytest.mark.parametrize("frozen", [(0,), (0, 1), (1,), (2,), (0, 2)])
@pytest.mark.parametrize("resumed", [False, True])
def test_a_layer_that_is_frozen_for_a_while_is_averaged(frozen, resumed):
    model, seen = Model(), []
    model.weight.requires_grad = 0 not in frozen
    average = AveragedModel(model)
    for i in range(4):
        model.weight.requires_grad = i not in frozen
        if model.weight.requires_grad or not seen:
            model.weight.data = np.full(3, float(i * i))
        seen.append(model.weight.data)
        average.update_parameters(model)
        if resumed:
            saved = average.state_dict()
            average = AveragedModel(model)
            average.load_state_dict(saved)
    np.testing.assert_allclose(average.module.weight.data, np.mean(seen, axis=0), rtol=1e-13)


def test_buffers_are_averaged_where_asked_for():
    model = Model()
    copied, averaged = AveragedModel(model), AveragedModel(model, use_buffers=True)
    for value in (1.0, 2.0, 6.0):
        model.count.data[...] = value
        copied.update_parameters(model)
        averaged.update_parameters(model)
    assert (copied.module.count.item(), averaged.module.count.item()) == (6.0, 3.0)


def test_is_a_module_that_can_be_evaluated_and_kept(tmp_path):
    class Scaled(Model):
        def forward(self, x, *, scale=1.0):
            return self.weight * x * scale

    model = Scaled()
    average = AveragedModel(model)
    train(model, average, 3)
    data = TensorDataset(np.ones((4, 3)), np.zeros((4, 3)))
    assert evaluate(average, MSELoss(), data) == evaluate(average.module, MSELoss(), data)
    x = Tensor(np.ones(3))
    assert np.array_equal(average(x, scale=2.0).data, 2 * average.module.weight.data)
    save_checkpoint(tmp_path / "it", average=average)
    other = AveragedModel(Scaled())
    load_checkpoint(tmp_path / "it", average=other)
    assert other.n == 3
    assert np.array_equal(other.module.weight.data, average.module.weight.data)


def test_a_state_that_is_not_finite_comes_back():
    model = Model()
    average = AveragedModel(model)
    model.weight.data = np.array([1.0, np.inf, np.nan])
    average.update_parameters(model)
    other = AveragedModel(Model())
    other.load_state_dict(average.state_dict())
    assert np.array_equal(other.module.weight.data, model.weight.data, equal_nan=True)


def normalized():
    return Sequential(Linear(2, 4, rng=0), BatchNorm1d(4), Linear(4, 1, rng=1))


def test_update_bn_equals_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is the referee of this test")
    ours = BatchNorm1d(3)
    theirs = torch.nn.BatchNorm1d(3)
    batches = np.random.default_rng(0).normal(2, 3, size=(5, 8, 3)).astype(np.float32)
    ours.running_mean.data[...] = 7.0
    update_bn([(Tensor(batch), None) for batch in batches], ours)
    torch.optim.swa_utils.update_bn([torch.tensor(batch) for batch in batches], theirs)
    for name in ("running_mean", "running_var"):
        expected = getattr(theirs, name).numpy()
        np.testing.assert_allclose(getattr(ours, name).data, expected, rtol=1e-5)
    assert (ours.momentum, ours.training) == (0.1, True)


def test_the_average_gets_statistics_of_its_own():
    model = normalized()
    average = AveragedModel(model)
    average.update_parameters(model)
    average.eval()
    x = Tensor(np.random.default_rng(0).normal(3, 2, size=(64, 2)).astype(np.float32))
    update_bn([x], average)
    assert not any(module.training for module in average.modules())
    hidden = average.module.layers[1](average.module.layers[0](x))
    np.testing.assert_allclose(hidden.data.mean(axis=0), 0, atol=1e-5)
    assert not np.allclose(
        model.layers[1].running_mean.data, average.module.layers[1].running_mean.data
    )


@pytest.mark.parametrize("batches", [[], [Tensor(np.ones((3, 2), np.float32)), None]])
def test_update_bn_that_fails_changes_nothing(batches):
    model = normalized().eval()
    before = model.state_dict()
    with pytest.raises((ValueError, TypeError, AttributeError)):
        update_bn(batches, model)
    assert all(np.array_equal(array, before[name]) for name, array in model.state_dict().items())
    assert (model.layers[1].momentum, model.layers[1].training) == (0.1, False)


@pytest.mark.parametrize(
    ("name", "value"), [("decay", 0.5), ("decay", None), ("use_buffers", True)]
)
def test_an_average_does_not_go_on_as_another_one(name, value):
    average = AveragedModel(Linear(2, 1), decay=0.9)
    state = average.state_dict()
    with pytest.raises(ValueError, match=f"AveragedModel: the state is of one with {name} {value}"):
        average.load_state_dict({**state, "n": 7, name: value})
    assert average.n == 0
    del state[name]  # as it was saved before it said so
    average.load_state_dict(state)
