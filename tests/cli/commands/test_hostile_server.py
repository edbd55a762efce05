"""A program in the place of a shared outbox's server, and a login that holds its locks: no guest is lost to either."""

from functools import partial
from typing import Any

import pytest
from cli_helpers import LANGUAGES, QUENTIN, XIMENA, Apoa, spoken
from postgres_helpers import PASSWORD, PROPERTY, SUPERUSER, Cluster, SharedOutbox
from rogue_postgres import rogue

from apoa_client.errors import Exit
from apoa_client.outbox.postgres.connection import TimeLimits


@pytest.mark.parametrize("answer", ["no password", "cleartext", "scram without end"])
def test_another_program_listens(shared: Apoa, answer: str) -> None:
    """It gets no report and no password; guests are saved on this computer, and every other command says why."""
    before = shared("config", "get", "outbox").out.strip()
    with rogue(answer) as server:
        shared.change_setting("outbox", f"postgresql://{PROPERTY}@127.0.0.1:{server.port}/apoa")
        saved = shared.save(QUENTIN)
        assert (saved["state"], saved["stored"]) == ("queued", "here")
        said = shared("sync", "--json")
        assert (said.code, said.json["error"]["class"]) == (Exit.CREDENTIALS, "outbox_not_proven")
        assert server.connections >= 2
    assert server.received == b""
    shared.change_setting("outbox", before)
    assert shared("sync").code == 0
    assert shared.states() == [("check_in", "accepted")]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_server_that_asks_for_no_password(shared: Apoa, lang: str) -> None:
    """`apoa login --outbox` does not say that the password is accepted, and stores nothing."""
    with rogue("no password") as server:
        shared.change_setting("outbox", f"postgresql://{PROPERTY}@127.0.0.1:{server.port}/apoa")
        del shared.environ["APOA_OUTBOX_PASSWORD"]
        said = shared("login", "--outbox", "--password-stdin", stdin=f"{PASSWORD}\n", lang=lang)
    assert (said.code, said.out) == (Exit.CREDENTIALS, "")
    assert spoken(lang, "Another program may listen there.") in said.err or "scram-sha-256" in said.err
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


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_schema_public(
    configured: Apoa, postgres: Cluster, postgres_database: str, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    """`apoa outbox init` says that it was open to every login, and whether it still is."""
    address = f"postgresql://{SUPERUSER}@127.0.0.1:{postgres.port}/{postgres_database}"

    def init(*more: str) -> Any:
        with postgres.connect(postgres_database) as connection:
            connection.execute(b"GRANT CREATE ON SCHEMA public TO PUBLIC")
        connection.close()
        said = configured("outbox", "init", address, "--password-stdin", *more, stdin=f"{PASSWORD}\n", lang=lang)
        assert said.code == 0, said.err
        return said

    closed = "Logins could create functions in the schema public there. They cannot any more."
    assert spoken(lang, closed) in init().out
    assert init("--json").json["public_schema"] == "closed"
    monkeypatch.setattr("apoa_client.outbox.postgres.schema.may_create_in_public", lambda *_: True)
    opened = init()
    assert spoken(lang, closed) not in opened.out
    assert "REVOKE CREATE ON SCHEMA public FROM PUBLIC" in opened.err
    assert init("--json").json["public_schema"] == "open"
