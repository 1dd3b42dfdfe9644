"""What a page can have beyond Sphinx: bets, live figures, folds, notes, reference, workbook."""

EXTENSIONS = [
    "bets",
    "docstrings",
    "folds",
    "live",
    "next",
    "notes",
    "numbers",
    "whose",
    "workbook",
]


def setup(app):
    for name in EXTENSIONS:
        app.setup_extension(f"{__name__}.{name}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
