"""01 Tensor: arithmetic on arrays of any shape."""

import numpy as np

from tinytorch.core.tensor import Tensor
from tinytorch.tito.lesson import Check, Exercise, Lesson, Step, Trial

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
        a = bench.vary(A)
        bench.trying(a=a, operation=f"a {symbol} b")
        for what, other in (("b of the same shape", B), ("a row", ROW), ("a column", COLUMN)):
            result = operate(tensor(a.copy()), tensor(bench.vary(other).copy()))
            see(bench, f"a {symbol} {what}", result)
        see(bench, f"a {symbol} 2.0", operate(tensor(a.copy()), 2.0))

    return run


def products(bench):
    tensor = bench.own("Tensor", "__matmul__")
    a, b = bench.vary(A), bench.vary(B)
    bench.trying(a=a, operation="a @ b")
    see(bench, "a (2, 3) @ b (3, 2)", tensor(a.copy()) @ tensor(b.T.copy()))
    see(bench, "a (3, 2) @ b (2, 3)", tensor(a.T.copy()) @ tensor(b.copy()))
    see(bench, "a (2, 2) @ b (2, 2)", tensor(a[:, :2].copy()) @ tensor(b[:, 1:].copy()))


def reduction(method):
    def run(bench):
        tensor = bench.own("Tensor", method)
        cube = bench.vary(CUBE)
        bench.trying(shape=[2, 3, 4], operation=f"x.{method}(axis, keepdims)")
        for axis, keepdims in ((None, False), (0, False), (-1, False), (1, True), ((0, 2), False)):
            result = getattr(tensor(cube.copy()), method)(axis=axis, keepdims=keepdims)
            see(bench, f"x.{method}(axis={axis}, keepdims={keepdims})", result)

    return run


def shapes(bench):
    tensor = bench.own("Tensor", "reshape")
    x = bench.vary(A)
    bench.trying(x=x, operation="x.reshape(...)")
    see(bench, "x.reshape(3, 2)", tensor(x.copy()).reshape(3, 2))
    see(bench, "x.reshape(6)", tensor(x.copy()).reshape(6))
    see(bench, "x.reshape(-1, 1)", tensor(x.copy()).reshape(-1, 1))
    see(bench, "x.reshape((3, 2))", tensor(x.copy()).reshape((3, 2)))


def transposed(bench):
    tensor = bench.own("Tensor", "transpose")
    x = bench.vary(A)
    bench.trying(x=x, operation="x.transpose()")
    see(bench, "x.transpose()", tensor(x.copy()).transpose())
    see(bench, "the row of a square one", tensor(x[:, :2].copy()).transpose())


def permuted(bench):
    tensor = bench.own("Tensor", "transpose")
    cube = bench.vary(CUBE)
    bench.trying(shape=[2, 3, 4], operation="x.transpose(...)")
    see(bench, "x.transpose(0, 2)", tensor(cube.copy()).transpose(0, 2))
    see(bench, "x.transpose(2, 0, 1)", tensor(cube.copy()).transpose(2, 0, 1))


def untouched(bench):
    tensor = bench.own("Tensor", "__add__", "__sub__", "__mul__", "__truediv__")
    bench.trying(a=A, b=B, operation="a + b, a - b, a * b, a / b")
    a, b = tensor(bench.vary(A).copy()), tensor(bench.vary(B).copy())
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

LESSON = Lesson(
    number="01",
    name="tensor",
    title="Tensor",
    needs=(),
    sources=("tinytorch.core.tensor",),
    names=("Tensor",),
    own=(),
    trials=(Trial(adopts="Tensor"),),
    steps=STEPS,
    checks=CHECKS,
)
