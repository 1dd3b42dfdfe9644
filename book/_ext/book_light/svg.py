"""Figures stand in the page as shapes and letters, and follow its colours, light and dark.

A cell draws an SVG. Here it is put into the page itself, with names of its own for its parts, with
colours that the style sheet can change, and without what nobody sees: the places of points to less
than a tenth of a pixel, points on the line between others, the letters' font at each letter.
"""

import base64
import hashlib
import html
import io
import re
from pathlib import Path

import numpy as np
from PIL import Image

IMAGE = re.compile(r'<img (?=[^>]*src="[^"]*_images/([^"]+\.svg)")[^>]*>')
SLIDER = re.compile(r'(<div class="slider-figure" id="([\w-]+)".*?)(<svg.*?</svg>)', re.S)
COLOUR = re.compile(r"#[0-9a-f]{6}\b")
PATH = re.compile(r'(\sd=")([^"]+)"')
NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
NAMED = re.compile(r'\sid="([^"]+)"')
USED = re.compile(r'(href="#|url\(#)([^")]+)')
LETTER = re.compile(
    r'<tspan x="(?P<x>[^"]*)" y="(?P<y>[^"]*)" style="(?P<style>[^"]*)">(?P<text>[^<]*)</tspan>'
)
LETTERS = re.compile(r"(<text[^>]*>)\s*((?:<tspan.*?</tspan>\s*)+)</text>", re.S)
SHRINK = [
    (re.compile(r"<metadata>.*?</metadata>|<!--.*?-->|<style.*?</style>", re.S), ""),
    (re.compile(r"<defs>\s*</defs>"), ""),
    (re.compile(r"<title>.*?</title>", re.S), ""),
    (re.compile(r"; font-family: [^;\"]*|font-family: [^;\"]*; "), ""),
    (re.compile(r' transform="rotate\(-0 [^)]*\)"'), ""),
    (re.compile(r"font: ([\d.]+px) [^;\"]*"), r"font-size: \1"),
    (re.compile(r">\s+<(?!/?tspan)"), "><"),
]
DATA = re.compile(r"(?<=data:image/png;base64,)[A-Za-z0-9+/=\s]+")
TOLERANCE = 0.12  # of a point of the figure, which is about a pixel
FEW = 24  # a shape of fewer points is left as it is


def thinned(points: np.ndarray) -> np.ndarray:
    """The points without those that lie on the line of their neighbours (Douglas & Peucker)."""
    keep = np.zeros(len(points), dtype=bool)
    keep[[0, -1]] = True
    stack = [(0, len(points) - 1)]
    while stack:
        first, last = stack.pop()
        if last < first + 2:
            continue
        a, between = points[first], points[first + 1 : last]
        along = points[last] - a
        length = np.hypot(*along)
        offset = between - a
        away = (
            np.abs(offset[:, 0] * along[1] - offset[:, 1] * along[0]) / length
            if length
            else np.hypot(*offset.T)
        )
        far = int(np.argmax(away))
        if away[far] > TOLERANCE:
            keep[first + 1 + far] = True
            stack += [(first, first + 1 + far), (first + 1 + far, last)]
    return points[keep]


def short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0").replace("-0.", "-.").removeprefix("0") or "0"


def lines(text: str) -> str:
    """One stretch of a path, `M x y L x y ... z`, as steps from point to point."""
    closed = text.rstrip().endswith(("z", "Z"))
    points = np.array(re.findall(r"-?[\d.]+(?:e-?\d+)?", text), dtype=float).reshape(-1, 2)
    points = np.round(thinned(points) if len(points) > FEW else points, 1)
    steps = np.diff(points, axis=0)
    steps = steps[(steps != 0).any(axis=1)] if len(steps) > 1 else steps
    body = "".join(f"{short(x)} {short(y)} " for x, y in steps)
    start = f"M{short(points[0, 0])} {short(points[0, 1])}"
    drawn = f"l{body.strip()}" if body else ""  # a point by itself is no line
    return f"{start}{drawn}{'z' * closed}".replace(" -", "-")


def path(match: re.Match) -> str:
    d = match[2]
    if re.search(r"[^MLz\d\s.e-]", d):  # curves
        return f'{match[1]}{NUMBER.sub(lambda n: f"{float(n[0]):.1f}", d.strip())}"'
    return match[1] + "".join(map(lines, re.findall(r"M[^M]+", d))) + '"'


def joined(svg: str) -> str:
    """Neighbouring letters of one size and height as one piece, which the browser spaces."""

    def join(match: re.Match) -> str:
        pieces: list[dict] = []
        for letter in sorted(LETTER.finditer(match[2]), key=lambda found: float(found["x"])):
            if pieces and all(pieces[-1][what] == letter[what] for what in ("y", "style")):
                pieces[-1]["text"] += letter["text"]
            else:
                pieces.append(letter.groupdict())
        spans = (
            f'<tspan x="{p["x"]}" y="{p["y"]}" style="{p["style"]}">{p["text"]}</tspan>'
            for p in pieces
        )
        return f"{match[1]}{''.join(spans)}</text>"

    return LETTERS.sub(join, svg)


def lighter(match: re.Match) -> str:
    """A picture inside a drawing, with a palette if that takes less."""
    image, file = base64.b64decode(match[0]), io.BytesIO()
    with Image.open(io.BytesIO(image)) as opened:
        palette = opened.convert("RGBA").quantize(256, method=Image.Quantize.FASTOCTREE)
    palette.save(file, format="PNG", optimize=True)
    return base64.b64encode(min(file.getvalue(), image, key=len)).decode()


def is_grey(colour: str) -> bool:
    return colour[1:3] == colour[3:5] == colour[5:7]


def changing(colour: str, known: set[str]) -> str:
    """The colour as a style sheet may change it; a grey it does not know, as the nearest."""
    greys = sorted(other for other in known if is_grey(other))  # of two as near, the darker
    if colour not in known and is_grey(colour) and greys:
        near = min(greys, key=lambda other: abs(int(other[1:3], 16) - int(colour[1:3], 16)))
        return f"var(--fig-{near[1:]},{colour})"
    return f"var(--fig-{colour[1:]},{colour})" if colour in known else colour


def inlined(svg: str, name: str, words: str, known: set[str]) -> str:
    """The drawing as a part of a page.

    Arguments:
        name: goes before the name of each of its parts.
        words: what it shows; nothing if what stands around it says so.
        known: the colours that the style sheet can change, as in `#0072b2`.
    """
    svg = DATA.sub(lighter, svg[svg.index("<svg") :])
    for pattern, replacement in SHRINK:
        svg = pattern.sub(replacement, svg)
    svg = PATH.sub(path, joined(svg))
    svg = re.sub(r'(?<=\s)([xy])="(-?[\d.]+)"', lambda m: f'{m[1]}="{short(float(m[2]))}"', svg)
    used = {place for _, place in USED.findall(svg)}
    svg = NAMED.sub(lambda m: f' id="{name}-{m[1]}"' if m[1] in used else "", svg)
    svg = USED.sub(rf"\1{name}-\2", svg)
    svg = COLOUR.sub(lambda m: changing(m[0], known), svg)
    svg = re.sub(r"<g>(<(?:path|use|text)[^>]*/>)</g>", r"\1", svg)
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    said = f'role="img" aria-label="{html.escape(words)}"' if words else 'aria-hidden="true"'
    wide, tall = box.groups()
    style = f"--wide:{float(wide):.0f};aspect-ratio:{wide}/{tall}"  # known before it is laid out
    size = f'viewBox="0 0 {wide} {tall}" style="{style}"'
    return f'<svg class="figure" {size} {said}>{svg[svg.index(">") + 1 :]}'


def changeable(sheet: Path) -> set[str]:
    return {f"#{c}" for c in re.findall(r"--fig-([0-9a-f]{6}):", sheet.read_text(encoding="utf-8"))}


def put_in(app, pagename, templatename, context, doctree) -> None:
    if "body" not in context or app.builder.format != "html":
        return
    known = app.book_colours
    files = {name: source for source, name in app.builder.images.items()}

    def image(match: re.Match) -> str:
        words = html.unescape(re.search(r'alt="([^"]*)"', match[0])[1])
        svg = (Path(app.srcdir) / files[match[1]]).read_text(encoding="utf-8")
        app.book_put_in.add(match[1])
        name = "f" + hashlib.sha256(match[1].encode()).hexdigest()[:6]
        return inlined(svg, name, words, known)

    def slider(match: re.Match) -> str:
        return match[1] + inlined(match[3], match[2], "", known)

    context["body"] = SLIDER.sub(slider, IMAGE.sub(image, context["body"]))


def begin(app) -> None:
    app.book_put_in = set()
    app.book_colours = changeable(Path(__file__).parents[2] / "_static" / "book.css")


def finish(app, exception) -> None:
    if exception is None and app.builder.name == "html":
        for name in app.book_put_in:  # it stands in the page
            (Path(app.outdir) / "_images" / name).unlink(missing_ok=True)


def setup(app):
    app.connect("builder-inited", begin)
    app.connect("html-page-context", put_in, priority=950)
    app.connect("build-finished", finish, priority=500)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
