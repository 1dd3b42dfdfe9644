"""The fifth engine, held to its word: what the reader's browser runs is compared with NumPy.

When a build begins, every rule, surface and schedule that can be translated runs in V8 beside
the package, over many settings and steps. Where only arithmetic and roots are concerned each bit
must be the same; exp, log, cos and the like may differ by a few units in the last place. The
first difference stops the build.
"""

import functools
import inspect
import json
from pathlib import Path

import numpy as np
from book_build import remembered
from book_cells import cache
from py_mini_racer import MiniRacer
from sphinx.errors import SphinxError
from sphinx.util import logging

from tinytorch import optim
from tinytorch.lab import live, surfaces, traced
from tinytorch.optim import schedules

logger = logging.getLogger(__name__)

SETTINGS, STEPS, POINTS = 40, 120, 200
ULPS = 4.0  # of the largest term of a sum: what a browser's exp, log, tanh, cos may be off

# In hexadecimal: text would lose the sign of zero and what is not finite.
PROGRAM = """
const hex = (a) => Array.from(new BigUint64Array(a.buffer), (b) => b.toString(16)).join(" ");
function check(text) {
  const job = JSON.parse(text), f = E.compile(job.code);
  if (job.kind === "run") {
    const gradient = E.compile(job.gradient);
    return job.settings.map((K, i) => hex(E.run({rule: f, state: job.state, K: K.slice(),
      gradient, S: [], start: job.starts[i], steps: job.steps}))).join("\\n");
  }
  return hex(Float64Array.from(job.inputs.flatMap((x, i) => {
    const out = f(x, job.settings[i % job.settings.length], []);
    return out.length === undefined ? [out] : out;
  })));
}
"""


class Differs(SphinxError):
    category = "The browser's engine"


@functools.cache
def context() -> MiniRacer:
    import atexit

    made = MiniRacer()
    atexit.register(made.close)  # left to the interpreter's own end it hangs
    made.eval(live.source("engine.js") + PROGRAM)
    return made


def in_v8(**job) -> np.ndarray:
    """What the browser's engine gives for a job, as one flat array."""
    answer = context().call("check", json.dumps(job, allow_nan=False))
    return np.array([int(word, 16) for word in answer.split()], dtype=np.uint64).view(np.float64)


def same_bits(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Elementwise; one nan is like another."""
    return (a.view(np.uint64) == b.view(np.uint64)) | (np.isnan(a) & np.isnan(b))


# One field of slopes for all rules, in arithmetic alone, so that only the rule is on trial.
FIELD = "(p,S,g)=>{const a=p[0],b=p[1];g[0]=3*a-b;g[1]=b*b*b-a+0.25;return g;}"


def field(p):
    a, b = p[..., 0], p[..., 1]
    return np.stack([3 * a - b, b * b * b - a + 0.25], axis=-1)


KNOBS = {  # what is varied, where an optimizer has it
    "lr": lambda rng, n: 10.0 ** rng.uniform(-4, -0.3, n),
    "momentum": lambda rng, n: rng.uniform(0.05, 0.99, n),
    "beta1": lambda rng, n: rng.uniform(0.05, 0.99, n),
    "beta2": lambda rng, n: 1 - 10.0 ** rng.uniform(-4, -1, n),
    "beta3": lambda rng, n: 1 - 10.0 ** rng.uniform(-4, -1, n),
    "eps": lambda rng, n: 10.0 ** rng.uniform(-10, -2, n),
    "weight_decay": lambda rng, n: 10.0 ** rng.uniform(-4, -1, n),
}


def knobs_of(optimizer) -> list[str]:
    known = set()
    for cls in optimizer.__mro__:
        known |= set(inspect.signature(cls.__init__).parameters)
    known -= {"beta3"}  # Prodigy's is no member of its betas
    if "betas" in known:
        known |= {f"beta{i + 1}" for i in range(len(optimizer.declared["betas"].default))}
    return [name for name in KNOBS if name in known]


def rule_differs(optimizer, translation=None, fixed=None, seed=0) -> str | None:
    """The first setting and step at which a rule is not NumPy's, in words; None if there is none.

    Raises:
        Untranslatable: the rule, and why.
    """
    rng, fixed = np.random.default_rng(seed), fixed or {}
    names = [n for n in knobs_of(optimizer) if n not in fixed]
    values = {name: KNOBS[name](rng, SETTINGS) for name in names}
    start = rng.normal(size=(SETTINGS, 2))
    first = {name: float(column[0]) for name, column in values.items()}
    made = translation or traced.rule(optimizer, first, **fixed)
    expected = traced.reference_run(optimizer, values, start, field, STEPS, **fixed)
    got = in_v8(
        kind="run", code=made.code, state=len(made.state), gradient=FIELD, steps=STEPS,
        settings=np.transpose(list(values.values())).tolist(), starts=start.tolist(),
    ).reshape(SETTINGS, STEPS + 1, 2)  # fmt: skip
    expected = np.ascontiguousarray(np.moveaxis(expected, 0, 1))
    if made.exact:
        wrong = ~same_bits(got, expected)
    else:  # a difference in the last place grows from step to step
        got, expected = got[:, :11], expected[:, :11]
        wrong = ~np.isclose(got, expected, rtol=1e-9, atol=1e-12, equal_nan=True)
    if not wrong.any():
        return None
    t = int(np.argmax(wrong.any(axis=(0, 2))))
    run = int(np.argmax(wrong[:, t].any(axis=-1)))
    setting = ", ".join(f"{name}={float(column[run])!r}" for name, column in values.items())
    return (
        f"{optimizer.__name__}({setting}) from {start[run].tolist()}: after step {t} "
        f"V8 is at {got[run, t].tolist()}, NumPy at {expected[run, t].tolist()}"
    )


def values_differ(made, expected, inputs, settings=((),), scale=1.0) -> str | None:
    """Where a translated function is not the Python function, in words; None where it is nowhere.

    Arguments:
        expected: what Python gives for each input: NumPy squares an array by a product and a
            single number by a power, so ask it with arrays.
        scale: for inexact ones, the size of the largest term, whose last place is the unit.
    """
    settings = [list(map(float, s)) for s in settings]
    inputs = [list(map(float, x)) for x in inputs]
    expected = np.array(expected, dtype=np.float64).ravel()
    got = in_v8(kind="value", code=made.code, inputs=inputs, settings=settings)
    if made.exact:
        wrong = ~same_bits(got, expected)
    else:
        room = ULPS * np.finfo(float).eps * np.maximum(np.abs(expected), scale)
        wrong = ~((np.abs(got - expected) <= room) | same_bits(got, expected))
    if not wrong.any():
        return None
    at = int(np.argmax(wrong))
    where = inputs[at * len(inputs) // len(expected)]
    return f"at {where}: V8 gives {float(got[at])!r}, Python {float(expected[at])!r}"


SURFACES = {
    "Rosenbrock": (surfaces.Rosenbrock, 1.0),
    "Booth": (surfaces.Booth, 1.0),
    "Himmelblau": (surfaces.Himmelblau, 1.0),
    "Beale": (surfaces.Beale, 1.0),
    "Saddle": (surfaces.Saddle, 1.0),
    "Quadratic": (functools.partial(surfaces.Quadratic, [1.0, 30.0]), 1.0),
    "Quadratic, turned": (functools.partial(surfaces.Quadratic, [1.0, 30.0], 0.7), 1.0),
    "Rastrigin": (surfaces.Rastrigin, 1300.0),  # 20 pi, times the angle's own last place
}
SCHEDULES = {
    "StepLR": lambda o: schedules.StepLR(o, 7, 0.3),
    "MultiStepLR": lambda o: schedules.MultiStepLR(o, [5, 40, 60], 0.3),
    "ExponentialLR": lambda o: schedules.ExponentialLR(o, 0.97),
    "LinearLR": lambda o: schedules.LinearLR(o, 0.2, 0.9, 30),
    "ConstantLR": lambda o: schedules.ConstantLR(o, 0.3, 11),
    "PolynomialLR": lambda o: schedules.PolynomialLR(o, 60, 2.0),
    "CosineAnnealingLR": lambda o: schedules.CosineAnnealingLR(o, 50, 0.01),
    "WarmupCosine": lambda o: schedules.WarmupCosine(o, 10, 80),
    "TransformerLR": lambda o: schedules.TransformerLR(o, 64, 20),
}


def rules() -> list:
    every = [getattr(optim, name) for name in optim.__all__]
    return [
        c
        for c in every
        if inspect.isclass(c) and issubclass(c, optim.Optimizer) and c is not optim.Optimizer
    ]


def compare_all() -> tuple[list[str], dict[str, str]]:
    """Compare everything. Returns what was compared, and what cannot be translated, and why.

    Raises:
        Differs: at the first difference.
    """
    compared, refused = [], {}
    jobs = [(c.__name__, functools.partial(rule_differs, c)) for c in rules()]
    jobs += [("SGD without momentum", lambda: rule_differs(optim.SGD, fixed={"momentum": 0.0}))]
    jobs += [(name, functools.partial(surface_differs, name)) for name in SURFACES]
    jobs += [(name, functools.partial(schedule_differs, name)) for name in SCHEDULES]
    for name, job in jobs:
        try:
            difference = job()
        except traced.Untranslatable as reason:
            refused[name] = str(reason)
            continue
        if difference:
            raise Differs(f"{name} in the browser is not what it is in Python: {difference}")
        compared.append(name)
    return compared, refused


def surface_differs(name: str) -> str | None:
    make, scale = SURFACES[name]
    value, gradient = traced.surface(make)
    made = make()
    x = np.random.default_rng(1).uniform(-3, 3, (POINTS, 2))
    return values_differ(value, made.value(x), x, scale=scale) or values_differ(
        gradient, made.gradient(x), x, scale=scale
    )


def schedule_differs(name: str) -> str | None:
    make = SCHEDULES[name]
    made = make(optim.SGD([optim.optimizer.Tensor(0.0, requires_grad=True)], lr=1.0))
    translated = traced.schedule(make)
    exact = translated._replace(exact="E.power" not in translated.code and translated.exact)
    expected = [made.values(t, [0.3])[0]["lr"] for t in range(STEPS)]
    return values_differ(exact, expected, [(t, 0.3) for t in range(STEPS)])


def outcome() -> str:
    compared, refused = compare_all()
    return f"{len(compared)} functions give what NumPy gives; {len(refused)} stay in Python"


def begin(app) -> None:
    """Compare, unless that was done since anything that takes part in it has changed."""
    ours = {"engine.py": Path(__file__)}
    words = {**cache.versions(), "v8": remembered.installed().get("mini-racer", "")}
    state = remembered.fingerprint(cache.seen_files(), ours, words=words)
    said = remembered.remember(Path(app.outdir).parent, "engine", state, outcome)
    logger.info("the browser's engine: %s", said)


def setup(app):
    if (Path(app.srcdir) / "tinytorch").is_dir():
        app.connect("builder-inited", begin)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
