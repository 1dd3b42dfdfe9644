"""Runs changed lines of a rule for the figure beside them, number by number (worker.js).

Its text comes after that of arrays.py, and `np`; `me` is the worker.
"""


def numbers_of(result, name, count):
    if not isinstance(result, tuple):
        what = type(result).__name__
        raise TypeError(f"{name} must return a tuple of {count} numbers, not {what}")
    if len(result) != count:
        raise ValueError(f"{name} must return {count} numbers, not {len(result)}")
    for value in result:
        if not isinstance(value, (int, float)):
            raise TypeError(f"{name} must return numbers, not {type(value).__name__}")
    return [float(value) for value in result]


def go(me, j, space):
    """One descent: each stage, then the rule, number by number."""
    d, count = me.size(j, "start"), me.size(j, "state")
    names = me.names(j).split(" ")
    keywords = [me.keywords(j, k).split(" ") for k in range(len(names))]
    p = [float(me.start(j, i)) for i in range(d)]
    state = [[0.0] * d for _ in range(count)]
    for t in range(me.size(j, "steps")):
        me.slope(j, t, *p)
        at, given = 0, []
        for k in range(len(names)):
            asked = [n for n in keywords[k] if n]
            given.append({n: me.given(j, t, at + i) for i, n in enumerate(asked)})
            at += len(asked)
            for n in given[k]:
                given[k][n] = given[k][n] if n == "t" else float(given[k][n])
        for i in range(d):
            q, g = p[i], float(me.g(i))
            for k in range(len(names) - 1):
                q, g = numbers_of(space[names[k]](q, g, **given[k]), names[k], 2)
            old = [s[i] for s in state]
            new = space[names[-1]](q, g, *old, **given[-1])
            new = numbers_of(new, names[-1], me.size(j, "returns"))
            p[i] = new[0]
            for s, value in zip(state, new[1:]):  # noqa: B905  as many, as was just seen
                s[i] = value
        for i in range(d):
            me.put(j, t, i, p[i])


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
    try:
        for j in range(me.count()):
            own = {"np": np}  # noqa: F821
            for source in range(me.sources(j)):
                exec(me.source(j, source), own)
            mine = {"np": np}  # noqa: F821
            exec(compile(me.changed(), "rule", "exec"), mine)
            if not callable(mine.get(me.target())):
                raise NameError(f"the lines must define {me.target()}")
            own.update(mine)
            if me.is_rate(j):
                schedule(me, j, mine[me.target()])
            else:
                go(me, j, own)
        me.done()
    except BaseException as error:
        me.failed(in_words(error), own_line(error, "rule"))  # noqa: F821
