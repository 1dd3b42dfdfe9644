"""A run of code that may do anything: what it prints, forks and takes stays within bounds."""

import contextlib
import functools
import io
import multiprocessing
import os
from pathlib import Path

ROOM = 1 << 30  # bytes that a run may take beyond what its process has already
inside = False  # whether such a run is on in this process


class Counter(io.RawIOBase):
    """A file that keeps nothing but how much was written."""

    count = 0

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self.count += len(data)
        return len(data)


@contextlib.contextmanager
def contained():
    """Nothing is printed, a fork ends at once, memory has a limit (where Linux can say how much).

    Yields:
        A Counter, which in the end has the bytes that would have been printed.
    """
    global inside
    counter, before = Counter(), inside
    said = io.TextIOWrapper(io.BufferedWriter(counter), "utf-8", "replace", write_through=True)
    watch_forks()
    try:
        inside = True
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), memory_limit():
            yield counter
    finally:
        inside = before
        said.flush()


@functools.cache
def watch_forks() -> None:
    """A child that goes on with the run would hand in its results too, and fork again."""
    if hasattr(os, "register_at_fork"):
        for _ in range(2):  # the end of a run's time may be raised in the first
            os.register_at_fork(after_in_child=lambda: os._exit(0) if inside else None)


@contextlib.contextmanager
def memory_limit():
    """The next bytes beyond ROOM raise MemoryError: better than a machine that comes to a halt."""
    try:
        import resource

        # What a run has left behind in a worker counts. Here it is the user's own.
        own = multiprocessing.current_process().name == "MainProcess"
        least = (taken if own else taken_at_first)() + ROOM
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        bounds = [bound for bound in (soft, hard) if bound != resource.RLIM_INFINITY]
        resource.setrlimit(resource.RLIMIT_AS, (min([least, *bounds]), hard))
    except (ImportError, OSError, ValueError):
        yield  # Windows, macOS
        return
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def taken() -> int:
    """Bytes of address space that this process has. OSError where nobody says."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")


taken_at_first = functools.cache(taken)
