"""Losses: how wrong a prediction is, as one number."""

import numpy as np

from tinytorch.core.module import Module
from tinytorch.core.tensor import Tensor, as_tensor, raw, record


class MSELoss(Module):
    """Mean of (prediction - target)², over all elements."""

    def forward(self, prediction: Tensor, target) -> Tensor:
        target = as_tensor(target, prediction.dtype)
        if prediction.shape != target.shape:
            raise ValueError(
                f"MSELoss: predictions of shape {prediction.shape}, targets of {target.shape}"
            )
        return ((prediction - target) ** 2).mean()


class CrossEntropyLoss(Module):
    """Mean of -log softmax(logits)[target].

    Shapes: logits (batch, classes), any real numbers; targets (batch,), class indices.
    """

    def forward(self, logits: Tensor, targets) -> Tensor:
        targets = np.asarray(raw(targets))
        n, classes = logits.shape
        if targets.shape != (n,):
            raise ValueError(
                f"CrossEntropyLoss: {n} rows of logits, but targets of shape {targets.shape}"
            )
        targets = targets.astype(np.intp)
        if n and (targets.min() < 0 or targets.max() >= classes):
            raise ValueError(
                f"CrossEntropyLoss: targets must lie in 0..{classes - 1}, "
                f"got {targets.min()}..{targets.max()}"
            )
        rows = np.arange(n)
        shifted = logits.data - logits.data.max(axis=1, keepdims=True)
        exp = np.exp(shifted)
        total = exp.sum(axis=1, keepdims=True)
        value = (np.log(total[:, 0]) - shifted[rows, targets]).mean(dtype=logits.dtype)

        def derivative(g):
            d = exp / total
            d[rows, targets] -= 1
            d *= g / n
            return d

        return record(value, (logits, derivative))
