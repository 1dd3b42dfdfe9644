"""Curves are named where they end, without touching each other."""

from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from tinytorch.lab import canvas, plot_bands, plot_convergence
from tinytorch.lab.names import Names, luminance, readable, spread
from tinytorch.lab.style import LOOKS


@pytest.fixture(autouse=True)
def agg():
    plt.switch_backend("agg")
    yield
    plt.close("all")


def named(ax) -> dict:
    """Where each visible name stands on the drawn figure."""
    ax.figure.canvas.draw()
    return {t.get_text(): t.get_window_extent() for t in ax.texts if t.get_visible()}


@pytest.mark.parametrize("log", [True, False])
def test_names_stand_beside_their_ends_and_apart(log):
    curves = {"SGD": [3.0, 1.00], "Adam": [3.0, 1.01], "Lion": [3.0, 1.02], "low": [3.0, 0.01]}
    ax = plot_convergence(curves, log=log)
    boxes = named(ax)
    assert set(boxes) == set(curves)
    assert ax.get_legend() is None
    tall = sorted(boxes.values(), key=lambda box: box.y0)
    assert all(above.y0 >= below.y1 - 0.5 for below, above in pairwise(tall))
    middle = {name: (box.y0 + box.y1) / 2 for name, box in boxes.items()}
    assert middle["SGD"] < middle["Adam"] < middle["Lion"]
    ends = {name: ax.transData.transform((1, values[-1])) for name, values in curves.items()}
    assert abs(middle["low"] - ends["low"][1]) < 2
    for name, box in boxes.items():
        assert box.x0 > ends[name][0]
        assert box.x1 <= ax.figure.bbox.x1


def test_a_curve_that_leaves_the_picture_is_named_where_it_leaves():
    ax = plot_convergence({"SGD": [1.0, 10.0, 1e9, np.inf], "Adam": [1.0, 0.5, 0.2, 0.1]})
    ax.set_ylim(0.05, 100)
    box = named(ax)["SGD"]
    assert ax.bbox.y0 <= (box.y0 + box.y1) / 2 <= ax.bbox.y1
    assert abs(box.x0 - ax.transData.transform((1, 1))[0]) < 40


@pytest.mark.parametrize(
    "curves",
    [{str(i): [1.0, i] for i in range(1, 9)}, {"Adam with the correction left out": [1.0, 2.0]}],
    ids=["many", "long"],
)
def test_many_or_long_names_go_into_a_legend(curves):
    ax = plot_convergence(curves)
    assert ax.get_legend() is not None
    assert not named(ax)


@pytest.mark.parametrize(
    ("curves", "x"),
    [({"SGD": [3.0, 2.0, 1.0], "Adam": [3.0, 1.0]}, None), ({"SGD": [3.0, 2.0]}, [1.0, 0.1])],
    ids=["one ends before", "to the left"],
)
def test_names_that_would_lie_on_curves_go_into_a_legend(curves, x):
    ax = plot_convergence(curves, x=x)
    assert ax.get_legend() is not None
    assert not named(ax)


def test_a_legend_that_is_asked_for_comes_alone():
    ax = plot_convergence({"SGD": [1.0, 2.0]})
    ax.legend()
    assert not named(ax)
    assert not plot_convergence({"SGD": [1.0, 2.0]}, legend=False).texts


def test_panels_side_by_side_have_legends():
    ax = plot_convergence({"SGD": [1.0, 2.0]}, ax=canvas(2)[1][0])
    assert ax.get_legend() is not None


def test_bands_are_named_once():
    ax = plot_bands({"SGD": np.ones((3, 4)), "Adam": 2 * np.ones((3, 4))})
    assert set(named(ax)) == {"SGD", "Adam"}
    assert sum(isinstance(artist, Names) for artist in ax.artists) == 1


@pytest.mark.parametrize(
    ("places", "moved"),
    [
        ([5, 50], [5, 50]),
        ([50, 50], [45, 55]),
        ([50, 45, 48], [57.666667, 37.666667, 47.666667]),
        ([0, 1], [0, 10]),
        ([99, 100, 98], [90, 100, 80]),
    ],
)
def test_spreading_moves_no_more_than_it_must(places, moved):
    np.testing.assert_allclose(spread(places, 10, 0, 100), moved, atol=1e-5)


def test_a_name_is_dark_enough_to_be_read_and_known_to_the_dark_page():
    sheet = (Path(__file__).parents[2] / "book/_static/book.css").read_text(encoding="utf-8")
    for look in LOOKS.values():
        color = readable(look.color)
        assert 1.05 / (luminance(np.array(color)) + 0.05) >= 4.5
        assert f"--fig-{to_hex(color)[1:]}:" in sheet
