"""Many runs at once: the hyper-parameters of a rule are arrays, with a value for each run.

An elementwise rule does not care whether `lr` is a number or an array. Given arrays, one call
advances a whole plane of runs, and thousands cost little more than one: what a step on a small
problem costs is the calls, not the arithmetic.
"""

import functools
from typing import NamedTuple

import numpy as np

from tinytorch.core.tensor import Tensor
from tinytorch.optim.engines.calling import advance, keywords
from tinytorch.optim.synonyms import current_names, with_number


class Runs(NamedTuple):
    """What `run_grid` returns; `grid` is the common shape of all that was swept.

    Attributes:
        points: where each run ended, shape (*grid, d).
        trace: what `observe` returned, stacked, shape (len(steps), ...); None without `observe`.
        steps: after how many steps it was asked.
    """

    points: np.ndarray
    trace: np.ndarray | None
    steps: np.ndarray


def run_grid(
    optimizer, start, gradient, steps: int, *, observe=None, every=1, schedule=None, **values
) -> Runs:
    """Run an optimizer for every combination of hyper-parameters, all runs at once.

    Points and state are in float64; in float32 if the start is.

        run_grid(Adam, (-1.5, 2.0), gradient, 500, lr=lrs[:, None], beta1=betas[None, :])

    gives what 500 steps of one optimizer after another would give. Runs may diverge: they end
    as inf or nan, without a warning. In memory are the points, the state and the trace.

    Arguments:
        optimizer: a subclass of Optimizer with an elementwise rule.
        start: shape (d,), or (*grid, d) if each run has a start of its own.
        gradient: maps points of shape (*grid, d) to gradients of the same shape.
        steps: number of steps, >= 0.
        observe: maps points of shape (*grid, d) to the array to record (losses, or the points);
            asked before the first step and then after each `every` steps.
        every: steps between two records, >= 1.
        schedule: called with an optimizer, gives a scheduler that is a function of t; it rules
            each run from the learning rate of that run.
        values: the optimizer's arguments. Arrays among them are swept; they broadcast against
            each other and against the start's grid. `betas` may be given as beta1 and beta2.

    Raises:
        TypeError: the optimizer has no such argument, or its rule cannot have it as an array.
        ValueError: a value outside its range; shapes that do not go together; a rule that is
            not elementwise; a scheduler that watches how the run goes.

    >>> runs = optim.run_grid(optim.SGD, [1.0], lambda p: 2 * p, 3, lr=np.array([0.1, 0.25]))
    >>> runs.points.round(3).tolist()
    [[0.512], [0.125]]
    """
    if not optimizer.elementwise:
        raise ValueError(f"run_grid: the rule of {optimizer.__name__} is not elementwise")
    if steps < 0 or every < 1:
        raise ValueError(f"run_grid: need steps >= 0 and every >= 1, got {steps} and {every}")
    start = in_floats(start)
    if start.ndim == 0:
        raise ValueError(f"run_grid: start must have shape (d,) or (*grid, d), got {start}")
    values = current_names(values, {}, {})
    for name, parts in optimizer.parts.items():
        if name in values:
            members = values.pop(name)
            if len(members) != len(parts):
                raise ValueError(f"run_grid: {name} must be {len(parts)} numbers, got {members!r}")
            values.update(zip(parts, members, strict=True))
    arrays = {name: np.asarray(v, np.float64) for name, v in values.items() if np.ndim(v)}
    grid = np.broadcast_shapes(start.shape[:-1], *(a.shape for a in arrays.values()))

    # The coordinates come first in memory, so that the inner loops run along the grid.
    p = np.array(np.moveaxis(np.broadcast_to(start, (*grid, start.shape[-1])), -1, 0), order="C")
    parts = divide(optimizer, p, values, arrays, schedule)

    records, asked = [], []
    with np.errstate(all="ignore"):
        for t in range(steps + 1):
            points = np.moveaxis(p, 0, -1)
            if observe is not None and t % every == 0:
                records.append(np.array(observe(points)))
                asked.append(t)
            if t == steps:
                break
            g = np.asarray(gradient(points))
            if g.shape != points.shape:
                raise ValueError(f"run_grid: gradient of points {points.shape} has shape {g.shape}")
            g = np.array(np.moveaxis(g, -1, 0), dtype=p.dtype, order="C")
            for part in parts:
                part.advance(p, g, t + 1)
    trace = None if observe is None else np.array(records)
    return Runs(np.ascontiguousarray(np.moveaxis(p, 0, -1)), trace, np.array(asked, dtype=int))


def in_floats(start) -> np.ndarray:
    """A copy of the start in float32 if it is an array of these, otherwise in float64."""
    start = np.asarray(start)
    return np.array(start, dtype=np.float32 if start.dtype == np.float32 else np.float64)


def divide(optimizer, p, values: dict, arrays: dict, schedule) -> list["Part"]:
    """Divide the runs into parts whose steps are made of the same functions.

    Which functions these are may depend on whether a value is zero (no momentum, no decay).
    """
    grid = p.shape[1:]
    for name, array in arrays.items():
        if array.size == 0 or not np.isfinite(array).all():
            raise ValueError(f"run_grid: {name} must be finite numbers, got {array}")
    zero = [np.broadcast_to(array == 0, grid) for array in arrays.values()]
    code = sum((z << i for i, z in enumerate(zero)), np.zeros(grid, dtype=int))
    of_stages = {}
    for c in np.unique(code):
        first = {
            name: float(np.broadcast_to(array, grid)[code == c][0])
            for name, array in arrays.items()
        }
        make = functools.partial(optimizer, **{**values, **first})
        planner = make([Tensor(0.0, requires_grad=True)])
        stages = planner.stages(planner.param_groups[0])
        _, where = of_stages.get(stages, (None, False))
        of_stages[stages] = make, where | (code == c)
    if len(of_stages) == 1:
        return [Part(make, p, arrays, ..., schedule)]
    return [
        Part(
            make,
            p[:, where],
            {name: np.broadcast_to(array, grid)[where] for name, array in arrays.items()},
            where,
            schedule,
        )
        for make, where in of_stages.values()
    ]


class Part:
    """Runs whose steps are made of the same functions, and one optimizer that knows these."""

    def __init__(self, make, p, arrays: dict, where, schedule):
        tensor = Tensor(p, dtype=p.dtype, requires_grad=True)
        first = make([tensor])
        (group,), kind = first.param_groups, make.func
        if first.carried(group):
            name = kind.__name__
            raise ValueError(f"run_grid: {name} carries numbers from one step to the next")
        self.stages = first.stages(group)
        rule = self.stages[-1]  # of arrays it cannot be asked which one it is
        settled = type(kind.__name__, (kind,), {"rule": lambda self, group: rule})
        self.optimizer = settled([tensor], **make.keywords)
        self.group = sweep_group(self.optimizer, arrays)
        self.state = list(self.optimizer.initial_state(tensor, self.group).values())
        self.where = where
        self.scheduler = schedule and schedule(self.optimizer)
        if self.scheduler and self.scheduler.watches:
            name = type(self.scheduler).__name__
            raise ValueError(f"run_grid: {name} watches one run and cannot rule many")

    def advance(self, p, g, t: int) -> None:
        where, group = (slice(None), self.where), self.group
        if self.scheduler:
            group = group | self.scheduler.values(t - 1, [group["lr"]])[0]
        numbers = keywords(self.stages, self.optimizer.numbers(group, t))
        p[where], *state = advance(self.stages, (p[where], g[where], *self.state), numbers)
        self.state = [a.astype(p.dtype, copy=False) for a in state]


def sweep_group(optimizer, arrays: dict) -> dict:
    """The optimizer's group with arrays for its numbers, each value of which is checked."""
    (group,) = optimizer.param_groups
    parts, swept = optimizer.parts, dict(group)
    for name, array in arrays.items():
        whole = next((whole for whole, own in parts.items() if name in own), name)
        if whole not in group:
            owner = type(optimizer).__name__
            raise TypeError(f"run_grid: {owner} has no {name} that could be swept")
        for number in map(float, np.unique(array)):
            optimizer.check_value(whole, with_number(group, parts, name, number)[whole])
        swept = with_number(swept, parts, name, array)
    return swept
