"""What a page need not load, and what the theme gets wrong, mended where the page is rendered.

The theme draws two dozen icons with 1.5 MB of script. Its style sheet can draw them from fonts; we
leave the script out and cut the fonts down to the icons that the book shows.
"""

import re
from pathlib import Path

import pydata_sphinx_theme
from book_build import remembered
from fontTools import subset
from jinja2 import FileSystemBytecodeCache
from sphinx.util import logging

logger = logging.getLogger(__name__)

# Looked for from its first letters, which takes a twentieth of the time.
ICON = re.compile(r"fa-(?<!\wfa-)([a-z0-9-]+)")
INLINE = re.compile(r"[ \t]*<script(?![^>]*\bsrc=)[^>]*>.*?</script>\n?", re.DOTALL)
CHATTER = re.compile(r"console\.(log|info|debug)\(")
KNOWN = {  # whose pages these mend; the older ones are those of Python 3.10
    "sphinx-book-theme": ("1.1", "1.3"),
    "pydata-sphinx-theme": ("0.15", "0.17"),
}
UNUSED = ("*.map", "fontawesome.js*", "sphinx-thebe.*", "togglebutton.*", "webpack-macros.html")
MENDED = [
    # scripts that nothing on the page uses: icons, live code, Sphinx's search in place of ours
    (r'<script[^>]*src="[^"]*(fontawesome|sphinx-thebe)\.js[^"]*"[^>]*></script>', ""),
    (r'<script[^>]*src="[^"]*(searchtools|language_data|searchindex)\.js[^"]*"[^>]*></script>', ""),
    (r'<script type="text/x-thebe-config">.*?</script>', ""),
    (r"<script>(kernelName = |const THEBE_JS_URL)[^<]*</script>", ""),
    (r'<link[^>]*href="[^"]*sphinx-thebe\.css[^"]*"[^>]*>', ""),
    # a header that the book does not show held menu buttons: the theme's scripts bind the first
    # that they find, and those that a reader sees were dead
    (r'(<header id="pst-header"[^>]*>).*?(</header>)', r"\1\2"),
    (r'<div id="ethical-ad-placement"[^>]*></div>', ""),
    # solutions fold without a script
    (r"<script[^>]*>(let toggle\w+ = |var togglebuttonSelector = )[^<]*</script>", ""),
    (r'<script[^>]*src="[^"]*togglebutton\.js[^"]*"[^>]*></script>', ""),
    (r'<link[^>]*href="[^"]*togglebutton\.css[^"]*"[^>]*>', ""),
    # scripts come after the letters: none is brought early, and none is waited for
    (r'<link rel="preload" as="script"[^>]*>\n?', ""),
    (r"<script>(DOCUMENTATION_OPTIONS\.)", r'<script type="module">\1'),
    # without a script a page had no colours at all
    (r'(<html[^>]*) data-theme="auto"', r'\1 data-theme="light"'),
    # stated twice by the theme
    (r'<meta name="viewport" content="width=device-width, initial-scale=1"\s*/>', ""),
    # a button is called what stands on it
    (r'(<button[^>]*search-button-field[^>]*?) aria-label="[^"]*"', r"\1"),
    (r'(<button[^>]*sidebar-toggle[^>]*?title="([^"]*)")', r'\1 aria-label="\2"'),
    (r'(<i class="fa[^"]*")(?![^>]*data-mode)', r'\1 aria-hidden="true"'),
    (r'(<summary) aria-label="Toggle hidden content"', r"\1"),
    (r">(Show|Hide) code cell source<", r">\1 the code<"),
    (r">(Show|Hide) code cell output<", r">\1 the output<"),
    (r">(Show|Hide) code cell content<", r">\1 the code and its output<"),
    (r"Toggle primary sidebar", "Chapters"),
    (r"Toggle secondary sidebar", "On this page"),
    # roles that their elements may not have, and a sidebar that is no landmark
    (r'((?:rel="canonical" href|property="og:url" content)="[^"]*/)index\.html"', r'\1"'),
    (r' role="doc-(biblioentry|bibliography|backlink)"', ""),
    (r"<th[^>]*>\s*(<p>\s*</p>)?\s*</th>", "<td></td>"),
    (r'(<div) role="list"( class="citation-list")', r"\1\2"),
    (r'(<div id="pst-primary-sidebar")', r'\1 role="region" aria-label="The book"'),
]
# The theme makes what scrolls a stop for the tabulator, asking and writing by turns: each time the
# whole page is laid out anew, and what is folded with it.
STOPS = re.compile(
    r'=\(\)=>\{(document\.querySelectorAll\(\["pre",[^)]*\))\)\.forEach\((\w)=>\{\2\.tabIndex=([^?}]*)\?0:-1\}\)\}'
    r"(,(\w)=\w+\(\w,300\);)"
)
MENDED_STOPS = (
    r"=()=>{[...\1)].filter(\2=>\2.checkVisibility?.()??true)"
    r".map(\2=>[\2,\3?0:-1]).forEach(([\2,to])=>{\2.tabIndex=to})}\4"
    r'document.addEventListener("toggle",\5,true);'
)
MENDED = [(re.compile(pattern, re.DOTALL), to) for pattern, to in MENDED]
DEFERRED = re.compile(r'<script ((?:data-[\w-]+="[^"]*" )?src="[^"]*_static/[^"]*")>')


def mend(page: str) -> str:
    for pattern, replacement in MENDED:
        page = pattern.sub(replacement, page)
    page = DEFERRED.sub(r"<script defer \1>", page)
    seen = set()

    def once(match: re.Match) -> str:
        script = match.group(0).strip()
        if script in seen:
            return ""
        seen.add(script)
        return CHATTER.sub("void(", match.group(0))

    return INLINE.sub(once, page)


def other_themes() -> dict[str, str]:
    """The themes whose pages were never looked at with these patterns, and their versions."""
    there = {name: remembered.installed().get(name, "absent") for name in KNOWN}
    return {name: v for name, v in there.items() if ".".join(v.split(".")[:2]) not in KNOWN[name]}


def wrap_templates(app) -> None:
    if app.builder.format != "html":
        return
    for name, version in other_themes().items():
        logger.info("%s is %s; its pages are mended as those of %s", name, version, KNOWN[name][-1])
    compiled = Path(app.outdir).parent / remembered.REMEMBERED / "templates"
    compiled.mkdir(parents=True, exist_ok=True)  # Jinja knows by a template's text which is its own
    app.builder.templates.environment.bytecode_cache = FileSystemBytecodeCache(str(compiled))
    render = app.builder.templates.render
    app.builder.templates.render = lambda template, context: mend(render(template, context))


def icons_used(static: Path, pages) -> set[int]:
    """The code points of the icons that pages name and that the style sheet sets by itself."""
    css = (static / "styles" / "pydata-sphinx-theme.css").read_text(encoding="utf-8")
    names = set()
    for page in pages:
        names.update(ICON.findall(page.read_text(encoding="utf-8")))
    codes = {ord(icon) for icon in re.findall(r'--pst-icon-[\w-]+:\s*"(.)"', css)} | {0xF107}
    for rule in css.split("}"):  # a pattern for all of it tries every letter as a beginning
        selector, _, body = rule.rpartition("{")
        code = re.fullmatch(r'content:"\\([0-9a-f]+)"', body)
        if code and names & set(re.findall(r"\.fa-([a-z0-9-]+):+before", selector)):
            codes.add(int(code[1], 16))
    return codes


def cut_fonts(static: Path, codes: set[int]) -> None:
    fonts = Path("vendor", "fontawesome", "webfonts")
    theme = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"
    for font in (theme / fonts).glob("*.ttf"):
        options = subset.Options(flavor="woff2", hinting=False)
        loaded = subset.load_font(str(font), options)
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=codes)
        subsetter.subset(loaded)
        target = static / fonts / font.name
        subset.save_font(loaded, str(target.with_suffix(".woff2")), options)
        target.unlink(missing_ok=True)


def finish(app, exception) -> None:
    if exception or app.builder.name != "html":
        return
    static = Path(app.outdir) / "_static"
    cut_fonts(static, icons_used(static, Path(app.outdir).rglob("*.html")))
    for script in static.rglob("*.js"):
        text = script.read_text(encoding="utf-8")
        quiet = STOPS.sub(MENDED_STOPS, CHATTER.sub("void(", text))
        if quiet != text:
            script.write_text(quiet, encoding="utf-8")
    for unused in UNUSED:
        for path in static.rglob(unused):
            path.unlink()


def setup(app):
    app.connect("builder-inited", wrap_templates, priority=900)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
