"""Work in pieces: every element has its turn once, and threads help, sleep and end in peace."""

import os
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

from tinytorch.optim.optimizers import gradient_descent

numba = pytest.importorskip("numba", reason="the fused engine needs numba")
fused = pytest.importorskip("tinytorch.optim.engines.compiled")
stealing = pytest.importorskip("tinytorch.optim.engines.stealing")

PIECE = stealing.PIECE


def at(offset: int, n: int, dtype) -> np.ndarray:
    """Ones that begin `offset` bytes behind a line of the cache."""
    raw = np.empty(n * np.dtype(dtype).itemsize + 128, np.uint8)
    begin = -raw.ctypes.data % 64 + offset
    array = raw[begin : begin + n * np.dtype(dtype).itemsize].view(dtype)
    array[:] = 1
    return array


def decrement(params, helpers: int) -> None:
    """Take one from each element."""
    dtype = params[0].dtype
    rows = [(p, np.ones_like(p)) for p in params]
    elements = fused.compiled((gradient_descent,), dtype)
    ids = np.array([[id(p), id(g)] for p, g in rows], np.intp)
    sizes = np.array([p.size for p in params], np.intp)
    stealing.distribute(elements.address, dtype.itemsize, ids, sizes, np.ones(1, dtype), helpers)


SIZES = [
    [0],
    [1],
    [PIECE - 1, 1, PIECE + 1],
    [0, 5, 0, 0, 2 * PIECE],
    [7] * 500,
    [10 * PIECE + 3],
    [3 * PIECE, 1, 15, 16, 17, 5 * PIECE - 1, 0],
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("offset", [0, 8, 16, 56])
@pytest.mark.parametrize("helpers", [0, 1, 3])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_every_element_once(sizes, helpers, offset, dtype):
    params = [at(offset, n, dtype) for n in sizes]
    for _ in range(3):
        for p in params:
            p[:] = 1
        decrement(params, helpers)
        for p in params:
            assert not p.any()


def test_a_step_does_not_wait_for_a_helper_that_is_busy():
    team = stealing.team(2)
    team.rest()
    before = team.words[:, 0].copy()
    team.words[:, 0] = stealing.BUSY
    p = at(0, 4 * PIECE, np.float32)
    decrement([p], 2)
    team.words[:, 0] = before
    assert not p.any()


@numba.njit
def offer(own, job):
    return stealing.swap(own, stealing.WATCHING, job)


def test_a_helper_does_what_it_is_offered():
    """Its own part and then the other one, of which something is taken already."""
    team = stealing.team(1)
    p, g = at(0, 4 * PIECE, np.float32), at(0, 4 * PIECE, np.float32)
    elements = fused.compiled((gradient_descent,), p.dtype)
    ids, one = np.array([[id(p), id(g)]], np.intp), np.ones(1, p.dtype)
    job = np.empty(stealing.TAKEN + 3, np.intp)
    nothing = np.zeros(1, np.intp)
    stealing.offer(job, elements.address, 4, ids, nothing, one, team.wake()[0], 1)
    job[stealing.DONE :] = 0, PIECE, 0, p.size
    while not offer(team.begin, job.ctypes.data):
        team.wake()
    wait(lambda: job[stealing.DONE] == 1)
    assert p[:PIECE].all()
    assert not p[PIECE:].any()


def test_helpers_sleep_soon_and_are_woken_again():
    team = stealing.team(2)
    p = at(0, 8 * PIECE, np.float32)
    for _ in range(3):
        decrement([p], 2)
        wait(lambda: (team.words[:, 0] == stealing.ASLEEP).all())
        team.wake()
        assert (team.words[:, 0] != stealing.ASLEEP).all()
    team.rest()


def wait(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(1e-3)


def test_where_no_thread_can_be_started_the_caller_works_alone(monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    monkeypatch.setattr(stealing, "team", stealing.Team)
    p = at(0, 4 * PIECE, np.float32)
    decrement([p], 2)
    assert not p.any()


def test_a_process_that_ends_right_after_a_step_ends_in_peace():
    program = """
    import numpy as np
    from tinytorch import Tensor
    from tinytorch.optim import SGD
    p = Tensor(np.ones(700_000), requires_grad=True)
    p.grad = Tensor(np.ones(700_000))
    optimizer = SGD([p], lr=0.25, engine="fused")
    for _ in range(20):
        optimizer.step()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env=os.environ | {"NUMBA_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert (done.returncode, done.stderr) == (0, "")
