"""Ten people write module 06 in ten ways; all of them are right."""

from pathlib import Path

import pytest

from tinytorch.tito.grade import grade
from tinytorch.tito.lessons import find
from tinytorch.tito.workbook import body, filled, workbook

HEAD = "import numpy as np\n"

STEP = """
def gradient_descent_step(parameter, learning_rate):
    parameter.data = parameter.data - learning_rate * parameter.grad.data
"""

SCHEDULE = """
class StepLR:
    def __init__(self, optimizer, step_size, gamma=0.1):
        self.optimizer, self.step_size, self.gamma, self.t = optimizer, step_size, gamma, 0

    def step(self):
        self.t += 1
        if self.t % self.step_size == 0:
            self.optimizer.lr *= self.gamma
"""

SOLUTIONS = {}

SOLUTIONS["dictionaries of state, keyed by identity"] = (
    Path(__file__).with_name("solution.py").read_text(encoding="utf-8")
)

SOLUTIONS["lists of state, Polyak's form with the learning rate inside"] = (
    HEAD
    + STEP
    + SCHEDULE
    + """
class Base:
    def zero_grad(self):
        for p in self.ps:
            p.grad = 0 * p.data


class SGD(Base):
    def __init__(self, params, lr=0.1, momentum=0):
        self.ps, self.lr, self.mu = list(params), lr, momentum
        self.v = [np.zeros(p.data.shape) for p in self.ps]

    def step(self):
        for i in range(len(self.ps)):
            p = self.ps[i]
            if p.grad is not None:
                self.v[i] = self.mu * self.v[i] - self.lr * p.grad.data
                p.data = p.data + self.v[i]


class Momentum(SGD):
    def __init__(self, params, lr=0.1, momentum=0.9):
        SGD.__init__(self, params, lr, momentum)


class Adam(Base):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8):
        self.ps, self.lr, self.betas, self.eps = list(params), lr, betas, eps
        self.m = [np.zeros_like(p.data) for p in self.ps]
        self.v = [np.zeros_like(p.data) for p in self.ps]
        self.t = 0

    def step(self):
        self.t = self.t + 1
        b1, b2 = self.betas
        for p, m, v in zip(self.ps, self.m, self.v):
            if p.grad is None:
                continue
            m += (1 - b1) * (p.grad.data - m)
            v += (1 - b2) * (p.grad.data**2 - v)
            rate = self.lr * np.sqrt(1 - b2**self.t) / (1 - b1**self.t)
            p.data = p.data - rate * m / (np.sqrt(v) + self.eps * np.sqrt(1 - b2**self.t))
"""
)

SOLUTIONS["arithmetic of tensors instead of arrays"] = (
    HEAD
    + """
from tinytorch import Tensor


def gradient_descent_step(parameter, learning_rate):
    parameter.data = (parameter.detach() - learning_rate * parameter.grad).data


class SGD:
    def __init__(self, params, lr=0.1, momentum=0.0):
        self.params, self.lr, self.momentum = params, lr, momentum
        self.velocity = [None for _ in params]

    def step(self):
        for i, p in enumerate(self.params):
            if p.grad is None:
                continue
            v = p.grad if self.velocity[i] is None else self.momentum * self.velocity[i] + p.grad
            self.velocity[i] = v.detach().clone()
            p.data = (p.detach() - self.lr * v).data

    def zero_grad(self):
        for p in self.params:
            p.zero_grad()


def Momentum(params, lr=0.1, momentum=0.9):
    return SGD(params, lr=lr, momentum=momentum)


class Adam:
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8):
        self.params, self.lr, self.betas, self.eps, self.t = params, lr, betas, eps, 0
        self.m = [Tensor(np.zeros(p.shape)) for p in params]
        self.v = [Tensor(np.zeros(p.shape)) for p in params]

    def step(self):
        self.t += 1
        b1, b2 = self.betas
        for i, p in enumerate(self.params):
            if p.grad is not None:
                self.m[i] = b1 * self.m[i] + (1 - b1) * p.grad
                self.v[i] = b2 * self.v[i] + (1 - b2) * p.grad * p.grad
                m_hat, v_hat = self.m[i] / (1 - b1**self.t), self.v[i] / (1 - b2**self.t)
                p.data = (p.detach() - self.lr * m_hat / (v_hat.sqrt() + self.eps)).data

    def zero_grad(self):
        for p in self.params:
            p.grad = None


class StepLR:
    def __init__(self, optimizer, step_size, gamma=0.1):
        self.optimizer, self.step_size, self.gamma = optimizer, step_size, gamma
        self.first, self.count = optimizer.lr, 0

    def step(self):
        self.count += 1
        self.optimizer.lr = self.first * self.gamma ** (self.count // self.step_size)
"""
)

SOLUTIONS["the package's base class, rules of their own"] = (
    HEAD
    + """
from tinytorch.optim import Optimizer
from tinytorch.optim.schedules import Scheduler


def gradient_descent_step(parameter, learning_rate):
    parameter.data[...] -= learning_rate * parameter.grad.data


def descend(p, g, *, lr):
    return (p - lr * g,)


def roll(p, g, velocity, *, lr, momentum):
    velocity = g + momentum * velocity
    return p - lr * velocity, velocity


def moments(p, g, first, second, *, t, lr, beta1, beta2, eps):
    first = first + (1 - beta1) * (g - first)
    second = second + (1 - beta2) * (g * g - second)
    step = first / (1 - beta1**t) / (np.sqrt(second / (1 - beta2**t)) + eps)
    return p - lr * step, first, second


class SGD(Optimizer):
    def __init__(self, params, lr=0.1, momentum=0.0):
        super().__init__(params, dict(lr=lr, momentum=momentum))

    def rule(self, group):
        return roll if group["momentum"] else descend


class Momentum(SGD):
    def __init__(self, params, lr=0.1, momentum=0.9):
        super().__init__(params, lr, momentum)


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps))

    def rule(self, group):
        return moments


class StepLR(Scheduler):
    def __init__(self, optimizer, step_size, gamma=0.1):
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer)

    def factor(self, t):
        result = 1.0
        for k in range(1, t + 1):
            if k % self.step_size == 0:
                result *= self.gamma
        return result
"""
)

SOLUTIONS["closures"] = (
    HEAD
    + STEP
    + """
class Stepper:
    def __init__(self, params, lr):
        self.params, self.lr = list(params), lr
        self.updates = [self.make() for _ in self.params]

    def step(self):
        for p, update in zip(self.params, self.updates):
            if p.grad is not None:
                p.data = p.data + update(np.array(p.grad.data))

    def zero_grad(self):
        for p in self.params:
            p.grad = None


class SGD(Stepper):
    def make(self):
        return lambda g: -self.lr * g


class Momentum(Stepper):
    def __init__(self, params, lr=0.1, momentum=0.9):
        self.momentum = momentum
        super().__init__(params, lr)

    def make(self):
        velocity = 0.0

        def update(g):
            nonlocal velocity
            velocity = self.momentum * velocity + g
            return -self.lr * velocity

        return update


class Adam(Stepper):
    def __init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8):
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        super().__init__(params, lr)

    def make(self):
        m = v = t = 0

        def update(g):
            nonlocal m, v, t
            t += 1
            m = self.beta1 * m + (1 - self.beta1) * g
            v = self.beta2 * v + (1 - self.beta2) * np.square(g)
            m_hat, v_hat = m / (1 - self.beta1**t), v / (1 - self.beta2**t)
            return -self.lr * m_hat / (v_hat**0.5 + self.epsilon)

        return update
"""
    + SCHEDULE
)

SOLUTIONS["element by element, in loops"] = (
    HEAD
    + """
def gradient_descent_step(parameter, learning_rate):
    for i in np.ndindex(parameter.data.shape):
        parameter.data[i] -= learning_rate * parameter.grad.data[i]


class SGD:
    def __init__(self, parameters, learning_rate=0.01, momentum=0.0):
        self.parameters, self.learning_rate, self.momentum = parameters, learning_rate, momentum
        self.v = [np.zeros(p.shape) for p in parameters]

    def step(self):
        for p, v in zip(self.parameters, self.v):
            if p.grad is None:
                continue
            for i in np.ndindex(p.shape):
                v[i] = self.momentum * v[i] + p.grad.data[i]
                p.data[i] -= self.learning_rate * v[i]

    def zero_grad(self):
        for p in self.parameters:
            p.zero_grad()


class Momentum(SGD):
    def __init__(self, parameters, learning_rate=0.01, momentum=0.9):
        super().__init__(parameters, learning_rate, momentum)


class Adam:
    def __init__(self, parameters, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8):
        self.parameters, self.learning_rate = parameters, learning_rate
        self.beta1, self.beta2, self.epsilon, self.steps = beta1, beta2, epsilon, 0
        self.m = [np.zeros(p.shape) for p in parameters]
        self.v = [np.zeros(p.shape) for p in parameters]

    def step(self):
        self.steps += 1
        c1, c2 = 1 - self.beta1**self.steps, 1 - self.beta2**self.steps
        for p, m, v in zip(self.parameters, self.m, self.v):
            if p.grad is None:
                continue
            for i in np.ndindex(p.shape):
                g = float(p.grad.data[i])
                m[i] = self.beta1 * m[i] + (1 - self.beta1) * g
                v[i] = self.beta2 * v[i] + (1 - self.beta2) * g * g
                p.data[i] -= self.learning_rate * (m[i] / c1) / ((v[i] / c2) ** 0.5 + self.epsilon)

    def zero_grad(self):
        for p in self.parameters:
            p.zero_grad()


class StepLR:
    def __init__(self, optimizer, step_size, gamma=0.1):
        self.optimizer, self.gamma, self.left, self.size = optimizer, gamma, step_size, step_size

    def step(self):
        self.left -= 1
        if self.left == 0:
            self.optimizer.learning_rate *= self.gamma
            self.left = self.size
"""
)

SOLUTIONS["one class for all, param_groups as in PyTorch"] = (
    HEAD
    + STEP
    + """
class Optimizer:
    def __init__(self, params, **defaults):
        self.param_groups = [dict(params=list(params), **defaults)]
        self.state = {}

    def zero_grad(self):
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None

    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self.update(p, p.grad.data, self.state.setdefault(id(p), {}), group)


class SGD(Optimizer):
    def __init__(self, params, lr=0.1, momentum=0.0):
        super().__init__(params, lr=lr, momentum=momentum)

    def update(self, p, g, state, group):
        state["b"] = group["momentum"] * state.get("b", np.zeros_like(g)) + g
        p.data = p.data - group["lr"] * state["b"]


class Momentum(SGD):
    def __init__(self, params, lr=0.1, momentum=0.9):
        super().__init__(params, lr=lr, momentum=momentum)


class Adam(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, lr=lr, betas=betas, eps=eps)

    def update(self, p, g, state, group):
        (b1, b2), t = group["betas"], state.get("t", 0) + 1
        m = b1 * state.get("m", 0.0) + (1 - b1) * g
        v = b2 * state.get("v", 0.0) + (1 - b2) * g * g
        state.update(t=t, m=m, v=v)
        p.data = p.data - group["lr"] * m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + group["eps"])


class StepLR:
    def __init__(self, optimizer, step_size, gamma=0.1):
        self.optimizer, self.step_size, self.gamma, self.last_epoch = optimizer, step_size, gamma, 0

    def step(self):
        self.last_epoch += 1
        if self.last_epoch % self.step_size == 0:
            for group in self.optimizer.param_groups:
                group["lr"] *= self.gamma
"""
)

SOLUTIONS["single precision throughout"] = (
    HEAD
    + """
def f(x):
    return np.asarray(x, dtype=np.float32)


def gradient_descent_step(parameter, learning_rate):
    parameter.data = f(parameter.data) - np.float32(learning_rate) * f(parameter.grad.data)


class SGD:
    def __init__(self, params, lr=0.1, momentum=0.0):
        self.params, self.lr, self.momentum = params, lr, momentum
        self.v = [np.zeros(p.shape, np.float32) for p in params]

    def step(self):
        for i, p in enumerate(self.params):
            if p.grad is not None:
                self.v[i] = np.float32(self.momentum) * self.v[i] + f(p.grad.data)
                p.data = f(p.data) - np.float32(self.lr) * self.v[i]

    def zero_grad(self):
        for p in self.params:
            p.grad = None


class Momentum(SGD):
    def __init__(self, params, lr=0.1, momentum=0.9):
        super().__init__(params, lr, momentum)


class Adam(SGD):
    def __init__(self, params, lr=0.1, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, lr)
        self.betas, self.eps, self.t = betas, eps, 0
        self.m = [np.zeros(p.shape, np.float32) for p in params]

    def step(self):
        self.t += 1
        b1, b2 = self.betas
        for i, p in enumerate(self.params):
            if p.grad is not None:
                g = f(p.grad.data)
                self.m[i] = f(b1 * self.m[i] + (1 - b1) * g)
                self.v[i] = f(b2 * self.v[i] + (1 - b2) * g * g)
                m, v = self.m[i] / (1 - b1**self.t), self.v[i] / (1 - b2**self.t)
                p.data = f(f(p.data) - self.lr * m / (np.sqrt(v) + self.eps))
"""
    + SCHEDULE
)

SOLUTIONS["data classes and a generator"] = (
    HEAD
    + STEP
    + """
from dataclasses import dataclass, field


@dataclass
class SGD:
    params: list
    lr: float = 0.1
    momentum: float = 0.0
    buffers: list = field(default_factory=list)

    def moving(self):
        yield from ((i, p) for i, p in enumerate(self.params) if p.grad is not None)

    def step(self):
        self.buffers = self.buffers or [np.zeros(p.shape) for p in self.params]
        for i, p in self.moving():
            self.buffers[i] = self.momentum * self.buffers[i] + p.grad.data
            p.data -= self.lr * self.buffers[i]

    def zero_grad(self):
        for _, p in self.moving():
            p.grad = None


@dataclass
class Momentum(SGD):
    momentum: float = 0.9


@dataclass
class Adam(SGD):
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    t: int = 0

    def step(self):
        self.t += 1
        self.buffers = self.buffers or [np.zeros((2, *p.shape)) for p in self.params]
        for i, p in self.moving():
            g = p.grad.data
            betas = np.array([self.beta1, self.beta2]).reshape(2, *[1] * g.ndim)
            self.buffers[i] = betas * self.buffers[i] + (1 - betas) * np.stack([g, g * g])
            m, v = self.buffers[i] / (1 - betas**self.t)
            p.data -= self.lr * m / (np.sqrt(v) + self.eps)
"""
    + SCHEDULE
)

SOLUTIONS["functions of the state, bias correction by running products"] = (
    HEAD
    + STEP
    + """
class SGD:
    def __init__(self, parameters, learning_rate, momentum=0.0):
        self.parameters, self.momentum = tuple(parameters), momentum
        self.learning_rate = learning_rate
        self.state = [self.begin(p) for p in self.parameters]

    def begin(self, p):
        return 0.0

    def advance(self, g, velocity):
        velocity = g + self.momentum * velocity
        return velocity, velocity

    def step(self):
        for k, p in enumerate(self.parameters):
            if p.grad is None:
                continue
            direction, self.state[k] = self.advance(p.grad.data * 1.0, self.state[k])
            p.data = p.data - self.learning_rate * direction

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None


class Momentum(SGD):
    def __init__(self, parameters, learning_rate, momentum=0.9):
        super().__init__(parameters, learning_rate, momentum)


class Adam(SGD):
    def __init__(self, parameters, learning_rate=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.beta1, self.beta2, self.eps = beta1, beta2, eps
        super().__init__(parameters, learning_rate)

    def begin(self, p):
        return 0.0, 0.0, 1.0, 1.0

    def advance(self, g, state):
        m, v, power1, power2 = state
        power1, power2 = power1 * self.beta1, power2 * self.beta2
        m, v = self.beta1 * m + (1 - self.beta1) * g, self.beta2 * v + (1 - self.beta2) * g * g
        step = (m / (1 - power1)) / (np.sqrt(v / (1 - power2)) + self.eps)
        return step, (m, v, power1, power2)


class StepLR:
    def __init__(self, optimizer, step_size, gamma=0.1):
        self.optimizer, self.step_size, self.gamma, self.t = optimizer, step_size, gamma, 0
        self.base = optimizer.learning_rate

    def get_last_lr(self):
        return [self.optimizer.learning_rate]

    def step(self):
        self.t += 1
        self.optimizer.learning_rate = self.base * self.gamma ** (self.t // self.step_size)
"""
)


def test_there_are_ten_of_them():
    assert len(SOLUTIONS) == len(set(SOLUTIONS.values())) == 10


@pytest.mark.parametrize("name", SOLUTIONS)
def test_accepted(name, space):
    lesson = find("06")
    result = grade(lesson, space.write(lesson, SOLUTIONS[name]))
    assert result.problem == ""
    bad = [(o.check, o.state, o.message, o.got, o.expected) for o in result.outcomes if not o.good]
    assert not bad
    assert result.status == 0


def test_numbers_that_must_be_given_by_name_are_given(space):
    """A constructor may insist on betas and eps; the checks that leave them open say the usual."""
    name = "dictionaries of state, keyed by identity"
    text = SOLUTIONS[name].replace(
        "learning_rate=0.001, beta1=0.9, beta2=0.999, eps=1e-8",
        "learning_rate=0.001, *, betas, eps",
    )
    text = text.replace(
        "self.b1, self.b2, self.eps, self.t, self.m, self.v = beta1, beta2,",
        "(self.b1, self.b2), self.eps, self.t, self.m, self.v = betas,",
    )
    assert text.count("betas") == 2
    assert grade(find("06"), space.write(find("06"), text)).status == 0


IN_PLACE = {
    "gradient_descent": ("return (p - lr * g,)", "p -= lr * g\nreturn (p,)"),
    "heavy_ball": ("return p - lr * b, b", "g *= lr\nreturn p - lr * b, b"),
    "adam": ("m = beta1 * m + (1 - beta1) * g", "m *= beta1\nm += (1 - beta1) * g"),
}


@pytest.mark.parametrize("rule", IN_PLACE)
def test_a_rule_that_works_in_place_is_told_so(rule, space):
    """The steps it makes may be right; what it was given is not its own."""
    lesson = find("06")
    right, wrong = IN_PLACE[rule]
    answers = {e.target: body(lesson, e.target) for e in lesson.exercises}
    assert right in answers[rule]
    answers[rule] = answers[rule].replace(right, wrong)
    result = grade(lesson, space.write(lesson, filled(workbook(lesson), lesson, answers)))
    states = {o.check: (o.state, o.where) for o in result.outcomes if not o.good}
    state, where = states[f"{rule} changes nothing in place"]
    assert state == "failed"
    assert where.endswith("which the rule was given, is changed")


def test_an_exponential_that_overflows_is_told_so(space):
    lesson = find("02")
    answers = {"Sigmoid.forward": "return Tensor(1 / (1 + np.exp(-x.data)))"}
    answers = {e.target: body(lesson, e.target) for e in lesson.exercises} | answers
    result = grade(lesson, space.write(lesson, filled(workbook(lesson), lesson, answers)))
    (bad,) = [o for o in result.outcomes if not o.good]
    assert (bad.check, bad.mistake) == ("Sigmoid: far from zero", "the sigmoid overflows")
    assert (bad.where, bad.got) == ("a number overflows on the way", True)
