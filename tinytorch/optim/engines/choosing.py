"""Which way a step is run: the engines by name, and who says which."""

import contextlib
import functools
import warnings
from contextvars import ContextVar

from tinytorch.optim.engines.calling import keywords, require_numbers
from tinytorch.optim.engines.familiar import familiar
from tinytorch.optim.engines.slicing import blocked, either_way, in_blocks, whole

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


def chosen() -> str:
    """The engine of the surrounding `with` block."""
    return _chosen.get()


def known(name: str) -> str:
    """`name`, if an engine has it."""
    if name not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}; got {name!r}")
    return name


def run(stages, batch, numbers: dict, elementwise: bool = True, engine: str | None = None) -> None:
    """Apply `stages` to the arrays of each parameter, in place; gradients are only read.

    Arguments:
        stages: pure functions; all but the last map (p, g) to (p, g), the last is the rule.
        batch: for each parameter its arrays (p, g, *state).
        numbers: every value that a stage may ask for by name.
        elementwise: whether the stages may be run on slices.
        engine: one of ENGINES; the one of the surrounding `with` block, if None.

    Raises:
        TypeError: a stage asks for a number that there is not.
    """
    require_numbers(stages, numbers)
    way = ENGINES[(engine or _chosen.get()) if elementwise else "whole"]
    kept = stages if way is whole else familiar(stages)
    if kept is None:  # new functions in every step: what would be made of them is never used again
        in_blocks(batch, stages, keywords(stages, numbers))
    else:
        way(kept, batch, numbers)


def fused(stages, batch, numbers: dict) -> None:
    step, reason = compiler(stages)
    if step is None:
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
    except ModuleNotFoundError as error:
        if error.name != "numba":
            raise
        return None, "numba is not installed (pip install numba)"
    except loop.NotFusable as error:
        return None, str(error)
    return compiled.by_loop, None


@functools.cache
def notice(reason: str) -> None:
    """Say it once."""
    warnings.warn(f"fused engine: {reason}; running blocked instead", stacklevel=7)


ENGINES = {"whole": whole, "blocked": blocked, "fused": fused}
