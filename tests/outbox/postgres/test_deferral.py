"""Statements of a transaction are sent together, and do what they would do one by one."""

from collections.abc import Callable, Sequence
from selectors import SelectSelector
from typing import Any

import psycopg
import pytest
from basics import raises_error

from apoa_client.outbox.postgres.connection import Connection
from apoa_client.outbox.postgres.database import PostgresDatabase

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
