"""L-BFGS: Newton's direction, from the last moves and what they changed in the gradient."""

import math

import numpy as np

from tinytorch.core.autograd import enable_grad
from tinytorch.core.checks import NONNEGATIVE, POSITIVE_COUNT, integer, one_of
from tinytorch.optim.declarations import Value
from tinytorch.optim.optimizer import Optimizer

OPTIONAL_COUNT = (lambda v: v is None or (integer(v) and v >= 1), "an integer >= 1, or None")
DECREASE, FLATTER = 1e-4, 0.9  # Nocedal & Wright's c₁ and c₂
TRIALS = 25  # of a line search


def two_loops(g, moves, changes):
    """Nocedal & Wright 2006, Algorithm 7.4: the inverse Hessian times g, without a matrix.

    Arguments:
        g: shape (n,).
        moves, changes: s = x₊ - x and y = g₊ - g of the last steps, shape (k, n), the newest last.
    """
    q, weights = g.copy(), []
    for s, y in zip(moves[::-1], changes[::-1], strict=True):
        weights.append((s @ q) / (y @ s))
        q -= weights[-1] * y
    if len(moves):
        q *= (moves[-1] @ changes[-1]) / (changes[-1] @ changes[-1])
    for s, y, a in zip(moves, changes, weights[::-1], strict=True):
        q += s * (a - (y @ q) / (y @ s))
    return q


def cubic_minimum(a, fa, da, b, fb, db):
    """Nocedal & Wright 2006, equation 3.59: where the cubic through two values and slopes is least.

    Between a and b, a tenth of their distance from either; the middle where there is no minimum.
    """
    u = da + db - 3 * (fa - fb) / (a - b)
    square = u * u - da * db
    low, high = min(a, b), max(a, b)
    least = (low + high) / 2
    if 0 <= square < math.inf:
        root = math.copysign(math.sqrt(square), b - a)
        if db - da + 2 * root:
            least = b - (b - a) * (db + root - u) / (db - da + 2 * root)
    margin = 0.1 * (high - low)
    return min(max(least, low + margin), high - margin)


def strong_wolfe(line, step):
    """Nocedal & Wright 2006, Algorithms 3.5 and 3.6: a step that is far enough, and not too far.

        f(t) ≤ f(0) + c₁ t f'(0)   and   |f'(t)| ≤ c₂ |f'(0)|

    Arguments:
        line: maps t to (f(t), f'(t)); f'(0) < 0.
        step: the first t to try.

    Returns:
        t; the lowest that was seen, should none do.
    """
    f0, d0 = line(0.0)
    low, high, best = (0.0, f0, d0), None, (0.0, f0)
    for _ in range(TRIALS):
        f, d = line(step)
        if f < best[1]:
            best = (step, f)
        if not f <= f0 + DECREASE * step * d0 or (f >= low[1] and low[0] > 0):
            high = (step, f, d)
        elif abs(d) <= -FLATTER * d0:
            return step
        else:
            if d * ((high[0] if high else math.inf) - low[0]) >= 0:
                high = low
            low = (step, f, d)
        if high and abs(high[0] - low[0]) <= 1e-12 * max(high[0], low[0]):
            break
        if high is None:
            step *= 4
        elif math.isfinite(high[1]) and math.isfinite(high[2]):
            step = cubic_minimum(*low, *high)
        else:
            step = (low[0] + high[0]) / 2
    return best[0]


class LBFGS(Optimizer):
    """Limited-memory BFGS, for full batches: it asks for the loss several times in a step.

        d ← -H g            H from the last moves and changes of the gradient (`two_loops`)
        p ← p + t d         t = lr, or what the line search finds

    `step(closure)` makes up to `max_iter` iterations; the closure zeroes the gradients, computes
    the loss and its gradients, and returns the loss. There is one group.

    Raises:
        TypeError: on `step`, without a closure.
        ValueError: a value outside its range; a second group.

    Source: Nocedal 1980; Nocedal & Wright 2006, Algorithms 7.4, 7.5, 3.5 and 3.6. Names and
    stopping rules are PyTorch's.

    >>> w = Tensor([3.0], requires_grad=True)
    >>> optimizer = optim.LBFGS([w], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (w * w).sum()
    ...     loss.backward()
    ...     return loss
    ...
    >>> optimizer.step(closure).item()
    9.0
    >>> abs(w.item()) < 1e-6
    True
    """

    needs_closure = True

    lr: float = Value(NONNEGATIVE, "t without a line search, and its first trial", default=1.0)
    max_iter: int = Value(POSITIVE_COUNT, "iterations in a step, >= 1", default=20)
    max_eval: int | None = Value(
        OPTIONAL_COUNT, "evaluations in a step; None for 5/4 of the iterations", default=None
    )
    tolerance_grad: float = Value(NONNEGATIVE, "stop below this gradient (largest)", default=1e-7)
    tolerance_change: float = Value(
        NONNEGATIVE, "stop below this change of loss or parameters", default=1e-9
    )
    history_size: int = Value(POSITIVE_COUNT, "moves that are kept, >= 1", default=100)
    line_search_fn: str | None = Value(
        one_of(None, "strong_wolfe"), 'None or "strong_wolfe"', default=None
    )

    def add_param_group(self, group):
        if self.param_groups:
            raise ValueError("LBFGS: all parameters are one group, there cannot be a second one")
        super().add_param_group(group)

    def initial_state(self, p, group):
        """All of it, of the numbers of all parameters as one vector, stands with the first."""
        if p is not group["params"][0]:
            return {}
        vector = np.zeros_like(flat([q.data for q in group["params"]]))
        kept = np.zeros((group["history_size"], vector.size), vector.dtype)
        return {"moves": kept, "changes": kept.copy(), "g_old": vector, "moved": vector.copy()}

    def carried(self, group):
        return {"iterations": 0, "pairs": 0}

    def fit_state(self, group):
        """The state has one form."""

    def step(self, closure=None):
        if closure is None:
            raise TypeError("LBFGS: step() needs a closure, which computes the loss and gradients")

        def evaluate():
            self._loss = closure()
            return self._loss

        self._evaluate, self._loss = evaluate, None
        try:
            return super().step(evaluate)
        finally:
            del self._evaluate, self._loss

    def moving(self):
        for p in self.param_groups[0]["params"]:
            if p.grad is None:
                raise ValueError(f"LBFGS: a parameter of shape {p.shape} has no gradient")
        return super().moving()

    def _move(self):
        (params,), (group,) = self.moving(), self.param_groups
        start = flat([p.data for p in params])
        try:
            self._iterate(group, params, start, *self._found(params, self._loss))
        except BaseException:
            put(params, start)
            raise
        self.steps += 1

    def _at(self, params, x):
        """Loss and gradient where all parameters, as one vector, are x."""
        put(params, x)
        with enable_grad():
            loss = self._evaluate()
        return self._found(params, loss)

    def _found(self, params, loss) -> tuple:
        """What is minimized, and its gradient; both turned round where the loss is maximized."""
        sign = -1 if self.maximize else 1
        return sign * float(loss), sign * flat([p.grad.data for p in params])

    def _iterate(self, group: dict, params: list, x, loss: float, g) -> None:
        state = self.state[params[0]]
        size, k, done = group["history_size"], group["pairs"], group["iterations"]
        moves, changes = state["moves"].copy(), state["changes"].copy()
        g_old, moved, asked = state["g_old"], state["moved"], 1
        most = group["max_eval"] or group["max_iter"] * 5 // 4
        for i in range(group["max_iter"]):
            if np.abs(g).max(initial=0) <= group["tolerance_grad"] or asked > most:
                break
            if done and moved @ (g - g_old) > 1e-10:
                if k == size:
                    moves[:-1], changes[:-1], k = moves[1:], changes[1:], k - 1
                moves[k], changes[k], k = moved, g - g_old, k + 1
            d = -two_loops(g, moves[:k], changes[:k])
            if g @ d > -group["tolerance_change"]:
                break
            t = group["lr"] if done else group["lr"] * min(1.0, 1.0 / np.abs(g).sum())
            g_old, before = g, loss
            if group["line_search_fn"]:
                seen = {0.0: (loss, g)}
                t = strong_wolfe(lambda t: self._on_line(params, x, d, seen, t), t)  # noqa: B023
                asked += len(seen) - 1
                loss, g = seen[t]
            elif i + 1 < group["max_iter"]:
                (loss, g), asked = self._at(params, x + t * d), asked + 1
            moved, done = t * d, done + 1
            x = x + moved
            if np.abs(moved).max() <= group["tolerance_change"]:
                break
            if abs(loss - before) < group["tolerance_change"]:
                break
            if asked >= most:
                break
        put(params, x)
        state.update(moves=moves, changes=changes, g_old=g_old.copy(), moved=moved.copy())
        for p in params:
            self.state[p]["t"] += 1
        dict.update(group, iterations=done, pairs=k)

    def _on_line(self, params, x, d, seen: dict, t: float):
        if t not in seen:
            seen[t] = self._at(params, x + t * d)
        return seen[t][0], seen[t][1] @ d


def flat(arrays) -> np.ndarray:
    """All numbers as one vector."""
    return np.concatenate([np.ravel(a) for a in arrays])


def put(params: list, x) -> None:
    """Write one vector into parameters."""
    cuts = np.cumsum([p.size for p in params])[:-1]
    for p, part in zip(params, np.split(x, cuts), strict=True):
        np.copyto(p.data, part.reshape(p.shape))
        p.overwritten()
