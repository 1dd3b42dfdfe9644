"""Curves that are named where they end, so that no eye has to go back and forth to a legend."""

import numpy as np
from matplotlib.artist import Artist
from matplotlib.colors import to_rgb
from matplotlib.transforms import Bbox

MOST, LONGEST = 6, 16  # curves, letters: beyond these a legend is easier to read
CONTRAST = 4.6  # a little more, for paper that is not quite white
GAP = 1.2  # of the letters' height, between two names


def fits(ax) -> bool:
    """Whether the curves of these axes can be named where they end."""
    lines = [line for line in ax.lines if not line.get_label().startswith("_")]
    short = all(len(line.get_label()) <= LONGEST for line in lines)
    right = max((np.max(line.get_xdata()) for line in lines), default=0)
    together = all(line.get_xdata()[-1] == right for line in lines)  # else a name lies on a curve
    return len(ax.figure.axes) == 1 and 0 < len(lines) <= MOST and short and together


class Names(Artist):
    """Puts the names beside the ends when the figure is drawn, where its limits are known."""

    def __init__(self, ax):
        super().__init__()
        self.set_zorder(-1)  # before the names themselves
        lines = [line for line in ax.lines if not line.get_label().startswith("_")]
        style = {"va": "center", "ha": "left", "annotation_clip": False}
        style |= {"xytext": (7, 0), "textcoords": "offset points"}
        self.named = [
            (
                line,
                ax.annotate(
                    line.get_label(), end(line, ax), color=readable(line.get_color()), **style
                ),
            )
            for line in lines
        ]
        for _, name in self.named:
            name.set_in_layout(False)  # where they stand now is not where they will
        ax.add_artist(self)
        self.set_clip_on(False)

    def get_tightbbox(self, renderer=None):
        self.draw(renderer)
        shown = [name for _, name in self.named if name.get_visible()]
        return Bbox.union([name.get_window_extent(renderer) for name in shown]) if shown else None

    def draw(self, renderer):
        ax = self.axes
        places = []
        for line, name in self.named:
            name.set_visible(ax.get_legend() is None and line.get_visible())
            name.xy = end(line, ax)
            places.append(ax.transData.transform(name.xy)[1])
        size = self.named[0][1].get_fontsize() * ax.figure.dpi / 72
        low, high = ax.bbox.y0, ax.bbox.y1
        for (_, name), at, to in zip(
            self.named, places, spread(places, GAP * size, low, high), strict=True
        ):
            name.set_position((7, (to - at) * 72 / ax.figure.dpi))


def readable(color) -> tuple[float, float, float]:
    """The colour, darkened as far as letters on white need it: a contrast of 4.5 to 1 (WCAG 2)."""
    rgb = np.array(to_rgb(color))
    while 1.05 / (luminance(rgb) + 0.05) < CONTRAST:
        rgb = rgb * 0.95
    return tuple(rgb.tolist())


def luminance(rgb) -> float:
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def end(line, ax) -> tuple[float, float]:
    """The last point of a curve that lies within the axes; the last at all if none does."""
    x, y = np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)
    (left, right), (low, high) = sorted(ax.get_xlim()), sorted(ax.get_ylim())
    inside = np.isfinite(x) & np.isfinite(y)
    if not inside.any():
        return right, low
    seen = inside & (left <= x) & (x <= right) & (low <= y) & (y <= high)
    last = np.flatnonzero(seen if seen.any() else inside)[-1]
    return float(x[last]), float(np.clip(y[last], low, high))


def spread(places, gap: float, low: float, high: float) -> np.ndarray:
    """Places at least a gap apart, in their order, moved as little as that takes."""
    order = np.argsort(places, kind="stable")
    groups = []  # of names that touch: how many, and where their middle is
    for index in order:
        groups.append([1, float(places[index])])
        while len(groups) > 1:
            (n, a), (m, b) = groups[-2:]
            if b - a >= gap * (n + m) / 2:
                break
            groups[-2:] = [[n + m, (n * a + m * b) / (n + m)]]
    moved = np.empty(len(order))
    at = 0
    for count, middle in groups:
        half = gap * (count - 1) / 2
        middle = min(max(middle, low + half), max(high - half, low + half))
        moved[order[at : at + count]] = middle - half + gap * np.arange(count)
        at += count
    return moved
