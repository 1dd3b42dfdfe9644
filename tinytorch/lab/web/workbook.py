"""Tries a step of the workbook in the page: the checks of `tito test`, their text and all.

Its text comes after that of arrays.py, and `np`. What the workbook and the checks take from the
package stands here as small as it can be. The rest is the package's own text, which the build
adds (the checks, how results are compared and told; tinytorch/tito/recorded.py), or comes with
what is asked: the workbook, and what came out for the package and for each known mistake.
"""


class Any:
    """A word that the package's text needs, and nobody asks what it is."""


class Parameter:
    """What a function takes: as `inspect` says it."""

    empty = Any
    POSITIONAL_ONLY, POSITIONAL_OR_KEYWORD, VAR_POSITIONAL, KEYWORD_ONLY, VAR_KEYWORD = "pavkw"

    def __init__(self, name, kind, default=Any):
        self.name, self.kind, self.default = name, kind, default


class Signature:
    def __init__(self, parameters):
        self.parameters = {p.name: p for p in parameters}


def parameters_of(f):
    """The parameters of a function or of a method; those of a method without `self`."""
    code, bound = f.__code__, int(hasattr(f, "__func__"))
    count, by_name = code.co_argcount, code.co_kwonlyargcount
    names = list(code.co_varnames)
    defaults = [Any] * count
    given = list(f.__defaults__ or ())
    if given:
        defaults[-len(given) :] = given
    found = [
        Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default)
        for name, default in zip(names, defaults)  # noqa: B905  there are more names
    ]
    own = f.__kwdefaults__ or {}
    for name in names[count : count + by_name]:
        found.append(Parameter(name, Parameter.KEYWORD_ONLY, own.get(name, Any)))
    rest = names[count + by_name :]
    if code.co_flags & 4:
        found.append(Parameter(rest.pop(0), Parameter.VAR_POSITIONAL))
    if code.co_flags & 8:
        found.append(Parameter(rest.pop(0), Parameter.VAR_KEYWORD))
    return found[bound:]


class inspect:
    Parameter = Parameter

    @staticmethod
    def signature(f):
        if not isinstance(f, type):
            return Signature(parameters_of(f))
        written = next(vars(c)["__init__"] for c in f.__mro__ if "__init__" in vars(c))
        if not hasattr(written, "declared"):
            return Signature(parameters_of(getattr(written, "written", written))[1:])
        either, by_name = Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY
        first = Parameter(f.subject, either)
        kinds = {name: (either, by_name)[v.kw_only] for name, v in f.declared.items()}
        rest = [Parameter(name, kinds[name], v.default) for name, v in f.declared.items()]
        return Signature([first, *rest])

    @staticmethod
    def isfunction(f):
        return hasattr(f, "__code__")

    @staticmethod
    def get_annotations(cls):
        return {}


class weakref:
    @staticmethod
    def ref(it):
        return lambda: it


class itertools:
    @staticmethod
    def chain(*rows):
        return [x for row in rows for x in row]


class Writeable:
    writeable = True


REQUIRED, Integral, Real, deferred = Any, int, (int, float), Quiet  # noqa: F821
Array.flags, Iterable, Handle = Writeable, list, Any  # noqa: F821


def returning_nothing(init):
    """A constructor, held to what CPython holds it to: Brython lets it return something."""

    def wrapper(self, *values, **numbers):
        found = init(self, *values, **numbers)
        if found is not None:
            raise TypeError(f"__init__() should return None, not '{type(found).__name__}'")

    wrapper.written = init
    return wrapper


class Declares:
    """What an optimizer and a schedule share: numbers, declared in the class, by name."""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        cls.declared = declared(cls)  # noqa: F821
        cls.parts = {name: v.parts for name, v in cls.declared.items() if v.parts}
        own = vars(cls).get("__init__")
        if own and not hasattr(own, "declared"):
            cls.__init__ = returning_nothing(own)

    def given(self, values, numbers):
        cls = type(self)
        places = [name for name, v in cls.declared.items() if not v.kw_only]
        defaults = {name: v.default for name, v in cls.declared.items()}
        if len(values) > len(places):
            raise TypeError(f"{cls.__name__}() takes {len(places)} numbers, not {len(values)}")
        new = dict(zip(places, values))  # noqa: B905  fewer may be given
        for name, value in current_names(numbers, cls.parts, defaults).items():  # noqa: F821
            if name in new:
                raise TypeError(f"{cls.__name__}() got multiple values for argument {name!r}")
            if name not in defaults:
                raise TypeError(f"{cls.__name__}() got an unexpected keyword argument {name!r}")
            new[name] = value
        new = {**defaults, **new}
        for name, value in new.items():
            if value is REQUIRED:
                raise TypeError(f"{cls.__name__}() missing 1 required argument: {name!r}")
        return new


class Tensor:
    is_leaf = True

    def __init__(self, data, requires_grad=False):
        self._data, self._grad = np.asarray(array(data)), None  # noqa: F821
        self.requires_grad = requires_grad

    shape = property(lambda self: self.data.shape)
    ndim = property(lambda self: self.data.ndim)
    size = property(lambda self: self.data.size)
    dtype = property(lambda self: self.data.dtype)

    @property
    def data(self):
        return self._data

    @data.setter
    def data(self, value):
        self._data = np.asarray(array(value))  # noqa: F821

    @property
    def grad(self):
        return self._grad

    @grad.setter
    def grad(self, value):
        if value is not None and not isinstance(value, Tensor):
            value = Tensor(value)
        if value is not None and value.shape != self.shape:
            raise ValueError(f"grad has shape {value.shape}, but its tensor {self.shape}")
        self._grad = value

    def numpy(self):
        return self.data

    def overwritten(self):
        pass

    def __bool__(self):
        if self.data.size == 1:
            return bool(self.data)
        raise ValueError(
            f"a tensor of shape {self.shape} is neither true nor false: compare it first,"
            " then use .any() or .all()"
        )


def given_to_tensors():
    def method(f, turned):
        def of_two(self, other):
            other = array(other)
            return Tensor(f(other, self.data) if turned else f(self.data, other))

        return of_two

    for name in ("add", "sub", "mul", "truediv"):
        f = OPERATIONS[name]  # noqa: F821
        setattr(Tensor, f"__{name}__", method(f, False))
        setattr(Tensor, f"__r{name}__", method(f, True))


given_to_tensors()


KNOWN = [None, None]  # the function whose signature was asked for last, and what was said


class engines:
    @staticmethod
    def signature(rule):
        """Names of a rule's state arrays, and of its numbers."""
        if KNOWN[0] is not rule:
            found = parameters_of(rule)
            arrays = [p.name for p in found if p.kind is not Parameter.KEYWORD_ONLY]
            numbers = [p.name for p in found if p.kind is Parameter.KEYWORD_ONLY]
            KNOWN[:] = rule, (arrays[2:], numbers)
        return KNOWN[1]

    @staticmethod
    def run(stages, batch, numbers, *how):
        """The stages on arrays, into whose places the rule's results are put."""
        keywords = []
        for stage in stages:
            names = engines.signature(stage)[1]
            for name in names:
                if name not in numbers:
                    raise TypeError(f"{stage.__name__} asks for {name}, which there is not")
            keywords.append({name: numbers[name] for name in names})
        for given in batch:
            p, g, *state = given
            for i, stage in enumerate(stages[:-1]):
                p, g = stage(p, g, **keywords[i])
            rule = stages[-1]
            new = rule(p, g, *state, **keywords[-1])
            new = returned(new, rule.__name__, 1 + len(state), given[0])  # noqa: F821
            for place, value in zip([given[0], *state], new):  # noqa: B905  counted above
                place[...] = value


class Optimizer:
    """What the package's text is added to: its groups, its state, its numbers."""

    subject, elementwise, engine = "params", True, None

    def __init__(self, params, *values, engine=None, **numbers):
        self.begin(params, self.given(values, numbers))

    __init__.declared = True

    def step(self):
        self._move()

    def moving(self):
        return [[p for p in g["params"] if p.grad is not None] for g in self.param_groups]

    def step_group(self, group, params):
        stages = self.stages(group)
        if not hasattr(stages[-1], "__code__"):
            what = type(stages[-1]).__name__
            raise TypeError(f"{type(self).__name__}.rule must return a function, not {what}")
        names = engines.signature(stages[-1])[0]
        for p in params:
            state = self.state[p]
            arrays = (p.data, p.grad.data, *[state[name] for name in names])
            engines.run(stages, [arrays], self.numbers(group, state["t"] + 1))
            state["t"] += 1

    def initial_state(self, p, group):
        rule = self.rule(group)
        if not hasattr(rule, "__code__"):
            what = type(rule).__name__
            raise TypeError(f"{type(self).__name__}.rule must return a function, not {what}")
        return {name: np.zeros_like(p.data) for name in engines.signature(rule)[0]}  # noqa: F821


class Scheduler:
    subject, watches, one_a_group = "optimizer", False, ()

    def __init__(self, optimizer, *values, **numbers):
        self.optimizer = optimizer
        for name, value in self.given(values, numbers).items():
            self.set_value(self.declared[name], value)
        self.t = 0
        self.put()

    __init__.declared = True

    @property
    def base_lrs(self):
        return [group.get("initial_lr", group["lr"]) for group in self.optimizer.param_groups]

    def put(self):
        rates = self.base_lrs
        new = zip(self.values(self.t, rates), rates)  # noqa: B905  one each
        changes = [{**own, "initial_lr": base} for own, base in new]
        self.optimizer.set_values(changes, f"{type(self).__name__} at t = {self.t}")

    def step(self):
        self.t += 1
        self.put()


# The bench on which checks try it


class NotThere(Exception):
    pass


class Inapplicable(Exception):
    pass


class Check:
    def __init__(self, name, subject, run, **rest):
        self.name, self.subject, self.run = name, subject, run
        self.says, self.optional = rest.get("says", ""), rest.get("optional", False)


def array(value):
    return value.data if isinstance(value, Tensor) else value


def plain(value):
    if isinstance(value, Tensor):
        value = value.data
    if isinstance(value, Array):  # noqa: F821
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    known = value is None or isinstance(value, (bool, int, float, str))
    return value if known else f"a {type(value).__name__}"


class Bench:
    """Names on trial; the numbers of a second round are those that the build has drawn."""

    def __init__(self, names, drawn=None):
        self._names, self._drawn, self._at = names, drawn, 0
        self.tried, self.seen = {}, []

    drawn = property(lambda self: self._drawn is not None)

    def __getattr__(self, name):
        if name not in self._names:
            raise NotThere(f"the file defines no {name}")
        return self._names[name]

    def find(self, name):
        return self._names.get(name)

    def vary(self, value):
        if self._drawn is None or value is None or isinstance(value, (bool, str)):
            return value
        if isinstance(value, dict):
            return {name: self.vary(v) for name, v in value.items()}
        if isinstance(value, tuple):
            return tuple([self.vary(v) for v in value])
        found, self._at = self._drawn[self._at], self._at + 1
        return np.array(found) if isinstance(value, Array) else found  # noqa: F821


# A step is tried


def alike(recorded, name, seen, kind):
    """Whether this is what came out of a known mistake in the check of this name."""
    theirs, ended = recorded["runs"][name]
    return (
        ended == kind and len(theirs) == len(seen) and part(seen, theirs) is None  # noqa: F821
    )


BEGINS = []  # what is called when a round begins


class Round:
    """How a check went, once."""

    def __init__(self, check, names, kept, drawn):
        for f in BEGINS:
            f()
        self.check, self.error = check, None
        self.bench = Bench(names, kept["drawn"] if drawn else None)
        try:
            check.run(self.bench)
        except Exception as raised:
            self.error = raised
        self.kind = type(self.error).__name__ if self.error else ""
        self.away = isinstance(self.error, Inapplicable)
        right = kept["right"][drawn]
        self.parted = None if self.away else part(self.bench.seen, right, not self.error)  # noqa: F821
        self.good = not self.parted and not self.error

    def told(self):
        """The line of the file that ended it, or 0, and what is said of it."""
        bench, error, told = self.bench, self.error, [f"FAILED  {self.check.name}"]
        if not self.parted:
            own = isinstance(error, (NotThere, Inapplicable))
            told.append(str(error) if own else in_words(error))  # noqa: F821
            return own_line(error, "<string>"), told  # noqa: F821
        where, got, expected = self.parted
        if bench.tried:
            told.append(f"tried     {conditions(bench.tried)}")  # noqa: F821
        told.append(f"at        {where}")
        told.append(f"came out  {in_figures(got)}")  # noqa: F821
        told.append(f"expected  {in_figures(expected)}")  # noqa: F821
        return 0, told


def tried(step, kept, own, checks, names):
    """The outcome of a step as (line or 0, the lines that tell it); None where all is right.

    First come the checks that tell known mistakes apart, then all others, then all of them with
    other numbers: as `tito test` tries the file.
    """
    runs = {name: Round(checks[name], names, kept[name], 0) for name in step["tells"]}
    bad = next((run for run in runs.values() if not run.good and not run.away), None)
    if bad is not None:
        line, told = bad.told()
        for recorded in step["mistakes"]:
            if not any(recorded["target"] == target for target in own):
                continue
            asked = [(n, run) for n, run in runs.items() if not run.away]
            if all(alike(recorded, n, run.bench.seen, run.kind) for n, run in asked):
                told.append(f"this is   {recorded['name']}. {recorded['explanation']}")
                return line, told
        if bad.parted and checks[bad.check.name].says:
            told.append(f"it seems  {checks[bad.check.name].says}")
        return line, told
    passed, away = set(), []
    for drawn in (0, 1):
        for name in step["checks"]:
            run = runs.get(name) if not drawn else None
            run = run or Round(checks[name], names, kept[name], drawn)
            if run.away:
                away.append(run)
            elif not run.good:
                line, told = run.told()
                if run.parted and run.check.says:
                    told.append(f"it seems  {run.check.says}")
                return line, told
            else:
                passed.add(run.check.subject)
    for run in away:  # it may be another way only where something else shows that it is there
        wants = run.check.subject if run.check.optional is True else run.check.optional
        if wants not in passed:
            return run.told()
    return None


def try_step(step, kept, text, starts, answers):
    """Try what was written for a step: (state, target, line, lines that tell it).

    Arguments:
        step: what the build recorded of it; kept: what it recorded of all checks.
        text: the workbook with the answers; starts: [first line, target] of each in it.
        answers: those that were written, by target; the package's stand in for the rest.
    """
    for target, answer in answers.items():
        try:
            compile(answer + "\n", "answer", "exec")
        except SyntaxError as error:
            return "error", target, error.lineno or 0, [f"SyntaxError: {error.msg}"]
    space = {name: globals()[name] for name in IMPORTED}  # noqa: F821
    space["__name__"] = "optimizers_dev"
    try:
        exec(text, space)
        line, told = tried(step, kept, answers, CHECKED, space) or (0, [])  # noqa: F821
    except Exception as error:
        line, told = own_line(error, "<string>"), [in_words(error)]  # noqa: F821
    if not told:
        return "right", "", 0, []
    begins, target = next((s for s in reversed(starts) if s[0] <= line), (0, ""))
    if target not in answers:
        return "wrong", "", 0, told
    return ("error" if line else "wrong"), target, line - begins + 1, told


def main(me):
    BEGINS[:] = [me.goes_on]
    try:
        asked = me.asked()
        answers = dict(asked["answers"])
        step, kept, text = asked["step"], asked["checks"], asked["text"]
        found = try_step(step, kept, text, asked["starts"], answers)
    except BaseException as error:
        found = "error", "", 0, [in_words(error)]  # noqa: F821
    state, target, line, told = found
    me.tell(state, target, line, "\n".join(told))
