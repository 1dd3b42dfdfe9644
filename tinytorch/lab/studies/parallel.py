"""The same function on many cases: here, in several processes, or on a cluster.

Each case runs alone with what decides its bits: one thread of linear algebra, random numbers
that start at its seed, the engine that the caller is in. So results do not depend on how many
workers there are, nor on which of them took what.
"""

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor

import numpy as np

from tinytorch.core import random
from tinytorch.optim import engines
from tinytorch.training.console import progress_bar


class WorkerDied(RuntimeError):
    """A case ended the process that it ran in, each time that it was tried."""


def each(
    function: Callable,
    cases: Sequence[dict],
    *,
    jobs: int | None = 1,
    progress: bool | None = None,
    killed: Callable | None = None,
) -> Iterator[tuple[int, object]]:
    """Call `function(**case)` for every case, several at a time.

    Cases of a worker that is killed are done again by another. A case with a "seed" starts the
    random numbers that nobody passed a generator for at that seed, any other at 0.

    Arguments:
        function, cases: what the workers get a copy of (by cloudpickle, so lambdas and classes
            of a notebook will do).
        jobs: how many processes; -1 is one a core; None is what the surrounding
            `joblib.parallel_config` says, a cluster too. 1 runs them here, one after another.
        progress: a bar; by default in a terminal or a notebook, where tqdm is installed.
        killed: called with a case that ended its process whenever it was tried; gives its result.

    Yields:
        (index of the case, result), in the order in which they are done.

    Raises:
        ValueError: `jobs` is neither None, nor -1, nor an integer >= 1.
        ModuleNotFoundError: `jobs` is not 1 and joblib is not installed.
        WorkerDied: a case ended its process three times, and there is no `killed`.
        Exception: what `function` raised; the other cases are given up.
    """
    if jobs is not None and (type(jobs) is not int or not (jobs == -1 or jobs >= 1)):
        raise ValueError(f"jobs must be None, -1 or an integer >= 1; got {jobs!r}")
    cases = list(cases)
    work = functools.partial(alone, function, engines.chosen())
    blas.cache_clear()  # a library may have been loaded since
    numbered = dict(enumerate(cases))
    run = one_by_one(work, numbered) if jobs == 1 else in_workers(work, numbered, jobs, killed)
    with progress_bar(len(cases), progress, "run") as bar, contextlib.closing(run) as results:
        for result in results:
            if bar:
                bar.update()
            yield result


def gathered(function: Callable, cases: Sequence[dict], **how) -> list:
    """The results of `each` in the order of the cases."""
    results = dict(each(function, cases, **how))
    return [results[i] for i in range(len(results))]


def one_by_one(work, left: dict):
    for index, case in left.items():
        yield work(index, case)


def in_workers(work, left: dict, jobs, killed):
    """Run in joblib's workers, and again what a dead one left undone."""
    joblib, deaths = import_joblib(), 0
    while left:
        # Who kills is among those that were begun, the first of what is left. After a second
        # death each of these is run alone.
        some = left if deaths < 2 else dict([next(iter(left.items()))])
        try:
            # Arrays that joblib shares are read-only, and a run may write to its own: max_nbytes.
            number = jobs if deaths < 2 else 2
            pool = joblib.Parallel(number, max_nbytes=None, return_as="generator_unordered")
            calls = [joblib.delayed(work)(i, case) for i, case in some.items()]
            with contextlib.closing(pool(calls)) as results:
                for index, result in results:
                    del left[index]
                    yield index, result
        except BrokenExecutor as error:
            deaths += 1
            if deaths > 2:
                deaths = 1  # the next may be of its kind
                index, case = next(iter(left.items()))
                if killed is None:
                    words = f"a process ended each time it ran {case!r}"
                    raise WorkerDied(words) from error
                del left[index]
                yield index, killed(case)


def import_joblib():
    try:
        import joblib
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "several jobs need joblib: pip install joblib threadpoolctl, or jobs=1"
        ) from None
    return joblib


def alone(function, engine, index: int, case: dict) -> tuple[int, object]:
    """Run one case with surroundings of its own."""
    with one_thread(), seeded(case.get("seed", 0)), engines.engine(engine):
        return index, function(**case)


@contextlib.contextmanager
def seeded(seed):
    """Start the default generators, ours and NumPy's old one, at a seed; put them back after."""
    usable = isinstance(seed, (int, np.integer)) and not isinstance(seed, bool) and seed >= 0
    before, legacy = random._default, np.random.get_state()
    random.manual_seed(int(seed) if usable else 0)
    np.random.seed(int(seed) % 2**32 if usable else 0)
    try:
        yield
    finally:
        random._default = before
        np.random.set_state(legacy)


def one_thread():
    """Linear algebra in one thread: the order of a sum, and so its last bit, depends on them."""
    controller = blas()
    return controller.limit(limits=1, user_api="blas") if controller else contextlib.nullcontext()


@functools.cache
def blas():
    try:
        from threadpoolctl import ThreadpoolController
    except ModuleNotFoundError:
        return None
    return ThreadpoolController()
