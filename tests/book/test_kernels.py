"""Kernels are forked from a process that has imported everything, and are as good as new ones."""

import os
import signal
import subprocess
import sys
import time

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere kernels start in the usual way"),
]


def test_no_page_sees_what_another_did(book):
    mark = "import numpy, random, tinytorch\nassert not hasattr(numpy, 'touched'), 'not fresh'\n"
    book.cell(f"{mark}numpy.touched = tinytorch.touched = True")
    book.cell(f"{mark}numpy.touched = tinytorch.touched = True", page="index")
    result = book.build(BOOK_JOBS="1")
    assert result.returncode == 0, result.stdout
    assert "2 pages, 1 at a time" in result.stdout


def test_a_kernel_that_dies_and_a_claim_that_fails_are_both_named(book):
    book.cell("import os\nos._exit(3)")
    book.cell("assert 1 > 2, 'one is more'", page="index")
    result = book.build()
    assert result.returncode != 0
    assert "book/chapter.md:10: code cell 1: DeadKernelError" in result.stdout
    assert "index.md:10: code cell 1: AssertionError: one is more" in result.stdout


@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT"])
def test_kernels_end_with_the_build(book, name):
    note = book.folder / "pid"
    book.cell(
        "import os, time\nfrom pathlib import Path\n"
        f"Path({str(note)!r}).write_text(str(os.getpid()))\ntime.sleep(600)"
    )
    build = subprocess.Popen(
        [sys.executable, "book/build.py"],
        cwd=book.folder,
        env={**os.environ, "PYTHONPATH": str(book.folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + 200
    while not (note.is_file() and note.read_text(encoding="utf-8")) and time.monotonic() < deadline:
        time.sleep(0.1)
    kernel = int(note.read_text(encoding="utf-8"))
    os.killpg(build.pid, getattr(signal, name))
    build.wait(60)
    while os.path.exists(f"/proc/{kernel}") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not os.path.exists(f"/proc/{kernel}")


DRAWS = """
import io
import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.mathtext import MathTextParser

drawn, whole = [], Figure.draw
Figure.draw = lambda self, renderer: drawn.append(renderer) or whole(self, renderer)
figure = plt.figure()
figure.subplots().semilogy([1, 1000]);
"""
COUNTS = """
assert len(drawn) == 2, f"to find what it needs of room, and to show it; not {len(drawn)} times"
parsed = []
for _ in range(2):
    figure.savefig(io.BytesIO(), format="svg")
    parsed.append(MathTextParser._parse_cached.cache_info().misses)
assert 0 < parsed[0] == parsed[1], parsed
"""


def test_a_figure_is_drawn_once_and_its_formulas_are_parsed_once(book):
    words = "---\nmystnb:\n  image:\n    alt: A line that rises.\n---\n"
    book.cell(DRAWS, options=words)
    page = book.folder / "book/chapter.md"
    page.write_text(f"{page.read_text()}\n```{{code-cell}} python\n{COUNTS}```\n")
    result = book.build()
    assert result.returncode == 0, result.stdout
