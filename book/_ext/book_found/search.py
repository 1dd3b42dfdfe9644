"""The index of the book's own search: a record for each section, term and name.

A section is found by its words, by the words of the glossary whose entries lead to it, with what
else they are called, and by the questions in `asked.yml` that it answers. The index is made by the
script that searches it, in V8; Sphinx's own scripts and index are left out of the site.
"""

import functools
import json
import re
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import yaml
from book_build import once
from book_light import formulas
from docutils import nodes
from py_mini_racer import MiniRacer
from sphinx import addnodes
from sphinx.errors import SphinxError
from sphinx.search import IndexBuilder
from sphinx.search.en import SearchEnglish

BOOK = Path(__file__).parents[2]
ASKED = BOOK / "asked.yml"
SCRIPT = BOOK / "_static" / "search.js"
EXCERPT = 150
NAME = 0.2  # what a name of the package is worth beside a section of the text
SENT = ("page", "place", "title", "worth", "asked", "shown", "text", "code")
LEFT_OUT = {"References", "Bibliography"}
ALSO = re.compile(r"[Aa]lso(?: called)?:? ([^.;]*)[.;]")
ADDRESS = re.compile(r"([\w/-]+)#(\S*)")
LOW = str.maketrans("0123456789+-=()ijt", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ᵢⱼₜ")
HIGH = str.maketrans("0123456789+-=()nt⋆", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿᵗ*")


class NoSuchPlace(SphinxError):
    category = "The book's search"


def engine() -> MiniRacer:
    made = MiniRacer()
    made.eval(f"var window = globalThis;\n{script()}")
    return made


def script() -> str:
    """The search, after what cuts words down to their stems: each Sphinx carries another."""
    stemmer = IndexBuilder.get_js_stemmer_code(SimpleNamespace(lang=SearchEnglish({})))
    return f"{stemmer}\n{SCRIPT.read_text(encoding='utf-8')}"


class Records:
    """The records of one page after another."""

    def __init__(self, names: dict[str, str], build: Path):
        self.names = names  # of the sources, by their keys
        self.line = functools.partial(line, build)
        self.all: dict[tuple[str, str], dict] = {}
        self.page = self.head = ""

    def add(self, place: str, title: str) -> dict:
        record = {"page": self.page, "place": place, "title": title, "head": self.head}
        record |= dict.fromkeys(("asked", "shown", "text", "said", "code"), "")
        record |= {"names": [place], "worth": 1}
        return self.all.setdefault((self.page, place), record)

    def read(self, page: str, doctree) -> None:
        self.page, self.head = page, ""
        for section in doctree.children:
            if isinstance(section, nodes.section):
                self.head = section.next_node(nodes.title).astext()
                self.walk(section, None)

    def walk(self, node, record) -> None:
        if isinstance(node, nodes.section) and isinstance(node.children[0], nodes.title):
            title = node.children[0].astext()
            if title in LEFT_OUT and record:
                return
            place = node["ids"][0] if record else ""
            record = self.add(place, title)
            record["names"] += node["ids"]
        elif isinstance(node, addnodes.desc_signature) and node.get("ids"):
            self.named = self.add(node["ids"][0], node["fullname"])
            self.named["worth"] = NAME
            return
        elif isinstance(node, addnodes.desc_content) and getattr(self, "named", None):
            record = self.named
        elif isinstance(node, nodes.definition_list_item):
            term = node.next_node(nodes.term)
            if term is not None and any(name.startswith("term-") for name in term["ids"]):
                record = self.add(term["ids"][0], term.astext())
                record["term"] = [r["reftarget"] for r in node.findall(addnodes.pending_xref)]
                record["term"] += [
                    r.get("refid") or r.get("refuri", "") for r in node.findall(nodes.reference)
                ]
        if isinstance(node, (nodes.title, nodes.term, nodes.comment, nodes.raw, nodes.target)):
            return
        if isinstance(node, (nodes.math, nodes.math_block)):
            return
        if isinstance(node, (nodes.literal_block, nodes.paragraph, nodes.caption)) and record:
            kind = {nodes.literal_block: "code", nodes.caption: "shown"}.get(type(node), "text")
            record[kind] += " " + words(node, self.names)
            if kind == "text" and len(record["said"]) <= EXCERPT:
                record["said"] += " " + words(node, self.names, self.line)
            return
        for child in node.children:
            self.walk(child, record)


def words(node, names: dict[str, str], formula=lambda latex: "…") -> str:
    """The text of a node: a source by its name, and a formula as something makes text of it."""
    if isinstance(node, nodes.math):
        return formula(node.astext())
    if isinstance(node, addnodes.pending_xref) and node.get("refdomain") == "cite":
        return ", ".join(names.get(key, key) for key in node["reftarget"].split(","))
    if isinstance(node, nodes.Text):
        return node.astext()
    return "".join(words(child, names, formula) for child in node.children)


def line(build: Path, latex: str) -> str:
    """A formula in one line of text, as far as that can be done; else three points."""
    _, _, spoken = formulas.remember(build, latex, False).rpartition('<span class="math-spoken">')
    text = flat(ElementTree.fromstring(spoken.removesuffix("</span>")))
    return "…" if text is None else re.sub(r"(^|\() ?− ", r"\1−", " ".join(text.split()))


def flat(element) -> str | None:
    """MathML as text, or nothing if it would not be read rightly."""
    tag = element.tag.rpartition("}")[2]
    parts = [flat(child) for child in element]
    if tag in ("mi", "mn", "mtext", "ms"):
        return element.text or ""
    if tag == "mo":
        sign = (element.text or "").replace("\u2061", " ")  # after the name of a function
        return f" {sign} " if sign in "=<>≤≥≈∈←→+−×≪≫∼∝" else sign
    if None in parts:
        return None
    if tag in ("math", "mrow", "mstyle", "mpadded", "TeXAtom"):
        return "".join(parts)
    if tag == "mspace":
        return " "
    if tag in ("msub", "msup", "msubsup"):
        where = {"msub": (LOW,), "msup": (HIGH,)}.get(tag, (LOW, HIGH))
        base, *small = (re.sub(r"\s", "", part).replace("−", "-") for part in parts)
        moved = "".join(each.translate(to) for each, to in zip(small, where, strict=True))
        changed = not set(moved) & set("".join(small))
        return base + moved if changed and (len(base) == 1 or base.isdigit()) else None
    if tag == "msqrt" and len("".join(parts).strip()) == 1:
        return "√" + "".join(parts).strip()
    if tag == "mfrac" and all(len(part.strip()) == 1 for part in parts):
        return "/".join(part.strip() for part in parts)
    return None


def excerpt(record: dict) -> str:
    text = " ".join((record["said"] or record["shown"]).split())
    text = re.sub(r"[\s…]*…[\s…]*", " … ", text).strip()
    return text if len(text) <= EXCERPT else text[: text.rfind(" ", 0, EXCERPT)] + " …"


def labelled(env, records: Records) -> dict[str, dict]:
    """The record that each label of the book leads to."""
    places = {(r["page"], name): r for r in records.all.values() for name in r["names"]}
    labels = env.domaindata["std"]["anonlabels"]
    return {
        label: places.get((page, place)) or places.get((page, ""))
        for label, (page, place) in labels.items()
    }


def gather(env, build: Path) -> list[dict]:
    """All records, with the words by which they are asked for."""
    cited = env.get_domain("cite").citations
    records = Records({each.key: each.formatted_entry.label for each in cited}, build)
    for page in sorted(env.found_docs):
        records.read(page, env.get_doctree(page))
    labels = labelled(env, records)
    for record in list(records.all.values()):
        if "term" in record:
            also = " ".join(ALSO.findall(record["text"]))
            record["asked"] += f" {also}"
            for label in record["term"]:
                if labels.get(label) is not None:
                    labels[label]["asked"] += f" {record['title']} {also}"
    for address, asked in yaml.safe_load(ASKED.read_text(encoding="utf-8")).items():
        page, place = ADDRESS.fullmatch(address).groups()
        if page not in env.found_docs:
            continue  # a book of a few pages
        found = [r for r in records.all.values() if r["page"] == page and place in r["names"]]
        if not found:
            raise NoSuchPlace(f"{ASKED.name}: {address}: no such section")
        found[0]["asked"] += " " + " ".join(asked)
    return [
        {
            **{what: record[what] for what in SENT},
            "head": record["head"] if record["place"] else "",
            "excerpt": excerpt(record),
        }
        for record in records.all.values()
    ]


def begin(app) -> None:
    """Sphinx makes no index: ours takes its place."""
    if app.builder.name == "html":
        for part in ("load_indexer", "index_page", "dump_search_index"):
            setattr(app.builder, part, lambda *_: None)


def load(app, pagename, templatename, context, doctree) -> None:
    script = context["pathto"]("_static/search.js", 1)
    context["metatags"] = context.get("metatags", "") + f'<script defer src="{script}"></script>'


def write(app, exception) -> None:
    if exception or app.builder.name != "html":
        return
    site = Path(app.outdir)
    gathered = gather(once.finished(app.env), site.parent)
    made = engine().call("BookSearch.index", gathered)
    text = json.dumps(made, ensure_ascii=False, separators=(",", ":"))
    (site / "searchindex.js").write_text(f"window.BOOK_INDEX={text}", encoding="utf-8")
    (site / "_static" / "search.js").write_text(script(), encoding="utf-8")
    for unused in ("searchtools.js", "language_data.js"):
        (site / "_static" / unused).unlink(missing_ok=True)


def setup(app):
    app.connect("builder-inited", begin)
    app.connect("html-page-context", load)
    app.connect("build-finished", write, priority=650)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
