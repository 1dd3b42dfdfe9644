"""Timing several things by turns in one run, so that what disturbs one disturbs all.

A time by itself says little about another machine; a ratio within one run says more. So every
result is a table of medians with their ratio to one of the rows, and the ratio is the median of
the rounds' ratios.
"""

import gc
import importlib.metadata
import json
import os
import platform
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks import THREADS

RESULTS = Path(__file__).parents[1] / "tinytorch" / "lab" / "records"
LIBRARIES = ("numpy", "torch", "optax", "jax", "numba")


def measure(tasks: dict[str, Callable], rounds: int = 9, warmups: int = 2) -> dict[str, list]:
    """Seconds of each task in each round; a round runs all of them, in turning order.

    A task that returns a float has timed itself.
    """
    names = list(tasks)
    times: dict[str, list[float]] = {name: [] for name in names}
    for i in range(warmups + rounds):
        turn = i % len(names)
        for name in names[turn:] + names[:turn]:
            gc.collect()
            start = perf_counter()
            own = tasks[name]()
            elapsed = own if isinstance(own, float) else perf_counter() - start
            if i >= warmups:
                times[name].append(elapsed)
    return times


def table(title: str, times: dict[str, list], beside: str, limits: dict | None = None) -> dict:
    """A result: medians in milliseconds, and how each compares with the row `beside`.

    Arguments:
        title: what was measured.
        times: of `measure`.
        beside: the row that the ratios refer to: ratio = time / time of that row.
        limits: for some rows, the largest ratio that the project allows itself.
    """
    rows = []
    for name, seconds in times.items():
        ratios = [a / b for a, b in zip(seconds, times[beside], strict=True)]
        rows.append(
            {
                "name": name,
                "milliseconds": 1e3 * median(seconds),
                "least": 1e3 * min(seconds),
                "ratio": median(ratios),
                "limit": (limits or {}).get(name),
            }
        )
    return {"title": title, "beside": beside, "rounds": len(times[beside]), "rows": rows}


def show(result: dict) -> None:
    print(f"\n{result['title']} (median of {result['rounds']})")
    width = max(len(row["name"]) for row in result["rows"])
    print(f"  {'':{width}}  {'ms':>9}  {'least':>9}  {'ratio':>6}")
    for row in result["rows"]:
        limit = ""
        if row["limit"] is not None:
            verdict = "holds" if row["ratio"] <= row["limit"] else "MISSED"
            limit = f"  at most {row['limit']:.2f}: {verdict}"
        print(
            f"  {row['name']:{width}}  {row['milliseconds']:9.3f}  {row['least']:9.3f}  "
            f"{row['ratio']:6.2f}{limit}"
        )


def environment() -> dict:
    """What the numbers depend on: machine, threads, day, versions."""
    versions = {}
    for library in LIBRARIES:
        try:
            versions[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            versions[library] = None
    return {
        "machine": f"{processor()}, {platform.system()} {platform.machine()}",
        "threads": THREADS,
        "date": date.today().isoformat(),
        "load": round(os.getloadavg()[0], 1),  # well above the threads: others were at work
        "python": platform.python_version(),
        **versions,
    }


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown processor"


def save(name: str, results: list[dict]) -> Path:
    """Keep the environment and the tables where the book finds them, as the record NAME."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    document = {"environment": environment(), "results": results}
    path.write_text(json.dumps(document, indent=1) + "\n")
    print(f"\n{', '.join(f'{k} {v}' for k, v in environment().items())}\n-> {path}")
    return path
