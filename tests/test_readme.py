"""The README's picture is the one that the landing page draws today."""

import runpy
from pathlib import Path

import numpy as np
import pytest

import tinytorch

ROOT = Path(__file__).resolve().parents[1]


def test_the_picture_is_the_landing_pages(tmp_path):
    image = pytest.importorskip("matplotlib.image", reason="drawing needs the lab extra")
    pytest.importorskip("jupytext", reason="reading the page needs the cli extra")
    draw = runpy.run_path(str(ROOT / "scripts" / "make_picture.py"))["draw"]
    draw(tmp_path / "now.png")
    committed, now = image.imread(ROOT / "README.png"), image.imread(tmp_path / "now.png")
    rows = min(len(committed), len(now))  # matplotlib's versions round a height differently
    assert abs(len(committed) - len(now)) <= 1, "run python scripts/make_picture.py"
    difference = np.abs(committed[:rows] - now[:rows]).mean()
    assert difference < 0.02, "run python scripts/make_picture.py"


def test_the_program_runs_as_it_stands():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    program = text.split("```python\n")[1].split("```")[0]
    names: dict = {}
    tinytorch.manual_seed(0)
    exec(compile(program, "README.md", "exec"), names)
    inputs, labels = names["test"][:]
    right = (names["model"](inputs).data.argmax(axis=1) == labels).mean()
    assert right > 0.3  # one epoch; chance is 0.1
