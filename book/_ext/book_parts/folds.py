"""A solution folds as the browser folds: by `<details>`, without a script, under its own title.

The extension for exercises gives the body of each of them the same id; here each has its own.
"""

from docutils import nodes
from sphinx_exercise.nodes import solution_node

BODIES = {"exercise-content", "solution-content"}


def name_bodies(app, doctree) -> None:
    for section in doctree.findall(nodes.section):
        if BODIES & set(section["ids"]):
            section["ids"] = [f"{section.parent['label']}-body"]


class fold_title(nodes.title):
    """The title under which a solution is folded."""


def name_folds(app, doctree, docname) -> None:
    """The title of a fold is one control; its link to the exercise above would be another."""
    for solution in doctree.findall(solution_node):
        title = solution.next_node(nodes.title)
        for link in list(title.findall(nodes.reference)):
            link.replace_self(link.children)
        title.replace_self(fold_title("", "", *title.children))


def visit_solution(self, node) -> None:
    self.body.append(self.starttag(node, "details", CLASS="admonition"))


def depart_solution(self, node) -> None:
    self.body.append("</details>\n")


def visit_title(self, node) -> None:
    self.body.append(self.starttag(node, "summary", "", CLASS="admonition-title"))


def depart_title(self, node) -> None:
    self.body.append("</summary>\n")


def override(app, config) -> None:
    app.add_node(solution_node, override=True, html=(visit_solution, depart_solution))


def setup(app):
    app.add_node(fold_title, html=(visit_title, depart_title))
    app.connect("config-inited", override)
    app.connect("doctree-read", name_bodies)
    app.connect("doctree-resolved", name_folds, priority=1000)  # when the notebook is written
    return {"parallel_read_safe": True, "parallel_write_safe": True}
