"""Initial weights by name: how large they should be so that signals keep their size."""

import math

import numpy as np

from tinytorch.core.random import generator
from tinytorch.core.tensor import Tensor

VARIANCES = {
    "he": lambda fan_in, fan_out: 2 / fan_in,  # He et al. 2015, equation 10
    "xavier": lambda fan_in, fan_out: 2 / (fan_in + fan_out),  # Glorot and Bengio 2010, eq. 12
    "lecun": lambda fan_in, fan_out: 1 / fan_in,  # LeCun et al. 1998, equation 16
}
NAMES = ("zeros", *(f"{name}_{form}" for name in VARIANCES for form in ("uniform", "normal")))


def initialize(init: str, shape: tuple, fan_in: int, fan_out: int, rng=None) -> Tensor:
    """A parameter of `shape` in float32, filled as `init` says.

    Arguments:
        init: "zeros", or "he", "xavier", "lecun" followed by "_uniform" or "_normal". Their
            variances are 2/fan_in, 2/(fan_in + fan_out) and 1/fan_in; a uniform distribution of
            variance s² reaches from -√3 s to √3 s.
        fan_in, fan_out: how many numbers enter into one output, and how many outputs one enters.
        rng: a generator, a seed, or None for the default generator.

    Raises:
        ValueError: there is no such `init`.
    """
    if init not in NAMES:
        raise ValueError(f"init must be one of {', '.join(NAMES)}; got {init!r}")
    rng = generator(rng)
    if init == "zeros":
        value = np.zeros(shape)
    else:
        name, form = init.split("_")
        deviation = math.sqrt(VARIANCES[name](fan_in, fan_out))
        if form == "uniform":
            bound = math.sqrt(3) * deviation
            value = rng.uniform(-bound, bound, shape)
        else:
            value = rng.normal(0, deviation, shape)
    return Tensor(value.astype(np.float32), requires_grad=True)
