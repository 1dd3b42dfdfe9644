// Runs changed lines of a rule in real Python (Brython), beside a page that goes on (live.js).
importScripts("brython.js");
const PYTHON = `
from browser import self as me


class NumPy:
    """What the rules of the book ask of NumPy, for one number at a time."""

    pi, inf, nan = 3.141592653589793, float("inf"), float("nan")

    def _of(name):
        return lambda self, x: float(me.whole_number(name, float(x)))

    sqrt, exp, log, tanh, sin, cos, floor = map(
        _of, ("sqrt", "exp", "log", "tanh", "sin", "cos", "floor")
    )

    def abs(self, x):
        return abs(x)

    def square(self, x):
        return x * x

    def sign(self, x):
        return float((x > 0) - (x < 0))

    def maximum(self, x, y):
        return x if x >= y or x != x else y

    def minimum(self, x, y):
        return x if x <= y or x != x else y

    def clip(self, x, low, high):
        return self.minimum(self.maximum(x, low), high)

    def where(self, condition, x, y):
        return x if condition else y

    def zeros_like(self, x):
        return 0.0

    def ones_like(self, x):
        return 1.0


def own_line(error):
    """The line of the reader's that an error points to."""
    line, trace = getattr(error, "lineno", None), error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "rule":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line or 0


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


def go(j, space):
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
            new = numbers_of(space[names[-1]](q, g, *old, **given[-1]), names[-1], me.size(j, "returns"))
            p[i] = new[0]
            for s, value in zip(state, new[1:]):
                s[i] = value
        for i in range(d):
            me.put(j, t, i, p[i])


def main():
    try:
        for j in range(me.count()):
            own = {"np": NumPy()}
            for source in range(me.sources(j)):
                exec(me.source(j, source), own)
            mine = {"np": own["np"]}
            exec(compile(me.changed(), "rule", "exec"), mine)
            if not callable(mine.get(me.target())):
                raise NameError(f"the lines must define {me.target()}")
            own.update(mine)
            go(j, own)
        me.done()
    except BaseException as error:
        name = "RecursionError" if "call stack" in str(error) else type(error).__name__
        text = "it calls itself without end" if name == "RecursionError" else str(error)
        if text.startswith("'NumPy' object has no attribute"):
            there = [n for n in dir(NumPy) if not n.startswith("_")]
            text = f"np has no {text.split()[-1]} here; it has {', '.join(there)}"
        me.failed(f"{name}: {text}", own_line(error))


me.run = main
`;
let task, paths, slopes, g;
Object.assign(self, {
  whole_number: (name, x) => Math[name](x),
  count: () => task.jobs.length,
  sources: (j) => task.jobs[j].stages.length,
  source: (j, k) => task.jobs[j].stages[k].source,
  changed: () => task.source,
  target: () => task.target,
  names: (j) => task.jobs[j].stages.map((s) => s.name).join(" "),
  keywords: (j, k) => task.jobs[j].stages[k].names.join(" "),
  size: (j, what) => (Array.isArray(task.jobs[j][what]) ? task.jobs[j][what].length : task.jobs[j][what]),
  start: (j, i) => task.jobs[j].start[i],
  given: (j, t, i) => task.jobs[j].numbers[t][i],
  slope(j, t, ...p) {
    const job = task.jobs[j], n = p.length;
    if (job.slopes) return (g = [job.slopes[t]]);
    slopes[j](Float64Array.from(p, Number), job.S, (g = new Float64Array(n)));
    if (job.noise) for (let i = 0; i < n; i++) g[i] += job.sigma * job.noise[(t * n + i) % job.noise.length];
  },
  g: (i) => g[i],
  put: (j, t, i, value) => (paths[j][(t + 1) * task.jobs[j].start.length + i] = Number(value)),
  done: () => self.postMessage({ paths }),
  failed: (error, line) => self.postMessage({ error: line ? `Line ${line}: ${error}` : error, line, paths }),
});
self.onmessage = ({ data }) => {
  task = data;
  slopes = task.jobs.map((job) => job.gradient && E.compile(job.gradient));
  paths = task.jobs.map((job) => {
    const path = new Float64Array((job.steps + 1) * job.start.length).fill(NaN);
    path.set(job.start);
    return path;
  });
  try {
    self.run();
  } catch (error) {
    self.postMessage({ error: String(error), line: 0 });
  }
};
self.__BRYTHON__.runPythonSource(PYTHON, "main");
self.postMessage({ ready: true });
