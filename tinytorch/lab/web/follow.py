"""Runs changed lines of a rule for the figure beside them, (worker.js).

Its text comes after that of arrays.py, and `np`; `me` is the worker.
"""


def go(me, j, space):
    """One descent: each stage, then the rule, on arrays as in the package."""
    d, count = me.size(j, "start"), me.size(j, "state")
    names = me.names(j).split(" ")
    keywords = [me.keywords(j, k).split(" ") for k in range(len(names))]

    def array(number):
        return Array([float(number(i)) for i in range(d)], (d,))  # noqa: F821

    p = array(lambda i: me.start(j, i))
    state = [array(lambda i: 0) for _ in range(count)]
    for t in range(me.size(j, "steps")):
        me.slope(j, t, *p.items)
        at, q, g = 0, p.copy(), array(me.g)
        for k, name in enumerate(names):
            given = {}
            for n in keywords[k]:
                if n:
                    value = me.given(j, t, at)
                    given[n] = value if n == "t" else float(value)
                    at += 1
            if k < len(names) - 1:
                q, g = returned(space[name](q, g, **given), name, 2, p)  # noqa: F821
            else:
                new = space[name](q, g, *state, **given)
                p, *state = returned(new, name, me.size(j, "returns"), p)  # noqa: F821
                state = state[:count]
        for i, value in enumerate(p.items):
            me.put(j, t, i, value)


def schedule(me, j, rate):
    """By what a schedule multiplies the learning rate, step by step."""
    names = [n for n in me.rate_names(j).split(" ") if n]
    given = {n: me.rate_value(j, i) for i, n in enumerate(names)}
    for t in range(me.size(j, "steps")):
        value = rate(t, **given)
        if not isinstance(value, (int, float)):
            name, what = me.target(), type(value).__name__
            raise TypeError(f"{name} must return a number, not {what}")
        me.factor(j, t, float(value))


def main(me):
    BY_ZERO.clear()  # noqa: F821
    try:
        for j in range(me.count()):
            own = {"np": np}  # noqa: F821
            for source in range(me.sources(j)):
                exec(compile(me.source(j, source), "package", "exec"), own)
            mine = {"np": np}  # noqa: F821
            exec(me.changed(), mine)  # Brython compiles less than it runs: no try, no f-string
            if not callable(mine.get(me.target())):
                raise NameError(f"the lines must define {me.target()}")
            own.update(mine)
            if me.is_rate(j):
                schedule(me, j, mine[me.target()])
            else:
                go(me, j, own)
            if j == 0:
                divided = bool(BY_ZERO)  # noqa: F821
        me.done(divided)
    except BaseException as error:
        me.failed(in_words(error), own_line(error, "<string>"))  # noqa: F821
