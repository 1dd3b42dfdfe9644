"""Small workloads on real data: what an optimizer is for, a fraction of a second each.

A workload is a function of a seed that gives (parameters, loss of step t, loss on test data, as
a function of nothing). The seed sets the first weights and the order of the data. Every optimizer
has STEPS steps on each, and its learning rate falls linearly to zero.

Sources: digits: Alpaydin & Kaynak 1998, UCI, doi.org/10.24432/C50P49, CC BY 4.0; diabetes:
Efron et al. 2004 ("Least angle regression"), as scikit-learn ships it; wine: Aeberhard & Forina
1992, UCI, doi.org/10.24432/C5PC7J, CC BY 4.0; text: the words of this book.
"""

import functools
import math
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from tinytorch.core.autograd import no_grad
from tinytorch.core.functional import embedding
from tinytorch.core.losses import CrossEntropyLoss, MSELoss
from tinytorch.core.tensor import Tensor
from tinytorch.data import digits, spirals
from tinytorch.lab.card.diagnoses import falling
from tinytorch.nn import MLP, Conv2d, Flatten, LayerNorm, Linear, MaxPool2d, ReLU, Sequential, Tanh

STEPS = 150
LETTERS = " abcdefghijklmnopqrstuvwxyz.,;:?'-"


@dataclass(frozen=True)
class Workload:
    """Attributes: short name; what it trains; why methods differ on it; the chapter of that."""

    name: str
    what: str
    why: str
    chapter: str
    build: object


WORKLOADS: dict[str, Workload] = {}


def workload(name: str, what: str, why: str, chapter: str):
    def put(build):
        WORKLOADS[name] = Workload(name, what, why, chapter, build)
        return build

    return put


def judged(network, loss, test_inputs, test_targets):
    def test() -> float:
        network.eval()
        with no_grad():
            value = loss(network(Tensor(test_inputs)), test_targets).item()
        network.train()
        return value

    return test


def supervised(network, loss, train, test, batch: int, seed: int):
    """A network, batches drawn without repetition within an epoch, a test."""
    inputs, targets = train
    rng, orders = np.random.default_rng(1000 + seed), []

    def at(t):
        per = len(inputs) // batch
        while len(orders) <= t // per:
            orders.append(rng.permutation(len(inputs)))
        rows = orders[t // per][t % per * batch : (t % per + 1) * batch]
        return loss(network(Tensor(inputs[rows])), targets[rows])

    return network.parameters(), at, judged(network, loss, *test)


@functools.cache
def arrays(flat: bool = True):
    return [tuple(np.asarray(part.data) for part in data[:]) for data in digits(flat=flat)]


@functools.cache
def tables() -> dict:
    with files("tinytorch.lab.card").joinpath("tables.npz").open("rb") as file:
        return dict(np.load(file, allow_pickle=False))


def halves(inputs, targets, rng=0):
    """Two thirds to train on, a third to test on."""
    order = np.random.default_rng(rng).permutation(len(inputs))
    cut = 2 * len(inputs) // 3
    return [(inputs[part], targets[part]) for part in (order[:cut], order[cut:])]


@functools.cache
def letters() -> np.ndarray:
    text = files("tinytorch.lab.card").joinpath("book.txt").read_text(encoding="utf-8")
    return np.array([LETTERS.index(c) for c in " ".join(text.split())])


@workload("digits", "a perceptron on the digits", "noise of small batches, little else", "start")
def perceptron(seed):
    train, test = arrays()
    return supervised(MLP([64, 32, 10], rng=seed), CrossEntropyLoss(), train, test, 32, seed)


@workload(
    "convolution", "a convolutional net on the digits",
    "few weights, each in many places: gradients large and unequal between layers",
    "training/claims",
)  # fmt: skip
def convolution(seed):
    rng = np.random.default_rng(seed)
    layers = [Conv2d(1, 6, 3, padding=1, rng=rng), ReLU(), MaxPool2d(2), Flatten()]
    network = Sequential(*layers, Linear(96, 10, rng=rng))
    train, test = arrays(False)
    return supervised(network, CrossEntropyLoss(), train, test, 16, seed)


@workload(
    "denoiser", "a network that takes noise off the digits",
    "a bottleneck: the surface is long and narrow", "optimizers/momentum",
)  # fmt: skip
def denoiser(seed):
    (clean, _), (seen, _) = arrays()

    def noisy(x):
        return x + 0.5 * np.random.default_rng(5).normal(size=x.shape).astype(np.float32)

    network = MLP([64, 24, 64], activation=Tanh, rng=seed)
    return supervised(network, MSELoss(), (noisy(clean), clean), (noisy(seen), seen), 32, seed)


@workload(
    "deep", "eight narrow layers on three spirals",
    "gradients shrink on their way down", "foundations/03_layers",
)  # fmt: skip
def deep(seed):
    train, test = (tuple(np.asarray(p.data) for p in spirals(300, rng=r)[:]) for r in (0, 1))
    network = MLP([2, *[12] * 7, 3], activation=Tanh, init="xavier_uniform", rng=seed)
    return supervised(network, CrossEntropyLoss(), train, test, 50, seed)


@workload(
    "raw table", "logistic regression on wine, in the table's own units",
    "columns of size 0.1 beside columns of size 1,000", "optimizers/gradient-descent",
)  # fmt: skip
def raw_table(seed):
    table = tables()
    train, test = halves(table["wine"], table["cultivar"].astype(int))
    return supervised(Linear(13, 3, rng=seed), CrossEntropyLoss(), train, test, 32, seed)


@workload(
    "regression", "a network for the course of diabetes, full batch",
    "much noise in the targets, none in the gradient", "optimizers/weight-decay",
)  # fmt: skip
def regression(seed):
    table = tables()
    x, y = table["diabetes"], table["progression"]
    x, y = (x - x.mean(0)) / x.std(0), ((y - y.mean()) / y.std())[:, None]
    train, test = halves(x, y)
    return supervised(MLP([10, 16, 1], rng=seed), MSELoss(), train, test, len(train[0]), seed)


def windows(length: int, count: int, rng) -> tuple[np.ndarray, np.ndarray]:
    """Pieces of the book and the letters that follow; the last fifth is for tests."""
    text = letters()
    cut = 4 * len(text) // 5
    low, high = (0, cut) if rng is not None else (cut, len(text))
    rng = np.random.default_rng(9) if rng is None else rng
    at = rng.integers(low, high - length - 1, count)[:, None] + np.arange(length + 1)
    return text[at[:, :-1]], text[at[:, 1:]]


def language(network, params, length: int, batch: int, seed: int):
    """Letters, predicted from those before; `network` maps (b, length) to (b · length, letters)."""
    rng, loss = np.random.default_rng(1000 + seed), CrossEntropyLoss()
    seen, follow = windows(length, 64, None)

    def at(t):
        x, y = windows(length, batch, rng)
        return loss(network(x), y.ravel())

    def test() -> float:
        with no_grad():
            return loss(network(seen), follow.ravel()).item()

    return params, at, test


def weights(rng, *shape, scale=None) -> Tensor:
    scale = 1 / math.sqrt(shape[0]) if scale is None else scale
    return Tensor((scale * rng.normal(size=shape)).astype(np.float32), requires_grad=True)


@workload(
    "recurrent", "a recurrent net that reads this book letter by letter",
    "one matrix many times over: gradients that explode", "training/07_training",
)  # fmt: skip
def recurrent(seed):
    rng, n, width = np.random.default_rng(seed), len(LETTERS), 32
    table, inner = weights(rng, n, width, scale=0.5), weights(rng, width, width)
    out, bias = weights(rng, width, n), Tensor(np.zeros(width, np.float32), requires_grad=True)

    def network(x):
        from tinytorch.core.functional import stack

        h, states = Tensor(np.zeros((len(x), width), np.float32)), []
        for t in range(x.shape[1]):
            h = (embedding(table, x[:, t]) + h @ inner + bias).tanh()
            states.append(h)
        return stack(states, axis=1).reshape(-1, width) @ out

    return language(network, [table, inner, out, bias], 16, 16, seed)


@workload(
    "transformer", "a transformer of one layer that reads this book",
    "attention: weights of very different curvature; few letters are frequent",
    "optimizers/when-adam-fails",
)  # fmt: skip
def transformer(seed):
    rng, n, width, length = np.random.default_rng(seed), len(LETTERS), 32, 16
    table, place = weights(rng, n, width, scale=0.5), weights(rng, length, width, scale=0.5)
    q, k, v, mix = (weights(rng, width, width) for _ in range(4))
    up, down, out = weights(rng, width, 64), weights(rng, 64, width), weights(rng, width, n)
    first, second = LayerNorm(width), LayerNorm(width)
    later = np.triu(np.full((length, length), -1e9, np.float32), 1)

    def network(x):
        h = embedding(table, x) + place
        z = first(h)
        fit = (z @ q) @ (z @ k).transpose(1, 2) * (1 / math.sqrt(width)) + later
        h = h + (fit.softmax() @ (z @ v)) @ mix
        h = h + (second(h) @ up).relu() @ down
        return h.reshape(-1, width) @ out

    norms = [*first.parameters(), *second.parameters()]
    return language(network, [table, place, q, k, v, mix, up, down, out, *norms], length, 12, seed)


@functools.cache
def words() -> np.ndarray:
    """The book as numbers of words: 0 is the most frequent one, the last stands for all others."""
    text = "".join(LETTERS[i] for i in letters())
    split = "".join(c if c.isalpha() else " " for c in text).split()
    found, at, counts = np.unique(split, return_inverse=True, return_counts=True)
    rank = np.empty(len(found), int)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(found))
    return np.minimum(rank[at], 400)


@workload(
    "rare words", "the next word of this book, from a table of vectors",
    "Zipf's law: most words are rare, and have a gradient seldom", "training/claims",
)  # fmt: skip
def rare_words(seed):
    rng, text, width = np.random.default_rng(seed), words(), 16
    table, out = weights(rng, 401, width, scale=0.5), weights(rng, width, 401)
    order, loss = np.random.default_rng(1000 + seed), CrossEntropyLoss()
    cut = 4 * len(text) // 5

    def network(x):
        return embedding(table, x) @ out

    def at(t):
        x = order.integers(0, cut - 1, 64)
        return loss(network(text[x]), text[x + 1])

    def test() -> float:
        with no_grad():
            return loss(network(text[cut:-1]), text[cut + 1 :]).item()

    return [table, out], at, test


@workload(
    "factorisation", "a low-rank matrix: which frequent words of this book stand close together",
    "two factors: a saddle at the start, a valley after it", "optimizers/landscapes",
)  # fmt: skip
def factorisation(seed):
    """Counts of which of the 60 frequent words stands within five words of which other."""
    text = words()
    counts = np.zeros((60, 60))
    for distance in range(1, 6):
        pairs = np.stack([text[:-distance], text[distance:]])
        pairs = pairs[:, (pairs < 60).all(axis=0)]
        np.add.at(counts, tuple(pairs), 1)
    table = np.log1p(counts).astype(np.float32)
    held_back = np.random.default_rng(4).random(table.shape) < 0.2
    rng = np.random.default_rng(seed)
    left, right = weights(rng, 60, 6, scale=0.05), weights(rng, 6, 60, scale=0.05)

    def error(mask):
        gap = (left @ right - table) * mask.astype(np.float32)
        return (gap * gap).sum() * (1 / mask.sum())

    def test() -> float:
        with no_grad():
            return error(held_back).item()

    return [left, right], lambda t: error(~held_back), test


@workload(
    "physics", "a network that solves u″ = -π² sin πx, u(0) = u(1) = 0",
    "second derivatives in the loss: a condition number of many thousands",
    "optimizers/curvature",
)  # fmt: skip
def physics(seed):
    rng, width = np.random.default_rng(seed), 20
    w, b = weights(rng, 1, width, scale=2.0), weights(rng, 1, width, scale=1.0)
    a = weights(rng, width, 1)
    points = np.linspace(0, 1, 32, dtype=np.float32)[:, None]
    force = (-(math.pi**2) * np.sin(math.pi * points)).astype(np.float32)
    ends, fine = np.array([[0.0], [1.0]], np.float32), np.linspace(0, 1, 101, dtype=np.float32)
    truth = np.sin(math.pi * fine)[:, None]

    def at(t):
        h = (Tensor(points) @ w + b).tanh()
        bend = h * (h * h - 1) * 2 * (w * w)  # the second derivative of tanh(wx + b)
        inside, edge = bend @ a - force, (Tensor(ends) @ w + b).tanh() @ a
        return (inside * inside).mean() + 100 * (edge * edge).mean()

    def test() -> float:
        with no_grad():
            gap = (Tensor(fine[:, None]) @ w + b).tanh() @ a - truth
            return (gap * gap).mean().item()

    return [w, b, a], at, test


def train_on(name: str, make, lr: float, seed: int, checks: int = 15) -> dict:
    """Train with one optimizer and rate.

    Returns:
        "curve": the loss on test data before the first step and after each STEPS / checks steps,
        what follows a value that is not finite left out; "final": the last of it, infinite then.
    """
    params, loss, test = WORKLOADS[name].build(seed)
    stepper, curve = make(params, lr=lr), [test()]
    rate, averages = (
        falling(stepper),
        hasattr(stepper, "eval"),
    )  # a schedule-free rule wants a constant rate
    with np.errstate(all="ignore"):
        for t in range(STEPS):
            if not averages:
                rate(1 - t / STEPS)
            value = loss(t)
            for p in params:
                p.grad = None
            value.backward()
            stepper.step()
            if (t + 1) % (STEPS // checks) == 0:
                getattr(stepper, "eval", lambda: None)()
                curve.append(test())
                getattr(stepper, "train", lambda: None)()
                if not math.isfinite(curve[-1]):
                    break
    short = [float(f"{v:.5g}") for v in curve if math.isfinite(v)]
    whole = len(short) == checks + 1
    return {"curve": short, "final": short[-1] if whole else math.inf}
