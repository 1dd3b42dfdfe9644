"""07 Training: the loop, its measure, and a bound on the gradient."""

import contextlib
from numbers import Real

import numpy as np

from tinytorch.core.layers import Linear
from tinytorch.core.losses import CrossEntropyLoss, MSELoss
from tinytorch.core.module import Module
from tinytorch.core.tensor import Tensor
from tinytorch.tito.lesson import Check, Exercise, Lesson, Step, Trial

INPUTS = np.array([[1.0, -2.0], [0.5, 1.5], [-1.0, 0.25], [2.0, 1.0], [0.0, -1.0]])
TARGETS = np.array([[1.0], [-0.5], [2.0], [0.25], [-1.0]])
LOGITS = np.array([[2.0, 0.1, -1.0], [0.3, 0.2, 0.9], [-1.0, 4.0, 0.0], [1.0, 0.5, 0.2]])


class Watching(Module):
    """A linear model that remembers in which mode it was called."""

    def __init__(self):
        self.linear = Linear(2, 1, rng=0)
        self.linear.weight.data = np.array([[0.5], [-0.25]])
        self.linear.bias.data = np.array([0.1])
        self.modes, self.recorded = [], []

    def forward(self, x):
        self.modes.append(self.training)
        y = self.linear(x)
        self.recorded.append(y.requires_grad)
        return y


def batches(inputs, targets):
    parts = ((0, 2), (2, 4), (4, 5))
    return [(Tensor(inputs[i:j].copy()), Tensor(targets[i:j].copy())) for i, j in parts]


def uneven(prediction, target):
    """A loss in which the two may not be exchanged."""
    return ((prediction - 2.0 * target) ** 2).mean()


def loop(epochs, loss_fn=None):
    def run(bench):
        from tinytorch.optim import SGD

        inputs, targets, lr = bench.vary(INPUTS), bench.vary(TARGETS), bench.vary(0.1)
        bench.trying(batches=3, epochs=epochs, lr=lr, loss=getattr(loss_fn, "__name__", "MSELoss"))
        model = Watching()
        seen = []

        class Noting(SGD):
            def step(self, closure=None):
                super().step(closure)
                seen.append(model.linear.weight.data.copy())

        optimizer = Noting(model.parameters(), lr=lr)
        losses = bench.train(
            model, optimizer, loss_fn or MSELoss(), batches(inputs, targets), epochs
        )
        for i, w in enumerate(seen, start=1):
            bench.see(f"the weights after step {i}", w)
        losses = losses if losses is None else list(losses)
        kinds = None if losses is None else all(isinstance(x, Real) for x in losses)
        bench.see("the losses it returns are numbers", kinds)
        bench.see("the losses it returns", losses)

    return run


def right_ones(bench):
    logits = bench.vary(LOGITS)
    for targets in (np.array([0, 2, 0, 1]), bench.vary(np.array([0, 2, 1, 0]))):
        bench.trying(logits=logits, targets=targets)
        found = bench.accuracy(Tensor(logits.copy()), Tensor(targets.copy()))
        bench.see(f"accuracy for {targets.tolist()}", found)


def measured(bench):
    bench.trying(batches="of 2, 2 and 1 examples", loss="MSELoss")
    model, data = Watching(), batches(bench.vary(INPUTS), bench.vary(TARGETS))
    values = bench.evaluate(model, MSELoss(), data)
    bench.see("the loss", values["loss"])
    bench.see("in evaluation mode", not any(model.modes))
    bench.see("nothing is recorded for backward", not any(model.recorded))
    bench.see("the mode is put back", model.training)
    model.eval()
    bench.evaluate(model, MSELoss(), data)
    bench.see("a model in evaluation mode stays in it", not model.training)


def interrupted(bench):
    bench.trying(batches="of 2, 2 and 1 examples", loss="fails at the second batch")
    model, calls = Watching(), []

    def failing(prediction, target):
        calls.append(1)
        if len(calls) == 2:
            raise ArithmeticError
        return MSELoss()(prediction, target)

    with contextlib.suppress(ArithmeticError):
        bench.evaluate(model, failing, batches(INPUTS, TARGETS))
    bench.see("the mode is put back after an error", model.training)


def with_metric(bench):
    bench.trying(batches="of 3 and 1 examples", loss="CrossEntropyLoss", metric="a mean")

    def first(predictions, targets):
        return float(np.mean(predictions.data[:, 0]))

    class Same(Module):
        def forward(self, x):
            return x

    logits, targets = bench.vary(LOGITS), bench.vary(np.array([0, 1, 1, 2]))
    data = [(Tensor(logits[i:j]), Tensor(targets[i:j])) for i, j in ((0, 3), (3, 4))]
    values = bench.evaluate(Same(), CrossEntropyLoss(), data, (first,))
    bench.see("the loss", values["loss"])
    bench.see("the metric", values["first"])


def clip(bound, words):
    def run(bench):
        first, second = bench.vary(np.array([3.0, -4.0])), bench.vary(np.array([12.0]))
        bench.trying(gradients=[first.tolist(), second.tolist()], max_norm=bound)
        p, q = (Tensor(np.ones(n), requires_grad=True) for n in (2, 1))
        r = Tensor(np.zeros(1), requires_grad=True)
        p.grad, q.grad = Tensor(first.copy()), Tensor(second.copy())
        given = [p, q, r]
        norm = bench.clip_grad_norm_((x for x in given) if words == "lazy" else given, bound)
        bench.see("the first gradient", p.grad)
        bench.see("the second gradient", q.grad)
        bench.see("the norm it returns", norm)
        bench.see("the first parameter", p)

    return run


def other_norm(bench):
    gradient = bench.vary(np.array([3.0, -4.0]))
    bench.trying(gradients=gradient, norm_type="infinity", max_norm=1.0, parameters="one tensor")
    p = Tensor(np.zeros(2), requires_grad=True)
    p.grad = Tensor(gradient.copy())
    bench.see("the norm it returns", bench.clip_grad_norm_(p, 1.0, norm_type=np.inf))
    bench.see("the gradient", p.grad)


CHECKS = (
    Check("train: one epoch", "train", loop(1)),
    Check("train: three epochs", "train", loop(3)),
    Check("train: a loss that is not symmetric", "train", loop(2, uneven)),
    Check("accuracy", "accuracy", right_ones),
    Check("evaluate: loss and mode", "evaluate", measured),
    Check("evaluate: a metric", "evaluate", with_metric),
    Check("evaluate: an error on the way", "evaluate", interrupted,
          remark="Right as long as nothing fails. After an error in the middle the model stays in "
                 "evaluation mode: put it back in a `finally`."),
    Check("clipping: a long gradient", "clip_grad_norm_", clip(2.6, "long")),
    Check("clipping: a short gradient", "clip_grad_norm_", clip(100.0, "short")),
    Check("clipping: parameters from a generator", "clip_grad_norm_", clip(2.6, "lazy"),
          remark="Right for a list. A generator of parameters is used up by the first loop over "
                 "it, and then nothing is shortened: begin with list(parameters)."),
    Check("clipping: another norm", "clip_grad_norm_", other_norm,
          remark="Right for the Euclidean norm. The docstring offers others (norm_type), and one "
                 "tensor in the place of several."),
)  # fmt: skip

STEPS = (
    Step(
        "The loop",
        ("train",),
        (
            Exercise(
                "train",
                "for each epoch and batch: predict, measure, differentiate, step; the losses",
                (
                    "Five things for each batch; forget the old gradients before `backward()`.",
                    "`loss.item()` is the loss as a number.",
                ),
                ("train: one epoch", "train: three epochs"),
            ),
        ),
    ),
    Step(
        "How good is it?",
        ("accuracy", "evaluate"),
        (
            Exercise(
                "accuracy",
                "the fraction of rows whose largest logit is at the target's index",
                ("`argmax(axis=-1)` of an array gives the place of the largest in each row.",),
                ("accuracy",),
            ),
            Exercise(
                "evaluate",
                "the mean loss and metrics over all examples, in evaluation mode, then the "
                "mode put back",
                (
                    "`model.eval()` and `no_grad()`; remember `model.training` before.",
                    "The last batch may be smaller: weigh each batch by its number of examples.",
                ),
                ("evaluate: loss and mode", "evaluate: a metric"),
            ),
        ),
    ),
    Step(
        "A bound on the gradient",
        ("clip_grad_norm_",),
        (
            Exercise(
                "clip_grad_norm_",
                "shorten all gradients together to a norm of at most max_norm; the norm before",
                (
                    "One norm over all gradients, as if they were one vector.",
                    "A gradient that is short enough is left alone.",
                ),
                ("clipping: a long gradient", "clipping: a short gradient"),
            ),
        ),
    ),
)

LESSON = Lesson(
    number="07",
    name="training",
    title="Training",
    needs=("03", "04", "06"),
    sources=("tinytorch.training.loop", "tinytorch.optim.clipping"),
    names=("train", "accuracy", "evaluate", "clip_grad_norm_"),
    trials=(Trial(modules=("training.trainer",)),),
    steps=STEPS,
    checks=CHECKS,
)
