"""What each hyper-parameter may be. One table for constructors, groups and loaded states."""

import math
from numbers import Real


def number(value) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def boolean(value) -> bool:
    return isinstance(value, bool)


def nonnegative(value) -> bool:
    return number(value) and value >= 0


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


NONNEGATIVE = (nonnegative, "a finite number >= 0")
NUMBER = (number, "a finite number")
FRACTION = (fraction, "a number in [0, 1)")
FLAG = (boolean, "True or False")

ALLOWED = {
    "lr": NONNEGATIVE,
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
    allowed, description = ALLOWED[name]
    if not allowed(value):
        raise ValueError(f"{owner}: {name} must be {description}, got {value!r}")
