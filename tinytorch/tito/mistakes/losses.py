"""What goes wrong in 04 Losses."""

import numpy as np

from tinytorch.core.tensor import Tensor
from tinytorch.tito.bench import array
from tinytorch.tito.lesson import Mistake


def loss(function):
    """A `forward` made of a function of arrays that gives a number (or more)."""
    return lambda self, p, t: Tensor(function(p.data, array(t)))


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def rows(z, t):
    return softmax(z)[np.arange(len(z)), t.astype(int)]


def naive(z, t):
    e = np.exp(z)
    p = e / e.sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(z)), t.astype(int)]).mean()


def unshared(self, logits, targets):
    """The right value; the gradient without the division by the number of rows."""
    from tinytorch.core.tensor import record

    z, t = logits.data, array(targets).astype(int)

    def derivative(g):
        d = softmax(z)
        d[np.arange(len(z)), t] -= 1
        return g * d

    return record(-np.log(np.maximum(rows(z, t), 1e-300)).mean(), (logits, derivative))


def without_one(self, logits, targets):
    """The right value; the gradient without the one at the target."""
    from tinytorch.core.tensor import record

    z = logits.data
    value = -np.log(np.maximum(rows(z, array(targets)), 1e-300)).mean()
    return record(value, (logits, lambda g: g * softmax(z) / len(z)))


def sigmoid(x):
    return 0.5 + 0.5 * np.tanh(x / 2)


MISTAKES = [
    Mistake("MSELoss.forward", "a sum in the place of the mean", "The loss then grows with the "
            "batch, and with it the step.", loss(lambda p, t: ((p - t) ** 2).sum())),
    Mistake("MSELoss.forward", "the square is missing", "Errors of opposite sign cancel.",
            loss(lambda p, t: (p - t).mean())),
    Mistake("MSELoss.forward", "the absolute value in the place of the square",
            "That is the mean absolute error.", loss(lambda p, t: np.abs(p - t).mean())),
    Mistake("MSELoss.forward", "half of the squared error", "Some define it so; here there is no "
            "factor 1/2.", loss(lambda p, t: ((p - t) ** 2).mean() / 2)),
    Mistake("MSELoss.forward", "the root of the mean squared error", "The root is left out: it has "
            "no derivative at zero.", loss(lambda p, t: np.sqrt(((p - t) ** 2).mean()))),
    Mistake("MSELoss.forward", "the mean over the rows only", "The sum over each row's elements is "
            "divided by the number of rows; it is the mean over all elements.",
            loss(lambda p, t: ((p - t) ** 2).sum() / len(p))),
    Mistake("CrossEntropyLoss.forward", "the sign is missing", "log p is negative: the loss is "
            "minus log p.", loss(lambda z, t: np.log(np.maximum(rows(z, t), 1e-300)).mean())),
    Mistake("CrossEntropyLoss.forward", "a sum in the place of the mean", "The rows are averaged.",
            loss(lambda z, t: -np.log(np.maximum(rows(z, t), 1e-300)).sum())),
    Mistake("CrossEntropyLoss.forward", "the logarithm is missing", "One minus the probability is "
            "not the cross-entropy.", loss(lambda z, t: (1 - rows(z, t)).mean())),
    Mistake("CrossEntropyLoss.forward", "logits are taken for probabilities", "The softmax is "
            "missing.", loss(lambda z, t: -np.log(z[np.arange(len(z)), t.astype(int)]).mean())),
    Mistake("CrossEntropyLoss.forward", "the softmax overflows", "exp of a large logit is "
            "infinite: subtract the row's largest logit first.", loss(naive)),
    Mistake("CrossEntropyLoss.forward", "a logarithm to the base of 2", "The natural logarithm is "
            "meant: an untrained classifier of ten classes has loss ln 10.",
            loss(lambda z, t: -np.log2(np.maximum(rows(z, t), 1e-300)).mean())),
    Mistake("CrossEntropyLoss.forward", "the gradient is not divided by the number of rows",
            "The loss is a mean over the rows, and so is its gradient.", unshared),
    Mistake("CrossEntropyLoss.forward", "the gradient lacks the one at the target",
            "It is softmax(z) minus the target's one-hot vector.", without_one),
    Mistake("BCEWithLogitsLoss.forward", "the other half is missing", "A target of zero counts "
            "too: -(1 - y) log(1 - σ(x)).",
            loss(lambda x, y: -(y * np.log(np.maximum(sigmoid(x), 1e-300))).mean())),
    Mistake("BCEWithLogitsLoss.forward", "the loss overflows", "log σ(x) is minus infinity far "
            "from zero: use the form with |x|.",
            loss(lambda x, y: -(y * np.log(1 / (1 + np.exp(-x)))
                                + (1 - y) * np.log(1 - 1 / (1 + np.exp(-x)))).mean())),
    Mistake("BCEWithLogitsLoss.forward", "targets and logits are swapped",
            "The sigmoid is of the logits.",
            loss(lambda x, y: (np.maximum(y, 0) - x * y + np.log1p(np.exp(-np.abs(y)))).mean())),
]  # fmt: skip
