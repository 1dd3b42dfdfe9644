"""What a build takes from earlier ones: texts that follow from what went into them."""

import functools
import hashlib
import importlib.metadata
import os
from pathlib import Path

REMEMBERED = ".remembered"


def files(folder: Path) -> dict[str, Path]:
    """The files of a folder by their place in it; what Python writes beside them does not count."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    named = {f"{folder.name}/{path.relative_to(folder).as_posix()}": path for path in found}
    return {name: path for name, path in named.items() if "__pycache__" not in path.parts}


@functools.cache
def installed() -> dict[str, str]:
    """Every library of this Python and its version."""
    return {
        found.metadata["Name"].lower(): found.version
        for found in importlib.metadata.distributions()
    }


def fingerprint(*groups: dict[str, Path], words: dict[str, str]) -> str:
    """A short hash of words, of where files stand, and of what stands in them."""
    digest = hashlib.sha256(repr(sorted(words.items())).encode())
    for name, path in sorted(item for group in groups for item in group.items()):
        content = path.read_bytes()
        digest.update(f"\0{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def remember(build: Path, what: str, key: str, make) -> str:
    """A text that costs time and follows from its key alone: made once, and read from then on.

    What `make` raises is raised and not remembered.
    """
    place = build / REMEMBERED / what / hashlib.sha256(key.encode()).hexdigest()[:32]
    try:
        return place.read_bytes().decode()
    except FileNotFoundError:
        text = make()
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_suffix(f".{os.getpid()}")
    part.write_bytes(text.encode())
    part.replace(place)  # whole or not there, whenever the build is broken off
    return text
