"""Rules that are made anew: the same function as last time, or another one?

What is known of a stage (its plan, its machine code) is kept under the function. One that is
defined within a method is another object in every step: it is taken for an earlier one if it has
the same code and, where it takes names from around itself, finds the same objects under them. Of
those that differ in every step nothing is kept.
"""

import threading
import weakref
from types import FunctionType

KEPT = 8  # functions of one code, besides which only those are kept that come again

_lock = threading.Lock()
_functions: dict = {}  # by code
_again: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


def familiar(stages) -> tuple | None:
    """The stages, each as the function that something may be kept under; None if one is new in
    every step."""
    found = tuple(map(earlier, stages))
    return None if None in found else found


def earlier(stage):
    if type(stage) is not FunctionType:
        return stage
    known = _functions.get(stage.__code__)
    if known is not None:
        for function in known:
            if function is stage or alike(function, stage):
                return function
    with _lock:
        known = _functions.setdefault(stage.__code__, [])
        if len(known) >= KEPT:
            _again[stage] = _again.get(stage, 0) + 1
            if _again[stage] < 3:
                return None
            del known[0]
        known.append(stage)
    return stage


def alike(one, other) -> bool:
    """Whether two functions of the same code do the same."""
    if one.__globals__ is not other.__globals__ or one.__dict__ or other.__dict__:
        return False
    try:
        pairs = zip(one.__closure__ or (), other.__closure__ or (), strict=True)
        return all(a.cell_contents is b.cell_contents for a, b in pairs)
    except ValueError:  # a cell that is still empty
        return False
