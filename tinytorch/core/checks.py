"""What an argument may be, in words and as a check; one table for all hyper-parameters."""

import math
from numbers import Integral, Real


def number(value) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def integer(value) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def fraction(value) -> bool:
    return number(value) and 0 <= value < 1


def fractions(value) -> bool:
    return isinstance(value, (tuple, list)) and len(value) == 2 and all(map(fraction, value))


def three_numbers(value) -> bool:
    return isinstance(value, (tuple, list)) and len(value) == 3 and all(map(number, value))


def one_of(*allowed):
    """Exactly one of these (1 is not True)."""
    names = ", ".join(map(repr, allowed))
    return (
        lambda value: any(type(value) is type(a) and value == a for a in allowed),
        f"one of {names}",
    )


def at_least(least: int):
    return lambda value: integer(value) and value >= least, f"an integer >= {least}"


# What is allowed, and how to say so.
NUMBER = (number, "a finite number")
NONNEGATIVE = (lambda v: number(v) and v >= 0, "a finite number >= 0")
POSITIVE = (lambda v: number(v) and v > 0, "a finite number > 0")
FRACTION = (fraction, "a number in [0, 1)")
OPTIONAL_FRACTION = (lambda v: v is None or fraction(v), "a number in [0, 1), or None")
OPEN_FRACTION = (lambda v: number(v) and 0 < v < 1, "a number in (0, 1)")
PROPORTION = (lambda v: number(v) and 0 <= v <= 1, "a number in [0, 1]")
POSITIVE_PROPORTION = (lambda v: number(v) and 0 < v <= 1, "a number in (0, 1]")
INTEGER = (integer, "an integer")
COUNT, POSITIVE_COUNT = at_least(0), at_least(1)
AT_LEAST_ONE = (lambda v: number(v) and v >= 1, "a finite number >= 1")
FLAG = (lambda v: isinstance(v, bool), "True or False")

ALLOWED = {
    "lr": NONNEGATIVE,
    "initial_lr": NONNEGATIVE,
    "momentum": NONNEGATIVE,
    "dampening": NUMBER,
    "weight_decay": NONNEGATIVE,
    "betas": (fractions, "two numbers in [0, 1)"),
    "eps": NONNEGATIVE,
    "nesterov": FLAG,
    "amsgrad": one_of(False, True, "corrected"),
    "maximize": FLAG,
    "lr_decay": NONNEGATIVE,
    "initial_accumulator_value": NONNEGATIVE,
    "eps_in_sqrt": FLAG,
    "alpha": FRACTION,
    "centered": FLAG,
    "rho": FRACTION,
    "momentum_decay": NONNEGATIVE,
    "decoupled_weight_decay": FLAG,
    "trust_coefficient": NONNEGATIVE,
    "beta2_decay": (lambda v: number(v) and v <= 0, "a finite number <= 0"),
    "d": AT_LEAST_ONE,
    "ns_coefficients": (three_numbers, "three finite numbers"),
    "ns_steps": (lambda v: integer(v) and 0 <= v < 100, "an integer from 0 to 99"),
    "adjust_lr_fn": one_of(None, "original", "transposed", "match_rms_adamw"),
    "bias_correction": FLAG,
    "precondition_frequency": POSITIVE_COUNT,
    "shampoo_beta": OPTIONAL_FRACTION,
    "bs": NONNEGATIVE,
    "warmup_steps": COUNT,
    "r": NONNEGATIVE,
    "weight_lr_power": NONNEGATIVE,
    "beta3": OPTIONAL_FRACTION,
    "decouple": FLAG,
    "use_bias_correction": FLAG,
    "safeguard_warmup": FLAG,
    "d0": POSITIVE,
    "d_coef": POSITIVE,
    "growth_rate": (lambda v: v == math.inf or (number(v) and v >= 1), "a number >= 1 or inf"),
}


def check(owner: str, name: str, value) -> None:
    """Raise ValueError unless `value` is allowed for the hyper-parameter `name`."""
    require(owner, name, value, ALLOWED[name])


def require(owner: str, name: str, value, kind):
    """`value`, if it is of this kind, such as `POSITIVE`.

    Raises:
        ValueError: it is not; the message has the argument, the value and what is allowed.
    """
    allowed, description = kind
    try:
        fine = allowed(value)
    except (TypeError, ValueError, OverflowError):  # not even comparable
        fine = False
    if not fine:
        raise ValueError(f"{owner}: {name} must be {description}, got {value!r}")
    return value


def settled(value):
    """An allowed value in Python's own types: int, float, tuple; words, flags, None as they are.

    What NumPy's scalars would do to float32 arrays, fractions to ufuncs, and lists to whoever
    relies on having checked them, they do not do from here on.
    """
    if isinstance(value, (list, tuple)):
        return tuple(map(settled, value))
    if isinstance(value, bool) or not isinstance(value, Real):
        return value
    return int(value) if isinstance(value, Integral) else float(value)
