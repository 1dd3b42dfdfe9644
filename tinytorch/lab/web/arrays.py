"""What the rules of the book ask of NumPy, for the Python in the page: numbers and small arrays.

That Python has no NumPy. Nothing imports this file: its text is what a worker of the page runs,
which hands `NumPy` the functions of numbers that it has itself.
"""


class Kind:
    """A type of number, by its name."""

    def __init__(self, name, of=float):
        self.name, self._of = name, of

    def __call__(self, x=0.0):
        return self._of(x)

    def __eq__(self, other):
        return getattr(other, "name", other) == self.name

    __hash__ = None


class Array:
    """Numbers in a row, or in rows of one length; operations are those of NumPy, on elements."""

    def __init__(self, items, shape, short=None):
        self.items, self.shape, self._short = items, shape, short  # short: rounds to 32 bits

    size = property(lambda self: len(self.items))
    ndim = property(lambda self: len(self.shape))

    @property
    def dtype(self):
        return "float32" if self._short else "float64"

    def each(self, f):
        return Array([f(x) for x in self.items], self.shape, self._short)

    def both(self, f, other, turned=False):
        """`f` of the elements of two arrays, or of an array and a number."""
        short, shape = self._short, self.shape
        if isinstance(other, Array):
            short = short and other._short
            if len(other.items) == 1 or other.shape == shape:
                them = other.items * (len(self.items) if len(other.items) == 1 else 1)
                mine = self.items
                shape = shape if len(shape) >= len(other.shape) else other.shape
            elif len(self.items) == 1:
                shape, them, mine = other.shape, other.items, self.items * len(other.items)
            else:
                shapes = f"{shape} {other.shape}"
                raise ValueError(f"operands could not be broadcast together with shapes {shapes}")
        elif isinstance(other, (int, float)):
            mine, them = self.items, [other] * len(self.items)
        else:
            what = type(other).__name__
            raise TypeError(f"unsupported operand types: an array and {what}")
        if turned:
            mine, them = them, mine
        new = [f(x, y) for x, y in zip(mine, them)]  # noqa: B905  of one length by now
        new = [short(x) for x in new] if short else new
        return Array(new, shape, short) if shape else new[0]

    def put(self, f, other):
        """The same into this array's own place."""
        new = self.both(f, other)
        shape, new = (new.shape, new.items) if isinstance(new, Array) else ((), [new])
        if shape != self.shape:
            raise ValueError(f"an array of shape {self.shape} cannot hold one of {shape}")
        self.hold([self._short(x) for x in new] if self._short else new)
        return self

    def hold(self, items):
        self.items[:] = items

    def __len__(self):
        if not self.shape:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __getitem__(self, at):
        if isinstance(at, Array):
            return Array(k := [x for x, on in zip(self.items, at.items) if on], (len(k),))  # noqa: B905
        if at is Ellipsis or (isinstance(at, slice) and at == slice(None)):
            return Array(self.items, self.shape, self._short)  # the same numbers
        places = list(range(len(self.items)))
        if len(self.shape) == 1:
            found = places[at]
            return Part(self, found, (len(found),)) if isinstance(at, slice) else self.items[found]
        wide = self.shape[1]
        rows = [places[i : i + wide] for i in range(0, len(places), wide)][at]
        if isinstance(at, slice):
            return Part(self, [i for row in rows for i in row], (len(rows), wide))
        return Part(self, rows, (wide,))

    def __setitem__(self, at, value):
        if isinstance(at, int) and len(self.shape) == 1:
            items = list(self.items)
            items[at] = float(value)
            self.hold(items)
        elif at is Ellipsis or isinstance(at, (int, slice)):
            self[at].put(lambda old, new: new, value)
        else:  # where another array is true
            places = [i for i, on in enumerate(at.items) if on]
            Part(self, places, (len(places),)).put(lambda old, new: new, value)

    def __iter__(self):
        return iter([self[i] for i in range(len(self))])

    def __bool__(self):
        if len(self.items) != 1:
            raise ValueError(
                "The truth value of an array with more than one element is ambiguous. "
                "Use a.any() or a.all()"
            )
        return bool(self.items[0])

    def __float__(self):
        if len(self.items) != 1:
            raise TypeError("only an array of one number is a number")
        return float(self.items[0])

    def __repr__(self):
        return f"array({self.tolist()})"

    def tolist(self):
        if len(self.shape) < 2:
            return list(self.items) if self.shape else self.items[0]
        return [row.tolist() for row in self]

    def item(self):
        return float(self)

    def std(self):
        mean = self.mean()
        return (sum((x - mean) ** 2 for x in self.items) / len(self.items)) ** 0.5

    def any(self):
        return any(self.items)

    def all(self):
        return all(self.items)

    def sum(self):
        return sum(self.items)

    def prod(self):
        found = 1.0
        for x in self.items:
            found *= x
        return found

    def mean(self):
        return sum(self.items) / len(self.items)

    def max(self):
        return max(self.items)

    def min(self):
        return min(self.items)

    def copy(self):
        return Array(list(self.items), self.shape, self._short)

    def ravel(self):
        return Array(self.items, (len(self.items),), self._short)

    def flatten(self):
        return self.copy().ravel()

    @property
    def T(self):
        if len(self.shape) < 2:
            return self
        high, wide = self.shape
        places = [i * wide + j for j in range(wide) for i in range(high)]
        return Part(self, places, (wide, high))

    def reshape(self, *shape):
        shape = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
        known = 1
        for n in shape:
            known *= n if n != -1 else 1
        shape = tuple([len(self.items) // known if n == -1 else n for n in shape])
        count = 1
        for n in shape:
            count *= n
        if count != len(self.items):
            raise ValueError(f"cannot reshape array of size {self.size} into shape {shape}")
        return Array(self.items, shape, self._short)

    def astype(self, kind):
        name = getattr(kind, "name", getattr(kind, "__name__", kind))
        if name == "float32":
            return Array([SHORT(x) for x in self.items], self.shape, SHORT)
        if name not in ("float64", "float"):
            raise TypeError(f"the numbers of an array are float64 or float32 here, not {name}")
        return Array([float(x) for x in self.items], self.shape)

    __hash__ = None


class Part(Array):
    """Some of an array's numbers, or all in another order: who changes them changes the array."""

    def __init__(self, of, places, shape):
        self._of, self._places, self.shape, self._short = of, places, shape, of._short

    @property
    def items(self):
        return [self._of.items[i] for i in self._places]

    def hold(self, items):
        whole = list(self._of.items)
        for place, x in zip(self._places, items):  # noqa: B905  as many
            whole[place] = x
        self._of.hold(whole)


BY_ZERO = []  # is anything in it, an array was divided by zero


def divided(x, y):
    if y != 0:
        return x / y
    BY_ZERO[:] = [True]
    if x == 0 or x != x:
        return float("nan")
    return float("-inf" if (x < 0) != str(y).startswith("-") else "inf")


def raised(x, y):
    if x == 0 and y < 0:
        return float("inf")
    try:
        found = x**y
    except OverflowError:
        return float("inf")
    return float("nan") if isinstance(found, complex) else found


def rest_of(x, y):
    return x - y * (x // y) if y else float("nan")


def larger(x, y):
    return x if x >= y or x != x else y


def smaller(x, y):
    return x if x <= y or x != x else y


OPERATIONS = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "truediv": divided,
    "floordiv": lambda x, y: x // y if y else divided(x, y),
    "mod": rest_of,
    "pow": raised,
}
COMPARISONS = {
    "lt": lambda x, y: x < y,
    "le": lambda x, y: x <= y,
    "gt": lambda x, y: x > y,
    "ge": lambda x, y: x >= y,
    "eq": lambda x, y: x == y,
    "ne": lambda x, y: x != y,
}


def given_to_arrays():
    def method(f, turned=False):
        def of_two(self, other):  # what holds an array answers for itself
            return NotImplemented if hasattr(other, "data") else self.both(f, other, turned)

        return of_two

    def placed(f):
        return lambda self, other: self.put(f, getattr(other, "data", other))

    for name, f in OPERATIONS.items():
        setattr(Array, f"__{name}__", method(f))
        setattr(Array, f"__r{name}__", method(f, True))
        setattr(Array, f"__i{name}__", placed(f))
    for name, f in COMPARISONS.items():
        setattr(Array, f"__{name}__", method(f))
    Array.__neg__ = lambda self: self.each(lambda x: -x)
    Array.__pos__ = lambda self: self.each(lambda x: x)
    Array.__abs__ = lambda self: self.each(abs)
    Array.__invert__ = lambda self: self.each(lambda x: not x)


given_to_arrays()
SHORT = None  # rounds a number to 32 bits; set with the first NumPy


def into(f):
    """A function of NumPy, that may be told where its result is put."""

    def g(self, *given, out=None):
        found = f(self, *given)
        if out is None:
            return found
        out[...] = found
        return out

    return g


class Quiet:
    """What is said of nothing here, and needs no silence: `np.errstate`."""

    def __init__(self, **how):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return False


class NumPy:
    """The functions, of numbers and arrays; `number(name, x)` computes those of real numbers."""

    pi, inf, nan = 3.141592653589793, float("inf"), float("nan")
    ndarray, errstate = Array, Quiet

    def __init__(self, number):
        global SHORT
        self._number = number
        SHORT = lambda x: number("fround", x)  # noqa: E731
        self.float32, self.float64 = Kind("float32", SHORT), Kind("float64")
        self.linalg = Norms(self)

    def _of(name):
        def f(self, x):
            if isinstance(x, (list, tuple)):
                x = self.array(x)
            if isinstance(x, Array):
                return x.each(lambda y: self._number(name, float(y)))
            return self._number(name, float(x))

        return into(f)

    sqrt, exp, log, tanh, sin, cos, floor, ceil = map(
        _of, ("sqrt", "exp", "log", "tanh", "sin", "cos", "floor", "ceil")
    )

    def _each(f):
        return into(lambda self, x: x.each(f) if isinstance(x, Array) else f(x))

    def _both(f):
        def of_two(self, x, y):
            if isinstance(x, Array):
                return x.both(f, y)
            return y.both(f, x, True) if isinstance(y, Array) else f(x, y)

        return into(of_two)

    abs = absolute = _each(abs)
    square = _each(lambda x: x * x)
    negative = _each(lambda x: -x)
    reciprocal = _each(lambda x: divided(1.0, x))
    sign = _each(lambda x: float((x > 0) - (x < 0)) if x == x else x)
    isnan = _each(lambda x: x != x)
    isinf = _each(lambda x: x == x and x - x != 0)
    isfinite = _each(lambda x: x - x == 0)
    maximum, minimum = _both(larger), _both(smaller)
    add, subtract, multiply, divide, power = map(
        _both, map(OPERATIONS.get, ("add", "sub", "mul", "truediv", "pow"))
    )

    def clip(self, x, low, high):
        return self.minimum(self.maximum(x, low), high)

    def where(self, condition, x, y):
        if not isinstance(condition, Array):
            return x if condition else y
        of = [v.items if isinstance(v, Array) else [v] * condition.size for v in (x, y)]
        items = [a if on else b for on, a, b in zip(condition.items, *of)]  # noqa: B905
        return Array(items, condition.shape)

    def array(self, value, dtype=None):
        if isinstance(value, Array):
            new = value.copy()
        elif isinstance(value, (list, tuple)):
            parts = [self.array(v) for v in value]
            shapes = [p.shape for p in parts]
            if any(s != shapes[0] for s in shapes):
                raise ValueError("the rows of an array have one length")
            shape = (len(parts), *(shapes[0] if parts else ()))
            new = Array([x for p in parts for x in p.items], shape)
        else:
            new = Array([float(value)], ())
        return new if dtype is None else new.astype(dtype)

    def asarray(self, value, dtype=None):
        if isinstance(value, Array) and dtype is None:
            return value
        return self.array(value, dtype)

    def _filled(with_what):
        def f(self, shape, dtype=None):
            shape = (shape,) if isinstance(shape, int) else tuple(shape)
            count = 1
            for n in shape:
                count *= n
            new = Array([with_what] * count, shape)
            return new if dtype is None else new.astype(dtype)

        return f

    zeros, ones, empty = _filled(0.0), _filled(1.0), _filled(0.0)

    def full(self, shape, value, dtype=None):
        return self.full_like(self.zeros(shape), value, dtype)

    def full_like(self, x, value, dtype=None):
        new = x.each(lambda _: float(value)) if isinstance(x, Array) else float(value)
        return new if dtype is None else new.astype(dtype)

    def zeros_like(self, x, dtype=None):
        return self.full_like(x, 0.0, dtype)

    empty_like = zeros_like

    def ones_like(self, x, dtype=None):
        return self.full_like(x, 1.0, dtype)

    def copy(self, x):
        return x.copy() if isinstance(x, Array) else x

    def _whole(name):
        return lambda self, x: getattr(self.asarray(x), name)()

    sum, prod, mean, max, min, any, all = map(
        _whole, ("sum", "prod", "mean", "max", "min", "any", "all")
    )

    def round(self, x, digits=0):
        return x.each(lambda v: round(v, digits)) if isinstance(x, Array) else round(x, digits)

    def dot(self, x, y):
        found = self.asarray(x) * y
        return found.sum() if isinstance(x, Array) and isinstance(y, Array) else found

    def roll(self, x, by):
        n = len(x.items)
        return Array([x.items[(i - by) % n] for i in range(n)], x.shape)

    def resize(self, x, shape):
        new = self.zeros(shape)
        return Array([x.items[i % x.size] for i in range(new.size)], new.shape)

    def allclose(self, a, b, rtol=1e-5, atol=1e-8, equal_nan=False):
        def near(x, y):
            if x != x or y != y:
                return equal_nan and x != x and y != y
            return x == y or abs(x - y) <= atol + rtol * abs(y) < float("inf")

        return self.all(self.asarray(a).both(near, self.asarray(b)))


class RealNumbers:
    """The module `math`, which that Python has not: `number(name, x)` computes its functions."""

    pi, e, inf, nan = 3.141592653589793, 2.718281828459045, float("inf"), float("nan")

    def __init__(self, number):
        for name in ("exp", "tanh", "sin", "cos"):
            setattr(self, name, lambda x, name=name: number(name, float(x)))
        self._number = number

    def sqrt(self, x):
        if x < 0:
            raise ValueError("math domain error")
        return self._number("sqrt", float(x))

    def log(self, x):
        if x <= 0:
            raise ValueError("math domain error")
        return self._number("log", float(x))

    def pow(self, x, y):
        return float(x) ** float(y)

    def fabs(self, x):
        return abs(float(x))

    def floor(self, x):
        return int(x // 1)

    def ceil(self, x):
        return -int(-x // 1)

    def isnan(self, x):
        return x != x

    def isfinite(self, x):
        return x - x == 0

    def isinf(self, x):
        return x == x and x - x != 0

    def prod(self, numbers, start=1):
        for x in numbers:
            start = start * x
        return start


class Norms:
    def __init__(self, np):
        self._np = np

    def norm(self, x):
        return self._np.sqrt((x * x).sum())


def returned(new, name, count, like):
    """What a rule gave: `count` arrays of the shape of `like`, of their own."""
    if not isinstance(new, tuple):
        what = type(new).__name__
        raise TypeError(f"{name} must return a tuple of {count} arrays, not {what}")
    if len(new) != count:
        raise ValueError(f"{name} must return {count} arrays, not {len(new)}")
    for value in new:
        if not isinstance(value, (Array, int, float, list)):
            raise TypeError(f"{name} must return arrays, not {type(value).__name__}")
    new = [np.array(v) if isinstance(v, list) else v for v in new]  # noqa: F821
    return [like.copy().put(lambda old, new: new, value) for value in new]


def own_line(error, file):
    """The line of `file` that an error points to, 0 if it points to none."""
    line, trace = getattr(error, "lineno", None), error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line or 0


def in_words(error):
    """An error as Python would say it, and what `np` has where something is asked of it."""
    name = "RecursionError" if "call stack" in str(error) else type(error).__name__
    text = "it calls itself without end" if name == "RecursionError" else str(error)
    if name == "JavascriptError":
        return f"Python in a page cannot run these lines, as CPython may ({text})"
    if name == "ModuleNotFoundError":
        text += "; Python in a page has numpy and math"
    if text.startswith("'NumPy' object has no attribute"):
        there = [n for n in dir(NumPy) if not n.startswith(("_", "lambda"))]
        text = f"np has no {text.split()[-1]} here; it has {', '.join(there)}"
    return f"{name}: {text}"
