"""How a rule is run: on whole arrays, or in blocks that stay in the cache.

A rule is a pure function `rule(p, g, *state, **numbers) -> (p, *state)`. Elementwise rules give
the same result on a slice as on the whole, so they may be run slice by slice: the temporaries
of a block of 32k elements fit into the second-level cache, and the step moves each array
through memory once instead of once per operation. The result is the same, bit for bit.
"""

import contextlib
import functools
import inspect
from contextvars import ContextVar

import numpy as np

BLOCK = 32_768  # elements; the fastest of 8k .. 256k on the machines of benchmarks/

_chosen: ContextVar[str] = ContextVar("engine", default="blocked")


@contextlib.contextmanager
def engine(name: str):
    """Run the optimizers' steps inside the `with` block in this way.

    Arguments:
        name: "whole" or "blocked".

    Raises:
        ValueError: no engine has this name.
    """
    if name not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}; got {name!r}")
    token = _chosen.set(name)
    try:
        yield
    finally:
        _chosen.reset(token)


@functools.cache
def signature(rule) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of a rule's state arrays, and of its numbers."""
    arguments = inspect.signature(rule).parameters.values()
    arrays = tuple(a.name for a in arguments if a.kind is not a.KEYWORD_ONLY)
    return arrays[2:], tuple(a.name for a in arguments if a.kind is a.KEYWORD_ONLY)


def run(stages, arrays, numbers: dict, elementwise: bool = True) -> None:
    """Apply `stages` to `arrays = (p, g, *state)` in place; g is only read.

    Arguments:
        stages: pure functions; all but the last map (p, g) to (p, g), the last is the rule.
        numbers: every value that a stage may ask for by name.
        elementwise: whether the stages may be run on slices.
    """
    ENGINES[_chosen.get() if elementwise else "whole"](stages, arrays, keywords(stages, numbers))


def keywords(stages, numbers: dict) -> list[dict]:
    """What each stage asks for by name."""
    return [{name: numbers[name] for name in signature(f)[1]} for f in stages]


def advance(stages, arrays, keywords) -> tuple:
    """The new (p, *state), in new arrays."""
    p, g, *state = arrays
    *before, rule = zip(stages, keywords, strict=True)
    for stage, numbers in before:
        p, g = stage(p, g, **numbers)
    rule, numbers = rule
    return rule(p, g, *state, **numbers)


def whole(stages, arrays, keywords) -> None:
    p, _, *state = arrays
    for old, new in zip((p, *state), advance(stages, arrays, keywords), strict=True):
        np.copyto(old, new)


def blocked(stages, arrays, keywords) -> None:
    n = arrays[0].size
    if n <= BLOCK or not all(a.flags.c_contiguous for a in arrays):
        whole(stages, arrays, keywords)
        return
    flat = [a.reshape(-1) for a in arrays]
    for i in range(0, n, BLOCK):
        whole(stages, [a[i : i + BLOCK] for a in flat], keywords)


ENGINES = {"whole": whole, "blocked": blocked}
