"""What folds, folds as the browser folds: by `<details>`, without a script, under its own title.

A solution does; the extension for exercises gives the body of each of them the same id, and here
each has its own. So does a cell that only imports: what it says is looked up, not read, and it
stands above the first figure.
"""

import ast

from docutils import nodes
from sphinx_exercise.nodes import solution_node

BODIES = {"exercise-content", "solution-content"}


def name_bodies(app, doctree) -> None:
    for section in doctree.findall(nodes.section):
        if BODIES & set(section["ids"]):
            section["ids"] = [f"{section.parent['label']}-body"]


def only_imports(code: str) -> bool:
    try:
        statements = ast.parse(code).body
    except SyntaxError:  # a magic of notebooks
        return False
    return bool(statements) and all(isinstance(s, (ast.Import, ast.ImportFrom)) for s in statements)


def fold_imports(app, doctree) -> None:
    for cell in doctree.findall(nodes.container):
        if cell.get("nb_element") != "cell_code" or cell.get("hide_mode"):
            continue
        parts = [part.get("nb_element") for part in cell.children]
        if parts == ["cell_code_source"] and only_imports(cell[0].astext()):
            cell["classes"].append("tag_hide-input")
            cell["hide_mode"] = "input"
            cell["prompt_show"], cell["prompt_hide"] = "Show imports", "Hide imports"


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
    app.connect("doctree-read", fold_imports)
    app.connect("doctree-resolved", name_folds, priority=1000)  # when the notebook is written
    return {"parallel_read_safe": True, "parallel_write_safe": True}
