"""What a page becomes besides a page: a notebook, Markdown, a part of the printed book."""

from book_build import setup_of

EXTENSIONS = ["notebooks", "single", "twins"]
setup = setup_of(__name__, EXTENSIONS)
