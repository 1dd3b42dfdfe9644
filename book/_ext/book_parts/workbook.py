"""A step of the workbook, to be written in the page itself.

    :::{workbook} adam Adam.rule
    :::

names the answers that the step asks for. The reader opens it; only then its script is loaded, and
what the steps of the book are tried against: it is recorded while the book is built, from the
package as it is, whosever code draws the pages. Without a script, in print and in notebooks a
sentence says how to write the step in a file.
"""

import html
import json
import os
import subprocess
import sys
from pathlib import Path

from book_build import remembered
from docutils import nodes
from sphinx.errors import SphinxError
from sphinx.util.docutils import SphinxDirective

FILE = "_static/workbook.js"
LOADER = """<script>(() => {{
const load = (event) => {{
  if (!event.target.open || load.done) return;
  load.done = true;
  document.head.append(Object.assign(document.createElement("script"), {{ src: "{file}" }}));
}};
document.querySelectorAll(".workbook").forEach((e) => e.addEventListener("toggle", load));
}})()</script>"""


class StepsRefused(SphinxError):
    category = "The workbook"


class workbook(nodes.General, nodes.Element):
    """A step that is written in the page."""


class Workbook(SphinxDirective):
    required_arguments = 1
    final_argument_whitespace = True

    def run(self):
        from tinytorch.tito import lessons

        targets = self.arguments[0].split()
        lesson = next(
            (
                lesson
                for lesson in lessons.lessons()
                if {*targets} <= {e.target for e in lesson.exercises}
            ),
            None,
        )
        if lesson is None:
            raise self.error(f"no module of the course asks for {' and '.join(targets)}")
        node = workbook("", targets=targets, lesson=lesson.name)
        node += nodes.paragraph(
            "",
            "",
            nodes.Text("The page takes this step with JavaScript; as a file, "),
            nodes.literal("", f"tito start {lesson.number}"),
            nodes.Text(" gives it."),
        )
        self.set_source_info(node)
        return [node]


def visit(self, node) -> None:
    targets = [html.escape(target) for target in node["targets"]]
    named = " and ".join(f"<code>{target}</code>" for target in targets)
    self.body.append(
        f'<details class="workbook live-code" data-step="{" ".join(targets)}">'
        f"<summary>Write {named} here</summary>"
    )


def depart(self, node) -> None:
    self.body.append("</details>\n")


def remember_steps(app, doctree) -> None:
    found = list(doctree.findall(workbook))
    steps = app.env.metadata[app.env.docname]  # goes when the page is read again
    steps.pop("workbook", None)
    if found:
        steps["workbook"] = json.dumps([[node["lesson"], node["targets"]] for node in found])


def add_loader(app, pagename, templatename, context, doctree) -> None:
    if 'class="workbook live-code"' in context.get("body", ""):
        context["body"] += LOADER.format(file=context["pathto"](FILE, 1))


def recorded(app, name: str, steps: list) -> str:
    """The record of a lesson's steps, by the package itself: no learner's exports in its place."""
    import tinytorch

    package = Path(tinytorch.__file__).parent
    command = [sys.executable, "-m", "tinytorch.tito.recorded", name, json.dumps(steps)]
    kept = {k: v for k, v in os.environ.items() if k != "TINYTORCH_EXPORTS"}
    paths = [str(package.parent), kept.get("PYTHONPATH", "")]
    kept |= {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "PYTHONUTF8": "1"}

    def make() -> str:
        made = subprocess.run(command, env=kept, capture_output=True, text=True, encoding="utf-8")
        if made.returncode:
            raise StepsRefused(made.stderr)
        return made.stdout

    pages = {p.name: p for p in package.parent.glob(f"book/**/*{name}.md")}
    words = {"steps": json.dumps(steps), "python": sys.version, "numpy": package_version("numpy")}
    key = remembered.fingerprint(remembered.files(package), pages, words=words)
    return remembered.remember(Path(app.outdir).parent, "workbook", key, make)


def package_version(name: str) -> str:
    return remembered.installed()[name]


def write(app, exception) -> None:
    said = [data["workbook"] for data in app.env.metadata.values() if "workbook" in data]
    steps = [step for text in said for step in json.loads(text)]
    if exception is not None or app.builder.format != "html" or not steps:
        return
    from tinytorch.lab import live

    names = {name for name, _ in steps}
    if len(names) > 1:
        raise StepsRefused(
            f"the book has steps of one module, not of {' and '.join(sorted(names))}"
        )
    record = json.loads(recorded(app, names.pop(), [targets for _, targets in steps]))
    python = Path(app.outdir) / "_static" / "python"
    python.mkdir(parents=True, exist_ok=True)
    bench = live.worker("bench.js", "workbook.py", record.pop("given"))
    (python / "bench.js").write_text(bench, encoding="utf-8")
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    (python / "workbook.json").write_text(text, encoding="utf-8")
    target = Path(app.outdir) / FILE
    target.write_text(live.workbook(), encoding="utf-8")


def setup(app):
    app.add_node(workbook, html=(visit, depart))
    app.add_directive("workbook", Workbook)
    app.connect("doctree-read", remember_steps)
    app.connect("html-page-context", add_loader)
    app.connect("build-finished", write, priority=690)  # before what prunes for words
    return {"parallel_read_safe": True, "parallel_write_safe": True}
