"""Runs: an optimizer on a surface, a plane of hyper-parameters at once, networks over seeds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from tinytorch.core.autograd import no_grad
from tinytorch.core.losses import CrossEntropyLoss
from tinytorch.core.tensor import Tensor
from tinytorch.optim.checks import check
from tinytorch.optim.engines import signature

QUIET = {"over": "ignore", "invalid": "ignore"}  # a run that diverges is a result


def trajectory(
    optimizer,
    surface,
    start=None,
    steps: int = 100,
    *,
    schedule=None,
    rng=None,
    noise=0.0,
    **kwargs,
) -> np.ndarray:
    """Where an optimizer goes on a surface.

    Arguments:
        optimizer: a class (or function) called as `optimizer([p], **kwargs)`; what it returns
            needs `step()` only.
        surface: has `gradient(x)`.
        start: shape (d,), or (..., d) for many runs at once of an elementwise optimizer; the
            surface's own start by default.
        steps: how many.
        schedule: called with the optimizer, gives a scheduler that is stepped after it.
        noise, rng: standard deviation of the normal noise on every component of the gradient,
            and the generator (or seed) that it comes from.

    Returns:
        Positions in float64, shape (steps + 1, ..., d); the start is the first.
    """
    start = surface.start if start is None else start
    p = Tensor(np.array(start, dtype=np.float64), requires_grad=True)
    stepper = optimizer([p], **kwargs)
    scheduler = schedule(stepper) if schedule else None
    rng = np.random.default_rng(rng)
    path = np.empty((steps + 1, *p.shape))
    path[0] = p.data
    with np.errstate(**QUIET):
        for t in range(steps):
            g = np.array(surface.gradient(p.data))
            p.grad = Tensor(g + noise * rng.normal(size=p.shape) if noise else g)
            stepper.step()
            if scheduler:
                scheduler.step()
            path[t + 1] = p.data
    return path


def sweep(
    optimizer, surface, start=None, steps: int = 100, *, observe: Callable | None = None, **grid
) -> np.ndarray:
    """A whole plane of runs at once: hyper-parameters that are arrays are broadcast.

    Arguments:
        optimizer: a class of `tinytorch.optim` with an elementwise rule.
        surface: has `gradient(x)`.
        start: shape (d,), or (*plane, d) for a plane of starts.
        steps: how many.
        observe: what to keep of the positions (*plane, d) after each step, such as
            `surface.value`; by default the positions themselves.
        **grid: hyper-parameters; numbers, or arrays that broadcast to the plane's shape
            (`betas` may be a pair of them).

    Returns:
        What was observed, shape (steps + 1, *plane, ...).

    Raises:
        ValueError: a value outside its range.
    """
    start = np.asarray(surface.start if start is None else start, dtype=np.float64)
    corners = {name: largest(value) for name, value in grid.items()}
    for name, value in grid.items():
        check(optimizer.__name__, name, smallest(value))
    leaves = [a for v in grid.values() for a in (v if isinstance(v, (tuple, list)) else (v,))]
    plane = np.broadcast_shapes(start.shape[:-1], *(np.shape(a) for a in leaves))
    p = Tensor(np.array(np.broadcast_to(start, (*plane, start.shape[-1]))), requires_grad=True)
    stepper = optimizer([p], **corners)
    group = stepper.param_groups[0]
    stages = stepper.stages(group)
    swept = {**group, **{name: with_axis(value) for name, value in grid.items()}}
    state = [value for name, value in stepper.state[p].items() if name != "t"]
    observed = [np.array(observe(p.data) if observe else p.data)]
    with np.errstate(**QUIET):
        for t in range(1, steps + 1):
            numbers = stepper.numbers(swept, t)
            x, g = p.data, surface.gradient(p.data)
            for stage in stages[:-1]:
                x, g = stage(x, g, **{k: numbers[k] for k in signature(stage)[1]})
            rule = stages[-1]
            p.data, *state = rule(x, g, *state, **{k: numbers[k] for k in signature(rule)[1]})
            observed.append(np.array(observe(p.data) if observe else p.data))
    return np.stack(observed)


def largest(value):
    if isinstance(value, (tuple, list)):
        return tuple(largest(v) for v in value)
    return np.max(value).item() if isinstance(value, np.ndarray) else value


def smallest(value):
    if isinstance(value, (tuple, list)):
        return tuple(smallest(v) for v in value)
    return np.min(value).item() if isinstance(value, np.ndarray) else value


def with_axis(value):
    """An array of hyper-parameters, with an axis for the d components of a position."""
    if isinstance(value, (tuple, list)):
        return tuple(with_axis(v) for v in value)
    return value[..., None] if isinstance(value, np.ndarray) else value


@dataclass(frozen=True)
class Runs:
    """What `train_runs` measured.

    Attributes:
        losses: training loss of the batch before every step, (seeds, steps).
        test_loss, accuracy: on the test data, before the first epoch and after each,
            (seeds, epochs + 1).
    """

    losses: np.ndarray
    test_loss: np.ndarray
    accuracy: np.ndarray


def train_runs(
    optimizer,
    model: Callable,
    train: tuple,
    test: tuple,
    *,
    seeds=range(5),
    epochs: int = 10,
    batch_size: int = 64,
    loss=None,
    schedule=None,
    **kwargs,
) -> Runs:
    """Train a network from several seeds with one optimizer.

    The seed sets the initial weights and the order of the samples, so that two optimizers with
    the same seeds start at the same point and see the same batches.

    Arguments:
        optimizer: called as `optimizer(parameters, **kwargs)`.
        model: called as `model(rng)`, gives a network with fresh weights.
        train, test: (inputs, targets), arrays.
        schedule: called with the optimizer, gives a scheduler that is stepped after each epoch.
        loss: cross-entropy by default.
    """
    loss = loss or CrossEntropyLoss()
    results = [
        train_once(optimizer, model, train, test, s, epochs, batch_size, loss, schedule, kwargs)
        for s in seeds
    ]
    return Runs(*(np.array(column) for column in zip(*results, strict=True)))


def train_once(optimizer, model, train, test, seed, epochs, batch_size, loss, schedule, kwargs):
    rng = np.random.default_rng(seed)
    network = model(rng)
    stepper = optimizer(network.parameters(), **kwargs)
    scheduler = schedule(stepper) if schedule else None
    inputs, targets = train
    losses, evaluations = [], [evaluate(network, loss, test)]
    with np.errstate(**QUIET):
        for _ in range(epochs):
            order = rng.permutation(len(inputs))
            for i in range(0, len(order), batch_size):
                batch = order[i : i + batch_size]
                stepper.zero_grad()
                value = loss(network(Tensor(inputs[batch])), targets[batch])
                value.backward()
                stepper.step()
                losses.append(value.item())
            if scheduler:
                scheduler.step()
            evaluations.append(evaluate(network, loss, test))
    return losses, *zip(*evaluations, strict=True)


def evaluate(network, loss, data) -> tuple[float, float]:
    """(loss, share of right answers) on (inputs, targets)."""
    inputs, targets = data
    with no_grad():
        logits = network(Tensor(inputs))
        return loss(logits, targets).item(), float((logits.argmax(axis=1) == targets).mean())


def tune(score: Callable, candidates: Mapping[str, list[dict]]) -> dict[str, tuple[dict, list]]:
    """Give every optimizer the same number of trials, and keep each one's best.

    Arguments:
        score: called as `score(name, **settings)`, smaller is better; not finite counts as worst.
        candidates: for each name the settings to try.

    Returns:
        For each name (best settings, all scores in the order of the candidates).

    Raises:
        ValueError: the names do not have equally many candidates.
    """
    budgets = {name: len(settings) for name, settings in candidates.items()}
    if len(set(budgets.values())) != 1 or 0 in budgets.values():
        raise ValueError(f"tune: every name needs the same number of candidates, got {budgets}")
    result = {}
    for name, settings in candidates.items():
        scores = [score(name, **s) for s in settings]
        result[name] = (settings[int(np.argmin(np.nan_to_num(scores, nan=np.inf)))], scores)
    return result
