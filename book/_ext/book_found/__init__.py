"""How the book is found: by its own search, by search engines, by those who cite it."""

EXTENSIONS = ["about", "search"]


def setup(app):
    for name in EXTENSIONS:
        app.setup_extension(f"{__name__}.{name}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
