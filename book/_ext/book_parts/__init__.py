"""What a page can have beyond Sphinx: bets, live figures, folds, notes, reference, workbook."""

from book_build import setup_of

EXTENSIONS = ["bets", "citations", "docstrings", "folds", "live", "next", "notes", "numbers"]
EXTENSIONS += ["whose", "workbook"]
setup = setup_of(__name__, EXTENSIONS)
