"""A fingerprint of code: it changes when what a function does may have changed.

Walked are a function's instructions, constants, defaults and what it encloses, then in the same
way every function, class and constant that it names, through this package and through the
user's own modules. Comments, formatting and the docstrings of what is reached do not count. Of
other libraries the version counts.
"""

import contextvars
import functools
import hashlib
import sys
import types

import numpy as np

PACKAGE = __name__.partition(".")[0]
PLAIN = (type(None), bool, int, float, complex, str, bytes, range, slice, type(Ellipsis))
BY_CONTENT = (tuple, frozenset, np.ndarray, np.generic)  # equal ones may be one object, or two
CODE = (types.FunctionType, types.MethodType, type, staticmethod, classmethod, property)
OF_THE_MOMENT = {"threading", "_thread", "concurrent", "weakref"}  # their objects hold no code
BOOKKEEPING = {
    "__doc__", "__module__", "__dict__", "__weakref__", "__annotations__", "__annotate__",
    "__annotate_func__", "__annotations_cache__", "__static_attributes__", "__firstlineno__",
    "__signature__", "__slotnames__", "__abstractmethods__", "_abc_impl",
}  # fmt: skip


def fingerprint(*values) -> str:
    """The same 32 hexadecimal digits for the same values and code, in every process.

    Arguments:
        values: functions and classes, arrays, containers, objects that can be pickled.

    Raises:
        TypeError: something that cannot be looked into (an open file, a lock).
    """
    return fingerprints([values])[0]


def fingerprints(values) -> list[str]:
    """The fingerprint of each; a function or class that several of them hold is walked once."""
    digests: dict[int, tuple] = {}
    return [walked(value, digests) for value in values]


def walked(value, digests: dict | None) -> str:
    walk = Walk(digests)
    walk.see(value)
    return hashlib.sha256(b"".join(walk.said)).hexdigest()[:32]


class Walk:
    """One walk over values and what they reach; what was seen is named by its number.

    Arguments:
        digests: what walks over functions and classes have found, by identity; those are then
            no part of this walk. None: they are walked here. It must not outlive the moment:
            what code reaches can change.
    """

    def __init__(self, digests: dict | None = None):
        self.digests = digests
        self.said: list[bytes] = []
        self.numbers: dict[int, int] = {}
        self.lenient = False  # inside a constant of this package
        self.alive: list = []  # or another object could get the identity of one that is gone

    def say(self, *words) -> None:
        for word in words:
            data = word if isinstance(word, bytes) else str(word).encode("utf-8", "surrogatepass")
            self.said += len(data).to_bytes(8, "little"), data

    def see(self, x) -> None:
        if isinstance(x, PLAIN):
            self.say(type(x).__name__, repr(x))
            return
        if self.digests is not None and isinstance(x, (types.FunctionType, type)):
            if id(x) not in self.digests:
                self.digests[id(x)] = x, walked(x, None)  # with x itself, which keeps its identity
            self.say("code", self.digests[id(x)][1])
            return
        if not isinstance(x, BY_CONTENT):
            if id(x) in self.numbers:
                self.say("seen", self.numbers[id(x)])
                return
            self.numbers[id(x)] = len(self.numbers)
            self.alive.append(x)
        self.say(type(x).__name__)
        if isinstance(x, (tuple, list)) and type(x) in (tuple, list):
            self.see_all(x)
        elif isinstance(x, (set, frozenset)):
            self.say(*sorted(walked(item, self.digests) for item in x))
        elif isinstance(x, (dict, types.MappingProxyType)):
            self.see_all([part for item in ordered(x) for part in item])
        elif isinstance(x, (np.ndarray, np.generic)):
            self.array(np.asarray(x))
        elif isinstance(x, np.random.Generator):
            self.see(x.bit_generator.state)
        elif isinstance(x, types.ModuleType):
            self.library(x.__name__)
        elif isinstance(x, types.FunctionType):
            self.function(x)
        elif isinstance(x, types.MethodType):
            self.see_all([x.__func__, x.__self__])
        elif isinstance(x, (staticmethod, classmethod)):
            self.see(x.__func__)
        elif isinstance(x, property):
            self.see_all([x.fget, x.fset, x.fdel])
        elif isinstance(x, types.CodeType):
            self.say(instructions(x))
        elif isinstance(x, type):
            self.a_class(x)
        elif hasattr(x, "__wrapped__"):  # functools.cache
            self.see(x.__wrapped__)
        elif isinstance(x, functools.partial):
            self.see_all([x.func, x.args, x.keywords])
        elif callable(x) and hasattr(x, "__name__") and not hasattr(x, "__dict__"):
            self.say(getattr(x, "__module__", ""), x.__name__)  # built in, or a ufunc
        else:
            self.thing(x)

    def see_all(self, values) -> None:
        values = list(values)
        self.say(len(values))
        for value in values:
            self.see(value)

    def array(self, x) -> None:
        self.say(x.dtype.str, x.shape)
        if x.dtype.hasobject:
            self.see_all(x.ravel().tolist())
        else:
            self.say(np.ascontiguousarray(x).tobytes())

    def library(self, module: str) -> bool:
        """Say where something is from; whether that is somebody else's, and its version enough."""
        top = module.partition(".")[0]
        foreign = is_foreign(top)
        if foreign:
            self.say(module, getattr(sys.modules.get(top), "__version__", ""))
        return foreign

    def function(self, f) -> None:
        if self.library(f.__module__ or ""):
            self.say(f.__qualname__)
            return
        self.say(instructions(f.__code__, f.__doc__))
        self.see_all([f.__defaults__, f.__kwdefaults__])
        cells = f.__closure__ or ()
        self.see_all([c.cell_contents for c in cells if not is_empty(c)])
        self.reached(f)

    def reached(self, f) -> None:
        """What a function names: in its own module, and of modules that it names."""
        names, space = names_in(f.__code__), f.__globals__
        ours = (f.__module__ or "").partition(".")[0] == PACKAGE
        for name in names:
            if name in space:
                self.named(name, space[name], names, ours)

    def named(self, name: str, value, names: tuple, ours: bool) -> None:
        self.say(name)
        if isinstance(value, types.ModuleType):
            if not self.library(value.__name__):
                within = value.__name__.partition(".")[0] == PACKAGE
                others = tuple(n for n in names if n != name)
                for inner in others:
                    # That a submodule is an attribute says only that somebody imported it.
                    submodule = f"{value.__name__}.{inner}" in sys.modules
                    if inner in vars(value) and not (inner.startswith("__") or submodule):
                        self.named(inner, vars(value)[inner], others, within)
        elif isinstance(value, contextvars.ContextVar):
            pass
        elif not ours or name.isupper() or is_constant(value):
            before, self.lenient = self.lenient, self.lenient or ours
            self.see(value)
            self.lenient = before
        # else a cache or a generator of this package: its content is no code

    def a_class(self, cls) -> None:
        self.say(cls.__qualname__)
        if self.library(cls.__module__):
            return
        self.see_all(cls.__bases__)
        for name, value in sorted(vars(cls).items()):
            if name not in BOOKKEEPING:
                self.say(name)
                self.see(value)

    def thing(self, x) -> None:
        """An object: its class, and what a pickle would hold."""
        self.see(type(x))
        if self.lenient and type(x).__module__.partition(".")[0] in OF_THE_MOMENT:
            return
        try:
            pickled = x.__reduce_ex__(4)
        except TypeError as error:
            if self.lenient:
                return
            if " at 0x" not in repr(x):  # a type such as `bool | str`
                self.say(repr(x))
                return
            raise TypeError(f"fingerprint: cannot look into {x!r}: {error}") from None
        if isinstance(pickled, str):
            self.say(pickled)
            return
        self.see([list(p) if hasattr(p, "__next__") else p for p in pickled[1:]])


def ordered(mapping) -> list:
    """Items in an order that insertion does not decide."""
    keyed = ((k if isinstance(k, str) else walked(k, None), k, v) for k, v in mapping.items())
    return [(k, v) for _, k, v in sorted(keyed, key=lambda item: item[0])]


def is_constant(value) -> bool:
    frozen = isinstance(value, (*PLAIN, *CODE, tuple, frozenset, functools.partial))
    return frozen or hasattr(value, "__wrapped__")


def is_empty(cell) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return True
    return False


@functools.cache
def instructions(code, docstring=None) -> str:
    """A digest of what a code object holds, all of which is constant."""
    constants = list(code.co_consts)
    if constants and docstring is not None and constants[0] == docstring:
        constants = constants[1:]
    walk = Walk()
    walk.say(code.co_code, code.co_names, code.co_varnames, code.co_freevars, code.co_flags)
    walk.say(code.co_argcount, code.co_kwonlyargcount)
    walk.see_all(constants)
    return hashlib.sha256(b"".join(walk.said)).hexdigest()


@functools.cache
def names_in(code) -> tuple:
    """The names of globals and attributes in a code object and those within it, in order."""
    inner = [names_in(c) for c in code.co_consts if isinstance(c, types.CodeType)]
    return tuple(sorted(set(code.co_names).union(*inner)))


@functools.cache
def is_foreign(top: str) -> bool:
    """Whether a package is somebody else's: of the standard library, or installed."""
    if top in (PACKAGE, "__main__", ""):
        return False
    if top in sys.stdlib_module_names or top in sys.builtin_module_names:
        return True
    file = getattr(sys.modules.get(top), "__file__", None) or ""
    return "site-packages" in file or "dist-packages" in file
