"""Numbers to take from a run: how long, how fast, how steep, how sharp."""

import math

import numpy as np

from tinytorch.core.hvp import hvp
from tinytorch.core.random import generator
from tinytorch.core.tensor import Tensor


def iterations_to(values, tolerance: float):
    """The first step from which on the values stay at or below `tolerance`.

    Arguments:
        values: of shape (steps + 1, ...); the value before the first step comes first.
        tolerance: a number >= 0.

    Returns:
        A number of steps, `math.inf` where it never happens; an array of them for more than one
        run (floats then).
    """
    values = np.asarray(values)
    reached = np.logical_and.accumulate((values <= tolerance)[::-1])[::-1]
    steps = np.where(reached.any(axis=0), reached.argmax(axis=0), math.inf)
    if steps.ndim:
        return steps
    return int(steps) if math.isfinite(steps) else math.inf


def measured_rate(values, floor: float = 1e-12) -> float:
    """The factor by which values shrink per step: slope of their logarithm over the second half.

    Arguments:
        values: positive numbers, of shape (steps + 1,); what falls below `floor` times the first
            value is rounding error and left out.

    Raises:
        ValueError: fewer than four values are left to measure on.
    """
    values = np.asarray(values, dtype=float)
    usable = values > floor * values[0]
    end = len(values) if usable.all() else int(usable.argmin())
    if end < 4:
        raise ValueError(f"measured_rate: needs at least 4 values above the floor, got {end}")
    t = np.arange(end // 2, end)
    return float(np.exp(np.polyfit(t, np.log(values[t]), 1)[0]))


def learning_rate_finder(
    loss, optimizer, start: float = 1e-5, stop: float = 10.0, steps: int = 100, blowup: float = 4.0
) -> tuple[np.ndarray, np.ndarray]:
    """Train while the learning rate grows geometrically; see where the loss turns up.

    Arguments:
        loss: a function that computes the loss (a scalar tensor) of the next batch.
        optimizer: over the parameters of that loss; they are moved, its rates are put back.
        start, stop, steps: the learning rates; both ends are tried.
        blowup: stop early when the loss is this many times the smallest one (or, for a negative
            one, as far above it).

    Returns:
        (learning rates, losses before each step), both of shape (tried,).

    Source: Smith 2017, section 3.3.
    """
    rates, losses = np.geomspace(start, stop, steps), []
    before = [group["lr"] for group in optimizer.param_groups]
    try:
        for rate in rates:
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.zero_grad()
            value = loss()
            losses.append(value.item())
            smallest = min(losses)
            if not losses[-1] - smallest <= (blowup - 1) * abs(smallest):
                break
            value.backward()
            optimizer.step()
    finally:
        for group, lr in zip(optimizer.param_groups, before, strict=True):
            group["lr"] = lr
    return rates[: len(losses)], np.array(losses)


def sharpness(
    loss, params: list[Tensor], iterations: int = 50, tolerance: float = 1e-3, rng=0, start=None
) -> tuple[float, np.ndarray]:
    """The Hessian's eigenvalue of largest modulus, by power iteration.

    The Hessian is never formed: see `hvp`.

    Arguments:
        loss: a function that computes the loss (a scalar tensor) from the parameters.
        params: tensors; they are moved, and put back.
        iterations, tolerance: stop when the eigenvalue changes by less than this fraction.
        start: a first guess at the eigenvector, such as that of an earlier call.

    Returns:
        (eigenvalue, unit eigenvector over all parameters laid end to end).
    """
    size = sum(p.size for p in params)
    v = generator(rng).normal(size=size) if start is None else np.asarray(start, dtype=float)
    v = v / np.linalg.norm(v)
    cuts = np.cumsum([p.size for p in params])[:-1]
    value = 0.0
    for _ in range(iterations):
        parts = zip(params, np.split(v, cuts), strict=True)
        product = hvp(loss, params, [part.reshape(p.shape) for p, part in parts])
        Hv = np.concatenate([part.ravel() for part in product])
        previous, value = value, float(v @ Hv)
        norm = np.linalg.norm(Hv)
        if norm == 0:
            break
        v = Hv / norm
        if abs(value - previous) <= tolerance * abs(value):
            break
    return value, v
