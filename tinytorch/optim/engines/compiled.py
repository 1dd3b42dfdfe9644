"""The fused engine: a step compiled by numba into one loop, shared out among the threads.

The loop reads and writes each element once, so that a large step takes as long as memory needs.
One call steps all tensors of a group (`stealing`), so that it does not matter whether they are few
and large or many and small.
"""

import functools
import hashlib
import itertools

import numba
import numpy as np
from numba import types
from numba.core.errors import NumbaError

from tinytorch.optim.engines import numba_cache, stealing
from tinytorch.optim.engines.calling import asked_for, written
from tinytorch.optim.engines.intrinsics import DATA, address, pointer
from tinytorch.optim.engines.loop import Loop, NotFusable, fuse
from tinytorch.optim.engines.numba_cache import njit
from tinytorch.optim.engines.threads import overlap

ALONE = 200_000  # elements; below, waking a second thread costs as much as it saves
NUMBA_HELPERS = numba.config.NUMBA_NUM_THREADS - 1  # as many threads as the user lets numba have
DTYPES = (np.dtype(np.float32), np.dtype(np.float64))

# Where NumPy's C interface has the fields of an array object (PyArrayObject_fields).
NDIM, SHAPE, DTYPE, FLAGS = (DATA + 8 * i for i in (1, 2, 5, 6))
READABLE = 0x0001 | 0x0100  # contiguous and aligned
WRITABLE = READABLE | 0x0400


def by_loop(stages, batch: list, numbers: dict) -> list:
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
    loop = fuse(stages, exact=False)
    values = loop.constants(**asked_for(loop.numbers, numbers))
    widened = [value.dtype for value in values if isinstance(value, np.generic)]
    for dtype in DTYPES:
        if widened and np.result_type(dtype, *widened) != dtype:
            continue  # NumPy computes in double precision here
        sizes, begins, count = fitting(ids, id(dtype), dtype.itemsize)
        elements = compiled(stages, dtype) if count else None
        if elements is None:
            continue
        if count == len(batch):
            launch(elements, ids, sizes, begins, values, dtype)
            return []
        fit = sizes >= 0
        launch(elements, ids[fit], sizes[fit], begins[fit], values, dtype)
        batch, ids = list(itertools.compress(batch, ~fit)), ids[~fit]
    return rest(stages, batch, numbers)


def rest(stages, batch: list, numbers: dict) -> list:
    """Step those that only had another object for their dtype, as arrays have that come from a
    pickle. Returns the others."""
    named = [[(a, np.dtype(a.dtype.name)) for a in arrays] for arrays in batch]
    other = [any(a.dtype is not dtype for a, dtype in pairs) for pairs in named]
    again = [[a.view(dtype) for a, dtype in pairs] for pairs in itertools.compress(named, other)]
    stay = [arrays for arrays, turned in zip(batch, other, strict=True) if not turned]
    return stay + by_loop(stages, again, numbers) if again else stay


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
        found = fitting(ids, id(dtype), dtype.itemsize)[0].tolist(), address(id(sample))
        if found != ([15, -1, -1], sample.ctypes.data):
            raise NotFusable("arrays are laid out in another way than expected here")


def launch(elements, ids, sizes, begins, values: list, dtype) -> None:
    constants = np.array(values, dtype)
    helpers = NUMBA_HELPERS if sizes.sum() > ALONE else 0
    if helpers and overlap(begins, sizes * dtype.itemsize):
        helpers = 0
    written.count += 1
    stealing.distribute(elements.address, dtype.itemsize, ids, sizes, constants, helpers)


@functools.lru_cache(512)
def compiled(stages, dtype):
    """The stages' loop as machine code: void elements(ids, begin, until, constants).

    None where numba cannot type what NumPy computes: then the rule runs blocked.
    """
    loop = fuse(stages, exact=False)
    number = numba.from_dtype(dtype)
    scope = {
        "np": np,
        "address": address,
        "pointer": pointer,
        "dtype": number,
        "__name__": __name__,
    }
    text = python_of(loop)
    name = f"elements_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    # Under the name of a file that there is: numba keeps no code that came from nowhere.
    exec(compile(text.replace("elements", name, 1), numba_cache.__file__, "exec"), scope)
    ids, constants = types.CPointer(types.intp), types.CPointer(number)
    signature = types.void(ids, types.intp, types.intp, constants)
    try:
        return numba_cache.cfunc(signature, error_model="numpy")(scope[name])
    except NumbaError:
        return None


def python_of(loop: Loop) -> str:
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


@njit((types.intp[:, ::1], types.intp, types.intp))
def fitting(ids, dtype_id, item):
    """For each row the size of its arrays, and where the first one's data lies; the size is -1 if
    the arrays differ in it, are not plain memory of dtype, or the gradient (the second one) lies
    across another. And how many rows are without -1."""
    sizes, begins = np.empty((2, len(ids)), np.intp)
    count = 0
    for i in range(len(ids)):
        begins[i] = address(ids[i, 0])
        gradient = address(ids[i, 1]) if ids.shape[1] > 1 else begins[i]
        for j in range(ids.shape[1]):
            array = ids[i, j]
            shape = pointer(pointer(array + SHAPE, types.intp)[0], types.intp)
            size = 1
            for k in range(pointer(array + NDIM, types.int32)[0]):
                size *= shape[k]
            flags = READABLE if j == 1 else WRITABLE
            plain = pointer(array + FLAGS, types.int32)[0] & flags == flags
            alike = pointer(array + DTYPE, types.intp)[0] == dtype_id
            apart = abs(address(array) - gradient)  # bytes; a gradient may lie in what is written
            across = 0 < apart < size * item
            if not plain or not alike or across or (j > 0 and size != sizes[i]):
                sizes[i] = -1
                break
            sizes[i] = size
        count += sizes[i] >= 0
    return sizes, begins, count
