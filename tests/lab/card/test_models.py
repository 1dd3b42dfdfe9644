"""The card's models are what PyTorch makes of the same weights: losses, and every gradient."""

import math

import numpy as np
import pytest

from tinytorch.lab.card.workloads import LETTERS, WORKLOADS, windows

LENGTH = 16


def in_double(name: str):
    """A workload's weights in float64, and its first loss with its gradients."""
    params, loss, _ = WORKLOADS[name].build(3)
    for p in params:
        p.data = p.data.astype(np.float64)
    value = loss(0)
    value.backward()
    return [p.data for p in params], [value.data, *(p.grad.data for p in params)]


def letters(batch: int):
    """What the first loss with seed 3 reads."""
    return windows(LENGTH, batch, np.random.default_rng(1003))


def recurrent(torch, table, inner, out, bias):
    """torch.nn.RNN, whose inputs come in unchanged."""
    x, y = map(torch.tensor, letters(16))
    cell = torch.nn.RNN(32, 32, batch_first=True, dtype=torch.float64)
    same = {
        "weight_ih_l0": torch.eye(32, dtype=torch.float64), "weight_hh_l0": inner.T,
        "bias_ih_l0": bias, "bias_hh_l0": torch.zeros(32, dtype=torch.float64),
    }  # fmt: skip
    states, _ = torch.func.functional_call(cell, same, (table[x],))
    return torch.nn.functional.cross_entropy((states @ out).flatten(0, 1), y.flatten())


def transformer(torch, table, place, q, k, v, mix, up, down, out, w1, b1, w2, b2):
    """A layer of torch.nn.TransformerEncoder that normalizes first, without its biases."""
    x, y = map(torch.tensor, letters(12))
    layer = torch.nn.TransformerEncoderLayer(
        32, 1, 64, dropout=0.0, batch_first=True, norm_first=True, dtype=torch.float64
    )
    same = {n: torch.zeros_like(p) for n, p in layer.named_parameters() if n.endswith("bias")}
    same |= {
        "self_attn.in_proj_weight": torch.cat([q.T, k.T, v.T]),
        "self_attn.out_proj.weight": mix.T, "linear1.weight": up.T, "linear2.weight": down.T,
        "norm1.weight": w1, "norm1.bias": b1, "norm2.weight": w2, "norm2.bias": b2,
    }  # fmt: skip
    later = torch.nn.Transformer.generate_square_subsequent_mask(LENGTH, dtype=torch.float64)
    h = torch.func.functional_call(layer, same, (table[x] + place,), {"src_mask": later})
    return torch.nn.functional.cross_entropy((h @ out).flatten(0, 1), y.flatten())


def physics(torch, w, b, a):
    """The second derivative is autograd's, twice."""
    x = torch.linspace(0, 1, 32, dtype=torch.float64)[:, None].requires_grad_()

    def u(x):
        return torch.tanh(x @ w + b) @ a

    (slope,) = torch.autograd.grad(u(x).sum(), x, create_graph=True)
    (bend,) = torch.autograd.grad(slope.sum(), x, create_graph=True)
    gap = bend + math.pi**2 * torch.sin(math.pi * x.detach())
    ends = u(torch.tensor([[0.0], [1.0]], dtype=torch.float64))
    return (gap**2).mean() + 100 * (ends**2).mean()


# Points and right sides of the equation are float32 in the card, so that losses agree so far only.
MODELS = [(recurrent, 1e-12), (transformer, 1e-12), (physics, 1e-5)]


@pytest.mark.parametrize(("theirs", "tolerance"), MODELS, ids=lambda m: getattr(m, "__name__", ""))
def test_loss_and_all_gradients_are_pytorchs(theirs, tolerance):
    torch = pytest.importorskip("torch", reason="PyTorch is the referee of this test")
    weights, ours = in_double(theirs.__name__)
    twins = [torch.tensor(weight, requires_grad=True) for weight in weights]
    loss = theirs(torch, *twins)
    expected = [loss, *torch.autograd.grad(loss, twins)]
    assert len(ours) == len(expected) == len(weights) + 1
    for own, other in zip(ours, expected, strict=True):
        other = other.detach().numpy()
        assert own.dtype == np.float64
        assert own.shape == other.shape
        assert np.abs(own - other).max() <= tolerance * np.abs(other).max()
    assert all(np.abs(gradient).max() > 0 for gradient in ours)


def test_letters_are_known():
    x, y = letters(12)
    assert x.max() < len(LETTERS)
    np.testing.assert_array_equal(x[:, 1:], y[:, :-1])
