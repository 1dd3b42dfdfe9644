"""Timing several things by turns in one run, so that what disturbs one disturbs all.

A time by itself says little about another machine; a ratio within one run says more. So every
result is a table of times beside one of its rows. A ratio of two rows is the median over the
rounds of the ratio within the round: the memory of a shared machine is twice as fast in one
minute as in the next, and the least of all times would compare two strokes of luck.
"""

import gc
import importlib.metadata
import os
import platform
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median
from time import perf_counter, sleep

from benchmarks import THREADS

RESULTS = Path(__file__).parents[1] / "tinytorch" / "lab" / "records"
LIBRARIES = ("numpy", "torch", "optax", "jax", "numba")
PATIENCE = 60.0  # seconds that a run may wait, all in all, for others to leave the machine alone


def measure(tasks: dict[str, Callable], rounds: int = 9, warmups: int = 2) -> dict[str, list]:
    """Seconds of each task in each round; a round runs all of them, in turning order.

    A task that returns a float has timed itself. A round begins when nobody else is at work, as
    long as the patience with others lasts.
    """
    names = list(tasks)
    times: dict[str, list[float]] = {name: [] for name in names}
    seen = sys.stderr.isatty()
    for i in range(warmups + rounds):
        if seen:
            print(f"\r  round {i + 1} of {warmups + rounds}", end="", file=sys.stderr, flush=True)
        turn = i % len(names)
        wait_for_quiet()
        for name in names[turn:] + names[:turn]:
            gc.collect()
            start = perf_counter()
            own = tasks[name]()
            elapsed = own if isinstance(own, float) else perf_counter() - start
            if i >= warmups:
                times[name].append(elapsed)
    if seen:
        print("\r" + " " * 30, end="\r", file=sys.stderr, flush=True)
    return times


def wait_for_quiet() -> None:
    global PATIENCE
    end = perf_counter() + PATIENCE
    while perf_counter() < end and idle_share() < 0.9:
        pass
    PATIENCE = max(0.0, min(PATIENCE, end - perf_counter()))


def idle_share(seconds: float = 0.05) -> float:
    """How much of the processors nobody used meanwhile; 1 where the system does not say."""

    def ticks() -> tuple[int, int]:
        numbers = [int(n) for n in Path("/proc/stat").read_text().split("\n")[0].split()[1:]]
        return numbers[3] + numbers[4], sum(numbers)

    try:
        idle, every = ticks()
        sleep(seconds)
        idle_then, every_then = ticks()
    except OSError:
        return 1.0
    return (idle_then - idle) / max(1, every_then - every)


def table(title: str, times: dict[str, list], beside: str, aims=()) -> dict:
    """A result: medians and least times in milliseconds, and what is aimed at.

    Arguments:
        title: what was measured.
        times: of `measure`.
        beside: the row that the rows' ratios refer to.
        aims: (name, other, limit): the largest ratio of two rows that the project allows itself.
            It is out of reach where the row "memory", what the traffic alone takes, is above the
            limit too and the other row is not below it.
    """
    rows = [
        {
            "name": name,
            "milliseconds": 1e3 * median(seconds),
            "least": 1e3 * min(seconds),
            "ratio": ratio(times, name, beside),
        }
        for name, seconds in times.items()
    ]
    judged = [judge(times, *aim) for aim in aims if aim[0] in times and aim[1] in times]
    return {
        "title": title,
        "beside": beside,
        "rounds": len(times[beside]),
        "rows": rows,
        "aims": judged,
    }


def ratio(times: dict[str, list], name: str, other: str) -> float:
    return median(a / b for a, b in zip(times[name], times[other], strict=True))


def judge(times: dict[str, list], name: str, other: str, limit: float) -> dict:
    found = ratio(times, name, other)
    floor = ratio(times, "memory", other) if "memory" in times else 0.0
    verdict = "holds" if found <= limit else "out of reach" if limit < floor <= 1 else "missed"
    return {
        "name": name,
        "beside": other,
        "ratio": found,
        "limit": limit,
        "floor": floor,
        "verdict": verdict,
    }


def show(result: dict) -> None:
    print(f"\n{result['title']} (median of {result['rounds']})")
    width = max(len(row["name"]) for row in result["rows"])
    print(f"  {'':{width}}  {'ms':>9}  {'least':>9}  {'ratio':>6}")
    for row in result["rows"]:
        print(
            f"  {row['name']:{width}}  {row['milliseconds']:9.3f}  {row['least']:9.3f}  "
            f"{row['ratio']:6.2f}"
        )
    for aim in result["aims"]:
        print(
            f"  {aim['name']} / {aim['beside']}: {aim['ratio']:.2f}, at most {aim['limit']:.2f}: "
            f"{aim['verdict']}",
            flush=True,
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


def save(name: str, **measured) -> Path:
    """Keep the environment and what was measured where the book finds it, as the record NAME."""
    from tinytorch.lab.records import lines_of

    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    document = {"environment": environment(), **measured}
    path.write_text(lines_of(document), encoding="utf-8")
    print(f"\n{', '.join(f'{k} {v}' for k, v in environment().items())}\n-> {path}")
    return path
