"""A right solution of module 06, from scratch; the tests of the command spoil it in many ways."""

import numpy as np


def gradient_descent_step(parameter, learning_rate):
    parameter.data = parameter.data - learning_rate * parameter.grad.data


class StepLR:
    def __init__(self, optimizer, step_size, gamma=0.1):
        self.optimizer, self.step_size, self.gamma, self.t = optimizer, step_size, gamma, 0

    def step(self):
        self.t += 1
        if self.t % self.step_size == 0:
            self.optimizer.lr *= self.gamma


class SGD:
    def __init__(self, parameters, learning_rate=0.01, momentum=0.0):
        self.parameters, self.lr = parameters, learning_rate
        self.momentum, self.velocity = momentum, {}

    def step(self):
        for p in self.parameters:
            if p.grad is None:
                continue
            g = p.grad.data
            if self.momentum:
                v = self.velocity.get(id(p))
                v = g.copy() if v is None else self.momentum * v + g
                self.velocity[id(p)] = v
                g = v
            p.data -= self.lr * g

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None


class Momentum(SGD):
    def __init__(self, parameters, learning_rate=0.01, momentum=0.9):
        super().__init__(parameters, learning_rate, momentum)


class Adam(SGD):
    def __init__(self, parameters, learning_rate=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        super().__init__(parameters, learning_rate)
        self.b1, self.b2, self.eps, self.t, self.m, self.v = beta1, beta2, eps, 0, {}, {}

    def step(self):
        self.t += 1
        for p in self.parameters:
            if p.grad is None:
                continue
            g = p.grad.data
            m = self.m[id(p)] = self.b1 * self.m.get(id(p), 0) + (1 - self.b1) * g
            v = self.v[id(p)] = self.b2 * self.v.get(id(p), 0) + (1 - self.b2) * g**2
            p.data -= (
                self.lr
                * (m / (1 - self.b1**self.t))
                / (np.sqrt(v / (1 - self.b2**self.t)) + self.eps)
            )
