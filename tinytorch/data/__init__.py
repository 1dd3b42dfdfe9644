"""Data: examples, batches of them, and the sets that the lessons use."""

from tinytorch.data.dataset import Dataset, TensorDataset, split
from tinytorch.data.loader import Batch, DataLoader
from tinytorch.data.made import moons, regression, spirals
from tinytorch.data.real import digits, mnist

__all__ = [
    "Batch",
    "DataLoader",
    "Dataset",
    "TensorDataset",
    "digits",
    "mnist",
    "moons",
    "regression",
    "spirals",
    "split",
]
