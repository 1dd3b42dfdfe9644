"""A build is whole, or the next one begins anew, and says at its end what went wrong."""

EXTENSIONS = ["report", "state"]


def setup(app):
    for name in EXTENSIONS:
        app.setup_extension(f"{__name__}.{name}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
