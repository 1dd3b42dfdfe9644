"""Live figures: what each shows in V8 is compared with the package; the page loads their script.

A figure comes out of its cell with all that a notebook needs: script, specification, picture. On
the site the script is one file, fetched when the first figure comes near, and the picture a file
of its own, which a reader whose figures live never loads.
"""

import base64
import hashlib
import html
import importlib.resources
import json
import re
from pathlib import Path

import numpy as np
from book_checks import engine
from book_copies import notebooks
from sphinx.errors import SphinxError

SCRIPT = re.compile(r'<script class="live-script">.*?</script>', re.S)
PICTURE = re.compile(r'(<img class="live-still" )src="data:image/png;base64,([^"]+)"')
ROOT = re.compile(
    r'(<div class="live-figure" id="[^"]*")(>.*?<script type="application/json">(.*?)</script>)',
    re.S,
)
FILE = "_static/live.js"
LOADER = """<script>(() => {{
const found = document.querySelectorAll(".live-figure"), near = {{ rootMargin: "800px" }};
const load = (all) => {{
  if (!all.some((one) => one.isIntersecting)) return;
  seen.disconnect();
  document.head.append(Object.assign(document.createElement("script"), {{ src: "{file}" }}));
}};
const seen = new IntersectionObserver(load, near);
if (/;|%3b/i.test(location.hash)) load([{{ isIntersecting: true }}]);
else found.forEach((one) => seen.observe(one));
}})()</script>"""
CHECK = """
const bits = (all) =>
  Array.from(new BigUint64Array(Float64Array.from(all).buffer), String).join(" ");
const figures = new Map();
function begin(name, text) {
  figures.set(name, E.figure(JSON.parse(text)));
  return name;
}
function probe(name, state) {
  const figure = figures.get(name), K = Float64Array.from(state), marks = figure.marks(K);
  return JSON.stringify([marks.map((m) => bits(m.y)), figure.says(K, marks)]);
}
"""
CLOSE = {"rtol": 1e-6, "atol": 1e-9}  # the browser's exp and log, after some hundred steps


class FigureDiffers(SphinxError):
    category = "A live figure"


def sampled(numbers: np.ndarray, count: int = 6) -> np.ndarray:
    return numbers[list(dict.fromkeys(np.linspace(0, len(numbers) - 1, count).astype(int)))]


def differs(spec: dict, probes: list[dict]) -> str | None:
    """Where V8 shows something else than the package does, in words; None if it is nowhere."""
    v8 = engine.context()
    if not v8.eval("typeof begin === 'function'"):
        from tinytorch.lab import live

        v8.eval(live.source("figure.js") + CHECK)
    v8.call("begin", spec["name"], json.dumps(spec))
    for one in probes:
        marks, says = json.loads(v8.call("probe", spec["name"], one["state"]))
        where = dict(zip([k["name"] for k in spec["knobs"]], one["state"], strict=True))
        for mark, text, expected in zip(spec["marks"], marks, one["marks"], strict=True):
            got = np.array([int(word) for word in text.split()], np.uint64).view(np.float64)
            wanted = np.array([float.fromhex(word) for word in expected])
            got = sampled(got)
            if not np.allclose(got, wanted, equal_nan=True, **CLOSE):
                name = mark["label"] or mark["kind"]
                return f"{name} at {where}: V8 shows {got.tolist()}, the package {wanted.tolist()}"
        if says != one["says"]:
            return f"at {where} V8 says {says!r}, the package {one['says']!r}"
    return None


def figures(app, docname: str):
    """The live figures of a page, as its cells left them."""
    from tinytorch.lab.live import MIME

    notebook = notebooks.executed(app, docname)
    for cell in notebook.cells if notebook else []:
        for output in cell.get("outputs", []):
            if MIME in output.get("data", {}):
                yield output["data"][MIME]


def compare(app, doctree) -> None:
    """Each figure of a page, when it is read, before anything is written."""
    for figure in figures(app, app.env.docname):
        difference = differs(figure["spec"], figure["probes"])
        if difference:
            words = figure["spec"]["alt"][:60]
            raise FigureDiffers(f"{app.env.docname}, {words!r}: {difference}")


def as_file(app, match: re.Match) -> str:
    content = base64.b64decode(match[2])
    name = f"live-{hashlib.sha256(content).hexdigest()[:12]}.png"
    target = Path(app.outdir) / "_images" / name
    target.parent.mkdir(exist_ok=True)
    if not target.is_file():
        target.write_bytes(content)
    return name


def drawn(app, body: str) -> str:
    """On paper: each figure as the drawing of its first state."""
    for docname in sorted(app.env.found_docs):
        for figure in figures(app, docname):
            name, drawing = figure["spec"]["name"], figure["drawing"]
            begins = body.find(f'<div class="live-figure" id="{name}">')
            if begins < 0:  # in a cell whose output is not shown
                continue
            ends = body.index("</div>", body.index('<script class="live-script">', begins))
            said = html.escape(figure["spec"]["alt"])
            shown = f'<div class="slider-figure" id="{name}" role="img" aria-label="{said}">'
            body = f"{body[:begins]}{shown}{drawing[drawing.index('<svg') :]}{body[ends:]}"
    return body


def roomy(match: re.Match) -> str:
    """The figure, with what the style sheet keeps its room by until the script has come."""
    spec = json.loads(match[3])
    rows, left = 0, 0  # of keys, on a telephone
    for mark in spec["marks"]:
        if mark["key"]:
            wide = 54 + 7 * len(mark["label"]) + 45 * (mark["kind"] == "trace")
            rows, left = (rows, left - wide) if wide <= left else (rows + 1, 320 - wide)
    panels = len(spec["panels"])
    counts = {
        "panels": panels,
        "row": -(-panels // 3) * (16.5 if panels == 3 else 18.5),  # rem of panels side by side
        "column": 16 if panels == 1 else 12 * panels,  # and of panels under one another
        "keys": rows,
        "knobs": sum(1 for knob in spec["knobs"] if knob["kind"] != "handle"),
        "editors": int(bool(spec.get("change"))),
    }
    style = ";".join(f"--{name}:{count}" for name, count in counts.items())
    return f'{match[1]} style="{style}"{match[2]}'


def lighten(app, pagename, templatename, context, doctree) -> None:
    """On the site: pictures as files, the script once."""
    body = context.get("body", "")
    if 'class="live-figure"' not in body:
        return
    if app.builder.name == "singlehtml":
        context["body"] = drawn(app, body)
        return
    to = context["pathto"]
    body = ROOT.sub(roomy, SCRIPT.sub("", body))
    body = PICTURE.sub(lambda m: f'{m[1]}src="{to("_images/" + as_file(app, m), 1)}"', body)
    context["body"] = body + LOADER.format(file=to(FILE, 1))


def write_script(app, exception) -> None:
    if exception is None and app.builder.format == "html":
        from tinytorch.lab import live

        target = Path(app.outdir) / FILE
        target.write_text(live.script(), encoding="utf-8")
        python = target.parent / "python"
        python.mkdir(exist_ok=True)
        (python / "worker.js").write_text(live.worker(), encoding="utf-8")
        brython = importlib.resources.files("brython") / "data" / "brython.js"
        (python / "brython.js").write_bytes(brython.read_bytes())


def setup(app):
    app.connect("doctree-read", compare)
    app.connect("html-page-context", lighten)
    app.connect("build-finished", write_script, priority=690)  # before what prunes for words
    return {"parallel_read_safe": True, "parallel_write_safe": True}
