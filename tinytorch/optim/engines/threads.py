"""Work that several threads do together, a piece at a time."""

import contextlib
import contextvars
import functools
import os

import numpy as np

AVAILABLE = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
HELPERS = min(4, AVAILABLE or 1) - 1  # more would only wait for Python's lock


def together(work, helpers: int) -> None:
    """Call `work()` here, and at the same time in up to `helpers` other threads.

    `work` takes pieces of what is to be done until none is left. So nobody waits for a thread
    that is slow to wake: what it does not take, the others do. All work is done on return.
    """
    promises = []
    try:
        with contextlib.suppress(RuntimeError):  # no threads here, or none any more, at exit
            for _ in range(helpers):
                own = contextvars.copy_context()  # np.errstate holds in all threads
                promises.append(pool(helpers).submit(own.run, work))
        work()
    finally:
        errors = [promise.exception() for promise in promises if not promise.cancel()]
    for error in filter(None, errors):
        raise error


def overlap(begins, nbytes) -> bool:
    """Whether two parameters share memory, and so must be stepped one after the other.

    Arguments:
        begins: array of the addresses where they begin.
        nbytes: array of how long they are.
    """
    if len(begins) == 1:
        return False
    order = np.argsort(begins)
    order = order[nbytes[order] > 0]
    return bool(((begins + nbytes)[order[:-1]] > begins[order[1:]]).any())


@functools.cache
def pool(count: int):
    """Threads that sleep until there is work for them."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(count, thread_name_prefix="tinytorch")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=pool.cache_clear)  # a child has none of its parent's threads
