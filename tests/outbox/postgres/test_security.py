# ruff: noqa: S608  the statements are made of constants
"""Who may do what in a shared outbox, found by trying each statement as each login."""

from contextlib import closing
from typing import Any

import psycopg
import pytest
from basics import raises_error
from outbox_helpers import HOUR, NOON, PHOTO, report, sealer, uuid
from postgres_helpers import PASSWORD, PROPERTY, Group, SharedOutbox

from apoa_client.messages import msg
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


@pytest.fixture
def shared(postgres_outbox: SharedOutbox) -> SharedOutbox:
    """Two properties, each with a report that has a photo, and a draft."""
    postgres_outbox.add_login(DESK, PROPERTY, Group.DESK)
    postgres_outbox.add_login(OTHER, OTHER)
    if not postgres_outbox.cluster.admin.execute("SELECT FROM pg_roles WHERE rolname = %s", [STRANGER]).rowcount:
        postgres_outbox.cluster.admin.execute(f"CREATE ROLE {STRANGER} LOGIN PASSWORD '{PASSWORD}'".encode())
    for name in (PROPERTY, OTHER):
        with postgres_outbox.open(login=name, property_name=name) as outbox:
            outbox.record_public_key(sealer().public_key)
            outbox.add_all([NewReport(report(1), NOON, photo=PHOTO)])
            outbox.drafts.save("typed", NOON)
    return postgres_outbox


def connected(shared: SharedOutbox, login: str, property_name: str) -> "psycopg.Connection[Any]":
    """A login's connection without this program, in a transaction of a property."""
    address = shared.cluster.address(shared.database, login)
    server = address.servers[0]
    options = {"host": server.host, "port": server.port, "user": login, "password": PASSWORD}
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


@pytest.mark.parametrize(
    ("login", "property_name", "seen"),
    [
        (SENDER, PROPERTY, {PROPERTY}),
        (SENDER, OTHER, set()),
        (SENDER, "", set()),
        (OTHER, OTHER, {OTHER}),
    ],
)
def test_which_properties_a_login_sees(shared: SharedOutbox, login: str, property_name: str, seen: set[str]) -> None:
    """One at a time, and only its own."""
    for table in ("reports", "tally", "audit", "memo", "drafts"):
        with closing(connected(shared, login, property_name)) as connection:
            found = connection.execute(f"SELECT property FROM {table}".encode()).fetchall()
            assert {name for (name,) in found} == seen, table


@pytest.mark.parametrize("table", ["reports", "memo", "drafts", "tally"])
def test_the_owner_sees_no_other_property(shared: SharedOutbox, table: str) -> None:
    """An administrator who works as the owner of the tables is bound as each login; only the counts are all."""
    with closing(shared.cluster.connect(shared.database)) as connection:
        connection.execute(b"SET ROLE apoa_owner")
        rows = connection.execute(f"SELECT property FROM apoa.{table}".encode()).fetchall()
        assert {name for (name,) in rows} == ({PROPERTY, OTHER} if table == "tally" else set())


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
