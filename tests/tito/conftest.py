"""What the tests of tito share: a workspace, a way to call it, and workbooks filled in."""

import os
import subprocess
import sys
import textwrap
from types import SimpleNamespace

import pytest

from tinytorch.tito import workbook


class Space:
    """A learner's folder, and tito called in it."""

    def __init__(self, root):
        self.root = root

    def tito(self, *arguments, cwd=None, env=None, program=("-m", "tinytorch.tito")):
        environment = {k: v for k, v in os.environ.items() if k != "TINYTORCH_EXPORTS"}
        done = subprocess.run(
            [sys.executable, *program, *arguments],
            cwd=cwd or self.root,
            env={**environment, "COLUMNS": "200", "PYTHONUTF8": "1", **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=240,
            check=False,
        )
        return SimpleNamespace(code=done.returncode, out=done.stdout, err=done.stderr)

    def path(self, lesson):
        return self.root / "modules" / "source" / lesson.folder / lesson.file

    def write(self, lesson, text: str):
        path = self.path(lesson)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path


@pytest.fixture
def space(tmp_path):
    """An empty folder whose name has a space and letters outside ASCII."""
    root = tmp_path / "Übungen zu TinyTorch"
    root.mkdir()
    return Space(root)


@pytest.fixture
def filled():
    """Fills a workbook with the package's bodies."""
    return workbook.filled
