"""What is light: each page weighs what its reader needs: letters, figures, formulas, styles."""

EXTENSIONS = ["fonts", "formulas", "images", "lean", "styles", "svg"]


def setup(app):
    for name in EXTENSIONS:
        app.setup_extension(f"{__name__}.{name}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
