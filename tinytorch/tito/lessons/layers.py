"""03 Layers: modules with weights."""

import inspect
import itertools

import numpy as np

from tinytorch.core.activations import ReLU
from tinytorch.core.layers import Linear, Sequential
from tinytorch.core.tensor import Tensor
from tinytorch.tito.bench import Inapplicable, NotThere, array
from tinytorch.tito.lesson import Check, Exercise, Lesson, Mistake, Step
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
    bench.see("the bias starts at zero", bool(np.all(array(bias(layer)) == 0)))
    bench.see("the weights differ", bool(np.std(w) > 0))
    bench.see("the weights' variance is about 1/n to 2/n", bool(0.3 < w.var() * 200 < 4))
    bench.see("the weights' mean is about zero", bool(abs(w.mean()) < 0.3 * w.std() + 1e-3))
    again = array(weight(linear(bench, 200, 50)))
    bench.see("a second layer starts elsewhere", bool(np.any(w != again)))


def set_to(layer):
    weight(layer).data, bias(layer).data = W.copy(), B.copy()
    return layer


def forward(bench):
    bench.trying(x=X, W=W, b=B)
    layer = linear(bench, 3, 2)
    if array(weight(layer)).shape != W.shape:
        bench.see("the shape of the weights", list(array(weight(layer)).shape))
        return
    bench.see("the layer's output", call(set_to(layer), Tensor(X.copy())))


def without_bias(bench):
    cls = bench.Linear if bench.has("Linear") else bench.Dense
    if "bias" not in inspect.signature(cls).parameters:
        raise Inapplicable("your Linear takes no bias=False: it always has one")
    bench.trying(x=X, W=W, bias=False)
    layer = cls(3, 2, bias=False)
    weight(layer).data = W.copy()
    bench.see("the layer's output", call(layer, Tensor(X.copy())))
    bench.see("how many tensors it trains", len(list(layer.parameters())))


def gradients(bench):
    bench.trying(x=X, W=W, b=B, operation="y.sum().backward()")
    layer = linear(bench, 3, 2)
    call(set_to(layer), Tensor(X.copy())).sum().backward()
    bench.see("the gradient of the weights", weight(layer).grad)
    bench.see("the gradient of the bias", bias(layer).grad)


def chain(bench):
    bench.trying(x=X, layers="x + 1, then 2 x, then x²")
    layers = [lambda x: x + 1.0, lambda x: x * 2.0, lambda x: x * x]
    bench.see("in a list", call(bench.Sequential(layers), Tensor(X.copy())))


def empty_chain(bench):
    bench.trying(x=X, layers=[])
    bench.see("no layers", call(bench.Sequential([]), Tensor(X.copy())))


def network(bench):
    bench.trying(sizes=[3, 5, 4, 2])
    model = bench.MLP([3, 5, 4, 2])
    kinds = [type(layer).__name__.replace("Dense", "Linear") for layer in model.layers]
    bench.see("its layers", kinds)
    weighty = [x for x, kind in zip(model.layers, kinds, strict=True) if kind == "Linear"]
    bench.see("the shapes of the weights", [list(array(weight(x)).shape) for x in weighty])
    x = X
    for i, layer in enumerate(weighty):
        w = np.linspace(-1, 1, array(weight(layer)).size).reshape(array(weight(layer)).shape)
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
    Check("Linear: without a bias", "Linear", without_bias),
    Check("Linear: gradients reach the parameters", "Linear", gradients),
    Check("Sequential: forward", "Sequential", chain),
    Check("Sequential: without layers", "Sequential", empty_chain),
    Check("MLP: its layers", "MLP", network),
    Check("MLP: one seed", "MLP", seeded),
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


def begun(make_weight, make_bias=np.zeros, right=Linear.__init__):
    """A constructor of Linear with other first weights."""

    def init(self, in_features, out_features, bias=True, **kwargs):
        right(self, in_features, out_features, bias, **kwargs)
        self.weight.data = make_weight(in_features, out_features)
        if bias:
            self.bias.data = make_bias(out_features)

    return init


def normal(n, m, scale):
    return np.random.default_rng(0).normal(size=(n, m)) * scale


def fresh(n, m, rng=np.random.default_rng(1)):  # noqa: B008  one generator for all layers
    return rng.normal(size=(n, m)) * np.sqrt(2 / n)


def frozen(self, in_features, out_features, bias=True, right=Linear.__init__, **kwargs):
    right(self, in_features, out_features, bias, **kwargs)
    for p in self.parameters():
        p.requires_grad = False


def always_biased(self, in_features, out_features, bias=True, right=Linear.__init__, **kwargs):
    right(self, in_features, out_features, True, **kwargs)


def first_only(self, x):
    return self.layers[0](x) if self.layers else x


def backwards(self, x):
    for layer in reversed(self.layers):
        x = layer(x)
    return x


def from_the_input(self, x):
    y = x
    for layer in self.layers:
        y = layer(x)
    return y


def activation_last(self, sizes, activation=None, right=Sequential.__init__, **kwargs):
    layers = []
    for n, m in zip(sizes[:-1], sizes[1:], strict=True):
        layers += [Linear(n, m), ReLU()]
    right(self, layers)


def alike(self, sizes, activation=ReLU, *, init="he_uniform", rng=None):
    layers = []
    for n, m in itertools.pairwise(sizes):
        layers += [Linear(n, m, init=init, rng=rng), activation()]
    Sequential.__init__(self, layers[:-1])


def no_activation(self, sizes, activation=None, right=Sequential.__init__, **kwargs):
    right(self, [Linear(n, m) for n, m in zip(sizes[:-1], sizes[1:], strict=True)])


MISTAKES = [
    Mistake("Linear.__init__", "weights start at zero", "All units then compute the same and get "
            "the same gradient for ever; draw them at random.",
            begun(lambda n, m: np.zeros((n, m)))),
    Mistake("Linear.__init__", "weights start too large", "With variance 1 the output of a layer "
            "of n inputs is n times as strong as its input; scale by √(2/n).",
            begun(lambda n, m: np.random.default_rng().normal(size=(n, m)))),
    Mistake("Linear.__init__", "weights are all positive", "A uniform draw from (0, 1) has mean "
            "1/2: centre it at zero.",
            begun(lambda n, m: np.random.default_rng().uniform(0, 2 * np.sqrt(6 / n), (n, m)))),
    Mistake("Linear.__init__", "every layer starts alike", "The generator is seeded inside the "
            "constructor, so that each layer draws the same numbers.",
            begun(lambda n, m: normal(n, m, np.sqrt(2 / n)))),
    Mistake("Linear.__init__", "the bias starts at random", "It starts at zero.",
            begun(fresh, lambda m: np.random.default_rng().normal(size=m))),
    Mistake("Linear.__init__", "the weights are transposed", "Here x stands on the left, x W, so "
            "W has the shape (in_features, out_features).", begun(lambda n, m: fresh(n, m).T)),
    Mistake("Linear.forward", "the bias is forgotten", "y = x W + b.",
            lambda self, x: x @ self.weight),
    Mistake("Linear.forward", "the bias is subtracted", "y = x W + b.",
            lambda self, x: x @ self.weight - self.bias),
    Mistake("Linear.forward", "the graph is cut", "The layer computes with .data, so that no "
            "gradient reaches the weights.",
            lambda self, x: Tensor(x.data @ self.weight.data + self.bias.data)),
    Mistake("Linear.__init__", "a bias in any case", "With bias=False there is none: self.bias is "
            "None.", always_biased),
    Mistake("Linear.__init__", "the weights require no gradient", "Tensor(array, "
            "requires_grad=True): without it no gradient is kept, and no optimizer finds them.",
            frozen),
    Mistake("Sequential.forward", "only the first layer is applied", "The return stands inside "
            "the loop.", first_only),
    Mistake("Sequential.forward", "the layers run backwards", "The first in the list comes first.",
            backwards),
    Mistake("Sequential.forward", "each layer gets the input of the whole", "Each takes what the "
            "one before it returned: x = layer(x).", from_the_input),
    Mistake("MLP.__init__", "an activation after the last layer", "The outputs of a classifier are "
            "any real numbers; a ReLU there would forbid the negative ones.", activation_last),
    Mistake("MLP.__init__", "no activation between the layers", "Linear maps one after another are "
            "one linear map.", no_activation),
    Mistake("MLP.__init__", "one seed for every layer", "With a number for rng, layers of equal "
            "shape get equal weights; make one generator and hand it to all.", alike),
]  # fmt: skip

LESSON = Lesson(
    number="03",
    name="layers",
    title="Layers",
    needs=("01", "02"),
    sources=("tinytorch.core.layers",),
    names=("Linear", "Sequential", "MLP"),
    steps=STEPS,
    checks=CHECKS,
    mistakes=lambda: MISTAKES,
)
