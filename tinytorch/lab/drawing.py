"""Drawings of what tensors are made of: where their elements lie, and the graph behind them."""

import matplotlib.pyplot as plt
import numpy as np

from tinytorch.core.autograd import topological_order
from tinytorch.core.tensor import Tensor
from tinytorch.lab.style import BLUE, GREY, SETTINGS, canvas

SIGNS = {
    "__add__": "+", "__sub__": "−", "__mul__": "×", "__truediv__": "÷", "__pow__": "power",
    "__matmul__": "@", "__neg__": "−",
}  # fmt: skip


def addresses(array) -> np.ndarray:
    """The address in memory of each element of an array or tensor, in bytes, in its shape."""
    array = array.data if isinstance(array, Tensor) else np.asarray(array)
    places = np.indices(array.shape).reshape(array.ndim, array.size).T
    first = array.__array_interface__["data"][0]
    return (first + places @ np.array(array.strides, dtype=int)).reshape(array.shape)


def draw_memory(arrays: dict, *, height: float = 2.6):
    """Draw each matrix as a grid with, in every cell, its distance in bytes from the first element.

    The darker, the farther; a number that stands in two cells is one place read twice.

    Arguments:
        arrays: title -> array or tensor of two axes. Each counts from its own first element.

    Returns:
        The axes, an array of them.
    """
    offsets = {title: addresses(a) - addresses(a).min() for title, a in arrays.items()}
    widths = [o.shape[1] for o in offsets.values()]
    axes = canvas(len(arrays), height=height, squeeze=False, width_ratios=widths)[1]
    far = max(1, *(o.max() for o in offsets.values()))
    with plt.rc_context(SETTINGS):
        for ax, (title, table) in zip(axes[0], offsets.items(), strict=True):
            ax.pcolormesh(table, cmap="Greys", vmin=0, vmax=2.2 * far, edgecolors=GREY)
            ax.set_aspect("equal")
            ax.invert_yaxis()
            for (i, j), offset in np.ndenumerate(table):
                ax.text(j + 0.5, i + 0.5, str(offset), ha="center", va="center")
            ax.set_title(title)
            ax.axis("off")
    return axes[0]


def operation(node) -> str:
    """The sign or the name of the operation that made a tensor; "" for a leaf.

    It is read off the derivative of an edge, which is defined inside its operation.
    """
    if not node._edges:
        return ""
    inside = node._edges[0][1].__qualname__.split(".<locals>")[0].rpartition(".")[2]
    return SIGNS.get(inside, inside)


def draw_graph(root, names: dict | None = None, *, ax=None, height: float = 3.2):
    """Draw the graph that a tensor was computed by, from its edges: inputs left, `root` right.

    A leaf shows its name, another tensor its operation; both show their value and, if they have
    one, their gradient (call `retain_grad` before `backward` for those of inner tensors).

    Arguments:
        names: name -> tensor.

    Returns:
        The axes.
    """
    ax = canvas(height=height)[1] if ax is None else ax
    known = {id(tensor): name for name, tensor in (names or {}).items()}
    nodes = topological_order(root)
    column: dict = {}
    for node in nodes:
        column[id(node)] = 1 + max((column[id(p)] for p, _ in node._edges), default=-1)
    columns = [[n for n in nodes if column[id(n)] == c] for c in range(column[id(root)] + 1)]
    place = {
        id(node): (c, (len(group) - 1) / 2 - i)
        for c, group in enumerate(columns)
        for i, node in enumerate(group)
    }
    boxes = {}
    with plt.rc_context(SETTINGS):
        for node in nodes:
            lines = [known.get(id(node), ""), operation(node)]
            lines = [" = ".join(filter(None, lines)), brief(node)]
            if node.grad is not None:
                lines.append(f"grad {brief(node.grad)}")
            box = {"boxstyle": "round", "fc": "white", "ec": GREY if node._edges else BLUE}
            text = ax.text(
                *place[id(node)], "\n".join(lines), ha="center", va="center", bbox=box, zorder=2
            )
            boxes[id(node)] = text.get_bbox_patch()
        for node in nodes:
            parents = [parent for parent, _ in node._edges]
            for i, parent in enumerate(parents):
                twice = sum(p is parent for p in parents) > 1
                bend = 0.5 * (i - (len(parents) - 1) / 2) if twice else 0.0
                if column[id(node)] - column[id(parent)] > 1:  # around what stands between
                    bend -= 0.35
                style = {
                    "arrowstyle": "-|>,head_width=0.3,head_length=0.6", "color": GREY,
                    "linewidth": 1.5, "connectionstyle": f"arc3,rad={bend}",
                    "patchA": boxes[id(parent)], "patchB": boxes[id(node)],
                }  # fmt: skip
                ends = place[id(node)], place[id(parent)]
                ax.annotate("", *ends, arrowprops=style, zorder=3)
    tallest = max(map(len, columns))
    ax.set(xlim=(-0.5, len(columns) - 0.5), ylim=(-tallest / 2, tallest / 2))
    ax.axis("off")
    return ax


def brief(tensor) -> str:
    """A number, or else the shape."""
    return f"{tensor.item():.4g}" if tensor.size == 1 else f"shape {tensor.shape}"
