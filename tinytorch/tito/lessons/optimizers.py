"""06 Optimizers: gradient descent, momentum, Adam, a schedule."""

import functools
import inspect

import numpy as np

from tinytorch.core.tensor import Tensor
from tinytorch.tito.bench import Inapplicable, NotThere, array
from tinytorch.tito.lesson import Check, Exercise, Lesson, Step, Trial

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


def promised(bench, name, error):
    """A check applies only where the docstring still says that this error is raised."""
    if error not in (getattr(getattr(bench, name), "__doc__", "") or ""):
        raise Inapplicable(f"your {name} does not promise a {error}")


def outcome(call) -> str:
    """What a call ends with, in words."""
    try:
        call()
    except NotImplementedError:  # a blank
        raise
    except Exception as error:
        return type(error).__name__
    return "no error"


def one_step(bench):
    start, gradients = bench.vary(START), bench.vary(GRADIENTS[:2])
    lr = bench.vary(0.1)
    bench.trying(start=start, gradients=gradients, learning_rate=lr)
    p = parameter(start)
    for t, g in enumerate(gradients, start=1):
        p.grad = Tensor(g.copy())
        bench.gradient_descent_step(p, lr)
        bench.see(f"p after step {t}", p)
        bench.see("the gradient afterwards", p.grad)


def refusals(bench):
    promised(bench, "gradient_descent_step", "ValueError")
    bench.trying(learning_rates="-1, infinity and 0", and_once="no gradient")
    step = bench.gradient_descent_step
    p = parameter(START)
    bench.see("without a gradient", outcome(lambda: step(p, 0.1)))
    for lr in (-1.0, np.inf, 0.0):
        p.grad = Tensor(GRADIENTS[0].copy())
        bench.see(f"with learning_rate {lr:g}", outcome(lambda lr=lr: step(p, lr)))


def pure(name, state=(), **numbers):
    """A rule makes new arrays: what it is given is left as it was."""

    def run(bench):
        given = {"p": bench.vary(START).copy(), "g": bench.vary(GRADIENTS[0]).copy()}
        given |= {letter: bench.vary(GRADIENTS[i] ** 2) for i, letter in enumerate(state, start=1)}
        rule = bench.find(name)
        asked = {*given, *numbers}
        if not inspect.isfunction(rule) or asked != {*inspect.signature(rule).parameters}:
            raise Inapplicable(f"your file has no rule {name} of {', '.join([*given, *numbers])}")
        bench.trying(**given, **numbers)
        before = {letter: values.copy() for letter, values in given.items()}
        new = rule(*given.values(), **numbers)
        for letter, values in given.items():
            changed = bool((values != before[letter]).any())
            bench.see(f"{letter}, which the rule was given, is changed", changed)
        if isinstance(new, tuple):
            bench.see("how many arrays it returns", len(new))
            for letter, values in zip("p" + "".join(state), new, strict=False):
                bench.see(f"the new {letter}", values)

    return run


def beyond_32_bits(values):
    """What is left of numbers when their 32-bit part is taken away, in units of its last place."""
    values = np.asarray(values)
    rest = (values.astype(np.float64) - values.astype(np.float32)) * 2**24
    return np.round(rest, 3)


def exact(name, state=(), **numbers):
    """A rule computes in the precision that it is given."""

    def run(bench):
        rule = bench.find(name)
        letters = ["p", "g", *state]
        if not inspect.isfunction(rule) or {*letters, *numbers} != {
            *inspect.signature(rule).parameters
        }:
            raise Inapplicable(f"your file has no rule {name} of {', '.join([*letters, *numbers])}")
        given = [bench.vary(abs(g) / 3 if i > 1 else g / 3) for i, g in enumerate(GRADIENTS)]
        given = given[: len(letters)]
        bench.trying(p=given[0], g=given[1], precision="64 bits", **numbers)
        new = rule(*(values.copy() for values in given), **numbers)
        new = new if isinstance(new, tuple) else (new,)
        for letter, values in zip(["p", *state], new, strict=False):
            bench.see(f"what 32 bits would lose of the new {letter}", beyond_32_bits(values))

    return run


def leaves_gradient(name, **numbers):
    def run(bench):
        start, gradient, chosen = bench.vary(START), bench.vary(GRADIENTS[0]), bench.vary(numbers)
        bench.trying(start=start, gradient=gradient, **chosen)
        p = parameter(start)
        p.grad = Tensor(gradient.copy())
        optimizer = bench.make(name, [p], **chosen)
        for t in (1, 2):
            optimizer.step()
            bench.see(f"the gradient after step {t}", p.grad)

    return run


def optional_numbers(bench, name, numbers):
    """Whether SGD may do without these: momentum is what Momentum is for."""
    for word in ("momentum", "dampening", "nesterov", "amsgrad"):
        needed = word not in numbers or (word == "momentum" and name == "Momentum")
        if not needed and not bench.takes(name, word):
            raise Inapplicable(f"your {name} takes no {word}, which is optional")


def steps(name, start=START, count=6, params=1, made=list, **numbers):
    def run(bench):
        optional_numbers(bench, name, numbers)
        first, gradients = bench.vary(start), bench.vary(GRADIENTS[:count])
        chosen = bench.vary(numbers)
        bench.trying(start=first, gradients=gradients, **chosen)
        tensors = [parameter(first)]
        if params == 3:
            matrix = bench.vary(MATRIX)
            bench.trying(second_parameter=-first, third_parameter=matrix)
            tensors += [parameter(-first), parameter(matrix)]
        follow(bench, bench.make(name, made(tensors), **chosen), tensors, gradients)

    return run


def lazily(tensors):
    """Parameters as a generator, as `parameters()` of many a library gives them."""
    return (p for p in tensors)


def usual(name, count=4):
    """With lr alone: what the other numbers are unless somebody says so."""

    def run(bench):
        start, gradients, lr = bench.vary(START), bench.vary(GRADIENTS[:count]), bench.vary(0.05)
        bench.trying(start=start, gradients=gradients, lr=lr, everything_else="left out")
        p = parameter(start)
        try:
            optimizer = bench.make(name, [p], lr=lr)
        except TypeError as error:
            if "required" not in str(error):
                raise
            raise Inapplicable(f"your {name} takes nothing for granted") from None
        follow(bench, optimizer, [p], gradients)

    return run


def tiny(bench):
    """Gradients of the size of ε, where its place shows."""
    gradients, eps = bench.vary(GRADIENTS[:3] * 1e-8), bench.vary(3e-8)
    bench.trying(start=START, gradients=gradients, lr=0.1, betas=(0.9, 0.99), eps=eps)
    p = parameter(START)
    optimizer = bench.make("Adam", [p], lr=0.1, betas=(0.9, 0.99), eps=eps)
    follow(bench, optimizer, [p], gradients)


def again(name, **numbers):
    """A second optimizer, on other parameters, knows nothing of the first."""

    def run(bench):
        start, gradients = bench.vary(START), bench.vary(GRADIENTS[:3])
        chosen = bench.vary(numbers)
        bench.trying(start=start, gradients=gradients, **chosen)
        bench.trying(optimizers="two, one after the other")
        for _ in range(2):
            p = parameter(start)
            optimizer = bench.make(name, [p], **chosen)
            for g in gradients:
                p.grad = Tensor(g.copy())
                optimizer.step()
        bench.see("p of the second optimizer after 3 steps", p)

    return run


def refilled(name, **numbers):
    """Gradients whose array is filled anew in place, as a backward pass may do."""

    def run(bench):
        start, gradients = bench.vary(START), bench.vary(GRADIENTS[:4])
        chosen = bench.vary(numbers)
        bench.trying(start=start, gradients=gradients, **chosen)
        bench.trying(in_place="one array holds the gradient of every step")
        p, buffer = parameter(start), np.zeros(2)
        optimizer = bench.make(name, [p], **chosen)
        for t, g in enumerate(gradients, start=1):
            buffer[...] = g
            p.grad = Tensor(buffer)
            optimizer.step()
            bench.see(f"p after step {t}", p)
            bench.see(f"the gradient after step {t}", p.grad)

    return run


def new_rate(name, **numbers):
    """The learning rate is changed between steps, as schedules do."""

    def run(bench):
        start, gradients = bench.vary(START), bench.vary(GRADIENTS[:4])
        chosen, later = bench.vary(numbers), bench.vary(0.02)
        bench.trying(start=start, gradients=gradients, **chosen, lr_from_step_3=later)
        p = parameter(start)
        optimizer = bench.make(name, [p], **chosen)
        for t, g in enumerate(gradients, start=1):
            if t == 3:
                set_rate(name, optimizer, later)
            p.grad = Tensor(g.copy())
            optimizer.step()
            bench.see(f"p after step {t}", p)

    return run


def set_rate(name, optimizer, lr):
    groups = getattr(optimizer, "param_groups", None)
    if isinstance(groups, list) and groups and isinstance(groups[0], dict) and "lr" in groups[0]:
        for group in groups:
            group["lr"] = lr
        return
    for word in ("lr", "learning_rate", "alpha", "eta"):
        if isinstance(getattr(optimizer, word, None), float):
            setattr(optimizer, word, lr)
            return
    raise Inapplicable(f"your {name} has no lr that a schedule could change")


def given_rule(name, numbers, **options):
    """Which of the package's rules an optimizer takes for an option: by name."""

    def run(bench):
        optional_numbers(bench, name, options)
        bench.trying(**options)
        optimizer = bench.make(name, [parameter(START)], **numbers, **options)
        groups = getattr(optimizer, "param_groups", None)
        if not callable(getattr(optimizer, "rule", None)) or not groups:
            raise Inapplicable(f"your {name} has no rule(group)")
        rule = optimizer.rule(groups[0])
        given = (getattr(rule, "__module__", None) or "").startswith("tinytorch.")
        asked = ("gradient_descent", "heavy_ball", "adam")
        if not given and getattr(rule, "__name__", "") not in asked:
            raise Inapplicable(f"your {name} has a rule of its own for it")
        bench.see("the rule", getattr(rule, "__name__", str(rule)))

    return run


def unused(name, **numbers):
    def run(bench):
        start, gradient, chosen = bench.vary(START), bench.vary(GRADIENTS[0]), bench.vary(numbers)
        bench.trying(parameters=2, the_second_has_no_gradient=True, **chosen)
        p, q = parameter(start), parameter(start)
        r = parameter(start)
        optimizer = bench.make(name, [p, q, r], **chosen)
        p.grad, r.grad = Tensor(gradient.copy()), Tensor(gradient.copy())
        optimizer.step()
        bench.see("the first parameter", p)
        bench.see("the second parameter", q)
        bench.see("the third parameter, which has a gradient", r)
        q.grad = Tensor(gradient.copy())
        optimizer.step()
        bench.see("the second moves once it has one", bool(np.any(array(q) != start)))

    return run


def rests(name, **numbers):
    def run(bench):
        start, gradients = bench.vary(START), bench.vary(GRADIENTS[:4])
        chosen = bench.vary(numbers)
        bench.trying(start=start, gradients="at steps 1, 2 and 4; none at step 3", **chosen)
        p, q = parameter(start), parameter(start)
        optimizer = bench.make(name, [p, q], **chosen)
        for t, g in enumerate(gradients, start=1):
            p.grad, q.grad = Tensor(g.copy()), Tensor(g.copy())
            if t == 3:
                p.grad = None
            optimizer.step()
            if t == 4 and name == "Adam":  # its t may count all steps, or those of p alone
                break
            bench.see(f"p after step {t}", p)
            bench.see(f"a second parameter, always with a gradient, after step {t}", q)

    return run


def forgets(name):
    def run(bench):
        params = [parameter(START), parameter(MATRIX), parameter(START)]
        optimizer = bench.make(name, params, lr=0.1)
        bench.trying(parameters=3, gradients=[GRADIENTS[0]])
        for p in params:
            p.grad = Tensor(np.resize(GRADIENTS[0], p.shape))
        optimizer.step()
        optimizer.zero_grad()
        left = [p.grad is not None and bool(np.any(array(p.grad))) for p in params]
        bench.see("a gradient is left after zero_grad()", any(left))

    return run


def valley(name, **numbers):
    """Forty steps down a valley ten times as steep across as along, with its own gradients."""

    def run(bench):
        start, chosen = bench.vary(np.array([-2.0, 1.0])), bench.vary(numbers)
        if bench.drawn:  # a little less, so that it stays on its side of what diverges
            chosen["lr"] = 0.7 * chosen["lr"]
        bench.trying(loss="(x² + 10 y²) / 2", start=start, **chosen)
        p = parameter(start)
        optimizer = bench.make(name, [p], **chosen)
        bench.see("start", p)
        for t in range(1, 13 if bench.drawn else 41):
            optimizer.zero_grad()
            slope = array(p) * np.array([1.0, 10.0])
            p.grad = Tensor(slope if p.grad is None else array(p.grad) + slope)
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
        lr, every, factor = bench.vary(0.8), bench.vary(step_size), bench.vary(gamma)
        bench.trying(lr=lr, step_size=every, gamma=factor)
        p = parameter([0.0])
        try:
            optimizer = bench.make("SGD", [p], lr=lr)
            scheduler = bench.make("StepLR", optimizer, step_size=every, gamma=factor)
        except (NotThere, NotImplementedError, TypeError):  # not written, or not to go together
            optimizer = descent()([p], lr=lr)
            scheduler = bench.make("StepLR", optimizer, step_size=every, gamma=factor)
        for t in range(count):
            bench.see(f"learning rate at t = {t}", learning_rate(optimizer, p))
            scheduler.step()

    return run


@functools.cache
def descent() -> type:
    """Plain gradient descent that is nobody's answer: what a schedule is tried on."""
    from tinytorch.core.checks import NONNEGATIVE
    from tinytorch.optim.declarations import Value
    from tinytorch.optim.optimizer import Optimizer

    class Descent(Optimizer):
        lr: float = Value(NONNEGATIVE, "step size", default=0.1)

        def rule(self, group):
            return along

    return Descent


def along(p, g, *, lr):
    return (p + (-lr) * g,)


def two_groups(bench):
    """A schedule on an optimizer with two groups of parameters."""
    lr, gamma = bench.vary(0.8), bench.vary(0.5)
    bench.trying(groups=2, lr=[lr, lr / 4], step_size=2, gamma=gamma)
    p, q = parameter([0.0]), parameter([0.0])
    optimizer = descent()([{"params": [p]}, {"params": [q], "lr": lr / 4}], lr=lr)
    ungrouped = "your StepLR has no get_last_lr(), and need not know of groups"
    try:
        scheduler = bench.make("StepLR", optimizer, step_size=2, gamma=gamma)
    except (AttributeError, TypeError):
        raise Inapplicable(ungrouped) from None
    if not hasattr(scheduler, "get_last_lr"):
        raise Inapplicable(ungrouped)
    for t in range(5):
        rates = scheduler.get_last_lr()
        bench.see(f"get_last_lr() is a list at t = {t}", isinstance(rates, list))
        bench.see(f"get_last_lr() at t = {t}", rates)
        bench.see(f"the rates of the groups at t = {t}", [g["lr"] for g in optimizer.param_groups])
        p.grad, q.grad = Tensor(np.ones(1)), Tensor(np.ones(1))
        optimizer.step()
        scheduler.step()


# What failing in one way means, when nothing is known that does exactly the same
IN_PLACE = (
    "It writes into an array that it was given: p = p - ... makes a new one, p -= ... does not."
)
IN_32_BITS = "Somewhere it computes in 32 bits: an .astype(np.float32), or a state made as such."
LEFT_BEHIND = (
    "What one optimizer leaves behind, the next finds. State belongs to the object, self.m, not to "
    "the class, to the module or to a default argument."
)
READ = "step() changes the gradient, or clears it: it is only to be read."
ALIAS = "The state is the gradient's own array, not a copy: what changes one changes the other."
EACH_ITS_OWN = "One parameter alone may be right: does each have a state of its own, and its turn?"
MISSING = "A parameter whose grad is None is passed over (`continue`), and the others move on."
USUAL = "The numbers that are used when none are given are not the usual ones."
GROUPS = "Every group has a rate of its own: set all of them, and return a list of all."
NEW_RATE = "lr is read when the step is made: a schedule may have changed it."
USED_UP = (
    "Right for a list. A generator of parameters is used up by the first loop over it, and then "
    "nothing moves any more: keep list(params)."
)
ADAM = dict(lr=0.1, beta1=0.9, beta2=0.99, eps=1e-8)
CHECKS = (
    Check("one step of gradient descent", "gradient_descent_step", one_step),
    Check("gradient_descent_step: what it refuses", "gradient_descent_step", refusals,
          optional=True),
    Check("SGD: a trajectory", "SGD", steps("SGD", lr=0.1)),
    Check("SGD: three parameters", "SGD", steps("SGD", params=3, lr=0.05), says=EACH_ITS_OWN),
    Check("SGD: parameters from a generator", "SGD", steps("SGD", made=lazily, params=3, lr=0.05),
          remark=USED_UP),
    Check("SGD: a parameter without a gradient stays", "SGD", unused("SGD", lr=0.1), says=MISSING),
    Check("SGD: the gradient is only read", "SGD", leaves_gradient("SGD", lr=0.1), says=READ),
    Check("SGD: zero_grad", "SGD", forgets("SGD")),
    Check("SGD: lr changes on the way", "SGD", new_rate("SGD", lr=0.1), optional=True,
          says=NEW_RATE),
    Check("SGD: down a valley", "SGD", valley("SGD", lr=0.09), plot=True),
    Check("SGD: with momentum", "SGD", steps("SGD", lr=0.05, momentum=0.9), optional=True),
    Check("SGD: with dampening", "SGD", steps("SGD", lr=0.05, momentum=0.9, dampening=0.25),
          optional=True),
    Check("SGD: Nesterov", "SGD", given_rule("SGD", dict(lr=0.1, momentum=0.9), nesterov=True),
          optional=True),
    Check("Momentum: a trajectory", "Momentum", steps("Momentum", lr=0.1, momentum=0.8)),
    Check("Momentum: the usual numbers", "Momentum", usual("Momentum"), optional=True, says=USUAL),
    Check("Momentum: three parameters", "Momentum",
          steps("Momentum", params=3, lr=0.05, momentum=0.9), says=EACH_ITS_OWN),
    Check("Momentum: a second optimizer", "Momentum", again("Momentum", lr=0.05, momentum=0.9),
          says=LEFT_BEHIND),
    Check("Momentum: the gradient is only read", "Momentum",
          leaves_gradient("Momentum", lr=0.1, momentum=0.9), says=READ),
    Check("Momentum: the gradient's array is used again", "Momentum",
          refilled("Momentum", lr=0.1, momentum=0.9), says=ALIAS),
    Check("Momentum: a parameter without a gradient stays", "Momentum",
          unused("Momentum", lr=0.1, momentum=0.9), says=MISSING),
    Check("Momentum: without a gradient it rests", "Momentum",
          rests("Momentum", lr=0.05, momentum=0.9), says=MISSING),
    Check("Momentum: zero_grad", "Momentum", forgets("Momentum")),
    Check("Momentum: down a valley", "Momentum", valley("Momentum", lr=0.05, momentum=0.7),
          plot=True),
    Check("Adam: the first steps", "Adam", steps("Adam", lr=0.1, betas=(0.9, 0.999), eps=1e-8)),
    Check("Adam: other betas", "Adam", steps("Adam", count=7, lr=0.05, betas=(0.6, 0.8), eps=1e-8)),
    Check("Adam: a large ε", "Adam", steps("Adam", lr=0.1, betas=(0.9, 0.99), eps=0.5)),
    Check("Adam: gradients as small as ε", "Adam", tiny),
    Check("Adam: the usual numbers", "Adam", usual("Adam"), optional=True, says=USUAL),
    Check("Adam: three parameters", "Adam",
          steps("Adam", params=3, lr=0.05, betas=(0.9, 0.99), eps=1e-8), says=EACH_ITS_OWN),
    Check("Adam: parameters from a generator", "Adam",
          steps("Adam", made=lazily, params=3, lr=0.05, betas=(0.9, 0.99), eps=1e-8),
          remark=USED_UP),
    Check("Adam: a second optimizer", "Adam", again("Adam", lr=0.05), says=LEFT_BEHIND),
    Check("Adam: a parameter without a gradient stays", "Adam", unused("Adam", lr=0.1),
          says=MISSING),
    Check("Adam: without a gradient it rests", "Adam", rests("Adam", lr=0.05), says=MISSING),
    Check("Adam: the gradient is only read", "Adam", leaves_gradient("Adam", lr=0.1), says=READ),
    Check("Adam: AMSGrad", "Adam", given_rule("Adam", dict(lr=0.1), amsgrad=True), optional=True),
    Check("Adam: AMSGrad, corrected", "Adam",
          given_rule("Adam", dict(lr=0.1), amsgrad="corrected"), optional=True),
    Check("Adam: zero_grad", "Adam", forgets("Adam")),
    Check("Adam: down a valley", "Adam", valley("Adam", lr=0.2), plot=True),
    Check("gradient_descent changes nothing in place", "gradient_descent",
          pure("gradient_descent", lr=0.1), optional="SGD", says=IN_PLACE),
    Check("heavy_ball changes nothing in place", "heavy_ball",
          pure("heavy_ball", "b", lr=0.1, momentum=0.9, dampening=0.25), optional="Momentum",
          says=IN_PLACE),
    Check("adam changes nothing in place", "adam", pure("adam", "mv", t=3, **ADAM),
          optional="Adam", says=IN_PLACE),
    Check("gradient_descent keeps the precision", "gradient_descent",
          exact("gradient_descent", lr=0.1), optional="SGD", says=IN_32_BITS),
    Check("heavy_ball keeps the precision", "heavy_ball",
          exact("heavy_ball", "b", lr=0.1, momentum=0.9, dampening=0.0), optional="Momentum",
          says=IN_32_BITS),
    Check("adam keeps the precision", "adam", exact("adam", "mv", t=3, **ADAM), optional="Adam",
          says=IN_32_BITS),
    Check("StepLR: every third step", "StepLR", schedule(3, 0.5, 8)),
    Check("StepLR: every second step", "StepLR", schedule(2, 0.1, 5)),
    Check("StepLR: two groups", "StepLR", two_groups, optional=True, says=GROUPS),
)  # fmt: skip

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


def families() -> tuple[str, ...]:
    """Where the answers stand too: many a rule becomes Adam, or SGD, at some of its options."""
    from tinytorch.optim import OPTIMIZERS, WITH_CLOSURE

    files = {rule.__module__.removeprefix("tinytorch.") for rule in (*OPTIMIZERS, *WITH_CLOSURE)}
    parts = ("amsgrad", "amsgrad_corrected", "nesterov")
    parts = [f"optim.optimizers:{name}" for name in parts]
    parts += ["optim.schedules.decays:MultiStepLR.factor", "optim.wrappers"]
    return (*sorted(files - {"optim.optimizers"}), *parts)


TOUCHES = {
    "gradient_descent_step": ("gradient_descent",),
    "gradient_descent": ("gradient_descent",),
    "heavy_ball": ("heavy_ball",),
    "adam": ("adam",),
    "SGD": ("gradient_descent", "heavy_ball", "SGD.", "Optimizer."),
    "Momentum": ("gradient_descent", "heavy_ball", "SGD.", "Momentum.", "Optimizer."),
    "Adam": ("adam", "Adam.", "Optimizer."),
    "StepLR": ("StepLR.", "Scheduler."),
}

LESSON = Lesson(
    number="06",
    name="optimizers",
    title="Optimizers",
    needs=("01", "05"),
    sources=("tinytorch.optim", "tinytorch.optim.optimizers", "tinytorch.optim.schedules.decays"),
    names=("gradient_descent_step", "SGD", "Momentum", "Adam", "StepLR"),
    steps=STEPS,
    checks=CHECKS,
    touches=TOUCHES,
    trials=(Trial(modules=families),),
)
