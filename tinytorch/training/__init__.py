"""Training: everything that needs a model, data and an optimizer at once."""

from tinytorch.training.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from tinytorch.training.history import History
from tinytorch.training.loop import accuracy, evaluate, train
from tinytorch.training.trainer import Trainer

__all__ = [
    "CheckpointError",
    "History",
    "Trainer",
    "accuracy",
    "evaluate",
    "load_checkpoint",
    "save_checkpoint",
    "train",
]
