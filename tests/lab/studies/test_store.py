"""A store in PostgreSQL is asked in its own words, and one that cannot be written says so."""

import re
import sqlite3
import sys
import types

import pytest

from tinytorch.lab import Store, study

ADDRESS = "postgresql://me:s3cret@host/runs"
ROW = dict(study="s", code="c", key="k", seed=0, settings="{}", results="{}", error="", machine="m")
SQLITE_ONLY = r"\?|PRAGMA|ROWID|INSERT OR|AUTOINCREMENT|sqlite"


class Server:
    """What psycopg would connect to: it refuses what PostgreSQL would, and keeps rows."""

    def __init__(self):
        self.kept = sqlite3.connect(":memory:", isolation_level=None)
        self.said: list[str] = []

    def connect(self, address, autocommit, connect_timeout):
        assert autocommit  # or a run would be in it only at the end
        if "nowhere" in address:
            raise sqlite3.OperationalError("connection refused\n\tIs it running?")
        return self

    def transaction(self):
        self.said.append("BEGIN")
        return self

    def __enter__(self):
        return self

    def __exit__(self, *how):
        self.said.append("COMMIT")

    def execute(self, query, values=()):
        assert not re.search(SQLITE_ONLY, query, re.IGNORECASE), query
        assert query.count("%s") == query.count("%") == len(values)
        self.said.append(query)
        if "pg_advisory" in query or "SCHEMA" in query or "search_path" in query:
            return None
        if "to_regclass" in query:
            return self.kept.execute("SELECT NULL")
        return self.kept.execute(query.replace("%s", "?"), values)

    def close(self):
        self.said.append("closed")


@pytest.fixture
def server(monkeypatch):
    server = Server()
    psycopg = types.SimpleNamespace(connect=server.connect, Error=sqlite3.Error)
    monkeypatch.setitem(sys.modules, "psycopg", psycopg)
    yield server
    server.kept.close()


def test_a_study_by_the_address_of_a_database_goes_on(server):
    def run(x, seed):
        if x == 2:
            raise ValueError("no")
        return x / 3

    first = study(run, [{"x": 1}, {"x": 2}], seeds=[0, 2**63 - 1], store=ADDRESS)
    again = study(run, [{"x": 1}, {"x": 2}, {"x": 3}], seeds=[0, 2**63 - 1], store=ADDRESS)
    assert again.reused == 4
    assert again[:4] == first.runs
    assert study(run, [{"x": 2}], seeds=[0], store=ADDRESS, retry=True).reused == 0
    with Store(ADDRESS) as store:
        assert store.studies() == {"run": 6}
        assert {row["error"] for row in store.of_study("run")} == {"", "ValueError: no"}
    assert server.said[-1] == "closed"
    assert server.said[1].startswith("SELECT pg_advisory_xact_lock")  # before anything is made


def test_no_message_tells_the_password(server):
    with Store(ADDRESS) as store:
        assert store.path == "postgresql://me:***@host/runs"
        with pytest.raises(OSError, match=r"me:\*\*\*@host/runs': no such column: seeds"):
            store.ask("SELECT seeds FROM runs")
    for address in ("postgres://me:s3cret@nowhere/runs", "postgres://nowhere/x?password=s3cret"):
        with pytest.raises(OSError, match="cannot be reached: connection refused Is it") as problem:
            Store(address)
        assert "s3cret" not in str(problem.value)


def test_an_address_without_its_driver_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "psycopg\[binary\]"'):
        Store(ADDRESS)


def test_a_full_disk_ends_a_study_in_words_and_what_was_kept_is_read(tmp_path):
    path = tmp_path / "runs.db"

    def run(x, seed):
        return {"many": [x] * 3000}

    points = [{"x": x} for x in range(30)]
    with Store(path) as store:
        store.database.execute("PRAGMA max_page_count = 40")
        with pytest.raises(OSError, match=r"runs\.db.*full"):
            study(run, points, seeds=[0], store=store)
    kept = study(run, points, seeds=[0], store=path)
    assert 0 < kept.reused < 30
    assert kept.values("many")[:, 0, 0].tolist() == list(range(30))


def test_a_store_that_cannot_be_written_is_refused_in_words(tmp_path, monkeypatch):
    path = tmp_path / "runs.db"
    with Store(path) as store:
        store.put(**ROW, seconds=1.0)
    connect = sqlite3.connect
    read_only = lambda path, **how: connect(f"{path.as_uri()}?mode=ro", uri=True, **how)  # noqa: E731
    monkeypatch.setattr(sqlite3, "connect", lambda name, **how: read_only(path, **how))
    with pytest.raises(OSError, match=r"runs\.db.* cannot be written: attempt to write a readonly"):
        Store(path)
    monkeypatch.undo()
    with Store(path) as store:
        assert store.studies() == {"s": 1}
    with pytest.raises(OSError, match="cannot be opened"):
        Store(tmp_path)


def test_what_an_exception_says_of_itself_can_be_kept(tmp_path):
    class Mute(Exception):
        def __str__(self):
            raise TypeError("no words")

    def run(how, seed):
        raise (ValueError("nul \0, half a letter \ud800"), Mute())[how]

    results = study(run, [{"how": 0}, {"how": 1}], seeds=[0], store=tmp_path / "runs.db")
    assert [r.error for r in results] == [
        "ValueError: nul \\0, half a letter \\ud800", "Mute:"
    ]  # fmt: skip
