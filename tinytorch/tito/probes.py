"""What to try on optimizers and schedulers so that every known mistake shows.

A probe runs the package and returns arrays: parameters, gradients and learning rates, as they
were after each step. Two implementations that agree on all probes are taken to be the same.
"""

import numpy as np

from tinytorch.core.tensor import Tensor
from tinytorch.optim import engines, optimizers, schedules
from tinytorch.optim.adam_family import AdamW

SHAPES = ((3,), (3,), (2, 2))  # two alike: they must not share what is theirs


def parameters() -> list[Tensor]:
    rng = np.random.default_rng(6)
    return [Tensor(rng.normal(size=shape), requires_grad=True) for shape in SHAPES]


def descend(make, steps: int = 6, reuse: bool = False, gaps: bool = False, clear: bool = True):
    """Steps down (p - 1)² / 2 in each of several parameters.

    Arguments:
        make: from parameters to an optimizer.
        reuse: the gradients' arrays are filled anew instead of replaced.
        gaps: some parameters have no gradient in some steps.
        clear: whether gradients are cleared, or pile up.
    """
    params = parameters()
    optimizer, trace, buffers = make(params), [], [np.zeros(p.shape) for p in params]
    for t in range(steps):
        for i, p in enumerate(params):
            if gaps and (t + i) % 3 == 1:
                p.grad = None
                continue
            g = (p.data - 1) * (1 + i)
            if reuse:
                buffers[i][...] = g
                p.grad = Tensor(buffers[i])
            else:
                p.grad = Tensor(g if p.grad is None else p.grad.data + g)
        optimizer.step()
        for p in params:
            trace += [p.data.copy(), None if p.grad is None else p.grad.data.copy()]
        if clear:
            optimizer.zero_grad()
    return trace


def change_lr(make):
    """Three steps, three with a tenth of the learning rate, three with that of the beginning."""
    params = parameters()
    optimizer, trace = make(params), []
    for factor in (1, 0.1, 10):
        for group in optimizer.param_groups:
            group["lr"] *= factor
        for _ in range(3):
            for p in params:
                p.grad = Tensor(p.data - 1)
            optimizer.step()
            trace += [p.data.copy() for p in params]
    return trace


def split(optimizer, **values):
    """Two groups, of which the second has a learning rate of its own."""
    return lambda params: optimizer(
        [{"params": params[:1]}, {"params": params[1:], "lr": 0.02}], **values
    )


def scales(make):
    """Gradients of 1, 1e-3, 1e-6 and 0 side by side."""
    p = Tensor(np.ones(4), requires_grad=True)
    optimizer, trace = make([p]), []
    for t in range(4):
        p.grad = Tensor(np.array([1.0, -1e-3, 1e-6, 0.0]) * (1 + t % 2))
        optimizer.step()
        trace.append(p.data.copy())
    return trace


def rates(make, steps: int = 12):
    """The learning rates of two groups along a schedule."""
    params = parameters()
    optimizer = split(optimizers.SGD, lr=0.8)(params)
    scheduler, trace = make(optimizer), []
    for _ in range(steps):
        trace.append(np.array(scheduler.get_last_lr()))
        optimizer.step()
        scheduler.step()
    return trace


def of(name: str, **values):
    """How to make an optimizer, found by its name when it is made."""
    home = AdamW if name == "AdamW" else None
    return lambda params: (home or getattr(optimizers, name))(params, **values)


SGD, MOMENTUM = of("SGD", lr=0.1), of("SGD", lr=0.1, momentum=0.8)
ADAM = of("Adam", lr=0.1, betas=(0.6, 0.8), eps=1e-3)

PROBES = {
    "SGD": lambda: descend(SGD),
    "SGD, weight decay": lambda: descend(of("SGD", lr=0.1, weight_decay=0.3)),
    "SGD, maximize": lambda: descend(of("SGD", lr=0.1, maximize=True)),
    "SGD, gradients missing": lambda: descend(of("SGD", lr=0.1, weight_decay=0.3), gaps=True),
    "SGD, gradients pile up": lambda: descend(SGD, clear=False),
    "SGD, two groups": lambda: descend(split(optimizers.SGD, lr=0.1)),
    "Momentum": lambda: descend(MOMENTUM),
    "Momentum, gradients reused": lambda: descend(MOMENTUM, reuse=True),
    "Momentum, gradients missing": lambda: descend(MOMENTUM, gaps=True),
    "Momentum, lr changes": lambda: change_lr(MOMENTUM),
    "Momentum, dampening": lambda: descend(of("SGD", lr=0.1, momentum=0.8, dampening=0.5)),
    "Momentum, weight decay": lambda: descend(of("Momentum", lr=0.1, weight_decay=0.3)),
    "Nesterov": lambda: descend(of("Nesterov", lr=0.1, momentum=0.8)),
    "Adam": lambda: descend(ADAM),
    "Adam, gradients missing": lambda: descend(ADAM, gaps=True),
    "Adam, lr changes": lambda: change_lr(ADAM),
    "Adam, weight decay": lambda: descend(of("Adam", lr=0.1, weight_decay=0.3)),
    "Adam, gradients of all sizes": lambda: scales(ADAM),
    "AdamW": lambda: descend(of("AdamW", lr=0.1, weight_decay=0.3)),
    "StepLR": lambda: rates(lambda o: schedules.StepLR(o, 3, 0.5)),
    "LinearLR": lambda: rates(lambda o: schedules.LinearLR(o, 0.2, 0.8, 5)),
    "CosineAnnealingLR": lambda: rates(lambda o: schedules.CosineAnnealingLR(o, 5, 0.01)),
}


def probed() -> dict:
    """What every probe gives now, as one flat array; a probe that fails gives its error's name."""
    result = {}
    with engines.engine("whole"), np.errstate(all="ignore"):
        for name, probe in PROBES.items():
            try:
                result[name] = np.concatenate([flat(value) for value in probe()])
            except Exception as error:
                result[name] = type(error).__name__
    return result


def flat(value) -> np.ndarray:
    return np.array([np.inf]) if value is None else value.ravel()


def differing(a: dict, b: dict, tolerance: float = 1e-9) -> list[str]:
    """Names of the probes whose answers are not the same."""
    return [name for name in PROBES if not same(a[name], b[name], tolerance)]


def same(a, b, tolerance: float) -> bool:
    if isinstance(a, str) or isinstance(b, str):
        return isinstance(a, str) and isinstance(b, str) and a == b
    if a.shape != b.shape:
        return False
    with np.errstate(all="ignore"):
        close = np.abs(a - b) <= tolerance * (1 + np.abs(b))
    return bool((close | (a == b) | (np.isnan(a) & np.isnan(b))).all())
