"""Layers: modules with weights."""

from itertools import pairwise

import numpy as np

from tinytorch.core.activations import ReLU
from tinytorch.core.module import Module
from tinytorch.core.random import generator
from tinytorch.core.tensor import Tensor


class Linear(Module):
    """y = x W + b.

    Arguments:
        in_features, out_features: n and m, at least 1.
        bias: whether to add b.
        rng: source of the initial weights: a generator, a seed, or None for the default one.

    Shapes: x (..., n), W (n, m), b (m,), y (..., m). Weights start uniform in
    (-√(6/n), √(6/n)), so that their variance is 2/n (He et al. 2015, equation 10); b at zero.
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True, *, rng=None):
        for name, value in (("in_features", in_features), ("out_features", out_features)):
            if not isinstance(value, (int, np.integer)) or value < 1:
                raise ValueError(f"{name} must be an integer of at least 1, got {value!r}")
        bound = np.sqrt(6 / in_features)
        weight = generator(rng).uniform(-bound, bound, (in_features, out_features))
        self.weight = Tensor(weight.astype(np.float32), requires_grad=True)
        self.bias = Tensor(np.zeros(out_features, np.float32), requires_grad=True) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        y = x @ self.weight
        return y if self.bias is None else y + self.bias

    def __repr__(self) -> str:
        return "Linear({}, {})".format(*self.weight.shape)


Dense = Linear  # Keras's name for it


class Sequential(Module):
    """Modules applied one after another: `Sequential(a, b)` or `Sequential([a, b])`."""

    def __init__(self, *layers):
        if len(layers) == 1 and isinstance(layers[0], (list, tuple)):
            layers = layers[0]
        for i, layer in enumerate(layers):
            if not callable(layer):
                raise TypeError(f"Sequential: layer {i} is not callable: {layer!r}")
        self.layers = list(layers)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, i):
        return self.layers[i]

    def __repr__(self) -> str:
        return "Sequential({})".format(", ".join(map(repr, self.layers)))


class MLP(Sequential):
    """Linear layers of the given sizes with an activation between them.

    `MLP([784, 128, 10])` is Linear(784, 128), ReLU, Linear(128, 10).
    """

    def __init__(self, sizes, activation=ReLU, *, rng=None):
        if len(sizes) < 2:
            raise ValueError(f"sizes must name at least an input and an output, got {sizes!r}")
        rng = generator(rng)
        layers = []
        for n, m in pairwise(sizes):
            layers += [Linear(n, m, rng=rng), activation()]
        super().__init__(layers[:-1])
