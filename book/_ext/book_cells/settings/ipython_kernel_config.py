"""Read by every kernel of a build: figures are drawn as vectors, in the book's own letters."""

import os
from pathlib import Path

os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")  # read at import
import matplotlib
from matplotlib import font_manager

kept = Path(__file__).with_name("letters").read_text(encoding="utf-8")
for letters in sorted(Path(kept).glob("*.ttf")):
    font_manager.fontManager.addfont(letters)

# A program that a cell starts does not have these letters: it draws in matplotlib's own.
os.environ["MATPLOTLIBRC"] = str(Path(matplotlib.get_data_path(), "matplotlibrc"))

c = get_config()  # noqa: F821
c.InlineBackend.figure_formats = {"svg"}
