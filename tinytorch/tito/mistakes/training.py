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


def clipping(scale, returned=lambda before, after: before, measure=total_norm):
    """Clip by `scale(g, norm, bound)`."""

    def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
        norm = measure(parameters)
        for g in gradients(parameters):
            g[...] = scale(g, norm, max_norm)
        return returned(norm, total_norm(parameters))

    return clip_grad_norm_


def factor(norm, bound):
    return min(1.0, bound / (norm + 1e-6))


def averaged_by_epoch(model, optimizer, loss_fn, loader, epochs=1):
    means = []
    for _ in range(epochs):
        means.append(float(np.mean(training(USUAL)(model, optimizer, loss_fn, loader))))
    return means


def emptied_once_an_epoch(model, optimizer, loss_fn, loader, epochs=1):
    losses = []
    for _ in range(epochs):
        optimizer.zero_grad()
        losses += training(("back", "step", "note"))(model, optimizer, loss_fn, loader)
    return losses


def exchanged(model, optimizer, loss_fn, loader, epochs=1):
    return training(USUAL)(model, optimizer, lambda p, y: loss_fn(y, p), loader, epochs)


def tensors_kept(model, optimizer, loss_fn, loader, epochs=1):
    kept = []

    def noting(p, y):
        kept.append(loss_fn(p, y))
        return kept[-1]

    training(USUAL)(model, optimizer, noting, loader, epochs)
    return kept


def nothing_returned(model, optimizer, loss_fn, loader, epochs=1):
    training(USUAL)(model, optimizer, loss_fn, loader, epochs)


def scaled_parameters(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
    norm = total_norm(parameters)
    for p in parameters:
        if p.grad is not None and norm > max_norm:
            p.data *= factor(norm, max_norm)
    return norm


def shortened(g, norm, bound):
    return g * factor(norm, bound)


def sum_of_sizes(parameters):
    return float(sum(np.abs(g).sum() for g in gradients(parameters)))


def missing_fails(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
    for p in parameters:
        p.grad.data  # noqa: B018


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
            clipping(shortened, lambda before, after: after)),
    Mistake("clip_grad_norm_", "the bound is compared with the squared norm", "The norm is the "
            "root of the sum of squares.",
            clipping(lambda g, norm, bound: g * factor(norm**2, bound))),
    Mistake("train", "the gradients are emptied once an epoch", "zero_grad() belongs into the "
            "inner loop: backward() adds to what the batch before left.", emptied_once_an_epoch),
    Mistake("train", "the loss gets its arguments exchanged", "loss_fn(prediction, target): for "
            "most losses the order matters.", exchanged),
    Mistake("train", "tensors are kept for losses", "loss.item() is the number; the tensor holds "
            "the whole graph of its batch in memory.", tensors_kept),
    Mistake("train", "a mean an epoch", "The loss of every batch is asked for.",
            averaged_by_epoch),
    Mistake("train", "nothing is returned", "The list of losses is to be returned.",
            nothing_returned),
    Mistake("accuracy", "per cent", "The fraction, between 0 and 1.",
            lambda logits, targets: 100 * float(np.mean(logits.data.argmax(-1) == targets.data))),
    Mistake("accuracy", "the argmax over the rows", "The prediction of a row is the column of its "
            "largest logit: axis=-1.",
            lambda logits, targets: float(np.mean(logits.data.argmax(0)[targets.data] == 0))),
    Mistake("clip_grad_norm_", "the root is forgotten", "The norm is the root of the sum of "
            "squares.", clipping(shortened, measure=lambda ps: total_norm(ps) ** 2)),
    Mistake("clip_grad_norm_", "the sum of absolute values for the norm", "The norm is the root of "
            "the sum of squares.", clipping(shortened, measure=sum_of_sizes)),
    Mistake("clip_grad_norm_", "nothing is returned", "The norm before is to be returned.",
            clipping(shortened, lambda before, after: None)),
    Mistake("clip_grad_norm_", "the parameters are shortened", "It is the gradients that are to be "
            "shortened, p.grad and not p.", scaled_parameters),
    Mistake("clip_grad_norm_", "nothing is shortened", "The norm is measured; now multiply each "
            "gradient in place.", clipping(lambda g, norm, bound: g)),
    Mistake("clip_grad_norm_", "a missing gradient fails", "A parameter without a gradient counts "
            "for nothing: pass over it.", missing_fails),
]  # fmt: skip
