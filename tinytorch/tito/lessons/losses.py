"""04 Losses: how wrong a prediction is, as one number."""

import numpy as np

from tinytorch.core.tensor import Tensor
from tinytorch.tito.bench import Inapplicable, array
from tinytorch.tito.lesson import Check, Exercise, Lesson, Step
from tinytorch.tito.lessons.activations import call

PREDICTED = np.array([[1.0, -2.0, 0.5], [3.0, 4.0, -1.5]])
WANTED = np.array([[0.5, -1.0, 0.25], [2.0, 4.5, 1.0]])
LOGITS = np.array([[2.0, -1.0, 0.5], [0.1, 0.2, -3.0], [1.5, 1.5, 4.0], [-2.0, 0.0, 1.0]])
CLASSES = np.array([0, 2, 1, 2])
LARGE = np.array([[1000.0, 0.0, -1000.0], [-800.0, 900.0, 100.0]])
BITS = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])


def value(name, prediction, target):
    def run(bench):
        p, t = bench.vary(prediction), target if target is BITS else bench.vary(target)
        bench.trying(prediction=p, target=t)
        loss = call(getattr(bench, name)(), Tensor(p.copy()), Tensor(t.copy()))
        bench.see("the loss", array(loss).reshape(()) if array(loss).size == 1 else loss)

    return run


def derivative(name, prediction, target):
    def run(bench):
        p, t = bench.vary(prediction), target if target is BITS else bench.vary(target)
        bench.trying(prediction=p, target=t)
        p = Tensor(p.copy(), requires_grad=True)
        loss = call(getattr(bench, name)(), p, Tensor(t.copy()))
        if not getattr(loss, "requires_grad", False):
            raise Inapplicable(f"what your {name} returns carries no graph, which is for 05")
        loss.backward()
        bench.see("the gradient of the prediction", p.grad)

    return run


def refuses(name, prediction, target):
    """What the docstring promises to refuse is refused."""

    def run(bench):
        cls = getattr(bench, name)
        if "ValueError" not in (cls.__doc__ or ""):
            raise Inapplicable(f"your {name} does not promise a ValueError")
        bench.trying(prediction=prediction, target=target)
        ended = "no error"
        try:
            call(cls(), Tensor(prediction.copy()), Tensor(target.copy()))
        except NotImplementedError:
            raise
        except Exception as error:
            ended = type(error).__name__
        bench.see("shapes that differ", ended)

    return run


CHECKS = (
    Check("MSELoss: value", "MSELoss", value("MSELoss", PREDICTED, WANTED)),
    Check("MSELoss: gradient", "MSELoss", derivative("MSELoss", PREDICTED, WANTED), optional=True),
    Check("MSELoss: shapes that differ", "MSELoss",
          refuses("MSELoss", PREDICTED, WANTED[:, :1]), optional=True),
    Check("CrossEntropyLoss: value", "CrossEntropyLoss",
          value("CrossEntropyLoss", LOGITS, CLASSES)),
    Check("CrossEntropyLoss: an untrained classifier", "CrossEntropyLoss",
          value("CrossEntropyLoss", np.zeros((3, 10)), np.array([0, 5, 9]))),
    Check("CrossEntropyLoss: large logits", "CrossEntropyLoss",
          value("CrossEntropyLoss", LARGE, np.array([1, 1]))),
    Check("CrossEntropyLoss: gradient", "CrossEntropyLoss",
          derivative("CrossEntropyLoss", LOGITS, CLASSES), optional=True),
    Check("BCEWithLogitsLoss: value", "BCEWithLogitsLoss",
          value("BCEWithLogitsLoss", PREDICTED, BITS)),
    Check("BCEWithLogitsLoss: large logits", "BCEWithLogitsLoss",
          value("BCEWithLogitsLoss", LARGE, BITS)),
    Check("BCEWithLogitsLoss: gradient", "BCEWithLogitsLoss",
          derivative("BCEWithLogitsLoss", PREDICTED, BITS), optional=True),
)  # fmt: skip

REDUCE = (
    "`self.reduce(losses, (logits, f))` takes the mean and remembers `f`, a function from the "
    "gradient of `losses` to that of `logits`. A value without a gradient passes, too."
)

STEPS = (
    Step(
        "Mean squared error",
        ("MSELoss",),
        (
            Exercise(
                "MSELoss.forward",
                "the mean of the squared differences over all elements, as a tensor",
                (
                    "The arithmetic of tensors will do: difference, square, mean; then the "
                    "gradient comes by itself.",
                ),
                ("MSELoss: value", "MSELoss: gradient"),
            ),
        ),
    ),
    Step(
        "Cross-entropy",
        ("CrossEntropyLoss:__init__+forward+_indices",),
        (
            Exercise(
                "CrossEntropyLoss.forward",
                "the mean over the rows of minus the logarithm of the target class's softmax",
                (
                    "log softmax(z) is z minus the logarithm of the sum of exp(z). Subtract each "
                    "row's largest logit first.",
                    "`_indices` is how the package divides the work; you may write everything "
                    "here and leave it blank.",
                ),
                ("CrossEntropyLoss: value", "CrossEntropyLoss: large logits"),
            ),
            Exercise(
                "CrossEntropyLoss._indices",
                "the loss of each row, and its derivative by the logits",
                (
                    "`log_p[rows, targets]` picks one element of each row.",
                    "The derivative of a row's loss is softmax(z), less one at the target.",
                    REDUCE,
                ),
                ("CrossEntropyLoss: gradient",),
            ),
        ),
    ),
    Step(
        "Binary cross-entropy",
        ("BCEWithLogitsLoss",),
        (
            Exercise(
                "BCEWithLogitsLoss.forward",
                "the mean binary cross-entropy, in the form that does not overflow",
                (
                    "The docstring has the formula; `np.log1p(u)` is log(1 + u).",
                    "The derivative of an element's loss by its logit is sigmoid minus target.",
                    REDUCE,
                ),
                ("BCEWithLogitsLoss: value", "BCEWithLogitsLoss: large logits"),
            ),
        ),
    ),
)

LESSON = Lesson(
    number="04",
    name="losses",
    title="Losses",
    needs=("01",),
    sources=("tinytorch.core.losses",),
    names=("MSELoss", "CrossEntropyLoss", "BCEWithLogitsLoss"),
    steps=STEPS,
    checks=CHECKS,
)
