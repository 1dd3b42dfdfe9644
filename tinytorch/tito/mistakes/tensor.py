"""What goes wrong in 01 Tensor."""

import numpy as np

from tinytorch.core.tensor import Tensor
from tinytorch.tito.bench import array
from tinytorch.tito.lesson import Mistake


def numpy(function):
    """A method made of a function of arrays."""

    def method(self, *args, **kwargs):
        arrays = [array(a) if isinstance(a, Tensor) else a for a in args]
        return Tensor(function(self.data, *arrays, **kwargs))

    return method


def fixed_count(x, axis=None, keepdims=False):
    return x.sum(axis=axis, keepdims=keepdims) / x.size


def in_place_with(ufunc):
    def method(self, other):
        self.data[...] = ufunc(self.data, array(other))
        return self

    return method


MISTAKES = [
    Mistake("Tensor.__add__", "addition in place", "It changes its left operand; a sum is a new "
            "tensor.", in_place_with(np.add)),
    Mistake("Tensor.__sub__", "the operands of a difference are swapped",
            "a - b is self minus other.", numpy(lambda a, b: b - a)),
    Mistake("Tensor.__mul__", "a matrix product in the place of *",
            "* multiplies element by element; the matrix product is @.",
            numpy(lambda a, b: a @ np.transpose(b) if np.ndim(b) else a * b)),
    Mistake("Tensor.__truediv__", "division rounds down",
            "// drops the fraction; a tensor's / keeps it.", numpy(lambda a, b: a // b)),
    Mistake("Tensor.__truediv__", "the operands of a quotient are swapped",
            "a / b is self divided by other.", numpy(lambda a, b: b / a)),
    Mistake("Tensor.__matmul__", "the factors of the matrix product are swapped",
            "a @ b takes the rows of a and the columns of b; the product does not commute.",
            numpy(lambda a, b: b @ a)),
    Mistake("Tensor.__matmul__", "the right factor is transposed",
            "a @ b contracts the last axis of a with the first of b.",
            numpy(lambda a, b: a @ (b.T if a.shape[1] == b.shape[1] else b))),
    Mistake("Tensor.sum", "an array is returned", "The result is a tensor too: Tensor(...).",
            lambda self, axis=None, keepdims=False: self.data.sum(axis=axis, keepdims=keepdims)),
    Mistake("Tensor.sum", "keepdims is ignored", "With keepdims=True the summed axis stays, with "
            "length one.", numpy(lambda x, axis=None, keepdims=False: x.sum(axis=axis))),
    Mistake("Tensor.sum", "axis is ignored", "With an axis only that axis is summed over.",
            numpy(lambda x, axis=None, keepdims=False: x.sum())),
    Mistake("Tensor.mean", "the mean divides by the size of the whole tensor",
            "Along an axis, only that axis's elements went into each sum.", numpy(fixed_count)),
    Mistake("Tensor.mean", "a sum in the place of the mean", "The division by the count is "
            "missing.", numpy(lambda x, axis=None, keepdims=False: x.sum(axis, keepdims=keepdims))),
    Mistake("Tensor.reshape", "elements are read column by column",
            "Reshaping keeps the order of the elements, row by row (order='C').",
            numpy(lambda x, *shape: x.reshape(shape, order="F"))),
    Mistake("Tensor.transpose", "a reshape in the place of a transpose",
            "It gives the right shape, with the elements in the wrong places.",
            numpy(lambda x, *order: x.reshape(x.shape[::-1]))),
    Mistake("Tensor.transpose", "the axes are not moved", "x.transpose() has the axes in reverse "
            "order.", numpy(lambda x, *order: x)),
    Mistake("Tensor.transpose", "the axes given are ignored", "x.transpose(0, 2) swaps these two, "
            "x.transpose(2, 0, 1) puts all in this order.",
            numpy(lambda x, *order: x.transpose())),
    Mistake("Tensor.transpose", "two axes are taken for the whole order",
            "Given two axes, swap them and leave the others where they are.",
            numpy(lambda x, *order: x.transpose(order or None))),
    Mistake("Tensor.__add__", "an array is returned", "The result is a tensor too: Tensor(...).",
            lambda self, other: self.data + array(other)),
    Mistake("Tensor.__add__", "a difference in the place of the sum", "+ adds.",
            numpy(lambda a, b: a - b)),
    Mistake("Tensor.__sub__", "subtraction in place", "It changes its left operand; a difference "
            "is a new tensor.", in_place_with(np.subtract)),
    Mistake("Tensor.__mul__", "multiplication in place", "It changes its left operand; a product "
            "is a new tensor.", in_place_with(np.multiply)),
    Mistake("Tensor.__truediv__", "multiplied in the place of divided", "/ divides.",
            numpy(lambda a, b: a * b)),
    Mistake("Tensor.__matmul__", "multiplied element by element", "@ is the matrix product: rows "
            "of the left times columns of the right.", numpy(lambda a, b: a * b)),
    Mistake("Tensor.__matmul__", "the sum over the products", "@ gives a matrix: one number for "
            "each row and column.", numpy(lambda a, b: (a @ b).sum())),
    Mistake("Tensor.sum", "axis 0 is taken for no axis", "`axis or None` is None for axis 0 too: "
            "ask `axis is None`.",
            numpy(lambda x, axis=None, keepdims=False: x.sum(axis=axis or None,
                                                             keepdims=keepdims))),
    Mistake("Tensor.mean", "axis 0 is taken for no axis", "`axis or None` is None for axis 0 too: "
            "ask `axis is None`.",
            numpy(lambda x, axis=None, keepdims=False: x.mean(axis=axis or None,
                                                              keepdims=keepdims))),
    Mistake("Tensor.sum", "the mean in the place of the sum", "Nothing is divided in a sum.",
            numpy(lambda x, axis=None, keepdims=False: x.mean(axis=axis, keepdims=keepdims))),
    Mistake("Tensor.mean", "keepdims is ignored", "With keepdims=True the axis stays, with length "
            "one.", numpy(lambda x, axis=None, keepdims=False: x.mean(axis=axis))),
    Mistake("Tensor.mean", "axis is ignored", "With an axis only that axis is averaged over.",
            numpy(lambda x, axis=None, keepdims=False: x.mean())),
    Mistake("Tensor.mean", "an array is returned", "The result is a tensor too: Tensor(...).",
            lambda self, axis=None, keepdims=False: self.data.mean(axis=axis, keepdims=keepdims)),
    Mistake("Tensor.reshape", "a flat tensor in any case", "The new shape is the one asked for.",
            numpy(lambda x, *shape: x.reshape(-1))),
]  # fmt: skip
