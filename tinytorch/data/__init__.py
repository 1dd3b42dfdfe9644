"""Data: examples, batches of them, and the sets that the lessons use."""

from tinytorch.core import hints
from tinytorch.data.dataset import Dataset, Subset, TensorDataset, random_split, split
from tinytorch.data.images import digits, mnist
from tinytorch.data.loader import Batch, DataLoader
from tinytorch.data.synthetic import moons, regression, spirals

__all__ = [
    "Batch",
    "DataLoader",
    "Dataset",
    "Subset",
    "TensorDataset",
    "digits",
    "mnist",
    "moons",
    "random_split",
    "regression",
    "spirals",
    "split",
]


def __getattr__(name: str):
    raise hints.missing("utils.data", name)
