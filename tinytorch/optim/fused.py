"""The fused engine: a step compiled by numba into one loop, shared out among the threads.

The loop reads and writes each element once, so that a large step takes as long as memory needs.
One call steps all tensors of a group: their elements, laid end to end, are divided evenly among
the threads, so that it does not matter whether the tensors are few and large or many and small.
"""

import functools
import itertools

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from tinytorch.optim.source import Loop, fuse

SERIAL = 16_384  # elements; below, waking a second thread costs more than it saves
HEAD = object.__basicsize__  # of any Python object; in an array, its data pointer comes next
DTYPES = (np.dtype(np.float32), np.dtype(np.float64))


def step(stages, batch: list, numbers: dict) -> None:
    """Step all of `batch`, a list of arrays (p, g, *state) that `fits`, of one dtype.

    Raises:
        NotFusable: the stages cannot be written as a loop.
    """
    dtype = batch[0][0].dtype
    loop, elements = compiled(stages, dtype)
    constants = np.array(loop.constants(**{name: numbers[name] for name in loop.numbers}), dtype)
    ids = map(id, itertools.chain.from_iterable(batch))
    objects = np.fromiter(ids, np.intp, len(batch) * len(loop.arrays)).reshape(len(batch), -1)
    ends = np.cumsum([arrays[0].size for arrays in batch])
    if ends[-1] <= SERIAL or share_memory(objects, ends, dtype.itemsize):
        serial(elements.address, objects, ends, constants, 1)
    else:
        parallel(elements.address, objects, ends, constants, numba.get_num_threads())


def fits(arrays) -> bool:
    """Whether the compiled loop can take these arrays: plain memory, one dtype, one size."""
    p, g, *state = arrays
    return (
        p.dtype in DTYPES
        and g.flags.c_contiguous
        and g.flags.aligned
        and all(a.dtype is p.dtype and a.size == p.size for a in (g, *state))
        and all(a.flags.carray for a in (p, *state))
    )


@functools.cache
def compiled(stages, dtype) -> tuple:
    """The stages as a loop, and its machine code: void elements(ids, begin, until, constants)."""
    loop = fuse(stages)
    number = numba.from_dtype(dtype)
    scope = {"np": np, "address": address, "pointer": pointer, "dtype": number}
    exec(source(loop), scope)
    ids, constants = types.CPointer(types.intp), types.CPointer(number)
    signature = types.void(ids, types.intp, types.intp, constants)
    return loop, numba.cfunc(signature, error_model="numpy")(scope["elements"])


def source(loop: Loop) -> str:
    """The loop over the elements of one tensor, in Python."""
    lines = ["def elements(ids, begin, until, constants):"]
    lines += [f"    _{i} = constants[{i}]" for i in range(loop.count)]
    lines += [f"    {a}_ = pointer(address(ids[{i}]), dtype)" for i, a in enumerate(loop.arrays)]
    lines += ["    for i in range(begin, until):"]
    lines += [f"        {a} = {a}_[i]" for a in loop.arrays]
    lines += [f"        {line}" for line in loop.body]
    written = loop.arrays[:1] + loop.arrays[2:]
    lines += [f"        {a}_[i] = {new}" for a, new in zip(written, loop.results, strict=True)]
    return "\n".join(lines)


def tensors(elements, objects, ends, constants, threads):
    """Run `elements` on all tensors: objects[i] holds the ids of the arrays of the i-th."""
    for thread in numba.prange(threads):
        begin = ends[-1] * thread // threads
        stop = ends[-1] * (thread + 1) // threads
        i = np.searchsorted(ends, begin, side="right")
        while begin < stop:
            start = ends[i - 1] if i else 0
            until = min(stop, ends[i])
            ids = objects.ctypes.data + i * objects.strides[0]
            call(elements, ids, begin - start, until - start, constants.ctypes.data)
            begin = until
            i += 1


@intrinsic
def address(typing_context, array_id):
    """Where the data of the array lies whose id() this is."""

    def generate(context, builder, signature, arguments):
        field = builder.add(arguments[0], arguments[0].type(HEAD))
        return builder.load(builder.inttoptr(field, arguments[0].type.as_pointer()))

    return types.intp(types.intp), generate


@intrinsic
def pointer(typing_context, address, dtype):
    """What is at an address, as an array of a type and of any length."""
    result = types.CPointer(dtype.dtype)

    def generate(context, builder, signature, arguments):
        return builder.inttoptr(arguments[0], context.get_value_type(result))

    return result(types.intp, dtype), generate


@intrinsic
def call(typing_context, function, a, b, c, d):
    """Call the machine code at an address with four integers or pointers."""

    def generate(context, builder, signature, arguments):
        code = ir.FunctionType(ir.VoidType(), [x.type for x in arguments[1:]]).as_pointer()
        builder.call(builder.inttoptr(arguments[0], code), arguments[1:])
        return context.get_dummy_value()

    return types.void(*[types.intp] * 5), generate


@numba.njit
def share_memory(objects, ends, itemsize):
    """Whether two parameters overlap, and so must be stepped one after the other."""
    begins = np.array([address(i) for i in objects[:, 0]])
    order = np.argsort(begins)
    reached = 0
    for i in order:
        size = (ends[i] - (ends[i - 1] if i else 0)) * itemsize
        if size and begins[i] < reached:
            return True
        reached = max(reached, begins[i] + size)
    return False


serial = numba.njit(nogil=True, error_model="numpy")(tensors)
parallel = numba.njit(nogil=True, error_model="numpy", parallel=True)(tensors)
