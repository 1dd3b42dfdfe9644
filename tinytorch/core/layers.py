"""Layers: modules with weights, and what stands between them.

Wherever `rng` is taken it is a generator, a seed, or None for the default generator.
"""

from itertools import pairwise

import numpy as np

from tinytorch.core.activations import ReLU
from tinytorch.core.checks import FLAG, INTEGER, POSITIVE_COUNT, PROPORTION, require
from tinytorch.core.convolution import (
    adaptive_avg_pool2d,
    avg_pool2d,
    conv2d,
    max_pool2d,
    pair,
)
from tinytorch.core.functional import embedding, row_of
from tinytorch.core.init import initialize
from tinytorch.core.module import Module
from tinytorch.core.random import generator
from tinytorch.core.tensor import Tensor

SIZES = (
    lambda value: len(value) >= 2 and all(map(POSITIVE_COUNT[0], value)),
    "a list of two or more integers >= 1, the input's size first",
)


class Linear(Module):
    """y = x W + b.

    Arguments:
        in_features, out_features: n and m, at least 1.
        bias: whether to add b.
        init: how W starts, a name of `tinytorch.core.init`; b starts at zero.
        rng: source of the initial weights.

    Shapes: x (..., n), W (n, m), b (m,), y (..., m).

    Raises:
        ValueError: an argument outside what is allowed; or, when it is called, an input whose
            last axis is not n long.

    >>> nn.Linear(3, 2)(tinytorch.ones(4, 3)).shape
    (4, 2)
    """

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, *, init="he_uniform", rng=None
    ):
        n = require("Linear", "in_features", in_features, POSITIVE_COUNT)
        m = require("Linear", "out_features", out_features, POSITIVE_COUNT)
        self.weight = initialize(init, (n, m), n, m, rng)
        self.bias = initialize("zeros", (m,), n, m) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        x = x if isinstance(x, Tensor) else Tensor(x)
        if not x.ndim or x.shape[-1] != self.weight.shape[0]:
            raise ValueError(f"{self!r} cannot take an input of shape {x.shape}")
        y = x @ self.weight
        return y if self.bias is None else y + self.bias

    def _parts(self):
        return [*map(repr, self.weight.shape), *([] if self.bias is not None else ["bias=False"])]


Dense = Linear  # Keras's name for it


class Conv2d(Module):
    """Cross-correlation with a bank of kernels, plus a bias; see `conv2d`.

    Arguments:
        in_channels, out_channels: C and O, at least 1.
        kernel_size, stride, padding: integers or pairs (vertical, horizontal); padding "same" keeps
            the images' size, with odd kernels and stride 1.
        bias, init, rng: as in Linear; one output sees C kh kw numbers.

    Shapes: x (N, C, H, W), weight (O, C, kh, kw), bias (O,).

    Raises:
        ValueError: an argument outside what is allowed; or, when it is called, as `conv2d`.

    >>> nn.Conv2d(1, 8, 3, padding=1)(tinytorch.ones(2, 1, 5, 5)).shape
    (2, 8, 5, 5)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size,
        stride=1,
        padding=0,
        bias: bool = True,
        *,
        init="he_uniform",
        rng=None,
    ):
        c = require("Conv2d", "in_channels", in_channels, POSITIVE_COUNT)
        o = require("Conv2d", "out_channels", out_channels, POSITIVE_COUNT)
        kernel = pair("Conv2d", "kernel_size", kernel_size, 1)
        self.stride = pair("Conv2d", "stride", stride, 1)
        if isinstance(padding, str):
            if padding != "same" or self.stride != (1, 1) or not all(k % 2 for k in kernel):
                raise ValueError(
                    'Conv2d: a padding in words must be "same", with an odd kernel and stride 1; '
                    f"got {padding!r}, kernel {kernel} and stride {self.stride}"
                )
            padding = tuple(k // 2 for k in kernel)
        self.padding = pair("Conv2d", "padding", padding, 0)
        area = kernel[0] * kernel[1]
        self.weight = initialize(init, (o, c, *kernel), c * area, o * area, rng)
        self.bias = initialize("zeros", (o,), c, o) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        return conv2d(x, self.weight, self.bias, self.stride, self.padding)

    def _parts(self):
        out, c, *kernel = self.weight.shape
        parts = [str(c), str(out), str(tuple(kernel))]
        parts += [f"stride={self.stride}"] if self.stride != (1, 1) else []
        parts += [f"padding={self.padding}"] if self.padding != (0, 0) else []
        return parts + ([] if self.bias is not None else ["bias=False"])


class MaxPool2d(Module):
    """The largest element of each window of an image; see `max_pool2d`.

    Arguments:
        kernel_size, stride, padding: integers or pairs (vertical, horizontal); the stride is the
            kernel's size by default.

    Shapes: x (N, C, H, W), y (N, C, (H + 2p - k) // s + 1, (W + 2p - k) // s + 1).

    Raises:
        ValueError: as `max_pool2d`.

    >>> nn.MaxPool2d(2)(tinytorch.ones(1, 1, 4, 4)).shape
    (1, 1, 2, 2)
    """

    pool = staticmethod(max_pool2d)

    def __init__(self, kernel_size, stride=None, padding=0):
        name, stride = type(self).__name__, kernel_size if stride is None else stride
        self.kernel_size = pair(name, "kernel_size", kernel_size, 1)
        self.stride = pair(name, "stride", stride, 1)
        self.padding = pair(name, "padding", padding, 0)

    def forward(self, x: Tensor) -> Tensor:
        return self.pool(x, self.kernel_size, self.stride, self.padding)

    def _parts(self):
        return [f"{self.kernel_size}, stride={self.stride}, padding={self.padding}"]


class AvgPool2d(MaxPool2d):
    """The mean of each window of an image; see `avg_pool2d`. Arguments and shapes as MaxPool2d.

    >>> nn.AvgPool2d(2)(tinytorch.ones(1, 1, 4, 4)).shape
    (1, 1, 2, 2)
    """

    pool = staticmethod(avg_pool2d)


class AdaptiveAvgPool2d(Module):
    """Images of any size become images of one size, each element the mean of its share; see
    `adaptive_avg_pool2d`.

    Shapes: x (N, C, H, W), y (N, C, *output_size).

    Raises:
        ValueError: `output_size` is no integer >= 1 or pair of them; or, when it is called, images
            that are not (N, C, H, W).

    >>> nn.AdaptiveAvgPool2d(1)(tinytorch.ones(2, 3, 5, 7)).shape
    (2, 3, 1, 1)
    """

    def __init__(self, output_size):
        self.output_size = pair("AdaptiveAvgPool2d", "output_size", output_size, 1)

    def forward(self, x: Tensor) -> Tensor:
        return adaptive_avg_pool2d(x, self.output_size)

    def _parts(self):
        return [repr(self.output_size)]


class Flatten(Module):
    """(N, ...) -> (N, product of the rest); or the axes from `start_dim` to `end_dim` as one.

    Raises:
        ValueError: the input has no axes, or not these.

    >>> nn.Flatten()(tinytorch.ones(5, 2, 3)).shape
    (5, 6)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1):
        self.start_dim = require("Flatten", "start_dim", start_dim, INTEGER)
        self.end_dim = require("Flatten", "end_dim", end_dim, INTEGER)

    def forward(self, x: Tensor) -> Tensor:
        x = x if isinstance(x, Tensor) else Tensor(x)
        if not x.ndim:
            raise ValueError("Flatten needs a batch, got shape ()")
        if self.start_dim == x.ndim == 1:
            return x.reshape(len(x), 1)
        return x.flatten(self.start_dim, self.end_dim)

    def _parts(self):
        plain = (self.start_dim, self.end_dim) == (1, -1)
        return [] if plain else [f"start_dim={self.start_dim}, end_dim={self.end_dim}"]


class Identity(Module):
    """What it is given.

    >>> nn.Identity()(Tensor([1.0]))
    Tensor([1.])
    """

    def forward(self, x: Tensor) -> Tensor:
        return x


def dropout(x: Tensor, p: float = 0.5, training: bool = True, *, rng=None) -> Tensor:
    """Zero each element with probability p, and divide the others by 1 - p.

    >>> F.dropout(tinytorch.ones(2), training=False)
    Tensor([1., 1.])

    Raises:
        ValueError: `p` lies outside [0, 1].
    """
    x = x if isinstance(x, Tensor) else Tensor(x)
    return dropped(x, x.shape, p, training, rng)


def dropout2d(x: Tensor, p: float = 0.5, training: bool = True, *, rng=None) -> Tensor:
    """Zero each channel of each image with probability p, and divide the others by 1 - p.

    >>> F.dropout2d(tinytorch.ones(1, 1, 2, 2), training=False).shape
    (1, 1, 2, 2)

    Raises:
        ValueError: `p` lies outside [0, 1], or the images are not (N, C, H, W).
    """
    x = x if isinstance(x, Tensor) else Tensor(x)
    if x.ndim != 4:
        raise ValueError(f"dropout2d needs images (N, C, H, W), got shape {x.shape}")
    return dropped(x, (*x.shape[:2], 1, 1), p, training, rng)


def dropped(x: Tensor, shape: tuple, p: float, training: bool, rng) -> Tensor:
    """x, with what lies under the zeros of one random mask of this shape left out."""
    require("dropout", "p", p, PROPORTION)
    if not training or p == 0:
        return x
    kept = generator(rng).random(shape) >= p
    scale = 1 / (1 - p) if p < 1 else 0.0
    return x * (kept * x.dtype.type(scale))


class Dropout(Module):
    """While training: zero each element with probability p, and divide the others by 1 - p.

    (Srivastava et al. 2014, with the division moved to training, so that `eval` does nothing.)

    Raises:
        ValueError: `p` lies outside [0, 1].

    >>> nn.Dropout(0.5).eval()(Tensor([1.0, 2.0]))
    Tensor([1., 2.])
    """

    drop = staticmethod(dropout)

    def __init__(self, p: float = 0.5, inplace: bool = False, *, rng=None):
        self.p = require(type(self).__name__, "p", p, PROPORTION)
        require(type(self).__name__, "inplace", inplace, FLAG)  # PyTorch's, as of ReLU
        self.rng = None if rng is None else generator(rng)

    def forward(self, x: Tensor) -> Tensor:
        return self.drop(x, self.p, self.training, rng=self.rng)

    def _parts(self):
        return [repr(self.p)]


class Dropout2d(Dropout):
    """While training: zero each channel of each image with probability p, and divide the others by
    1 - p (Tompson et al. 2015).

    Raises:
        ValueError: `p` lies outside [0, 1]; or, when it is called, images that are not
            (N, C, H, W).

    >>> nn.Dropout2d(0.5).eval()(tinytorch.ones(1, 1, 2, 2)).shape
    (1, 1, 2, 2)
    """

    drop = staticmethod(dropout2d)


class Embedding(Module):
    """A table of vectors, looked up by index; the rows start from N(0, 1).

    Arguments:
        num_embeddings, embedding_dim: the rows and their length, at least 1.
        padding_idx: a row, counted from the end if negative, that starts at zero and gets no
            gradient.
        rng: source of the initial weights.

    Shapes: indices (...), weight (num_embeddings, embedding_dim), y (..., embedding_dim).

    Raises:
        ValueError: a size below 1, or a `padding_idx` that is no row; or, when it is called, an
            index outside 0..num_embeddings - 1.
        TypeError: indices that are not whole numbers.

    >>> nn.Embedding(10, 4)([[1, 2, 3]]).shape
    (1, 3, 4)
    """

    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None, *, rng=None
    ):
        rows = require("Embedding", "num_embeddings", num_embeddings, POSITIVE_COUNT)
        columns = require("Embedding", "embedding_dim", embedding_dim, POSITIVE_COUNT)
        weight = generator(rng).normal(size=(rows, columns)).astype(np.float32)
        self.padding_idx = None
        if padding_idx is not None:
            self.padding_idx = row_of("Embedding", padding_idx, rows)
            weight[self.padding_idx] = 0
        self.weight = Tensor(weight, requires_grad=True)

    @classmethod
    def from_pretrained(
        cls, embeddings, freeze: bool = True, padding_idx: int | None = None
    ) -> "Embedding":
        """A layer whose rows are these, a copy; frozen, they are not trained.

        >>> nn.Embedding.from_pretrained([[1.0, 2.0], [3.0, 4.0]])([1]).tolist()
        [[3.0, 4.0]]

        Raises:
            ValueError: `embeddings` is no matrix.
        """
        weight = embeddings if isinstance(embeddings, Tensor) else Tensor(embeddings)
        if weight.ndim != 2:
            raise ValueError(f"Embedding: pretrained rows are a matrix, got shape {weight.shape}")
        layer = cls(*weight.shape, padding_idx, rng=0)
        layer.weight = Tensor(weight.data.copy(), requires_grad=not freeze)
        return layer

    def forward(self, indices) -> Tensor:
        return embedding(self.weight, indices, self.padding_idx)

    def _parts(self):
        own = [] if self.padding_idx is None else [f"padding_idx={self.padding_idx}"]
        return [*map(repr, self.weight.shape), *own]


class Sequential(Module):
    """Modules applied one after another: `Sequential(a, b)`, `Sequential([a, b])`, or the values of
    a dictionary in its order.

    Raises:
        TypeError: one of them is neither a module nor a function.

    >>> nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))(tinytorch.ones(5, 3)).shape
    (5, 2)
    """

    def __init__(self, *layers):
        if len(layers) == 1 and isinstance(layers[0], (list, tuple)):
            layers = layers[0]
        elif len(layers) == 1 and isinstance(layers[0], dict):
            layers = tuple(layers[0].values())
        for i, layer in enumerate(layers):
            if isinstance(layer, type) or not callable(layer):
                raise TypeError(f"Sequential: layer {i} is not a module or function: {layer!r}")
        self.layers = list(layers)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, i):
        """A layer by its number, or a Sequential of those of a slice."""
        return Sequential(self.layers[i]) if isinstance(i, slice) else self.layers[i]

    def _parts(self):
        return [*map(repr, self.layers)]


class MLP(Sequential):
    """Linear layers of the given sizes with an activation between them.

    `MLP([784, 128, 10])` is Linear(784, 128), ReLU, Linear(128, 10).

    Arguments:
        sizes: the widths, from the input's to the output's.
        activation: makes a module: a class such as ReLU or Tanh.
        init, rng: as in Linear.

    Raises:
        ValueError: `sizes` or `init` outside what is allowed.

    >>> nn.MLP([3, 4, 2])
    MLP(Linear(3, 4), ReLU(), Linear(4, 2))
    """

    def __init__(self, sizes, activation=ReLU, *, init="he_uniform", rng=None):
        require("MLP", "sizes", sizes, SIZES)
        rng = generator(rng)
        layers = []
        for n, m in pairwise(sizes):
            layers += [Linear(n, m, init=init, rng=rng), activation()]
        super().__init__(layers[:-1])
