"""Products with the matrix of second derivatives, which is never formed."""

import math

import numpy as np

from tinytorch.core.autograd import enable_grad
from tinytorch.core.tensor import Tensor, as_array


def hvp(loss, params: list[Tensor], vectors) -> list[np.ndarray]:
    """H v, with the Hessian H of a loss: (∇f(p + h v) - ∇f(p - h v)) / 2h.

    h is ε^(1/3) max(1, ‖p‖) / ‖v‖ with the dtype's ε, which balances rounding and h²: in float64
    about ten digits are right, in float32 about four.

    Arguments:
        loss: a function that computes the loss, a scalar tensor, from the parameters.
        params: tensors that require a gradient; they are moved, and put back with their gradients.
        vectors: v, an array of the same shape for each parameter.

    Returns:
        H v, an array for each parameter, in its dtype.

    Raises:
        ValueError: the vectors are not of the parameters' number and shapes.

    >>> p = Tensor(np.array([1.0, 2.0]), requires_grad=True)
    >>> (product,) = tinytorch.hvp(lambda: (p**2).sum() * 3, [p], [np.array([1.0, 0.0])])
    >>> product.round(6).tolist()
    [6.0, 0.0]

    Source: Nocedal and Wright 2006, equation 8.20, in its central form.
    """
    params, vectors = list(params), [as_array(v) for v in vectors]
    shapes = [p.shape for p in params], [v.shape for v in vectors]
    if shapes[0] != shapes[1]:
        raise ValueError(f"hvp: parameters of shapes {shapes[0]}, vectors of shapes {shapes[1]}")
    length = math.sqrt(sum(float((v * v).sum()) for v in vectors))
    if length == 0:
        return [np.zeros_like(p.data) for p in params]
    origin = [(p.data, p.grad, p._version[0]) for p in params]
    size = math.sqrt(sum(float((x * x).sum()) for x, _, _ in origin))
    h = max(1.0, size) * float(np.finfo(params[0].dtype).eps) ** (1 / 3) / length

    def gradients(step):
        for p, (x, _, _), v in zip(params, origin, vectors, strict=True):
            p.data, p.grad = x + (step * v).astype(x.dtype), None
        with enable_grad():
            loss().backward()
        return [np.zeros_like(p.data) if p.grad is None else p.grad.data for p in params]

    try:
        pairs = zip(gradients(h), gradients(-h), strict=True)
        return [(ahead - behind) / (2 * h) for ahead, behind in pairs]
    finally:
        for p, (x, g, version) in zip(params, origin, strict=True):
            p.data, p.grad = x, g
            p._version[0] = version  # the numbers are what they were
