"""Real data: the digits as they were published, and MNIST or an error."""

import gzip
import hashlib
import runpy
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from tinytorch.data import digits, images, mnist

ROOT = Path(__file__).parents[2]


def test_digits_shapes_and_range():
    train, test = digits()
    assert train.inputs.shape == (1437, 64)
    assert test.inputs.shape == (360, 64)
    for part in (train, test):
        assert part.inputs.dtype == np.float32
        assert part.targets.dtype == np.int64
        assert part.inputs.min() == 0
        assert part.inputs.max() == 1
        counts = np.bincount(part.targets, minlength=10)
        assert counts.min() > 0.9 * len(part) / 10
    images = digits(flat=False)[0].inputs
    assert images.shape == (1437, 1, 8, 8)
    assert np.array_equal(images.reshape(1437, 64), train.inputs)


def test_digits_are_a_known_file():
    content = (ROOT / "tinytorch" / "data" / "digits.npz").read_bytes()
    assert len(content) < 50_000
    with np.load(ROOT / "tinytorch" / "data" / "digits.npz", allow_pickle=False) as archive:
        assert "CC BY 4.0" in str(archive["source"])
        joined = archive["images"].tobytes() + archive["labels"].tobytes()
    assert (
        hashlib.sha256(joined).hexdigest()
        == "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"
    )


def test_digits_equal_scikit_learns_copy(tmp_path):
    sklearn = pytest.importorskip("sklearn.datasets", reason="scikit-learn is not installed")
    bunch = sklearn.load_digits()
    parts = digits()
    assert np.array_equal(np.concatenate([p.inputs for p in parts]) * 16, bunch.data)
    assert np.array_equal(np.concatenate([p.targets for p in parts]), bunch.target)

    runpy.run_path(str(ROOT / "scripts" / "make_digits.py"))["main"](tmp_path / "digits.npz")
    with (
        np.load(tmp_path / "digits.npz", allow_pickle=False) as made,
        np.load(ROOT / "tinytorch" / "data" / "digits.npz", allow_pickle=False) as shipped,
    ):
        assert sorted(made) == sorted(shipped)
        assert all(np.array_equal(made[name], shipped[name]) for name in made)


def idx(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return gzip.compress(header + array.astype(np.uint8).tobytes(), mtime=0)


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A server on this machine, with a tiny MNIST; `requests` lists what was asked of it."""
    rng = np.random.default_rng(0)
    arrays = {
        "train-images-idx3-ubyte.gz": rng.integers(0, 256, (6, 28, 28)),
        "train-labels-idx1-ubyte.gz": np.array([5, 0, 4, 1, 9, 2]),
        "t10k-images-idx3-ubyte.gz": rng.integers(0, 256, (3, 28, 28)),
        "t10k-labels-idx1-ubyte.gz": np.array([7, 2, 1]),
    }
    folder = tmp_path / "served"
    folder.mkdir()
    for name, array in arrays.items():
        (folder / name).write_bytes(idx(array))
    sums = {name: hashlib.sha256(idx(array)).hexdigest() for name, array in arrays.items()}
    monkeypatch.setattr(images, "MNIST_SHA256", sums)
    asked = []

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=folder)

        def log_message(self, *args):
            asked.append(self.path)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", folder, arrays, asked
        server.shutdown()
        thread.join()


def test_mnist_is_downloaded_once_and_read(published, tmp_path):
    url, _, arrays, asked = published
    cache = tmp_path / "new" / "cache"
    train, test = mnist(cache, url=url)
    assert len(asked) == 4
    expected = arrays["train-images-idx3-ubyte.gz"].reshape(6, 784)
    np.testing.assert_allclose(train.inputs * 255, expected, rtol=1e-6)
    assert train.inputs.dtype == np.float32
    assert train.targets.dtype == np.int64
    assert train.targets.tolist() == [5, 0, 4, 1, 9, 2]
    assert test.targets.tolist() == [7, 2, 1]
    assert sorted(p.name for p in cache.iterdir()) == sorted(arrays)

    again = mnist(cache, flat=False, url="http://127.0.0.1:9/")
    assert len(asked) == 4
    assert np.array_equal(again[1].inputs.reshape(3, 784), test.inputs)


def test_mnist_offline(tmp_path):
    with pytest.raises(ConnectionError, match=r"(?s)127\.0\.0\.1:9/train-images.*digits\(\).*put"):
        mnist(tmp_path / "cache", url="http://127.0.0.1:9/")
    assert not (tmp_path / "cache").exists()


def test_mnist_missing_on_the_server(published, tmp_path):
    url, folder, _, _ = published
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(ConnectionError, match=r"t10k-labels.*404"):
        mnist(tmp_path / "cache", url=url)


def test_mnist_with_other_content_is_refused_and_not_kept(published, tmp_path):
    url, folder, _, _ = published
    (folder / "train-labels-idx1-ubyte.gz").write_bytes(idx(np.zeros(6)))
    with pytest.raises(ValueError, match=r"not the published file.*train-labels"):
        mnist(tmp_path / "cache", url=url)
    assert not (tmp_path / "cache" / "train-labels-idx1-ubyte.gz").exists()


def test_mnist_damaged_in_the_cache_is_refused(published, tmp_path):
    url, _, _, asked = published
    mnist(tmp_path / "cache", url=url)
    path = tmp_path / "cache" / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte\.gz: delete it"):
        mnist(tmp_path / "cache", url=url)
    assert len(asked) == 4


def test_mnist_in_the_folder_of_the_environment(published, tmp_path, monkeypatch):
    url, _, arrays, _ = published
    monkeypatch.setenv("TINYTORCH_CACHE", str(tmp_path / "mine"))
    mnist(url=url)
    assert sorted(p.name for p in (tmp_path / "mine" / "mnist").iterdir()) == sorted(arrays)
    monkeypatch.delenv("TINYTORCH_CACHE")
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    mnist(url=url)
    assert (tmp_path / "home" / ".cache" / "tinytorch" / "mnist").is_dir()


def test_the_published_sums_are_sha256():
    assert len(images.MNIST_SHA256) == 4
    assert all(len(bytes.fromhex(s)) == 32 for s in images.MNIST_SHA256.values())
