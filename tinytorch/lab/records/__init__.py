"""Tables that were made once and are kept: what the referees said, what the clock said.

    parity              python -m tests.optim.golden
    operations          python -m tests.core.parity
    optimizers          python -m benchmarks.optimizers
    in-situ             python -m benchmarks.optimizers in-situ
    training            python -m benchmarks.training
    site                python -m benchmarks.site
    studies             python -m benchmarks.studies
    card                python -m tinytorch.lab.card.record
    verdicts            make stress

They stand in the package so that a page finds them wherever its notebook is opened, and so that
the book is executed anew when one of them changes.
"""

import functools
import json
from importlib.resources import files


def recorded(name: str) -> dict:
    """One of these tables, by its name.

    Raises:
        ValueError: there is no such table.
    """
    known = {f.name.removesuffix(".json"): f for f in files(__name__).iterdir()}
    known = {n: f for n, f in sorted(known.items()) if f.name.endswith(".json")}
    if name not in known:
        raise ValueError(f"recorded: name must be one of {', '.join(known)}; got {name!r}")
    return json.loads(known[name].read_text(encoding="utf-8"))


def lines_of(table: dict) -> str:
    """A table as it is kept: a line for each row, so that one sees which rows a new one changed."""
    dumps, joined = functools.partial(json.dumps, ensure_ascii=False), ",\n  ".join

    def text(value) -> str:
        rows, (begin, end) = [], "[]"
        if isinstance(value, dict):
            rows, (begin, end) = [f"{dumps(k)}: {dumps(v)}" for k, v in value.items()], "{}"
        elif isinstance(value, list) and any(isinstance(row, (dict, list)) for row in value):
            rows = [dumps(row) for row in value]
        return f"{begin}\n  {joined(rows)}\n {end}" if rows else dumps(value)

    return "{" + ",\n ".join(f"{dumps(k)}: {text(v)}" for k, v in table.items()) + "}\n"
