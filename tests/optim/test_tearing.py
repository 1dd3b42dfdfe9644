"""A step is done whole, or not at all, or the optimizer says that it was not."""

import copy
import inspect
import pickle
import signal

import numpy as np
import pytest

from tinytorch import Tensor, optim
from tinytorch.core import interrupts
from tinytorch.core.checks import ANYTHING
from tinytorch.optim import OPTIMIZERS, SGD, Adam, AdamWScheduleFree, Muon, Prodigy
from tinytorch.optim.declarations import Value
from tinytorch.optim.matrix import MatrixOptimizer
from tinytorch.training import load_checkpoint, save_checkpoint


def test_holding_ctrl_c_back_takes_no_detour():
    """The library's `signal.signal` makes an enumeration's member of every handler, in 20 µs."""
    assert inspect.isbuiltin(interrupts._set_handler)
    assert inspect.isbuiltin(interrupts._get_handler)


def made(kind=SGD, count=3, **kwargs):
    params = [Tensor(np.eye(3) + i, requires_grad=True) for i in range(count)]
    optimizer = kind([(f"p{i}", p) for i, p in enumerate(params)], **kwargs)
    give(params)
    return params, optimizer


def give(params, value=0.5):
    for p in params:
        p.grad = Tensor(np.full(p.shape, value) + np.eye(3))


def everything(params, optimizer):
    groups = [{k: v for k, v in g.items() if k != "params"} for g in optimizer.param_groups]
    state = [{k: np.copy(v) for k, v in optimizer.state[p].items()} for p in params]
    return copy.deepcopy(([p.data for p in params], groups, state, optimizer.steps))


class Failing(SGD):
    """Whose rule fails at the parameter of this number."""

    at = 0

    def rule(self, group):
        calls = iter(range(100))

        def rule(p, g, *, lr):
            if next(calls) == self.at:
                raise MemoryError("no more")
            return (p - lr * g,)

        return rule


@pytest.mark.parametrize("engine", ["whole", "blocked"])
def test_an_error_before_anything_has_moved_changes_nothing(engine):
    params, optimizer = made(Failing, lr=0.5, engine=engine)
    before = everything(params, optimizer)
    with pytest.raises(MemoryError):
        optimizer.step()
    np.testing.assert_equal(everything(params, optimizer), before)
    optimizer.at = 99
    optimizer.step()
    assert optimizer.steps == 1


@pytest.mark.parametrize("engine", ["whole", "blocked"])
def test_an_error_after_something_has_moved_is_not_forgotten(engine, tmp_path):
    _, optimizer = made(Failing, lr=0.5, engine=engine)
    saved, path = optimizer.state_dict(), tmp_path / "it"
    save_checkpoint(path, optimizer=optimizer)
    optimizer.at = 1
    with pytest.raises(MemoryError):
        optimizer.step()
    optimizer.at = 99
    message = r"Failing: a step broke off halfway \(MemoryError: no more\).* load the states"
    for torn in (optimizer, copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        moved = [p.data.copy() for g in torn.param_groups for p in g["params"]]
        for call in (torn.step, torn.state_dict, lambda t=torn: save_checkpoint(path, o=t)):
            with pytest.raises(RuntimeError, match=message):
                call()
        again = [p.data for g in torn.param_groups for p in g["params"]]
        np.testing.assert_equal(again, moved)
    with pytest.raises(RuntimeError, match=message):
        optimizer.step(lambda: pytest.fail("the closure is not called"))
    optimizer.load_state_dict(saved)
    optimizer.step()
    optimizer.torn = "as before"
    load_checkpoint(path, optimizer=optimizer)
    assert (optimizer.torn, optimizer.steps) == ("", 0)


def test_a_torn_optimizer_stays_so_if_the_load_is_refused(tmp_path):
    _, optimizer = made(Adam)
    save_checkpoint(tmp_path / "it", optimizer=optimizer)
    _, other = made(Adam, count=2)
    other.torn = "MemoryError"
    with pytest.raises(ValueError, match="does not fit"):
        load_checkpoint(tmp_path / "it", optimizer=other)
    with pytest.raises(RuntimeError, match="broke off halfway"):
        other.step()


@pytest.mark.parametrize("kind", [AdamWScheduleFree, Prodigy])
def test_what_precedes_a_step_is_taken_back_with_it(kind):
    params, optimizer = made(kind)
    before = everything(params, optimizer)
    rule = optimizer.rule

    def failing(group):
        def fails(p, g, m, v, s, *, lr):
            raise MemoryError

        return fails if seen else seen.append(1) or rule(group)

    seen = []
    optimizer.rule = failing
    with pytest.raises((MemoryError, KeyError)):
        optimizer.step()
    np.testing.assert_equal(everything(params, optimizer)[1], before[1])
    del optimizer.rule
    optimizer.step()


def interrupting(kind):
    """The same optimizer, interrupted within each step."""

    class Interrupted(kind):
        def step_group(self, group, params):
            signal.raise_signal(signal.SIGINT)
            super().step_group(group, params)
            signal.raise_signal(signal.SIGINT)

    return Interrupted


@pytest.mark.parametrize("kind", OPTIMIZERS, ids=lambda kind: kind.__name__)
def test_ctrl_c_waits_for_the_end_of_the_step(kind):
    params, optimizer = made(interrupting(kind))
    others, straight = made(kind)
    for _ in range(2):
        straight.step()
        with pytest.raises(KeyboardInterrupt):
            optimizer.step()
        np.testing.assert_equal(everything(params, optimizer), everything(others, straight))


def test_ctrl_c_between_two_modes():
    params, optimizer = made(AdamWScheduleFree, count=2)
    optimizer.step()
    move = optimizer._move_towards_z

    def interrupted(group, weight):
        signal.raise_signal(signal.SIGINT)
        move(group, weight)

    optimizer._move_towards_z = interrupted
    with pytest.raises(KeyboardInterrupt):
        optimizer.eval()
    optimizer._move_towards_z = move
    assert optimizer.param_groups[0]["averaged"] == 1
    others, straight = made(AdamWScheduleFree, count=2)
    straight.step()
    straight.eval()
    np.testing.assert_equal(everything(params, optimizer), everything(others, straight))


MATRIX = [kind for kind in OPTIMIZERS if issubclass(kind, MatrixOptimizer)]


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", MATRIX, ids=lambda kind: kind.__name__)
def test_a_gradient_that_is_not_finite_moves_no_matrix(kind, wrong):
    params, optimizer = made(kind)
    optimizer.step()
    before = everything(params, optimizer)
    params[1].grad.data[0, 1] = wrong
    with pytest.raises(ValueError, match=f"{kind.__name__}: the gradient of p1 must be finite"):
        optimizer.step()
    np.testing.assert_equal(everything(params, optimizer), before)
    give(params)
    optimizer.step()


@pytest.mark.parametrize("size", [2.0**70, 2.0**120])
def test_muon_does_not_stand_still_where_squares_overflow(size):
    """The norm of its gradient is a float32, the sum of squares is none."""
    p, q = (Tensor(np.zeros((3, 3), np.float32), requires_grad=True) for _ in range(2))
    g = np.array([[1, 2, 0], [-1, 1, 3], [2, 0, 1]], np.float32)
    p.grad, q.grad = Tensor(g), Tensor(g * np.float32(size))
    Muon([p], lr=1.0).step()
    Muon([q], lr=1.0).step()
    np.testing.assert_array_equal(q.data, p.data)


# States from before a value was there


@pytest.mark.parametrize("kind", OPTIMIZERS, ids=lambda kind: kind.__name__)
def test_a_value_that_a_state_does_not_know_yet_has_its_default(kind):
    _, optimizer = made(kind)
    optimizer.step()
    saved = optimizer.state_dict()
    for name, value in optimizer.declared.items():
        if kind is optim.Nesterov and name == "nesterov":
            continue  # which makes it what it is
        older = copy.deepcopy(saved)
        del older["param_groups"][0][name]
        _, other = made(kind)
        other.load_state_dict(older)
        default = inspect.signature(kind).parameters.get(name, value).default
        assert other.param_groups[0][name] == default
        assert other.state_dict()["param_groups"] == saved["param_groups"]


def test_the_default_counts_also_where_this_optimizer_was_made_otherwise():
    _, optimizer = made(SGD, lr=0.5)
    saved = optimizer.state_dict()
    del saved["param_groups"][0]["nesterov"]
    _, other = made(SGD, lr=0.5, momentum=0.9, nesterov=True)
    other.load_state_dict(saved)
    assert other.param_groups[0]["nesterov"] is False


def test_what_has_no_default_must_be_there():
    class Own(optim.Optimizer):
        must: float = Value(ANYTHING, "whatever")

        def rule(self, group):
            return lambda p, g: (p,)

    p = [Tensor([1.0], requires_grad=True)]
    saved = Own(p, must=3).state_dict()
    del saved["param_groups"][0]["must"]
    with pytest.raises(ValueError, match=r"Own: group 0 does not fit: missing \['must'\]"):
        Own(p, must=3).load_state_dict(saved)
