"""What each hyper-parameter may be. One table for constructors, groups and loaded states."""

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


def one_of(*allowed):
    """Exactly one of these (1 is not True)."""
    names = ", ".join(map(repr, allowed))
    return (
        lambda value: any(type(value) is type(a) and value == a for a in allowed),
        f"one of {names}",
    )


# What is allowed, and how to say so.
NUMBER = (number, "a finite number")
NONNEGATIVE = (lambda v: number(v) and v >= 0, "a finite number >= 0")
POSITIVE = (lambda v: number(v) and v > 0, "a finite number > 0")
FRACTION = (fraction, "a number in [0, 1)")
OPEN_FRACTION = (lambda v: number(v) and 0 < v < 1, "a number in (0, 1)")
PROPORTION = (lambda v: number(v) and 0 <= v <= 1, "a number in [0, 1]")
POSITIVE_PROPORTION = (lambda v: number(v) and 0 < v <= 1, "a number in (0, 1]")
COUNT = (lambda v: integer(v) and v >= 0, "an integer >= 0")
POSITIVE_COUNT = (lambda v: integer(v) and v >= 1, "an integer >= 1")
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
}


def check(owner: str, name: str, value) -> None:
    """Raise ValueError unless `value` is allowed for the hyper-parameter `name`."""
    require(owner, name, value, ALLOWED[name])


def require(owner: str, name: str, value, kind) -> None:
    """Raise ValueError unless `value` is of this kind, such as `POSITIVE`."""
    allowed, description = kind
    if not allowed(value):
        raise ValueError(f"{owner}: {name} must be {description}, got {value!r}")
