"""Tables that were made once and are kept: what the referees said, what the clock said.

    parity              python -m tests.optim.golden
    operations          python -m tests.core.parity
    optimizers          python -m benchmarks.optimizers
    training            python -m benchmarks.training
    site                python -m benchmarks.site
    card                python -m tinytorch.lab.card.record
    verdicts            make stress

They stand in the package so that a page finds them wherever its notebook is opened, and so that
the book is executed anew when one of them changes.
"""

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
