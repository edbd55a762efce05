"""PgBouncer in transaction mode: each transaction may run in another session of the server."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from basics import raises_error
from postgres_helpers import PASSWORD, Cluster, pooler

from apoa_client.outbox.database import Database
from apoa_client.outbox.postgres.connection import TimeLimits
from apoa_client.outbox.postgres.database import PostgresDatabase


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
