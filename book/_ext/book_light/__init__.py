"""What is light: each page weighs what its reader needs: letters, figures, formulas, styles."""

from book_build import setup_of

EXTENSIONS = ["fonts", "formulas", "glyphs", "images", "lean", "styles", "svg"]
setup = setup_of(__name__, EXTENSIONS)
