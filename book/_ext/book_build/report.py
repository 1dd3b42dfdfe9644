"""Say at the very end what went wrong, and never let a failed build look finished.

Sphinx prints a warning when it meets it, which in a long build is far above the last line. And it
remembers a page as read even if it warned, so that a second strict build of an unchanged page is
green. Here the warnings are repeated at the end of the output, and a build that warned forgets
its environment, so that the next build reads, and warns, again.
"""

import atexit
import logging
import os
import re
import sys
from pathlib import Path

from sphinx.errors import SphinxError
from sphinx.util.logging import WarningLogRecordTranslator, WarningSuppressor

ANSI = re.compile(r"\x1b\[[0-9;]*m")


class Collector(logging.Handler):
    def __init__(self, app):
        super().__init__(logging.WARNING)
        self.found: dict[str, None] = {}  # in order, each once
        self.source = f"{app.srcdir}{os.sep}"
        self.addFilter(WarningSuppressor(app))
        self.addFilter(WarningLogRecordTranslator(app))

    def emit(self, record):
        text = ANSI.sub("", record.getMessage()).strip()
        self.found[text.replace(self.source, "").replace(":: ", ": ", 1)] = None


def say_at_the_end(problems: list[str]) -> None:
    """Print the problems when the process ends, below every traceback."""
    text = f"\nThe book was not built. {len(problems)} to mend:\n"
    text += "\n".join(f"  {problem}" for problem in problems)
    atexit.register(lambda: print(text, file=sys.stderr, flush=True))


class Refused(SphinxError):
    """What stands around the book does not fit it; the message says what to change."""

    category = "The book's surroundings"

    def __init__(self, what: str):
        super().__init__(what)
        say_at_the_end([what])


def finish(app, exception) -> None:
    collector = app.book_warnings
    logging.getLogger("sphinx").removeHandler(collector)
    if not collector.found:
        return
    (Path(app.doctreedir) / "environment.pickle").unlink(missing_ok=True)
    if exception is None and (app.warningiserror or app.keep_going):
        say_at_the_end(list(collector.found))


def setup(app):
    app.book_warnings = Collector(app)
    logging.getLogger("sphinx").addHandler(app.book_warnings)
    app.connect("build-finished", finish, priority=999)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
