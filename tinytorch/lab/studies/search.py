"""Searches for settings, each charged for every step that it takes."""

import functools
import inspect
import itertools
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from tinytorch.core.checks import POSITIVE_COUNT, require
from tinytorch.lab.studies.study import study

WAYS = ("grid", "random", "halton", "sobol", "tpe")


def grid(**axes: Iterable) -> list[dict]:
    """All combinations, the last axis first: grid(lr=[.1, 1], momentum=[0, .9]) has four."""
    names, values = list(axes), [list(values) for values in axes.values()]
    return [dict(zip(names, point, strict=True)) for point in itertools.product(*values)]


@dataclass(frozen=True)
class Between:
    """An interval to search, both ends included.

    Arguments:
        low, high: its ends.
        log: search the exponents evenly, as learning rates want it.

    Raises:
        ValueError: the ends are not in order, not finite, or not positive where `log`.
    """

    low: float
    high: float
    log: bool = True

    def __post_init__(self):
        fits = math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high
        if not fits or (self.log and self.low <= 0):
            raise ValueError(f"Between: needs low < high, and 0 < low where log; got {self}")

    def at(self, u: float) -> float:
        """The point at the fraction u of the interval."""
        if self.log:
            value = self.low * (self.high / self.low) ** u
        else:
            value = self.low + (self.high - self.low) * u
        return float(min(max(value, self.low), self.high))


@dataclass(frozen=True)
class Trial:
    """One of the settings that a search tried.

    Attributes:
        settings: these.
        curve: the value after each step that was paid for; the mean over the seeds.
        steps: how many were paid for, over all seeds.
        value: the last of the curve; infinite where the run failed or is not finite.
        pruned: whether it was given up early.
        error: why it failed, or "".
    """

    settings: dict
    curve: tuple[float, ...]
    steps: int
    value: float
    pruned: bool = False
    error: str = ""

    @property
    def lowest(self) -> float:
        return min((v for v in self.curve if math.isfinite(v)), default=math.inf)


@dataclass(frozen=True)
class Search:
    """What a search tried, in the order in which it did."""

    trials: list[Trial]

    @property
    def best(self) -> Trial:
        """The one with the smallest value; of those that were given up only if all were."""
        return min(self.trials, key=lambda t: (t.pruned, t.value))

    @property
    def steps(self) -> int:
        """What the whole search was charged."""
        return sum(trial.steps for trial in self.trials)

    def best_so_far(self) -> tuple[np.ndarray, np.ndarray]:
        """(steps charged, smallest value of a finished trial by then), both (trials,)."""
        values = [math.inf if t.pruned else t.value for t in self.trials]
        return np.cumsum([t.steps for t in self.trials]), np.minimum.accumulate(values)

    def time_to(self, target: float, *, orders: int = 0, rng=0):
        """Steps until a run is at or below `target`, those of all trials before it counted.

        Arguments:
            orders: 0 takes the trials in their order; otherwise so many random orders are drawn,
                for trials that might as well have come in another (grid, random).
            rng: a seed or generator for these.

        Returns:
            A number of steps, infinite if no trial gets there; with `orders` an array of them.
        """
        costs = np.array([t.steps for t in self.trials], dtype=float)
        until = np.array([steps_until(t, target) for t in self.trials])
        if not orders:
            return first_arrival(costs, until)
        rng = np.random.default_rng(rng)
        shuffles = [rng.permutation(len(costs)) for _ in range(orders)]
        return np.array([first_arrival(costs[s], until[s]) for s in shuffles])


def steps_until(trial: Trial, target: float) -> float:
    at = next((i + 1 for i, v in enumerate(trial.curve) if v <= target), math.inf)
    return at * trial.steps / max(1, len(trial.curve))  # every seed is paid for


def first_arrival(costs, until) -> float:
    arrived = np.flatnonzero(np.isfinite(until))
    return float(costs[: arrived[0]].sum() + until[arrived[0]]) if len(arrived) else math.inf


def best_of(
    scores, *, reported=None, worst: float | None = None, bootstrap: int = 1000, level=0.9, rng=0
) -> np.ndarray:
    """What the best of k trials is expected to be, for every k, and how sure that is.

    The i-th best of N wins among k different ones that are drawn at random with the probability
    C(N - i, k - 1) / C(N, k).

    Arguments:
        scores: by which the best is chosen, smaller is better, (N,).
        reported: what is reported of it, (N,); the scores themselves by default.
        worst: counts for scores that are not finite; the largest finite one by default.
        bootstrap: how many times the N trials are drawn anew, with repetition, for the interval.
        level: the share of these that it holds.

    Returns:
        (N, 3): the expectation, and the lower and upper end of its interval; k = 1 comes first.

    Raises:
        ValueError: no finite score, or shapes that differ.

    Source: Dodge et al. 2019, section 3; without repetition as in Tang et al. 2020.
    """
    scores = np.array(scores, dtype=float)
    reported = scores.copy() if reported is None else np.array(reported, dtype=float)
    if scores.ndim != 1 or scores.shape != reported.shape or not np.isfinite(scores).any():
        raise ValueError(
            f"best_of: needs scores (N,), some of them finite, and as many reported values; "
            f"got shapes {scores.shape} and {reported.shape}"
        )
    for values in (scores, reported):
        limit = values[np.isfinite(values)].max() if worst is None else worst
        values[~np.isfinite(values)] = limit
    n = len(scores)
    chances = np.array(
        [
            [math.comb(n - i, k - 1) / math.comb(n, k) for i in range(1, n + 1)]
            for k in range(1, n + 1)
        ]
    )

    def expected(chosen):
        order = np.argsort(scores[chosen], axis=-1, kind="stable")
        return np.take_along_axis(reported[chosen], order, axis=-1) @ chances.T

    drawn = expected(np.random.default_rng(rng).integers(0, n, (bootstrap, n)))
    tails = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return np.stack([expected(np.arange(n)), *tails], axis=1)


def search(
    run: Callable,
    space: Mapping,
    *,
    trials: int,
    way="halton",
    pruner=None,
    seeds: Iterable[int] = (0,),
    rng: int = 0,
    batch: int = 4,
    **how,
) -> Search:
    """Try settings from a space, by one of several ways, and charge every step.

    Arguments:
        run: called as `run(**settings, seed=seed)`. Gives a number, smaller is better, and is
            charged one step; or yields one after each of its steps, and is charged for each.
        space: for each name a `Between`, or a list of choices.
        trials: how many settings.
        way: "grid" (as many points an axis as fit), "random", the quasi-random "halton" or
            "sobol" (both by scipy), "tpe" (Optuna's), or a sampler of Optuna.
        pruner: of Optuna; asked after each step that a run yields whether to give it up. It
            knows the trials of the batches before.
        seeds: of each trial; one, if there is a pruner.
        rng: the seed of the search itself.
        batch: how many trials a sampler or pruner of Optuna chooses before it is told how they
            went. The number of workers does not change what is tried; this does.
        **how: `jobs`, `store`, `name`, `progress`, `seconds`, `retry` as in `study`.

    Returns:
        A Search; the same for any number of jobs.

    Raises:
        ValueError: an argument that is not as above.
        ModuleNotFoundError: scipy or Optuna is needed and not installed.
    """
    require("search", "trials", trials, POSITIVE_COUNT)
    require("search", "batch", batch, POSITIVE_COUNT)
    seeds = list(seeds)
    if pruner is not None and len(seeds) != 1:
        raise ValueError(f"search: a pruner takes one seed, got {len(seeds)}")
    axes = {name: axis_of(name, values) for name, values in space.items()}
    if not axes:
        raise ValueError("search: the space is empty")
    if isinstance(way, str) and way not in WAYS:
        raise ValueError(f"search: way must be one of {', '.join(WAYS)} or a sampler; got {way!r}")
    how.setdefault("name", getattr(run, "__name__", "search"))
    if way == "tpe" or not isinstance(way, str):
        asker = Sampler(way, axes, rng)
    else:
        asker = Listed(points(way, axes, trials, rng))
    size = batch if pruner is not None or isinstance(asker, Sampler) else trials
    found: list[Trial] = []
    while len(found) < trials:
        chosen = asker.ask(min(size, trials - len(found)))
        if not chosen:
            break  # a grid has fewer
        before = tuple((t.curve, t.pruned) for t in found) if pruner is not None else ()
        results = study(functools.partial(charged, run, pruner, before), chosen, seeds=seeds, **how)
        done = [trial_of(chosen[i], results[i * len(seeds) : (i + 1) * len(seeds)])
                for i in range(len(chosen))]  # fmt: skip
        asker.tell(done)
        found += done
    return Search(found)


def axis_of(name: str, values):
    if isinstance(values, Between):
        return values
    if isinstance(values, str) or not isinstance(values, Iterable) or not list(values):
        raise ValueError(f"search: {name} must be Between(low, high) or a list; got {values!r}")
    return list(values)


def place(axis, u: float):
    if isinstance(axis, Between):
        return axis.at(u)
    return axis[min(int(u * len(axis)), len(axis) - 1)]


def points(way: str, axes: dict, trials: int, rng: int) -> list[dict]:
    """The settings of a way that does not look at results."""
    if way == "grid":
        widths = [len(a) for a in axes.values() if not isinstance(a, Between)]
        continuous = len(axes) - len(widths)
        each = int((trials / math.prod(widths)) ** (1 / max(1, continuous)) + 1e-9)
        if each < 1 or math.prod(widths) > trials:
            raise ValueError(f"search: a grid of this space needs more than {trials} trials")
        ticks = [(np.arange(each) / (each - 1)).tolist() if each > 1 else [0.5]][0]
        lists = {n: [a.at(u) for u in ticks] if isinstance(a, Between) else a
                 for n, a in axes.items()}  # fmt: skip
        return grid(**lists)
    if way == "random":
        table = np.random.default_rng(rng).random((trials, len(axes)))
    else:
        qmc = import_qmc()
        engine = {"halton": qmc.Halton, "sobol": qmc.Sobol}[way](d=len(axes), rng=rng)
        if way == "sobol":  # balanced in powers of two only; the first of these are still even
            table = engine.random_base2(max(1, trials - 1).bit_length())[:trials]
        else:
            table = engine.random(trials)
    return [{n: place(a, float(u)) for (n, a), u in zip(axes.items(), row, strict=True)}
            for row in table]  # fmt: skip


def import_qmc():
    try:
        from scipy.stats import qmc
    except ModuleNotFoundError:
        words = 'search: quasi-random points need scipy: pip install scipy, or way="random"'
        raise ModuleNotFoundError(words) from None
    return qmc


def import_optuna():
    try:
        import optuna
    except ModuleNotFoundError:
        words = "search: samplers and pruners need Optuna: pip install optuna"
        raise ModuleNotFoundError(words) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


class Listed:
    """Settings that were chosen beforehand."""

    def __init__(self, settings: list[dict]):
        self.left = iter(settings)

    def ask(self, count: int) -> list[dict]:
        return list(itertools.islice(self.left, count))

    def tell(self, trials: list[Trial]) -> None:
        pass


class Sampler:
    """Settings that a sampler of Optuna chooses."""

    def __init__(self, sampler, axes: dict, rng: int):
        optuna = import_optuna()
        if sampler == "tpe":
            sampler = optuna.samplers.TPESampler(seed=rng)
        self.axes, self.states = axes, optuna.trial.TrialState
        self.study = optuna.create_study(sampler=sampler)
        kinds = optuna.distributions
        self.kinds = {
            name: kinds.FloatDistribution(axis.low, axis.high, log=axis.log)
            if isinstance(axis, Between)
            else kinds.CategoricalDistribution(range(len(axis)))
            for name, axis in axes.items()
        }
        self.asked: list = []

    def ask(self, count: int) -> list[dict]:
        self.asked = [self.study.ask(self.kinds) for _ in range(count)]
        return [
            {
                n: v if isinstance(self.axes[n], Between) else self.axes[n][v]
                for n, v in t.params.items()
            }
            for t in self.asked
        ]

    def tell(self, trials: list[Trial]) -> None:
        for asked, trial in zip(self.asked, trials, strict=True):
            for step, value in enumerate(trial.curve):
                if math.isfinite(value):
                    asked.report(value, step)
            if not math.isfinite(trial.value):
                self.study.tell(asked, state=self.states.FAIL)
            elif trial.pruned:
                self.study.tell(asked, state=self.states.PRUNED)
            else:
                self.study.tell(asked, trial.value)


def charged(run, pruner, before, seed, **settings) -> dict:
    """One run: its curve, and whether the pruner gave it up."""
    values = run(**settings, seed=seed)
    if not inspect.isgenerator(values):
        return {"curve": [float(values)], "pruned": False}
    stop = verdict(pruner, before) if pruner is not None else lambda value, step: False
    curve = []
    for value in values:
        curve.append(float(value))
        if not math.isfinite(curve[-1]):
            break  # it will not come back, and is charged no further
        if stop(curve[-1], len(curve) - 1):
            values.close()
            return {"curve": curve, "pruned": True}
    return {"curve": curve, "pruned": False}


def verdict(pruner, before):
    """What a pruner says of a run that comes after others."""
    optuna = import_optuna()
    states = optuna.trial.TrialState
    past = optuna.create_study(pruner=pruner)
    for curve, pruned in before:
        values = {i: v for i, v in enumerate(curve) if math.isfinite(v)}
        if values and len(values) == len(curve):
            state = states.PRUNED if pruned else states.COMPLETE
            past.add_trial(
                optuna.trial.create_trial(state=state, value=curve[-1], intermediate_values=values)
            )
    trial = past.ask()

    def stop(value, step):
        trial.report(value, step)
        return trial.should_prune()

    return stop


def trial_of(settings: dict, runs) -> Trial:
    """The mean over the seeds, as long as all of them go on."""
    error = next((run.error for run in runs if run.error), "")
    curves = [run.results.get("curve", []) for run in runs]
    steps = sum(len(curve) for curve in curves)
    length = min(map(len, curves))
    curve = tuple(np.mean([c[:length] for c in curves], axis=0).tolist()) if length else ()
    stopped_short = len({len(c) for c in curves}) > 1
    value = curve[-1] if curve and not error and not stopped_short else math.inf
    value = value if math.isfinite(value) else math.inf
    pruned = any(run.results.get("pruned") for run in runs)
    return Trial(settings, curve, steps, value, pruned, error)
