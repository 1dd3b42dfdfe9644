"""SAM and Lookahead, against libraries and by what they promise."""

import signal

import numpy as np
import pytest

from tests.optim.referees.problem import problem
from tinytorch import Tensor
from tinytorch.optim import SAM, SGD, Adam, Lookahead, StepLR
from tinytorch.training import load_checkpoint, save_checkpoint

TOLERANCE = dict(rtol=1e-12, atol=1e-12)


def valley(x):
    return (100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2).sum()


def point(values=(-1.2, 1.0)):
    return Tensor(np.array(values), requires_grad=True)


def closure(optimizer, p):
    def evaluate():
        optimizer.zero_grad()
        loss = valley(p)
        loss.backward()
        return loss

    return evaluate


def test_lookahead_is_that_of_a_library():
    torch = pytest.importorskip("torch", reason="the referee needs PyTorch")
    referee = pytest.importorskip("pytorch_optimizer", reason="it is the referee of this test")
    given = problem([(3,), (2, 2)], steps=23)
    ours = [Tensor(s.copy(), requires_grad=True) for s in given.starts]
    theirs = [torch.tensor(s, requires_grad=True) for s in given.starts]
    one = Lookahead(Adam(ours, lr=0.05), k=4, alpha=0.3)
    inner = torch.optim.Adam(theirs, lr=0.05)
    other = referee.Lookahead(inner, k=4, alpha=0.3)
    for gradients in given.gradients:
        for p, q, g in zip(ours, theirs, gradients, strict=True):
            p.grad, q.grad = Tensor(g), torch.tensor(g)
        one.step()
        other.step()
        for p, q in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(p.data, q.detach().numpy(), **TOLERANCE)


@pytest.mark.parametrize("adaptive", [False, True])
def test_sam_is_that_of_a_library(adaptive):
    torch = pytest.importorskip("torch", reason="the referee needs PyTorch")
    referee = pytest.importorskip("pytorch_optimizer", reason="it is the referee of this test")
    p, q = point(), torch.tensor([-1.2, 1.0], dtype=torch.float64, requires_grad=True)
    one = SAM(SGD([p], lr=1e-3, momentum=0.9), rho=0.1, adaptive=adaptive)
    other = referee.SAM(
        [q], torch.optim.SGD, rho=0.1, adaptive=adaptive, lr=1e-3, momentum=0.9, use_gc=False
    )
    evaluate = closure(one, p)

    def evaluated():
        other.zero_grad()
        loss = valley(q)
        loss.backward()
        return loss

    for _ in range(20):
        one.step(evaluate)
        evaluated()
        other.step(evaluated)
        # The library adds up the norm in float32.
        np.testing.assert_allclose(p.data, q.detach().numpy(), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("adaptive", [False, True])
def test_sam_by_hand(adaptive):
    """On ½ (a x² + b y²) the gradient at any point is (a x, b y)."""
    w, curvature = np.array([3.0, -4.0]), np.array([2.0, 0.5])
    p = Tensor(w.copy(), requires_grad=True)
    wrapped = SAM(SGD([p], lr=0.1), rho=0.5, adaptive=adaptive)

    def evaluate():
        wrapped.zero_grad()
        loss = (p * p * curvature).sum() / 2
        loss.backward()
        return loss

    wrapped.step(evaluate)
    g, size = curvature * w, np.abs(w) if adaptive else 1.0
    uphill = w + 0.5 * size**2 * g / np.linalg.norm(size * g)
    np.testing.assert_allclose(p.data, w - 0.1 * curvature * uphill, rtol=1e-11)


def test_sam_of_radius_zero_is_the_inner_optimizer():
    p, q = point(), point()
    wrapped, plain = SAM(Adam([p], lr=0.01), rho=0.0), Adam([q], lr=0.01)
    for _ in range(5):
        first = wrapped.step(closure(wrapped, p))
        assert first.item() == closure(plain, q)().item()
        plain.step()
    np.testing.assert_array_equal(p.data, q.data)


def test_what_the_closure_raises_leaves_every_parameter_where_it_was():
    p = point()
    wrapped, calls = SAM(SGD([p], lr=0.1)), []

    def breaks():
        calls.append(p.data.copy())
        loss = closure(wrapped, p)()
        if len(calls) == 2:
            raise RuntimeError("no memory")
        return loss

    with pytest.raises(RuntimeError, match="no memory"):
        wrapped.step(breaks)
    assert np.linalg.norm(calls[1] - calls[0]) == pytest.approx(0.05)
    np.testing.assert_array_equal(p.data, [-1.2, 1.0])


def test_lookahead_resumes():
    def made(start):
        p = point(start)
        return p, Lookahead(Adam([p], lr=0.05), k=3)

    p, through = made((-1.2, 1.0))
    for _ in range(10):
        through.step(closure(through, p))
    q, before = made((-1.2, 1.0))
    for _ in range(4):
        before.step(closure(before, q))
    r, after = made(q.data)
    after.load_state_dict(before.state_dict())
    for _ in range(6):
        after.step(closure(after, r))
    np.testing.assert_array_equal(r.data, p.data)


def test_a_state_that_does_not_fit_changes_nothing():
    p = point()
    wrapped = Lookahead(SGD([p], lr=0.1))
    wrapped.step(closure(wrapped, p))
    state = wrapped.state_dict()
    for wrong in (
        {**state, "slow": []},
        {**state, "slow": [np.zeros(3)]},
        {**state, "t": "2"},
        {"t": 1},
    ):
        with pytest.raises((TypeError, ValueError), match="Lookahead"):
            wrapped.load_state_dict(wrong)
    assert wrapped.t == 1
    np.testing.assert_array_equal(wrapped.slow[0], state["slow"][0])


def test_schedulers_reach_through():
    p = point()
    wrapped = Lookahead(SGD([p], lr=0.1))
    scheduler = StepLR(wrapped.optimizer, 1, 0.5)
    wrapped.step(closure(wrapped, p))
    scheduler.step()
    assert wrapped.param_groups[0]["lr"] == 0.05


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda o: SAM(o, rho=-1), ValueError, "SAM: rho must be a finite number >= 0, got -1"),
        (lambda o: SAM("SGD"), TypeError, "SAM: optimizer must be an Optimizer, got str"),
        (lambda o: SAM(o).step(), TypeError, r"SAM: step\(\) needs a closure"),
        (lambda o: Lookahead(o, k=0), ValueError, "Lookahead: k must be an integer >= 1, got 0"),
        (lambda o: Lookahead(o, alpha=2), ValueError, r"alpha must be a number in \[0, 1\], got 2"),
    ],
)
def test_wrong_arguments(make, error, words):
    with pytest.raises(error, match=words):
        make(SGD([point()], lr=0.1))


class Interrupted(SGD):
    """Ctrl-C comes within each of its steps."""

    def _move(self):
        signal.raise_signal(signal.SIGINT)
        super()._move()


@pytest.mark.parametrize("wrap", [SAM, lambda inner: Lookahead(inner, k=2)])
def test_ctrl_c_waits_for_the_end_of_the_step(wrap):
    def made(kind):
        p = Tensor(np.array([1.0, 2.0]), requires_grad=True)

        def closure():
            p.grad = Tensor(2 * p.data)
            return 0.0

        return p, wrap(kind([p], lr=0.1)), closure

    p, wrapper, closure = made(Interrupted)
    q, straight, same = made(SGD)
    for _ in range(4):
        with pytest.raises(KeyboardInterrupt):
            wrapper.step(closure)
        straight.step(same)
        np.testing.assert_array_equal(p.data, q.data)
    ours, theirs = wrapper.state_dict(), straight.state_dict()
    assert str(ours).replace("Interrupted", "SGD") == str(theirs)


def test_an_error_between_the_inner_step_and_the_slow_weights_is_not_forgotten(tmp_path):
    p = Tensor(np.array([1.0, 2.0]), requires_grad=True)
    wrapper = Lookahead(SGD([p], lr=0.1), k=1)
    save_checkpoint(tmp_path / "it", optimizer=wrapper)
    wrapper.slow = [None]
    p.grad = Tensor(np.ones(2))
    with pytest.raises(TypeError):
        wrapper.step()
    wrapper.slow = [np.ones(2)]
    with pytest.raises(RuntimeError, match="broke off halfway"):
        wrapper.step()
    load_checkpoint(tmp_path / "it", optimizer=wrapper)
    wrapper.step()


def test_lookahead_takes_in_what_is_added_where_it_stands():
    p, q = (Tensor([v], requires_grad=True) for v in (1.0, 5.0))
    optimizer = Lookahead(SGD([p], lr=1.0), k=2)
    p.grad, q.grad = [1.0], [1.0]
    optimizer.step()
    optimizer.optimizer.add_param_group({"params": [q], "lr": 2.0})
    assert len(optimizer.state_dict()["slow"]) == 2
    optimizer.step()
    assert (p.item(), q.item()) == (0.0, 4.0)  # halfway from 1 to -1, and from 5 to 3
    assert not optimizer.torn
    other = Lookahead(SGD([p], lr=1.0), k=2)
    other.optimizer.add_param_group({"params": [q], "lr": 2.0})
    other.load_state_dict(optimizer.state_dict())
    assert [slow.tolist() for slow in other.slow] == [[0.0], [4.0]]


@pytest.mark.parametrize(("name", "value"), [("k", 3), ("alpha", 0.25)])
def test_lookahead_does_not_go_on_as_another_one(name, value):
    p = Tensor([1.0], requires_grad=True)
    optimizer = Lookahead(SGD([p], lr=1.0), k=2, alpha=0.5)
    state = optimizer.state_dict()
    with pytest.raises(
        ValueError, match=f"Lookahead: the state is of one with {name} {value}, this"
    ):
        optimizer.load_state_dict({**state, name: value})
    del state[name]  # as it was saved before it said so
    optimizer.load_state_dict(state)


@pytest.mark.parametrize("adaptive", [False, True])
def test_sam_maximizes_as_it_minimizes_the_opposite(adaptive):
    down, up = point(), point()
    one = SAM(SGD([down], lr=1e-3), rho=0.1, adaptive=adaptive)
    other = SAM(SGD([up], lr=1e-3, maximize=True), rho=0.1, adaptive=adaptive)

    def opposite():
        other.zero_grad()
        loss = -valley(up)
        loss.backward()
        return loss

    for _ in range(5):
        one.step(closure(one, down))
        other.step(opposite)
        assert (down.data == up.data).all()
