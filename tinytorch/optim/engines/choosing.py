"""Which way a step is run: the engines by name, and who says which.

An optimizer that was given no engine takes that of the surrounding `with engine(...)`; without
one, that of the environment variable TINYTORCH_ENGINE; without that, "fused" where numba is
installed and "blocked" where it is not. (The book's build and the tests say "blocked", so that
no number in them depends on what is installed.)
"""

import contextlib
import functools
import importlib.util
import os
import warnings
from contextvars import ContextVar

from tinytorch.optim.engines.calling import keywords, require_numbers
from tinytorch.optim.engines.familiar import familiar
from tinytorch.optim.engines.slicing import blocked, either_way, in_blocks, whole

VARIABLE = "TINYTORCH_ENGINE"

_chosen: ContextVar[str] = ContextVar("engine", default="")


@contextlib.contextmanager
def engine(name: str):
    """Run the optimizers' steps inside the `with` block in this way.

    Outside of one it is the way that the environment variable TINYTORCH_ENGINE names; by default
    "fused" where numba is installed, else "blocked".

    Arguments:
        name: "whole", "blocked", or "fused" (which needs numba: `pip install numba`).

    Raises:
        ValueError: no engine has this name.

    >>> with optim.engine("whole"):
    ...     pass  # train
    """
    token = _chosen.set(known(name))
    try:
        yield
    finally:
        _chosen.reset(token)


def chosen() -> str:
    """The engine of the surrounding `with` block, or the default."""
    return _chosen.get() or default()


@functools.cache
def default() -> str:
    """The engine that the environment names; where it names none, the fastest that is there."""
    if named := os.environ.get(VARIABLE, ""):
        return known(named, VARIABLE)
    return "blocked" if importlib.util.find_spec("numba") is None else "fused"


def known(name: str, what: str = "engine") -> str:
    """`name`, if an engine has it."""
    if name not in ENGINES:
        raise ValueError(f"{what} must be one of {', '.join(ENGINES)}; got {name!r}")
    return name


def run(stages, batch, numbers: dict, elementwise: bool = True, engine: str | None = None) -> None:
    """Apply `stages` to the arrays of each parameter, in place; gradients are only read.

    Arguments:
        stages: pure functions; all but the last map (p, g) to (p, g), the last is the rule.
        batch: for each parameter its arrays (p, g, *state).
        numbers: every value that a stage may ask for by name.
        elementwise: whether the stages may be run on slices.
        engine: one of ENGINES; if None, the one that is `chosen`.

    Raises:
        TypeError: a stage asks for a number that there is not.
    """
    require_numbers(stages, numbers)
    asked = engine or _chosen.get()
    way = ENGINES[(asked or default()) if elementwise else "whole"]
    kept = stages if way is whole else familiar(stages)
    if kept is None:  # new functions in every step: what would be made of them is never used again
        in_blocks(batch, stages, keywords(stages, numbers))
    elif way is fused and not asked:
        fused(kept, batch, numbers, asked=False)
    else:
        way(kept, batch, numbers)


def fused(stages, batch, numbers: dict, asked: bool = True) -> None:
    step, reason = compiler(stages)
    if step is None and asked:
        notice(reason)
    rest = either_way(step, stages, batch, numbers) if step else batch
    if rest:
        blocked(stages, rest, numbers)


@functools.lru_cache(512)
def compiler(stages) -> tuple:
    """`compiled.by_loop`, or None and why these stages cannot be fused."""
    from tinytorch.optim.engines import loop

    try:
        from tinytorch.optim.engines import compiled

        loop.fuse(stages)
        compiled.check_layout()
    except ImportError as error:
        if error.name == "numba":
            return None, "numba is not installed (pip install numba)"
        return None, f"numba cannot be imported ({error})"
    except loop.NotFusable as error:
        return None, str(error)
    return compiled.by_loop, None


@functools.cache
def notice(reason: str) -> None:
    """Say it once."""
    warnings.warn(f"fused engine: {reason}; running blocked instead", stacklevel=7)


ENGINES = {"whole": whole, "blocked": blocked, "fused": fused}
