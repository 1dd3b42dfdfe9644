"""Plots in one style: a colour, a line and a marker for each optimizer through the whole book.

The colours are those of Okabe & Ito (2008), which differ for every kind of colour vision; the
line and the marker keep curves apart in grey. Figures are as wide as a column of text, with
letters that are still read on a telephone, and opaque, since dark themes dim pictures.
"""

from itertools import cycle
from typing import NamedTuple

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import LogFormatterSciNotation

from tinytorch.lab import names

# A notebook's backend switches on the display of figures when it is loaded. Load it here: inside
# rc_context the switch would be undone at the end, and no figure of a later cell would show.
plt.switch_backend(matplotlib.get_backend())

BLACK, GREY, ORANGE, SKY = "#000000", "#777777", "#E69F00", "#56B4E9"
GREEN, BLUE, RED, PINK = "#009E73", "#0072B2", "#D55E00", "#CC79A7"
SOLID, DASHED, DOTTED = "-", (0, (5, 2)), (0, (1, 1.5))
DASHDOT, LONG = (0, (5, 2, 1, 2)), (0, (9, 3))

SHADES = [f"#{c:02x}{c:02x}{c:02x}" for c in np.linspace(255, 196, 11).astype(int)]

WIDTH = 6.0  # inches; 14.7 points are then 12 pixels on a screen of 360
SETTINGS = {
    "figure.dpi": 120,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "font.size": 14.7,
    "axes.titlesize": "medium",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": "medium",
    "legend.handlelength": 2.0,
    "legend.handletextpad": 0.5,
    "legend.labelspacing": 0.3,
    "legend.columnspacing": 1.2,
    "legend.borderaxespad": 0.3,
    "lines.linewidth": 2.0,
    "lines.markersize": 6,
    "svg.hashsalt": "tinytorch",
}


class Look(NamedTuple):
    """How the curves of one optimizer are drawn."""

    color: str
    linestyle: object
    marker: str


LOOKS = {
    "SGD": Look(BLUE, SOLID, "o"),
    "Momentum": Look(RED, DASHED, "s"),
    "Nesterov": Look(ORANGE, DASHDOT, "D"),
    "Adam": Look(GREEN, SOLID, "^"),
    "AdamW": Look(BLACK, DASHDOT, "v"),
    "RMSprop": Look(PINK, DASHED, "P"),
    "Adagrad": Look(SKY, SOLID, "X"),
    "Adadelta": Look(SKY, DOTTED, "<"),
    "AMSGrad": Look(BLACK, DASHED, ">"),
    "Adamax": Look(GREEN, DOTTED, "p"),
    "NAdam": Look(ORANGE, DASHED, "h"),
    "RAdam": Look(PINK, DASHDOT, "d"),
    "Lion": Look(ORANGE, SOLID, "*"),
    "Muon": Look(PINK, SOLID, "H"),
    "Shampoo": Look(SKY, DASHED, "8"),
    "SOAP": Look(SKY, DASHDOT, "1"),
    "Sophia": Look(RED, DOTTED, "2"),
    "Adafactor": Look(BLUE, DOTTED, "3"),
    "LAMB": Look(BLUE, DASHDOT, "4"),
    "LARS": Look(BLUE, LONG, "+"),
    "ScheduleFree": Look(RED, SOLID, "x"),
    "Prodigy": Look(GREEN, LONG, "|"),
    "Newton": Look(GREY, SOLID, "_"),
}
OTHERS = [
    Look(c, s, m)
    for (s, m), c in zip(
        [(SOLID, "o"), (DASHED, "s"), (DASHDOT, "^"), (DOTTED, "D"), (LONG, "v"), (SOLID, "P")],
        [BLACK, GREY, BLUE, RED, GREEN, PINK],
        strict=True,
    )
]


def look(name: str) -> Look:
    """Colour, line and marker of an optimizer.

    Raises:
        ValueError: the book knows no optimizer of this name.
    """
    if name not in LOOKS:
        raise ValueError(f"look: name must be one of {', '.join(LOOKS)}; got {name!r}")
    return LOOKS[name]


def looks_for(labels, like: dict | None) -> dict:
    """A look for every label: of the optimizer that it names, or that `like` names for it."""
    like = like or {}
    unnamed = cycle(OTHERS)
    return {
        label: look(like[label]) if label in like else LOOKS.get(label) or next(unnamed)
        for label in labels
    }


def canvas(columns: int = 1, height: float = 3.6, rows: int = 1, **kwargs):
    """A figure and its axes, `fig, ax = canvas()`. What is drawn after it has the book's style."""
    plt.rcParams.update(SETTINGS)  # a legend or a title of the caller's is as large as ours
    return plt.subplots(rows, columns, figsize=(WIDTH, height), layout="constrained", **kwargs)


class Between(LogFormatterSciNotation):
    """What stands between the powers of ten, where it has a label at all: 0.6, not 6 × 10⁻¹."""

    def __call__(self, x, pos=None):
        return super().__call__(x, pos) and f"{x:g}"


def finish(ax, xlabel, ylabel, title, legend, ends=False):
    with plt.rc_context(SETTINGS):
        ax.set(xlabel=xlabel, ylabel=ylabel)
        if ax.get_yscale() == "log":
            ax.yaxis.set_minor_formatter(Between())
        if title:
            ax.set_title(title)
        if legend and ends and names.fits(ax):
            names.Names(ax)
        elif legend:
            ax.legend()
    return ax


def plot_convergence(
    curves: dict,
    *,
    ax=None,
    x=None,
    like: dict | None = None,
    target: float | None = None,
    log: bool = True,
    xlabel: str = "step $t$",
    ylabel: str = "loss",
    title: str = "",
    legend: bool = True,
):
    """Draw one curve a run: the value against the step.

    Arguments:
        curves: label -> values (steps + 1,). A label that is an optimizer's name has its colour.
        ax: axes to draw on; a new figure by default.
        x: what to draw against; the index by default.
        like: label -> name of the optimizer that it should look like.
        target: draw a horizontal line at this value.
        log: whether the values' axis is logarithmic.
        legend: whether the curves are named: where they end if they are few, alone in their
            figure, have short names and end side by side at the right; else in a legend.

    Returns:
        The axes.
    """
    ax = canvas()[1] if ax is None else ax
    for i, (label, chosen) in enumerate(looks_for(curves, like).items()):
        values = np.asarray(curves[label], dtype=float)
        at = np.arange(len(values)) if x is None else np.asarray(x)
        every = max(1, len(values) // 8)
        mark = (i * every // max(1, len(curves)), every)
        ax.plot(at, values, label=label, markevery=mark, zorder=3, **chosen._asdict())
    if target is not None:
        ax.axhline(target, color=GREY, linewidth=1, zorder=2)
    if log:
        ax.set_yscale("log")
    return finish(ax, xlabel, ylabel, title, legend, ends=True)


def plot_bands(
    runs: dict,
    *,
    ax=None,
    x=None,
    like: dict | None = None,
    log: bool = False,
    xlabel: str = "epoch",
    ylabel: str = "loss",
    title: str = "",
    legend: bool = True,
):
    """Draw the runs of several seeds: the median as a line, smallest to largest as a band.

    Arguments:
        runs: label -> values (seeds, steps). Otherwise as `plot_convergence`.

    Returns:
        The axes.
    """
    middle = {label: np.median(values, axis=0) for label, values in runs.items()}
    ax = plot_convergence(
        middle, ax=ax, x=x, like=like, log=log, xlabel=xlabel, ylabel=ylabel, legend=legend,
        title=title,
    )  # fmt: skip
    for label, chosen in looks_for(runs, like).items():
        low, high = np.min(runs[label], axis=0), np.max(runs[label], axis=0)
        at = np.arange(len(low)) if x is None else np.asarray(x)
        ax.fill_between(at, low, high, color=chosen.color, alpha=0.18, linewidth=0, zorder=1)
    return ax


def plot_trajectories(
    surface,
    paths: dict,
    *,
    ax=None,
    window=None,
    like: dict | None = None,
    levels: int = 10,
    title: str = "",
    legend: bool = True,
):
    """Draw paths over the contours of a surface of two variables; a star marks each minimum.

    Arguments:
        paths: label -> positions (steps + 1, 2).
        window: ((left, right), (bottom, top)); the surface's own by default.

    Returns:
        The axes.
    """
    ax = canvas(height=4.6)[1] if ax is None else ax
    (left, right), (bottom, top) = window or surface.window
    grid = np.meshgrid(np.linspace(left, right, 161), np.linspace(bottom, top, 161))
    values = surface.value(np.stack(grid, axis=-1))
    height = np.log1p(values - values.min())  # so that valleys show beside cliffs
    ax.contourf(*grid, height, levels, colors=SHADES, zorder=0)
    for label, chosen in looks_for(paths, like).items():
        path = np.asarray(paths[label])
        every = max(1, len(path) // 12)
        ax.plot(*path.T, label=label, markevery=every, zorder=3, **chosen._asdict())
    if paths:
        ax.plot(*np.asarray(next(iter(paths.values())))[0], "ko", markersize=9, zorder=4)
    if len(surface.minima):
        ax.plot(
            *surface.minima.T, "*", color="white", markeredgecolor="black", markersize=16, zorder=5
        )
    ax.set(xlim=(left, right), ylim=(bottom, top))
    ax.grid(False)
    return finish(ax, "$x_1$", "$x_2$", title, legend and bool(paths))


def heatmap(
    x,
    y,
    z,
    *,
    ax=None,
    xlabel: str = "",
    ylabel: str = "",
    zlabel: str | None = "",
    log: tuple[bool, bool] = (True, True),
    limits: tuple[float | None, float | None] = (None, None),
    title: str = "",
):
    """Draw z over the plane of x and y; light is small. Values that are not finite stay white.

    Arguments:
        x, y: the coordinates, (n,) and (m,); z: (m, n).
        zlabel: what the colour bar says; None draws no bar.
        log: whether the x and y axes are logarithmic.
        limits: the values of z at the two ends of the colour scale.

    Returns:
        The axes.
    """
    ax = canvas(height=4.2)[1] if ax is None else ax
    z = np.ma.masked_invalid(np.asarray(z, dtype=float))
    mesh = ax.pcolormesh(
        x, y, z, cmap="cividis_r", vmin=limits[0], vmax=limits[1], shading="nearest",
        rasterized=True,
    )  # fmt: skip
    ax.grid(False)
    ax.set_xscale("log" if log[0] else "linear")
    ax.set_yscale("log" if log[1] else "linear")
    if zlabel is not None:
        with plt.rc_context(SETTINGS):
            ax.figure.colorbar(mesh, ax=ax, label=zlabel)
    return finish(ax, xlabel, ylabel, title, legend=False)
