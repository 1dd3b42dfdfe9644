"""What a page becomes besides a page: a notebook, Markdown, a part of the printed book."""

EXTENSIONS = ["notebooks", "single", "twins"]


def setup(app):
    for name in EXTENSIONS:
        app.setup_extension(f"{__name__}.{name}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
