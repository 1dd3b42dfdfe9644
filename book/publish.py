"""Write the tree that is published: everything a reader, Binder and Colab need, and nothing else.

    python book/publish.py [--output publish]

    index.html, book/, ...   the site, as GitHub Pages serves it
    notebooks/               the pages as notebooks; the launch buttons lead here
    wheels/                  the package, for Colab's first cell and for Binder
    binder/                  what Binder installs

The tree holds no path of this machine. It may be pushed as the branch gh-pages of any fork:

    make publish && bin/push-published
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "_build"
BINDER_NEWEST = 13  # the minor version of the newest Python that repo2docker surely has
LEFT_OUT = shutil.ignore_patterns(".buildinfo*", "*.map", "objects.inv.tmp")


def wheel(folder: Path) -> Path:
    """Build the package's wheel from a copy, since setuptools leaves its traces."""
    build = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    with tempfile.TemporaryDirectory() as copy:
        for name in ("LICENSE", "README.md", "pyproject.toml"):
            shutil.copy(ROOT / name, copy)
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "tinytorch", Path(copy) / "tinytorch", ignore=ignore)
        command = [sys.executable, "-c", build, str(folder)]
        built = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    if built.returncode:
        sys.exit(f"the wheel could not be built:\n{built.stdout}{built.stderr}")
    (package,) = folder.glob("*.whl")
    return package


def binder(folder: Path, package: Path) -> None:
    """What Binder installs, at the versions that this book was built with."""
    folder.mkdir()
    pins = [f"{name}=={version(name)}" for name in ("numpy", "matplotlib", "ipykernel")]
    lines = [f"./wheels/{package.name}[cli,lab]", *pins]
    (folder / "requirements.txt").write_text("\n".join(lines) + "\n")
    minor = min(sys.version_info.minor, BINDER_NEWEST)
    (folder / "runtime.txt").write_text(f"python-3.{minor}\n")


def publish(tree: Path) -> None:
    if tree.exists() and any(tree.iterdir()) and not (tree / "notebooks").is_dir():
        sys.exit(f"{tree} is not empty and was not published before; choose another --output")
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(BUILD / "html", tree, ignore=LEFT_OUT)
    (tree / ".nojekyll").touch()  # GitHub would leave out every folder that begins with _
    (tree / "wheels").mkdir()
    package = wheel(tree / "wheels")
    binder(tree / "binder", package)


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the tree that is published.")
    parser.add_argument("--output", type=Path, default=ROOT / "publish", metavar="DIR")
    tree = parser.parse_args().output.resolve()
    status = subprocess.run([sys.executable, ROOT / "book" / "build.py"], check=False).returncode
    if status:
        sys.exit(status)
    publish(tree)
    files = [path for path in tree.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files) / 1e6
    notebooks = len(list((tree / "notebooks").rglob("*.ipynb")))
    print(f"{tree}: {len(files)} files, {size:.1f} MB, {notebooks} notebooks")


if __name__ == "__main__":
    main()
