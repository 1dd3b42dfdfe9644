"""What runs: the pages' cells, several pages at once, unless the cache knows what they give."""

from book_build import setup_of

EXTENSIONS = ["cache", "execute"]
setup = setup_of(__name__, EXTENSIONS)
