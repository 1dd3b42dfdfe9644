"""On whole arrays, or slice by slice.

Elementwise rules give the same result on a slice as on the whole: the temporaries of a block of
32k elements fit into the second-level cache, and the step moves each array through memory once
instead of once per operation.
"""

import numpy as np

from tinytorch.optim.engines import plan
from tinytorch.optim.engines.calling import keywords, update

BLOCK = 32_768  # elements; the fastest of 8k .. 256k on the machines of benchmarks/


def whole(stages, batch, numbers: dict) -> None:
    own = keywords(stages, numbers)
    for arrays in batch:
        update(stages, arrays, own)


def blocked(stages, batch, numbers: dict) -> None:
    others = either_way(plan.by_plan, stages, batch, numbers)
    if others:
        in_blocks(others, stages, keywords(stages, numbers))


def in_blocks(batch, stages, own) -> None:
    """Call the stages for one block after another."""
    for arrays in batch:
        # Of a gradient that lies across the parameter, a block would overwrite what the next reads.
        for part in [arrays] if shifted(*arrays) else blocks(arrays):
            update(stages, part, own)


def shifted(p, g, *state) -> bool:
    """Whether g shares memory with what is written, and not element by element."""
    if g.size <= BLOCK:
        return False
    return any(np.may_share_memory(a, g) and not same_place(a, g) for a in (p, *state))


def same_place(a, b) -> bool:
    return a.ctypes.data == b.ctypes.data and (a.shape, a.strides) == (b.shape, b.strides)


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
