"""Drawings: what they show is what the tensors are."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from tinytorch import Tensor
from tinytorch.lab import addresses, draw_graph, draw_memory
from tinytorch.lab.drawing import operation


@pytest.fixture(autouse=True)
def agg():
    plt.switch_backend("agg")
    yield
    plt.close("all")


def texts(ax):
    return [t.get_text() for t in ax.texts if t.get_text()]


def test_addresses_are_where_the_elements_are():
    x = Tensor(np.arange(12.0).reshape(3, 4))
    start = x.data.__array_interface__["data"][0]
    expected = start + 8 * np.arange(12).reshape(3, 4)
    np.testing.assert_array_equal(addresses(x), expected)
    np.testing.assert_array_equal(addresses(x.T), expected.T)
    np.testing.assert_array_equal(addresses(x.data[::-1, ::2]), expected[::-1, ::2])
    np.testing.assert_array_equal(addresses(x[0].expand(3, 4)), expected[[0, 0, 0]])
    assert addresses(np.float32(3).reshape(())).shape == ()


def test_memory_shows_distances_from_the_first_element():
    x = np.zeros((2, 3), np.float32)
    first, second = draw_memory({"x": x, "x.T": x.T})
    assert texts(first) == ["0", "4", "8", "12", "16", "20"]
    assert texts(second) == ["0", "12", "4", "16", "8", "20"]
    assert first.get_title() == "x"


def test_operations_are_read_off_the_edges():
    x = Tensor(2.0, requires_grad=True)
    made = [x + x, x - x, x * x, x / x, x**2, -x]
    assert [operation(t) for t in made] == ["+", "−", "×", "÷", "power", "−"]
    assert [operation(t) for t in (x.exp(), x.sum(), x.relu(), x)] == ["exp", "sum", "relu", ""]


def test_graph_shows_every_tensor_once_and_every_edge():
    x, y = Tensor(3.0, requires_grad=True), Tensor(2.0, requires_grad=True)
    product = x * y
    product.retain_grad()
    out = product + x
    out.backward()
    ax = draw_graph(out, {"x": x, "y": y, "f": out})
    assert sorted(texts(ax)) == ["f = +\n9", "x\n3\ngrad 3", "y\n2\ngrad 3", "×\n6\ngrad 1"]
    arrows = [t for t in ax.texts if not t.get_text()]
    ends = sorted((a.xyann[0], a.xy[0]) for a in arrows)
    assert ends == [(0, 1), (0, 1), (0, 2), (1, 2)]


def test_graph_of_a_tensor_used_twice_has_two_arrows():
    x = Tensor([1.0, 2.0], requires_grad=True)
    ax = draw_graph(x * x)
    assert texts(ax) == ["shape (2,)".join(["\n", ""]), "×\nshape (2,)"]
    assert len([t for t in ax.texts if not t.get_text()]) == 2
