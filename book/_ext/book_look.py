"""Write every page anew when what all pages share has changed: style sheets and these extensions.

Sphinx looks at the pages' sources alone; a new style sheet would not even be copied.
"""

from pathlib import Path

import book_cache


def remember(app, config) -> None:
    here = Path(__file__).parent
    shared = [*here.glob("*.py"), *(here.parent / "_static").rglob("*")]
    config.book_look = book_cache.fingerprint(sorted(path for path in shared if path.is_file()))


def setup(app):
    app.add_config_value("book_look", "", "html")
    app.connect("config-inited", remember)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
