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
]  # fmt: skip
