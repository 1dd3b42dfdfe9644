"""Older names of an optimizer's arguments, and what they are called here."""

import functools
import inspect

SYNONYMS = {"parameters": "params", "learning_rate": "lr"}


def accept_synonyms(init):
    """Let a constructor also take `parameters`, `learning_rate`, `beta1` and `beta2`.

    Raises:
        TypeError: an argument is given under both of its names.
    """
    signature = inspect.signature(init).parameters

    @functools.wraps(init)
    def wrapper(self, *args, **kwargs):
        positional = set(list(signature)[1 : 1 + len(args)])
        for old, new in SYNONYMS.items():
            if old in kwargs and old not in signature:
                refuse_both(old, new, new in kwargs or new in positional)
                kwargs[new] = kwargs.pop(old)
        if "betas" in signature and ("beta1" in kwargs or "beta2" in kwargs):
            refuse_both("beta1/beta2", "betas", "betas" in kwargs or "betas" in positional)
            first, second = signature["betas"].default
            kwargs["betas"] = (kwargs.pop("beta1", first), kwargs.pop("beta2", second))
        return init(self, *args, **kwargs)

    return wrapper


def refuse_both(old: str, new: str, both: bool) -> None:
    if both:
        raise TypeError(f"{old} is another name for {new}: give one of them, not both")
