"""Training: the loop that brings model, loss, data and optimizer together.

`train` is the loop itself. `Trainer` is the same loop with what one wants on a long day:
validation, metrics, schedules, clipping, accumulation, early stopping, interruption.
"""

import inspect
import itertools
import math
from collections.abc import Iterable

import numpy as np

from tinytorch.core.autograd import no_grad
from tinytorch.core.checks import POSITIVE_COUNT, one_of, require
from tinytorch.core.module import Module
from tinytorch.core.tensor import Tensor
from tinytorch.data import DataLoader, Dataset
from tinytorch.optim import Optimizer, clip_grad_norm_, clip_grad_value_
from tinytorch.training.console import interruptible, progress_bar
from tinytorch.training.history import History, Mean

DIVERGED = (
    "{} at {}: parameters and buffers are as they were before that step. "
    "A smaller lr or clip_norm may help; so may a look at the inputs"
)


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

    Shapes: logits (n, classes), targets (n,).
    """
    return float(np.mean(logits.data.argmax(axis=-1) == targets.data))


def evaluate(model: Module, loss_fn, data, metrics=()) -> dict[str, float]:
    """Loss and metrics over all of `data`, in evaluation mode and without gradients.

    Arguments:
        loss_fn: (predictions, targets) → scalar tensor, a mean over the batch.
        data: batches (a DataLoader), or a Dataset.
        metrics: functions (predictions, targets) → number, means over the batch too.

    Returns:
        "loss" and each metric under its function's name, averaged over the examples.

    Raises:
        ValueError: `data` has no batches.
    """
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    mean = Mean()
    try:
        with no_grad():
            for x, y in DataLoader(data, 1024) if isinstance(data, Dataset) else data:
                predictions = model(x)
                mean.add(len(x), "loss", loss_fn(predictions, y).item())
                for metric in metrics:
                    mean.add(len(x), metric.__name__, metric(predictions, y))
    finally:
        for module, mode in modes:
            module.training = mode
    if not mean.totals:
        raise ValueError("evaluate: the data has no batches")
    return mean.values()


class Trainer:
    """Trains a model, and says how it went.

    Arguments:
        model: a Module.
        optimizer: of the model's parameters.
        loss: (predictions, targets) → scalar tensor, a mean over the batch.
        metrics: functions (predictions, targets) → number, means over the batch; each is
            recorded under the function's name.
        scheduler: of the optimizer's learning rate; its `step()` is called after each epoch, one
            that watches a quantity gets the validation loss (without validation, the loss).
        schedule: "epoch", or "step" to call the scheduler after each step of the optimizer.
        clip_norm: bound on the norm of the whole gradient, see `clip_grad_norm_`.
        clip_value: bound on each of its elements, see `clip_grad_value_`; applied after the norm's.
        accumulate: batches whose gradients make up one step, at least 1. Each counts by its
            number of examples, so k batches of n give the step of one batch of k n, and so does
            a shorter group at the end of an epoch.

    Attributes:
        step: steps of the optimizer so far, over all calls of `fit`.
        history: of the last call of `fit`.

    Raises:
        TypeError: `model` is no Module or `optimizer` no Optimizer.
        ValueError: `schedule`, `clip_norm`, `clip_value` or `accumulate` outside what is allowed.
    """

    def __init__(
        self,
        model: Module,
        optimizer: Optimizer,
        loss,
        *,
        metrics=(),
        scheduler=None,
        schedule: str = "epoch",
        clip_norm: float | None = None,
        clip_value: float | None = None,
        accumulate: int = 1,
    ):
        if not isinstance(model, Module):
            raise TypeError(f"Trainer: model must be a Module, got {type(model).__name__}")
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                f"Trainer: optimizer must be an Optimizer, got {type(optimizer).__name__}"
            )
        require("Trainer", "schedule", schedule, one_of("epoch", "step"))
        require("Trainer", "accumulate", accumulate, POSITIVE_COUNT)
        if clip_norm is not None:
            clip_grad_norm_([], clip_norm)
        if clip_value is not None:
            clip_grad_value_([], clip_value)
        self.model, self.optimizer, self.loss = model, optimizer, loss
        self.metrics = tuple(metrics)
        self.scheduler, self.schedule = scheduler, schedule
        self._watches = scheduler and "metric" in inspect.signature(scheduler.step).parameters
        self.clip_norm, self.clip_value = clip_norm, clip_value
        self.accumulate = accumulate
        self.step = 0
        self.history = History()

    def fit(
        self,
        loader: Iterable,
        epochs: int = 1,
        *,
        validation=None,
        patience: int | None = None,
        progress: bool | None = None,
    ) -> History:
        """Train for some epochs.

        Ctrl-C ends the training after the step under way: the model keeps what it learned, and
        the history says that it was interrupted. A second Ctrl-C does not wait for the step.

        A schedule-free optimizer is left with the weights of evaluation in the model.

        Arguments:
            loader: the batches, (inputs, targets) each; gone through once an epoch.
            epochs: how often, at least 1.
            validation: data to evaluate after each epoch: batches, or a Dataset.
            patience: stop after this many epochs in a row without a lower validation loss. With
                it, the model ends with the weights of its best epoch.
            progress: whether to show a bar (of tqdm); by default only on work of more than a
                second, in a terminal or a notebook, and where tqdm is installed.

        Raises:
            ValueError: `epochs` or `patience` is no integer >= 1, patience without validation, or
                `loader` gives no batches.
            RuntimeError: no parameter of the optimizer has a gradient.
            FloatingPointError: the loss or a gradient is not finite. The parameters and the
                model's buffers (running statistics) are as they were before that step, and
                `trainer.history` holds what went before.
        """
        require("Trainer", "epochs", epochs, POSITIVE_COUNT)
        if patience is not None:
            require("Trainer", "patience", patience, POSITIVE_COUNT)
            if validation is None:
                raise ValueError("Trainer: patience needs validation data, whose loss it watches")
        self.history = history = History()
        best = Best(self.model, keep=patience is not None)
        with (
            interruptible() as stop,
            progress_bar(loader, epochs, self.accumulate, progress) as bar,
        ):
            try:
                for epoch in range(epochs):
                    values = self._epoch(loader, epoch, stop, bar)
                    self._optimizer_mode("eval")
                    if validation is not None and not stop.is_set():
                        found = evaluate(self.model, self.loss, validation, self.metrics)
                        values |= {f"val_{name}": value for name, value in found.items()}
                    if stop.is_set():
                        raise KeyboardInterrupt
                    history.append(values)
                    watched = values.get("val_loss", values["loss"])
                    if self.schedule == "epoch":
                        self._move_on(watched)
                    best.see(epoch, watched)
                    if patience is not None and best.waited == patience:
                        history.stopped_early = True
                        break
            except KeyboardInterrupt:
                history.interrupted = True
                self._optimizer_mode("eval")
        history.best_epoch = best.epoch if validation is not None else None
        if not history.interrupted:
            best.restore()
        return history

    def _epoch(self, loader, epoch: int, stop, bar) -> dict[str, float]:
        """One pass over the data. Returns what the history records of it."""
        self.model.train()
        self._optimizer_mode("train")
        mean = Mean()
        batches = iter(loader)
        while group := list(itertools.islice(batches, self.accumulate)):
            lr = self.optimizer.param_groups[0]["lr"]
            loss = self._step(group, mean, f"step {self.step + 1} (epoch {epoch + 1})")
            self.history.steps.append(loss)
            if bar is not None:
                bar.update()
                bar.set_postfix(loss=f"{loss:.4g}", refresh=False)
            if stop.is_set():
                return {}
        if not mean.totals:
            raise ValueError(
                f"Trainer: the loader gave no batches in epoch {epoch + 1}; it must be a "
                "DataLoader or a list of batches: an iterator can be gone through only once"
            )
        return {**mean.values(), "lr": lr}

    def _step(self, group: list, mean: Mean, where: str) -> float:
        """One step of the optimizer, on the batches of `group`. Returns their loss."""
        buffers = [(t, t.data.copy()) for _, t in self.model.named_buffers()]
        try:
            loss = self._gradients(group, mean, where)
        except FloatingPointError:
            self.optimizer.zero_grad()
            for tensor, before in buffers:
                np.copyto(tensor.data, before)
            raise
        self.optimizer.step()
        self.step += 1
        if self.schedule == "step":
            self._move_on(loss)
        return loss

    def _gradients(self, group: list, mean: Mean, where: str) -> float:
        """Leave the gradient of the batches' loss, clipped and finite. Returns the loss."""
        self.optimizer.zero_grad()
        examples, total = sum(len(x) for x, _ in group), 0.0
        for x, y in group:
            predictions = self.model(x)
            loss = self.loss(predictions, y)
            share, value = len(x) / examples, loss.item()
            if not math.isfinite(value):
                raise FloatingPointError(DIVERGED.format(f"the loss is {value}", where))
            loss.backward(share)
            total += share * value
            mean.add(len(x), "loss", value)
            for metric in self.metrics:
                mean.add(len(x), metric.__name__, metric(predictions.detach(), y))
        params = [p for g in self.optimizer.param_groups for p in g["params"]]
        if all(p.grad is None for p in params):
            raise RuntimeError(
                "Trainer: none of the optimizer's parameters has a gradient after backward(): "
                "was the optimizer made from this model's parameters()?"
            )
        if self.clip_norm is not None:
            clip_grad_norm_(params, self.clip_norm)
        if self.clip_value is not None:
            clip_grad_value_(params, self.clip_value)
        for p in params:
            if p.grad is not None and not np.isfinite(p.grad.data).all():
                names = {id(t): name for name, t in self.model.named_parameters()}
                what = f"the gradient of {names.get(id(p), 'a parameter')} is not finite"
                raise FloatingPointError(DIVERGED.format(what, where))
        return total

    def _optimizer_mode(self, mode: str) -> None:
        """Schedule-free optimizers keep other weights for training than for evaluation."""
        getattr(self.optimizer, mode, lambda: None)()

    def _move_on(self, watched: float) -> None:
        if self.scheduler is not None:
            self.scheduler.step(*([watched] if self._watches else []))


class Best:
    """The epoch with the lowest loss, and how many have passed since."""

    def __init__(self, model: Module, keep: bool):
        self.tensors = [tensor for _, tensor in model.named_tensors()] if keep else []
        self.arrays: list[np.ndarray] = []
        self.epoch, self.loss, self.waited = None, math.inf, 0

    def see(self, epoch: int, loss: float) -> None:
        if loss < self.loss:
            self.epoch, self.loss, self.waited = epoch, loss, 0
            self.arrays = [tensor.data.copy() for tensor in self.tensors]
        else:
            self.waited += 1

    def restore(self) -> None:
        for tensor, array in zip(self.tensors, self.arrays, strict=False):
            np.copyto(tensor.data, array)
