"""02 Activations: the functions between the linear maps."""

import numpy as np

from tinytorch.core.tensor import Tensor
from tinytorch.tito.bench import Inapplicable, array
from tinytorch.tito.lesson import Check, Exercise, Lesson, Step

X = np.array([[-2.0, -0.5, 0.0], [0.5, 1.0, 3.0]])
FAR = np.array([[-800.0, 0.0, 800.0], [1000.0, 1000.0, 999.0]])
UPSTREAM = np.array([[1.0, -2.0, 0.5], [3.0, 0.25, -1.0]])


def call(module, *inputs):
    return module(*inputs) if callable(module) else module.forward(*inputs)


def values(name, *arguments):
    def run(bench):
        x, slope = bench.vary(X), bench.vary(arguments)
        bench.trying(x=x, **({"arguments": list(slope)} if arguments else {}))
        bench.see(f"{name}(x)", call(getattr(bench, name)(*slope), Tensor(x.copy())))

    return run


def far(name):
    """Values far from zero, and whether any number overflowed on the way to them."""

    def run(bench):
        x = bench.vary(FAR)
        bench.trying(x=x)
        overflows = []
        with np.errstate(over="call", call=lambda kind, flag: overflows.append(kind)):
            bench.see(f"{name}(x)", call(getattr(bench, name)(), Tensor(x.copy())))
        bench.see("a number overflows on the way", bool(overflows))

    return run


def derivative(name, *arguments):
    def run(bench):
        upstream = bench.vary(UPSTREAM)
        x = Tensor(bench.vary(X) + 0.125, requires_grad=True)
        bench.trying(x=x.data, gradient_of_the_output=upstream)
        y = call(getattr(bench, name)(*arguments), x)
        if not getattr(y, "requires_grad", False):
            raise Inapplicable(f"what your {name} returns carries no graph, which is for 05")
        y.backward(upstream)
        bench.see("the gradient of x", x.grad)

    return run


def rows(bench):
    x = bench.vary(X)
    bench.trying(x=x, operation="the sums of Softmax(x) along the last axis")
    bench.see("sums", array(call(bench.Softmax(), Tensor(x.copy()))).sum(axis=-1))
    bench.see("Softmax(axis=0)(x)", call(bench.Softmax(0), Tensor(x.copy())))


def rows_apart(bench):
    x = bench.vary(np.array([[1000.0, 1001.0, 999.0], [-1000.0, -1002.0, -1001.0]]))
    bench.trying(x=x)
    bench.see("Softmax(x)", call(bench.Softmax(), Tensor(x.copy())))


CHECKS = (
    Check("ReLU: values", "ReLU", values("ReLU")),
    Check("ReLU: gradient", "ReLU", derivative("ReLU"), optional=True),
    Check("LeakyReLU: values", "LeakyReLU", values("LeakyReLU", 0.1)),
    Check("Sigmoid: values", "Sigmoid", values("Sigmoid")),
    Check("Sigmoid: far from zero", "Sigmoid", far("Sigmoid")),
    Check("Sigmoid: gradient", "Sigmoid", derivative("Sigmoid"), optional=True),
    Check("Tanh: values", "Tanh", values("Tanh")),
    Check("Tanh: far from zero", "Tanh", far("Tanh")),
    Check("Softmax: values", "Softmax", values("Softmax")),
    Check("Softmax: an axis sums to one", "Softmax", rows),
    Check("Softmax: large numbers", "Softmax", far("Softmax")),
    Check("Softmax: rows far apart", "Softmax", rows_apart),
    Check("Softmax: gradient", "Softmax", derivative("Softmax"), optional=True),
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

LESSON = Lesson(
    number="02",
    name="activations",
    title="Activations",
    needs=("01",),
    sources=("tinytorch.core.activations",),
    names=("ReLU", "LeakyReLU", "Sigmoid", "Tanh", "Softmax"),
    steps=STEPS,
    checks=CHECKS,
)
