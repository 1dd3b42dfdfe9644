"""The report card as a page: one file, figures in it, the book's rules beside the optimizer."""

import html
import io
import math

import matplotlib.pyplot as plt
import numpy as np

from tinytorch.lab.card.diagnoses import DIAGNOSES
from tinytorch.lab.card.profiles import arrivals, profile, scores, targets
from tinytorch.lab.card.workloads import STEPS, WORKLOADS
from tinytorch.lab.page import Table
from tinytorch.lab.records import recorded
from tinytorch.lab.style import BLACK, GREY, SETTINGS, canvas, plot_convergence

WORDS = {True: "holds", False: "does not hold", None: "failed"}
STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --ground: #fff; --line: #ccc; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6e6; --ground: #14181e; --line: #444; } }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: auto; padding: 1rem;
  color: var(--ink); background: var(--ground); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; }
td, th { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: left;
  vertical-align: top; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: 1rem; }
figure { margin: 0; border: 1px solid var(--line); border-radius: .4rem; padding: .6rem; }
figure svg, .wide svg { width: 100%; height: auto; background: #fff; border-radius: .2rem; }
figcaption b::before { content: attr(data-mark) " "; }
.wide { max-width: 44rem; }
"""


def beside() -> dict[str, dict]:
    """The workloads of the book's rules, as they were recorded."""
    try:
        return {name: row["workloads"] for name, row in recorded("card")["optimizers"].items()}
    except ValueError:  # not recorded yet
        return {}


def svg(figure) -> str:
    file = io.StringIO()
    with plt.rc_context({**SETTINGS, "svg.fonttype": "path"}):
        figure.savefig(file, format="svg", metadata={"Date": None})
    plt.close(figure)
    return file.getvalue()[file.getvalue().index("<svg") :]


def diagnosis_figure(name: str, curves: dict):
    fig, ax = canvas(height=2.6)
    log = DIAGNOSES[name].log
    finite = {
        k: np.array([math.nan if v is None else v for v in c], float) for k, c in curves.items()
    }
    log = log and all((c[np.isfinite(c)] > 0).all() for c in finite.values())
    plot_convergence(finite, ax=ax, log=log, xlabel="", ylabel="")
    ax.set_xticks([])
    return fig


def compared(card) -> tuple[dict, dict, dict]:
    """(workloads by optimizer, this one last; targets; scores) on the workloads of the card."""
    others = {n: rows for n, rows in beside().items() if set(card.workloads) <= set(rows)}
    table = {n: {w: rows[w] for w in card.workloads} for n, rows in others.items()}
    goals = targets(table or {card.optimizer: card.workloads})
    mine = card.optimizer if card.optimizer not in table else f"this {card.optimizer}"
    table[mine] = card.workloads
    return table, goals, scores(table, goals, bootstrap=200)


def profile_figure(table: dict, goals: dict):
    factors = np.geomspace(1, 4, 100)
    lines = profile(arrivals(table, goals), factors)
    fig, ax = canvas(height=3.6)
    for name, line in list(zip(table, lines, strict=True))[:-1]:
        ax.step(factors, line, color=GREY, alpha=0.5, linewidth=1, where="post", gid=name)
    ax.step(factors, lines[-1], color=BLACK, linewidth=3, where="post", label=list(table)[-1])
    ax.set_xscale("log", base=2)
    with plt.rc_context(SETTINGS):
        ax.set(xlabel="times the fewest steps", ylabel="share of workloads", ylim=(-0.02, 1.02))
        ax.legend()
    return fig


def diagnosis_table(card) -> Table:
    rows = [
        [name, WORDS[found["holds"]], DIAGNOSES[name].statement, found["says"]]
        for name, found in card.diagnoses.items()
    ]
    return Table(["diagnosis", "", "statement", "found"], rows)


def workload_table(card) -> Table:
    table, goals, _ = compared(card)
    rows = []
    steps = arrivals(table, goals)
    for j, (name, found) in enumerate(card.workloads.items()):
        final = found["final"]
        ahead = sum(other[j] < steps[-1, j] for other in steps[:-1])
        arrived = f"{steps[-1, j]:.0f}" if math.isfinite(steps[-1, j]) else "never"
        end = found["error"] or f"{final:.3g}"
        rate = f"{found['lr']:g}" if final is not None and math.isfinite(final) else ""
        place = f"{ahead} of {len(steps) - 1}"
        goal = f"{goals[name]:.3g}"
        rows.append([name, WORKLOADS[name].what, end, rate, goal, arrived, place])
    heads = ["workload", "what", "final loss", "lr", "target", "steps to it", "rules before it"]
    return Table(heads, rows)


def tables(card) -> str:
    return diagnosis_table(card)._repr_html_() + workload_table(card)._repr_html_()


def page(card) -> str:
    """The whole page; it asks nothing of the network."""
    title = f"Report card: {html.escape(card.optimizer)}"
    holds = sum(found["holds"] is True for found in card.diagnoses.values())
    table, goals, ranking = compared(card)
    mine = list(table)[-1]
    order = sorted(ranking, key=lambda n: -ranking[n][0])
    rows = [[n, *(f"{v:.2f}" for v in ranking[n])] for n in order]
    printed = f" It printed {card.printed:,} bytes, not shown here." if card.printed else ""
    figures = []
    for name, found in card.diagnoses.items():
        drawing = svg(diagnosis_figure(name, found["curves"])) if found["curves"] else ""
        mark = {True: "✓", False: "✗", None: "!"}[found["holds"]]
        figures.append(
            f'<figure>{drawing}<figcaption><b data-mark="{mark}">{html.escape(name)}</b>: '
            f"{html.escape(DIAGNOSES[name].statement)} <br>{WORDS[found['holds']].capitalize()}: "
            f"{html.escape(found['says'])}</figcaption></figure>"
        )
    parts = [
        f"<h1>{title}</h1>",
        f"<p>{holds} of {len(card.diagnoses)} statements hold. On {len(card.workloads)} workloads "
        f"of {STEPS} steps it has a score of {ranking[mine][0]:.2f} (90 % interval "
        f"{ranking[mine][1]:.2f} to {ranking[mine][2]:.2f}), place {order.index(mine) + 1} of "
        f"{len(order)}.{printed}</p>",
        "<h2>Diagnoses</h2><p>A statement that does not hold need not be a fault: plain descent "
        "is no worse for caring how large the loss is. It says what to expect.</p>",
        f'<div class="cards">{"".join(figures)}</div>',
        "<h2>Workloads</h2><p>The learning rate was chosen among eleven by one seed; losses on "
        "test data are medians of three others. The target is where half of the book's rules "
        "end.</p>",
        f'<div class="scroll">{workload_table(card)._repr_html_()}</div>',
        "<h2>Beside the book's rules</h2><p>On how many workloads does it need at most so many "
        "times the steps of the fastest (black; the book's rules in grey)? The score is the area "
        "under the curve.</p>",
        f'<div class="wide">{svg(profile_figure(table, goals))}</div>',
        f'<div class="scroll">{Table(["", "score", "from", "to"], rows)._repr_html_()}</div>',
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head><body>{''.join(parts)}</body></html>"
    )
