"""Figures of every kind, small, for tests: name -> a cell that shows one."""

import linecache

FIGURES = {
    "front": """
from tinytorch.lab import Knob, Live, Plane, Plot, Rosenbrock, Descent
from tinytorch.optim import SGD, Adam, Momentum
from tinytorch.optim.optimizers import adam
from tinytorch.tito.mistakes import MISTAKES

valley = Rosenbrock()
runs = {
    "SGD": Descent(SGD, valley, 60, lr=lambda f: 0.0019 * f),
    "Momentum": Descent(Momentum, valley, 60, lr=lambda f: 0.0017 * f),
    "Adam": Descent(Adam, valley, 60, lr=lambda f: 0.25 * f),
}
Live(
    Plane(valley, runs, start=(-1.2, 1.0)),
    Plot(runs, x=(0, 60), y=(1e-4, 1e4), log="y"),
    f=Knob("step sizes times", 0.125, 8, at=1, log=True), time=60, best=dict(f=1.05),
    change=adam, mistakes=MISTAKES,
    says=[(lambda SGD: not SGD < 1e6, "SGD flies off at {f}"),
          (None, "Adam ends at {Adam}, at x = {x}")],
    alt="Three optimizers in a valley",
)
""",
    "plane": """
import numpy as np

from tinytorch.lab import Curve, Heat, Knob, Live, Plane, Plot, Quadratic, Descent
from tinytorch.optim import Momentum

def bowl(kappa):
    return Quadratic([1.0, kappa], 0.3)

ball = Descent(Momentum, bowl, 40, start=(-1.0, 0.9), lr="lr", momentum="beta")

def root(s, lr, beta, kappa):
    trace = 1 + beta - lr * (1 + s * (kappa - 1))
    off = trace * trace - 4 * beta
    real, high = trace / 2, np.sqrt(np.maximum(-off, 0)) / 2
    return real + np.sqrt(np.maximum(off, 0)) / 2, high

Live(
    Plot({"edge": Curve(lambda s: (0.1 * s, s))}, x=(0.001, 0.1), y=(0, 0.98),
         xlabel="η", ylabel="β", heat=Heat(ball, (1e-8, 10), log=True), handles=[("lr", "beta")]),
    Plane(bowl, {"Momentum": ball}, start=None, window=((-1.2, 1.2), (-1.2, 1.2))),
    Plot({"roots": Curve(root, count=12, dots=True)}, x=(-1, 1), y=(-1, 1), equal=True),
    lr=Knob("η", 0.001, 0.1, at=0.03), beta=Knob("β", 0, 0.98, at=0.6),
    kappa=Knob("κ", 1, 100, at=25, whole=True),
    says="η = {lr}, β = {beta}, κ = {kappa}", alt="The plane of momentum",
)
""",
    "mixed": """
import math

import numpy as np

from tinytorch.lab import Booth, Heat, Himmelblau, Knob, Live, Plane, Plot, Rows, Descent
from tinytorch.optim import Adam

hills = {"which": [Himmelblau(), Booth()]}
runs = {"Adam": Descent(Adam, hills, 50, lr="lr", beta1="beta", noise="sigma",
                    rate=lambda t, fall: np.where(t < fall, 1.0, 0.1))}
Live(
    Plane(hills, runs, start=(0.0, 0.0)),
    Plot({"rate": lambda t, lr, fall: lr * np.where(t < fall, 1.0, 0.1),
          "wave": lambda t: 0.1 + 0.1 * math.cos(t / 9)},
         x=(0, 50), y=(0, 0.5), handles=[("fall", 0.25)]),
    Plot({"kept": Rows("row", np.outer([1, 2, 3.5], np.arange(10.0)), dots=True)},
         x=(0, 9), y=(0, 40), heat=Heat(("row", np.arange(36.0).reshape(3, 3, 4)), (0, 35))),
    which=Knob("surface", names=["Himmelblau", "Booth"]), lr=Knob("η", 0.01, 0.5, at=0.2),
    beta=Knob("β₁", 0, 0.99, at=0.9), sigma=Knob("noise", 0, 4, at=1),
    fall=Knob("fall at", 1, 50, at=25, whole=True), row=Knob("row", values=[10, 20, 40]),
    says=[(lambda sigma: sigma == 0, "On {which} without noise")], alt="A bit of everything",
)
""",
    "schedule": """
import numpy as np

from tinytorch.lab import Descent, Knob, Live, Plot, Quadratic, Rate
from tinytorch.optim import SGD

def shape(t, fall, last):
    return np.where(t < fall, 1.0, last)

noisy = Descent(SGD, Quadratic([0.02, 1.0]), 60, start=(3.0, 1.0), lr="peak", rate=shape, noise=0.3)
Live(
    Plot({"rate": Rate(noisy)}, (0, 60), (0, 2), handles=[("fall", "peak")]),
    Plot({"SGD": noisy}, (0, 60), (1e-5, 10), log="y"),
    peak=Knob("peak", 0.01, 1.98, at=1, count=197), last=Knob("last", 0, 1, at=0.25),
    fall=Knob("fall from", 1, 59, at=40, whole=True), change=shape,
    says="It ends at {SGD}", alt="A schedule and its run",
)
""",
    "steps": """
import math

import numpy as np

from tinytorch.lab import Heat, Knob, Live, Path, Plane, Plot, Quadratic, Steps, Trace
from tinytorch.optim.averaging import exponential

bowl = Quadratic([0.1, 1.0])

def noisy(x, y, a, b, u, v, lr, beta):
    x, y = x - lr * (0.1 * x + u), y - lr * (y + v)
    return x, y, exponential(a, x, beta), exponential(b, y, beta)

def turned(x, y, angle):
    c, s = math.cos(angle), math.sin(angle)
    return 0.9 * (c * x - s * y), 0.9 * (s * x + c * y)

def rounded(w, bits):
    s = 2 ** (np.floor(np.log2(np.abs(w))) + 1 - bits)
    return s * np.rint(0.99 * w / s)

rows = np.random.default_rng(0).normal(size=(80, 2)).round(2)
run = Steps(noisy, 80, ("x", "y", "x", "y"), given=rows)
spiral, stairs = Steps(turned, 80), Steps(rounded, 80, (1.0,))
loss = lambda s: bowl.value(s[..., 2:])
where = Heat(Trace(spiral, lambda s: s[..., 0]), (-1, 1))
Live(
    Plane(bowl, {"last": run, "average": Path(run, (2, 3))}),
    Plot({"average": Trace(run, loss), "weight": Trace(stairs, lambda s: s[..., 0])},
         (0, 80), (1e-4, 10), log="y"),
    Plane(bowl, {"spiral": spiral}, heat=where), time=80,
    lr=Knob("η", 0.01, 1, at=0.3), beta=Knob("β", 0, 0.99, at=0.9),
    angle=Knob("angle", 0, 3, at=0.2), bits=Knob("bits", 3, 12, at=6, whole=True),
    says="{average}, {weight}", alt="Ways that no optimizer takes",
)
""",
}


def made(name: str):
    """The figure itself."""
    before, _, arguments = FIGURES[name].rpartition("\nLive(")
    space: dict = {}
    file = f"<figure {name}>"  # its lines are found, as those of a cell are
    linecache.cache[file] = (len(before), None, before.splitlines(keepends=True), file)
    exec(compile(before, file, "exec"), space)
    return eval("Live(" + arguments, space)
