"""Optimizers beside one another: steps to a target, and performance profiles over workloads."""

import math

import numpy as np

from tinytorch.lab.card.workloads import STEPS


def targets(table: dict[str, dict]) -> dict[str, float]:
    """For each workload the loss at which half of some optimizers end.

    Arguments:
        table: for each optimizer its workloads, as a Card has them.
    """
    names = list(dict.fromkeys(w for workloads in table.values() for w in workloads))
    return {
        w: float(np.median([ends(rows[w]) for rows in table.values() if w in rows])) for w in names
    }


def ends(row: dict) -> float:
    final = row.get("final")
    return math.inf if final is None else final


def steps_to_target(row: dict, target: float) -> np.ndarray:
    """Steps until the test loss is at the target, for each seed; infinite where it never is."""
    curves = row["curves"] or [[]]
    found = []
    for curve in curves:
        at = next((i for i, v in enumerate(curve) if v is not None and v <= target), math.inf)
        found.append(max(1, at) * STEPS / 15)
    return np.array(found)


def arrivals(table: dict, goals: dict, pick=None) -> np.ndarray:
    """Median steps to each target, (optimizers, workloads).

    Arguments:
        pick: indices of the seeds to take, with repetition; all by default.
    """

    def median(row, goal):
        steps = steps_to_target(row, goal)
        return np.sort(steps if pick is None else steps[np.asarray(pick) % len(steps)])[
            len(steps) // 2
        ]

    return np.array(
        [[median(rows[w], goal) for w, goal in goals.items()] for rows in table.values()]
    )


def profile(arrivals: np.ndarray, factors) -> np.ndarray:
    """Share of the workloads on which an optimizer needs at most so many times the fewest steps.

    Arguments:
        arrivals: (optimizers, workloads); factors: (n,), >= 1.

    Returns:
        (optimizers, n).

    Source: Dolan & Moré 2002, section 2.
    """
    fewest = arrivals.min(axis=0)
    with np.errstate(invalid="ignore"):
        ratios = np.where(np.isfinite(arrivals), arrivals / fewest, math.inf)
    return (ratios[:, :, None] <= np.asarray(factors)).mean(axis=1)


def scores(table: dict, goals: dict, *, bootstrap: int = 500, rng=0, longest: float = 4.0) -> dict:
    """The area under each profile on a logarithmic axis from 1 to `longest`, 1 at best.

    Returns:
        For each optimizer (score, lower, upper end of a 90 % interval): over other workloads and
        other seeds, both drawn anew with repetition.
    """
    factors, rng = np.geomspace(1, longest, 60), np.random.default_rng(rng)

    def area(steps):
        return profile(steps, factors).mean(axis=1)

    point, drawn = area(arrivals(table, goals)), []
    seeds = max(1, *(len(row["curves"]) for rows in table.values() for row in rows.values()))
    resampled = [
        arrivals(table, goals, rng.integers(0, seeds, seeds)) for _ in range(min(30, bootstrap))
    ]
    for i in range(bootstrap):
        columns = rng.integers(0, len(goals), len(goals))
        drawn.append(area(resampled[i % len(resampled)][:, columns]))
    low, high = np.quantile(drawn, [0.05, 0.95], axis=0)
    return {
        n: (float(p), float(a), float(b))
        for n, p, a, b in zip(table, point, low, high, strict=True)
    }
