"""Every operation of tensors, over the shapes where derivatives go wrong."""

import math
import operator

import numpy as np

import tinytorch
from tests.core.cases import add, numbers, same
from tinytorch.core import elementwise

# Two numbers, element by element

PAIRS = [
    ((), ()),
    ((3, 3), (3, 3)),
    ((3,), (3, 3)),
    ((3, 3), (3, 1)),
    ((3, 1), (1, 3)),
    ((2, 1, 3), (3, 1)),
    ((2, 3), ()),
    ((), (2, 3)),
    ((1,), (4,)),
    ((0, 3), (3,)),
    ((0, 1), (0, 3)),
    ((1, 1), (0, 3)),
]
BINARY = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
}
for a, b in PAIRS:
    for name, function in BINARY.items():
        y = numbers(b, 0.5, 2, salt=1) if name == "/" else numbers(b, salt=1)
        x = numbers(a, 0.5, 2) if name == "**" else numbers(a)
        same(name, f"{a} {b}", function, x, y)
    for name in ("maximum", "minimum"):
        add(
            name,
            f"{a} {b}",
            getattr(tinytorch, name),
            lambda torch, x, y, name=name: getattr(torch, name)(x, y),
            numbers(a),
            numbers(b, salt=1),
        )
    mask = numbers(b, salt=2) > 0
    add(
        "where",
        f"{a} {b}",
        lambda x, y, mask=mask: tinytorch.where(mask, x, y),
        lambda torch, x, y, mask=mask: torch.where(torch.tensor(mask), x, y),
        numbers(a),
        numbers(b, salt=1),
    )
same("+", "number", lambda x: 2 + (x + 1.5), numbers((3, 3)))
same("-", "number", lambda x: 2 - (x - 1.5), numbers((3, 3)))
same("*", "number", lambda x: 2 * (x * 1.5), numbers((3, 3)))
same("/", "number", lambda x: 2 / (x / 1.5), numbers((3, 3), 0.5, 2))
same("**", "number to the", lambda x: 1.5**x, numbers((3, 3)))
for exponent in (-1, 0, 0.5, 1, 2, 3):
    same("**", f"to the {exponent}", lambda x, n=exponent: x**n, numbers((3, 3), 0.5, 2))
same("**", "at zero", lambda x: x**3 + x**1 + x**0, np.array([0.0, -1.5, 2.0]))
same("**", "zero to the", operator.pow, np.array([0.0, 2.0]), np.array([2.0, -1.5]), smooth=False)
same("unary -", "", operator.neg, numbers((2, 3)))
for name in ("maximum", "minimum"):
    add(
        name,
        "ties",
        getattr(tinytorch, name),
        lambda torch, x, y, name=name: getattr(torch, name)(x, y),
        np.array([1.0, 2.0, 3.0]),
        np.array([1.0, 5.0, 3.0]),
        smooth=False,
    )
for detail, a, b in [
    ("", numbers((3, 3), -8, 8), numbers((3, 3), 0.7, 2, salt=1)),
    ("negative divisor", numbers((3, 3), -8, 8), numbers((3,), -2, -0.7, salt=1)),
]:
    same("%", detail, operator.mod, a, b)
    add("//", detail, operator.floordiv, lambda torch, x, y: (x / y).floor(), a, b)
same("%", "by a number", lambda x: x % 0.3, numbers((3, 3), 0.7, 2))
add(
    "%",
    "of a number",
    lambda x: 7.5 % x,
    lambda torch, x: torch.remainder(7.5 * torch.ones_like(x), x),
    numbers((3, 3), 0.7, 2),
)
for equation, *shapes in [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("bid,bjd->bij", (2, 3, 4), (2, 5, 4)),
    ("ij->j", (2, 3)),
    ("ij", (2, 3)),
    ("ji", (2, 3)),
    ("ii", (3, 3)),
    ("ii->i", (3, 3)),
    ("iij->j", (2, 2, 3)),
    ("i,j->ij", (2,), (3,)),
    ("ij,k->i", (2, 3), (4,)),
    ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)),
    ("...ij,...jk->...ik", (2, 2, 3), (2, 3, 4)),
    ("...ij,jk->...ik", (2, 5, 2, 3), (3, 4)),
    ("...i,...i->...", (1, 3), (4, 3)),
    ("bij , bjk -> bik", (2, 2, 3), (2, 3, 4)),
]:
    add(
        "einsum",
        equation,
        lambda *x, e=equation: tinytorch.einsum(e, *x),
        lambda torch, *x, e=equation: torch.einsum(e, *x),
        *(numbers(shape, salt=i) for i, shape in enumerate(shapes)),
    )
same("one tensor twice", "", lambda x: x * x + x, numbers((3, 3)))
same("diamond", "", lambda x: (x.exp() + x) * (x.exp() - x), numbers((3, 3)))

for a, b in [
    ((3, 3), (3, 3)),
    ((2, 3), (3, 4)),
    ((1, 1), (1, 1)),
    ((3,), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3,)),
    ((2, 3, 4), (4, 5)),
    ((3, 4), (2, 4, 5)),
    ((2, 3, 4), (2, 4, 5)),
    ((2, 1, 3, 4), (5, 4, 2)),
    ((4,), (2, 4, 3)),
    ((2, 3, 4), (4,)),
    ((0, 3), (3, 2)),
    ((2, 0), (0, 3)),
    ((2, 0, 3), (3, 2)),
]:
    same("@", f"{a} {b}", operator.matmul, numbers(a), numbers(b, salt=1))

# One number, element by element

SHAPES = [(), (1,), (3, 3), (2, 3, 4), (0, 3)]
for shape in SHAPES:
    for name in ("exp", "tanh", "sigmoid", "relu", "abs"):
        same(name, f"{shape}", operator.methodcaller(name), numbers(shape))
    for name in ("log", "sqrt"):
        same(name, f"{shape}", operator.methodcaller(name), numbers(shape, 0.3, 3))
    for form in ("none", "tanh"):
        add(
            "gelu",
            f"{form} {shape}",
            lambda x, form=form: x.gelu(form),
            lambda torch, x, form=form: torch.nn.functional.gelu(x, approximate=form),
            numbers(shape, -6, 6),
        )
    same("clip", f"both {shape}", lambda x: x.clip(-0.7, 1.1), numbers(shape))
    same("clip", f"min {shape}", lambda x: x.clip(min=-0.7), numbers(shape))
    same("clip", f"max {shape}", lambda x: x.clip(max=0.7), numbers(shape))
    same("clone", f"{shape}", lambda x: x.clone(), numbers(shape))
same("abs", "at zero", abs, np.array([0.0, -1.0]), smooth=False)
same("relu", "at zero", lambda x: x.relu(), np.array([0.0, -1.0]), smooth=False)
for shape in ((), (3,), (2, 1)):
    low, high = numbers(shape, -1, 0, salt=1), numbers((3,), 0, 1, salt=2)
    same("clip", f"bounds {shape}", lambda x, a, b: x.clip(a, b), numbers((2, 3)), low, high)
same("clip", "crossed bounds", lambda x: x.clip(1.0, -1.0), numbers((2, 3)))
same("clip", "at a bound", lambda x: x.clip(-1, 1), np.array([-1.0, 1.0, 2.0]), smooth=False)
for name in ("tanh", "sigmoid"):
    same(name, "far out", operator.methodcaller(name), np.array([-1e4, -40.0, 40.0, 1e4]))

# Reductions: squares and cubes show a wrong axis; both libraries take several axes

AXES = [
    ((3, 3), None),
    ((3, 3), 0),
    ((3, 3), 1),
    ((3, 3), -1),
    ((3, 3), (0, 1)),
    ((2, 2, 2), 1),
    ((2, 2, 2), (0, 2)),
    ((2, 2, 2), (-1, 0)),
    ((2, 3, 4), (1, 2)),
    ((1, 1), 0),
    ((1,), None),
    ((), None),
    ((0, 3), 1),
    ((3, 0), 0),
]
for shape, axis in AXES:
    for keep in (False, True):
        detail = f"{shape} axis={axis}" + " keepdims" * keep
        every = tuple(range(len(shape))) if axis is None else axis
        reduced = math.prod(np.zeros(shape).shape[i] for i in np.atleast_1d(every).astype(int))
        same("sum", detail, lambda x, a=every, k=keep: x.sum(axis=a, keepdims=k), numbers(shape))
        same("mean", detail, lambda x, a=every, k=keep: x.mean(axis=a, keepdims=k), numbers(shape))
        for name in ("max", "min"):
            add(
                name,
                detail,
                lambda x, a=axis, k=keep, n=name: getattr(x, n)(a, keepdims=k),
                lambda torch, x, a=every, k=keep, n=name: getattr(torch, "a" + n)(x, a, keepdim=k),
                numbers(shape),
            )
        add(
            "logsumexp",
            detail,
            lambda x, a=axis, k=keep: x.logsumexp(a, keepdims=k),
            lambda torch, x, a=every, k=keep: torch.logsumexp(x, a, keepdim=k),
            numbers(shape),
        )
        for correction in (0, 1):
            if reduced > correction:
                add(
                    "var",
                    f"{detail} correction={correction}",
                    lambda x, a=axis, k=keep, c=correction: x.var(a, keepdims=k, correction=c),
                    lambda torch, x, a=every, k=keep, c=correction: torch.var(
                        x, a, correction=c, keepdim=k
                    ),
                    numbers(shape),
                )
    if type(axis) is int:
        for name in ("softmax", "log_softmax"):
            same(
                name,
                f"{shape} axis={axis}",
                lambda x, a=axis, n=name: getattr(x, n)(a),
                numbers(shape),
            )
same("sum", "(0, 3)", lambda x: x.sum(), numbers((0, 3)))
same("sum", "(0, 3) axis=0", lambda x: x.sum(axis=0), numbers((0, 3)))
for axis in (None, 0, 1):
    for name in ("max", "min"):
        add(
            name,
            f"ties axis={axis}",
            lambda x, a=axis, n=name: getattr(x, n)(a),
            lambda torch, x, a=axis, n=name: getattr(torch, "a" + n)(x, (0, 1) if a is None else a),
            np.array([[1.0, 3.0, 3.0], [3.0, 1.0, 0.0], [0.0, 0.0, 3.0]]),
            smooth=False,
        )
FAR = np.array([[-1e4, 1e4, 0.0], [-1e4, -1e4, -1e4], [1e4, 1e4, -3.0]])
for name in ("softmax", "log_softmax", "logsumexp"):
    same(name, "far out", lambda x, n=name: getattr(x, n)(1), FAR, smooth=False)

# Shape

same("reshape", "", lambda x: x.reshape(3, -1), numbers((2, 3, 2)))
same("reshape", "tuple", lambda x: x.reshape((6, 1)), numbers((2, 3)))
same("reshape", "to ()", lambda x: x.reshape(()), numbers((1, 1)))
same("reshape", "empty", lambda x: x.reshape(0, 4), numbers((2, 0)))
same("permute", "", lambda x: x.permute(2, 0, 1), numbers((2, 3, 4)))
same("permute", "cube", lambda x: x.permute(1, -1, 0), numbers((2, 2, 2)))
same("transpose", "square", lambda x: x.transpose(0, 1), numbers((3, 3)))
same("transpose", "two axes", lambda x: x.transpose(0, -1), numbers((2, 3, 4)))
same("T", "square", lambda x: x.T, numbers((3, 3)))
same("T", "(2, 3)", lambda x: x.T, numbers((2, 3)))
same("squeeze", "", lambda x: x.squeeze(), numbers((1, 3, 1)))
same("squeeze", "axis", lambda x: x.squeeze(0), numbers((1, 3, 1)))
same("squeeze", "axes", lambda x: x.squeeze((0, 2)), numbers((1, 3, 1)))
for axis in (0, 1, -1):
    same("unsqueeze", f"{axis}", lambda x, a=axis: x.unsqueeze(a), numbers((3, 3)))
same("expand", "", lambda x: x.expand(2, -1, 4), numbers((3, 1)))
same("expand", "from ()", lambda x: x.expand(2, 2), numbers(()))
same("expand", "to 0", lambda x: x.expand(0, 3), numbers((1, 3)))

# Indices

ROWS, COLUMNS = np.array([2, 0, 2, -1]), np.array([1, 1, 1, 0])
for detail, shape, index in [
    ("int", (3, 3), 1),
    ("negative int", (3, 3), -1),
    ("int of a vector", (3,), 2),
    ("slice", (5, 2), slice(1, 4)),
    ("slice with a step", (5, 2), slice(None, None, 2)),
    ("slices and int", (3, 4, 2), (slice(None), 2, slice(0, 1))),
    ("ellipsis", (2, 3, 4), (Ellipsis, 1)),
    ("new axis", (3,), (None, slice(None))),
    ("empty slice", (3, 2), slice(0, 0)),
    ("array, repeated", (3, 2), ROWS),
    ("list, repeated", (3, 2), [0, 0, 1]),
    ("two arrays, repeated", (3, 2), (ROWS, COLUMNS)),
    ("array and slice", (3, 4), (slice(None), COLUMNS)),
    ("array of two axes", (4, 2), np.array([[0, 1], [1, 3]])),
    ("mask", (3, 3), numbers((3, 3), salt=4) > 0),
    ("mask of rows", (3, 3), np.array([True, False, True])),
    ("mask of nothing", (3,), np.array([False, False, False])),
]:
    same("[]", detail, lambda x, i=index: x[i], numbers(shape))

WORDS = np.array([[0, 2, 2], [4, 0, 1]])
add(
    "embedding",
    "repeated",
    lambda w: tinytorch.embedding(w, WORDS),
    lambda torch, w: torch.nn.functional.embedding(torch.tensor(WORDS), w),
    numbers((5, 3)),
)
add(
    "one_hot",
    "times a matrix",
    lambda w: tinytorch.one_hot(WORDS, 5) @ w,
    lambda torch, w: torch.nn.functional.one_hot(torch.tensor(WORDS), 5).to(w.dtype) @ w,
    numbers((5, 3)),
)

# By size

UNEQUAL = np.array([[3.0, -1.0, 2.0, 0.5], [-2.0, 4.0, 1.0, 0.0], [1.5, -0.5, 2.5, 3.5]])
for axis in (0, 1, -1):
    for down in (False, True):
        detail = f"axis={axis}" + " descending" * down
        add(
            "sort",
            detail,
            lambda x, a=axis, d=down: tinytorch.sort(x, a, d).values,
            lambda torch, x, a=axis, d=down: torch.sort(x, a, d).values,
            UNEQUAL,
        )
        add(
            "topk",
            detail,
            lambda x, a=axis, d=down: tinytorch.topk(x, 2, a, largest=d).values,
            lambda torch, x, a=axis, d=down: torch.topk(x, 2, a, largest=d).values,
            UNEQUAL,
        )
same("sort", "()", lambda x: x.sort().values, numbers(()))
add(
    "outer",
    "",
    tinytorch.outer,
    lambda torch, x, y: torch.outer(x, y),
    numbers((3,)),
    numbers((4,), salt=1),
)

# Several

for axis in (0, 1, -1):
    add(
        "concatenate",
        f"squares axis={axis}",
        lambda x, y, a=axis: tinytorch.concatenate([x, y], a),
        lambda torch, x, y, a=axis: torch.cat([x, y], a),
        numbers((3, 3)),
        numbers((3, 3), salt=1),
    )
    add(
        "stack",
        f"squares axis={axis}",
        lambda x, y, a=axis: tinytorch.stack([x, y], a),
        lambda torch, x, y, a=axis: torch.stack([x, y], a),
        numbers((3, 3)),
        numbers((3, 3), salt=1),
    )
add(
    "concatenate",
    "different lengths, one empty",
    lambda x, y, z: tinytorch.concatenate([x, y, z, x]),
    lambda torch, x, y, z: torch.cat([x, y, z, x]),
    numbers((2, 3)),
    numbers((0, 3)),
    numbers((1, 3), salt=1),
)
for detail, ours, theirs in [
    ("all sides", 2, (2, 2, 2, 2)),
    ("one axis", [(0, 0), (1, 2)], (1, 2, 0, 0)),
]:
    add(
        "pad",
        detail,
        lambda x, w=ours: tinytorch.pad(x, w, 0.5),
        lambda torch, x, w=theirs: torch.nn.functional.pad(x, w, value=0.5),
        numbers((3, 3)),
    )

# Images

for detail, image, kernel, stride, padding in [
    ("square", (2, 2, 4, 4), (3, 2, 3, 3), 1, 0),
    ("padded", (2, 2, 4, 4), (2, 2, 3, 3), 1, 1),
    ("stride", (1, 2, 5, 5), (2, 2, 2, 2), 2, 0),
    ("stride leaves a rest", (1, 1, 6, 5), (1, 1, 3, 3), 2, 0),
    ("pairs", (2, 1, 5, 4), (2, 1, 3, 2), (2, 1), (1, 0)),
    ("kernel of one", (2, 3, 2, 2), (2, 3, 1, 1), 1, 0),
    ("kernel as large as the image", (2, 1, 3, 3), (2, 1, 3, 3), 1, 0),
    ("no images", (0, 2, 4, 4), (3, 2, 3, 3), 1, 0),
]:
    for biased in (False, True):
        bias = [numbers((kernel[0],), salt=2)] if biased else []
        add(
            "conv2d",
            detail + " with bias" * biased,
            lambda x, w, *b, s=stride, p=padding: tinytorch.conv2d(x, w, *b, stride=s, padding=p),
            lambda torch, x, w, *b, s=stride, p=padding: torch.nn.functional.conv2d(
                x, w, *b, stride=s, padding=p
            ),
            numbers(image),
            numbers(kernel, salt=1),
            *bias,
        )
for detail, image, kernel, stride, padding in [
    ("square", (2, 2, 4, 4), 2, None, 0),
    ("leaves a rest", (1, 2, 5, 5), 2, None, 0),
    ("overlapping", (2, 1, 5, 5), 3, 1, 0),
    ("padded", (1, 1, 4, 4), 3, 2, 1),
    ("pairs", (1, 2, 5, 4), (3, 2), (2, 1), (1, 0)),
    ("no images", (0, 2, 4, 4), 2, None, 0),
    ("ties", None, 2, 1, 0),
]:
    x = np.round(numbers((1, 1, 4, 4), 0, 2)) if image is None else numbers(image)
    add(
        "max_pool2d",
        detail,
        lambda x, k=kernel, s=stride, p=padding: tinytorch.max_pool2d(x, k, s, p),
        lambda torch, x, k=kernel, s=stride, p=padding: torch.nn.functional.max_pool2d(x, k, s, p),
        x,
        smooth=image is not None,
    )

# Functions of one number under PyTorch's names

DOMAINS = {
    "arcsin": (-0.9, 0.9), "arccos": (-0.9, 0.9), "arctanh": (-0.9, 0.9), "arccosh": (1.2, 4),
    "log2": (0.3, 3), "log10": (0.3, 3), "log1p": (-0.6, 3), "reciprocal": (0.5, 3),
    "rsqrt": (0.5, 3), "tan": (-1.2, 1.2),
}  # fmt: skip
STEPS = ("sign", "floor", "ceil", "trunc", "round")
ACTIVATIONS = ("softplus", "logsigmoid", "silu", "mish", "selu", "softsign")
for name in elementwise.TABLE:
    if name in STEPS:
        continue
    theirs = f"nn.functional.{name}" if name in ACTIVATIONS else name
    for shape in ((), (3, 3), (0, 3)):
        add(
            name,
            f"{shape}",
            getattr(tinytorch, name),
            lambda torch, x, path=theirs: operator.attrgetter(path)(torch)(x),
            numbers(shape, *DOMAINS.get(name, (-2, 2))),
        )
for name in STEPS:
    same(name, "", operator.methodcaller(name), numbers((3, 3)))
for name in ACTIVATIONS:
    add(
        name,
        "far out",
        operator.methodcaller(name),
        lambda torch, x, name=name: getattr(torch.nn.functional, name)(x),
        np.array([-300.0, -40.0, 10.0, 19.0]),
    )

# More reductions

for shape, axis in AXES:
    for keep in (False, True):
        every = tuple(range(len(shape))) if axis is None else axis
        reduced = math.prod(np.zeros(shape).shape[i] for i in np.atleast_1d(every).astype(int))
        detail = f"{shape} axis={axis}" + " keepdims" * keep
        for p in (1, 2, 3, 1.5, math.inf):
            if reduced:
                add(
                    "norm",
                    f"{p} {detail}",
                    lambda x, p=p, a=axis, k=keep: x.norm(p, a, keepdims=k),
                    lambda torch, x, p=p, a=None if every == () else every, k=keep: (
                        torch.linalg.vector_norm(x, p, a, keepdim=k)
                    ),
                    numbers(shape),
                )
        if reduced > 1:
            add(
                "std",
                detail,
                lambda x, a=axis, k=keep: x.std(a, keepdims=k),
                lambda torch, x, a=every, k=keep: torch.std(x, a, keepdim=k),
                numbers(shape),
            )
        if type(axis) is int:
            same("prod", detail, lambda x, a=axis, k=keep: x.prod(a, k), numbers(shape))
    if type(axis) is int:
        same("cumsum", f"{shape} {axis}", lambda x, a=axis: x.cumsum(a), numbers(shape))
same("prod", "all", lambda x: x.prod(), numbers((2, 3)))
same("prod", "zeros", lambda x: x.prod(1), np.array([[0.0, 2, 3], [0, 0, 3], [1, 2, 3]]))
same("norm", "zero", lambda x: x.norm(), np.zeros(3), smooth=False)
same("norm", "zeros among others", lambda x: x.norm(3), np.array([0.0, -3, 4]))
for name in ("amax", "amin"):
    same(name, "", operator.methodcaller(name, dim=(0, 2), keepdim=True), numbers((2, 3, 2)))
    same(name, "ties", operator.methodcaller(name), np.array([2.0, 1, 2, 1]), smooth=False)
for name in ("var", "std"):
    same(name, "biased", operator.methodcaller(name, dim=1, unbiased=False), numbers((3, 3)))
for name in ("max", "min"):
    add(
        name,
        "with places",
        lambda x, n=name: getattr(x, n)(dim=1).values,
        lambda torch, x, n=name: getattr(x, n)(dim=1).values,
        numbers((3, 3)),
    )
same("sum", "dim", lambda x: x.sum(dim=1, keepdim=True), numbers((3, 3)))

# More shapes

same("flatten", "", lambda x: x.flatten(1), numbers((2, 3, 2)))
same("flatten", "some", lambda x: x.flatten(0, 1), numbers((2, 3, 2)))
for size, axis in ((2, 0), ([1, 2], 1), (5, 1)):
    same("split", f"{size} {axis}", lambda x, s=size, a=axis: x.split(s, a)[-1], numbers((5, 3)))
for chunks in (1, 2, 3):
    same("chunk", f"{chunks}", lambda x, n=chunks: x.chunk(n, 0)[0], numbers((5, 3)))
same("unbind", "", lambda x: x.unbind(1)[2], numbers((3, 3)))
same("flip", "", lambda x: x.flip(0), numbers((3, 3)))
same("flip", "two axes", lambda x: x.flip((0, 2)), numbers((2, 3, 2)))
same("repeat", "", lambda x: x.repeat(2, 3), numbers((2, 3)))
same("repeat", "a new axis", lambda x: x.repeat(2, 1, 2), numbers((2, 3)))
same("tril", "", lambda x: x.tril(), numbers((3, 3)))
same("triu", "above", lambda x: x.triu(1), numbers((2, 3, 3)))
for name, parts in (
    ("vstack", [(3,), (2, 3)]),
    ("hstack", [(2,), (3,)]),
    ("hstack", [(2, 1), (2, 3)]),
):
    add(
        name,
        f"{parts}",
        lambda x, y, n=name: getattr(tinytorch, n)([x, y]),
        lambda torch, x, y, n=name: getattr(torch, n)([x, y]),
        *(numbers(shape, salt=i) for i, shape in enumerate(parts)),
    )
PLACES = np.array([[0, 2, 0], [1, 1, 2]])
for axis in (0, 1):
    add(
        "gather",
        f"{axis}",
        lambda x, a=axis: x.gather(a, PLACES),
        lambda torch, x, a=axis: x.gather(a, torch.tensor(PLACES)),
        numbers((3, 3)),
    )
MASK = numbers((3, 3), salt=4) > 0
add(
    "masked_fill",
    "",
    lambda x: x.masked_fill(MASK, 0.5),
    lambda torch, x: x.masked_fill(torch.tensor(MASK), 0.5),
    numbers((3, 3)),
)
for detail, image, kernel, stride, padding in [
    ("square", (2, 2, 4, 4), 2, None, 0),
    ("overlapping", (2, 1, 5, 5), 3, 1, 0),
    ("padded", (1, 1, 4, 4), 3, 2, 1),
    ("pairs", (1, 2, 5, 4), (3, 2), (2, 1), (1, 0)),
]:
    add(
        "avg_pool2d",
        detail,
        lambda x, k=kernel, s=stride, p=padding: tinytorch.avg_pool2d(x, k, s, p),
        lambda torch, x, k=kernel, s=stride, p=padding: torch.nn.functional.avg_pool2d(x, k, s, p),
        numbers(image),
    )
