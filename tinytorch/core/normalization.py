"""Normalization: layers that give numbers mean 0 and variance 1, then a learned scale and shift."""

import math
from inspect import cleandoc

import numpy as np

from tinytorch.core.checks import NONNEGATIVE, POSITIVE_COUNT, PROPORTION, require
from tinytorch.core.module import Module
from tinytorch.core.sums import total
from tinytorch.core.tensor import Tensor, as_float, record


def standardize(x: Tensor, axis: tuple, eps: float) -> tuple[Tensor, np.ndarray, np.ndarray]:
    """(x - mean) / √(variance + eps) over `axis`, the mean, and the biased variance Σ(x - mean)²/n.

    With y the result and s = √(variance + eps), the gradient is
    (g - mean(g) - y mean(g y)) / s: what is along the constants or along y is projected away.
    """
    x = as_float(x)
    n = math.prod(x.shape[i] for i in axis)

    def average(numbers):
        return total(numbers, axis, keepdims=True) / n

    with np.errstate(over="ignore", invalid="ignore"):
        mean = average(x.data)
        deviation = x.data - mean
        variance = average(np.square(deviation))
        scale = 1 / np.sqrt(variance + eps)
        if not np.isfinite(variance).all():  # the squares of finite numbers may overflow
            unit = np.abs(x.data).max(axis=axis, keepdims=True)
            unit = np.where(np.isfinite(variance) | ~np.isfinite(unit), x.dtype.type(1), unit)
            small = x.data / unit
            mean = average(small)
            variance = average(np.square(small - mean))
            deviation = (small - mean) * unit
            scale = 1 / np.hypot(np.sqrt(variance) * unit, math.sqrt(eps))
            mean, variance = mean * unit, variance * unit * unit
    y = deviation * scale

    def derivative(g):
        return scale * (g - average(g) - y * average(g * y))

    return record(y, (x, derivative)), mean, variance


class LayerNorm(Module):
    """Standardize each row over its last axes (Ba et al. 2016).

    Arguments:
        normalized_shape: the lengths of those axes, an integer or several.
        eps: added to the variance.
        affine: whether to learn a weight (from 1) and a bias (from 0) of that shape.

    Shapes: x (..., *normalized_shape), y the same.

    Raises:
        ValueError: `normalized_shape` or `eps` outside what is allowed; or, when it is called, an
            input whose last axes are others.

    >>> nn.LayerNorm(2)(Tensor([[1.0, 3.0]])).data.round(3).tolist()
    [[-1.0, 1.0]]
    """

    def __init__(self, normalized_shape, eps: float = 1e-5, affine: bool = True):
        several = isinstance(normalized_shape, (tuple, list)) and len(normalized_shape)
        shape = normalized_shape if several else [normalized_shape]
        self.normalized_shape = tuple(
            require("LayerNorm", "normalized_shape", n, POSITIVE_COUNT) for n in shape
        )
        self.eps = require("LayerNorm", "eps", eps, NONNEGATIVE)
        self.weight, self.bias = affine_parameters(self.normalized_shape, affine)

    def forward(self, x: Tensor) -> Tensor:
        n = len(self.normalized_shape)
        if x.shape[-n:] != self.normalized_shape:
            raise ValueError(f"{self!r} cannot take an input of shape {x.shape}")
        y, _, _ = standardize(x, tuple(range(-n, 0)), self.eps)
        return y if self.weight is None else y * self.weight + self.bias

    def _parts(self):
        return [str(self.normalized_shape)]


class BatchNorm(Module):
    """Standardize each channel over the batch (Ioffe and Szegedy 2015).

    While training the batch's own mean and variance are used, and the running ones move towards
    them: r ← (1 - momentum) r + momentum b, where b holds the unbiased variance. In `eval` the
    running ones are used.

    Arguments:
        num_features: C, the length of axis 1.
        eps: added to the variance.
        momentum: how far the running statistics move, in [0, 1].
        affine: whether to learn a weight (from 1) and a bias (from 0) of shape (C,).

    Raises:
        ValueError: an argument outside what is allowed; or, when it is called, an input of
            another shape, or in training one with a single value per channel.

    >>> nn.BatchNorm1d(2)(Tensor([[1.0, 5.0], [3.0, 5.0]])).data.round(3).tolist()
    [[-1.0, 0.0], [1.0, 0.0]]
    """

    ranks: tuple  # how many axes an input may have

    def __init__(self, num_features: int, eps=1e-5, momentum: float = 0.1, affine: bool = True):
        name = type(self).__name__
        c = require(name, "num_features", num_features, POSITIVE_COUNT)
        self.eps = require(name, "eps", eps, NONNEGATIVE)
        self.momentum = require(name, "momentum", momentum, PROPORTION)
        self.weight, self.bias = affine_parameters((c,), affine)
        self.running_mean = Tensor(np.zeros(c, np.float32))
        self.running_var = Tensor(np.ones(c, np.float32))

    def forward(self, x: Tensor) -> Tensor:
        c = self.running_mean.size
        if x.ndim not in self.ranks or x.shape[1] != c:
            raise ValueError(f"{self!r} cannot take an input of shape {x.shape}")
        per_channel = (c,) + (1,) * (x.ndim - 2)
        if self.training:
            n = x.size // c
            if n < 2:
                raise ValueError(
                    f"{self!r} needs more than one value per channel to train, got shape {x.shape}"
                )
            y, mean, variance = standardize(x, (0, *range(2, x.ndim)), self.eps)
            self._move(self.running_mean, mean)
            self._move(self.running_var, variance * (n / (n - 1)))
        else:
            x = as_float(x)
            variance = self.running_var.data.reshape(per_channel).astype(x.dtype)
            y = (x - self.running_mean.reshape(per_channel)) / np.sqrt(variance + self.eps)
        if self.weight is None:
            return y
        return y * self.weight.reshape(per_channel) + self.bias.reshape(per_channel)

    def _move(self, running: Tensor, batch: np.ndarray) -> None:
        batch = batch.reshape(-1).astype(float)
        with np.errstate(over="ignore"):
            new = (1 - self.momentum) * running.data + self.momentum * batch
        most = np.finfo(running.dtype).max  # an infinite one would stay so for ever
        running.copy_(np.clip(new, -most, most))

    def _parts(self):
        return [str(self.running_mean.size)]


class BatchNorm1d(BatchNorm):
    __doc__ = f"{cleandoc(BatchNorm.__doc__)}\n\nShapes: x (N, C) or (N, C, L).\n"
    ranks = (2, 3)


class BatchNorm2d(BatchNorm):
    __doc__ = f"{cleandoc(BatchNorm.__doc__)}\n\nShapes: x (N, C, H, W).\n"
    ranks = (4,)


def affine_parameters(shape: tuple, affine: bool) -> tuple:
    if not affine:
        return None, None
    return (
        Tensor(np.ones(shape, np.float32), requires_grad=True),
        Tensor(np.zeros(shape, np.float32), requires_grad=True),
    )
