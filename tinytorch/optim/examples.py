"""An example for each optimizer and each schedule, which its docstring gets and the tests run.

Three steps down w², from 1, by an optimizer that is left its defaults; and the learning rates that
a schedule makes of 1. One form for all; what comes out is in the tables.
"""

import inspect

STEPS = """
>>> w = Tensor([[1.0, 0.0], [0.0, 1.0]], requires_grad=True)
>>> optimizer = optim.{name}([w])
>>> for _ in range(3):
...     optimizer.zero_grad()
...     (w * w).sum().backward()
...     optimizer.step()
>>> round(w[0, 0].item(), 4)
{found}"""

RATES = """
>>> optimizer = optim.SGD([Tensor([0.0], requires_grad=True)], lr=1.0)
>>> schedule = optim.{name}({arguments})
>>> rates = []
>>> for _ in range(6):
...     rates.append(round(optimizer.lr, 3))
...     optimizer.step()
...     schedule.step({metric})
>>> rates
{found}"""

ENDS = {
    "ADOPT": 0.9997, "ASGD": 0.9412, "Adadelta": 0.9903, "Adafactor": 0.9704, "Adagrad": 0.9772,
    "Adam": 0.997, "AdamW": 0.997, "AdamWScheduleFree": 0.9948, "Adamax": 0.994, "AdEMAMix": 0.997,
    "Adan": 0.997, "CautiousAdam": 0.994, "CautiousAdamW": 0.994, "CautiousLion": 0.9994,
    "LAMB": 0.997, "LARS": 0.9944, "Lion": 0.9997, "MARS": 0.991, "Momentum": 0.9888,
    "Muon": 0.9964, "MuonAdamW": 0.9964, "NAdam": 0.9949, "Nesterov": 0.984, "Prodigy": 1.0,
    "RAdam": 0.994, "RMSprop": 0.78, "Rprop": 0.9636, "SGD": 0.994, "SGDScheduleFree": 0.32,
    "SOAP": 0.9939, "Shampoo": 0.7805, "SophiaG": 0.9997,
}  # fmt: skip

SCHEDULES = {
    "ChainedScheduler": (
        "[optim.StepLR(optimizer, 2), optim.ExponentialLR(optimizer, 0.5)]",
        [1.0, 0.5, 0.025, 0.013, 0.001, 0.0],
    ),
    "ConstantLR": ("optimizer, factor=0.5, total_iters=2", [0.5, 0.5, 1.0, 1.0, 1.0, 1.0]),
    "CosineAnnealingLR": ("optimizer, T_max=4", [1.0, 0.854, 0.5, 0.146, 0.0, 0.146]),
    "CosineAnnealingWarmRestarts": ("optimizer, T_0=3", [1.0, 0.75, 0.25, 1.0, 0.75, 0.25]),
    "CyclicLR": (
        "optimizer, base_lr=0.1, max_lr=1.0, step_size_up=2, cycle_momentum=False",
        [0.1, 0.55, 1.0, 0.55, 0.1, 0.55],
    ),
    "ExponentialLR": ("optimizer, gamma=0.5", [1.0, 0.5, 0.25, 0.125, 0.062, 0.031]),
    "LambdaLR": ("optimizer, lambda t: 1 / (1 + t)", [1.0, 0.5, 0.333, 0.25, 0.2, 0.167]),
    "LinearLR": (
        "optimizer, start_factor=0.25, total_iters=3",
        [0.25, 0.5, 0.75, 1.0, 1.0, 1.0],
    ),
    "MultiStepLR": ("optimizer, milestones=[1, 3]", [1.0, 0.1, 0.1, 0.01, 0.01, 0.01]),
    "MultiplicativeLR": ("optimizer, lambda t: 0.5", [1.0, 0.5, 0.25, 0.125, 0.062, 0.031]),
    "OneCycleLR": (
        "optimizer, max_lr=1.0, total_steps=7, cycle_momentum=False",
        [0.04, 0.981, 0.919, 0.673, 0.358, 0.099],
    ),
    "PolynomialLR": ("optimizer, total_iters=4", [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]),
    "ReduceLROnPlateau": ("optimizer, patience=1", [1.0, 1.0, 1.0, 0.1, 0.1, 0.01]),
    "SWALR": ("optimizer, swa_lr=0.1, anneal_epochs=3", [1.0, 0.775, 0.325, 0.1, 0.1, 0.1]),
    "SequentialLR": (
        "optimizer, [optim.LinearLR(optimizer, 0.5, 1.0, 2), optim.StepLR(optimizer, 1)], [3]",
        [0.5, 0.75, 1.0, 1.0, 0.1, 0.01],
    ),
    "StepLR": ("optimizer, step_size=2", [1.0, 1.0, 0.1, 0.1, 0.01, 0.01]),
    "TransformerLR": (
        "optimizer, d_model=16, warmup_steps=2",
        [0.088, 0.177, 0.144, 0.125, 0.112, 0.102],
    ),
    "WarmupCosine": (
        "optimizer, warmup_steps=2, total_steps=5",
        [0.01, 0.505, 1.0, 0.75, 0.25, 0.0],
    ),
    "WarmupStableDecay": (
        "optimizer, warmup_steps=1, stable_steps=2, decay_steps=2",
        [0.01, 1.0, 1.0, 1.0, 0.5, 0.0],
    ),
}


def exemplify(kinds) -> None:
    """Put the example behind what each of these classes says of itself."""
    for kind in kinds:
        name = kind.__name__
        if not kind.__doc__:  # python -OO
            continue
        if name in ENDS:
            example = STEPS.format(name=name, found=ENDS[name])
        elif name in SCHEDULES:
            arguments, found = SCHEDULES[name]
            metric = "1.0" if kind.watches else ""
            example = RATES.format(name=name, arguments=arguments, metric=metric, found=found)
        else:
            continue
        kind.__doc__ = f"{inspect.cleandoc(kind.__doc__)}\n{example}"
