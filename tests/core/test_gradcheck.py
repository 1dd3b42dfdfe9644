"""gradcheck must find what is wrong, and say where."""

import numpy as np
import pytest

from tinytorch import Tensor, gradcheck
from tinytorch.core.gradcheck import GradientError
from tinytorch.core.tensor import record

X = np.array([[1.0, 2.0], [3.0, 4.0]])


def square_with(derivative):
    return lambda x: record(x.data**2, (x, derivative))


def test_what_is_right_passes():
    assert gradcheck(lambda x, y: x * y, X, X)
    assert gradcheck(lambda x, y: x @ y, X, X, full=True)
    assert gradcheck(lambda x, i: x[i], Tensor(X), np.array([0, 0, 1]))
    assert gradcheck(lambda x: x**3, 2.0)
    assert gradcheck(lambda x: x * 1e8, X)


@pytest.mark.parametrize("full", [False, True])
def test_a_wrong_derivative_is_located(full):
    def wrong_in_one_place(g):
        g = 2 * g * X
        g[1, 0] *= 1.001
        return g

    message = r"input 0, index \(1, 0\): backward gives -?\d.*, the central difference -?\d"
    with pytest.raises(GradientError, match=message):
        gradcheck(square_with(wrong_in_one_place), X, full=full)


@pytest.mark.parametrize("wrong", [0.0, 1.0001, -1.0, np.nan])
def test_wrong_everywhere(wrong):
    with pytest.raises(GradientError, match="input 0, index"):
        gradcheck(square_with(lambda g: 2 * g * X * wrong), X)


def test_the_wrong_input_is_named():
    with pytest.raises(GradientError, match="input 1, index"):
        gradcheck(lambda x, y: x * 2 + record(y.data * 3, (y, lambda g: g)), X, X)


def test_a_cut_graph_is_named():
    with pytest.raises(GradientError, match="input 1 received no gradient"):
        gradcheck(lambda x, y: x * Tensor(y.data), X, X)
    with pytest.raises(GradientError, match="does not depend on any input"):
        gradcheck(lambda x: Tensor(x.data * 2), X)


def test_an_error_along_directions_only():
    """Where every element agrees, within its tolerance, but not their sum."""

    def slightly(g):
        return g + 9e-8

    with pytest.raises(GradientError, match="along a random direction"):
        gradcheck(lambda x: record(x.data, (x, slightly)), np.ones(1000), rtol=0, rng=1)


def test_it_leaves_the_inputs_alone_and_needs_one():
    x = Tensor(X.copy(), requires_grad=True)
    gradcheck(lambda t: t * t, x)
    assert x.grad is None
    np.testing.assert_array_equal(x.data, X)
    with pytest.raises(TypeError, match="at least one floating-point input"):
        gradcheck(lambda i: i, np.array([1, 2]))
