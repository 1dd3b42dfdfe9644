"""Trainer: the loop, with what one wants on a long day.

Validation, metrics, schedules, clipping, accumulation, early stopping, interruption.
"""

import itertools
import math
import warnings
from collections.abc import Iterable

import numpy as np

from tinytorch.core.checks import POSITIVE_COUNT, one_of, require
from tinytorch.core.interrupts import interruptible
from tinytorch.core.module import Module
from tinytorch.core.normalization import BatchNorm1d
from tinytorch.core.tensor import Tensor
from tinytorch.data import DataLoader, Dataset
from tinytorch.optim import Optimizer, clip_grad_norm_, clip_grad_value_
from tinytorch.training.console import progress_bar
from tinytorch.training.history import History, Mean, name_of
from tinytorch.training.loop import both, evaluate, expect_batches

DIVERGED = (
    "{} at {}: parameters and buffers are as they were before that step. "
    "A smaller lr or clip_norm may help; so may a look at the inputs"
)


class Trainer:
    """Trains a model, and says how it went.

    Arguments:
        model: a Module.
        optimizer: of the model's parameters.
        loss: (predictions, targets) → scalar tensor, a mean over the batch.
        metrics: functions (predictions, targets) → number, means over the batch; each is
            recorded under the function's name.
        scheduler: of the optimizer's learning rate; its `step()` is called after each epoch, one
            that watches a quantity gets the validation loss (without validation, the loss), also
            where that is not finite.
        schedule: "epoch", or "step" to call the scheduler after each step of the optimizer.
        clip_norm: bound on the norm of the whole gradient, see `clip_grad_norm_`.
        clip_value: bound on each of its elements, see `clip_grad_value_`; applied after the norm's.
        accumulate: batches whose gradients make up one step, at least 1. Each counts by its
            number of examples, so k batches of n give the step of one batch of k n, and so does
            a shorter group at the end of an epoch.
        callbacks: functions (trainer, values), called in this order when an epoch is over, with
            what `history` recorded of it: to save a checkpoint, to report, to average weights.
            One that returns True ends the training. (What is to happen after each step is a hook
            of the optimizer: `register_step_post_hook`.)

    Attributes:
        step: steps of the optimizer so far, over all calls of `fit`.
        history: of the last call of `fit`.

    Raises:
        TypeError: `model` is no Module, `optimizer` no Optimizer, `loss` no function, `metrics` or
            `callbacks` no list of them, `scheduler` none.
        ValueError: `schedule`, `clip_norm`, `clip_value` or `accumulate` outside what is allowed.

    Warns:
        UserWarning: once, if parameters of the model get gradients and belong to no group of the
            optimizer.

    >>> from tinytorch.optim import SGD
    >>> model = nn.Linear(2, 1, rng=0)
    >>> examples = data.DataLoader(data.regression([2.0, -1.0], 64, rng=0), 16)
    >>> trainer = training.Trainer(model, SGD(model.parameters(), lr=0.1), nn.MSELoss())
    >>> trainer.fit(examples, epochs=20)["loss"][-1] < 0.1
    True
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
        callbacks=(),
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
        if not callable(loss):
            raise TypeError(f"Trainer: loss must be a function, got {loss!r}")
        self.metrics = functions("metrics", metrics)
        if scheduler is not None and not callable(getattr(scheduler, "step", None)):
            raise TypeError(f"Trainer: scheduler must have a step(), got {scheduler!r}")
        self.scheduler, self.schedule = scheduler, schedule
        self._watches = getattr(scheduler, "watches", False)
        self.clip_norm, self.clip_value = clip_norm, clip_value
        self.accumulate = accumulate
        self.callbacks = functions("callbacks", callbacks)
        self._looked_for_strays = False
        self.step = 0
        self.history = History()

    def fit(
        self,
        loader: Iterable,
        epochs: int = 1,
        *,
        validation=None,
        patience: int | None = None,
        monitor: str = "val_loss",
        mode: str = "min",
        progress: bool | None = None,
    ) -> History:
        """Train for some epochs.

        Ctrl-C ends the training after the step under way: the model keeps what it learned, and
        the history says that it was interrupted. Where that step was the last one of an epoch,
        what belongs to the epoch is done first (validation, schedule, history, callbacks), so
        that a resumed training goes on as if it had never stopped. A second Ctrl-C does not wait.

        A schedule-free optimizer is left with the weights of evaluation in the model.

        Arguments:
            loader: the batches, (inputs, targets) each; gone through once an epoch.
            epochs: how often, at least 1.
            validation: data to evaluate after each epoch: batches, or a Dataset.
            patience: stop after this many epochs in a row without a better value of what is
                monitored. With it, the model ends with the weights of its best epoch.
            monitor: by what epochs are compared: a name that the history records, "val_loss"
                or that of a metric ("val_accuracy").
            mode: "min" if less of it is better, "max" if more is.
            progress: whether to show a bar (of tqdm); by default only on work of more than a
                second, in a terminal or a notebook, and where tqdm is installed.

        Raises:
            TypeError: `loader` gives something else than pairs, or the loss is no scalar tensor.
            ValueError: `epochs` or `patience` is no integer >= 1, `mode` is neither "min" nor
                "max", nothing of the name `monitor` is recorded, patience without validation,
                `loader` gives no batches, or a last batch of one row that batch normalization
                cannot take.
            RuntimeError: no parameter of the optimizer has a gradient.
            FloatingPointError: the loss or a gradient is not finite. The parameters and the
                model's buffers (running statistics) are as they were before that step, and
                `trainer.history` holds what went before.
        """
        expect_batches("Trainer", loader)
        if isinstance(loader, Dataset):
            raise TypeError("Trainer: fit needs batches: DataLoader(dataset, batch_size)")
        require("Trainer", "epochs", epochs, POSITIVE_COUNT)
        require("Trainer", "mode", mode, one_of("min", "max"))
        self._require_monitored(monitor, validation, patience)
        self._refuse_lonely_row(loader)
        self.history = history = History()
        best = Best(self.model, mode, keep=patience is not None)
        total = None
        if hasattr(loader, "__len__"):
            total = epochs * -(-len(loader) // self.accumulate)
        with interruptible() as stop, progress_bar(total, progress) as bar:
            try:
                for epoch in range(epochs):
                    values = self._epoch(loader, epoch, stop, bar)
                    self._optimizer_mode("eval")
                    watching = self.schedule == "epoch" and self._watches
                    if self.schedule == "epoch" and not watching:
                        self._move_on()
                    if validation is not None:
                        found = evaluate(self.model, self.loss, validation, self.metrics)
                        values |= {f"val_{name}": value for name, value in found.items()}
                    history.append(values)
                    if watching:
                        self._move_on(values.get("val_loss", values["loss"]))
                    best.see(epoch, values.get(monitor, values["loss"]))
                    asked = [callback(self, values) is True for callback in self.callbacks]
                    if stop.is_set():
                        raise KeyboardInterrupt
                    if any(asked) or (patience is not None and best.waited == patience):
                        history.stopped_early = True
                        break
            except KeyboardInterrupt:
                history.interrupted = True
                self._optimizer_mode("eval")
        history.best_epoch = best.epoch if validation is not None else None
        if not history.interrupted:
            best.restore()
        return history

    def _require_monitored(self, monitor: str, validation, patience) -> None:
        if patience is not None:
            require("Trainer", "patience", patience, POSITIVE_COUNT)
            if validation is None:
                raise ValueError("Trainer: patience needs validation data, whose loss it watches")
        names = ["loss", *map(name_of, self.metrics)]
        if validation is not None:
            names += [f"val_{name}" for name in names]
        if monitor not in (*names, "val_loss"):
            raise ValueError(f"Trainer: monitor must be one of {names}, got {monitor!r}")

    def _refuse_lonely_row(self, loader) -> None:
        """Batch normalization cannot train on a single row: better said now than after an epoch."""
        if not isinstance(loader, DataLoader) or loader.drop_last:
            return
        if len(loader.dataset) % loader.batch_size != 1:
            return
        lonely = [m for m in self.model.modules() if isinstance(m, BatchNorm1d)]
        inputs, _ = loader.dataset.take(np.array([0]))
        if lonely and np.ndim(inputs) == 2:
            n, size = len(loader.dataset), loader.batch_size
            raise ValueError(
                f"Trainer: the last batch of an epoch holds one row ({n} examples in batches of "
                f"{size}), and {lonely[0]!r} needs more to train: give the DataLoader "
                "drop_last=True or another batch_size"
            )

    def _epoch(self, loader, epoch: int, stop, bar) -> dict[str, float]:
        """One pass over the data. Returns what the history records of it."""
        self.model.train()
        self._optimizer_mode("train")
        mean = Mean()
        batches, taken = iter(loader), 0
        while group := list(itertools.islice(batches, self.accumulate)):
            lr = self.optimizer.param_groups[0]["lr"]
            loss = self._step(group, mean, f"step {self.step + 1} (epoch {epoch + 1})")
            self.history.steps.append(loss)
            if bar is not None:
                bar.update()
                bar.set_postfix(loss=f"{loss:.4g}", refresh=False)
            taken += len(group)
            if stop.is_set() and not is_over(loader, taken):
                raise KeyboardInterrupt
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
        except BaseException:
            self.optimizer.zero_grad()
            for tensor, before in buffers:
                tensor.copy_(before)
            raise
        self.optimizer.step()
        self.step += 1
        if self.schedule == "step":
            self._move_on(loss)
        return loss

    def _gradients(self, group: list, mean: Mean, where: str) -> float:
        """Leave the gradient of the batches' loss, clipped and finite. Returns the loss."""
        self.optimizer.zero_grad()
        group = [both("Trainer", batch) for batch in group]
        examples, total = sum(len(x) for x, _ in group), 0.0
        if not examples:
            raise ValueError(f"Trainer: a batch without examples at {where}")
        for x, y in group:
            predictions = self.model(x)
            loss = self.loss(predictions, y)
            if not isinstance(loss, Tensor) or loss.data.size != 1:
                what = f"a tensor of shape {loss.shape}" if isinstance(loss, Tensor) else repr(loss)
                raise TypeError(f"Trainer: the loss must be a scalar tensor, got {what}")
            share, value = len(x) / examples, loss.item()
            if not math.isfinite(value):
                raise FloatingPointError(DIVERGED.format(f"the loss is {value}", where))
            loss.backward(share)
            total += share * value
            mean.add(len(x), "loss", value)
            for metric in self.metrics:
                mean.add(len(x), name_of(metric), metric(predictions.detach(), y))
        params = [p for g in self.optimizer.param_groups for p in g["params"]]
        if all(p.grad is None for p in params):
            raise RuntimeError(
                "Trainer: none of the optimizer's parameters has a gradient after backward(): "
                "was the optimizer made from this model's parameters()?"
            )
        self._warn_of_strays(params)
        wrong = [p for p in params if not has_finite_gradient(p)]  # clipping spreads them
        if self.clip_norm is not None:
            clip_grad_norm_(params, self.clip_norm)
        if self.clip_value is not None:
            clip_grad_value_(params, self.clip_value)
        for p in wrong:
            if not has_finite_gradient(p):  # an infinity that was clipped by value is a number
                names = {id(t): name for name, t in self.model.named_parameters()}
                what = f"the gradient of {names.get(id(p), 'a parameter')} is not finite"
                raise FloatingPointError(DIVERGED.format(what, where))
        return total

    def _warn_of_strays(self, params: list) -> None:
        if self._looked_for_strays:
            return
        self._looked_for_strays = True
        known = set(map(id, params))
        strays = [
            name
            for name, p in self.model.named_parameters()
            if p.grad is not None and id(p) not in known
        ]
        if strays:
            warnings.warn(
                f"Trainer: {', '.join(strays)} of the model got gradients and belong to no group "
                "of the optimizer: they will never move. Give them to the optimizer, or set their "
                "requires_grad to False",
                stacklevel=5,
            )

    def _optimizer_mode(self, mode: str) -> None:
        """Schedule-free optimizers keep other weights for training than for evaluation."""
        getattr(self.optimizer, mode, lambda: None)()

    def _move_on(self, watched: float | None = None) -> None:
        if self.scheduler is not None:
            self.scheduler.step(*([watched] if self._watches else []))


def functions(name: str, values) -> tuple:
    if not isinstance(values, Iterable):
        raise TypeError(f"Trainer: {name} must be a list of functions, got {values!r}")
    values = tuple(values)
    for value in values:
        if not callable(value):
            raise TypeError(f"Trainer: {name} must be functions, got {value!r}")
    return values


def has_finite_gradient(p) -> bool:
    return p.grad is None or bool(np.isfinite(p.grad.data).all())


def is_over(loader, taken: int) -> bool:
    """Whether a loader has no more batches in this epoch, of which `taken` were taken now."""
    if isinstance(loader, DataLoader):
        return loader.left == 0
    return hasattr(loader, "__len__") and taken >= len(loader)


class Best:
    """The epoch with the lowest (or highest) value, and how many have passed since."""

    def __init__(self, model: Module, mode: str, keep: bool):
        self.sign = 1 if mode == "min" else -1
        self.tensors = [tensor for _, tensor in model.named_tensors()] if keep else []
        self.arrays: list[np.ndarray] = []
        self.epoch, self.least, self.waited = None, math.inf, 0

    def see(self, epoch: int, value: float) -> None:
        if self.sign * value < self.least:
            self.epoch, self.least, self.waited = epoch, self.sign * value, 0
            self.arrays = [tensor.data.copy() for tensor in self.tensors]
        else:
            self.waited += 1

    def restore(self) -> None:
        for tensor, array in zip(self.tensors, self.arrays, strict=False):
            tensor.copy_(array)
