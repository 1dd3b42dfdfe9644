"""Columns of numbers stand to the right, and rows have their names, in all tables."""

import re
from html import unescape

from tinytorch.lab.page import SUPERSCRIPT

TABLE = re.compile(r"<table\b[^>]*>(?:(?!<table\b).)*?</table>", re.S)
ROW = re.compile(r"<tr\b.*?</tr>", re.S)
CELL = re.compile(r"<t([hd])\b([^>]*)>(.*?)</t\1>", re.S)
NUMBER = re.compile(
    r"(?:[<>≤≥≈~±+−-] ?)?\d[\d,\u202f\u00a0]*(?:\.\d+)?"  # 1,024.5
    r"(?:e[+−-]?\d+|·10[⁻⁰¹²³⁴-⁹]+)?"
    r"(?: ?(?:%|×|x|[mµn]?s|min|h|[kMG]?B|ulp|points?))?"
)
POWER = re.compile(r"(?<=<td>)((?:&[lg]t;|[≤≥≈~±+−-])? ?\d[\d.]*)e([+-]\d+)(?=</td>)")
NOTHING = ("", "–", "—", "-")


def number_columns(table: str) -> list[int]:
    """The columns of numbers, counted from 1; never the first, which names the rows."""
    rows = [CELL.findall(row) for row in ROW.findall(table.rpartition("</thead>")[2])]
    if not rows or any("span" in attributes for row in rows for _, attributes, _ in row):
        return []
    found = []
    for at in range(1, min(map(len, rows))):
        said = [unescape(re.sub(r"<[^>]+>", "", row[at][2])).strip() for row in rows]
        numbers = [bool(NUMBER.fullmatch(text)) for text in said]
        others = (text in NOTHING for text, number in zip(said, numbers, strict=True) if not number)
        if any(numbers) and all(others):
            found.append(at + 1)
    return found


def typeset(table: str) -> str:
    """Cells with a number as programs write it, 2.5e-08, as people do: 2.5·10⁻⁸."""
    return POWER.sub(lambda cell: f"{cell[1]}·10{str(int(cell[2])).translate(SUPERSCRIPT)}", table)


def name_rows(table: str) -> str:
    """Where nothing stands above the first column, it names the rows, also for those who listen."""
    head, end, body = table.partition("</thead>")
    first = CELL.search(head)
    if not end or not first or re.sub(r"<[^>]+>", "", first[3]).strip():
        return table

    def named(row: re.Match) -> str:
        return CELL.sub(r'<th scope="row"\2>\3</th>', row[0], count=1)

    return head + end + ROW.sub(named, body)


def marked(match: re.Match) -> str:
    table = name_rows(typeset(match[0]))
    names = " ".join(f"n{at}" for at in number_columns(table) if at < 10)
    if not names:
        return table
    head, _, rest = table.partition(">")
    if 'class="' not in head:
        return f'{head} class="{names}">{rest}'
    return head.replace('class="', f'class="{names} ', 1) + ">" + rest


def mark(app, pagename, templatename, context, doctree) -> None:
    if "<table" in context.get("body", ""):
        context["body"] = TABLE.sub(marked, context["body"])


def setup(app):
    app.connect("html-page-context", mark)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
