"""gradcheck: are the derivatives of a function those of its values?"""

import numpy as np

from tinytorch.core.random import generator
from tinytorch.core.tensor import Tensor, as_array


class GradientError(AssertionError):
    """A derivative that differs from the central difference."""


def gradcheck(function, *inputs, full=False, h=1e-5, rtol=1e-6, atol=1e-7, rng=0) -> bool:
    """Compare `backward` with central differences, (f(x + hv) - f(x - hv)) / 2h, in float64.

    The output y is contracted with a random c, so f = Σ c y is one number. Then, for each
    floating-point input, ∇f·v is compared for one random direction v; if that fails, or with
    `full=True`, for every element, to name the one at fault.

    Arguments:
        function: takes tensors, returns a tensor. It must give the same value each time.
        inputs: tensors, arrays or numbers; integers and booleans are passed on unchanged.
        h: step of the differences. rtol, atol: |difference| <= atol + rtol |value|.
        rng: source of c and v, a seed or a generator.

    Raises:
        GradientError: names the input, the index and both values, or an input without a gradient.

    >>> tinytorch.gradcheck(lambda x: x.exp().sum(), [0.5, 1.0])
    True
    """
    rng = generator(rng)
    arrays = [as_array(value) for value in inputs]
    arrays = [np.array(a, np.float64) if a.dtype.kind == "f" else a for a in arrays]
    smooth = [i for i, a in enumerate(arrays) if a.dtype.kind == "f"]
    if not smooth:
        raise TypeError("gradcheck needs at least one floating-point input")

    leaves = [Tensor(a.copy(), requires_grad=i in smooth) for i, a in enumerate(arrays)]
    y = function(*leaves)
    if not y.requires_grad:
        raise GradientError("the output does not depend on any input: the graph is cut")
    c = rng.normal(size=y.shape)
    y.backward(c)

    def f(i, shifted):
        return np.sum(
            c * function(*[Tensor(shifted if j == i else a) for j, a in enumerate(arrays)]).data
        )

    def slope(i, direction):
        return (f(i, arrays[i] + h * direction) - f(i, arrays[i] - h * direction)) / (2 * h)

    def close(a, b):
        return abs(a - b) <= atol + rtol * max(abs(a), abs(b))

    def check_elements(i, gradient):
        for index in np.ndindex(arrays[i].shape):
            unit = np.zeros_like(arrays[i])
            unit[index] = 1
            expected = slope(i, unit)
            if not close(gradient[index], expected):
                raise GradientError(
                    f"input {i}, index {index}: backward gives {gradient[index]:.12g}, "
                    f"the central difference {expected:.12g}"
                )

    for i in smooth:
        if leaves[i].grad is None:
            raise GradientError(f"input {i} received no gradient: the graph is cut")
        gradient = leaves[i].grad.data
        if full:
            check_elements(i, gradient)
            continue
        v = rng.normal(size=arrays[i].shape)
        found, expected = np.sum(gradient * v), slope(i, v)
        if not close(found, expected):
            check_elements(i, gradient)
            raise GradientError(
                f"input {i}, along a random direction: backward gives {found:.12g}, "
                f"the central difference {expected:.12g}"
            )
    return True
