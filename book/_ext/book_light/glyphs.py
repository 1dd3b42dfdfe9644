"""A letter of a page's formulas is drawn once on it, however often it is written.

The drawing of a formula stands by itself, with the outline of each of its letters. In a page that
is a third of what is sent, and nearly all of it is said several times.
"""

import collections
import re

LETTER = re.compile(
    r'<path(?: data-c="[^"]*")?(?P<place>[^>]*?) d="(?P<outline>[^"]{40,})"></path>'
)
OUTLINES = (
    '<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs>{}</defs></svg>'
)


def once(body: str) -> str:
    """The body with each outline that it has several times at its end, and used where it was."""
    times = collections.Counter(letter["outline"] for letter in LETTER.finditer(body))
    names = {outline: f"letter-{n}" for n, outline in enumerate(times) if times[outline] > 1}

    def use(letter: re.Match) -> str:
        name = names.get(letter["outline"])
        return f'<use{letter["place"]} href="#{name}"></use>' if name else letter[0]

    if not names:
        return body
    drawn = (f'<path id="{name}" d="{outline}"></path>' for outline, name in names.items())
    return LETTER.sub(use, body) + OUTLINES.format("".join(drawn))


def put_once(app, pagename, templatename, context, doctree) -> None:
    if "body" in context and app.builder.name == "html":
        context["body"] = once(context["body"])


def setup(app):
    app.connect("html-page-context", put_once, priority=960)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
