# ruff: noqa: S608  the statements are made of constants
"""Who may do what in a shared outbox: each statement by each login, and logins that want more than their property."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import psycopg
import pytest
from basics import raises_error
from outbox_helpers import HOUR, NOON, PHOTO, report, sealer, uuid
from postgres_helpers import PASSWORD, PROPERTY, Cluster, Group, SharedOutbox, add_login, new_shared_outbox

from apoa_client.errors import Exit
from apoa_client.messages import msg
from apoa_client.outbox.postgres.connection import TimeLimits
from apoa_client.outbox.postgres.database import PostgresDatabase
from apoa_client.outbox.postgres.store import create_schema, may_create_in_public
from apoa_client.outbox.rows import SEALED
from apoa_client.ports.entries import Change, NewReport, Selection
from apoa_client.ports.state import AuditEvent
from apoa_client.report.kinds import State

SENDER, DESK, OTHER, STRANGER = PROPERTY, "melati_desk", "kenanga", "stranger"
"""Two logins of one property, one of another property, and one of another program."""

OWN = {SENDER, DESK}
NO_ONE = set[str]()

COLUMNS = "id, short_id, stay_id, kind, created_at, content"
VALUES = "'x', 'x', 'x', 'check_in', 1, '\\x00'"

STEERING = ("public_key", "index_key_hash", "stop", "hold", "maintenance", "doubts", "wants_photos")
"""The metadata that say which key is right, what is sent and when, and what is doubted."""

_RELATIONS = ("reports", "tally", "audit", "memo", "drafts")
STATEMENTS: dict[str, set[str]] = {
    **{f"SELECT {column} FROM reports": OWN for column in SEALED},
    "SELECT * FROM reports": OWN,
    f"INSERT INTO reports ({COLUMNS}) VALUES ({VALUES})": OWN,
    f"INSERT INTO reports ({COLUMNS}, property) VALUES ({VALUES}, '{OTHER}')": NO_ONE,
    f"INSERT INTO reports ({COLUMNS}, state) VALUES ({VALUES}, 'accepted')": {SENDER},
    "UPDATE reports SET state = 'withdrawn', finished_at = 1": OWN,
    "UPDATE reports SET state = 'superseded', finished_at = 1, seq = 99": OWN,
    "UPDATE reports SET mac = NULL": OWN,
    "UPDATE reports SET state = 'rejected'": {SENDER},
    "UPDATE reports SET state = 'accepted'": {SENDER},
    "UPDATE reports SET state = 'sending', lease = 'x', lease_until = 1": {SENDER},
    "UPDATE reports SET receipt_number = 'X', receipt_issued_at = 1": {SENDER},
    "UPDATE reports SET photo_state = 'sent'": {SENDER},
    "UPDATE reports SET guest_tag = 1": {SENDER},
    **{f"UPDATE reports SET {column} = NULL": {SENDER} for column in SEALED},
    f"UPDATE reports SET property = '{OTHER}'": NO_ONE,
    "DELETE FROM reports": NO_ONE,
    "SELECT n, at, who, action, report, detail, link FROM audit": OWN,
    "INSERT INTO audit VALUES (DEFAULT, 99, 1, 'x', 'x', NULL, NULL, '')": OWN,
    f"INSERT INTO audit VALUES ('{OTHER}', 99, 1, 'x', 'x', NULL, NULL, '')": NO_ONE,
    "UPDATE audit SET who = 'x'": NO_ONE,
    "DELETE FROM audit": NO_ONE,
    "SELECT state, reports FROM tally": OWN,
    "UPDATE tally SET reports = 0": NO_ONE,
    "INSERT INTO tally VALUES (DEFAULT, 'x', 1)": NO_ONE,
    "DELETE FROM tally": NO_ONE,
    "SELECT count_reports('queued', 'melati', 1)": NO_ONE,
    "SELECT key, value FROM memo": OWN,
    "INSERT INTO memo (key, value) VALUES ('notice', 'x')": OWN,
    "INSERT INTO memo (key, value) VALUES ('x', 'x')": {SENDER},
    "UPDATE memo SET value = 'x' WHERE key = 'audit_head'": OWN,
    "UPDATE memo SET key = 'x' WHERE key = 'audit_head'": {SENDER},
    f"UPDATE memo SET property = '{OTHER}'": NO_ONE,
    "DELETE FROM memo WHERE key = 'audit_head'": OWN,
    **{
        statement.format(key): {SENDER}
        for key in STEERING
        for statement in (
            "INSERT INTO memo (key, value) VALUES ('{}', 'x') ON CONFLICT (property, key) DO UPDATE SET value = 'y'",
            "UPDATE memo SET value = 'x' WHERE key = '{}'",
            "UPDATE memo SET key = 'notice' WHERE key = '{}'",
            "DELETE FROM memo WHERE key = '{}'",
        )
    },
    "SELECT id, kept_at, taken_at, n FROM drafts": OWN,
    "SELECT content FROM drafts": OWN,
    "INSERT INTO drafts (id, kept_at, content) VALUES ('x', 1, '')": OWN,
    "UPDATE drafts SET taken_at = 1": OWN,
    "DELETE FROM drafts": OWN,
    "SELECT name FROM properties": NO_ONE,
    "INSERT INTO properties VALUES ('x')": NO_ONE,
    "SELECT role, property FROM members": NO_ONE,
    f"INSERT INTO members VALUES (session_user, '{OTHER}')": NO_ONE,
    "UPDATE members SET property = 'melati'": NO_ONE,
    "SELECT version FROM versions": {*OWN, OTHER},
    "INSERT INTO versions VALUES (99)": NO_ONE,
    "TRUNCATE reports": NO_ONE,
    "CREATE TABLE apoa.x (n integer)": NO_ONE,
    "ALTER TABLE reports DISABLE ROW LEVEL SECURITY": NO_ONE,
    "ALTER TABLE reports DISABLE TRIGGER ALL": NO_ONE,
    "CREATE OR REPLACE FUNCTION apoa.is_member() RETURNS boolean LANGUAGE sql AS 'SELECT true'": NO_ONE,
    "SET ROLE apoa_owner": NO_ONE,
    "SET SESSION AUTHORIZATION kenanga": {OTHER},
    "GRANT apoa_sender TO session_user": NO_ONE,
}
"""Statements for the property `melati`, each with the logins for which it does something."""


@pytest.fixture(scope="module")
def two_properties(postgres: Cluster, postgres_template: str) -> Iterator[str]:
    """The name of a database with two properties, each with a report that has a photo, and a draft."""
    with new_shared_outbox(postgres, postgres_template) as shared:
        shared.add_login(DESK, PROPERTY, Group.DESK)
        shared.add_login(OTHER, OTHER)
        if not postgres.admin.execute("SELECT FROM pg_roles WHERE rolname = %s", [STRANGER]).rowcount:
            postgres.admin.execute(f"CREATE ROLE {STRANGER} LOGIN PASSWORD '{PASSWORD}'".encode())
        for name in (PROPERTY, OTHER):
            with shared.open(login=name, property_name=name) as outbox:
                outbox.record_public_key(sealer().public_key)
                outbox.add_all([NewReport(report(1), NOON, photo=PHOTO)])
                outbox.drafts.save("typed", NOON)
        yield shared.database


@pytest.fixture
def shared(postgres: Cluster, two_properties: str) -> Iterator[SharedOutbox]:
    """A copy of it."""
    with new_shared_outbox(postgres, two_properties) as opened:
        yield opened


def connected(shared: SharedOutbox, login: str, property_name: str) -> "psycopg.Connection[Any]":
    """A login's connection without this program, in a transaction of a property."""
    options = {"host": "127.0.0.1", "port": shared.cluster.port, "user": login, "password": PASSWORD}
    connection = psycopg.connect(dbname=shared.database, **options)  # type: ignore[arg-type]
    connection.execute("SELECT set_config('search_path', 'apoa', true)")
    connection.execute("SELECT set_config('apoa.property', %s, true)", [property_name])
    return connection


REFUSED = (
    *(psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedTable, psycopg.errors.UndefinedFunction),
    psycopg.errors.InvalidGrantOperation,
)


def effective(shared: SharedOutbox, login: str, property_name: str = PROPERTY) -> set[str]:
    """The statements that give or change a row, or are commands that are executed. Nothing of them stays."""
    found = set()
    with closing(connected(shared, login, property_name)) as connection:
        for statement in STATEMENTS:
            connection.execute(b"SAVEPOINT before")
            try:
                cursor = connection.execute(statement.encode())
            except REFUSED:
                pass
            else:
                found |= {statement} if cursor.rowcount else set()
            connection.execute(b"ROLLBACK TO before")
    return found


def test_each_statement_by_each_login(shared: SharedOutbox) -> None:
    """With the property set to `melati`: its desks do their part, and a login of another property nothing at all."""
    for key in STEERING:
        shared.change("INSERT INTO memo (key, value) VALUES (?, 'x') ON CONFLICT DO NOTHING", key)
    logins = (SENDER, DESK, OTHER, STRANGER)
    may = {login: effective(shared, login) for login in logins}
    assert {statement: {login for login in logins if statement in may[login]} for statement in STATEMENTS} == STATEMENTS


def test_which_properties_a_login_sees(shared: SharedOutbox) -> None:
    """One at a time, and only its own."""
    for login, property_name, seen in (
        (SENDER, PROPERTY, {PROPERTY}),
        (SENDER, OTHER, set()),
        (SENDER, "", set()),
        (OTHER, OTHER, {OTHER}),
    ):
        for table in _RELATIONS:
            with closing(connected(shared, login, property_name)) as connection:
                found = connection.execute(f"SELECT property FROM {table}".encode()).fetchall()
                assert {name for (name,) in found} == seen, (login, property_name, table)


def test_the_owner_sees_no_other_property(shared: SharedOutbox) -> None:
    """An administrator who works as the owner of the tables is bound as each login; only the counts are all."""
    with closing(shared.cluster.connect(shared.database)) as connection:
        connection.execute(b"SET ROLE apoa_owner")
        for table in ("reports", "memo", "drafts", "tally"):
            rows = connection.execute(f"SELECT property FROM apoa.{table}".encode()).fetchall()
            assert {name for (name,) in rows} == ({PROPERTY, OTHER} if table == "tally" else set()), table


def test_a_desk_works_and_does_not_send(shared: SharedOutbox) -> None:
    """It saves, replaces, withdraws, keeps drafts and opens; claiming, settling and erasing are refused."""
    with shared.open(login=DESK) as desk:
        desk.add(report(2), due_at=NOON)
        desk.add(report(3, 2), due_at=NOON, replaces=[uuid(2)], active_reports=[uuid(2)])
        desk.withdraw([uuid(3)], [uuid(3)])
        with desk.batch() as batch:
            batch.add(1, [NewReport(report(4), NOON)])
            batch.save(AuditEvent("imported"))
        [draft] = desk.drafts.waiting(NOON)
        desk.drafts.delete(draft)
        assert desk.content(desk.find(uuid(4))[0]).report == report(4)
        assert desk.photo(desk.find(uuid(1))[0]) == PHOTO
        assert desk.integrity.verify().doubts == ()
        with raises_error("outbox_not_allowed"):
            desk.claim([uuid(4)], now=NOON, lease_until=NOON + HOUR)
        shared.change("UPDATE reports SET state = 'pending' WHERE id = ?", uuid(1))
        with raises_error("outbox_not_allowed"):
            desk.settle_pending([Change(uuid(1), State.ACCEPTED)])
        with raises_error("outbox_not_allowed"):
            desk.eraser.stay(report(2).stay_id, dry_run=False)
        states = [entry.state for entry in desk.entries(Selection())]
        assert states == [State.PENDING, State.WITHDRAWN, State.SUPERSEDED, State.QUEUED]


def test_properties_have_nothing_in_common(shared: SharedOutbox) -> None:
    """The same ids, numbers and keys exist once in each, and a change of one is none of the other."""
    with shared.open() as ours, shared.open(login=OTHER, property_name=OTHER) as theirs:
        lease, _entries = ours.claim([uuid(1)], now=NOON, lease_until=NOON + HOUR)
        theirs.settle(lease, [Change(uuid(1), State.ACCEPTED)])
        ours.record_contact(NOON)
        assert [entry.state for entry in theirs.entries(Selection())] == [State.QUEUED]
        assert theirs.summary(now=NOON, soon=NOON).last_contact_at is None
        assert (theirs.audit_trail.verify().entries, ours.audit_trail.verify().entries) == (2, 2)
        with ours.maintenance(msg("Later."), wait_s=0), theirs.maintenance(msg("Later."), wait_s=0):
            pass


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
def hostile(cluster: Cluster, database: str, property_name: str = OTHER) -> Iterator["psycopg.Connection[Any]"]:
    """A connection of the other property's login, without this program and outside of transactions."""
    options = {"host": "127.0.0.1", "port": cluster.port, "user": OTHER, "password": PASSWORD}
    with closing(psycopg.connect(dbname=database, autocommit=True, **options)) as connection:  # type: ignore[arg-type]
        connection.execute("SELECT set_config('apoa.property', %s, false)", [property_name])
        yield connection


def test_functions_of_its_own(postgres: Cluster, postgres_database: str, postgres_template: str) -> None:
    """What a login has in the schema `public`, as PostgreSQL 14 allows it, is called by no session of this program."""
    assert postgres_template  # the login of the property exists
    address = postgres.address(postgres_database)
    if not postgres.admin.execute("SELECT FROM pg_roles WHERE rolname = %s", [OTHER]).rowcount:
        postgres.admin.execute(f"CREATE ROLE {OTHER} LOGIN PASSWORD '{PASSWORD}'".encode())
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
    for login, group in ((PROPERTY, Group.SENDER), (DESK, Group.DESK)):
        add_login(postgres, postgres_database, login, login, group)
    with SharedOutbox(postgres, postgres_database).open() as outbox:
        outbox.record_public_key(sealer().public_key)
        outbox.add(report(1), due_at=NOON)
        outbox.oldest_waiting_at()
        with outbox.database.transaction():
            assert outbox.database.unused_seq() > 0
        assert len(list(outbox.heads())) == 1


def test_no_new_functions(postgres: Cluster, postgres_database: str) -> None:
    """No login creates anything in a database that is prepared, and a second preparation takes the right away again.

    One without the schema `public` is prepared as any other.
    """
    address = postgres.address(postgres_database)
    granted = b"GRANT CREATE ON SCHEMA public TO PUBLIC"
    for statement in (b"DROP SCHEMA public", b"CREATE SCHEMA public; " + granted, granted):
        with closing(postgres.connect(postgres_database)) as connection:
            connection.execute(statement)
        create_schema(address, PASSWORD)
        assert not may_create_in_public(address, PASSWORD)


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


_LEAK = """
    CREATE FUNCTION pg_temp.leak(value text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS
    $$ BEGIN RAISE NOTICE '%', value; RETURN true; END $$
"""


@pytest.mark.parametrize("property_name", [PROPERTY, OTHER])
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
    assert set(seen) <= {OTHER}
    assert bool(seen) == (property_name != PROPERTY)
