"""`apoa outbox move`: the setting is the switch, and everything is handed over to the new outbox, at once or later."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from cli_helpers import OBADIAH, QUENTIN, XIMENA, Apoa, spoken, spoken_count
from postgres_helpers import PASSWORD, PROPERTY, Group, SharedOutbox, be_patient

from apoa_client.errors import Exit
from apoa_client.messages import msg
from apoa_client.outbox.errors import OutboxServerUnreachable
from apoa_client.outbox.sql.hand_over import HandOver


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no failure."""
    be_patient(monkeypatch)


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
    """Everything is shown as before, the trails are whole, and sending goes on."""
    before = desk.reports()
    moved = desk("outbox", "move", "--to", url, "--yes", "--json").json
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
    assert desk("outbox", "move", "--to", url, "--yes").code == 0
    assert desk.states() == [("check_in", "accepted")] * 3
    assert desk("log", "--verify").code == 0


def test_what_the_administrator_sees(desk: Apoa, url: str) -> None:
    """How many are moved, a question, and what was taken over."""
    words = ["antrean-bersama", "pindah", "--ke"]
    no = desk(*words, url, keys=["n"])
    assert (no.code, desk("config", "get", "outbox").out) == (0, "sqlite\n")
    said = desk(*words, url, keys=["y"])
    assert said.code == 0, said.all
    taken = ("{count} report was taken over.", "{count} reports were taken over.")
    assert spoken_count("en", *taken, count=2) in said.all


def test_it_must_be_confirmed(desk: Apoa, url: str) -> None:
    """Without a terminal nothing is moved."""
    said = desk("outbox", "move", "--to", url)
    assert (said.code, "--yes" in said.err) == (Exit.USAGE, True)
    assert desk("config", "get", "outbox").out == "sqlite\n"


def test_the_password_is_stored(desk: Apoa, url: str) -> None:
    """The one that was given for the move is used from then on."""
    del desk.environ["APOA_OUTBOX_PASSWORD"]
    said = desk("outbox", "move", "--to", url, "--yes", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert said.code == 0, said.all
    assert len(desk.reports()) == 2


def test_a_server_that_does_not_answer(desk: Apoa, url: str, postgres_outbox: SharedOutbox) -> None:
    """Nothing is moved to it. Away from it, the desk goes on at once, and takes over what is there when it is back."""
    postgres_outbox.cluster.kill()
    try:
        assert desk("outbox", "move", "--to", url, "--yes").code == Exit.NOT_NOW
        assert desk("config", "get", "outbox").out == "sqlite\n"
    finally:
        postgres_outbox.cluster.start()
    assert desk("outbox", "move", "--to", url, "--yes").code == 0
    postgres_outbox.cluster.kill()
    try:
        assert desk("outbox", "move", "--to", "sqlite", "--yes").code == Exit.NOT_NOW
        assert desk.send(OBADIAH)["state"] == "accepted"
        assert desk("status").code == desk("sync").code == Exit.NOT_NOW
        assert desk("status", "--json").json["left"] == 0  # how many there are is not known
        assert desk("status", "--nagios").code != 0
    finally:
        postgres_outbox.cluster.start()
    assert desk("sync").code == 0
    assert desk.states() == [("check_in", "accepted")] * 3
    assert desk("log", "--verify").code == 0


def test_a_server_that_is_gone_for_good(desk: Apoa, url: str, postgres_outbox: SharedOutbox) -> None:
    """An IT admin gives up what is there, and the desk says no more about it."""
    assert desk("outbox", "move", "--to", url, "--yes").code == 0
    postgres_outbox.cluster.kill()
    try:
        assert desk("outbox", "move", "--to", "sqlite", "--yes").code == Exit.NOT_NOW
        assert desk("config", "unset", "outbox_before").code == 0
        assert desk("status").code == desk("sync").code == 0
        assert desk.send(OBADIAH)["state"] == "accepted"
    finally:
        postgres_outbox.cluster.start()


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


@contextmanager
def interrupted(step: str) -> Iterator[None]:
    """The hand-over ends at this step with the server's connection."""

    def end(*_arguments: object, **_options: object) -> None:
        raise OutboxServerUnreachable(msg("The database does not answer."))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HandOver, step, end)
        yield


@pytest.mark.parametrize("step", ["_mark", "_store", "_release", "_hand_over_together"])
@pytest.mark.parametrize("back", [False, True])
def test_an_interruption(desk: Apoa, url: str, step: str, *, back: bool) -> None:
    """The desk saves and sends in the new outbox, and the next command takes over the rest."""
    before, to = desk.reports(), "sqlite" if back else url
    if back:
        assert desk("outbox", "move", "--to", url, "--yes").code == 0
    with interrupted(step):
        assert desk("outbox", "move", "--to", to, "--yes").code == Exit.NOT_NOW
        saved = desk.save(OBADIAH)
    assert desk("sync").code == 0
    assert {each["id"] for each in desk.reports()} == {*(each["id"] for each in before), saved["id"]}
    assert desk.states() == [("check_in", "accepted")] * 3
    assert desk("log", "--verify").code == 0


def test_what_is_left_is_said(desk: Apoa, url: str) -> None:
    """By the move and by `outbox show`, with the command that goes on."""
    assert desk("outbox", "move", "--to", url, "--yes").code == 0
    with interrupted("_release"):
        said = desk("outbox", "move", "--to", "sqlite", "--yes")
        shown = desk("outbox", "show")
    assert said.code == shown.code == Exit.NOT_NOW
    rest = "What is still in the outbox of before is taken over by itself, at once by: apoa sync"
    assert spoken("en", rest).partition(":")[0] in said.err


def test_a_desk_that_has_not_switched(desk: Apoa, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It sends and changes nothing that was handed over; its new guests reach the authority from where they are."""
    import shutil

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
