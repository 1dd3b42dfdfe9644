"""Runs equal the loops that a reader would write by hand."""

import numpy as np
import pytest

from tinytorch import Tensor
from tinytorch.core.losses import CrossEntropyLoss
from tinytorch.data import DataLoader, TensorDataset
from tinytorch.lab import Himmelblau, Quadratic, Rosenbrock, sweep, train_runs, trajectory, tune
from tinytorch.nn import MLP
from tinytorch.optim import SGD, Adam, Momentum, Nesterov, SGDScheduleFree, StepLR


def test_trajectory_is_the_hand_loop():
    valley, lr, beta = Quadratic([1.0, 20.0], angle=0.3), 0.03, 0.8
    x, b, path = valley.start, 0.0, [valley.start]
    for _ in range(30):
        b = beta * b + valley.gradient(x)
        x = x - lr * b
        path.append(x)
    got = trajectory(Momentum, valley, steps=30, lr=lr, momentum=beta)
    assert got.dtype == np.float64
    assert got.shape == (31, 2)
    np.testing.assert_allclose(got, path, rtol=1e-13)


def test_trajectory_leaves_the_start_alone_and_takes_many():
    start = np.array([[0.0, 0.0], [1.0, -1.0], [-2.0, 3.0]])
    before = start.copy()
    together = trajectory(Adam, Himmelblau(), start, 40, lr=0.1)
    assert np.array_equal(start, before)
    for i, one in enumerate(start):
        alone = trajectory(Adam, Himmelblau(), one, 40, lr=0.1)
        np.testing.assert_allclose(together[:, i], alone, rtol=1e-12)


def test_trajectory_with_a_learners_class():
    class Mine:
        def __init__(self, params, lr):
            self.params, self.lr = list(params), lr

        def step(self):
            for p in self.params:
                p.data = p.data - self.lr * p.grad.data

        def zero_grad(self):
            for p in self.params:
                p.grad = None

    expected = trajectory(SGD, Rosenbrock(), steps=20, lr=1e-3)
    np.testing.assert_allclose(trajectory(Mine, Rosenbrock(), steps=20, lr=1e-3), expected)


def test_trajectory_with_a_schedule():
    line = Quadratic([1.0])
    path = trajectory(SGD, line, [1.0], 4, lr=0.5, schedule=lambda o: StepLR(o, 2, 0.5))
    np.testing.assert_allclose(path[:, 0], [1, 0.5, 0.25, 0.1875, 0.140625])


def test_trajectory_with_noise():
    flat = Quadratic([0.0])
    a = trajectory(SGD, flat, np.zeros((20_000, 1)), 1, lr=1.0, noise=2.0, rng=0)
    assert a[1].std() == pytest.approx(2, rel=0.03)
    again = trajectory(SGD, flat, np.zeros((20_000, 1)), 1, lr=1.0, noise=2.0, rng=0)
    assert np.array_equal(a, again)


def test_a_start_in_float32_is_followed_in_float32():
    valley, start = Quadratic([1.0, 20.0], angle=0.3), np.array([1.0, 0.5], np.float32)
    p, b = start, np.zeros(2, np.float32)
    for _ in range(30):
        b = (0.8 * b + valley.gradient(p).astype(np.float32)).astype(np.float32)
        p = p - np.float32(0.03) * b
    one = trajectory(Momentum, valley, start, 30, lr=0.03, momentum=0.8)
    many = sweep(Momentum, valley, start, 30, lr=np.array([0.01, 0.03]), momentum=0.8)
    assert one.dtype == many.dtype == p.dtype == np.float32
    np.testing.assert_allclose(one[-1], p, rtol=1e-5)
    np.testing.assert_allclose(many[-1, 1], p, rtol=1e-5)
    exact = trajectory(Momentum, valley, start.astype(float), 30, lr=0.03, momentum=0.8)
    assert (one[-1] != exact[-1]).any()


CASES = [
    (SGD, dict(lr=np.array([1e-4, 1e-3])), (2,)),
    (SGD, dict(lr=np.array([1e-4, 1e-3])[:, None], momentum=np.array([0.0, 0.5, 0.9])), (2, 3)),
    (Nesterov, dict(lr=1e-4, momentum=np.array([0.5, 0.9])), (2,)),
    (
        Adam,
        dict(lr=np.array([0.01, 0.1])[:, None], betas=(np.array([0.0, 0.5, 0.9]), 0.99)),
        (2, 3),
    ),
    (Adam, dict(lr=0.1, eps=np.array([1e-8, 1.0]), weight_decay=0.01), (2,)),
]


@pytest.mark.parametrize(("optimizer", "grid", "shape"), CASES)
def test_sweep_is_a_loop_of_trajectories(optimizer, grid, shape):
    surface, steps = Rosenbrock(), 25
    got = sweep(optimizer, surface, steps=steps, **grid)
    assert got.shape == (steps + 1, *shape, 2)

    def at(value, index):
        if isinstance(value, tuple):
            return tuple(at(v, index) for v in value)
        return np.broadcast_to(value, shape)[index].item()

    for index in np.ndindex(*shape):
        kwargs = {name: at(value, index) for name, value in grid.items()}
        expected = trajectory(optimizer, surface, steps=steps, **kwargs)
        np.testing.assert_allclose(got[(slice(None), *index)], expected, rtol=1e-12)


def test_sweep_over_starts_observed():
    surface = Himmelblau()
    starts = np.stack(np.meshgrid(np.linspace(-4, 4, 5), np.linspace(-3, 3, 4)), axis=-1)
    got = sweep(Adam, surface, starts, 30, lr=0.1, observe=surface.value)
    assert got.shape == (31, 4, 5)
    path = trajectory(Adam, surface, starts[2, 3], 30, lr=0.1)
    np.testing.assert_allclose(got[:, 2, 3], surface.value(path), rtol=1e-10)


def blobs():
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 3, 90)
    inputs = rng.normal(size=(90, 2)) + 3 * np.array([[1, 0], [-1, 1], [-1, -1]])[targets]
    return TensorDataset(inputs.astype(np.float32), targets)


def test_train_runs_is_the_hand_loop():
    data = blobs()
    runs = train_runs(
        Momentum, lambda rng: MLP([2, 8, 3], rng=rng), data, data,
        seeds=(3, 4), epochs=2, batch_size=40, lr=0.1, schedule=lambda o: StepLR(o, 1, 0.5),
    )  # fmt: skip
    assert runs.losses.shape == (2, 6)
    assert runs.test_loss.shape == runs.accuracy.shape == (2, 3)

    network, loss = MLP([2, 8, 3], rng=4), CrossEntropyLoss()
    loader = DataLoader(data, 40, shuffle=True, seed=4)
    optimizer = Momentum(network.parameters(), lr=0.1)
    losses = []
    for epoch in range(2):
        optimizer.param_groups[0]["lr"] = 0.1 * 0.5**epoch
        for inputs, targets in loader:
            value = loss(network(inputs), targets)
            losses.append(value.item())
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
    np.testing.assert_array_equal(runs.losses[1], losses)
    right = (network(Tensor(data.inputs)).data.argmax(axis=1) == data.targets).mean()
    assert runs.accuracy[1, -1] == right > runs.accuracy[1, 0]


def test_train_runs_judges_a_schedule_free_optimizer_by_its_average():
    data, loss = blobs(), CrossEntropyLoss()
    runs = train_runs(
        SGDScheduleFree, lambda rng: MLP([2, 8, 3], rng=rng), data, data,
        seeds=(3,), epochs=2, batch_size=40, lr=0.5,
    )  # fmt: skip

    network = MLP([2, 8, 3], rng=3)
    loader = DataLoader(data, 40, shuffle=True, seed=3)
    optimizer = SGDScheduleFree(network.parameters(), lr=0.5)
    for epoch in (1, 2):
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss(network(inputs), targets).backward()
            optimizer.step()
        optimizer.eval()
        value = loss(network(Tensor(data.inputs)), data.targets).item()
        assert runs.test_loss[0, epoch] == pytest.approx(value, rel=1e-6)
        optimizer.train()


def test_tune_gives_everyone_the_same_budget():
    score = {0.1: 3.0, 0.2: 1.0, 0.3: np.nan, 0.4: -np.inf, 0.5: np.inf}
    tried = []

    def run(name, lr):
        tried.append((name, lr))
        return score[lr]

    grid = [dict(lr=lr) for lr in score]
    result = tune(run, {"a": grid, "b": grid[::-1]})
    assert result["a"][0] == result["b"][0] == dict(lr=0.2)
    assert len(tried) == 10
    with pytest.raises(ValueError, match="same number"):
        tune(run, {"a": grid, "b": grid[:1]})
