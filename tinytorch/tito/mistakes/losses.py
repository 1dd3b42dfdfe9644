"""What goes wrong in 04 Losses."""

import numpy as np

from tinytorch.core.tensor import Tensor, record
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


def sigmoid(x):
    return 0.5 + 0.5 * np.tanh(x / 2)


def differentiated(value, derivative):
    """A loss of the right value and another derivative, functions of (x, y)."""

    def forward(self, prediction, target):
        x, y = prediction.data, array(target)
        return record(np.asarray(value(x, y)), (prediction, lambda g: g * derivative(x, y)))

    return forward


def bce(x, y):
    return np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x)))


def entropy(z, t):
    return -np.log(np.maximum(rows(z, t), 1e-300)).mean()


def softmax_less_one(z, t):
    d = softmax(z)
    d[np.arange(len(z)), t.astype(int)] -= 1
    return d


def over_the_batch(z, t):
    e = np.exp(z - z.max(axis=0, keepdims=True))
    p = e / e.sum(axis=0, keepdims=True)
    return -np.log(np.maximum(p[np.arange(len(z)), t.astype(int)], 1e-300)).mean()


def over_the_batch_with_graph(self, logits, targets):
    z = logits - Tensor(logits.data.max(axis=0, keepdims=True))
    log_p = z - z.exp().sum(axis=0, keepdims=True).log()
    chosen = np.zeros(logits.shape)
    chosen[np.arange(len(chosen)), array(targets).astype(int)] = 1
    return (log_p * Tensor(chosen)).sum() * (-1.0 / len(chosen))


def kept_from_zero(eps):
    """The logarithm of p + ε."""

    def forward(self, logits, targets):
        z = logits - Tensor(logits.data.max(axis=1, keepdims=True))
        e = z.exp()
        p = e / e.sum(axis=1, keepdims=True)
        chosen = np.zeros(logits.shape)
        chosen[np.arange(len(chosen)), array(targets).astype(int)] = 1
        return ((p + eps).log() * Tensor(chosen)).sum() * (-1.0 / len(chosen))

    return forward


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
            "minus log p.", loss(lambda z, t: -entropy(z, t))),
    Mistake("CrossEntropyLoss.forward", "a sum in the place of the mean", "The rows are averaged.",
            loss(lambda z, t: entropy(z, t) * len(z))),
    Mistake("CrossEntropyLoss.forward", "the logarithm is missing", "One minus the probability is "
            "not the cross-entropy.", loss(lambda z, t: (1 - rows(z, t)).mean())),
    Mistake("CrossEntropyLoss.forward", "logits are taken for probabilities", "The softmax is "
            "missing.", loss(lambda z, t: -np.log(z[np.arange(len(z)), t.astype(int)]).mean())),
    Mistake("CrossEntropyLoss.forward", "the softmax overflows", "exp of a large logit is "
            "infinite: subtract the row's largest logit first.", loss(naive)),
    Mistake("CrossEntropyLoss.forward", "a logarithm to the base of 2", "The natural logarithm is "
            "meant: an untrained classifier of ten classes has loss ln 10.",
            loss(lambda z, t: entropy(z, t) / np.log(2))),
    Mistake("CrossEntropyLoss.forward", "the gradient is not divided by the number of rows",
            "The loss is a mean over the rows, and so is its gradient.",
            differentiated(entropy, softmax_less_one)),
    Mistake("CrossEntropyLoss.forward", "the gradient lacks the one at the target",
            "It is softmax(z) minus the target's one-hot vector.",
            differentiated(entropy, lambda z, t: softmax(z) / len(z))),
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
    Mistake("MSELoss.forward", "the square of the mean", "Square first, then take the mean: errors "
            "of opposite sign cancel otherwise.", lambda self, p, t: (p - t).mean() ** 2),
    Mistake("MSELoss.forward", "shapes are broadcast", "The docstring promises a ValueError where "
            "the shapes differ: broadcasting averages over pairs that nobody meant.",
            lambda self, p, t: ((p - t) * (p - t)).mean()),
    Mistake("MSELoss.forward", "a sum, with its gradient", "The loss then grows with the batch, "
            "and with it the step.", lambda self, p, t: ((p - t) ** 2).sum()),
    Mistake("MSELoss.forward", "half of the squared error, with its gradient", "Some define it so; "
            "here there is no factor 1/2.", lambda self, p, t: ((p - t) ** 2).mean() * 0.5),
    Mistake("MSELoss.forward", "the mean error, with its gradient", "The square is missing.",
            lambda self, p, t: (p - t).mean()),
    Mistake("MSELoss.forward", "the factor 2 of the gradient is missing", "The derivative of d² is "
            "2 d.", differentiated(lambda x, y: ((x - y) ** 2).mean(),
                                   lambda x, y: (x - y) / x.size)),
    Mistake("MSELoss.forward", "the gradient is not divided by the count", "The loss is a mean, "
            "and so is its gradient.", differentiated(lambda x, y: ((x - y) ** 2).mean(),
                                                      lambda x, y: 2 * (x - y))),
    Mistake("MSELoss.forward", "the gradient points the other way", "d is prediction minus target.",
            differentiated(lambda x, y: ((x - y) ** 2).mean(), lambda x, y: 2 * (y - x) / x.size)),
    Mistake("CrossEntropyLoss.forward", "softmax over the batch", "Each row is one example: the "
            "softmax runs along axis 1, over the classes.", loss(over_the_batch)),
    Mistake("CrossEntropyLoss.forward", "softmax over the batch, with its gradient", "Each row is "
            "one example: the softmax runs along axis 1, over the classes.",
            over_the_batch_with_graph),
    Mistake("CrossEntropyLoss.forward", "the probability is kept from zero by 1e-7", "With the "
            "logarithm of the softmax written out, z - log Σ exp z, nothing has to be added, and "
            "a very wrong prediction costs what it should.", kept_from_zero(1e-7)),
    Mistake("CrossEntropyLoss.forward", "the probability is kept from zero by 1e-8", "With the "
            "logarithm of the softmax written out, z - log Σ exp z, nothing has to be added, and "
            "a very wrong prediction costs what it should.", kept_from_zero(1e-8)),
    Mistake("CrossEntropyLoss.forward", "the gradient is divided by the rows twice", "The mean "
            "divides once; reduce() does that for you.",
            differentiated(entropy, lambda z, t: softmax_less_one(z, t) / len(z) ** 2)),
    Mistake("CrossEntropyLoss.forward", "the gradient points the other way", "It is softmax(z) "
            "minus the target's one-hot vector.",
            differentiated(entropy, lambda z, t: -softmax_less_one(z, t) / len(z))),
    Mistake("BCEWithLogitsLoss.forward", "a sum in the place of the mean", "All elements are "
            "averaged.", loss(lambda x, y: bce(x, y).sum())),
    Mistake("BCEWithLogitsLoss.forward", "the sign is missing", "The logarithm of a probability is "
            "negative: the loss is minus that.", loss(lambda x, y: -bce(x, y).mean())),
    Mistake("BCEWithLogitsLoss.forward", "the gradient points the other way", "It is sigmoid minus "
            "target.", differentiated(lambda x, y: bce(x, y).mean(),
                                      lambda x, y: (y - sigmoid(x)) / x.size)),
    Mistake("BCEWithLogitsLoss.forward", "the gradient is not divided by the count", "The loss is "
            "a mean, and so is its gradient.",
            differentiated(lambda x, y: bce(x, y).mean(), lambda x, y: sigmoid(x) - y)),
    Mistake("BCEWithLogitsLoss.forward", "the gradient lacks the sigmoid", "The derivative is "
            "sigmoid(x) - y, not x - y.",
            differentiated(lambda x, y: bce(x, y).mean(), lambda x, y: (x - y) / x.size)),
]  # fmt: skip
