"""Products with second derivatives, against what they are."""

import numpy as np
import pytest

import tinytorch
from tinytorch import Tensor, hvp, nn, no_grad


def bowl():
    a = np.array([[2.0, 1.0, 0.0], [1.0, 3.0, 0.5], [0.0, 0.5, 4.0]])
    p, q = (Tensor(np.array(x), requires_grad=True) for x in ([1.0, -2.0], [0.5]))

    def loss():
        x = tinytorch.concatenate([p, q])
        return 0.5 * (x * (Tensor(a) @ x)).sum()

    return a, [p, q], loss


def test_a_quadratics_product_is_its_matrix_times_the_vector():
    a, params, loss = bowl()
    for v in (np.array([1.0, 0, 0]), np.array([1e-6, 2e-6, -1e-6]), np.array([3e5, 1e5, 2e5])):
        with no_grad():
            found = np.concatenate(hvp(loss, params, [v[:2], v[2:]]))
        np.testing.assert_allclose(found, a @ v, rtol=1e-9, atol=1e-9 * np.abs(v).max())
    assert [x.tolist() for x in hvp(loss, params, [np.zeros(2), np.zeros(1)])] == [[0, 0], [0]]


def test_everything_is_put_back_even_after_an_error():
    _, params, loss = bowl()
    params[0].grad = [7.0, 8.0]
    data, before = [p.data for p in params], loss()
    hvp(loss, params, [np.ones(2), np.ones(1)])
    before.backward()  # not overwritten: the numbers are what they were
    params[0].grad = [7.0, 8.0]

    def fails():
        raise KeyError

    with pytest.raises(KeyError):
        hvp(fails, params, [np.ones(2), np.ones(1)])
    assert all(p.data is x for p, x in zip(params, data, strict=True))
    assert params[0].grad.data.tolist() == [7.0, 8.0]


def test_a_networks_product_is_symmetric():
    model = nn.MLP([3, 4, 2], nn.Tanh, rng=0)
    for p in model.parameters():
        p.data = p.data.astype(np.float64)
    rng = np.random.default_rng(0)
    x, y = Tensor(rng.normal(size=(8, 3))), rng.integers(0, 2, 8)
    params = model.parameters()

    def loss():
        return nn.CrossEntropyLoss()(model(x), y)

    u, v = ([rng.normal(size=p.shape) for p in params] for _ in range(2))
    ahead, back = (
        sum(float((a * b).sum()) for a, b in zip(w, hvp(loss, params, z), strict=True))
        for w, z in ((u, v), (v, u))
    )
    assert ahead == pytest.approx(back, rel=1e-8)


def test_vectors_of_other_shapes_are_refused():
    _, params, loss = bowl()
    with pytest.raises(ValueError, match=r"\[\(2,\), \(1,\)\], vectors of shapes \[\(3,\)\]"):
        hvp(loss, params, [np.ones(3)])
