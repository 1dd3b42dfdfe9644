"""Run the pages' cells before they are read: several pages at once, the same everywhere.

Jupyter Book runs pages one after another while it reads them. Here every page that is to be read
and is not in the cache is run first, one kernel a page, as many at a time as there are cores; what
succeeds goes into the cache, where myst-nb finds it. What fails is gathered, and the build stops
with one list of page, line, cell and exception.
"""

import os
import re
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import book_report
from book_report import ANSI
from book_state import jobs
from docutils import nodes
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from myst_nb.core.read import create_nb_reader
from nbclient import NotebookClient
from nbformat import NotebookNode
from sphinx.errors import SphinxError
from sphinx.util import logging

logger = logging.getLogger(__name__)

SETTINGS = Path(__file__).parent / "cell_settings"
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

    path: Path
    name: str
    notebook: NotebookNode
    timeout: int

    def run(self, environment: dict[str, str]) -> float:
        """Run the cells, each output in its place. Returns seconds; raises what nbclient raises."""
        started = time.perf_counter()
        NotebookClient(
            self.notebook,
            timeout=self.timeout,
            record_timing=False,  # a cell with times in it is another one for the cache
            resources={"metadata": {"path": str(self.path.parent)}},
            extra_arguments=["--log-level=ERROR"],
        ).execute(env=environment)
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
    return Page(path, path.relative_to(env.srcdir).as_posix(), notebook, timeout)


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


def to_run(env, docnames, cache) -> tuple[list[Page], list[str]]:
    """The pages that are not in the cache, and what is wrong with those that cannot be read."""
    pages, failures = [], []
    for docname in docnames:
        try:
            page = read_page(env, docname)
        except Exception as error:  # whatever a malformed page raises in its reader
            failures.append(f"{docname}: {type(error).__name__}: {error}")
            continue
        if page is not None:
            try:
                cache.merge_match_into_notebook(page.notebook)
            except (KeyError, ValueError):  # not there; half written when a build was killed
                pages.append(page)
    return pages, failures


def run_all(pages: list[Page], cache, environment: dict[str, str]) -> list[str]:
    """Run the pages, keep in the cache what succeeds, and return what failed."""
    import matplotlib.font_manager  # noqa: F401  writes its font list here, not into a cell

    failures = []
    started = time.perf_counter()
    count = min(jobs(), len(pages))
    logger.info("running the cells of %d pages, %d at a time", len(pages), count)
    with ThreadPoolExecutor(count) as pool:
        futures = {pool.submit(page.run, environment): page for page in pages}
        for done, future in enumerate(as_completed(futures), start=1):
            page = futures[future]
            try:
                error, seconds = None, future.result()
            except Exception as crash:  # a cell that raised, a kernel that died or never started
                error, seconds = crash, time.perf_counter() - started
            mark = "failed" if error else "ran"
            logger.info("  [%d/%d] %s %s, %.1f s", done, len(pages), mark, page.name, seconds)
            if error:
                logger.info("%s", ANSI.sub("", str(error)))
                failures.append(describe(page, error))
            else:
                data = {"execution_seconds": seconds}
                cache.cache_notebook_bundle(
                    CacheBundleIn(page.notebook, str(page.path), data=data),
                    check_validity=False,
                    overwrite=True,
                )
    logger.info("all cells done in %.1f s", time.perf_counter() - started)
    return failures


def execute_pages(app, env, docnames) -> None:
    if env.mystnb_config.execution_mode != "cache":
        return
    cache = get_cache(env.mystnb_config.execution_cache_path)
    pages, failures = to_run(env, docnames, cache)
    if pages:
        failures += run_all(pages, cache, cell_environment(Path(app.outdir).parent))
    if failures:
        book_report.say_at_the_end(sorted(failures))
        raise CellsFailed(f"{len(failures)} of {len(docnames)} pages failed")


def say_in_words(app, doctree, docname) -> None:
    """The table of executed pages says yes or no; myst-nb puts little pictures there."""
    for text in list(doctree.findall(nodes.Text)):
        if text in WORDS:
            text.parent.replace(text, nodes.Text(WORDS[text]))


def setup(app):
    app.connect("env-before-read-docs", execute_pages)
    app.connect("doctree-resolved", say_in_words)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
