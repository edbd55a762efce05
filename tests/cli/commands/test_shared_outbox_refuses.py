"""A shared outbox's server that refuses, is exchanged or locked: the desk uses its own file, and loses no guest."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import pytest
from cli_helpers import QUENTIN, XIMENA, Apoa, spoken
from postgres_helpers import PASSWORD, PROPERTY, SUPERUSER, Cluster, SharedOutbox
from rogue_postgres import rogue

from apoa_client.errors import Exit
from apoa_client.outbox.postgres.connection import TimeLimits

Refusal = Callable[[SharedOutbox], AbstractContextManager[None]]

_FUNCTION = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '{state}'; END $$
"""
_TRIGGER = "CREATE TRIGGER refuse BEFORE INSERT ON reports FOR EACH STATEMENT EXECUTE FUNCTION refuse()"


@contextmanager
def refusing(outbox: SharedOutbox, state: str) -> Iterator[None]:
    """The server raises an error with this state of SQL (SQLSTATE) for each new report."""
    outbox.change(_FUNCTION.format(state=state))
    outbox.change(_TRIGGER)
    yield
    outbox.change("DROP FUNCTION refuse CASCADE")


@contextmanager
def of_database(outbox: SharedOutbox, setting: str, usual: str) -> Iterator[None]:
    """The database has a setting that applies to new connections."""
    change = f"ALTER DATABASE {outbox.database}"
    outbox.cluster.admin.execute(f"{change} {setting}".encode())
    yield
    outbox.cluster.admin.execute(f"{change} {usual}".encode())


@contextmanager
def of_a_newer_version(outbox: SharedOutbox) -> Iterator[None]:
    """The tables are those of a newer version of the program."""
    outbox.change("UPDATE versions SET version = version + 1")
    yield
    outbox.change("UPDATE versions SET version = version - 1")


@pytest.mark.parametrize(
    ("refusal", "code", "cause"),
    [
        pytest.param(lambda outbox: refusing(outbox, "53100"), Exit.SETTINGS, "disk_full", id="full disk"),
        pytest.param(lambda outbox: refusing(outbox, "40001"), Exit.NOT_NOW, "outbox_busy", id="serialization"),
        pytest.param(lambda outbox: refusing(outbox, "40P01"), Exit.NOT_NOW, "outbox_busy", id="deadlock"),
        pytest.param(
            lambda outbox: of_database(outbox, "SET default_transaction_read_only = on", "RESET ALL"),
            *(Exit.NOT_NOW, "outbox_server_unreachable"),
            id="reads only",
        ),
        pytest.param(
            lambda outbox: of_database(outbox, "CONNECTION LIMIT 0", "CONNECTION LIMIT -1"),
            *(Exit.NOT_NOW, "outbox_server_unreachable"),
            id="too many connections",
        ),
        pytest.param(of_a_newer_version, Exit.SETTINGS, "outbox_too_new", id="newer"),
    ],
)
def test_a_server_that_saves_nothing(
    shared: Apoa, postgres_outbox: SharedOutbox, refusal: Refusal, code: Exit, cause: str
) -> None:
    """Guests wait in the file of the desk, every other command says why, and all are sent once afterwards."""
    first = shared.save(QUENTIN)
    with refusal(postgres_outbox):
        second = shared.save(XIMENA)
        assert (second["state"], second["stored"]) == ("queued", "here")
        said = shared("sync", "--json")
        assert (said.code, said.json["error"]["class"]) == (code, cause)
        assert len(postgres_outbox.rows("SELECT 1 FROM reports")) == 1
    assert shared("sync").code == 0
    sent = postgres_outbox.rows("SELECT id, state FROM reports ORDER BY seq")
    assert sent == [(each["id"], "accepted") for each in (first, second)]
    assert shared("log", "--verify").code == 0


def test_the_cause_is_said(shared: Apoa, postgres_outbox: SharedOutbox) -> None:
    """What only an IT admin can correct is shown with the guest who is saved."""
    full = "The disk of the database server is full: nothing could be written to {place}."
    with refusing(postgres_outbox, "53100"):
        said = shared(*QUENTIN.mrz())
    assert (said.code, said.err) == (0, "")
    assert spoken("en", full, place="").rstrip(". ") in said.out
    assert "This waits on this computer; apoa moves it to the shared outbox by itself." in said.out


def test_a_server_that_asks_for_no_password(shared: Apoa) -> None:
    """`apoa login --outbox` does not say that the password is accepted, and stores nothing."""
    with rogue("no password") as server:
        shared.change_setting("outbox", f"postgresql://{PROPERTY}@127.0.0.1:{server.port}/apoa")
        del shared.environ["APOA_OUTBOX_PASSWORD"]
        said = shared("login", "--outbox", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert (said.code, said.out) == (Exit.CREDENTIALS, "")
    assert "Another program may listen there." in said.err or "scram-sha-256" in said.err
    assert PASSWORD.encode() not in (shared.home / PROPERTY / "keys.json").read_bytes()


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
    holder = postgres_outbox.cluster.connect(postgres_outbox.database)
    holder.execute(b"BEGIN")
    holder.execute(lock.encode())
    second = shared.save(XIMENA)
    assert (second["state"], second["stored"]) == ("queued", "here")
    for command in (["sync"], ["cancel", first["id"], "--reason", "x", "--yes"]):
        said = shared(*command, "--json")
        assert said.code == Exit.NOT_NOW, said.all
        assert "pg_stat_activity" in said.all
        assert "Traceback" not in said.all
    holder.close()
    assert shared("sync").code == 0
    assert sorted(postgres_outbox.rows("SELECT id, state FROM reports")) == sorted(
        (each["id"], "accepted") for each in (first, second)
    )


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
    assert spoken("en", closed) in init().out
    assert init("--json").json["public_schema"] == "closed"
    monkeypatch.setattr("apoa_client.outbox.postgres.store.may_create_in_public", lambda *_: True)
    opened = init()
    assert spoken("en", closed) not in opened.out
    assert "REVOKE CREATE ON SCHEMA public FROM PUBLIC" in opened.err
    assert init("--json").json["public_schema"] == "open"
