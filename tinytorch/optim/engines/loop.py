"""From the source of a rule to the body of one loop over elements.

    def rule(p, g, m, *, t, lr, beta):          once a step:   _0 = beta
        m = beta * m + (1 - beta) * g     →                    _1 = 1 - beta
        return p - lr * m, m                                   _2 = lr
                                          each element:  m_1 = (_0 * m) + (_1 * g)
                                                         new_2 = p - (_2 * m_1)

What consists of numbers only is taken out of the loop, in pieces as large as possible, and is
computed in Python's double precision before it is rounded to the type of the arrays, as NumPy
does it. The rest happens element by element in the order of the rule. Nothing is simplified or
reordered, so that the loop gives the bits that the rule gives on whole arrays; but where speed
is asked for, a division by a number becomes a product with its reciprocal, which rounds once
more. What a rule takes from outside of it, a constant of its module or of the function that made
it, is looked up anew in every step, as Python does.
"""

import ast
import builtins
import functools
import inspect
import math
import textwrap
from typing import NamedTuple

import numpy as np

FUNCTIONS = {
    "abs",
    "absolute",
    "sqrt",
    "square",
    "sign",
    "maximum",
    "minimum",
    "exp",
    "log",
    "tanh",
}


class NotFusable(Exception):
    """The rule contains what cannot be put into a loop."""


class Loop(NamedTuple):
    """A step as one loop.

    Attributes:
        arrays: their names, p, g and then the state.
        numbers: names of the step's numbers.
        constants: a function of these numbers; what it returns is _0, _1, ... in the body.
        count: how many constants there are.
        body: assignments for one element; the names of the arrays stand for its old values.
        results: names of the new p and the new state.
    """

    arrays: tuple[str, ...]
    numbers: tuple[str, ...]
    constants: object
    count: int
    body: list[str]
    results: list[str]


@functools.lru_cache(512)
def fuse(stages, exact: bool = True) -> Loop:
    """The stages of a step, the rule last, as one loop.

    Arguments:
        exact: keep divisions by numbers, which a processor does many times slower than products.

    Raises:
        NotFusable: a stage has no source, or is not a list of assignments and a return.
    """
    arrays = array_names(read(stages[-1]))
    writer = Writer(exact)
    current = [Element(name) for name in arrays]
    for stage in stages[:-1]:
        current[:2] = writer.inline(stage, current[:2])
    results = writer.inline(stages[-1], current)
    if len(results) != len(arrays) - 1:
        raise NotFusable(f"{stages[-1].__name__} does not return (p, *state)")
    names = [writer.element(r).name for r in results]
    return Loop(
        arrays,
        tuple(writer.arguments),
        writer.compute(),
        len(writer.constants),
        writer.body,
        names,
    )


class Element(NamedTuple):
    """An expression, by name, that has a value for each element."""

    name: str


class Number(NamedTuple):
    """An expression, by source, that is the same for all elements."""

    code: str


class Writer:
    """Writes the loop's body and the function of its constants, one stage after another."""

    def __init__(self, exact: bool):
        self.exact = exact
        self.body: list[str] = []  # runs for each element
        self.before: list[str] = []  # runs once a step, in Python
        self.constants: dict[str, str] = {}  # source of a number: its name in the loop
        self.arguments: dict[str, None] = {}
        self.scope: dict[str, object] = {"reciprocal": reciprocal}  # what `before` is run in
        self.count = 0

    def inline(self, stage, values: list) -> list:
        """Append a stage, called with `values` for its arrays; what it returns."""
        definition = read(stage)
        if definition.args.vararg or definition.args.kwarg or definition.args.defaults:
            raise NotFusable(f"{stage.__name__}: arguments must be plain names")
        arrays = array_names(definition)
        keywords = [a.arg for a in definition.args.kwonlyargs]
        self.stage = stage
        self.names = dict(zip(arrays, values, strict=True))
        self.names |= {name: Number(name) for name in keywords}
        self.arguments |= dict.fromkeys(keywords)
        for line in definition.body:
            match line:
                case ast.Expr(ast.Constant()):
                    continue
                case ast.Assign([target], value):
                    self.assign(target, value)
                case ast.Return(ast.Tuple(parts)):
                    results = [self.evaluate(part) for part in parts]
                    # A stage gives back p and g, a rule all but g.
                    kept = arrays if len(results) == len(arrays) else arrays[:1] + arrays[2:]
                    if len(results) != len(kept):
                        self.refuse(line)
                    return [self.keep(*pair) for pair in zip(kept, results, strict=True)]
                case _:
                    self.refuse(line)
        raise NotFusable(f"{stage.__name__} must end with return p, ...")

    def assign(self, target, value) -> None:
        match target, value:
            case ast.Name(name), _:
                self.names[name] = self.keep(name, self.evaluate(value))
            case ast.Tuple(targets), ast.Tuple(values) if len(targets) == len(values):
                results = [self.evaluate(v) for v in values]
                for t, result in zip(targets, results, strict=True):
                    self.names[t.id] = self.keep(t.id, result)
            case _:
                self.refuse(target)

    def keep(self, name: str, value):
        """Give a computed value a name of its own."""
        if value[0].isidentifier():
            return value
        self.count += 1
        name = f"{name}_{self.count}"
        match value:
            case Element(code):
                self.body.append(f"{name} = {code}")
                return Element(name)
            case Number(code):
                self.before.append(f"{name} = {code}")
                return Number(name)

    def evaluate(self, node):
        """The value of an expression: a Number, or an Element whose numbers are constants."""
        match node:
            case ast.Constant(value) if isinstance(value, (int, float)):
                return Number(repr(value))
            case ast.Name(name) if name in self.names:
                return self.names[name]
            case ast.Name() | ast.Attribute() if np.ndim(self.called(node)) == 0:
                return Number(self.outer(node))
            case ast.BinOp(x, ast.Pow(), ast.Constant(2)) if isinstance(self.evaluate(x), Element):
                return self.combine("np.square({})", x)
            case ast.BinOp(x, ast.Div(), y) if not self.exact and self.divides(x, y):
                inverse = Number(f"reciprocal({self.evaluate(y).code})")
                return Element(f"({self.evaluate(x).name} * {self.element(inverse).name})")
            case ast.BinOp(x, op, y):
                return self.combine(f"({{}} {symbol(op)} {{}})", x, y)
            case ast.UnaryOp(op, x):
                return self.combine(f"({symbol(op)} {{}})", x)
            case ast.Compare(x, [op], [y]):
                return self.combine(f"({{}} {symbol(op)} {{}})", x, y)
            case ast.Call(f, [condition, x, y], []) if self.called(f) is np.where:
                return self.combine("({1} if {0} else {2})", condition, x, y)
            case ast.Call(f, parts, []):
                form = f"({', '.join(['{}'] * len(parts))})"
                if all(isinstance(self.evaluate(part), Number) for part in parts):
                    return self.combine(self.outer(f) + form, *parts)
                function = self.called(f)
                if function is abs:
                    return self.combine("abs" + form, *parts)
                if function in (getattr(np, name) for name in FUNCTIONS):
                    return self.combine(f"np.{function.__name__}" + form, *parts)
        return self.refuse(node)

    def divides(self, x, y) -> bool:
        return isinstance(self.evaluate(x), Element) and isinstance(self.evaluate(y), Number)

    def combine(self, form: str, *nodes):
        """An operation: a Number if all its operands are, else an Element."""
        values = [self.evaluate(node) for node in nodes]
        if all(isinstance(v, Number) for v in values):
            return Number(form.format(*(v.code for v in values)))
        return Element(form.format(*(self.element(v).name for v in values)))

    def element(self, value) -> Element:
        if isinstance(value, Element):
            return value
        return Element(self.constants.setdefault(value.code, f"_{len(self.constants)}"))

    def called(self, node):
        return eval(self.outer(node), self.scope)

    def outer(self, node) -> str:
        """Where to look up a name from outside the stage (np.sqrt, a constant of its module)."""
        root = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if not isinstance(root, ast.Name) or root.id in self.names:
            self.refuse(node)
        code, cells = self.stage.__code__, self.stage.__closure__
        if root.id in code.co_freevars:
            home, place = cells[code.co_freevars.index(root.id)], ".cell_contents"
        else:
            places = (self.stage.__globals__, vars(builtins))
            home = next((scope for scope in places if root.id in scope), None)
            place = f"[{root.id!r}]"
        if home is None:
            self.refuse(node)
        name = f"outside{id(home)}"  # the scope keeps it alive
        self.scope[name] = home
        return name + place + ast.unparse(node)[len(root.id) :]

    def compute(self):
        """The function that computes the constants."""
        lines = [f"def constants({', '.join(self.arguments)}):", *self.before]
        lines.append(f"return [{', '.join(self.constants)}]")
        exec("\n    ".join(lines), self.scope)
        return self.scope["constants"]

    def refuse(self, node):
        raise NotFusable(f"{self.stage.__name__}: {ast.unparse(node)} cannot be put into a loop")


def reciprocal(number) -> float:
    return 1 / number if number else math.inf


SYMBOLS = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.USub: "-",
    ast.UAdd: "+",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


def symbol(op) -> str:
    if type(op) not in SYMBOLS:
        raise NotFusable(f"{type(op).__name__} cannot be put into a loop")
    return SYMBOLS[type(op)]


def read(stage) -> ast.FunctionDef:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(stage)))
    except (OSError, TypeError, SyntaxError) as error:
        raise NotFusable(f"{stage!r} has no source that could be read") from error
    match tree.body:
        case [ast.FunctionDef() as definition] if not definition.decorator_list:
            if not is_current(stage):
                raise NotFusable(f"{stage!r} was made from another source than its file holds now")
            return definition
    raise NotFusable(f"{stage!r} is not a plain function")


def array_names(definition: ast.FunctionDef) -> tuple[str, ...]:
    """The arguments before the star: a rule's arrays."""
    return tuple(a.arg for a in (*definition.args.posonlyargs, *definition.args.args))


def is_current(stage) -> bool:
    """Whether the file holds the source that the function was made from: it may be edited since."""
    codes = [compile("".join(inspect.findsource(stage)[0]), "", "exec", dont_inherit=True)]
    for code in codes:
        codes += filter(inspect.iscode, code.co_consts)
    return stage.__code__ in codes
