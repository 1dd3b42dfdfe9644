"""Compiling with numba, and keeping what was compiled on the disk for the next program.

Machine code is kept in the folder `fused` within TINYTORCH_CACHE (else ~/.cache/tinytorch), under
everything that it depends on: the sources of this folder, the versions, and (numba sees to that)
the processor. Where nothing can be written or read there, it is compiled anew in each program.
"""

import functools
import hashlib
import os
import sys
import tempfile
import threading
from pathlib import Path

import numba
import numpy as np

_lock = threading.Lock()


@functools.cache
def folder() -> str:
    sources = [path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))]
    versions = f"{sys.version} {numba.__version__} {np.__version__}"
    key = hashlib.sha256(b"\0".join([versions.encode(), *sources])).hexdigest()[:16]
    cache = os.environ.get("TINYTORCH_CACHE") or Path.home() / ".cache" / "tinytorch"
    return str(Path(cache) / "fused" / key)


@functools.cache
def writable(path: str) -> str:
    """The folder, made. OSError where nothing can be written: numba would write beside our code."""
    os.makedirs(path, exist_ok=True)
    with tempfile.TemporaryFile(dir=path):
        return path


def kept(decorator, *arguments, **options):
    """numba's decorator with these arguments, its results kept on the disk if that can be."""

    def decorate(function):
        with _lock:
            before = numba.config.CACHE_DIR  # read when a function is decorated
            try:
                numba.config.CACHE_DIR = writable(folder())
                return decorator(*arguments, **options, cache=True)(function)
            except Exception:  # no folder, no space, a damaged file: whatever it is, do without
                return decorator(*arguments, **options)(function)
            finally:
                numba.config.CACHE_DIR = before

    return decorate


def njit(*arguments, **options):
    return kept(numba.njit, *arguments, **options)


def cfunc(*arguments, **options):
    return kept(numba.cfunc, *arguments, **options)
