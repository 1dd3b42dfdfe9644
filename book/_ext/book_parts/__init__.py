"""What a page can have beyond Sphinx: bets, live figures, folds, notes, reference, workbook."""

from book_build import setup_of

EXTENSIONS = ["bets", "docstrings", "folds", "live", "next", "notes", "numbers", "whose"]
EXTENSIONS += ["workbook"]
setup = setup_of(__name__, EXTENSIONS)
