"""Blocked steps give the bits that the rule gives on whole arrays; fused ones round once more."""

import pickle
import subprocess
import sys
import textwrap
import tracemalloc

import numpy as np
import pytest

import tinytorch.optim as optim
from tinytorch import Tensor
from tinytorch.optim import SGD, Adam, AdamW, Momentum, Optimizer, engine, engines
from tinytorch.optim.engines import choosing, slicing
from tinytorch.optim.engines.loop import NotFusable, fuse
from tinytorch.optim.optimizer import ascend, coupled, decoupled
from tinytorch.optim.optimizers import gradient_descent

ELEMENTWISE = [cls for cls in optim.OPTIMIZERS if cls.elementwise]
OPTIONS = [
    {},
    {"weight_decay": 0.1, "maximize": True},
    {"momentum": 0.9, "weight_decay": 0.1},
    {"momentum": 0.9, "nesterov": True},
    {"momentum": 0.5, "centered": True},
    {"amsgrad": True},
]
SHAPES = [(), (0,), (7,), (3, 4), (400, 401)]


def accepts(cls, options) -> bool:
    try:
        cls([Tensor([1.0], requires_grad=True)], **options)
    except TypeError:
        return False
    return True


CASES = [(cls, options) for cls in ELEMENTWISE for options in OPTIONS if accepts(cls, options)]


def trajectory(cls, options, name, dtype, steps=3, shapes=SHAPES):
    """All parameters and all state after some steps; some parameters skip some steps."""
    rng = np.random.default_rng(0)
    params = [Tensor(rng.normal(size=s).astype(dtype), requires_grad=True) for s in shapes]
    optimizer = cls(params, **options)
    with engine(name):
        for t in range(steps):
            for i, p in enumerate(params):
                g = rng.normal(size=p.shape).astype(dtype)
                p.grad = None if (t, i) == (1, 2) else Tensor(g)
            optimizer.step()
    states = [optimizer.state[p] for p in params]
    return [p.data for p in params] + [s[k] for s in states for k in s if k != "t"]


def assert_rounded(a, b):
    few = 32 * np.finfo(a.dtype).eps
    np.testing.assert_allclose(a, b, rtol=few, atol=few)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("cls", "options"), CASES)
def test_blocked_equals_whole(cls, options, dtype):
    expected = trajectory(cls, options, "whole", dtype)
    for a, b in zip(trajectory(cls, options, "blocked", dtype), expected, strict=True):
        assert a.dtype == dtype
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("cls", "options"), CASES)
def test_fused_equals_whole(cls, options, dtype):
    pytest.importorskip("numba", reason="the fused engine needs numba")
    expected = trajectory(cls, options, "whole", dtype)
    for a, b in zip(trajectory(cls, options, "fused", dtype), expected, strict=True):
        assert a.dtype == dtype
        assert_rounded(a, b)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("cls", "options"), CASES)
def test_no_rule_leaves_the_type_of_its_arrays(cls, options, dtype):
    """A double among float32 arrays would be rounded at the end, and the step half as fast."""
    p = Tensor(np.ones(3, dtype), requires_grad=True)
    optimizer = cls([p], **options)
    (group,) = optimizer.param_groups
    p.grad = Tensor(np.ones(3, dtype))
    optimizer.prepare()
    stages = optimizer.stages(group)
    state = [optimizer.state[p][name] for name in engines.signature(stages[-1])[0]]
    numbers = engines.keywords(stages, optimizer.numbers(group, 1))
    for new in engines.advance(stages, (p.data, p.grad.data, *state), numbers):
        assert new.dtype == dtype


def test_numbers_that_a_subclass_computes_with_numpy():
    """Their scalars are of no array's type: float32 stays float32 whole, as it does in blocks."""

    class Own(Adam):
        def numbers(self, group, t):
            return {**super().numbers(group, t), "lr": np.exp(np.float64(-t))}

    def path(name):
        p = Tensor(np.linspace(-1, 1, 999, dtype="f4"), requires_grad=True)
        optimizer = Own([p], engine=name)
        for _ in range(5):
            p.grad = Tensor(np.sin(7 * p.data))
            optimizer.step()
        return p.data.tobytes()

    assert path("whole") == path("blocked")


def many(dtype, count=50):
    rng = np.random.default_rng(1)
    sizes = [*rng.integers(0, 3000, size=count), 40_000]
    return [Tensor(rng.normal(size=n).astype(dtype), requires_grad=True) for n in sizes]


def stepped(name, prepare, steps=3):
    """Parameters after steps with gradients of the parameters' own making."""
    rng = np.random.default_rng(2)
    params = many(np.float32)
    optimizer = Adam(params, lr=0.1, engine=name)
    for _ in range(steps):
        for p in params:
            p.grad = Tensor(rng.normal(size=p.shape).astype(p.dtype))
        prepare(params, optimizer)
        optimizer.step()
    return [p.data.copy() for p in params]


def nothing(params, optimizer):
    pass


def new_arrays(params, optimizer):
    params[3].data = params[3].data.copy()


def strided(params, optimizer):
    for p in params[:20:2]:
        wide = np.zeros((p.size, 2), p.dtype)
        wide[:, 1] = p.data
        p.data = wide[:, 1]


def strided_gradients(params, optimizer):
    for p in params[::3]:
        p.grad = Tensor(np.repeat(p.grad.data, 2)[::2])


def constant_gradients(params, optimizer):
    for p in params[::3]:
        p.grad = Tensor(np.broadcast_to(np.float32(0.5), p.shape))


def gradient_is_the_parameter(params, optimizer):
    for p in params:
        p.grad = Tensor(p.data)


def one_gradient_for_two(params, optimizer):
    big = max(params, key=lambda p: p.size)
    for p in params:
        p.grad = Tensor(big.grad.data[: p.size])


def shared_memory(params, optimizer):
    memory = np.linspace(-1, 1, 200_000, dtype=np.float32)
    for i, p in enumerate(params):
        p.data = memory[100 * i : 100 * i + p.size]


def unaligned(params, optimizer):
    for p in params[:10]:
        raw = np.zeros(4 * p.size + 1, np.uint8)
        array = raw[1:].view(np.float32)
        array[:] = p.data
        p.data = array


@pytest.mark.parametrize(
    "prepare",
    [
        nothing,
        new_arrays,
        strided,
        strided_gradients,
        constant_gradients,
        gradient_is_the_parameter,
        one_gradient_for_two,
        shared_memory,
        unaligned,
    ],
)
def test_fused_whatever_the_memory_looks_like(prepare):
    pytest.importorskip("numba", reason="the fused engine needs numba")
    expected = stepped("whole", prepare)
    for a, b in zip(stepped("blocked", prepare), expected, strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(stepped("fused", prepare), expected, strict=True):
        assert_rounded(a, b)


def test_arrays_from_a_pickle_are_fused_too(monkeypatch):
    """Their dtype is an object of its own, where the others share NumPy's."""
    pytest.importorskip("numba", reason="the fused engine needs numba")
    arrays = [pickle.loads(pickle.dumps(np.linspace(0, 1, 7))), np.linspace(1, 2, 7)]
    assert arrays[0].dtype is not arrays[1].dtype
    whole = [a.copy() for a in arrays]
    engines.run((gradient_descent,), [tuple(whole)], {"lr": 0.5}, engine="whole")
    monkeypatch.setattr(choosing, "blocked", lambda *_: pytest.fail("it is not fused"))
    engines.run((gradient_descent,), [tuple(arrays)], {"lr": 0.5}, engine="fused")
    np.testing.assert_array_equal(arrays, whole)


def test_a_tensor_made_of_a_list_is_fused(monkeypatch):
    pytest.importorskip("numba", reason="the fused engine needs numba")
    p = Tensor([1.0, 2.0], requires_grad=True)
    p.grad = Tensor([1.0, 1.0])
    monkeypatch.setattr(choosing, "blocked", lambda *_: pytest.fail("it is not fused"))
    SGD([p], lr=0.5, engine="fused").step()
    assert p.data.tolist() == [0.5, 1.5]
    assert p.data.dtype is np.dtype(np.float32)


def test_fused_refuses_a_read_only_parameter_as_whole_does():
    pytest.importorskip("numba", reason="the fused engine needs numba")
    data = np.ones(5)
    data.flags.writeable = False
    p = Tensor(data, requires_grad=True)
    p.grad = Tensor(np.ones(5))
    for name in ("whole", "fused"):
        with pytest.raises(ValueError, match="read-only"):
            SGD([p], engine=name).step()


@pytest.mark.parametrize("name", ["whole", "blocked", "fused"])
def test_mixed_types_in_one_group(name):
    if name == "fused":
        pytest.importorskip("numba", reason="the fused engine needs numba")
    params = [Tensor(np.ones(5, d), requires_grad=True) for d in ("f4", "f8", "f4")]
    for p in params:
        p.grad = Tensor(np.full(5, 0.5, p.dtype))
    Momentum(params, lr=0.5, engine=name).step()
    for p, dtype in zip(params, ("f4", "f8", "f4"), strict=True):
        assert p.dtype == dtype
        assert p.data.tolist() == [0.75] * 5


def test_the_gradient_stays_as_it_was():
    for name in ("whole", "blocked", "fused"):
        if name == "fused":
            pytest.importorskip("numba", reason="the fused engine needs numba")
        p = Tensor(np.ones(100_000), requires_grad=True)
        p.grad = Tensor(np.ones(100_000))
        AdamW([p], maximize=True, engine=name).step()
        assert (p.grad.data == 1).all()


def test_choosing_an_engine():
    p = Tensor([1.0], requires_grad=True)
    asked = []
    original = dict(choosing.ENGINES)

    def spy(name):
        return lambda *args: (asked.append(name), original[name](*args))

    try:
        choosing.ENGINES.update({name: spy(name) for name in original})
        p.grad = Tensor([1.0])
        SGD([p]).step()
        with engine("whole"):
            SGD([p]).step()
            SGD([p], engine="blocked").step()
            with engine("blocked"):
                SGD([p]).step()
            SGD([p]).step()
        SGD([p]).step()
    finally:
        choosing.ENGINES.update(original)
    assert asked == ["blocked", "whole", "blocked", "blocked", "whole", "blocked"]
    with pytest.raises(ValueError, match="engine must be one of whole, blocked, fused; got 'gpu'"):
        SGD([p], engine="gpu")
    with pytest.raises(ValueError, match="engine must be one of"), engine("gpu"):
        pass


# The loop that a rule becomes


def test_numbers_leave_the_loop_in_pieces_as_large_as_possible():
    def rule(p, g, m, *, t, lr, beta):
        c = 1 - beta**t
        m = beta * m + (1 - beta) * g
        return p - lr / c * m, m

    loop = fuse((rule,))
    assert loop.arrays == ("p", "g", "m")
    assert loop.body == ["m_2 = ((_0 * m) + (_1 * g))", "p_3 = (p - (_2 * m_2))"]
    assert loop.results == ["p_3", "m_2"]
    constants = loop.constants(t=3, lr=0.5, beta=0.9)
    assert constants == [0.9, 1 - 0.9, 0.5 / (1 - 0.9**3)]


def test_stages_become_part_of_the_loop():
    def rule(p, g, *, lr):
        return (p - lr * g,)

    loop = fuse((ascend, coupled, decoupled, rule))
    assert len(loop.body) == 4
    assert loop.constants(lr=0.5, weight_decay=0.25) == [0.25, 1 - 0.5 * 0.25, 0.5]
    scope = {"p": 8.0, "g": 4.0, "_0": 0.25, "_1": 0.875, "_2": 0.5}
    for line in loop.body:
        exec(line, scope)
    assert scope[loop.results[0]] == 8 * 0.875 - 0.5 * (-4 + 0.25 * 8)


def branch(p, g, *, lr):
    if lr > 1:
        return (p,)
    return (p - lr * g,)


def in_place(p, g, *, lr):
    p -= lr * g
    return (p,)


def reduction(p, g, *, lr):
    return (p - lr * np.sum(g),)


def helper(p, g, *, lr):
    return (p - descent(g, lr),)


def descent(g, lr):
    return lr * g


def bare(p, g, *, lr):
    return p - lr * g


def slices(p, g, *, lr):
    return (p - lr * g[0],)


WEIGHTS = np.ones(3)


def weighted(p, g, *, lr):
    return (p - lr * WEIGHTS * g,)


@pytest.mark.parametrize(
    "rule", [branch, in_place, reduction, helper, bare, slices, weighted, np.add]
)
def test_what_is_no_list_of_assignments_is_not_fused(rule):
    with pytest.raises(NotFusable):
        fuse((rule,))


def test_a_rule_that_cannot_be_fused_runs_blocked_and_says_so_once():
    pytest.importorskip("numba", reason="the fused engine needs numba")

    class Own(Optimizer):
        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

        def rule(self, group):
            return helper

    p = Tensor([1.0, 2.0], requires_grad=True)
    p.grad = Tensor([1.0, 1.0])
    optimizer = Own([p], lr=0.5, engine="fused")
    choosing.notice.cache_clear()
    with pytest.warns(UserWarning, match=r"fused engine: helper: descent\(g, lr\)"):
        optimizer.step()
    optimizer.step()
    assert p.data.tolist() == [0.0, 1.0]


def test_without_numba_fused_runs_blocked_and_says_so_once():
    program = """
        import sys, warnings
        sys.modules["numba"] = None
        from tinytorch import Tensor
        from tinytorch.optim import SGD, engine
        p = Tensor([1.0], requires_grad=True)
        p.grad = Tensor([0.5])
        with warnings.catch_warnings(record=True) as seen, engine("fused"):
            warnings.simplefilter("always")
            for _ in range(3):
                SGD([p], lr=1.0).step()
                SGD([p], lr=1.0, momentum=0.9).step()
        print(p.data.tolist(), [str(w.message) for w in seen])
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True
    )
    assert run.stdout.startswith("[-2.0] ['fused engine: numba is not installed (pip")
    assert run.stdout.count("fused engine") == 1


def test_a_division_by_a_number_is_a_product_where_speed_is_asked_for():
    def rule(p, g, m, *, lr, c):
        return p - lr * (g / c) / m, m

    exact, fast = fuse((rule,)), fuse((rule,), exact=False)
    assert exact.body == ["p_1 = (p - ((_1 * (g / _0)) / m))"]
    assert fast.body == ["p_1 = (p - ((_1 * (g * _0)) / m))"]
    assert exact.constants(lr=0.5, c=4.0) == [4.0, 0.5]
    assert fast.constants(lr=0.5, c=4.0) == [0.25, 0.5]
    assert fast.constants(lr=0.5, c=0.0) == [np.inf, 0.5]


def swapped(p, g, m, v, *, lr):
    return p - lr * g, v, m


def doubled(p, g, m, v, *, lr):
    m = m + g
    return p - lr * m, m, m


def p_first(p, g, m, v, *, lr):
    p = p - lr * m
    return p, m + p, v + np.where(g > m, p, 1.0)


def constant(p, g, m, v, *, lr):
    return p - lr * g, m, lr


@pytest.mark.parametrize("rule", [swapped, doubled, p_first, constant])
def test_rules_that_move_their_arrays_about(rule):
    rng = np.random.default_rng(0)
    start = [rng.normal(size=100_000) for _ in range(4)]
    results = []
    for name in ("whole", "blocked", "fused"):
        if name == "fused":
            pytest.importorskip("numba", reason="the fused engine needs numba")
        arrays = [a.copy() for a in start]
        engines.run((rule,), [tuple(arrays)], {"lr": 0.5}, engine=name)
        results.append(arrays)
    for other in results[1:]:
        for a, b in zip(other, results[0], strict=True):
            np.testing.assert_array_equal(a, b)


K = 1.0


def by_a_global(p, g, *, lr):
    return (p - K * lr * g,)


def made(k):
    def by_a_closure(p, g, *, lr):
        return (p - k * lr * g,)

    def change(new):
        nonlocal k
        k = new

    return by_a_closure, change


class Setting:
    scale = 1.0


def by_an_attribute(p, g, *, lr):
    return (p - Setting.scale * lr * g,)


def warmed(lr):
    return lr


def by_a_function(p, g, *, lr):
    return (p - warmed(lr) * g,)


by_a_closure, change_k = made(1.0)


@pytest.mark.parametrize("name", ["whole", "blocked", "fused"])
@pytest.mark.parametrize("rule", [by_a_global, by_a_closure, by_an_attribute, by_a_function])
def test_what_a_rule_takes_from_outside_may_change_between_steps(rule, name, monkeypatch):
    """As it does in a notebook, when the cell above the rule's is edited."""
    if name == "fused":
        pytest.importorskip("numba", reason="the fused engine needs numba")
    p, g = np.zeros(3), np.ones(3)
    engines.run((rule,), [(p, g)], {"lr": 0.125}, engine=name)
    assert p.tolist() == [-0.125] * 3
    monkeypatch.setitem(globals(), "K", 100.0)
    monkeypatch.setattr(Setting, "scale", 100.0)
    monkeypatch.setitem(globals(), "warmed", lambda lr: 100 * lr)
    change_k(100.0)
    engines.run((rule,), [(p, g)], {"lr": 0.125}, engine=name)
    change_k(1.0)
    assert p.tolist() == [-0.125 - 12.5] * 3


root = np.sqrt


def by_another_name(p, g, *, lr):
    return (p - lr * root(abs(g)),)


def test_a_function_of_numpy_under_another_name_is_put_into_the_loop():
    (line,) = fuse((by_another_name,)).body
    assert "np.sqrt(abs(g))" in line


# Memory


def peak(optimizer) -> int:
    """Bytes that a step takes for a while, beyond what was there before."""
    optimizer.step()
    tracemalloc.start()
    try:
        optimizer.step()
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        optimizer.step()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


LAYOUTS = {
    "C": ("C", "C"),
    "Fortran": ("F", "F"),
    "gradient in C": ("F", "C"),
    "gradient in Fortran": ("C", "F"),
}


@pytest.mark.parametrize("name", ["blocked", "fused"])
@pytest.mark.parametrize("kind", [Adam, optim.Prodigy])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_step_makes_no_temporary_above_a_block(layout, kind, name):
    if name == "fused":
        pytest.importorskip("numba", reason="the fused engine needs numba")
    trajectory(kind, {}, name, np.float32)  # compiled before anything is counted
    shape, (order, order_of_g) = (2, 1000, 1000), LAYOUTS[layout]
    p = Tensor(np.zeros(shape, np.float32, order), requires_grad=True)
    p.grad = Tensor(np.ones(shape, np.float32, order_of_g))
    tracemalloc.start()
    try:
        optimizer = kind([p], engine=name)
        state, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    arrays = 2 if kind is Adam else 4  # m, v, and Prodigy's s and p₀
    assert arrays * p.data.nbytes <= state < arrays * p.data.nbytes + 20_000
    assert peak(optimizer) < 10 * slicing.BLOCK * 4  # the names of the rule, a block each


@pytest.mark.parametrize("name", ["blocked", "fused"])
@pytest.mark.parametrize("shape", [(90, 1000), (2, 50_000), (1, 300, 300), (50, 60, 30)])
def test_every_layout_gives_the_same_bits(shape, name, monkeypatch):
    if name == "fused":
        pytest.importorskip("numba", reason="the fused engine needs numba")
    layouts = [("C", "C"), ("F", "F"), ("F", "C"), ("C", "F")]
    results = []
    for own, orders in [("whole", layouts[0]), *((name, each) for each in layouts)]:
        rng = np.random.default_rng(0)
        start = rng.normal(size=shape).astype("f4")
        p = Tensor(np.array(start, order=orders[0]), requires_grad=True)
        optimizer = Adam([p], lr=0.1, weight_decay=0.1, engine=own)
        for _ in range(3):
            p.grad = Tensor(np.array(rng.normal(size=shape), "f4", order=orders[1]))
            optimizer.step()
        results.append(p.data)
    for other in results[1:]:
        if name == "blocked":
            np.testing.assert_array_equal(other, results[0])
        else:
            assert_rounded(other, results[0])


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_rule_without_a_plan_sees_a_small_parameter_in_its_shape(order):
    seen = []

    def curious(p, g, *, lr):
        seen.append(p.shape)
        return (p - lr * g,)

    for name in ("whole", "blocked"):
        arrays = np.zeros((3, 4), order=order), np.ones((3, 4), order=order)
        engines.run((curious,), [arrays], {"lr": 0.5}, engine=name)
        assert (arrays[0] == -0.5).all()
    assert seen == [(3, 4)] * 2


def test_another_layout_of_arrays_is_noticed(monkeypatch):
    fused = pytest.importorskip("tinytorch.optim.engines.compiled", reason="numba is not installed")
    fused.check_layout.cache_clear()
    fused.check_layout()
    fused.check_layout.cache_clear()
    monkeypatch.setattr(fused, "address", lambda array_id: 0)
    with pytest.raises(fused.NotFusable, match="laid out"):
        fused.check_layout()
    fused.check_layout.cache_clear()
