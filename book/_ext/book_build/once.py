"""What libraries do anew at every reference, or for nothing, done once or not at all."""

import functools
import gc
import inspect
import sys
from types import SimpleNamespace
from typing import ClassVar

from nbformat.v4 import nbbase
from pybtex.plugin import find_plugin, register_plugin
from sphinx import addnodes
from sphinx.builders import html
from sphinx.domains.std import StandardDomain
from sphinxcontrib.bibtex.domain import BibtexDomain, get_docnames

STYLES = "pybtex.style.formatting"
CARDS = "sphinxext.opengraph._social_cards"  # pictures of a page's title, which we do not have


class Reading:
    """The environment, with the trees of the pages that were last asked for at hand, or of all."""

    def __init__(self, env, kept: int | None = 4):
        self.env = env
        self.get_doctree = functools.lru_cache(kept)(env.get_doctree)

    def __getattr__(self, name: str):
        return getattr(self.env, name)


@functools.cache
def finished(env) -> Reading:
    """For those who look through all pages when all are written, and change nothing in them."""
    return Reading(env, kept=None)


class Standard(StandardDomain):
    """Sphinx reads a page's whole tree from the disk for each number of a figure on it."""

    @functools.cached_property
    def reading(self) -> Reading:
        return Reading(self.env)

    def _resolve_numref_xref(self, env, *given):
        return super()._resolve_numref_xref(self.reading, *given)


class Titles:
    """The environment, where the contents of a page are its title and the pages below it."""

    def __init__(self, env):
        self.env = env
        self.tocs = {name: titled(toc.deepcopy()) for name, toc in env.tocs.items()}

    def __getattr__(self, name: str):
        return getattr(self.env, name)


def lend(app, env) -> list[str]:
    """Who gives the figures their numbers reads every page, as those do who come at the end."""
    env.get_doctree = finished(env).get_doctree
    return []


def take_back(app, env) -> list[str]:
    del env.get_doctree
    return []


class Citations(BibtexDomain):
    """At every build each entry is written anew, though pages have changed that cite as before."""

    def asked(self) -> str:
        """All that the written entries follow from; a list that is read anew has lost its own."""
        lists = [(key.docname, key.id_) for key in self.bibliographies]
        cited = [(ref.docname, [t.key for t in ref.targets]) for ref in self.citation_refs]
        order, style = list(get_docnames(self.env)), self.env.config.book_look
        return repr((style, order, lists, cited, self.bibdata.bibfiles, len(self.citations)))

    def env_updated(self):
        if self.data.get("written") == self.asked():
            return []
        outdated = super().env_updated()
        self.data["written"] = self.asked()
        return outdated


def titled(toc):
    """A page's contents as Sphinx cuts them down when it wants titles only."""
    for entry in toc.children:
        if len(entry) > 1:
            below = list(entry.findall(addnodes.toctree))
            entry[1][:] = below
            if not below:
                entry.pop(1)
    return toc


def cut_contents(app, env) -> None:
    """For each page Sphinx copies the headings of all, and then cuts them out of the list."""
    whole = inspect.unwrap(html.global_toctree_for_doc)  # not an earlier build's, in this process
    titles = functools.cache(lambda: Titles(env))

    def shown(env, *given, **how):
        return whole(titles() if how.get("titles_only") else env, *given, **how)

    html.global_toctree_for_doc = functools.wraps(whole)(shown)


def settle(app, config) -> None:
    """Each citation, and each list of references, asks what it is written with, among all that is
    installed; and each list writes its entries twice, and those of other lists anew."""
    if "sphinxcontrib.bibtex" in app.extensions:  # a book may have nothing to cite
        app.add_domain(Citations, override=True)
    for asked in (("pybtex.backends", "plaintext"), (STYLES, config.bibtex_default_style)):
        found = find_plugin(*asked)
        register_plugin(*asked, written_once(found) if asked[0] == STYLES else found, force=True)


def written_once(style: type) -> type:
    class Style(style):
        written: ClassVar[dict] = {}
        default_name_style = find_plugin("pybtex.style.names", style.default_name_style)
        default_label_style = find_plugin("pybtex.style.labels", style.default_label_style)
        default_sorting_style = find_plugin("pybtex.style.sorting", style.default_sorting_style)

        def format_entry(self, label, entry, bib_data=None):
            known = self.written.get((label, entry.key))
            if known is None:
                known = super().format_entry(label, entry, bib_data)
                self.written[label, entry.key] = known
            return known

    return Style


def collect_rarely(app) -> None:
    """Trees of pages are large and live long: looking through them again and again finds little."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def setup(app):
    # each cell and output when it is made; where a notebook is written, the whole is checked
    nbbase.validate = lambda *given, **how: None
    # to draw no card it imports all of pyplot
    sys.modules[CARDS] = SimpleNamespace(DEFAULT_SOCIAL_CONFIG={}, create_social_card=None)
    app.setup_extension("sphinxext.opengraph")
    app.add_domain(Standard, override=True)
    app.connect("config-inited", settle)
    app.connect("builder-inited", collect_rarely)
    app.connect("env-get-updated", lend, priority=1)
    app.connect("env-get-updated", take_back, priority=999)
    app.connect("env-updated", cut_contents, priority=999)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
