"""Functions of one number, element by element: each is a function here and a method of tensors.

A row of the table states the value and, beside it, the derivative, a function of the input x and
the value y. Both keep their relative precision wherever the result is a number of that dtype.
"""

import math

import numpy as np

from tinytorch.core.stable import FAR, erf, gauss, logistic, softplus
from tinytorch.core.tensor import UFUNCS, Tensor, as_float, record

LN2, LN10 = math.log(2), math.log(10)
SELU_SCALE, SELU_ALPHA = 1.0507009873554804934, 1.6732632423543772848  # fix mean 0, variance 1


def _inverse_of_1_plus_square(x):
    t = 1 / np.maximum(np.abs(x), 1)  # x² would overflow
    return t * t / (t * t + np.square(x * t))


def _none(x, y):
    return np.zeros_like(x)


# name: (value, derivative, what it is, an example's input, PyTorch's other names)
TABLE = {
    "sin": (np.sin, lambda x, y: np.cos(x), "The sine, of radians", 0, ()),
    "cos": (np.cos, lambda x, y: -np.sin(x), "The cosine, of radians", 0, ()),
    "tan": (np.tan, lambda x, y: 1 + y * y, "The tangent, of radians", 0, ()),
    "arcsin": (
        np.arcsin,
        lambda x, y: 1 / np.sqrt((1 - x) * (1 + x)),
        "The angle in [-π/2, π/2] whose sine it is",
        1,
        ("asin",),
    ),
    "arccos": (
        np.arccos,
        lambda x, y: -1 / np.sqrt((1 - x) * (1 + x)),
        "The angle in [0, π] whose cosine it is",
        1,
        ("acos",),
    ),
    "arctan": (
        np.arctan,
        lambda x, y: _inverse_of_1_plus_square(x),
        "The angle in [-π/2, π/2] whose tangent it is",
        1,
        ("atan",),
    ),
    "sinh": (np.sinh, lambda x, y: np.cosh(x), "The hyperbolic sine", 0, ()),
    "cosh": (np.cosh, lambda x, y: np.sinh(x), "The hyperbolic cosine", 0, ()),
    "arcsinh": (
        np.arcsinh,
        lambda x, y: 1 / np.hypot(1, x),
        "The inverse of sinh",
        0,
        ("asinh",),
    ),
    "arccosh": (
        np.arccosh,
        lambda x, y: 1 / (np.sqrt(x - 1) * np.sqrt(x + 1)),
        "The inverse of cosh, for x ≥ 1",
        1,
        ("acosh",),
    ),
    "arctanh": (
        np.arctanh,
        lambda x, y: 1 / ((1 - x) * (1 + x)),
        "The inverse of tanh, for |x| ≤ 1",
        0,
        ("atanh",),
    ),
    "exp2": (np.exp2, lambda x, y: y * LN2, "2 to the power of it", 3, ()),
    "expm1": (np.expm1, lambda x, y: np.exp(x), "exp(x) - 1, also where x is small", 1e-6, ()),
    "log1p": (np.log1p, lambda x, y: 1 / (1 + x), "log(1 + x), also where x is small", 1e-6, ()),
    "log2": (np.log2, lambda x, y: (1 / LN2) / x, "The logarithm to base 2", 8, ()),
    "log10": (np.log10, lambda x, y: (1 / LN10) / x, "The logarithm to base 10", 1000, ()),
    "square": (np.square, lambda x, y: 2 * x, "Its square", 3, ()),
    "reciprocal": (np.reciprocal, lambda x, y: -y * y, "1 / x", 4, ()),
    "rsqrt": (lambda x: 1 / np.sqrt(x), lambda x, y: -0.5 * y / x, "1 / √x", 4, ()),
    "sign": (np.sign, _none, "-1, 0 or 1", -3, ("sgn",)),
    "floor": (np.floor, _none, "The next whole number below", 1.5, ()),
    "ceil": (np.ceil, _none, "The next whole number above", 1.5, ()),
    "trunc": (np.trunc, _none, "The whole number towards zero", -1.5, ("fix",)),
    "round": (np.round, _none, "The nearest whole number, an even one if two are", 2.5, ()),
    "erf": (
        erf,
        lambda x, y: (
            gauss(np.clip(x.astype(np.float64), -FAR, FAR), 1) * (2 / math.sqrt(math.pi))
        ).astype(x.dtype),
        "The error function, 2/√π ∫ exp(-t²) dt from 0 to x",
        0,
        (),
    ),
    "softplus": (
        softplus,
        lambda x, y: logistic(x)[0],
        "log(1 + exp(x)) (Dugas et al. 2001)",
        0,
        (),
    ),
    "logsigmoid": (
        lambda x: -softplus(-x),
        lambda x, y: logistic(x)[1],
        "log σ(x) = -log(1 + exp(-x))",
        0,
        (),
    ),
    "silu": (
        lambda x: x * logistic(x)[0],
        lambda x, y: _silu_slope(x),
        "x σ(x) (Elfwing et al. 2018)",
        1,
        ("swish",),
    ),
    "mish": (
        lambda x: x * _mish_parts(x)[0],
        lambda x, y: _mish_parts(x)[1],
        "x tanh(softplus(x)) (Misra 2020)",
        0,
        (),
    ),
    "selu": (
        lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0))),
        lambda x, y: SELU_SCALE * np.where(x > 0, 1, SELU_ALPHA * np.exp(np.minimum(x, 0))),
        "λ x where it is positive, elsewhere λ α (exp(x) - 1) (Klambauer et al. 2017)",
        0,
        (),
    ),
    "softsign": (
        lambda x: x / (1 + np.abs(x)),
        lambda x, y: np.square(1 / (1 + np.abs(x))),
        "x / (1 + |x|)",
        1,
        (),
    ),
}


def _silu_slope(x):
    p, q = logistic(x)
    return p * (1 + x * q)


def _mish_parts(x):
    """tanh(log(1 + exp(x))) as a quotient of polynomials of e = exp(-|x|), and mish's slope."""
    e, right = np.exp(-np.abs(x)), x >= 0
    below = np.where(right, 1 + 2 * e * (1 + e), 2 + e * (2 + e))
    value = np.where(right, 1 + 2 * e, e * (2 + e)) / below
    rest = 4 * e * (1 + e) / np.square(below) * np.where(right, e, 1)
    return value, value + x * rest


def _differentiable(name: str, value, derivative, what: str, example: float):
    def function(x):
        x = as_float(x if isinstance(x, Tensor) else Tensor(x))
        data = x._data
        y = value(data)
        return record(y, (x, lambda g: g * derivative(data, y)))

    function.__name__ = name
    function.__qualname__ = name
    shown = function(float(example))
    function.__doc__ = (
        f"{what}, for each element.\n\n    >>> tinytorch.{name}({example})\n    {shown!r}\n"
    )
    return function


FUNCTIONS = {}
for _name, (*_row, _aliases) in TABLE.items():
    FUNCTIONS[_name] = _function = _differentiable(_name, *_row)
    for _alias in (_name, *_aliases):
        setattr(Tensor, _alias, _function)
        UFUNCS[_alias] = FUNCTIONS[_alias] = _function
UFUNCS["rint"] = FUNCTIONS["round"]
globals().update(FUNCTIONS)
__all__ = [*FUNCTIONS]
