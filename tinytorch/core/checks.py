"""What an argument may be, in words and as a check."""

import math
from numbers import Integral, Real


def number(value) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def integer(value) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def fraction(value) -> bool:
    return number(value) and 0 <= value < 1


def several(value, count: int, allowed) -> bool:
    return isinstance(value, (tuple, list)) and len(value) == count and all(map(allowed, value))


def fractions(count: int):
    """So many numbers in [0, 1)."""
    words = dict(enumerate(("one number", "two numbers", "three numbers", "four numbers"), 1))
    return (
        lambda value: several(value, count, fraction),
        f"{words.get(count, f'{count} numbers')} in [0, 1)",
    )


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
ANYTHING = (lambda v: True, "anything")


def check(owner: str, name: str, value) -> None:
    """Raise ValueError unless `value` is a finite number >= 0, as a rate or a decay must be."""
    require(owner, name, value, NONNEGATIVE)


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
