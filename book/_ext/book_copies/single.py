"""The whole book on one page, for the PDF, is written as its pages are.

Where one extension names a writer for the single page, Sphinx asks no other for theirs; most have
only one for HTML.
"""


def as_pages(app) -> None:
    writers = app.registry.translation_handlers
    if app.builder.name == "singlehtml":
        writers["singlehtml"] = {**writers.get("singlehtml", {}), **writers.get("html", {})}


def setup(app):
    app.connect("builder-inited", as_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
