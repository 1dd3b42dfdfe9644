"""Runs: an optimizer on a surface, a plane of hyper-parameters at once, networks over seeds."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from tinytorch.core.losses import CrossEntropyLoss
from tinytorch.core.tensor import Tensor
from tinytorch.data import DataLoader, Dataset
from tinytorch.lab.studies.parallel import gathered
from tinytorch.optim.engines import sweeping
from tinytorch.training import accuracy, evaluate, train

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
        Positions, shape (steps + 1, ..., d); the start is the first. They are in float64, and in
        float32 if the start is.
    """
    start = surface.start if start is None else start
    start = sweeping.in_floats(start)
    p = Tensor(start, dtype=start.dtype, requires_grad=True)
    stepper = optimizer([p], **kwargs)
    scheduler = schedule(stepper) if schedule else None
    rng = np.random.default_rng(rng)
    path = np.empty((steps + 1, *p.shape), p.data.dtype)
    path[0] = p.data
    with np.errstate(**QUIET):
        for t in range(steps):
            g = np.array(surface.gradient(p.data))
            g = g + noise * rng.normal(size=p.shape) if noise else g
            p.grad = Tensor(g.astype(start.dtype, copy=False))
            stepper.step()
            if scheduler:
                scheduler.step()
            path[t + 1] = p.data
    return path


def sweep(
    optimizer,
    surface,
    start=None,
    steps: int = 100,
    *,
    observe: Callable | None = None,
    every: int = 1,
    schedule=None,
    **grid,
) -> np.ndarray:
    """A whole plane of runs on a surface at once (`tinytorch.optim.run_grid`).

    Arguments:
        optimizer: a class of `tinytorch.optim` with an elementwise rule.
        surface: has `gradient(x)`.
        start: shape (d,), or (*plane, d) for a plane of starts; by default the surface's own.
        steps: how many.
        observe: what to keep of the positions (*plane, d), such as `surface.value`; by default
            the positions themselves.
        every: steps between two records.
        schedule: called with the optimizer, gives a scheduler, which rules every run.
        **grid: hyper-parameters; those that are arrays broadcast to the plane.

    Returns:
        What was observed, before the first step and after each `every` steps: (records, *plane,
        ...).
    """
    start = surface.start if start is None else start
    observe = observe or np.copy
    how = {"observe": observe, "every": every, "schedule": schedule}
    runs = sweeping.run_grid(optimizer, start, surface.gradient, steps, **how, **grid)
    return runs.trace


@dataclass(frozen=True)
class TrainingRuns:
    """What `train_runs` measured.

    Attributes:
        losses: training loss of the batch before every step, (seeds, steps).
        test_loss: on the test data, before the first epoch and after each, (seeds, epochs + 1).
        accuracy: likewise.
    """

    losses: np.ndarray
    test_loss: np.ndarray
    accuracy: np.ndarray


def train_runs(
    optimizer,
    model: Callable,
    data: Dataset,
    test: Dataset,
    *,
    seeds=range(5),
    epochs: int = 10,
    batch_size: int = 64,
    loss=None,
    schedule=None,
    jobs: int | None = 1,
    progress: bool | None = None,
    **kwargs,
) -> TrainingRuns:
    """Train a network from several seeds with one optimizer.

    The seed sets the initial weights and the order of the samples, so that two optimizers with
    the same seeds start at the same point and see the same batches. A schedule-free optimizer is
    judged by its average.

    Arguments:
        optimizer: called as `optimizer(parameters, **kwargs)`.
        model: called as `model(rng)`, gives a network with fresh weights.
        data, test: datasets of inputs and class indices, to train and to test on.
        schedule: called with the optimizer, gives a scheduler that is stepped after each epoch.
        loss: cross-entropy by default.
        jobs, progress: how many processes, and whether to show a bar, as in `study`.
    """
    loss = loss or CrossEntropyLoss()
    common = (optimizer, model, data, test, epochs, batch_size, loss, schedule, kwargs)
    once = functools.partial(train_once, *common)
    results = gathered(once, [{"seed": s} for s in seeds], jobs=jobs, progress=progress)
    return TrainingRuns(*(np.array(column) for column in zip(*results, strict=True)))


def train_once(optimizer, model, data, test, epochs, batch_size, loss, schedule, kwargs, seed):
    network = model(np.random.default_rng(seed))
    stepper = optimizer(network.parameters(), **kwargs)
    scheduler = schedule(stepper) if schedule else None
    loader = DataLoader(data, batch_size, shuffle=True, seed=seed)
    losses, after = [], [evaluate(network, loss, test, (accuracy,))]
    with np.errstate(**QUIET):
        for _ in range(epochs):
            losses += train(network, stepper, loss, loader)
            if scheduler:
                scheduler.step()
            getattr(stepper, "eval", lambda: None)()
            after.append(evaluate(network, loss, test, (accuracy,)))
            getattr(stepper, "train", lambda: None)()
    return losses, [a["loss"] for a in after], [a["accuracy"] for a in after]


def tune(
    score: Callable,
    candidates: Mapping[str, list[dict]],
    *,
    jobs: int | None = 1,
    progress: bool | None = None,
) -> dict[str, tuple[dict, list]]:
    """Give every optimizer the same number of trials, and keep each one's best.

    Arguments:
        score: called as `score(name, **settings)`, smaller is better; not finite counts as worst.
        candidates: for each name the settings to try.
        jobs, progress: how many processes, and whether to show a bar, as in `study`.

    Returns:
        For each name (best settings, all scores in the order of the candidates).

    Raises:
        ValueError: the names do not have equally many candidates.
    """
    budgets = {name: len(settings) for name, settings in candidates.items()}
    if len(set(budgets.values())) != 1 or 0 in budgets.values():
        raise ValueError(f"tune: every name needs the same number of candidates, got {budgets}")
    cases = [{"name": name, "settings": s} for name, tried in candidates.items() for s in tried]
    scores = iter(gathered(functools.partial(scored, score), cases, jobs=jobs, progress=progress))
    result = {}
    for name, settings in candidates.items():
        own = [next(scores) for _ in settings]
        ranks = np.where(np.isfinite(own), own, np.inf)
        result[name] = (settings[int(np.argmin(ranks))], own)
    return result


def scored(score, name, settings):
    return score(name, **settings)
