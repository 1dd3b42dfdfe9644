"""The milestone of 06 and 07: a network on the digits, trained by what the learner exported."""

import json
import os
import statistics
import subprocess
import sys
import time

import numpy as np

from tinytorch.exports import VARIABLE
from tinytorch.tito.workspace import Trouble, Workspace

ACCURACY = 0.95
SECONDS = 60.0  # for one seed
EPOCHS = 60
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # small matrices
PROGRAM = "import sys; from tinytorch.tito.milestones import main; main(sys.argv[1:])"


def warped(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each image a little turned, slanted, scaled and shifted: what another hand might write.

    The test digits are of other writers than the training digits; without this the network
    stays at about 92 %.
    """
    n, size, margin = len(images), images.shape[-1], 3
    turn, slant = rng.uniform(-0.15, 0.15, (2, n, 1, 1))
    scale = 1 + rng.uniform(-0.1, 0.1, (n, 1, 1))
    down, right = rng.uniform(-0.6, 0.6, (2, n, 1, 1))
    centre = (size - 1) / 2
    y, x = np.meshgrid(*2 * [np.arange(size) - centre], indexing="ij")
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    rows = sin * x + cos * y + down + centre + margin
    columns = cos * x - sin * y + slant * y + right + centre + margin
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    padded = np.pad(images, ((0, 0), (margin, margin), (margin, margin)))
    image, last = np.arange(n)[:, None, None], size + 2 * margin - 1

    def at(i, j):
        return padded[image, np.clip(i, 0, last), np.clip(j, 0, last)]

    below, beside = rows - top, columns - left
    upper = (1 - beside) * at(top, left) + beside * at(top, left + 1)
    lower = (1 - beside) * at(top + 1, left) + beside * at(top + 1, left + 1)
    return ((1 - below) * upper + below * lower).astype(np.float32)


def train_digits(seed: int, optimizer: str) -> dict:
    """Train an MLP 64-256-128-10 on warped digits; its accuracy on the test set, the seconds."""
    from tinytorch import nn, optim
    from tinytorch.data import DataLoader, TensorDataset, digits
    from tinytorch.training import loop

    started, rng = time.perf_counter(), np.random.default_rng(seed)
    data = digits(flat=False)[0]
    images, labels = (np.asarray(part) for part in data[:])
    model = nn.MLP([64, 256, 128, 10], rng=seed)
    makes = {
        "SGD": lambda p: optim.SGD(p, lr=0.2),
        "Momentum": lambda p: optim.Momentum(p, lr=0.02, momentum=0.9),
        "Adam": lambda p: optim.Adam(p, lr=0.003),
    }
    stepper, loss = makes[optimizer](model.parameters()), nn.CrossEntropyLoss()
    schedule = optim.StepLR(stepper, step_size=2 * EPOCHS // 3, gamma=0.1)
    for epoch in range(EPOCHS):
        seen = TensorDataset(warped(images[:, 0], rng).reshape(-1, 64), labels)
        loader = DataLoader(seen, 32, shuffle=True, seed=1000 * seed + epoch)
        loop.train(model, stepper, loss, loader, 1)
        schedule.step()
    test = digits()[1]
    found = loop.evaluate(model, loss, DataLoader(test, 360), (loop.accuracy,))
    return {
        "optimizer": optimizer,
        "seed": seed,
        "accuracy": found["accuracy"],
        "seconds": time.perf_counter() - started,
    }


def main(arguments: list[str]) -> None:
    """Print one JSON line a run."""
    import tinytorch

    print(json.dumps({"whose": tinytorch.whose()}), flush=True)
    for optimizer in ("SGD", "Momentum", "Adam"):
        for seed in range(int(arguments[0])):
            print(json.dumps(train_digits(seed, optimizer)), flush=True)


def run_exported(space: Workspace | None, lesson, seeds: int) -> dict:
    """Train with the exports of the workspace, in a process of its own."""
    if lesson.number not in ("06", "07"):
        raise Trouble("the milestones are those of 06 and 07: tito milestone 06")
    if space is None or not space.exported(lesson).is_file():
        raise Trouble(f"{lesson.number} is not exported yet. First: tito export {lesson.number}")
    limit = 3 * seeds * SECONDS
    try:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(seeds)],
            env={**os.environ, VARIABLE: str(space.exports), **ONE_THREAD},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Trouble(f"the training was killed after {limit:g} seconds") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise Trouble(f"the training ended with an error: {last}")
    whose, *runs = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    reached = all(r["accuracy"] > ACCURACY and r["seconds"] <= SECONDS for r in runs)
    return {"module": lesson.folder, **whose, "runs": runs, "reached": reached}


def tell(result: dict) -> list[str]:
    """The lines that say how it went."""
    mine = [name for name, owner in result["whose"].items() if owner == "yours"]
    lines = [f"Trained with your {', '.join(mine)}; all else is the package's."]
    for optimizer in dict.fromkeys(run["optimizer"] for run in result["runs"]):
        runs = [run for run in result["runs"] if run["optimizer"] == optimizer]
        accuracies = [run["accuracy"] for run in runs]
        lines.append(
            f"{optimizer:<9} test accuracy {min(accuracies):.1%} to {max(accuracies):.1%} over "
            f"{len(runs)} seeds (median {statistics.median(accuracies):.1%}), "
            f"{max(run['seconds'] for run in runs):.1f} s at most"
        )
    words = "reached" if result["reached"] else "NOT reached"
    lines.append(f"Milestone {words}: above {ACCURACY:.0%} within {SECONDS:g} s, with every seed.")
    return lines
