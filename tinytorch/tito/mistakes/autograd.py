"""What goes wrong in 05 Autograd."""

import numpy as np

from tinytorch.core import autograd
from tinytorch.core.tensor import Tensor, elementwise, record
from tinytorch.tito.lesson import Mistake


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


def keeps(node):
    return not node._edges or node._retain


def walk(combine=None, deposit=None, order=None, undo=right_unbroadcast, kept=keeps):
    """A walk back of which one part is wrong."""

    def backward(root, gradient):
        gradients = {id(root): gradient}
        for node in (order or (lambda r: reversed(right_order(r))))(root):
            g = gradients.get(id(node))
            if g is None:
                continue
            if kept(node):
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


def shared(root, gradient):
    """Adds in place into arrays that others hold."""
    gradients = {id(root): gradient}
    for node in reversed(right_order(root)):
        g = gradients[id(node)]
        if not node._edges or node._retain:
            node._accumulate(g, owns=False)
        for parent, derivative in node._edges:
            piece = right_unbroadcast(derivative(g), parent.data.shape)
            if id(parent) in gradients:
                gradients[id(parent)] += piece
            else:
                gradients[id(parent)] = piece


def unsummed_graph(root):
    """Recursion without remembering who was there."""
    order = []

    def visit(node, depth=0):
        for parent, _ in node._edges:
            visit(parent)
        order.append(node)

    visit(root)
    return order


def summed(front=0, stretched=True, keepdims=True):
    """Sums over axes in front, and over stretched ones."""

    def unbroadcast(gradient, shape):
        while gradient.ndim > len(shape):
            gradient = gradient.sum(axis=front)
        for i, n in enumerate(shape if stretched else ()):
            if n == 1:
                gradient = gradient.sum(axis=i, keepdims=keepdims)
        return gradient

    return unbroadcast


def sum_of_all(gradient, shape):
    return gradient.sum() * np.ones(shape) if gradient.shape != shape else gradient


def reshaped(gradient, shape):
    return np.resize(gradient, shape)


def added(slope):
    """A sum whose gradient is spread by `slope(g, x, axis)`."""

    def method(self, axis=None, keepdims=False):
        x, value = self.data, self.data.sum(axis=axis, keepdims=keepdims)

        def derivative(g):
            g = g if keepdims or axis is None else np.expand_dims(g, axis)
            return np.broadcast_to(slope(g, x), x.shape).copy()

        return record(np.asarray(value), (self, derivative))

    return method


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
            "keeps its gradient, as a leaf does: node._retain says so.",
            walk(kept=lambda node: not node._edges)),
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
    Mistake("unbroadcast", "the wrong axes are summed", "Added axes stand in front: sum over axis "
            "0, not over the last.", summed(front=-1)),
    Mistake("unbroadcast", "keepdims is missing", "A stretched axis stays, with length one: sum "
            "with keepdims=True.", summed(keepdims=False)),
    Mistake("unbroadcast", "everything is summed", "Only what was copied is added up; elements "
            "that stood side by side keep their own gradient.", sum_of_all),
    Mistake("unbroadcast", "a part is cut out", "What was copied forward is added up backward, not "
            "cut off.", reshaped),
    Mistake("unbroadcast", "only added axes are summed", "An axis of length one that was stretched "
            "is summed over too.", summed(stretched=False)),
    Mistake("topological_order", "tensors stand in it several times", "Remember whom you met: a "
            "tensor that is used twice is visited once.", unsummed_graph),
    Mistake("backward", "adds into an array that others hold", "grads[...] += piece writes into "
            "the array of the first piece, which may be another tensor's gradient: grads[...] = "
            "grads[...] + piece.", shared),
    Mistake("backward", "the array is handed over although others hold it",
            "owns=True lets the leaf keep the array itself: with it two leaves share one gradient.",
            walk(deposit=lambda node, g: node._accumulate(g, owns=True))),
    Mistake("backward", "inner tensors keep their gradient", "Only leaves do, and those whose "
            "retain_grad() was called.", walk(kept=lambda node: True)),
    Mistake("Tensor.__add__", "only the left gets a gradient", "The derivative of x + y by y is 1, "
            "too.", binary("+", np.add, lambda g, x, y: g, lambda g, x, y: 0 * g)),
    Mistake("Tensor.__add__", "the upstream gradient is forgotten", "The chain rule multiplies by "
            "g.", binary("+", np.add, lambda g, x, y: 0 * g + 1, lambda g, x, y: 0 * g + 1)),
    Mistake("Tensor.__add__", "a sum is differentiated like a product", "The derivative of x + y "
            "is 1 by each.", binary("+", np.add, lambda g, x, y: g * y, lambda g, x, y: g * x)),
    Mistake("Tensor.__sub__", "the minus is at the wrong one", "The derivative of x - y by x is 1, "
            "by y it is -1.", binary("-", np.subtract, lambda g, x, y: -g, lambda g, x, y: g)),
    Mistake("Tensor.__sub__", "the upstream gradient is forgotten", "The chain rule multiplies by "
            "g.", binary("-", np.subtract, lambda g, x, y: 0 * g + 1, lambda g, x, y: 0 * g - 1)),
    Mistake("Tensor.__mul__", "only the left gets a gradient", "The derivative of x y by y is x.",
            binary("*", np.multiply, lambda g, x, y: g * y, lambda g, x, y: 0 * g)),
    Mistake("Tensor.__pow__", "every power is taken for a square", "The derivative of xⁿ is "
            "n xⁿ⁻¹; 2 x is that of x².", power(lambda g, x, n: g * 2 * x)),
    Mistake("Tensor.__matmul__", "the factors are exchanged", "g yᵀ is the gradient of the left, "
            "xᵀ g that of the right.", matrix(lambda g, x, y: x.T @ g, lambda g, x, y: g @ y.T)),
    Mistake("Tensor.__matmul__", "the results are transposed", "g yᵀ for the left, xᵀ g for the "
            "right: here each is turned.",
            matrix(lambda g, x, y: y @ g.T, lambda g, x, y: g.T @ x)),
    Mistake("Tensor.__matmul__", "multiplied element by element", "A matrix product's derivative "
            "is a matrix product.", matrix(lambda g, x, y: g * y, lambda g, x, y: g * x)),
    Mistake("Tensor.relu", "the condition is asked of the gradient", "What counts is whether x is "
            "positive, not whether g is.",
            unary(lambda x: np.maximum(x, 0), lambda g, x, value: g * (g > 0))),
    Mistake("Tensor.relu", "the gradient passes at zero", "At 0 the derivative is 0, as the "
            "docstring says: x > 0.",
            unary(lambda x: np.maximum(x, 0), lambda g, x, value: g * (x >= 0))),
    Mistake("Tensor.relu", "multiplied by the value", "The derivative is one where x is positive, "
            "not x.", unary(lambda x: np.maximum(x, 0), lambda g, x, value: g * value)),
    Mistake("Tensor.relu", "the gradient passes where x is negative", "The other way round: where "
            "x is positive.", unary(lambda x: np.maximum(x, 0), lambda g, x, value: g * (x < 0))),
    Mistake("Tensor.exp", "the derivative is multiplied by x", "The derivative of exp(x) is exp(x) "
            "itself.", unary(np.exp, lambda g, x, value: g * x)),
    Mistake("Tensor.exp", "the derivative is one", "The derivative of exp(x) is exp(x).",
            unary(np.exp, lambda g, x, value: g)),
    Mistake("Tensor.sum", "the upstream gradient is forgotten", "Each element gets the gradient of "
            "its sum, not one.", added(lambda g, x: 0 * g + 1.0)),
    Mistake("Tensor.sum", "a sum is differentiated like the mean", "Nothing was divided forward: "
            "divide by nothing backward.", added(lambda g, x: g / x.size)),
    Mistake("Tensor.sum", "multiplied by x", "The derivative of a sum by each of its elements is "
            "one.", added(lambda g, x: g * x)),
    Mistake("Tensor.mean", "the upstream gradient is forgotten", "Each element gets its share of "
            "the gradient that comes, not of one.", spread(lambda x: np.inf)),
]  # fmt: skip
