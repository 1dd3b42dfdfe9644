"""Tensors and the walk back through the graph."""

import numpy as np
import pytest

from tinytorch import Tensor, Variable
from tinytorch.nn import MLP, CrossEntropyLoss, Dense, ReLU, Sequential
from tinytorch.optim import Adam, StepLR


def test_variable_as_typed():
    x = Variable(10.0, requires_grad=True)
    loss = x**2
    loss.backward()
    assert f"{x.data:.4f} {loss.data:.4f}" == "10.0000 100.0000"
    assert x.grad.item() == 20.0
    x = Variable([2.0, -3.0], requires_grad=True)
    (x[0] ** 2 + x[1] ** 2).sum().backward()
    assert x.grad.data.tolist() == [4.0, -6.0]


def test_dtypes():
    assert Tensor(1).dtype == Tensor([1, 2]).dtype == np.float32
    assert Tensor(np.zeros(2)).dtype == np.float64
    assert (Tensor([1.0]) * np.float64(2) + 1.5).dtype == np.float32


def test_first_accumulation_owns_its_array():
    a, b = (Tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    (a + b).backward(Tensor([1.0, 1.0]))
    assert not np.shares_memory(a.grad.data, b.grad.data)
    first = a.grad.data
    (a + b).backward(Tensor([1.0, 1.0]))
    assert a.grad.data.tolist() == [2.0, 2.0] and first.tolist() == [1.0, 1.0]


def test_long_chain_and_deep_diamond():
    x = Tensor(1.0, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y + 0.0
    y.backward()
    assert x.grad.item() == 1.0
    x.zero_grad()
    y = x
    for _ in range(60):
        y = (y + y) * 0.5
    y.backward()
    assert x.grad.item() == 1.0


def test_training_as_typed():
    rng = np.random.default_rng(0)
    batch_x, batch_y = Tensor(rng.normal(size=(64, 784)).astype("float32")), np.arange(64) % 10
    for model in (MLP([784, 128, 10]), Sequential([Dense(784, 128), ReLU(), Dense(128, 10)])):
        optimizer = Adam(model.parameters(), lr=0.001)
        scheduler = StepLR(optimizer, step_size=20, gamma=0.5)
        loss_fn = CrossEntropyLoss()
        losses = []
        for _ in range(30):
            predictions = model.forward(batch_x)
            loss = loss_fn.forward(predictions, batch_y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            scheduler.step()
            losses.append(loss.item())
        assert losses[-1] < 0.1 < 2 < losses[0]
        assert scheduler.get_last_lr() == [0.0005]


def test_errors_name_shapes():
    with pytest.raises(ValueError, match=r"\(3,\) and \(4,\)"):
        Tensor(np.zeros(3)) + Tensor(np.zeros(4))
    with pytest.raises(ValueError, match=r"\(2, 3\) and \(2, 3\)"):
        Tensor(np.zeros((2, 3))) @ Tensor(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="needs a scalar"):
        (Tensor([1.0, 2.0], requires_grad=True) * 2).backward()
