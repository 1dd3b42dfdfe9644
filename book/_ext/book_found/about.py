"""What a page says about itself: to those who cite it, to search engines, to those who come back.

In the foot of each page its version and how to cite it; in its head what kind of thing it is, the
Markdown twin, the feed of changes. And a page for addresses that lead nowhere.
"""

import datetime
import json
import re
from email.utils import format_datetime
from html import escape
from pathlib import Path
from urllib.parse import urlsplit
from xml.sax.saxutils import escape as xml

from docutils import nodes

from tinytorch import __version__ as VERSION

PRINTED = "tinytorch.pdf"  # the publishing workflow puts it beside the first page
CHANGES = "book/appendices/changes"
NOWHERE = """\
<h1>There is no such page</h1>
<p>The address may have moved. The list of chapters is in the menu; the search knows all sections;
the book begins <a href="index.html">here</a>.</p>
"""
LINK = re.compile(r'((?:href|src|action|data-content_root)=")(?!https?:|mailto:|data:|#|/)([^"]*)"')


def title_of(app, docname: str) -> str:
    return app.env.titles[docname].astext()


def cited(app, docname: str, address: str) -> str:
    """The page as an entry of a bibliography."""
    title = title_of(app, docname)
    key = re.sub(r"\W+", "-", docname.rsplit("/", 1)[-1]).strip("-")
    book = "" if docname == app.config.root_doc else f"  booktitle = {{{app.config.project}}},\n"
    kind = "incollection" if book else "book"
    return (
        f"@{kind}{{tinytorch-{key},\n  title = {{{title}}},\n{book}"
        f"  author = {{{{{app.config.author}}}}},\n  year = {{{app.config.copyright}}},\n"
        f"  note = {{Version {VERSION}}},\n  url = {{{address}}},\n}}"
    )


def described(app, docname: str, address: str) -> str:
    """What the page is, in the words of schema.org."""
    base, root = app.config.html_baseurl, app.config.root_doc
    book = {"@type": "Book", "name": app.config.project, "url": base}
    said = {
        "@context": "https://schema.org",
        "@type": "Book" if docname == root else ["Chapter", "LearningResource"],
        "name": title_of(app, docname),
        "url": address,
        "inLanguage": app.config.language,
        "author": {"@type": "Organization", "name": app.config.author},
        "license": "https://creativecommons.org/licenses/by/4.0/",
        "version": VERSION,
        "isAccessibleForFree": True,
    }
    if docname != root:
        said["isPartOf"] = book
    return json.dumps(said, ensure_ascii=False).replace("<", "\\u003c")


def say(app, pagename, templatename, context, doctree) -> None:
    if doctree is None or app.builder.name != "html":
        return
    to, base = context["pathto"], app.config.html_baseurl
    address = base + ("" if pagename == app.config.root_doc else f"{pagename}.html")
    head = [f'<script type="application/ld+json">{described(app, pagename, address)}</script>']
    twin = f"{pagename.rsplit('/', 1)[-1]}.md"
    head.append(f'<link rel="alternate" type="text/markdown" href="{twin}">')
    if CHANGES in app.env.found_docs:
        feed = to("feed.xml", 1)
        head.append(
            f'<link rel="alternate" type="application/rss+xml" title="Changes" href="{feed}">'
        )
    context["metatags"] = context.get("metatags", "") + "\n".join(head)
    context["body"] += (
        '<details class="cite d-print-none"><summary>Cite this page</summary>'
        f'<div class="highlight"><pre>{escape(cited(app, pagename, address))}</pre></div></details>'
    )


def foot(app, config) -> None:
    book = f'<a href="{config.html_baseurl}{PRINTED}">the whole book as PDF</a>'
    config.html_theme_options["extra_footer"] = f"<p>Version {VERSION} · {book}</p>"


def nowhere(app):
    if app.builder.name == "html":
        yield "404", {"title": "There is no such page", "body": NOWHERE}, "page.html"


def feed(app) -> str:
    """The sections of the page of changes, as a feed."""
    base, items = app.config.html_baseurl, []
    for section in app.env.get_doctree(CHANGES).findall(nodes.section):
        title = section.next_node(nodes.title).astext()
        day = re.match(r"(\d{4})-(\d\d)-(\d\d)", title)
        if not day:
            continue
        when = datetime.datetime(*map(int, day.groups()), tzinfo=datetime.timezone.utc)
        text = " ".join(p.astext() for p in section.findall(nodes.paragraph))
        address = f"{base}{CHANGES}.html#{section['ids'][0]}"
        items.append(
            f"<item><title>{xml(title)}</title><link>{address}</link><guid>{address}</guid>"
            f"<pubDate>{format_datetime(when)}</pubDate><description>{xml(text)}</description></item>"
        )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0"><channel>'
        f"<title>{xml(app.config.project)}: what changed</title><link>{base}</link>"
        f"<description>Changes of the book and its package</description>{''.join(items)}"
        "</channel></rss>\n"
    )


def finish(app, exception) -> None:
    if exception or app.builder.name != "html":
        return
    lost = Path(app.outdir) / "404.html"  # it is shown at any address, however deep
    top = urlsplit(app.config.html_baseurl).path
    text = LINK.sub(
        lambda m: f'{m[1]}{top}{m[2].removeprefix("./")}"', lost.read_text(encoding="utf-8")
    )
    text = re.sub(r'<link rel="canonical"[^>]*>', "", text)  # it has no address of its own
    lost.write_text(text, encoding="utf-8")
    if CHANGES in app.env.found_docs:
        (Path(app.outdir) / "feed.xml").write_text(feed(app), encoding="utf-8")


def setup(app):
    app.connect("config-inited", foot)
    app.connect("html-page-context", say, priority=960)
    app.connect("html-collect-pages", nowhere)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
