"""L-BFGS: against PyTorch, against dense BFGS, and by the conditions that its line search keeps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinytorch import Tensor
from tinytorch.optim import LBFGS, OPTIMIZERS, WITH_CLOSURE
from tinytorch.optim.lbfgs import DECREASE, FLATTER, cubic_minimum, strong_wolfe, two_loops

START = np.array([-1.2, 1.0, 0.7, -0.3])


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def evaluating(optimizer, params, loss=rosenbrock, count=None):
    def closure():
        optimizer.zero_grad()
        value = loss(*params)
        value.backward()
        if count is not None:
            count.append(value.item())
        return value

    return closure


def test_it_is_listed_where_a_closure_is_needed():
    assert LBFGS in WITH_CLOSURE
    assert LBFGS not in OPTIMIZERS


@pytest.mark.parametrize(
    ("kwargs", "tolerance"),
    [
        (dict(lr=1e-3, history_size=5), 1e-13),
        (dict(lr=1e-3, history_size=2, max_iter=7, max_eval=5), 1e-13),
        (dict(lr=0.3, line_search_fn="strong_wolfe", history_size=3), 1e-9),
    ],
)
def test_equals_pytorch(kwargs, tolerance):
    torch = pytest.importorskip("torch", reason="PyTorch is the referee of this test")
    p = Tensor(START.copy(), requires_grad=True)
    q = torch.tensor(START, requires_grad=True)
    ours, theirs = LBFGS([p], **kwargs), torch.optim.LBFGS([q], **kwargs)
    asked, they_asked = [], []

    def their_closure():
        theirs.zero_grad()
        loss = rosenbrock(q)
        loss.backward()
        they_asked.append(loss.item())
        return loss

    for _ in range(3):
        ours.step(evaluating(ours, [p], count=asked))
        theirs.step(their_closure)
        np.testing.assert_allclose(p.data, q.detach().numpy(), rtol=tolerance)
    assert len(asked) == len(they_asked)


def test_two_loops_are_the_inverse_of_bfgs():
    random = np.random.default_rng(0)
    n, k = 5, 4
    half = random.normal(size=(n, n))
    hessian = half @ half.T + np.eye(n)
    moves = random.normal(size=(k, n))
    changes = moves @ hessian
    inverse = np.eye(n) * (moves[-1] @ changes[-1]) / (changes[-1] @ changes[-1])
    for s, y in zip(moves, changes, strict=True):  # Nocedal & Wright 2006, equation 6.17
        v = np.eye(n) - np.outer(y, s) / (y @ s)
        inverse = v.T @ inverse @ v + np.outer(s, s) / (y @ s)
    g = random.normal(size=n)
    np.testing.assert_allclose(two_loops(g, moves, changes), inverse @ g, rtol=1e-10)


def test_the_cubic_is_exact_for_cubics():
    f, d = lambda t: t**3 - 3 * t, lambda t: 3 * t * t - 3
    assert cubic_minimum(0.2, f(0.2), d(0.2), 2.0, f(2.0), d(2.0)) == pytest.approx(1)
    assert cubic_minimum(2.0, f(2.0), d(2.0), 0.2, f(0.2), d(0.2)) == pytest.approx(1)


@settings(max_examples=60)
@given(
    st.floats(-4, 4),
    st.floats(0.05, 5),
    st.floats(0, 3),
    st.floats(1e-3, 50),
)
def test_a_step_keeps_the_strong_wolfe_conditions(slope, bend, waves, first):
    """On a bowl with waves, from a point where it goes down."""

    def line(t):
        f = bend * t * t / 2 - (abs(slope) + 0.1 + waves) * t + waves * np.sin(t)
        return f, bend * t - (abs(slope) + 0.1 + waves) + waves * np.cos(t)

    t = strong_wolfe(line, first)
    (f0, d0), (f, d) = line(0.0), line(t)
    assert f <= f0 + DECREASE * t * d0
    assert abs(d) <= -FLATTER * d0 + 1e-9


def test_a_search_that_finds_nothing_ends_in_silence():
    """A kink: no step keeps the second condition, and the bracket shrinks to a point."""

    def line(t):
        return np.float64(abs(t - 1) - 1), np.float64(np.sign(t - 1) or 1.0)

    t = strong_wolfe(line, 0.7)
    assert line(t)[0] < line(0.0)[0]
    with np.errstate(all="raise"):
        assert strong_wolfe(lambda t: (np.float64(t * 0), np.float64(-1.0)), 1.0) == 0.0


def test_it_reaches_the_end_of_the_valley():
    p, q = (Tensor(START[i : i + 2].copy(), requires_grad=True) for i in (0, 2))
    optimizer = LBFGS([p, q], line_search_fn="strong_wolfe", max_iter=200, tolerance_change=0)
    far = evaluating(optimizer, [p, q], lambda a, b: rosenbrock(a) + rosenbrock(b))
    assert optimizer.step(far).item() > 20  # the loss at the start
    np.testing.assert_allclose([*p.data, *q.data], np.ones(4), atol=1e-6)


def test_saving_is_never_having_stopped():
    def made(start):
        p = Tensor(np.array(start), requires_grad=True)
        return p, LBFGS([p], lr=0.3, line_search_fn="strong_wolfe", max_iter=4, history_size=3)

    p, through = made(START)
    for _ in range(6):
        through.step(evaluating(through, [p]))
    q, before = made(START)
    for _ in range(3):
        before.step(evaluating(before, [q]))
    r, after = made(q.data)
    after.load_state_dict(before.state_dict())
    for _ in range(3):
        after.step(evaluating(after, [r]))
    np.testing.assert_array_equal(r.data, p.data)
    assert after.steps == through.steps == 6


def test_what_the_closure_raises_leaves_all_as_it_was():
    p = Tensor(START.copy(), requires_grad=True)
    optimizer = LBFGS([p], line_search_fn="strong_wolfe")
    losses = []
    counting = evaluating(optimizer, [p], count=losses)

    def breaks():
        if len(losses) == 5:
            raise RuntimeError("no memory")
        return counting()

    with pytest.raises(RuntimeError, match="no memory"):
        optimizer.step(breaks)
    np.testing.assert_array_equal(p.data, START)
    losses.clear()
    fresh = LBFGS([q := Tensor(START.copy(), requires_grad=True)], line_search_fn="strong_wolfe")
    optimizer.step(evaluating(optimizer, [p]))
    fresh.step(evaluating(fresh, [q]))
    np.testing.assert_array_equal(p.data, q.data)


@pytest.mark.parametrize(
    ("do", "error", "words"),
    [
        (lambda p: LBFGS([p], history_size=0), ValueError, "history_size must be an integer >= 1"),
        (lambda p: LBFGS([p], line_search_fn="armijo"), ValueError, "line_search_fn must be"),
        (lambda p: LBFGS([p]).step(), TypeError, r"step\(\) needs a closure"),
        (lambda p: LBFGS([p]).step(lambda: Tensor(1.0)), ValueError, "has no gradient"),
        (
            lambda p: LBFGS([{"params": [p]}, {"params": [Tensor(1.0, requires_grad=True)]}]),
            ValueError,
            "cannot be a second one",
        ),
    ],
)
def test_wrong_arguments(do, error, words):
    with pytest.raises(error, match=words):
        do(Tensor(START.copy(), requires_grad=True))


@pytest.mark.parametrize("at", [1, 2])
def test_what_a_closure_raises_is_what_one_sees(at):
    p = Tensor(START.copy(), requires_grad=True)
    optimizer = LBFGS([p], lr=1e-3)
    evaluate, calls = evaluating(optimizer, [p]), []

    def failing():
        calls.append(None)
        if len(calls) == at:
            raise KeyError("the data are gone")
        return evaluate()

    with pytest.raises(KeyError, match="the data are gone"):
        optimizer.step(failing)
    assert (p.data == START).all() and optimizer.steps == 0
    optimizer.step(evaluate)
    assert optimizer.steps == 1


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_it_maximizes_as_it_minimizes_the_opposite(search):
    down, up = (Tensor(START.copy(), requires_grad=True) for _ in range(2))
    one = LBFGS([down], lr=1e-3, line_search_fn=search)
    other = LBFGS([up], lr=1e-3, line_search_fn=search, maximize=True)
    for _ in range(3):
        one.step(evaluating(one, [down]))
        found = other.step(evaluating(other, [up], loss=lambda x: -rosenbrock(x)))
        assert (down.data == up.data).all()
    assert found.item() < 0
