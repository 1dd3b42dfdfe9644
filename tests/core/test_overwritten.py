"""backward() after something that it reads was overwritten: an error, never another gradient."""

import copy
import pickle

import numpy as np
import pytest

from tests.core.cases import CASES, numbers
from tests.core.parity import table  # noqa: F401  importing it fills the table of cases
from tinytorch import Tensor, nn, no_grad
from tinytorch.core import autograd
from tinytorch.optim import SGD, AdamWScheduleFree, AveragedModel

# What they give back does not depend on the numbers in their inputs.
READ_NOTHING = {
    "+", "-", "unary -", "sum", "mean", "reshape", "permute", "transpose", "T", "squeeze",
    "unsqueeze", "expand", "[]", "embedding", "where", "concatenate", "stack", "pad", "clone", "//",
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_operation_notices_or_does_not_care(case):
    def gradients(overwrite):
        leaves = [Tensor(x.copy(), requires_grad=True) for x in case.inputs]
        y = case.ours(*leaves)
        if overwrite is not None:
            leaves[overwrite].copy_(numbers(leaves[overwrite].shape, 0.1, 0.9, salt=5))
        y.backward(numbers(y.shape, salt=9))
        return [leaf.grad.data for leaf in leaves]

    expected = gradients(None)
    for i in range(len(case.inputs)):
        try:
            found = gradients(i)
        except RuntimeError as error:
            refused = str(error)
        else:
            refused = ""
            for a, b in zip(found, expected, strict=True):
                np.testing.assert_array_equal(a, b)
        assert not refused or ("overwritten" in refused and case.operation not in READ_NOTHING)


def squared():
    w = Tensor([2.0, 3.0], requires_grad=True)
    return w, (w * w).sum()


def step(w, loss):
    w.grad = [1.0, 1.0]
    SGD([w], lr=0.5).step()


def step_of_a_fused_kind(w, loss):
    w.grad = [1.0, 1.0]
    SGD([w], lr=0.5, engine="blocked").step()


def mode_of_a_schedule_free_optimizer(w, loss):
    optimizer = AdamWScheduleFree([w])
    w.grad = [1.0, 1.0]
    optimizer.step()
    w._version[0] = 0  # that was the step
    optimizer.eval()


def load(w, loss):
    model = nn.Module()
    model.w = w
    model.load_state_dict({"w": [5.0, 5.0]})


def in_place(w, loss):
    with no_grad():
        w -= 1


def element(w, loss):
    with no_grad():
        w[0] = 7


def assignment(w, loss):
    w.data = np.array([5.0, 5.0], np.float32)


def update_in_place_of_the_array(w, loss):
    w.data -= 1


def told(w, loss):
    w.data[0] = 9
    w.overwritten()


WRITERS = (
    step, step_of_a_fused_kind, mode_of_a_schedule_free_optimizer, load, in_place, element,
    assignment, update_in_place_of_the_array, told,
)  # fmt: skip


@pytest.mark.parametrize("write", WRITERS, ids=lambda f: f.__name__)
def test_whatever_writes_is_noticed_and_nothing_has_changed(write):
    w, loss = squared()
    write(w, loss)
    w.grad = None
    with pytest.raises(RuntimeError, match=r"input 0 of __mul__, .*leaf of shape \(2,\).*overwr"):
        loss.backward()
    assert w.grad is None
    (w * w).sum().backward()
    np.testing.assert_allclose(w.grad.data, 2 * w.data)


def test_an_average_and_running_statistics_are_written_too():
    model = nn.Linear(2, 1, rng=0)
    average = AveragedModel(model)
    loss = average(Tensor([[1.0, 2.0]])) ** 2
    average.update_parameters(model)
    with pytest.raises(RuntimeError, match="overwritten"):
        loss.sum().backward()
    norm = nn.BatchNorm1d(2)
    scaled = (Tensor([1.0, 1.0], requires_grad=True) * norm.running_var).sum()
    norm(Tensor([[1.0, 2.0], [3.0, 5.0]]))
    with pytest.raises(RuntimeError, match="input 1 of __mul__"):
        scaled.backward()


def test_a_loss_is_named_by_its_class():
    x = Tensor([[1.0, 2.0]], requires_grad=True)
    loss = nn.MSELoss()(x, np.zeros((1, 2)))
    x.data = np.ones((1, 2), np.float32)
    with pytest.raises(RuntimeError, match="input 0 of MSELoss"):
        loss.backward()


def test_what_was_computed_afterwards_is_fine_and_so_is_another_parameter():
    w, loss = squared()
    other = Tensor([1.0, 1.0], requires_grad=True)
    loss.backward()
    step(other, None)
    loss.backward()  # again, and not disturbed by another's step
    assert w.grad.data.tolist() == [8.0, 12.0]
    bias = (w + other).sum()
    step(other, None)
    bias.backward()  # a sum reads neither
    copied = copy.deepcopy(w)
    copied.copy_([1.0, 1.0])
    loss.backward()


@pytest.mark.parametrize(
    "view",
    [
        lambda w: w.detach(),
        lambda w: w.reshape(1, 2),
        lambda w: w.T,
        lambda w: w[:1],
        lambda w: w.unsqueeze(0).squeeze(0).expand(3, 2)[0],
    ],
)
def test_who_writes_into_a_tensor_writes_into_its_views(view):
    w = Tensor([2.0, 3.0], requires_grad=True)
    y = Tensor([[5.0]], requires_grad=True) * view(w)
    step(w, None)
    with pytest.raises(RuntimeError, match="input 1 of __mul__"):
        y.sum().backward()


def test_a_copy_has_a_history_of_its_own():
    w = Tensor([2.0, 3.0], requires_grad=True)
    u = Tensor([5.0, 5.0], requires_grad=True)
    y = u * w.clone() + u * w[[0, 1]] + u * w.astype(np.float64)
    step(w, None)
    y.sum().backward()
    assert u.grad.data.tolist() == [6.0, 9.0]


def test_copy_refuses_another_shape():
    w = Tensor([2.0, 3.0])
    with pytest.raises(ValueError, match=r"copy_ into a tensor of shape \(2,\), got \(3,\)"):
        w.copy_([1.0, 2.0, 3.0])
    assert w.copy_([1, 2]) is w and w.data.tolist() == [1.0, 2.0] and w.dtype == np.float32


def test_a_graph_that_needs_no_gradient_holds_on_to_nothing():
    x = Tensor([1.0])
    y = x * x
    assert y._saved == () and y._edges == ()
    with no_grad():
        assert (Tensor([1.0], requires_grad=True) * x)._saved == ()


def test_a_pickle_of_what_was_written_into_is_new_in_another_process(monkeypatch):
    w = Tensor([1.0, 2.0], requires_grad=True)
    w.grad = [3.0, 4.0]
    w.copy_([5.0, 6.0])
    pickled = pickle.dumps(w)
    monkeypatch.setattr(autograd, "clock", [0])  # where nothing was ever written into
    read = pickle.loads(pickled)
    assert (read.data.tolist(), read.grad.data.tolist()) == ([5.0, 6.0], [3.0, 4.0])
    (read * read).sum().backward()
    assert read.grad.data.tolist() == [13.0, 16.0]


def test_a_graph_is_not_pickled():
    with pytest.raises(RuntimeError, match=r"only leaves can be pickled; use .detach\(\)"):
        pickle.dumps(Tensor([1.0], requires_grad=True) * 2)
