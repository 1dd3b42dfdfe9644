"""Figures of the right weight: at most 128 colours, and their size stated where they stand.

A plot has few colours, and a PNG with a palette needs a third of the bytes. A page that knows the
size of its figures does not jump while they arrive.
"""

import itertools
import re
from pathlib import Path

from PIL import Image

COLOURS = 128
LAZY = ' loading="lazy"'
STILL = 'class="live-still"'  # of a live figure: most readers see the figure itself
TAG = re.compile(r'<img (?![^>]*\bwidth=)([^>]*?)src="([^"]*_images/[^"]+\.png)"')


def compress(path: Path) -> None:
    with Image.open(path) as image:
        if image.mode == "P":
            return
        flat = Image.new("RGB", image.size, "white")
        flat.paste(image, mask=image.convert("RGBA").getchannel("A"))
    smaller = path.with_suffix(".small")
    palette = flat.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    palette.save(smaller, format="PNG", optimize=True)
    if smaller.stat().st_size < path.stat().st_size:
        smaller.replace(path)
    else:
        smaller.unlink()


def state_sizes(page: Path) -> None:
    waits = itertools.chain([""], itertools.repeat(LAZY))  # all but the first

    def sized(match: re.Match) -> str:
        attributes, source = match.groups()
        with Image.open(page.parent / source) as image:
            width, height = image.size
        when = LAZY if STILL in attributes else next(waits)
        size = f'width="{width}" height="{height}"{when} decoding="async"'
        return f'<img {attributes}src="{source}" {size}'

    text = page.read_text(encoding="utf-8")
    changed = TAG.sub(sized, text)
    if changed != text:
        page.write_text(changed, encoding="utf-8")


def finish(app, exception) -> None:
    if exception or app.builder.name != "html":
        return
    for path in Path(app.outdir, "_images").glob("*.png"):
        compress(path)
    for name in app.env.found_docs:
        page = Path(app.builder.get_outfilename(name))
        if page.is_file():
            state_sizes(page)


def setup(app):
    app.connect("build-finished", finish, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
