"""The bench: where a check tries a learner's names, the package's, or a known mistake's.

What comes out is a list of observations, a label and a plain value each, so that it can travel
from the process that runs the learner's code to the one that judges it. Every check is run in two
rounds: with the numbers of the workbook, and with numbers that are drawn anew at each grading.
"""

import contextlib
import importlib
import inspect
import zlib

import numpy as np

from tinytorch.exports import translate

LARGE = 20_000  # elements of an array that are still told one by one


class NotThere(Exception):
    """The file does not define a name, takes it from the package, or lacks what is asked of it."""


class Inapplicable(Exception):
    """The check asks for something that is optional and absent."""


class Bench:
    """Names on trial, and what was seen of them.

    Arguments:
        names: a dictionary, or an object with attributes.
        own: names that must be the file's own, not taken from the package; None on the package.
        rng: draws the numbers of the second round; None in the first.
    """

    def __init__(self, names, own: tuple | None = None, rng=None):
        self._names, self._own, self._rng = names, own, rng
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
        self.tried.update({name: portable(value) for name, value in facts.items()})

    def see(self, label: str, value) -> None:
        """Write down what came out."""
        self.seen.append([label, portable(value)])

    @property
    def drawn(self) -> bool:
        """Whether this is the second round."""
        return self._rng is not None

    def vary(self, value):
        """The value itself in the first round; in the second one of its kind, drawn anew.

        Signs and zeros stay, numbers below one stay below one, and integers are put in another
        order (arrays) or lie between 2 and 5.
        """
        if self._rng is None or value is None or isinstance(value, (bool, str)):
            return value
        if isinstance(value, dict):
            return {name: self.vary(v) for name, v in value.items()}
        if isinstance(value, tuple):
            return tuple(self.vary(v) for v in value)
        if isinstance(value, int):
            return int(self._rng.integers(2, 6))
        if isinstance(value, float):
            below_one = 0.55 <= value < 1
            drawn = self._rng.uniform(0.7, 1.3)
            return rounded(1 - (1 - value) * drawn if below_one else value * drawn)
        if value.dtype.kind in "iu":
            return self._rng.permutation(value)
        return rounded(value * self._rng.uniform(0.6, 1.6, value.shape))

    def make(self, name: str, *first, **numbers):
        """Build a class in the vocabulary that its constructor speaks.

        What it must be told and the check leaves open has its usual value.

        Raises:
            NotThere: it does not take one of the numbers.
        """
        cls = getattr(self, name)
        by_position, by_name, dropped = translate(cls, len(first), numbers)
        for number, value in CUSTOMARY.items():
            words = translate(cls, len(first), {number: value})[1]
            if number not in numbers and required(cls) & {*words}:
                by_name.update(words)
        if dropped:
            raise NotThere(f"your {name} takes no {' and no '.join(dropped)}")
        return cls(*first, *by_position, **by_name)

    def takes(self, name: str, number: str) -> bool:
        """Whether the constructor of `name` takes this number."""
        return not translate(getattr(self, name), 1, {number: 0.5})[2]


CUSTOMARY = {"betas": (0.9, 0.999), "eps": 1e-8}


def required(cls) -> set[str]:
    """Names that a constructor takes by keyword only, and without a default."""
    found = inspect.signature(cls).parameters.values()
    return {p.name for p in found if p.kind is p.KEYWORD_ONLY and p.default is p.empty}


def bench_for(check, names, own=None, seed: int | None = None) -> Bench:
    """The bench for one round of a check: the first without a seed, the second with one."""
    drawn = seed is not None
    rng = np.random.default_rng([seed, zlib.crc32(check.name.encode())]) if drawn else None
    return Bench(names, own, rng)


def rounded(value):
    """To four figures, so that a person can type it in."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    return np.vectorize(lambda x: float(f"{x:.4g}"), otypes=[float])(value)


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


def portable(value):
    """`value` as something that JSON can carry: numbers, strings, lists, None."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value[:1000] if isinstance(value, str) else value
    if isinstance(value, dict):
        return {str(k): portable(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)) and not all(isinstance(v, (int, float)) for v in value):
        return [portable(v) for v in value]
    numbers = array(value)
    if numbers.size > LARGE:
        return f"an array of shape {numbers.shape}"
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
    with mistake.applied(lesson.sources):
        yield Package(lesson.sources)


def observe(check, bench: Bench) -> BaseException | None:
    """Run a check; the exception that ended it, if one did."""
    from tinytorch.optim.engines import engine  # half of what starting a command would cost

    with np.errstate(all="ignore"), engine("whole"):
        try:
            check.run(bench)
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # SystemExit too: a learner may call sys.exit()
            return error
    return None


# A class that is the package's own with methods put into it


def of_theirs(cls: type, base: type) -> dict:
    """What a class built on the package's defines anew."""
    found = {}
    for owner in reversed(cls.__mro__[: cls.__mro__.index(base)]):
        found |= {n: v for n, v in vars(owner).items() if n not in BOOKKEEPING}
    return found


BOOKKEEPING = (
    "__module__", "__dict__", "__weakref__", "__doc__", "__qualname__", "__firstlineno__",
    "__static_attributes__",
)  # fmt: skip


def adopted(names: dict, word: str) -> dict:
    """`names` in which a learner's class has become the package's own, with their methods in it.

    In a workbook `class Tensor(Tensor)` adds a method to what is there. The package's operations
    return the package's class, which then has the learner's methods too, as it will when they
    are exported.
    """
    from tinytorch.core.tensor import Tensor as base

    newest = names.get("Variable") or names.get(word)
    if names.get(word) is not None and isinstance(newest, type):
        other = names[word]
        newest = other if isinstance(other, type) and issubclass(other, newest) else newest
    if not isinstance(newest, type) or not issubclass(newest, base) or newest is base:
        return names
    theirs = of_theirs(newest, base)
    if "__init__" in theirs or not all(callable(v) for v in theirs.values()):
        return names  # it keeps something of its own: it must stay a class of its own
    for name, value in theirs.items():
        setattr(base, name, value)
    for name, value in list(names.items()):
        if isinstance(value, type) and issubclass(newest, value) and issubclass(value, base):
            names[name] = base
    return names
