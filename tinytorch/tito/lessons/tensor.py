"""01 Tensor: arithmetic on arrays of any shape."""

import numpy as np

from tinytorch.core.tensor import Tensor
from tinytorch.tito.bench import array
from tinytorch.tito.lesson import Check, Exercise, Lesson, Mistake, Step

A = np.array([[1.0, -2.0, 0.5], [3.0, 4.0, -1.5]])
B = np.array([[2.0, 0.25, -1.0], [-0.5, 8.0, 3.0]])
ROW = np.array([10.0, 20.0, 30.0])
COLUMN = np.array([[2.0], [-4.0]])
CUBE = np.arange(24.0).reshape(2, 3, 4) ** 1.1 - 7


def see(bench, label, result):
    """Write down a result, and what it is if it is no tensor."""
    bench.see(label, result)
    if not isinstance(result, (Tensor, bench.Tensor)):
        bench.see(f"what {label} is", f"a {type(result).__name__}, not a tensor")


def pairwise(method, symbol, operate):
    """Two tensors of one shape, a row, a column, a number on the right."""

    def run(bench):
        tensor = bench.own("Tensor", method)
        bench.trying(a=A, operation=f"a {symbol} b")
        for what, other in (("b of the same shape", B), ("a row", ROW), ("a column", COLUMN)):
            result = operate(tensor(A.copy()), tensor(other.copy()))
            see(bench, f"a {symbol} {what}", result)
        see(bench, f"a {symbol} 2.0", operate(tensor(A.copy()), 2.0))

    return run


def products(bench):
    tensor = bench.own("Tensor", "__matmul__")
    bench.trying(a=A, operation="a @ b")
    see(bench, "a (2, 3) @ b (3, 2)", tensor(A.copy()) @ tensor(B.T.copy()))
    see(bench, "a (3, 2) @ b (2, 3)", tensor(A.T.copy()) @ tensor(B.copy()))
    square = A[:, :2]
    see(bench, "a (2, 2) @ b (2, 2)", tensor(square.copy()) @ tensor(B[:, 1:].copy()))


def reduction(method):
    def run(bench):
        tensor = bench.own("Tensor", method)
        bench.trying(shape=[2, 3, 4], operation=f"x.{method}(axis, keepdims)")
        for axis, keepdims in ((None, False), (0, False), (-1, False), (1, True), ((0, 2), False)):
            result = getattr(tensor(CUBE.copy()), method)(axis=axis, keepdims=keepdims)
            see(bench, f"x.{method}(axis={axis}, keepdims={keepdims})", result)

    return run


def shapes(bench):
    tensor = bench.own("Tensor", "reshape")
    bench.trying(x=A, operation="x.reshape(...)")
    see(bench, "x.reshape(3, 2)", tensor(A.copy()).reshape(3, 2))
    see(bench, "x.reshape(6)", tensor(A.copy()).reshape(6))
    see(bench, "x.reshape(-1, 1)", tensor(A.copy()).reshape(-1, 1))
    see(bench, "x.reshape((3, 2))", tensor(A.copy()).reshape((3, 2)))


def transposed(bench):
    tensor = bench.own("Tensor", "transpose")
    bench.trying(x=A, operation="x.transpose()")
    see(bench, "x.transpose()", tensor(A.copy()).transpose())
    see(bench, "the row of a square one", tensor(A[:, :2].copy()).transpose())


def permuted(bench):
    tensor = bench.own("Tensor", "transpose")
    bench.trying(shape=[2, 3, 4], operation="x.transpose(...)")
    see(bench, "x.transpose(0, 2)", tensor(CUBE.copy()).transpose(0, 2))
    see(bench, "x.transpose(2, 0, 1)", tensor(CUBE.copy()).transpose(2, 0, 1))


def untouched(bench):
    tensor = bench.own("Tensor", "__add__", "__sub__", "__mul__", "__truediv__")
    bench.trying(a=A, b=B, operation="a + b, a - b, a * b, a / b")
    a, b = tensor(A.copy()), tensor(B.copy())
    for operate in (
        lambda: a + b,
        lambda: a - b,
        lambda: a * b,
        lambda: a / b,
    ):
        operate()
        bench.see("a afterwards", a)
        bench.see("b afterwards", b)


CHECKS = (
    Check("addition", "Tensor", pairwise("__add__", "+", lambda a, b: a + b)),
    Check("subtraction", "Tensor", pairwise("__sub__", "-", lambda a, b: a - b)),
    Check("multiplication", "Tensor", pairwise("__mul__", "*", lambda a, b: a * b)),
    Check("division", "Tensor", pairwise("__truediv__", "/", lambda a, b: a / b)),
    Check("operands stay as they are", "Tensor", untouched),
    Check("matrix product", "Tensor", products),
    Check("sum", "Tensor", reduction("sum")),
    Check("mean", "Tensor", reduction("mean")),
    Check("reshape", "Tensor", shapes),
    Check("transpose", "Tensor", transposed),
    Check("transpose: two axes, and all of them", "Tensor", permuted),
)

RESULT = (
    "`self.data` and `other.data` are NumPy arrays; `other` may also be a plain number. Make a new "
    "tensor of the result: `Tensor(...)`."
)


def arithmetic(method, word, check):
    return Exercise(f"Tensor.{method}", f"return {word}", (RESULT,), (check,))


STEPS = (
    Step(
        "Arithmetic, element by element",
        tuple(f"Tensor.{m}" for m in ("__add__", "__sub__", "__mul__", "__truediv__")),
        (
            Exercise(
                "Tensor.__add__",
                "a new tensor with the sum, element by element, broadcast as NumPy does",
                (
                    RESULT,
                    "`elementwise` and `record` are the package's helpers: you may do without. "
                    "`record(value)` makes a tensor of an array; what it takes besides belongs "
                    "to 05.",
                ),
                ("addition",),
            ),
            arithmetic("__sub__", "a new tensor with self minus other", "subtraction"),
            arithmetic(
                "__mul__", "a new tensor with the products, element by element", "multiplication"
            ),
            arithmetic("__truediv__", "a new tensor with self divided by other", "division"),
        ),
    ),
    Step(
        "The matrix product",
        ("Tensor.__matmul__",),
        (
            Exercise(
                "Tensor.__matmul__",
                "a new tensor with the matrix product of self and other",
                ("Rows of the left times columns of the right; NumPy writes it `@`.",),
                ("matrix product",),
            ),
        ),
    ),
    Step(
        "Reductions",
        ("Tensor.sum", "Tensor.mean"),
        (
            Exercise(
                "Tensor.sum",
                "a new tensor with the sum over `axis` (over everything if it is None)",
                (
                    "NumPy's arrays have `.sum(axis=..., keepdims=...)`.",
                    "Hand both arguments on: `keepdims` is not decoration.",
                ),
                ("sum",),
            ),
            Exercise(
                "Tensor.mean",
                "a new tensor with the mean over `axis` (over everything if it is None)",
                ("The sum over `axis`, divided by how many elements went into each sum.",),
                ("mean",),
            ),
        ),
    ),
    Step(
        "Shapes",
        ("Tensor.reshape", "Tensor.transpose"),
        (
            Exercise(
                "Tensor.reshape",
                "a new tensor with the same elements in the same order, in another shape",
                (
                    "`*shape` collects the arguments into a tuple; NumPy's `.reshape` takes it.",
                    "`x.reshape(2, 3)` and `x.reshape((2, 3))` should both work: the second has a "
                    "tuple in the tuple, and NumPy's `.reshape(*shape)` takes either.",
                ),
                ("reshape",),
            ),
            Exercise(
                "Tensor.transpose",
                "a new tensor with the axes in reverse order; given two, swap these; given all, "
                "put them in that order",
                (
                    "`order` is the tuple of what was given, empty for `x.transpose()`. NumPy's "
                    "`.transpose(None)` reverses the axes; an empty tuple it refuses.",
                    "NumPy's `.swapaxes(i, j)` swaps two; `.transpose(order)` takes all of them.",
                ),
                ("transpose", "transpose: two axes, and all of them"),
            ),
        ),
    ),
)


def numpy(function):
    """A method made of a function of arrays."""

    def method(self, *args, **kwargs):
        arrays = [array(a) if isinstance(a, Tensor) else a for a in args]
        return Tensor(function(self.data, *arrays, **kwargs))

    return method


def in_place(self, other):
    self.data[...] = self.data + array(other)
    return self


def fixed_count(x, axis=None, keepdims=False):
    return x.sum(axis=axis, keepdims=keepdims) / x.size


MISTAKES = [
    Mistake("Tensor.__add__", "addition in place", "It changes its left operand; a sum is a new "
            "tensor.", in_place),
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
]  # fmt: skip

LESSON = Lesson(
    number="01",
    name="tensor",
    title="Tensor",
    needs=(),
    sources=("tinytorch.core.tensor",),
    names=("Tensor",),
    own=(),
    steps=STEPS,
    checks=CHECKS,
    mistakes=lambda: MISTAKES,
)
