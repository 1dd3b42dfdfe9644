"""05 Autograd: derivatives of whatever was computed."""

import operator

import numpy as np

from tinytorch.core import autograd
from tinytorch.core.tensor import Tensor, elementwise, record
from tinytorch.exports import translate
from tinytorch.tito.bench import Inapplicable
from tinytorch.tito.lesson import Check, Exercise, Lesson, Mistake, Step

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
    """See the value and the gradients of one operation."""

    def run(bench):
        name = class_name(bench)
        cls = getattr(bench, name)
        scratch = Tensor not in cls.__mro__
        if scratch and not hasattr(cls, method):
            raise Inapplicable(f"your Variable has no {method}")
        if not scratch:
            bench.own(name, method)
        bench.trying(operation=words, x=values[0])
        x = [leaf(cls, np.array(v)) for v in values]
        out = run_on(*x)
        bench.see(f"the value of {words}", out)
        out.backward()
        for letter, variable in zip("xy", x, strict=False):
            bench.see(f"the gradient of {letter} in {words}", variable.grad)

    return run


def summed(run_on):
    """An array's operation made a number: weighted, so that each element's gradient differs."""

    def total(*x):
        y = run_on(*x)
        weights = np.arange(1.0, y.data.size + 1).reshape(y.data.shape)
        return (y * type(x[0])(weights)).sum()

    return total


def scaled(run_on):
    """Five times a number: the gradient that comes to it is not one."""

    def total(*x):
        return run_on(*x) * type(x[0])(5.0)

    return total


def shapes(bench):
    unbroadcast = function(bench, "unbroadcast")
    g = np.arange(24.0).reshape(2, 3, 4) ** 1.5
    bench.trying(gradient_of_shape=[2, 3, 4])
    for shape in ((2, 3, 4), (3, 4), (4,), (1, 3, 4), (2, 1, 4), (3, 1), (1, 1, 1), ()):
        bench.see(f"unbroadcast(g, {shape})", unbroadcast(g.copy(), shape))


def diamond():
    a = Tensor(np.array(2.0), requires_grad=True)
    b = a * Tensor(np.array(3.0))
    c = a + b
    d = c * b
    return [a, b, c, d], d * a


def order(bench):
    walk = function(bench, "topological_order")
    nodes, root = diamond()
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
    nodes, root = diamond()
    backward(root, np.array(1.0))
    bench.see("the gradient of a", nodes[0].grad)
    bench.see("an inner tensor keeps none", nodes[2].grad is None)
    backward(root, np.array(1.0))
    bench.see("the gradient of a after a second walk", nodes[0].grad)


def walk_retained(bench):
    backward = function(bench, "backward")
    bench.trying(graph="b = 3 a, root = b b, at a = 2", retain_grad="called on b")
    a = Tensor(np.array(2.0), requires_grad=True)
    b = a * Tensor(np.array(3.0))
    b.retain_grad()
    backward(b * b, np.array(1.0))
    bench.see("the gradient of b", b.grad)
    bench.see("the gradient of a", a.grad)


def walk_broadcast(bench):
    backward = function(bench, "backward")
    bench.trying(operation="a * row", a=A, row=ROW)
    a, row = Tensor(A.copy(), requires_grad=True), Tensor(ROW.copy(), requires_grad=True)
    backward(a * row, B.copy())
    bench.see("the gradient of a", a.grad)
    bench.see("the gradient of the row", row.grad)


def reused(bench):
    cls = getattr(bench, class_name(bench))
    bench.trying(x=3.0, operation="x * x + x")
    x = leaf(cls, 3.0)
    (x * x + x).backward()
    bench.see("the gradient", x.grad)
    (x * x + x).backward()
    bench.see("the gradient after a second backward()", x.grad)


CHECKS = (
    Check("unbroadcast", "unbroadcast", shapes),
    Check("topological order", "topological_order", order),
    Check("the walk: a diamond", "backward", walk_back),
    Check("the walk: broadcasting", "backward", walk_broadcast),
    Check("the walk: retain_grad()", "backward", walk_retained),
    Check("x + y", "Variable", operation("__add__", "5 (x + y)", scaled(operator.add), 3.0, 4.0)),
    Check("x - y", "Variable", operation("__sub__", "5 (x - y)", scaled(operator.sub), 3.0, 4.0)),
    Check("x * y", "Variable", operation("__mul__", "5 (x * y)", scaled(operator.mul), 3.0, 4.0)),
    Check("x ** 3", "Variable", operation("__pow__", "5 x ** 3", scaled(lambda x: x**3), 2.0)),
    Check("x ** 2", "Variable", operation("__pow__", "5 x ** 2", scaled(lambda x: x**2), 10.0)),
    Check("x @ y", "Variable",
          operation("__matmul__", "x @ y", summed(lambda x, y: x @ y), SQUARE, OTHER)),
    Check("relu", "Variable", operation("relu", "x.relu()", summed(lambda x: x.relu()), A)),
    Check("exp", "Variable", operation("exp", "x.exp()", summed(lambda x: x.exp()), B / 4)),
    Check("x.sum()", "Variable", operation("sum", "5 x.sum()", scaled(lambda x: x.sum()), A)),
    Check("x.sum(axis=1)", "Variable",
          operation("sum", "x.sum(axis=1)", summed(lambda x: x.sum(axis=1)), A)),
    Check("x.sum(axis=0, keepdims=True)", "Variable",
          operation("sum", "x.sum(axis=0, keepdims=True)",
                    summed(lambda x: x.sum(axis=0, keepdims=True)), A)),
    Check("x.mean()", "Variable", operation("mean", "5 x.mean()", scaled(lambda x: x.mean()), A)),
    Check("x.mean(axis=0)", "Variable",
          operation("mean", "x.mean(axis=0)", summed(lambda x: x.mean(axis=0)), A)),
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


def binary(symbol, ufunc, left, right):
    """An operation of two with these derivatives, functions of (g, x, y)."""

    def method(self, other):
        a, b, value = elementwise(symbol, ufunc, self, other)
        x, y = a.data, b.data
        return record(value, (a, lambda g: left(g, x, y)), (b, lambda g: right(g, x, y)))

    return method


def unary(function, slope):
    """A function of one, with a derivative of (g, x, value)."""

    def method(self):
        x, value = self.data, function(self.data)
        return record(value, (self, lambda g: slope(g, x, value)))

    return method


def power(slope):
    def method(self, other):
        x = self.data
        return record(x**other, (self, lambda g: slope(g, x, other)))

    return method


def matrix(left, right):
    def method(self, other):
        x, y = self.data, other.data
        return record(x @ y, (self, lambda g: left(g, x, y)), (other, lambda g: right(g, x, y)))

    return method


right_order, right_unbroadcast = autograd.topological_order, autograd.unbroadcast


def walk(combine=None, deposit=None, order=None, undo=right_unbroadcast, retain=True):
    """A walk back of which one part is wrong."""

    def backward(root, gradient):
        gradients = {id(root): gradient}
        for node in (order or (lambda r: reversed(right_order(r))))(root):
            g = gradients.get(id(node))
            if g is None:
                continue
            if not node._edges or (retain and node._retain):
                (deposit or (lambda n, g: n._accumulate(g, owns=False)))(node, g)
            for parent, derivative in node._edges:
                piece = undo(derivative(g), parent.data.shape)
                old = gradients.get(id(parent))
                gradients[id(parent)] = piece if old is None else (combine or np.add)(old, piece)

    return backward


def replaced(node, g):
    node.grad = Tensor(g)


def first_met(root):
    """Breadth first: a tensor's turn comes before all that it feeds had theirs."""
    found, seen = [root], {id(root)}
    for node in found:
        for parent, _ in node._edges:
            if id(parent) not in seen:
                seen.add(id(parent))
                found.append(parent)
    return found


def averaged(gradient, shape):
    total = right_unbroadcast(gradient, shape)
    return total * (total.size / gradient.size)


def first_slice(gradient, shape):
    g = gradient
    while g.ndim > len(shape):
        g = g[0]
    for axis, n in enumerate(shape):
        if n == 1:
            g = g.take([0], axis)
    return g


def added_only(gradient, shape):
    """Sums over the axes in front, not over the stretched ones."""
    g = gradient.sum(axis=tuple(range(gradient.ndim - len(shape))))
    return g if g.shape == shape else first_slice(g, shape)


def no_sum(gradient, shape):
    return gradient


def spread(divide):
    def mean(self, axis=None, keepdims=False):
        value = self.data.mean(axis=axis, keepdims=keepdims)
        shape = self.data.shape

        def slope(g):
            g = g if keepdims or axis is None else np.expand_dims(g, axis)
            return np.broadcast_to(g / divide(self.data), shape)

        return record(np.asarray(value), (self, slope))

    return mean


def sum_uneven(self, axis=None, keepdims=False):
    """The gradient is broadcast as it comes."""
    value, shape = self.data.sum(axis=axis, keepdims=keepdims), self.data.shape
    return record(np.asarray(value), (self, lambda g: np.broadcast_to(g, shape)))


def sum_first(self, axis=None, keepdims=False):
    """The gradient reaches the first element only."""
    value, shape = self.data.sum(axis=axis, keepdims=keepdims), self.data.shape

    def slope(g):
        whole = np.zeros(shape)
        whole.reshape(-1)[0] = np.ravel(g)[0]
        return whole

    return record(np.asarray(value), (self, slope))


MISTAKES = [
    Mistake("unbroadcast", "a mean in the place of the sum", "Each copy that was made forward has "
            "its share: the shares add up.", averaged),
    Mistake("unbroadcast", "the first slice in the place of the sum", "All copies count, not the "
            "first alone.", first_slice),
    Mistake("unbroadcast", "stretched axes are forgotten", "An axis of length one that was "
            "stretched is summed over too.", added_only),
    Mistake("unbroadcast", "the broadcast is not undone", "The gradient must have the shape of "
            "what it is the gradient of.", no_sum),
    Mistake("topological_order", "breadth first", "A tensor may be met before another that also "
            "uses it: its inputs must all stand before it.",
            lambda root: list(reversed(first_met(root)))),
    Mistake("topological_order", "the order is reversed", "Inputs come first, the root last.",
            lambda root: list(reversed(right_order(root)))),
    Mistake("topological_order", "the root is missing", "The root itself belongs to the list.",
            lambda root: right_order(root)[:-1]),
    Mistake("backward", "the last path wins", "What reaches a tensor along several paths is added "
            "up; an assignment forgets all but one.", walk(combine=lambda old, new: new)),
    Mistake("backward", "only the first path counts", "What reaches a tensor along several paths "
            "is added up.", walk(combine=lambda old, new: old)),
    Mistake("backward", "grad is replaced, not added to", "A second backward() adds to what is "
            "there; zero_grad() is what empties it.", walk(deposit=replaced)),
    Mistake("backward", "breadth first", "A tensor passes its gradient on before all of it has "
            "arrived: walk in reverse topological order.", walk(order=first_met)),
    Mistake("backward", "retain_grad() is forgotten", "A tensor whose retain_grad() was called "
            "keeps its gradient, as a leaf does: node._retain says so.", walk(retain=False)),
    Mistake("Tensor.__sub__", "the minus is forgotten", "The derivative of x - y by y is -1.",
            binary("-", np.subtract, lambda g, x, y: g, lambda g, x, y: g)),
    Mistake("Tensor.__mul__", "the upstream gradient is forgotten", "The chain rule multiplies by "
            "g: x and y are in the middle of something larger.",
            binary("*", np.multiply, lambda g, x, y: y + 0 * g, lambda g, x, y: x + 0 * g)),
    Mistake("Tensor.__pow__", "the upstream gradient is forgotten", "The chain rule multiplies by "
            "g.", power(lambda g, x, n: n * x ** (n - 1) + 0 * g)),
    Mistake("Tensor.__mul__", "each factor gets itself", "The derivative of x y by x is y.",
            binary("*", np.multiply, lambda g, x, y: g * x, lambda g, x, y: g * y)),
    Mistake("Tensor.__mul__", "a product is differentiated like a sum", "The derivative of x y by "
            "x is y, not 1.", binary("*", np.multiply, lambda g, x, y: g, lambda g, x, y: g)),
    Mistake("Tensor.__pow__", "the exponent does not come down", "The derivative of xⁿ is "
            "n xⁿ⁻¹.", power(lambda g, x, n: g * x ** (n - 1))),
    Mistake("Tensor.__pow__", "the exponent is not reduced", "The derivative of xⁿ is n xⁿ⁻¹.",
            power(lambda g, x, n: g * n * x**n)),
    Mistake("Tensor.__matmul__", "the transposes are missing", "g yᵀ for the left, xᵀ g for the "
            "right.", matrix(lambda g, x, y: g @ y, lambda g, x, y: x @ g)),
    Mistake("Tensor.__matmul__", "the factors are on the wrong side", "g yᵀ for the left, xᵀ g for "
            "the right: the product does not commute.",
            matrix(lambda g, x, y: y.T @ g, lambda g, x, y: g @ x.T)),
    Mistake("Tensor.relu", "the gradient passes everywhere", "Where x is negative nothing passes.",
            unary(lambda x: np.maximum(x, 0), lambda g, x, value: g)),
    Mistake("Tensor.relu", "the upstream gradient is forgotten", "The chain rule multiplies by g.",
            unary(lambda x: np.maximum(x, 0), lambda g, x, value: (x > 0) * 1.0)),
    Mistake("Tensor.exp", "the upstream gradient is forgotten", "The chain rule multiplies by g.",
            unary(np.exp, lambda g, x, value: value)),
    Mistake("Tensor.exp", "exp is differentiated like a power", "The derivative of exp(x) is "
            "exp(x), not x exp(x).", unary(np.exp, lambda g, x, value: g * x * value)),
    Mistake("Tensor.sum", "only the first element gets a gradient", "Every element that was "
            "summed gets the gradient of its sum.", sum_first),
    Mistake("Tensor.sum", "the summed axis does not come back", "A sum over an axis lost it: give "
            "the gradient that axis again, of length one, before it is broadcast.", sum_uneven),
    Mistake("Tensor.mean", "divided by the size of the whole tensor", "Along an axis, each "
            "element's share is one over the count of its own mean.", spread(np.size)),
    Mistake("Tensor.mean", "the mean is differentiated like the sum", "Each element's share is one "
            "over the count.", spread(lambda x: 1.0)),
]  # fmt: skip

LESSON = Lesson(
    number="05",
    name="autograd",
    title="Autograd",
    needs=("01",),
    sources=("tinytorch.core.autograd", "tinytorch.core.tensor"),
    names=("Variable",),
    own=WALK,
    steps=STEPS,
    checks=CHECKS,
    mistakes=lambda: MISTAKES,
    closing="Variable = Tensor",
)
