"""What a tensor is: its dtype, its conversions, its errors, and programs as one would type them."""

import copy
import operator

import numpy as np
import pytest

import tinytorch
from tinytorch import Tensor, Variable, no_grad
from tinytorch.data import TensorDataset
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


# Dtypes


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (1, np.float32),
        (True, np.float32),
        ([1, 2], np.float32),
        ([[np.float64(1)], [2]], np.float32),
        (np.float64(1), np.float64),
        (np.zeros(2), np.float64),
        (np.zeros(2, np.int64), np.int64),
        (np.zeros(2, bool), bool),
        (Tensor(np.zeros(2)), np.float64),
    ],
)
def test_dtype_of(value, dtype):
    assert Tensor(value).dtype == dtype
    assert Tensor(value, dtype=np.float64).dtype == np.float64


NUMBERS = [
    2,
    2.5,
    True,
    np.float64(2.5),
    np.int64(2),
    np.array(2.5),
    Tensor(np.float64(2.5)),
    np.array([2, 3]),
    np.array([True, True]),
    Tensor(np.array([2, 3])),
]


@pytest.mark.parametrize("other", NUMBERS, ids=repr)
def test_float32_stays_float32_beside(other):
    for x in (Tensor([1.0, 2.0]), Tensor(1.0)):
        if x.ndim or not isinstance(other, Tensor):
            for y in (x + other, other - x, x * other, other / x, x / other, x**other, other**x):
                assert y.dtype == np.float32
            joined = tinytorch.where([True, False], x, other), tinytorch.maximum(other, x)
            assert [y.dtype for y in joined] == [np.float32] * 2


@pytest.mark.parametrize("name", ["mean", "var", "sum", "max", "min", "exp", "sqrt"])
def test_reductions_and_functions_keep_float32(name):
    for shape in ((), (3, 3)):
        if name != "var" or shape:
            assert getattr(Tensor(np.ones(shape, np.float32)), name)().dtype == np.float32


def test_sums_of_small_integers_do_not_wrap_around():
    x = Tensor(np.full(3, 100, np.int8))
    assert x.cumsum().tolist() == [100, 200, 300]
    assert x.sum().item() == 300 and x.prod().item() == 1_000_000


def test_integers_become_float32_where_the_result_is_no_integer():
    n = Tensor(np.array([1, 2, 3]))
    for y in (n / 2, n * 0.5, 2.5 + n, n.mean(), n.var(), n.exp(), n.log(), n.sqrt(), n.softmax()):
        assert y.dtype == np.float32
    assert (n * 0.5).data.tolist() == [0.5, 1.0, 1.5]
    assert (n + 1).dtype == n.sum().dtype == np.int64
    assert n.mean().item() == 2


def test_joining_integers_to_floats_keeps_float32():
    x = Tensor([1.0], requires_grad=True)
    y = tinytorch.concatenate([x, np.array([2]), Tensor([3.0])])
    assert y.dtype == np.float32
    y.sum().backward()
    assert x.grad.item() == 1
    assert tinytorch.concatenate([np.array([1]), np.array([2])]).dtype == np.int64


def test_a_whole_number_that_does_not_fit_is_refused():
    """NumPy raises too, for Python's numbers; wrapping around would be silent."""
    small = Tensor(np.array([1], np.uint8))
    for number in (300, -1, np.int64(300), np.array(300), Tensor(np.array(300))):
        for operation in (operator.add, operator.mul, tinytorch.maximum):
            with pytest.raises(OverflowError, match=f"{int(number)} does not fit into uint8"):
                operation(small, number)
    assert (small + 254).data.tolist() == [255]
    assert (small + 0.5).dtype == np.float32
    for two in (2, np.array(2), Tensor(np.array([2]))):
        assert (Tensor(np.array([True])) + two).data.tolist() == [3]


def test_an_error_that_is_not_about_shapes_is_not_called_so():
    with pytest.raises(ValueError, match=r"negative integer powers.*in tensor \*\* tensor"):
        Tensor(np.array([2])) ** -1


def test_a_gradient_has_the_dtype_and_shape_of_its_tensor():
    x = Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(ValueError, match=r"grad has shape \(3,\), but its tensor \(2,\)"):
        x.grad = np.ones(3)
    assert x.grad is None
    for ones in (np.ones(2), Tensor(np.ones(2)), [1, 1]):
        x.grad = ones
        assert x.grad.dtype == np.float32
    x.grad = given = Tensor([1.0, 1.0])
    assert x.grad is given


def test_astype_returns_the_gradient_in_the_first_dtype():
    x = Tensor([1.0, 2.0], requires_grad=True)
    (x.astype(np.float64) * 2).sum().backward()
    assert x.grad.dtype == np.float32
    assert not x.astype(np.int64).requires_grad


@pytest.mark.parametrize("value", ["3", None, [None, 1.0], ["a"], [[1, 2], [3]], 1j, {1: 2}])
def test_what_is_no_number(value):
    with pytest.raises(TypeError, match="a tensor"):
        Tensor(value)
    with pytest.raises(TypeError, match="a tensor"):
        Tensor([1.0]) + value


@pytest.mark.parametrize("dtype", [np.float16, np.longdouble])
def test_other_precisions_are_refused_at_the_door(dtype):
    """Half precision would overflow in the first sum of squares, and nobody would be told."""
    x = Tensor([1.0])
    if np.dtype(dtype) == np.float64:  # a machine whose long double is no longer
        return
    for make in (
        lambda: Tensor(np.ones(2, dtype)),
        lambda: Tensor([1.0], dtype=dtype),
        lambda: x + np.ones(1, dtype),
        lambda: x.astype(dtype),
        lambda: setattr(x, "data", np.ones(1, dtype)),
        lambda: TensorDataset(np.ones((2, 1), dtype), [0, 1]),
    ):
        with pytest.raises(TypeError, match=f"float32.*not {np.dtype(dtype)}"):
            make()
    assert x.data.tolist() == [1.0] and x.dtype == np.float32
    assert Tensor(np.ones(2, dtype), dtype=np.float32).dtype == np.float32  # asked for in words


def test_the_other_byte_order_becomes_the_machines():
    x = Tensor(np.array([1.5, 2.0], ">f4"), requires_grad=True)
    assert x.dtype == np.float32 and x.dtype.isnative
    (x * Tensor([2.0, 3.0])).sum().backward()
    assert x.grad.data.tolist() == [2.0, 3.0]


def test_a_mask_is_not_lost():
    with pytest.raises(TypeError, match="no mask"):
        Tensor(np.ma.masked_equal([1.0, -1.0], -1.0))


def test_whole_numbers_in_a_parameter_stay_its_floats():
    w = Tensor([0.5, 0.5], requires_grad=True)
    w.data = np.array([2, 3])
    (w * 0.5).sum().backward()
    assert w.dtype == w.grad.dtype == np.float32
    assert w.grad.data.tolist() == [0.5, 0.5]
    n = Tensor([1.0])
    n.data = np.array([2])  # what needs no gradient may change its type
    assert n.dtype == np.int64


def test_requires_grad_is_a_flag():
    with pytest.raises(TypeError, match=r"True or False, got 4.*\[3, 4\]"):
        Tensor(3, 4)
    n = Tensor(np.array([1, 2]))
    with pytest.raises(TypeError, match="int64"):
        n.requires_grad = True
    assert not n.requires_grad
    x = Tensor([1.0])
    x.requires_grad = True
    y = x * 2
    with pytest.raises(RuntimeError, match="detach"):
        y.requires_grad = False
    assert y.requires_grad


def test_none_is_no_tensor():
    x = Tensor([1.0, 2.0])
    assert x != None  # noqa: E711  as one types it
    assert not x == None  # noqa: E711, SIM201


def test_a_fraction_is_not_cut_to_a_whole_number():
    n = Tensor(np.array([0, 1, 2]))
    assert n.clip(0.5, 1.5).data.tolist() == [0.5, 1.0, 1.5]
    assert n.clip(1).dtype == np.int64
    with pytest.raises(OverflowError, match=r"0\.5 does not fit into int64"):
        tinytorch.pad(n, 1, 0.5)


def test_rows_of_nothing_but_minus_infinity_beside_rows_of_equal_numbers():
    x = Tensor(np.array([[-np.inf, -np.inf], [0.0, 0.0], [1.0, -np.inf]]))
    assert x.logsumexp(1).tolist() == [-np.inf, pytest.approx(np.log(2)), 1.0]
    x = Tensor(np.array([[np.nan, 0.0], [0.0, 0.0]]))
    assert x.logsumexp(1).tolist()[1] == pytest.approx(np.log(2))
    assert np.isnan(x.logsumexp(1).data[0])


def test_requires_grad_needs_floats():
    with pytest.raises(TypeError, match=r"int64.*astype"):
        Tensor(np.array([1, 2]), requires_grad=True)


# Conversions


def test_conversions():
    x = Tensor([[1.5, 2.0]], requires_grad=True)
    assert x[0, 0].item() == float(x[0, 0]) == 1.5
    assert int(x[0, 1]) == 2
    assert f"{x[0, 0]:.2f}" == "1.50"
    assert f"{x}" == str(x) == repr(x)
    assert (x.shape, x.ndim, x.size, x.dtype, len(x)) == ((1, 2), 2, 2, np.float32, 1)
    assert [row.shape for row in x] == [(2,)]
    assert x.numpy() is x.data
    assert not x.detach().requires_grad
    assert np.shares_memory(x.detach().data, x.data)
    assert not np.shares_memory(x.clone().data, x.data)
    assert x.argmax() == 1
    assert x.argmax(axis=0).tolist() == [0, 0]
    assert np.asarray(x.detach(), dtype=np.float64).dtype == np.float64
    for call in (x.item, lambda: float(x)):
        with pytest.raises(ValueError, match=r"item\(\).*\(1, 2\)"):
            call()
    with pytest.raises(TypeError, match="no length"):
        len(Tensor(1.0))
    assert Tensor(1.0)
    with pytest.raises(ValueError, match="neither true nor false"):
        bool(x)


def test_repr():
    assert repr(Tensor([1.0, 2.5])) == "Tensor([1. , 2.5])"
    assert repr(Tensor(1.0, requires_grad=True)) == "Tensor(1., requires_grad=True)"
    assert repr(Tensor(np.arange(2))) == "Tensor([0, 1], dtype=int64)"
    assert repr(Tensor(np.zeros((0, 3)))) == "Tensor([], shape=(0, 3), dtype=float64)"
    long = repr(Tensor(np.zeros(5000)))
    assert "..." in long
    assert "shape=(5000,)" in long


def test_comparison_gives_arrays():
    x = Tensor([1.0, 2.0])
    y = Tensor([2.0, 2.0])
    assert (x == y).tolist() == [False, True]
    assert (x != y).tolist() == [True, False]
    assert (x < y).tolist() == (x <= 1).tolist() == [True, False]
    assert (y > x).tolist() == (y >= np.array([3, 2]))[::-1].tolist() == [True, False]
    assert (Tensor(1.5) < x).tolist() == [False, True]
    assert len({x, y, x}) == 2


def test_deepcopy():
    x = Tensor([1.0], requires_grad=True)
    x.grad = [2.0]
    y = copy.deepcopy([x, x])
    assert y[0] is y[1]
    assert y[0].requires_grad
    assert y[0].grad.item() == 2
    assert not np.shares_memory(y[0].data, x.data)
    with pytest.raises(RuntimeError, match="only leaves"):
        copy.deepcopy(x * 2)


# NumPy beside tensors


def test_arrays_ask_the_tensor():
    x = Tensor([1.0, 2.0], requires_grad=True)
    array = np.array([3.0, 4.0], np.float32)
    for y in (array + x, array - x, array * x, array / x, array**x, array @ x, x @ array):
        assert isinstance(y, Tensor)
        assert y.requires_grad
    assert (array @ x).item() == 11


def test_numpy_functions_refuse_to_cut_the_graph():
    x = Tensor([1.0, 2.0], requires_grad=True)
    for call in (
        np.mean,
        lambda t: np.concatenate([t, t]),
        lambda t: np.where([True, False], 0, t),
        lambda t: np.dot(np.ones(2), t),
        lambda t: np.dot(Tensor([1.0, 1.0]), t),
        lambda t: np.stack([Tensor([1.0, 1.0]), t]),
        lambda t: np.block([[Tensor([1.0]), t]]),
        lambda t: np.split(t, 2),
        lambda t: np.interp(0.5, xp=[0, 1], fp=t),
    ):
        with pytest.raises(TypeError, match="cut the graph"):
            call(x)
    assert np.shape(x) == (2,)
    assert np.allclose(x, [1, 2])
    assert np.argmax(x) == 1
    assert np.mean(x.detach()) == 1.5
    with no_grad():
        assert np.mean(x) == 1.5
    with pytest.raises(TypeError, match="stack"):
        Tensor([x[0], x[1]])
    with pytest.raises(TypeError, match="stack"):
        Tensor([[1.0, 2.0], [x[0], x[1]]])
    assert Tensor([Tensor(1.0), Tensor(2.0)]).shape == (2,)


def test_no_array_is_made_of_what_is_recorded():
    """An array in the middle of a computation: what follows it would miss a part, unnoticed."""
    w = Tensor([2.0, 5.0], requires_grad=True)
    for make in (
        lambda: np.r_[w, 1.0],
        lambda: np.c_[w, w],
        lambda: np.asarray(w * 2),
        lambda: np.array([w, w]),
        lambda: np.vectorize(lambda v: v + 1)(w),
        lambda: np.ones(2).dot(w),
        lambda: np.add.reduce(w),
        lambda: np.hypot(w, 1.0),
        lambda: np.add(w, 1.0, dtype=np.float64),
    ):
        with pytest.raises(TypeError, match="cut the graph"):
            make()
    with no_grad():
        assert np.r_[w, 1.0].tolist() == [2.0, 5.0, 1.0]
    assert np.asarray(w.detach()).tolist() == [2.0, 5.0]


def test_numpys_functions_of_elements():
    w = Tensor([4.0, 9.0], requires_grad=True)
    for ufunc, x in ((np.sqrt, w), (np.exp, w), (np.negative, w), (np.abs, w), (np.log, w)):
        y = ufunc(x)
        assert isinstance(y, Tensor) and y.requires_grad
        np.testing.assert_array_equal(y.data, ufunc(w.data))
    y = np.maximum(5.0, w) + np.minimum(w, 5.0)
    y.sum().backward()
    assert w.grad.data.tolist() == [1.0, 1.0]
    g = w.grad
    assert np.allclose(np.abs(g - 3), 2) and not np.isnan(g).any() and np.isfinite(w).all()
    assert np.hypot(g, 0.0).tolist() == [1.0, 1.0]
    assert np.add.reduce(g) == 2
    assert (np.array([1.0, 2.0]) == g).tolist() == [True, False]


def test_an_array_is_updated_by_a_tensor_or_not_at_all():
    w = Tensor([3.0, -4.0], requires_grad=True)
    (w * w).sum().backward()
    before = array = w.data
    array -= 0.5 * w.grad
    assert array is before and w.data.tolist() == [0.0, 0.0]
    w.data -= 0.5 * w.grad
    assert w.data.tolist() == [-3.0, 4.0]
    with pytest.raises(TypeError, match="into an array would cut"):
        array -= w
    assert array.tolist() == [-3.0, 4.0]


# In place


def test_in_place_inside_no_grad_updates_the_leaf():
    w = Tensor([1.0, 2.0], requires_grad=True)
    y = w * w
    with no_grad():
        same = w
        w -= np.array([0.5, 0.5])
        w *= 2
        w += 1
        w /= 2
    assert same is w
    assert w.requires_grad
    assert w.dtype == np.float32
    assert w.data.tolist() == [1.0, 2.0]
    assert y.data.tolist() == [1.0, 4.0]
    with no_grad(), pytest.raises(ValueError, match=r"\(3, 2\).*\(2,\)"):
        w += np.ones((3, 2))


def test_in_place_while_recording():
    w = Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(RuntimeError, match="no_grad"):
        w -= 0.1
    before = y = w * 1
    y += w
    assert before.data.tolist() == [1.0, 2.0]
    y.sum().backward()
    assert w.grad.data.tolist() == [2.0, 2.0]


def test_assignment_to_elements():
    x, w = Tensor([1.0, 2.0]), Tensor([3.0, 4.0], requires_grad=True)
    before = x.data
    x[0] = 7
    x[np.array([False, True])] = Tensor(8.0)
    assert x.data.tolist() == [7.0, 8.0]
    assert before.tolist() == [1.0, 2.0]
    with pytest.raises(RuntimeError, match="lose a gradient"):
        w[0] = 1
    with pytest.raises(RuntimeError, match="lose a gradient"):
        x[0] = w[0]
    with no_grad():
        w[0] = 1
    assert w.data.tolist() == [1.0, 4.0]


# Errors name the operation and the shapes


def zeros(*shape):
    return Tensor(np.zeros(shape))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: zeros(3) + zeros(4), r"\(3,\) and \(4,\) in tensor \+ tensor"),
        (lambda: zeros(3) ** zeros(4), r"\(3,\) and \(4,\) in tensor \*\* tensor"),
        (lambda: np.zeros(3) - zeros(4), r"\(3,\) and \(4,\) in tensor - tensor"),
        (lambda: zeros(2, 3) @ zeros(2, 3), r"matrix-multiply shapes \(2, 3\) and \(2, 3\)"),
        (lambda: zeros(2, 3) @ 2.0, r"matrix-multiply shapes \(2, 3\) and \(\)"),
        (lambda: zeros(2, 3, 4) @ zeros(5, 4, 2), r"\(2, 3, 4\) and \(5, 4, 2\)"),
        (lambda: zeros(2, 3).reshape(4), r"\(2, 3\), 6 elements, into \(4,\)"),
        (lambda: zeros(2, 3).permute(0), r"permute.*\(2, 3\)"),
        (lambda: zeros(2, 3).permute(0, 0), r"permute: axis \(0, 0\).*\(2, 3\)"),
        (lambda: zeros(2, 3).transpose(0, 2), r"transpose.*\(2, 3\)"),
        (lambda: zeros(2, 3).sum(axis=2), r"sum: axis 2 does not fit shape \(2, 3\)"),
        (lambda: zeros(2, 3).mean(axis=(0, -2)), r"mean: axis \(0, -2\)"),
        (lambda: zeros(2, 3).max(axis="rows"), "max: axis 'rows'"),
        (lambda: zeros(0, 3).max(axis=0), r"max over no elements.*\(0, 3\)"),
        (lambda: zeros(0).min(), "min over no elements"),
        (lambda: zeros(1).var(), r"var with correction=1.*more than 1.*\(1,\)"),
        (lambda: zeros(2, 3).squeeze(0), r"squeeze.*\(0,\).*\(2, 3\)"),
        (lambda: zeros(2).unsqueeze(2), "unsqueeze: axis 2"),
        (lambda: zeros(2, 3).expand(2, 4), r"expand.*\(2, 3\) to \(2, 4\)"),
        (lambda: zeros(2, 3).expand(-1, 2, 3), r"expand.*\(2, 3\) to \(-1, 2, 3\)"),
        (lambda: zeros(2, 3).gelu("erf"), "approximate must be 'none' or 'tanh', got 'erf'"),
        (lambda: tinytorch.maximum(zeros(2), zeros(3)), r"\(2,\) and \(3,\) in .*maximum"),
        (lambda: tinytorch.where([True] * 2, zeros(3), 0), r"where.*\(2,\), \(3,\) and \(\)"),
        (lambda: tinytorch.concatenate([zeros(2, 3), zeros(2, 2)]), r"\(2, 3\), \(2, 2\).*axis 0"),
        (lambda: tinytorch.concatenate([]), "at least one"),
        (lambda: tinytorch.stack(zeros(2)), "stack needs a list"),
        (lambda: tinytorch.stack([zeros(2), zeros(3)]), r"different shapes.*\(2,\), \(3,\)"),
        (lambda: tinytorch.pad(zeros(2, 2), -1), r"pad.*\(2, 2\)"),
        (lambda: tinytorch.pad(zeros(2, 2), [(1, 1)]), r"pad.*\(2, 2\).*\[\(1, 1\)\]"),
        (lambda: tinytorch.one_hot([0, 3], 3), r"one_hot: indices must lie in 0..2, got 0..3"),
        (lambda: tinytorch.embedding(zeros(3, 2), [-1]), "embedding.*0..2, got -1"),
        (lambda: tinytorch.conv2d(zeros(1, 2, 3), zeros(1, 2, 3, 3)), r"\(1, 2, 3\)"),
        (lambda: tinytorch.conv2d(zeros(1, 2, 3, 3), zeros(1, 3, 3, 3)), "of the same C"),
        (lambda: tinytorch.conv2d(zeros(1, 2, 3, 3), zeros(1, 2, 4, 3)), "kernel of .4, 3."),
        (lambda: tinytorch.conv2d(zeros(1, 1, 3, 3), zeros(1, 1, 1, 1), stride=0), "stride.*>= 1"),
        (lambda: tinytorch.conv2d(zeros(1, 1, 3, 3), zeros(1, 1, 1, 1), padding=(1,)), "padding"),
        (lambda: tinytorch.conv2d(zeros(1, 1, 3, 3), zeros(2, 1, 1, 1), zeros(3)), "bias.*3.*2"),
        (lambda: tinytorch.max_pool2d(zeros(3, 3), 2), r"\(N, C, H, W\), got shape \(3, 3\)"),
        (lambda: tinytorch.max_pool2d(zeros(1, 1, 3, 3), 4), "does not fit"),
        (lambda: tinytorch.max_pool2d(zeros(1, 1, 3, 3), 2, padding=2), "more than half"),
    ],
)
def test_errors_name_the_operation_and_the_shapes(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_errors_of_indices():
    with pytest.raises(IndexError, match=r"shape \(2, 3\).*index 5"):
        zeros(2, 3)[5]
    with pytest.raises(IndexError, match=r"whole numbers or booleans.*0.5"):
        zeros(3)[Tensor([0.5, 1.0])]
    with pytest.raises(TypeError, match="one_hot: indices must be whole numbers"):
        tinytorch.one_hot([0.5], 3)
    with pytest.raises(TypeError, match=r"embedding.*bool"):
        tinytorch.embedding(zeros(3, 2), np.array([True]))
    with pytest.raises(TypeError, match="booleans, not float64"):
        tinytorch.where(np.array([0.0, 1.0]), zeros(2), 0)


def test_indices_may_be_tensors():
    x = Tensor(np.arange(6.0).reshape(2, 3))
    for dtype in (np.int64, np.float32):  # a list of whole numbers makes a float32 tensor
        i, j = (Tensor(np.array(k, dtype)) for k in ([1, 0], [2, 1]))
        assert x[i, j].data.tolist() == [5.0, 1.0]
        assert x[i][:, 0].data.tolist() == [3.0, 0.0]
    assert tinytorch.one_hot(Tensor([1, 0]), 2).data.tolist() == [[0, 1], [1, 0]]


# More of PyTorch's names


def test_a_whole_number_is_an_index():
    i = tinytorch.tensor(2)
    assert "abcd"[i] == "c" and [*range(i)] == [0, 1] and tinytorch.arange(5)[i : i + 2].size == 2
    for wrong in (Tensor(2.0), tinytorch.tensor([1, 2]), tinytorch.tensor(True)):
        with pytest.raises(TypeError, match="an index must be one whole number"):
            "abcd"[wrong]


@pytest.mark.parametrize(
    ("equation", "shapes", "message"),
    [
        ("ij,jk->ik", [(2, 3)], "is of 2 operands, and 1 are given"),
        ("ij,jk->ik", [(2, 3), (4, 4)], r"does not fit shapes \(2, 3\), \(4, 4\)"),
        ("ijk->i", [(2, 3)], r"'ijk' of 'ijk->i' does not fit \[2\] axes"),
        ("ij->k", [(2, 3)], "does not fit shapes"),
        (3, [(2, 3)], "the equation must be a string, got 3"),
    ],
)
def test_einsum_refuses(equation, shapes, message):
    with pytest.raises(ValueError, match=f"einsum: .*{message}"):
        tinytorch.einsum(equation, *map(tinytorch.ones, shapes))


def test_einsum_of_many_rows_keeps_its_digits_and_its_dtype():
    x = Tensor(np.full((100_000, 2), 0.1, np.float32), requires_grad=True)
    y = tinytorch.einsum("ij,ij->j", x, x)
    assert y.dtype == np.float32 and abs(y.data / (100_000 * 0.1**2) - 1).max() < 1e-6
    y.sum().backward()
    assert x.grad.dtype == np.float32


def test_a_norm_of_small_numbers_does_not_vanish():
    x = Tensor(np.array([3e-200, 4e-200]), requires_grad=True)
    y = x.norm(4)
    y.backward()
    assert abs(y.item() / ((3**4 + 4**4) ** 0.25 * 1e-200) - 1) < 1e-15
    np.testing.assert_allclose(x.grad.data, np.array([27, 64]) / (3**4 + 4**4) ** 0.75, rtol=1e-14)
    for p in (0, -1, "nuc", float("nan")):
        with pytest.raises(ValueError, match="norm: p must be a number > 0, inf or 'fro'"):
            x.norm(p)


def test_division_without_the_rest_as_in_python():
    x = Tensor([-7.0, 7.0])
    assert (x % 3).tolist() == [2, 1] and (x // 3).tolist() == [-3, 2]
    assert (7 % x).tolist() == [0, 0] and (15 // x).tolist() == [-3, 2]
    assert (np.array([8.0, 9.0], np.float32) % x).tolist() == [-6, 2]
    i = tinytorch.arange(5)
    assert (i % 2).dtype == np.int64 and (i // 2).tolist() == [0, 0, 1, 1, 2]


def test_what_is_true_of_the_elements():
    x = Tensor([1.0, np.nan, -np.inf], requires_grad=True)
    assert x.isnan().tolist() == [False, True, False]
    assert tinytorch.isinf(x).tolist() == [False, False, True]
    assert tinytorch.isfinite(x).sum().item() == 1
    assert not x.equal(x) and tinytorch.ones(2).equal(np.ones(2))
    assert tinytorch.allclose(x, x, equal_nan=True) and not tinytorch.allclose(x, x)


def test_every_device_is_the_cpu():
    assert tinytorch.zeros(2, device="cpu").shape == (2,)
    for make in (
        lambda d: tinytorch.randn(2, device=d),
        lambda d: tinytorch.tensor([1], device=d),
        lambda d: tinytorch.ones_like(tinytorch.ones(1), device=d),
        lambda d: tinytorch.arange(3, device=d),
    ):
        assert make(tinytorch.device("cpu")).size > 0
        with pytest.raises(ValueError, match="there is only 'cpu', got 'cuda'"):
            make("cuda")


def test_normal_numbers_of_a_size_or_one_for_each_mean():
    x = tinytorch.normal(5.0, 2.0, (4000,), generator=0)
    assert (
        x.dtype == np.float32 and abs(x.mean().item() - 5) < 0.1 and abs(x.std().item() - 2) < 0.1
    )
    assert tinytorch.normal([0.0, 100.0], 1.0, generator=0).data.round(-2).tolist() == [0, 100]
    with pytest.raises(ValueError, match="normal: std must be a finite number >= 0, got -1"):
        tinytorch.normal(0.0, -1.0, 3)


def test_booleans_and_integers_take_bits():
    a, b = Tensor(np.array([True, True, False])), np.array([True, False, False])
    assert (a & b).tolist() == (b & a).tolist() == [True, False, False]
    assert (a | Tensor(b)).tolist() == [True, True, False]
    assert (a ^ b).tolist() == [False, True, False]
    assert (~a).tolist() == [False, False, True]
    assert (Tensor(np.array([6])) & 3).tolist() == [2]
    x = Tensor([1.0, -2.0, 3.0])
    assert x[a & (x > 0)].tolist() == [1.0]


def test_to_takes_names_and_copies_if_asked():
    x = tinytorch.ones(2)
    assert x.to(device="cpu", dtype=tinytorch.float64).dtype == np.float64
    assert x.to("cpu", non_blocking=True) is x is +x
    assert x.to("cpu", copy=True).data is not x.data
    assert x.to(x.to(np.float64)).dtype == np.float64


def test_whole_numbers_are_kept_where_they_fit():
    big = 2**24 + 1  # the first that float32 cannot hold
    x = Tensor(np.array([0, 0]))
    x[0] = big
    assert x.copy_([big, 3.0]).tolist() == [big, 3]
    assert tinytorch.tensor([1.9, -1.9], dtype=np.int64).tolist() == [1, -1]  # as PyTorch
    assert Tensor([255.9], dtype=np.uint8).tolist() == [255]
    with no_grad():
        x *= 2
    assert x.tolist() == [2 * big, 6] and x.dtype == np.int64


def test_a_number_beyond_all_integers_is_a_float():
    assert (tinytorch.ones(1) * 2**70).tolist() == [2.0**70]
    assert (2**70 / Tensor([2.0])).tolist() == [2.0**69]


def test_flip_and_repeat_take_axes_one_by_one():
    x = tinytorch.arange(6.0).reshape(2, 3)
    assert x.flip(0, 1).tolist() == x.flip((0, 1)).tolist() == x.flip(dim=[0, 1]).tolist()
    assert x.flip(0, 1).tolist() == x.data[::-1, ::-1].tolist()
    assert x.repeat(0, 2).shape == (0, 6)


def test_weights_whose_sum_overflows_can_be_drawn_from():
    drawn = tinytorch.multinomial(np.array([1e308, 1e308, 0.0]), 50, replacement=True, generator=0)
    assert {*drawn.tolist()} == {0, 1}
