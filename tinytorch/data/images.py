"""Real data: the digits that ship with the package, and MNIST for those online."""

import gzip
import hashlib
import os
from importlib.resources import files
from pathlib import Path

import numpy as np

from tinytorch.data.dataset import TensorDataset

DIGITS_TRAIN = 1437  # four fifths

MNIST_URL = "https://ossci-datasets.s3.amazonaws.com/mnist/"
MNIST_SHA256 = {
    "train-images-idx3-ubyte.gz": (
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
    ),
    "train-labels-idx1-ubyte.gz": (
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
    ),
    "t10k-images-idx3-ubyte.gz": (
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
    ),
    "t10k-labels-idx1-ubyte.gz": (
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
    ),
}


def digits(*, flat: bool = True) -> tuple[TensorDataset, TensorDataset]:
    """1,797 handwritten digits of 8×8 grey values: (train, test).

    The split keeps the order of the source: the first 1,437 are for training, the last 360 for
    testing. Shuffling first would put digits of one hand in both parts and flatter the result.

    Arguments:
        flat: inputs of shape (n, 64); otherwise images (n, 1, 8, 8).

    Returns:
        Two datasets; inputs float32 in [0, 1], targets int64 in 0..9.

    Source: E. Alpaydin & C. Kaynak, Optical Recognition of Handwritten Digits, 1998, UCI Machine
    Learning Repository, doi.org/10.24432/C50P49, CC BY 4.0; its test set.

    >>> train, test = data.digits()
    >>> len(train), len(test)
    (1437, 360)
    """
    with (
        files("tinytorch.data").joinpath("digits.npz").open("rb") as file,
        np.load(file, allow_pickle=False) as archive,
    ):
        images, labels = archive["images"], archive["labels"]
    inputs = images.astype(np.float32) / np.float32(16)
    return _train_test(inputs, labels, DIGITS_TRAIN, flat)


def mnist(
    folder=None, *, flat: bool = True, url: str = MNIST_URL
) -> tuple[TensorDataset, TensorDataset]:
    """70,000 handwritten digits of 28×28 grey values: (train, test), 60,000 and 10,000.

    The four files are downloaded once (11 MB), and every file is compared with its known
    SHA-256 each time it is read: what comes back is MNIST or an error.

    Arguments:
        folder: where the files are kept; by default `mnist` in the folder that the environment
            variable TINYTORCH_CACHE names, or in ~/.cache/tinytorch.
        flat: inputs of shape (n, 784); otherwise images (n, 1, 28, 28).
        url: where the files are downloaded from.

    Returns:
        Two datasets; inputs float32 in [0, 1], targets int64 in 0..9.

    Raises:
        ConnectionError: a file is not in the folder and cannot be downloaded.
        ValueError: a file is not the one that was published.

    Source: Y. LeCun, C. Cortes & C. J. C. Burges, The MNIST database of handwritten digits.
    """
    if folder is None:
        cache = os.environ.get("TINYTORCH_CACHE") or Path.home() / ".cache" / "tinytorch"
        folder = Path(cache) / "mnist"
    contents = [_fetch(name, Path(folder), url) for name in MNIST_SHA256]
    train_x, train_y, test_x, test_y = (_read_idx(gzip.decompress(c)) for c in contents)
    inputs = np.concatenate([train_x, test_x]).astype(np.float32) / np.float32(255)
    return _train_test(inputs, np.concatenate([train_y, test_y]), len(train_x), flat)


def _train_test(inputs, labels, count: int, flat: bool) -> tuple[TensorDataset, TensorDataset]:
    inputs = inputs.reshape(len(inputs), -1) if flat else inputs[:, None]
    labels = labels.astype(np.int64)
    return (
        TensorDataset(inputs[:count], labels[:count]),
        TensorDataset(inputs[count:], labels[count:]),
    )


def _fetch(name: str, folder: Path, url: str) -> bytes:
    path = folder / name
    if path.exists():
        content = path.read_bytes()
        _verify(name, content, f"{path}: delete it, and it will be downloaded again")
        return content
    import http.client  # these two take longer to import than the rest of the package
    import urllib.request

    try:
        with urllib.request.urlopen(url + name, timeout=30) as response:
            content = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise ConnectionError(
            f"MNIST: {url + name} cannot be downloaded ({error}). Without a connection, use "
            f"digits(), which ships with the package, or put the file into {folder}"
        ) from error
    _verify(name, content, url + name)
    folder.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{name}.{os.getpid()}.part")
    part.write_bytes(content)
    os.replace(part, path)
    return content


def _verify(name: str, content: bytes, where: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != MNIST_SHA256[name]:
        raise ValueError(
            f"MNIST: not the published file, SHA-256 {found} instead of {MNIST_SHA256[name]}, "
            f"in {where}"
        )


def _read_idx(content: bytes) -> np.ndarray:
    """An array in the IDX format: 0 0 8 ndim, each length as four bytes, then unsigned bytes."""
    ndim = content[3]
    shape = np.frombuffer(content, ">u4", count=ndim, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * ndim).reshape(shape)
