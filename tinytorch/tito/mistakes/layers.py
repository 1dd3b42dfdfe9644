"""What goes wrong in 03 Layers."""

import itertools

import numpy as np

from tinytorch.core.activations import ReLU
from tinytorch.core.layers import Linear, Sequential
from tinytorch.core.tensor import Tensor
from tinytorch.tito.lesson import Mistake


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


def composed(layer):
    """A constructor of MLP whose linear layers are made by `layer(n, m, init, rng)`."""

    def init(self, sizes, activation=ReLU, *, init="he_uniform", rng=None):
        pairs = ((layer(n, m, init, rng), activation()) for n, m in itertools.pairwise(sizes))
        Sequential.__init__(self, [*itertools.chain(*pairs)][:-1])

    return init


def no_activation(self, sizes, activation=None, right=Sequential.__init__, **kwargs):
    right(self, [Linear(n, m) for n, m in zip(sizes[:-1], sizes[1:], strict=True)])


def too_small(n, m):
    return np.random.default_rng().normal(size=(n, m)) * 0.01


def weights_cut(self, x):
    y = Tensor(x.data @ self.weight.data)
    return y if self.bias is None else y + self.bias


def bias_cut(self, x):
    y = x @ self.weight
    return y if self.bias is None else y + Tensor(self.bias.data)


def run_layers(layers, x):
    for layer in layers:
        x = layer(x)
    return x


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
            "shape get equal weights; make one generator and hand it to all.",
            composed(lambda n, m, init, rng: Linear(n, m, init=init, rng=rng))),
    Mistake("Linear.__init__", "weights start too small", "With a variance far below 1/n the "
            "signal dies on its way through the layers; scale by √(2/n).", begun(too_small)),
    Mistake("Linear.__init__", "the bias starts at one", "It starts at zero.",
            begun(fresh, lambda m: np.ones(m))),
    Mistake("Linear.__init__", "all weights are alike", "All units then compute the same and get "
            "the same gradient for ever; draw them at random.",
            begun(lambda n, m: np.full((n, m), np.sqrt(2 / n)))),
    Mistake("Linear.forward", "the weights are cut from the graph", "x.data @ self.weight.data is "
            "an array: no gradient reaches the weights. x @ self.weight keeps the graph.",
            weights_cut),
    Mistake("Linear.forward", "the bias is cut from the graph", "Add self.bias itself, not its "
            ".data: its gradient is lost.", bias_cut),
    Mistake("Sequential.forward", "the last layer is left out", "Every layer is applied.",
            lambda self, x: run_layers(self.layers[:-1], x)),
    Mistake("Sequential.forward", "the first layer is left out", "Every layer is applied.",
            lambda self, x: run_layers(self.layers[1:], x)),
    Mistake("MLP.__init__", "rng is not handed on", "The seed that was given has no effect: hand "
            "the generator to every layer.",
            composed(lambda n, m, init, rng: Linear(n, m, init=init))),
]  # fmt: skip
