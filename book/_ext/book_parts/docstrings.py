"""Show the package's docstrings, which are plain text, in a reference made for reStructuredText.

A star or a bar in a docstring means a product, an unpacking, a modulus: never markup. What stands
between backticks is code. Lines set in, after a blank one, are formulas or code and stay lines.
"""

import importlib
import re
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

CODE = re.compile(r"(`[^`]*`)")


def escape(line: str) -> str:
    if line.lstrip().startswith((">>>", "...")):
        return line
    pieces = CODE.split(line)
    pieces[::2] = [re.sub(r"([*|])", r"\\\1", piece) for piece in pieces[::2]]
    return "".join(pieces)


def marked_up(lines: list[str]) -> list[str]:
    """The lines of a docstring, escaped, with a mark before what is set in from the margin."""
    kept: list[str] = []
    literal, outer = False, ""  # outer: the last line that was not blank
    for line in lines:
        if line.strip():
            if not line.startswith(" "):
                literal = False
            elif not literal and kept and not kept[-1].strip() and outer[:1].strip():
                literal = True
                kept += ["::", ""]
            outer = line
        kept.append(line if literal else escape(line))
    return kept


def plain_text(app, what, name, obj, options, lines) -> None:
    lines[:] = marked_up(lines)


class Listed(SphinxDirective):
    """`.. listed:: tinytorch.optim.OPTIMIZERS` documents each class of a list of the package's."""

    required_arguments = 1
    option_spec: ClassVar = {"exclude-members": directives.unchanged_required}

    def run(self):
        module, _, name = self.arguments[0].rpartition(".")
        lines = []
        for each in getattr(importlib.import_module(module), name):
            lines += [f".. autoclass:: {module}.{each.__name__}", "   :members:"]
            lines += [f"   :exclude-members: {self.options.get('exclude-members', '')}", ""]
        found = nodes.Element()
        self.state.nested_parse(StringList(lines, self.arguments[0]), self.content_offset, found)
        return found.children


def setup(app):
    app.add_directive("listed", Listed)
    app.connect("autodoc-process-docstring", plain_text, priority=100)  # before napoleon's 500
    return {"parallel_read_safe": True, "parallel_write_safe": True}
