"""How a rule is run: on whole arrays, in blocks that stay in the cache, or fused into one loop.

A rule is a pure function `rule(p, g, *state, **numbers) -> (p, *state)`. Elementwise rules give
the same result on a slice as on the whole, so they may be run slice by slice: the temporaries
of a block of 32k elements fit into the second-level cache, and the step moves each array
through memory once instead of once per operation; a rule that consists of ufuncs gets by with
one or two temporaries for all its operations, and where there are very many blocks, threads share
them (`plan`). The result is the same, bit for bit.
Or the rule is compiled into a loop that has no temporaries at all (`fused`), with the same result
up to the rounding of a division.
"""

import contextlib
import functools
import inspect
import warnings
from contextvars import ContextVar

import numpy as np

from tinytorch.optim.engines import plan

BLOCK = 32_768  # elements; the fastest of 8k .. 256k on the machines of benchmarks/

_chosen: ContextVar[str] = ContextVar("engine", default="blocked")


@contextlib.contextmanager
def engine(name: str):
    """Run the optimizers' steps inside the `with` block in this way.

    Arguments:
        name: "whole", "blocked", or "fused" (which needs numba: `pip install numba`).

    Raises:
        ValueError: no engine has this name.
    """
    token = _chosen.set(known(name))
    try:
        yield
    finally:
        _chosen.reset(token)


def known(name: str) -> str:
    """`name`, if an engine has it."""
    if name not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}; got {name!r}")
    return name


def accept_engine(init):
    """Let a constructor also take `engine`: how this optimizer's steps are run, always."""

    @functools.wraps(init)
    def wrapper(self, *args, engine: str | None = None, **kwargs):
        if engine is not None:
            self.engine = known(engine)
        return init(self, *args, **kwargs)

    return wrapper


@functools.cache
def signature(rule) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of a rule's state arrays, and of its numbers."""
    if not callable(rule):
        raise TypeError(f"rule() must return a function (p, g, *state, *, ...), got {rule!r}")
    arguments = inspect.signature(rule).parameters.values()
    arrays = tuple(a.name for a in arguments if a.kind is not a.KEYWORD_ONLY)
    return arrays[2:], tuple(a.name for a in arguments if a.kind is a.KEYWORD_ONLY)


def run(stages, batch, numbers: dict, elementwise: bool = True, engine: str | None = None) -> None:
    """Apply `stages` to the arrays of each parameter, in place; gradients are only read.

    Arguments:
        stages: pure functions; all but the last map (p, g) to (p, g), the last is the rule.
        batch: for each parameter its arrays (p, g, *state).
        numbers: every value that a stage may ask for by name.
        elementwise: whether the stages may be run on slices.
        engine: one of ENGINES; the one of the surrounding `with` block, if None.
    """
    ENGINES[(engine or _chosen.get()) if elementwise else "whole"](stages, batch, numbers)


def keywords(stages, numbers: dict) -> list[dict]:
    """What each stage asks for by name; scalars of NumPy would make float32 arrays float64."""
    return [{name: plain(numbers[name]) for name in signature(f)[1]} for f in stages]


def plain(number):
    return number.item() if isinstance(number, np.generic) else number


def advance(stages, arrays, keywords) -> tuple:
    """The new (p, *state), in new arrays."""
    p, g, *state = arrays
    *before, rule = zip(stages, keywords, strict=True)
    for stage, numbers in before:
        p, g = stage(p, g, **numbers)
    rule, numbers = rule
    return rule(p, g, *state, **numbers)


def whole(stages, batch, numbers: dict) -> None:
    own = keywords(stages, numbers)
    for arrays in batch:
        update(stages, arrays, own)


def update(stages, arrays, keywords) -> None:
    p, _, *state = arrays
    result = advance(stages, arrays, keywords)
    if not isinstance(result, tuple) or len(result) != 1 + len(state):
        raise TypeError(wrong_result(stages[-1], result))
    moved = [any(new is a for a in arrays) for new in result]  # a rule may give back what it got
    result = [new.copy() if m else new for new, m in zip(result, moved, strict=True)]
    for old, new in zip((p, *state), result, strict=True):
        np.copyto(old, new)


def wrong_result(rule, result) -> str:
    names = ["p", *signature(rule)[0]]
    got = f"a tuple of {len(result)}" if isinstance(result, tuple) else type(result).__name__
    wanted = f"({names[0]},)" if len(names) == 1 else f"({', '.join(names)})"
    return f"{rule.__name__} must return the tuple {wanted}, got {got}"


def blocked(stages, batch, numbers: dict) -> None:
    others = either_way(plan.step, stages, batch, numbers)
    own = keywords(stages, numbers) if others else None
    for arrays in others:
        for part in blocks(arrays):
            update(stages, part, own)


def blocks(arrays):
    """Slices of at most BLOCK elements of arrays of one shape; together they are all of it."""
    p = arrays[0]
    if p.size <= BLOCK:
        yield arrays
    elif all(a.flags.c_contiguous for a in arrays):
        flat = [a.reshape(-1) for a in arrays]
        for i in range(0, p.size, BLOCK):
            yield [a[i : i + BLOCK] for a in flat]
    elif p.flags.f_contiguous and p.ndim > 1:
        yield from blocks([a.T for a in arrays])
    elif rows := BLOCK // (p.size // len(p)):
        for i in range(0, len(p), rows):
            yield [a[i : i + rows] for a in arrays]
    else:
        for i in range(len(p)):
            yield from blocks([a[i] for a in arrays])


def either_way(step, stages, batch, numbers: dict) -> list:
    """`step`, which is offered what lies in Fortran's order once more, transposed."""
    rest = step(stages, batch, numbers)
    turned = [[a.T for a in arrays] for arrays in rest if arrays[0].flags.fnc]
    if not turned:
        return rest
    left = step(stages, turned, numbers)
    rest = [arrays for arrays in rest if not arrays[0].flags.fnc]
    return rest + [[a.T for a in arrays] for arrays in left]


def fused(stages, batch, numbers: dict) -> None:
    step, reason = compiler(stages)
    if step is None:
        notice(reason)
    rest = either_way(step, stages, batch, numbers) if step else batch
    if rest:
        blocked(stages, rest, numbers)


@functools.cache
def compiler(stages) -> tuple:
    """`compiled.step`, or None and why these stages cannot be fused."""
    from tinytorch.optim.engines import loop

    try:
        from tinytorch.optim.engines import compiled

        loop.fuse(stages)
        compiled.check_layout()
    except ModuleNotFoundError as error:
        if error.name != "numba":
            raise
        return None, "numba is not installed (pip install numba)"
    except loop.NotFusable as error:
        return None, str(error)
    return compiled.step, None


@functools.cache
def notice(reason: str) -> None:
    """Say it once."""
    warnings.warn(f"fused engine: {reason}; running blocked instead", stacklevel=7)


ENGINES = {"whole": whole, "blocked": blocked, "fused": fused}
