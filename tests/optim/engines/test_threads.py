"""Work shared among threads: all of it is done, by whoever is awake, with one result."""

import os
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest

from tinytorch import Tensor
from tinytorch.optim import Adam
from tinytorch.optim.engines import threads


def run(program: str) -> str:
    """What a Python of its own prints."""
    arguments = [sys.executable, "-c", textwrap.dedent(program)]
    return subprocess.run(
        arguments, capture_output=True, text=True, check=True, timeout=100
    ).stdout.strip()


def test_all_work_is_done_on_return():
    for _ in range(200):
        left, done = iter(range(50)), []

        def work(left=left, done=done):
            done.extend(left)

        threads.together(work, 3)
        assert len(done) == 50


def test_a_thread_that_is_slow_to_wake_is_not_waited_for():
    go_on, here, callers = threading.Event(), threading.current_thread(), []
    busy = threads.pool(1).submit(go_on.wait, 60)
    threads.together(lambda: callers.append(threading.current_thread()), 1)
    assert callers == [here]
    assert not busy.done()
    go_on.set()


def test_both_threads_work():
    meeting, callers = threading.Barrier(2, timeout=60), set()

    def work():
        meeting.wait()
        callers.add(threading.current_thread().name)

    threads.together(work, 1)
    assert len(callers) == 2


def test_an_error_in_another_thread_is_raised_here():
    meeting, here = threading.Barrier(2, timeout=60), threading.current_thread()

    def work():
        meeting.wait()
        if threading.current_thread() is not here:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        threads.together(work, 1)


def test_an_interruption_leaves_no_thread_at_work():
    meeting, here, finished = threading.Barrier(2, timeout=60), threading.current_thread(), []

    def work():
        meeting.wait()
        if threading.current_thread() is here:
            raise KeyboardInterrupt
        finished.append(True)

    with pytest.raises(KeyboardInterrupt):
        threads.together(work, 1)
    assert finished


def test_how_numpy_treats_errors_holds_in_all_threads():
    meeting, settings = threading.Barrier(2, timeout=60), []

    def work():
        meeting.wait()
        settings.append(np.geterr()["over"])

    with np.errstate(over="call"):
        threads.together(work, 1)
    assert settings == ["call", "call"]


def test_where_no_thread_can_be_started_the_caller_works_alone(monkeypatch):
    def refuse(count):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threads, "pool", refuse)
    calls = []
    threads.together(lambda: calls.append(1), 2)
    assert calls == [1]


# The fused engine, in several threads


def trajectory(sizes, steps=3) -> list[bytes]:
    rng = np.random.default_rng(0)
    params = [Tensor(rng.random(n, np.float32), requires_grad=True) for n in sizes]
    optimizer = Adam(params, lr=0.1, engine="fused")
    for _ in range(steps):
        for p in params:
            p.grad = Tensor(rng.normal(size=p.shape).astype(np.float32))
        optimizer.step()
    return [p.data.tobytes() for p in params]


@pytest.mark.parametrize("sizes", [[700_000], [5, 0, 70_000, 1, 33_000, 32_768]])
def test_fused_gives_the_same_bits_with_any_number_of_threads(monkeypatch, sizes):
    fused = pytest.importorskip("tinytorch.optim.engines.compiled", reason="needs numba")
    expected = trajectory(sizes)
    monkeypatch.setattr(fused, "ALONE", 0)
    for helpers in (0, 1, 3):
        monkeypatch.setattr(fused, "NUMBA_HELPERS", helpers)
        assert trajectory(sizes) == expected


def test_two_optimizers_in_two_threads(monkeypatch):
    fused = pytest.importorskip("tinytorch.optim.engines.compiled", reason="needs numba")
    monkeypatch.setattr(fused, "ALONE", 0)
    monkeypatch.setattr(fused, "NUMBA_HELPERS", 1)
    kinds = [[200_000], [150_000, 3, 40_000]]
    expected = [trajectory(sizes, steps=50) for sizes in kinds]
    found = [None, None]

    def work(i):
        found[i] = trajectory(kinds[i], steps=50)

    workers = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert found == expected


LARGE_STEP = """
    import os
    import numpy as np
    from tinytorch import Tensor
    from tinytorch.optim import SGD
    p = Tensor(np.ones(700_000), requires_grad=True)
    p.grad = Tensor(np.ones(700_000))
    optimizer = SGD([p], lr=0.25, engine="fused")
    optimizer.step()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_steps_too():
    pytest.importorskip("numba", reason="the fused engine needs numba")
    fork = """
    child = os.fork()
    optimizer.step()
    assert (p.data == 0.5).all()
    if not child:
        os._exit(7)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    assert run(f"import os; os.environ['NUMBA_NUM_THREADS'] = '2'\n{textwrap.dedent(LARGE_STEP)}"
               f"\n{textwrap.dedent(fork)}") == "7"  # fmt: skip


def test_a_large_step_starts_no_threads_of_numba_and_sets_nothing():
    """Those would go on turning for a while after the step, in the way of a product's threads."""
    pytest.importorskip("numba", reason="the fused engine needs numba")
    look = """
    import numba
    assert dict(os.environ) == before
    try:
        numba.threading_layer()
    except ValueError as error:
        print(error)
    """
    printed = run(f"import os; before = dict(os.environ)\n{textwrap.dedent(LARGE_STEP)}"
                  f"\n{textwrap.dedent(look)}")  # fmt: skip
    assert "not initialized" in printed


def test_as_many_threads_as_numba_may_have():
    pytest.importorskip("numba", reason="the fused engine needs numba")
    program = """
    import os
    os.environ["NUMBA_NUM_THREADS"] = "3"
    from tinytorch.optim.engines import compiled
    print(compiled.NUMBA_HELPERS)
    """
    assert run(program) == "2"
