"""A style sheet keeps the rules that some page or script can need.

The theme styles two thousand icons and all of Bootstrap, and a reader's first visit waits for it.
A selector stays if each class in it stands on some page or is a word of some script, but for the
parts of Bootstrap's script that no page has. A property of the sheet's own stays if one that stays
reads it.
"""

import hashlib
import os
import re
from pathlib import Path

import tinycss2
from book_build import remembered

WORD = re.compile(r"[A-Za-z_][\w-]*")
# Two patterns, each looked for from its first letters, which takes a third of the time of one.
USES = (re.compile(r'class=(?<=\sclass=)"[^"]*"'), re.compile(r"<script.*?</script>", re.S))
CLASS = re.compile(r"\.(-?[A-Za-z_][\w-]*)")
BRACKETED = re.compile(r"\([^()]*\)|\[[^]]*\]")
NESTED = {"media", "supports"}
ADDRESS = re.compile(r"url\(['\"]?(?!data:|https?:|#|/)([^'\")]+)['\"]?\)")
IMPORT = re.compile(r"@import ['\"]([^'\"]+)['\"];")
SHEET = re.compile(
    r'<link\b(?=[^>]*rel="stylesheet")[^>]*?href="([^":]*?_static/)([^"?]+)[^"]*"[^>]*>\n?'
)
PARTS = ("carousel", "list-group", "modal", "offcanvas", "popover", "toast")
OWN = re.compile(r"--[\w-]+")
STATED = re.compile(rf"""(?<=[{{;\s])({OWN.pattern})\s*:(?:"[^"]*"|'[^']*'|[^;{{}}"'])*;?""")
READ = re.compile(rf"var\(\s*({OWN.pattern})")
BUNDLE = "all-"
# Before anything is shown: light or dark, which the theme's script decides when all is there; and
# the letters of the first screen, or the text jumps when they come (a file may not ask for them).
EARLY = """((at) => { const page = document.documentElement.dataset;
if (page.theme === "auto") page.theme =
matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
location.protocol === "file:" || ["serif", "sans", "mono"].forEach((name) =>
document.head.append(Object.assign(document.createElement("link"), {rel: "preload", as: "font",
type: "font/woff2", crossOrigin: "", href: `${at}fonts/${name}.woff2`})))})"""


def can_match(selector: str, words: set[str]) -> bool:
    """Whether the words hold all its classes; brackets, as in :not(), are not looked into."""
    while BRACKETED.search(selector):
        selector = BRACKETED.sub("", selector)
    return words.issuperset(CLASS.findall(selector))


def selectors(prelude: list) -> list[str]:
    """The parts of a rule's prelude between the commas that stand outside of brackets."""
    parts: list[list] = [[]]
    for token in prelude:
        if token == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return [tinycss2.serialize(part).strip() for part in parts]


def pruned(rules: list, words: set[str]) -> str:
    """The rules that can match, as text."""
    kept = []
    for rule in rules:
        if rule.type == "qualified-rule":
            matching = [s for s in selectors(rule.prelude) if can_match(s, words)]
            if matching:
                kept.append(f"{','.join(matching)}{{{tinycss2.serialize(rule.content)}}}")
        elif rule.type == "at-rule" and rule.lower_at_keyword in NESTED:
            inner = tinycss2.parse_rule_list(rule.content, True, True)
            inside = pruned(inner, words)
            if inside:
                kept.append(f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{inside}}}")
        else:
            kept.append(rule.serialize())
    return "\n".join(kept)


def read_only(sheets: dict[Path, str], elsewhere: set[str]) -> dict[Path, str]:
    """The sheets without those properties of their own that neither they nor others read."""
    while True:
        read = elsewhere.union(*(READ.findall(sheet) for sheet in sheets.values()))

        def kept(match: re.Match, read=read) -> str:
            return match[0] if match[1] in read else ""

        less = {path: STATED.sub(kept, sheet) for path, sheet in sheets.items()}
        if less == sheets:
            return sheets
        sheets = less  # what was read for those that are gone alone


def prune(app, exception) -> None:
    if exception or app.builder.name != "html":
        return
    site = Path(app.outdir)
    words: set[str] = set()
    said: set[str] = set()
    parts: set[str] = set()  # most stand on every page
    own: set[str] = set()
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        parts.update(part for uses in USES for part in uses.findall(text))
        own.update(OWN.findall(text))
    for part in parts:
        words.update(WORD.findall(part))
    for script in site.rglob("*.js"):
        if "python" in script.parts:  # an interpreter, brought later, that styles nothing
            continue
        text = script.read_text(encoding="utf-8")
        said.update(WORD.findall(text))
        own.update(OWN.findall(text))
    words |= {word for word in said if not word.startswith(tuple(set(PARTS) - words))}
    sheets = {}
    for sheet in (site / "_static").rglob("*.css"):
        if sheet.name.startswith(BUNDLE):  # of an earlier build: it is made anew, by its first line
            continue
        text = sheet.read_text(encoding="utf-8")
        known = sorted(words.intersection(CLASS.findall(text)))
        sheets[sheet] = remembered.remember(
            site.parent,
            "styles",
            "\n".join([text, *known]),
            lambda text=text: pruned(tinycss2.parse_stylesheet(text, True, True), words),
        )
    for sheet, text in read_only(sheets, own).items():
        sheet.write_text(text, encoding="utf-8")


def moved(sheet: Path, folder: Path) -> str:
    """Its text with what it imports, as it would stand in another folder."""

    def address(match: re.Match) -> str:
        return f"url({Path(os.path.relpath(sheet.parent / match[1], folder)).as_posix()})"

    text = sheet.read_text(encoding="utf-8").replace('@charset "UTF-8";', "")
    text = ADDRESS.sub(address, text)
    return IMPORT.sub(lambda found: moved(sheet.parent / found[1], folder), text)


def bundled(folder: Path, sheets: list[str]) -> str:
    """One style sheet in the place of several of that folder; its first line says which."""
    whole = [f"/* {' '.join(sheets)} */"]
    for sheet in sheets:
        whole.append(moved(folder / sheet, folder))
    return "\n".join(whole)


def bundle(app, exception) -> None:
    """A page asks once for its style sheets, not ten times, before it shows anything."""
    if exception or app.builder.name != "html":
        return
    folder, made = Path(app.outdir) / "_static", {}
    for page in Path(app.outdir).rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        links = SHEET.findall(text)
        if folder in page.parents or not links:  # the themes' own templates lie among the files
            continue
        sheets = [sheet for _, sheet in links]
        if sheets[0].startswith(BUNDLE):  # a page of an earlier build
            name = sheets[0]
            with (folder / name).open(encoding="utf-8") as old:
                sheets = old.readline().strip("/* \n").split()
        else:
            name = f"{BUNDLE}{hashlib.sha256(' '.join(sheets).encode()).hexdigest()[:8]}.css"
        if name not in made:
            one = bundled(folder, sheets)
            (folder / name).write_text(one, encoding="utf-8")
            made[name] = hashlib.sha256(one.encode()).hexdigest()[:8]
        link = f'<link rel="stylesheet" href="{links[0][0]}{name}?v={made[name]}" />\n'
        if EARLY not in text:
            link = f"<script>{EARLY}({links[0][0]!r})</script>\n{link}"
        first = iter([link])
        page.write_text(SHEET.sub(lambda _, first=first: next(first, ""), text), encoding="utf-8")


def calm_code(app, config) -> None:
    """In the dark, code in the colours of the page rather than in neon."""
    config.html_theme_options["pygments_dark_style"] = "github-dark"


def setup(app):
    app.connect("config-inited", calm_code)
    app.connect("build-finished", prune, priority=700)
    app.connect("build-finished", bundle, priority=860)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
