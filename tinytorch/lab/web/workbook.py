"""Tries a step of the workbook in the page: the checks of `tito test`, their text and all.

Its text comes after that of arrays.py, and `np`. What the workbook and the checks take from the
package stands here as small as it can be. The rest is the package's own text, which the build
adds (the checks, how results are compared and told; tinytorch/tito/recorded.py), or comes with
what is asked: the workbook, and what came out for the package and for each known mistake.
"""

REQUIRED = object()


class Value:
    """A number that a class declares."""

    def __init__(self, allowed, meaning, default=REQUIRED):
        self.default = default


def moments(default):
    return Value(None, "", default)


def one_of(*allowed):
    return allowed


FLAG = NONNEGATIVE = NUMBER = POSITIVE = POSITIVE_COUNT = None


def check(owner, name, value):
    if not 0 <= value < float("inf"):
        raise ValueError(f"{owner}: {name} must be finite and not negative, got {value!r}")


class Declares:
    """What an optimizer and a schedule share: numbers, declared in the class, by name."""

    def given(self, values, numbers):
        names, cls = {}, type(self)
        for owner in reversed(cls.__mro__):
            found = vars(owner).items()
            names.update({n: v.default for n, v in found if isinstance(v, Value)})
        if len(values) > len(names):
            raise TypeError(f"{cls.__name__}() takes {len(names)} numbers, not {len(values)}")
        new = {**dict(zip(names, values)), **numbers}  # noqa: B905  fewer may be given
        for name in new:
            if name not in names:
                raise TypeError(f"{cls.__name__}() got an unexpected keyword argument {name!r}")
        new = {**names, **new}
        for name, value in new.items():
            if value is REQUIRED:
                raise TypeError(f"{cls.__name__}() missing 1 required argument: {name!r}")
        return new


class Tensor:
    def __init__(self, data, requires_grad=False):
        self.data, self.grad, self.requires_grad = data, None, requires_grad

    shape = property(lambda self: self.data.shape)

    @property
    def data(self):
        return self._data

    @data.setter
    def data(self, value):
        self._data = value.data if isinstance(value, Tensor) else value

    def numpy(self):
        return self.data

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


def words_of(rule):
    """Names of a rule's parameters: those of arrays, and those of numbers."""
    code = rule.__code__
    arrays = code.co_argcount
    return (
        list(code.co_varnames[:arrays]),
        list(code.co_varnames[arrays : arrays + code.co_kwonlyargcount]),
    )


def run_rule(rule, arrays, numbers):
    """A rule on arrays, into whose places its results are put."""
    new = rule(*arrays, **{name: numbers[name] for name in words_of(rule)[1]})
    new = returned(new, rule.__name__, len(arrays) - 1, arrays[0])  # noqa: F821
    for place, value in zip([arrays[0], *arrays[2:]], new):  # noqa: B905  counted above
        place[...] = value


class engines:
    @staticmethod
    def run(rules, arrays, numbers):
        for rule in rules:
            for given in arrays:
                run_rule(rule, given, numbers)


class Optimizer(Declares):
    def __init__(self, params, *values, **numbers):
        groups = list(params)
        if not groups or not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        self.defaults = self.given(values, numbers)
        self.param_groups = [{**self.defaults, **g, "params": list(g["params"])} for g in groups]
        self.state, self.steps = {}, 0
        for group in self.param_groups:
            self.check_group(group)

    def check_group(self, group):
        pass

    def numbers(self, group, t):
        values = {"t": t, **group}
        if "betas" in group:
            values["beta1"], values["beta2"] = group["betas"]
        return values

    def step(self):
        self.steps += 1
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self.step_one(group, p)

    def step_one(self, group, p):
        rule = self.rule(group)
        if not hasattr(rule, "__code__"):
            what = type(rule).__name__
            raise TypeError(f"{type(self).__name__}.rule must return a function, not {what}")
        if id(p) not in self.state:
            self.state[id(p)] = {"t": 0}
        state = self.state[id(p)]
        state["t"] += 1
        letters = words_of(rule)[0][2:]
        for letter in letters:
            if letter not in state:
                state[letter] = p.data * 0.0
        arrays = [p.data, p.grad.data, *(state[letter] for letter in letters)]
        run_rule(rule, arrays, self.numbers(group, state["t"]))

    def zero_grad(self):
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None


class Scheduler(Declares):
    def __init__(self, optimizer, *values, **numbers):
        for name, value in self.given(values, numbers).items():
            setattr(self, name, value)
        self.optimizer, self.t = optimizer, 0
        self.base_lrs = [group["lr"] for group in optimizer.param_groups]
        self.put()

    def put(self):
        for group, base in zip(self.optimizer.param_groups, self.base_lrs):  # noqa: B905
            group["lr"] = base * self.factor(self.t)

    def step(self):
        self.t += 1
        self.put()

    def get_last_lr(self):
        return [group["lr"] for group in self.optimizer.param_groups]


# The bench on which checks try it


class NotThere(Exception):
    pass


class Inapplicable(Exception):
    pass


class Parameters:
    def __init__(self, f):
        self.parameters = dict.fromkeys([n for words in words_of(f) for n in words])


class inspect:
    signature = Parameters

    @staticmethod
    def isfunction(f):
        return hasattr(f, "__code__")


class Check:
    def __init__(self, name, subject, run, **rest):
        self.name, self.subject, self.run = name, subject, run
        self.says = rest.get("says", "")


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
    drawn = False

    def __init__(self, names):
        self._names, self.tried, self.seen = names, {}, []

    def __getattr__(self, name):
        if name not in self._names:
            raise NotThere(f"the file defines no {name}")
        return self._names[name]

    def find(self, name):
        return self._names.get(name)

    def trying(self, **facts):
        self.tried.update({name: plain(value) for name, value in facts.items()})

    def see(self, label, value):
        self.seen.append([label, plain(value)])

    def vary(self, value):
        return value

    def make(self, name, *first, **numbers):
        return self._names[name](*first, **numbers)

    def takes(self, name, number):
        return True


# A step is tried


def alike(recorded, name, seen, kind):
    """Whether this is what came out of a known mistake in the check of this name."""
    theirs, ended = recorded["runs"][name]
    return (
        ended == kind and len(theirs) == len(seen) and part(seen, theirs) is None  # noqa: F821
    )


def tried(step, own, checks, names):
    """The outcome of a step as (line or 0, the lines that tell it); None where all is right."""
    runs, first = {}, None
    for name in step["checks"]:
        bench, error = Bench(names), None
        try:
            checks[name].run(bench)
        except Exception as raised:
            error = raised
        if isinstance(error, Inapplicable):  # asked of something that may be another way
            continue
        kind = type(error).__name__ if error else ""
        runs[name] = (bench.seen, kind)
        parted = part(bench.seen, step["right"][name], whole=not error)  # noqa: F821
        if first is None and (parted or error):
            first = (name, bench, parted, error)
    if first is None:
        return None
    name, bench, parted, error = first
    told = [f"FAILED  {name}"]
    line = 0
    if parted:
        where, got, expected = parted
        if bench.tried:
            told.append(f"tried     {conditions(bench.tried)}")  # noqa: F821
        told.append(f"at        {where}")
        told.append(f"came out  {number(got)}")  # noqa: F821
        told.append(f"expected  {number(expected)}")  # noqa: F821
    else:
        line = own_line(error, "<string>")  # noqa: F821
        told.append(in_words(error))  # noqa: F821
    for recorded in step["mistakes"]:
        theirs = any(recorded["target"] == target for target in own)
        if theirs and all(alike(recorded, n, *runs[n]) for n in runs):
            told.append(f"this is   {recorded['name']}. {recorded['explanation']}")
            return line, told
    if parted and checks[name].says:
        told.append(f"it seems  {checks[name].says}")
    return line, told


def try_step(step, text, starts, answers):
    """Try what was written for a step: (state, target, line, lines that tell it).

    Arguments:
        step: what the build recorded of it.
        text: the workbook with the answers; starts: [first line, target] of each in it.
        answers: those that were written, by target; the package's stand in for the rest.
    """
    for target, answer in answers.items():
        try:
            compile(answer + "\n", "answer", "exec")
        except SyntaxError as error:
            return "error", target, error.lineno or 0, [f"SyntaxError: {error.msg}"]
    space = dict(globals(), __name__="optimizers_dev")
    try:
        exec(text, space)
        line, told = tried(step, answers, CHECKED, space) or (0, [])  # noqa: F821
    except Exception as error:
        line, told = own_line(error, "<string>"), [in_words(error)]  # noqa: F821
    if not told:
        return "right", "", 0, []
    begins, target = next((s for s in reversed(starts) if s[0] <= line), (0, ""))
    if target not in answers:
        return "wrong", "", 0, told
    return ("error" if line else "wrong"), target, line - begins + 1, told


def main(me):
    try:
        asked = me.asked()
        answers = dict(asked["answers"])
        found = try_step(asked["step"], asked["text"], asked["starts"], answers)
    except BaseException as error:
        found = "error", "", 0, [in_words(error)]  # noqa: F821
    state, target, line, told = found
    me.tell(state, target, line, "\n".join(told))
