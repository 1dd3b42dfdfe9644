"""The first time a page uses a term of the glossary, the term leads there and carries its meaning.

Wide pages show the meaning in their margin, beside the word. Words that everyone knows and words
that the page's own title explains are left alone.
"""

import re

from docutils import nodes

GLOSSARY = "book/appendices/glossary"
SHORTEST = 9  # letters of a term of one word; shorter ones are everyday words
EVERYDAY = {"optimizer", "parameter"}


def meanings(env) -> dict[str, tuple[str, str]]:
    """Each term that is worth a note: its place in the glossary and its meaning."""
    found = {}
    if GLOSSARY not in env.found_docs:
        return found
    for item in env.get_doctree(GLOSSARY).findall(nodes.definition_list_item):
        text = " ".join(item.next_node(nodes.definition).astext().split())
        text = re.split(r"\s(?:See|Also:) ", text)[0]
        for term in item.findall(nodes.term):
            name = term.astext()
            plain = re.fullmatch(r"\w+", name)
            if name not in EVERYDAY and not (plain and len(name) < SHORTEST) and term["ids"]:
                found[name] = (term["ids"][0], text)
    return found


def mark(app, doctree, docname) -> None:
    if app.builder.name != "html" or docname == GLOSSARY:
        return
    if not hasattr(app, "book_meanings"):
        app.book_meanings = meanings(app.env)
    title = app.env.titles[docname].astext().lower()
    waiting = {name: note for name, note in app.book_meanings.items() if name not in title}
    to = app.builder.get_relative_uri(docname, GLOSSARY)
    for paragraph in doctree.findall(nodes.paragraph):
        for text in [child for child in paragraph.children if isinstance(child, nodes.Text)]:
            for name in waiting:
                found = name in text and re.search(rf"\b{re.escape(name)}\b", text)
                if not found:
                    continue
                place, meaning = waiting.pop(name)
                link = nodes.reference("", found[0], internal=True, refuri=f"{to}#{place}")
                link["classes"].append("term-link")
                link["reftitle"] = meaning
                pieces = [nodes.Text(text[: found.start()]), link, nodes.Text(text[found.end() :])]
                paragraph.replace(text, [piece for piece in pieces if piece.astext()])
                break  # the rest of this text may wait for its next occurrence


def load(app, pagename, templatename, context, doctree) -> None:
    if app.builder.name == "html":
        script = context["pathto"]("_static/notes.js", 1)
        context["metatags"] = (
            context.get("metatags", "") + f'<script defer src="{script}"></script>'
        )


def setup(app):
    app.connect("doctree-resolved", mark, priority=600)
    app.connect("html-page-context", load, priority=970)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
