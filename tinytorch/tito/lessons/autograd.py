"""05 Autograd: derivatives of whatever was computed."""

import operator

import numpy as np

from tinytorch.core.tensor import Tensor
from tinytorch.exports import translate
from tinytorch.tito.bench import Inapplicable, array
from tinytorch.tito.lesson import Check, Exercise, Lesson, Step, Trial

A = np.array([[1.0, -2.0, 0.5], [3.0, 4.0, -1.5]])
B = np.array([[2.0, 0.25, -1.0], [-0.5, 8.0, 3.0]])
ROW = np.array([10.0, 20.0, 30.0])
SQUARE = np.array([[1.0, 2.0], [-3.0, 0.5]])
OTHER = np.array([[0.5, -1.0], [4.0, 2.0]])
WALK = ("unbroadcast", "topological_order", "backward")
OPERATIONS = (
    "__add__",
    "__sub__",
    "__mul__",
    "__pow__",
    "__matmul__",
    "relu",
    "exp",
    "sum",
    "mean",
)


def leaf(cls, value):
    """A variable that wants a gradient, of whatever make."""
    _, by_name, _ = translate(cls, 1, {"requires_grad": True})
    return cls(value, **by_name)


def function(bench, name):
    """One function of the walk; a Variable written from scratch has a walk of its own."""
    if not bench.has(name) and bench.has("Variable"):
        made = bench.find("Variable")
        if Tensor not in getattr(made, "__mro__", ()):
            raise Inapplicable(f"your Variable has a walk of its own, and no {name}")
    return getattr(bench, name)


def class_name(bench) -> str:
    """What the learner's class is called: in a workbook, Tensor, before the last cell says so."""
    said, newest = bench.find("Variable"), bench.find("Tensor")
    if isinstance(newest, type) and (said is None or issubclass(newest, said)):
        return "Tensor"
    return "Variable"


def operation(method, words, run_on, *values):
    """See the value and the gradients of one operation, when a gradient comes that is not one."""

    def run(bench):
        name = class_name(bench)
        cls = getattr(bench, name)
        scratch = Tensor not in cls.__mro__
        if scratch and not hasattr(cls, method):
            raise Inapplicable(f"your Variable has no {method}")
        if not scratch:
            bench.own(name, method)
        inputs = [bench.vary(v) for v in values]
        x = [leaf(cls, np.array(v)) for v in inputs]
        out = run_on(*x)
        shape = np.shape(array(out))
        count = int(np.prod(shape))
        signs = np.where(np.arange(count) % 3 == 1, -1.0, 1.0)
        upstream = (np.arange(1.0, count + 1) * signs).reshape(shape) if shape else 5.0
        upstream = bench.vary(upstream)
        bench.trying(operation=words, **dict(zip("xy", inputs, strict=False)))
        bench.trying(gradient_of_the_result=upstream)
        bench.see(f"the value of {words}", out)
        if scratch:
            total = out * cls(np.array(upstream))
            (total.sum() if shape else total).backward()
        else:
            out.backward(np.array(upstream))
        for letter, variable in zip("xy", x, strict=False):
            bench.see(f"the gradient of {letter} in {words}", variable.grad)

    return run


def at_zero(bench):
    """ReLU's derivative at 0, where the docstring settles it."""
    cls = getattr(bench, class_name(bench))
    if "0 is 0" not in (getattr(getattr(cls, "relu", None), "__doc__", "") or ""):
        raise Inapplicable("what you wrote does not say what the derivative at 0 is")
    bench.own(class_name(bench), "relu")
    bench.trying(x=[0.0, 1.0])
    x = leaf(cls, np.array([0.0, 1.0]))
    x.relu().backward(np.array([5.0, 7.0]))
    bench.see("the gradient of x in x.relu()", x.grad)


def shapes(bench):
    unbroadcast = function(bench, "unbroadcast")
    g = bench.vary(np.arange(24.0).reshape(2, 3, 4) ** 1.5)
    bench.trying(gradient_of_shape=[2, 3, 4])
    for shape in ((2, 3, 4), (3, 4), (4,), (1, 3, 4), (2, 1, 4), (3, 1), (1, 1, 1), ()):
        bench.see(f"unbroadcast(g, {shape})", unbroadcast(g.copy(), shape))


def diamond(bench):
    a = Tensor(np.array(bench.vary(2.0)), requires_grad=True)
    b = a * Tensor(np.array(3.0))
    c = a + b
    d = c * b
    return [a, b, c, d], d * a


def order(bench):
    walk = function(bench, "topological_order")
    nodes, root = diamond(bench)
    bench.trying(graph="b = 3 a, c = a + b, d = c b, root = d a")
    found = list(walk(root))
    places = {id(node): i for i, node in enumerate(found)}
    bench.see("each tensor stands once", len(places) == len(found))
    bench.see("the root is last", bool(found) and found[-1] is root)
    bench.see("how many of a, b, c, d are found", sum(id(n) in places for n in nodes))
    right = all(
        places.get(id(parent), -1) < places[id(node)] for node in found for parent, _ in node._edges
    )
    bench.see("each comes after its inputs", right)
    deep = Tensor(np.array(1.0), requires_grad=True)
    for _ in range(3000):
        deep = deep + 1.0
    bench.see("a chain of 3000 steps", len(list(walk(deep))) >= 3001)


def walk_back(bench):
    backward = function(bench, "backward")
    bench.trying(graph="b = 3 a, c = a + b, d = c b, root = d a, at a = 2")
    nodes, root = diamond(bench)
    backward(root, np.array(1.0))
    bench.see("the gradient of a", nodes[0].grad)
    bench.see("an inner tensor keeps none", nodes[2].grad is None)
    backward(root, np.array(1.0))
    bench.see("the gradient of a after a second walk", nodes[0].grad)


def walk_retained(bench):
    backward = function(bench, "backward")
    bench.trying(graph="b = 3 a, root = b b, at a = 2", retain_grad="called on b")
    a = Tensor(np.array(bench.vary(2.0)), requires_grad=True)
    b = a * Tensor(np.array(3.0))
    b.retain_grad()
    backward(b * b, np.array(1.0))
    bench.see("the gradient of b", b.grad)
    bench.see("the gradient of a", a.grad)


def walk_broadcast(bench):
    backward = function(bench, "backward")
    values, upstream = bench.vary(A), bench.vary(B)
    bench.trying(operation="a * row", a=values, row=ROW, gradient_of_the_result=upstream)
    a, row = Tensor(values.copy(), requires_grad=True), Tensor(ROW.copy(), requires_grad=True)
    backward(a * row, upstream.copy())
    bench.see("the gradient of a", a.grad)
    bench.see("the gradient of the row", row.grad)


def walk_shared(bench):
    """One array may be the gradient of several tensors at once."""
    backward = function(bench, "backward")
    g = bench.vary(np.array([1.0, -2.0]))
    bench.trying(graph="z = x + y, root = z + x", gradient_of_the_root=g)
    x, y = (Tensor(np.ones(2), requires_grad=True) for _ in range(2))
    given = g.copy()
    backward((x + y) + x, given)
    bench.see("the gradient of x", x.grad)
    bench.see("the gradient of y", y.grad)
    bench.see("the gradient that was handed in, afterwards", given)
    x, y = (Tensor(np.ones(2), requires_grad=True) for _ in range(2))
    backward(x + y, given)
    array(x.grad)[...] = 0.0
    bench.see("the gradient of y in x + y, after that of x was set to zero", y.grad)


def reused(bench):
    cls = getattr(bench, class_name(bench))
    value = bench.vary(3.0)
    bench.trying(x=value, operation="x * x + x")
    x = leaf(cls, np.array(value))
    (x * x + x).backward()
    bench.see("the gradient", x.grad)
    (x * x + x).backward()
    bench.see("the gradient after a second backward()", x.grad)


CHECKS = (
    Check("unbroadcast", "unbroadcast", shapes, optional="Variable"),
    Check("topological order", "topological_order", order, optional="Variable"),
    Check("the walk: a diamond", "backward", walk_back, optional="Variable"),
    Check("the walk: broadcasting", "backward", walk_broadcast, optional="Variable"),
    Check("the walk: shared arrays", "backward", walk_shared, optional="Variable"),
    Check("the walk: retain_grad()", "backward", walk_retained, optional="Variable"),
    Check("x + y", "Variable", operation("__add__", "x + y", operator.add, 3.0, 4.0)),
    Check("x - y", "Variable", operation("__sub__", "x - y", operator.sub, 3.0, 4.0)),
    Check("x * y", "Variable", operation("__mul__", "x * y", operator.mul, 3.0, 4.0)),
    Check("x ** 3", "Variable", operation("__pow__", "x ** 3", lambda x: x**3, 2.0), optional=True),
    Check("x ** 2", "Variable", operation("__pow__", "x ** 2", lambda x: x**2, 10.0),
          optional=True),
    Check("x @ y", "Variable", operation("__matmul__", "x @ y", operator.matmul, SQUARE, OTHER),
          optional=True),
    Check("relu", "Variable", operation("relu", "x.relu()", lambda x: x.relu(), A), optional=True),
    Check("relu at zero", "Variable", at_zero, optional=True),
    Check("exp", "Variable", operation("exp", "x.exp()", lambda x: x.exp(), B / 4), optional=True),
    Check("x.sum()", "Variable", operation("sum", "x.sum()", lambda x: x.sum(), A), optional=True),
    Check("x.sum(axis=1)", "Variable",
          operation("sum", "x.sum(axis=1)", lambda x: x.sum(axis=1), A), optional=True),
    Check("x.sum(axis=0, keepdims=True)", "Variable",
          operation("sum", "x.sum(axis=0, keepdims=True)",
                    lambda x: x.sum(axis=0, keepdims=True), A), optional=True),
    Check("x.mean()", "Variable", operation("mean", "x.mean()", lambda x: x.mean(), A),
          optional=True),
    Check("x.mean(axis=0)", "Variable",
          operation("mean", "x.mean(axis=0)", lambda x: x.mean(axis=0), A), optional=True),
    Check("a variable that is used twice", "Variable", reused),
)  # fmt: skip

EDGES = (
    "`record(value, (x, f), (y, h))` makes the result and remembers, for each input, a function "
    "from the gradient of the result to the gradient of that input."
)


def derivative(method, write, *hints, checks):
    return Exercise(f"Tensor.{method}", write, hints, checks)


STEPS = (
    Step(
        "Undo a broadcast",
        ("unbroadcast",),
        (
            Exercise(
                "unbroadcast",
                "sum the gradient over the axes that were added or stretched, to this shape",
                (
                    "What was copied forward is added up backward.",
                    "Axes that were added stand in front; stretched ones have length one in "
                    "`shape`.",
                ),
                ("unbroadcast",),
            ),
        ),
    ),
    Step(
        "The order of the walk",
        ("topological_order",),
        (
            Exercise(
                "topological_order",
                "the tensors that root was computed from, each once and after all of its inputs",
                (
                    "`node._edges` is a tuple of (input, derivative) pairs, empty for a leaf.",
                    "Recursion stops at a depth of a thousand: keep a stack of your own.",
                ),
                ("topological order",),
            ),
        ),
    ),
    Step(
        "The walk back",
        ("backward",),
        (
            Exercise(
                "backward",
                "go through the tensors from the root back, and add up what reaches each",
                (
                    "Keep a dictionary of gradients by `id(node)`; begin with the root's.",
                    "A leaf gets its gradient by `node._accumulate(g, owns=False)`; for each edge, "
                    "`unbroadcast(derivative(g), parent.data.shape)` is added to the parent's.",
                    "`node._retain` is true after `retain_grad()`: then an inner one keeps its "
                    "gradient as a leaf does.",
                ),
                ("the walk: a diamond", "the walk: broadcasting", "the walk: retain_grad()"),
            ),
        ),
    ),
    Step(
        "Derivatives of the arithmetic",
        tuple(f"Tensor.{m}" for m in OPERATIONS[:5]),
        (
            derivative("__add__", "the sum, and the derivative by each operand", EDGES,
                       "The walk undoes broadcasting: here the derivative of a sum is g itself.",
                       checks=("x + y",)),
            derivative("__sub__", "the difference, and the derivative by each operand",
                       "One of the two has a minus.", checks=("x - y",)),
            derivative("__mul__", "the product, and the derivative by each operand",
                       "Each factor's derivative is the other factor.", checks=("x * y",)),
            derivative("__pow__", "the power, and its derivative by the base",
                       "The exponent comes down, and is one less. The derivative by the exponent "
                       "is asked for only if the exponent is a tensor.",
                       checks=("x ** 2", "x ** 3")),
            derivative("__matmul__", "the matrix product, and the derivative by each factor",
                       "The shapes leave one way to put g and the other factor together.",
                       checks=("x @ y",)),
        ),
    ),
    Step(
        "Derivatives of functions and sums",
        tuple(f"Tensor.{m}" for m in OPERATIONS[5:]),
        (
            derivative("relu", "max(0, x), and its derivative",
                       "The gradient passes where x is positive.", checks=("relu",)),
            derivative("exp", "the exponential, and its derivative",
                       "The derivative is the value, which you have already.", checks=("exp",)),
            derivative("sum", "the sum over axis, and its derivative",
                       "Each element that went into a sum gets the gradient of that sum.",
                       "A summed axis has to come back, with length one, before it broadcasts.",
                       checks=("x.sum()", "x.sum(axis=1)", "x.sum(axis=0, keepdims=True)")),
            derivative("mean", "the mean over axis, and its derivative",
                       "As for the sum, divided by how many went in.",
                       checks=("x.mean()", "x.mean(axis=0)")),
        ),
    ),
)  # fmt: skip

LESSON = Lesson(
    number="05",
    name="autograd",
    title="Autograd",
    needs=("01",),
    sources=("tinytorch.core.autograd", "tinytorch.core.tensor"),
    names=("Variable",),
    own=WALK,
    trials=(
        Trial(subjects=WALK, targets=WALK),
        Trial(targets=tuple(f"Tensor.{name}" for name in OPERATIONS), adopts="Tensor"),
    ),
    steps=STEPS,
    checks=CHECKS,
    closing="Variable = Tensor",
)
