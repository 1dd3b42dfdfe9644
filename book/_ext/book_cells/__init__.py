"""What runs: the pages' cells, several pages at once, unless the cache knows what they give."""

EXTENSIONS = ["cache", "execute"]


def setup(app):
    for name in EXTENSIONS:
        app.setup_extension(f"{__name__}.{name}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
