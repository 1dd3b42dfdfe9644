"""Rules that are made anew in every step, and gradients that lie across what is written."""

import gc
import weakref

import numpy as np
import pytest

from tinytorch import Tensor, optim
from tinytorch.optim import SGD, engines
from tinytorch.optim.engines import calling, choosing, familiar, loop, plan, slicing

CACHES = (
    calling.signature_of_code,
    calling.signature_of_object,
    plan.plan_of,
    loop.fuse,
    choosing.compiler,
)


def entries() -> int:
    return sum(cache.cache_info().currsize for cache in CACHES)


def arrays(dtype=np.float64):
    return np.ones(5, dtype), np.arange(5.0).astype(dtype)


def step(rule, name, **numbers):
    p, g = arrays()
    engines.run((rule,), [(p, g)], {"lr": 0.5, **numbers}, engine=name)
    return p


def plain_rule():
    def rule(p, g, *, lr):
        return (p - lr * g,)

    return rule


def scaled(scale):
    def rule(p, g, *, lr):
        return (p - scale * lr * g,)

    return rule


@pytest.mark.parametrize("name", ["whole", "blocked", "fused"])
def test_a_rule_that_is_defined_in_a_method_is_known_again(name):
    if name == "fused":
        pytest.importorskip("numba", reason="the fused engine needs numba")
    step(plain_rule(), name)
    before = entries()
    for _ in range(30):
        assert step(plain_rule(), name).tolist() == [1.0, 0.5, 0.0, -0.5, -1.0]
    assert entries() == before


@pytest.mark.parametrize("name", ["whole", "blocked", "fused"])
def test_closures_that_differ_do_as_they_say_and_are_not_kept(name):
    if name == "fused":
        pytest.importorskip("numba", reason="the fused engine needs numba")
    for i in range(familiar.KEPT + 2):
        step(scaled(float(i)), name)
    before, kept = entries(), []
    for i in range(40):
        rule = scaled(float(i))
        kept.append(weakref.ref(rule))
        assert step(rule, name).tolist() == (1.0 - 0.5 * i * np.arange(5.0)).tolist()
    del rule
    gc.collect()
    assert entries() == before
    assert sum(reference() is not None for reference in kept) <= familiar.KEPT


def test_one_that_comes_again_and_again_is_kept_after_all():
    for i in range(familiar.KEPT + 2):
        step(scaled(float(i)), "blocked")
    rule = scaled(0.25)
    assert [familiar.familiar((rule,)) for _ in range(4)] == [None, None, (rule,), (rule,)]


def test_what_a_closure_finds_may_change():
    scale = [1.0]

    def made(value):
        def rule(p, g, *, lr):
            return (p - value * lr * g,)

        def change(new):
            nonlocal value
            value = new

        return rule, change

    one, change = made(scale[0])
    other, _ = made(scale[0])
    assert familiar.familiar((one,)) == familiar.familiar((other,))
    change(3.0)
    assert familiar.familiar((one,)) != familiar.familiar((other,))
    np.testing.assert_array_equal(step(one, "blocked"), 1 - 1.5 * np.arange(5.0))
    np.testing.assert_array_equal(step(other, "blocked"), 1 - 0.5 * np.arange(5.0))


def test_a_cell_that_is_empty_is_no_error():
    def made():
        def rule(p, g, *, lr):
            return (p - lr * g,) if lr else late(p)

        if arrays is None:
            late = rule
        return rule

    for _ in range(3):
        np.testing.assert_array_equal(step(made(), "blocked"), 1 - 0.5 * np.arange(5.0))


def rooted(p, g, *, lr):
    return (p - lr / np.sqrt(lr + 1) * g,)


@pytest.mark.parametrize("name", ["blocked", "fused"])
def test_a_number_that_numpy_widens_gives_the_bits_of_the_whole(name):
    """In float32, NumPy computes with np.sqrt of a number in double precision."""
    if name == "fused":
        pytest.importorskip("numba", reason="the fused engine needs numba")
    rng = np.random.default_rng(0)
    p, g = rng.normal(size=(2, 1000)).astype(np.float32)
    results = []
    for engine in ("whole", name):
        own = p.copy()
        engines.run((rooted,), [(own, g)], {"lr": 0.3}, engine=engine)
        results.append(own)
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("shift", [-3, -1, 0, 1, 3])
@pytest.mark.parametrize("name", ["blocked", "fused"])
@pytest.mark.parametrize("kind", [SGD, optim.Adam])
def test_a_gradient_that_lies_across_its_parameter(name, shift, kind):
    if name == "fused":
        pytest.importorskip("numba", reason="the fused engine needs numba")
    results = []
    for engine in ("whole", name):
        memory = np.random.default_rng(0).normal(size=300_010)
        p = Tensor(0.0, requires_grad=True)
        p.data = memory[5 : 5 + 300_000]
        p.grad = Tensor(memory[5 + shift : 5 + shift + 300_000])
        kind([p], lr=0.25, engine=engine).step()
        results.append(p.data)
    np.testing.assert_allclose(*results, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("kind", [optim.ASGD, optim.Prodigy, optim.NAdam])
def test_numbers_that_an_optimizer_computes_with_numpy_keep_the_plan(kind, monkeypatch):
    """They are passed as Python's, so that nothing is widened; whole arrays would be slow."""
    p = Tensor(np.ones(5, np.float32), requires_grad=True)
    optimizer = kind([p], engine="blocked")
    monkeypatch.setattr(slicing, "in_blocks", lambda *_: pytest.fail("it has no plan"))
    for _ in range(8):
        p.grad = Tensor(np.full(5, 0.5, np.float32))
        optimizer.step()
