"""07 Training: the loop, its measure, and a bound on the gradient."""

import numpy as np

from tinytorch.core.layers import Linear
from tinytorch.core.losses import CrossEntropyLoss, MSELoss
from tinytorch.core.module import Module
from tinytorch.core.tensor import Tensor
from tinytorch.optim import SGD
from tinytorch.tito.lesson import Check, Exercise, Lesson, Mistake, Step

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


def batches():
    parts = ((0, 2), (2, 4), (4, 5))
    return [(Tensor(INPUTS[i:j].copy()), Tensor(TARGETS[i:j].copy())) for i, j in parts]


def loop(epochs):
    def run(bench):
        bench.trying(batches=3, epochs=epochs, lr=0.1, loss="MSELoss")
        model = Watching()
        seen = []

        class Noting(SGD):
            def step(self, closure=None):
                super().step(closure)
                seen.append(model.linear.weight.data.copy())

        optimizer = Noting(model.parameters(), lr=0.1)
        losses = bench.train(model, optimizer, MSELoss(), batches(), epochs)
        for i, w in enumerate(seen, start=1):
            bench.see(f"the weights after step {i}", w)
        bench.see("the losses it returns", losses)

    return run


def right_ones(bench):
    bench.trying(logits=LOGITS, targets=[0, 2, 0, 1])
    bench.see("accuracy", bench.accuracy(Tensor(LOGITS.copy()), Tensor(np.array([0, 2, 0, 1]))))
    bench.see("all right", bench.accuracy(Tensor(LOGITS.copy()), Tensor(np.array([0, 2, 1, 0]))))


def measured(bench):
    bench.trying(batches="of 2, 2 and 1 examples", loss="MSELoss")
    model = Watching()
    values = bench.evaluate(model, MSELoss(), batches())
    bench.see("the loss", values["loss"])
    bench.see("in evaluation mode", not any(model.modes))
    bench.see("nothing is recorded for backward", not any(model.recorded))
    bench.see("the mode is put back", model.training)
    model.eval()
    bench.evaluate(model, MSELoss(), batches())
    bench.see("a model in evaluation mode stays in it", not model.training)


def with_metric(bench):
    bench.trying(batches="of 3 and 1 examples", loss="CrossEntropyLoss", metric="a mean")

    def first(predictions, targets):
        return float(np.mean(predictions.data[:, 0]))

    class Same(Module):
        def forward(self, x):
            return x

    targets = np.array([0, 1, 1, 2])
    data = [(Tensor(LOGITS[i:j]), Tensor(targets[i:j])) for i, j in ((0, 3), (3, 4))]
    values = bench.evaluate(Same(), CrossEntropyLoss(), data, (first,))
    bench.see("the loss", values["loss"])
    bench.see("the metric", values["first"])


def clip(bound, words):
    def run(bench):
        bench.trying(gradients=[[3.0, -4.0], [12.0]], max_norm=bound)
        p, q = (Tensor(np.zeros(n), requires_grad=True) for n in (2, 1))
        r = Tensor(np.zeros(1), requires_grad=True)
        p.grad, q.grad = Tensor(np.array([3.0, -4.0])), Tensor(np.array([12.0]))
        norm = bench.clip_grad_norm_([p, q, r], bound)
        bench.see("the first gradient", p.grad)
        bench.see("the second gradient", q.grad)
        bench.see("the norm it returns", norm)

    return run


CHECKS = (
    Check("train: one epoch", "train", loop(1)),
    Check("train: three epochs", "train", loop(3)),
    Check("accuracy", "accuracy", right_ones),
    Check("evaluate: loss and mode", "evaluate", measured),
    Check("evaluate: a metric", "evaluate", with_metric),
    Check("clipping: a long gradient", "clip_grad_norm_", clip(2.6, "long")),
    Check("clipping: a short gradient", "clip_grad_norm_", clip(100.0, "short")),
)

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


def training(order, keep=lambda losses: losses, rounds=lambda epochs: epochs):
    """A loop whose body is `order`, the four things it does in turn."""

    def train(model, optimizer, loss_fn, loader, epochs=1):
        losses = []
        for _ in range(rounds(epochs)):
            for x, y in loader:
                loss = loss_fn(model(x), y)
                does = {
                    "zero": optimizer.zero_grad,
                    "back": loss.backward,
                    "step": optimizer.step,
                    "note": lambda loss=loss: losses.append(loss.item()),
                }
                for word in order:
                    does[word]()
        return keep(losses)

    return train


USUAL = ("zero", "back", "step", "note")


def last_batch_only(model, optimizer, loss_fn, loader, epochs=1):
    losses = []
    for _ in range(epochs):
        for x, y in loader:
            loss = loss_fn(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def evaluation(mode=True, back=True, weigh=True, record=False, always_train=False):
    """An evaluation with one thing left out."""

    def evaluate(model, loss_fn, data, metrics=()):
        from contextlib import nullcontext

        from tinytorch.core.autograd import no_grad

        before = model.training
        if mode:
            model.eval()
        totals, count = {}, 0
        with nullcontext() if record else no_grad():
            for x, y in data:
                predictions, n = model(x), len(x) if weigh else 1
                found = {"loss": loss_fn(predictions, y).item()}
                found |= {m.__name__: m(predictions, y) for m in metrics}
                count += n
                for name, value in found.items():
                    totals[name] = totals.get(name, 0.0) + n * value
        if back:
            model.train(True if always_train else before)
        return {name: total / count for name, total in totals.items()}

    return evaluate


def gradients(parameters):
    return [p.grad.data for p in parameters if p.grad is not None]


def total_norm(parameters):
    return float(np.sqrt(sum((g * g).sum() for g in gradients(parameters))))


def clipping(scale, returned=lambda before, after: before):
    """Clip by `scale(g, norm, bound)`."""

    def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
        norm = total_norm(parameters)
        for g in gradients(parameters):
            g[...] = scale(g, norm, max_norm)
        return returned(norm, total_norm(parameters))

    return clip_grad_norm_


def factor(norm, bound):
    return min(1.0, bound / (norm + 1e-6))


MISTAKES = [
    Mistake("train", "the gradients are never emptied", "backward() adds: without zero_grad() each "
            "step goes along the sum of all gradients so far.",
            training(("back", "step", "note"))),
    Mistake("train", "the gradients are emptied before the step", "zero_grad() stands between "
            "backward() and step(): the step finds nothing.",
            training(("back", "zero", "step", "note"))),
    Mistake("train", "the step comes before the gradient", "step() then goes along the gradient of "
            "the batch before.", training(("step", "zero", "back", "note"))),
    Mistake("train", "no step is taken", "optimizer.step() is missing.",
            training(("zero", "back", "note"))),
    Mistake("train", "one epoch only", "The loop over the epochs is missing.",
            training(USUAL, rounds=lambda epochs: 1)),
    Mistake("train", "only the last loss is returned", "The loss of every batch is asked for.",
            training(USUAL, keep=lambda losses: losses[-1])),
    Mistake("train", "only the last batch of an epoch is used", "The step stands outside the loop "
            "over the batches.", last_batch_only),
    Mistake("accuracy", "a count in the place of the fraction", "Divide by the number of rows.",
            lambda logits, targets: float(np.sum(logits.data.argmax(-1) == targets.data))),
    Mistake("accuracy", "the smallest logit is taken", "The prediction is the largest.",
            lambda logits, targets: float(np.mean(logits.data.argmin(-1) == targets.data))),
    Mistake("accuracy", "the error rate in the place of the accuracy", "One minus this.",
            lambda logits, targets: float(np.mean(logits.data.argmax(-1) != targets.data))),
    Mistake("evaluate", "the model is not put into evaluation mode", "Dropout and batch statistics "
            "then behave as in training.", evaluation(mode=False)),
    Mistake("evaluate", "the mode is not put back", "The training that follows would run in "
            "evaluation mode.", evaluation(back=False)),
    Mistake("evaluate", "training mode is switched on at the end", "A model that was in evaluation "
            "mode should be left in it.", evaluation(always_train=True)),
    Mistake("evaluate", "every batch counts the same", "The last one is smaller: weigh by the "
            "number of examples.", evaluation(weigh=False)),
    Mistake("evaluate", "the graph is recorded", "Without no_grad() the memory of every batch is "
            "kept for a backward() that never comes.", evaluation(record=True)),
    Mistake("clip_grad_norm_", "each element is clipped", "That turns the gradient; clipping by "
            "norm keeps its direction.",
            clipping(lambda g, norm, bound: np.clip(g, -bound, bound))),
    Mistake("clip_grad_norm_", "each tensor is clipped by itself", "One norm is taken over all "
            "gradients together.",
            clipping(lambda g, norm, bound: g * factor(np.sqrt((g * g).sum()), bound))),
    Mistake("clip_grad_norm_", "short gradients are lengthened", "A norm below the bound is left "
            "alone.", clipping(lambda g, norm, bound: g * bound / (norm + 1e-6))),
    Mistake("clip_grad_norm_", "the norm afterwards is returned", "The norm before tells whether "
            "anything was clipped.",
            clipping(lambda g, norm, bound: g * factor(norm, bound),
                     lambda before, after: after)),
    Mistake("clip_grad_norm_", "the bound is compared with the squared norm", "The norm is the "
            "root of the sum of squares.",
            clipping(lambda g, norm, bound: g * factor(norm**2, bound))),
]  # fmt: skip

LESSON = Lesson(
    number="07",
    name="training",
    title="Training",
    needs=("03", "04", "06"),
    sources=("tinytorch.training.loop", "tinytorch.optim.clipping"),
    names=("train", "accuracy", "evaluate", "clip_grad_norm_"),
    steps=STEPS,
    checks=CHECKS,
    mistakes=lambda: MISTAKES,
)
