"""Plans: NumPy calls that give the rule's bits, and allocate nothing."""

import numpy as np
import pytest

import tinytorch.optim as optim
from tinytorch import Tensor
from tinytorch.optim.engines import loop, plan
from tinytorch.optim.optimizers import adam, gradient_descent, heavy_ball


def rng_arrays(count, size, dtype=np.float64):
    rng = np.random.default_rng(0)
    return [rng.random(size).astype(dtype) + 0.1 for _ in range(count)]


def assert_same_bits(rule, count, **numbers):
    ours, theirs = rng_arrays(count, 9), rng_arrays(count, 9)
    assert plan.by_plan((rule,), [ours], numbers) == []
    p, g, *state = theirs
    for old, new in zip((p, *state), rule(p, g, *state, **numbers), strict=True):
        np.copyto(old, new)
    for a, b in zip(ours, theirs, strict=True):
        assert a.tobytes() == b.tobytes()


def old_value_read_late(p, g, m, *, beta):
    new = beta * m + g
    return p - m * new, new


def old_value_of_p_in_the_state(p, g, m):
    moved = p - g
    return moved, m + p


def intermediate_in_the_way(p, g, m):
    a = m * g
    m = p + g
    return p - a, m


def old_values_not_read(p, g, m):
    a = g * g
    return a + g, a


def result_twice(p, g, m, n):
    m = m + g
    return p - m, m, m


def nothing_changes(p, g, m):
    return p, m


def number_as_result(p, g, m, *, beta):
    return p - g, 2 * beta


def many_values_at_once(p, g):
    a, b, c, d = p + g, p - g, p * g, p / g
    return ((a * b) / (c + d) + (a - b) * (c - d),)


def functions_and_signs(p, g):
    return (np.maximum(-p, np.sqrt(abs(g))) - np.sign(g) ** 2,)


@pytest.mark.parametrize(
    ("rule", "count", "numbers"),
    [
        (old_value_read_late, 3, {"beta": 0.9}),
        (old_value_of_p_in_the_state, 3, {}),
        (intermediate_in_the_way, 3, {}),
        (old_values_not_read, 3, {}),
        (result_twice, 4, {}),
        (nothing_changes, 3, {}),
        (number_as_result, 3, {"beta": 0.9}),
        (many_values_at_once, 2, {}),
        (functions_and_signs, 2, {}),
        (adam, 4, {"t": 3, "lr": 0.1, "beta1": 0.9, "beta2": 0.99, "eps": 1e-8}),
    ],
)
def test_the_bits_of_the_rule(rule, count, numbers):
    assert_same_bits(rule, count, **numbers)


@pytest.mark.parametrize("dampening", [0.0, 0.5])
def test_what_is_multiplied_by_one_is_not_multiplied(dampening):
    assert_same_bits(heavy_ball, 3, lr=1.0, momentum=0.9, dampening=dampening)
    assert_same_bits(heavy_ball, 3, lr=0.1, momentum=1.0, dampening=dampening)
    assert_same_bits(adam, 4, t=1, lr=1.0, beta1=0.0, beta2=0.0, eps=1.0)


def times_one_alone(p, g, m, *, one):
    m = one * g
    return p - m, m


def test_a_result_that_is_a_product_with_one_is_copied():
    p, g, m = rng_arrays(3, 5)
    before = g.copy()
    plan.by_plan((times_one_alone,), [[p, g, m]], {"one": 1.0})
    m += 1
    assert np.array_equal(g, before)
    assert np.array_equal(m, g + 1)


@pytest.mark.parametrize("helpers", [1, 3])
def test_threads_give_the_same_bits(monkeypatch, helpers):
    monkeypatch.setattr(plan, "SHARED", 0)
    monkeypatch.setattr(plan, "SLICE", 100)
    monkeypatch.setattr(plan.threads, "HELPERS", helpers)
    sizes = [1, 5000, 0, 99, 100, 101, 3000]
    numbers = {"t": 3, "lr": 0.1, "beta1": 0.9, "beta2": 0.99, "eps": 1e-8}
    ours, theirs = ([rng_arrays(4, n, np.float32) for n in sizes] for _ in "ab")
    for _ in range(20):
        assert plan.by_plan((adam,), ours, numbers) == []
    monkeypatch.setattr(plan, "SHARED", 10**9)
    for _ in range(20):
        plan.by_plan((adam,), theirs, numbers)
    for a, b in zip(ours, theirs, strict=True):
        assert [x.tobytes() for x in a] == [x.tobytes() for x in b]


def test_threads_are_really_asked(monkeypatch):
    asked = []

    def together(work, helpers):
        asked.append(helpers)
        work()

    monkeypatch.setattr(plan, "SHARED", 10)
    monkeypatch.setattr(plan.threads, "together", together)
    memory = np.ones(20)
    for params in ([memory[:4], memory[4:9]], [memory[:5], memory[5:10]], [memory[:6], memory[5:]]):
        batch = [[p, np.ones_like(p)] for p in params]
        plan.by_plan((gradient_descent,), batch, {"lr": 0.1})
    assert len(asked) == 1  # not for few elements, and not where parameters share memory


def test_a_plan_allocates_little():
    assert plan.plan_of((adam,))[2] == 2
    assert plan.plan_of((gradient_descent,))[2] == 1
    assert plan.plan_of((heavy_ball,))[2] == 1


def swapped(p, g, m):
    return m, p


def chosen(p, g):
    return (np.where(g > 0, p, g),)


def cubed(p, g):
    return (p - g**3,)


@pytest.mark.parametrize("rule", [swapped, chosen, cubed], ids=lambda r: r.__name__)
def test_what_has_no_plan_is_left_to_the_rule(rule):
    arrays = rng_arrays(3 if rule is swapped else 2, 5)
    before = [a.copy() for a in arrays]
    assert plan.by_plan((rule,), [arrays], {}) == [arrays]
    for a, b in zip(arrays, before, strict=True):
        assert np.array_equal(a, b)


def test_arrays_that_do_not_fit_are_left_to_the_rule():
    p, g = rng_arrays(2, 8)
    read_only = p.copy()
    read_only.flags.writeable = False
    for arrays in ([p[::2], g[::2]], [p, g.astype(np.float32)], [p, p], [p[1:], p[:-1]],
                   [read_only, g]):  # fmt: skip
        assert plan.by_plan((gradient_descent,), [arrays], {"lr": 0.1}) == [arrays]


def test_a_parameter_that_is_its_own_gradient():
    p = Tensor([1.0, -2.0], requires_grad=True)
    p.grad = p.detach()
    optim.SGD([p], lr=0.25).step()
    assert p.data.tolist() == [0.75, -1.5]


@pytest.mark.parametrize("n", [plan.SLICE - 1, plan.SLICE, plan.SLICE + 1])
def test_at_the_edge_of_a_block(n):
    p, g = rng_arrays(2, n, np.float32)
    expected = p - np.float32(0.1) * g
    plan.by_plan((gradient_descent,), [[p, g]], {"lr": 0.1})
    assert p.tobytes() == expected.tobytes()


def test_a_file_that_was_edited_since_is_not_believed(tmp_path, monkeypatch):
    """The function in memory counts, not what its file says by now."""
    path = tmp_path / "edited_rule.py"
    path.write_text("def rule(p, g, *, lr):\n    return (p - lr * g,)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import edited_rule

    path.write_text("def rule(p, g, *, lr):\n    return (p + lr * g,)\n")
    with pytest.raises(loop.NotFusable, match="made from another source"):
        loop.fuse((edited_rule.rule,))
    arrays = rng_arrays(2, 3)
    assert plan.by_plan((edited_rule.rule,), [arrays], {"lr": 0.1}) == [arrays]
