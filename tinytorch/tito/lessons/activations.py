"""02 Activations: the functions between the linear maps."""

import numpy as np

from tinytorch.core.tensor import Tensor
from tinytorch.tito.bench import Inapplicable, array
from tinytorch.tito.lesson import Check, Exercise, Lesson, Mistake, Step

X = np.array([[-2.0, -0.5, 0.0], [0.5, 1.0, 3.0]])
FAR = np.array([[-800.0, 0.0, 800.0], [1000.0, 1000.0, 999.0]])
UPSTREAM = np.array([[1.0, -2.0, 0.5], [3.0, 0.25, -1.0]])


def call(module, *inputs):
    return module(*inputs) if callable(module) else module.forward(*inputs)


def values(name, *arguments):
    def run(bench):
        bench.trying(x=X, **({"arguments": list(arguments)} if arguments else {}))
        bench.see(f"{name}(x)", call(getattr(bench, name)(*arguments), Tensor(X.copy())))

    return run


def far(name):
    """Values far from zero, and whether any number overflowed on the way to them."""

    def run(bench):
        bench.trying(x=FAR)
        overflows = []
        with np.errstate(over="call", call=lambda kind, flag: overflows.append(kind)):
            bench.see(f"{name}(x)", call(getattr(bench, name)(), Tensor(FAR.copy())))
        bench.see("a number overflows on the way", bool(overflows))

    return run


def derivative(name, *arguments):
    def run(bench):
        bench.trying(x=X, gradient_of_the_output=UPSTREAM)
        x = Tensor(X + 0.125, requires_grad=True)
        y = call(getattr(bench, name)(*arguments), x)
        if not getattr(y, "requires_grad", False):
            raise Inapplicable(f"what your {name} returns carries no graph, which is for 05")
        y.backward(UPSTREAM)
        bench.see("the gradient of x", x.grad)

    return run


def rows(bench):
    bench.trying(x=X, operation="the sums of Softmax(x) along the last axis")
    bench.see("sums", array(call(bench.Softmax(), Tensor(X.copy()))).sum(axis=-1))
    bench.see("Softmax(axis=0)(x)", call(bench.Softmax(0), Tensor(X.copy())))


CHECKS = (
    Check("ReLU: values", "ReLU", values("ReLU")),
    Check("ReLU: gradient", "ReLU", derivative("ReLU")),
    Check("LeakyReLU: values", "LeakyReLU", values("LeakyReLU", 0.1)),
    Check("Sigmoid: values", "Sigmoid", values("Sigmoid")),
    Check("Sigmoid: far from zero", "Sigmoid", far("Sigmoid")),
    Check("Sigmoid: gradient", "Sigmoid", derivative("Sigmoid")),
    Check("Tanh: values", "Tanh", values("Tanh")),
    Check("Tanh: far from zero", "Tanh", far("Tanh")),
    Check("Softmax: values", "Softmax", values("Softmax")),
    Check("Softmax: an axis sums to one", "Softmax", rows),
    Check("Softmax: large numbers", "Softmax", far("Softmax")),
    Check("Softmax: gradient", "Softmax", derivative("Softmax")),
)


def exercise(name, write, *hints, checks):
    return Exercise(f"{name}.forward", write, hints, checks)


FROM_SCRATCH = (
    "Write it with NumPy on `x.data`, or with the arithmetic of tensors, then gradients flow too. "
    "The tensor's own method of this name would be looking it up."
)

STEPS = (
    Step(
        "ReLU and its leaky sister",
        ("ReLU", "LeakyReLU"),
        (
            exercise(
                "ReLU",
                "a tensor with x where it is positive and zero elsewhere",
                FROM_SCRATCH,
                "`np.maximum` compares element by element; `np.max` reduces.",
                checks=("ReLU: values", "ReLU: gradient"),
            ),
            exercise(
                "LeakyReLU",
                "x where it is positive, elsewhere negative_slope times x",
                "`np.where(condition, a, b)` chooses element by element.",
                checks=("LeakyReLU: values",),
            ),
        ),
    ),
    Step(
        "Sigmoid and tanh",
        ("Sigmoid", "Tanh"),
        (
            exercise(
                "Sigmoid",
                "one over one plus exp(-x), without overflow far from zero",
                FROM_SCRATCH,
                "exp(800) is infinite. The sigmoid is also half of one plus tanh(x/2), and tanh "
                "never overflows.",
                checks=("Sigmoid: values", "Sigmoid: far from zero", "Sigmoid: gradient"),
            ),
            exercise(
                "Tanh",
                "the hyperbolic tangent",
                "NumPy has it. A quotient of exponentials overflows.",
                checks=("Tanh: values", "Tanh: far from zero"),
            ),
        ),
    ),
    Step(
        "Softmax",
        ("Softmax",),
        (
            exercise(
                "Softmax",
                "exponentials divided by their sum along self.axis",
                "Keep the summed axis (`keepdims=True`), so that the division broadcasts.",
                "Subtract the largest x along the axis first: the quotient is the same and "
                "nothing overflows.",
                checks=("Softmax: values", "Softmax: large numbers", "Softmax: gradient"),
            ),
        ),
    ),
)


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

LESSON = Lesson(
    number="02",
    name="activations",
    title="Activations",
    needs=("01",),
    sources=("tinytorch.core.activations",),
    names=("ReLU", "LeakyReLU", "Sigmoid", "Tanh", "Softmax"),
    steps=STEPS,
    checks=CHECKS,
    mistakes=lambda: MISTAKES,
)
