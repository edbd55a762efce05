# ruff: noqa: S608  the statements are made of constants
"""A login of the server that wants more than its own property: it runs no code as another one, and holds up none."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import psycopg
import pytest
from basics import raises_error
from outbox_helpers import NOON, report, sealer
from postgres_helpers import PASSWORD, PROPERTY, Cluster, Group, SharedOutbox, add_login

from apoa_client.errors import Exit
from apoa_client.outbox.postgres.connection import TimeLimits
from apoa_client.outbox.postgres.database import PostgresDatabase
from apoa_client.outbox.postgres.store import create_schema, may_create_in_public

HOSTILE = "hostile"
"""A login with a property of its own."""

# Each fits one of our calls better than PostgreSQL's own function, or has its name.
_SHADOWS = (
    *("hashtextextended(text, integer) RETURNS bigint", "format(text, text) RETURNS text"),
    *("format(text, name) RETURNS text", "unnest(text[]) RETURNS SETOF text", "now() RETURNS timestamptz"),
    *("current_setting(text) RETURNS text", "pg_backend_pid() RETURNS integer"),
    *("pg_has_role(text, text) RETURNS boolean", "pg_has_role(text, text, text) RETURNS boolean"),
    *("pg_get_userbyid(oid) RETURNS text", "set_config(text, text, boolean) RETURNS text"),
    *("set_config(varchar, varchar, boolean) RETURNS text", "current_database() RETURNS text"),
    *("is_member() RETURNS boolean", "lock_property(boolean) RETURNS boolean"),
    *("row_security_active(text) RETURNS boolean", "clock_timestamp() RETURNS date"),
    *("nextval(text) RETURNS bigint", "pg_get_serial_sequence(text, text) RETURNS text"),
    *("sum(integer) RETURNS bigint", "count(integer) RETURNS bigint", "max(integer) RETURNS integer"),
    *("sha256(text) RETURNS bytea", "has_schema_privilege(text, oid, text) RETURNS boolean"),
)
_SHADOW = "CREATE FUNCTION public.{} LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'it was called'; END $$"
_COMPARED = "CREATE FUNCTION public.compared(text, name) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE '!'; END $$"
_OPERATOR = "CREATE OPERATOR public.= (FUNCTION = public.compared, LEFTARG = text, RIGHTARG = name)"


@contextmanager
def hostile(cluster: Cluster, database: str, property_name: str = HOSTILE) -> Iterator["psycopg.Connection[Any]"]:
    """A connection of the login without this program, outside of transactions."""
    options = {"host": "127.0.0.1", "port": cluster.port, "user": HOSTILE, "password": PASSWORD}
    with closing(psycopg.connect(dbname=database, autocommit=True, **options)) as connection:  # type: ignore[arg-type]
        connection.execute("SELECT set_config('apoa.property', %s, false)", [property_name])
        yield connection


@pytest.fixture
def shared(postgres_outbox: SharedOutbox) -> SharedOutbox:
    """Two properties, each with a report and a draft; the hostile login may use one."""
    postgres_outbox.add_login(HOSTILE, HOSTILE)
    for name in (PROPERTY, HOSTILE):
        with postgres_outbox.open(login=name, property_name=name) as outbox:
            outbox.record_public_key(sealer().public_key)
            outbox.add(report(1), due_at=NOON)
            outbox.drafts.save("typed", NOON)
    return postgres_outbox


def test_functions_of_its_own(postgres: Cluster, postgres_database: str, postgres_template: str) -> None:
    """What a login has in the schema `public`, as PostgreSQL 14 allows it, is called by no session of this program."""
    assert postgres_template  # the login of the property exists
    address = postgres.address(postgres_database)
    if not postgres.admin.execute("SELECT FROM pg_roles WHERE rolname = %s", [HOSTILE]).rowcount:
        postgres.admin.execute(f"CREATE ROLE {HOSTILE} LOGIN PASSWORD '{PASSWORD}'".encode())
    with closing(postgres.connect(postgres_database)) as connection:
        connection.execute(b"GRANT CREATE ON SCHEMA public TO PUBLIC")
    with hostile(postgres, postgres_database) as connection:
        for each in _SHADOWS:
            connection.execute(_SHADOW.format(each).encode())
        connection.execute(_COMPARED.encode())
        connection.execute(_OPERATOR.encode())
    assert may_create_in_public(address, PASSWORD)
    assert create_schema(address, PASSWORD) == 0
    assert create_schema(address, PASSWORD) == 1
    for login, group in ((PROPERTY, Group.SENDER), (HOSTILE, Group.DESK)):
        add_login(postgres, postgres_database, login, login, group)
    with SharedOutbox(postgres, postgres_database).open() as outbox:
        outbox.record_public_key(sealer().public_key)
        outbox.add(report(1), due_at=NOON)
        outbox.oldest_waiting_at()
        with outbox.database.transaction():
            assert outbox.database.unused_seq() > 0
        assert len(list(outbox.heads())) == 1


def test_no_new_functions(postgres: Cluster, postgres_database: str) -> None:
    """No login creates anything in a database that is prepared, and a second preparation takes the right away again."""
    address = postgres.address(postgres_database)
    for _time in range(2):
        with closing(postgres.connect(postgres_database)) as connection:
            connection.execute(b"GRANT CREATE ON SCHEMA public TO PUBLIC")
        create_schema(address, PASSWORD)
        assert not may_create_in_public(address, PASSWORD)


def test_a_database_without_the_schema_public(postgres: Cluster, postgres_database: str) -> None:
    """It is prepared as any other."""
    with closing(postgres.connect(postgres_database)) as connection:
        connection.execute(b"DROP SCHEMA public")
    assert create_schema(postgres.address(postgres_database), PASSWORD) == 0
    assert not may_create_in_public(postgres.address(postgres_database), PASSWORD)


def test_a_schema_of_another_owner(postgres: Cluster, postgres_database: str) -> None:
    """A schema `apoa` that another program made is not used: its triggers would run as the administrator."""
    with closing(postgres.connect(postgres_database)) as connection:
        connection.execute(b"CREATE SCHEMA apoa")
    with raises_error("outbox_server_error"):
        create_schema(postgres.address(postgres_database), PASSWORD)


def test_each_function_has_a_search_path(shared: SharedOutbox) -> None:
    """A function of ours finds the same objects for each caller."""
    query = "SELECT proname, proconfig FROM pg_proc WHERE pronamespace = 'apoa'::regnamespace"
    found = shared.rows(query)
    assert found
    assert {name: config for name, config in found if config != ["search_path=pg_catalog, pg_temp"]} == {}


def test_each_transaction_has_a_search_path(shared: SharedOutbox) -> None:
    """PostgreSQL's own objects are first, and temporary ones last, also for a login with a path of its own."""
    shared.cluster.admin.execute(
        f"ALTER ROLE {PROPERTY} IN DATABASE {shared.database} SET search_path = public".encode()
    )
    with shared.open() as outbox:
        db = outbox.database
        with db.snapshot():
            assert db.execute("SHOW search_path").fetchone() == ("pg_catalog, apoa, pg_temp",)
        with db.transaction():
            assert db.execute("SHOW search_path").fetchone() == ("pg_catalog, apoa, pg_temp",)
            assert db.execute("SHOW lock_timeout").fetchone() == ("3s",)


_HOLDS: Sequence[tuple[str, type[psycopg.Error] | None]] = (
    # What a login can lock, and what is refused.
    (f"SELECT pg_advisory_lock(hashtextextended('apoa {PROPERTY}', 0))", None),
    ("SELECT pg_advisory_lock(hashtextextended('apoa schema', 0))", None),
    ("SELECT apoa.lock_property(true)", None),
    ("SELECT FROM apoa.reports FOR UPDATE", None),
    (f"SELECT FROM apoa.memo WHERE property = '{PROPERTY}' FOR UPDATE", None),
    ("LOCK TABLE apoa.versions IN SHARE MODE", psycopg.errors.InsufficientPrivilege),
    ("LOCK TABLE apoa.properties IN SHARE MODE", psycopg.errors.InsufficientPrivilege),
    ("SELECT FROM apoa.properties FOR UPDATE", psycopg.errors.InsufficientPrivilege),
    ("SELECT FROM apoa.members FOR UPDATE", psycopg.errors.InsufficientPrivilege),
)


def test_locks_of_another_property(shared: SharedOutbox) -> None:
    """A login that names another property, or takes any advisory lock, holds up neither it nor the administrator."""
    with hostile(shared.cluster, shared.database, PROPERTY) as connection, ExitStack() as stack:
        stack.enter_context(connection.transaction())
        for statement, refused in _HOLDS:
            connection.execute(b"SAVEPOINT before")
            if refused is None:
                connection.execute(statement.encode())
            else:
                with pytest.raises(refused):
                    connection.execute(statement.encode())
                connection.execute(b"ROLLBACK TO before")
        with shared.open() as outbox:
            outbox.add(report(2), due_at=NOON)
        assert create_schema(shared.cluster.address(shared.database), PASSWORD) == 1


def test_a_lock_that_is_held(shared: SharedOutbox) -> None:
    """A login of the property itself can hold it: the others give up in time, and nothing of their change is stored."""
    address = shared.cluster.address(shared.database, PROPERTY)
    desk = PostgresDatabase(address, PROPERTY, PASSWORD, TimeLimits(answer=20.0, lock=0.05))
    with shared.open() as outbox, outbox.database.transaction():
        with raises_error("outbox_busy") as caught, desk.transaction():
            raise AssertionError
        assert desk.execute("SELECT count(*) FROM reports").fetchone() == (1,)
    assert caught.value.exit_code is Exit.NOT_NOW
    assert caught.value.advice is not None
    assert "pg_stat_activity" in caught.value.advice.render()
    with desk.transaction():
        pass
    desk.close()


_RELATIONS = ("reports", "tally", "audit", "memo", "drafts")
_LEAK = """
    CREATE FUNCTION pg_temp.leak(value text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS
    $$ BEGIN RAISE NOTICE '%', value; RETURN true; END $$
"""


@pytest.mark.parametrize("property_name", [PROPERTY, HOSTILE])
def test_a_function_that_tells_what_it_sees(shared: SharedOutbox, property_name: str) -> None:
    """A condition with a function of the login is evaluated for rows that it may read, and no other."""
    seen: list[str] = []
    with hostile(shared.cluster, shared.database, property_name) as connection:
        connection.add_notice_handler(lambda notice: seen.append(notice.message_primary or ""))
        connection.execute(_LEAK.encode())
        for relation in _RELATIONS:
            for query in (
                f"SELECT property FROM apoa.{relation} AS it WHERE pg_temp.leak(property)",
                f"SELECT count(*) FROM apoa.{relation} AS it GROUP BY property HAVING pg_temp.leak(property)",
                f"SELECT 1 FROM apoa.{relation} AS a JOIN apoa.versions ON pg_temp.leak(a.property)",
            ):
                connection.execute(query.encode())
    assert set(seen) <= {HOSTILE}
    assert bool(seen) == (property_name != PROPERTY)
