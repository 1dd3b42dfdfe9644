"""A figure in the page is the figure that was drawn: its points, letters, colours."""

import io
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from book_light.svg import changing, inlined, short

KNOWN = {"#0072b2", "#000000"}


@pytest.fixture(autouse=True)
def vectors():
    plt.switch_backend("agg")
    with plt.rc_context({"svg.fonttype": "none", "svg.hashsalt": "one"}):
        yield
    plt.close("all")


def drawn(ax) -> str:
    file = io.StringIO()
    ax.figure.savefig(file, format="svg")
    return file.getvalue()


def curve(points=5000):
    ax = plt.subplots()[1]
    x = np.linspace(0, 1, points)
    ax.plot(x, np.sin(60 * x) * x, color="#0072b2")
    ax.set(xlabel="$f(x_t)$ & more", title="10")
    return ax


def corners(d: str) -> np.ndarray:
    first, *steps = re.findall(r"(-?\d*\.?\d+) ?(-?\d*\.?\d+)", d)
    return np.cumsum(np.array([first, *steps], dtype=float), axis=0)


def apart(points: np.ndarray, line: np.ndarray) -> np.ndarray:
    """How far each point lies from a line of many corners."""
    a, b = line[:-1], line[1:]
    along = b - a
    t = ((points[:, None] - a) * along).sum(-1) / np.maximum((along**2).sum(-1), 1e-12)
    near = a + np.clip(t, 0, 1)[..., None] * along
    return np.hypot(*np.moveaxis(points[:, None] - near, -1, 0)).min(axis=1)


def test_a_curve_stays_where_it_was_with_far_fewer_points():
    svg = drawn(curve())
    before = max(re.findall(r' d="([^"]*)"', svg), key=len)
    points = np.array(re.findall(r"-?[\d.]+", before), dtype=float).reshape(-1, 2)
    made = inlined(svg, "a", "A curve", KNOWN)
    after = corners(max(re.findall(r' d="([^"]*)"', made), key=len))
    assert len(after) < 0.8 * len(points)
    assert apart(points, after).max() < 0.2
    np.testing.assert_allclose(after[[0, -1]], points[[0, -1]], atol=0.06)


def test_letters_are_letters_in_their_order():
    made = inlined(drawn(curve()), "a", "A curve", KNOWN)
    label = next(t for t in re.findall(r"<text.*?</text>", made, re.S) if "more" in t)
    assert re.sub(r"<[^>]*>", "", label).split() == ["f(xt)", "&amp;", "more"]
    assert ">10</text>" in made
    assert "font-family" not in made


def test_colours_can_be_changed_and_others_stay():
    ax = curve()
    ax.axhline(0, color="#123456")
    made = inlined(drawn(ax), "a", "A curve", KNOWN)
    assert "stroke: var(--fig-0072b2,#0072b2)" in made
    assert "stroke: #123456" in made


def test_two_figures_share_no_name():
    svg = drawn(curve())
    one, two = (inlined(svg, name, "", KNOWN) for name in "ab")
    names = [set(re.findall(r'id="([^"]+)"', figure)) for figure in (one, two)]
    assert names[0]
    assert not names[0] & names[1]
    for figure, own in zip((one, two), names, strict=True):
        assert {place for _, place in re.findall(r'(href="#|url\(#)([^")]+)', figure)} == own


def test_who_does_not_see_it_is_told():
    svg = drawn(curve())
    said = inlined(svg, "a", 'A "curve" & <more>', KNOWN)
    assert 'role="img" aria-label="A &quot;curve&quot; &amp; &lt;more&gt;"' in said
    assert 'aria-hidden="true"' in inlined(svg, "a", "", KNOWN)


def test_short_numbers_say_the_same():
    for number in (0.0, -0.04, 0.25, -0.5, 3.0, -12.3, 100.0):
        assert float(short(number)) == pytest.approx(number, abs=0.0501)


def test_a_point_by_itself_is_a_place_and_no_line():
    svg = '<svg viewBox="0 0 9 9"><path d="M 1 2 L 3 4 M 5 6 "/></svg>'
    made = inlined(svg, "a", "", KNOWN)
    assert 'd="M1 2l2 2M5 6"' in made


def test_greys_that_the_style_sheet_does_not_know_change_with_the_nearest():
    known = {"#000000", "#e1e1e1", "#f9f9f9", "#0072b2"}
    assert changing("#fafafa", known) == "var(--fig-f9f9f9,#fafafa)"
    assert changing("#dadada", known) == "var(--fig-e1e1e1,#dadada)"
    assert changing("#e1e1e1", known) == "var(--fig-e1e1e1,#e1e1e1)"
    assert changing("#0072b3", known) == "#0072b3"
