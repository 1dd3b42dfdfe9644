"""What holds for every optimizer, whatever its rule."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinytorch import Tensor
from tinytorch.optim import OPTIMIZERS, Prodigy, Rprop, engine, engines
from tinytorch.optim.engines import plan, slicing
from tinytorch.optim.matrix import MatrixOptimizer

every = pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda each: each.__name__)
few = settings(max_examples=8)
seeds = st.integers(0, 2**32 - 1)
options = st.fixed_dictionaries(
    {"lr": st.sampled_from([0.0, 0.01, 0.5]), "weight_decay": st.sampled_from([0.0, 0.3])}
)


class Run:
    """Some parameters under an optimizer, and gradients for them that a seed determines."""

    def __init__(self, optimizer, seed, order=None, groups=False, dtype=np.float64, **kwargs):
        self.random = np.random.RandomState(seed)
        shapes = [(3, 3), (4, 2), (2, 6)] if issubclass(optimizer, MatrixOptimizer) else [(), (11,)]
        self.params = [Tensor(g, requires_grad=True) for g in self.draw(shapes, dtype)]
        ordered = [self.params[i] for i in order or range(len(shapes))]
        self.optimizer = optimizer(
            [{"params": [p]} for p in ordered] if groups else ordered, **kwargs
        )

    def draw(self, shapes, dtype):
        return [np.array(self.random.standard_normal(shape), dtype) for shape in shapes]

    def step(self, sign=1):
        gradients = self.draw([p.shape for p in self.params], self.params[0].dtype)
        for p, g in zip(self.params, gradients, strict=True):
            p.grad = Tensor(sign * g)
        self.optimizer.step()
        return self

    def arrays(self):
        """All parameters and all of their state, in the order in which they were drawn."""
        state = self.optimizer.state
        return [a for p in self.params for a in (p.data, *(state[p][k] for k in sorted(state[p])))]


def identical(one: Run, other: Run, tolerance=0.0):
    for a, b in zip(one.arrays(), other.arrays(), strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@every
@few
@given(seeds, options, st.integers(1, 12), st.sampled_from([np.float32, np.float64]))
def test_blocks_make_no_difference(optimizer, seed, kwargs, block, dtype):
    runs = []
    for name in ("whole", "blocked"):
        with (
            mock.patch.object(slicing, "BLOCK", block),
            mock.patch.object(plan, "SLICE", block),
            engine(name),
        ):
            runs.append(Run(optimizer, seed, dtype=dtype, **kwargs).step().step().step())
    identical(*runs)


@every
@few
@given(seeds, options)
def test_to_maximize_is_to_minimize_the_negative(optimizer, seed, kwargs):
    up, down = Run(optimizer, seed, maximize=True, **kwargs), Run(optimizer, seed, **kwargs)
    for _ in range(3):
        up.step()
        down.step(sign=-1)
    identical(up, down)


@every
@few
@given(seeds, options, st.data())
def test_the_order_and_grouping_of_parameters_do_not_matter(optimizer, seed, kwargs, data):
    straight = Run(optimizer, seed, **kwargs)
    order = data.draw(st.permutations(range(len(straight.params))))
    mixed = Run(optimizer, seed, order=order, groups=data.draw(st.booleans()), **kwargs)
    for _ in range(3):
        straight.step()
        mixed.step()
    # Prodigy sums over all parameters, and a sum in another order rounds in another way.
    identical(straight, mixed, tolerance=1e-9 if optimizer is Prodigy else 0.0)


# The lr of Rprop is its first step only, and no step is shorter than the least.
@pytest.mark.parametrize("optimizer", [o for o in OPTIMIZERS if o is not Rprop])
@few
@given(seeds, st.sampled_from([0.0, 0.3]))
def test_a_learning_rate_of_zero_moves_nothing(optimizer, seed, weight_decay):
    run = Run(optimizer, seed, lr=0.0, weight_decay=weight_decay)
    before = [p.data.copy() for p in run.params]
    for _ in range(3):
        run.step()
    for p, start in zip(run.params, before, strict=True):
        np.testing.assert_array_equal(p.data, start)


@every
@few
@given(seeds, options, st.booleans())
def test_the_gradient_is_only_read(optimizer, seed, kwargs, maximize):
    run = Run(optimizer, seed, maximize=maximize, **kwargs)
    run.step()
    kept = [p.grad.data.copy() for p in run.params]
    for p in run.params:
        p.grad.data.flags.writeable = False
    run.optimizer.step()
    for p, g in zip(run.params, kept, strict=True):
        assert np.array_equal(p.grad.data, g)
        assert not any(np.shares_memory(p.grad.data, a) for a in run.arrays() if np.ndim(a))


@every
@few
@given(seeds, options, st.integers(0, 4), st.integers(1, 3))
def test_saving_and_loading_is_never_having_stopped(optimizer, seed, kwargs, before, after):
    straight, stopped = Run(optimizer, seed, **kwargs), Run(optimizer, seed, **kwargs)
    for _ in range(before):
        straight.step()
        stopped.step()
    resumed = Run(optimizer, seed, **{**kwargs, "lr": 0.1})
    for p, q in zip(resumed.params, stopped.params, strict=True):
        p.data[...] = q.data
    resumed.optimizer.load_state_dict(stopped.optimizer.state_dict())
    resumed.random = stopped.random
    for _ in range(after):
        straight.step()
        resumed.step()
    identical(straight, resumed)


# With a gradient of zero these leave all but t as it was: they sum, or they do not remember.
NO_FORGETTING = {"SGD", "Adagrad", "Shampoo"}


@every
@few
@given(seeds)
def test_a_missing_gradient_skips_a_parameter_and_a_zero_does_not(optimizer, seed):
    run = Run(optimizer, seed, weight_decay=0.0).step().step()
    missing, zero, *others = run.params
    for p in others:
        p.grad = None
    missing.grad = None
    zero.grad = Tensor(np.zeros_like(zero.data))
    before = {p: copies(run, p) for p in run.params}
    run.optimizer.step()
    for p in (missing, *others):
        assert all(np.array_equal(a, b) for a, b in zip(before[p], copies(run, p), strict=True))
    assert run.optimizer.state[missing]["t"] == 2
    assert run.optimizer.state[zero]["t"] == 3
    same = [np.array_equal(a, b) for a, b in zip(before[zero], copies(run, zero), strict=True)]
    assert all(same[:-1]) == (optimizer.__name__ in NO_FORGETTING)


def copies(run, p):
    state = run.optimizer.state[p]
    return [p.data.copy(), *(np.copy(v) for k, v in sorted(state.items()) if k != "t"), state["t"]]


@every
def test_float32_is_computed_in_float32(optimizer):
    run = Run(optimizer, 0, dtype=np.float32, weight_decay=0.1, lr=0.1).step()
    (group,) = run.optimizer.param_groups
    stages = run.optimizer.stages(group)
    names, _ = engines.signature(stages[-1])
    for t in (1, 2, 3, 20, 2000):
        for p in run.params:
            arrays = [p.data, p.grad.data, *(run.optimizer.state[p][name] for name in names)]
            keywords = engines.keywords(stages, run.optimizer.numbers(group, t))
            new = engines.advance(stages, arrays, keywords)
            assert {np.asarray(a).dtype for a in new} == {np.dtype(np.float32)}


@every
def test_state_is_nobody_elses(optimizer):
    run = Run(optimizer, 0).step()
    arrays = [a for a in run.arrays() if np.ndim(a)] + [p.grad.data for p in run.params if p.ndim]
    for i, a in enumerate(arrays):
        assert not any(np.shares_memory(a, b) for b in arrays[:i])


@every
@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_a_parameter_of_no_elements_is_stepped_in_silence(optimizer, shape):
    try:
        params = [Tensor(np.ones(s), requires_grad=True) for s in (shape, (3, 3))]
        stepped = optimizer(params)
    except ValueError:
        assert issubclass(optimizer, MatrixOptimizer) and len(shape) != 2
        return
    for _ in range(2):
        for p in params:
            p.grad = np.ones(p.shape)
        stepped.step()
    arrays = [a for a in stepped.state[params[0]].values() if isinstance(a, np.ndarray)]
    assert stepped.state[params[0]]["t"] == 2 and all(np.isfinite(a).all() for a in arrays)
    assert np.isfinite(params[1].data).all() and (params[1].data != 1).any()
