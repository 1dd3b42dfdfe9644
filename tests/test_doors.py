"""What cannot be taken is refused by us, in words: who, which argument, what came, what may.

An error that comes out of NumPy's or Python's own code names shapes and types of something that the
caller has never seen. So each of these must be raised by a `raise` of this package.
"""

import traceback

import numpy as np
import pytest

import tinytorch
from tinytorch import Tensor, data, nn, optim, training
from tinytorch.nn import functional as F

NAN, INF = float("nan"), float("inf")
ONES, MASK = tinytorch.ones, np.array([True, False])
EXAMPLES = data.TensorDataset(np.ones((6, 2)), np.ones(6))
PAIRS = [(ONES(2, 2), ONES(2, 2))]


def whole(*numbers):
    return Tensor(np.array(numbers))


def sgd():
    return optim.SGD([Tensor([1.0], requires_grad=True)], lr=0.1)


def put(x, index, value):
    x[index] = value


def trainer(loss=nn.MSELoss(), **options):  # noqa: B008  (a loss holds nothing)
    model = nn.Linear(2, 2, rng=0)
    return training.Trainer(model, optim.SGD(model.parameters(), lr=0.1), loss, **options)


class Ragged(data.Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, i):
        return np.ones(i + 1), i


DOORS = {
    # Whole numbers, which must not wrap around, lose a fraction, or be made of what is no number
    "beyond the ends": (lambda: Tensor([300], dtype=np.uint8), "300 does not fit into uint8"),
    "beyond int64": (
        lambda: tinytorch.tensor(2**63),
        "9223372036854775808 does not fit into int64",
    ),
    "no number": (lambda: Tensor([NAN], dtype=np.int64), "nan..nan does not fit into int64"),
    "astype": (lambda: Tensor([INF]).astype(int), "inf does not fit into int64"),
    "full": (lambda: tinytorch.full((2,), 300, dtype=np.uint8), "300 does not fit"),
    "randint dtype": (lambda: tinytorch.randint(255, 257, (9,), dtype=np.int8), "does not fit"),
    "copy_ fraction": (lambda: whole(1, 2).copy_([1, 0.5]), "0.5 does not fit into int64"),
    "copy_ nan": (lambda: whole(1, 2).copy_([1, NAN]), "nan does not fit into int64"),
    "assigned fraction": (lambda: put(whole(1, 2), 0, 1.5), "1.5 does not fit into int64"),
    "assigned, too large": (lambda: put(whole(1, 2), 0, 2**70), "real numbers"),
    "fill_": (lambda: whole(1, 2).fill_(1.5), "1.5 does not fit into int64"),
    "add_": (lambda: whole(1, 2).add_(0.5), "1.5 does not fit into int64"),
    "state of fractions": (
        lambda: nn.Module.load_state_dict(counting(), {"count": [0.5]}),
        "Counting: count: 0.5 does not fit into int64",
    ),
    # Types
    "dtype": (lambda: ONES(2, dtype="nonsense"), "dtype must be float32.*got 'nonsense'"),
    "dtype None": (lambda: ONES(2).astype(None), "dtype must be float32.*got None"),
    "to a number": (lambda: ONES(2).to(3), "dtype must be float32.*got 3"),
    "minus of booleans": (lambda: Tensor(MASK) - Tensor(MASK), "booleans are not numbers"),
    "minus a boolean": (lambda: -Tensor(MASK), "booleans are not numbers"),
    "& of floats": (
        lambda: ONES(2) & MASK,
        "& is of booleans or integers, not of float32 and bool",
    ),
    "& of shapes": (lambda: Tensor(MASK) & np.ones(3, bool), r"broadcast shapes \(2,\) and \(3,\)"),
    "< None": (lambda: ONES(1) < None, "cannot compare with None in tensor < NoneType"),
    "filled with words": (lambda: ONES(2).fill_("a"), "real numbers or booleans.*<U1"),
    "filled with two": (lambda: ONES(2).fill_([1, 2]), r"fill_: value must be one number.*\(2,\)"),
    "clip by words": (lambda: ONES(2).clip("a"), "clip: min 'a' and max None do not limit"),
    # Shapes
    "==": (lambda: ONES(2) == ONES(3), r"broadcast shapes \(2,\) and \(3,\) in tensor == Tensor"),
    "<": (lambda: ONES(2) < np.ones(3), r"broadcast shapes \(2,\) and \(3,\) in tensor < ndarray"),
    "allclose": (lambda: ONES(2).allclose(ONES(3)), r"allclose: cannot broadcast shapes"),
    "clip by shapes": (lambda: ONES(2).clip(np.ones(3)), r"do not limit a tensor of shape \(2,\)"),
    "assigned shape": (lambda: put(ONES(3), slice(2), [1, 2, 3]), r"put values of shape \(3,\)"),
    "assigned place": (lambda: put(ONES(3), 7, 1.0), "out of bounds for axis 0 with size 3"),
    "reshape to words": (lambda: ONES(3).reshape("a"), r"shape \(3,\), 3 elements, into \('a',\)"),
    "reshape to -2": (lambda: ONES(3).reshape(-2), r"into \(-2,\)"),
    "reshape to 1.5": (lambda: ONES(4).reshape(2.0, 2.0), r"into \(2.0, 2.0\)"),
    "expand": (lambda: ONES(1, 3).expand(2.5, 3), r"to \(2.5, 3\)"),
    "read-only": (lambda: ONES(1).expand(3).zero_(), "read-only array: clone"),
    "tril of a vector": (lambda: tinytorch.tril([1.0, 2.0]), r"tril needs a matrix.*\(2,\)"),
    "triu of a number": (lambda: tinytorch.triu(1.0), r"triu needs a matrix.*shape \(\)"),
    "argmax axis": (lambda: ONES(2).argmax(axis=3), "argmax: axis 3 does not fit"),
    "argmin axes": (lambda: ONES(2, 2).argmin(axis=(0, 1)), "argmin: axis must be one number"),
    "argmax of none": (lambda: ONES(0, 3).argmax(axis=0), r"argmax over no elements.*\(0, 3\)"),
    "all": (lambda: ONES(2).all(axis=4), "all: axis 4 does not fit"),
    "any": (lambda: ONES(2).any(axis="a"), "any: axis 'a' does not fit"),
    "max dim": (lambda: ONES(2, 2).max(dim=(0, 1)), "argmax: axis must be one number"),
    "sort axes": (lambda: ONES(2, 2).sort(dim=(0, 1)), "argsort: axis must be one number"),
    "cumsum axes": (lambda: ONES(2, 2).cumsum((0, 1)), "cumsum: axis must be one number"),
    "split": (
        lambda: tinytorch.split(ONES(3), [1.5, 1.5]),
        "must be an integer >= 0, got 1.5",
    ),
    "gather": (lambda: ONES(1, 2).gather(1, [[0.5]]), "whole numbers or booleans"),
    "concatenate": (lambda: tinytorch.concatenate(3), "a list of at least one tensor"),
    "hstack": (lambda: tinytorch.hstack([]), "a list of at least one tensor"),
    "pad": (lambda: tinytorch.pad(ONES(2), 1.5), "pad: width must be an integer >= 0.*got 1.5"),
    "F.pad": (lambda: F.pad(ONES(2), 1), "pad: needs pairs for up to 1 axes, got 1"),
    "one_hot": (lambda: tinytorch.one_hot([0], 1.5), "classes must be an integer >= 0, got 1.5"),
    "embedding": (
        lambda: tinytorch.embedding(ONES(3), [0]),
        r"\(rows, features\), got shape \(3,\)",
    ),
    "einsum": (lambda: tinytorch.einsum("i->"), "'i->' has no operands"),
    "conv2d": (lambda: tinytorch.conv2d(ONES(1, 3, 5, 5), ONES(0, 3, 1, 1)), "there is no kernel"),
    # Numbers
    "arange step": (lambda: tinytorch.arange(0, 1, NAN), "step must be a number other than 0"),
    "arange end": (lambda: tinytorch.arange(INF), "end must be a finite number, got inf"),
    "arange words": (lambda: tinytorch.arange("a"), "end must be a finite number, got 'a'"),
    "linspace": (lambda: tinytorch.linspace(None, 1, 3), "start must be a finite number, got None"),
    "eye": (lambda: tinytorch.eye(3, -1), "eye: m must be an integer >= 0, got -1"),
    "normal": (
        lambda: tinytorch.normal(ONES(3), ONES(2)),
        r"mean \(3,\), std \(2,\) and size None",
    ),
    "normal_": (lambda: ONES(3).normal_(0, -1.0), "std must be a finite number >= 0, got -1.0"),
    "uniform_": (
        lambda: ONES(3).uniform_(2.0, 1.0),
        "high must be a finite number >= low, 2.0",
    ),
    "randint": (lambda: tinytorch.randint(0, 2.5, (2,)), "high must be an integer, got 2.5"),
    "randint size": (lambda: tinytorch.randint(0, 2, (-2,)), r"size must be a tuple.*got \(-2,\)"),
    # Layers and losses
    "nan weight": (lambda: nn.CrossEntropyLoss(weight=[NAN, 1.0]), "one number >= 0 for each"),
    "weight": (lambda: nn.BCEWithLogitsLoss(weight=ONES(3))(ONES(2), ONES(2)), "a loss's weight"),
    "pos_weight": (lambda: nn.BCEWithLogitsLoss(pos_weight=ONES(3))(ONES(2), ONES(2)), "a loss's"),
    "probabilities' weight": (lambda: nn.BCELoss(weight=ONES(3))(ONES(2), ONES(2)), "a loss's"),
    "init": (lambda: nn.init.zeros_([1.0]), "zeros_ needs a tensor to fill, got list"),
    "train": (lambda: nn.Linear(1, 1).train("no"), "mode must be True or False, got 'no'"),
    "no state": (lambda: nn.Linear(1, 1).load_state_dict(None), "must be a dictionary.*NoneType"),
    "words in a state": (
        lambda: nn.Linear(1, 1).load_state_dict({"weight": "a", "bias": [0.0]}),
        "Linear: weight: a tensor holds real numbers",
    ),
    "decorated class": (lambda: tinytorch.no_grad()(Ragged), "decorates functions.*Ragged"),
    "decorated number": (lambda: tinytorch.no_grad(5), "decorates functions and methods, not 5"),
    # Data
    "ragged": (lambda: [*data.DataLoader(Ragged(), 2)], r"one shape, got \(1,\) and \(2,\)"),
    "loader's state": (lambda: data.DataLoader(EXAMPLES).load_state_dict(None), "a dictionary"),
    "subset of none": (
        lambda: data.Subset(None, [0]),
        "Subset: dataset must be.*got None",
    ),
    "subset by a number": (lambda: data.Subset(EXAMPLES, 3), "indices must be a list, got 3"),
    "split of a list": (
        lambda: data.split([1, 2], 0.5),
        "split: dataset must be a Dataset, got list",
    ),
    "lengths": (lambda: data.random_split(EXAMPLES, 6), "lengths must be a list, got 6"),
    # Optimizers, schedules, averages
    "f(t) in words": (
        lambda: optim.LambdaLR(sgd(), lambda t: "a"),
        r"lr_lambda\(0\) must be a number",
    ),
    "a wrapper": (
        lambda: optim.ExponentialLR(optim.Lookahead(sgd()), 0.9),
        "must be an Optimizer, got Lookahead; pass the one inside it, .optimizer",
    ),
    "one to chain": (lambda: optim.ChainedScheduler(3), "schedulers must be a list, got int"),
    "one to sequence": (
        lambda: optim.SequentialLR(sgd(), None, [1]),
        "must be a list, got NoneType",
    ),
    "clip a model": (
        lambda: optim.clip_grad_norm_(nn.Linear(1, 1), 1.0),
        "must be tensors.*Linear",
    ),
    "average of none": (lambda: optim.AveragedModel(None), "model must be a Module, got NoneType"),
    "update by none": (
        lambda: optim.AveragedModel(nn.Linear(1, 1)).update_parameters(None),
        "model must be a Module, got NoneType",
    ),
    "update_bn": (
        lambda: optim.update_bn(None, nn.Linear(1, 1)),
        "must give batches, got None",
    ),
    # Training
    "loss": (lambda: trainer(None), "loss must be a function, got None"),
    "metrics": (lambda: trainer(metrics=training.accuracy), "metrics must be a list of functions"),
    "scheduler": (lambda: trainer(scheduler=3), r"scheduler must have a step\(\), got 3"),
    "fit none": (lambda: trainer().fit(None), "must be batches.*got NoneType"),
    "fit a data set": (lambda: trainer().fit(EXAMPLES), r"DataLoader\(dataset, batch_size\)"),
    "fit numbers": (lambda: trainer().fit([1]), "must be a pair.*got int, no pair"),
    "fit triples": (lambda: trainer().fit([(*PAIRS[0], 1)]), "got tuple, 3 of them"),
    "fit nothing": (lambda: trainer().fit([(ONES(0, 2), ONES(0, 2))]), "a batch without examples"),
    "many losses": (lambda: trainer(nn.MSELoss(reduction="none")).fit(PAIRS), r"shape \(2, 2\)"),
    "a loss without graph": (
        lambda: trainer(lambda x, y: 3.0).fit(PAIRS),
        "tensor, got 3.0",
    ),
    "evaluate none": (lambda: training.evaluate(nn.Identity(), nn.MSELoss(), None), "got NoneType"),
    "save to none": (lambda: tinytorch.save({}, None), "path must be the path of a file, got None"),
    "save to a folder": (lambda: tinytorch.save({}, "."), "is a folder"),
    "save beside nothing": (lambda: tinytorch.save({}, "no/where"), "there is no folder no"),
    "load none": (lambda: tinytorch.load(None), "path must be the path of a file, got None"),
}


def counting():
    class Counting(nn.Module):
        def __init__(self):
            self.count = whole(1)

    return Counting()


@pytest.mark.parametrize("name", DOORS)
def test_a_door_says_what_is_allowed(name):
    call, words = DOORS[name]
    kinds = (TypeError, ValueError, IndexError, OverflowError, OSError)
    with np.errstate(all="ignore"), pytest.raises(kinds, match=words) as caught:
        call()
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert "tinytorch" in last.filename and last.line.startswith("raise"), last
