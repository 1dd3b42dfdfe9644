"""How the book is found: by its own search, by search engines, by those who cite it."""

from book_build import setup_of

EXTENSIONS = ["about", "search"]
setup = setup_of(__name__, EXTENSIONS)
