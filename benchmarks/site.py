"""How long the book takes to build, and what Lighthouse says of its pages.

    python -m benchmarks.site

Needs npm and Chromium; Lighthouse itself is fetched by npx. The pages are those of `make publish`,
served as GitHub Pages does: the landing page, and the chapter that sends most.
"""

import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.timing import save
from tests.site import chromium
from tests.site.server import serve

LIGHTHOUSE = "12.8.2"
LOADS = 5
ROOT = Path(__file__).parents[1]
EDITED = ROOT / "book" / "appendices" / "notation.md"
FLAGS = "--headless=new --no-sandbox --disable-gpu"


def run(*command, **options) -> float:
    """Seconds that the command took; ends the program if it fails."""
    start = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, **options)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout[-2000:]}{done.stderr}")
    return time.perf_counter() - start


def builds(output: Path) -> dict[str, float]:
    """Seconds of a build from nothing, of one after a page was edited, and of one without cause."""
    build = (sys.executable, "book/build.py", "--output", output)
    seconds = {"from nothing": run(*build, "--fresh")}
    text = EDITED.read_text(encoding="utf-8")
    try:
        EDITED.write_text(text + "\nA line.\n", encoding="utf-8")
        seconds["a line of text added to a page"] = run(*build)
    finally:
        EDITED.write_text(text, encoding="utf-8")
    run(*build)
    seconds["nothing changed"] = run(*build)
    return seconds


def weight(page: Path) -> int:
    """Bytes of the page and its pictures, as they are sent."""
    html = page.read_text(encoding="utf-8")
    pictures = {
        (page.parent / src).resolve() for src in re.findall(r'<img [^>]*src="([^"]+)"', html)
    }
    sizes = [picture.stat().st_size for picture in pictures if picture.is_file()]
    return len(gzip.compress(html.encode())) + sum(sizes)


def lighthouse(address: str, output: Path) -> dict:
    """What it says of a page: the medians of several loads, since one may be disturbed."""
    loads = []
    for _ in range(LOADS):
        run(
            *("npx", "--yes", f"lighthouse@{LIGHTHOUSE}", address, f"--chrome-flags={FLAGS}"),
            *("--quiet", "--output=json", f"--output-path={output}"),
            env=os.environ | {"CHROME_PATH": chromium.find()},
        )
        said = json.loads(output.read_text(encoding="utf-8"))
        scores = {name: round(100 * each["score"]) for name, each in said["categories"].items()}
        loads.append(scores | {"bytes": said["audits"]["total-byte-weight"]["numericValue"]})
    return {name: median(load[name] for load in loads) for name in loads[0]}


def main() -> None:
    if chromium.find() is None:
        sys.exit(chromium.MISSING)
    pages = {}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        seconds = builds(folder / "build")
        run(sys.executable, "book/publish.py", "--output", folder / "tree")
        chapters = sorted((folder / "tree" / "book").glob("[!a]*/*.html"), key=weight)
        with serve(folder / "tree") as top:
            for page in (folder / "tree" / "index.html", chapters[-1]):
                name = page.relative_to(folder / "tree").as_posix()
                pages[name] = lighthouse(top + name, folder / "said.json")
    print(json.dumps([seconds, pages], indent=1))
    save("site", lighthouse=LIGHTHOUSE, builds=seconds, pages=pages)


if __name__ == "__main__":
    main()
