"""Training: everything that needs a model, data and an optimizer at once."""

from tinytorch.training.checkpoint import (
    CheckpointError,
    load,
    load_checkpoint,
    save,
    save_checkpoint,
)
from tinytorch.training.history import History
from tinytorch.training.loop import accuracy, evaluate, train
from tinytorch.training.trainer import Trainer

__all__ = [
    "CheckpointError",
    "History",
    "Trainer",
    "accuracy",
    "evaluate",
    "load",
    "load_checkpoint",
    "save",
    "save_checkpoint",
    "train",
]
