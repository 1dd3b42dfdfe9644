"""Pages about grades: one for each learner, one for the teacher. Plain HTML, nothing fetched."""

import re
from html import escape
from pathlib import Path

import numpy as np

from tinytorch.tito import chapter, classroom, lessons
from tinytorch.tito.classroom import Record
from tinytorch.tito.judge import expectation

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>
:root {{ color-scheme: light dark; --ink: #222; --soft: #666; --paper: #fdfcf9; --line: #ddd;
  --good: #007a5a; --bad: #b3400e; --blue: #0067a8; }}
@media (prefers-color-scheme: dark) {{ :root {{ --ink: #e6e3dc; --soft: #a5a29a; --paper: #17181a;
  --line: #3a3b3e; --good: #4fc3a1; --bad: #f0925b; --blue: #6cb6ee; }} }}
body {{ font: 17px/1.55 Georgia, "Times New Roman", serif; color: var(--ink);
  background: var(--paper); max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }}
h1, h2 {{ line-height: 1.2; font-weight: 600; }} .soft, summary {{ color: var(--soft); }}
table {{ border-collapse: collapse; width: 100%; }} td, th {{ text-align: left;
  border-bottom: 1px solid var(--line); padding: .3rem .6rem .3rem 0; vertical-align: top; }}
td.n, th.n {{ text-align: right; font-variant-numeric: tabular-nums; }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; font-size: .85rem;
  border-left: 3px solid var(--bad); padding-left: .8rem; }}
.good {{ color: var(--good); }} .bad {{ color: var(--bad); }} svg {{ max-width: 100%; }}
.bar {{ display: inline-block; height: .7em; background: var(--blue); }}
summary {{ min-height: 44px; cursor: pointer; }}
</style></head><body>
{body}
</body></html>
"""


def page(title: str, body: str) -> str:
    return PAGE.format(title=escape(title), body=body)


def file_name(record: Record) -> str:
    """A name for a learner's page that every system takes."""
    plain = re.sub(r"[^\w.-]+", "-", record.learner).strip("-.") or "learner"
    return f"{plain[:60]}-{record.module}-{record.key[:6]}.html"


def learner(record: Record) -> str:
    """One learner's page: what was tried, where it parts, the mistake's name, where to read."""
    lesson = lessons.load(record.module)
    parts = [
        f"<h1>{lesson.number} {escape(lesson.title)}: {escape(record.learner)}</h1>",
        f"<p><b>{record.points:g} of {record.of:g} points.</b> "
        f'<span class="soft">Read about it in {escape(chapter.address(lesson).strip("`"))}. '
        f"Numbers drawn from seed {record.seed}; the same again: "
        f"<code>tito test {lesson.number} --seed {record.seed}</code></span></p>",
    ]
    if record.problem:
        parts.append(f'<p class="bad">{escape(record.problem)}</p>')
    bad = [c for c in record.checks if c["points"] < c["of"]]
    said = set()
    for check in [] if record.problem else bad:
        words = check["mistake"] or "\n".join(check["told"][1:])
        text = "\n".join(check["told"]) if words not in said else check["told"][0]
        said.add(words)
        parts.append(f"<pre>{escape(text)}</pre>")
    parts += [drawn(record, check) for check in record.checks if check["seen"]]
    good = [c for c in record.checks if c["points"] == c["of"]]
    listed = "".join(f"<li>{escape(c['check'])} ({escape(c['state'])})</li>" for c in good)
    parts.append(
        f'<details><summary class="good">{len(good)} checks are right</summary>'
        f"<ul>{listed}</ul></details>"
    )
    return page(f"{lesson.title}: {record.learner}", "\n".join(parts))


def drawn(record: Record, check: dict) -> str:
    """The learner's way down beside the package's: the loss against the step."""
    lesson = lessons.load(record.module)
    right = [v for _, v in expectation(lesson, lesson.check(check["check"]))]
    mine = [v for _, v in check["seen"]]
    curves = [(right, "var(--soft)", "the package"), (mine, "var(--blue)", "yours")]
    width, height, lines = 460, 190, []
    for values, colour, name in curves:
        try:
            points = np.asarray(values, float).reshape(-1, 2)
        except (TypeError, ValueError):
            return ""
        with np.errstate(all="ignore"):
            loss = np.log10(np.clip((points**2) @ np.array([0.5, 5.0]), 1e-12, 1e6))
        loss = np.nan_to_num(loss, nan=6.0)
        x = 40 + np.arange(len(loss)) * (width - 60) / max(len(right) - 1, 1)
        y = 15 + (2 - np.clip(loss, -8, 2)) / 10 * (height - 40)
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
        lines.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2">'
            f"<title>{name}</title></polyline>"
        )
    return (
        f"<figure><svg viewBox='0 0 {width} {height}' role='img' aria-label="
        f"'{escape(check['check'])}: loss against step, yours and the package’s'>"
        f"{''.join(lines)}<text x='40' y='{height - 4}' font-size='13' fill='currentColor'>step"
        "</text><text x='0' y='12' font-size='13' fill='currentColor'>loss, 10² to 10⁻⁸</text>"
        f"</svg><figcaption class='soft'>{escape(check['check'])}: yours in blue, the package’s "
        "in grey.</figcaption></figure>"
    )


def bars(rows: list[tuple[str, int]], total: int) -> str:
    lines = (
        f'<tr><td>{escape(name)}</td><td class="n">{n}</td>'
        f'<td><span class="bar" style="width:{8 * n / max(total, 1):.2f}rem"></span></td></tr>'
        for name, n in rows
    )
    return f"<table>{''.join(lines)}</table>"


def teacher(records: list[Record], pairs, troubles: list[str]) -> str:
    """The class on one page: what to talk about tomorrow."""
    total = len(records)
    finished = sum(not r.problem and r.points == r.of for r in records)
    shares = sorted(100 * r.points / r.of for r in records if r.of)
    median = shares[len(shares) // 2] if shares else 0.0
    parts = [
        f"<h1>{total} submissions</h1>",
        f"<p>{finished} have everything right; the median is {median:.0f} % of the points; "
        f"{sum(bool(r.problem) for r in records)} could not be run.</p>",
        "<h2>What to talk about tomorrow</h2>",
        "<p class='soft'>Named mistakes, and in how many submissions each was found.</p>",
        bars(classroom.common(records)[:20], total),
        "<h2>Where it fails</h2>",
        bars(classroom.hardest(records)[:15], total),
        "<h2>Everybody</h2>",
        "<table><tr><th>learner</th><th>module</th><th class='n'>points</th><th></th></tr>",
    ]
    parts += [
        f'<tr><td><a href="feedback/{escape(file_name(r))}">{escape(r.learner)}</a></td>'
        f'<td>{escape(r.module)}</td><td class="n">{r.points:g} / {r.of:g}</td>'
        f"<td>{escape(r.problem or '; '.join(sorted(r.mistakes)))}</td></tr>"
        for r in sorted(records, key=lambda r: (r.learner, r.module))
    ]
    parts.append("</table>")
    if pairs:
        parts.append("<h2>Alike</h2><p class='soft'>To be looked at, not to be judged by.</p><ul>")
        parts += [f"<li>{escape(', '.join(who))}: {escape(why)}</li>" for who, why in pairs]
        parts.append("</ul>")
    if troubles:
        parts.append("<h2>Not read</h2><ul>")
        parts += [f"<li>{escape(trouble)}</li>" for trouble in troubles]
        parts.append("</ul>")
    return page("The class", "\n".join(parts))


def write_all(folder: Path, records, submissions, troubles, write) -> None:
    """The CSV, every page, and the list of those who are alike."""
    pairs = classroom.alike(records, submissions)
    write(folder / "grades.csv", classroom.as_csv(records).encode("utf-8-sig"))
    for record in records:
        write(folder / "feedback" / file_name(record), learner(record).encode())
    write(folder / "class.html", teacher(records, pairs, troubles).encode())
