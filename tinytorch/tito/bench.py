"""The bench: where a check tries a learner's names, the package's, or a known mistake's.

What comes out is a list of observations, a label and a plain value each, so that it can travel
from the process that runs the learner's code to the one that judges it.
"""

import contextlib
import importlib
import sys

import numpy as np

from tinytorch.exports import translate


class NotThere(Exception):
    """The file does not define a name, or takes it from the package."""


class Inapplicable(Exception):
    """The check asks for something that is optional and absent."""


class Bench:
    """Names on trial, and what was seen of them.

    Arguments:
        names: a dictionary, or an object with attributes.
        dropped: for each class, the numbers its constructor turned out not to take; the package
            is then tried without them too.
        own: names that must be the file's own, not taken from the package; None on the package.
    """

    def __init__(self, names, dropped: dict | None = None, own: tuple | None = None):
        self._names, self._own = names, own
        self.dropped = {} if dropped is None else dropped
        self.fixed = dropped is not None
        self.tried: dict = {}
        self.seen: list = []

    def __getattr__(self, name: str):
        value = self.find(name)
        if value is None:
            raise NotThere(f"the file defines no {name}")
        if self._own and name in self._own and imported(value, self._own):
            raise NotThere(f"{name} is the package's own, not written in this file")
        return value

    def find(self, name: str):
        """The object of this name, or None."""
        if isinstance(self._names, dict):
            return self._names.get(name)
        return getattr(self._names, name, None)

    def has(self, name: str) -> bool:
        """Whether the names hold this one: "ReLU", "Variable.relu"."""
        owner, _, attribute = name.partition(".")
        value = self.find(owner)
        return value is not None and (not attribute or hasattr(value, attribute))

    def own(self, name: str, *methods: str):
        """The class of this name, once it is sure that it writes these methods itself."""
        cls = getattr(self, name)
        for method in methods:
            function = getattr(cls, method, None)
            if function is None or (self._own is not None and imported(function)):
                raise NotThere(f"your {name} has no {method} of its own")
        return cls

    def trying(self, **facts) -> None:
        """Write down under which conditions this check runs."""
        self.tried.update({name: plain(value) for name, value in facts.items()})

    def see(self, label: str, value) -> None:
        """Write down what came out."""
        self.seen.append([label, plain(value)])

    def make(self, name: str, *first, **numbers):
        """Build a class in the vocabulary that its constructor speaks."""
        cls = getattr(self, name)
        if self.fixed:
            arguments = {k: v for k, v in numbers.items() if k not in self.dropped.get(name, ())}
            return cls(*first, **arguments)
        by_position, by_name, dropped = translate(cls, len(first), numbers)
        if dropped:
            known = self.dropped.setdefault(name, [])
            known.extend(word for word in dropped if word not in known)
        return cls(*first, *by_position, **by_name)

    def takes(self, name: str, number: str) -> bool:
        """Whether the constructor of `name` takes this number."""
        if self.fixed:
            return number not in self.dropped.get(name, ())
        return not translate(getattr(self, name), 1, {number: 0.5})[2]


def imported(value, names=()) -> bool:
    """Whether an object is the package's, or a class built on one of the package's `names`."""
    if (getattr(value, "__module__", None) or "").startswith("tinytorch."):
        return True
    bases = value.__mro__[1:] if isinstance(value, type) else ()
    return any(b.__name__ in names and b.__module__.startswith("tinytorch.") for b in bases)


def array(value) -> np.ndarray:
    """The numbers in a tensor of any make, in an array, or in a list."""
    for _ in range(4):
        if isinstance(value, np.ndarray):
            break
        inner = getattr(value, "data", None)
        if inner is None or isinstance(inner, memoryview) or isinstance(value, np.generic):
            break
        value = inner
    return np.asarray(value)


def plain(value):
    """`value` as something that JSON can carry: numbers, strings, lists, None."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)) and not all(isinstance(v, (int, float)) for v in value):
        return [plain(v) for v in value]
    numbers = array(value)
    if numbers.dtype == bool:
        return numbers.tolist()
    try:
        return numbers.astype(np.float64).tolist()
    except (TypeError, ValueError):
        return f"a {type(value).__name__}"


class Package:
    """The package's own names, from several of its modules, some of them replaced."""

    def __init__(self, sources, **replaced):
        self._sources = [importlib.import_module(source) for source in sources]
        self._replaced = replaced

    def __getattr__(self, name: str):
        if name in self._replaced:
            return self._replaced[name]
        for source in self._sources:
            if hasattr(source, name):
                return getattr(source, name)
        raise AttributeError(name)


@contextlib.contextmanager
def mistaken(lesson, mistake):
    """The package's names with one of them wrong, inside the `with` block."""
    package = Package(lesson.sources)
    if hasattr(mistake, "applied"):
        with mistake.applied():
            yield package
        return
    owner, _, attribute = mistake.target.rpartition(".")
    if owner:
        holders = [getattr(package, owner)]
    else:
        right = getattr(package, attribute)
        holders = [
            module
            for name, module in list(sys.modules.items())
            if name.startswith("tinytorch.") and vars(module).get(attribute) is right
        ]
    right = vars(holders[0])[attribute]
    for holder in holders:
        setattr(holder, attribute, mistake.wrong)
    try:
        yield package
    finally:
        for holder in holders:
            setattr(holder, attribute, right)


def observe(check, bench: Bench) -> BaseException | None:
    """Run a check; the exception that ended it, if one did."""
    with np.errstate(all="ignore"):
        try:
            check.run(bench)
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # SystemExit too: a learner may call sys.exit()
            return error
    return None


def try_out(names: dict, *checks: str) -> None:
    """Try an exercise in a notebook: `try_out(globals(), "SGD: a trajectory")`."""
    from tinytorch import exports
    from tinytorch.tito import judge

    exports.deactivate()  # or an export would be its own measure
    judge.in_place(names, checks)
