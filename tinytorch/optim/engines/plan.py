"""A rule as a plan of NumPy calls that allocate nothing: what the blocked engine runs.

    m_1 = (_0 * m) + (_1 * g)         multiply(_0, m, out=m)
    new_2 = p - (_2 * m_1)      →     multiply(_1, g, out=scratch0)
                                      add(m, scratch0, out=m)
                                      multiply(_2, m, out=scratch0)
                                      subtract(p, scratch0, out=p)

The operations of the rule in their order, so that the bits are the rule's; only products with one
are left out. A result goes into the array it replaces, anything else into an array that it is made
from, if the old value is not read any more; else into the first scratch array that is free.
"""

import ast
import functools
import threading

import numpy as np

from tinytorch.optim.engines import threads
from tinytorch.optim.engines.calling import asked_for, written
from tinytorch.optim.engines.loop import NotFusable, fuse

SLICE = 131_072  # elements; a plan touches few arrays, so its blocks may be large
SHARED = 4_000_000  # elements; for fewer, NumPy's own threads are too much in the way of ours
BINARY = {ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.Div: "divide"}

_own = threading.local()


@functools.lru_cache(512)
def plan_of(stages, ones: frozenset = frozenset()) -> tuple | None:
    """(loop, function, count): call function(*arrays, *constants, *count scratch arrays).

    None if the stages hold something else than ufuncs of arrays of one dtype.

    Arguments:
        ones: names of the constants that are one in this step.
    """
    try:
        return make_plan(stages, ones)
    except NotFusable:
        return None


def make_plan(stages, ones) -> tuple:
    loop = fuse(stages)
    operations: list[tuple] = []
    for line in loop.body:
        (assignment,) = ast.parse(line).body
        flatten(assignment.value, assignment.targets[0].id, ones, operations)
    replaced = list(zip(loop.arrays[:1] + loop.arrays[2:], loop.results, strict=True))
    if any(new in loop.arrays and new != old for old, new in replaced):
        raise NotFusable("an array takes another one's old value")

    constants = [f"_{i}" for i in range(loop.count)]
    target = {new: old for old, new in reversed(replaced)}
    last = {name: i for i, (_, operands, _) in enumerate(operations) for name in operands}
    last |= dict.fromkeys(loop.results, len(operations))
    place = {name: name for name in (*loop.arrays, *constants)}
    scratch, lines = [], []
    free = [old for old, _ in replaced if old not in last]
    for i, (ufunc, operands, value) in enumerate(operations):
        inputs = [place[name] for name in operands]
        dead = {place[n] for n in operands if last[n] == i} - {*loop.arrays[1:2], *constants}
        free += sorted(dead)
        wanted = [target[value]] if value in target else [x for x in inputs if x in dead]
        chosen = next((x for x in (*wanted, *scratch) if x in free), None)
        if chosen is None:
            chosen = f"scratch{len(scratch)}"
            scratch.append(chosen)
        else:
            free.remove(chosen)
        place[value] = chosen
        lines.append(f"{ufunc}({', '.join(inputs)}, out={chosen})")
    lines += [f"copyto({old}, {place[new]})" for old, new in replaced if place[new] != old]

    scope = {name: getattr(np, name) for name in ("copyto", *(ufunc for ufunc, *_ in operations))}
    heading = f"def planned({', '.join([*loop.arrays, *constants, *scratch])}):"
    exec("\n    ".join([heading, *(lines or ["pass"])]), scope)
    return loop, scope["planned"], len(scratch)


def flatten(node, name: str | None, ones, operations: list) -> str:
    """Append the operations (ufunc, operands, value) of an expression; the name of its value."""
    match node:
        case ast.Name(id):
            return id
        case ast.BinOp(ast.Name(one), ast.Mult(), x) if one in ones and name is None:
            return flatten(x, name, ones, operations)
        case ast.BinOp(x, op, y) if type(op) in BINARY:
            ufunc, parts = BINARY[type(op)], [x, y]
        case ast.UnaryOp(ast.USub(), x):
            ufunc, parts = "negative", [x]
        case ast.Call(ast.Name("abs"), [x], []):
            ufunc, parts = "absolute", [x]
        case ast.Call(ast.Attribute(ast.Name("np"), ufunc), parts, []):
            pass
        case _:
            raise NotFusable(f"{ast.unparse(node)} is no ufunc")
    operands = [flatten(part, None, ones, operations) for part in parts]
    operations.append((ufunc, operands, name or f"?{len(operations)}"))
    return operations[-1][2]


def by_plan(stages, batch, numbers: dict) -> list:
    """Step those tensors of `batch` that a plan is good for, block by block; return the others."""
    made = plan_of(stages)
    if made is None:
        return batch
    loop = made[0]
    values = loop.constants(**asked_for(loop.numbers, numbers))
    if 1 in values:
        ones = frozenset(f"_{i}" for i, value in enumerate(values) if value == 1)
        made = plan_of(stages, ones)
    _, function, count = made
    widened = [value.dtype for value in values if isinstance(value, np.generic)]
    fit, others = [], []
    for arrays in batch:
        (fit if fits(widened, *arrays) else others).append(arrays)
    dtypes = {arrays[0].dtype for arrays in fit}
    constants = {dtype: [np.asarray(value, dtype) for value in values] for dtype in dtypes}
    blocks = iter(cut(fit))

    def work():
        for own in blocks:
            few, dtype = own[0].size, own[0].dtype
            scratch = scratch_arrays(count, SLICE, dtype)
            function(*own, *constants[dtype], *[s[:few] for s in scratch])

    params = [arrays[0] for arrays in fit]
    written.count += 1
    if sum(p.size for p in params) >= SHARED and not share_memory(params):
        threads.together(work, threads.HELPERS)
    else:
        work()
    return others


def share_memory(params) -> bool:
    places = np.array([(p.ctypes.data, p.nbytes) for p in params])
    return threads.overlap(*places.T)


def cut(batch) -> list:
    """The arrays of each tensor, flat; of a large one, block after block."""
    blocks = []
    for arrays in batch:
        flat = [a.reshape(-1) for a in arrays]
        n = flat[0].size
        if n <= SLICE:
            blocks.append(flat)
        else:
            blocks += ([a[i : i + SLICE] for a in flat] for i in range(0, n, SLICE))
    return blocks


def fits(scalars, p, g, *state) -> bool:
    """Whether the arrays are plain memory of one type, which scalars of NumPy do not widen, and g
    none that is being written."""
    n, dtype = g.size, g.dtype
    if scalars and np.result_type(dtype, *scalars) != dtype:
        return False
    for a in (p, *state):
        alike = a.size == n and a.dtype == dtype
        if not alike or not a.flags.carray or np.may_share_memory(a, g):
            return False
    return g.flags.c_contiguous


def scratch_arrays(count: int, size: int, dtype) -> list[np.ndarray]:
    """Arrays of this thread, kept between steps, with any content."""
    kept = _own.__dict__.setdefault((dtype, size), [])
    while len(kept) < count:
        kept.append(np.empty(size, dtype))
    return kept[:count]
