"""What is checked: the browser's arithmetic, and what a finished book must have."""

from book_build import setup_of

EXTENSIONS = ["engine", "finished"]
setup = setup_of(__name__, EXTENSIONS)
