"""Older names of an optimizer's arguments, and what they are called here."""

import functools
import inspect

SYNONYMS = {"parameters": "params", "learning_rate": "lr"}


def translate(given: dict, betas: tuple | None, taken=()) -> dict:
    """`given` with `parameters`, `learning_rate`, `beta1` and `beta2` under their names of today.

    Arguments:
        given: arguments, or a parameter group.
        betas: what a missing one of `beta1` and `beta2` is taken from; None if there are none.
        taken: names that are given otherwise (by position).

    Raises:
        TypeError: an argument is given under both of its names.
    """
    result = dict(given)
    pairs = [(old, new) for old, new in SYNONYMS.items() if old in given]
    if betas is not None:
        pairs += [(old, "betas") for old in ("beta1", "beta2") if old in given]
    for old, new in pairs:
        if new in given or new in taken:
            raise TypeError(f"{old} is another name for {new}: give one of them, not both")
        if new != "betas":
            result[new] = result.pop(old)
    if any(new == "betas" for _, new in pairs):
        result["betas"] = (result.pop("beta1", betas[0]), result.pop("beta2", betas[1]))
    return result


def accept_synonyms(init):
    """Let a constructor also take the older names."""
    signature = inspect.signature(init).parameters
    betas = signature["betas"].default if "betas" in signature else None

    @functools.wraps(init)
    def wrapper(self, *args, **kwargs):
        return init(self, *args, **translate(kwargs, betas, list(signature)[1 : 1 + len(args)]))

    return wrapper
