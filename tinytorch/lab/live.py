"""Figures that a reader takes hold of: the browser runs the package's own rules.

    runs = {"SGD": Descent(SGD, valley, 150, lr="lr")}
    Live(
        Plane(valley, runs, start=(-1.2, 1.0)),
        Plot(runs, y=(1e-4, 1e3), log="y", ylabel="loss"),
        lr=Knob("learning rate η", 1e-4, 0.1, at=0.002, log=True),
        says=[(lambda lr: lr > 0.003, "too long"), (None, "SGD ends at {SGD}")],
        alt="...",
    )

Functions name the knobs that they want among their parameters. All of them, the rules and the
surfaces included, are translated (`lab.traced`) and stand in the page; what a figure shows in
some states, as the package computes it, stands beside them, and the build compares the two.
Without a script, in print, and in a notebook that is not trusted a picture of the first state
takes the figure's place.
"""

import base64
import functools
import html
import inspect
import json
import math
import re
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import numpy as np

from tinytorch.core.checks import POSITIVE_COUNT, require
from tinytorch.core.tensor import Tensor
from tinytorch.lab import traced
from tinytorch.lab.runs import QUIET, sweep, trajectory
from tinytorch.optim import LambdaLR
from tinytorch.optim.engines import engine, signature

WEB = Path(__file__).parent / "web"
MIME = "application/vnd.tinytorch.live+json"
SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def source(file: str) -> str:
    """A script of the figures, as it stands in the folder `web`."""
    return (WEB / file).read_text(encoding="utf-8")


def script() -> str:
    """All that a page with figures needs, which does nothing when it is there already."""
    parts = "".join(source(file) for file in ("engine.js", "figure.js", "editor.js", "live.js"))
    return f"(() => {{if (window.tinyLive) return window.tinyLive.scan();\n{parts}}})();"


def workbook() -> str:
    """The script of a page that has a step of the workbook."""
    return f"(() => {{{source('editor.js')}{source('workbook.js')}}})();"


PYTHON = """{arrays}
import _sys

from browser import self as me

number = lambda name, x: float(me.whole_number(name, x))
np = NumPy(number)
_sys.modules.update(numpy=np, math=RealNumbers(number))
{rest}
me.run = lambda: main(me)
"""


def worker(script: str = "worker.js", python: str = "follow.py", more: str = "") -> str:
    """A script of a worker that runs Python: what `python` defines, after arrays, and `more`."""
    text = PYTHON.format(arrays=source("arrays.py"), rest=source(python) + more)
    before = source("engine.js") if script == "worker.js" else ""
    return f"{before}const PYTHON = {json.dumps(text)};\n{source(script)}"


def shown(value: float, digits: int = 3) -> str:
    """A number as the figures write it: so many digits, halves away from zero."""
    if not math.isfinite(value):
        return "no number" if math.isnan(value) else "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    exact = Decimal(float(value))
    exact = exact.quantize(Decimal(1).scaleb(exact.adjusted() - digits + 1), ROUND_HALF_UP)
    if 1e-3 <= abs(value) < 1e6:
        text = f"{exact:f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        mantissa, _, exponent = f"{exact:.{digits - 1}e}".partition("e")
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        mantissa = {"1": "", "-1": "-"}.get(mantissa, f"{mantissa}·")
        text = f"{mantissa}10{str(int(exponent)).translate(SUPERSCRIPT)}"
    return text.replace("-", "−")


class Knob:
    """A number that the reader sets.

    Arguments:
        label: what stands beside it.
        low, high: its ends; at: its first value, by default the low end.
        log: whether equal ways multiply it.
        count: positions from end to end; whole: whether it is a whole number, all of them.
        values: instead of ends, its positions; names: instead of numbers, words to choose from,
            whose numbers are 0, 1, 2, ...

    Raises:
        ValueError: a first value beyond the ends; a logarithmic knob that reaches zero.
    """

    def __init__(
        self, label, low=None, high=None, *, at=None, log=False, count=100, whole=False,
        values=None, names=None, kind="slider",
    ):  # fmt: skip
        if names is not None:
            values, kind = range(len(names)), "choice"
        self.values = None if values is None else [float(v) for v in values]
        if self.values:
            low, high, count = min(self.values), max(self.values), len(self.values) - 1
        at = (self.values[0] if self.values else low) if at is None else at
        if not low <= at <= high or (log and low <= 0):
            raise ValueError(f"Knob {label}: {at!r} is not between {low!r} and {high!r}")
        self.label, self.low, self.high, self.at, self.log = label, low, high, float(at), log
        self.count, self.names, self.kind = count, names, kind
        if whole:
            self.count = int(high - low)
        self.step = (high - low) / self.count if self.count else 0.0
        self.decimals = 0 if whole else max(0, 3 - math.floor(math.log10((high - low) or 1)))

    def value(self, i: int) -> float:
        """The number at the i-th position."""
        if self.values:
            return self.values[i]
        if self.log:
            return float(f"{self.low * (self.high / self.low) ** (i / self.count):.2e}")
        return round(self.low + i * self.step, self.decimals)

    def position(self, value: float) -> int:
        """The position nearest to a number."""
        if self.values:
            return int(np.argmin(np.abs(np.array(self.values) - value)))
        part = (value - self.low) / (self.step or 1)
        if self.log:
            part = self.count * math.log(value / self.low) / math.log(self.high / self.low)
        return min(self.count, max(0, math.floor(part + 0.5)))


def picked(f: Callable, values: Mapping) -> dict:
    """Of named values those that a function has parameters for."""
    return {name: values[name] for name in inspect.signature(f).parameters if name in values}


def resolve(setting, values: Mapping):
    """A setting is a number, the name of a knob, or a function of knobs."""
    if isinstance(setting, str):
        return values[setting]
    if isinstance(setting, (tuple, list)):
        return type(setting)(resolve(part, values) for part in setting)
    if callable(setting):
        with traced.symbolic_math(getattr(setting, "func", setting)):
            return setting(**picked(setting, values))
    return setting


def resolving(setting, /, **values):
    return resolve(setting, values)


def depends(setting) -> bool:
    if isinstance(setting, (tuple, list)):
        return any(map(depends, setting))
    return isinstance(setting, str) or callable(setting)


def settled(surface, values: Mapping):
    """A surface; or the one that a function of knobs makes, or that is chosen of several."""
    if isinstance(surface, Mapping):
        name, choices = next(iter(surface.items()))
        return choices[int(values[name])]
    return surface(**picked(surface, values)) if inspect.isfunction(surface) else surface


class Descent:
    """Where an optimizer goes on a surface.

    Arguments:
        optimizer: a class of `tinytorch.optim`.
        surface: a surface; a function of knobs that makes one; or {knob: surfaces to choose from}.
        steps: how many.
        start: by default the knobs x and y, which a `Plane` makes.
        rate: a function of t = 0, 1, ... and of knobs, by which the learning rate is multiplied.
        noise: a number, or what gives one, by which random numbers on the gradient are multiplied.
        **settings: of the optimizer; numbers, names of knobs or functions of knobs.

    Raises:
        ValueError: `steps` is no count.
    """

    def __init__(
        self, optimizer, surface, steps, start=("x", "y"), *, rate=None, noise=None, seed=0,
        **settings,
    ):  # fmt: skip
        require("Descent", "steps", steps, POSITIVE_COUNT)
        self.optimizer, self.surface, self.steps, self.start = optimizer, surface, steps, start
        self.rate, self.noise, self.settings = rate, noise, settings
        rows = np.random.default_rng(seed).normal(size=(steps, len(start)))
        self.rows = rows.round(2) if noise is not None else None

    def path(self, values: Mapping) -> np.ndarray:
        """Its positions, (steps + 1, d), as the package computes them."""
        made = settled(self.surface, values)
        if self.noise is not None:
            made = Noisy(made, self.rows * resolve(self.noise, values))
        rate = self.rate and (lambda t: self.rate(t, **picked(self.rate, values)))
        schedule = rate and (lambda optimizer: LambdaLR(optimizer, rate))
        start = np.array(resolve(self.start, values), dtype=float)
        numbers = {name: resolve(setting, values) for name, setting in self.settings.items()}
        with engine("whole"), np.errstate(**QUIET):
            return trajectory(self.optimizer, made, start, self.steps, schedule=schedule, **numbers)

    def ends(self, values: Mapping) -> np.ndarray:
        """Where the runs of a plane of values end."""
        start = np.stack(np.broadcast_arrays(*resolve(self.start, values)), axis=-1)
        numbers = {name: resolve(setting, values) for name, setting in self.settings.items()}
        made = settled(self.surface, values)
        with np.errstate(**QUIET):
            return sweep(self.optimizer, made, start, self.steps, every=self.steps, **numbers)[-1]

    def _changeable(self, change: Callable, knobs: list[str], varying, fixed) -> dict | None:
        """The stages of its step as text, and their numbers at step t; None without `change`.

        Where `change` is its rate, the knobs that this takes.
        """
        if change is self.rate:
            return {"rate": True, "names": list(inspect.signature(change).parameters)[1:]}
        start = traced.settings(self.optimizer, varying)
        made = self.optimizer([Tensor(0.0, requires_grad=True)], **start, **fixed)
        stages = made.stages(made.param_groups[0])
        if change not in stages:
            return None

        def numbers(t, /, **k):
            values = {n: resolve(self.settings[n], k) for n in varying}
            if self.rate:
                values["lr"] = values["lr"] * self.rate(t - 1, **picked(self.rate, k))
            found = made.numbers(traced.group_with(made, values), t)
            return tuple(found[n] for stage in stages for n in signature(stage)[1])

        return {
            "numbers": code(numbers, knobs, ["step"]),
            "stages": [
                {"name": f.__name__, "names": signature(f)[1], "source": inspect.getsource(f)}
                for f in stages
            ],
        }

    def specified(self, knobs: list[str], first: Mapping, change: Callable | None = None) -> dict:
        """What the browser needs for it, and for its rule to be changed there."""
        varying = {n: float(resolve(s, first)) for n, s in self.settings.items() if depends(s)}
        fixed = {n: s for n, s in self.settings.items() if n not in varying}
        if self.rate:  # the engine sets the first number
            lr = fixed.pop("lr", None)
            varying = {"lr": float(resolve(self.settings["lr"], first)), **varying}
            self.settings.setdefault("lr", lr)
        rule = traced.rule(self.optimizer, varying, **fixed)
        spec = {
            "rule": rule.code,
            "state": len(rule.state),
            "d": len(self.start),
            "steps": self.steps,
            "gradient": surface_code(self.surface, knobs, len(self.start), "gradient"),
            "from": code(lambda **k: tuple(resolve(self.start, k)), knobs),
            "settings": code(
                lambda **k: tuple(resolve(self.settings[n], k) for n in varying), knobs
            ),
        }
        if change is not None:
            spec["change"] = self._changeable(change, knobs, varying, fixed)
        if self.rate:
            lr = self.settings["lr"]
            spec["rate"] = code(
                lambda t, /, **k: resolve(lr, k) * self.rate(t, **picked(self.rate, k)),
                knobs,
                ["step"],
            )
        if self.noise is not None:
            spec["noise"] = self.rows.ravel().tolist()
            spec["sigma"] = code(lambda **k: resolve(self.noise, k), knobs)
        return spec


class Steps:
    """A way that no optimizer takes: what a function makes of a state, again and again.

    Arguments:
        f: of the state's numbers, then of those that are given to the step, then of knobs; gives
            the numbers of the next state.
        steps: how many.
        start: the state's numbers, as of a `Descent`.
        given: a row of numbers for each step, such as random ones, (steps, count).

    Raises:
        ValueError: `steps` is no count, or `given` has not a row of numbers for each.
    """

    rate = None

    def __init__(self, f: Callable, steps, start=("x", "y"), *, given=None):
        require("Steps", "steps", steps, POSITIVE_COUNT)
        self.f, self.steps, self.start = f, steps, start
        self.given = np.zeros((steps, 0)) if given is None else np.asarray(given, dtype=float)
        if self.given.ndim != 2 or len(self.given) != steps:
            raise ValueError(
                f"Steps: given must have the shape ({steps}, count), a row of numbers for each"
                f" step, not {self.given.shape}"
            )

    def knobs(self, values: Mapping) -> dict:
        """Of named values those that f takes after its numbers."""
        numbers = [0.0] * (len(self.start) + self.given.shape[1])
        return picked(functools.partial(self.f, *numbers), values)

    def next(self, numbers, knobs: Mapping) -> tuple:
        with traced.symbolic_math(self.f):
            found = self.f(*numbers, **knobs)
        return found if isinstance(found, tuple) else (found,)

    def ends(self, values: Mapping, each: Callable = lambda state: None) -> np.ndarray:
        """Where it ends, (..., d); `each` is shown every state."""
        state = tuple(np.broadcast_arrays(*resolve(self.start, values)))
        knobs = self.knobs(values)
        each(state)
        with np.errstate(all="ignore"):
            for row in self.given:
                state = self.next((*state, *row), knobs)
                each(state)
        return np.stack(state, axis=-1).astype(float)

    def path(self, values: Mapping) -> np.ndarray:
        """Its states, (steps + 1, d), as the package computes them."""
        states: list[tuple] = []
        self.ends(values, states.append)
        return np.array(states, dtype=float)

    def specified(self, knobs: list[str], first: Mapping, change: Callable | None = None) -> dict:
        """What the browser needs for it: there the state has what is given to the next step."""
        (steps, count), d = self.given.shape, len(self.start)
        names = [f"x{i}" for i in range(d + count)]
        later = np.vstack([self.given[1:], np.zeros((1, count))])
        noise = np.hstack([np.zeros((steps, d)), later]).ravel().tolist()
        spec = {
            "rule": "(n,A)=>A[0].set(A[1])", "state": 0, "d": d + count, "steps": steps,
            "gradient": code(
                lambda *x, **k: (*self.next(x, self.knobs(k)), *[0.0] * count), knobs, names
            ),
            "from": code(lambda **k: (*resolve(self.start, k), *self.given[0]), knobs),
            "settings": "(x,K,o)=>o",
        }  # fmt: skip
        return {**spec, "noise": noise, "sigma": "()=>1"} if count else spec


TRIED = {"lr": 0.1, "momentum": 0.8, "dampening": 0.25, "beta1": 0.7, "beta2": 0.95, "eps": 0.02}
TRIED |= {"weight_decay": 0.3}


def trial(rule: Callable, mistakes, steps: int = 12) -> dict:
    """A run of a rule in which each known mistake shows, and where it and they go.

    The slopes are given, of changing sign and size, and in its middle the learning rate falls.
    """
    state, names = signature(rule)
    slopes = np.random.default_rng(6).normal(size=steps).round(2) * np.geomspace(2, 0.2, steps)
    rows = []
    for t in range(1, steps + 1):
        values = {**TRIED, "t": t, "lr": TRIED["lr"] * (0.2 if t > steps // 2 else 1)}
        if t == 1:
            values["dampening"] = 0.0
        rows.append([values[name] for name in names])

    def go(f) -> list[float]:
        arrays, path = [np.full(1, 0.7), *(np.zeros(1) for _ in state)], [0.7]
        with np.errstate(all="ignore"):
            for g, row in zip(slopes, rows, strict=True):
                p, *rest = arrays
                numbers = dict(zip(names, row, strict=True))
                given = {name: numbers[name] for name in signature(f)[1]}
                found = f(p, np.full(1, g), *rest, **given)
                arrays = [np.asarray(a, dtype=float) for a in found][: 1 + len(state)]
                path.append(float(arrays[0][0]))
        return [v if math.isfinite(v) else None for v in path]

    first = dict(zip(names, rows[0], strict=True))
    known = [m for m in mistakes if m.target == rule.__name__]
    return {
        "state": len(state), "steps": steps, "start": [0.7], "numbers": rows,
        "slopes": slopes.tolist(), "right": go(rule),
        "returns": len(rule(*[np.ones(1)] * (2 + len(state)), **first)),
        "stages": [{"name": rule.__name__, "names": names, "source": inspect.getsource(rule)}],
        "mistakes": [
            {"name": m.name, "explanation": m.explanation, "path": go(m.wrong)} for m in known
        ],
    }  # fmt: skip


class Noisy:
    """A surface whose slopes come with noise, a row of it a step."""

    def __init__(self, surface, rows):
        self.surface, self.rows = surface, iter(rows)

    def gradient(self, x):
        return self.surface.gradient(x) + next(self.rows)


def code(f: Callable, knobs: list[str], inputs=()) -> str:
    """JavaScript for `f(*inputs, **knobs)`."""
    return traced.function(f, tuple(inputs), tuple(knobs), whole=("step",)).code


def surface_code(surface, knobs: list[str], d: int, part: str) -> str:
    """JavaScript for the "value" or the "gradient" of what `settled` makes a surface of."""
    if isinstance(surface, Mapping):
        name, choices = next(iter(surface.items()))
        all_of = ",".join(surface_code(each, knobs, d, part) for each in choices)
        return f"(x,K,o)=>[{all_of}][K[{knobs.index(name)}]](x,K,o)"
    return code(
        lambda *x, **k: getattr(settled(surface, k), part)(traced.vector(x)),
        knobs,
        [f"x{i}" for i in range(d)],
    )


class Mark:
    """What a panel shows: a label, a look, and how it comes of the knobs.

    A subclass gives `specified(figure)`, what the browser needs, and `values(values, paths)`, the
    same from the package: (x, y).
    """

    label = ""


class Path(Mark):
    """The way of a run through the plane of two of its components."""

    def __init__(self, run: Descent | Steps, of=(0, 1)):
        self.run, self.of = run, of

    def specified(self, figure):
        return {"kind": "path", "run": figure.number(self.run), "of": self.of}

    def values(self, values, path_of):
        path = path_of(self.run)[: int(values.get("t", self.run.steps)) + 1]
        return path[:, self.of[0]], path[:, self.of[1]]


class Trace(Mark):
    """A number at each step of a run.

    Arguments:
        run: of which it is a number.
        f: of a position (..., d) and of knobs; by default the surface's value.
    """

    def __init__(self, run: Descent | Steps, f: Callable | None = None):
        self.run, self.f = run, f

    def of(self, x, values):
        if self.f is None:
            return settled(self.run.surface, values).value(x)
        return self.f(x, **picked(self.f, values))

    def code(self, figure):
        d = len(self.run.start)
        if self.f is None:
            return surface_code(self.run.surface, figure.names, d, "value")
        return code(
            lambda *x, **k: self.of(traced.vector(x), k), figure.names, [f"x{i}" for i in range(d)]
        )

    def specified(self, figure):
        return {"kind": "trace", "run": figure.number(self.run), "f": self.code(figure)}

    def values(self, values, path_of):
        path = path_of(self.run)[: int(values.get("t", self.run.steps)) + 1]
        return np.arange(len(path)), np.asarray(self.of(path, values), dtype=float)


class Rate(Mark):
    """The learning rate of a run, at each of its steps; it follows where the rate is changed."""

    def __init__(self, run: Descent):
        self.run = run

    def specified(self, figure):
        return {"kind": "rate", "run": figure.number(self.run)}

    def values(self, values, path_of):
        run = self.run
        lr, named = resolve(run.settings["lr"], values), picked(run.rate, values)
        steps = np.arange(run.steps)
        return steps, np.array([lr * run.rate(t, **named) for t in steps], dtype=float)


class Curve(Mark):
    """A function, or a line through the plane.

    Arguments:
        f: of one number and of knobs; gives y, or (x, y).
        span: the ends of that number, by default those of the panel's axis.
        count: at how many places; dots: whether only these are drawn.
    """

    def __init__(self, f: Callable, span=None, count=200, *, dots=False, log=False, whole=False):
        self.f, self.span, self.dots, self.log = f, span, dots, log
        self.count = int(span[1] - span[0]) + 1 if whole and span else count

    def specified(self, figure):
        f = code(lambda s, **k: resolve(functools.partial(self.f, s), k), figure.names, ["s"])
        shape = {"span": self.span, "count": self.count, "log": self.log}
        return {"kind": "curve", "f": f, "dots": self.dots, **shape}

    def values(self, values, path_of):
        a, b = self.span
        part = np.arange(self.count) / max(1, self.count - 1)
        s = a * (b / a) ** part if self.log else a + (b - a) * part
        with np.errstate(all="ignore"):
            out = [resolve(functools.partial(self.f, x), values) for x in s]
        if np.ndim(out[0]) == 0:
            return s, np.array(out, dtype=float)
        return tuple(np.array(out, dtype=float).T)


def significant(value: float) -> float | None:
    """Four digits of what was recorded; None for what is not finite."""
    return float(f"{value:.4g}") if math.isfinite(value) else None


class Rows(Mark):
    """What was recorded, a row for each position of a knob; as dots, or as a line."""

    def __init__(self, knob: str, rows, x=None, *, dots=False):
        self.knob, rows, self.dots = knob, np.asarray(rows, dtype=float), dots
        self.rows = [[significant(v) for v in row] for row in rows]
        self.x = np.arange(rows.shape[1]) if x is None else np.asarray(x)

    def specified(self, figure):
        knob = figure.names.index(self.knob)
        return {
            "kind": "rows",
            "knob": knob,
            "rows": self.rows,
            "x": self.x.tolist(),
            "dots": self.dots,
        }

    def values(self, values, path_of):
        at = self.figure.knobs[self.knob].position(values[self.knob])
        return self.x, np.array(self.rows[at], dtype=float)


class Heat(Mark):
    """A colour at each point of a panel's plane.

    Arguments:
        f: of two numbers, those of the point, and of knobs; or a descent, or a trace of one,
            whose last value it is; or a knob's name and what was recorded for each of its
            positions, arrays of values over the plane, a row for each y from below.
        limits: the values at the ends of the colours; bands: contours instead, as on a map.
        log: whether equal ways of colour multiply the value.
    """

    def __init__(self, f, limits=(0, 1), *, bands=False, log=False):
        self.f = Trace(f) if isinstance(f, Descent) else f
        self.limits, self.bands, self.log = limits, bands, log

    def specified(self, figure):
        panel = self.panel
        spec = {
            "kind": "heat", "bands": self.bands, "limits": self.limits, "zlog": self.log,
            "xspan": panel.x, "yspan": panel.y, "xlog": "x" in panel.log, "ylog": "y" in panel.log,
        }  # fmt: skip
        if isinstance(self.f, Trace):
            over = [figure.names.index(name) for name in panel.handles[0]]
            return {
                **spec,
                "run": figure.number(self.f.run),
                "over": over,
                "f": self.f.code(figure),
            }
        if isinstance(self.f, tuple):
            kept = [[[significant(v) for v in row] for row in z] for z in self.f[1]]
            return {**spec, "knob": figure.names.index(self.f[0]), "kept": kept}
        if isinstance(self.f, Callable):
            f = code(lambda u, v, **k: resolve(functools.partial(self.f, u, v), k),
                     figure.names, ["u", "v"])  # fmt: skip
            return {**spec, "f": f}
        return {**spec, "f": surface_code(self.f["surface"], figure.names, 2, "value")}

    def over(self, values, nx, ny):
        """Coordinates (nx,) and (ny,) of a grid over the panel, and the values there (ny, nx)."""
        panel = self.panel
        axes = []
        for (low, high), n, log in zip((panel.x, panel.y), (nx, ny), "xy", strict=True):
            part = np.arange(n) / (n - 1)
            axes.append(
                low * (high / low) ** part if log in panel.log else low + (high - low) * part
            )
        grid = np.meshgrid(*axes)
        with np.errstate(all="ignore"):
            if isinstance(self.f, Trace):
                run, names = self.f.run, panel.handles[0]
                values = {**values, **dict(zip(names, grid, strict=True))}
                z = self.f.of(run.ends(values), values)
            elif isinstance(self.f, tuple):
                kept = self.f[1][self.figure.knobs[self.f[0]].position(values[self.f[0]])]
                rows, columns = (
                    np.floor(np.arange(n) / n * m).astype(int)
                    for n, m in zip((ny, nx), np.shape(kept), strict=True)
                )
                z = np.array([[significant(v) for v in row] for row in kept], dtype=float)
                z = z[np.ix_(rows, columns)]
            elif isinstance(self.f, Callable):
                z = np.vectorize(lambda u, v: resolve(functools.partial(self.f, u, v), values))(
                    *grid
                )
            else:
                z = settled(self.f["surface"], values).value(np.stack(grid, axis=-1))
        return *axes, np.asarray(z, dtype=float)

    def values(self, values, path_of):
        return None, self.over(values, 5, 4)[2].ravel()


class Plot:
    """A panel.

    Arguments:
        marks: label -> function (a `Curve`), `Descent` (its loss), or another mark. A label that
            is an optimizer's name has its colour; like: label -> whose look it should have.
        x, y: the ends of the axes; log: which of them are logarithmic, such as "y" or "xy".
        xlabel, ylabel: what stands there.
        handles: pairs of knobs, as names, that a point in the panel stands for; in the place of
            one a number that it stays at.
        heat: what is drawn under all that (`Heat`).
        equal: whether both axes have one scale.
    """

    def __init__(
        self, marks=None, x=(0.0, 1.0), y=(0.0, 1.0), *, log="", xlabel="step t", ylabel="loss",
        handles=(), heat=None, like=None, equal=False, legend=True,
    ):  # fmt: skip
        self.x, self.y = tuple(map(float, x)), tuple(map(float, y))
        self.log, self.xlabel, self.ylabel, self.equal = log, xlabel, ylabel, equal
        self.handles, self.like, self.legend = list(handles), like or {}, legend
        self.heat = heat
        self.marks = {label: self.made(mark) for label, mark in (marks or {}).items()}
        if heat is not None:
            heat.panel = self
        for mark in self.marks.values():
            if isinstance(mark, Curve) and mark.span is None:
                mark.span, mark.log = self.x, "x" in log

    def made(self, mark):
        if isinstance(mark, Descent):
            return Trace(mark)
        return Curve(mark) if inspect.isfunction(mark) else mark


class Plane(Plot):
    """A panel with a surface from above, the ways of runs over it, and a start to drag.

    Arguments:
        surface: as of a `Descent`.
        runs: label -> Descent, Steps or `Path`; window: the panel's ends, by default the surface's.
        start: where the handle stands first; None draws none.
        heat: what is drawn instead of the surface.
    """

    def __init__(
        self, surface, runs, start=(-1.0, 1.0), *, window=None, like=None, limits=None, heat=None
    ):
        self.surface, self.start = surface, start
        some = next(iter(surface.values()))[0] if isinstance(surface, Mapping) else surface
        window = window or some.window
        paths = {name: run if isinstance(run, Mark) else Path(run) for name, run in runs.items()}
        super().__init__(
            paths, *window, xlabel="x₁", ylabel="x₂",
            handles=[("x", "y")] if start else [], like=like, legend=False,
            heat=heat or Heat({"surface": surface}, limits, bands=True),
        )  # fmt: skip

    def knobs(self) -> dict[str, Knob]:
        if not self.start:
            return {}
        ends = zip("xy", (self.x, self.y), self.start, strict=True)
        return {
            name: Knob(f"start {name}", *span, at=at, count=200, kind="handle")
            for name, span, at in ends
        }


class Live:
    """A live figure, for a notebook to show.

    Arguments:
        *panels: `Plot` and `Plane`.
        alt: what it shows, for those who do not see it.
        says: (condition, sentence) pairs; the first sentence whose condition holds is shown. A
            condition is a function of knobs and of marks' last values, by their labels, or None.
            In braces a sentence names a knob or a mark, for the last value.
        best: knob -> value that the button *Best* sets.
        time: name of the steps to scrub and play through, of which there are so many.
        change: a rule (or what precedes one), or the `rate` of a descent, whose lines the reader
            may change on the site; the descents that take it follow.
        mistakes: known wrong versions (with `target`, `name`, `explanation` and `wrong`): changed
            lines that do what one of them does are called by its name.
        **knobs: the others, by name.

    Raises:
        ValueError: no panel; no words for those who do not see it.
    """

    def __init__(
        self,
        *panels: Plot,
        alt: str,
        says=(),
        best=None,
        time=None,
        change=None,
        mistakes=(),
        **knobs: Knob,
    ):
        if not panels or not alt:
            raise ValueError("Live: give at least one panel, and alt")
        self.panels, self.alt, self.best, self.change = panels, alt, best or {}, change
        self.mistakes = mistakes
        self.says = [(None, says)] if isinstance(says, str) else list(says)
        self.knobs = {}
        for panel in panels:
            self.knobs.update(panel.knobs() if isinstance(panel, Plane) else {})
        self.knobs.update(knobs)
        if time:
            self.knobs["t"] = Knob("step", 0, time, at=time, whole=True, kind="time")
        for panel in panels:  # what a point stands for needs no slider
            for name in (n for pair in panel.handles for n in pair if isinstance(n, str)):
                if self.knobs[name].kind == "slider" and not getattr(panel, "sliders", False):
                    self.knobs[name].kind = "both"
        self.names = list(self.knobs)
        self.first = {name: knob.at for name, knob in self.knobs.items()}
        self.marks = [
            (i, label, mark)
            for i, panel in enumerate(panels)
            for label, mark in [*([("", panel.heat)] if panel.heat else []), *panel.marks.items()]
        ]
        for _, _, mark in self.marks:
            mark.figure = self
        self.labels = list(
            dict.fromkeys(
                label for _, label, mark in self.marks if label and not isinstance(mark, Path)
            )
        )
        self.runs: list[Descent | Steps] = []
        self.reason = None
        try:
            self.spec = self._specified()
        except traced.Untranslatable as reason:
            self.reason = str(reason)

    def number(self, run: Descent | Steps) -> int:
        """The place of a run among those of the figure."""
        if run not in self.runs:
            self.runs.append(run)
        return self.runs.index(run)

    def _specified(self) -> dict:
        from tinytorch.lab.still import looks

        marks = []
        for i, label, mark in self.marks:
            color, dash = looks(self.panels[i]).get(label, (None, None))
            described = mark.specified(self)
            if described["kind"] == "heat":
                described["depends"] = self._used(described)
            marks.append({"panel": i, "label": label, "color": color, "dash": dash,
                          "key": self.panels[i].legend and bool(label)}
                         | described)  # fmt: skip
        both = self.names + self.labels
        rate = any(run.rate is self.change for run in self.runs)
        panels = [
            {"x": p.x, "y": p.y, "xlog": "x" in p.log, "ylog": "y" in p.log, "xlabel": p.xlabel,
             "ylabel": p.ylabel, "equal": p.equal,
             "handles": [[n if not isinstance(n, str) else self.names.index(n) for n in pair]
                         for pair in p.handles],
             "fixed": [[not isinstance(n, str) for n in pair] for pair in p.handles],
             "minima": self.minima_of(p)}
            for p in self.panels
        ]  # fmt: skip
        return {
            "name": self._name(),
            "alt": self.alt,
            "knobs": [{"name": name, **self._described(knob)} for name, knob in self.knobs.items()],
            "runs": [run.specified(self.names, self.first, self.change) for run in self.runs],
            "change": self.change and inspect.getsource(self.change),
            "trial": None if rate else self.change and trial(self.change, self.mistakes),
            "marks": marks,
            "panels": panels,
            "says": [
                {"f": c and code(functools.partial(resolving, c), both), "text": text}
                for c, text in self.says
            ],
            "labels": self.labels,
            "best": {name: resolve(v, self.first) for name, v in self.best.items()},
        }

    def _used(self, heat: dict) -> list[int]:
        """Places of the knobs that a map depends on."""
        if "kept" in heat:
            return [heat["knob"]]
        run = heat.get("run")
        parts = [heat] if run is None else [heat, self.runs[run].specified(self.names, self.first)]
        text = "".join(
            v for part in parts for k, v in part.items() if isinstance(v, str) and k != "rule"
        )
        return sorted({int(i) for i in re.findall(r"K\[(\d+)\]", text)} - set(heat.get("over", [])))

    def _name(self) -> str:
        import hashlib

        return "live-" + hashlib.sha256((self.alt + str(self.names)).encode()).hexdigest()[:8]

    def minima_of(self, panel) -> list:
        surface = getattr(panel, "surface", None)
        if surface is None or inspect.isfunction(surface):
            return []
        if isinstance(surface, Mapping):
            name, choices = next(iter(surface.items()))
            at = self.names.index(name)
            return [{"of": at, "minima": [c.minima.tolist() for c in choices]}]
        return [{"of": None, "minima": [surface.minima.tolist()]}]

    @staticmethod
    def _described(knob: Knob) -> dict:
        fields = vars(knob) | {"low": float(knob.low), "high": float(knob.high)}
        return {
            name: value
            for name, value in fields.items()
            if value is not None and value is not False
        }

    # The same from the package

    def show(self, values: Mapping) -> list[tuple]:
        """What each mark shows, (x, y), as the package computes it."""
        paths: dict[Descent | Steps, np.ndarray] = {}

        def path_of(run):
            if run not in paths:
                paths[run] = run.path(values)
            return paths[run]

        return [mark.values(values, path_of) for _, _, mark in self.marks]

    def sentence(self, values: Mapping, marks: list[tuple]) -> str:
        """The setting in words."""
        last = dict(values)
        for (_, label, mark), (_, y) in zip(self.marks, marks, strict=True):
            if label in self.labels and label not in last and not isinstance(mark, Path):
                last[label] = float(y[-1])
        for condition, text in self.says:
            if condition is None or resolve(condition, last):
                for name, value in last.items():
                    names = self.knobs[name].names if name in self.knobs else None
                    number = (
                        names[int(value)] if names else shown(value, 4 if name in values else 3)
                    )
                    text = text.replace(f"{{{name}}}", number)
                return text
        return ""

    def probes(self) -> list[dict]:
        """What it shows in the first state, and after one press on each knob's keys."""
        states = [("", "", self.first)]
        for name, knob in self.knobs.items():
            at = knob.position(knob.at)
            keys = {"Home": 0, "End": knob.count, "ArrowRight": min(at + 1, knob.count)}
            states += [(name, key, {**self.first, name: knob.value(i)}) for key, i in keys.items()]
        if self.best:
            states.append(("", "best", {**self.first, **self.spec["best"]}))
        found = []
        for name, key, values in states:
            marks = self.show(values)
            found.append(
                {"knob": name, "key": key, "state": [values[n] for n in self.names],
                 "says": self.sentence(values, marks), "marks": [sampled(y) for _, y in marks]}
            )  # fmt: skip
        return found

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        from tinytorch.lab.still import pictures

        png, drawing = pictures(self)
        address = "data:image/png;base64," + base64.b64encode(png).decode()
        image = f'<img class="live-still" src="{address}" alt="{html.escape(self.alt)}">'
        if self.reason is not None:
            why = html.escape(self.reason)
            note = f'<p class="live-says">This figure stands still: {why}.</p>'
            return {"text/plain": self.alt, "text/html": f"<div>{image}{note}</div>"}
        spec = json.dumps(self.spec, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        spec = spec.replace("</", "<\\/")
        page = (
            f'<div class="live-figure" id="{self.spec["name"]}">{image}'
            f'<script type="application/json">{spec}</script>'
            f'<script class="live-script">{script()}</script></div>'
        )
        return {
            "text/plain": self.alt,
            "text/html": page,
            MIME: {"spec": json.loads(spec), "probes": self.probes(), "drawing": drawing},
        }


def sampled(y, count: int = 6) -> list[str]:
    """A few of the numbers of a mark, in hexadecimal, which keeps every bit."""
    y = np.asarray(y, dtype=float)
    return [float(y[i]).hex() for i in dict.fromkeys(np.linspace(0, len(y) - 1, count).astype(int))]
