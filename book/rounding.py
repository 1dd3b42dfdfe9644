"""A machine that rounds otherwise, for stress: sums in another order, functions one unit off.

Which of several is the number in STRESS_DRAW; without it nothing is changed.

Processors and libraries agree on +, -, ×, ÷ and √ of two numbers, and on nothing else: not on the
order in which a product of matrices adds, nor on the last bit of exp. Both are varied here, by the
values themselves, so that the same computation gives the same bits again. What is exact in any
order stays exact.

The package is changed while it is imported, after this module, and each cell as it is run; the
sources stay as they are, for those who read them.
"""

import ast
import builtins
import importlib.machinery
import os

import numpy as np

FUNCTIONS = {
    "exp", "expm1", "log", "log1p", "log2", "log10", "logaddexp", "sin", "cos", "tan", "tanh",
    "sinh", "cosh", "arctan", "arctan2", "arcsin", "arccos", "power", "hypot", "cbrt",
    "norm", "solve", "inv", "lstsq", "eigh", "eigvalsh", "svd", "qr", "cholesky", "tensordot",
}  # fmt: skip
METHODS = {"sum": "__sum__", "mean": "__sum__", "dot": "__dot__", "einsum": "__einsum__"}
FEW = 3  # terms
draw = int(os.environ.get("STRESS_DRAW", 0))


def begin() -> None:
    """Change what is imported of the package from here on."""
    for name, function in CALLED.items():
        setattr(builtins, name, function)
    loader = importlib.machinery.SourceFileLoader
    plain = loader.get_code

    def get_code(self, fullname):
        if fullname.partition(".")[0] != "tinytorch":
            return plain(self, fullname)
        path = self.get_filename(fullname)
        return compiled(self.get_data(path), path, powers="optim" not in fullname)

    loader.get_code = get_code


def compiled(source, name: str, powers: bool = False):
    """`compile(source, name, "exec")` that rounds otherwise, if this process does.

    Arguments:
        powers: whether those too. Not in a rule, which the loops compare with its source.
    """
    tree = ast.parse(source)
    if draw:
        tree = ast.fix_missing_locations(Otherwise(powers).visit(tree))
    return compile(tree, name, "exec", dont_inherit=True)


class Otherwise(ast.NodeTransformer):
    def __init__(self, powers: bool):
        self.names = {ast.MatMult: "__product__"} | ({ast.Pow: "__power__"} if powers else {})

    def visit_BinOp(self, node):
        self.generic_visit(node)
        name = self.names.get(type(node.op))
        return called(node, name, node.left, node.right) if name else node

    def visit_Call(self, node):
        self.generic_visit(node)
        name = node.func.attr if isinstance(node.func, ast.Attribute) else None
        if name in FUNCTIONS:
            return called(node, "__moved__", node)
        if name in METHODS:
            arguments = node.func.value, ast.Constant(name), *node.args
            return called(node, METHODS[name], *arguments, keywords=node.keywords)
        return node


def called(node, name: str, *arguments, keywords=()):
    function = ast.Name(name, ast.Load())
    return ast.copy_location(ast.Call(function, list(arguments), list(keywords)), node)


# What runs instead


def floats(x) -> bool:
    return isinstance(x, (np.ndarray, np.floating)) and x.dtype.kind == "f"


def turned(x, axis=None):
    """The same numbers in another order along an axis, or several."""
    if x.ndim == 0 or axis == ():
        return x
    shift = [draw] * len(axis) if isinstance(axis, tuple) else draw
    return np.roll(np.flip(x, axis), shift, axis)


def moved(y, stays=None):
    """One half of the numbers to the next or the one before, as their digits say; whole ones stay.

    The sign and the power of two do not matter: on every machine -x and 2x round as x does.
    """
    if isinstance(y, tuple):
        return type(y)(*map(moved, y)) if hasattr(y, "_fields") else tuple(map(moved, y))
    if type(y) is float:
        return float(moved(np.float64(y)))
    if not floats(y) or y.dtype.itemsize > 8:
        return y
    x = np.array(y, ndmin=1)
    digits = x.view(f"u{x.itemsize}").astype(np.uint64) % np.uint64(2 ** np.finfo(x.dtype).nmant)
    mixed = (digits + np.uint64(draw)) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(62)
    aim = np.where(mixed == 0, 0, np.where(mixed == 1, np.copysign(np.inf, x), x)).astype(x.dtype)
    stays = ~np.isfinite(x) | (x == np.rint(x) if stays is None else stays)
    found = np.where(stays, x, np.nextafter(x, aim)).reshape(y.shape)
    return found if isinstance(y, np.ndarray) else found[()]


def product(a, b):
    if not isinstance(a, np.ndarray) and not isinstance(b, np.ndarray):
        return a @ b
    if not all(isinstance(x, (np.ndarray, list, tuple)) for x in (a, b)):
        return a @ b
    x, y = np.asarray(a), np.asarray(b)
    if "f" not in x.dtype.kind + y.dtype.kind or "O" in x.dtype.kind + y.dtype.kind:
        return x @ y
    if not x.ndim or not y.ndim or x.shape[-1] != y.shape[max(y.ndim - 2, 0)]:
        return a @ b  # which says what is wrong
    if x.shape[-1] > FEW:
        return turned(x, -1) @ turned(y, max(y.ndim - 2, 0) - y.ndim)
    found = x @ y  # two terms have one order; the units that multiply and add at once round once
    full = x.astype(np.longdouble) @ y.astype(np.longdouble)
    return moved(found, full == found)


def power(a, b):
    found = a**b
    simple = np.ndim(b) == 0 and b in (-1, 0, 0.5, 1, 2)  # NumPy multiplies, or takes the root
    return found if simple or not floats(a) else moved(found)


def summed(owner, name: str, *arguments, **how):
    """`owner.sum(…)`, or `np.sum(…)`, or the mean."""
    x = arguments[0] if owner is np and arguments else owner
    rest = arguments[1:] if owner is np else arguments
    axis = rest[0] if rest else how.get("axis")
    if not isinstance(x, np.ndarray) or x.dtype.kind != "f" or "where" in how:
        return getattr(owner, name)(*arguments, **how)
    return getattr(turned(x, axis), name)(*rest, **how)


def dot(owner, name: str, *arguments, **how):
    both = arguments if owner is np else (owner, *arguments)
    plain = len(both) == 2 and not how and all(0 < np.ndim(x) < 3 for x in both)
    return product(*both) if plain else moved(getattr(owner, name)(*arguments, **how))


def einsum(owner, name: str, equation, *arrays, **how):
    """The letters that are summed over are turned; without any it is a view, and stays one."""
    inputs, arrow, output = str(equation).replace(" ", "").partition("->")
    if owner is not np or not arrow or "." in inputs:
        return getattr(owner, name)(equation, *arrays, **how)
    terms = inputs.split(",")
    new = [
        turned(np.asarray(x), tuple(n for n, letter in enumerate(letters) if letter not in output))
        if set(letters) - set(output)
        else x
        for letters, x in zip(terms, arrays, strict=True)
    ]
    return np.einsum(equation, *new, **how)


CALLED = {
    "__product__": product, "__power__": power, "__moved__": moved, "__sum__": summed,
    "__dot__": dot, "__einsum__": einsum,
}  # fmt: skip

if draw:
    begin()
