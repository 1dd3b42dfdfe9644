"""Datasets: what they hold, and what they refuse."""

import numpy as np
import pytest

from tinytorch import Tensor
from tinytorch.data import DataLoader, Dataset, TensorDataset, random_split, split


def numbered(n: int) -> TensorDataset:
    return TensorDataset(np.arange(2.0 * n).reshape(n, 2), np.arange(n))


def test_arrays_are_kept_as_they_are():
    x, y = np.zeros((3, 2)), np.arange(3)
    dataset = TensorDataset(x, Tensor(y))
    assert dataset.inputs is x
    assert dataset.targets is y
    assert len(dataset) == 3
    assert repr(dataset) == "TensorDataset(inputs (3, 2), targets (3,))"


def test_lists_become_float32_and_class_indices_stay_integers():
    dataset = TensorDataset([[1], [2]], [0, 1])
    assert dataset.inputs.dtype == np.float32
    assert dataset.targets.dtype.kind == "i"
    assert TensorDataset([[1], [2]], [0.5, 1]).targets.dtype == np.float32


def test_rows_slices_and_arrays_of_rows():
    dataset = numbered(5)
    assert dataset[3][0].tolist() == [6.0, 7.0]
    assert dataset[3][1] == 3
    assert dataset[1:3][1].tolist() == [1, 2]
    assert dataset.take(np.array([4, 0]))[0].tolist() == [[8.0, 9.0], [0.0, 1.0]]


@pytest.mark.parametrize(
    ("inputs", "targets", "message"),
    [
        (np.zeros((3, 2)), np.zeros(4), r"3 inputs \(shape \(3, 2\)\), but 4 targets"),
        (1.0, [1.0], "scalar"),
        ([1.0], np.float64(1.0), "scalar"),
    ],
)
def test_refused(inputs, targets, message):
    with pytest.raises(ValueError, match=message):
        TensorDataset(inputs, targets)


def test_words_are_refused():
    with pytest.raises(TypeError, match="real numbers"):
        TensorDataset([1.0, 2.0], np.array(["cat", "dog"]))


def test_split_deals_every_example_once():
    first, second = split(numbered(10), 0.7, rng=0)
    assert (len(first), len(second)) == (7, 3)
    assert sorted([*first.targets, *second.targets]) == list(range(10))
    assert first.targets.tolist() != list(range(7))
    assert np.array_equal(first.inputs[:, 0], 2 * first.targets)
    assert np.array_equal(split(numbered(10), 0.7, rng=0)[0].targets, first.targets)


@pytest.mark.parametrize(
    ("fraction", "message"),
    [(0, "0"), (1.0, "1.0"), (0.01, "empty"), ("a", r"fraction .* in \(0, 1\), got 'a'")],
)
def test_split_refuses(fraction, message):
    with pytest.raises(ValueError, match=message):
        split(numbered(10), fraction)


@pytest.mark.parametrize("lengths", [[7, 3], [0.7, 0.3], (0.65, 0.35), (0.25, 0.25, 0.5), (10, 0)])
def test_random_split_deals_every_example_once(lengths):
    parts = random_split(numbered(10), lengths, generator=0)
    assert sorted(int(i) for part in parts for i in part.targets) == [*range(10)]
    assert [len(p) for p in parts] == {
        (0.65, 0.35): [7, 3], (0.25, 0.25, 0.5): [3, 2, 5], (10, 0): [10, 0],
    }.get(tuple(lengths), [7, 3])  # fmt: skip
    again = random_split(numbered(10), lengths, generator=0)
    assert all((a.targets == b.targets).all() for a, b in zip(parts, again, strict=True))


@pytest.mark.parametrize("lengths", [[7, 4], [0.5, 0.6], [-1, 11], [], [True, 9]])
def test_random_split_refuses(lengths):
    with pytest.raises(ValueError, match="random_split: lengths"):
        random_split(numbered(10), lengths)


class Squares(Dataset):
    def __len__(self):
        return 5

    def __getitem__(self, i):
        if not 0 <= i < 5:
            raise IndexError(i)
        return np.float32([i, -i]), i * i


def test_a_dataset_of_ones_own_needs_two_methods():
    batches = list(DataLoader(Squares(), batch_size=2))
    assert [b.targets.data.tolist() for b in batches] == [[0, 1], [4, 9], [16]]
    assert batches[1].inputs.data.tolist() == [[2, -2], [3, -3]]
    assert batches[1].inputs.dtype == np.float32


class Numbers(Dataset):
    def __len__(self):
        return 3

    def __getitem__(self, i):
        return [0.5 * i, 1], i


def test_numbers_become_float32_and_class_indices_stay_integers_in_batches_too():
    (batch,) = DataLoader(Numbers())
    assert batch.inputs.dtype == np.float32
    assert batch.inputs.data.tolist() == [[0, 1], [0.5, 1], [1, 1]]
    assert batch.targets.dtype.kind == "i"


@pytest.mark.parametrize("example", [np.zeros(2), 1.0, (1.0, 2.0, 3.0)])
def test_an_example_that_is_no_pair_is_refused(example):
    class Alone(Squares):
        def __getitem__(self, i):
            return example

    with pytest.raises(TypeError, match=r"Alone: example 3 must be a pair \(input, target\), got"):
        Alone().take(np.array([3]))


def test_the_base_class_says_what_is_missing():
    with pytest.raises(NotImplementedError, match="Dataset must define __len__"):
        len(Dataset())
    with pytest.raises(NotImplementedError, match="Dataset must define __getitem__"):
        Dataset()[0]
