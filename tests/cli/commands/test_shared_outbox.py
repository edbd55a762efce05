"""A property whose reports are on a server of PostgreSQL: every command works there, and a desk never waits for it."""

import shutil
import sqlite3
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import OBADIAH, QUENTIN, XIMENA, Apoa, raising
from postgres_helpers import PASSWORD, PROPERTY, SUPERUSER, Cluster, SharedOutbox

from apoa_client.errors import Exit
from apoa_client.messages import msg
from apoa_client.outbox.errors import OutboxServerUnreachable
from apoa_client.outbox.postgres.connection import TimeLimits
from apoa_client.outbox.postgres.database import PostgresDatabase
from apoa_client.outbox.sql.drafts import Drafts
from apoa_client.outbox.sql.hand_over import HandOver
from apoa_client.ports.state import HandedOver

_no_answer = raising(OutboxServerUnreachable(msg("The database does not answer.")))
WAITS = "The shared outbox does not answer. This waits on this computer; apoa moves it there by itself."


def test_a_stay_from_arrival_to_departure(shared: Apoa, postgres_outbox: SharedOutbox) -> None:
    """Saved on this computer and handed over at once: nothing stays in the file."""
    saved = shared.send(QUENTIN, "--room", "7")
    assert saved["state"] == "accepted"
    assert "stored" not in saved
    assert shared("checkout", "--room", "7", "--yes").code == 0
    assert postgres_outbox.reports()[0] == (saved["id"], "accepted")
    assert len(shared.reports()) == len(postgres_outbox.reports()) == 2
    assert shared("status").code == shared("log", "--verify").code == 0
    shared.change_setting("outbox", "sqlite")
    assert shared.reports() == []


def test_a_server_that_is_away(shared: Apoa, postgres_outbox: SharedOutbox, authority: Any) -> None:
    """Guests are reported all the same, in their order, and sent once when it is back; nothing else is done."""
    first = shared.save(QUENTIN)
    with postgres_outbox.cluster.away():
        second, third = shared.send(XIMENA), shared.send(OBADIAH)
        for each in (second, third):
            assert (each["state"], each["stored"]) == ("queued", "here")
        for name in ("list", "status"):
            shown = shared(name, "--json")
            assert (shown.code, "postgresql://melati@" in shown.err) == (Exit.NOT_NOW, True)
            assert shown.json
        assert [each["id"] for each in shared("list", "--json").json["reports"]] == [second["id"], third["id"]]
        assert shared("status", "--json").json["counts"]["queued"] == 2
        assert shared("sync").code == Exit.NOT_NOW
        for command in (["checkout", "zykowski", "--yes"], ["amend", second["id"], "--reason", "x"]):
            said = shared(*command)
            assert (said.code, "NOT saved" in said.err) == (Exit.NOT_NOW, True)
    assert len(postgres_outbox.reports()) == 1
    assert shared("sync").code == 0
    assert postgres_outbox.reports() == [(each["id"], "accepted") for each in (first, second, third)]
    assert shared.states() == [("check_in", "accepted")] * 3
    received = authority.storage.read_bytes()
    assert all(received.count(each["id"].encode()) for each in (first, second, third))
    assert shared("log", "--verify").code == 0


@pytest.mark.slow
@pytest.mark.parametrize("keys", [None, pytest.param([*QUENTIN.lines, ">", ""], marks=pytest.mark.long)])
def test_a_server_that_vanishes_at_any_step(
    shared: Apoa, monkeypatch: pytest.MonkeyPatch, keys: list[str] | None
) -> None:
    """The guest, who was here before, is saved without a question more, in one of both outboxes, and sent once.

    The server is gone from its n-th transaction on, for every connection, until it is back.
    """
    shared.send(QUENTIN)
    left = sys.maxsize
    begin: Callable[..., Any] = PostgresDatabase._begin
    connect: Callable[..., Any] = PostgresDatabase.connect

    def begin_or_not(db: PostgresDatabase, kind: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            db.close()
        begin(db, kind)

    def connect_or_not(db: PostgresDatabase) -> Any:
        return _no_answer() if left < 0 else connect(db)

    monkeypatch.setattr(PostgresDatabase, "_begin", begin_or_not)
    monkeypatch.setattr(PostgresDatabase, "connect", connect_or_not)
    report = ["report", "--nights", "2", "--room", "7", "--again"] if keys else QUENTIN.mrz("--again")
    for transactions in range(200):
        left = transactions
        said = shared(*report, keys=keys)
        assert (said.code, "NOT" in said.all) == (0, False), (transactions, said.all)
        reached_end = left >= 0
        left = sys.maxsize
        if reached_end:
            break
    assert shared("sync").code == 0
    assert shared.states() == [("check_in", "accepted")] * (transactions + 2)
    assert shared("log", "--verify").code == 0


@pytest.mark.parametrize(("method", "keys"), [("waiting", []), ("take", [""])])
def test_the_server_goes_away_while_an_unfinished_guest_is_offered(
    shared: Apoa, monkeypatch: pytest.MonkeyPatch, method: str, keys: Sequence[str]
) -> None:
    """Another guest is reported meanwhile, and the unfinished one is offered when the server is back."""
    assert shared("report", keys=XIMENA.lines).code != 0
    arguments = ("report", "--nights", "2", "--room", "7")
    call: Callable[..., Any] = getattr(Drafts, method)

    def call_or_not(drafts: Drafts, *arguments: object) -> Any:
        return _no_answer() if isinstance(drafts._db, PostgresDatabase) else call(drafts, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Drafts, method, call_or_not)
        said = shared(*arguments, keys=[*keys, *QUENTIN.lines, ">", ""])
    assert (said.code, WAITS in said.all) == (0, True), said.all
    assert shared(*arguments, keys=["", ">", ""]).code == 0
    assert shared.states() == [("check_in", "accepted")] * 2


def test_a_password_that_is_refused(shared: Apoa, postgres_outbox: SharedOutbox) -> None:
    """The guest is saved here, and the cause is said; every other command says it too."""
    said = shared(*QUENTIN.mrz(), APOA_OUTBOX_PASSWORD="wrong")
    assert said.code == 0
    assert WAITS not in said.out
    assert "This waits on this computer; apoa moves it" in said.out
    assert "refused the user or the password" in said.out
    assert shared("status", APOA_OUTBOX_PASSWORD="wrong").code == Exit.CREDENTIALS
    assert shared.states() == [("check_in", "queued")]
    assert len(postgres_outbox.reports()) == 1


def test_without_the_driver(shared: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named, and the exit code is that of settings; a guest is saved all the same."""
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "psycopg", None)
        assert shared.save()["stored"] == "here"
        for command in (["status"], ["sync"], ["doctor", "--offline"]):
            said = shared(*command)
            assert (said.code, "apoa-client[postgres]" in said.all) == (Exit.SETTINGS, True)
    assert shared.states() == [("check_in", "queued")]


_REFUSE = """
    CREATE FUNCTION apoa.refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '%s'; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON apoa.reports FOR EACH STATEMENT EXECUTE FUNCTION apoa.refuse()
"""
"""The server raises an error with this state of SQL (SQLSTATE) for each new report."""


_NO_MORE = "DROP FUNCTION apoa.refuse CASCADE"


_COUNT_AGAIN = """
    DELETE FROM apoa.tally;
    INSERT INTO apoa.tally
    SELECT 'melati', state, (SELECT count(*) FROM apoa.reports WHERE reports.state = known.state)
    FROM unnest('{queued, sending, pending, rejected, accepted, superseded, withdrawn}'::text[]) AS known (state)
"""


TROUBLE = [
    ("disk_full", _REFUSE % "53100", _NO_MORE),
    ("outbox_busy", _REFUSE % "40001", _NO_MORE),
    ("outbox_busy", _REFUSE % "40P01", _NO_MORE),
    (
        "outbox_server_unreachable",
        "ALTER DATABASE {name} CONNECTION LIMIT 0",
        "ALTER DATABASE {name} CONNECTION LIMIT -1",
    ),
    (
        "outbox_server_unreachable",
        "ALTER DATABASE {name} SET default_transaction_read_only = on",
        "ALTER DATABASE {name} RESET default_transaction_read_only",
    ),
    ("outbox_not_allowed", "ALTER ROLE melati NOLOGIN", "ALTER ROLE melati LOGIN"),
    (
        "outbox_not_allowed",
        "ALTER DATABASE {name} ALLOW_CONNECTIONS false",
        "ALTER DATABASE {name} ALLOW_CONNECTIONS true",
    ),
    ("outbox_not_allowed", "ALTER DATABASE {name} RENAME TO other", "ALTER DATABASE other RENAME TO {name}"),
    (
        "outbox_not_allowed",
        "CREATE DATABASE other TEMPLATE {name}; DROP DATABASE {name}",
        "ALTER DATABASE other RENAME TO {name}",
    ),
    (
        "outbox_missing",
        "ALTER DATABASE {name} RENAME TO other; CREATE DATABASE {name}",
        "DROP DATABASE {name}; ALTER DATABASE other RENAME TO {name}",
    ),
    ("outbox_not_allowed", "REVOKE apoa_sender FROM melati", "GRANT apoa_sender TO melati"),
    ("outbox_not_allowed", "DELETE FROM apoa.members", "INSERT INTO apoa.members VALUES ('melati', 'melati')"),
    ("outbox_missing", "DELETE FROM apoa.versions", "INSERT INTO apoa.versions VALUES (1)"),
    ("outbox_missing", "ALTER SCHEMA apoa RENAME TO old", "ALTER SCHEMA old RENAME TO apoa"),
    ("outbox_missing", "ALTER TABLE apoa.memo RENAME TO old", "ALTER TABLE apoa.old RENAME TO memo"),
    ("outbox_missing", "ALTER TABLE apoa.reports RENAME TO old", "ALTER TABLE apoa.old RENAME TO reports"),
    # While `pg_restore` runs: it loads the rows first, and grants the access last.
    ("outbox_not_allowed", "REVOKE USAGE ON SCHEMA apoa FROM apoa_desk", "GRANT USAGE ON SCHEMA apoa TO apoa_desk"),
    ("outbox_too_new", "INSERT INTO apoa.versions VALUES (99)", "DELETE FROM apoa.versions WHERE version = 99"),
    ("outbox_damaged", "DELETE FROM apoa.tally", _COUNT_AGAIN),
]
"""What a server refuses, and what an administrator does by mistake or while a dump is loaded; and how it is undone."""


@pytest.mark.parametrize(("cause", "do", "undo"), TROUBLE)
def test_a_server_that_saves_nothing(
    shared: Apoa, postgres_outbox: SharedOutbox, cause: str, do: str, undo: str
) -> None:
    """Guests wait in the file of the desk, every other command says why, and all are sent once afterwards."""
    first = shared.save(QUENTIN)
    run_as_administrator(postgres_outbox, do)
    try:
        others = [shared.send(guest) for guest in (XIMENA, OBADIAH)]
        said = shared("sync", "--json")
        for command in (["status"], ["doctor", "--offline"]):
            assert "postgresql://" in shared(*command).all
    finally:
        run_as_administrator(postgres_outbox, undo)
    code = Exit.NOT_NOW if cause in {"outbox_busy", "outbox_server_unreachable"} else Exit.SETTINGS
    assert (said.code, said.json["error"]["class"]) == (code, cause)
    if cause != "outbox_damaged":  # where its counts alone are wrong, the server takes guests
        assert [(each["state"], each["stored"]) for each in others] == [("queued", "here")] * 2
    assert shared("sync").code == 0
    sent = postgres_outbox.reports()
    assert sent == [(each["id"], "accepted") for each in (first, *others)]
    assert shared("log", "--verify").code == 0


def run_as_administrator(outbox: SharedOutbox, statement: str) -> None:
    """Execute statements as the superuser, after the sessions of the database were ended."""
    end = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s"
    outbox.cluster.admin.execute(end, [outbox.database])
    if "apoa." in statement or "SCHEMA" in statement:
        with closing(outbox.cluster.connect(outbox.database)) as connection:
            connection.execute(statement.encode())
    else:
        for each in statement.format(name=outbox.database).split("; "):
            outbox.cluster.admin.execute(each.encode())


def test_a_damaged_file_on_this_computer(shared: Apoa, postgres_outbox: SharedOutbox) -> None:
    """A guest is reported all the same, and every other command says what is wrong: reports may wait in the file."""
    shared.outbox_file.write_bytes(b"no database" * 500)
    saved = shared.save()
    assert postgres_outbox.reports() == [(saved["id"], "queued")]
    assert shared("status").code == shared("sync").code == Exit.SETTINGS


def test_the_file_from_before_is_erased_in_time(
    configured: Apoa, postgres_outbox: SharedOutbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guests' data that are still in it are not kept for longer because the reports are on a server now."""
    configured.send(QUENTIN)
    configured.environ["APOA_OUTBOX_PASSWORD"] = PASSWORD
    assert configured("config", "set", "outbox", postgres_outbox.address()).code == 0
    configured.clock.forward(timedelta(days=120))
    with monkeypatch.context() as patch:
        patch.setattr(HandOver, "run", lambda *_arguments, **_options: HandedOver())
        assert configured("sync").code == 0  # the authority confirms the date
        assert configured("purge", "--yes").code == 0
    file = configured.outbox_file
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("SELECT content IS NULL, erased_at IS NOT NULL FROM reports").fetchall() == [(1, 1)]


def test_removing_a_desk(shared: Apoa, postgres_outbox: SharedOutbox) -> None:
    """Only what waits on this computer would be lost; the reports on the server stay."""
    shared.save(QUENTIN)
    assert shared("uninstall", "--dry-run", "--json").json["properties"][0]["undelivered"] == 0
    with shared.monkeypatch.context() as patch:
        patch.setattr(PostgresDatabase, "connect", _no_answer)
        shared.save(XIMENA)
        assert shared("uninstall", "--dry-run", "--json").json["properties"][0]["undelivered"] == 1
    assert shared("uninstall", "--yes", "--force").code == 0
    assert len(postgres_outbox.reports()) == 1


def test_a_key_that_was_changed_at_another_desk(shared: Apoa, postgres_outbox: SharedOutbox, tmp_path: Path) -> None:
    """The desk with the key of before checks, sends and hands over nothing, and says so, until it imports the key."""
    shared.send(QUENTIN)
    assert shared("sync").code == 0
    second = tmp_path / "second"
    shutil.copytree(shared.home, second)
    first = shared.environ["APOA_HOME"]
    assert shared("key", "rotate", "--recovery-file", str(tmp_path / "code.txt")).code == 0
    assert shared("key", "export", str(tmp_path / "key"), "--passphrase-stdin", stdin="kuda laut biru").code == 0
    shared.environ["APOA_HOME"] = str(second)
    text = "The outbox names a key that this computer does not have."
    for command in (["status"], ["sync"], ["log", "--verify"]):
        said = shared(*command)
        assert (said.code, text in said.err) == (78, True)
    assert shared("log", "--accept").code == 78
    waiting = shared.send(XIMENA)
    assert (waiting["state"], waiting["stored"]) == ("queued", "here")
    assert len(postgres_outbox.reports()) == 1
    said = shared("key", "import", str(tmp_path / "key"), "--passphrase-stdin", stdin="kuda laut biru")
    assert said.code == 0, said.err
    for home in (str(second), first):
        shared.environ["APOA_HOME"] = home
        assert shared("sync").code == shared("status").code == shared("log", "--verify").code == 0
        assert [each["authenticated"] for each in shared.reports()] == [True, True]
        assert shared("receipt", waiting["id"]).code == 0


@pytest.mark.parametrize(
    "lock",
    [
        f"SELECT FROM apoa.properties WHERE name = '{PROPERTY}' FOR UPDATE",
        "LOCK TABLE apoa.memo, apoa.drafts IN ACCESS EXCLUSIVE MODE",
    ],
    ids=["row", "tables"],
)
def test_a_lock_that_is_held(
    shared: Apoa, postgres_outbox: SharedOutbox, monkeypatch: pytest.MonkeyPatch, lock: str
) -> None:
    """New guests wait on this computer, a change is refused for now (75), and all are sent once afterwards."""
    monkeypatch.setattr("apoa_client.outbox.postgres.connection.TimeLimits", partial(TimeLimits, answer=20.0, lock=0.2))
    first = shared.save(QUENTIN)
    with closing(postgres_outbox.cluster.connect(postgres_outbox.database)) as holder:
        holder.execute(b"BEGIN")
        holder.execute(lock.encode())
        second = shared.save(XIMENA)
        assert (second["state"], second["stored"]) == ("queued", "here")
        for command in (["sync"], ["cancel", first["id"], "--reason", "x", "--yes"]):
            said = shared(*command, "--json")
            assert (said.code, "pg_stat_activity" in said.all) == (Exit.NOT_NOW, True), said.all
    assert shared("sync").code == 0
    assert postgres_outbox.reports() == [(each["id"], "accepted") for each in (first, second)]


def test_the_schema_public(
    configured: Apoa, postgres: Cluster, postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`apoa outbox init` says that it was open to every login, and whether it still is."""
    address = SharedOutbox(postgres, postgres_database).address(SUPERUSER)

    def init(*more: str) -> Any:
        with postgres.connect(postgres_database) as connection:
            connection.execute(b"GRANT CREATE ON SCHEMA public TO PUBLIC")
        connection.close()
        said = configured("outbox", "init", address, "--password-stdin", *more, stdin=f"{PASSWORD}\n")
        assert said.code == 0, said.err
        return said

    closed = "Logins could create functions in the schema public there. They cannot any more."
    assert closed in init().out
    assert init("--json").json["public_schema"] == "closed"
    monkeypatch.setattr("apoa_client.outbox.postgres.store.may_create_in_public", lambda *_: True)
    opened = init()
    assert closed not in opened.out
    assert "REVOKE CREATE ON SCHEMA public FROM PUBLIC" in opened.err
    assert init("--json").json["public_schema"] == "open"
