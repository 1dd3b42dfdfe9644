"""03 Layers: modules with weights."""

import inspect

import numpy as np

from tinytorch.core.tensor import Tensor
from tinytorch.tito.bench import Inapplicable, NotThere, array
from tinytorch.tito.lesson import Check, Exercise, Lesson, Step
from tinytorch.tito.lessons.activations import call

X = np.array([[1.0, -2.0, 0.5], [3.0, 4.0, -1.5]])
W = np.array([[0.5, -1.0], [2.0, 0.25], [-0.75, 1.5]])
B = np.array([10.0, -20.0])


def part(layer, *names):
    """A layer's weight or bias, whatever it is called."""
    for name in names:
        if getattr(layer, name, None) is not None:
            return getattr(layer, name)
    raise NotThere(f"your {type(layer).__name__} has no attribute {names[0]}")


def weight(layer):
    return part(layer, "weight", "weights", "W", "w")


def bias(layer):
    return part(layer, "bias", "b")


def linear(bench, *sizes):
    cls = bench.Linear if bench.has("Linear") else bench.Dense
    return cls(*sizes)


def start(bench):
    bench.trying(in_features=200, out_features=50)
    layer = linear(bench, 200, 50)
    w = array(weight(layer))
    bench.see("the shape of the weights", list(w.shape))
    bench.see("the shape of the bias", list(array(bias(layer)).shape))
    bench.see("the bias starts", begins(array(bias(layer))))
    bench.see("the weights differ", bool(np.std(w) > 0))
    bench.see("the weights' variance", spread(w.var() * 200))
    bench.see("the weights' mean is about zero", bool(abs(w.mean()) < 0.3 * w.std() + 1e-3))
    again = array(weight(linear(bench, 200, 50)))
    bench.see("a second layer starts elsewhere", bool(np.any(w != again)))


def begins(values) -> str:
    """How the numbers of a bias start, in words: drawn ones are never the same twice."""
    if not np.any(values):
        return "at zero"
    return "at one number" if np.ptp(values) == 0 else "at many numbers"


def spread(times_n: float) -> str:
    """How a variance compares with one over the number of inputs, in words."""
    if times_n == 0:
        return "none"
    if times_n < 0.3:
        return "far below 1/n"
    return "about 1/n to 2/n" if times_n < 4 else "far above 2/n"


def set_to(layer, w, b):
    weight(layer).data, bias(layer).data = w.copy(), b.copy()
    return layer


def forward(bench):
    x, w, b = bench.vary(X), bench.vary(W), bench.vary(B)
    bench.trying(x=x, W=w, b=b)
    layer = linear(bench, 3, 2)
    if array(weight(layer)).shape != W.shape:
        bench.see("the shape of the weights", list(array(weight(layer)).shape))
        return
    bench.see("the layer's output", call(set_to(layer, w, b), Tensor(x.copy())))


def without_bias(bench):
    cls = bench.Linear if bench.has("Linear") else bench.Dense
    if "bias" not in inspect.signature(cls).parameters:
        raise Inapplicable("your Linear takes no bias=False: it always has one")
    x, w = bench.vary(X), bench.vary(W)
    bench.trying(x=x, W=w, bias=False)
    layer = cls(3, 2, bias=False)
    weight(layer).data = w.copy()
    bench.see("the layer's output", call(layer, Tensor(x.copy())))
    bench.see("how many tensors it trains", len(list(layer.parameters())))


def gradients(bench):
    x, w, b = bench.vary(X), bench.vary(W), bench.vary(B)
    bench.trying(x=x, W=w, b=b, operation="y.sum().backward()")
    layer = linear(bench, 3, 2)
    call(set_to(layer, w, b), Tensor(x.copy())).sum().backward()
    bench.see("the gradient of the weights", weight(layer).grad)
    bench.see("the gradient of the bias", bias(layer).grad)


def chain(bench):
    x = bench.vary(X)
    bench.trying(x=x, layers="x + 1, then 2 x, then x²")
    layers = [lambda x: x + 1.0, lambda x: x * 2.0, lambda x: x * x]
    bench.see("in a list", call(bench.Sequential(layers), Tensor(x.copy())))


def empty_chain(bench):
    x = bench.vary(X)
    bench.trying(x=x, layers=[])
    bench.see("no layers", call(bench.Sequential([]), Tensor(x.copy())))


def network(bench):
    bench.trying(sizes=[3, 5, 4, 2])
    model = bench.MLP([3, 5, 4, 2])
    kinds = [type(layer).__name__.replace("Dense", "Linear") for layer in model.layers]
    bench.see("its layers", kinds)
    weighty = [x for x, kind in zip(model.layers, kinds, strict=True) if kind == "Linear"]
    bench.see("the shapes of the weights", [list(array(weight(x)).shape) for x in weighty])
    x, scale = bench.vary(X), bench.vary(1.5)
    for i, layer in enumerate(weighty):
        w = scale * np.linspace(-1, 1, array(weight(layer)).size).reshape(
            array(weight(layer)).shape
        )
        weight(layer).data, bias(layer).data = w, np.full(w.shape[1], 0.1 * (i + 1))
    bench.see("its output", call(model, Tensor(x.copy())))
    bench.see("how many tensors it trains", len(list(model.parameters())))


def seeded(bench):
    cls = bench.MLP
    if "rng" not in inspect.signature(cls).parameters:
        raise Inapplicable("your MLP takes no rng: it starts elsewhere each time")
    bench.trying(sizes=[6, 6, 6], rng=0)
    first, second = (
        [array(weight(x)) for x in cls([6, 6, 6], rng=0).layers if hasattr(x, "weight")]
        for _ in range(2)
    )
    bench.see("two layers start alike", np.array_equal(first[0], first[1]))
    bench.see("the same seed starts alike", all(map(np.array_equal, first, second)))


CHECKS = (
    Check("Linear: how it starts", "Linear", start),
    Check("Linear: forward", "Linear", forward),
    Check("Linear: without a bias", "Linear", without_bias, optional=True),
    Check("Linear: gradients reach the parameters", "Linear", gradients),
    Check("Sequential: forward", "Sequential", chain),
    Check("Sequential: without layers", "Sequential", empty_chain),
    Check("MLP: its layers", "MLP", network),
    Check("MLP: one seed", "MLP", seeded, optional=True),
)

STEPS = (
    Step(
        "A linear layer",
        ("Linear",),
        (
            Exercise(
                "Linear.__init__",
                "self.weight of shape (in_features, out_features), random; self.bias of zeros, "
                "or None without a bias",
                (
                    "`initialize(name, shape, n, m, rng)` makes a tensor that requires a gradient; "
                    "`Tensor(array, requires_grad=True)` does too.",
                    "Draw the weights with a variance of about 2 / in_features, so that the "
                    "signal neither dies nor explodes.",
                ),
                ("Linear: how it starts",),
            ),
            Exercise(
                "Linear.forward",
                "x times the weights, plus the bias if there is one",
                ("`@` is the matrix product; x stands on the left.",),
                (
                    "Linear: forward",
                    "Linear: without a bias",
                    "Linear: gradients reach the parameters",
                ),
            ),
        ),
    ),
    Step(
        "One after another",
        ("Sequential",),
        (
            Exercise(
                "Sequential.forward",
                "the output of the last layer, each layer taking the output of the one before",
                ("A loop over `self.layers`.",),
                ("Sequential: forward",),
            ),
        ),
    ),
    Step(
        "A network",
        ("MLP",),
        (
            Exercise(
                "MLP.__init__",
                "make the list of layers and hand it to Sequential's constructor",
                (
                    "`pairwise([3, 5, 2])` gives (3, 5) and (5, 2): a Linear for each.",
                    "An activation stands between two linear layers, not after the last.",
                    "`rng` may be a number. `generator(rng)` makes a source of random numbers of "
                    "it, which the layers then share.",
                ),
                ("MLP: its layers", "MLP: one seed"),
            ),
        ),
    ),
)

LESSON = Lesson(
    number="03",
    name="layers",
    title="Layers",
    needs=("01", "02"),
    sources=("tinytorch.core.layers",),
    names=("Linear", "Sequential", "MLP"),
    steps=STEPS,
    checks=CHECKS,
)
