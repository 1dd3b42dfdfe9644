"""The published tree, a browser without network, environments as Binder and Colab make them."""

import hashlib
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest
import yaml
from filelock import FileLock

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "_build"
sys.path.insert(0, str(ROOT / "book"))

import build as book_build  # noqa: E402

from . import chromium  # noqa: E402
from .server import serve  # noqa: E402

PAGES = book_build.documents(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8")))
GIVEN = os.environ.get(
    "TINYTORCH_PUBLISHED"
)  # a tree that is there already, perhaps of a few pages
if GIVEN:
    PAGES = [page for page in PAGES if Path(GIVEN, f"{page}.html").is_file()]


@pytest.fixture(scope="session")
def published() -> Path:
    """The tree of `make publish`, written once for all workers, or the one that is given."""
    if GIVEN:
        return Path(GIVEN).resolve()
    tree = BUILD / "published"
    BUILD.mkdir(exist_ok=True)
    with FileLock(BUILD / "published.lock"):
        run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
        mark = BUILD / "published.run"
        if not mark.is_file() or mark.read_text() != run:
            command = [sys.executable, str(ROOT / "book/publish.py"), "--output", str(tree)]
            made = subprocess.run(command, capture_output=True, text=True, check=False)
            assert made.returncode == 0, made.stdout[-3000:] + made.stderr[-3000:]
            mark.write_text(run)
    return tree


@pytest.fixture(scope="session")
def address(published):
    """Where the published tree is served, under a sub-path as on GitHub Pages."""
    with serve(published) as address:
        yield address


@pytest.fixture(scope="session")
def browser():
    program = chromium.find()
    if program is None:
        if os.environ.get("CI"):
            pytest.fail(chromium.MISSING)
        pytest.skip(chromium.MISSING)
    from playwright.sync_api import sync_playwright

    options = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-component-update"]
    options += ["--disable-background-networking", "--disable-sync"]
    options += ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]  # the network is cut
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=options)
        yield started
        started.close()


class Environment:
    """A fresh virtual environment in which notebooks are run, as Binder or Colab would."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    def make(self, *requirements: str, folder: Path) -> None:
        venv.create(self.folder, with_pip=True, clear=True)
        command = [self.python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*command, *requirements], cwd=folder, check=True, timeout=600)

    def run(self, notebook: Path, folder: Path) -> None:
        """Execute the notebook from an empty folder; its kernel sees this environment alone."""
        import nbformat
        from jupyter_client.manager import AsyncKernelManager
        from nbclient import NotebookClient

        folder.mkdir(exist_ok=True)
        read = nbformat.read(notebook, as_version=4)
        for cell in read.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        manager = AsyncKernelManager()
        manager.kernel_spec.argv = [str(self.python), "-m", "ipykernel_launcher"]
        manager.kernel_spec.argv += ["-f", "{connection_file}"]
        client = NotebookClient(read, km=manager, timeout=300, resources={})
        client.resources = {"metadata": {"path": str(folder)}}
        kept = {"PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT"} | {
            name for name in os.environ if name.startswith(("PIP_", "UV_"))
        }
        environment = {name: os.environ[name] for name in kept if name in os.environ}
        environment["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
        with client.setup_kernel(env=environment, cleanup_kc=True):
            for index, cell in enumerate(read.cells):
                client.execute_cell(cell, index)


@pytest.fixture(scope="session")
def binder_environment(published) -> Environment:
    """What Binder would install: the published requirements, and nothing else."""
    wheel = next((published / "wheels").glob("*.whl")).read_bytes()
    listed = (published / "binder" / "requirements.txt").read_bytes()
    key = hashlib.sha256(wheel + listed + sys.version.encode()).hexdigest()[:12]
    environment = Environment(BUILD / ".environments" / f"binder-{key}")
    with FileLock(BUILD / "environment.lock"):
        if not (environment.folder / "ready").is_file():
            environment.make("-r", "binder/requirements.txt", folder=published)
            (environment.folder / "ready").touch()
    return environment


def links(page: str) -> dict[str, str]:
    """The launch links of a page: Binder's and Colab's."""
    found = re.findall(r'<a href="([^"]+)"[^>]*?btn-launch-(binder|colab)', page, re.DOTALL)
    return {where: url.replace("&amp;", "&") for url, where in found}
