"""A small book of two pages around the real build, in a folder of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

HEADER = """---
file_format: mystnb
kernelspec:
  name: python3
---

"""


class Book:
    """A copy of the package and of the build, with pages that a test writes itself."""

    def __init__(self, folder: Path):
        self.folder = folder
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "tinytorch", folder / "tinytorch", ignore=ignore)
        (folder / "book").mkdir()
        for path in (ROOT / "book").iterdir():
            if path.is_dir() and path.name.startswith("_") and path.name != "__pycache__":
                shutil.copytree(path, folder / "book" / path.name, ignore=ignore)
            elif path.suffix in (".py", ".bib", ".yml"):
                shutil.copy(path, folder / "book")
        for name in ("_config.yml", "README.png"):
            shutil.copy(ROOT / name, folder)
        (folder / "_toc.yml").write_text(
            "format: jb-book\nroot: index\nchapters:\n  - file: book/chapter\n"
        )
        self.write("index", "# The front\n\nSee {doc}`book/chapter`.\n")

    def write(self, page: str, text: str) -> None:
        (self.folder / f"{page}.md").write_text(text, encoding="utf-8")

    def cell(self, code: str, page: str = "book/chapter", options: str = "") -> None:
        cell = f"```{{code-cell}} python\n{options}{code}\n```\n"
        self.write(page, f"{HEADER}# A chapter\n\n{cell}")

    def chapter(self, text: str) -> None:
        """Build the book with this text as its chapter."""
        self.write("book/chapter", HEADER + text)
        built = self.build()
        assert built.returncode == 0, built.stdout[-3000:]

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess:
        environment = {**os.environ, "PYTHONPATH": str(self.folder), **variables}
        return subprocess.run(
            [sys.executable, *command],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=300,
            check=False,
        )

    def build(self, *options: str, **variables: str) -> subprocess.CompletedProcess:
        return self.run("book/build.py", *options, **variables)

    def plain(self, **variables: str) -> subprocess.CompletedProcess:
        launcher = "import sys; sys.path.remove(''); from jupyter_book.cli.main import main; main()"
        return self.run("-c", launcher, "build", ".", **variables)

    def html(self, page: str = "book/chapter") -> str:
        return (self.folder / "_build/html" / f"{page}.html").read_text(encoding="utf-8")


@pytest.fixture
def book(tmp_path) -> Book:
    return Book(tmp_path)
