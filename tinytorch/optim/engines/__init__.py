"""How a rule becomes a loop.

A rule is a pure function of arrays and numbers, `rule(p, g, *state, **numbers) -> (p, *state)`.
The base class of the optimizers hands it over, with what comes before it (decay, ascent):
together these are the stages of a step. `run` runs them in one of three ways:

- whole: on the full arrays, as they are written (`calling`);
- blocked: slice by slice, so that temporaries stay in the cache (`slicing`), and where a rule
  consists of ufuncs, as a list of calls that allocate nothing (`plan`), shared out among threads
  (`threads`); bit for bit the same;
- fused: compiled by numba into one loop without temporaries (`compiled`), shared out among the
  threads piece by piece (`stealing`, written with the words of `intrinsics`), and kept on the disk
  (`numba_cache`); the same up to the rounding of a division.

`loop` reads the source of the stages and writes the body of that loop, which `plan` and
`compiled` start from. `sweeping` gives the rule arrays for its numbers, one value for each of
many runs. `familiar` tells rules that are made anew in every step. `choosing` knows which way was
asked for. Each of these files imports only such as are named before it here or by it.
"""

from tinytorch.optim.engines.calling import advance, keywords, signature, written
from tinytorch.optim.engines.choosing import chosen, engine, known, run
from tinytorch.optim.engines.slicing import blocks

__all__ = [
    "advance",
    "blocks",
    "chosen",
    "engine",
    "keywords",
    "known",
    "run",
    "signature",
    "written",
]
