"""Where the book lives, and where its buttons lead."""

EXTENSIONS = ["address", "buttons"]


def setup(app):
    for name in EXTENSIONS:
        app.setup_extension(f"{__name__}.{name}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
