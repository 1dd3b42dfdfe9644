"""Losses: how wrong a prediction is, as one number.

Each is one operation with a derivative of its own, in which nothing overflows: it is finite
where the textbook's composition of exponentials and logarithms is not.
"""

import numpy as np

from tinytorch.core.checks import INTEGER, POSITIVE, PROPORTION, one_of, require
from tinytorch.core.functional import as_indices
from tinytorch.core.module import Module
from tinytorch.core.stable import exponentials, logistic
from tinytorch.core.sums import total
from tinytorch.core.tensor import Tensor, as_array, as_float, as_tensor, misfit, raw, record

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

    def reduce(self, losses: np.ndarray, *edges: tuple, count: float | None = None) -> Tensor:
        """The reduced loss; the edges' functions take the gradient of the unreduced one.

        `count` is what the mean is divided by, if not the number of losses.
        """
        if self.reduction == "none":
            return record(losses, *edges)
        if losses.size == 0:
            raise ValueError(f"{type(self).__name__}: the batch is empty, of shape {losses.shape}")
        if self.reduction == "sum":
            count = 1
        elif count is None:
            count = losses.size
        count = count or 1  # where no example counts the mean is 0

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

    >>> nn.MSELoss()(Tensor([1.0, 2.0]), [1.0, 4.0])
    Tensor(2.)
    """

    def forward(self, prediction: Tensor, target) -> Tensor:
        prediction, target = floats("MSELoss", prediction, target)
        difference = prediction.data - target.data
        return self.reduce(
            np.square(difference),
            (prediction, lambda g: 2 * g * difference),
            (target, lambda g: -2 * g * difference),
        )


class L1Loss(Loss):
    """|prediction - target|, averaged over all elements; its derivative at 0 is 0.

    Raises:
        ValueError: the shapes differ.

    >>> nn.L1Loss()(Tensor([1.0, 2.0]), [1.0, 4.0])
    Tensor(1.)
    """

    def forward(self, prediction: Tensor, target) -> Tensor:
        prediction, target = floats("L1Loss", prediction, target)
        difference = prediction.data - target.data
        return self.reduce(
            np.abs(difference),
            (prediction, lambda g: g * np.sign(difference)),
            (target, lambda g: -g * np.sign(difference)),
        )


class HuberLoss(Loss):
    """½ d² where |d| ≤ delta, elsewhere delta (|d| - ½ delta), of d = prediction - target.

    Arguments:
        delta: where the parabola goes over into its tangents, > 0 (Huber 1964).

    Raises:
        ValueError: `delta` is not positive; or, when it is called, the shapes differ.

    >>> nn.HuberLoss()(Tensor([0.0, 2.0]), [1.0, 5.0])
    Tensor(1.5)
    """

    def __init__(self, *, reduction: str = "mean", delta: float = 1.0):
        super().__init__(reduction=reduction)
        self.delta = require("HuberLoss", "delta", delta, POSITIVE)

    def forward(self, prediction: Tensor, target) -> Tensor:
        prediction, target = floats(type(self).__name__, prediction, target)
        difference, unit = prediction.data - target.data, self._unit()
        size, near = np.abs(difference), np.minimum(np.abs(difference), self.delta)
        return self.reduce(
            near * (size - 0.5 * near) / unit,
            (prediction, lambda g: g * np.clip(difference, -self.delta, self.delta) / unit),
            (target, lambda g: -g * np.clip(difference, -self.delta, self.delta) / unit),
        )

    def _unit(self) -> float:
        return 1.0

    def _parts(self):
        return ([f"delta={self.delta}"] if self.delta != 1 else []) + super()._parts()


class SmoothL1Loss(HuberLoss):
    """Huber's loss divided by `beta`, the place where it goes over (Girshick 2015).

    Raises:
        ValueError: `beta` is not positive (for 0 use L1Loss); or the shapes differ.

    >>> nn.SmoothL1Loss(beta=2.0)(Tensor([0.0, 2.0]), [1.0, 5.0])
    Tensor(1.125)
    """

    def __init__(self, *, reduction: str = "mean", beta: float = 1.0):
        super().__init__(reduction=reduction)
        self.delta = require("SmoothL1Loss", "beta", beta, POSITIVE)

    def _unit(self) -> float:
        return self.delta

    def _parts(self):
        return [part.replace("delta", "beta") for part in super()._parts()]


class BCEWithLogitsLoss(Loss):
    """Binary cross-entropy of logits x against targets y in [0, 1].

        -y log σ(x) - (1 - y) log(1 - σ(x)) = (1 - y) max(x, 0) + y max(-x, 0) + log(1 + exp(-|x|))

    Its derivative is σ(x) - y = (1 - y) σ(x) - y σ(-x). Shapes: both (...), the same.

    Arguments:
        weight: a factor for each element's loss; broadcasts.
        pos_weight: a factor for its first term, that of the positive examples; broadcasts.

    Raises:
        ValueError: the shapes differ, or a target lies outside [0, 1].

    >>> nn.BCEWithLogitsLoss()(Tensor([100.0, -100.0]), [0.0, 0.0])
    Tensor(50.)
    """

    def __init__(self, *, weight=None, reduction: str = "mean", pos_weight=None):
        super().__init__(reduction=reduction)
        self.weight, self.pos_weight = (
            None if w is None else as_array(w) for w in (weight, pos_weight)
        )

    def forward(self, logits: Tensor, targets) -> Tensor:
        logits, targets = floats("BCEWithLogitsLoss", logits, targets)
        x, y = logits.data, targets.data
        in_unit_interval("BCEWithLogitsLoss", y)
        w = np.ones((), x.dtype) if self.weight is None else self.weight.astype(x.dtype)
        p = np.ones((), x.dtype) if self.pos_weight is None else self.pos_weight.astype(x.dtype)
        rest = np.log1p(np.exp(-np.abs(x)))  # -log σ(x) = max(-x, 0) + rest
        off, on = np.maximum(x, 0) + rest, np.maximum(-x, 0) + rest
        above, below = logistic(x)
        return self.reduce(
            broadcasts(counted(w, counted(1 - y, off) + counted(counted(p, y), on)), x),
            (logits, lambda g: g * w * ((1 - y) * above - p * y * below)),
            (targets, lambda g: g * w * (p * on - off)),
        )


class BCELoss(Loss):
    """Binary cross-entropy of probabilities p: -y log p - (1 - y) log(1 - p).

    Where p is 0 or 1 the logarithm counts as -100, as PyTorch has it, and the derivative's
    denominator p (1 - p) as 1e-12. `BCEWithLogitsLoss` of logits needs no such limits.

    Arguments:
        weight: a factor for each element's loss; broadcasts.

    Raises:
        ValueError: the shapes differ, or a probability or a target lies outside [0, 1].

    >>> round(nn.BCELoss()(Tensor([0.5]), [1.0]).item(), 4)
    0.6931
    """

    def __init__(self, *, weight=None, reduction: str = "mean"):
        super().__init__(reduction=reduction)
        self.weight = None if weight is None else as_array(weight)

    def forward(self, probabilities: Tensor, targets) -> Tensor:
        probabilities, targets = floats("BCELoss", probabilities, targets)
        p, y = probabilities.data, targets.data
        in_unit_interval("BCELoss", y)
        in_unit_interval("BCELoss", p, "probabilities")
        w = np.ones((), p.dtype) if self.weight is None else self.weight.astype(p.dtype)
        with np.errstate(divide="ignore"):
            on, off = np.maximum(np.log(p), -100), np.maximum(np.log1p(-p), -100)
        return self.reduce(
            broadcasts(-counted(w, y * on + (1 - y) * off), p),
            (probabilities, lambda g: g * w * (p - y) / np.maximum(p * (1 - p), 1e-12)),
            (targets, lambda g: g * w * (off - on)),
        )


class ClassLoss(Loss):
    """What the losses of class indices share: weights of the classes, and an index to leave out."""

    def __init__(self, *, weight=None, ignore_index: int = -100, reduction: str = "mean"):
        super().__init__(reduction=reduction)
        name = type(self).__name__
        self.weight = None if weight is None else as_array(weight)
        if self.weight is not None and not (self.weight.ndim == 1 and (self.weight >= 0).all()):
            raise ValueError(f"{name}: weight must be one number >= 0 for each class")
        self.ignore_index = require(name, "ignore_index", ignore_index, INTEGER)

    def rows(self, x: Tensor, targets) -> tuple:
        """(batch, classes, ...) as rows of classes; the targets beside them: an array of indices,
        or a tensor of probabilities; and the shape of the losses."""
        x = as_float(as_tensor(x, np.dtype(np.float32)))
        given, shape = np.shape(raw(targets)), x.shape[:1] + x.shape[2:]
        if x.ndim < 2 or given not in (shape, x.shape):
            raise ValueError(
                f"{type(self).__name__} needs logits (batch, classes) and targets (batch,) or "
                f"(batch, classes); got shapes {x.shape} and {given}"
            )

        def flat(t):
            return t if t.ndim == 2 else t.permute(0, *range(2, t.ndim), 1).reshape(-1, t.shape[1])

        if given == x.shape:
            return flat(x), flat(cast(as_tensor(targets, x.dtype), x.dtype)), shape
        return flat(x), np.asarray(raw(targets)).reshape(-1), shape

    def class_weights(self, classes: int, dtype) -> np.ndarray | None:
        if self.weight is not None and len(self.weight) != classes:
            name, given = type(self).__name__, len(self.weight)
            raise ValueError(f"{name}: weight has {given} numbers for {classes} classes")
        return None if self.weight is None else self.weight.astype(dtype)

    def kept(self, targets: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray | None]:
        """The indices, and which of them count: None for all."""
        name, ignored = type(self).__name__, self.ignore_index
        if not 0 <= ignored < classes:
            try:
                return as_indices(name, targets, classes), None
            except ValueError:  # this one perhaps
                if ignored not in targets:
                    raise
        kept = targets != ignored
        return as_indices(name, np.where(kept, targets, 0), classes), kept

    def _parts(self):
        weight = [] if self.weight is None else [f"weight={self.weight.tolist()}"]
        ignored = [] if self.ignore_index == -100 else [f"ignore_index={self.ignore_index}"]
        return weight + ignored + super()._parts()


class NLLLoss(ClassLoss):
    """-log p of the target's class, from logarithms of probabilities (as of `log_softmax`).

    Arguments:
        weight: a factor for each class, >= 0; the mean is then over the weights of the targets.
        ignore_index: examples of this target do not count.
        reduction: "mean", "sum", or "none" for one loss per row.

    Shapes: log-probabilities (batch, classes, ...), targets (batch, ...), class indices.

    Raises:
        ValueError, TypeError: as `CrossEntropyLoss`.

    >>> nn.NLLLoss()(Tensor([[-1.0, -2.0]]), [1])
    Tensor(2.)
    """

    def forward(self, log_probabilities: Tensor, targets) -> Tensor:
        x, targets, shape = self.rows(log_probabilities, targets)
        if isinstance(targets, Tensor):
            raise ValueError(f"NLLLoss needs class indices, got targets of shape {targets.shape}")
        n, classes = x.shape
        targets, kept = self.kept(targets, classes)
        w = self.class_weights(classes, x.dtype)
        w = np.ones(n, x.dtype) if w is None else w[targets]
        w = w if kept is None else w * kept
        rows = np.arange(n)

        def derivative(g):
            d = np.zeros(x.shape, g.dtype)
            d[rows, targets] = -w * g.reshape(n)
            return d

        losses = -counted(w, x.data[rows, targets])
        return self.reduce(losses.reshape(shape), (x, derivative), count=weighed(w))


class CrossEntropyLoss(ClassLoss):
    """Cross-entropy of softmax(logits) against the targets: -Σ w q log softmax(z).

    Arguments:
        weight: a factor w for each class, >= 0; the mean of class indices is then over the weights
            of the targets.
        ignore_index: examples of this target do not count.
        label_smoothing: ε in [0, 1]; the targets q become (1 - ε) q + ε / classes.
        reduction: "mean", "sum", or "none" for one loss per row.

    Shapes: logits z (batch, classes, ...), any finite numbers; targets (batch, ...), class indices,
    or like the logits, probabilities q. The derivative is softmax(z) - q.

    Raises:
        ValueError: an argument outside what is allowed; or, when it is called, other shapes, an
            index outside 0..classes - 1, or probabilities that are negative or do not sum to 1.
        TypeError: indices that are not whole numbers.

    >>> nn.CrossEntropyLoss()(Tensor([[0.0, 100.0], [0.0, 100.0]]), [1, 0])
    Tensor(50.)
    """

    def __init__(
        self,
        *,
        weight=None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
        reduction: str = "mean",
    ):
        super().__init__(weight=weight, ignore_index=ignore_index, reduction=reduction)
        self.label_smoothing = require(
            "CrossEntropyLoss", "label_smoothing", label_smoothing, PROPORTION
        )

    def forward(self, logits: Tensor, targets) -> Tensor:
        logits, targets, shape = self.rows(logits, targets)
        _, exp, sums, z, log_sums = exponentials(logits.data, (1,))
        log_p, p = z - log_sums, exp / sums
        reduced = self._probabilities if isinstance(targets, Tensor) else self._indices
        return reduced(logits, targets, log_p, p, shape)

    def _indices(self, logits, targets, log_p, p, shape):
        n, classes = p.shape
        targets, kept = self.kept(targets, classes)
        rows, smoothing = np.arange(n), self.label_smoothing
        w = self.class_weights(classes, p.dtype)
        losses = -log_p[rows, targets]
        if w is None and kept is None and not smoothing:

            def plain(g):
                d = p.copy()
                d[rows, targets] = np.expm1(log_p[rows, targets])  # p - 1, also where p is near 1
                d *= g.reshape(n, 1)
                return d

            return self.reduce(losses.reshape(shape), (logits, plain))
        every = np.ones(classes, p.dtype) if w is None else w
        counts = np.ones(n, p.dtype) if kept is None else kept.astype(p.dtype)
        own = every[targets] * counts
        losses = counted(own, losses)
        share = smoothing / classes
        if smoothing:
            losses = (1 - smoothing) * losses - share * counts * total(every * log_p, 1)

        def derivative(g):
            d = (1 - smoothing) * own[:, None] * p
            if smoothing:
                d += share * counts[:, None] * (p * total(every) - every)
            d[rows, targets] -= (1 - smoothing) * own
            if not smoothing:
                d[rows, targets] = own * np.expm1(log_p[rows, targets])
            d *= g.reshape(n, 1)
            return d

        return self.reduce(losses.reshape(shape), (logits, derivative), count=weighed(own))

    def _probabilities(self, logits, targets, log_p, p, shape):
        in_unit_interval("CrossEntropyLoss", targets.data)
        sums = total(targets.data, 1)
        if not np.allclose(sums, 1, atol=1e-3):
            raise ValueError(
                "CrossEntropyLoss: each row of probabilities must sum to 1; "
                f"the sums lie in {sums.min():.4g}..{sums.max():.4g}"
            )
        smoothing, w = self.label_smoothing, self.class_weights(p.shape[1], p.dtype)
        w = np.ones((), p.dtype) if w is None else w
        q = w * ((1 - smoothing) * targets.data + smoothing / p.shape[1])
        n = len(p)
        return self.reduce(
            -total(counted(q, log_p), 1).reshape(shape),
            (
                logits,  # p Σq - q
                lambda g: g.reshape(n, 1) * (np.expm1(log_p) * q + p * (total(q, 1, True) - q)),
            ),
            (targets, lambda g: -(1 - smoothing) * g.reshape(n, 1) * w * log_p),
        )

    def _parts(self):
        smoothing = f"label_smoothing={self.label_smoothing}"
        return ([smoothing] if self.label_smoothing else []) + super()._parts()


def counted(weights: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """weights · costs; what has weight 0 costs nothing, even if it were infinite."""
    if what := misfit(weights, costs):
        raise ValueError(f"a loss's weight and its elements: {what}")
    out = np.zeros(np.broadcast_shapes(weights.shape, costs.shape), costs.dtype)
    return np.multiply(weights, costs, where=weights != 0, out=out)


def weighed(weights: np.ndarray) -> float:
    """What a mean of weighted losses is divided by."""
    return float(total(weights))


def broadcasts(losses: np.ndarray, x: np.ndarray) -> np.ndarray:
    if losses.shape != x.shape:
        raise ValueError(f"weights make losses of shape {losses.shape} of logits {x.shape}")
    return losses


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


def in_unit_interval(name: str, numbers: np.ndarray, what: str = "targets") -> None:
    if numbers.size and not (numbers.min() >= 0 and numbers.max() <= 1):
        raise ValueError(
            f"{name}: {what} must lie in [0, 1], got {numbers.min():.4g}..{numbers.max():.4g}"
        )
