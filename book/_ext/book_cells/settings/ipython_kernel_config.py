"""Read by every kernel of a build: figures are drawn once, as vectors, in the book's letters."""

import functools
import os
from pathlib import Path

os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")  # read at import
import matplotlib
from matplotlib import font_manager
from matplotlib._pylab_helpers import Gcf
from matplotlib.mathtext import MathTextParser

place = Path(__file__).with_name("letters").read_text(encoding="utf-8")
for letters in sorted(Path(place).glob("*.ttf")):
    font_manager.fontManager.addfont(letters)

# What is stale when a cell ends is drawn on a window, and here there is none.
Gcf.draw_all = classmethod(lambda cls, force=False: None)

# Each drawing parses its formulas anew, all the marks of an axis: each has a parser of its own, and
# what was parsed is kept for one parser. They are all alike.
MathTextParser._parse_cached = functools.lru_cache(4096)(MathTextParser._parse_cached.__wrapped__)
MathTextParser.__eq__ = lambda self, other: self._output_type == other._output_type
MathTextParser.__hash__ = lambda self: hash(self._output_type)

# A program that a cell starts does not have these letters: it draws in matplotlib's own.
os.environ["MATPLOTLIBRC"] = str(Path(matplotlib.get_data_path(), "matplotlibrc"))

c = get_config()  # noqa: F821
c.InlineBackend.figure_formats = {"svg"}
