"""The fused engine: a step compiled by numba into one loop, shared out among the threads.

The loop reads and writes each element once, so that a large step takes as long as memory needs.
One call steps all tensors of a group: their elements, laid end to end, are cut into pieces, and
each thread takes the next piece until none is left. So it does not matter whether the tensors are
few and large or many and small, nor how many threads there are: the pieces are the same.
"""

import functools
import itertools

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from tinytorch.optim import threads
from tinytorch.optim.source import Loop, NotFusable, fuse

PIECE = 32_768  # elements
ALONE = 600_000  # elements; below, waking a second thread costs as much as it saves
HELPERS = numba.config.NUMBA_NUM_THREADS - 1  # as many threads as the user lets numba have
DTYPES = (np.dtype(np.float32), np.dtype(np.float64))

# Where NumPy's C interface has the fields of an array object (PyArrayObject_fields).
DATA = object.__basicsize__
NDIM, SHAPE, DTYPE, FLAGS = (DATA + 8 * i for i in (1, 2, 5, 6))
READABLE = 0x0001 | 0x0100  # contiguous and aligned
WRITABLE = READABLE | 0x0400


def step(stages, batch: list, numbers: dict) -> list:
    """Step the parameters whose arrays (p, g, *state) lie in plain memory and are of one dtype.

    Returns:
        The other members of `batch`, untouched.

    Raises:
        NotFusable: the stages cannot be written as a loop.
    """
    arrays = list(itertools.chain.from_iterable(batch))
    if not batch or {*map(type, arrays)} != {np.ndarray}:
        return batch
    ids = np.fromiter(map(id, arrays), np.intp, len(arrays)).reshape(len(batch), -1)
    for dtype in DTYPES:
        sizes, begins, count = fitting(ids, id(dtype))
        if count == len(batch):
            run(stages, arrays, ids, sizes, begins, numbers, dtype)
            return []
        if count:
            fit = sizes >= 0
            run(stages, arrays, ids[fit], sizes[fit], begins[fit], numbers, dtype)
            batch, ids = list(itertools.compress(batch, ~fit)), ids[~fit]
    return batch


@functools.cache
def check_layout() -> None:
    """See once that arrays lie in memory as this file takes them to.

    Raises:
        NotFusable: they do not, in this Python or NumPy.
    """
    for dtype in DTYPES:
        sample = np.zeros((3, 5), dtype)
        frozen = np.zeros(2, dtype)
        frozen.flags.writeable = False
        ids = np.array([[id(sample)], [id(sample.T)], [id(frozen)]], np.intp)
        found = fitting(ids, id(dtype))[0].tolist(), address(id(sample))
        if found != ([15, -1, -1], sample.ctypes.data):
            raise NotFusable("arrays are laid out in another way than expected here")


def run(stages, arrays: list, ids, sizes, begins, numbers: dict, dtype) -> None:
    loop, elements = compiled(stages, dtype)
    constants = np.array(loop.constants(**{name: numbers[name] for name in loop.numbers}), dtype)
    ends = sizes.cumsum()
    taken = np.zeros(1, np.intp)

    def work(keep=arrays):  # they outlive the work, even should a Ctrl-C end the step before it
        take_pieces(elements.address, ids, ends, constants, taken)

    if ends[-1] <= ALONE or share_memory(begins, sizes * dtype.itemsize):
        work()
    else:
        threads.share(work, HELPERS)


@functools.cache
def compiled(stages, dtype) -> tuple:
    """The stages as a loop, and its machine code: void elements(ids, begin, until, constants)."""
    loop = fuse(stages, exact=False)
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


@numba.njit(nogil=True, error_model="numpy")
def take_pieces(elements, ids, ends, constants, taken):
    """Run `elements` on pieces of the tensors until all are taken: ids[i] are those of the arrays
    of the i-th, and taken[0] says where the next piece begins."""
    i = start = 0
    while True:
        begin = fetch_add(taken.ctypes.data, PIECE)
        if begin >= ends[-1]:
            return
        stop = min(begin + PIECE, ends[-1])
        while begin < stop:
            while ends[i] <= begin:
                start = ends[i]
                i += 1
            until = min(stop, ends[i])
            row = ids.ctypes.data + i * ids.strides[0]
            call(elements, row, begin - start, until - start, constants.ctypes.data)
            begin = until


@intrinsic
def pointer(typing_context, address, dtype):
    """What is at an address, as an array of a type and of any length."""
    result = types.CPointer(dtype.dtype)

    def generate(context, builder, signature, arguments):
        return builder.inttoptr(arguments[0], context.get_value_type(result))

    return result(types.intp, dtype), generate


@intrinsic
def fetch_add(typing_context, address, number):
    """Add to the integer at an address, which other threads also add to; what it was before."""

    def generate(context, builder, signature, arguments):
        place = builder.inttoptr(arguments[0], arguments[1].type.as_pointer())
        return builder.atomic_rmw("add", place, arguments[1], "monotonic")

    return types.intp(types.intp, types.intp), generate


@intrinsic
def call(typing_context, function, a, b, c, d):
    """Call the machine code at an address with four integers or pointers."""

    def generate(context, builder, signature, arguments):
        code = ir.FunctionType(ir.VoidType(), [x.type for x in arguments[1:]]).as_pointer()
        builder.call(builder.inttoptr(arguments[0], code), arguments[1:])
        return context.get_dummy_value()

    return types.void(*[types.intp] * 5), generate


@numba.njit
def address(array_id):
    """Where the data of the array lies whose id() this is."""
    return pointer(array_id + DATA, types.intp)[0]


@numba.njit
def fitting(ids, dtype_id):
    """For each row the size of its arrays, and where the first one's data lies; the size is -1 if
    the arrays differ in it, or are not plain memory of dtype. And how many rows are without -1."""
    sizes, begins = np.empty((2, len(ids)), np.intp)
    count = 0
    for i in range(len(ids)):
        begins[i] = address(ids[i, 0])
        for j in range(ids.shape[1]):
            array = ids[i, j]
            shape = pointer(pointer(array + SHAPE, types.intp)[0], types.intp)
            size = 1
            for k in range(pointer(array + NDIM, types.int32)[0]):
                size *= shape[k]
            flags = READABLE if j == 1 else WRITABLE
            plain = pointer(array + FLAGS, types.int32)[0] & flags == flags
            alike = pointer(array + DTYPE, types.intp)[0] == dtype_id
            if not plain or not alike or (j > 0 and size != sizes[i]):
                sizes[i] = -1
                break
            sizes[i] = size
        count += sizes[i] >= 0
    return sizes, begins, count


def share_memory(begins, nbytes) -> bool:
    """Whether two parameters overlap, and so must be stepped one after the other."""
    order = np.argsort(begins)
    order = order[nbytes[order] > 0]
    return bool(((begins + nbytes)[order[:-1]] > begins[order[1:]]).any())
