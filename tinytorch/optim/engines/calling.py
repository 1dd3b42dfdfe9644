"""Calling a rule: what it asks for by name, and where its results go.

A rule is a pure function `rule(p, g, *state, **numbers) -> (p, *state)`.
"""

import functools
import inspect
import threading
from types import CellType, FunctionType

import numpy as np


class Written(threading.local):
    """How often something was written over, in this thread: whether a step that fails has begun."""

    count = 0


written = Written()


def signature(rule) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of a rule's state arrays, and of its numbers."""
    if not callable(rule):
        raise TypeError(f"rule() must return a function (p, g, *state, *, ...), got {rule!r}")
    if type(rule) is FunctionType and not rule.__dict__:  # it may be another one in every step
        return signature_of_code(rule.__code__)
    return signature_of_object(rule)


@functools.lru_cache(1024)
def signature_of_code(code) -> tuple:
    return signature_of_object.__wrapped__(FunctionType(code, {}, closure=cells(code)))


def cells(code) -> tuple:
    return tuple(CellType() for _ in code.co_freevars)


@functools.lru_cache(1024)
def signature_of_object(rule) -> tuple:
    arguments = inspect.signature(rule).parameters.values()
    arrays = tuple(a.name for a in arguments if a.kind is not a.KEYWORD_ONLY)
    return arrays[2:], tuple(a.name for a in arguments if a.kind is a.KEYWORD_ONLY)


def keywords(stages, numbers: dict) -> list[dict]:
    """What each stage asks for by name; scalars of NumPy would make float32 arrays float64.

    Raises:
        TypeError: there is no number of that name.
    """
    require_numbers(stages, numbers)
    return [asked_for(signature(f)[1], numbers) for f in stages]


def asked_for(names, numbers: dict) -> dict:
    """Some of the numbers, in Python's own types."""
    return {name: python_number(numbers[name]) for name in names}


def require_numbers(stages, numbers: dict) -> None:
    """Refuse stages that ask for a number that there is not.

    Raises:
        TypeError: a name that is misspelt, or was never declared.
    """
    for stage in stages:
        for name in signature(stage)[1]:
            if name not in numbers:
                there = ", ".join(n for n in numbers if n not in ("params", "param_names"))
                raise TypeError(f"{stage.__name__} asks for {name}; there are {there}")


def python_number(number):
    return number.item() if isinstance(number, np.generic) else number


def advance(stages, arrays, keywords) -> tuple:
    """The new (p, *state), in new arrays."""
    p, g, *state = arrays
    *before, rule = zip(stages, keywords, strict=True)
    for stage, numbers in before:
        p, g = stage(p, g, **numbers)
    rule, numbers = rule
    return rule(p, g, *state, **numbers)


def update(stages, arrays, keywords) -> None:
    p, _, *state = arrays
    result = advance(stages, arrays, keywords)
    if not isinstance(result, tuple) or len(result) != 1 + len(state):
        raise TypeError(wrong_result(stages[-1], result))
    moved = [any(new is a for a in arrays) for new in result]  # a rule may give back what it got
    result = [new.copy() if m else new for new, m in zip(result, moved, strict=True)]
    written.count += 1
    for old, new in zip((p, *state), result, strict=True):
        np.copyto(old, new)


def wrong_result(rule, result) -> str:
    names = ["p", *signature(rule)[0]]
    got = f"a tuple of {len(result)}" if isinstance(result, tuple) else type(result).__name__
    wanted = f"({names[0]},)" if len(names) == 1 else f"({', '.join(names)})"
    return f"{rule.__name__} must return the tuple {wanted}, got {got}"
