"""Where the book lives, and where its buttons lead."""

from book_build import setup_of

EXTENSIONS = ["address", "buttons"]
setup = setup_of(__name__, EXTENSIONS)
