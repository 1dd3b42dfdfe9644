"""Above a page's title its part of the book, under it what a reader can do with it, and the menus.

The theme's own launch buttons lead to the Markdown source, which neither Binder nor Colab can open.
These lead to the published notebook of the page, and a page without one has no such line.
"""

import shutil
from html import escape
from pathlib import Path

WORKBOOK = "book/tito"  # the page that says how the code of a chapter is written by oneself
VERB = '<span class="verb">{} </span>'  # said, and not shown, where the line would break
WORDS = {".md": "Source (.md)", ".pdf": "Print (.pdf)"}


def folder(app) -> Path:
    return Path(app.outdir).parent / "notebooks"


def bar(app, pagename: str, pathto) -> str:
    repository, path = app.book_repository, f"notebooks/{pagename}.ipynb"
    links = [
        ("binder", repository.binder(path), f"{VERB.format('Run in')}Binder"),
        ("colab", repository.colab(path), f"{VERB.format('Open in')}Colab"),
        ("notebook", pathto(path, 1), "Notebook"),
    ]
    if pagename != WORKBOOK and WORKBOOK in app.env.found_docs:
        links.append(("workbook", pathto(WORKBOOK), "Write it yourself"))
    items = "".join(
        f'<li><a href="{escape(url)}" class="btn-launch-{what}"'
        f"{' download' if what == 'notebook' else ''}>{text}</a></li>"
        for what, url, text in links
    )
    return f'<nav class="page-bar d-print-none" aria-label="This page"><ul>{items}</ul></nav>'


def part(app, pagename: str) -> str:
    """The part of the book that the page belongs to, and its place there."""
    for tree in app.config.external_site_map.root.subtrees:
        pages = [str(item) for item in tree.items]
        if tree.caption and pagename in pages:
            place = f"{pages.index(pagename) + 1} of {len(pages)}"
            return f'<div class="page-part d-print-none">{escape(tree.caption)}, {place}</div>'
    return ""


def arrange(app, pagename, templatename, context, doctree) -> None:
    buttons = context.get("header_buttons")
    if buttons is None:
        return
    repository = app.book_repository
    if doctree is not None and (folder(app) / f"{pagename}.ipynb").is_file():
        pathto = context["pathto"]
        above, begin, title = context["body"].partition("<h1")
        title, end, rest = title.partition("</h1>")
        context["body"] = above + part(app, pagename) + begin + title + end
        context["body"] += bar(app, pagename, pathto) + rest
        notebook = {
            "type": "link",
            "url": pathto(f"notebooks/{pagename}.ipynb", 1),
            "text": "Notebook (.ipynb)",
            "tooltip": "Download this page as a notebook, with its results",
            "icon": "fas fa-code",
            "label": "download-notebook-button",
        }
        for group in buttons:
            if group.get("label") == "download-buttons":
                group["buttons"].insert(0, notebook)
    for group in buttons:
        for button in group.get("buttons", ()):
            button["text"] = WORDS.get(button["text"], button["text"])
        if group.get("label") == "source-buttons":
            group["buttons"].append(
                {
                    "type": "link",
                    "url": f"{repository.url}/discussions",
                    "text": "Discussions",
                    "tooltip": "Ask or answer",
                    "icon": "fas fa-comments",
                    "label": "discussions",
                }
            )


def bring_notebooks(app, exception) -> None:
    """The site holds the notebooks that its pages link to."""
    if exception or app.builder.name != "html":
        return
    shutil.rmtree(Path(app.outdir) / "notebooks", ignore_errors=True)
    if folder(app).is_dir():
        shutil.copytree(folder(app), Path(app.outdir) / "notebooks")


def setup(app):
    app.connect("html-page-context", arrange, priority=900)
    app.connect("build-finished", bring_notebooks, priority=780)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
