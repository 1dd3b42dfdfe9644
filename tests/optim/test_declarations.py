"""What an optimizer declares is all that anybody knows of its values: names, number, checks."""

import copy
import inspect

import numpy as np
import pytest

from tinytorch import Tensor, optim
from tinytorch.core.checks import ANYTHING, NONNEGATIVE, POSITIVE, POSITIVE_COUNT
from tinytorch.optim import OPTIMIZERS, SCHEDULERS, SGD, Adam, Optimizer, Scheduler, StepLR
from tinytorch.optim.declarations import Declared, Value, moments


def parameter(*values):
    return Tensor(np.array(values or (1.0, -2.0)), requires_grad=True)


def three_averages(p, g, a, b, c, *, t, lr, beta1, beta2, beta3, zest):
    a = beta1 * a + (1 - beta1) * g
    b = beta2 * b + (1 - beta2) * a
    c = beta3 * c + (1 - beta3) * b
    return p - lr * (a + zest * b + c / (1 - beta3**t)), a, b, c


class Three(Optimizer):
    """Three averages, and a number that no other optimizer has.

    Source: made up.
    """

    lr: float = Value(NONNEGATIVE, "step size, >= 0", default=0.1)
    betas: tuple = moments(default=(0.5, 0.25, 0.75))
    zest: float = Value(POSITIVE, "what nobody else has, > 0", default=1.0)
    weight_decay: float = Value(NONNEGATIVE, "λ, added to the gradient as λ p", default=0.0)

    def rule(self, group):
        return three_averages


def by_hand(p, gradients, lr, betas, zest):
    a = b = c = 0.0
    for t, g in enumerate(gradients, 1):
        a = betas[0] * a + (1 - betas[0]) * g
        b = betas[1] * b + (1 - betas[1]) * a
        c = betas[2] * c + (1 - betas[2]) * b
        p = p - lr * (a + zest * b + c / (1 - betas[2] ** t))
    return p


GRADIENTS = np.array([[0.5, -1.0], [0.25, 2.0], [-1.0, 0.5]])


@pytest.mark.parametrize("engine", ["whole", "blocked", "fused"])
def test_three_betas_and_a_new_name_work(engine):
    if engine == "fused":
        pytest.importorskip("numba", reason="the fused engine needs numba")
    p = parameter()
    optimizer = Three([p], zest=2.0, beta3=0.5, engine=engine)
    for g in GRADIENTS:
        p.grad = Tensor(g)
        optimizer.step()
    expected = by_hand(np.array([1.0, -2.0]), GRADIENTS, 0.1, (0.5, 0.25, 0.5), 2.0)
    np.testing.assert_allclose(p.data, expected, rtol=1e-14)


def test_they_can_be_swept_saved_and_scheduled():
    beta3, zest = np.array([0.0, 0.5, 0.9])[:, None], np.array([0.5, 2.0])[None]
    runs = optim.run_grid(Three, (1.0, -2.0), lambda x: x, 4, beta3=beta3, zest=zest)
    assert runs.points.shape == (3, 2, 2)
    for i, j in np.ndindex(3, 2):
        p = parameter()
        optimizer = Three([p], beta3=beta3[i, 0], zest=zest[0, j])
        for _ in range(4):
            p.grad = Tensor(p.data.copy())
            optimizer.step()
        np.testing.assert_array_equal(runs.points[i, j], p.data)
    other = Three([parameter()])
    other.load_state_dict(optimizer.state_dict())
    assert other.betas == (0.5, 0.25, 0.9)
    optim.OneCycleLR(other, 1.0, 10)
    assert other.betas == (0.95, 0.25, 0.9)


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        (dict(betas=(0.5, 0.5)), ValueError, r"betas must be three numbers in \[0, 1\), got"),
        (dict(beta3=1.0), ValueError, r"betas must be three numbers in .*, got \(0.5, 0.25, 1.0\)"),
        (dict(zest=0), ValueError, "Three: zest must be a finite number > 0, got 0"),
        (dict(zets=1), TypeError, r"Three.__init__\(\) got an unexpected keyword argument 'zets'"),
        (dict(beta4=1), TypeError, "unexpected keyword argument 'beta4'"),
        (dict(betas=(0.5, 0.5, 0.5), beta3=0.1), TypeError, "beta3 is another name for betas"),
    ],
)
def test_what_is_wrong_is_said(kwargs, error, message):
    with pytest.raises(error, match=message):
        Three([parameter()], **kwargs)
    if error is ValueError:
        name, value = next(iter(kwargs.items()))
        swept = {"betas": [0.5, 0.5]} if name == "betas" else {name: np.array([value, 0.5])}
        with pytest.raises(ValueError, match="must be"):
            optim.run_grid(Three, (1.0, -2.0), lambda x: x, 1, **swept)


@pytest.mark.parametrize("engine", ["whole", "blocked", "fused"])
def test_a_rule_that_asks_for_a_misspelt_number_is_told(engine):
    def rule(p, g, *, lr, zets):
        return (p - lr * zets * g,)

    class Misspelt(Three):
        def rule(self, group):
            return rule

    p = parameter()
    p.grad = Tensor([1.0, 1.0])
    optimizer = Misspelt([p], engine=engine)
    with pytest.raises(TypeError, match="rule asks for zets; there are lr, betas, zest"):
        optimizer.step()
    assert p.data.tolist() == [1.0, -2.0]


def test_a_constructor_written_out_may_have_new_names_and_three_betas():
    class Written(Optimizer):
        def __init__(self, params, lr=0.1, betas=(0.5, 0.25, 0.75), zest=1.0):
            super().__init__(params, dict(lr=lr, betas=betas, zest=zest))

        def rule(self, group):
            return three_averages

    p = parameter()
    optimizer = Written([p], zest=2.0, beta1=0.25)
    assert optimizer.param_groups[0]["betas"] == (0.25, 0.25, 0.75)
    for g in GRADIENTS:
        p.grad = Tensor(g)
        optimizer.step()
    expected = by_hand(np.array([1.0, -2.0]), GRADIENTS, 0.1, (0.25, 0.25, 0.75), 2.0)
    np.testing.assert_allclose(p.data, expected, rtol=1e-14)
    with pytest.raises(ValueError, match="Written: lr must be a finite number >= 0"):
        optimizer.param_groups[0]["lr"] = -1
    with pytest.raises(ValueError, match="betas must be three numbers"):
        Written([p], betas=(0.5, 0.5))
    assert "engine" in inspect.signature(Written).parameters


def test_the_signature_is_what_is_declared():
    assert str(inspect.signature(Three)) == (
        "(params, lr: float = 0.1, betas: tuple = (0.5, 0.25, 0.75), zest: float = 1.0, "
        "weight_decay: float = 0.0, *, maximize: bool = False, engine: str | None = None)"
    )
    by_position = Three([parameter()], 0.5, (0.1, 0.2, 0.3), 4.0)
    assert (by_position.lr, by_position.betas, by_position.zest) == (0.5, (0.1, 0.2, 0.3), 4.0)
    with pytest.raises(TypeError, match="too many positional"):
        Three([parameter()], 0.5, (0.1, 0.2, 0.3), 4.0, 0.0, True)


def test_the_docstring_has_the_arguments():
    assert "    betas: (β₁, β₂, β₃), all in [0, 1).\n    zest: what nobody else has, > 0.\n" in (
        Three.__doc__
    )
    assert Three.__doc__.index("Arguments:") < Three.__doc__.index("Source: made up.")
    for kind in (*OPTIMIZERS, *SCHEDULERS):
        if kind.declared and kind.__init__.__qualname__ == f"{kind.__qualname__}.__init__":
            own = [n for n in inspect.signature(kind).parameters if n not in ("kwargs", "engine")]
            shown = kind.__doc__ if "Arguments:" in kind.__doc__ else ""
            assert all(f"    {name}: " in shown for name in own) or not shown, kind


def test_a_value_is_read_and_set_where_it_is_declared():
    p, q = parameter(), parameter(3.0)
    optimizer = Adam([{"params": [p]}, {"params": [q], "lr": 0.5}], lr=0.25)
    with pytest.raises(AttributeError, match="the groups differ in lr"):
        _ = optimizer.lr
    assert optimizer.betas == (0.9, 0.999)
    with pytest.raises(ValueError, match="Adam: lr must be a finite number >= 0, got -1"):
        optimizer.lr = -1
    assert [group["lr"] for group in optimizer.param_groups] == [0.25, 0.5]
    optimizer.lr = 0.125
    assert [group["lr"] for group in optimizer.param_groups] == [0.125, 0.125]
    assert isinstance(Adam.lr, Declared)
    assert Adam.lr.default == 1e-3
    assert copy.deepcopy(optimizer).lr == 0.125
    with pytest.raises(ValueError, match="SGD: nesterov needs momentum > 0"):
        SGD([p]).nesterov = True


@pytest.mark.parametrize("name", ["state", "rule", "step", "param_groups", "engine", "params"])
def test_a_name_that_means_something_else_cannot_be_declared(name):
    with pytest.raises(TypeError, match=f"{name} of an optimizer is something else"):
        type("Odd", (Optimizer,), {name: Value(NONNEGATIVE, "nothing", default=0.1)})


def test_the_constructors_of_bases_are_called():
    class Counting(Optimizer):
        def __init__(self, params, defaults):
            super().__init__(params, defaults)
            self.count = 3

    class Counted(Counting):
        """It counts."""

        lr: float = Value(NONNEGATIVE, "step size", default=0.5)

        def rule(self, group):
            return lambda p, g, *, lr: (p - lr * g,)

    class More(Counted):
        """It has more."""

        def __init__(self, params, lr=0.25, **kwargs):
            super().__init__(params, lr, **kwargs)

    made = More([parameter()])
    assert (made.count, made.lr) == (3, 0.25)
    assert Counted([parameter()]).count == 3


def test_a_scheduler_is_declared_alike():
    class Halving(Scheduler):
        """Half of it every so often."""

        every: int = Value(POSITIVE_COUNT, "steps, an integer >= 1")
        note: str | None = Value(ANYTHING, "whatever", default=None, kw_only=True)

        def factor(self, t):
            return 0.5 ** (t // self.every)

    optimizer = SGD([parameter()], lr=1.0)
    assert str(inspect.signature(Halving)) == "(optimizer, every: int, *, note: str | None = None)"
    scheduler = Halving(optimizer, 2)
    assert [scheduler.lr(t, 1.0) for t in range(4)] == [1, 1, 0.5, 0.5]
    assert repr(scheduler) == "Halving(every=2, note=None, t=0, base_lrs=[1.0])"
    with pytest.raises(ValueError, match="Halving: every must be an integer >= 1, got 0"):
        scheduler.every = 0
    with pytest.raises(TypeError, match=r"Halving.__init__\(\) missing a required argument"):
        Halving(optimizer)
    assert "    every: steps, an integer >= 1.\n" in Halving.__doc__
    assert repr(StepLR(optimizer, 3)) == "StepLR(step_size=3, gamma=0.1, t=0, base_lrs=[1.0])"


def test_a_step_of_a_schedule_that_fails_has_moved_no_group():
    p, q = parameter(), parameter(3.0)
    groups = [{"params": [p]}, {"params": [q], "nesterov": True}]
    optimizer = SGD(groups, lr=1.0, momentum=0.9)
    scheduler = optim.OneCycleLR(optimizer, 1.0, 4, pct_start=0.5, base_momentum=0.0)
    before = [dict(group) for group in optimizer.param_groups]
    optimizer.step()
    with pytest.raises(ValueError, match="nesterov needs momentum > 0"):
        scheduler.step()
    assert [dict(group) for group in optimizer.param_groups] == before
    assert scheduler.t == 0
