"""What a study costs beside its runs: python -m benchmarks.studies

Writes `tinytorch/lab/records/studies.json`: the gain of two workers over one for runs of a
second, the time of a run that does nothing, and how long 100,000 kept results take to be read and
counted. Wants two quiet cores; a minute.
"""

import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.timing import save
from tinytorch.lab import Store, study


def work(seconds, seed):
    ends, x = time.thread_time() + seconds, np.ones(1000)
    while time.thread_time() < ends:
        x = x * 1.0001
    return x[0] > 0


def nothing(i, seed):
    return i


def timed(function) -> float:
    begins = time.perf_counter()
    function()
    return time.perf_counter() - begins


def gain(seconds: float = 1.0, runs: int = 12) -> float:
    points = [{"seconds": seconds}]
    study(nothing, [{"i": 0}], jobs=2)  # the workers come up
    one = timed(lambda: study(work, points, seeds=range(runs)))
    return one / timed(lambda: study(work, points, seeds=range(runs), jobs=2))


def overhead(folder, jobs: int, runs: int = 1000) -> float:
    store = folder / f"overhead-{jobs}.db"
    study(nothing, [{"i": 0}], jobs=jobs)
    return (
        timed(lambda: study(nothing, [{"i": 0}], seeds=range(runs), store=store, jobs=jobs)) / runs
    )


def reading(folder, count: int = 100_000) -> dict[str, float]:
    path = folder / "many.db"
    study(nothing, [{"i": 0}], seeds=[count], store=path)
    with Store(path) as store:
        (row,) = store.rows("TRUE")
        columns = [n for n in row if n not in ("seed", "results", "settings")]
        rows = [(*[row[n] for n in columns], s, "{}", '{"value": 1.5}') for s in range(count)]
        names = ", ".join([*columns, "seed", "settings", "results"])
        marks = ", ".join("?" * len(rows[0]))
        store.database.execute("BEGIN")
        store.database.executemany(f"INSERT INTO runs ({names}) VALUES ({marks})", rows)
        store.database.execute("COMMIT")
        code = row["code"]
        return {
            "all of one code": timed(lambda: store.of_code(code)),
            "counted by study": timed(store.studies),
        }


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        read = reading(folder)
        run = {f"{jobs} jobs": 1e3 * overhead(folder, jobs) for jobs in (1, 2)}
    save(
        "studies",
        **{
            "gain of two workers": round(gain(), 2),
            "milliseconds a run": {k: round(v, 2) for k, v in run.items()},
            "seconds for 100,000 results": {k: round(v, 3) for k, v in read.items()},
        },
    )


if __name__ == "__main__":
    main()
