"""Where results are kept, and found by their code, settings and seed: SQLite or PostgreSQL."""

import contextlib
import json
import math
import os
import re
import sqlite3
from pathlib import Path

VERSION = 1
COLUMNS = ("study", "code", "key", "seed", "settings", "results", "error", "seconds", "machine")
TABLE = """
CREATE TABLE IF NOT EXISTS runs (
  study TEXT NOT NULL, code TEXT NOT NULL, key TEXT NOT NULL, seed BIGINT NOT NULL,
  settings TEXT NOT NULL, results TEXT NOT NULL, error TEXT NOT NULL, seconds DOUBLE PRECISION,
  machine TEXT NOT NULL, finished TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (code, key, seed)
)
"""
INDEX = "CREATE INDEX IF NOT EXISTS by_study ON runs (study)"
PUT = f"""
INSERT INTO runs ({", ".join(COLUMNS)}) VALUES ({", ".join("?" * len(COLUMNS))})
ON CONFLICT (code, key, seed) DO UPDATE SET
{", ".join(f"{name} = excluded.{name}" for name in (*COLUMNS, "finished"))}
"""


class Store:
    """Results in a file, or in a database. Each is in it, whole, as soon as it is put there.

    Arguments:
        path: a file, made if there is none (":memory:" keeps nothing); or the address of a
            PostgreSQL database, "postgresql://user@host/name", in which a schema of our own is
            made. Several machines may write to that; a file is for one.

    Raises:
        ValueError: the file is there, but no store, or one of a later version.
        OSError: the file cannot be written, the database cannot be reached.
        ModuleNotFoundError: an address, and psycopg is not installed.
    """

    def __init__(self, path):
        self.path = os.fspath(path)
        if self.path.startswith(("postgresql://", "postgres://")):
            self.database, self.mark, self.errors = connected(self.path)
            self.path = without_password(self.path)
        else:
            self.database, self.mark, self.errors = opened_file(self.path), "?", sqlite3.Error

    def ask(self, query: str, values=()):
        """Rows of a query, in which ? stands for a value.

        Raises:
            OSError: the database does not do it: full, read-only, gone.
        """
        try:
            return self.database.execute(query.replace("?", self.mark), values)
        except self.errors as error:
            raise OSError(f"store: {self.path!r}: {said(error)}") from None

    def put(self, **row) -> None:
        """Keep a run, in the place of an earlier one of the same code, settings and seed.

        Raises:
            OSError: it cannot be written. What was put before stays.
        """
        self.ask(PUT, [row[name] for name in COLUMNS])

    def of_code(self, code: str) -> dict[tuple[str, int], tuple]:
        """What was kept of some code: (results as JSON, error, seconds) by (key, seed)."""
        query = "SELECT key, seed, results, error, seconds FROM runs WHERE code = ?"
        return {(key, seed): rest for key, seed, *rest in self.ask(query, [code])}

    def of_study(self, study: str) -> list[dict]:
        """What was kept under a name, of whatever code."""
        return list(self.rows("study = ?", study))

    def studies(self) -> dict[str, int]:
        """How many runs are kept under each name."""
        query = "SELECT study, COUNT(*) FROM runs GROUP BY study ORDER BY study"
        return dict(self.ask(query).fetchall())

    def rows(self, condition: str, *values):
        query = f"SELECT {', '.join(COLUMNS)}, finished FROM runs WHERE {condition}"
        for found in self.ask(query, values):
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


def opened_file(path: str) -> sqlite3.Connection:
    folder = Path(path).parent
    if path != ":memory:" and not folder.is_dir():
        raise ValueError(f"store: there is no folder {str(folder)!r} for {path!r}")
    try:
        database = sqlite3.connect(path, timeout=60, isolation_level=None)
    except sqlite3.OperationalError as error:
        raise OSError(f"store: {path!r} cannot be opened: {error}") from None
    try:
        found = database.execute("PRAGMA user_version").fetchone()[0]
        tables = database.execute("SELECT name FROM sqlite_master").fetchall()
        if found > VERSION or (tables and not found):
            raise ValueError(f"store: {path!r} holds something else, or is of the future")
        # A log beside the file: many small writes are quick, and a killed one leaves no trace.
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(f"{TABLE} WITHOUT ROWID")
        database.execute(INDEX)
        database.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException as error:
        database.close()
        if isinstance(error, sqlite3.OperationalError):  # read-only, full, locked
            raise OSError(f"store: {path!r} cannot be written: {error}") from None
        if isinstance(error, sqlite3.DatabaseError):
            raise ValueError(f"store: {path!r} is no store of results: {error}") from None
        raise
    return database


def connected(address: str):
    """A connection to PostgreSQL, the mark of a value there, and the class of its errors."""
    try:
        import psycopg
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            'a store in PostgreSQL needs psycopg: pip install "psycopg[binary]"'
        ) from None
    try:
        database = psycopg.connect(address, autocommit=True, connect_timeout=10)
    except psycopg.Error as error:
        shown = without_password(address)
        raise OSError(f"store: {shown!r} cannot be reached: {said(error)}") from None
    schema = "tinytorch" if VERSION == 1 else f"tinytorch_{VERSION}"
    try:
        with database.transaction():
            # One after another: two that make the same thing at once would both fail.
            database.execute("SELECT pg_advisory_xact_lock(6)")
            if not database.execute(f"SELECT to_regclass('{schema}.runs')").fetchone()[0]:
                database.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            database.execute(f"SET search_path TO {schema}")
            database.execute(TABLE)
            database.execute(INDEX)
    except psycopg.Error as error:
        database.close()
        shown = without_password(address)
        raise OSError(f"store: {shown!r} cannot be prepared: {said(error)}") from None
    return database, "%s", psycopg.Error


def without_password(address: str) -> str:
    return re.sub(r"(://[^:/@]*:|[?&]password=)[^@&/]+", r"\1***", address)


def said(error) -> str:
    return " ".join(str(error).split())


def opened(store) -> contextlib.AbstractContextManager:
    """A context with a Store: the one given, or that of a path, which is closed in the end."""
    if isinstance(store, Store):
        return contextlib.nullcontext(store)
    return Store(":memory:" if store is None else store)
