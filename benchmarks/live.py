"""Frames of a live figure while it is dragged, on a processor slowed four times, and its weight.

    python -m benchmarks.live PAGE.html     a built page whose first figure has a handle,
                                            in a book with a step of the workbook

Writes `tinytorch/lab/records/live.json`. The work is that of one drawing: all runs anew, and every
panel. On a machine that does other things beside, it is an upper bound.
"""

import gzip
import json
import sys
from pathlib import Path

from benchmarks.timing import save

SLOWED = 4
PYTHON = "python/brython.js"
PARTS = {
    "all figures of a page": ["live.js"],
    "Python, when lines are changed": ["python/worker.js", PYTHON],
    "a step of the workbook": [
        "workbook.js", "python/workbook.json", "python/bench.js", PYTHON,
    ],
}  # fmt: skip
WATCH = """() => {
  const f = tinyLive.figures[0], draw = f.draw.bind(f);
  window.work = []; window.frames = [];
  f.draw = () => { const t = performance.now(); draw(); work.push(performance.now() - t); };
  let last; const tick = (now) => { if (last) frames.push(now - last); last = now;
    requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
}"""


def at(values: list[float], share: float) -> float:
    return round(sorted(values)[int(share * (len(values) - 1))], 1)


def measure(page: Path) -> dict:
    """Milliseconds of drawing, and from frame to frame, while the handle goes round."""
    from playwright.sync_api import sync_playwright

    from tests.site import chromium

    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=options)
        tab = browser.new_page(viewport={"width": 412, "height": 900})
        tab.goto(page.resolve().as_uri() + "#;")
        tab.evaluate("document.querySelectorAll('.bet-show').forEach((b) => b.click())")
        tab.wait_for_function("() => window.tinyLive?.figures[0]?.shown")
        slow = {"rate": SLOWED}
        tab.context.new_cdp_session(tab).send("Emulation.setCPUThrottlingRate", slow)
        handle = tab.locator(".live-figure").first.locator(".live-handle").first
        handle.scroll_into_view_if_needed()
        box = handle.bounding_box()
        x, y = box["x"] + 22, box["y"] + 22
        tab.mouse.move(x, y)
        tab.mouse.down()
        tab.evaluate(WATCH)
        for i in range(150):
            tab.mouse.move(x + 60 + 50 * ((i % 30) / 30 - 0.5), y + 40 * ((i % 50) / 50 - 0.5))
        work, frames = tab.evaluate("[work, frames]")
        browser.close()
    return {
        "slowed": SLOWED, "drawings": len(work), "work median": at(work, 0.5),
        "work 95 %": at(work, 0.95), "frame median": at(frames, 0.5),
        "frame 95 %": at(frames, 0.95),
    }  # fmt: skip


def weights(page: Path) -> dict[str, int]:
    """Bytes, compressed, that a page with figures loads, and those that come when asked for."""
    static = next(parent / "_static" for parent in page.parents if (parent / "_static").is_dir())
    return {
        name: sum(len(gzip.compress((static / file).read_bytes(), mtime=0)) for file in files)
        for name, files in PARTS.items()
    }


if __name__ == "__main__":
    built = Path(sys.argv[1]).resolve()
    found = {"bytes": weights(built), **measure(built)}
    save("live", **found)
    print(json.dumps(found, indent=1, ensure_ascii=False))
