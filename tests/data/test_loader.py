"""DataLoader: each example once an epoch, in an order that can be repeated."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinytorch import Tensor, manual_seed
from tinytorch.data import DataLoader, Subset, TensorDataset
from tinytorch.nn import CrossEntropyLoss


def numbered(n: int) -> TensorDataset:
    return TensorDataset(np.arange(2.0 * n, dtype=np.float32).reshape(n, 2), np.arange(n))


def visited(loader) -> list[int]:
    return [int(i) for batch in loader for i in batch.targets.data]


def test_batches_unpack_and_have_names():
    loader = DataLoader(numbered(5), batch_size=2)
    for x, y in loader:
        assert isinstance(x, Tensor)
        assert isinstance(y, Tensor)
        assert CrossEntropyLoss()(Tensor(np.zeros((len(x), 5))), y).item() > 0
    for (x, y), batch in zip(loader, loader, strict=True):
        assert np.array_equal(x.data, batch.inputs.data)
        assert np.array_equal(y.data, batch.targets.data)
        assert np.array_equal(x.data[:, 0], 2 * y.data)


@given(
    n=st.integers(1, 40),
    batch_size=st.integers(1, 45),
    shuffle=st.booleans(),
    drop_last=st.booleans(),
    seed=st.integers(0, 2**64),
)
def test_every_example_once_an_epoch(n, batch_size, shuffle, drop_last, seed):
    if drop_last and n < batch_size:
        batch_size = n
    loader = DataLoader(numbered(n), batch_size, shuffle, drop_last, seed)
    for _ in range(2):
        sizes = [len(batch.inputs) for batch in loader]
        assert len(sizes) == len(loader)
        assert all(size == batch_size for size in sizes[:-1])
        assert sizes[-1] == batch_size if drop_last else sum(sizes) == n
    seen = visited(loader)
    assert len(set(seen)) == len(seen)
    if not drop_last:
        assert sorted(seen) == list(range(n))
    if not shuffle:
        assert seen == list(range(len(seen)))


def test_a_new_order_each_epoch_the_same_for_the_same_seed():
    a, b = (DataLoader(numbered(50), 7, shuffle=True, seed=3) for _ in range(2))
    first, second = visited(a), visited(a)
    assert first != second != list(range(50))
    assert [visited(b), visited(b)] == [first, second]
    assert visited(DataLoader(numbered(50), 7, shuffle=True, seed=4)) != first


def test_the_batch_size_does_not_change_the_order():
    sizes = [visited(DataLoader(numbered(50), size, shuffle=True, seed=3)) for size in (1, 7, 50)]
    assert sizes[0] == sizes[1] == sizes[2]


def test_without_a_seed_the_default_generator_decides():
    manual_seed(5)
    first = visited(DataLoader(numbered(50), 7, shuffle=True))
    other = visited(DataLoader(numbered(50), 7, shuffle=True))
    manual_seed(5)
    assert visited(DataLoader(numbered(50), 7, shuffle=True)) == first != other
    with_generator = [
        visited(DataLoader(numbered(50), shuffle=True, seed=np.random.default_rng(1)))
        for _ in range(2)
    ]
    assert with_generator[0] == with_generator[1]


def test_without_shuffling_nothing_random_is_drawn():
    manual_seed(5)
    expected = DataLoader(numbered(5), shuffle=True).seed
    manual_seed(5)
    visited(DataLoader(numbered(5)))
    assert DataLoader(numbered(5), shuffle=True).seed == expected


def test_batches_do_not_share_memory_with_the_dataset():
    dataset = numbered(4)
    for x, y in DataLoader(dataset, batch_size=4):
        assert not np.shares_memory(x.data, dataset.inputs)
        assert not np.shares_memory(y.data, dataset.targets)


def test_a_batch_is_fetched_in_one_go():
    calls = []

    class Counting(TensorDataset):
        def take(self, indices):
            calls.append(len(indices))
            return super().take(indices)

    list(DataLoader(Counting(np.zeros((10, 2)), np.zeros(10)), batch_size=4))
    assert calls == [4, 4, 2]


@pytest.mark.parametrize("stop", range(1, 9))
def test_an_interrupted_epoch_is_taken_up_where_it_stopped(stop):
    through = DataLoader(numbered(20), 3, shuffle=True, seed=1)
    expected = visited(through) + visited(through)

    loader = DataLoader(numbered(20), 3, shuffle=True, seed=1)
    seen = []
    for i, batch in enumerate(loader, start=1):
        seen += batch.targets.data.tolist()
        if i == min(stop, len(loader)):
            break
    resumed = DataLoader(numbered(20), 3, shuffle=True, seed=99)
    resumed.load_state_dict(loader.state_dict())
    while len(seen) < len(expected):
        seen += visited(resumed)
    assert seen == expected


def test_a_batch_that_could_not_be_read_is_not_counted():
    class Failing(TensorDataset):
        fails = True

        def take(self, indices):
            if self.fails and 4 in indices:
                raise OSError("no such disk")
            return super().take(indices)

    dataset = Failing(np.arange(8.0), np.arange(8))
    loader = DataLoader(dataset, 2)
    with pytest.raises(OSError, match="no such disk"):
        list(loader)
    again, state = DataLoader(dataset, 2), loader.state_dict()
    again.load_state_dict(state)
    with pytest.raises(OSError, match="no such disk"):
        list(again)
    assert again.state_dict() == state
    dataset.fails = False
    assert [batch.targets.data.tolist() for batch in again] == [[4, 5], [6, 7]]


def test_a_loop_within_a_loop_leaves_the_outer_one_its_place():
    """An evaluation on the training data, say, in the middle of an epoch."""

    def outer(loader, steps, seen):
        while True:
            for batch in loader:
                if len(seen) % 2:
                    visited(loader)
                seen.append(batch.targets.data.tolist())
                state = loader.state_dict()
                if len(seen) % 2:
                    assert state["given"] == (len(seen) - 1) % len(loader) + 1
                if len(seen) == steps:
                    return state

    through, seen = [], []
    outer(DataLoader(numbered(20), 3, shuffle=True, seed=1), 20, through)
    state = outer(DataLoader(numbered(20), 3, shuffle=True, seed=1), 9, seen)
    resumed = DataLoader(numbered(20), 3, shuffle=True, seed=99)
    resumed.load_state_dict(state)
    outer(resumed, 20, seen)
    assert seen == through
    assert sorted(np.concatenate(through[7:14])) == list(range(20))


def test_breaking_off_begins_a_new_epoch():
    loader = DataLoader(numbered(20), 3, shuffle=True, seed=1)
    for _ in loader:
        break
    made = {"examples": 20, "batch_size": 3, "shuffle": True, "drop_last": False}
    assert loader.state_dict() == {"seed": 1, "epoch": 1, "given": 1, **made}
    assert loader.left == 6
    assert sorted(visited(loader)) == list(range(20))
    assert loader.state_dict() == {"seed": 1, "epoch": 2, "given": 7, **made}
    assert loader.left == 0


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (lambda: DataLoader(numbered(20), 4, shuffle=True), "batch_size 3, this one has 4"),
        (lambda: DataLoader(numbered(21), 3, shuffle=True), "examples 20, this one has 21"),
        (lambda: DataLoader(numbered(20), 3), "shuffle True, this one has False"),
        (lambda: DataLoader(numbered(20), 3, True, True), "drop_last False, this one has True"),
    ],
)
def test_a_loader_that_would_go_on_at_other_examples_refuses(other, message):
    loader, other = DataLoader(numbered(20), 3, shuffle=True, seed=1), other()
    next(iter(loader))
    before = other.state_dict()
    with pytest.raises(ValueError, match=message):
        other.load_state_dict(loader.state_dict())
    assert other.state_dict() == before


def test_a_state_from_before_loaders_described_themselves_is_taken():
    loader = DataLoader(numbered(20), 3, shuffle=True, seed=1)
    loader.load_state_dict({"seed": 4, "epoch": 2, "given": 3})
    assert (loader.seed, loader.epoch, loader.left) == (4, 2, 4)


@pytest.mark.parametrize("name", ["shuffle", "drop_last"])
def test_flags_are_true_or_false(name):
    with pytest.raises(ValueError, match=f"DataLoader: {name} must be True or False, got 'no'"):
        DataLoader(numbered(4), 2, **{name: "no"})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch_size must be an integer >= 1, got 0"),
        ({"batch_size": -3}, "got -3"),
        ({"batch_size": 2.0}, "got 2.0"),
        ({"batch_size": True}, "batch_size must be an integer >= 1, got True"),
        ({"batch_size": 6, "drop_last": True}, "leaves no batch: 5 examples, batch_size 6"),
        ({"dataset": TensorDataset(np.zeros((0, 2)), np.zeros(0))}, "the dataset is empty"),
    ],
)
def test_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        DataLoader(**{"dataset": numbered(5), **arguments})


def test_refused_types():
    with pytest.raises(TypeError, match=r"Dataset, got tuple; wrap arrays in TensorDataset"):
        DataLoader((np.zeros(3), np.zeros(3)))
    for seed in (-1, 1.5, True):
        with pytest.raises(TypeError, match="seed"):
            DataLoader(numbered(5), shuffle=True, seed=seed)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"seed": 1, "epoch": 1}, "seed, epoch, given"),
        ({"seed": 1, "epoch": 1, "given": 8}, "8 batches into an epoch, which has only 7"),
        ({"seed": -1, "epoch": 1, "given": 0}, "seed must be an integer >= 0"),
        ({"seed": 1, "epoch": 1.0, "given": 0}, "epoch must be an integer >= 0"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(state, message):
    loader = DataLoader(numbered(20), 3, shuffle=True, seed=7)
    before = loader.state_dict()
    with pytest.raises(ValueError, match=message):
        loader.load_state_dict(state)
    assert loader.state_dict() == before


def test_repr_is_how_it_was_made():
    examples = TensorDataset(np.zeros((10, 2)), np.arange(10))
    assert repr(DataLoader(examples, 4)) == (
        "DataLoader(TensorDataset(inputs (10, 2), targets (10,)), 4)"
    )
    assert repr(DataLoader(examples, 4, shuffle=True, drop_last=True, seed=3)).endswith(
        ", 4, shuffle=True, seed=3, drop_last=True)"
    )


def test_a_subset_is_dealt_out_in_its_own_order():
    whole = TensorDataset(np.arange(10.0), np.arange(10))
    part = Subset(whole, [7, 2, 5])
    assert [int(y) for _, targets in DataLoader(part, batch_size=2) for y in targets.data] == [
        7,
        2,
        5,
    ]
    assert part[1] == (2.0, 2) and len(part) == 3
    with pytest.raises(ValueError, match=r"Subset: indices must lie in 0\.\.9, got 3\.\.10"):
        Subset(whole, [3, 10])
    with pytest.raises(TypeError, match="Subset: indices must be whole numbers"):
        Subset(whole, [0.5])
