"""A program as users write it, for the type checker: `mypy` reads this file and runs nothing.

What must be refused is marked; a mark where nothing is refused is an error too.
"""

import numpy as np

from tinytorch import Tensor, no_grad
from tinytorch.data import DataLoader, TensorDataset
from tinytorch.nn import MLP, CrossEntropyLoss
from tinytorch.optim import (
    OPTIMIZERS,
    SGD,
    Adam,
    AdamW,
    Adan,
    CosineAnnealingLR,
    Lion,
    Optimizer,
    ReduceLROnPlateau,
    Scheduler,
    StepLR,
)
from tinytorch.training import Trainer


def train(model: MLP, loader: DataLoader) -> float:
    optimizer = Adam(model.parameters(), lr=1e-3, betas=(0.9, 0.99), weight_decay=0.1)
    scheduler = CosineAnnealingLR(optimizer, T_max=10, eta_min=1e-5)
    loss_fn = CrossEntropyLoss()
    total = 0.0
    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item()
    scheduler.step()
    rate: float = optimizer.lr
    return total * rate


def choose(params: list[Tensor]) -> list[Optimizer]:
    first = SGD(params, 0.1, momentum=0.9, nesterov=True, engine="whole")
    second = AdamW([("w", p) for p in params], maximize=True)
    third = Lion([{"params": params, "lr": 0.1}])
    schedulers: list[Scheduler] = [StepLR(first, 3, gamma=0.5), StepLR(second, step_size=2)]
    ReduceLROnPlateau(third, mode="max", patience=3).step(0.5)
    return [first, second, third, Adan(params, betas=(0.9, 0.8, 0.95)), schedulers[0].optimizer]


def refused(params: list[Tensor]) -> None:
    Adam(params, lrr=1.0)  # type: ignore[call-arg]
    Adam()  # type: ignore[call-arg]
    SGD(params, momentum="0.9")  # type: ignore[arg-type]
    StepLR(SGD(params))  # type: ignore[call-arg]
    StepLR(SGD(params), 3, gama=0.5)  # type: ignore[call-arg]
    StepLR(params, 3)  # type: ignore[arg-type]
    SGD(params).stepp()  # type: ignore[attr-defined]


def data() -> DataLoader:
    x = np.zeros((4, 2), dtype=np.float32)
    with no_grad():
        Tensor(x, requires_grad=True).sum()
    print(len(OPTIMIZERS), Trainer)
    return DataLoader(TensorDataset(x, np.zeros(4, dtype=int)), batch_size=2)
