"""What goes wrong in 02 Activations."""

import numpy as np

from tinytorch.core.tensor import Tensor
from tinytorch.tito.lesson import Mistake


def of_arrays(function):
    """A `forward` made of a function of arrays."""
    return lambda self, x: Tensor(function(x.data))


def naive_softmax(self, x):
    e = np.exp(x.data)
    return Tensor(e / e.sum(axis=self.axis, keepdims=True))


def without_keepdims(self, x):
    e = np.exp(x.data - x.data.max())
    return Tensor(e / e.sum())


def last_axis(self, x):
    e = np.exp(x.data - x.data.max(axis=-1, keepdims=True))
    return Tensor(e / e.sum(axis=-1, keepdims=True))


def first_axis(self, x):
    e = np.exp(x.data - x.data.max(axis=0, keepdims=True))
    return Tensor(e / e.sum(axis=0, keepdims=True))


def one_maximum(self, x):
    e = np.exp(x.data - x.data.max())
    return Tensor(e / e.sum(axis=self.axis, keepdims=True))


def one_maximum_with_graph(self, x):
    e = (x - Tensor(x.data.max())).exp()
    return e / e.sum(axis=self.axis, keepdims=True)


def softmax_with(change):
    """A softmax of tensors, its sum changed."""

    def forward(self, x):
        e = (x - Tensor(x.data.max(axis=self.axis, keepdims=True))).exp()
        return e / change(e.sum(axis=self.axis, keepdims=True))

    return forward


MISTAKES = [
    Mistake("ReLU.forward", "the absolute value in the place of ReLU",
            "Negative numbers become zero, they do not change their sign.", of_arrays(np.abs)),
    Mistake("ReLU.forward", "the negative part in the place of the positive",
            "np.minimum keeps what is below zero.", of_arrays(lambda x: np.minimum(x, 0))),
    Mistake("ReLU.forward", "the gradient's step in the place of the value",
            "x > 0 is the derivative of ReLU, not ReLU.", of_arrays(lambda x: (x > 0) * 1.0)),
    Mistake("LeakyReLU.forward", "the leak is not used", "Below zero the slope is negative_slope, "
            "not zero.", of_arrays(lambda x: np.maximum(x, 0))),
    Mistake("LeakyReLU.forward", "the leak is subtracted", "Below zero the value is negative_slope "
            "times x, which is negative.",
            lambda self, x: Tensor(np.where(x.data > 0, x.data, -self.negative_slope * x.data))),
    Mistake("Sigmoid.forward", "the sign in the exponent", "exp(-x): the sigmoid grows with x.",
            of_arrays(lambda x: 1 / (1 + np.exp(x)))),
    Mistake("Sigmoid.forward", "the sigmoid overflows", "exp(-x) is infinite far below zero: the "
            "value comes out right, with a warning. Half of one plus tanh(x/2) is the same.",
            of_arrays(lambda x: 1 / (1 + np.exp(-x)))),
    Mistake("Sigmoid.forward", "the one in the denominator is missing",
            "1 / exp(-x) is exp(x): it is not bounded.", of_arrays(lambda x: 1 / np.exp(-x))),
    Mistake("Tanh.forward", "tanh overflows", "The quotient of exponentials is inf / inf far from "
            "zero; use np.tanh.",
            of_arrays(lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)))),
    Mistake("Tanh.forward", "the sigmoid in the place of tanh", "tanh lies between -1 and 1 and is "
            "zero at zero.", of_arrays(lambda x: 1 / (1 + np.exp(-x)))),
    Mistake("Softmax.forward", "softmax overflows", "exp of a large number is infinite and inf / "
            "inf is not a number: subtract the largest element first.", naive_softmax),
    Mistake("Softmax.forward", "softmax over the whole tensor", "The sum runs along one axis; each "
            "row sums to one, not all rows together.", without_keepdims),
    Mistake("Softmax.forward", "axis is ignored", "The axis is the one the module was made with.",
            last_axis),
    Mistake("Softmax.forward", "softmax along the first axis", "By default the sum runs along the "
            "last axis, over the classes.", first_axis),
    Mistake("Softmax.forward", "no exponential", "Dividing by the sum is not enough: negative "
            "numbers would be negative probabilities.",
            of_arrays(lambda x: x / x.sum(axis=-1, keepdims=True))),
    Mistake("ReLU.forward", "the gradient is cut", "ReLU(x) computed on x.data carries no graph, "
            "and multiplied by a tensor a wrong one.",
            lambda self, x: x * Tensor(1.0 * (x.data < 0))),
    Mistake("LeakyReLU.forward", "the leak is a constant", "Below zero the value is negative_slope "
            "times x, not negative_slope.",
            lambda self, x: Tensor(np.where(x.data > 0, x.data, self.negative_slope))),
    Mistake("LeakyReLU.forward", "the leak is on both sides", "Where x is positive it stays as it "
            "is.", lambda self, x: Tensor(self.negative_slope * x.data)),
    Mistake("LeakyReLU.forward", "the leak is on the wrong side", "It is the negative numbers that "
            "are multiplied.",
            lambda self, x: Tensor(np.where(x.data > 0, self.negative_slope * x.data, x.data))),
    Mistake("LeakyReLU.forward", "the slope is typed in", "The slope is the one the module was "
            "made with.", of_arrays(lambda x: np.where(x > 0, x, 0.01 * x))),
    Mistake("Sigmoid.forward", "tanh in the place of the sigmoid", "The sigmoid lies between 0 and "
            "1: half of one plus tanh(x/2).", of_arrays(np.tanh)),
    Mistake("Sigmoid.forward", "x is not halved", "The sigmoid is half of one plus tanh(x/2).",
            of_arrays(lambda x: 0.5 * (1 + np.tanh(x)))),
    Mistake("Sigmoid.forward", "the half is missing", "The sigmoid is *half* of one plus "
            "tanh(x/2).", of_arrays(lambda x: 1 + np.tanh(x / 2))),
    Mistake("Tanh.forward", "the 2 in front is missing", "tanh(x) is 2 σ(2x) - 1.",
            of_arrays(lambda x: 1 / (1 + np.exp(-2 * x)) - 1)),
    Mistake("Tanh.forward", "the 2 inside is missing", "tanh(x) is 2 σ(2x) - 1.",
            of_arrays(lambda x: np.tanh(x / 2))),
    Mistake("Tanh.forward", "the quotient is upside down", "tanh is sinh over cosh.",
            of_arrays(lambda x: 1 / np.tanh(x))),
    Mistake("Softmax.forward", "one maximum for all rows", "A row far below the largest of all "
            "underflows to 0 / 0: subtract each row's own maximum, along the axis.", one_maximum),
    Mistake("Softmax.forward", "one maximum for all rows, with its gradient", "A row far below the "
            "largest of all underflows to 0 / 0: subtract each row's own maximum, along the axis.",
            one_maximum_with_graph),
    Mistake("Softmax.forward", "something is added to the sum", "Nothing can be zero here, since "
            "the largest exponential is 1: the rows no longer sum to one.",
            softmax_with(lambda s: s + 1e-3)),
    Mistake("Softmax.forward", "the sum is cut from the graph", "The sum depends on x, too: "
            "without its derivative the gradient is wrong.",
            softmax_with(lambda s: Tensor(s.data))),
    Mistake("Softmax.forward", "the logarithm of it", "That is log softmax.",
            of_arrays(lambda x: x - x.max(-1, keepdims=True)
                      - np.log(np.exp(x - x.max(-1, keepdims=True)).sum(-1, keepdims=True)))),
]  # fmt: skip
