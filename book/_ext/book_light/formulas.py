"""Set the mathematics while the book is built, so that a page needs no script and no font for it.

MathJax runs once, in V8, on the machine that builds. Each formula becomes an SVG drawing, the same
on every device, and MathML beside it, unseen, for those who listen. A formula that TeX would refuse
is a warning that names the page and the line.
"""

import atexit
import functools
import importlib.util
from html import escape
from pathlib import Path

from book_build import remembered
from docutils import nodes
from py_mini_racer import JSEvalException, MiniRacer
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

logger = logging.getLogger(__name__)

PACKAGES = ("newcommand", "ams", "boldsymbol", "mathtools")
PARTS = (
    "core",
    "adaptors/liteDOM",
    "input/tex-base",
    *(f"input/tex/extensions/{name}" for name in PACKAGES),
    "output/svg",
    "output/svg/fonts/tex",
)
PROGRAM = """
const {adaptors, core, handlers, input, mathjax, output} = MathJax._;
const page = adaptors.liteAdaptor.liteAdaptor();
handlers.html_ts.RegisterHTMLHandler(page);
const refuse = (_, error) => { throw new Error(error.message); };
const tex = new input.tex_ts.TeX({packages: PACKAGES, formatError: refuse});
const font = new output.svg.fonts.tex_ts.TeXFont();
const svg = new output.svg_ts.SVG({fontCache: "none", font: font});
const typesetter = mathjax.mathjax.document("", {InputJax: tex, OutputJax: svg});
const mathml = new core.MmlTree.SerializedMmlVisitor.SerializedMmlVisitor();
function typeset(latex, display) {
  try {
    const where = {display: display, em: 16, ex: 8, containerWidth: 1280};
    const drawing = page.innerHTML(typesetter.convert(latex, where));
    return [drawing, mathml.visitTree(tex.mathNode), ""].join("\\0");
  } catch (error) { return ["", "", error.message].join("\\0"); }
}
"""


@functools.cache
def engine() -> MiniRacer:
    package = importlib.util.find_spec("sphinx-mathjax-offline")
    library = Path(package.origin).parent / "static" / "mathjax"
    context = MiniRacer()
    atexit.register(context.close)  # left to the interpreter's own end it hangs
    context.eval("globalThis.MathJax = {}")
    for part in PARTS:
        context.eval((library / f"{part}.js").read_text(encoding="utf-8"))
    context.eval(PROGRAM.replace("PACKAGES", str(["base", *PACKAGES])))
    return context


@functools.cache
def typeset(latex: str, display: bool) -> str:
    """The formula as HTML. Raises ValueError, with MathJax's words, for one that is not TeX."""
    try:
        drawing, mathml, error = engine().call("typeset", latex, display).split("\0")
    except JSEvalException as crash:
        error = str(crash).splitlines()[0]
    if error:
        raise ValueError(error)
    drawing = drawing.replace(' role="img" focusable="false"', ' aria-hidden="true"', 1)
    return f'{drawing}<span class="math-spoken">{" ".join(mathml.split())}</span>'


@functools.cache
def program() -> str:
    """What a formula's drawing depends on beside the formula."""
    carrier = remembered.installed()["sphinx-mathjax-offline"]
    return carrier + Path(__file__).read_text(encoding="utf-8")


def remember(build: Path, latex: str, display: bool) -> str:
    """As `typeset`, once for all builds."""
    key = f"{program()}\0{display}\0{latex}"
    return remembered.remember(build, "math", key, lambda: typeset(latex, display))


def html(translator, node: nodes.Node, latex: str, display: bool) -> str:
    try:
        formula = remember(Path(translator.builder.outdir).parent, latex, display)
    except ValueError as error:
        logger.warning("this is not TeX: %s: %s", error, latex, location=node)
        return ""
    if translator.builder.name == "singlehtml":  # a PDF takes words, and no MathML
        drawing = formula[: formula.index('<span class="math-spoken">')]
        return drawing.replace('aria-hidden="true"', f'role="img" aria-label="{escape(latex)}"', 1)
    return formula


def visit_math(self, node) -> None:
    self.body.append(self.starttag(node, "span", "", CLASS="math notranslate nohighlight"))
    self.body.append(html(self, node, node.astext(), display=False) + "</span>")
    raise nodes.SkipNode


def visit_math_block(self, node) -> None:
    latex = node.astext()
    if not node["nowrap"] and r"\\" in latex and r"\begin" not in latex:
        latex = rf"\begin{{split}}{latex}\end{{split}}"
    self.body.append(self.starttag(node, "div", CLASS="math notranslate nohighlight"))
    formula = html(self, node, latex, display=True)
    self.body.append(f'<div class="math-formula" tabindex="0">{formula}</div>')
    if node["number"]:
        number = get_node_equation_number(self, node)
        self.body.append(f'<span class="eqno">({number})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer("drawn", (visit_math, None), (visit_math_block, None))
    app.config.html_math_renderer = "drawn"
    return {"parallel_read_safe": True, "parallel_write_safe": True}
