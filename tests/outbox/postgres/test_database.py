"""Transactions, snapshots and values in PostgreSQL are those of any engine of the outbox."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from selectors import SelectSelector
from typing import Any

import psycopg
import pytest
from basics import raises_error
from postgres_helpers import Cluster

from apoa_client.errors import Exit
from apoa_client.outbox.database import Database
from apoa_client.outbox.postgres.connection import Connection
from apoa_client.outbox.postgres.database import PostgresDatabase, translated

Open = Callable[..., PostgresDatabase]


def add(database: Database, *numbers: int) -> None:
    database.executemany("INSERT INTO notes (n) VALUES (?)", [(number,) for number in numbers])


def numbers(database: Database) -> list[int]:
    with database.read_errors():
        return [row[0] for row in database.execute("SELECT n FROM notes ORDER BY n")]


def terminate(postgres: Cluster, name: str) -> None:
    """End every session of the program in this database, and wait until the last is gone."""
    query = """
        SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
        WHERE application_name = 'apoa-client' AND datname = %s
    """
    assert all(done for (done,) in postgres.admin.execute(query, [name]).fetchall())


def test_values(notes: Database) -> None:
    """A value comes back as it was stored, by its place and by its name."""
    numbers = (0, -1, 2**31, -(2**63), 2**63 - 1)
    for value in (*numbers, "", "ü \U0001f600 'quoted' % ? :x", b"", b"\x00\xff", None):
        column = {int: "n", str: "text", bytes: "data"}.get(type(value), "n")
        with notes.transaction():
            notes.execute("DELETE FROM notes")
            notes.execute(f"INSERT INTO notes ({column}) VALUES (?)", [value])  # noqa: S608  a constant
            notes.execute(f"INSERT INTO notes ({column}) VALUES (:value)", {"value": value})  # noqa: S608  a constant
        rows = notes.execute(f"SELECT {column} FROM notes").fetchall()  # noqa: S608  a constant
        assert rows == [(value,), (value,)]
        assert type(rows[0][0]) is type(value)


def test_sums_are_numbers(notes: Database) -> None:
    """A sum of integers is an integer, as in SQLite, also a large one; an average is not."""
    with notes.transaction():
        add(notes, 1, 2**62, 2**62)
    assert notes.execute("SELECT sum(n), min(n), avg(n) < 0 FROM notes").fetchone() == (2**63 + 1, 1, False)
    found = notes.execute("SELECT sum(n), avg(n) FROM notes WHERE n < 2").fetchone()
    assert [type(value) for value in found] == [int, float]
    assert notes.execute("SELECT CAST(-1.5 AS numeric)").fetchone() == (-1.5,)


def test_nothing(notes: Database) -> None:
    """A transaction that fails, for any reason, leaves nothing, and the next one works."""

    class Stopped(BaseException):
        pass

    def stop() -> None:
        with notes.transaction():
            add(notes, 1)
            raise Stopped

    with pytest.raises(Stopped):
        stop()
    with raises_error("outbox_damaged"), notes.transaction():
        add(notes, 2)
        notes.execute("SELECT 1 / 0")
    assert not notes.in_transaction
    with notes.transaction():
        add(notes, 3)
    assert numbers(notes) == [3]


def test_a_failure_is_not_swallowed(notes: Database) -> None:
    """A statement's failure that the code inside ignores does not look like a durable transaction."""
    with raises_error("outbox_server_error"), notes.transaction():
        add(notes, 1)
        with pytest.raises(psycopg.Error):
            notes.execute("SELECT 1 / 0").fetchone()
    assert numbers(notes) == []


def test_only_reads_outside(notes: Database) -> None:
    """Outside of a transaction nothing is written. One inside another is a bug of ours, and the first goes on."""
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        notes.execute("INSERT INTO notes (n) VALUES (1)")
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        add(notes, 1)
    assert numbers(notes) == []
    with notes.transaction():
        add(notes, 1)
        with pytest.raises(RuntimeError), notes.transaction():
            raise AssertionError
    assert numbers(notes) == [1]


def test_the_property_of_each_statement(notes: Database, open_notes: Open) -> None:
    """Every statement has the property's name, in and outside of transactions, and nothing stays in the session."""
    name = "it's 50% \\ 'quoted'"
    other = open_notes(name)
    query = "SELECT current_setting('apoa.property', true)"
    with other.transaction():
        add(other, 1)
        assert other.execute(query).fetchone() == (name,)
    with other.snapshot():
        assert other.execute(query).fetchone() == (name,)
    assert other.execute(query).fetchone() == (name,)
    assert notes.execute(query).fetchone() == ("melati",)
    assert notes.execute("SELECT property FROM notes").fetchall() == [(name,)]


def test_one_writer_for_each_property(notes: Database, open_notes: Open) -> None:
    """Another desk of the property waits for the transaction, and gives up in time; another property does not wait."""
    same, other = open_notes(lock=0.4, statement=0.2), open_notes("mawar", lock=0.4)
    with notes.transaction():
        with raises_error("outbox_busy"), same.transaction():
            raise AssertionError
        with other.transaction():
            add(other, 1)
        assert numbers(same) == [1]
    with open_notes().transaction():
        assert numbers(notes) == [1]


def test_snapshot(notes: Database, open_notes: Open) -> None:
    """In a snapshot, what others write meanwhile is not seen, and nothing is written."""
    other = open_notes()
    with notes.errors(), notes.snapshot():
        assert numbers(notes) == []
        with other.transaction():
            add(other, 1)
        assert numbers(notes) == []
        assert notes.in_transaction
    assert numbers(notes) == [1]
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), notes.snapshot():
        add(notes, 2)
    with notes.transaction(), notes.snapshot():
        add(notes, 2)
    assert numbers(notes) == [1, 2]


def test_prepared_statements(notes: Database) -> None:
    """Without a pooler in between, the server keeps a statement that is executed often, with its time limit."""
    for _ in range(10):
        notes.execute("SELECT n FROM notes WHERE n = ?", [1])
    found = notes.execute("SELECT statement FROM pg_prepared_statements").fetchall()
    assert found == [("SELECT n FROM notes WHERE n = $1",)]


def test_the_time_limit_after_a_lock(notes: Database, open_notes: Open) -> None:
    """A transaction that waited for the lock has the time limit for statements again."""
    other = open_notes(statement=20.0)
    with ThreadPoolExecutor(1) as pool:
        with notes.transaction():
            waiting = pool.submit(limit_in_transaction, other)
            while notes.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone() is None:
                pass
        assert waiting.result() == "20s"


def limit_in_transaction(database: Database) -> str:
    with database.transaction():
        return str(database.execute("SHOW statement_timeout").fetchone()[0])


@pytest.mark.parametrize(("statement", "seconds"), [("SELECT pg_sleep(60)", {"statement": 0.05}), ("", {"idle": 0.05})])
def test_server_time_limits(notes: Database, open_notes: Open, statement: str, seconds: dict[str, float]) -> None:
    """A statement that takes too long, and a process that does not go on, end the transaction; the next one works."""
    slow = open_notes(**seconds)
    with raises_error("outbox_server_unreachable"), slow.transaction():
        slow.execute("INSERT INTO notes (n) VALUES (1)")
        if statement:
            slow.execute(statement)
        else:
            while notes.execute("SELECT 1 FROM pg_stat_activity WHERE state = 'idle in transaction'").fetchall():
                pass
    with slow.transaction():
        add(slow, 2)
    assert numbers(notes) == [2]


def test_durable(postgres: Cluster, table: str, notes: Database) -> None:
    """A transaction is durable at its end, also on a server that is set up to confirm it before."""
    postgres.admin.execute(f"ALTER DATABASE {table} SET synchronous_commit = off".encode())
    assert notes.execute("SELECT current_setting('synchronous_commit')").fetchone() == ("on",)
    postgres.admin.execute(f"ALTER DATABASE {table} SET synchronous_commit = remote_apply".encode())
    notes.close()
    assert notes.execute("SELECT current_setting('synchronous_commit')").fetchone() == ("remote_apply",)


STEPS = ["before", "begun", "written", "done"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("connected", [True, False])
def test_lost_connection(postgres: Cluster, table: str, notes: Database, step: str, *, connected: bool) -> None:
    """A session that the server ends at any step stores everything or nothing, and the next transaction connects."""
    if connected:
        assert numbers(notes) == []
        with raises_error("outbox_server_unreachable"), notes.read_errors(), notes.snapshot():  # it does not go on
            terminate(postgres, table)
            notes.execute("SELECT n FROM notes")
    if step == "before":
        terminate(postgres, table)
    expected: Any = raises_error("outbox_server_unreachable") if step in {"begun", "written"} else nullcontext()
    with expected as caught, notes.transaction():
        if step == "begun":
            terminate(postgres, table)
        add(notes, 1)
        if step == "written":
            terminate(postgres, table)
    if step == "done":
        terminate(postgres, table)
    assert numbers(notes) == ([] if caught else [1])
    if caught:
        assert caught.value.exit_code is Exit.NOT_NOW
        assert "Nothing is lost" in caught.value.advice.render()


def test_errors(notes: Database) -> None:
    """Each error of the server has its own name, and none quotes what the server says."""
    expected = {
        "outbox_server_unreachable": ("08006", "57P03", "53300", "25006"),
        "outbox_busy": ("40001", "40P01"),
        "disk_full": ("53100",),
        "outbox_missing": ("42P01",),
        "outbox_not_allowed": ("42501",),
        "outbox_damaged": ("XX001", "23505", "58030"),
        "outbox_server_error": ("0A000", "P0001"),
    }
    for name, state in ((name, state) for name, states in expected.items() for state in states):
        raising = f"DO $$ BEGIN RAISE EXCEPTION 'ZYKOWSKI' USING ERRCODE = '{state}', DETAIL = 'ZYKOWSKI'; END $$"
        with raises_error(name) as caught, notes.transaction():
            notes.execute(raising)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
        assert numbers(notes) == []


def test_errors_of_this_program(notes: Database) -> None:
    """A wrong call is a bug, not a problem of the database; a value of another kind is damage of what was read."""
    with pytest.raises(psycopg.ProgrammingError), notes.transaction():
        notes.execute("SELECT ?", [])
    with raises_error("outbox_damaged"), notes.read_errors():
        int("x")


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT ? + :name_2", "SELECT %s + %(name_2)s"),
        ("SELECT '?:a''?' || \"?:b\"", "SELECT '?:a''?' || \"?:b\""),
        ("SELECT 1 -- ? :a\n, ?", "SELECT 1 -- ? :a\n, %s"),
        ("SELECT /* ? :a */ ?", "SELECT /* ? :a */ %s"),
        ("SELECT ?::bigint", "SELECT %s::bigint"),
        ("SELECT 5 % 2, 'a%'", "SELECT 5 %% 2, 'a%%'"),
        ("SELECT * FROM a INDEXED BY a_b WHERE c", "SELECT * FROM a WHERE c"),
        ("SELECT * FROM a\n    indexed  by a_b", "SELECT * FROM a"),
        ("SELECT * FROM a NOT INDEXED", "SELECT * FROM a"),
        ("SELECT indexed_by FROM a", "SELECT indexed_by FROM a"),
    ],
)
def test_translation(statement: str, expected: str) -> None:
    """Places for values and SQLite's hints are translated."""
    assert translated(statement) == expected.encode()


ADD = "INSERT INTO notes (n) VALUES (?)"
Sendings = list[str]


@pytest.fixture
def sendings(notes: PostgresDatabase, monkeypatch: pytest.MonkeyPatch) -> Sendings:
    """How statements are sent on the connection: each for itself, or several in a pipeline."""
    notes.execute("SELECT 1").fetchone()
    found = Sendings()
    execute, pipeline = psycopg.Cursor.execute, Connection.pipeline

    def executed(cursor: psycopg.Cursor[Any], *statement: Any, **options: Any) -> psycopg.Cursor[Any]:
        found.append("one")
        return execute(cursor, *statement, **options)

    def opened(connection: Connection) -> Any:
        found.append("together")
        return pipeline(connection)

    monkeypatch.setattr(psycopg.Cursor, "execute", executed)
    monkeypatch.setattr(Connection, "pipeline", opened)
    return found


def stored(notes: PostgresDatabase) -> Sequence[int]:
    return [n for (n,) in notes.execute("SELECT n FROM notes ORDER BY n").fetchall()]


def test_what_no_one_looks_at_is_sent_with_the_next_look_or_the_commit(
    notes: PostgresDatabase, sendings: Sendings
) -> None:
    """A transaction that reads once waits three times: for its beginning, what it reads, and its end."""
    with notes.transaction():
        sendings.clear()
        notes.execute(ADD, [1])
        notes.executemany(ADD, [[2], [3]])
        assert sendings == []
        assert stored(notes) == [1, 2, 3]
        assert sendings.count("together") == 1
        sendings.clear()
        notes.execute(ADD, [4])
    assert sendings.count("together") == 1
    assert stored(notes) == [1, 2, 3, 4]


@pytest.mark.parametrize("look", [stored, lambda _notes: None], ids=["look", "commit"])
def test_an_error_undoes_the_transaction(notes: PostgresDatabase, look: Callable[[PostgresDatabase], object]) -> None:
    """Whether it is met by a later statement or by the commit; the connection works on."""
    with raises_error("outbox_damaged"), notes.transaction():
        notes.execute(ADD, [1])
        notes.execute("INSERT INTO notes (n) VALUES (1 / 0)")
        notes.execute(ADD, [2])
        look(notes)
    with notes.transaction():
        notes.execute(ADD, [3])
    assert stored(notes) == [3]


def test_not_too_many_wait(notes: PostgresDatabase, sendings: Sendings) -> None:
    """A long transaction that looks at nothing keeps no statement for ever."""
    with notes.transaction():
        for number in range(250):
            notes.execute(ADD, [number])
        assert sendings.count("together") == 2
    assert stored(notes) == list(range(250))


def test_an_interruption_waits_for_nothing(notes: PostgresDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while statements are sent ends the connection; the transaction is undone, and the next one works."""

    class Interrupted(SelectSelector):
        def select(self, timeout: float | None = None) -> Any:  # noqa: ARG002  as its base has it
            raise KeyboardInterrupt

    def add_and_look() -> None:
        with notes.transaction():
            notes.execute(ADD, [1])
            monkeypatch.setattr("apoa_client.outbox.postgres.connection._Selector", Interrupted)
            stored(notes)

    with pytest.raises(KeyboardInterrupt):
        add_and_look()
    monkeypatch.undo()
    with notes.transaction():
        notes.execute(ADD, [2])
    assert stored(notes) == [2]
