"""Losses: how wrong a prediction is, as one number.

Each is one operation with a derivative of its own, in which nothing overflows: it is finite
where the textbook's composition of exponentials and logarithms is not.
"""

import numpy as np

from tinytorch.core.checks import PROPORTION, one_of, require
from tinytorch.core.functional import as_indices
from tinytorch.core.module import Module
from tinytorch.core.stable import exponentials, logistic
from tinytorch.core.sums import total
from tinytorch.core.tensor import Tensor, as_float, as_tensor, raw, record

REDUCTIONS = one_of("mean", "sum", "none")


class Loss(Module):
    """Base of the losses.

    Arguments:
        reduction: "mean", "sum", or "none" for one loss per example.

    Raises:
        ValueError: another reduction; or, when it is called, an empty batch.
    """

    def __init__(self, *, reduction: str = "mean"):
        self.reduction = require(type(self).__name__, "reduction", reduction, REDUCTIONS)

    def reduce(self, losses: np.ndarray, *edges: tuple) -> Tensor:
        """The reduced loss; the edges' functions take the gradient of the unreduced one."""
        if self.reduction == "none":
            return record(losses, *edges)
        if losses.size == 0:
            raise ValueError(f"{type(self).__name__}: the batch is empty, of shape {losses.shape}")
        count = losses.size if self.reduction == "mean" else 1

        def spread(derivative):
            def whole(g):
                return derivative(np.full(losses.shape, g / count))

            whole.__qualname__ = type(self).__name__
            return whole

        return record(total(losses) / count, *((t, spread(d)) for t, d in edges))

    def _parts(self):
        return [] if self.reduction == "mean" else [f"reduction={self.reduction!r}"]


class MSELoss(Loss):
    """(prediction - target)², averaged over all elements.

    Raises:
        ValueError: the shapes differ; they are not broadcast, which would average over pairs
            that nobody meant.
    """

    def forward(self, prediction: Tensor, target) -> Tensor:
        prediction, target = floats("MSELoss", prediction, target)
        difference = prediction.data - target.data
        return self.reduce(
            np.square(difference),
            (prediction, lambda g: 2 * g * difference),
            (target, lambda g: -2 * g * difference),
        )


class BCEWithLogitsLoss(Loss):
    """Binary cross-entropy of logits x against targets y in [0, 1].

        -y log σ(x) - (1 - y) log(1 - σ(x)) = (1 - y) max(x, 0) + y max(-x, 0) + log(1 + exp(-|x|))

    Its derivative is σ(x) - y = (1 - y) σ(x) - y σ(-x). Shapes: both (...), the same.

    Raises:
        ValueError: the shapes differ, or a target lies outside [0, 1].
    """

    def forward(self, logits: Tensor, targets) -> Tensor:
        logits, targets = floats("BCEWithLogitsLoss", logits, targets)
        x, y = logits.data, targets.data
        in_unit_interval("BCEWithLogitsLoss", y)
        return self.reduce(
            np.maximum(x, 0) * (1 - y) + np.maximum(-x, 0) * y + np.log1p(np.exp(-np.abs(x))),
            (logits, lambda g: g * slope(x, y)),
            (targets, lambda g: -g * x),
        )


class CrossEntropyLoss(Loss):
    """Cross-entropy of softmax(logits) against the targets: -Σ q log softmax(z).

    Arguments:
        label_smoothing: ε in [0, 1]; the targets q become (1 - ε) q + ε / classes.
        reduction: "mean", "sum", or "none" for one loss per row.

    Shapes: logits z (batch, classes), any finite numbers; targets (batch,), class indices, or
    (batch, classes), probabilities q. The derivative is softmax(z) - q.

    Raises:
        ValueError: `label_smoothing` or `reduction` outside what is allowed; or, when it is
            called, other shapes, an index outside 0..classes - 1, or rows of probabilities that
            are negative or do not sum to 1.
        TypeError: indices that are not whole numbers.
    """

    def __init__(self, *, label_smoothing: float = 0.0, reduction: str = "mean"):
        super().__init__(reduction=reduction)
        self.label_smoothing = require(
            "CrossEntropyLoss", "label_smoothing", label_smoothing, PROPORTION
        )

    def forward(self, logits: Tensor, targets) -> Tensor:
        logits = as_float(as_tensor(logits, np.dtype(np.float32)))
        shape = np.shape(raw(targets))
        if logits.ndim != 2 or shape not in (logits.shape[:1], logits.shape):
            raise ValueError(
                "CrossEntropyLoss needs logits (batch, classes) and targets (batch,) or "
                f"(batch, classes); got shapes {logits.shape} and {shape}"
            )
        _, z, exp, log_total = exponentials(logits.data, (1,))
        from_indices = self._indices if len(shape) == 1 else self._probabilities
        return from_indices(logits, targets, z - log_total, exp / np.exp(log_total))

    def _indices(self, logits, targets, log_p, p):
        n, classes = p.shape
        targets = as_indices("CrossEntropyLoss", targets, classes)
        rows, smoothing = np.arange(n), self.label_smoothing
        losses = -log_p[rows, targets]
        if smoothing:
            losses = (1 - smoothing) * losses - smoothing / classes * log_p.sum(axis=1)

        def derivative(g):
            d = p - smoothing / classes if smoothing else p.copy()
            if smoothing:
                d[rows, targets] -= 1 - smoothing
            else:
                d[rows, targets] = np.expm1(log_p[rows, targets])  # p - 1, also where p is nearly 1
            d *= g[:, None]
            return d

        return self.reduce(losses, (logits, derivative))

    def _probabilities(self, logits, targets, log_p, p):
        targets = cast(as_tensor(targets, logits.dtype), logits.dtype)
        in_unit_interval("CrossEntropyLoss", targets.data)
        sums = total(targets.data, 1)
        if not np.allclose(sums, 1, atol=1e-3):
            raise ValueError(
                "CrossEntropyLoss: each row of probabilities must sum to 1; "
                f"the sums lie in {sums.min():.4g}..{sums.max():.4g}"
            )
        smoothing = self.label_smoothing
        q = (1 - smoothing) * targets.data + smoothing / p.shape[1]
        costs = np.multiply(q, log_p, where=q != 0, out=np.zeros_like(log_p))  # 0 · -∞ is 0 here
        return self.reduce(
            -total(costs, 1),
            (
                logits,  # p Σq - q
                lambda g: g[:, None] * (np.expm1(log_p) * q + p * (total(q, 1, True) - q)),
            ),
            (targets, lambda g: -(1 - smoothing) * g[:, None] * log_p),
        )

    def _parts(self):
        smoothing = f"label_smoothing={self.label_smoothing}"
        return ([smoothing] if self.label_smoothing else []) + super()._parts()


def slope(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """σ(x) - y, also where the two are nearly the same: 0 and 0, or 1 and 1."""
    p, q = logistic(x)
    return (1 - y) * p - y * q


def floats(name: str, prediction, target) -> list[Tensor]:
    """Both as tensors of one shape, the target in the prediction's dtype."""
    prediction = as_float(as_tensor(prediction, np.dtype(np.float32)))
    target = as_tensor(target, prediction.dtype)
    if prediction.shape != target.shape:
        raise ValueError(
            f"{name}: predictions of shape {prediction.shape}, targets of shape {target.shape}"
        )
    return [prediction, cast(target, prediction.dtype)]


def cast(target: Tensor, dtype: np.dtype) -> Tensor:
    return target if target.dtype == dtype else target.astype(dtype)


def in_unit_interval(name: str, targets: np.ndarray) -> None:
    if targets.size and not (targets.min() >= 0 and targets.max() <= 1):
        raise ValueError(
            f"{name}: targets must lie in [0, 1], got {targets.min():.4g}..{targets.max():.4g}"
        )
