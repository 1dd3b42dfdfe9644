"""Referees written from the papers, for rules that no library of the tests has.

They take other ways than the package where there are any: loops over coordinates, another
decomposition, the moments kept in another basis.
"""

import math

import numpy as np
import scipy.linalg

from tests.optim.referees.problem import Problem


def each_parameter(start_and_step):
    """A referee out of a generator function of (start, gradients) that yields the parameter."""

    def referee(kwargs: dict, given: Problem) -> np.ndarray:
        columns = []
        for i, start in enumerate(given.starts):
            gradients = [step[i] for step in given.gradients]
            rows = [np.ravel(p) for p in start_and_step(start.copy(), gradients, **kwargs)]
            columns.append(np.array(rows))
        return np.concatenate(columns, axis=1)

    return referee


@each_parameter
def sophia(p, gradients, *, lr, beta1, beta2, rho, batch, decay):
    """Liu et al. 2024, coordinate by coordinate, the curvature renewed in every step."""
    shape, p = p.shape, p.ravel().tolist()
    m, h = [0.0] * len(p), [0.0] * len(p)
    for gradient in gradients:
        for i, g in enumerate(gradient.ravel().tolist()):
            h[i] = beta2 * h[i] + (1 - beta2) * g**2
            m[i] = beta1 * m[i] + (1 - beta1) * g
            ratio = min(abs(m[i]) / (rho * batch * h[i] + 1e-15), 1)
            p[i] -= lr * decay * p[i]
            p[i] -= lr * math.copysign(ratio, m[i])
        yield np.reshape(p, shape)


@each_parameter
def adan(p, gradients, *, lr, beta1, beta2, beta3, epsilon, decay):
    """Xie et al. 2022, Algorithm 1, each average as the sum that it is, divided by its weights."""

    def average(values, beta):
        weights = [beta**k for k in reversed(range(len(values)))]
        return sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)

    changes = [np.zeros_like(p), *np.diff(gradients, axis=0)]
    squares = [(g + beta2 * c) ** 2 for g, c in zip(gradients, changes, strict=True)]
    for t in range(1, len(gradients) + 1):
        rate = lr / (np.sqrt(average(squares[:t], beta3)) + epsilon)
        ahead = average(gradients[:t], beta1) + beta2 * average(changes[:t], beta2)
        p = (p - rate * ahead) / (1 + lr * decay)
        yield p


def kept(update: list, gradient: list) -> list:
    """What of an update agrees with the gradient, enlarged by how many there are of how many."""
    agree = [i for i, (u, g) in enumerate(zip(update, gradient, strict=True)) if u * g > 0]
    share = max(len(agree) / len(update), 1e-3)
    return [update[i] / share if i in agree else 0.0 for i in range(len(update))]


@each_parameter
def cautious(p, gradients, *, lr, beta1, beta2, epsilon, joined, apart):
    """Liang et al. 2024 on Adam, number by number."""
    shape, p = p.shape, p.ravel().tolist()
    m, v = [0.0] * len(p), [0.0] * len(p)
    for t, gradient in enumerate(gradients, start=1):
        g = [a + joined * b for a, b in zip(gradient.ravel().tolist(), p, strict=True)]
        m = [beta1 * a + (1 - beta1) * b for a, b in zip(m, g, strict=True)]
        v = [beta2 * a + (1 - beta2) * b**2 for a, b in zip(v, g, strict=True)]
        roots = [math.sqrt(a / (1 - beta2**t)) + epsilon for a in v]
        update = [a / (1 - beta1**t) / b for a, b in zip(m, roots, strict=True)]
        pairs = zip(p, kept(update, g), strict=True)
        p = [a * (1 - lr * apart) - lr * b for a, b in pairs]
        yield np.reshape(p, shape)


@each_parameter
def cautious_lion(p, gradients, *, lr, beta1, beta2, apart):
    """Liang et al. 2024 on Lion, number by number."""
    shape, p = p.shape, p.ravel().tolist()
    m = [0.0] * len(p)
    for gradient in gradients:
        g = gradient.ravel().tolist()
        mixed = [beta1 * a + (1 - beta1) * b for a, b in zip(m, g, strict=True)]
        m = [beta2 * a + (1 - beta2) * b for a, b in zip(m, g, strict=True)]
        pairs = zip(p, kept([math.copysign(1, a) for a in mixed], g), strict=True)
        p = [a * (1 - lr * apart) - lr * b for a, b in pairs]
        yield np.reshape(p, shape)


@each_parameter
def lars(p, gradients, *, lr, momentum, decay, trust):
    """You et al. 2017, Algorithm 1: the two norms of the denominator apart."""
    velocity = np.zeros_like(p)
    for g in gradients:
        size, slope = np.linalg.norm(p), np.linalg.norm(g)
        local = trust * size / (slope + decay * size)
        velocity = momentum * velocity + lr * local * (g + decay * p)
        p = p - velocity
        yield p


@each_parameter
def shampoo(p, gradients, *, lr, epsilon, decay=0.0, every=1):
    """Gupta et al. 2018: the preconditioner as one Kronecker product on the flattened matrix.

    L^(-1/4) G R^(-1/4) is (L ⊗ Rᵀ)^(-1/4) vec(G); the root is two matrix square roots.
    """
    rows, columns = p.shape
    left, right = epsilon * np.eye(rows), epsilon * np.eye(columns)
    for t, g in enumerate(gradients):
        g = g + decay * p
        left, right = left + g @ g.T, right + g.T @ g
        if t % every == 0:
            root = np.kron(
                scipy.linalg.sqrtm(scipy.linalg.sqrtm(left)),
                scipy.linalg.sqrtm(scipy.linalg.sqrtm(right)),
            )
        p = p - lr * np.linalg.solve(root, g.ravel()).reshape(p.shape)
        yield p


@each_parameter
def soap(p, gradients, *, lr, beta1, beta2, beta, epsilon, decay, every):
    """Vyas et al. 2024, the first moment kept in the eigenbasis as the authors keep it."""
    side = range(2)
    outer = [lambda g: g @ g.T, lambda g: g.T @ g]
    factors = [(1 - beta) * outer[i](gradients[0]) for i in side]
    bases = [np.linalg.svd(f)[0] for f in factors]  # symmetric, so U holds the eigenvectors
    m, v = np.zeros_like(p), np.zeros_like(p)
    yield p
    for k, g in enumerate(gradients[1:], start=1):
        turned = bases[0].T @ g @ bases[1]
        m, v = beta1 * m + (1 - beta1) * turned, beta2 * v + (1 - beta2) * turned**2
        rate = lr * math.sqrt(1 - beta2**k) / (1 - beta1**k)
        p = p - rate * bases[0] @ (m / (np.sqrt(v) + epsilon)) @ bases[1].T
        p = p - lr * decay * p
        straight = bases[0] @ m @ bases[1].T
        factors = [beta * factors[i] + (1 - beta) * outer[i](g) for i in side]
        if k % every == 0:
            for i in side:
                estimates = np.diag(bases[i].T @ factors[i] @ bases[i])
                order = sorted(range(len(estimates)), key=lambda j, e=estimates: -e[j])
                v = np.take(v, order, axis=i)
                bases[i] = scipy.linalg.qr(factors[i] @ bases[i][:, order])[0]
        m = bases[0].T @ straight @ bases[1]
        yield p
