"""The walk back through the graph: its order, its cost, and who owns which array."""

import gc
import weakref

import numpy as np
import pytest

from tinytorch import Tensor, no_grad, stack
from tinytorch.core.autograd import enable_grad, set_grad_enabled
from tinytorch.core.tensor import record


def leaf(*values):
    return Tensor(np.array(values), requires_grad=True)


def test_a_chain_of_100000_operations():
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y + 0.0
    y.backward()
    assert x.grad.data.tolist() == [1.0]
    del y  # releasing it must not recurse either


def test_a_diamond_of_60_levels_asks_each_derivative_once():
    calls = 0

    def counted(g):
        nonlocal calls
        calls += 1
        assert calls <= 120, "a node was visited more than once"
        return g / 2

    x = leaf(1.0)
    y = x
    for _ in range(60):
        y = record(y.data, (y, counted), (y, counted))
    y.backward()
    assert calls == 120
    assert x.grad.data.tolist() == [1.0]


def test_a_node_waits_for_all_who_use_it():
    x = leaf(3.0)
    a = x * 2  # used directly, and by b and c
    b = a * a
    c = b * a + a + b
    c.backward()
    assert x.grad.item() == 2 * (3 * 6**2 + 1 + 2 * 6)


def test_the_first_accumulation_owns_its_array():
    a, b = leaf(1.0, 2.0), leaf(1.0, 2.0)
    given = np.array([1.0, 1.0])
    (a + b).backward(given)
    assert not np.shares_memory(a.grad.data, b.grad.data)
    assert not np.shares_memory(a.grad.data, given)
    first = a.grad.data
    (a + b).backward(given)
    assert a.grad.data.tolist() == b.grad.data.tolist() == [2.0, 2.0]
    assert first.tolist() == given.tolist() == [1.0, 1.0]


def test_a_gradient_that_passes_through_two_branches_is_not_changed_in_one():
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    a = x + y  # hands the same array to x and y
    b = a.reshape(1, 2)  # hands on a view
    c = stack([a, a])[0] + b.reshape(2) + x
    c.backward(np.array([1.0, 1.0]))
    assert x.grad.data.tolist() == [3.0, 3.0]
    assert y.grad.data.tolist() == [2.0, 2.0]


def test_a_gradient_that_two_inputs_share_is_not_added_to_in_place():
    x, y = leaf(1.0), leaf(2.0)
    given = np.array([1.0])
    ((y * 1 + x * 1) + (x + y)).backward(given)
    assert x.grad.data.tolist() == y.grad.data.tolist() == [2.0]
    assert given.tolist() == [1.0]


def test_a_view_of_a_kept_array_is_copied():
    x = leaf(1.0, 2.0)
    x.sum().backward()
    x.grad.data[0] = 5  # writable: not the read-only view that sum's derivative returned
    x.reshape(2, 1).backward(np.ones((2, 1)))
    assert x.grad.data.tolist() == [6.0, 2.0]


def test_backward_again_accumulates_and_leaves_the_graph_alone():
    x = leaf(1.0, 2.0)
    y = (x * x).tanh().sum()
    y.backward()
    once = x.grad.data.copy()
    y.backward()
    np.testing.assert_array_equal(x.grad.data, 2 * once)
    x.zero_grad()
    assert x.grad is None
    y.backward()
    np.testing.assert_array_equal(x.grad.data, once)


def test_only_leaves_keep_a_gradient_unless_asked():
    x = leaf(2.0)
    a = x * 3
    b = a * a
    a.retain_grad()
    b.backward()
    assert b.grad is None
    assert a.grad.item() == 12
    assert x.grad.item() == 36
    assert x.is_leaf
    assert not a.is_leaf


def test_backward_on_a_leaf():
    x = leaf(2.0)
    x.backward()
    assert x.grad.item() == 1


def test_no_grad_records_nothing_and_restores():
    x = leaf(2.0)
    with no_grad():
        y = x * 2
        with no_grad():
            pass
        assert not (x * 2).requires_grad
    assert not y.requires_grad
    assert (x * 2).requires_grad
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    assert (x * 2).requires_grad

    @no_grad()
    def double(t):
        return t * 2

    assert not double(x).requires_grad


def test_a_generators_lines_run_in_the_mode_that_decorates_it():
    x = leaf(2.0)
    told = []

    @no_grad()
    def products(n):
        try:
            for k in range(n):
                try:
                    told.append((yield x * k))
                except KeyError:
                    yield x * -1
        finally:
            told.append((x * 2).requires_grad)
        return "done"

    @enable_grad()
    def recorded():
        yield x * 2

    items = products(3)
    assert not next(items).requires_grad
    assert (x * 2).requires_grad  # between its lines the mode is the caller's
    assert not items.send("sent").requires_grad
    assert items.throw(KeyError).item() == -2
    with no_grad():
        assert next(recorded()).requires_grad
        assert not (x * 2).requires_grad
    items.close()
    assert told == ["sent", False]

    def whole():
        return (yield from products(1))

    outer = whole()
    next(outer)
    with pytest.raises(StopIteration) as end:
        next(outer)
    assert end.value.value == "done"


def test_modes_decorate_with_and_without_parentheses():
    x = leaf(2.0)

    @no_grad
    def double(t):
        return t * 2

    assert not double(x).requires_grad and double.__name__ == "double"
    again = no_grad()  # one object may be entered twice, also within itself
    with again, enable_grad(), again:
        assert not (x * 2).requires_grad
    assert (x * 2).requires_grad
    for mode in (True, False):
        with set_grad_enabled(mode):
            assert (x * 2).requires_grad is mode
    with pytest.raises(TypeError, match="True or False, got 1"):
        set_grad_enabled(1)

    async def later():
        return x * 2

    with pytest.raises(TypeError, match="no_grad cannot decorate the coroutine later"):
        no_grad()(later)


def test_enable_grad_records_within_no_grad():
    x = leaf(2.0)
    with no_grad():
        with enable_grad():
            assert (x * 2).requires_grad
        assert not (x * 2).requires_grad


def test_inputs_that_need_no_gradient_get_no_edge():
    x, constant = leaf(2.0), Tensor([3.0])
    y = x * constant
    assert [edge[0] for edge in y._edges] == [x]
    y.backward()
    assert constant.grad is None
    assert not (constant * constant).requires_grad


def test_the_graph_goes_with_its_output():
    x = leaf(2.0)
    a = x * 2
    held = weakref.ref(a)
    y = a * a
    del a
    assert held() is not None
    gc.disable()
    try:
        del y  # by counting references alone: there are no cycles
        assert held() is None
    finally:
        gc.enable()


def test_a_float32_leaf_below_a_float64_computation():
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = (x * np.array([3.0, 4.0])).sum()
    assert y.dtype == np.float64
    y.backward()
    assert x.grad.dtype == np.float32


def test_backward_says_what_it_needs():
    with pytest.raises(RuntimeError, match="does not require a gradient"):
        Tensor([1.0]).sum().backward()
    with pytest.raises(ValueError, match=r"needs a scalar.*\(2,\)"):
        (leaf(1.0, 2.0) * 2).backward()
    with pytest.raises(ValueError, match=r"gradient has shape \(3,\).*\(2,\)"):
        (leaf(1.0, 2.0) * 2).backward(np.ones(3))
    with pytest.raises(ValueError, match=r"grad has shape \(3,\).*\(2,\)"):
        leaf(1.0, 2.0).grad = np.ones(3)


def test_grad_may_be_set():
    x = leaf(1.0, 2.0)
    x.grad = [3, 4]
    assert isinstance(x.grad, Tensor)
    assert x.grad.dtype == np.float64
    x.grad = None
    assert x.grad is None
