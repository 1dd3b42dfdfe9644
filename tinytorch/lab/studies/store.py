"""Where results are kept: a SQLite file, in which a run is found by its code, settings and seed."""

import contextlib
import json
import math
import os
import sqlite3
from pathlib import Path

VERSION = 1
COLUMNS = ("study", "code", "key", "seed", "settings", "results", "error", "seconds", "machine")
SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
  study TEXT NOT NULL, code TEXT NOT NULL, key TEXT NOT NULL, seed INTEGER NOT NULL,
  settings TEXT NOT NULL, results TEXT NOT NULL, error TEXT NOT NULL, seconds REAL,
  machine TEXT NOT NULL, finished TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (code, key, seed)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_study ON runs (study);
"""


class Store:
    """A file of results. Each is in it, whole, as soon as it is put there.

    Arguments:
        path: the file; made if there is none. ":memory:" keeps nothing.

    Raises:
        ValueError: the file is there, but no store, or one of a later version.
    """

    def __init__(self, path):
        self.path = os.fspath(path)
        folder = Path(self.path).parent
        if self.path != ":memory:" and not folder.is_dir():
            raise ValueError(f"store: there is no folder {str(folder)!r} for {self.path!r}")
        self.database = sqlite3.connect(self.path, timeout=60)
        try:
            found = self.database.execute("PRAGMA user_version").fetchone()[0]
            tables = self.database.execute("SELECT name FROM sqlite_master").fetchall()
            if found > VERSION or (tables and not found):
                raise ValueError(f"store: {self.path!r} holds something else, or is of the future")
            # A log beside the file: many small writes are quick, and a killed one leaves no trace.
            self.database.execute("PRAGMA journal_mode = WAL")
            self.database.execute("PRAGMA synchronous = NORMAL")
            self.database.executescript(SCHEMA)
            self.database.execute(f"PRAGMA user_version = {VERSION}")
        except sqlite3.DatabaseError as error:
            self.close()
            raise ValueError(f"store: {self.path!r} is no store of results: {error}") from None
        except ValueError:
            self.close()
            raise

    def put(self, **row) -> None:
        """Keep a run, in the place of an earlier one of the same code, settings and seed."""
        marks = ", ".join("?" * len(COLUMNS))
        values = [row[name] for name in COLUMNS]
        with self.database:
            self.database.execute(
                f"INSERT OR REPLACE INTO runs ({', '.join(COLUMNS)}) VALUES ({marks})", values
            )

    def of_code(self, code: str) -> dict[tuple[str, int], tuple]:
        """What was kept of some code: (results as JSON, error, seconds) by (key, seed)."""
        query = "SELECT key, seed, results, error, seconds FROM runs WHERE code = ?"
        rows = self.database.execute(query, (code,))
        return {(key, seed): rest for key, seed, *rest in rows}

    def of_study(self, study: str) -> list[dict]:
        """What was kept under a name, of whatever code."""
        return list(self.rows("study = ?", study))

    def studies(self) -> dict[str, int]:
        """How many runs are kept under each name."""
        query = "SELECT study, COUNT(*) FROM runs GROUP BY study ORDER BY study"
        return dict(self.database.execute(query).fetchall())

    def rows(self, condition: str, *values):
        query = f"SELECT {', '.join(COLUMNS)}, finished FROM runs WHERE {condition}"
        for found in self.database.execute(query, values):
            row = dict(zip((*COLUMNS, "finished"), found, strict=True))
            row["settings"], row["results"] = map(json.loads, (row["settings"], row["results"]))
            row["seconds"] = math.nan if row["seconds"] is None else row["seconds"]
            yield row

    def close(self) -> None:
        self.database.close()

    def __enter__(self):
        return self

    def __exit__(self, *how):
        self.close()


def opened(store) -> contextlib.AbstractContextManager:
    """A context with a Store: the one given, or that of a path, which is closed in the end."""
    if isinstance(store, Store):
        return contextlib.nullcontext(store)
    return Store(":memory:" if store is None else store)
