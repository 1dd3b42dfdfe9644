"""Draw the README's picture, README.png: the landing page's live figure as it stands at first.

python scripts/make_picture.py
"""

from pathlib import Path

import jupytext

from tinytorch.lab.still import pictures

ROOT = Path(__file__).resolve().parent.parent


def draw(target: Path) -> None:
    page = jupytext.read(ROOT / "index.md")
    names: dict = {}
    for cell in page.cells:
        if cell.cell_type != "code":
            continue
        if cell.source.startswith("Live("):
            target.write_bytes(pictures(eval(cell.source, names))[0])
            return
        exec(compile(cell.source, "index.md", "exec"), names)


if __name__ == "__main__":
    draw(ROOT / "README.png")
