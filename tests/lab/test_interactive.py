"""Sliders: all positions in one picture, one of them shown, nothing loaded from elsewhere."""

import re

import numpy as np
import pytest

from tinytorch.lab import Slider, canvas


def slider(values, draw=None, **kwargs):
    _, ax = canvas()
    ax.set(xlim=(0, 1), ylim=(0, 2))
    draw = draw or (lambda ax, value: ax.plot([0, 1], [0, value]))
    return Slider(ax, draw, values, label="slope <β>", alt='a "line"', **kwargs)


def test_every_position_is_drawn_and_one_is_shown():
    made = slider([0.5, 1.0, 1.5], start=1)
    shown = re.findall(r'<g data-position="(\d)" style="display:(\w+)">', made._repr_html_())
    assert shown == [("0", "none"), ("1", "inline"), ("2", "none")]
    heights = []
    for i in range(3):
        group = made.svg[made.svg.index(f'data-position="{i}"') :]
        heights.append(
            float(re.search(r'd="M\s+[\d.]+\s+[\d.]+\s+L\s+[\d.]+\s+([\d.]+)', group)[1])
        )
    np.testing.assert_allclose(np.diff(heights)[0], np.diff(heights)[1], atol=0.2)
    assert heights[0] > heights[1] > heights[2]  # SVG counts from the top


def test_page_is_self_contained_and_escaped():
    page = slider([0.5])._repr_html_()
    assert not re.search(r'(?:src|href)="(?!#|data:)', page)
    assert "slope &lt;β&gt;" in page and "a &quot;line&quot;" in page


def test_same_bytes_twice_and_names_differ():
    assert slider([0.5, 1])._repr_html_() == slider([0.5, 1])._repr_html_()
    assert slider([0.5]).name != slider([0.6]).name


@pytest.mark.parametrize("start", [-1, 2])
def test_start_must_be_a_position(start):
    with pytest.raises(ValueError, match=f"2 values, got {start}"):
        slider([1, 2], start=start)


def test_a_position_may_have_several_artists():
    made = slider([1, 2], draw=lambda ax, v: (ax.plot([0, v]), ax.plot([v, 0])))
    assert re.findall(r'data-position="(\d)" style="display:(\w+)"', made.svg) == [
        *2 * [("0", "inline")],
        *2 * [("1", "none")],
    ]


def test_a_position_may_lie_on_several_axes():
    _, (left, right) = canvas(2)
    made = Slider(
        left, lambda _, v: (left.plot([0, v]), right.plot([v, 0])), [1, 2], label="v", alt="lines"
    )
    shown = [("0", "inline"), ("1", "none")]
    assert re.findall(r'data-position="(\d)" style="display:(\w+)"', made.svg) == 2 * shown


def test_a_position_must_have_something_to_show():
    with pytest.raises(ValueError, match="at 0 it did not"):
        slider([1, 0], draw=lambda ax, v: ax.plot([0, v]) if v else None)
