"""The four basic optimizers against PyTorch, and the programs a reader would type."""

import numpy as np
import pytest

from tinytorch import Tensor
from tinytorch.optim import SGD, Adam, Momentum, Nesterov, engine, gradient_descent_step

SHAPES = [(), (7,), (3, 4)]

CASES = [
    (SGD, "SGD", dict(lr=0.1)),
    (SGD, "SGD", dict(lr=0.1, weight_decay=0.3)),
    (SGD, "SGD", dict(lr=0.1, momentum=0.9)),
    (SGD, "SGD", dict(lr=0.1, momentum=0.9, dampening=0.5)),
    (SGD, "SGD", dict(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1)),
    (SGD, "SGD", dict(lr=0.1, momentum=0.9, maximize=True, weight_decay=0.1)),
    (Momentum, "SGD", dict(lr=0.1, momentum=0.8)),
    (Nesterov, "SGD", dict(lr=0.1, momentum=0.8, nesterov=True)),
    (Adam, "Adam", dict(lr=0.1)),
    (Adam, "Adam", dict(lr=0.1, betas=(0.5, 0.7), eps=1e-3, weight_decay=0.2, maximize=True)),
]


@pytest.mark.parametrize(("ours", "theirs", "kwargs"), CASES)
def test_equals_pytorch_after_every_step(ours, theirs, kwargs):
    torch = pytest.importorskip("torch", reason="PyTorch is the referee of this test")
    rng = np.random.default_rng(0)
    starts = [rng.normal(size=shape) for shape in SHAPES]
    a = [Tensor(s.copy(), requires_grad=True) for s in starts]
    b = [torch.tensor(s, requires_grad=True) for s in starts]
    own = {k: v for k, v in kwargs.items() if not (ours is Nesterov and k == "nesterov")}
    x, y = ours(a, **own), getattr(torch.optim, theirs)(b, **kwargs)
    for _ in range(50):
        for p, q in zip(a, b, strict=True):
            g = np.asarray(rng.normal(size=p.shape))
            p.grad, q.grad = Tensor(g), torch.tensor(g)
        x.step()
        y.step()
        for p, q in zip(a, b, strict=True):
            np.testing.assert_allclose(p.data, q.detach().numpy(), rtol=1e-12, atol=1e-12)


def test_dampening_where_momentum_is_switched_on_later_differs_as_the_docstring_says():
    torch = pytest.importorskip("torch", reason="PyTorch is the referee of this test")
    p, q = Tensor(np.zeros(1), requires_grad=True), torch.zeros(1, requires_grad=True)
    ours, theirs = (
        kind([x], lr=1.0, dampening=0.5) for kind, x in ((SGD, p), (torch.optim.SGD, q))
    )
    p.grad, q.grad = Tensor(np.ones(1)), torch.ones(1)
    for momentum in (0.0, 0.5):
        ours.param_groups[0]["momentum"] = theirs.param_groups[0]["momentum"] = momentum
        ours.step()
        theirs.step()
    assert (p.data.item(), q.item()) == (-1.5, -2.0)


def test_one_step_as_typed():
    p = Tensor([1.0, 2.0], requires_grad=True)
    p.grad = Tensor([0.1, 0.2])
    optimizer = SGD([p], lr=0.1)
    optimizer.step()
    np.testing.assert_allclose(p.data, [0.99, 1.98], rtol=1e-6)
    assert p.dtype == np.float32
    optimizer.zero_grad()
    assert p.grad is None


def test_gradient_descent_step():
    p = Tensor([1.0, 2.0], requires_grad=True)
    p.grad = Tensor([0.1, 0.2])
    gradient_descent_step(p, learning_rate=0.1)
    np.testing.assert_allclose(p.data, [0.99, 1.98], rtol=1e-6)
    with pytest.raises(ValueError, match="no gradient"):
        gradient_descent_step(Tensor([1.0], requires_grad=True), 0.1)


def test_both_vocabularies():
    w = Tensor([1.0], requires_grad=True)
    group = SGD(parameters=[w], learning_rate=0.01, momentum=0.9).param_groups[0]
    assert (group["lr"], group["momentum"]) == (0.01, 0.9)
    adam = Adam(parameters=[w], learning_rate=0.002, beta1=0.8, beta2=0.99)
    assert adam.param_groups[0]["betas"] == (0.8, 0.99)
    assert Adam([w], beta2=0.95).param_groups[0]["betas"] == (0.9, 0.95)
    for kwargs in (dict(lr=0.1, learning_rate=0.1), dict(betas=(0.9, 0.9), beta1=0.9)):
        with pytest.raises(TypeError, match="not both"):
            Adam([w], **kwargs)
    with pytest.raises(TypeError, match="not both"):
        Adam([w], 0.1, learning_rate=0.1)
    with pytest.raises(TypeError, match="not both"):
        Adam([w], parameters=[w])


def test_a_constructor_s_own_names_are_its_own():
    class Mine(SGD):
        def __init__(self, params, learning_rate=0.1, **kwargs):
            super().__init__(params, learning_rate, **kwargs)

    w = Tensor([1.0], requires_grad=True)
    assert Mine([w], learning_rate=0.5).param_groups[0]["lr"] == 0.5
    assert Mine(parameters=[w], momentum=0.9).param_groups[0]["momentum"] == 0.9


@pytest.mark.parametrize("n", [1, 32_768, 32_769, 100_000])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_blocked_is_whole_bit_for_bit(n, dtype):
    def run(name):
        rng = np.random.default_rng(1)
        p = Tensor(rng.normal(size=n).astype(dtype), requires_grad=True)
        optimizer = Adam([p], lr=0.1, weight_decay=0.1)
        with engine(name):
            for _ in range(3):
                p.grad = Tensor(rng.normal(size=n).astype(dtype))
                before = p.grad.data.copy()
                optimizer.step()
                assert np.array_equal(before, p.grad.data)
        return p.data

    a, b = run("whole"), run("blocked")
    assert a.dtype == b.dtype == dtype
    assert np.array_equal(a, b)
