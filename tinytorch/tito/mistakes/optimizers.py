"""What goes wrong in 06 Optimizers: the wrong rules, and slips around them that are less usual."""

import functools

import numpy as np

from tinytorch import optim
from tinytorch.optim import optimizers as right
from tinytorch.tito.lesson import Mistake
from tinytorch.tito.mistakes.rules import MISTAKES as RULES
from tinytorch.tito.mistakes.rules import (
    adam_told,
    adam_with,
    average,
    average_of_squares,
    corrected,
    move,
)

# What the learner writes, or has to do without a base class; decay, Nesterov and groups are not
ON_TRIAL = ("gradient_descent", "heavy_ball", "adam", "Optimizer.", "StepLR.", "Scheduler.step")

# Right as long as the learning rate stays, every parameter has its gradient, and there is a group
ACCEPTED = ("lr inside the velocity", "one t for all", "values of the first group")

heavy_ball = right.heavy_ball
momentum_init, descend_once = right.Momentum.__init__, right.gradient_descent_step


def in_32_bits(rule):
    """A rule that computes with half of the digits."""

    @functools.wraps(rule)
    def wrong(*arrays, **numbers):
        new = rule(*(a.astype(np.float32) for a in arrays), **numbers)
        return tuple(np.asarray(a, np.float64) for a in new)

    return wrong


def descend_in_place(p, g, *, lr):
    p -= lr * g
    return (p,)


def roll(update, step=lambda p, b, lr, momentum: p - lr * b):
    """Momentum with another velocity, or another step along it."""

    def rule(p, g, b, *, lr, momentum, dampening):
        b = update(b, g, momentum, dampening)
        return step(p, b, lr, momentum), b

    return rule


def roll_in_place(p, g, b, *, lr, momentum, dampening):
    b *= momentum
    b += (1 - dampening) * g
    return p - lr * b, b


def roll_exchanged(p, g, b, *, lr, momentum, dampening):
    b = lr * b + (1 - dampening) * g
    return p - momentum * b, b


def adam_in_place(p, g, m, v, *, t, lr, beta1, beta2, eps):
    m *= beta1
    m += (1 - beta1) * g
    v *= beta2
    v += (1 - beta2) * g * g
    return move(p, g, corrected(m, beta1, t), corrected(v, beta2, t), lr, eps), m, v


def adam_of_before(p, g, m, v, *, t, lr, beta1, beta2, eps):
    m_hat, v_hat = corrected(m, beta1, t), corrected(v, beta2, t)
    m, v = average(m, g, beta1), average_of_squares(v, g, beta2)
    return move(p, g, m_hat, v_hat, lr, eps), m, v


def adam_written(body):
    """Adam whose averages and corrections are written out: body → m, v, m̂, v̂."""

    def rule(p, g, m, v, *, t, lr, beta1, beta2, eps):
        m, v, m_hat, v_hat = body(g, m, v, t, beta1, beta2)
        return move(p, g, m_hat, v_hat, lr, eps), m, v

    return rule


def usual(g, m, v, t, beta1, beta2):
    m, v = average(m, g, beta1), average_of_squares(v, g, beta2)
    return m, v, corrected(m, beta1, t), corrected(v, beta2, t)


def v_of_m(g, m, v, t, beta1, beta2):
    m = average(m, g, beta1)
    v = average_of_squares(v, m, beta2)
    return m, v, corrected(m, beta1, t), corrected(v, beta2, t)


def v_from_m(g, m, v, t, beta1, beta2):
    m = average(m, g, beta1)
    v = average_of_squares(m, g, beta2)
    return m, v, corrected(m, beta1, t), corrected(v, beta2, t)


def m_from_v(g, m, v, t, beta1, beta2):
    m, v = average(v, g, beta1), average_of_squares(v, g, beta2)
    return m, v, corrected(m, beta1, t), corrected(v, beta2, t)


def one_v(g, m, v, t, beta1, beta2):
    m, v = average(m, g, beta1), beta2 * v + (1 - beta2) * np.sum(g * g)
    return m, v, corrected(m, beta1, t), corrected(v, beta2, t)


def averages_with(first, second):
    """The usual Adam with other numbers in its two averages."""

    def body(g, m, v, t, beta1, beta2):
        a, b = first(beta1, beta2), second(beta1, beta2)
        m, v = a[0] * m + a[1] * g, b[0] * v + b[1] * g * g
        return m, v, corrected(m, beta1, t), corrected(v, beta2, t)

    return adam_written(body)


def corrections_with(first, second):
    """The usual Adam divided by other corrections."""

    def body(g, m, v, t, beta1, beta2):
        m, v = average(m, g, beta1), average_of_squares(v, g, beta2)
        return m, v, m / first(beta1, beta2, t), v / second(beta1, beta2, t)

    return adam_written(body)


def with_lr(change):
    return adam_told(lambda lr, t, **_: {"lr": change(lr, t)})


def stepping(change):
    """gradient_descent_step that is called with, or does, something else."""

    def wrong(parameter, learning_rate):
        return change(parameter, learning_rate)

    return wrong


def clear_too(parameter, lr):
    descend_once(parameter, lr)
    parameter.grad = None


def silent(parameter, lr):
    if parameter.grad is not None:
        descend_once(parameter, lr)


def silent_unchecked(parameter, lr):
    if parameter.grad is not None:
        parameter.data = parameter.data - lr * parameter.grad.data


def unchecked(parameter, lr):
    if parameter.grad is None:
        raise ValueError("no gradient")
    parameter.data = parameter.data - lr * parameter.grad.data


def unlooked(parameter, lr):
    parameter.data = parameter.data - lr * parameter.grad.data


def careless(parameter, lr):
    if lr < 0 or not np.isfinite(lr):
        raise ValueError("lr")
    parameter.data = parameter.data - lr * parameter.grad.data


def zero_refused(parameter, lr):
    if lr <= 0:
        raise ValueError("lr must be positive")
    descend_once(parameter, lr)


def uphill_once(parameter, lr):
    descend_once(parameter, lr)
    parameter.data = parameter.data + 2 * lr * parameter.grad.data


def rate_ignored(parameter, lr):
    descend_once(parameter, lr)
    parameter.data = parameter.data + (lr - 1) * parameter.grad.data


def built_with(**changes):
    """Momentum's constructor with other numbers than it is given."""

    def init(self, params, lr=1e-3, momentum=0.9, **kwargs):
        given = {"lr": lr, "momentum": momentum}
        new = {name: change(given) for name, change in changes.items()}
        momentum_init(self, params, **{**given, **new}, **kwargs)

    return init


def never_rolls(self, group):
    return right.gradient_descent


def no_nesterov(self, group):
    return right.heavy_ball if group["momentum"] else right.gradient_descent


def amsgrad_ignored(self, group):
    return right.adam


def corrected_ignored(self, group):
    return right.amsgrad if group["amsgrad"] else right.adam


def amsgrad_exchanged(self, group):
    names = {False: right.adam, True: right.amsgrad_corrected}
    return names.get(group["amsgrad"], right.amsgrad)


right_step, right_step_group = optim.Optimizer.step, optim.Optimizer.step_group


def stop_at_missing(self, group, params):
    """`break` in the place of `continue`."""
    before = []
    for p in group["params"]:
        if p.grad is None:
            break
        before.append(p)
    right_step_group(self, group, before)


def moved_only_once(self, closure=None):
    """State, or a flag, keeps all but the first step from moving anything."""
    if self.steps == 0:
        return right_step(self, closure)
    self.steps += 1
    return None


def pow_mod(self, t):
    return self.gamma ** (t % self.step_size)


def told(name, sentence, wrong):
    return Mistake("adam", name, sentence, wrong)


LESS_USUAL = (
    Mistake("gradient_descent", "p is changed in place", "A rule makes new arrays: p -= ... "
            "writes into the one it was given, which others hold too.", descend_in_place),
    Mistake("gradient_descent", "the step is relative to p", "The gradient times lr is subtracted "
            "from p; here p is multiplied by one minus it.",
            lambda p, g, *, lr: (p * (1 - lr * g),)),
    Mistake("gradient_descent", "the gradient is normalized", "The step has length lr, however "
            "steep it is: the length of the gradient is lost.",
            lambda p, g, *, lr: (p - lr * g / (np.sqrt((g * g).sum()) + 1e-12),)),
    Mistake("gradient_descent", "half of the step", "The step is lr times the gradient, not half "
            "of that.", lambda p, g, *, lr: (p - 0.5 * lr * g,)),
    Mistake("gradient_descent", "32 bits are kept", "A rule computes in the precision of what it "
            "is given: float64 stays float64.", in_32_bits(right.gradient_descent)),
    Mistake("heavy_ball", "b is changed in place", "A rule makes new arrays: b *= ... writes into "
            "the one it was given.", roll_in_place),
    Mistake("heavy_ball", "the dampening is ignored", "The gradient enters the velocity times one "
            "minus dampening.", roll(lambda b, g, mu, tau: mu * b + g)),
    Mistake("heavy_ball", "the dampening is not complemented", "The gradient enters the velocity "
            "times *one minus* dampening: without dampening, whole.",
            roll(lambda b, g, mu, tau: mu * b + tau * g)),
    Mistake("heavy_ball", "the weights are exchanged", "momentum multiplies the old velocity, not "
            "the gradient.", roll(lambda b, g, mu, tau: (1 - mu) * b + mu * g)),
    Mistake("heavy_ball", "divided by one minus momentum", "The step is along the velocity itself: "
            "nothing is corrected here.",
            roll(lambda b, g, mu, tau: mu * b + (1 - tau) * g,
                 lambda p, b, lr, mu: p - lr * b / (1 - mu))),
    Mistake("heavy_ball", "momentum and lr are exchanged", "momentum multiplies the velocity, lr "
            "the step.", roll_exchanged),
    Mistake("heavy_ball", "the velocity only fades", "momentum multiplies the sum of velocity and "
            "nothing else: where does the gradient come in?",
            roll(lambda b, g, mu, tau: mu * b)),
    Mistake("heavy_ball", "32 bits are kept", "A rule computes in the precision of what it is "
            "given: float64 stays float64.", in_32_bits(heavy_ball)),
    told("divided by βᵗ", "The correction is *one minus* βᵗ: the weights of t steps sum to that.",
         corrections_with(lambda b1, b2, t: b1**t, lambda b1, b2, t: b2**t)),
    told("multiplied by the correction", "Divide by 1 - βᵗ: the averages are too small at first.",
         corrections_with(lambda b1, b2, t: 1 / (1 - b1**t), lambda b1, b2, t: 1 / (1 - b2**t))),
    told("β₁ in both corrections", "v is an average with β₂: divide it by 1 - β₂ᵗ.",
         corrections_with(lambda b1, b2, t: 1 - b1**t, lambda b1, b2, t: 1 - b1**t)),
    told("β₂ in both corrections", "m is an average with β₁: divide it by 1 - β₁ᵗ.",
         corrections_with(lambda b1, b2, t: 1 - b2**t, lambda b1, b2, t: 1 - b2**t)),
    told("the correction of v is outside the root", "v̂ is v divided by 1 - β₂ᵗ, and the root is "
         "taken of that.",
         corrections_with(lambda b1, b2, t: 1 - b1**t, lambda b1, b2, t: (1 - b2**t) ** 2)),
    told("the correction lags a step behind", "In step t it is 1 - βᵗ, in the first step too.",
         corrections_with(lambda b1, b2, t: 1 - b1 ** max(t - 1, 1),
                          lambda b1, b2, t: 1 - b2 ** max(t - 1, 1))),
    told("β₁ everywhere", "m is averaged and corrected with β₁, v with β₂.",
         adam_told(lambda beta1, **_: {"beta2": beta1})),
    told("β₂ everywhere", "m is averaged and corrected with β₁, v with β₂.",
         adam_told(lambda beta2, **_: {"beta1": beta2})),
    told("β₁ in the average of squares", "v is averaged with β₂.",
         averages_with(lambda b1, b2: (b1, 1 - b1), lambda b1, b2: (b1, 1 - b1))),
    told("β₂ in the average of gradients", "m is averaged with β₁.",
         averages_with(lambda b1, b2: (b2, 1 - b2), lambda b1, b2: (b2, 1 - b2))),
    told("the weights of m are exchanged", "β₁ multiplies the old m, 1 - β₁ the gradient.",
         averages_with(lambda b1, b2: (1 - b1, b1), lambda b1, b2: (b2, 1 - b2))),
    told("the weights of v are exchanged", "β₂ multiplies the old v, 1 - β₂ the square.",
         averages_with(lambda b1, b2: (b1, 1 - b1), lambda b1, b2: (1 - b2, b2))),
    told("the weights of m and v are exchanged", "β multiplies what was there before, 1 - β what "
         "is new.", averages_with(lambda b1, b2: (1 - b1, b1), lambda b1, b2: (1 - b2, b2))),
    told("m̂ and v̂ are those of before", "First the averages take in the gradient, then they are "
         "corrected.", adam_of_before),
    told("v averages the square of m", "v averages the square of the gradient itself.",
         adam_written(v_of_m)),
    told("v continues m", "v is an average of its own: β₂ multiplies the old v.",
         adam_written(v_from_m)),
    told("m continues v", "m is an average of its own: β₁ multiplies the old m.",
         adam_written(m_from_v)),
    told("one v for the whole tensor", "Each element has its own v: square element by element, do "
         "not sum.", adam_written(one_v)),
    told("a parenthesis is missing: ε is added to p", "The step is divided by √v̂ + ε as a whole: "
         "put the sum in parentheses.",
         adam_with(move=lambda p, g, m, v, lr, eps: p - lr * m / np.sqrt(v) + eps)),
    told("a parenthesis is missing: ε is added to the quotient", "The step is divided by √v̂ + ε "
         "as a whole: put the sum in parentheses.",
         adam_with(move=lambda p, g, m, v, lr, eps: p - lr * (m / np.sqrt(v) + eps))),
    told("ε is added to m̂", "ε keeps the divisor from zero: it is added to √v̂.",
         adam_with(move=lambda p, g, m, v, lr, eps: p - lr * (m + eps) / np.sqrt(v))),
    told("ε is squared", "ε is added to √v̂ as it is.",
         adam_with(move=lambda p, g, m, v, lr, eps: p - lr * m / (np.sqrt(v) + eps * eps))),
    told("ε is typed in", "ε is always 1e-8, whatever the optimizer was given.",
         adam_told(lambda **_: {"eps": 1e-8})),
    told("β₁ is typed in", "β₁ is always 0.9, whatever the optimizer was given.",
         adam_told(lambda **_: {"beta1": 0.9})),
    told("β₂ is typed in", "β₂ is always 0.999, whatever the optimizer was given.",
         adam_told(lambda **_: {"beta2": 0.999})),
    told("multiplied by √v", "Divide by √v̂: large gradients are to make no larger steps.",
         adam_with(move=lambda p, g, m, v, lr, eps: p - lr * m * (np.sqrt(v) + eps))),
    told("the sign of m̂ only", "The step is m̂ / (√v̂ + ε), not its sign.",
         adam_with(move=lambda p, g, m, v, lr, eps: p - lr * np.sign(m))),
    told("the square of the gradient in m", "m averages the gradient, v its square.",
         adam_with(m=lambda m, g, beta: beta * m + (1 - beta) * g * g)),
    told("old value forgotten", "The parameter becomes the step; it must be subtracted from where "
         "it was.",
         adam_with(move=lambda p, g, m, v, lr, eps: -lr * m / (np.sqrt(v) + eps))),
    told("lr ignored", "The step is m̂ / (√v̂ + ε) times lr.", with_lr(lambda lr, t: 1.0)),
    told("lr divided by √t", "In the paper's theory lr falls so; Algorithm 1 keeps it.",
         with_lr(lambda lr, t: lr / np.sqrt(t))),
    told("lr divided by t", "lr stays as it is: to let it fall is a schedule's work.",
         with_lr(lambda lr, t: lr / t)),
    told("m and v are changed in place", "A rule makes new arrays: m *= ... writes into the one it "
         "was given.", adam_in_place),
    told("32 bits are kept", "A rule computes in the precision of what it is given: float64 stays "
         "float64.", in_32_bits(right.adam)),
    Mistake("gradient_descent_step", "the gradient is cleared", "A step only reads the gradient; "
            "zero_grad() clears it.", stepping(clear_too)),
    Mistake("gradient_descent_step", "no gradient is passed over", "Without a gradient there is "
            "nothing to step along: the docstring promises a ValueError.", stepping(silent)),
    Mistake("gradient_descent_step", "no gradient is passed over, and lr is not checked", "The "
            "docstring promises a ValueError for each.", stepping(silent_unchecked)),
    Mistake("gradient_descent_step", "lr is not checked", "The docstring promises a ValueError for "
            "a learning rate that is negative or not finite.", stepping(unchecked)),
    Mistake("gradient_descent_step", "nothing is checked", "The docstring promises a ValueError "
            "without a gradient, and for a learning rate that is negative or not finite.",
            stepping(unlooked)),
    Mistake("gradient_descent_step", "a missing gradient is not checked", "The docstring promises "
            "a ValueError without a gradient.", stepping(careless)),
    Mistake("gradient_descent_step", "lr = 0 is refused", "Zero is no mistake: it moves nothing. "
            "Negative and infinite rates are refused.", stepping(zero_refused)),
    Mistake("gradient_descent_step", "uphill", "You add the gradient; it points uphill, so to "
            "descend it must be subtracted.", stepping(uphill_once)),
    Mistake("gradient_descent_step", "lr ignored", "The step is the gradient itself; multiply it "
            "by the learning rate.", stepping(rate_ignored)),
    Mistake("Momentum.__init__", "lr and momentum are exchanged", "SGD's constructor takes params, "
            "lr, momentum in this order; name them and the order is no matter.",
            built_with(lr=lambda n: n["momentum"], momentum=lambda n: n["lr"])),
    Mistake("Momentum.__init__", "lr is typed in", "Hand on the lr that was given.",
            built_with(lr=lambda n: 0.001)),
    Mistake("Momentum.__init__", "momentum is typed in", "Hand on the momentum that was given.",
            built_with(momentum=lambda n: 0.9)),
    Mistake("Momentum.__init__", "momentum is not handed on", "SGD's own default is 0: without "
            "momentum=momentum it is plain gradient descent.", built_with(momentum=lambda n: 0.0)),
    Mistake("SGD.rule", "never heavy_ball", "With momentum the rule is heavy_ball.", never_rolls),
    Mistake("SGD.rule", "nesterov is ignored", "With group[\"nesterov\"] the rule is nesterov.",
            no_nesterov),
    Mistake("Adam.rule", "amsgrad is ignored", "With group[\"amsgrad\"] the rule is amsgrad, or "
            "amsgrad_corrected.", amsgrad_ignored),
    Mistake("Adam.rule", "\"corrected\" is taken for True", "amsgrad=\"corrected\" asks for "
            "amsgrad_corrected; compare with == before you ask whether it is true.",
            corrected_ignored),
    Mistake("Adam.rule", "the two AMSGrads are exchanged", "True is amsgrad, \"corrected\" is "
            "amsgrad_corrected.", amsgrad_exchanged),
    Mistake("Optimizer.step_group", "the loop ends at a missing gradient", "`continue` goes on "
            "with the next parameter; `break` and `return` leave the rest where they are.",
            stop_at_missing),
    Mistake("Optimizer.step", "only the first step moves", "After the first step nothing moves: "
            "is something made, or used up, once only?", moved_only_once),
    Mistake("StepLR.factor", "rounded up", "⌊t / step_size⌋ is rounded down: //.",
            lambda self, t: self.gamma ** np.ceil(t / self.step_size)),
    Mistake("StepLR.factor", "rounded to the nearest", "⌊t / step_size⌋ is rounded down: //.",
            lambda self, t: self.gamma ** round(t / self.step_size)),
    Mistake("StepLR.factor", "only while t is a multiple", "The rate stays changed: γ to the "
            "power of how many changes there were.",
            lambda self, t: self.gamma if t and t % self.step_size == 0 else 1.0),
    Mistake("StepLR.factor", "only while t is a multiple, 0 too", "The rate stays changed: γ to "
            "the power of how many changes there were; at t = 0 there were none.",
            lambda self, t: self.gamma if t % self.step_size == 0 else 1.0),
    Mistake("StepLR.factor", "base and exponent are exchanged", "γ is raised to the number of "
            "changes, not the number to γ.",
            lambda self, t: float(t // self.step_size) ** self.gamma),
    Mistake("StepLR.factor", "γ times the count, from the start", "The factor is γ to the power of "
            "the number of changes; at t = 0 it is 1.",
            lambda self, t: self.gamma * (t // self.step_size)),
    Mistake("StepLR.factor", "% in the place of //", "t % step_size is the remainder; the "
            "number of changes is t // step_size.", pow_mod),
    Mistake("StepLR.factor", "γ is typed in", "The factor is always a power of 0.1, whatever γ was "
            "given.", lambda self, t: 0.1 ** (t // self.step_size)),
    Mistake("StepLR.factor", "step_size is ignored", "The rate falls every step_size steps, here "
            "as if that were 1 at the first and never after.",
            lambda self, t: self.gamma if t >= 1 else 1.0),
    Mistake("Scheduler.values", "one group scheduled", "Only the first group's rate changes; go "
            "through all of them.",
            lambda self, t, base_lrs: [
                {"lr": self.lr(t, base) if i == 0 else base} for i, base in enumerate(base_lrs)
            ]),
    Mistake("Scheduler.get_last_lr", "a number in the place of a list", "get_last_lr() returns a "
            "list, one rate for each group.",
            lambda self: self.optimizer.param_groups[0]["lr"]),
)  # fmt: skip

MISTAKES = (
    *(m for m in RULES if m.target.startswith(ON_TRIAL) and m.name not in ACCEPTED),
    *LESS_USUAL,
)
