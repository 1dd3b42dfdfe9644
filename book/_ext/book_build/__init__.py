"""A build is whole, or the next one begins anew, and says at its end what went wrong."""

EXTENSIONS = ["report", "state", "once"]


def setup_of(room: str, names: list[str]):
    """The `setup` of a room: its files take part in a build, each with a `setup` of its own."""

    def setup(app):
        for name in names:
            app.setup_extension(f"{room}.{name}")
        return {"parallel_read_safe": True, "parallel_write_safe": True}

    return setup


setup = setup_of(__name__, EXTENSIONS)
