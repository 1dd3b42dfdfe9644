"""Training beside PyTorch and hand-written NumPy.

    python -m benchmarks.training               everything
    python -m benchmarks.training perceptron    only these parts; nothing is kept

An epoch of a perceptron, an epoch of a small convolutional net, the loader, the import.
"""

import subprocess
import sys

import numpy as np

from benchmarks import THREADS
from benchmarks.timing import measure, save, show, table
from tinytorch.data import DataLoader, TensorDataset, digits
from tinytorch.nn import (
    MLP,
    Conv2d,
    CrossEntropyLoss,
    Flatten,
    Linear,
    MaxPool2d,
    ReLU,
    Sequential,
)
from tinytorch.optim import Adam
from tinytorch.training import train

ROWS, BATCH = 10_000, 64


def batches(n: int, rng):
    order = rng.permutation(n)
    return (order[i : i + BATCH] for i in range(0, n, BATCH))


def made_images() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.random((ROWS, 784), np.float32), rng.integers(0, 10, ROWS)


# The perceptron 784-128-10 with Adam


def perceptron_tinytorch(x, y, engine: str):
    model = MLP([784, 128, 10], rng=0)
    optimizer = Adam(model.parameters(), lr=1e-3, engine=engine)
    loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=True, seed=0)
    return lambda: train(model, optimizer, CrossEntropyLoss(), loader)


def perceptron_numpy(x, y):
    """As one writes it by hand: no graph, no classes, Adam with every array reused."""
    rng = np.random.default_rng(0)
    w1 = rng.uniform(-1, 1, (784, 128)).astype(np.float32) * np.float32((6 / 784) ** 0.5)
    w2 = rng.uniform(-1, 1, (128, 10)).astype(np.float32) * np.float32((6 / 128) ** 0.5)
    params = [w1, np.zeros(128, np.float32), w2, np.zeros(10, np.float32)]
    moments = [(np.zeros_like(p), np.zeros_like(p), np.empty_like(p)) for p in params]
    steps = 0

    def epoch():
        nonlocal steps
        w1, b1, w2, b2 = params
        for rows in batches(len(x), rng):
            inputs, targets = x[rows], y[rows]
            hidden = np.maximum(inputs @ w1 + b1, 0)
            logits = hidden @ w2 + b2
            logits -= logits.max(axis=1, keepdims=True)
            exp = np.exp(logits)
            total = exp.sum(axis=1, keepdims=True)
            index = np.arange(len(rows))
            (np.log(total[:, 0]) - logits[index, targets]).mean()
            d = exp / total
            d[index, targets] -= 1
            d /= len(rows)
            d_hidden = d @ w2.T
            d_hidden *= hidden > 0
            gradients = (inputs.T @ d_hidden, d_hidden.sum(0), hidden.T @ d, d.sum(0))
            steps += 1
            c1, c2 = 1 - 0.9**steps, 1 - 0.999**steps
            for p, g, (m, v, s) in zip(params, gradients, moments, strict=True):
                m *= 0.9
                m += np.multiply(g, 0.1, out=s)
                v *= 0.999
                np.multiply(g, g, out=s)
                s *= 0.001
                v += s
                np.multiply(v, 1 / c2, out=s)
                np.sqrt(s, out=s)
                s += 1e-8
                np.divide(m, s, out=s)
                s *= 1e-3 / c1
                p -= s

    return epoch


def perceptron_torch(x, y, torch, loader: bool = False, **adam):
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))
    if not loader:
        return epoch_torch(net, torch_batches(x, y, torch), torch, **adam)
    data = torch.utils.data.TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
    source = torch.utils.data.DataLoader(data, BATCH, shuffle=True)
    return epoch_torch(net, lambda: source, torch, **adam)


def torch_batches(x, y, torch):
    """Faster than PyTorch's own DataLoader, which fetches row by row."""
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    return lambda: ((x[rows], y[rows]) for rows in torch.randperm(len(x)).split(BATCH))


def epoch_torch(net, source, torch, **adam):
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, **adam)
    loss_fn = torch.nn.CrossEntropyLoss()

    def epoch():
        for inputs, targets in source():
            loss = loss_fn(net(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return epoch


def perceptron(torch) -> list[dict]:
    x, y = made_images()
    times = measure(
        {
            "tinytorch": perceptron_tinytorch(x, y, "blocked"),
            "tinytorch, fused Adam": perceptron_tinytorch(x, y, "fused"),
            "hand-written NumPy": perceptron_numpy(x, y),
            "PyTorch": perceptron_torch(x, y, torch),
            "PyTorch, its DataLoader": perceptron_torch(x, y, torch, loader=True),
            "PyTorch, fused Adam": perceptron_torch(x, y, torch, fused=True),
        },
        rounds=15,
    )
    title = "Epoch of 784-128-10, batch 64, 10,000 rows, Adam"
    aims = [
        (name, other, limit)
        for name in ("tinytorch, fused Adam", "tinytorch")
        for other, limit in (("PyTorch", 1 / 1.5), ("hand-written NumPy", 1.2))
    ]
    return [table(title, times, "PyTorch", aims)]


# A small convolutional net on the digits


def convolution_tinytorch(data):
    rng = np.random.default_rng(0)
    model = Sequential(
        Conv2d(1, 16, 3, padding=1, rng=rng), ReLU(), MaxPool2d(2),
        Conv2d(16, 32, 3, padding=1, rng=rng), ReLU(), MaxPool2d(2),
        Flatten(), Linear(128, 10, rng=rng),
    )  # fmt: skip
    optimizer = Adam(model.parameters(), lr=1e-3)
    loader = DataLoader(data, BATCH, shuffle=True, seed=0)
    return lambda: train(model, optimizer, CrossEntropyLoss(), loader)


def convolution_torch(data, torch):
    nn = torch.nn
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(128, 10),
    )  # fmt: skip
    return epoch_torch(net, torch_batches(data.inputs, data.targets, torch), torch)


def convolution(torch) -> list[dict]:
    data = digits(flat=False)[0]
    times = measure(
        {"tinytorch": convolution_tinytorch(data), "PyTorch": convolution_torch(data, torch)}
    )
    title = "Epoch of a convolutional net (1-16-32 channels) on the 1,437 digits, batch 64, Adam"
    return [table(title, times, "PyTorch", [("tinytorch", "PyTorch", 2.0)])]


# The loader, beside taking the same rows by hand


def loading(torch) -> list[dict]:
    rng = np.random.default_rng(0)
    results = []
    for width in (64, 784):
        x, y = rng.random((50_000, width), np.float32), rng.integers(0, 10, 50_000)
        loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=True, seed=0)

        def load(loader=loader):
            for _ in loader:
                pass

        def index(x=x, y=y):
            for rows in batches(len(x), rng):
                x[rows], y[rows]

        times = measure({"DataLoader": load, "array indexing": index})
        title = f"50,000 shuffled rows of {width}, batch 64"
        aims = [("DataLoader", "array indexing", 2.0)]
        results.append(table(title, times, "array indexing", aims))
    return results


# The import, in a process of its own


def importing(torch) -> list[dict]:
    def run(statement):
        return lambda: subprocess.run([sys.executable, "-c", statement], check=True)

    times = measure(
        {
            "nothing": run("pass"),
            "numpy": run("import numpy, numpy.random"),
            "tinytorch": run("import tinytorch"),
            "tinytorch and its parts": run(
                "import tinytorch.training.loop, tinytorch.data, tinytorch.nn, tinytorch.optim"
            ),
        }
    )
    return [table("A process that imports", times, "numpy")]


PARTS = {part.__name__: part for part in (perceptron, convolution, loading, importing)}


def main(names) -> None:
    import torch

    if unknown := {*names} - {*PARTS}:
        sys.exit(f"{', '.join(sorted(unknown))}: the parts are {', '.join(PARTS)}")
    torch.set_num_threads(THREADS)
    results = []
    for name in names or PARTS:
        print(f"\n{name}", flush=True)
        for result in PARTS[name](torch):
            show(result)
            results.append(result)
    if not names:
        save("training", results=results)


if __name__ == "__main__":
    main(sys.argv[1:])
