"""Plots: one look a name, the data that was given, the same bytes twice."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest

from tinytorch.lab import (
    Himmelblau,
    Saddle,
    heatmap,
    look,
    plot_bands,
    plot_convergence,
    plot_trajectories,
)
from tinytorch.lab.style import LOOKS, SETTINGS, canvas


@pytest.fixture(autouse=True)
def agg():
    plt.switch_backend("agg")
    yield
    plt.close("all")


def test_looks_differ():
    assert len({(l.color, str(l.linestyle)) for l in LOOKS.values()}) == len(LOOKS)
    assert len({l.marker for l in LOOKS.values()}) == len(LOOKS)
    with pytest.raises(ValueError, match="Adam"):
        look("adam")


def test_convergence_draws_what_it_is_given():
    values = {"SGD": [3.0, 2.0, 1.0], "Adam": [3.0, 1.0, 0.5], "other": [1.0, 1.0, 1.0]}
    ax = plot_convergence(values, target=0.7)
    drawn = {line.get_label(): line for line in ax.lines}
    for name, ys in values.items():
        np.testing.assert_array_equal(drawn[name].get_ydata(), ys)
    assert drawn["SGD"].get_color() == look("SGD").color
    assert drawn["Adam"].get_marker() == look("Adam").marker
    assert ax.get_yscale() == "log"
    like = plot_convergence({"Adam, β₂ = .9": [1.0, 2.0]}, like={"Adam, β₂ = .9": "Adam"})
    assert like.lines[0].get_color() == look("Adam").color


def test_bands_show_median_and_extremes():
    runs = np.array([[1.0, 5.0], [2.0, 4.0], [9.0, 3.0]])
    ax = plot_bands({"SGD": runs})
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [2, 4])
    heights = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert set(heights) == {1.0, 3.0, 5.0, 9.0}


def test_trajectories_and_heatmap():
    path = np.array([[0.0, 0.0], [1.0, 2.0]])
    ax = plot_trajectories(Himmelblau(), {"Adam": path})
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), path)
    np.testing.assert_array_equal(ax.lines[-1].get_xydata(), Himmelblau.minima)
    plot_trajectories(Saddle(), {"Adam": path})
    z = np.array([[1.0, 2.0, np.nan], [4.0, 5.0, np.inf]])
    mesh = heatmap([1, 10, 100], [1, 2], z, log=(True, False)).collections[0]
    assert np.ma.getmaskarray(mesh.get_array()).sum() == 2


def test_a_heatmap_without_a_colour_bar():
    assert len(heatmap([1, 2], [1, 2], np.eye(2)).figure.axes) == 2
    assert len(heatmap([1, 2], [1, 2], np.eye(2), zlabel=None).figure.axes) == 1


def test_what_a_page_adds_has_letters_of_the_same_size():
    ax = canvas()[1]
    ax.plot([1, 2], label="a line")
    added = [*ax.legend().get_texts(), ax.set_title("a title"), ax.text(0, 1, "a word")]
    assert {text.get_fontsize() for text in added} == {SETTINGS["font.size"]}


def test_the_same_figure_twice_is_the_same_bytes():
    def png():
        ax = plot_trajectories(Himmelblau(), {"Adam": np.array([[0.0, 0.0], [1.0, 2.0]])})
        buffer = io.BytesIO()
        ax.figure.savefig(buffer, format="png")
        return buffer.getvalue()

    first = png()
    assert first == png()
    assert len(first) < 200_000


def test_between_powers_of_ten_a_label_is_a_plain_number():
    """An axis of less than a decade is labelled by its minor ticks."""
    ax = plot_convergence({"SGD": np.geomspace(0.9, 0.2, 20)})
    ax.figure.canvas.draw()
    labels = [label.get_text() for label in ax.yaxis.get_minorticklabels()]
    assert {"0.2", "0.3", "0.4", "0.6"} <= set(labels) <= {"", "0.2", "0.3", "0.4", "0.6"}
