"""DataLoader: a dataset, batch by batch."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tinytorch.core.checks import COUNT, FLAG, POSITIVE_COUNT, require
from tinytorch.core.random import generator
from tinytorch.core.tensor import Tensor
from tinytorch.data.dataset import Dataset, expect_dataset


class Batch(NamedTuple):
    """Some examples: `inputs` and `targets`, tensors of equal length.

    >>> examples = data.TensorDataset(np.zeros((10, 2)), np.arange(10))
    >>> next(iter(data.DataLoader(examples, 4))).inputs.shape
    (4, 2)
    """

    inputs: Tensor
    targets: Tensor


class DataLoader:
    """Iterate over a dataset in batches; every new iteration is a new epoch.

    The order of an epoch is a pure function of the seed and the epoch's number. So the loader's
    whole state is three integers, and an interrupted epoch can be taken up where it stopped.
    Iterations within one another do not disturb each other; the state tells of the one that
    handed out the last batch.

    Arguments:
        dataset: a Dataset.
        batch_size: examples in a batch, at least 1; the last batch may be smaller.
        shuffle: a new order each epoch; otherwise the dataset's own.
        drop_last: leave out a last batch that is smaller than the others.
        seed: of the orders, an integer >= 0; or a generator to draw it from, or None to draw it
            from the default one.
        num_workers, pin_memory: PyTorch's; here one process reads, and they change nothing.

    Yields:
        Batch: unpack it (`for x, y in loader`) or name its parts (`batch.inputs`).

    Raises:
        TypeError: `dataset` is no Dataset.
        ValueError: an empty dataset, a batch size below 1, `shuffle` or `drop_last` neither True
            nor False, or no batch left by `drop_last`.

    >>> examples = data.TensorDataset(np.zeros((10, 2)), np.arange(10))
    >>> [len(y) for x, y in data.DataLoader(examples, batch_size=4)]
    [4, 4, 2]
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int = 32,
        shuffle: bool = False,
        drop_last: bool = False,
        seed=None,
        *,
        num_workers: int = 0,
        pin_memory: bool = False,
    ):
        expect_dataset("DataLoader", dataset)
        require("DataLoader", "batch_size", batch_size, POSITIVE_COUNT)
        require("DataLoader", "shuffle", shuffle, FLAG)
        require("DataLoader", "drop_last", drop_last, FLAG)
        require("DataLoader", "num_workers", num_workers, COUNT)
        require("DataLoader", "pin_memory", pin_memory, FLAG)
        if len(dataset) == 0:
            raise ValueError("DataLoader: the dataset is empty")
        if drop_last and len(dataset) < batch_size:
            raise ValueError(
                f"DataLoader: drop_last leaves no batch: {len(dataset)} examples, "
                f"batch_size {batch_size}"
            )
        self.dataset = dataset
        self.batch_size = int(batch_size)
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.seed = _seed(seed) if shuffle else 0
        self.epoch = 0  # the one under way, from 1: that of the last batch handed out
        self._given = 0  # batches of it that were handed out
        self._resume = False

    def __repr__(self) -> str:
        shuffled = f", shuffle=True, seed={self.seed}" if self.shuffle else ""
        dropped = ", drop_last=True" if self.drop_last else ""
        return f"DataLoader({self.dataset!r}, {self.batch_size}{shuffled}{dropped})"

    def __len__(self) -> int:
        """Batches in an epoch."""
        n = len(self.dataset)
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)

    @property
    def left(self) -> int:
        """Batches of the epoch under way that were not handed out yet."""
        return len(self) - self._given

    def order(self, epoch: int) -> np.ndarray:
        """Indices of the examples, in the order in which that epoch visits them."""
        n = len(self.dataset)
        if not self.shuffle:
            return np.arange(n)
        return np.random.default_rng((self.seed, epoch)).permutation(n)

    def __iter__(self) -> Iterator[Batch]:
        epoch, given = (self.epoch, self._given) if self._resume else (self.epoch + 1, 0)
        order = self.order(epoch - 1)
        for i in range(given, len(self)):
            inputs, targets = self.dataset.take(
                order[i * self.batch_size : (i + 1) * self.batch_size]
            )
            batch = Batch(Tensor(inputs), Tensor(targets))
            # Not before: reading the data may fail, and is then tried again.
            self.epoch, self._given, self._resume = epoch, i + 1, False
            yield batch

    def state_dict(self) -> dict:
        """Where the iteration stands: "seed", "epoch" (begun so far), "given" (batches of it); and
        of which loader: "examples", "batch_size", "shuffle", "drop_last"."""
        return {"seed": self.seed, "epoch": self.epoch, "given": self._given, **self._made_with()}

    def _made_with(self) -> dict:
        return {
            "examples": len(self.dataset),
            "batch_size": self.batch_size,
            "shuffle": bool(self.shuffle),
            "drop_last": bool(self.drop_last),
        }

    def load_state_dict(self, state: dict) -> None:
        """Take the iteration up where `state` was saved.

        Raises:
            TypeError: `state` is no dictionary.
            ValueError: `state` has other entries, or is of a loader with another number of
                examples, batch size, `shuffle` or `drop_last`: it would go on at other examples.
        """
        own, place = self._made_with(), ("seed", "epoch", "given")
        if not isinstance(state, dict):
            raise TypeError(f"DataLoader: state must be a dictionary, got {type(state).__name__}")
        if not set(place) <= set(state) <= {*place, *own}:
            raise ValueError(
                f"DataLoader: a state has {', '.join((*place, *own))}; got {sorted(state)}"
            )
        for name in place:
            require("DataLoader", name, state[name], COUNT)
        for name, value in own.items():
            if state.get(name, value) != value:
                raise ValueError(
                    f"DataLoader: the state is of a loader with {name} {state[name]!r}, "
                    f"this one has {value!r}"
                )
        if state["given"] > len(self):
            raise ValueError(
                f"DataLoader: the state is {state['given']} batches into an epoch, "
                f"which has only {len(self)}"
            )
        self.seed, self.epoch, self._given = state["seed"], state["epoch"], state["given"]
        self._resume = 0 < self._given < len(self)


def _seed(source) -> int:
    rng = generator(source)
    return int(source if isinstance(source, (int, np.integer)) else rng.integers(2**63))
