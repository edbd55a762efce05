"""`apoa outbox`, `apoa login --outbox` and the setting: a desk moves to a shared outbox, and back."""

import shutil
import socket
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import OBADIAH, QUENTIN, XIMENA, Apoa, raising
from postgres_helpers import PASSWORD, PROPERTY, SUPERUSER, Cluster, Group, SharedOutbox, be_patient

from apoa_client.errors import Exit
from apoa_client.messages import msg
from apoa_client.outbox.errors import OutboxServerUnreachable
from apoa_client.outbox.postgres.database import PostgresDatabase
from apoa_client.outbox.sql.hand_over import HandOver
from apoa_client.sandbox.server import SandboxServer

NO_ANSWER = raising(OutboxServerUnreachable(msg("The database does not answer.")))


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no failure."""
    be_patient(monkeypatch)


def test_from_an_empty_database_to_a_sent_report(
    configured: Apoa, postgres: Cluster, postgres_database: str, postgres_template: str
) -> None:
    """The administrator prepares it and lets a login use the property; the desk stores the password and reports."""
    assert postgres_template  # the login exists
    outbox = SharedOutbox(postgres, postgres_database)
    address = outbox.address(SUPERUSER)
    first = configured("outbox", "init", address, "--password-stdin", stdin=f"{PASSWORD}\n")
    assert first.code == 0, first.err
    assert "CREATE ROLE melati LOGIN;" in first.out
    member = ("--sender", PROPERTY, "--password-stdin", "--json")
    said = configured("outbox", "init", address, *member, stdin=f"{PASSWORD}\n")
    assert said.json == {
        "place": address,
        "version_before": 1,
        "members": [{"login": PROPERTY, "property": PROPERTY, "role": "sender"}],
    }
    changed = configured("config", "set", "outbox", outbox.address())
    assert (changed.code, "apoa login --outbox" in changed.err) == (0, True)
    assert configured("login", "--outbox", "--password-stdin", stdin=f"{PASSWORD}\n").code == 0
    assert PASSWORD not in (configured.home / "config.toml").read_text()
    assert configured.send(QUENTIN)["state"] == "accepted"
    shown = configured("outbox", "show", "--json").json
    assert shown.pop("engine").startswith("PostgreSQL ")
    assert shown == {
        "property": PROPERTY,
        "place": outbox.address(),
        "shared": True,
        "version": 1,
        "waiting": 0,
        "oldest_waiting_s": None,
        "left": 0,
        "error": None,
    }
    assert configured("logout", "--outbox").code == 0
    assert configured("status").code == Exit.CREDENTIALS


def test_what_waits_here_and_there(shared: Apoa) -> None:
    """Also while the server is away."""
    shared.save(QUENTIN)
    with shared.monkeypatch.context() as patch:
        patch.setattr(PostgresDatabase, "connect", NO_ANSWER)
        shared.save(XIMENA)
        said = shared("outbox", "show")
        value = shared("outbox", "show", "--json").json
    assert said.code == Exit.NOT_NOW
    assert "1 report waits on this computer to be moved there." in said.out
    assert (value["engine"], value["waiting"], value["left"]) == (None, None, 1)
    assert value["error"]["class"] == "outbox_server_unreachable"
    back = shared("outbox", "show", "--json").json
    assert (back["waiting"], back["left"]) == (2, 0)
    for words in (["outbox", "show"], ["antrean-bersama", "lihat"]):
        assert "PostgreSQL" in shared(*words).out


def test_the_file_on_this_computer(configured: Apoa) -> None:
    """It is shown likewise, and needs no login."""
    configured.save()
    shown = configured("outbox", "show", "--json").json
    assert (shown["shared"], shown["waiting"], shown["left"]) == (False, 1, 0)
    assert shown["place"] == str(configured.outbox_file)
    assert shown["engine"].startswith("SQLite ")
    assert shown["oldest_waiting_s"] == 0
    refused = configured("login", "--outbox", "--password-stdin", stdin="x\n")
    assert refused.code == Exit.USAGE


def test_reports_from_before(configured: Apoa, postgres_outbox: SharedOutbox) -> None:
    """What was never sent is handed over at once, the history by the next delivery; and everything comes back."""
    configured.environ["APOA_OUTBOX_PASSWORD"] = PASSWORD
    sent, waiting = configured.send(QUENTIN), configured.save(XIMENA)
    address = postgres_outbox.address()
    assert configured("config", "set", "outbox", address).code == 0
    assert {each["id"] for each in configured.reports()} == {waiting["id"]}
    assert configured("sync").code == 0
    assert configured.states() == [("check_in", "accepted")] * 2
    assert configured("config", "set", "outbox", "sqlite").code == 0
    assert configured("config", "get", "outbox_before").out == f"{address}\n"
    assert configured("sync").code == configured("log", "--verify").code == 0
    assert {each["id"] for each in configured.reports()} == {sent["id"], waiting["id"]}
    assert configured("config", "get", "outbox_before").out == "\n"


def test_a_desk_with_another_key(shared: Apoa, postgres_outbox: SharedOutbox, authority: SandboxServer) -> None:
    """Two computers that were set up apart must share the key first: the others could not open its reports.

    A set-up leaves the key of the other desks recorded.
    """
    other = "A" * 43 + "="
    with postgres_outbox.open() as of_another_desk:
        of_another_desk.record_public_key(other)
    assert shared.set_up(authority.base_url).code == Exit.SETTINGS
    assert postgres_outbox.rows("SELECT value FROM memo WHERE key = 'public_key'") == [(other,)]
    checked = shared("doctor", "--offline")
    assert (checked.code, "apoa key import" in checked.all) == (Exit.SETTINGS, True)
    assert shared("config", "unset", "outbox").code == 0
    address = postgres_outbox.address()
    said = shared("config", "set", "outbox", address)
    assert (said.code, "apoa key import" in said.err) == (Exit.SETTINGS, True)
    assert shared("config", "get", "outbox").out == "sqlite\n"


def test_a_wrong_password_is_not_stored(shared: Apoa) -> None:
    """The one that was stored before stays."""
    del shared.environ["APOA_OUTBOX_PASSWORD"]
    assert shared("login", "--outbox", keys=[PASSWORD]).code == 0
    said = shared("login", "--outbox", "--password-stdin", stdin="wrong\n")
    assert said.code == Exit.CREDENTIALS
    assert shared("status").code == 0


def test_a_stored_password_goes_to_no_other_server(shared: Apoa) -> None:
    """Another address, here in the environment, stops a sync (77); the new server is not even connected to."""
    del shared.environ["APOA_OUTBOX_PASSWORD"]
    assert shared("login", "--outbox", "--password-stdin", stdin=f"{PASSWORD}\n").code == 0
    before = shared("config", "get", "outbox").out.strip()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        other = f"postgresql://melati@127.0.0.1:{listener.getsockname()[1]}/apoa"
        shared.environ["APOA_OUTBOX"] = other
        saved = shared(*QUENTIN.mrz())
        refused = [shared(*words) for words in (["sync"], ["status"], ["sync", "--scheduled"])]
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert saved.code == 0
    assert [each.code for each in refused] == [Exit.CREDENTIALS] * 3
    assert f"The stored password is for {before}, but the settings now name {other}." in refused[0].err
    assert "apoa login --outbox" in refused[0].err
    del shared.environ["APOA_OUTBOX"]
    assert shared("sync").code == 0
    assert shared.states() == [("check_in", "accepted")]


def test_the_doctor(shared: Apoa) -> None:
    """It names the engine and the server; one that is away is a warning, because guests are saved all the same."""

    def database() -> Any:
        checks = shared("doctor", "--offline", "--json").json["checks"]
        return next(each for each in checks if each["name"] == "database")

    found = database()
    assert (found["result"], "PostgreSQL" in found["message"], "127.0.0.1" in found["message"]) == ("ok", True, True)
    with shared.monkeypatch.context() as patch:
        patch.setattr(PostgresDatabase, "connect", NO_ANSWER)
        found = database()
    assert found["result"] == "warning"
    assert "apoa outbox show" in found["advice"] or "apoa antrean-bersama lihat" in found["advice"]


def take_keys(giver: Apoa, taker: Apoa) -> None:
    """Export the keys of one computer, and import them on the other."""
    file = str(taker.home / "melati.key")
    Path(file).unlink(missing_ok=True)
    phrase = {"stdin": "many words that belong apart\n"}
    assert giver("key", "export", file, "--passphrase-stdin", **phrase).code == 0
    said = taker("key", "import", file, "--passphrase-stdin", **phrase)
    assert said.code == 0, said.err


def test_a_desk_that_finds_no_guest_of_the_others(shared: Apoa, authority: SandboxServer) -> None:
    """It is said before its setting is changed; the exported key brings what is missing, also for what waits there."""
    assert shared("login", "--outbox", "--password-stdin", stdin=f"{PASSWORD}\n").code == 0  # it records its own
    second = shared.elsewhere(shared.home.parent / "second")
    assert second.set_up(authority.base_url).code == 0
    second.save(QUENTIN)
    take_keys(shared, second)
    second.change_setting("index_key", "00" * 16)
    address = shared("config", "get", "outbox").out.strip()
    refused = second("config", "set", "outbox", address)
    said = "Other computers of melati have another index_key for guests who are reported twice."
    assert (refused.code, said in refused.err) == (Exit.SETTINGS, True)
    assert second("config", "get", "outbox").out == "sqlite\n"
    take_keys(shared, second)
    assert second("config", "set", "outbox", address).code == 0
    assert second("sync").code == 0
    again = shared(*QUENTIN.mrz("--no-send", "--json"))
    assert (again.code, "duplicate" in again.out) == (Exit.DATA_REFUSED, True)
    assert second("doctor", "--offline").code == 0


@pytest.fixture
def url(postgres_outbox: SharedOutbox) -> str:
    return postgres_outbox.address()


@pytest.fixture
def desk(configured: Apoa) -> Apoa:
    """A property with a report that was sent, and one that waits, in the file on this computer."""
    configured.environ["APOA_OUTBOX_PASSWORD"] = PASSWORD
    configured.send(QUENTIN)
    configured.save(XIMENA)
    return configured


def test_there_and_back(desk: Apoa, url: str) -> None:
    """Everything is shown as before, the trails are whole, and sending goes on, with the password that was given."""
    before = desk.reports()
    password = desk.environ.pop("APOA_OUTBOX_PASSWORD")
    moved = desk("outbox", "move", "--to", url, "--yes", "--json", "--password-stdin", stdin=f"{password}\n").json
    assert (moved["reports"], moved["left"], moved["outbox"], moved["error"]) == (2, 0, url, None)
    assert desk("config", "get", "outbox").out == f"{url}\n"
    assert desk.reports() == before
    assert desk("log", "--verify").code == desk("doctor", "--offline").code == 0
    assert desk("sync").code == 0
    assert desk.states() == [("check_in", "accepted")] * 2
    saved = desk.save(OBADIAH)
    back = desk("outbox", "move", "--to", "sqlite", "--yes", "--json").json
    assert (back["reports"], back["left"], back["outbox"]) == (3, 0, "sqlite")
    assert desk("config", "get", "outbox_before").out == "\n"
    assert [each["id"] for each in desk.reports()] == [*(each["id"] for each in before), saved["id"]]
    assert desk("log", "--verify").code == 0
    assert desk("sync").code == desk("doctor", "--offline").code == 0
    assert desk.states() == [("check_in", "accepted")] * 3


def test_what_the_administrator_sees(desk: Apoa, url: str) -> None:
    """How many are moved, a question, and what was taken over; without a terminal it must be confirmed."""
    unasked = desk("outbox", "move", "--to", url)
    assert (unasked.code, "--yes" in unasked.err) == (Exit.USAGE, True)
    words = ["antrean-bersama", "pindah", "--ke"]
    no = desk(*words, url, keys=["n"])
    assert (no.code, desk("config", "get", "outbox").out) == (0, "sqlite\n")
    said = desk(*words, url, keys=["y"])
    assert said.code == 0, said.all
    assert "2 reports were taken over." in said.all


def test_a_server_that_does_not_answer(desk: Apoa, url: str, postgres_outbox: SharedOutbox) -> None:
    """Nothing is moved to it. Away from it, the desk goes on at once, and takes over what is there when it is back."""
    with postgres_outbox.cluster.away():
        assert desk("outbox", "move", "--to", url, "--yes").code == Exit.NOT_NOW
        assert desk("config", "get", "outbox").out == "sqlite\n"
    assert desk("outbox", "move", "--to", url, "--yes").code == 0
    with postgres_outbox.cluster.away():
        assert desk("outbox", "move", "--to", "sqlite", "--yes").code == Exit.NOT_NOW
        assert desk.send(OBADIAH)["state"] == "accepted"
        assert desk("status").code == desk("sync").code == Exit.NOT_NOW
        assert desk("status", "--json").json["left"] == 0  # how many there are is not known
        assert desk("status", "--nagios").code != 0
    assert desk("sync").code == 0
    assert desk.states() == [("check_in", "accepted")] * 3
    assert desk("log", "--verify").code == 0


def test_a_server_that_is_gone_for_good(desk: Apoa, url: str) -> None:
    """An IT admin gives up what is there, and the desk says no more about it."""
    assert desk("outbox", "move", "--to", url, "--yes").code == 0
    with desk.monkeypatch.context() as patch:
        patch.setattr(PostgresDatabase, "connect", NO_ANSWER)
        assert desk("outbox", "move", "--to", "sqlite", "--yes").code == Exit.NOT_NOW
        assert desk("config", "unset", "outbox_before").code == 0
        assert desk("status").code == desk("sync").code == 0
        assert desk.send(OBADIAH)["state"] == "accepted"


def test_a_login_that_may_not_send(desk: Apoa, url: str, postgres_outbox: SharedOutbox) -> None:
    """It may not write what was sent before: that stays here and is named; what waits is handed over."""
    postgres_outbox.add_login("front", PROPERTY, Group.DESK)
    moved = desk("outbox", "move", "--to", url.replace(f"{PROPERTY}@", "front@"), "--yes", "--json").json
    assert (moved["reports"], moved["error"]["class"]) == (1, "outbox_not_allowed")
    assert desk("config", "set", "outbox", url).code == 0
    assert desk("sync").code == 0
    assert desk.states() == [("check_in", "accepted")] * 2
    assert desk("log", "--verify").code == 0


def test_another_server_at_once(desk: Apoa, url: str) -> None:
    """By way of this computer: the message names the command."""
    assert desk("outbox", "move", "--to", url, "--yes").code == 0
    said = desk("outbox", "move", "--to", f"{url}2", "--yes")
    assert (said.code, "--to sqlite" in said.err) == (Exit.USAGE, True)
    assert desk("config", "get", "outbox").out == f"{url}\n"


@pytest.mark.parametrize(("step", "back"), [("_store", True), ("_release", False)])
def test_an_interruption(desk: Apoa, url: str, monkeypatch: pytest.MonkeyPatch, step: str, *, back: bool) -> None:
    """The desk saves and sends in the new outbox, and the next command, which is named, takes over the rest."""
    before, to = desk.reports(), "sqlite" if back else url
    if back:
        assert desk("outbox", "move", "--to", url, "--yes").code == 0
    with monkeypatch.context() as patch:
        patch.setattr(HandOver, step, NO_ANSWER)
        said = desk("outbox", "move", "--to", to, "--yes")
        assert said.code == desk("outbox", "show").code == Exit.NOT_NOW
        assert "What is still in the outbox of before is taken over by itself, at once by: apoa sync" in said.err
        saved = desk.save(OBADIAH)
    assert desk("sync").code == 0
    assert {each["id"] for each in desk.reports()} == {*(each["id"] for each in before), saved["id"]}
    assert desk.states() == [("check_in", "accepted")] * 3
    assert desk("log", "--verify").code == 0


def test_a_desk_that_has_not_switched(desk: Apoa, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It sends and changes nothing that was handed over; its new guests reach the authority from where they are."""
    assert desk("outbox", "move", "--to", url, "--yes").code == 0
    other = desk.home.parent / "other"
    shutil.copytree(desk.home, other)
    assert desk("outbox", "move", "--to", "sqlite", "--yes").code == 0
    [waiting] = [each for each in desk.reports() if each["state"] == "queued"]
    with monkeypatch.context() as patch:
        patch.setitem(desk.environ, "APOA_HOME", str(other))
        assert desk("amend", waiting["short_id"], "--reason", "x", "--room", "9").code != 0
        assert desk("sync", "--json").json["sent"] == 0
        assert desk.send(OBADIAH)["state"] == "accepted"
        assert desk("status").code == desk("log", "--verify").code == 0
    assert desk("sync", "--json").json["sent"] == 1
    assert desk.states() == [("check_in", "accepted")] * 2
