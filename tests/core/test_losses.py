"""Losses: far out, in training, and what they refuse."""

import numpy as np
import pytest

from tinytorch import Tensor
from tinytorch.nn import BCEWithLogitsLoss, CrossEntropyLoss, MSELoss

LOGITS = Tensor(np.zeros((4, 3), np.float32))


def test_values_far_out_by_hand():
    z = Tensor(np.array([[1e4, -1e4], [-1e4, 1e4]]), requires_grad=True)
    loss = CrossEntropyLoss(reduction="none")(z, [0, 0])
    assert loss.data.tolist() == [0, 2e4]
    loss.sum().backward()
    assert z.grad.data.tolist() == [[0, 0], [-1, 1]]
    x = Tensor(np.array([1e4, -1e4, 1e4]), requires_grad=True)
    loss = BCEWithLogitsLoss(reduction="none")(x, [1, 1, 0])
    assert loss.data.tolist() == [0, 1e4, 1e4]
    loss.sum().backward()
    assert x.grad.data.tolist() == [0, -1, 1]


def test_a_class_that_is_masked_costs_nothing_where_its_probability_is_zero():
    rows = np.array([[-np.inf, 0.0, 1.0], [2.0, -np.inf, 0.0]])
    a, b = (Tensor(rows, requires_grad=True) for _ in range(2))
    by_index, by_row = CrossEntropyLoss()(a, [2, 0]), CrossEntropyLoss()(b, np.eye(3)[[2, 0]])
    assert by_index.item() == by_row.item() > 0
    by_index.backward()
    by_row.backward()
    np.testing.assert_allclose(a.grad.data, b.grad.data, rtol=1e-15)
    assert CrossEntropyLoss()(Tensor(rows), np.eye(3)[[0, 0]]).item() == np.inf  # the mask is hit


def test_a_uniform_guess_costs_the_logarithm_of_the_classes():
    assert CrossEntropyLoss()(LOGITS, [0, 1, 2, 0]).item() == pytest.approx(np.log(3))


def test_indices_and_their_one_hot_rows_cost_the_same():
    z = Tensor(np.random.default_rng(0).normal(size=(4, 3)), requires_grad=True)
    for smoothing in (0, 0.2):
        loss = CrossEntropyLoss(label_smoothing=smoothing)
        a, b = loss(z, [2, 0, 1, 1]), loss(z, np.eye(3)[[2, 0, 1, 1]])
        assert a.item() == pytest.approx(b.item(), rel=1e-14)


def test_backward_twice_gives_twice_the_gradient():
    z = Tensor(np.random.default_rng(0).normal(size=(4, 3)), requires_grad=True)
    for target in ([2, 0, 1, 1], np.eye(3)[[2, 0, 1, 1]]):
        z.zero_grad()
        loss = CrossEntropyLoss()(z, target)
        loss.backward()
        once = z.grad.data.copy()
        loss.backward()
        np.testing.assert_allclose(z.grad.data, 2 * once, rtol=1e-15)


@pytest.mark.parametrize(
    "target", [[1.0] * 4, np.ones(4), np.ones(4, int), Tensor(np.ones(4))], ids=repr
)
def test_float32_predictions_give_float32_losses(target):
    x = Tensor(np.zeros(4, np.float32), requires_grad=True)
    for loss in (MSELoss(), BCEWithLogitsLoss()):
        y = loss(x, target)
        assert y.dtype == np.float32
        y.backward()
    assert CrossEntropyLoss()(LOGITS, np.eye(3)[[0, 1, 2, 0]]).dtype == np.float32
    assert CrossEntropyLoss()(LOGITS, Tensor([0, 1, 2, 0])).dtype == np.float32


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: MSELoss()(LOGITS, np.zeros(4)), ValueError, r"\(4, 3\), targets of shape \(4,\)"),
        (lambda: MSELoss()(Tensor(np.zeros((4, 1))), np.zeros(4)), ValueError, r"\(4, 1\).*\(4,\)"),
        (lambda: BCEWithLogitsLoss()(LOGITS, np.zeros(3)), ValueError, r"BCE.*\(4, 3\).*\(3,\)"),
        (lambda: BCEWithLogitsLoss()(Tensor([0.0]), [2]), ValueError, r"\[0, 1\], got 2..2"),
        (lambda: BCEWithLogitsLoss()(Tensor([0.0]), [np.nan]), ValueError, r"\[0, 1\], got nan"),
        (lambda: CrossEntropyLoss()(LOGITS, [0, 1, 3, 0]), ValueError, "0..2, got 0..3"),
        (lambda: CrossEntropyLoss()(LOGITS, [0, -1, 2, 0]), ValueError, "0..2, got -1..2"),
        (lambda: CrossEntropyLoss()(LOGITS, [0, 0.5, 2, 0]), TypeError, "whole numbers"),
        (lambda: CrossEntropyLoss()(LOGITS, [0, 1]), ValueError, r"\(4, 3\) and \(2,\)"),
        (lambda: CrossEntropyLoss()(LOGITS, [[0], [1], [2], [0]]), ValueError, r"and \(4, 1\)"),
        (lambda: CrossEntropyLoss()(Tensor([1.0, 2.0]), 0), ValueError, r"\(2,\) and \(\)"),
        (lambda: CrossEntropyLoss()(LOGITS, np.ones((4, 3))), ValueError, "sum to 1.*3..3"),
        (lambda: CrossEntropyLoss()(LOGITS, -np.eye(4)[:, :3]), ValueError, r"\[0, 1\]"),
        (lambda: CrossEntropyLoss()(Tensor(np.zeros((0, 3))), []), ValueError, "batch is empty"),
        (lambda: MSELoss()(Tensor([]), []), ValueError, r"MSELoss: the batch is empty.*\(0,\)"),
        (lambda: MSELoss(reduction="avg"), ValueError, "one of 'mean', 'sum', 'none', got 'avg'"),
        (lambda: CrossEntropyLoss(label_smoothing=-0.1), ValueError, "label_smoothing.*got -0.1"),
    ],
)
def test_what_they_refuse(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_an_impossible_element_that_is_not_asked_for_costs_nothing():
    """A logit of -∞ where the target is 0, or where the weight is: 0 · ∞ would be no number."""
    logits = Tensor([-np.inf, np.inf, 0.0, -np.inf], requires_grad=True)
    targets = [0.0, 1.0, 1.0, 1.0]
    loss = BCEWithLogitsLoss(weight=[1.0, 1.0, 1.0, 0.0], pos_weight=[2.0], reduction="none")
    losses = loss(logits, targets)
    assert losses.tolist() == Tensor([0.0, 0.0, 2 * np.log(2), 0.0]).tolist()
    losses.sum().backward()
    assert logits.grad.tolist() == [0.0, 0.0, -1.0, 0.0]
    impossible = BCEWithLogitsLoss()(Tensor([-np.inf]), [1.0])
    assert impossible.item() == np.inf
