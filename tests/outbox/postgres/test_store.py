"""What a shared outbox does in a way of its own: opening, batches, its state, and its work through a pooler.

Its database is prepared once, by the administrator, and is refused if it is of another version.
"""

import builtins
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import pytest
from basics import raises_error
from outbox_helpers import HOUR, NOON, report, uuid
from postgres_helpers import PASSWORD, PROPERTY, Cluster, Group, SharedOutbox, free_port, pooler

from apoa_client.outbox.database import Database
from apoa_client.outbox.postgres import require_driver
from apoa_client.outbox.postgres import store as schema
from apoa_client.outbox.postgres.connection import TimeLimits, connect
from apoa_client.outbox.postgres.database import PostgresDatabase
from apoa_client.outbox.postgres.store import add_member, create_schema
from apoa_client.outbox.postgres.tables import STATEMENTS, VERSION
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


PATIENT = TimeLimits(answer=20.0, lock=20.0)


def test_two_administrators_at_once() -> None:
    """One prepares the database, and the others find it prepared: the first of its server, and one after it."""
    with Cluster() as cluster, ThreadPoolExecutor(3) as pool:
        for _database in range(2):
            address = cluster.address(cluster.create_database())
            versions = pool.map(lambda place: create_schema(place, PASSWORD, PATIENT), [address] * 3)
            assert sorted(versions) == [0, VERSION, VERSION]


def test_a_failed_step_leaves_nothing(
    postgres: Cluster, postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next attempt begins with an empty database."""
    address = postgres.address(postgres_database)
    with monkeypatch.context() as patch:
        patch.setattr(schema, "STATEMENTS", (*STATEMENTS, "SELECT 1 / 0"))
        with raises_error("outbox_damaged"):
            create_schema(address, PASSWORD)
    assert create_schema(address, PASSWORD) == 0


def test_one_of_a_newer_version(postgres_outbox: SharedOutbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is neither used nor prepared again."""
    monkeypatch.setattr(schema, "VERSION", VERSION - 1)
    with raises_error("outbox_too_new"):
        postgres_outbox.open()
    with raises_error("outbox_too_new"):
        create_schema(postgres_outbox.cluster.address(postgres_outbox.database), PASSWORD)


def test_a_desk_cannot_prepare_it(postgres_outbox: SharedOutbox) -> None:
    """Nor bring it to another version, nor let a login use a property."""
    address = postgres_outbox.cluster.address(postgres_outbox.database, PROPERTY)
    with raises_error("outbox_not_allowed"):
        create_schema(address, PASSWORD)
    with raises_error("outbox_not_allowed"):
        add_member(address, PASSWORD, PROPERTY, "kenanga")


@pytest.mark.parametrize(
    ("changes", "error"),
    [({"login": "admin"}, "outbox_not_restricted"), ({"property_name": "kenanga"}, "outbox_not_allowed")],
    ids=["superuser", "another login's"],
)
def test_what_a_login_may_not_use(postgres_outbox: SharedOutbox, changes: dict[str, str], error: str) -> None:
    """A superuser would see the reports of every property as those of one; another one's would look empty."""
    with raises_error(error):
        postgres_outbox.open(**changes)  # type: ignore[arg-type]  # all are texts


def test_what_is_not_there(postgres: Cluster, postgres_database: str, postgres_outbox: SharedOutbox) -> None:
    """A database is not prepared by the way, and a login is created by the administrator before."""
    with raises_error("outbox_missing"):
        SharedOutbox(postgres, postgres_database).open(login="admin")
    with raises_error("outbox_missing"):
        add_member(postgres_outbox.cluster.address(postgres_outbox.database), PASSWORD, "unknown", PROPERTY)


@pytest.mark.usefixtures("postgres_template")  # which has the login
def test_administrators_who_are_no_superusers() -> None:
    """The owner of a database who may create roles, as hosted servers have one, is enough.

    The owner of the next database is granted the roles of the server by the first one, as the guide says it.
    """
    roles = ", ".join(("apoa_owner", *Group))
    with Cluster() as cluster:
        cluster.admin.execute(f"CREATE ROLE {PROPERTY} LOGIN PASSWORD '{PASSWORD}'".encode())
        for number, admin in enumerate(("first", "second")):
            cluster.admin.execute(f"CREATE ROLE {admin} LOGIN CREATEROLE PASSWORD '{PASSWORD}'".encode())
            cluster.admin.execute(f"CREATE DATABASE {admin} OWNER {admin}".encode())
            address = cluster.address(admin, admin)
            if number:
                with connect(cluster.address("first", "first"), PASSWORD, TimeLimits(answer=20.0)) as connection:
                    connection.execute(f"GRANT {roles} TO {admin} WITH ADMIN OPTION".encode())
            assert [create_schema(address, PASSWORD) for _time in range(2)] == [0, VERSION]
            add_member(address, PASSWORD, PROPERTY, PROPERTY)
            with SharedOutbox(cluster, admin).open() as outbox:
                assert list(outbox.heads()) == []
