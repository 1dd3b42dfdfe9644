"""Where randomness comes from: a generator that is passed, or the one that `manual_seed` sets."""

import numpy as np

from tinytorch.core.checks import COUNT, require

_default = np.random.default_rng(0)


def manual_seed(seed: int) -> np.random.Generator:
    """Restart the generator that is used wherever none is passed.

    Raises:
        ValueError: `seed` is no integer >= 0.

    >>> rng = tinytorch.manual_seed(0)
    >>> tinytorch.rand(1).tolist() == tinytorch.rand(1, generator=0).tolist()
    True
    """
    global _default
    require("manual_seed", "seed", seed, COUNT)
    _default = np.random.default_rng(seed)
    return _default


class Generator(np.random.Generator):
    """NumPy's generator with PyTorch's `manual_seed`, for what takes `generator=` or `rng=`.

    >>> rng = tinytorch.Generator().manual_seed(7)
    >>> tinytorch.rand(2, generator=rng).tolist() == tinytorch.rand(2, generator=7).tolist()
    True
    """

    def __init__(self, device: str = "cpu"):
        super().__init__(np.random.PCG64(0))

    def manual_seed(self, seed: int) -> "Generator":
        """Begin anew from this seed.

        Raises:
            ValueError: `seed` is no integer >= 0.

        >>> tinytorch.Generator().manual_seed(7).random() == np.random.default_rng(7).random()
        True
        """
        require("manual_seed", "seed", seed, COUNT)
        self.bit_generator.state = np.random.PCG64(seed).state
        return self


def generator(rng=None) -> np.random.Generator:
    """`rng` as a generator: None means the default one, an integer seeds a new one.

    Raises:
        TypeError: `rng` is something else.
    """
    if rng is None:
        return _default
    if isinstance(rng, np.random.Generator):
        return rng
    if isinstance(rng, (int, np.integer)) and not isinstance(rng, bool) and rng >= 0:
        return np.random.default_rng(rng)
    raise TypeError(
        f"rng must be None, a seed (an integer >= 0) or numpy.random.Generator, not {rng!r}"
    )
