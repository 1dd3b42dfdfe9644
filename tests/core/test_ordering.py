"""Which elements come first, and what is refused."""

import numpy as np
import pytest

import tinytorch
from tinytorch import Tensor


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_equal_elements_stay_in_their_order(axis, descending):
    x = np.random.default_rng(0).integers(0, 3, (6, 7)).astype(np.float32)
    torch = pytest.importorskip("torch", reason="PyTorch is asked")
    theirs = torch.sort(torch.from_numpy(x), dim=axis, descending=descending, stable=True)
    ours = tinytorch.sort(x, axis, descending)
    assert ours.indices.tolist() == theirs.indices.tolist()
    assert ours.values.tolist() == theirs.values.tolist()
    assert Tensor(x).argsort(dim=axis, descending=descending).tolist() == ours.indices.tolist()


def test_the_largest_of_each_row_are_gathered():
    logits = Tensor([[1.0, 5.0, 3.0], [9.0, 7.0, 8.0]])
    values, places = logits.topk(2, dim=1)
    assert values.tolist() == [[5.0, 3.0], [9.0, 8.0]]
    assert places.tolist() == [[1, 2], [0, 2]]
    assert logits.topk(1, 0, largest=False).indices.tolist() == [[0, 0, 0]]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda x: x.topk(4), r"topk: k must be an integer in 0\.\.3, got 4"),
        (lambda x: x.topk(1.0), "topk: k must be an integer"),
        (lambda x: x.sort(2), "argsort: axis 2 does not fit"),
        (lambda x: x.sort(descending=1), "descending must be True or False"),
        (lambda x: x.topk(1, largest=None), "largest must be True or False"),
        (lambda x: tinytorch.outer(x, x), "outer needs two vectors"),
    ],
)
def test_what_does_not_fit_is_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call(tinytorch.ones(2, 3))
