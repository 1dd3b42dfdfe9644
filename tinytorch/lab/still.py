"""The picture of a live figure in its first state, by matplotlib."""

import io

import matplotlib.pyplot as plt
import numpy as np

from tinytorch.lab.style import SETTINGS, SHADES, WIDTH, looks_for


def dashes(linestyle) -> list:
    return [] if isinstance(linestyle, str) else list(linestyle[1])


def looks(panel) -> dict[str, tuple]:
    """Colour and dashes of each mark of a panel."""
    chosen = looks_for(panel.marks, panel.like)
    return {label: (look.color, dashes(look.linestyle)) for label, look in chosen.items()}


def draw(ax, panel, shown) -> None:
    (left, right), (bottom, top) = panel.x, panel.y
    if panel.heat:
        x, y, z = panel.heat.over(panel.heat.figure.first, 81, 61)
        if panel.heat.bands:
            ax.contourf(x, y, np.log1p(z - np.nanmin(z)), 10, colors=SHADES, zorder=0)
        else:
            low, high = panel.heat.limits
            if panel.heat.log:
                z, low, high = np.log(np.clip(z, low, high)), np.log(low), np.log(high)
            mesh = {"vmin": low, "vmax": high, "shading": "nearest", "cmap": "cividis_r"}
            ax.pcolormesh(x, y, np.ma.masked_invalid(z), rasterized=True, zorder=0, **mesh)
        ax.grid(False)
    for label, (color, dash) in looks(panel).items():
        x, y = shown[panel.marks[label]]
        dots = getattr(panel.marks[label], "dots", False)
        style = (
            {"marker": "o", "linestyle": ""} if dots else {"linestyle": (0, dash) if dash else "-"}
        )
        ax.plot(x, y, color=color, label=label, zorder=3, **style)
    figure = next(iter(shown)).figure
    first = figure.first
    for entry in figure.minima_of(panel):
        chosen = 0 if entry["of"] is None else int(first[figure.names[entry["of"]]])
        for lowest in entry["minima"][chosen]:
            ax.plot(*lowest, "*", color="black", markerfacecolor="white", markersize=13, zorder=5)
    for pair in panel.handles:
        at = [first[n] if isinstance(n, str) else n for n in pair]
        ax.plot(*at, "ko", markersize=9, zorder=4)
    if panel.log:
        ax.set(**{f"{axis}scale": "log" for axis in panel.log})
    ax.set(xlim=(left, right), ylim=(bottom, top), xlabel=panel.xlabel, ylabel=panel.ylabel)
    if panel.equal:
        ax.set_aspect("equal")
    if panel.legend and any(panel.marks):
        ax.legend(fontsize=10)


def pictures(figure) -> tuple[bytes, str]:
    """The figure as it stands at first: an image (PNG), and a drawing for paper (SVG)."""
    values = figure.show(figure.first)
    shown = {mark: value for (_, _, mark), value in zip(figure.marks, values, strict=True)}
    count = len(figure.panels)
    image, drawing = io.BytesIO(), io.StringIO()
    with plt.rc_context({**SETTINGS, "font.size": 11 if count > 1 else 14}):
        size = (WIDTH * (1 if count == 1 else 1.3), 3.6 if count > 1 else 4.2)
        fig, axes = plt.subplots(1, count, figsize=size, layout="constrained", squeeze=False)
        for ax, panel in zip(axes[0], figure.panels, strict=True):
            draw(ax, panel, shown)
        fig.savefig(image, format="png", metadata={"Software": None})
        fig.set_layout_engine("none")  # all has its place now
        fig.savefig(drawing, format="svg", metadata={"Date": None})
        plt.close(fig)
    return image.getvalue(), drawing.getvalue()
