"""Layers, activations and losses as functions, under PyTorch's names and with its arguments.

    import tinytorch.nn.functional as F

Each calls what computes it elsewhere in the package; where PyTorch's shapes differ from ours
(`linear`, `pad`, `one_hot`) these are PyTorch's.
"""

import inspect

import numpy as np

from tinytorch.core import hints
from tinytorch.core.activations import elu, hardtanh, leaky_relu, relu6
from tinytorch.core.axes import dims
from tinytorch.core.checks import INTEGER
from tinytorch.core.convolution import adaptive_avg_pool2d, avg_pool2d, conv2d, max_pool2d
from tinytorch.core.elementwise import FUNCTIONS
from tinytorch.core.functional import as_indices, where
from tinytorch.core.functional import embedding as _embedding
from tinytorch.core.functional import one_hot as _one_hot
from tinytorch.core.functional import pad as _pad
from tinytorch.core.layers import dropout, dropout2d
from tinytorch.core.losses import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HuberLoss,
    L1Loss,
    MSELoss,
    NLLLoss,
    SmoothL1Loss,
)
from tinytorch.core.methods import function_of
from tinytorch.core.normalization import standardize
from tinytorch.core.tensor import Tensor, raw

__all__ = [
    "adaptive_avg_pool2d", "avg_pool2d", "binary_cross_entropy",
    "binary_cross_entropy_with_logits", "conv2d", "cosine_similarity", "cross_entropy", "dropout",
    "dropout2d", "elu", "embedding", "gelu", "hardtanh", "huber_loss", "l1_loss", "layer_norm",
    "leaky_relu", "linear", "log_softmax", "logsigmoid", "max_pool2d", "mish", "mse_loss",
    "nll_loss", "normalize", "one_hot", "pad", "relu", "relu6", "scaled_dot_product_attention",
    "selu", "sigmoid", "silu", "smooth_l1_loss", "softmax", "softplus", "softsign", "tanh",
]  # fmt: skip

relu, sigmoid, tanh, gelu = map(function_of, ("relu", "sigmoid", "tanh", "gelu"))
softmax, log_softmax = map(function_of, ("softmax", "log_softmax"))
softplus, logsigmoid, silu, mish, selu, softsign = (
    FUNCTIONS[name] for name in ("softplus", "logsigmoid", "silu", "mish", "selu", "softsign")
)


def _loss(name: str, kind: type):
    def function(input, target, **options):
        return kind(**options)(input if isinstance(input, Tensor) else Tensor(input), target)

    function.__name__ = function.__qualname__ = name
    own = [*inspect.signature(kind.__init__).parameters.values()][1:]
    plain = inspect.Parameter.POSITIONAL_OR_KEYWORD
    both = [inspect.Parameter(argument, plain) for argument in ("input", "target")]
    function.__signature__ = inspect.Signature([*both, *own])
    about = inspect.cleandoc(kind.__doc__)
    function.__doc__ = f"`{kind.__name__}` with these arguments.\n\n{about}"
    return function


mse_loss = _loss("mse_loss", MSELoss)
l1_loss = _loss("l1_loss", L1Loss)
huber_loss = _loss("huber_loss", HuberLoss)
smooth_l1_loss = _loss("smooth_l1_loss", SmoothL1Loss)
cross_entropy = _loss("cross_entropy", CrossEntropyLoss)
nll_loss = _loss("nll_loss", NLLLoss)
binary_cross_entropy = _loss("binary_cross_entropy", BCELoss)
binary_cross_entropy_with_logits = _loss("binary_cross_entropy_with_logits", BCEWithLogitsLoss)


def linear(x: Tensor, weight: Tensor, bias=None) -> Tensor:
    """x Wᵀ + b, with W (out, in) as PyTorch has it; our `nn.Linear` keeps (in, out).

    >>> F.linear(tinytorch.ones(2, 3), tinytorch.ones(4, 3)).shape
    (2, 4)
    """
    y = x @ weight.transpose(-1, -2)
    return y if bias is None else y + bias


def embedding(indices, weight: Tensor, padding_idx: int | None = None) -> Tensor:
    """Rows of `weight`; the order of the arguments is PyTorch's. That of `padding_idx` gets no
    gradient.

    >>> F.embedding([1, 0], tinytorch.eye(2)).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    return _embedding(weight, indices, padding_idx)


def one_hot(indices, num_classes: int = -1) -> Tensor:
    """Rows of the identity matrix, of integers as PyTorch's; the largest index decides of -1.

    >>> F.one_hot([0, 2]).tolist()
    [[1, 0, 0], [0, 0, 1]]
    """
    if num_classes == -1:
        whole = as_indices("one_hot", indices, np.iinfo(np.intp).max)
        num_classes = int(whole.max(initial=-1)) + 1
    return _one_hot(indices, num_classes).astype(np.int64)


def pad(x: Tensor, pad, mode: str = "constant", value: float = 0.0) -> Tensor:
    """A border: (before, after) of the last axis, then of the one before it, and so on.

    >>> F.pad(tinytorch.ones(1, 2), (1, 0)).tolist()
    [[0.0, 1.0, 1.0]]

    Raises:
        ValueError: another mode than "constant", or an odd number of widths or too many.
    """
    if mode != "constant":
        raise ValueError(f"pad: mode must be 'constant', got {mode!r}")
    if not isinstance(pad, (tuple, list)) or len(pad) % 2 or len(pad) > 2 * x.ndim:
        raise ValueError(f"pad: needs pairs for up to {x.ndim} axes, got {pad}")
    pairs = [(0, 0)] * (x.ndim - len(pad) // 2) + [*zip(pad[::2], pad[1::2], strict=True)][::-1]
    return _pad(x, pairs, value)


@dims
def normalize(x: Tensor, p=2, axis: int = 1, eps: float = 1e-12) -> Tensor:
    """x / max(‖x‖, eps) along an axis.

    >>> F.normalize(Tensor([[3.0, 4.0]])).tolist() == Tensor([[0.6, 0.8]]).tolist()
    True
    """
    return x / x.norm(p, axis, keepdims=True).clip(eps)


@dims
def cosine_similarity(x: Tensor, y: Tensor, axis: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between two vectors, Σ x y / (max(‖x‖, eps) max(‖y‖, eps)).

    >>> F.cosine_similarity(Tensor([[3.0, 4.0]]), Tensor([[6.0, 8.0]])).round().tolist()
    [1.0]
    """
    return (normalize(x, 2, axis, eps) * normalize(y, 2, axis, eps)).sum(axis)


def layer_norm(x: Tensor, normalized_shape, weight=None, bias=None, eps: float = 1e-5) -> Tensor:
    """Standardize each row over its last axes; see `nn.LayerNorm`.

    >>> F.layer_norm(tinytorch.ones(1, 2), (2,))
    Tensor([[0., 0.]])

    Raises:
        ValueError: an input whose last axes are others.
    """
    shape = (normalized_shape,) if INTEGER[0](normalized_shape) else tuple(normalized_shape)
    if x.shape[-len(shape) :] != shape:
        raise ValueError(f"layer_norm over {shape} cannot take an input of shape {x.shape}")
    y, _, _ = standardize(x, tuple(range(-len(shape), 0)), eps)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, attn_mask=None, *, is_causal: bool = False
) -> Tensor:
    """softmax(q kᵀ / √d) v (Vaswani et al. 2017, equation 1).

    A place that may see no key gets zeros.

    Arguments:
        query, key, value: (..., L, d), (..., S, d), (..., S, m).
        attn_mask: booleans, true where a key may be seen; or numbers, added to the scores.
        is_causal: each place sees itself and those before it, in the place of a mask.

    Raises:
        ValueError: both a mask and `is_causal`.

    >>> F.scaled_dot_product_attention(*[tinytorch.ones(1, 2, 4)] * 3).shape
    (1, 2, 4)
    """
    scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
    if is_causal:
        if attn_mask is not None:
            raise ValueError("attention: is_causal makes the mask; pass attn_mask, or it, not both")
        attn_mask = np.tril(np.ones(scores.shape[-2:], bool))
    if attn_mask is not None:
        seen = np.asarray(raw(attn_mask))
        scores = where(seen, scores, -np.inf) if seen.dtype == bool else scores + attn_mask
    blind = (scores.data == -np.inf).all(-1, keepdims=True)
    if not blind.any():
        return scores.softmax(-1) @ value
    return where(blind, 0.0, where(blind, 0.0, scores).softmax(-1)) @ value


def __getattr__(name: str):
    raise hints.missing("nn.functional", name)
