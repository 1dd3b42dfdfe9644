"""Draw the README's picture, README.png, by running the first cell of the landing page.

python scripts/make_picture.py
"""

from pathlib import Path

import jupytext
import matplotlib.pyplot as plt

ROOT = Path(__file__).resolve().parent.parent


def draw(target) -> None:
    plt.switch_backend("Agg")
    page = jupytext.read(ROOT / "index.md")
    cell = next(cell for cell in page.cells if cell.cell_type == "code")
    exec(compile(cell.source, "index.md", "exec"), {})
    plt.gcf().savefig(target, dpi=110)
    plt.close()


if __name__ == "__main__":
    draw(ROOT / "README.png")
