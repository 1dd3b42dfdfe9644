"""Every figure has words for those who do not see it; a figure without them is a warning."""

from docutils import nodes
from sphinx.util import logging

logger = logging.getLogger(__name__)


def in_cell(node) -> nodes.Node | None:
    while node is not None:
        if isinstance(node, nodes.container) and node.get("nb_element") == "cell_code":
            return node
        node = node.parent
    return None


def check(app, doctree, docname) -> None:
    for image in doctree.findall(nodes.image):
        words = image.get("alt", "").strip()
        if not words or words.endswith((".png", ".svg", ".jpg")):
            how = "mystnb: image: alt:" if in_cell(image) else ":alt:"
            place = in_cell(image) or image
            logger.warning("a figure has no alternative text (%s)", how, location=place)


def setup(app):
    app.connect("doctree-resolved", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
