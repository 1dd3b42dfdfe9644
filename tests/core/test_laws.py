"""What must hold for every shape, tried on many."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tinytorch import Tensor, concatenate, pad
from tinytorch.core.autograd import unbroadcast

SHAPES = arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)
NUMBERS = st.floats(-10, 10, width=32)
LAWS = settings(max_examples=60)


def tensor(shape):
    return Tensor(np.arange(np.prod(shape, dtype=int), dtype=float).reshape(shape), True)


@LAWS
@given(arrays.mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_dims=4, max_side=3))
def test_unbroadcast_is_the_adjoint_of_broadcasting(shapes):
    """⟨broadcast(x), g⟩ = ⟨x, unbroadcast(g)⟩, in exact arithmetic."""
    rng = np.random.default_rng(0)
    for shape in shapes.input_shapes:
        x = rng.integers(-9, 9, shape)
        g = rng.integers(-9, 9, shapes.result_shape)
        back = unbroadcast(g, shape)
        assert back.shape == shape
        assert (np.broadcast_to(x, g.shape) * g).sum() == (x * back).sum()


@LAWS
@given(SHAPES, st.data())
def test_shapes_go_there_and_back(shape, data):
    x = tensor(shape)
    order = data.draw(st.permutations(range(x.ndim)))
    axis = data.draw(st.integers(0, x.ndim))
    back = np.argsort(order).tolist()
    there = x.permute(order).permute(back).unsqueeze(axis).squeeze(axis).reshape(x.size)
    again = there.reshape(shape)
    np.testing.assert_array_equal(again.data, x.data)
    again.backward(x.data)
    np.testing.assert_array_equal(x.grad.data, x.data)


@LAWS
@given(SHAPES, st.data())
def test_sums_over_axes_make_the_sum(shape, data):
    x = tensor(shape)
    axis = data.draw(st.lists(st.integers(0, x.ndim - 1), unique=True)) if shape else []
    y = x.sum(tuple(axis)).sum()
    assert y.item() == x.data.sum()
    y.backward()
    np.testing.assert_array_equal(x.grad.data, np.ones(shape))


@LAWS
@given(SHAPES.filter(lambda shape: 0 not in shape), st.data())
def test_the_gradient_of_a_maximum_sums_to_one(shape, data):
    values = data.draw(arrays.arrays(np.float64, shape, elements=st.integers(0, 2)))
    x = Tensor(values, True)
    y = x.max()
    y.backward()
    np.testing.assert_allclose(x.grad.data.sum(), 1)
    assert (x.data[x.grad.data > 0] == values.max()).all()


@LAWS
@given(SHAPES.filter(lambda shape: shape and 0 not in shape), st.data())
def test_an_index_gives_back_to_where_it_took(shape, data):
    x = tensor(shape)
    index = data.draw(
        arrays.basic_indices(shape) | arrays.integer_array_indices(shape) | st.just(x.data > 1)
    )
    y = x[index]
    np.testing.assert_array_equal(y.data, x.data[index])
    y.sum().backward()
    expected = np.zeros(shape)
    np.add.at(expected, index, 1)
    np.testing.assert_array_equal(x.grad.data, expected)


@LAWS
@given(SHAPES.filter(bool), st.data())
def test_joined_and_cut_again(shape, data):
    x = tensor(shape)
    axis = data.draw(st.integers(0, x.ndim - 1))
    y = concatenate([x, x], axis)
    half = (*[slice(None)] * axis, slice(shape[axis], None))
    np.testing.assert_array_equal(y[half].data, x.data)
    y.backward(np.ones(y.shape))
    np.testing.assert_array_equal(x.grad.data, np.full(shape, 2.0))


@LAWS
@given(SHAPES, st.integers(0, 2), NUMBERS)
def test_a_border_is_added_outside(shape, width, value):
    x = tensor(shape)
    y = pad(x, width, value)
    np.testing.assert_array_equal(y.data, np.pad(x.data, width, constant_values=value))
    y.backward(np.ones(y.shape))
    np.testing.assert_array_equal(x.grad.data, np.ones(shape))


@LAWS
@given(arrays.arrays(np.float64, SHAPES.filter(bool), elements=st.floats(-1e4, 1e4)))
def test_softmax_is_a_distribution_and_never_overflows(values):
    p = Tensor(values).softmax().data
    assert ((p >= 0) & (p <= 1)).all()
    np.testing.assert_allclose(p.sum(-1), np.ones(p.shape[:-1]) * (values.shape[-1] > 0))
    shifted = Tensor(values + 100).softmax().data
    np.testing.assert_allclose(p, shifted, atol=1e-9)
