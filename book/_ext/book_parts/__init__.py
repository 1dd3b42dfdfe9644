"""What a page can have beyond Sphinx: bets, live figures, folds, notes, the reference."""

EXTENSIONS = ["bets", "docstrings", "folds", "live", "next", "notes", "whose"]


def setup(app):
    for name in EXTENSIONS:
        app.setup_extension(f"{__name__}.{name}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
