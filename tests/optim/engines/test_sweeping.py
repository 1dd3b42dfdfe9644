"""A sweep gives what running the optimizers one by one gives."""

import inspect
import itertools

import numpy as np
import pytest

from tinytorch import Tensor
from tinytorch.optim import (
    OPTIMIZERS,
    SGD,
    Adam,
    AdamW,
    CosineAnnealingLR,
    LinearLR,
    Momentum,
    Nesterov,
    OneCycleLR,
    Optimizer,
    ReduceLROnPlateau,
    run_grid,
)

START = (-1.2, 1.0)


def rosenbrock(p):
    x, y = p[..., 0], p[..., 1]
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def gradient(p):
    x, y = p[..., 0], p[..., 1]
    return np.stack([-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)], axis=-1)


def one_by_one(optimizer, start, steps, schedule=None, **values):
    p = Tensor(np.array(start, dtype=np.float64), requires_grad=True)
    own = optimizer([p], **values)
    scheduler = schedule and schedule(own)
    path = [p.data.copy()]
    for _ in range(steps):
        p.grad = Tensor(gradient(p.data))
        own.step()
        if scheduler:
            scheduler.step()
        path.append(p.data.copy())
    return np.array(path)


@pytest.mark.parametrize(
    ("optimizer", "arrays", "others"),
    [
        (SGD, dict(lr=[1e-4, 5e-4]), {}),
        (SGD, dict(lr=[1e-4, 5e-4], momentum=[0.0, 0.5, 0.9], dampening=[0.0, 0.3]), {}),
        (SGD, dict(lr=[1e-6], weight_decay=[0.0, 0.1]), dict(momentum=0.5, maximize=True)),
        (Momentum, dict(learning_rate=[1e-4, 5e-4]), {}),
        (Nesterov, dict(momentum=[0.5, 0.9]), dict(lr=2e-4)),
        (Adam, dict(lr=[0.01, 0.1], beta1=[0.0, 0.9], beta2=[0.99, 0.999]), dict(eps=1e-3)),
        (Adam, dict(weight_decay=[0.0, 0.1, 0.2]), dict(lr=0.1, beta1=0.5)),
    ],
)
def test_equals_one_by_one_after_every_step(optimizer, arrays, others):
    axes = np.meshgrid(*arrays.values(), indexing="ij", sparse=True)
    runs = run_grid(
        optimizer,
        START,
        gradient,
        20,
        observe=lambda p: p,
        **dict(zip(arrays, axes, strict=True)),
        **others,
    )
    assert runs.trace.shape == (21, *map(len, arrays.values()), 2)
    np.testing.assert_array_equal(runs.points, runs.trace[-1])
    for index in itertools.product(*(range(len(a)) for a in arrays.values())):
        values = {k: arrays[k][i] for k, i in zip(arrays, index, strict=True)}
        path = one_by_one(optimizer, START, 20, **values, **others)
        np.testing.assert_allclose(runs.trace[(slice(None), *index)], path, rtol=1e-9)


ELEMENTWISE = [o for o in OPTIMIZERS if o.elementwise]
ARGUMENTS = [
    (optimizer, name)
    for optimizer in ELEMENTWISE
    for name, value in optimizer([Tensor(0.0, requires_grad=True)]).defaults.items()
    for name in optimizer.parts.get(name, (name,))
    if type(value) in (int, float, tuple)
]
# Values to try where multiples of the default and 0 would not do.
VALUES = {"lr": [1e-5, 1e-4, 1e-3], "alpha": [0.0, 0.5, 0.99], "rho": [0.0, 0.02, 0.9]}
VALUES |= {"beta1": [0.0, 0.5, 0.9], "beta2": [0.0, 0.6, 0.75, 0.99]}
VALUES |= {"beta3": [0.0, 0.5, 0.9], "shrink": [0.2, 0.5], "grow": [1.1, 2.0]}
VALUES |= {"least": [1e-6, 1e-3], "most": [1e-4, 50.0]}
VALUES |= {"momentum_decay": [0.0, 4e-3, 1.0], "dampening": [-0.5, 0.0, 0.5]}


@pytest.mark.parametrize(("optimizer", "name"), ARGUMENTS)
def test_every_argument_of_every_optimizer(optimizer, name):
    """Those that step by it, those that start from it; or it is refused."""
    others = {} if name == "lr" else dict(lr=1e-4)
    if "momentum" in inspect.signature(optimizer).parameters and name != "momentum":
        others["momentum"] = 0.9
    tried = VALUES.get(name, [0.0, 0.1, 0.5])
    if optimizer is Nesterov:  # not allowed otherwise
        tried = {"momentum": [0.5, 0.9], "dampening": [0.0]}.get(name, tried)
    if optimizer.__name__ in ("Prodigy", "SGDScheduleFree", "AdamWScheduleFree"):
        tried = [0.5, 0.25] if name not in ("warmup_steps", "growth_rate") else [1, 2]
        with pytest.raises(ValueError, match=r"carries numbers|must be"):
            run_grid(optimizer, START, gradient, 9, **{name: np.array(tried)})
        return
    runs = run_grid(optimizer, START, gradient, 9, **{name: np.array(tried)}, **others)
    expected = []
    for value in tried:
        with np.errstate(all="ignore"):
            expected.append(one_by_one(optimizer, START, 9, **{name: value}, **others)[-1])
    np.testing.assert_allclose(runs.points, expected, rtol=1e-9)


def test_runs_may_start_at_different_points():
    starts = np.random.default_rng(0).normal(size=(4, 2))
    runs = run_grid(Adam, starts, gradient, 10, lr=np.array([0.1, 0.01])[:, None])
    assert runs.points.shape == (2, 4, 2)
    for i, lr in enumerate((0.1, 0.01)):
        for j, start in enumerate(starts):
            path = one_by_one(Adam, start, 10, lr=lr)
            np.testing.assert_allclose(runs.points[i, j], path[-1], rtol=1e-9)


def test_records_losses_every_few_steps():
    lr = np.array([1e-4, 1e-3])
    runs = run_grid(SGD, START, gradient, 10, observe=rosenbrock, every=4, lr=lr)
    assert runs.steps.tolist() == [0, 4, 8]
    for i in range(2):
        path = one_by_one(SGD, START, 10, lr=lr[i])
        np.testing.assert_allclose(runs.trace[:, i], rosenbrock(path[[0, 4, 8]]), rtol=1e-9)
    assert run_grid(SGD, START, gradient, 10, lr=lr).trace is None


@pytest.mark.parametrize(
    ("optimizer", "schedule", "others"),
    [
        (SGD, lambda o: LinearLR(o, 0.1, 1.0, 5), {}),
        (AdamW, lambda o: CosineAnnealingLR(o, 9, eta_min=1e-5), dict(weight_decay=0.1)),
        (Momentum, lambda o: OneCycleLR(o, max_lr=1e-3, total_steps=12), {}),
        (SGD, lambda o: LinearLR(o, 1.0, 0.0, 9), dict(momentum=np.array([0.0, 0.9, 0.5]))),
    ],
)
def test_a_schedule_rules_each_run_from_its_own_rate(optimizer, schedule, others):
    rates = np.array([1e-4, 3e-4, 5e-4])
    runs = run_grid(optimizer, START, gradient, 12, schedule=schedule, lr=rates, **others)
    for k, lr in enumerate(rates):
        own = {name: v[k] if np.ndim(v) else v for name, v in others.items()}
        alone = one_by_one(optimizer, START, 12, schedule=schedule, lr=float(lr), **own)
        np.testing.assert_array_equal(runs.points[k], alone[-1])


def test_refuses_a_scheduler_that_watches():
    with pytest.raises(ValueError, match="ReduceLROnPlateau watches one run"):
        run_grid(SGD, START, gradient, 2, schedule=ReduceLROnPlateau, lr=np.array([1e-4, 1e-3]))


def test_a_single_run_is_a_plane_of_none():
    runs = run_grid(Adam, START, gradient, 5, lr=0.1)
    np.testing.assert_allclose(runs.points, one_by_one(Adam, START, 5, lr=0.1)[-1], rtol=1e-12)


def test_neither_the_start_nor_the_gradient_is_changed():
    start, g = np.array(START), np.ones((3, 2))
    run_grid(Momentum, start, lambda p: g, 5, lr=np.array([0.1, 0.2, 0.3]))
    np.testing.assert_array_equal(start, START)
    np.testing.assert_array_equal(g, 1)


def test_divergence_is_no_warning():
    runs = run_grid(SGD, START, gradient, 50, lr=np.array([1e-4, 1.0]))
    assert np.isfinite(runs.points).tolist() == [[True, True], [False, False]]


@pytest.mark.parametrize(
    ("error", "match", "arguments"),
    [
        (ValueError, "lr must be", dict(lr=np.array([0.1, -1.0, 0.2]))),
        (ValueError, "finite", dict(lr=np.array([0.1, np.nan]))),
        (ValueError, "betas must be", dict(beta1=np.array([0.5, 1.0]))),
        (ValueError, "finite", dict(lr=np.array([]))),
        (TypeError, "speed", dict(speed=np.array([0.1]))),
        (ValueError, "broadcast", dict(lr=np.ones(2), eps=np.ones(3))),
        (ValueError, "steps", dict(steps=-1)),
        (ValueError, "every", dict(every=0)),
        (ValueError, "start", dict(start=1.0)),
        (ValueError, "shape", dict(gradient=lambda p: p[..., 0])),
    ],
)
def test_refuses(error, match, arguments):
    with pytest.raises(error, match=match):
        run_grid(Adam, **{**dict(start=START, gradient=gradient, steps=2), **arguments})


def test_refuses_what_holds_for_no_single_run():
    with pytest.raises(ValueError, match="nesterov"):
        run_grid(SGD, START, gradient, 1, nesterov=True, momentum=np.array([0.0, 0.9]))


def test_refuses_a_rule_on_whole_tensors():
    class Normed(Optimizer):
        elementwise = False

    with pytest.raises(ValueError, match="not elementwise"):
        run_grid(Normed, START, gradient, 1)
