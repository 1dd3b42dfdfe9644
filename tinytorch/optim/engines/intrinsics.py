"""What compiled code needs and numba has no word for: memory by its address, and integers that
several threads read and write."""

import os

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from tinytorch.optim.engines.numba_cache import njit

WORD = 8  # bytes of an integer
LINE = 64  # bytes of a line of the cache
DATA = object.__basicsize__  # where NumPy's C interface has the address of an array's elements


@intrinsic
def pointer(typing_context, address, dtype):
    """What is at an address, as an array of a type and of any length."""
    result = types.CPointer(dtype.dtype)

    def generate(context, builder, signature, arguments):
        return builder.inttoptr(arguments[0], context.get_value_type(result))

    return result(types.intp, dtype), generate


@intrinsic
def call(typing_context, function, a, b, c, d):
    """Call the machine code at an address with four integers or addresses."""

    def generate(context, builder, signature, arguments):
        code = ir.FunctionType(ir.VoidType(), [x.type for x in arguments[1:]]).as_pointer()
        builder.call(builder.inttoptr(arguments[0], code), arguments[1:])
        return context.get_dummy_value()

    return types.void(*[types.intp] * 5), generate


@njit("intp(intp, intp)")
def word(address, i):
    """The i-th of the integers at an address."""
    return pointer(address, types.intp)[i]


@njit("intp(intp)")
def address(array_id):
    """Where the elements of the array lie whose id() this is."""
    return word(array_id + DATA, 0)


# Integers that several threads read and write


def place(builder, address):
    return builder.inttoptr(address, address.type.as_pointer())


@intrinsic
def load(typing_context, address):
    """The integer at an address; what was written before it was, can be read after this."""

    def generate(context, builder, signature, arguments):
        return builder.load_atomic(place(builder, *arguments), "acquire", WORD)

    return types.intp(types.intp), generate


@intrinsic
def fetch_add(typing_context, address, number):
    """Add to the integer at an address; what it was before."""

    def generate(context, builder, signature, arguments):
        address, number = arguments
        return builder.atomic_rmw("add", place(builder, address), number, "acq_rel")

    return types.intp(types.intp, types.intp), generate


@intrinsic
def swap(typing_context, address, old, new):
    """Put `new` in the place of `old` at an address; whether `old` stood there."""

    def generate(context, builder, signature, arguments):
        address, old, new = arguments
        result = builder.cmpxchg(place(builder, address), old, new, "acq_rel", "acquire")
        return builder.extract_value(result, 1)

    return types.boolean(types.intp, types.intp, types.intp), generate


# Waiting

if hasattr(os, "sched_yield"):
    give_way = types.ExternalFunction("sched_yield", types.int32())
else:  # not on Windows

    @njit("int32()")
    def give_way():
        return 0


@njit("intp(intp)")
def pause(looks):
    """Count one look at what is waited for; now and then let others have the processor, since
    one of them may be who is waited for."""
    if looks % 32 == 31:
        give_way()
    return looks + 1
