"""What libraries do anew at every reference, or for nothing, done once or not at all."""

import functools
import sys
from types import SimpleNamespace
from typing import ClassVar

from pybtex.plugin import find_plugin, register_plugin
from sphinx.domains.std import StandardDomain

STYLES = "pybtex.style.formatting"
CARDS = "sphinxext.opengraph._social_cards"  # pictures of a page's title, which we do not have


class Reading:
    """The environment, with the trees of the pages that were last asked for at hand."""

    def __init__(self, env):
        self.env = env
        self.get_doctree = functools.lru_cache(4)(env.get_doctree)

    def __getattr__(self, name: str):
        return getattr(self.env, name)


class Standard(StandardDomain):
    """Sphinx reads a page's whole tree from the disk for each number of a figure on it."""

    @functools.cached_property
    def reading(self) -> Reading:
        return Reading(self.env)

    def _resolve_numref_xref(self, env, *given):
        return super()._resolve_numref_xref(self.reading, *given)


def settle(app, config) -> None:
    """Each citation asks what it is written with, among all that is installed; and each list of
    references writes its entries twice, and those of other lists anew."""
    for asked in (("pybtex.backends", "plaintext"), (STYLES, config.bibtex_default_style)):
        found = find_plugin(*asked)
        register_plugin(*asked, written_once(found) if asked[0] == STYLES else found, force=True)


def written_once(style: type) -> type:
    class Style(style):
        written: ClassVar[dict] = {}

        def format_entry(self, label, entry, bib_data=None):
            known = self.written.get((label, entry.key))
            if known is None:
                known = super().format_entry(label, entry, bib_data)
                self.written[label, entry.key] = known
            return known

    return Style


def setup(app):
    # to draw no card it imports all of pyplot
    sys.modules[CARDS] = SimpleNamespace(DEFAULT_SOCIAL_CONFIG={}, create_social_card=None)
    app.setup_extension("sphinxext.opengraph")
    app.add_domain(Standard, override=True)
    app.connect("config-inited", settle)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
