"""Bets: a question, a control that takes the reader's answer, and what the page measured.

    :::{bet} Which one ends nearest to the star?
    :options: SGD, Momentum, Adam
    :answer: front-nearest
    :covers: fig-front

    It is {glue:text}`front-nearest`.
    :::

The answer is a number or a name that a cell has glued; without options a number is asked for,
right within the share that `within` gives; with `curve` the answer is a glued list of numbers, and
the reader draws one. Until the bet is placed, or the reader asks to be shown, the body and what
`covers` names stay hidden: figures, or cells by one of their tags; what several bets cover waits
for all of them. Without a script, in print and in notebooks a bet is its question and its body,
folded where that can be.
"""

import ast
import html
import re
from pathlib import Path

from book_copies import notebooks
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)
RECORD = "application/papermill.record/text/plain"
SCRIPT = "bets.js"


class bet(nodes.Admonition, nodes.Element):
    """A question and its answer."""


class bet_question(nodes.title):
    pass


class Bet(SphinxDirective):
    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec = {  # noqa: RUF012
        "options": directives.unchanged_required,
        "answer": directives.unchanged_required,
        "covers": directives.unchanged,
        "within": directives.nonnegative_int,
        "unit": directives.unchanged,
        "curve": directives.unchanged_required,
    }

    def run(self):
        if "answer" not in self.options:
            raise self.error("a bet needs :answer:, the name of something that a cell has glued")
        text, messages = self.state.inline_text(self.arguments[0], self.lineno)
        node = bet("", bet_question("", "", *text), classes=["bet"], settings=dict(self.options))
        node["settings"]["name"] = f"{self.env.docname}#{self.options['answer']}"
        self.set_source_info(node)
        self.state.nested_parse(self.content, self.content_offset, node)
        return [node, *messages]


def glued(app, docname: str) -> dict[str, str]:
    """What the cells of a page have glued, as text."""
    found = {}
    notebook = notebooks.executed(app, docname)
    for cell in notebook.cells if notebook else []:
        for output in cell.get("outputs", []):
            name = output.get("metadata", {}).get("scrapbook", {}).get("name")
            if name and RECORD in output.get("data", {}):
                found[name] = ast.literal_eval(output["data"][RECORD])
    return found


def plain(number: str) -> str:
    """A number as a program reads it."""
    return re.sub(r"[,\s]", "", number).replace("−", "-").rstrip("%")


def settle(app, doctree, docname) -> None:
    """Give each bet its answer, and warn where there is none."""
    elements = list(doctree.findall(nodes.Element))
    here = {name for e in elements for name in e["ids"]}
    here |= {c.removeprefix("tag_") for e in elements for c in e["classes"] if c.startswith("tag_")}
    for node in list(doctree.findall(bet)):
        settings = node["settings"]
        page, _, answer = settings["name"].partition("#")  # its own, where all are on one
        value = glued(app, page).get(answer)
        options = [o.strip() for o in settings.get("options", "").split(",") if o.strip()]
        if value is None:
            logger.warning(
                "a bet on %s, which no cell has glued", settings["answer"], location=node
            )
        elif options and value not in options:
            logger.warning("a bet whose answer %s is no option", value, location=node)
        elif not options and "curve" not in settings:
            try:
                float(plain(value))
            except ValueError:
                logger.warning("a bet on a number, but it is %s", value, location=node)
        settings["value"] = value or ""
        for name in filter(None, map(str.strip, settings.get("covers", "").split(","))):
            if name not in here:
                logger.warning("a bet covers %s, which is not here", name, location=node)


def visit(self, node) -> None:
    settings = node["settings"]
    data = {
        "name": settings["name"], "answer": settings.get("value", ""),
        "options": settings.get("options", ""), "covers": settings.get("covers", ""),
        "within": settings.get("within", 10), "unit": settings.get("unit", ""),
        "curve": settings.get("curve", ""),
    }  # fmt: skip
    attributes = " ".join(f'data-{k}="{html.escape(str(v))}"' for k, v in data.items() if v != "")
    self.body.append(f'<details class="bet admonition" {attributes}>')


def depart(self, node) -> None:
    self.body.append("</div></details>\n")


def visit_question(self, node) -> None:
    self.body.append('<summary class="admonition-title">')


def depart_question(self, node) -> None:
    self.body.append('</summary><div class="bet-answer">')


def add_script(app, pagename, templatename, context, doctree) -> None:
    if doctree is not None and next(iter(doctree.findall(bet)), None) is not None:
        app.add_js_file(SCRIPT, loading_method="defer")


def setup(app):
    app.add_node(bet, html=(visit, depart))
    app.add_node(bet_question, html=(visit_question, depart_question))
    app.add_directive("bet", Bet)
    app.connect("doctree-resolved", settle, priority=900)
    app.connect("html-page-context", add_script)
    assert (Path(__file__).parents[2] / "_static" / SCRIPT).is_file()
    return {"parallel_read_safe": True, "parallel_write_safe": True}
