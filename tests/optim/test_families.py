"""What is special about each family: modes, first steps, shapes, limits, refusals."""

import math

import numpy as np
import pytest

from tinytorch import Tensor
from tinytorch.nn import Linear
from tinytorch.optim import (
    LAMB,
    LARS,
    SOAP,
    Adafactor,
    Adagrad,
    Adam,
    AdamWScheduleFree,
    Lion,
    Muon,
    Prodigy,
    RAdam,
    RMSprop,
    SGDScheduleFree,
    Shampoo,
    SophiaG,
)
from tinytorch.optim.adam_family import momentum_product, rectification, warmed_momentum
from tinytorch.optim.adaptive import rmsprop_centered
from tinytorch.optim.matrix import orthogonalize


def parameter(value, dtype=np.float64):
    return Tensor(np.array(value, dtype), requires_grad=True)


def step(optimizer, gradient):
    (p,) = optimizer.param_groups[0]["params"]
    p.grad = Tensor(np.array(gradient, p.data.dtype) + np.zeros_like(p.data))
    optimizer.step()
    return p.data.copy()


# Schedule-free


@pytest.mark.parametrize("optimizer", [SGDScheduleFree, AdamWScheduleFree])
@pytest.mark.parametrize(("power", "r"), [(2.0, 0.0), (1.0, 3.0)])
def test_eval_shows_the_weighted_average_of_z_and_train_goes_back(optimizer, power, r):
    run = optimizer([parameter([1.0, -2.0])], lr=0.1, warmup_steps=4, r=r, weight_lr_power=power)
    (p,) = run.param_groups[0]["params"]
    zs, weights = [], []
    for t in range(1, 9):
        step(run, [math.sin(t), t])
        zs.append(run.state[p]["z"].copy())
        weights.append(t**r * (0.1 * min(1, t / 4)) ** power)
    y = p.data.copy()
    run.eval()
    np.testing.assert_allclose(p.data, np.average(zs, axis=0, weights=weights), rtol=1e-13)
    run.eval()  # a second time changes nothing
    x = p.data.copy()
    with pytest.raises(RuntimeError, match=r"call train\(\)"):
        run.step()
    assert (run.state[p]["t"], run.steps) == (8, 8)
    run.train()
    np.testing.assert_allclose(p.data, y, rtol=1e-13)
    assert not np.allclose(x, y)


def test_the_mode_is_saved_with_the_state():
    one, other = (SGDScheduleFree([parameter([1.0])], lr=0.1) for _ in range(2))
    step(one, 1.0)
    step(one, 3.0)
    one.eval()
    other.load_state_dict(one.state_dict())
    with pytest.raises(RuntimeError, match="average"):
        other.step()


@pytest.mark.parametrize("optimizer", [SGDScheduleFree, AdamWScheduleFree, Prodigy])
def test_weights_that_are_loaded_before_the_first_step_are_the_start(optimizer):
    late, early = optimizer([parameter([1.0, 2.0])]), optimizer([parameter([5.0, 6.0])])
    (p,) = late.param_groups[0]["params"]
    p.data[...] = [5.0, 6.0]
    for t in range(3):
        assert np.array_equal(step(late, t + 1.0), step(early, t + 1.0))


# Prodigy


def test_prodigy_finds_the_distance_and_shares_it():
    p, q = parameter(np.zeros(3)), parameter([0.0, 0.0])
    groups = [{"params": [p], "weight_decay": 0.1}, {"params": [q]}]
    run = Prodigy(groups)
    for _ in range(200):
        p.grad, q.grad = Tensor(np.sign(p.data - 1)), Tensor(np.sign(q.data - 1))
        run.step()
    first, second = (group["d"] for group in run.param_groups)
    assert first == second
    assert 0.1 < first < 3


def test_prodigy_leaves_a_group_with_a_rate_of_zero_alone():
    p, q = parameter([1.0]), parameter([1.0])
    run = Prodigy([{"params": [p]}, {"params": [q], "lr": 0.0, "weight_decay": 1.0}], d0=0.1)
    p.grad = q.grad = Tensor(np.array([1.0]))
    run.step()
    assert p.data[0] < 1
    assert q.data[0] == 1
    run.param_groups[1]["lr"] = 0.5
    with pytest.raises(ValueError, match="must be equal, or 0"):
        run.step()
    assert (run.steps, run.state[p]["t"]) == (1, 1)


def test_prodigy_without_any_gradient_keeps_its_estimate():
    run = Prodigy([parameter([1.0])], d0=0.5)
    assert step(run, 0.0) == 1.0
    assert run.param_groups[0]["d"] == 0.5


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_prodigy_names_a_gradient_it_cannot_use_and_goes_on_after_it(bad):
    runs = []
    for tried in ([1.0, 2.0], [1.0, bad, 2.0]):
        p, q = parameter([1.0, 2.0]), parameter([3.0])
        run = Prodigy([("p", p), ("q", q)], d0=0.1)
        for g in tried:
            p.grad, q.grad = Tensor(np.full(2, 1.0)), Tensor(np.array([g]))
            if math.isfinite(g):
                run.step()
                continue
            before = run.state_dict()
            with pytest.raises(ValueError, match="Prodigy: the gradient of q must be finite"):
                run.step()
            np.testing.assert_equal(run.state_dict(), before)
        assert run.steps == 2
        runs.append((p.data, q.data, run.param_groups[0]["d"]))
    np.testing.assert_equal(*runs)


def test_a_gradient_that_is_too_large_for_prodigy():
    run = Prodigy([parameter([1.0])], d0=1e10)
    step(run, 1.0)
    before = run.state_dict()
    with pytest.raises(ValueError, match="the gradient of parameter 0 is too large"):
        step(run, 1e300)
    np.testing.assert_equal(run.state_dict(), before)


# Moments


def test_nadams_product_is_the_product():
    for beta1, psi in [(0.9, 4e-3), (0.5, 1.0), (0.0, 1.0), (0.99, 0.0)]:
        product = 1.0
        for t in range(1, 500):
            product *= warmed_momentum(t, beta1, psi)
            assert abs((1 - momentum_product(t, beta1, psi)) - (1 - product)) < 1e-15


def test_radam_takes_steps_of_momentum_until_it_rectifies():
    assert [rectification(t, 0.999) > 0 for t in (1, 5, 6, 1000)] == [False, False, True, True]
    assert rectification(10**6, 0.999) == pytest.approx(1, abs=1e-6)
    assert all(rectification(t, beta2) == 0 for t in (1, 9, 99) for beta2 in (0.6, 1 / 3, 0.0))
    run = RAdam([parameter([1.0])], lr=0.1)
    steps = [step(run, 3.0)[0] for _ in range(6)]
    np.testing.assert_allclose(steps[:5], 1 - 0.3 * np.arange(1, 6))
    assert abs(steps[5] - steps[4]) < 0.01


def test_amsgrad_never_divides_by_less_than_before():
    plain, ams = (
        Adam([parameter([0.0])], lr=0.1, betas=(0, 0.5), amsgrad=amsgrad)
        for amsgrad in (False, True)
    )
    for run in (plain, ams):
        step(run, 100.0)
        for _ in range(20):
            step(run, 1.0)
    assert abs(step(plain, 1.0) - step(plain, 1.0)) > 0.09
    assert abs(step(ams, 1.0) - step(ams, 1.0)) < 0.01


def test_centered_rmsprop_survives_a_constant_gradient():
    p, v, m = np.zeros(1), np.zeros(1), np.zeros(1)
    g = np.array([0.1])
    numbers = dict(lr=1e-3, alpha=0.9, eps=1e-8, eps_root=0.0)
    for _ in range(1000):
        p, v, m = rmsprop_centered(p, g, v, m, **numbers)
    assert np.isfinite(p).all()


def test_eps_goes_where_it_is_told():
    for optimizer in (Adagrad, RMSprop):
        outside, inside = (
            optimizer([parameter([0.0])], lr=1.0, eps=4.0, eps_in_sqrt=flag)
            for flag in (False, True)
        )
        v = 9.0 if optimizer is Adagrad else 0.01 * 9
        np.testing.assert_allclose(step(outside, 3.0), -3 / (math.sqrt(v) + 4))
        np.testing.assert_allclose(step(inside, 3.0), -3 / math.sqrt(v + 4))


def test_lion_moves_every_weight_by_lr():
    moved = step(Lion([parameter([1.0, 1.0, 1.0])], lr=0.25), [1e-9, -1e9, 0.0])
    assert moved.tolist() == [0.75, 1.25, 1.0]


# Layers and matrices


def test_a_layer_at_zero_can_leave_it():
    assert step(LARS([parameter([0.0, 0.0])], lr=0.5), [1.0, -2.0]).tolist() == [-0.5, 1.0]
    lamb = step(LAMB([parameter([0.0, 0.0])], lr=0.5, eps=0.0), [1.0, -2.0])
    np.testing.assert_allclose(lamb, [-0.5, 0.5])


def test_lamb_and_lars_move_a_layer_by_a_fraction_of_its_norm():
    start = np.array([3.0, 4.0])
    moved = step(LAMB([parameter(start)], lr=0.1), [7.0, -1e-3]) - start
    assert np.linalg.norm(moved) == pytest.approx(0.5)
    moved = step(LARS([parameter(start)], lr=1.0, trust_coefficient=0.01), [7.0, 2.0]) - start
    assert np.linalg.norm(moved) == pytest.approx(0.05)


def test_adafactor_keeps_a_row_and_a_column():
    run = Adafactor([parameter(np.ones((30, 40))), parameter(np.ones(7))])
    matrix, vector = run.param_groups[0]["params"]
    assert sum(np.size(run.state[matrix][k]) for k in ("r", "c")) == 70
    assert sum(np.size(run.state[vector][k]) for k in ("r", "c")) == 7


def test_orthogonalize_keeps_the_singular_vectors_and_levels_the_values():
    x = np.random.RandomState(0).standard_normal((6, 4))
    u, _, vt = np.linalg.svd(x, full_matrices=False)
    y = orthogonalize(x, (3.4445, -4.7750, 2.0315), 5, 1e-7)
    levelled = np.diag(u.T @ y @ vt.T)
    np.testing.assert_allclose(u * levelled @ vt, y, atol=1e-12)
    assert levelled.min() > 0.6
    assert levelled.max() < 1.3
    exact = orthogonalize(x, (1.5, -0.5, 0.0), 40, 1e-7)
    np.testing.assert_allclose(exact, u @ vt, atol=1e-12)
    transposed = orthogonalize(x.T, (1.5, -0.5, 0.0), 40, 1e-7)
    assert np.array_equal(transposed.T, exact)


def test_soaps_first_step_moves_nothing():
    run = SOAP([parameter(np.ones((2, 2)))], lr=0.1)
    assert np.array_equal(step(run, [[1.0, 2.0], [3.0, 5.0]]), np.ones((2, 2)))
    assert not np.array_equal(step(run, [[1.0, 2.0], [3.0, 5.0]]), np.ones((2, 2)))


@pytest.mark.parametrize("optimizer", [Muon, Shampoo, SOAP])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_matrices_of_any_shape(optimizer, dtype):
    random = np.random.RandomState(0)
    for shape in [(1, 1), (1, 5), (5, 1), (2, 9), (9, 2)]:
        run = optimizer([parameter(random.standard_normal(shape), dtype)], lr=0.1)
        for _ in range(12):
            assert np.isfinite(step(run, random.standard_normal(shape))).all()
        assert np.isfinite(step(run, 0.0)).all()


@pytest.mark.parametrize("optimizer", [Muon, Shampoo, SOAP])
def test_only_matrices(optimizer):
    run = optimizer([parameter(np.ones((2, 2)))])
    for shape in [(), (3,), (2, 2, 2)]:
        with pytest.raises(ValueError, match="must be matrices, got one of shape"):
            run.add_param_group({"params": [parameter(np.ones(shape))]})
    assert len(run.param_groups) == len(run.state) == 1


@pytest.mark.parametrize("optimizer", [Shampoo, SOAP])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_gradient_without_eigenvectors_is_refused_before_anything_moves(optimizer, bad):
    p, q = parameter(np.eye(2)), parameter(np.eye(3))
    run = optimizer([("p", p), ("q", q)], lr=0.1)
    p.grad, q.grad = Tensor(np.ones((2, 2))), Tensor(np.ones((3, 3)))
    run.step()
    before = run.state_dict(), p.data.copy()
    q.grad.data[1, 1] = bad
    with pytest.raises(ValueError, match=f"{optimizer.__name__}: the gradient of q must be finite"):
        run.step()
    np.testing.assert_equal((run.state_dict(), p.data), before)
    assert run.steps == 1


# Sophia


def test_sophia_takes_curvature_in_when_it_is_told():
    values = dict(lr=0.5, rho=0.1, bs=10, betas=(0.0, 0.75), weight_decay=0.0)
    run = SophiaG([parameter([1.0, 1.0])], **values)
    assert step(run, [1e-6, -3.0]).tolist() == [0.5, 1.5]  # no curvature yet: the sign alone
    (p,) = run.param_groups[0]["params"]
    p.grad = Tensor(np.array([2.0, 0.0]))
    run.update_hessian()
    assert run.state[p]["h"].tolist() == [1.0, 0.0]
    assert run.state[p]["t"] == 1
    np.testing.assert_allclose(step(run, [0.5, 0.0]), [0.5 - 0.5 * 0.5, 1.5])


def test_curvature_is_taken_in_from_gradients_that_fit_and_no_others():
    p, q = parameter([1.0, 1.0], np.float32), parameter([1.0], np.float32)
    run = SophiaG([("p", p), ("q", q)])
    p.grad, q.grad = Tensor(np.ones(2, np.float32)), Tensor(np.ones(1, np.float32))
    q.data = np.ones(1)
    with pytest.raises(ValueError, match=r"q was float32 \(1,\) when .* its data is float64"):
        run.update_hessian()
    assert not run.state[p]["h"].any()


# Refusals

WRONG = [
    (Adam, "amsgrad", 1),
    (Adam, "amsgrad", "Corrected"),
    (Adagrad, "lr_decay", -1.0),
    (Adagrad, "initial_accumulator_value", -0.1),
    (RMSprop, "alpha", 2),
    (RMSprop, "alpha", 1.0),
    (RMSprop, "centered", 1),
    (RMSprop, "eps_in_sqrt", "yes"),
    (RAdam, "decoupled_weight_decay", 0.1),
    (LARS, "trust_coefficient", math.inf),
    (Adafactor, "eps", 1e-8),
    (Adafactor, "eps", (1e-30, None)),
    (Adafactor, "eps", (math.nan, 1e-3)),
    (Adafactor, "d", 0.5),
    (Adafactor, "beta2_decay", 0.8),
    (Muon, "momentum", 1.0),
    (Muon, "ns_steps", 100),
    (Muon, "ns_steps", 2.5),
    (Muon, "ns_coefficients", (1.0, 2.0)),
    (Muon, "adjust_lr_fn", "arbitrary"),
    (Shampoo, "eps", 0.0),
    (Shampoo, "precondition_frequency", 0),
    (SOAP, "shampoo_beta", 1.0),
    (SophiaG, "bs", -1),
    (SophiaG, "rho", 1.5),
    (SGDScheduleFree, "momentum", 0.0),
    (SGDScheduleFree, "momentum", 1.0),
    (SGDScheduleFree, "warmup_steps", 1.5),
    (AdamWScheduleFree, "betas", (0.0, 0.9)),
    (AdamWScheduleFree, "r", -1.0),
    (Prodigy, "d0", 0.0),
    (Prodigy, "d_coef", -1.0),
    (Prodigy, "growth_rate", 0.9),
    (Prodigy, "growth_rate", math.nan),
    (Prodigy, "beta3", 1.0),
]


@pytest.mark.parametrize(("optimizer", "name", "value"), WRONG)
def test_a_wrong_value_is_named(optimizer, name, value):
    with pytest.raises(ValueError, match=rf"{optimizer.__name__}.*{name} .*"):
        optimizer([parameter(np.ones((2, 2)))], **{name: value})
    run = optimizer([parameter(np.ones((2, 2)))])
    (group,) = run.param_groups
    before = dict(group)
    with pytest.raises(ValueError, match=name):
        group[name] = value
    assert group == before


@pytest.mark.parametrize(("inputs", "outputs"), [(96, 24), (24, 96), (32, 32)])
def test_muons_step_is_long_where_there_are_more_outputs_than_inputs(inputs, outputs):
    """Jordan et al. 2024: √max(1, outputs/inputs), of a layer of this package."""
    weight = Linear(inputs, outputs, rng=0).weight
    before = weight.data.copy()
    weight.grad = Tensor(np.random.default_rng(0).normal(size=weight.shape).astype(np.float32))
    Muon([weight], lr=1.0, weight_decay=0.0).step()
    middle = np.median(np.linalg.svd(weight.data - before, compute_uv=False))
    assert 0.7 < middle / max(1, outputs / inputs) ** 0.5 < 1.3


def test_muons_step_for_weights_that_lie_the_other_way():
    x = np.random.default_rng(0).normal(size=(3, 8))
    p, q = Tensor(x.copy(), requires_grad=True), Tensor(x.T.copy(), requires_grad=True)
    p.grad, q.grad = Tensor(np.cos(x)), Tensor(np.cos(x).T.copy())
    Muon([p], lr=0.1).step()
    Muon([q], lr=0.1, adjust_lr_fn="transposed").step()
    np.testing.assert_allclose(q.data.T, p.data, rtol=1e-12)


@pytest.mark.parametrize("kind", [Shampoo, SOAP, Adafactor])
def test_a_gradient_whose_squares_overflow_is_refused(kind):
    w = Tensor(np.ones((2, 3), np.float32), requires_grad=True)
    optimizer = kind([w], lr=0.1)
    w.grad = np.full((2, 3), 1e25, np.float32)
    with pytest.raises(ValueError, match=r"parameter 0 is too large: the squares of 1e\+25 do not"):
        optimizer.step()
    assert (w.data == 1).all() and optimizer.steps == 0
    w.grad = np.full((2, 3), 1e18, np.float32)  # its squares fit
    for _ in range(3):
        optimizer.step()
    assert np.isfinite(w.data).all()
