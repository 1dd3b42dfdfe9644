"""How a page's settings are varied, one at a time, to see which of its claims survive.

A page names its settings in a cell tagged `parameters` (the convention of papermill):

    steps, seeds = 200, range(5)
    rates, angle = np.geomspace(0.01, 1, 7), 0.0

The last word of a name says what it is (`warm_steps` are steps), and so how it is varied. A
setting of which nothing here is said stays as it is. The name `scope` in such a cell says how far
the claims below it are meant to hold, up to the next cell that says it anew.

Processors sum in another order. That is varied on every page, and no claim may depend on it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Variation:
    """One way to vary.

    Attributes:
        words: what is done, for a table.
        names: last words of the settings that it changes.
        change: the value → another one.
    """

    words: str
    names: tuple[str, ...]
    change: Callable


def other_seeds(value):
    """Twice as many seeds, none of which was used; another one, where there is one."""
    if isinstance(value, (int, np.integer)):
        return int(value) + 1000
    return list(range(1000, 1000 + 2 * len(list(value))))


def wider(values):
    """A grid that begins a step earlier, ends a step later, and is shifted by half a step."""
    x = np.asarray(values, dtype=float)
    if x.ndim != 1 or len(x) < 2:
        raise ValueError(f"stress: a grid has at least two values, got {values!r}")
    even = bool((x > 0).all() and np.ptp(np.diff(np.log(x))) <= np.ptp(np.diff(x)) / np.mean(x))
    y = np.log(x) if even else x
    first, last = y[1] - y[0], y[-1] - y[-2]
    middle = (y[1:] + y[:-1]) / 2
    y = np.concatenate([[y[0] - first / 2], middle, [y[-1] + last / 2, y[-1] + 1.5 * last]])
    x = np.exp(y) if even else y
    return x if isinstance(values, np.ndarray) else type(values)(x.tolist())


def moved(value):
    """A start a hundredth away, in its own form."""
    x = np.asarray(value, dtype=float)
    x = 1.01 * x + 0.003
    return x if isinstance(value, np.ndarray) else x.item() if x.ndim == 0 else x.tolist()


def nearer_one(value):
    """Momentum, or betas, with half the distance to one."""
    if isinstance(value, (int, float)):
        return (1 + value) / 2
    return type(value)((1 + v) / 2 for v in value)


def narrower_float(value):
    """float32, in the form in which the page says float64."""
    return "float32" if isinstance(value, str) else np.float32


VARIATIONS = {
    "longer": Variation("four times as many steps", ("steps", "epochs"), lambda n: 4 * n),
    "seeds": Variation("other seeds, twice as many", ("seeds", "seed"), other_seeds),
    "grid": Variation("a wider grid, shifted by half a step", ("rates", "grid"), wider),
    "axes": Variation("axes turned by 0.6", ("angle",), lambda angle: angle + 0.6),
    "rivals": Variation("rivals tuned as the hero is", ("tuned",), lambda tuned: True),
    "falling": Variation("rates that fall to zero", ("falling",), lambda falling: True),
    "batch": Variation("four times the batch", ("batch",), lambda n: 4 * n),
    "noise": Variation("twice the noise", ("noise",), lambda noise: 2 * noise),
    "size": Variation("twice as large", ("width", "size", "dimensions"), lambda n: 2 * n),
    "start": Variation("a start a hundredth away", ("start",), moved),
    "knobs": Variation(
        "momentum and β half as far from one", ("momentum", "beta", "betas"), nearer_one
    ),
    "float32": Variation("float32", ("dtype",), narrower_float),
}


MACHINES = {
    "Haswell": "a processor without AVX-512",
    "Nehalem": "a processor without AVX",
    "rounding-1": "sums in another order, functions one unit off in the last place",
    "rounding-2": "likewise, drawn anew",
}


def is_machine(name: str) -> bool:
    """Whether it is one of `MACHINES`, or a further draw of those that round otherwise."""
    return name in MACHINES or name.startswith("rounding-")


def computing_as(name: str) -> dict[str, str]:
    """The environment in which NumPy computes as on one of `MACHINES`.

    Its matrix products come from OpenBLAS, the rest from kernels that it chooses by processor.
    What rounds otherwise on purpose is changed by `book/rounding.py`, in a process of its own.
    """
    if name.startswith("rounding-"):
        return {"STRESS_DRAW": name.removeprefix("rounding-")}
    from numpy._core._multiarray_umath import __cpu_dispatch__ as kernels

    newer = [k for k in kernels if name == "Nehalem" or "512" in k or k == "X86_V4"]
    return {"OPENBLAS_CORETYPE": name, "NPY_DISABLE_CPU_FEATURES": " ".join(newer)}


def as_scope(scope) -> list[str]:
    """The variations under which a claim of this scope must hold; none if it does not say.

    Raises:
        ValueError: a name that is none.
    """
    if isinstance(scope, str) and scope in ("everywhere", "exact"):
        return list(VARIATIONS)
    if scope is None or (isinstance(scope, str) and scope == "here"):
        return []
    names = (
        [scope]
        if isinstance(scope, str)
        else list(scope)
        if isinstance(scope, Iterable)
        else [scope]
    )
    unknown = [name for name in names if name not in VARIATIONS]
    if unknown:
        raise ValueError(
            f"claim: scope must be exact, everywhere, here, or of {', '.join(VARIATIONS)}; "
            f"got {unknown[0]!r}"
        )
    return names


def kind_of(name: str) -> str | None:
    """The variation that changes a setting of this name."""
    last = name.rpartition("_")[2]
    return next((v for v, known in VARIATIONS.items() if last in known.names), None)


def varied(variation: str, settings: dict) -> dict:
    """The settings that a variation changes, with their new values.

    Raises:
        ValueError: there is no such variation, or a value that it cannot change.
    """
    if variation not in VARIATIONS:
        raise ValueError(f"stress: must be one of {', '.join(VARIATIONS)}; got {variation!r}")
    change = VARIATIONS[variation].change
    return {n: change(v) for n, v in settings.items() if kind_of(n) == variation}
