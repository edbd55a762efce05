"""What a shared outbox does in a way of its own: opening, batches, its state, and its work through a pooler."""

import builtins
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import pytest
from basics import raises_error
from outbox_helpers import HOUR, NOON, report, uuid
from postgres_helpers import PASSWORD, Cluster, SharedOutbox, free_port, pooler

from apoa_client.outbox.database import Database
from apoa_client.outbox.postgres import require_driver
from apoa_client.outbox.postgres.connection import TimeLimits
from apoa_client.outbox.postgres.database import PostgresDatabase
from apoa_client.outbox.postgres.tables import VERSION
from apoa_client.ports.entries import Change, NewReport
from apoa_client.ports.state import AuditEvent
from apoa_client.report.kinds import State

EVENT = AuditEvent("imported")


def test_the_driver_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra, and the error says how to install it."""
    require_driver()
    real = builtins.__import__

    def without(name: str, *args: Any, **named: Any) -> ModuleType:
        if name == "psycopg":
            raise ImportError(name)
        return real(name, *args, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with raises_error("postgres_missing") as caught:
        require_driver()
    assert caught.value.advice is not None
    assert "apoa-client[postgres]" in caught.value.advice.render()


def test_a_server_that_does_not_run(postgres_outbox: SharedOutbox) -> None:
    """Said within the time limit, when the outbox is opened."""
    with raises_error("outbox_server_unreachable"):
        postgres_outbox.open(port=free_port())


def test_its_state(postgres_outbox: SharedOutbox) -> None:
    """The server keeps its files and indexes: there is nothing to check or to rebuild from here."""
    with postgres_outbox.open() as outbox:
        complete, schema, engine = outbox.check_file(lambda: True)
        assert (complete, schema) == (True, VERSION)
        assert engine.startswith("PostgreSQL 1")
        outbox.check_queue()
        assert outbox.rebuild_indexes() is False


def test_each_table_begins_with_the_property(postgres_outbox: SharedOutbox) -> None:
    """So do its keys and indexes, and its rows are secured, also from the owner."""
    of_reports = "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relkind = 'r' "
    tables = postgres_outbox.rows(of_reports + "AND relnamespace = 'apoa'::regnamespace ORDER BY 1")
    secured = [name for name, *security in tables if security == [True, True]]
    assert secured == ["audit", "drafts", "memo", "reports", "tally"]
    assert [name for name, *security in tables if security == [False, False]] == ["members", "properties", "versions"]
    indexes = postgres_outbox.rows("SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'apoa'")
    assert {table for table, text in indexes if "(property, " not in text} == {"members", "properties", "versions"}


def test_a_batch_through_a_pooler(postgres_outbox: SharedOutbox) -> None:
    """It needs no session of its own until it is saved; delivering works there too."""
    with pooler(postgres_outbox.cluster, postgres_outbox.database, sessions=2) as port:
        with postgres_outbox.open(port=port) as outbox, outbox.batch() as batch:
            for number in range(1, 700):
                batch.add(number, [NewReport(report(number), NOON)])
                if number % 300 == 0:
                    outbox.record_contact(NOON)
            batch.discard(2)
            assert len(batch.save(EVENT)) == 698
        with postgres_outbox.open(port=port) as outbox:
            lease, _entries = outbox.claim([uuid(1)], now=NOON, lease_until=NOON + HOUR)
            outbox.settle(lease, [Change(uuid(1), State.ACCEPTED)])
            assert outbox.summary(now=NOON, soon=NOON).counts[State.ACCEPTED] == 1


@pytest.fixture
def desks(postgres: Cluster, table: str) -> Iterator[list[PostgresDatabase]]:
    """Four desks of two properties, with two sessions of the server for them all."""
    with pooler(postgres, table, sessions=2) as port:
        address = postgres.address(table, port=port)
        names = ("melati", "mawar", "melati", "mawar")
        opened = [PostgresDatabase(address, name, PASSWORD, TimeLimits(answer=20.0)) for name in names]
        yield opened
        for desk in opened:
            desk.close()


def test_many_transactions(desks: list[PostgresDatabase]) -> None:
    """Each statement has its own property's name, and each property one writer, whatever session it runs in."""

    def work(desk: Database) -> None:
        for number in range(30):
            with desk.transaction():
                highest = desk.execute("SELECT COALESCE(max(n), 0) FROM notes WHERE property = ?", [name_of(desk)])
                desk.execute("INSERT INTO notes (n) VALUES (?)", [highest.fetchone()[0] + 1])
                desk.executemany("UPDATE notes SET text = ? WHERE n = ?", [("x", number), ("y", number)])
            assert desk.execute("SELECT current_setting('apoa.property')").fetchone() == (name_of(desk),)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, desks))
    found = desks[0].execute("SELECT property, count(*), max(n) FROM notes GROUP BY 1 ORDER BY 1").fetchall()
    assert found == [("mawar", 60, 60), ("melati", 60, 60)]


def test_nothing_stays_in_a_session(desks: list[PostgresDatabase]) -> None:
    """No setting and no prepared statement is left for the next transaction in a session."""
    for desk in desks:
        for _ in range(10):
            assert desk.execute("SELECT ? + 1", [1]).fetchone() == (2,)
    with desks[0].snapshot():
        assert desks[0].execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)
    with raises_error("outbox_server_unreachable"), desks[0].transaction():
        desks[0].execute("SET LOCAL statement_timeout = 1")
        desks[0].execute("SELECT pg_sleep(60)")
    assert all(desk.execute("SHOW statement_timeout").fetchone() == ("30s",) for desk in desks)


def test_a_database_that_is_not_there(postgres: Cluster) -> None:
    """A database that the pooler offers and the server lacks is a mistake of the IT admin, not a line that is cut."""
    with pooler(postgres, "nowhere", sessions=1) as port:
        address = postgres.address("nowhere", port=port)
        desk = PostgresDatabase(address, "melati", PASSWORD, TimeLimits(answer=20.0))
        with raises_error("outbox_not_allowed"), desk.errors():
            desk.execute("SELECT 1")
        desk.close()


def name_of(desk: Database) -> str:
    row = desk.execute("SELECT current_setting('apoa.property')").fetchone()
    assert row is not None
    return str(row[0])
