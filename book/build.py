"""Build the book strictly, and say where it is.

    python book/build.py            what changed since the last build
    python book/build.py --fresh    everything, cells too, as if nothing had ever been built

The plain `jupyter-book build .` builds the same pages. This adds: warnings are errors, references
are checked, and every page of the table of contents must be there at the end.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "book" / "_ext"))

try:
    import yaml
    from book_build import remembered, state
    from book_build.report import Refused
    from book_cells import cache
    from book_launch import address
except ModuleNotFoundError as error:
    sys.exit(f"{error.name} is not installed here; first: pip install -r requirements.txt")


def documents(entry: dict) -> list[str]:
    """The documents of a table of contents, in reading order."""
    own = [entry[name] for name in ("root", "file") if name in entry]
    inner = [e for name in ("parts", "chapters", "sections") for e in entry.get(name, [])]
    return own + [document for e in inner for document in documents(e)]


def inputs() -> str:
    """A hash of everything the site is made of."""
    top = [ROOT / name for name in ("_config.yml", "_toc.yml", "index.md", "CITATION.cff")]
    pages = {path.name: path for path in top if path.is_file()} | remembered.files(ROOT / "book")
    words = {**remembered.installed(), **cache.versions()}
    words["repository"] = str(address.find("", ROOT))
    return remembered.fingerprint(pages, cache.seen_files(), words=words)


def is_current(build: Path, stamp: Path, now: str) -> bool:
    """Whether the last strict build succeeded, saw these inputs, and was not written over."""
    if (build / state.MARK).exists():
        return False
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != now:
        return False
    written = stamp.stat().st_mtime_ns
    return all(page.stat().st_mtime_ns <= written for page in (build / "html").rglob("*.html"))


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the book strictly.")
    parser.add_argument("--fresh", action="store_true", help="reuse nothing")
    parser.add_argument(
        "--output", type=Path, default=ROOT, metavar="DIR", help="put _build in DIR"
    )
    arguments = parser.parse_args()

    started = time.perf_counter()
    state.jobs()
    cache.check_package(ROOT)
    build = arguments.output.resolve() / "_build"
    stamp = build / "strict"
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    pages = [build / "html" / f"{document}.html" for document in documents(contents)]
    state.check_writable(build)

    if arguments.fresh:
        with state.alone(build):
            state.mark(build)
            state.clear(build, keep={state.MARK, state.LOCK})
    now = inputs()
    if is_current(build, stamp, now) and all(page.is_file() for page in pages):
        print(f"Nothing changed since the last build. Read it at {pages[0].as_uri()}")
        return 0

    stamp.unlink(missing_ok=True)
    launcher = (  # without the current folder in the path, which no cell has there either
        "import sys; sys.path.remove('')\n"
        "from jupyter_book.cli.main import main; main(prog_name='jupyter-book')"
    )
    strict = ["-W", "-n", "--keep-going", "--path-output", str(build.parent)]
    command = [sys.executable, "-c", launcher, "build", ".", *strict]
    quiet = {**os.environ, "PYTHONWARNINGS": "", "PYTHONUTF8": "1"}  # not the reader's own
    status = subprocess.run(command, cwd=ROOT, env=quiet, check=False).returncode
    if status:
        return status
    missing = [str(page) for page in pages if not page.is_file()]
    if missing:
        print("The book was not built. Pages missing:", *missing, sep="\n  ", file=sys.stderr)
        return 1
    stamp.write_text(now)
    seconds = time.perf_counter() - started
    print(f"{len(pages)} pages in {seconds:.1f} s. Read them at {pages[0].as_uri()}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Refused:
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit("Broken off; the next build begins where nothing is half done.")
