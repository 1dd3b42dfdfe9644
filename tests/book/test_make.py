"""What a fresh machine may lack is said in one line, with what to do about it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def make(target: str, tmp_path: Path, python: Path | str, **variables: str):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "MAKE"))}
    return subprocess.run(
        ["make", "--no-print-directory", target, f"VENV={tmp_path / 'venv'}", f"PYTHON={python}"],
        cwd=ROOT,
        env={**environment, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def fake(tmp_path: Path, script: str) -> Path:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    return python


def complaint(result) -> str:
    """The one line that is ours; make adds a line of its own to every failure."""
    assert result.returncode != 0
    lines = [line for line in result.stderr.splitlines() if not line.startswith("make: ***")]
    assert len(lines) == 1, result.stderr
    return lines[0]


def test_no_python(tmp_path):
    line = complaint(make("book", tmp_path, "python-that-is-not-there"))
    assert "no Python found as 'python-that-is-not-there'" in line
    assert "make PYTHON=" in line


def test_too_old_a_python(tmp_path):
    script = (
        f'exec "{sys.executable}" -c "import sys; sys.version_info = (3, 8, 18); exec(sys.argv[1])"'
        ' "$2"'
    )
    line = complaint(make("book", tmp_path, fake(tmp_path, script)))
    assert "is Python 3.8, TinyTorch needs 3.10 or newer" in line


def test_no_venv_module(tmp_path):
    script = f'case "$*" in *ensurepip*) exit 1;; *) exec "{sys.executable}" "$@";; esac'
    line = complaint(make("book", tmp_path, fake(tmp_path, script)))
    assert "has no venv module" in line
    assert "apt install python3" in line


def test_a_python_that_does_not_run(tmp_path):
    line = complaint(make("book", tmp_path, fake(tmp_path, "exit 127")))
    assert "does not run" in line


@pytest.mark.slow
def test_no_network(tmp_path):
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_CONFIG_FILE": os.devnull}
    result = make("book", tmp_path, sys.executable, PIP_NO_CACHE_DIR="1", **nowhere)
    line = complaint(result)
    assert "the package index cannot be reached" in line
    assert "run make again" in line
    assert not (tmp_path / "venv/.requirements").exists()


def test_help_lists_every_target(tmp_path):
    result = make("help", tmp_path, sys.executable)
    assert result.returncode == 0
    for target in ("book", "test", "serve", "lint", "bench", "publish", "clean"):
        assert f"make {target}" in result.stdout
