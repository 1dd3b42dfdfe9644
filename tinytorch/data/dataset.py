"""Datasets: numbered pairs of an input and its target."""

import math
from collections.abc import Iterable

import numpy as np

from tinytorch.core.checks import COUNT, OPEN_FRACTION, PROPORTION, require
from tinytorch.core.functional import as_indices
from tinytorch.core.random import generator as generator_of
from tinytorch.core.tensor import Tensor, raw

SHARES = (
    lambda values: all(map(PROPORTION[0], values)) and math.isclose(sum(values), 1),
    "integers >= 0, or shares in [0, 1] that add up to 1",
)


class Dataset:
    """Base of all datasets.

    A subclass defines `__len__` and `__getitem__(i)`, which returns (input, target). One that
    holds arrays also defines `take`, to fetch a batch in one go.

    >>> class Squares(data.Dataset):
    ...     def __len__(self):
    ...         return 10
    ...     def __getitem__(self, i):
    ...         return float(i), float(i * i)
    ...
    >>> Squares()[3]
    (3.0, 9.0)
    """

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} must define __len__()")

    def __getitem__(self, i):
        raise NotImplementedError(f"{type(self).__name__} must define __getitem__()")

    def take(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and targets of the examples `indices`, stacked along a new first axis.

        Arrays keep their dtype; Python's numbers get that of a TensorDataset.

        Raises:
            TypeError: an example that is no pair.
            ValueError: examples of different shapes.
        """
        examples = [self[int(i)] for i in indices]
        for i, example in zip(indices, examples, strict=True):
            if not isinstance(example, (tuple, list)) or len(example) != 2:
                raise TypeError(
                    f"{type(self).__name__}: example {i} must be a pair (input, target), "
                    f"got {example!r}"
                )
        inputs, targets = zip(*examples, strict=True)
        owner = type(self).__name__
        examples = TensorDataset(
            _stacked(owner, "inputs", inputs), _stacked(owner, "targets", targets)
        )
        return examples.inputs, examples.targets


class TensorDataset(Dataset):
    """Examples that are the rows of two arrays.

    Arguments:
        inputs: array of shape (n, ...); lists of numbers become float32.
        targets: array of shape (n, ...); lists become float32 if they hold fractions, and
            stay integers (class indices) if they do not.

    Both arrays are kept as they are, not copied.

    Raises:
        ValueError: a scalar, or unequal numbers of inputs and targets.

    >>> data.TensorDataset([[1.0], [2.0]], [0, 1])
    TensorDataset(inputs (2, 1), targets (2,))
    """

    def __init__(self, inputs, targets):
        self.inputs = Tensor(inputs).data
        self.targets = Tensor(_whole_or_float32(targets)).data
        if not self.inputs.ndim or not self.targets.ndim:
            raise ValueError("TensorDataset: inputs and targets need a first axis, got a scalar")
        if len(self.inputs) != len(self.targets):
            raise ValueError(
                f"TensorDataset: {len(self.inputs)} inputs (shape {self.inputs.shape}), "
                f"but {len(self.targets)} targets (shape {self.targets.shape})"
            )

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, i):
        """(inputs[i], targets[i]); `i` may be a slice or an array as well."""
        return self.inputs[i], self.targets[i]

    def take(self, indices):
        return self.inputs[indices], self.targets[indices]

    def __repr__(self) -> str:
        return f"TensorDataset(inputs {self.inputs.shape}, targets {self.targets.shape})"


class Subset(Dataset):
    """Some examples of a data set, by their numbers.

    Raises:
        TypeError: `dataset` is none, or `indices` are not whole numbers.
        ValueError: an index outside 0..len(dataset) - 1.

    >>> examples = data.TensorDataset([[1.0], [2.0], [3.0]], [0, 1, 2])
    >>> data.Subset(examples, [2, 0]).take(np.array([0]))
    (array([[3.]], dtype=float32), array([2]))
    """

    def __init__(self, dataset: Dataset, indices):
        expect_dataset("Subset", dataset)
        if not isinstance(indices, Iterable):
            raise TypeError(f"Subset: indices must be a list, got {indices!r}")
        self.dataset = dataset
        self.indices = as_indices("Subset", list(indices), len(dataset))

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, i):
        return self.dataset[self.indices[i]]

    def take(self, indices):
        return self.dataset.take(self.indices[indices])


def expect_dataset(owner: str, dataset) -> None:
    if not isinstance(dataset, Dataset):
        raise TypeError(
            f"{owner}: dataset must be a Dataset, got {type(dataset).__name__}; "
            "wrap arrays in TensorDataset(inputs, targets)"
        )


def _stacked(owner: str, what: str, examples: tuple):
    if not isinstance(examples[0], (Tensor, np.ndarray, np.generic)):
        return list(examples)
    shapes = sorted({np.shape(raw(example)) for example in examples})
    if len(shapes) > 1:
        raise ValueError(
            f"{owner}: the {what} of one batch must have one shape, got {shapes[0]} and {shapes[1]}"
        )
    return np.stack(examples)


def _whole_or_float32(values):
    if isinstance(values, (Tensor, np.ndarray)):
        return values
    array = np.asarray(values)
    return array.astype(np.float32) if array.dtype.kind == "f" else array


def split(dataset: Dataset, fraction: float, *, rng=None) -> tuple[TensorDataset, TensorDataset]:
    """Deal the examples out at random: `fraction` of them to the first part, the rest to the other.

    Arguments:
        dataset: the examples; they are copied.
        fraction: between 0 and 1.
        rng: a generator, a seed, or None for the default one.

    Raises:
        TypeError: `dataset` is none.
        ValueError: `fraction` is outside (0, 1), or leaves a part empty.

    >>> examples = data.TensorDataset(np.zeros((10, 2)), np.arange(10))
    >>> [len(part) for part in data.split(examples, 0.8, rng=0)]
    [8, 2]
    """
    expect_dataset("split", dataset)
    n = len(dataset)
    require("split", "fraction", fraction, OPEN_FRACTION)
    first = round(fraction * n)
    if first in (0, n):
        raise ValueError(f"split: a fraction of {fraction} of {n} examples leaves a part empty")
    order = generator_of(rng).permutation(n)
    return (
        TensorDataset(*dataset.take(order[:first])),
        TensorDataset(*dataset.take(order[first:])),
    )


def random_split(dataset: Dataset, lengths, *, generator=None) -> list[TensorDataset]:
    """Deal the examples out at random, into parts of these lengths.

    Arguments:
        dataset: the examples; they are copied.
        lengths: how many each part gets; or its share, the shares adding up to 1.
        generator: a generator, a seed, or None for the default one.

    Raises:
        TypeError: `dataset` is none, or `lengths` are no list.
        ValueError: `lengths` do not add up to the number of examples, or to 1.

    >>> examples = data.TensorDataset(np.zeros((10, 2)), np.arange(10))
    >>> [len(part) for part in data.random_split(examples, [0.7, 0.3], generator=0)]
    [7, 3]
    """
    expect_dataset("random_split", dataset)
    if not isinstance(lengths, Iterable):
        raise TypeError(f"random_split: lengths must be a list, got {lengths!r}")
    n, lengths = len(dataset), list(lengths)
    if not all(COUNT[0](k) for k in lengths):
        require("random_split", "lengths", lengths, SHARES)
        shares, lengths = lengths, [math.floor(n * share) for share in lengths]
        for i in range(n - sum(lengths)):  # what rounding left over, as PyTorch deals it out
            lengths[i % len(shares)] += 1
    if sum(lengths) != n:
        raise ValueError(f"random_split: lengths {lengths} do not add up to {n} examples")
    order, ends = generator_of(generator).permutation(n), np.cumsum(lengths)
    parts = (order[end - k : end] for k, end in zip(lengths, ends, strict=True))
    return [TensorDataset(*dataset.take(part)) for part in parts]
