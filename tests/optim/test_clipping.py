"""Clipping: PyTorch's numbers, and PyTorch's edge cases."""

import numpy as np
import pytest

from tinytorch import Tensor
from tinytorch.optim.clipping import clip_grad_norm_, clip_grad_value_

SHAPES = [(3, 4), (5,), (), (2, 3, 2), (0,)]


def parameters(rng, scale=1.0, dtype=np.float64):
    made = []
    for shape in SHAPES:
        p = Tensor(np.zeros(shape, dtype), requires_grad=True)
        p.grad = Tensor((scale * rng.standard_normal(shape)).astype(dtype))
        made.append(p)
    return [*made, Tensor(np.zeros(3, dtype), requires_grad=True)]


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed")


def twins(torch, params):
    made = []
    for p in params:
        q = torch.tensor(p.data, requires_grad=True)
        if p.grad is not None:
            q.grad = torch.tensor(p.grad.data)
        made.append(q)
    return made


def assert_same(ours, theirs):
    for p, q in zip(ours, theirs, strict=True):
        if p.grad is None:
            assert q.grad is None
        else:
            np.testing.assert_allclose(p.grad.data, q.grad.numpy(), rtol=1e-12, atol=0)


@pytest.mark.parametrize("norm_type", [1, 2.0, 3.5, float("inf")])
@pytest.mark.parametrize("max_norm", [0, 0.5, 3, 1e3, float("inf")])
@pytest.mark.parametrize("scale", [0.0, 1e-8, 1.0, 1e3])
def test_norm_as_in_torch(torch, norm_type, max_norm, scale):
    ours = parameters(np.random.default_rng(0), scale)
    theirs = twins(torch, [p for p in ours if p.size])  # torch: no largest element of nothing
    norm = clip_grad_norm_(ours, max_norm, norm_type)
    expected = torch.nn.utils.clip_grad_norm_(theirs, max_norm, norm_type)
    assert norm == pytest.approx(expected.item(), rel=1e-12)
    assert_same([p for p in ours if p.size], theirs)


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_norm_that_is_not_finite_as_in_torch(torch, bad):
    ours = parameters(np.random.default_rng(0))
    ours[1].grad.data[2] = bad
    theirs = twins(torch, ours)
    clip_grad_norm_(ours, 1.0)
    torch.nn.utils.clip_grad_norm_(theirs, 1.0)
    assert_same(ours, theirs)


@pytest.mark.parametrize("clip_value", [0, 0.5, 10])
def test_value_as_in_torch(torch, clip_value):
    ours = parameters(np.random.default_rng(0))
    ours[0].grad.data[0, :2] = np.nan, -np.inf
    theirs = twins(torch, ours)
    assert clip_grad_value_(ours, clip_value) is None
    torch.nn.utils.clip_grad_value_(theirs, clip_value)
    assert_same(ours, theirs)


def test_by_hand():
    a, b = (Tensor([0.0], requires_grad=True) for _ in range(2))
    a.grad, b.grad = Tensor([3.0]), Tensor([-4.0])
    assert clip_grad_norm_([a, b], 2.5) == 5.0
    np.testing.assert_allclose([a.grad.item(), b.grad.item()], [1.5, -2.0], rtol=1e-6)
    assert a.grad.dtype == np.float32
    clip_grad_value_([a, b], 1.75)
    np.testing.assert_allclose([a.grad.item(), b.grad.item()], [1.5, -1.75], rtol=1e-6)
    assert clip_grad_norm_(a, 10) == pytest.approx(1.5)


def test_a_tied_weight_counts_once():
    tied, other = (Tensor(np.zeros(2), requires_grad=True) for _ in range(2))
    tied.grad, other.grad = np.array([6.0, 0.0]), np.array([0.0, 8.0])
    assert clip_grad_norm_([tied, other, tied], 5.0) == pytest.approx(10)
    np.testing.assert_allclose(tied.grad.data, [3.0, 0.0], rtol=1e-6)
    np.testing.assert_allclose(other.grad.data, [0.0, 4.0], rtol=1e-6)


def test_two_gradients_in_one_array_are_scaled_once():
    one, two = (Tensor(np.zeros(1), requires_grad=True) for _ in range(2))
    one.grad = two.grad = Tensor(np.array([3.0]))
    norm = clip_grad_norm_([one, two], 1.0)
    assert norm == pytest.approx(18**0.5)
    assert 2 * one.grad.data[0] ** 2 == pytest.approx(1)


@pytest.mark.parametrize("clip", [clip_grad_norm_, clip_grad_value_])
def test_a_gradient_that_cannot_be_written_into_is_replaced(clip):
    p = Tensor(np.zeros(4), requires_grad=True)
    p.grad = Tensor(np.broadcast_to(8.0, (4,)))
    clip(p, 0.5)
    np.testing.assert_allclose(p.grad.data, 0.25 if clip is clip_grad_norm_ else 0.5, rtol=1e-6)


def test_clipping_leaves_alone_a_parameter_that_is_a_gradient():
    p, q = (Tensor(np.full(2, 8.0), requires_grad=True) for _ in range(2))
    p.grad, q.grad = q, Tensor(np.zeros(2))
    clip_grad_value_([p, q], 0.5)
    assert (p.grad.data == 0.5).all() and (q.data == 8).all()


def test_one_pass_over_an_iterator_is_enough():
    p = Tensor([0.0], requires_grad=True)
    p.grad = Tensor([8.0])
    assert clip_grad_norm_(iter([p]), 4.0) == 8.0
    assert p.grad.item() == pytest.approx(4.0)


@pytest.mark.parametrize("size", [1e-42, 1e-30, 1e-12, 1e12, 1e25, 1e36])
@pytest.mark.parametrize("norm_type", [0.5, 1, 2.0, 10, float("inf")])
def test_no_square_over_or_underflows(size, norm_type):
    """In float32 that of 1e20 is infinite and that of 1e-30 zero; the norm is neither."""
    a, b = (Tensor(np.zeros(n, np.float32), requires_grad=True) for n in (2, 3))
    a.grad, b.grad = (Tensor(np.full(p.shape, size, np.float32)) for p in (a, b))
    size = float(a.grad.data[0])
    expected = size * 5.0 ** (1 / norm_type)
    assert clip_grad_norm_([a, b], float("inf"), norm_type) == pytest.approx(expected, rel=1e-6)
    assert np.array_equal(a.grad.data, np.full(2, size, np.float32))
    clip_grad_norm_([a, b], 1.0, norm_type)
    after = size / (expected + 1e-6) if expected > 1 else size
    np.testing.assert_allclose(b.grad.data, after, rtol=1e-6)


def test_the_norm_of_many_numbers_keeps_its_digits():
    p = Tensor(np.zeros(1_000_000, np.float32), requires_grad=True)
    p.grad = Tensor(np.full(p.shape, 0.1, np.float32))
    right = 1000 * float(np.float32(0.1))
    assert abs(clip_grad_norm_(p, np.inf) / right - 1) < 1e-7


def test_in_float64_too():
    p = Tensor(np.zeros(2), requires_grad=True)
    for size in (1e-310, 1e300):
        p.grad = Tensor(np.array([3 * size, 4 * size]))
        assert clip_grad_norm_(p, float("inf")) == pytest.approx(5 * size, rel=1e-12)


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_an_infinite_bound_changes_nothing(bad):
    p = Tensor([0.0, 0.0], requires_grad=True)
    p.grad = Tensor([2.0, bad])
    np.testing.assert_equal(clip_grad_norm_(p, float("inf")), bad)
    np.testing.assert_array_equal(p.grad.data, [2.0, bad])


def test_without_gradients():
    assert clip_grad_norm_([], 1.0) == 0.0
    assert clip_grad_norm_([Tensor([1.0], requires_grad=True)], 1.0) == 0.0


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_error_if_nonfinite_changes_nothing(bad):
    p = Tensor([0.0, 0.0], requires_grad=True)
    p.grad = Tensor([2.0, bad])
    with pytest.raises(FloatingPointError, match=r"norm of the gradients is (inf|nan)"):
        clip_grad_norm_([p], 1.0, error_if_nonfinite=True)
    assert p.grad.data[0] == 2.0


@pytest.mark.parametrize("value", [-1, np.nan, "1", None, True])
def test_refused_values(value):
    p = Tensor([0.0], requires_grad=True)
    with pytest.raises(ValueError, match="max_norm must be a number >= 0"):
        clip_grad_norm_([p], value)
    with pytest.raises(ValueError, match="norm_type must be a number > 0"):
        clip_grad_norm_([p], 1.0, value)
    with pytest.raises(ValueError, match="clip_value must be a number >= 0"):
        clip_grad_value_([p], value)


def test_refused_parameters():
    for clip in (clip_grad_norm_, clip_grad_value_):
        with pytest.raises(TypeError, match="must be tensors, got float"):
            clip([1.0], 1.0)
