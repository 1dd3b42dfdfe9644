"""What is true of the elements of tensors: answers that no gradient goes through."""

import numpy as np

from tinytorch.core.methods import method
from tinytorch.core.tensor import answer, misfit, raw


def _asked(name: str, what: str):
    function = getattr(np, name)

    def of(x):
        return answer(np.asarray(function(x.data)))

    of.__name__ = of.__qualname__ = name
    of.__doc__ = f"""Where an element is {what}.

    >>> tinytorch.{name}([1.0, float("inf")]).tolist()
    {function([1.0, float("inf")]).tolist()}
    """
    return method(of)


isnan = _asked("isnan", "not a number")
isinf = _asked("isinf", "infinite")
isfinite = _asked("isfinite", "a finite number")


@method
def allclose(x, y, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether |x - y| ≤ atol + rtol |y| everywhere.

    >>> tinytorch.allclose([1.0], [1.0 + 1e-7])
    True
    """
    if what := misfit(x, y):
        raise ValueError(f"allclose: {what}")
    return bool(np.allclose(x.data, raw(y), rtol, atol, equal_nan))


@method
def equal(x, y) -> bool:
    """Whether both have one shape and the same elements.

    >>> tinytorch.equal([1.0, 2.0], [1.0, 2.0]), tinytorch.equal([1.0], [1.0, 1.0])
    (True, False)
    """
    return np.array_equal(x.data, raw(y))
