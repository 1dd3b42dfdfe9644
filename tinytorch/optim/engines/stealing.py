"""A compiled loop over the elements of many tensors, shared out among threads piece by piece.

The elements of all tensors, laid end to end, are divided among the threads. Each has a part of
its own, the same in every step, so that what a step leaves in its cache is there in the next. It
goes through that in pieces, and then through what the others have not come to: so nobody waits
for a thread that is slow to wake, and who did what changes no bit.

A helper that has done something watches for the next step for a moment, since waking a thread
takes as long as stepping a hundred thousand elements. Then it sleeps, out of the way of whatever
else the processors have to do.
"""

import atexit
import functools
import os
import threading
import time

import numpy as np
from numba import types
from numba.types import intp

from tinytorch.optim.engines.intrinsics import (
    LINE,
    WORD,
    address,
    call,
    fetch_add,
    load,
    pause,
    swap,
    word,
)
from tinytorch.optim.engines.numba_cache import njit

PIECE = 32_768  # elements
LOOKS = 16_000  # before a helper falls asleep: some hundred microseconds

# A helper's word of memory: what it does, or the address of a job that waits for it
WATCHING, ASLEEP, BUSY = range(3)
APART = 2 * LINE  # bytes between two helpers' words: what is apart is in different caches

# The words of a job; the last are what is taken of each part, and then the tensors' ends
CODE, ITEMSIZE, IDS, ROW, ENDS, COUNT, CONSTANTS, PARTS, DONE, TAKEN = range(10)


def distribute(code: int, itemsize: int, ids, sizes, constants, helpers: int) -> None:
    """Call code(ids[i], begin, until, constants) until every element of every tensor had its turn.

    Arguments:
        code: address of machine code that takes four integers or addresses.
        itemsize: bytes of an element.
        ids: shape (tensors, arrays), the id() of the i-th tensor's arrays in row i.
        sizes: shape (tensors,), how many elements each has.
        constants: array that is passed on by its address.
        helpers: how many other threads may help.
    """
    words, helpers = team(helpers).wake() if helpers else (0, 0)
    job = np.empty(TAKEN + 1 + helpers + len(sizes), np.intp)
    offer(job, code, itemsize, ids, sizes, constants, words, helpers)


@njit("void(intp, intp, intp, intp)", error_model="numpy")
def apply(job, row, begin, until):
    """Run the code from `begin` to `until`; from where p meets a line of the cache on, vectors
    of it do not straddle two."""
    itemsize = word(job, ITEMSIZE)
    place = address(word(row, 0)) + begin * itemsize
    aligned = min(begin + -place % LINE // itemsize, until)
    call(word(job, CODE), row, begin, aligned, word(job, CONSTANTS))
    call(word(job, CODE), row, aligned, until, word(job, CONSTANTS))


@njit("void(intp, intp)", nogil=True, error_model="numpy")
def take(job, part):
    """Take pieces of a job until none is left, first those of one's own part."""
    ends, parts = word(job, ENDS), word(job, PARTS)
    total = word(ends, word(job, COUNT) - 1)
    size = total // parts + 1
    for _ in range(parts):
        last = min((part + 1) * size, total)
        i = start = 0
        while True:
            begin = part * size + fetch_add(job + (TAKEN + part) * WORD, PIECE)
            if begin >= last:
                break
            stop = min(begin + PIECE, last)
            while begin < stop:
                while word(ends, i) <= begin:
                    start = word(ends, i)
                    i += 1
                until = min(stop, word(ends, i))
                apply(job, word(job, IDS) + i * word(job, ROW), begin - start, until - start)
                begin = until
        part = (part + 1) % parts


@njit(
    [
        (intp[::1], intp, intp, intp[:, ::1], intp[::1], number[::1], intp, intp)
        for number in (types.float32, types.float64)
    ],
    nogil=True,
)
def offer(memory, code, itemsize, ids, sizes, constants, words, helpers):
    """Offer the work to all helpers that watch, do what is there to do, wait for those who help."""
    job = memory.ctypes.data
    memory[CODE], memory[ITEMSIZE], memory[CONSTANTS] = code, itemsize, constants.ctypes.data
    memory[IDS], memory[ROW] = ids.ctypes.data, ids.strides[0]
    memory[PARTS], memory[COUNT] = 1 + helpers, len(sizes)
    first = TAKEN + 1 + helpers
    memory[ENDS] = job + first * WORD
    for i in range(DONE, first):
        memory[i] = 0
    end = 0
    for i in range(len(sizes)):
        end += sizes[i]
        memory[first + i] = end

    helping = 0
    for i in range(helpers):
        helping += swap(words + i * APART, WATCHING, job)
    take(job, 0)
    for i in range(helpers):
        helping -= swap(words + i * APART, job, WATCHING)
    looks = 0
    while load(job + DONE * WORD) < helping:
        looks = pause(looks)


@njit((intp, intp), nogil=True)
def serve(own, part):
    """Do the jobs that come to this helper's word, until none has come for a while."""
    looks = 0
    while looks < LOOKS or not swap(own, WATCHING, ASLEEP):
        looks = pause(looks)
        job = load(own)
        if job > BUSY and swap(own, job, BUSY):
            take(job, part)
            swap(own, BUSY, WATCHING)
            fetch_add(job + DONE * WORD, 1)
            looks = 0


@njit((intp,))
def rouse(own):
    return swap(own, ASLEEP, WATCHING)


class Team:
    """Threads that sleep until they are woken to help."""

    def __init__(self, count: int):
        self.words = np.full((count, APART // WORD), ASLEEP, np.intp)
        self.begin = self.words.ctypes.data
        self.bells = []
        for i in range(count):
            bell = threading.Lock()
            bell.acquire()
            thread = threading.Thread(
                target=self.help, args=(i, bell), name=f"tinytorch-{i}", daemon=True
            )
            try:
                thread.start()
            except RuntimeError:  # no threads here, or none any more, at exit
                break
            self.bells.append(bell)

    def help(self, i: int, bell) -> None:
        while True:
            bell.acquire()
            serve(self.begin + i * APART, i + 1)

    def wake(self) -> tuple[int, int]:
        """Wake who sleeps; where the words lie, and how many there are."""
        for i, bell in enumerate(self.bells):
            if self.words[i, 0] == ASLEEP and rouse(self.begin + i * APART):
                bell.release()
        return self.begin, len(self.bells)

    def rest(self) -> None:
        """Wait until all sleep, as they soon do."""
        end = time.monotonic() + 1
        while (self.words[: len(self.bells), 0] != ASLEEP).any() and time.monotonic() < end:
            time.sleep(1e-4)


@functools.cache
def team(count: int) -> Team:
    made = Team(count)
    atexit.register(made.rest)  # a thread at work is in the way of an interpreter that ends
    return made


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=team.cache_clear)  # a child has none of its parent's threads
