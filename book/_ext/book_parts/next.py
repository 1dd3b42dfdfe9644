"""Where a page ends by sending its reader on, "Next" leads there too.

Without `next:` in its header a page is followed by the one below it in the table of contents.
"""

from sphinx.errors import SphinxError


class NoSuchPage(SphinxError):
    category = "The book's order"


def lead(app, pagename, templatename, context, doctree) -> None:
    following = app.env.metadata.get(pagename, {}).get("next")
    if not following or following not in app.env.found_docs:
        return  # a book of a few pages
    title = app.env.titles[following].astext()
    context["next"] = {"title": title, "link": app.builder.get_relative_uri(pagename, following)}


def check(app, env) -> None:
    for page, metadata in env.metadata.items():
        following = metadata.get("next")
        if following and not (app.srcdir / f"{following}.md").is_file():
            raise NoSuchPage(f"{page}: next: {following!r} is not a page")


def setup(app):
    app.connect("env-updated", check)
    app.connect("html-page-context", lead)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
