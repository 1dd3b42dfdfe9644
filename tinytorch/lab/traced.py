"""From Python to the browser: what a function does to symbols, written down as JavaScript.

    adam called with symbols   →   m' = beta1 * m + (1 - beta1) * g, ...   →   a loop for a browser

The package's own functions are called, once for each way that their questions can be answered
(`if momentum == 0`), and every operation is recorded in the order in which it came. What
consists of numbers alone is taken out of the loop over elements. Nothing is simplified or
reordered, so that + - * / and roots give NumPy's bits in any browser. A number to a whole power
is computed by `whole_power`, here as there, since libraries differ in the last place; exp, log,
tanh, cos and other powers are the browser's own, and equal within a few units of that place.
"""

import contextlib
import math
import sys
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from tinytorch.core.tensor import Tensor
from tinytorch.optim.engines import advance, keywords, signature

PATHS, QUESTIONS, NODES, SECONDS = 64, 40, 4000, 5.0
INEXACT = ("exp", "log", "log2", "log1p", "expm1", "tanh", "cos", "sin", "power")


class Untranslatable(Exception):
    """A function that no loop of a browser can follow, and why."""


class Symbol:
    """A number that is not known yet: an input, or an operation on others."""

    __slots__ = ("inputs", "operation", "tape", "whole")
    ndim, shape, size = 0, (), 1

    def __init__(self, tape, operation: str, inputs: tuple, whole: bool):
        self.tape, self.operation, self.inputs, self.whole = tape, operation, inputs, whole

    __hash__ = object.__hash__

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        if method != "__call__" or set(kwargs) - {"where", "dtype"}:
            raise Untranslatable(f"it uses np.{ufunc.__name__}.{method}, or its out=")
        if any(isinstance(x, np.ndarray) and x.ndim for x in inputs):
            return ufunc(*(boxed(x) for x in inputs))
        inputs = tuple(x.item() if isinstance(x, (np.ndarray, np.generic)) else x for x in inputs)
        if ufunc.__name__ not in UFUNCS:
            raise Untranslatable(f"it uses np.{ufunc.__name__}")
        return UFUNCS[ufunc.__name__](*inputs)

    def __array_function__(self, function, types, arguments, kwargs):
        if function is np.where and len(arguments) == 3:
            choose = np.frompyfunc(lambda *inputs: self.tape.node("where", *inputs), 3, 1)
            return choose(*map(boxed, arguments))
        if function in (np.ndim, np.shape, np.size):
            return {np.ndim: 0, np.shape: (), np.size: 1}[function]
        if function in (np.zeros_like, np.ones_like, np.copy):
            return {np.zeros_like: 0.0, np.ones_like: 1.0, np.copy: self}[function]
        if function in (np.stack, np.concatenate, np.broadcast_arrays, np.sum, np.all, np.array):
            return function(*map(boxed, arguments), **kwargs)
        if function is np.clip and len(arguments) == 3 and not kwargs:
            value, low, high = arguments
            return np.minimum(np.maximum(value, low), high)
        raise Untranslatable(f"it uses np.{function.__name__}")

    def __pow__(self, exponent):
        return power(self, exponent)

    def __rpow__(self, base):
        return power(base, self)

    def __pos__(self):
        return self

    def __bool__(self):
        return self.tape.answer(self)

    def _refuse(self, *_):
        raise Untranslatable("it needs to know a value to go on (a loop, a list, a conversion)")

    __float__ = __int__ = __index__ = __complex__ = __iter__ = __len__ = _refuse
    __round__ = __contains__ = _refuse

    def __getitem__(self, index):
        return self if index == () else self._refuse()

    def copy(self):
        return self

    def item(self):
        return self


def operator(operation: str, whole: bool = False):
    """An operation on symbols and numbers; of whole numbers it is whole, if `whole`."""

    def apply(*inputs):
        tape = next((x.tape for x in inputs if isinstance(x, Symbol)), None)
        return tape.node(operation, *inputs, whole=whole and all(map(is_whole, inputs)))

    return apply


def is_whole(x) -> bool:
    if isinstance(x, Symbol):
        return x.whole
    return isinstance(x, (int, np.integer)) or (isinstance(x, float) and x.is_integer())


def power(base, exponent):
    """base ** exponent, in the operations that NumPy takes for it."""
    if isinstance(exponent, np.ndarray):
        return boxed(base) ** exponent
    if not isinstance(exponent, Symbol):
        simple = {1: lambda: base, 2: lambda: base * base, 0.5: lambda: np.sqrt(base)}
        if exponent in simple:
            return simple[exponent]()
    return operator("whole_power" if is_whole(exponent) else "power")(base, exponent)


def boxed(x):
    """Symbols as arrays of objects, which NumPy handles element by element."""
    if isinstance(x, Symbol):
        box = np.empty((), dtype=object)
        box[()] = x
        return box
    if isinstance(x, (tuple, list)):
        return type(x)(map(boxed, x))
    return x


UFUNCS = {
    "add": operator("+", whole=True),
    "subtract": operator("-", whole=True),
    "multiply": operator("*", whole=True),
    "divide": operator("/"),
    "floor_divide": operator("//", whole=True),
    "remainder": operator("%", whole=True),
    "negative": operator("negative", whole=True),
    "absolute": operator("abs", whole=True),
    "square": lambda x: x * x,
    "power": power,
    "maximum": operator("maximum", whole=True),
    "minimum": operator("minimum", whole=True),
    "less": operator("<"),
    "less_equal": operator("<="),
    "greater": operator(">"),
    "greater_equal": operator(">="),
    "equal": operator("=="),
    "not_equal": operator("!="),
    "logical_and": operator("&"),
    "logical_or": operator("|"),
    **{f: operator(f) for f in ("sqrt", "sign", "floor", "rint", *INEXACT[:-1])},
}
METHODS = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide",
    "floordiv": "floor_divide", "mod": "remainder", "lt": "less", "le": "less_equal",
    "gt": "greater", "ge": "greater_equal", "eq": "equal", "ne": "not_equal",
    "and": "logical_and", "or": "logical_or",
}  # fmt: skip


def method(ufunc, reflected: bool = False):
    """An operator of Python; with an array on the other side NumPy goes through its elements."""

    def apply(self, other):
        if isinstance(other, np.ndarray):
            pair = (other, boxed(self)) if reflected else (boxed(self), other)
            return getattr(np, ufunc)(*pair)
        return UFUNCS[ufunc](other, self) if reflected else UFUNCS[ufunc](self, other)

    return apply


for _name, _ufunc in METHODS.items():
    setattr(Symbol, f"__{_name}__", method(_ufunc))
    setattr(Symbol, f"__r{_name}__", method(_ufunc, reflected=True))
for _name, _ufunc in {"__neg__": "negative", "__abs__": "absolute"}.items():
    setattr(Symbol, _name, UFUNCS[_ufunc])
for _name in ("sqrt", "floor", "rint", *INEXACT[:-1]):  # what NumPy calls on objects in an array
    setattr(Symbol, _name, UFUNCS[_name])


class Branch(NamedTuple):
    """A question, and what follows from each answer: another question, or results."""

    condition: Symbol
    yes: object
    no: object


class Tape:
    """Symbols and operations, each of which stands here once; and the answers on one path."""

    def __init__(self, seconds: float = SECONDS):
        self.nodes: dict[tuple, Symbol] = {}
        self.paths, self.seconds = 0, seconds

    def node(self, operation: str, *inputs, whole: bool = False) -> Symbol:
        inputs = tuple(x if isinstance(x, Symbol) else self.constant(x) for x in inputs)
        key = (operation, *map(id, inputs))
        if len(self.nodes) >= NODES:
            raise Untranslatable(f"it takes more than {NODES} operations")
        return self.nodes.setdefault(key, Symbol(self, operation, inputs, whole))

    def input(self, name: str, whole: bool = False) -> Symbol:
        return self.nodes.setdefault(("input", name), Symbol(self, "input", (name,), whole))

    def constant(self, value) -> Symbol:
        if isinstance(value, np.ndarray) and value.ndim == 0:
            value = value.item()
            if isinstance(value, Symbol):
                return value
        if not isinstance(value, (bool, int, float, np.bool_, np.integer, np.floating)):
            raise Untranslatable(f"it computes with {type(value).__name__}, which is not a number")
        value = float(value)
        key = ("constant", value.hex())
        return self.nodes.setdefault(key, Symbol(self, "constant", (value,), value.is_integer()))

    def answer(self, condition: Symbol) -> bool:
        if condition in self.answers:
            return self.answers[condition]
        number = len(self.asked)
        if number >= QUESTIONS:
            raise Untranslatable(f"it asks more than {QUESTIONS} questions in one call")
        given = self.prefix[number] if number < len(self.prefix) else True
        self.asked.append(condition)
        self.answers[condition] = given
        return given

    def explore(self, function: Callable, prefix: tuple = ()):
        """All results of `function()`: lists of symbols, in a tree of the questions it asks."""
        self.paths += 1
        if self.paths > PATHS:
            raise Untranslatable(f"its questions have more than {PATHS} outcomes")
        self.prefix, self.asked, self.answers = prefix, [], {}
        with deadline(self.seconds), np.errstate(all="ignore"):
            results = [self.node("same", r).inputs[0] for r in function()]
        tree, asked = results, self.asked
        for number in reversed(range(len(prefix), len(asked))):
            other = (*prefix, *[True] * (number - len(prefix)), False)
            tree = Branch(asked[number], tree, self.explore(function, other))
        return tree


@contextlib.contextmanager
def deadline(seconds: float):
    """Refuse what runs on and on: a loop whose end depends on a symbol has none."""
    end, before = time.monotonic() + seconds, sys.gettrace()

    def watch(frame, event, argument):
        if time.monotonic() > end:
            raise Untranslatable(f"it did not end within {seconds:g} seconds")
        return watch

    if before is None:  # a debugger, or a measurement of coverage, goes first
        sys.settrace(watch)
    try:
        yield
    finally:
        if before is None:
            sys.settrace(None)


@contextlib.contextmanager
def symbolic_math(function):
    """`math` in the module of a function, with a cosine, a root and the like that take symbols."""
    names = getattr(function, "__globals__", {})
    module = names.get("math")
    if getattr(module, "__name__", "") != "math":
        yield
        return

    class Math:
        def __getattr__(self, name):
            real = getattr(module, name)
            if name not in UFUNCS:
                return real
            return lambda x: UFUNCS[name](x) if isinstance(x, Symbol) else real(x)

    names["math"] = Math()
    try:
        yield
    finally:
        names["math"] = module


# To JavaScript

INFIX = {"+": "+", "-": "-", "*": "*", "/": "/", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
INFIX |= {"==": "===", "!=": "!==", "&": "&&", "|": "||"}
CALLS = {
    "sqrt": "Math.sqrt", "abs": "Math.abs", "floor": "Math.floor", "sign": "E.sign",
    "maximum": "E.max", "minimum": "E.min", "rint": "E.rint", "whole_power": "E.power",
    "power": "Math.pow", **{f: f"Math.{f}" for f in INEXACT[:-1]},
}  # fmt: skip


def number(value: float) -> str:
    if math.isnan(value) or math.isinf(value):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "(-Infinity)"}[str(value)]
    text = repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    text = "-0" if value == 0 and math.copysign(1, value) < 0 else text
    return f"({text})" if text.startswith("-") else text


class Writer:
    """Statements for a tree of results.

    Arguments:
        reads: how an input is read, by its name.
        elements: names of the inputs that have a value for each element of a loop.
        write: the statement that keeps results, from the texts of their values.
    """

    def __init__(self, reads: Mapping[str, str], elements=(), write=None):
        self.reads, self.elements, self.write = reads, set(elements), write
        self.uses: dict[Symbol, int] = {}
        self.inside: dict[Symbol, bool] = {}
        self.count = 0

    def program(self, tree) -> str:
        self._count_uses(tree, set())
        return self._write(tree, {}, looping=False)

    def _count_uses(self, tree, seen: set) -> None:
        roots = [tree.condition] if isinstance(tree, Branch) else list(tree)
        for root in roots:
            self.uses[root] = self.uses.get(root, 0) + 1
        while roots:
            node = roots.pop()
            if node in seen or node.operation in ("input", "constant"):
                continue
            seen.add(node)
            for inner in node.inputs:
                self.uses[inner] = self.uses.get(inner, 0) + 1
                roots.append(inner)
        if isinstance(tree, Branch):
            self._count_uses(tree.yes, seen)
            self._count_uses(tree.no, seen)

    def varies(self, node: Symbol) -> bool:
        """Whether a node has a value for each element."""
        if node not in self.inside:
            if node.operation == "input":
                self.inside[node] = node.inputs[0] in self.elements
            elif node.operation == "constant":
                self.inside[node] = False
            else:
                self.inside[node] = any(self.varies(x) for x in node.inputs)
        return self.inside[node]

    def _write(self, tree, known: dict, looping: bool) -> str:
        if isinstance(tree, Branch) and (looping or not self.varies(tree.condition)):
            before, condition = self._values([tree.condition], known)
            yes = self._write(tree.yes, dict(known), looping)
            no = self._write(tree.no, dict(known), looping)
            return f"{before}if({condition[0]}){{{yes}}}else{{{no}}}"
        if self.elements and not looping:
            hoisted = self._hoist(tree, known)
            return f"{hoisted}for(let i=0;i<n;i++){{{self._write(tree, known, True)}}}"
        before, values = self._values(tree, known)
        return before + self.write(values)

    def _hoist(self, tree, known: dict) -> str:
        """Name all numbers that the loop will need."""
        wanted, roots = [], []

        def gather(part):
            if isinstance(part, Branch):
                roots.append(part.condition)
                gather(part.yes)
                gather(part.no)
            else:
                roots.extend(part)

        gather(tree)
        seen = set()
        while roots:
            node = roots.pop()
            if node in seen or node.operation == "constant":
                continue
            seen.add(node)
            if self.varies(node):
                roots.extend(node.inputs if node.operation != "input" else ())
            else:
                wanted.append(node)
        text = ""
        for node in reversed(wanted):
            before, (value,) = self._values([node], known)
            text += before
            if node not in known:
                text += self._name(node, value, known)
        return text

    def _name(self, node: Symbol, value: str, known: dict) -> str:
        known[node] = f"_{self.count}"
        self.count += 1
        return f"const {known[node]}={value};"

    def _values(self, nodes, known: dict) -> tuple[str, list[str]]:
        """Statements that name what is used again, and a text for each node."""
        statements = []

        def text(node: Symbol) -> str:
            if node in known:
                return known[node]
            if node.operation == "constant":
                return number(node.inputs[0])
            if node.operation == "input":
                value = self.reads[node.inputs[0]]
            else:
                value = self._operation(node.operation, [text(x) for x in node.inputs])
            if self.uses.get(node, 0) > 1:
                statements.append(self._name(node, value, known))
                return known[node]
            return value

        values = [text(node) for node in nodes]
        return "".join(statements), values

    def _operation(self, operation: str, inputs: list[str]) -> str:
        if operation in INFIX:
            return f"({inputs[0]}{INFIX[operation]}{inputs[1]})"
        if operation in CALLS:
            return f"{CALLS[operation]}({','.join(inputs)})"
        a, *rest = inputs
        if operation == "negative":
            return f"(-{a})"
        if operation == "where":
            return f"({a}?{rest[0]}:{rest[1]})"
        if operation == "//":
            return f"Math.floor({a}/{rest[0]})"
        return f"E.mod({a},{rest[0]})"  # %


def operations(tree) -> set[str]:
    """All that a tree computes with."""
    if isinstance(tree, Branch):
        return operations([tree.condition]) | operations(tree.yes) | operations(tree.no)
    found, roots, seen = set(), list(tree), set()
    while roots:
        node = roots.pop()
        if node not in seen and node.operation not in ("input", "constant"):
            seen.add(node)
            found.add(node.operation)
            roots.extend(node.inputs)
    return found


# Rules, surfaces, schedules, functions


class Translation(NamedTuple):
    """JavaScript for a function, and what it is called with.

    Attributes:
        code: an expression for the function; `E` in it is the engine of `web/engine.js`.
        knobs: names of its numbers K, in order.
        state: names of a rule's arrays after p and g.
        exact: whether it consists of operations that are the same to the bit everywhere.
    """

    code: str
    knobs: tuple[str, ...]
    state: tuple[str, ...] = ()
    exact: bool = True


def is_exact(tree) -> bool:
    return not operations(tree) & set(INEXACT)


def function(f: Callable, inputs=("x",), knobs=(), whole=(), seconds=SECONDS) -> Translation:
    """Translate `f(*inputs, **knobs)`, which returns a number or several.

    The code is a function (x, K) of the inputs' and the knobs' values, that returns a number; or
    (x, K, out), which fills `out`, if `f` returns a tuple or an array.

    Raises:
        Untranslatable: with the reason.
    """
    tape, several = Tape(seconds), []

    def call():
        values = [tape.input(name, name in whole) for name in inputs]
        with symbolic_math(f):
            result = f(*values, **{name: tape.input(name, name in whole) for name in knobs})
        several.append(isinstance(result, (tuple, list)) or np.ndim(result) > 0)
        return list(result) if several[-1] else [result]

    tree = attempt(tape, call)
    reads = {name: f"x[{i}]" for i, name in enumerate(inputs)}
    if several[0]:
        code, write = "(x,K,o)=>", lambda values: f"{each('o', values)}return o;"
    else:
        code, write = "(x,K)=>", lambda values: f"return {values[0]};"
    body = Writer(reads | knob_reads(knobs), write=write).program(tree)
    return Translation(f"{code}{{{body}}}", tuple(knobs), exact=is_exact(tree))


def each(target: str, values) -> str:
    """Assign all at once: a value may be made of what another one replaces."""
    names = "".join(f"const w{i}={v};" for i, v in enumerate(values))
    return names + "".join(f"{target}[{i}]=w{i};" for i in range(len(values)))


def knob_reads(knobs) -> dict[str, str]:
    return {name: f"K[{i}]" for i, name in enumerate(knobs)}


def attempt(tape: Tape, call: Callable):
    try:
        return tape.explore(call)
    except Untranslatable:
        raise
    except RecursionError:
        raise Untranslatable("it calls itself without end") from None
    except Exception as error:  # whatever a function does that was not made for symbols
        raise Untranslatable(f"symbols gave {type(error).__name__}: {error}") from error


def group_with(optimizer, values: Mapping[str, object]) -> dict:
    """The optimizer's group, a plain dictionary, with other values in it."""
    group = dict(optimizer.param_groups[0])
    for name, value in values.items():
        if place := member(name):
            betas = list(group["betas"])
            betas[place - 1] = value
            group["betas"] = tuple(betas)
        elif name in group:
            group[name] = value
        else:
            raise ValueError(f"{type(optimizer).__name__} has no {name} that could be changed")
    return group


def member(name: str) -> int:
    """2 for beta2, the second of the betas; 0 for what names no member of them."""
    return int(name[4:]) if name.startswith("beta") and name[4:].isdigit() else 0


def settings(optimizer: Callable, knobs: Mapping[str, float]) -> dict:
    """Arguments of a constructor for values that may name members of its betas."""
    values = {name: value for name, value in knobs.items() if not member(name)}
    if len(values) < len(knobs):
        own = getattr(optimizer, "declared", {}).get("betas")
        betas = list(own.default if own else (0.9, 0.999))
        for name in knobs.keys() - values.keys():
            betas[member(name) - 1] = knobs[name]
        values["betas"] = tuple(betas)
    return values


def rule(optimizer: Callable, knobs: Mapping[str, float], **fixed) -> Translation:
    """Translate the step of an optimizer: what precedes the rule, the rule, and its numbers.

    The code is a function (n, A, K, t): one step, the t-th, of the n elements of the arrays A =
    [p, g, *state], with the numbers K in the order of `knobs`.

    Arguments:
        optimizer: called as `optimizer([p], **knobs, **fixed)`.
        knobs: hyper-parameters that the browser may change, with values that are allowed.
        fixed: others.

    Raises:
        Untranslatable: a rule for whole tensors; one that carries numbers from step to step; a
            learner's class, which keeps its state to itself; or what `function` refuses.
    """
    name = optimizer.__name__
    if not getattr(optimizer, "elementwise", True):
        raise Untranslatable(f"{name} steps whole tensors, not element by element")
    if not getattr(optimizer, "state_is_open", True):
        raise Untranslatable(f"your {name} keeps its state to itself")
    made = optimizer([Tensor(0.0, requires_grad=True)], **settings(optimizer, knobs), **fixed)
    if made.carried(made.param_groups[0]):
        raise Untranslatable(f"{name} carries numbers from step to step")
    tape = Tape()
    state: dict[str, None] = {}
    trees = []

    def call():
        group = group_with(made, {k: tape.input(k) for k in knobs})
        stages = made.stages(group)
        names = signature(stages[-1])[0]
        state.update(dict.fromkeys(names))
        arrays = [tape.input(a) for a in ("p", "g", *names)]
        numbers = made.numbers(group, tape.input("t", whole=True))
        p, *new = advance(stages, arrays, keywords(stages, numbers))
        kept = dict(zip(names, new, strict=True))
        trees.append(names)
        return [p, *(kept.get(a, tape.input(a)) for a in state)]

    tree = attempt(tape, call)
    tape.paths = 0
    tree = attempt(tape, call)  # once more, now that all names of the state are known
    arrays = ("p", "g", *state)
    reads = {a: f"A[{i}][i]" for i, a in enumerate(arrays)} | knob_reads(knobs) | {"t": "t"}

    def write(values):
        names = "".join(f"const w{i}={v};" for i, v in enumerate(values))
        at = [0, *range(2, len(arrays))]
        return names + "".join(f"A[{a}][i]=w{i};" for i, a in enumerate(at))

    body = Writer(reads, arrays, write).program(tree)
    return Translation(f"(n,A,K,t)=>{{{body}}}", tuple(knobs), tuple(state), is_exact(tree))


def surface(make: Callable, knobs: Mapping[str, float] = {}, d: int = 2, **fixed):
    """Translate the value and the gradient of a surface, `make(**knobs, **fixed)`.

    Returns:
        The value's translation, (x, K) → number, and the gradient's, (x, K, out).
    """

    def made(values):
        return make(**values, **fixed)

    def value(*x, **values):
        return made(values).value(vector(x))

    def gradient(*x, **values):
        return made(values).gradient(vector(x))

    names = tuple(f"x{i}" for i in range(d))
    return function(value, names, knobs), function(gradient, names, knobs)


def vector(components) -> np.ndarray:
    array = np.empty(len(components), dtype=object)
    array[:] = components
    return array


def schedule(make: Callable, knobs: Mapping[str, float] = {}, whole=()) -> Translation:
    """Translate a schedule: the code is a function (x, K) of x = [t, base] for the learning rate.

    Arguments:
        make: called as `make(optimizer, **knobs)`, gives a scheduler that keeps the knobs under
            their names.
        whole: names of the knobs that are whole numbers.
    """
    from tinytorch.optim import SGD

    made = make(SGD([Tensor(0.0, requires_grad=True)], lr=1.0), **knobs)
    for name in knobs:
        if name not in vars(made):
            raise Untranslatable(f"{type(made).__name__} keeps no {name} that could be changed")

    def rate(t, base, **values):
        turned = object.__new__(type(made))  # a copy would be another of the optimizer's schedulers
        vars(turned).update({**vars(made), **values})
        return turned.values(t, [base])[0]["lr"]

    with symbolic_math(type(made).values), symbolic_math(type(made).lr):
        return function(rate, ("t", "base"), knobs, whole=("t", *whole))


# The same powers in Python


def split(a):
    c = 134217729.0 * a  # Veltkamp: two halves of 26 bits
    high = c - (c - a)
    return high, a - high


def double_product(ah, al, bh, bl):
    """(ah + al)(bh + bl) in twice the precision (Dekker 1971)."""
    p = ah * bh
    (a1, a2), (b1, b2) = split(ah), split(bh)
    error = ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2
    error = error + (ah * bl + al * bh)
    s = p + error
    return s, error - (s - p)


def whole_power(base, n: int):
    """base ** n for a whole number n, by squaring in twice the precision.

    It is the correctly rounded power but for one in twenty thousand; base may be an array.
    """
    if n < 0:
        return 1.0 / whole_power(base, -n)
    high, low, square, rest = 1.0, 0.0, base * 1.0, 0.0
    left = n
    while left:
        if left & 1:
            high, low = double_product(high, low, square, rest)
        left >>= 1
        if left:
            square, rest = double_product(square, rest, square, rest)
    result = high + low
    return np.where(np.isfinite(result), result, np.power(base * 1.0, float(n)))[()]


class Exact(np.ndarray):
    """Numbers whose whole powers are computed as the browser computes them."""

    def __pow__(self, exponent):
        plain = self.view(np.ndarray)
        if np.ndim(exponent) == 0:
            exponent = exponent.item() if isinstance(exponent, np.ndarray) else exponent
            simple = {1: lambda: plain, 2: lambda: plain * plain, 0.5: lambda: np.sqrt(plain)}
            if exponent in simple:
                return simple[exponent]().view(Exact)
            if float(exponent).is_integer():
                return np.asarray(whole_power(plain, int(exponent))).view(Exact)
        return (plain**exponent).view(Exact)


def reference_run(optimizer, knobs: Mapping[str, np.ndarray], start, gradient, steps, **fixed):
    """What NumPy makes of a rule for many settings at once: positions (steps + 1, settings, d).

    Arguments:
        knobs: for each name an array of values, one a setting; none of them zero.
        start: shape (settings, d).
        gradient: of positions (settings, d).
    """
    first = {name: float(values[0]) for name, values in knobs.items()}
    p = np.array(start, dtype=np.float64)
    made = optimizer(
        [Tensor(p, dtype=np.float64, requires_grad=True)], **settings(optimizer, first), **fixed
    )
    stages = made.stages(made.param_groups[0])
    columns = {k: np.asarray(v, np.float64)[:, None].view(Exact) for k, v in knobs.items()}
    group = group_with(made, columns)
    for name, value in group.items():
        if isinstance(value, float):
            group[name] = np.asarray(value).view(Exact)
    if "betas" in group:
        group["betas"] = tuple(np.asarray(b, np.float64).view(Exact) for b in group["betas"])
    (original,) = made.param_groups
    state = list(made.initial_state(original["params"][0], original).values())
    path = [p.copy()]
    with np.errstate(all="ignore"):
        for t in range(1, steps + 1):
            numbers = keywords(stages, made.numbers(group, t))
            g = np.asarray(gradient(p))
            p, *state = map(np.asarray, advance(stages, (p, g, *state), numbers))
            path.append(p.copy())
    return np.array(path)
