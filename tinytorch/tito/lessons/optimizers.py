"""06 Optimizers: gradient descent, momentum, Adam, a schedule."""

import inspect

import numpy as np

from tinytorch.core.tensor import Tensor
from tinytorch.tito.bench import Inapplicable, NotThere, array
from tinytorch.tito.lesson import Check, Exercise, Lesson, Step

GRADIENTS = np.array(
    [[0.5, -1.0], [0.3, 0.8], [-0.2, 0.6], [-0.7, -0.1], [0.1, -0.4], [0.9, 0.2], [-0.3, 0.5]]
)
START = np.array([1.0, -2.0])
MATRIX = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])


def parameter(value) -> Tensor:
    return Tensor(np.array(value, np.float64), requires_grad=True)


def follow(bench, optimizer, params, gradients) -> None:
    """Hand the optimizer gradients that are known beforehand; see the parameters each step."""
    for t, g in enumerate(gradients, start=1):
        for i, p in enumerate(params):
            p.grad = Tensor(np.resize(np.roll(g, i), p.shape) * (1 + i))
        optimizer.step()
        for i, p in enumerate(params):
            name = "p" if len(params) == 1 else f"p{i + 1}"
            bench.see(f"{name} after step {t}", p)


def one_step(bench):
    bench.trying(start=START, gradients=GRADIENTS[:2], learning_rate=0.1)
    p = parameter(START)
    for t, g in enumerate(GRADIENTS[:2], start=1):
        p.grad = Tensor(g.copy())
        bench.gradient_descent_step(p, 0.1)
        bench.see(f"p after step {t}", p)


def pure(name, state=(), **numbers):
    """A rule makes new arrays: what it is given is left as it was."""

    def run(bench):
        given = {"p": START.copy(), "g": GRADIENTS[0].copy()}
        given |= {letter: GRADIENTS[i] ** 2 for i, letter in enumerate(state, start=1)}
        rule = bench.find(name)
        asked = {*given, *numbers}
        if not inspect.isfunction(rule) or asked != {*inspect.signature(rule).parameters}:
            raise Inapplicable(f"your file has no rule {name} of {', '.join([*given, *numbers])}")
        bench.trying(**given, **numbers)
        rule(*given.values(), **numbers)
        for letter, values in given.items():
            bench.see(f"{letter}, which the rule was given, afterwards", values)

    return run


def leaves_gradient(name, **numbers):
    def run(bench):
        bench.trying(start=START, gradient=GRADIENTS[0], **numbers)
        p = parameter(START)
        p.grad = Tensor(GRADIENTS[0].copy())
        optimizer = bench.make(name, [p], **numbers)
        for t in (1, 2):
            optimizer.step()
            bench.see(f"the gradient after step {t}", p.grad)

    return run


def steps(name, start=START, count=6, params=1, **numbers):
    def run(bench):
        for word in ("momentum", "betas"):
            if word in numbers and name == "SGD" and not bench.takes(name, word):
                raise Inapplicable(f"your {name} takes no {word}: that is what Momentum is for")
        bench.trying(start=start, gradients=GRADIENTS[:count], **numbers)
        tensors = [parameter(start)]
        if params == 3:
            bench.trying(second_parameter=-start, third_parameter=MATRIX)
            tensors += [parameter(-start), parameter(MATRIX)]
        follow(bench, bench.make(name, tensors, **numbers), tensors, GRADIENTS[:count])

    return run


def unused(bench):
    bench.trying(parameters=2, the_second_has_no_gradient=True, lr=0.1)
    p, q = parameter(START), parameter(START)
    optimizer = bench.make("SGD", [p, q], lr=0.1)
    p.grad = Tensor(GRADIENTS[0].copy())
    optimizer.step()
    bench.see("the first parameter", p)
    bench.see("the second parameter", q)


def rests(bench):
    bench.trying(
        start=START, gradients="at steps 1, 2 and 4; none at step 3", lr=0.05, momentum=0.9
    )
    p = parameter(START)
    optimizer = bench.make("Momentum", [p], lr=0.05, momentum=0.9)
    for t, g in enumerate((GRADIENTS[0], GRADIENTS[1], None, GRADIENTS[2]), start=1):
        p.grad = None if g is None else Tensor(g.copy())
        optimizer.step()
        bench.see(f"p after step {t}", p)


def forgets(name):
    def run(bench):
        params = [parameter(START), parameter(MATRIX)]
        optimizer = bench.make(name, params, lr=0.1)
        bench.trying(parameters=2, gradients=[GRADIENTS[0]])
        for p in params:
            p.grad = Tensor(np.resize(GRADIENTS[0], p.shape))
        optimizer.step()
        optimizer.zero_grad()
        left = [p.grad is not None and bool(np.any(array(p.grad))) for p in params]
        bench.see("a gradient is left after zero_grad()", any(left))

    return run


def valley(name, **numbers):
    """Forty steps down a valley ten times as steep across as along, with real gradients."""

    def run(bench):
        bench.trying(loss="(x² + 10 y²) / 2", start=[-2.0, 1.0], **numbers)
        p = parameter([-2.0, 1.0])
        optimizer = bench.make(name, [p], **numbers)
        bench.see("start", p)
        for t in range(1, 41):
            optimizer.zero_grad()
            loss = ((p * p) * Tensor(np.array([0.5, 5.0]))).sum()
            loss.backward()
            optimizer.step()
            bench.see(f"p after step {t}", p)

    return run


def learning_rate(optimizer, p) -> float:
    """The learning rate that an optimizer really uses: how far a gradient of one moves p."""
    before = array(p).copy()
    p.grad = Tensor(np.ones(1))
    optimizer.step()
    return float((before - array(p))[0])


def schedule(step_size, gamma, count):
    def run(bench):
        from tinytorch.optim import SGD

        bench.trying(lr=0.8, step_size=step_size, gamma=gamma)
        p = parameter([0.0])
        try:
            optimizer = bench.make("SGD", [p], lr=0.8)
            scheduler = bench.make("StepLR", optimizer, step_size=step_size, gamma=gamma)
        except (NotThere, NotImplementedError, TypeError):  # not written, or not to go together
            optimizer = SGD([p], lr=0.8)
            scheduler = bench.make("StepLR", optimizer, step_size=step_size, gamma=gamma)
        for t in range(count):
            bench.see(f"learning rate at t = {t}", learning_rate(optimizer, p))
            scheduler.step()

    return run


CHECKS = (
    Check("one step of gradient descent", "gradient_descent_step", one_step),
    Check(
        "gradient_descent changes nothing in place",
        "gradient_descent",
        pure("gradient_descent", lr=0.1),
    ),
    Check(
        "heavy_ball changes nothing in place",
        "heavy_ball",
        pure("heavy_ball", "b", lr=0.1, momentum=0.9, dampening=0.0),
    ),
    Check(
        "adam changes nothing in place",
        "adam",
        pure("adam", "mv", t=3, lr=0.1, beta1=0.9, beta2=0.99, eps=1e-8),
    ),
    Check("SGD: a trajectory", "SGD", steps("SGD", lr=0.1)),
    Check("SGD: three parameters", "SGD", steps("SGD", params=3, lr=0.05)),
    Check("SGD: a parameter without a gradient stays", "SGD", unused),
    Check("SGD: the gradient is only read", "SGD", leaves_gradient("SGD", lr=0.1)),
    Check("SGD: zero_grad", "SGD", forgets("SGD")),
    Check("SGD: down a valley", "SGD", valley("SGD", lr=0.09), plot=True),
    Check("SGD: with momentum", "SGD", steps("SGD", lr=0.05, momentum=0.9)),
    Check("Momentum: a trajectory", "Momentum", steps("Momentum", lr=0.1, momentum=0.8)),
    Check(
        "Momentum: three parameters",
        "Momentum",
        steps("Momentum", params=3, lr=0.05, momentum=0.9),
    ),
    Check(
        "Momentum: the gradient is only read",
        "Momentum",
        leaves_gradient("Momentum", lr=0.1, momentum=0.9),
    ),
    Check("Momentum: without a gradient it rests", "Momentum", rests),
    Check("Momentum: zero_grad", "Momentum", forgets("Momentum")),
    Check(
        "Momentum: down a valley",
        "Momentum",
        valley("Momentum", lr=0.05, momentum=0.7),
        plot=True,
    ),
    Check("Adam: the first steps", "Adam", steps("Adam", lr=0.1, betas=(0.9, 0.999), eps=1e-8)),
    Check("Adam: other betas", "Adam", steps("Adam", count=7, lr=0.05, betas=(0.6, 0.8), eps=1e-8)),
    Check("Adam: a large ε", "Adam", steps("Adam", lr=0.1, betas=(0.9, 0.99), eps=0.5)),
    Check(
        "Adam: three parameters",
        "Adam",
        steps("Adam", params=3, lr=0.05, betas=(0.9, 0.99), eps=1e-8),
    ),
    Check("Adam: the gradient is only read", "Adam", leaves_gradient("Adam", lr=0.1)),
    Check("Adam: zero_grad", "Adam", forgets("Adam")),
    Check("Adam: down a valley", "Adam", valley("Adam", lr=0.2), plot=True),
    Check("StepLR: every third step", "StepLR", schedule(3, 0.5, 8)),
    Check("StepLR: every second step", "StepLR", schedule(2, 0.1, 5)),
)


STEPS = (
    Step(
        "Gradient descent",
        ("gradient_descent", "gradient_descent_step"),
        (
            Exercise(
                "gradient_descent",
                "return the new parameter, in a tuple of one: a step of size lr against g",
                (
                    "The gradient points uphill; `lr` scales how far you go the other way.",
                    "A rule returns a tuple, here of one array. Change neither `p` nor `g`: "
                    "make a new array.",
                ),
            ),
            Exercise(
                "gradient_descent_step",
                "move the numbers in parameter.data by one step, using parameter.grad",
                (
                    "`parameter.data` and `parameter.grad.data` are NumPy arrays.",
                    "You may call your rule and put its result into `parameter.data`.",
                ),
                ("one step of gradient descent",),
            ),
        ),
    ),
    Step(
        "SGD with momentum",
        ("heavy_ball", "SGD", "Momentum"),
        (
            Exercise(
                "heavy_ball",
                "the new velocity b, then return the new p and the new b",
                (
                    "The velocity keeps a fraction `momentum` of itself and takes in the gradient, "
                    "weighted by one minus `dampening`.",
                    "The step is along the *new* velocity.",
                ),
            ),
            Exercise(
                "SGD.rule",
                "return the rule (the function itself) that steps this group",
                (
                    'Without momentum, `group["momentum"] == 0`, it is your `gradient_descent`.',
                    'With `group["nesterov"]` it is `nesterov`, which is given; '
                    "otherwise your `heavy_ball`. Return the function, do not call it.",
                ),
                ("SGD: a trajectory", "SGD: with momentum", "SGD: down a valley"),
            ),
            Exercise(
                "Momentum.__init__",
                "call SGD's constructor with lr, momentum and the other arguments",
                (
                    "`super().__init__(...)` is SGD's constructor.",
                    "Hand everything on: `params`, `lr`, `momentum` and `**kwargs`.",
                ),
                ("Momentum: a trajectory", "Momentum: down a valley"),
            ),
        ),
    ),
    Step(
        "Adam",
        ("adam", "Adam"),
        (
            Exercise(
                "adam",
                "the two moving averages, both corrected for their zero start, then the step; "
                "return the new p, m and v",
                (
                    "`m` averages the gradient, `v` its square; both start at zero and are "
                    "therefore too small at first.",
                    "After t steps the weights of an average that started at zero sum to one minus "
                    "beta to the power t. Divide by that sum, in new names: keep m and v as they "
                    "are.",
                ),
            ),
            Exercise(
                "Adam.rule",
                "return your rule (the function itself)",
                (
                    'Without AMSGrad, `group["amsgrad"] == False`, it is your `adam`. Return the '
                    "function, do not call it.",
                    'With `True` it is `amsgrad`, with `"corrected"` it is `amsgrad_corrected`; '
                    "both are given.",
                ),
                ("Adam: the first steps", "Adam: a large ε", "Adam: down a valley"),
            ),
        ),
    ),
    Step(
        "A schedule: StepLR",
        ("StepLR",),
        (
            Exercise(
                "StepLR.factor",
                "what the initial learning rate is multiplied by after t steps",
                (
                    "How many times has the rate been changed by time t?",
                    "Whole divisions: `//`. The rate changes first at t = step_size.",
                ),
                ("StepLR: every third step",),
            ),
        ),
    ),
)


# What the learner writes, or has to do without a base class; decay, Nesterov and groups are not
ON_TRIAL = ("gradient_descent", "heavy_ball", "adam", "Optimizer.", "StepLR.", "Scheduler.step")

# Right as long as the learning rate stays, every parameter has its gradient, and there is a group
ACCEPTED = ("lr inside the velocity", "one t for all", "values of the first group")


def known_mistakes():
    from tinytorch.tito.mistakes import MISTAKES

    return [m for m in MISTAKES if m.target.startswith(ON_TRIAL) and m.name not in ACCEPTED]


LESSON = Lesson(
    number="06",
    name="optimizers",
    title="Optimizers",
    needs=("01", "05"),
    sources=("tinytorch.optim", "tinytorch.optim.optimizers", "tinytorch.optim.schedules.decays"),
    names=("gradient_descent_step", "SGD", "Momentum", "Adam", "StepLR"),
    steps=STEPS,
    checks=CHECKS,
    mistakes=known_mistakes,
)
