"""How precise each function and derivative is: units in the last place, against mpmath.

    python -m tests.core.precision

measures them over the whole range of each dtype and writes the record that the book shows.
A unit in the last place is the distance of neighbouring numbers of the dtype at the true value.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import tinytorch
from tinytorch import Tensor, nn
from tinytorch.core import elementwise

RECORD = Path(tinytorch.__file__).parent / "lab" / "records" / "precision.json"
DTYPES = (np.float32, np.float64)


@dataclass(frozen=True)
class Function:
    ours: Callable  # of a tensor
    value: Callable  # of (mp, x)
    slope: Callable
    low: float = -np.inf
    high: float = np.inf


def pair(x: Tensor) -> Tensor:
    """Rows (x, 0): two classes of which one is given."""
    return tinytorch.stack([x, tinytorch.zeros_like(x)], 1)


OUT = 2000  # beyond it exponentials are far below and above all numbers of float64


def s(mp, x):
    return 1 / (1 + mp.exp(-x)) if abs(x) < OUT else mp.mpf(x > 0)


def phi(mp, x):
    return mp.erfc(-x / mp.sqrt(2)) / 2 if abs(x) < OUT else mp.mpf(x > 0)


def density(mp, x):
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi) if abs(x) < OUT else mp.mpf(0)


def inner(mp, x):  # GELU's approximation is x σ(inner)
    return mp.sqrt(8 / mp.pi) * (x + mp.mpf("0.044715") * x**3)


def inner_slope(mp, x):
    return mp.sqrt(8 / mp.pi) * (1 + 3 * mp.mpf("0.044715") * x * x)


def log1p_exp(mp, x):
    return mp.log1p(mp.exp(x)) if abs(x) < OUT else max(x, mp.mpf(0))


def selu_alpha(mp):  # Klambauer et al. 2017, equation 14
    return mp.sqrt(2 / mp.pi) / (1 - mp.erfc(mp.sqrt(0.5)) * mp.sqrt(mp.e))


def selu_scale(mp):
    a, b = mp.erfc(mp.sqrt(0.5)) * mp.sqrt(mp.e), mp.erfc(mp.sqrt(2)) * mp.e**2
    return (1 - a) * mp.sqrt(2 * mp.pi / (2 * b + mp.pi * (a * a - 2 * a + 1) + 2 - 4 * a))


FUNCTIONS = {
    "exp": Function(lambda x: x.exp(), lambda m, x: m.exp(x), lambda m, x: m.exp(x)),
    "log": Function(lambda x: x.log(), lambda m, x: m.log(x), lambda m, x: 1 / x, 0),
    "sqrt": Function(
        lambda x: x.sqrt(), lambda m, x: m.sqrt(x), lambda m, x: 1 / (2 * m.sqrt(x)), 0
    ),
    "tanh": Function(lambda x: x.tanh(), lambda m, x: m.tanh(x), lambda m, x: m.sech(x) ** 2),
    "sigmoid": Function(lambda x: x.sigmoid(), s, lambda m, x: s(m, x) * s(m, -x)),
    "gelu": Function(
        lambda x: x.gelu(),
        lambda m, x: x * phi(m, x),
        lambda m, x: phi(m, x) + x * density(m, x),
    ),
    'gelu("tanh")': Function(
        lambda x: x.gelu("tanh"),
        lambda m, x: x * s(m, inner(m, x)),
        lambda m, x: s(m, inner(m, x)) * (1 + x * s(m, -inner(m, x)) * inner_slope(m, x)),
    ),
    "sin": Function(lambda x: x.sin(), lambda m, x: m.sin(x), lambda m, x: m.cos(x)),
    "cos": Function(lambda x: x.cos(), lambda m, x: m.cos(x), lambda m, x: -m.sin(x)),
    "tan": Function(lambda x: x.tan(), lambda m, x: m.tan(x), lambda m, x: m.sec(x) ** 2),
    "arcsin": Function(
        lambda x: x.arcsin(),
        lambda m, x: m.asin(x),
        lambda m, x: 1 / m.sqrt((1 - x) * (1 + x)),
        -1,
        1,
    ),
    "arccos": Function(
        lambda x: x.arccos(),
        lambda m, x: m.acos(x),
        lambda m, x: -1 / m.sqrt((1 - x) * (1 + x)),
        -1,
        1,
    ),
    "arctan": Function(lambda x: x.arctan(), lambda m, x: m.atan(x), lambda m, x: 1 / (1 + x * x)),
    "sinh": Function(lambda x: x.sinh(), lambda m, x: m.sinh(x), lambda m, x: m.cosh(x)),
    "cosh": Function(lambda x: x.cosh(), lambda m, x: m.cosh(x), lambda m, x: m.sinh(x)),
    "arcsinh": Function(
        lambda x: x.arcsinh(), lambda m, x: m.asinh(x), lambda m, x: 1 / m.sqrt(1 + x * x)
    ),
    "arccosh": Function(
        lambda x: x.arccosh(), lambda m, x: m.acosh(x), lambda m, x: 1 / m.sqrt(x * x - 1), 1
    ),
    "arctanh": Function(
        lambda x: x.arctanh(), lambda m, x: m.atanh(x), lambda m, x: 1 / (1 - x * x), -1, 1
    ),
    "exp2": Function(
        lambda x: x.exp2(), lambda m, x: m.mpf(2) ** x, lambda m, x: m.mpf(2) ** x * m.log(2)
    ),
    "expm1": Function(lambda x: x.expm1(), lambda m, x: m.expm1(x), lambda m, x: m.exp(x)),
    "log1p": Function(lambda x: x.log1p(), lambda m, x: m.log1p(x), lambda m, x: 1 / (1 + x), -1),
    "log2": Function(
        lambda x: x.log2(), lambda m, x: m.log(x) / m.log(2), lambda m, x: 1 / (x * m.log(2)), 0
    ),
    "log10": Function(
        lambda x: x.log10(), lambda m, x: m.log10(x), lambda m, x: 1 / (x * m.log(10)), 0
    ),
    "square": Function(lambda x: x.square(), lambda m, x: x * x, lambda m, x: 2 * x),
    "reciprocal": Function(lambda x: x.reciprocal(), lambda m, x: 1 / x, lambda m, x: -1 / (x * x)),
    "rsqrt": Function(
        lambda x: x.rsqrt(), lambda m, x: 1 / m.sqrt(x), lambda m, x: -1 / (2 * x * m.sqrt(x)), 0
    ),
    "erf": Function(
        lambda x: x.erf(),
        lambda m, x: 2 * phi(m, x * m.sqrt(2)) - 1 if abs(x) > 1 else m.erf(x),
        lambda m, x: 2 * m.sqrt(2) * density(m, x * m.sqrt(2)),
    ),
    "softplus": Function(lambda x: x.softplus(), log1p_exp, s),
    "logsigmoid": Function(
        lambda x: x.logsigmoid(), lambda m, x: -log1p_exp(m, -x), lambda m, x: s(m, -x)
    ),
    "silu": Function(
        lambda x: x.silu(),
        lambda m, x: x * s(m, x),
        lambda m, x: s(m, x) * (1 + x * s(m, -x)),
    ),
    "mish": Function(
        lambda x: x.mish(),
        lambda m, x: x * m.tanh(log1p_exp(m, x)),
        lambda m, x: m.tanh(log1p_exp(m, x)) + x * s(m, x) * m.sech(log1p_exp(m, x)) ** 2,
    ),
    "selu": Function(
        lambda x: x.selu(),
        lambda m, x: selu_scale(m) * (x if x > 0 else selu_alpha(m) * m.expm1(x)),
        lambda m, x: selu_scale(m) * (1 if x > 0 else selu_alpha(m) * m.exp(x)),
    ),
    "softsign": Function(
        lambda x: x.softsign(),
        lambda m, x: x / (1 + abs(x)),
        lambda m, x: 1 / (1 + abs(x)) ** 2,
    ),
    "softmax of (x, 0)": Function(
        lambda x: pair(x).softmax(1)[:, 0], s, lambda m, x: s(m, x) * s(m, -x)
    ),
    "log_softmax of (x, 0)": Function(
        lambda x: pair(x).log_softmax(1)[:, 0],
        lambda m, x: -log1p_exp(m, -x),
        lambda m, x: s(m, -x),
    ),
    "logsumexp of (x, 0)": Function(lambda x: pair(x).logsumexp(1), log1p_exp, s),
    "CrossEntropyLoss of (x, 0), class 0": Function(
        lambda x: nn.CrossEntropyLoss(reduction="none")(pair(x), np.zeros(len(x), int)),
        lambda m, x: log1p_exp(m, -x),
        lambda m, x: -s(m, -x),
    ),
    "BCEWithLogitsLoss, target 0": Function(
        lambda x: nn.BCEWithLogitsLoss(reduction="none")(x, np.zeros(len(x))), log1p_exp, s
    ),
    "BCEWithLogitsLoss, target 1": Function(
        lambda x: nn.BCEWithLogitsLoss(reduction="none")(x, np.ones(len(x))),
        lambda m, x: log1p_exp(m, -x),
        lambda m, x: -s(m, -x),
    ),
}
# What is allowed: a few units, and more where a derivative goes through 0, whose neighbourhood no
# formula keeps, and where GELU's formulas take the exponential of a polynomial.
ALLOWED = 6
WIDER = {
    "gelu": (64, 64),
    'gelu("tanh")': (1000, 2000),
    "silu": (ALLOWED, 64),
    "mish": (ALLOWED, 64),
}
assert {*elementwise.TABLE} - {"sign", "floor", "ceil", "trunc", "round"} <= {*FUNCTIONS}


def inputs(dtype, low: float, high: float, count: int = 240) -> np.ndarray:
    """Numbers of every size of the dtype, of both signs, and more of them where much happens."""
    info, rng = np.finfo(dtype), np.random.default_rng(0)
    sizes = 2.0 ** np.linspace(info.minexp, info.maxexp - 0.01, count // 2)
    plain = rng.uniform(-1, 1, count) * np.repeat([2.0, 20.0, 90.0, 700.0], count // 4)
    near_one = 1 - 2.0 ** -np.linspace(1, info.nmant, 12)
    x = np.concatenate([sizes, -sizes, plain, near_one, -near_one, 1 / near_one]).astype(dtype)
    return np.unique(x[(x > low) & (x < high) & (x != 0)])


def exactly(mp, function, x: np.ndarray) -> np.ndarray:
    with mp.workdps(50):
        return np.array([function(mp, mp.mpf(float(v))) for v in x], dtype=object)


def units(mp, found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """The errors in units in the last place; where the true value overflows ours must too."""
    info, errors = np.finfo(found.dtype), []
    for ours, value in zip(found, true, strict=True):
        if abs(value) > float(info.max):
            errors.append(0.0 if np.isinf(ours) or abs(ours) == info.max else np.inf)
        elif not np.isfinite(ours):
            errors.append(np.inf)
        else:
            unit = max(np.spacing(abs(found.dtype.type(float(value)))), info.smallest_subnormal)
            errors.append(float(abs(mp.mpf(float(ours)) - value) / mp.mpf(float(unit))))
    return np.array(errors)


def measured(mp, name: str, dtype) -> dict:
    """The worst errors of the value and of the derivative, and where they are."""
    f = FUNCTIONS[name]
    x = inputs(dtype, f.low, f.high)
    leaf = Tensor(x, requires_grad=True)
    with np.errstate(all="ignore"):
        y = f.ours(leaf)
        y.backward(np.ones(y.shape, dtype))
    value = units(mp, y.data, exactly(mp, f.value, x))
    slope = units(mp, leaf.grad.data, exactly(mp, f.slope, x))
    return {
        "value": float(value.max()),
        "value_at": float(x[value.argmax()]),
        "derivative": float(slope.max()),
        "derivative_at": float(x[slope.argmax()]),
    }


def main() -> None:
    import mpmath

    from tinytorch.lab.records import lines_of

    rows = [
        {"function": name, "dtype": np.dtype(dtype).name, **measured(mpmath.mp, name, dtype)}
        for name in FUNCTIONS
        for dtype in DTYPES
    ]
    table = {"mpmath": mpmath.__version__, "numpy": np.__version__, "rows": rows}
    RECORD.write_text(lines_of(table), encoding="utf-8")


if __name__ == "__main__":
    main()
