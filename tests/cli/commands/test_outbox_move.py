"""`apoa outbox move`: every report goes to the shared outbox or back, and what was left is kept and not used."""

import shutil
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from cli_helpers import LANGUAGES, OBADIAH, QUENTIN, XIMENA, Apoa, spoken, spoken_count
from outbox_helpers import sealer
from postgres_helpers import PASSWORD, PROPERTY, SharedOutbox, new_shared_outbox

from apoa_client.app.outbox_move import OutboxMove
from apoa_client.errors import Exit
from apoa_client.outbox.postgres.connection import TimeLimits
from apoa_client.outbox.postgres.schema import Group
from apoa_client.outbox.sql.relocation import Relocation
from apoa_client.outbox.sql.whole_copy import WholeCopy
from apoa_client.outbox.sqlite.store import SqliteOutbox


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no failure."""
    for module in ("connection", "database"):
        monkeypatch.setattr(f"apoa_client.outbox.postgres.{module}.TimeLimits", lambda: TimeLimits(answer=20.0))


@pytest.fixture
def url(postgres_outbox: SharedOutbox) -> str:
    return f"postgresql://{PROPERTY}@127.0.0.1:{postgres_outbox.cluster.port}/{postgres_outbox.database}"


@pytest.fixture
def desk(configured: Apoa) -> Apoa:
    """A property with a report that was sent, and one that waits, in the file on this computer."""
    configured.environ["APOA_OUTBOX_PASSWORD"] = PASSWORD
    configured.send(QUENTIN)
    configured.save(XIMENA)
    return configured


def test_there_and_back(desk: Apoa, url: str) -> None:
    """Everything is shown as before, the trail is whole, and sending goes on; the file is kept under another name."""
    before = desk.reports()
    moved = desk("outbox", "move", "--to", url, "--yes", "--json").json
    kept = desk.home / PROPERTY / "outbox-moved-1.db"
    assert (moved["reports"], moved["outbox"], moved["kept"]) == (2, url, str(kept))
    assert kept.exists()
    assert not (desk.home / PROPERTY / "outbox.db").exists()
    assert desk("config", "get", "outbox").out == f"{url}\n"
    assert desk.reports() == before
    assert desk("log", "--verify").code == desk("doctor", "--offline").code == 0
    assert desk(_APOA_COMPLETE="zsh_complete", _APOA_WORDS="apoa checkout ", _APOA_CURRENT="3").code == 0
    assert desk("sync").code == 0
    assert desk.states() == [("check_in", "accepted")] * 2
    after = desk.reports()
    back = desk("outbox", "move", "--to", "sqlite", "--yes", "--json").json
    assert (back["reports"], back["outbox"], back["kept"]) == (2, "sqlite", url)
    assert desk.reports() == after
    assert desk("log", "--verify").code == 0
    assert desk.send(OBADIAH)["state"] == "accepted"
    assert desk("doctor", "--offline").code == 0
    names = {path.name for path in (desk.home / PROPERTY).iterdir()}
    assert {"outbox.db", "outbox-moved-1.db"} <= names
    assert "outbox-moving.db" not in names


def test_from_one_server_to_another(
    desk: Apoa, url: str, postgres_outbox: SharedOutbox, postgres_template: str
) -> None:
    """As between a file and a server; another desk follows with the same command."""
    assert desk("outbox", "move", "--to", url, "--yes").code == 0
    before = desk.reports()
    with new_shared_outbox(postgres_outbox.cluster, postgres_template) as second:
        to = url.replace(postgres_outbox.database, second.database)
        said = desk("outbox", "move", "--to", to, "--yes")
        assert (said.code, url in said.err, "apoa help admin" in said.err) == (0, True, True)
        assert desk.reports() == before
        assert desk("log", "--verify").code == 0
        desk.change_setting("outbox", url)  # as on another desk
        saved = desk.save(OBADIAH)
        assert saved["stored"] == "here"
        assert desk("outbox", "move", "--to", to, "--yes").code == 0
        assert [each["id"] for each in desk.reports()] == [*(each["id"] for each in before), saved["id"]]
        desk.change_setting("outbox", "sqlite")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_the_administrator_sees(desk: Apoa, url: str, lang: str) -> None:
    """How many are moved, a question, and where the rest is kept."""
    words = ["outbox", "move", "--to"] if lang == "en" else ["antrean-bersama", "pindah", "--ke"]
    no = desk(*words, url, keys=["n"], lang=lang)
    assert (no.code, desk("config", "get", "outbox").out) == (0, "sqlite\n")
    said = desk(*words, url, keys=["y"], lang=lang)
    assert said.code == 0, said.all
    assert spoken_count(lang, "{count} report is there.", "{count} reports are there.", count=2) in said.all
    assert "outbox-moved-1.db" in said.all
    desk.environ["APOA_LANG"] = lang
    assert desk("outbox", "move", "--to", "sqlite", "--yes").code == 0


def test_it_must_be_confirmed(desk: Apoa, url: str) -> None:
    """Without a terminal nothing is moved."""
    said = desk("outbox", "move", "--to", url)
    assert (said.code, "--yes" in said.err) == (Exit.USAGE, True)
    assert len(desk.reports()) == 2


def test_the_password_is_stored(desk: Apoa, url: str) -> None:
    """The one that was given for the move is used from then on."""
    del desk.environ["APOA_OUTBOX_PASSWORD"]
    said = desk("outbox", "move", "--to", url, "--yes", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert said.code == 0, said.all
    assert len(desk.reports()) == 2


@pytest.mark.parametrize("to", ["sqlite", "mysql://melati@127.0.0.1/apoa", "postgresql://melati:x@127.0.0.1/apoa"])
def test_an_address_that_is_none(desk: Apoa, to: str) -> None:
    """Or the one that is used already: nothing is changed."""
    assert desk("outbox", "move", "--to", to, "--yes").code in {Exit.USAGE, Exit.SETTINGS}
    assert len(desk.reports()) == 2


def test_a_database_with_reports_of_the_property(desk: Apoa, url: str, postgres_outbox: SharedOutbox) -> None:
    """Another computer uses it already: nothing is moved."""
    with postgres_outbox.open() as outbox:
        outbox.record_event("set_up")
    said = desk("outbox", "move", "--to", url, "--yes", "--json")
    assert said.json["error"]["class"] == "outbox_not_empty"
    assert len(desk.reports()) == 2
    assert desk("config", "get", "outbox").out == "sqlite\n"


def test_a_login_that_may_not_send(desk: Apoa, url: str, postgres_outbox: SharedOutbox) -> None:
    """It may not write what was sent before: it is refused, and a sender does the rest."""
    postgres_outbox.add_login("front", PROPERTY, Group.DESK)
    refused = desk("outbox", "move", "--to", url.replace(f"{PROPERTY}@", "front@"), "--yes", "--json")
    assert refused.json["error"]["class"] == "outbox_not_allowed"
    assert len(desk.reports()) == 2
    assert desk("outbox", "move", "--to", url, "--yes").code == 0
    assert len(desk.reports()) == 2


def test_a_file_with_reports_from_before(desk: Apoa, url: str) -> None:
    """It is not replaced."""
    assert desk("sync").code == 0
    assert desk("config", "set", "outbox", url).code == 0
    said = desk("outbox", "move", "--to", "sqlite", "--yes", "--json")
    assert said.json["error"]["class"] == "outbox_not_empty"


def test_the_administrator_removes_what_was_left(desk: Apoa, url: str, postgres_outbox: SharedOutbox) -> None:
    """As the guide says: then the property can be moved there again."""
    for to in (url, "sqlite"):
        assert desk("outbox", "move", "--to", to, "--yes").code == 0
    assert desk("outbox", "move", "--to", url, "--yes").code != 0
    for table in ("reports", "audit", "drafts", "memo"):
        postgres_outbox.change(f"DELETE FROM {table} WHERE property = ?", PROPERTY)  # noqa: S608  a constant
    assert desk("outbox", "move", "--to", url, "--yes").code == 0
    assert desk.states() == [("check_in", "accepted"), ("check_in", "queued")]
    assert desk("log", "--verify").code == 0


@pytest.mark.parametrize("step", ["_use_filled", "_save", "_keep"])
@pytest.mark.parametrize("back", [False, True])
def test_an_interruption_after_everything_was_copied(
    desk: Apoa, url: str, monkeypatch: pytest.MonkeyPatch, step: str, *, back: bool
) -> None:
    """A desk cannot save in the place that was left, and the same command does the rest."""
    before = desk.reports()
    to = "sqlite" if back else url
    if back:
        assert desk("outbox", "move", "--to", url, "--yes").code == 0
    elif step == "_use_filled":
        return
    with monkeypatch.context() as patch:
        patch.setattr(OutboxMove, step, _interrupt)
        assert desk("outbox", "move", "--to", to, "--yes").code != 0
    if step != "_keep":
        said = desk("list", "--json")
        assert said.json["error"]["class"] == "outbox_relocated"
        assert to in said.err + str(said.json)
        assert desk("outbox", "move", "--to", to, "--yes").code == 0
    assert desk.reports() == before
    assert desk("log", "--verify").code == 0
    assert desk("config", "get", "outbox").out == f"{to}\n"


def _interrupt(*_arguments: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("step", ["_put", "rest", "_finish"])
@pytest.mark.parametrize("back", [False, True])
def test_a_move_that_is_given_up(
    desk: Apoa, url: str, postgres_outbox: SharedOutbox, monkeypatch: pytest.MonkeyPatch, step: str, *, back: bool
) -> None:
    """The reports are used where they were, nothing about guests is left there, and they can be moved later."""
    before, to = desk.reports(), "sqlite" if back else url
    if back:
        assert desk("outbox", "move", "--to", url, "--yes").code == 0
    with monkeypatch.context() as patch:
        patch.setattr(Relocation if step == "_finish" else WholeCopy, step, _interrupt)
        assert desk("outbox", "move", "--to", to, "--yes").code != 0
    given_up = desk("outbox", "move", "--to", to, "--cancel", "--json").json
    assert given_up == {"property": PROPERTY, "outbox": url if back else "sqlite", "cancelled": to}
    assert not (desk.home / PROPERTY / "outbox-moving.db").exists()
    if not back:
        assert postgres_outbox.rows("SELECT 1 FROM reports WHERE content IS NOT NULL OR photo IS NOT NULL") == []
    assert desk.reports() == before
    assert desk("sync").code == desk("log", "--verify").code == 0
    assert desk("outbox", "move", "--to", to, "--yes").code == 0
    assert desk.states() == [("check_in", "accepted")] * 2
    assert desk("log", "--verify").code == 0


@pytest.mark.parametrize("lang", LANGUAGES)
def test_giving_up(desk: Apoa, url: str, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
    """Only a move that was begun and has not ended."""
    words = ("outbox", "move", "--cancel") if lang == "en" else ("antrean-bersama", "pindah", "--batalkan")
    to = "--to" if lang == "en" else "--ke"
    assert desk(*words, to, url, lang=lang).code == desk(*words, to, "sqlite").code == Exit.USAGE
    with monkeypatch.context() as patch:
        patch.setattr(WholeCopy, "rest", _interrupt)
        assert desk("outbox", "move", "--to", url, "--yes").code != 0
    said = desk(*words, to, url, lang=lang)
    assert (
        said.code,
        spoken(lang, "The move is given up. The reports stay at: {place}", place="sqlite") in said.out,
    ) == (
        0,
        True,
    )
    assert desk("outbox", "move", "--to", url, "--yes").code == 0
    assert desk(*words, to, url, lang=lang).code == desk(*words, to, "sqlite", lang=lang).code == Exit.USAGE
    assert len(desk.reports()) == 2
    desk.change_setting("outbox", "sqlite")


def test_a_desk_saves_while_the_place_was_left(desk: Apoa, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guest is saved on this computer, and is in the new place in the end."""
    assert desk("outbox", "move", "--to", url, "--yes").code == 0
    with monkeypatch.context() as patch:
        patch.setattr(OutboxMove, "_use_filled", _interrupt)
        desk("outbox", "move", "--to", "sqlite", "--yes")
    saved = desk.save(OBADIAH)
    assert saved["stored"] == "here"
    assert desk("outbox", "move", "--to", "sqlite", "--yes").code == 0
    assert [each["id"] for each in desk.reports()].count(saved["id"]) == 1
    assert len(desk.reports()) == 3
    assert desk("log", "--verify").code == 0


def test_a_delivery_that_is_running(desk: Apoa, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is waited for, and then nothing was moved."""
    from apoa_client.outbox.sqlite.delivery_lock import delivery_lock

    monkeypatch.setattr("apoa_client.app.outbox_move._LOCK_WAIT_S", 0.0)
    with delivery_lock(desk.home / PROPERTY / "outbox.db", 0):
        assert desk("outbox", "move", "--to", url, "--yes").code == Exit.NOT_NOW
    assert len(desk.reports()) == 2


def test_what_was_left_is_removed_in_time(desk: Apoa, url: str) -> None:
    """After the retention period, if the date is confirmed; also after a move back."""
    assert desk("outbox", "move", "--to", url, "--yes").code == 0
    kept = desk.home / PROPERTY / "outbox-moved-1.db"
    desk.clock.forward(timedelta(days=89))
    assert desk("sync").code == desk("purge", "--yes").code == 0
    assert kept.exists()
    assert desk("outbox", "move", "--to", "sqlite", "--yes").code == 0
    damaged = kept.with_name("outbox-moved-2.db")
    damaged.write_bytes(b"no database" * 500)
    desk.clock.forward(timedelta(days=2))
    assert desk("purge", "--today", "2027-02-22", "--dry-run").code == 0
    assert kept.exists()
    assert desk("sync").code == desk("purge", "--yes").code == 0
    assert (kept.exists(), damaged.exists()) == (False, True)
    assert len(desk.reports()) == 2


def test_uninstall_removes_what_was_left(desk: Apoa, url: str) -> None:
    """The file has guests' data too."""
    assert desk("outbox", "move", "--to", url, "--yes").code == 0
    said = desk("uninstall", "--dry-run", "--json")
    assert "outbox-moved-1.db" in said.out
    assert desk("uninstall", "--yes", "--force").code == 0
    assert not (desk.home / PROPERTY).exists()


@pytest.mark.parametrize("back", [False, True])
def test_a_server_that_is_killed_in_the_middle(
    desk: Apoa, url: str, postgres_outbox: SharedOutbox, monkeypatch: pytest.MonkeyPatch, *, back: bool
) -> None:
    """Nothing is lost: what is used stays the same, and the same command does the rest."""
    if back:
        assert desk("outbox", "move", "--to", url, "--yes").code == 0
    before = desk.reports()
    put = WholeCopy._put

    def kill_after(copy: WholeCopy, seqs: Sequence[int]) -> None:
        put(copy, seqs)
        postgres_outbox.cluster.kill()

    to = "sqlite" if back else url
    with monkeypatch.context() as patch:
        patch.setattr("apoa_client.outbox.sql.whole_copy._PIECE", 1)
        patch.setattr(WholeCopy, "_put", kill_after)
        try:
            said = desk("outbox", "move", "--to", to, "--yes", "--json")
        finally:
            postgres_outbox.cluster.start()
    assert said.json["error"]["class"] == "outbox_server_unreachable"
    assert desk.reports() == before
    assert desk("outbox", "move", "--to", to, "--yes").code == 0
    assert desk.reports() == before
    assert desk("log", "--verify").code == 0


def test_another_computer_after_the_move(desk: Apoa, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its guests are saved there, and nothing of its file is touched: the reports are on the first computer."""
    assert desk("outbox", "move", "--to", url, "--yes").code == 0
    other = desk.home.parent / "other"
    shutil.copytree(desk.home, other)
    (other / PROPERTY / "outbox-moved-1.db").unlink()
    assert desk("outbox", "move", "--to", "sqlite", "--yes").code == 0
    monkeypatch.setitem(desk.environ, "APOA_HOME", str(other))
    for guest in (OBADIAH, XIMENA):
        said = desk("outbox", "move", "--to", "sqlite", "--yes", "--json")
        assert said.json["error"]["class"] == "outbox_elsewhere"
        assert desk.save(guest)["stored"] == "here"
    assert "outbox-moving.db" not in {path.name for path in (other / PROPERTY).iterdir()}


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_desk_saves_while_the_file_gets_its_name(
    desk: Apoa, url: str, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Its guest is not lost, wherever the move is."""
    assert desk("outbox", "move", "--to", url, "--yes").code == 0
    saved = []
    take_over = OutboxMove._take_over

    def save_and_take_over(moving: OutboxMove, file: Path) -> None:
        if when == "before":
            saved.append(desk.save(OBADIAH))
        take_over(moving, file)
        if when == "after" and not saved:
            saved.append(desk.save(OBADIAH))

    with monkeypatch.context() as patch:
        patch.setattr(OutboxMove, "_use_filled", _interrupt)
        desk("outbox", "move", "--to", "sqlite", "--yes")
    first = desk.save(QUENTIN)
    with monkeypatch.context() as patch:
        patch.setattr(OutboxMove, "_take_over", save_and_take_over)
        assert desk("outbox", "move", "--to", "sqlite", "--yes").code == 0
    ids = [each["id"] for each in desk.reports()]
    assert {first["id"], saved[0]["id"]} <= set(ids)
    assert len(ids) == len(set(ids)) == 4
    assert desk("log", "--verify").code == 0


def test_a_file_that_is_open_elsewhere(desk: Apoa, url: str) -> None:
    """It keeps its name until the next command, and is not used."""
    file = desk.home / PROPERTY / "outbox.db"
    with SqliteOutbox.open(file, sealer()) as outbox:
        assert outbox.public_key()
        moved = desk("outbox", "move", "--to", url, "--yes", "--json").json
        assert moved["kept"] == str(file)
    assert len(desk.reports()) == 2
    assert not file.exists()
