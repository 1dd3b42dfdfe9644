"""Show the package's docstrings, which are plain text, in a reference made for reStructuredText.

A star or a bar in a docstring means a product, an unpacking, a modulus: never markup. What stands
between backticks is code.
"""

import re

CODE = re.compile(r"(`[^`]*`)")


def escape(line: str) -> str:
    if line.lstrip().startswith((">>>", "...")):
        return line
    pieces = CODE.split(line)
    pieces[::2] = [re.sub(r"([*|])", r"\\\1", piece) for piece in pieces[::2]]
    return "".join(pieces)


def plain_text(app, what, name, obj, options, lines) -> None:
    lines[:] = [escape(line) for line in lines]


def setup(app):
    app.connect("autodoc-process-docstring", plain_text, priority=100)  # before napoleon's 500
    return {"parallel_read_safe": True, "parallel_write_safe": True}
