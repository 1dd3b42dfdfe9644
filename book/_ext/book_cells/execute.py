"""Run the pages' cells while others are read: several pages at once, the same everywhere.

Jupyter Book runs pages one after another while it reads them. Here every page that is to be read
and is not in the cache is run, one kernel a page, as many at a time as there are cores, the longest
first; Sphinx reads the others meanwhile, and waits where it comes to a page that is not done. What
succeeds goes into the cache, where myst-nb finds it. What fails is gathered, and the build stops
with one list of page, line, cell and exception.
"""

import json
import os
import queue
import re
import threading
import time
from concurrent.futures import Future, as_completed
from dataclasses import dataclass
from pathlib import Path

from book_build import report, state
from book_build.report import ANSI
from book_build.state import jobs
from docutils import nodes
from jupyter_cache import get_cache
from myst_nb.core.read import create_nb_reader
from nbclient import NotebookClient
from nbformat import NotebookNode
from sphinx.errors import SphinxError
from sphinx.util import logging

from book_cells import kernels
from book_cells.earlier import Earlier

logger = logging.getLogger(__name__)

SETTINGS = Path(__file__).parent / "settings"
WORDS = {"\N{WHITE HEAVY CHECK MARK}": "yes", "\N{CROSS MARK}": "no"}


class CellsFailed(SphinxError):
    category = "The book's cells"


CELLS_FIND = {  # around them, whatever the reader has set: two builds give the same bytes
    "MATPLOTLIBRC": str(SETTINGS / "matplotlibrc"),
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "SOURCE_DATE_EPOCH": "0",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "OPENBLAS_NUM_THREADS": "1",  # the order of a sum must not depend on the machine's cores
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TINYTORCH_ENGINE": "blocked",  # nor a number on whether numba is installed
    "TQDM_DISABLE": "1",  # nobody watches a page that is built
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # nor debugs it, and needs to be told how
}
CELLS_MISS = (  # a claim is an assertion; a warning is one; what a command prints has no colours
    "PYTHONOPTIMIZE",
    "PYTHONWARNINGS",
    "PYTHONSTARTUP",
    "PYTHONDEVMODE",
    "COLUMNS",
    "FORCE_COLOR",
    "CLICOLOR_FORCE",
    "PY_COLORS",
)


def cell_environment(build: Path) -> dict[str, str]:
    """What a kernel finds around it, so that two builds give the same bytes."""
    kept = {name: value for name, value in os.environ.items() if name not in CELLS_MISS}
    return {**kept, **CELLS_FIND, "IPYTHONDIR": str(build / ".ipython")}


@dataclass
class Page:
    """A page with cells: where it is, the notebook myst-nb will make of it, its own settings."""

    docname: str
    path: Path
    text: str
    name: str
    notebook: NotebookNode
    timeout: int
    seen: Path | None = None  # where its kernel notes what its cells reach

    @property
    def cells(self) -> str:
        return "\n".join(c.source for c in self.notebook.cells if c.cell_type == "code")

    @property
    def size(self) -> int:
        """Characters in its cells: a first guess at how long they run."""
        return len(self.cells)

    def run(self, managers: type, environment: dict[str, str]) -> float:
        """Run the cells, each output in its place. Returns seconds; raises what nbclient raises."""
        started = time.perf_counter()
        self.seen.unlink(missing_ok=True)
        NotebookClient(
            self.notebook,
            kernel_manager_class=managers,
            timeout=self.timeout,
            record_timing=False,  # a cell with times in it is another one for the cache
            resources={"metadata": {"path": str(self.path.parent)}},
            extra_arguments=["--log-level=ERROR"],
        ).execute(env={**environment, kernels.SEEN: str(self.seen)})
        return time.perf_counter() - started


def read_page(env, docname: str) -> Page | None:
    """The page as a notebook, or None if there is nothing to run in it."""
    path = Path(env.doc2path(docname))
    text = path.read_text(encoding="utf-8")
    reader = create_nb_reader(str(path), env.myst_config, env.mystnb_config, text)
    notebook = reader and reader.read(text)
    if not notebook or not any(cell.cell_type == "code" for cell in notebook.cells):
        return None
    own = {**notebook.metadata.get(env.mystnb_config.metadata_key, {})}
    if own.get("execution_mode", "cache") != "cache":
        return None
    timeout = own.get("execution_timeout", env.mystnb_config.execution_timeout)
    return Page(docname, path, text, path.relative_to(env.srcdir).as_posix(), notebook, timeout)


def failed_cell(notebook) -> tuple[int, int, str]:
    """Number among the code cells (from 1), line in the page, and error of the cell that failed."""
    lines = notebook.metadata.get("source_map", [])
    number, where = 0, (0, 1, "")
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        number += 1
        where = (number, lines[index] + 1 if index < len(lines) else 1, "")
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                message = ANSI.sub("", output.evalue).strip()
                if output.ename == "AssertionError" and not message:
                    message = asserted(output.traceback)
                return *where[:2], f"{output.ename}: {message}" if message else output.ename
        if cell.get("execution_count") is None:
            break
    return where


def asserted(traceback: list[str]) -> str:
    """The line that a traceback points to: which claim it was that does not hold."""
    pointed = re.findall(r"^-+> \d+ (.*)$", ANSI.sub("", "\n".join(traceback)), re.MULTILINE)
    return pointed[0].strip() if pointed else ""


def describe(page: Page, error: BaseException) -> str:
    number, line, message = failed_cell(page.notebook)
    message = message or f"{type(error).__name__}: {ANSI.sub('', str(error)).strip()}"
    if os.environ.get("TINYTORCH_EXPORTS"):
        message += " [on the code exported by the learner]"
    return f"{page.name}:{line}: code cell {number}: {message}"


def split(env, docnames, cache, earlier) -> tuple[list[Page], list[Page], list[str]]:
    """The pages that are in the cache, with what their cells gave; those that are to be run; and
    what is wrong with those that cannot be read."""
    known, new, failures = [], [], []
    for docname in docnames:
        try:
            page = read_page(env, docname)
        except Exception as error:  # whatever a malformed page raises in its reader
            failures.append(f"{docname}: {type(error).__name__}: {error}")
            continue
        if page is None:
            continue
        try:
            page.notebook = cache.merge_match_into_notebook(page.notebook)[1]
        except (KeyError, ValueError):  # not there; half written when a build was killed
            if not earlier.take(page):
                new.append(page)
                continue
            logger.info("  %s reaches nothing that has changed", page.name)
        known.append(page)
    return known, new, failures


class Runs:
    """The pages that are run in this build, and what has become of them."""

    def __init__(self, known, new: list[Page], failures: list[str], earlier: Earlier, build: Path):
        self.done = {page.docname: page for page in known}  # whose outputs are at hand
        self.pages = {page.docname: page for page in new}
        self.failures = failures  # of pages that could not even be read
        self.earlier = earlier
        for number, page in enumerate(new):
            page.seen = build / ".jupyter_cache" / f"seen-{number}.json"
        self.last = build / ".jupyter_cache" / "seconds.json"
        self.results: dict[str, Future] = {name: Future() for name in self.pages}
        self.kept: set[str] = set()
        self.started = time.perf_counter()
        self.environment = cell_environment(build)
        self.waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.close = lambda: None

    def seconds(self) -> dict[str, float]:
        """What each page took when it last ran, as far as is known."""
        try:
            return json.loads(self.last.read_text())
        except (OSError, ValueError):
            return {}

    def start(self) -> list[str]:
        """Begin to run the pages. Returns their names in the order in which they are run."""
        if not self.pages:
            return []
        known = self.seconds()
        order = sorted(
            self.pages, key=lambda name: (known.get(name, 0.0), self.pages[name].size), reverse=True
        )
        for name in order:
            self.waiting.put(name)
        self.managers, self.close = kernels.manager(self.environment)
        count = min(jobs(), len(order))
        logger.info("running the cells of %d pages, %d at a time", len(order), count)
        for _ in range(count):  # they end with the build, also when that is interrupted
            threading.Thread(target=self.work, daemon=True).start()
        return order

    def work(self) -> None:
        while True:
            try:
                name = self.waiting.get_nowait()
            except queue.Empty:
                return
            try:
                seconds = self.pages[name].run(self.managers, self.environment)
                self.results[name].set_result(seconds)
            except BaseException as error:
                self.results[name].set_exception(error)

    def wait(self, docname: str) -> None:
        """Wait until a page has run. At the first that failed the others end, and all are named."""
        if docname in self.pages:
            self.keep(docname)
        if self.failures:
            for future in as_completed(self.results.values()):
                self.keep(next(name for name, f in self.results.items() if f is future))
            report.say_at_the_end(sorted(self.failures))
            raise CellsFailed(f"{len(self.failures)} pages failed")

    def keep(self, docname: str) -> None:
        """Put what a page's cells gave into the cache, once."""
        page, error = self.pages[docname], self.results[docname].exception()
        if docname in self.kept:
            return
        self.kept.add(docname)
        done = f"[{len(self.kept)}/{len(self.pages)}]"
        if error:
            logger.info("  %s failed %s\n%s", done, page.name, ANSI.sub("", str(error)))
            self.failures.append(describe(page, error))
            return
        seconds = self.results[docname].result()
        logger.info("  %s ran %s, %.1f s", done, page.name, seconds)
        self.earlier.add(page, seconds)
        self.done[docname] = page
        if len(self.kept) == len(self.pages):
            logger.info("all cells done in %.1f s", time.perf_counter() - self.started)
            took = {name: round(f.result(), 2) for name, f in self.results.items()}
            self.last.write_text(json.dumps({**self.seconds(), **took}, indent=1))


def execute_pages(app, env, docnames) -> None:
    if env.mystnb_config.execution_mode != "cache":
        return
    import matplotlib.font_manager  # noqa: F401  writes its font list here, not into a cell

    cache = get_cache(env.mystnb_config.execution_cache_path)
    earlier = Earlier(cache, Path(app.srcdir))
    known, new, failures = split(env, docnames, cache, earlier)
    app.book_runs = Runs(known, new, failures, earlier, Path(app.outdir).parent)
    order = app.book_runs.start()
    docnames[:] = [name for name in docnames if name not in order] + order


def outcome(app, docname: str) -> NotebookNode | None:
    """The page as a notebook with the outputs of its last run, or None if it has no cells.

    Errors: BrokenOff, if the page's file no longer has the cells that were run.
    """
    done = app.book_runs and app.book_runs.done.get(docname)
    if done and done.path.read_text(encoding="utf-8") == done.text:
        return done.notebook
    page = read_page(app.env, docname)
    if page is None:
        return None
    cache = get_cache(app.env.mystnb_config.execution_cache_path)
    try:
        return cache.merge_match_into_notebook(page.notebook)[1]
    except KeyError:
        what = f"{page.name} was changed while the book was built; build it again"
        report.say_at_the_end([what])
        raise state.BrokenOff(what) from None


def wait_for_cells(app, docname, source) -> None:
    """Before myst-nb reads a page: what it does not find in the cache it would run by itself."""
    if app.book_runs:
        app.book_runs.wait(docname)
        outcome(app, docname)


def finish(app, exception) -> None:
    if app.book_runs:
        app.book_runs.close()


def say_in_words(app, doctree, docname) -> None:
    """The table of executed pages says yes or no; myst-nb puts little pictures there."""
    for text in list(doctree.findall(nodes.Text)):
        if text in WORDS:
            text.parent.replace(text, nodes.Text(WORDS[text]))


def setup(app):
    app.book_runs = None
    app.connect("env-before-read-docs", execute_pages, priority=900)  # the last: it begins to run
    app.connect("source-read", wait_for_cells, priority=1)
    app.connect("build-finished", finish, priority=1)
    app.connect("doctree-resolved", say_in_words)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
