"""The schedules that are compared with PyTorch; run this file to write what PyTorch does.

python -m tests.optim.schedules.cases
"""

import json
from pathlib import Path
from types import SimpleNamespace

GOLDEN = Path(__file__).with_name("golden.json")
STEPS = 200
RATES = (0.5, 0.03)  # of two groups

# name: (class, arguments); a list of pairs for the composites
CASES = {
    "StepLR": ("StepLR", dict(step_size=30)),
    "StepLR, growing": ("StepLR", dict(step_size=1, gamma=1.01)),
    "MultiStepLR": ("MultiStepLR", dict(milestones=[30, 80, 80, 150], gamma=0.3)),
    "MultiStepLR, from 0": ("MultiStepLR", dict(milestones=[0, 7], gamma=0.5)),
    "ExponentialLR": ("ExponentialLR", dict(gamma=0.97)),
    "LinearLR": ("LinearLR", dict()),
    "LinearLR, down": ("LinearLR", dict(start_factor=1.0, end_factor=0.1, total_iters=120)),
    "ConstantLR": ("ConstantLR", dict(factor=0.25, total_iters=40)),
    "PolynomialLR": ("PolynomialLR", dict(total_iters=150, power=2.0)),
    "PolynomialLR, root": ("PolynomialLR", dict(total_iters=199, power=0.5)),
    "CosineAnnealingLR": ("CosineAnnealingLR", dict(T_max=70, eta_min=0.01)),
    "CosineAnnealingLR, ends": ("CosineAnnealingLR", dict(T_max=200)),
    "CosineAnnealingWarmRestarts": ("CosineAnnealingWarmRestarts", dict(T_0=13)),
    "CosineAnnealingWarmRestarts, longer": (
        "CosineAnnealingWarmRestarts",
        dict(T_0=9, T_mult=2, eta_min=0.001),
    ),
    "OneCycleLR": ("OneCycleLR", dict(max_lr=[0.7, 0.1], total_steps=201)),
    "OneCycleLR, linear": (
        "OneCycleLR",
        dict(max_lr=0.7, epochs=3, steps_per_epoch=67, anneal_strategy="linear", pct_start=0.21),
    ),
    "OneCycleLR, three phases": (
        "OneCycleLR",
        dict(max_lr=0.7, total_steps=201, three_phase=True, div_factor=10.0),
    ),
    "CyclicLR": ("CyclicLR", dict(base_lr=0.1, max_lr=[0.7, 0.2], step_size_up=17)),
    "CyclicLR, halved": (
        "CyclicLR",
        dict(
            base_lr=0.0,
            max_lr=0.7,
            step_size_up=9,
            step_size_down=21,
            mode="triangular2",
            base_momentum=[0.5, 0.6],
        ),
    ),
    "CyclicLR, falling": (
        "CyclicLR",
        dict(base_lr=0.1, max_lr=0.7, step_size_up=11, mode="exp_range", gamma=0.99),
    ),
    "CyclicLR, of its own": (
        "CyclicLR",
        dict(base_lr=0.1, max_lr=0.7, step_size_up=11, scale_fn=lambda k: 1 / k),
    ),
    "SWALR": ("SWALR", dict(swa_lr=[0.05, 0.2], anneal_epochs=40)),
    "SWALR, linear": ("SWALR", dict(swa_lr=0.05, anneal_epochs=30, anneal_strategy="linear")),
    "SWALR, at once": ("SWALR", dict(swa_lr=0.05, anneal_epochs=0)),
    "MultiplicativeLR": (
        "MultiplicativeLR",
        dict(lr_lambda=lambda t: 0.95 if t % 3 else 1.02),
    ),
    "SequentialLR": (
        "SequentialLR",
        [
            ("LinearLR", dict(start_factor=0.1, total_iters=20)),
            ("CosineAnnealingLR", dict(T_max=90)),
        ],
        [20],
    ),
    "SequentialLR of three": (
        "SequentialLR",
        [
            ("ConstantLR", dict(factor=0.5, total_iters=300)),
            ("ExponentialLR", dict(gamma=0.9)),
            ("StepLR", dict(step_size=10, gamma=0.5)),
        ],
        [15, 60],
    ),
    "ChainedScheduler": (
        "ChainedScheduler",
        [
            ("ConstantLR", dict(factor=0.1, total_iters=25)),
            ("ExponentialLR", dict(gamma=0.98)),
            ("MultiStepLR", dict(milestones=[50, 51], gamma=0.5)),
        ],
    ),
}


def build(case: str, optimizer, schedulers):
    """The scheduler of this case, from the classes of either library."""
    kind, arguments, *rest = CASES[case]
    if isinstance(arguments, dict):
        return getattr(schedulers, kind)(optimizer, **arguments)
    children = [getattr(schedulers, name)(optimizer, **kwargs) for name, kwargs in arguments]
    if kind == "ChainedScheduler":
        return schedulers.ChainedScheduler(children, optimizer)
    return schedulers.SequentialLR(optimizer, children, *rest)


def torch_rates(case: str) -> list[list[float]]:
    """Learning rate of each group and momentum at t = 0 .. STEPS, as PyTorch has them."""
    import torch
    import torch.optim.swa_utils

    params = [torch.zeros(2, requires_grad=True) for _ in RATES]
    groups = [{"params": [p], "lr": lr} for p, lr in zip(params, RATES, strict=True)]
    optimizer = torch.optim.SGD(groups, lr=1.0, momentum=0.9)
    there = SimpleNamespace(**vars(torch.optim.lr_scheduler), SWALR=torch.optim.swa_utils.SWALR)
    scheduler = build(case, optimizer, there)
    rows = []
    for t in range(STEPS + 1):
        rows.append([*scheduler.get_last_lr(), optimizer.param_groups[0]["momentum"]])
        if t < STEPS:
            optimizer.step()
            scheduler.step()
    return [[float(x) for x in row] for row in rows]


def write() -> None:
    import torch

    every = {case: torch_rates(case)[::10] for case in CASES}
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(json.dumps({"torch": torch.__version__, "every": 10, "rates": every}))


if __name__ == "__main__":
    write()
