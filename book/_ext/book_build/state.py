"""A build is whole, or the next one begins anew; and nothing around it goes unnoticed.

Sphinx writes down that it has read a page long before the page is written, and forgets that only
when it ends with an error of its own. A build that was killed, or stopped with Ctrl-C, would be
followed by one that changes nothing and leaves yesterday's pages. Here every build leaves a mark
before it writes anything and removes it when it has ended; a build that finds a mark throws away
what its predecessor left, apart from caches whose entries are whole or not read.
"""

import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

from sphinx.errors import ExtensionError, SphinxError
from sphinx.util import logging

from book_build import remembered
from book_build.report import Refused

logger = logging.getLogger(__name__)

MARK = "unfinished"
LOCK = "lock"
KEPT = {MARK, LOCK, ".jupyter_cache", remembered.REMEMBERED}
KEPT.add("gate")  # the folder of another build, with a mark of its own
STATIC = Path(__file__).parents[2] / "_static"
HELD = contextlib.ExitStack()  # the lock, until the process ends


def jobs() -> int:
    """How many pages run at a time."""
    asked = os.environ.get("BOOK_JOBS")
    if asked:
        if not asked.isdecimal() or not int(asked):
            raise Refused(f"BOOK_JOBS is {asked!r}; it must be a whole number from 1 up")
        return int(asked)
    with contextlib.suppress(AttributeError):  # not on macOS and Windows
        return min(4, len(os.sched_getaffinity(0)))
    return min(4, os.cpu_count() or 1)


def check_writable(build: Path) -> None:
    """Say in words what else ends in the midst of Sphinx, as in a clone that is read-only."""
    try:
        build.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=build):
            pass
    except OSError as error:
        raise Refused(
            f"{build} cannot be written: {error.strerror}. "
            "Choose another place: python book/build.py --output DIR"
        ) from None


@contextlib.contextmanager
def alone(build: Path, say=print):
    """Within it no other build writes in the folder, not even one whose parent was killed."""
    build.mkdir(parents=True, exist_ok=True)
    with (build / LOCK).open("a") as file:
        try:
            claim(file, wait=False)
        except OSError:
            say(f"another build is writing in {build}; waiting for it")
            claim(file, wait=True)
        yield


def claim(file, wait: bool) -> None:
    """Lock a file until it is closed. Children that outlive this process do not keep the lock."""
    if sys.platform != "win32":
        import fcntl

        fcntl.lockf(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    import msvcrt

    while True:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
            break
        except OSError:  # a lock of Windows waits for ten seconds and gives up
            if not wait:
                raise


def mark(build: Path) -> None:
    """Say on the disk that the folder is being written."""
    with (build / MARK).open("w") as file:
        file.write("A build was begun here and has not ended.\n")
        file.flush()
        os.fsync(file.fileno())


def unmark(build: Path) -> None:
    if hasattr(os, "sync"):
        os.sync()  # the pages first: after a loss of power the mark must not be all that is gone
    (build / MARK).unlink(missing_ok=True)


def clear(build: Path, keep: set[str] = KEPT) -> None:
    """Remove what a build left. Call it with the mark set: it may itself be broken off."""
    for path in build.iterdir():
        if path.name in keep:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def take(app, config) -> None:
    """Wait for a build that is under way; sweep up after one that was broken off."""
    build = Path(app.outdir).parent
    HELD.enter_context(alone(build, logger.info))
    if (build / MARK).is_file():
        logger.info("the last build was broken off: every page is written anew")
        clear(build)
        for folder in (app.outdir, app.doctreedir):
            Path(folder).mkdir(parents=True)


def begin(app) -> None:
    mark(Path(app.outdir).parent)


class BrokenOff(SphinxError):
    """What was read no longer holds: the next build writes every page anew."""

    category = "The book's pages"


def in_order(exception) -> bool:
    """Whether a build that ended so has closed its files: it succeeded, or was refused in words."""
    if isinstance(exception, BrokenOff):
        return False
    if isinstance(exception, ExtensionError):
        return exception.orig_exc is None
    return exception is None or isinstance(exception, SphinxError)


def end(app, exception) -> None:
    if in_order(exception):
        unmark(Path(app.outdir).parent)


def remember_look(app, config) -> None:
    """Write every page anew when what all pages share has changed.

    Sphinx looks at the pages' sources alone; a new style sheet would not even be copied.
    """
    shared = [remembered.files(Path(__file__).parents[1]), remembered.files(STATIC)]
    config.book_look = remembered.fingerprint(*shared, words=remembered.installed())


def setup(app):
    jobs()  # refused now rather than when the first cells are to run
    app.add_config_value("book_look", "", "html")
    app.connect("config-inited", take, priority=1)
    app.connect("config-inited", remember_look)
    app.connect("builder-inited", begin, priority=1000)
    app.connect("build-finished", end, priority=1000)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
