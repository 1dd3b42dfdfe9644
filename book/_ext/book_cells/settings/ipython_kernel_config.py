"""Read by every kernel of a build: figures are drawn as vectors, in the book's own letters."""

import os
from pathlib import Path

os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")  # read at import
from matplotlib import font_manager

kept = Path(__file__).with_name("letters").read_text(encoding="utf-8")
for letters in sorted(Path(kept).glob("*.ttf")):
    font_manager.fontManager.addfont(letters)

c = get_config()  # noqa: F821
c.InlineBackend.figure_formats = {"svg"}
