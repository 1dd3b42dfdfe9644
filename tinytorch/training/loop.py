"""The loop that brings model, loss, data and optimizer together, and what is measured."""

from collections.abc import Iterable

import numpy as np

from tinytorch.core.autograd import no_grad
from tinytorch.core.module import Module
from tinytorch.core.tensor import Tensor
from tinytorch.data import DataLoader, Dataset
from tinytorch.training.history import Mean, name_of


def expect_batches(owner: str, batches) -> None:
    if not isinstance(batches, Iterable) and not hasattr(batches, "__getitem__"):
        raise TypeError(
            f"{owner}: the data must be batches (inputs, targets), as a DataLoader gives them, "
            f"got {type(batches).__name__}"
        )


def both(owner: str, batch) -> tuple:
    """Inputs and targets of a batch."""
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        what = f"{len(batch)} of them" if isinstance(batch, (tuple, list)) else "no pair"
        raise TypeError(
            f"{owner}: a batch must be a pair (inputs, targets), got {type(batch).__name__}, {what}"
        )
    return batch


def train(model, optimizer, loss_fn, loader, epochs: int = 1) -> list[float]:
    """Go through the data `epochs` times, with one step of the optimizer for each batch.

    Arguments:
        model: inputs → predictions.
        optimizer: of the model's parameters.
        loss_fn: (predictions, targets) → scalar tensor.
        loader: the batches, (inputs, targets) each; gone through once an epoch.
        epochs: how often.

    Returns:
        The loss of every batch, before its step.

    >>> from tinytorch.optim import SGD
    >>> model = nn.Linear(2, 1, rng=0)
    >>> examples = data.DataLoader(data.regression([2.0, -1.0], 64, rng=0), 16)
    >>> losses = training.train(model, SGD(model.parameters(), lr=0.1), nn.MSELoss(), examples, 20)
    >>> len(losses), losses[-1] < 0.1
    (80, True)
    """
    losses = []
    for _ in range(epochs):
        for x, y in loader:
            loss = loss_fn(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


def accuracy(logits: Tensor, targets: Tensor) -> float:
    """The fraction of rows whose largest logit is at the target's index.

    Shapes: logits (n, classes), targets (n,). With one logit for each target, each of them (n,) or
    (n, 1), the fraction whose logit is positive where the target is 1.

    A row that holds what is not a number is wrong.

    Raises:
        ValueError: other shapes, or no rows.

    >>> training.accuracy(Tensor([[0.0, 1.0], [2.0, 1.0]]), Tensor(np.array([1, 1])))
    0.5
    """
    z, y = (np.asarray(getattr(t, "data", t)) for t in (logits, targets))
    if z.size == 0:
        raise ValueError(f"accuracy of no rows: the logits have shape {z.shape}")
    if z.ndim and y.ndim and z.size == len(z) == len(y) == y.size:
        z, y = z.ravel(), y.ravel()
        return float(np.mean(((z > 0) == (y == 1)) & ~np.isnan(z)))
    if z.ndim != 2 or y.shape != z.shape[:1]:
        raise ValueError(
            "accuracy needs logits (n, classes) and targets (n,), or one logit for each target; "
            f"got shapes {z.shape} and {y.shape}"
        )
    return float(np.mean((z.argmax(axis=1) == y) & ~np.isnan(z).any(axis=1)))


def evaluate(model: Module, loss_fn, data, metrics=()) -> dict[str, float]:
    """Loss and metrics over all of `data`, in evaluation mode and without gradients.

    Arguments:
        loss_fn: (predictions, targets) → scalar tensor, a mean over the batch.
        data: batches (a DataLoader), or a Dataset.
        metrics: functions (predictions, targets) → number, means over the batch too.

    Returns:
        "loss" and each metric under its function's name, averaged over the examples.

    Raises:
        TypeError: `data` gives something else than pairs.
        ValueError: `data` has no batches.

    >>> examples = data.TensorDataset([[1.0], [2.0]], [[1.0], [2.0]])
    >>> training.evaluate(nn.Identity(), nn.MSELoss(), examples)
    {'loss': 0.0}
    """
    expect_batches("evaluate", data)
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    mean = Mean()
    try:
        with no_grad():
            for batch in DataLoader(data, 1024) if isinstance(data, Dataset) else data:
                x, y = both("evaluate", batch)
                predictions = model(x)
                mean.add(len(x), "loss", loss_fn(predictions, y).item())
                for metric in metrics:
                    mean.add(len(x), name_of(metric), metric(predictions, y))
    finally:
        for module, mode in modes:
            module.training = mode
    if not mean.totals:
        raise ValueError("evaluate: the data has no batches")
    return mean.values()
