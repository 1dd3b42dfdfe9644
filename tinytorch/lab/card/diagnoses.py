"""Diagnoses: statements about an optimizer, each tried on a problem that isolates it.

A diagnosis takes `make(params, lr=...)` and gives

    holds    whether the statement is true of it
    says     the number that decided, in words
    curves   what a figure draws: values by label, against the step

Where a learning rate must be chosen, it is the best of RATES, for every optimizer alike. Minima
lie beside the origin: a rule whose steps are as long as its weights would be helped by one there.
"""

import inspect
import math
import time
from dataclasses import dataclass

import numpy as np

from tinytorch.core.tensor import Tensor
from tinytorch.lab.measure import iterations_to
from tinytorch.optim import SGD

RATES = tuple(float(f"{10 ** (e / 2):.4g}") for e in range(-8, 3))  # 1e-4 ... 10
POINTS = 61  # that a figure draws


@dataclass(frozen=True)
class Diagnosis:
    """A statement, and what tries it.

    Attributes:
        name: short, for a table.
        statement: what is true of an optimizer that passes.
        chapter: the page of the book that explains it.
        run: takes `make`, gives a dictionary as above.
        log: whether the figure's values are drawn logarithmically.
    """

    name: str
    statement: str
    chapter: str
    run: object
    log: bool = True


DIAGNOSES: dict[str, Diagnosis] = {}


def diagnosis(name: str, statement: str, chapter: str, log: bool = True):
    def put(run):
        DIAGNOSES[name] = Diagnosis(name, statement, chapter, run, log)
        return run

    return put


def follow(make, gradient, start, steps: int, lr: float, dtype=np.float64, falls=False):
    """Positions (steps + 1, ...) of an optimizer that is given `gradient(x, t)`.

    Numbers in a row are handed to it as a matrix of one column, since some take nothing else.
    One that averages shows its average. After a position that is not finite, all are NaN. With
    `falls` the rate goes down to zero in equal steps.
    """
    start = np.array(start, dtype=dtype)
    p = Tensor(start.reshape(-1, 1) if start.ndim == 1 else start.copy(), requires_grad=True)
    stepper = make([p], lr=lr)
    rate = falling(stepper)
    path = np.full((steps + 1, *start.shape), math.nan, dtype=dtype)
    path[0] = start
    with np.errstate(all="ignore"):
        for t in range(steps):
            slope = np.asarray(gradient(p.data.reshape(start.shape), t), dtype=dtype)
            p.grad = Tensor(slope.reshape(p.shape).copy())
            stepper.step()
            if falls:
                rate(1 - (t + 1) / steps)
            getattr(stepper, "eval", nothing)()
            path[t + 1] = p.data.reshape(start.shape)
            getattr(stepper, "train", nothing)()
            if not np.isfinite(p.data).all():
                path[t + 1] = math.nan
                break
    return path


def falling(stepper):
    """A function that sets each learning rate, in groups or an attribute, to a share of today's."""
    groups = [g for g in getattr(stepper, "param_groups", None) or () if "lr" in g]
    first = [g["lr"] for g in groups]
    own = getattr(stepper, "lr", None)

    def to(share: float) -> None:
        for group, lr in zip(groups, first, strict=True):
            group["lr"] = share * lr
        if not groups and own is not None:
            stepper.lr = share * own

    return to


def nothing():
    pass


def best_rate(score):
    """(score, rate) of the rate with the smallest score; not finite counts as worst."""
    scores = {lr: score(lr) for lr in RATES}
    return min(((v if math.isfinite(v) else math.inf), lr) for lr, v in scores.items())


def steps_to(values, target: float) -> float:
    values = np.where(np.isfinite(values), values, math.inf)
    return iterations_to(values, target)


def drawn(values) -> list[float]:
    """So many of the values as a figure shows."""
    values = np.asarray(values, dtype=float)
    at = np.unique(np.linspace(0, len(values) - 1, POINTS).astype(int))
    return [float(f"{v:.4g}") for v in values[at]]


def number(steps) -> str:
    return f"{steps:,.0f} steps" if math.isfinite(steps) else "never"


# Invariances

TURN = np.linalg.qr(np.random.default_rng(7).normal(size=(3, 3)))[0]
CURVES = np.array([[1.0], [3.0], [10.0]])
BEGIN = np.array([[2.0, -1.0], [1.0, 1.5], [-1.0, 2.0]])


def bowl(W, t):
    """The gradient of a bowl over matrices (3, 2) whose rows have different curvatures."""
    return CURVES * (W - 0.3)


def same_path(make, other, back, labels):
    """Whether an optimizer takes the same path in other circumstances.

    Arguments:
        other: (gradient, start) of these; back: maps a path there to the path here.
    """
    _, lr = best_rate(lambda lr: float((follow(make, bowl, BEGIN, 60, lr)[-1] ** 2).sum()))
    here = follow(make, bowl, BEGIN, 60, lr)
    with np.errstate(all="ignore"):
        there = back(follow(make, *other, 60, lr))
        moved = np.abs(here - here[0]).max()
        gap = np.abs(here - there).max() / moved
        away = [np.linalg.norm(path - 0.3, axis=(1, 2)) for path in (here, there)]
    gap = gap if math.isfinite(gap) else math.inf
    return {
        "holds": bool(gap < 0.01),
        "says": f"the two paths differ by {100 * gap:.2g} % of the way" if gap < 10
        else "the paths have nothing in common",
        "curves": {label: drawn(values) for label, values in zip(labels, away, strict=True)},
    }  # fmt: skip


@diagnosis("loss × 1000", "The loss times 1,000 changes nothing.", "optimizers/adam")
def loss_scale(make):
    other = (lambda W, t: 1000 * bowl(W, t)), BEGIN
    return same_path(make, other, lambda path: path, ["as it is", "loss × 1000"])


@diagnosis(
    "weights × 10", "Weights written ten times as large take the same path.", "optimizers/modern"
)
def weight_scale(make):
    other = (lambda W, t: bowl(W / 10, t) / 10), 10 * BEGIN
    return same_path(make, other, lambda path: path / 10, ["as it is", "weights × 10"])


@diagnosis("rotation", "Turned axes change nothing.", "optimizers/when-adam-fails")
def rotation(make):
    other = (lambda W, t: TURN @ bowl(TURN.T @ W, t)), TURN @ BEGIN
    return same_path(make, other, lambda path: TURN.T @ path, ["as it is", "axes turned"])


# Shapes of the surface


def valley(make, angle: float):
    c, s = math.cos(angle), math.sin(angle)
    turn = np.array([[c, -s], [s, c]])
    H = turn @ np.diag([1.0, 100.0]) @ turn.T
    start = 5 + turn @ np.array([10.0, 1.0])

    def losses(lr):
        path = follow(make, lambda x, t: H @ (x - 5), start, 1000, lr) - 5
        with np.errstate(all="ignore"):
            return 0.5 * np.einsum("ti,ij,tj->t", path, H, path)

    steps, lr = best_rate(lambda lr: steps_to(losses(lr), 1e-6 * 100))
    return {
        "holds": steps <= 300,
        "says": f"{number(steps)} to a millionth of the loss, at lr {lr:g}",
        "curves": {f"lr {lr:g}": drawn(losses(lr))},
    }


@diagnosis(
    "valley", "A valley of κ = 100 along the axes takes at most 300 steps.", "optimizers/momentum"
)
def valley_along(make):
    return valley(make, 0.0)


@diagnosis(
    "valley, turned", "The same valley at 45° takes at most 300 steps.", "optimizers/momentum"
)
def valley_across(make):
    return valley(make, math.pi / 4)


@diagnosis(
    "saddle", "It leaves a saddle from 10⁻⁶ beside the ridge in 50 steps.", "optimizers/landscapes"
)
def saddle(make):
    def losses(lr):  # 5x² - y²/2 + y⁴/4; least, -1/4, at y = 1 and -1
        path = follow(
            make, lambda p, t: np.array([10 * p[0], p[1] ** 3 - p[1]]), [1, 1e-6], 300, lr
        )
        x, y = path.T
        with np.errstate(all="ignore"):
            return 5 * x**2 - y**2 / 2 + y**4 / 4 + 0.25

    steps, lr = best_rate(lambda lr: steps_to(losses(lr), 0.1))
    return {
        "holds": steps <= 50,
        "says": f"{number(steps)} until it is down, at lr {lr:g}",
        "curves": {f"lr {lr:g}": drawn(np.maximum(losses(lr), 1e-12))},
    }


# Noise


def noisy_losses(make, lr, steps=1000):
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(steps, 20))
    path = follow(make, lambda x, t: x - 5 + noise[t], np.full(20, 15.0), steps, lr) - 5
    with np.errstate(all="ignore"):
        return 0.5 * (path**2).mean(axis=1)


def floor(make):
    """(lowest loss in the long run, rate) among the rates that are there in 200 steps."""

    def score(lr):
        losses = noisy_losses(make, lr)
        arrived = losses[200] <= 5.0
        return float(losses[500:].mean()) if arrived else math.inf

    return best_rate(score)


@diagnosis(
    "noise floor",
    "At a rate that arrives in 200 steps, noise leaves no more than twice what it leaves to SGD.",
    "optimizers/stochastic",
)
def noise_floor(make):
    (own, lr), (plain, plain_lr) = floor(make), floor(SGD)
    return {
        "holds": own <= 2 * plain,
        "says": f"{own:.2g} at lr {lr:g}; SGD {plain:.2g}" if math.isfinite(own)
        else "no rate arrives in 200 steps",
        "curves": {
            f"lr {lr:g}": drawn(noisy_losses(make, lr)),
            f"SGD, lr {plain_lr:g}": drawn(noisy_losses(SGD, plain_lr)),
        },
    }  # fmt: skip


@diagnosis(
    "spike",
    "A hundred steps after one gradient 1,000 times too large it is back.",
    "optimizers/adam",
)
def spike(make):
    def losses(lr, spiked):
        noise = 0.1 * np.random.default_rng(1).normal(size=(400, 20))
        noise[200] += 1000 * spiked
        path = follow(make, lambda x, t: x - 5 + noise[t], np.full(20, 8.0), 400, lr) - 5
        with np.errstate(all="ignore"):
            return 0.5 * (path**2).mean(axis=1)

    _, lr = best_rate(lambda lr: float(losses(lr, 0)[150:].mean()))
    calm, hit = losses(lr, 0), losses(lr, 1)
    back, arrived = steps_to(hit[201:], 3 * calm[150:].max()), bool(calm[150] <= 0.1 * calm[0])
    words = f"{number(back)} to be back; the loss had risen to {np.nanmax(hit[201:]):.2g}"
    return {
        "holds": arrived and back <= 100,
        "says": words if arrived else "it had not come down before the spike",
        "curves": {"with the spike": drawn(hit), "without": drawn(calm)},
    }


@diagnosis(
    "calm",
    "A thousand steps after the gradients became 100 times smaller it walks on at half its pace.",
    "optimizers/adam",
    log=False,
)
def calm(make):
    noise, loud = np.random.default_rng(2).normal(size=1600), 500

    def slope(x, t):
        return np.array([(1.0 + 0.3 * noise[t]) * (1.0 if t < loud else 0.01)])

    path = follow(make, slope, [0.0], loud + 1100, 0.01)[:, 0]
    before, after = path[loud - 100] - path[loud], path[loud + 1000] - path[loud + 1100]
    share = after / before if before > 0 else math.nan
    return {
        "holds": bool(share >= 0.5),
        "says": f"its pace is then {share:.3g} of the old one",
        "curves": {"position": drawn(path)},
    }


# Rare things


@diagnosis(
    "rare words",
    "Of words by Zipf's law it learns the rare half too: half of their loss, in 20 steps.",
    "training/claims",
)
def rare_words(make):
    rng, classes = np.random.default_rng(3), 100
    share = 1 / np.arange(1, classes + 1)
    share /= share.sum()
    inputs = 3 + rng.normal(size=(classes, 32))  # not centred, as a layer's outputs are

    def losses(W):
        logits = inputs @ W
        logits = logits - logits.max(axis=1, keepdims=True)
        return np.log(np.exp(logits).sum(axis=1)) - np.diag(logits)

    def gradient(W, t):
        logits = inputs @ W
        q = np.exp(logits - logits.max(axis=1, keepdims=True))
        q /= q.sum(axis=1, keepdims=True)
        return inputs.T @ (share[:, None] * (q - np.eye(classes)))

    def run(lr):
        path = follow(make, gradient, np.zeros((32, classes)), 20, lr)
        with np.errstate(all="ignore"):
            return np.array([losses(W) for W in path])

    _, lr = best_rate(lambda lr: float(run(lr)[-1] @ share))
    found = run(lr)
    rare, frequent = found[:, classes // 2 :].mean(axis=1), found[:, : classes // 2].mean(axis=1)
    ratio = rare[-1] / rare[0]
    return {
        "holds": bool(ratio <= 0.5),
        "says": f"of the loss on the rare half {100 * ratio:.2g} % is left, at lr {lr:g}",
        "curves": {"rare half": drawn(rare), "frequent half": drawn(frequent)},
    }


@diagnosis(
    "sparse",
    "A weight with a gradient in one step of 50 comes nine tenths of its way in 1,000 steps.",
    "optimizers/adam",
)
def sparse(make):
    def run(lr):
        def gradient(x, t):
            return (x - 5) * [1.0, float(t % 50 == 0)]

        return np.abs(follow(make, gradient, [6.0, 6.0], 1000, lr) - 5)

    _, lr = best_rate(lambda lr: float(run(lr)[-1].max()))
    often, seldom = run(lr).T
    return {
        "holds": bool(seldom[-1] <= 0.1),
        "says": f"{100 * seldom[-1]:.2g} % of the way is left, at lr {lr:g}",
        "curves": {"one step in 50": drawn(seldom + 1e-12), "every step": drawn(often + 1e-12)},
    }


# What a program needs


@diagnosis(
    "float32",
    "In float32 it ends within four units in the last place of the minimum.",
    "optimizers/memory",
)
def float32(make):
    """The rate falls to nothing, so that only rounding can keep it away."""

    def run(lr):
        return follow(make, lambda x, t: x - 1, [2.0], 800, lr, np.float32, True)[:, 0]

    with np.errstate(all="ignore"):
        units, lr = best_rate(lambda lr: float(abs(run(lr)[-1] - 1) / np.spacing(np.float32(1))))
        left = np.abs(run(lr) - 1)
    return {
        "holds": units <= 4,
        "says": f"{units:.3g} units in the last place, at lr {lr:g}",
        "curves": {f"lr {lr:g}": drawn(left + 1e-9)},
    }


@diagnosis(
    "resume", "Saved and loaded in the middle it ends at the same bits.", "training/07_training"
)
def resume(make):
    def gradient(x, t):
        return CURVES * (x - 0.3) + 0.1 * math.sin(t)

    def run(interrupted):
        p = Tensor(BEGIN.copy(), requires_grad=True)
        stepper, path = make([p], lr=0.01), [BEGIN]
        for t in range(20):
            if t == 10 and interrupted:
                kept, p = stepper.state_dict(), Tensor(p.data.copy(), requires_grad=True)
                stepper = make([p], lr=0.01)
                stepper.load_state_dict(kept)
            p.grad = Tensor(gradient(p.data, t))
            stepper.step()
            path.append(p.data.copy())
        return np.array(path)

    whole = run(False)
    curves = {"uninterrupted": drawn(np.linalg.norm(whole - 0.3, axis=(1, 2)))}
    p = Tensor(BEGIN.copy(), requires_grad=True)
    if not hasattr(make([p], lr=0.01), "load_state_dict"):
        return {"holds": False, "says": "it has no load_state_dict", "curves": curves}
    again = run(True)
    same = bool(np.array_equal(again, whole))
    return {
        "holds": same,
        "says": "the same to the bit" if same else f"off by {np.abs(again - whole).max():.2g}",
        "curves": {**curves, "resumed": drawn(np.linalg.norm(again - 0.3, axis=(1, 2)))},
    }


@diagnosis(
    "tied weights",
    "A weight that is given twice is refused, or moved once.",
    "foundations/03_layers",
)
def tied(make):
    def end(twice):
        p = Tensor(BEGIN.copy(), requires_grad=True)
        stepper = make([p, p] if twice else [p], lr=0.01)
        path = [p.data.copy()]
        for t in range(20):
            p.grad = Tensor(bowl(p.data, t))
            stepper.step()
            path.append(p.data.copy())
        return np.linalg.norm(np.array(path) - 0.3, axis=(1, 2))

    once = end(False)
    curves = {"given once": drawn(once)}
    try:
        double = end(True)
    except ValueError as error:
        return {"holds": True, "says": f"refused: {error}"[:120], "curves": curves}
    same = bool(np.array_equal(once, double))
    return {
        "holds": same,
        "says": "moved once" if same else "moved twice in a step",
        "curves": {**curves, "given twice": drawn(double)},
    }


@diagnosis(
    "drift", "Where there is no gradient, nothing moves.", "optimizers/weight-decay", log=False
)
def drift(make):
    path = follow(make, lambda x, t: 0 * x, BEGIN, 200, 0.01)
    moved = np.linalg.norm(path - BEGIN, axis=(1, 2)) / np.linalg.norm(BEGIN)
    return {
        "holds": bool(moved.max() == 0),
        "says": f"it moved by {100 * moved.max():.2g} % of its length in 200 steps",
        "curves": {"moved": drawn(moved)},
    }


@diagnosis(
    "gradient left alone",
    "A step changes no gradient, and moves nothing that has none.",
    "foundations/05_autograd",
    log=False,
)
def gradient_alone(make):
    p, q = (Tensor(BEGIN.copy(), requires_grad=True) for _ in range(2))
    stepper, changed, path = make([p, q], lr=0.01), [], [0.0]
    for t in range(10):
        given = bowl(p.data, t)
        p.grad = Tensor(given.copy())
        stepper.step()
        kept = p.grad is not None and np.array_equal(p.grad.data, given)
        changed.append(not kept)
        path.append(float(np.abs(q.data - BEGIN).max()))
    holds = not any(changed) and max(path) == 0
    words = "neither" if holds else "the gradient was changed" if any(changed) else "it moved"
    return {"holds": holds, "says": words, "curves": {"moved without a gradient": drawn(path)}}


@diagnosis(
    "memory", "It keeps at most two numbers for each weight.", "optimizers/memory", log=False
)
def memory(make):
    p = Tensor(np.ones((200, 100), dtype=np.float32), requires_grad=True)
    stepper, held = make([p], lr=1e-3), [0.0]
    for _ in range(3):
        p.grad = Tensor(np.full((200, 100), 0.1, dtype=np.float32))
        stepper.step()
        held.append(kept_bytes(stepper, {id(p), id(p.grad)}) / p.data.nbytes)
    return {
        "holds": held[-1] <= 2.1,
        "says": f"{held[-1]:.3g} times the weights' bytes",
        "curves": {"state / weights": drawn(held)},
    }


def kept_bytes(root, seen: set) -> int:
    """Bytes of all arrays that an object holds, in attributes and containers, each once."""
    total, stack = 0, [root]
    while stack:
        x = stack.pop()
        if id(x) in seen or isinstance(x, (str, bytes, int, float, type)) or inspect.isroutine(x):
            continue
        seen.add(id(x))
        if isinstance(x, np.ndarray):
            base = x if x.base is None else x.base
            if isinstance(base, np.ndarray) and base is not x:
                stack.append(base)
            else:
                total += x.nbytes
        elif isinstance(x, dict):
            stack += [v for k, v in x.items() if id(k) not in seen or not isinstance(v, Tensor)]
        elif isinstance(x, (list, tuple, set)):
            stack += list(x)
        else:
            stack += list(getattr(x, "__dict__", {}).values())
            stack += [
                getattr(x, name) for name in getattr(type(x), "__slots__", ()) if hasattr(x, name)
            ]
    return total


@diagnosis(
    "time",
    "A step over 100,000 weights takes at most ten times one of SGD.",
    "optimizers/memory",
)
def step_time(make):
    """In turns, so that what else the machine does meets both alike."""

    def clocked(make):
        p = Tensor(np.ones((250, 400), dtype=np.float32), requires_grad=True)
        stepper = make([p], lr=1e-6)

        def few():
            times = []
            for _ in range(6):
                p.grad = Tensor(np.full((250, 400), 0.1, dtype=np.float32))
                began = time.perf_counter()
                stepper.step()
                times.append(time.perf_counter() - began)
            return times[1:]  # the first one finds the caches full of the other's

        return few

    turns = [(one(), other()) for one, other in [(clocked(make), clocked(SGD))] * 5]
    own, plain = (np.sort(np.concatenate(times)) for times in zip(*turns, strict=True))
    ratio = float(own[len(own) // 4] / plain[len(plain) // 4])
    return {
        "holds": ratio <= 10,
        "says": f"{ratio:.2g} times SGD, measured just now",
        "curves": {"sorted, in steps of SGD": drawn(own / np.median(plain))},
    }
