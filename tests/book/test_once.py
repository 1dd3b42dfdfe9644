"""What is done once gives what the libraries give who do it again and again."""

import pytest
from book_build import once
from docutils import nodes
from sphinx import addnodes


def entry(name: str, *below: nodes.Node) -> nodes.list_item:
    link = nodes.reference("", name, internal=True, refuri=name, anchorname="")
    inner = [nodes.bullet_list("", *below)] if below else []
    return nodes.list_item("", addnodes.compact_paragraph("", "", link), *inner)


@pytest.mark.parametrize(
    "below",
    [
        (),
        (entry("a heading", entry("one below")), entry("another")),
        (entry("a heading"), addnodes.toctree("", entries=[], includefiles=[])),
    ],
)
def test_of_a_page_its_title_stays_and_the_pages_below_it(below):
    toc = nodes.bullet_list("", entry("a page", *[node.deepcopy() for node in below]))
    pages = list(toc.findall(addnodes.toctree))
    cut = once.titled(toc)
    assert [link.astext() for link in cut.findall(nodes.reference)] == ["a page"]
    assert list(cut.findall(addnodes.toctree)) == pages
