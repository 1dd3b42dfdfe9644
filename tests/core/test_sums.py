"""Sums in float32, of many numbers along any axis: the error does not grow with how many."""

import numpy as np
import pytest

from tinytorch import Tensor, embedding, nn
from tinytorch.core.sums import total

N = 200_000
TENTH = np.float32(0.1)
EXACT = float(TENTH)
ROUNDED_ONCE = 2.0**-23


@pytest.mark.parametrize(
    ("shape", "axis"),
    [((N, 3), 0), ((3, N), 1), ((N,), None), ((40, 3, 70, 70), (0, 2, 3)), ((N, 3), None)],
)
@pytest.mark.parametrize("turned", [False, True])
def test_sums_and_means_are_right_whatever_the_axis(shape, axis, turned):
    x = np.full(shape, TENTH)
    if turned:
        x = np.asfortranarray(x)
    count = x.size if axis is None or x.ndim == 1 else x.size // 3
    if axis is None:
        count = x.size
    for y, exact in ((Tensor(x).sum(axis), EXACT * count), (Tensor(x).mean(axis), EXACT)):
        assert y.dtype == np.float32
        assert np.abs(y.data / exact - 1).max() <= ROUNDED_ONCE
    assert Tensor(x).var(axis).data.max() <= 1e-16


def test_gradients_of_what_is_added_to_every_row():
    bias, row = (Tensor(np.zeros(2, np.float32), requires_grad=True) for _ in range(2))
    ((Tensor(np.ones((N, 2), np.float32)) + bias) * TENTH).sum().backward()
    (row.expand(N, 2) * TENTH).sum().backward()
    for gradient in (bias.grad.data, row.grad.data):
        assert np.abs(gradient / (EXACT * N) - 1).max() <= ROUNDED_ONCE


def test_gradients_of_a_row_that_is_looked_up_often():
    table = Tensor(np.zeros((2, 2), np.float32), requires_grad=True)
    (embedding(table, np.zeros(N, int)) * TENTH).sum().backward()
    assert table.grad.dtype == np.float32
    assert np.abs(table.grad.data[0] / (EXACT * N) - 1).max() <= ROUNDED_ONCE


def test_losses_and_batch_statistics():
    x = Tensor(np.full((N, 2), TENTH))
    mean = nn.MSELoss()(x, np.zeros((N, 2), np.float32)).item()
    assert mean == pytest.approx(EXACT**2, rel=1e-6)
    assert np.abs(nn.BatchNorm1d(2)(x).data).max() == 0  # all rows are alike
    rows = Tensor(np.tile(np.float32([[0.1], [0.3]]), (N // 2, 2)), requires_grad=True)
    layer = nn.BatchNorm1d(2, momentum=1.0)
    layer(rows)
    assert layer.running_mean.data == pytest.approx(0.2, rel=1e-6)
    assert layer.running_var.data == pytest.approx(0.01 * N / (N - 1), rel=1e-6)


def test_other_dtypes_are_summed_as_numpy_does():
    assert total(np.ones(300, np.uint8)).item() == 300
    assert total(np.ones(300, bool)).dtype == np.int64
    assert total(np.ones((300, 2))).dtype == np.float64
    assert total(np.ones((2, 300), np.float32), 1, True).shape == (2, 1)
