"""History: what happened during a training."""

from dataclasses import dataclass, field


@dataclass
class History:
    """What happened during `Trainer.fit`.

    Attributes:
        epochs: a list a name, one entry a finished epoch: "loss" and the metrics on the training
            batches (while they were trained on), "val_loss" and so on, "lr" (the first group's,
            in the epoch's last step). `history["loss"]` is short for `history.epochs["loss"]`.
        steps: the loss of every step of the optimizer.
        best_epoch: number, from 0, of the epoch with the lowest validation loss.
        stopped_early: whether patience ran out.
        interrupted: whether Ctrl-C ended it.

    >>> training.History(epochs={"loss": [2.0, 1.0]})["loss"]
    [2.0, 1.0]
    """

    epochs: dict[str, list[float]] = field(default_factory=dict)
    steps: list[float] = field(default_factory=list)
    best_epoch: int | None = None
    stopped_early: bool = False
    interrupted: bool = False

    def __getitem__(self, name: str) -> list[float]:
        return self.epochs[name]

    def __len__(self) -> int:
        """Epochs that were finished."""
        return len(self.epochs.get("loss", ()))

    def append(self, values: dict[str, float]) -> None:
        for name, value in values.items():
            self.epochs.setdefault(name, []).append(value)

    def plot(self, ax, *names: str) -> None:
        """Draw curves over the epochs on a matplotlib axes.

        Arguments:
            ax: the axes.
            names: which curves; the losses if none is named.
        """
        for name in names or [n for n in ("loss", "val_loss") if n in self.epochs]:
            ax.plot(range(1, len(self) + 1), self[name], label=name)
        ax.set_xlabel("epoch")
        ax.legend()

    def __repr__(self) -> str:
        ending = ", interrupted" if self.interrupted else ", stopped early" * self.stopped_early
        last = "".join(f", {name} {values[-1]:.4g}" for name, values in self.epochs.items())
        return f"History({len(self)} epochs, {len(self.steps)} steps{ending}{last})"


def name_of(metric) -> str:
    """By what a metric is recorded: a function's name, or an object's kind."""
    return getattr(metric, "__name__", type(metric).__name__)


class Mean:
    """Averages of named numbers, weighted."""

    def __init__(self):
        self.totals: dict[str, list[float]] = {}

    def add(self, weight: float, name: str, value: float) -> None:
        total = self.totals.setdefault(name, [0.0, 0.0])
        total[0] += weight * float(value)
        total[1] += weight

    def values(self) -> dict[str, float]:
        return {name: total / weight for name, (total, weight) in self.totals.items()}
