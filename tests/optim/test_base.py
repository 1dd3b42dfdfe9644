"""What every optimizer has from its base: groups, refusals, steps, hooks."""

import copy
import gc
import inspect
import pickle
import re
import weakref
from fractions import Fraction

import numpy as np
import pytest

from tinytorch import Tensor, optim
from tinytorch.core.autograd import enable_grad, grad_enabled, no_grad
from tinytorch.nn import MLP
from tinytorch.optim import OPTIMIZERS, SGD, Adam, AdamW, Momentum, Optimizer, decay_groups

NAN, INF = float("nan"), float("inf")


def tensor(*shape, dtype="float64"):
    return Tensor(np.ones(shape, dtype), requires_grad=True)


def hyperparameters():
    for kind in OPTIMIZERS:
        for name in kind([tensor(4, 4)]).defaults:
            yield pytest.param(kind, name, id=f"{kind.__name__}-{name}")


# Values


@pytest.mark.parametrize(("kind", "name"), list(hyperparameters()))
def test_no_wrong_value_gets_in(kind, name):
    """In the constructor, in a group, set later, or loaded."""
    p = tensor(4, 4)
    good = kind([p])
    saved = good.state_dict()
    for wrong in (NAN, INF, -INF, "0.1", [NAN, 0.5], (0.5,), {}, 1 + 1j, np.array([0.1, 0.2])):
        if wrong is INF and good.defaults[name] == INF:  # Prodigy may grow without bound
            continue
        message = f"{kind.__name__}: {name} must be "
        if name in inspect.signature(kind).parameters:
            with pytest.raises(ValueError, match=message):
                kind([p], **{name: wrong})
        with pytest.raises(ValueError, match=message):
            kind([{"params": [p], name: wrong}])
        with pytest.raises(ValueError, match=message):
            good.param_groups[0][name] = wrong
        broken = {**saved, "param_groups": [{**saved["param_groups"][0], name: wrong}]}
        with pytest.raises(ValueError, match=message):
            good.load_state_dict(broken)
    np.testing.assert_equal(good.state_dict(), saved)


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_true_is_no_number_and_one_is_no_flag(kind):
    p = tensor(4, 4)
    for name, value in kind([p]).defaults.items():
        if type(value) is float:
            with pytest.raises(ValueError, match=f"{kind.__name__}: {name} must be"):
                kind([{"params": [p], name: True}])
        if type(value) is bool:
            with pytest.raises(ValueError, match=f"{kind.__name__}: {name} must be"):
                kind([{"params": [p], name: 1}])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: SGD([p], lr=-0.1), r"SGD: lr must be a finite number >= 0, got -0\.1"),
        (lambda p: SGD([p], momentum=-0.1), "momentum"),
        (lambda p: SGD([p], weight_decay=-1), "weight_decay"),
        (lambda p: SGD([p], nesterov=True), "nesterov needs momentum > 0"),
        (lambda p: SGD([p], momentum=0.9, nesterov=True, dampening=0.1), "dampening = 0"),
        (lambda p: Adam([p], betas=(0.9, 1.0)), r"betas must be two numbers in \[0, 1\)"),
        (lambda p: Adam([p], betas=(-0.1, 0.9)), "betas"),
        (lambda p: Adam([p], betas=0.9), "betas"),
        (lambda p: Adam([p], eps=-1e-8), "eps"),
        (lambda p: Adam([p], beta1=2.0), "betas"),
        (lambda p: optim.RMSprop([p], alpha=2.0), "alpha"),
        (lambda p: optim.gradient_descent_step(p, NAN), "lr must be a finite number"),
    ],
)
def test_out_of_range(make, message):
    with pytest.raises(ValueError, match=message):
        make(tensor(2))


def test_numbers_of_numpy_and_whole_numbers_are_numbers():
    group = Adam([tensor(2)], lr=np.float32(0.5), eps=0, betas=[0, np.float64(0.5)]).param_groups[0]
    assert (group["lr"], group["eps"]) == (0.5, 0)


def test_values_are_kept_in_pythons_own_types():
    """However they come in: a scalar of NumPy would make float32 float64, a list could be changed
    without being checked."""
    tried = dict(
        lr=Fraction(1, 10), betas=[np.float32(0.5), np.float64(0.75)], eps=np.float64(1), d0=1
    )
    made = optim.Prodigy([tensor(2)], **tried)
    added = optim.Prodigy([{"params": [tensor(2)], **tried}])
    later = optim.Prodigy([tensor(2)])
    later.param_groups[0].update(tried)
    loaded = optim.Prodigy([tensor(2)])
    saved = made.state_dict()
    saved["param_groups"][0] |= tried
    loaded.load_state_dict(saved)
    for optimizer in (made, added, later, loaded):
        (group,) = optimizer.param_groups
        assert (group["lr"], group["betas"], group["eps"], group["d0"]) == (0.1, (0.5, 0.75), 1, 1)
        assert type(group["betas"]) is tuple
        for value in (group["lr"], group["eps"], *group["betas"]):
            assert type(value) is float
        assert type(group["d0"]) is int
    scheduler = optim.LambdaLR(made, lambda t: np.cos(t))
    made.step()
    scheduler.step()
    assert type(made.param_groups[0]["lr"]) is float
    scheduler.load_state_dict({"t": np.int64(1), "base_lrs": [np.float64(0.5)]})
    assert [type(x) for x in (scheduler.t, *scheduler.base_lrs)] == [int, float]


@pytest.mark.parametrize("lr", [np.float64(0.1), Fraction(1, 10)])
@pytest.mark.parametrize("kind", [SGD, Adam, AdamW, optim.LAMB, optim.Adafactor])
def test_scalars_of_any_kind_step_like_floats(kind, lr):
    def path(name, lr):
        rng = np.random.default_rng(0)
        p = Tensor(rng.normal(size=(30, 7)).astype("f4"), requires_grad=True)
        optimizer = kind([p], lr=lr, weight_decay=0.1, engine=name)
        scheduler = optim.LambdaLR(optimizer, lambda t: type(lr)(1 / (1 + t)))
        for _ in range(4):
            p.grad = Tensor(rng.normal(size=(30, 7)).astype("f4"))
            optimizer.step()
            scheduler.step()
        return p.data.tobytes()

    assert path("whole", lr) == path("blocked", lr) == path("whole", 0.1)


# Parameters


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda p, q: p, TypeError, r"write \[p\]"),
        (lambda p, q: p.data, TypeError, "must be a list of tensors"),
        (lambda p, q: {p, q}, TypeError, "a set has none"),
        (lambda p, q: [{"params": {p, q}}], TypeError, "must be a list, got set"),
        (lambda p, q: {"params": [p]}, TypeError, r"write \[group\]"),
        (lambda p, q: [], ValueError, "nothing to optimize"),
        (lambda p, q: iter(()), ValueError, "nothing to optimize"),
        (lambda p, q: [{"params": []}], ValueError, "a group without parameters"),
        (lambda p, q: [{"lr": 0.1}], TypeError, 'a group needs "params"'),
        (lambda p, q: [{"params": p}, q], TypeError, "a group must be a dictionary"),
        (lambda p, q: [p, p.data], TypeError, "params must be tensors, got ndarray"),
        (lambda p, q: [p, q * 2], ValueError, r"parameter 1 of shape \(2,\) is computed"),
        (lambda p, q: [p, Tensor(1.0)], ValueError, "does not require a gradient"),
        (lambda p, q: [p, q, p], ValueError, "parameter 2 .* is given twice"),
        (lambda p, q: [{"params": p}, {"params": [q, p]}], ValueError, "given twice"),
        (lambda p, q: [("w", p), q], ValueError, "to all parameters, or to none"),
        (lambda p, q: [("w", p), ("w", q)], ValueError, "two parameters have the name 'w'"),
        (lambda p, q: [(3, p)], TypeError, "a parameter's name must be a string, got 3"),
        (lambda p, q: [{"params": [("w", p)]}, {"params": [q]}], ValueError, "or to none"),
        (lambda p, q: [{"params": p, "learnrate": 1}], TypeError, "unknown learnrate; a group may"),
        (lambda p, q: [{"params": p, "param_names": ["w"]}], TypeError, "unknown param_names"),
        (lambda p, q: [{"params": p, 3: 1}], TypeError, "unknown 3"),
    ],
)
def test_parameters_that_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        SGD(make(tensor(2), tensor(2)), lr=0.1)


def test_read_only_parameters_are_refused():
    p = Tensor(np.broadcast_to(np.ones(1), (3,)), requires_grad=True)
    with pytest.raises(ValueError, match=r"parameter 0 of shape .* is read-only"):
        SGD([p])


def test_add_param_group_is_all_or_nothing():
    p, q, r = tensor(2), tensor(3), tensor(4)
    optimizer = Adam([p])
    for group in (
        {"params": [q, p]},
        {"params": [q, r], "lr": NAN},
        {"params": [q, Tensor(1.0)]},
        {"params": [q], "momentum": 0.9},
        {"params": [("q", q)]},
        [q],
    ):
        with pytest.raises((TypeError, ValueError)):
            optimizer.add_param_group(group)
        assert len(optimizer.param_groups) == len(optimizer.state) == 1
    optimizer.add_param_group({"params": [q, r], "lr": 0.5})
    assert [g["lr"] for g in optimizer.param_groups] == [1e-3, 0.5]
    assert set(optimizer.state) == {p, q, r}


def test_groups_have_values_of_their_own():
    p, q, r = (tensor(2) for _ in range(3))
    groups = [
        {"params": p},
        {"params": [q], "lr": 0.5, "momentum": 0.0},
        {"params": [r], "learning_rate": 0.25},
    ]
    optimizer = SGD(groups, lr=0.1, momentum=0.9)
    for _ in range(2):
        for x in (p, q, r):
            x.grad = Tensor(np.ones(2))
        optimizer.step()
    assert p.data == pytest.approx([1 - 0.1 * 2.9] * 2)
    assert q.data == pytest.approx([0.0, 0.0])
    assert r.data == pytest.approx([1 - 0.25 * 2.9] * 2)
    assert "lr" not in groups[0]


def test_older_names_in_a_group():
    optimizer = Adam([{"parameters": [tensor(2)], "beta1": 0.5}], betas=(0.8, 0.9))
    assert optimizer.param_groups[0]["betas"] == (0.5, 0.9)
    with pytest.raises(TypeError, match="give one of them, not both"):
        Adam([{"params": [tensor(2)], "lr": 0.1, "learning_rate": 0.1}])


def test_a_group_refuses_what_the_constructor_refuses():
    optimizer = SGD([("w", tensor(2))], lr=0.1, momentum=0.9, nesterov=True)
    group = optimizer.param_groups[0]
    before = dict(group)
    with pytest.raises(ValueError, match="nesterov"):
        group["momentum"] = 0.0
    with pytest.raises(ValueError, match="lr"):
        group.update(momentum=0.5, lr=-1)
    with pytest.raises(ValueError, match="lr"):
        group |= {"lr": INF}
    for name in ("learning_rate", "beta1", "d"):
        with pytest.raises(TypeError, match=f"unknown {name}"):
            group[name] = 0.1
    with pytest.raises(TypeError, match="use add_param_group"):
        group["params"] = []
    assert optimizer.param_groups[0] == before
    group.update(momentum=0.5, lr=1)
    assert (group["momentum"], group["lr"], group.setdefault("lr", 2)) == (0.5, 1, 1)
    assert isinstance(group, dict)


def test_no_value_is_taken_out_of_a_group():
    optimizer = SGD([tensor(2)], lr=0.1)
    (group,) = optimizer.param_groups
    before = dict(group)
    for take in (
        lambda: group.pop("lr"),
        lambda: group.pop("params", None),
        lambda: group.__delitem__("momentum"),
        group.popitem,
        group.clear,
    ):
        with pytest.raises(TypeError, match="cannot be taken out of a group"):
            take()
        assert group == before
    assert group.pop("speed", 3) == 3
    with pytest.raises(KeyError):
        group.pop("speed")
    optim.StepLR(optimizer, 3)
    del group["initial_lr"]
    assert group == before


COPIES = [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]


@pytest.mark.parametrize("duplicate", COPIES)
@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_a_copy_goes_on_by_itself(kind, duplicate):
    """What is copied with the optimizer is shared by the copies: parameters, and its schedule."""

    def walk(params, optimizer, scheduler):
        for _ in range(2):
            for p in params:
                p.grad = Tensor(np.sin(3 * p.data) + np.eye(*p.shape))
            optimizer.step()
            scheduler.step()
        return [p.data.copy() for p in params]

    params = [("a", tensor(3, 3)), ("b", tensor(2, 2))]
    optimizer = kind([{"params": [p]} for p in params], lr=0.1)
    optimizer.register_step_post_hook(lambda *args: None)
    everything = [p for _, p in params], optimizer, optim.StepLR(optimizer, 1)
    walk(*everything)
    other = duplicate(everything)
    before = [p.data.copy() for p in everything[0]]
    moved = walk(*other)
    assert type(other[1]) is kind
    for p, q, old in zip(everything[0], other[0], before, strict=True):
        assert p is not q
        np.testing.assert_array_equal(p.data, old)
    np.testing.assert_equal(walk(*everything), moved)
    np.testing.assert_equal(other[1].state_dict(), optimizer.state_dict())
    with pytest.raises(ValueError, match="lr must be"):
        other[1].param_groups[0]["lr"] = -1
    other[1].param_groups[0]["weight_decay"] = 0.25
    assert optimizer.param_groups[0]["weight_decay"] != 0.25


@pytest.mark.parametrize("duplicate", COPIES)
def test_a_model_and_its_optimizer_are_copied_together(duplicate):
    model = MLP([2, 3, 1])
    copied, optimizer = duplicate((model, Adam(model.named_parameters())))
    (group,) = optimizer.param_groups
    assert all(p is q for p, q in zip(group["params"], copied.parameters(), strict=True))
    assert list(optimizer.state) == group["params"]
    assert type(duplicate(group)) is dict


def test_decay_groups():
    model = MLP([3, 4, 2])
    with pytest.raises(ValueError, match=r"decay_groups: weight_decay must be .*, got -1"):
        decay_groups(model, -1)
    first, second = decay_groups(model, 0.1)
    assert [name for name, _ in first["params"]] == ["layers.0.weight", "layers.2.weight"]
    assert [name for name, _ in second["params"]] == ["layers.0.bias", "layers.2.bias"]
    optimizer = AdamW(decay_groups(model, 0.1), lr=0.5)
    assert [g["weight_decay"] for g in optimizer.param_groups] == [0.1, 0.0]
    before = [p.data.copy() for p in model.parameters()]
    for p in model.parameters():
        p.data += 1
        p.grad = Tensor(np.zeros_like(p.data))
    optimizer.step()
    for p, old in zip(model.parameters(), before, strict=True):
        expected = (old + 1) * (0.95 if p.ndim == 2 else 1)
        assert p.data == pytest.approx(expected, rel=1e-6)


def test_decay_groups_without_vectors():
    class Bare:
        def named_parameters(self):
            return [("w", tensor(2, 2))]

    assert [len(g["params"]) for g in decay_groups(Bare(), 0.1)] == [1]
    with pytest.raises(ValueError, match="weight_decay"):
        AdamW(decay_groups(Bare(), -0.1))


# Steps


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_a_parameter_that_changed_its_form_is_named(kind):
    def spoil_shape(p):
        p.data = np.ones((5, 5))
        p.grad = Tensor(np.ones((5, 5)))

    def spoil_dtype(p):
        p.data = p.data.astype("float32")

    def spoil_grad(p):
        p.grad.data = p.grad.data.astype("float32")

    for spoil in (spoil_shape, spoil_dtype, spoil_grad):
        p, q = tensor(4, 4), tensor(4, 4)
        optimizer = kind([("first", p), ("second", q)])
        p.grad, q.grad = Tensor(np.ones((4, 4))), Tensor(np.ones((4, 4)))
        spoil(q)
        with pytest.raises(ValueError, match=r"second was float64 \(4, 4\) when the optimizer"):
            optimizer.step()
        assert np.array_equal(p.data, np.ones((4, 4)))
        assert optimizer.steps == optimizer.state[p]["t"] == 0


def test_a_parameter_put_in_by_hand_is_named():
    optimizer = SGD([tensor(2)], lr=0.1)
    p = tensor(3)
    p.grad = Tensor(np.ones(3))
    optimizer.param_groups[0]["params"].append(p)
    with pytest.raises(ValueError, match="parameter 1 was put into a group by hand"):
        optimizer.step()


def test_closure_records_and_is_called_once():
    p = tensor(2)
    optimizer, calls = SGD([p], lr=0.25), []

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        calls.append(grad_enabled())
        return loss

    with no_grad():
        loss = optimizer.step(closure)
        assert not grad_enabled()
    assert (loss.item(), calls) == (2.0, [True])
    assert np.array_equal(p.data, [0.5, 0.5])
    assert optimizer.step() is None


def test_a_closure_that_fails_changes_nothing():
    p = tensor(2)
    optimizer = Momentum([p], lr=0.25)
    p.grad = Tensor(np.ones(2))
    with pytest.raises(ZeroDivisionError), no_grad():
        optimizer.step(lambda: 1 / 0)
    assert np.array_equal(p.data, [1, 1])
    assert optimizer.steps == 0
    assert grad_enabled()


def test_enable_grad_inside_no_grad():
    with no_grad(), enable_grad():
        assert (tensor(2) * 2).requires_grad


def test_hooks():
    p = tensor(2)
    optimizer, seen = SGD([p], lr=0.5), []
    p.grad = Tensor(np.ones(2))

    def note(name):
        return lambda *args: seen.append((name, args[1:], p.data[0]))

    before = optimizer.register_step_pre_hook(note("before"))
    after = optimizer.register_step_post_hook(note("after"))
    optimizer.step()
    assert seen == [("before", ((), {}), 1.0), ("after", ((), {}), 0.5)]
    before.remove()
    before.remove()
    seen.clear()
    optimizer.step(closure := lambda: None)
    assert seen == [("after", ((closure,), {}), 0.0)]
    after.remove()
    seen.clear()
    optimizer.step()
    assert not seen
    with pytest.raises(TypeError, match="a hook must be callable, got 3"):
        optimizer.register_step_pre_hook(3)


def test_a_hook_may_remove_itself():
    optimizer, seen = SGD([tensor(2)], lr=0.5), []

    def once(optimizer, args, kwargs):
        seen.append(optimizer.steps)
        handle.remove()

    handle = optimizer.register_step_post_hook(once)
    optimizer.step()
    optimizer.step()
    assert seen == [1]


def test_zero_grad():
    p, q = tensor(2), tensor(2)
    optimizer = SGD([p, q], lr=0.5)
    p.grad = Tensor(np.ones(2))
    kept = p.grad.data
    optimizer.zero_grad(set_to_none=False)
    assert np.array_equal(p.grad.data, [0, 0])
    assert q.grad is None
    assert np.array_equal(kept, [1, 1])
    optimizer.zero_grad()
    assert p.grad is None


def test_momentum_that_is_switched_on_later():
    p = tensor(2)
    optimizer = SGD([p], lr=0.5)
    for momentum in (0.0, 0.5, 0.5):
        optimizer.param_groups[0]["momentum"] = momentum
        p.grad = Tensor(np.ones(2))
        optimizer.step()
    assert p.data == pytest.approx([1 - 0.5 * (1 + 1 + 1.5)] * 2)
    optimizer.param_groups[0]["momentum"] = 0.0
    saved = optimizer.state_dict()
    assert set(saved["state"]["0"]) == {"shape", "t"}
    SGD([tensor(2)], lr=0.5).load_state_dict(saved)


@pytest.mark.parametrize("engine", ["whole", "blocked", "fused"])
@pytest.mark.parametrize("part", [slice(None), slice(2, None), slice(None, None, -1)])
def test_a_gradient_in_the_memory_of_another_parameter_is_what_it_was_before_the_step(engine, part):
    """`q.grad = p` of a tensor p that moves in the same step, and moves first."""
    start, size = np.arange(1.0, 5), len(np.arange(4)[part])
    p, q = Tensor(start.copy(), requires_grad=True), Tensor(np.zeros(size), requires_grad=True)
    p.grad, q.grad = p, Tensor(p.data[part])
    optimizer = SGD([p, q], lr=0.5, engine=engine)
    optimizer.step()
    np.testing.assert_array_equal(p.data, start / 2)
    np.testing.assert_array_equal(q.data, -start[part] / 2)


def test_gradients_that_share_memory_with_one_another_are_left_where_they_are():
    flat = np.ones(4)
    params = [Tensor(np.zeros(2), requires_grad=True) for _ in range(2)]
    for p, g in zip(params, (flat[:2], flat[2:]), strict=True):
        p.grad = Tensor(g)
    SGD(params, lr=0.5).step()
    assert all(p.grad.data.base is flat for p in params)
    assert all((p.data == -0.5).all() for p in params)


def test_nothing_keeps_an_optimizer_alive():
    optimizer = Adam([tensor(2)])
    optim.StepLR(optimizer, 3)
    gc.disable()
    try:
        ghost = weakref.ref(optimizer)
        del optimizer
        assert ghost() is None
    finally:
        gc.enable()


def test_repr():
    w, b = tensor(3, 400), tensor(3)
    optimizer = SGD([{"params": [w]}, {"params": [b], "lr": 0.5}], lr=0.1, momentum=0.9)
    assert repr(optimizer) == (
        "SGD(\n"
        "  group 0: 1 tensors, 1,200 numbers, lr=0.1, momentum=0.9, dampening=0.0, "
        "weight_decay=0.0, nesterov=False, maximize=False\n"
        "  group 1: 1 tensors, 3 numbers, lr=0.5, momentum=0.9, dampening=0.0, "
        "weight_decay=0.0, nesterov=False, maximize=False\n"
        ")"
    )


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (None, "rule() must return a function"),
        (lambda p, g, *, lr: p - lr * g, "must return the tuple (p,), got ndarray"),
        (lambda p, g, *, lr: (p - lr * g, g), "must return the tuple (p,), got a tuple of 2"),
        (lambda p, g, m, *, lr: (p - lr * g,), "must return the tuple (p, m), got a tuple of 1"),
    ],
)
def test_a_rule_that_is_none_or_returns_something_else_is_told_so(rule, words):
    class Own(Optimizer):
        def __init__(self, params):
            super().__init__(params, dict(lr=0.1))

        def rule(self, group):
            return rule

    p = Tensor([1.0, 2.0], requires_grad=True)
    p.grad = Tensor([1.0, 1.0])
    with pytest.raises(TypeError, match=re.escape(words)):
        Own([p]).step()
    assert p.data.tolist() == [1.0, 2.0]


def test_a_step_that_fails_is_not_counted():
    class Own(SGD):
        def rule(self, group):
            return lambda p, g, *, lr: (p - lr * g, g)

    p = tensor(2)
    p.grad = Tensor(np.ones(2))
    optimizer = Own([p])
    with pytest.raises(TypeError, match="must return the tuple"):
        optimizer.step()
    assert optimizer.steps == optimizer.state[p]["t"] == 0
