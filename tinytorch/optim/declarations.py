"""Declarations: an optimizer or a scheduler names each of its values once.

    class Lion(Optimizer):
        lr: float = Value(NONNEGATIVE, "step size, >= 0; a third of Adam's", default=1e-4)
        betas: tuple = moments(default=(0.9, 0.99))

From this come the constructor, its signature and its checks, what a group may set, the arguments
in the docstring, and under which names a rule may ask for the numbers. To type checkers and
editors such a class is a data class (PEP 681), so they know the constructor too.
"""

import inspect
import textwrap
from typing import TYPE_CHECKING, Any

from tinytorch.core.checks import fractions, require

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform

REQUIRED = inspect.Parameter.empty  # a value without a default


def Value(allowed, meaning: str, **others) -> Any:
    """What is assigned in the body of a class; the arguments are those of `Declared`."""
    return Declared(allowed, meaning, **others)


def moments(*, default: tuple, **others) -> Any:
    """The decay rates of moving averages, as many as the default has."""
    subscripts = ("₁", "₂", "₃", "₄", "₅")[: len(default)]
    names = ", ".join(f"β{i}" for i in subscripts)
    every = "both" if len(default) == 2 else "all"
    meaning = f"({names}), {every} in [0, 1)"
    return Value(fractions(len(default)), meaning, default=default, **others)


class Declared:
    """One value of an optimizer or a scheduler, declared as an attribute of its class.

    Of an object, the attribute is the value itself.

    Arguments:
        allowed: what it may be, as `require` takes it; or a function (owner, name, value) that
            returns what is kept, or raises ValueError.
        meaning: a few words for the docstring.
        default: what it is if nothing is said; without one it must be given.
        kw_only: whether it is given by name only.
        parts: names under which a rule asks for the members of a tuple; those of `betas` are
            beta1, beta2, ...
        alias: its name in the constructor, where another attribute has the same.
    """

    def __init__(self, allowed, meaning, *, default=REQUIRED, kw_only=False, parts=(), alias=""):
        self.default, self.allowed, self.meaning = default, allowed, meaning
        self.kw_only, self.parts, self.argument = kw_only, parts, alias

    def __set_name__(self, owner, name):
        self.name, self.argument = name, self.argument or name
        self.parts = self.parts or part_names(name, self.default)
        self.annotation = inspect.get_annotations(owner).get(name, REQUIRED)

    def __get__(self, instance, owner=None) -> Any:
        return self if instance is None else instance.get_value(self)

    def __set__(self, instance, value) -> None:
        instance.set_value(self, value)

    def read(self, owner: str, value):
        """The value, if it is allowed.

        Raises:
            ValueError: it is not.
        """
        if callable(self.allowed):
            return self.allowed(owner, self.argument, value)
        return require(owner, self.argument, value, self.allowed)

    def parameter(self) -> inspect.Parameter:
        kinds = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
        kind, annotation = kinds[self.kw_only], self.annotation
        return inspect.Parameter(self.argument, kind, default=self.default, annotation=annotation)


if TYPE_CHECKING:

    @dataclass_transform(field_specifiers=(Value, moments), eq_default=False)
    class Declares: ...
else:

    class Declares:
        """Base of what declares its values."""


def part_names(name: str, value) -> tuple[str, ...]:
    """Under which names a rule asks for the members of a tuple."""
    if name != "betas" or not isinstance(value, (tuple, list)):
        return ()
    return tuple(f"beta{i}" for i in range(1, 1 + len(value)))


def declared(cls: type) -> dict[str, Declared]:
    """What a class and its bases declare, by the arguments' names: a base's before its own, and
    what is given by position before the rest."""
    values = [v for base in reversed(cls.__mro__) for v in vars(base).values()]
    found = {v.argument: v for v in values if isinstance(v, Declared)}
    return dict(sorted(found.items(), key=lambda item: item[1].kw_only))


def declares(cls: type) -> bool:
    """Whether a class says what its constructor takes, and leaves it to us to write that."""
    own = vars(cls)
    return "__init__" not in own and any(isinstance(v, Declared) for v in own.values())


def constructor(cls: type, subject: str, begin):
    """The constructor of a class that declares its values.

    Arguments:
        subject: name of the first argument.
        begin: called with the object, what is given for the subject, the values by name, and the
            constructor that comes next: the first one in the bases that is written out.
    """
    parameters = [value.parameter() for value in declared(cls).values()]
    either = inspect.Parameter.POSITIONAL_OR_KEYWORD
    first = [inspect.Parameter(name, either) for name in ("self", subject)]
    signature = inspect.Signature([*first, *parameters])

    def __init__(self, *args, **kwargs):
        try:
            bound = signature.bind(self, *args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{type(self).__name__}.__init__() {error}") from None
        bound.apply_defaults()
        given = bound.arguments[subject]
        values = dict([*bound.arguments.items()][2:])
        classes = type(self).__mro__
        bases = classes[classes.index(cls) + 1 :]
        written = (vars(base).get("__init__") for base in bases)
        begin(self, given, values, next(i for i in written if i and not hasattr(i, "declared")))

    __init__.__signature__, __init__.declared = signature, True
    __init__.__qualname__, __init__.__module__ = f"{cls.__qualname__}.__init__", cls.__module__
    return __init__


def documented(cls: type, subject: str, meaning: str) -> str | None:
    """A class's docstring with the arguments that it declares, after those that it explains."""
    if not cls.__doc__:
        return None
    lines = inspect.cleandoc(cls.__doc__).splitlines()
    after = (i for i, line in enumerate(lines) if line.startswith(("Attr", "Raises:", "Source:")))
    place = next(after, len(lines))
    text = "\n".join(lines[:place]).rstrip()
    if "Arguments:" not in lines:
        text += f"\n\nArguments:\n{entry(subject, meaning)}"
    for name, value in declared(cls).items():
        text += f"\n{entry(name, value.meaning)}"
    if "Raises:" not in lines:
        text += "\n\nRaises:\n    ValueError: a value outside its range."
    return "\n\n".join([text, *filter(None, ["\n".join(lines[place:])])])


def entry(name: str, meaning: str) -> str:
    text = f"{name}: {meaning}" + "." * (not meaning.endswith("."))
    return textwrap.fill(text, 96, initial_indent="    ", subsequent_indent="        ")
