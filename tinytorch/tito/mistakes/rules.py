"""The wrong versions that people write: what the tests must notice, and the grader can name.

A mistake replaces one function of the package by another one. Rules are pure functions, so most
mistakes are a line. `with mistake.applied():` makes the package wrong in this one way.
"""

import numpy as np

from tinytorch.core.tensor import Tensor

# Under other names, so that `applied` does not replace what the mistakes themselves are made of.
from tinytorch.optim.optimizer import Optimizer
from tinytorch.optim.optimizer import coupled as right_coupled
from tinytorch.optim.optimizer import decoupled as right_decoupled
from tinytorch.optim.optimizers import adam as right_adam
from tinytorch.optim.optimizers import heavy_ball as right_heavy_ball
from tinytorch.optim.optimizers import nesterov as right_nesterov
from tinytorch.optim.schedules import LinearLR, Scheduler
from tinytorch.tito.lesson import Mistake

# Adam in parts, each of which can be wrong


def average(m, g, beta):
    return beta * m + (1 - beta) * g


def average_of_squares(v, g, beta):
    return beta * v + (1 - beta) * g * g


def corrected(m, beta, t):
    return m / (1 - beta**t)


def uncorrected(m, beta, t):
    return m


def move(p, g, m_hat, v_hat, lr, eps):
    return p - lr * m_hat / (np.sqrt(v_hat) + eps)


def adam_with(m=average, v=average_of_squares, m_hat=corrected, v_hat=corrected, move=move):
    """Adam with other parts."""
    update_m, update_v, correct_m, correct_v = m, v, m_hat, v_hat

    def rule(p, g, m, v, *, t, lr, beta1, beta2, eps):
        m, v = update_m(m, g, beta1), update_v(v, g, beta2)
        m_hat, v_hat = correct_m(m, beta1, t), correct_v(v, beta2, t)
        return move(p, g, m_hat, v_hat, lr, eps), m, v

    return rule


def adam_told(change):
    """Adam that gets other numbers than it should."""

    def rule(p, g, m, v, *, t, lr, beta1, beta2, eps):
        numbers = dict(t=t, lr=lr, beta1=beta1, beta2=beta2, eps=eps)
        return right_adam(p, g, m, v, **{**numbers, **change(**numbers)})

    return rule


def swapped_powers(p, g, m, v, *, t, lr, beta1, beta2, eps):
    m, v = average(m, g, beta1), average_of_squares(v, g, beta2)
    return move(p, g, corrected(m, beta2, t), corrected(v, beta1, t), lr, eps), m, v


def stored_corrections(p, g, m, v, *, t, lr, beta1, beta2, eps):
    m, v = average(m, g, beta1), average_of_squares(v, g, beta2)
    m, v = corrected(m, beta1, t), corrected(v, beta2, t)
    return move(p, g, m, v, lr, eps), m, v


def eps_before_correction(p, g, m, v, *, t, lr, beta1, beta2, eps):
    m, v = average(m, g, beta1), average_of_squares(v, g, beta2)
    return p - lr * corrected(m, beta1, t) * (1 - beta2**t) ** 0.5 / (np.sqrt(v) + eps), m, v


def forgotten_averages(p, g, m, v, *, t, lr, beta1, beta2, eps):
    new_p, *_ = right_adam(p, g, m, v, t=t, lr=lr, beta1=beta1, beta2=beta2, eps=eps)
    return new_p, m, v


def exchanged_averages(p, g, m, v, *, t, lr, beta1, beta2, eps):
    m, v = average(m, g, beta1), average_of_squares(v, g, beta2)
    return move(p, g, corrected(m, beta1, t), corrected(v, beta2, t), lr, eps), v, m


# Momentum, wrong


def reversed_velocity(p, g, b, *, lr, momentum, dampening):
    b = (1 - dampening) * g - momentum * b
    return p - lr * b, b


def lr_twice(p, g, b, *, lr, momentum, dampening):
    b = momentum * b + (1 - dampening) * lr * g
    return p - lr * b, b


def lr_inside(p, g, b, *, lr, momentum, dampening):
    b = momentum * b + (1 - dampening) * lr * g
    return p - b, b


def averaged_velocity(p, g, b, *, lr, momentum, dampening):
    b = momentum * b + (1 - momentum) * g
    return p - lr * b, b


def forgotten_velocity(p, g, b, *, lr, momentum, dampening):
    return p - lr * (1 - dampening) * g, b


def old_velocity(p, g, b, *, lr, momentum, dampening):
    return p - lr * b, momentum * b + (1 - dampening) * g


def momentum_on_gradient(p, g, b, *, lr, momentum, dampening):
    b = b + momentum * (1 - dampening) * g
    return p - lr * b, b


def momentum_on_both(p, g, b, *, lr, momentum, dampening):
    b = momentum * (b + (1 - dampening) * g)
    return p - lr * b, b


def ascending_velocity(p, g, b, *, lr, momentum, dampening):
    b = momentum * b + (1 - dampening) * g
    return p + lr * b, b


def fixed_momentum(p, g, b, *, lr, momentum, dampening):
    return right_heavy_ball(p, g, b, lr=lr, momentum=0.9, dampening=dampening)


def velocity_twice(p, g, b, *, lr, momentum, dampening):
    b = momentum * b + (1 - dampening) * g
    return p - lr * (b + momentum * b), b


def gradient_left_out(p, g, b, *, lr, momentum, dampening):
    b = momentum * b + (1 - dampening) * g
    return p - lr * momentum * b, b


def exchanged_velocity(p, g, b, *, lr, momentum, dampening):
    b = momentum * b + (1 - dampening) * g
    return b, p - lr * b


# The loop around the rules, wrong

step, step_group = Optimizer.step, Optimizer.step_group
numbers, initial_state = Optimizer.numbers, Optimizer.initial_state


def every_parameter(optimizer):
    return [p for group in optimizer.param_groups for p in group["params"]]


def keep_gradients(self, set_to_none=True):
    pass


def forget_first_gradient(self, set_to_none=True):
    every_parameter(self)[0].grad = None


def step_first(self, group, params):
    step_group(self, group, params[:1])


def step_and_forget(self, closure=None):
    loss = step(self, closure)
    self.zero_grad()
    return loss


def step_missing_as_zero(self, closure=None):
    for p in every_parameter(self):
        p.grad = Tensor(np.zeros_like(p.data)) if p.grad is None else p.grad
    return step(self, closure)


def step_missing_fails(self, closure=None):
    for p in every_parameter(self):
        p.grad.data  # noqa: B018
    return step(self, closure)


def count_parameters(self, group, params):
    for p in params:
        self.state[p]["t"] = getattr(self, "_counted", 0)
        step_group(self, group, [p])
        self._counted = self.state[p]["t"]


def count_for_all(self, group, t):
    return numbers(self, group, self.steps + 1)


def first_lr(self, group, t):
    return {**numbers(self, group, t), "lr": self.defaults["lr"]}


def first_group(self, group, t):
    return numbers(self, self.param_groups[0], t)


def shared_state(self, p, group):
    if not hasattr(self, "_shared"):
        self._shared = {}
    return self._shared.setdefault(p.shape, initial_state(self, p, group))


def fresh_state(self, group, params):
    for p in params:
        self.state[p] = {"t": 0, **initial_state(self, p, group)}
    step_group(self, group, params)


def alias_gradient(self, group, params):
    step_group(self, group, params)
    for p in params:
        state = self.state[p]
        if "b" in state and state["t"] == 1:
            state["b"] = p.grad.data


def decay_in_place(p, g, *, weight_decay):
    g += weight_decay * p
    return p, g


def ascend_in_place(p, g):
    np.negative(g, out=g)
    return p, g


def first_group_only(self, t, base_lrs):
    values = [{"lr": base} for base in base_lrs]
    values[0]["lr"] = self.lr(t, base_lrs[0])
    return values


MISTAKES = (
    Mistake("gradient_descent", "uphill",
        "You add the gradient; it points uphill, so to descend it must be subtracted.",
        lambda p, g, *, lr: (p + lr * g,)),
    Mistake("gradient_descent", "lr ignored",
        "The step is the gradient itself; multiply it by lr.",
        lambda p, g, *, lr: (p - g,)),
    Mistake("gradient_descent", "lr typed in",
        "The step is always 0.01 of the gradient, whatever lr the optimizer was given.",
        lambda p, g, *, lr: (p - 0.01 * g,)),
    Mistake("gradient_descent", "sign of the gradient only",
        "Every weight moves by lr, however steep the slope: the size of the gradient is lost.",
        lambda p, g, *, lr: (p - lr * np.sign(g),)),
    Mistake("gradient_descent", "old value forgotten",
        "The parameter becomes the step; the step must be subtracted from where it was.",
        lambda p, g, *, lr: (-lr * g,)),
    Mistake("gradient_descent", "divided by lr",
        "The gradient is divided by lr, so a smaller lr makes larger steps.",
        lambda p, g, *, lr: (p - g / lr,)),
    Mistake("gradient_descent", "nothing stored",
        "The new value is computed, but the parameter keeps the old one.",
        lambda p, g, *, lr: (p,)),
    Mistake("coupled", "decay pushes away",
        "The decay is subtracted from the gradient, so weights grow instead of shrinking.",
        lambda p, g, *, weight_decay: (p, g - weight_decay * p)),
    Mistake("coupled", "decay decoupled",
        "The decay shrinks the parameter directly; here it belongs to the gradient, and so "
        "enters the velocity or the averages.",
        right_decoupled),
    Mistake("coupled", "decay without the weight",
        "The decay adds a constant to every gradient; it must be proportional to the weight.",
        lambda p, g, *, weight_decay: (p, g + weight_decay)),
    Mistake("coupled", "decay times lr twice",
        "The decay in the gradient is already multiplied by lr in the step; here it is twice.",
        lambda p, g, *, lr, weight_decay: (p, g + lr * weight_decay * p)),
    Mistake("coupled", "decay ignored",
        "weight_decay has no effect: add λ p to the gradient.",
        lambda p, g, *, weight_decay: (p, g)),
    Mistake("coupled", "decay changes the gradient",
        "The decay is added into the gradient's own array; a step must only read it.",
        decay_in_place),
    Mistake("decoupled", "decay coupled",
        "The decay enters the gradient, and is then divided by √v like it; AdamW shrinks the "
        "parameter directly.",
        right_coupled),
    Mistake("decoupled", "decay without lr",
        "The weight shrinks by λ of itself in every step; it should be lr · λ.",
        lambda p, g, *, weight_decay: (p * (1 - weight_decay), g)),
    Mistake("decoupled", "decay grows",
        "The weight is multiplied by 1 + lr λ; it should shrink, by 1 - lr λ.",
        lambda p, g, *, lr, weight_decay: (p * (1 + lr * weight_decay), g)),
    Mistake("ascend", "maximize ignored",
        "maximize=True still goes downhill.",
        lambda p, g: (p, g)),
    Mistake("ascend", "maximize changes the gradient",
        "The sign is flipped in the gradient's own array; a step must only read it.",
        ascend_in_place),
    Mistake("heavy_ball", "velocity reversed",
        "The old velocity is subtracted from the gradient; the two should add up.",
        reversed_velocity),
    Mistake("heavy_ball", "velocity uphill",
        "The velocity sums gradients, which point uphill: subtract lr times the velocity.",
        ascending_velocity),
    Mistake("heavy_ball", "lr twice",
        "lr multiplies the gradient on its way into the velocity and the velocity again in the "
        "step; once is enough.",
        lr_twice),
    Mistake("heavy_ball", "lr inside the velocity",
        "lr stands inside the velocity, so old gradients keep the lr of their time; when lr "
        "changes, the step should change at once.",
        lr_inside),
    Mistake("heavy_ball", "velocity averaged",
        "The gradient enters the velocity times (1 - momentum). The velocity should be a sum, "
        "not an average: b ← β b + g.",
        averaged_velocity),
    Mistake("heavy_ball", "velocity forgotten",
        "The velocity is not kept from step to step: this is plain gradient descent.",
        forgotten_velocity),
    Mistake("heavy_ball", "old velocity used",
        "The parameter moves before the velocity has taken in the gradient, a step too late.",
        old_velocity),
    Mistake("heavy_ball", "momentum on the gradient",
        "momentum multiplies the gradient instead of the old velocity, which then never fades.",
        momentum_on_gradient),
    Mistake("heavy_ball", "momentum on both",
        "momentum multiplies the new gradient too; it should multiply only the old velocity.",
        momentum_on_both),
    Mistake("heavy_ball", "p and b exchanged",
        "The rule returns b, p; what it returns is kept in the order of its arguments: p, b.",
        exchanged_velocity),
    Mistake("heavy_ball", "Nesterov instead",
        "The step looks ahead (g + momentum · b); plain momentum steps along b.", right_nesterov),
    Mistake("heavy_ball", "momentum typed in",
        "The momentum is always 0.9, whatever the optimizer was given.", fixed_momentum),
    Mistake("SGD.numbers", "dampening from the first step",
        "The first gradient is dampened too; the velocity should start as the gradient itself.",
        numbers),
    Mistake("nesterov", "no look-ahead",
        "This is plain momentum: the step should be along g + momentum · b.", right_heavy_ball),
    Mistake("nesterov", "velocity twice",
        "The look-ahead starts from the new velocity instead of the gradient: g + momentum · b.",
        velocity_twice),
    Mistake("nesterov", "gradient left out",
        "The step is momentum · b alone; the gradient itself is missing: g + momentum · b.",
        gradient_left_out),
    Mistake("adam", "no bias correction",
        "m and v start at zero and are too small at first; divide them by 1 - βᵗ.",
        adam_with(m_hat=uncorrected, v_hat=uncorrected)),
    Mistake("adam", "only m corrected",
        "v starts at zero too: divide it by 1 - β₂ᵗ, or the first steps are far too long.",
        adam_with(v_hat=uncorrected)),
    Mistake("adam", "only v corrected",
        "m starts at zero too: divide it by 1 - β₁ᵗ, or the first steps are too short.",
        adam_with(m_hat=uncorrected)),
    Mistake("adam", "correction frozen",
        "The correction is always that of the first step; t must grow.",
        adam_told(lambda **_: {"t": 1})),
    Mistake("adam", "t starts at 0",
        "In the first step t is 0 and 1 - β⁰ = 0: a division by zero. Count before you use t.",
        adam_told(lambda t, **_: {"t": t - 1})),
    Mistake("adam", "t starts at 2",
        "In the first step t is already 2; it is counted twice, or starts at 1 and then counts.",
        adam_told(lambda t, **_: {"t": t + 1})),
    Mistake("adam", "β times t",
        "The correction divides by 1 - β · t; it should be the power, 1 - βᵗ.",
        adam_with(m_hat=lambda m, b, t: m / (1 - b * t), v_hat=lambda v, b, t: v / (1 - b * t))),
    Mistake("adam", "corrections exchanged",
        "m is divided by 1 - β₂ᵗ and v by 1 - β₁ᵗ; each needs its own β.", swapped_powers),
    Mistake("adam", "corrected averages stored",
        "The corrected m and v are kept for the next step, and corrected again; give them "
        "names of their own.",
        stored_corrections),
    Mistake("adam", "averages not kept",
        "The rule returns the m and v that it was given: each step averages from zero again.",
        forgotten_averages),
    Mistake("adam", "m and v exchanged",
        "The rule returns p, v, m; what it returns is kept in the order of its arguments: p, m, v.",
        exchanged_averages),
    Mistake("adam", "ε inside the root",
        "ε is added to v before the root; Adam adds it after.",
        adam_with(move=lambda p, g, m, v, lr, eps: p - lr * m / np.sqrt(v + eps))),
    Mistake("adam", "ε before the correction",
        "ε is added to the uncorrected √v, so in the first steps it weighs more than it should.",
        eps_before_correction),
    Mistake("adam", "no ε",
        "Without ε a weight with a tiny gradient moves as far as any, and 0 / 0 is not a number.",
        adam_told(lambda **_: {"eps": 0.0})),
    Mistake("adam", "betas exchanged",
        "β₁ belongs to m and β₂ to v; here it is the other way round.",
        adam_told(lambda beta1, beta2, **_: {"beta1": beta2, "beta2": beta1})),
    Mistake("adam", "betas typed in",
        "The averages always use 0.9 and 0.999, whatever betas the optimizer was given.",
        adam_told(lambda **_: {"beta1": 0.9, "beta2": 0.999})),
    Mistake("adam", "no root",
        "m is divided by v; it should be divided by the square root of v.",
        adam_with(move=lambda p, g, m, v, lr, eps: p - lr * m / (v + eps))),
    Mistake("adam", "v averages the gradient",
        "v must average the square of the gradient; of the gradient itself there may be no root.",
        adam_with(v=average)),
    Mistake("adam", "v averages |g|",
        "v must average the square of the gradient, not its size.",
        adam_with(v=lambda v, g, beta: average(v, np.abs(g), beta))),
    Mistake("adam", "m sums",
        "The new gradient enters m whole; it should be weighted by 1 - β₁.",
        adam_with(m=lambda m, g, beta: beta * m + g)),
    Mistake("adam", "v sums",
        "The new square enters v whole; it should be weighted by 1 - β₂.",
        adam_with(v=lambda v, g, beta: beta * v + g * g)),
    Mistake("adam", "gradient instead of m",
        "The step uses the gradient of the moment; Adam steps along the average m̂.",
        adam_with(move=lambda p, g, m, v, lr, eps: p - lr * g / (np.sqrt(v) + eps))),
    Mistake("adam", "not divided by √v",
        "The step is lr · m̂ alone; dividing by √v̂ is what adapts it to each weight.",
        adam_with(move=lambda p, g, m, v, lr, eps: p - lr * m)),
    Mistake("adam", "uphill",
        "The step is added; the gradient points uphill, so it must be subtracted.",
        adam_with(move=lambda p, g, m, v, lr, eps: p + lr * m / (np.sqrt(v) + eps))),
    Mistake("adam", "lr typed in",
        "lr is always 0.001, whatever the optimizer was given.",
        adam_told(lambda **_: {"lr": 0.001})),
    Mistake("Optimizer.zero_grad", "zero_grad does nothing",
        "Old gradients stay, and the next backward pass adds to them.", keep_gradients),
    Mistake("Optimizer.zero_grad", "zero_grad forgets one",
        "Only the first parameter's gradient is cleared; go through all of them.",
        forget_first_gradient),
    Mistake("Optimizer.step_group", "one parameter moves",
        "Only the first parameter is moved; go through all of them.", step_first),
    Mistake("Optimizer.step", "step clears the gradients",
        "step() forgets the gradients; that is for zero_grad(), when the user asks for it.",
        step_and_forget),
    Mistake("Optimizer.step", "no gradient taken for zero",
        "A parameter without a gradient must be left alone; here its velocity, decay or averages "
        "go on moving it.",
        step_missing_as_zero),
    Mistake("Optimizer.step", "no gradient fails",
        "A parameter without a gradient must be left alone; here step() reads what is not there.",
        step_missing_fails),
    Mistake("Optimizer.step_group", "t counts parameters",
        "t grows with every parameter instead of with every step: it is counted inside the loop.",
        count_parameters),
    Mistake("Optimizer.numbers", "one t for all",
        "A parameter's t must count the steps it took part in: its averages did not change in "
        "the others.",
        count_for_all),
    Mistake("Optimizer.numbers", "lr read once",
        "The lr of the beginning is used for ever, so a scheduler has no effect.", first_lr),
    Mistake("Optimizer.numbers", "values of the first group",
        "All groups are stepped with the values of the first.", first_group),
    Mistake("Optimizer.initial_state", "state shared",
        "Parameters of one shape share one velocity (or m and v); each needs its own.",
        shared_state),
    Mistake("Optimizer.step_group", "state begins anew",
        "The state is made afresh in every step, so nothing is remembered; make it once.",
        fresh_state),
    Mistake("Optimizer.step_group", "velocity is the gradient's array",
        "The first velocity is the gradient's own array, not a copy: what changes one changes "
        "the other.",
        alias_gradient),
    Mistake("StepLR.factor", "a step early",
        "The rate changes at t = step_size - 1; the first change is due at t = step_size.",
        lambda self, t: self.gamma ** ((t + 1) // self.step_size)),
    Mistake("StepLR.factor", "a step late",
        "The rate changes at t = step_size + 1; the first change is due at t = step_size.",
        lambda self, t: self.gamma ** (max(t - 1, 0) // self.step_size)),
    Mistake("StepLR.factor", "at once",
        "t = 0 is divisible by step_size too: the rate has changed before the first step.",
        lambda self, t: self.gamma ** (t // self.step_size + 1)),
    Mistake("StepLR.factor", "period too long",
        "The rate changes every step_size + 1 steps.",
        lambda self, t: self.gamma ** (t // (self.step_size + 1))),
    Mistake("StepLR.factor", "every step",
        "The rate changes in every step, not every step_size steps.",
        lambda self, t: self.gamma**t),
    Mistake("StepLR.factor", "no whole division",
        "t / step_size is not rounded down, so the rate glides instead of stepping.",
        lambda self, t: self.gamma ** (t / self.step_size)),
    Mistake("StepLR.factor", "once only",
        "The rate changes at t = step_size and never again.",
        lambda self, t: self.gamma if t >= self.step_size else 1.0),
    Mistake("StepLR.factor", "compounded",
        "The rate is multiplied by γ^⌊t / step_size⌋ again in every step; that power belongs to "
        "the initial rate.",
        lambda self, t: self.gamma ** sum(i // self.step_size for i in range(t + 1))),
    Mistake("StepLR.factor", "γ times the count",
        "The factor is γ times the number of changes; it should be γ to that power.",
        lambda self, t: self.gamma * (t // self.step_size) if t >= self.step_size else 1.0),
    Mistake("StepLR.factor", "γ subtracted",
        "The factor shrinks by the same amount at each change; it should be multiplied by γ.",
        lambda self, t: max(1 - (1 - self.gamma) * (t // self.step_size), 0.0)),
    Mistake("StepLR.factor", "divided by γ",
        "The rate is divided by γ, so it grows.",
        lambda self, t: self.gamma ** -(t // self.step_size)),
    Mistake("Scheduler.values", "one group scheduled",
        "Only the first group's rate changes; go through all of them.", first_group_only),
    Mistake("LinearLR.factor", "line without an end",
        "The line goes on after total_iters; the factor should stay at end_factor.",
        lambda self, t: (
            self.start_factor + (self.end_factor - self.start_factor) * t / self.total_iters
        )),
    Mistake("LinearLR.factor", "line a step late",
        "The line reaches its end at total_iters + 1; that value is due at total_iters.",
        lambda self, t, right=LinearLR.factor: right(self, max(t - 1, 0))),
    Mistake("CosineAnnealingLR.lr", "whole cosine",
        "A whole period fits into T, so the rate is back at its start; T is half a period.",
        lambda self, t, base: (
            self.eta_min + (base - self.eta_min) * (1 + np.cos(2 * np.pi * t / self.T_max)) / 2
        )),
    Mistake("CosineAnnealingLR.lr", "not halved",
        "1 + cos goes from 2 to 0: without the half the rate begins at twice its base.",
        lambda self, t, base: (
            self.eta_min + (base - self.eta_min) * (1 + np.cos(np.pi * t / self.T_max))
        )),
    Mistake("CosineAnnealingLR.lr", "η not subtracted",
        "The rate goes from base + η to η; the cosine should span base - η.",
        lambda self, t, base: self.eta_min + base * (1 + np.cos(np.pi * t / self.T_max)) / 2),
    Mistake("Scheduler.step", "scheduler does not move",
        "The value at t = 0 is set again and again: t must grow.",
        lambda self: Scheduler._move(self, lambda: None)),
)  # fmt: skip
