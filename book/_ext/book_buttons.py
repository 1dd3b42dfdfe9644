"""The buttons above a page: open it in Binder or Colab, or take it along.

The theme's own launch buttons lead to the Markdown source, which neither can open. These lead to
the published notebook of the page, and a page without one has none.
"""

from pathlib import Path


def launch(repository, path: str) -> dict:
    def link(name: str, url: str) -> dict:
        return {
            "type": "link",
            "url": url,
            "text": name,
            "tooltip": f"Open this page in {name}",
            "icon": "fas fa-rocket",
            "label": f"launch-{name.lower()}",
        }

    return {
        "type": "group",
        "tooltip": "Run this page",
        "icon": "fas fa-rocket",
        "label": "launch-buttons",
        "buttons": [
            link("Binder", repository.binder(path)),
            link("Colab", repository.colab(path)),
        ],
    }


def arrange(app, pagename, templatename, context, doctree) -> None:
    buttons = context.get("header_buttons")
    if buttons is None:
        return
    repository = app.book_repository
    notebook = Path(app.outdir).parent / "notebooks" / f"{pagename}.ipynb"
    if doctree is not None and notebook.is_file():
        buttons.insert(0, launch(repository, f"notebooks/{pagename}.ipynb"))
    for group in buttons:
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


def setup(app):
    app.connect("html-page-context", arrange, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
