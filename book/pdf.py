"""The whole book as one PDF: real letters, figures as shapes, links within, sliders at rest.

    python book/pdf.py [--output _build/tinytorch.pdf]

Sphinx puts all pages on one; a Chromium that is installed prints it. The cells are those of the
last build, where there was one. It is printed twice: where a chapter begins is known from the first
printing, and stands in the contents of the second.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
QUIET = ("--headless", "--disable-gpu", "--no-first-run", "--disable-sync")
QUIET += ("--disable-background-networking", "--disable-component-update", "--no-pdf-header-footer")
QUIET += ("--generate-pdf-document-outline",)


def chromium() -> str:
    """A browser that prints, by the name that the system has for it, or by `CHROMIUM`."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        sys.exit(
            f"a PDF is printed by Chromium, and none of {', '.join(NAMES)} is installed. "
            "Install one (on Debian or Ubuntu: sudo apt install chromium), or set CHROMIUM"
        )
    return found


def single_page(build: Path) -> Path:
    launcher = "from jupyter_book.cli.main import main; main(prog_name='jupyter-book')"
    options = ["--builder", "singlehtml", "--path-output", str(build.parent)]
    command = [sys.executable, "-c", launcher, "build", ".", *options]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        sys.exit("the book could not be put on one page; what went wrong stands above")
    return build / "singlehtml" / "index.html"


def printed(program: str, page: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as profile:
        half = Path(profile) / "book.pdf"
        root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        options = [*QUIET, *root, f"--user-data-dir={profile}", "--timeout=600000"]
        command = [program, *options, f"--print-to-pdf={half}", page.as_uri()]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode or not half.is_file():
            sys.exit(f"{program} printed nothing:\n{made.stderr[-1500:]}")
        shutil.move(half, target)


def pages(pdf: bytes) -> dict[str, int]:
    """The pages that the places of a PDF stand on, counted from 1."""
    found = re.finditer(rb"^(\d+) 0 obj\s(.*?)\sendobj", pdf, re.M | re.S)
    objects = {int(number): body for number, body in (match.groups() for match in found)}
    order: list[int] = []

    def walk(number: int) -> None:
        kids = re.search(rb"/Kids\s*\[([^\]]*)\]", objects[number])
        if kids is None:
            order.append(number)
        for kid in re.findall(rb"(\d+) 0 R", kids[1]) if kids else ():
            walk(int(kid))

    (root,) = (re.search(rb"/Pages (\d+) 0 R", b) for b in objects.values() if b"/Catalog" in b)
    walk(int(root[1]))
    places = re.findall(rb"/([^\s/\[\]]+) \[(\d+) 0 R /XYZ", pdf)

    def spelled(name: bytes) -> str:
        return re.sub(rb"#([0-9A-F]{2})", lambda m: bytes.fromhex(m[1].decode()), name).decode()

    return {spelled(name): order.index(int(page)) + 1 for name, page in places}


def numbered(page: Path, where: dict[str, int]) -> None:
    """Write into the contents on which pages the chapters begin."""
    text = page.read_text(encoding="utf-8")
    text = re.sub(
        r'(<span data-page="([^"]*)">)[^<]*', lambda m: f"{m[1]}{where.get(m[2], '')}", text
    )
    page.write_text(text, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Print the whole book as a PDF.")
    parser.add_argument("--output", type=Path, default=ROOT / "_build" / "tinytorch.pdf")
    parser.add_argument("--build", type=Path, default=ROOT / "_build", help="where the build is")
    arguments = parser.parse_args()
    program = chromium()
    page = single_page(arguments.build.resolve())
    target = arguments.output.resolve()
    printed(program, page, target)
    numbered(page, pages(target.read_bytes()))
    printed(program, page, target)
    print(f"{arguments.output}: {arguments.output.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
