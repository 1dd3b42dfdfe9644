"""The whole book on one page, for the printer.

Sphinx puts the chapters one after another. Here they become a book: a title, a list of contents
whose page numbers `book/pdf.py` fills in, the chapter's name at the head of each sheet, folded
answers open. Names of places that several chapters have ("exercises", "id1") get their chapter's
before them, and so do the links that lead there.
"""

import collections
import re
from html import escape, unescape
from itertools import pairwise

from docutils import nodes

from tinytorch import __version__ as VERSION

START = re.compile(r'<span id="document-([^"]+)"></span>')
NAMED = re.compile(r'(\sid=")([^"]+)(")')
NAMES = re.compile(r'([\s:](?:href="#|for="|aria-[\w-]+=")|url\(#)([^"()#]+)(?=[")])')
LED = re.compile(r'href="#([^"]+)"')
TITLE = re.compile(r"<h1>(.*?)<a class=\"headerlink\"", re.S)
ENTRY = re.compile(r'<div class="citation" id="([^"]+)".*?</span>\s*(<p>.*?</p>)', re.S)
CITED = re.compile(r'(<a class="reference internal" href="#)[^"]*(" title="([^"]+)")')
HEADING = re.compile(r"(</?h)([2-6])\b")
SCRIPT = re.compile(r"<script.*?</script>", re.S)
FOLD = re.compile(r'<details(?! open)(?![^>]*class="[^"]*\babove-input)')
SHEET = """
.sheet-%(n)d { page: sheet-%(n)d; }
@page sheet-%(n)d { @top-right { content: "%(title)s"; } }
"""
STYLE = """
@page { size: A4; margin: 22mm 24mm 24mm;
  @bottom-center { content: counter(page); font: 9pt "Source Sans 3", sans-serif; color: #555; }
  @top-right { font: 9pt "Source Sans 3", sans-serif; color: #555; } }
@page :first { @bottom-center { content: none; } @top-right { content: none; } }
.bd-article h1 { font-size: 22pt; break-after: avoid; }
.bd-article h2 { font-size: 15pt; }
.bd-article h3 { font-size: 12.5pt; } .bd-article h4 { font-size: 11pt; }
.paper-title { break-after: page; padding-top: 60mm; text-align: center; }
.paper-title p { font-size: 12pt; margin: 2mm 0; }
.paper-title p:first-child { margin: 0 0 12mm; font: 600 32pt/1.2 "Source Serif 4", serif; }
.paper-contents { break-after: page; }
.paper-contents p { margin: 5mm 0 1mm; font-weight: 600; break-after: avoid; }
.paper-contents ol { list-style: none; margin: 0; padding: 0; }
.paper-contents li { display: flex; align-items: baseline; gap: 2mm; margin: 0.6mm 0; }
.paper-contents li::before { order: 1; content: ""; flex: 1; border-bottom: 1px dotted #999; }
.paper-contents li span { order: 2; min-width: 8mm; text-align: right; }
"""


def namesakes_apart(app, doctree, docname) -> None:
    """Say of each link into another chapter in which one its place is; Sphinx drops that."""
    if app.builder.name != "singlehtml":
        return
    for link in doctree.findall(nodes.reference):
        found = re.search(r"#document-([^#]+)#(.+)$", link.get("refuri", ""))
        if found:
            link["refuri"] = f"{link['refuri']}~{found[1]}"


def alike(text: str) -> str:
    return re.sub(r"\W", "", unescape(re.sub(r"<[^>]+>", "", text)))


def own_names(docname: str, part: str) -> str:
    """A chapter whose places have its name before theirs."""
    part = re.sub(r'href="[^"#]*index\.html#', 'href="#', part)
    entries = {alike(text): place for place, text in ENTRY.findall(part)}
    part = CITED.sub(
        lambda m: f"{m[1]}{entries[alike(m[3])]}{m[2]}" if alike(m[3]) in entries else m[0], part
    )
    ids = {found[1] for found in NAMED.findall(part)}
    part = NAMED.sub(rf"\1{docname}~\2\3", part)

    def led(match: re.Match) -> str:
        place, _, other = match[2].partition("~")
        if other:
            return f"{match[1]}{other}~{place}"
        return f"{match[1]}{docname}~{place}" if place in ids else match[0]

    return NAMES.sub(led, part)


def all_led(body: str) -> str:
    """Links that did not say where to, to the one chapter that has such a place."""
    full = [found[1] for found in NAMED.findall(body)]
    places = collections.Counter(name.rpartition("~")[2] for name in full)
    only = {p: name for name in full if places[p := name.rpartition("~")[2]] == 1}
    known = set(full)
    return LED.sub(lambda m: m[0] if m[1] in known else f'href="#{only.get(m[1], m[1])}"', body)


def chapters(app, body: str):
    """Each chapter, the first page among them: its document's name, its title, its text."""
    starts = [(0, 0, app.config.root_doc)]
    starts += [(m.start(), m.end(), m[1]) for m in START.finditer(body)]
    for (_, begins, docname), (ends, _, _) in pairwise([*starts, (len(body), 0, "")]):
        part = body[begins:ends]
        if docname != app.config.root_doc:  # Sphinx puts them below the first page's title
            part = HEADING.sub(lambda m: f"{m[1]}{int(m[2]) - 1}", part)
        part = re.sub(r'<div class="toctree-wrapper compound">\s*', "", part)
        yield docname, part


def balanced(part: str) -> str:
    """Without the ends of what was begun before it."""
    surplus = part.count("</div>") - len(re.findall(r"<div\b", part))
    for _ in range(surplus):
        head, _, tail = part.rpartition("</div>")
        part = head + tail
    surplus = part.count("</section>") - len(re.findall(r"<section\b", part))
    for _ in range(surplus):
        head, _, tail = part.rpartition("</section>")
        part = head + tail
    return part + "</section>" * -surplus


def contents(app, titles: dict[str, str]) -> str:
    """The parts and their chapters, with places for page numbers."""
    lists = []
    for tree in app.env.get_doctree(app.config.root_doc).findall(
        lambda node: node.tagname == "toctree"
    ):
        lines = "".join(
            f'<li><a href="#document-{name}">{titles[name]}</a>'
            f'<span data-page="document-{name}"></span></li>'
            for _, name in tree["entries"]
            if name in titles
        )
        lists.append(f"<p>{escape(tree.get('caption') or '')}</p><ol>{lines}</ol>")
    return f'<nav class="paper-contents"><h1>Contents</h1>{"".join(lists)}</nav>'


def bind(app, pagename, templatename, context, doctree) -> None:
    if app.builder.name != "singlehtml" or "body" not in context:
        return
    style, bound, titles = [STYLE], [], {}
    body = SCRIPT.sub("", context["body"])
    for number, (docname, part) in enumerate(chapters(app, body)):
        title = TITLE.search(part)
        titles[docname] = title[1].strip() if title else docname
        said = unescape(re.sub(r"<[^>]+>", "", titles[docname])).replace('"', r"\"")
        style.append(SHEET % {"n": number, "title": said})
        part = FOLD.sub("<details open", balanced(own_names(docname, part)))
        bound.append(f'<div class="sheet-{number}" id="document-{docname}">{part}</div>')
    said = (
        titles[app.config.root_doc],
        app.config.author,
        f"Version {VERSION}",
        app.config.html_baseurl,
    )
    front = "".join(f"<p>{line}</p>" for line in said)
    context["body"] = (
        f'<style>{"".join(style)}</style><div class="paper-title">{front}</div>'
        f"{contents(app, titles)}{all_led(''.join(bound))}"
    )


def as_pages(app) -> None:
    """Where one extension names a writer for the single page, Sphinx asks no other for theirs."""
    writers = app.registry.translation_handlers
    if app.builder.name == "singlehtml":
        writers["singlehtml"] = {**writers.get("singlehtml", {}), **writers.get("html", {})}


def setup(app):
    app.connect("builder-inited", as_pages)
    app.connect("doctree-resolved", namesakes_apart, priority=950)
    app.connect("html-page-context", bind, priority=990)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
