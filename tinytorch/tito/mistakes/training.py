"""What goes wrong in 07 Training."""

import numpy as np

from tinytorch.tito.lesson import Mistake


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
