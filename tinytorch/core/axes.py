"""Axes of an array: how they are named, dropped and put back."""

import functools

import numpy as np


def axes(name: str, axis, shape: tuple) -> tuple:
    """`axis` (None, a number or several) as a tuple of numbers from 0; None means all."""
    n = len(shape)
    if axis is None:
        return tuple(range(n))
    if type(axis) is int and -n <= axis < n:
        return (axis % n,)
    try:
        return np.lib.array_utils.normalize_axis_tuple(axis, n)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: axis {axis!r} does not fit shape {shape}") from error


def one_axis(name: str, axis, shape: tuple) -> int:
    """`axis`, one number, counted from 0."""
    own = axes(name, axis, shape)
    if axis is None or len(own) != 1:
        raise ValueError(f"{name}: axis must be one number, got {axis!r} for shape {shape}")
    return own[0]


def restore(reduced: np.ndarray, axis: tuple, keepdims: bool) -> np.ndarray:
    """Put back the axes that a reduction over `axis` removed, with length 1."""
    return reduced if keepdims or not axis else np.expand_dims(reduced, axis)


def sequence(arguments: tuple) -> tuple:
    """`f(1, 2)` and `f((1, 2))` mean the same."""
    if len(arguments) == 1 and isinstance(arguments[0], (tuple, list)):
        return tuple(arguments[0])
    return arguments


NAMES = {"dim": "axis", "keepdim": "keepdims"}


def dims(function):
    """Let a function take PyTorch's `dim` and `keepdim` for NumPy's `axis` and `keepdims`."""

    @functools.wraps(function)
    def wrapper(*args, **options):
        for theirs in NAMES.keys() & options.keys():
            ours = NAMES[theirs]
            if ours in options:
                raise TypeError(f"{function.__name__}: {theirs} is another name of {ours}")
            options[ours] = options.pop(theirs)
        return function(*args, **options)

    return wrapper


def selects_once(index) -> bool:
    """Whether an index can select no element twice: no arrays in it but masks."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        part is None
        or part is Ellipsis
        or isinstance(part, (int, np.integer, slice))
        or np.asarray(part).dtype == bool
        for part in parts
    )
