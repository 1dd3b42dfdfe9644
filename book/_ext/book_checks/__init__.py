"""What is checked: the browser's arithmetic, and what a finished book must have."""

EXTENSIONS = ["engine", "finished"]


def setup(app):
    for name in EXTENSIONS:
        app.setup_extension(f"{__name__}.{name}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
