"""The reports and rooms that completion offers, and that it never fails, asks, waits or changes a file."""

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from cli_helpers import GUESTS, OBADIAH, QUENTIN, XIMENA, Apoa, Complete, Serve

from apoa_client.outbox.sqlite import migrations
from apoa_client.vault.keyring_store import KeyringStore

REFERENCES = (
    *(["show", ""], ["amend", ""], ["cancel", ""], ["checkout", ""], ["checkout", "--group", ""], ["receipt", ""]),
    *(["purge", "--guest", ""], ["log", "--report", ""], ["received", ""]),
)


def outbox_of(apoa: Apoa) -> Path:
    return apoa.home / "melati" / "outbox.db"


@pytest.mark.parametrize("words", REFERENCES, ids=" ".join)
def test_reports_are_offered_by_id_with_the_room(away: Apoa, complete: Complete, words: list[str]) -> None:
    """A short id, the room and what helps to tell the guests apart; never a name, a passport or a birth date."""
    report = away.save()
    offered = complete(*words)
    assert list(offered) == [report["short_id"]]
    assert "room 7" in offered[report["short_id"]]
    shown = f"{offered}".casefold()
    assert not [word for word in QUENTIN.words if word.casefold() in shown]


def test_only_guests_in_house_are_offered_to_check_out(away: Apoa, complete: Complete) -> None:
    """A guest who has left is offered to `show` and not to `checkout`, whose rooms are those in use."""
    gone, here = away.save(QUENTIN, "--room", "5"), away.save(XIMENA, "--room", "Melati 3")
    assert away("checkout", gone["short_id"], "--yes", "--no-send").code == 0
    assert list(complete("checkout", "")) == [here["short_id"]]
    assert set(complete("show", "")) == {gone["short_id"], here["short_id"]}
    assert list(complete("checkout", "--room", "")) == ["Melati 3"]
    assert list(complete("list", "--room", "mel")) == ["Melati 3"]


def test_only_refused_reports_are_offered_to_fix(apoa: Apoa, serve: Serve, complete: Complete) -> None:
    """`fix` is offered what the authority refused."""
    assert apoa.set_up(serve("reject").base_url).code == 0
    refused, sent = apoa.send(QUENTIN), apoa.send(OBADIAH)
    offered = complete("fix", "")
    assert list(offered) == [refused["short_id"]]
    assert "refused" in offered[refused["short_id"]]
    assert sent["short_id"] in complete("show", "")


def test_a_part_of_an_id_chooses(away: Apoa, complete: Complete) -> None:
    """Only ids that begin with what was typed are offered."""
    ids = [away.save(guest)["short_id"] for guest in GUESTS]
    assert list(complete("show", ids[1][:5])) == [ids[1]]
    assert complete("received", ids[1], "") == {}


def test_of_two_properties_the_named_one_is_read(away: Apoa, complete: Complete) -> None:
    """`--property` before the command, or the environment, says whose reports are offered."""
    assert away.set_up(name="kenanga").code == 75
    report = away("--property", "kenanga", *QUENTIN.mrz("--no-send", "--json")).json
    assert list(complete("--property", "kenanga", "show", "")) == [report["short_id"]]
    assert list(complete("show", "", APOA_PROPERTY="kenanga")) == [report["short_id"]]
    assert complete("--property", "melati", "show", "") == {}


def test_without_the_key_the_day_is_offered(away: Apoa, complete: Complete) -> None:
    """What needs no key is offered: the id, and until when the guest stays."""
    report = away.save()
    away.delete_key()
    ((offered, description),) = complete("checkout", "").items()
    assert offered == report["short_id"]
    assert "room" not in description
    assert "until" in description
    assert complete("checkout", "--room", "") == {}


def test_the_keyring_is_never_asked(away: Apoa, complete: Complete, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the key in the keyring, which may ask for its password, nothing sealed is read."""
    report = away.save()
    away.change_setting("vault", "keyring")
    monkeypatch.setattr(KeyringStore, "get", lambda *_arguments: pytest.fail("the keyring was read"))
    assert list(complete("checkout", "")) == [report["short_id"]]


@pytest.mark.parametrize("words", [["show", ""], ["--property", ""], ["checkout", "--room", ""]], ids=" ".join)
class TestNothingIsOffered:
    """Where something is wrong, nothing is offered and nothing is said: the user is in the middle of a line."""

    def test_of_damaged_settings(self, away: Apoa, complete: Complete, words: list[str]) -> None:
        """The command itself says what is wrong with the settings."""
        away.save()
        (away.home / "config.toml").write_text("[property.melati\n")
        assert complete(*words) == {}
        assert complete("list", "--sta") != {}

    def test_without_settings(self, apoa: Apoa, complete: Complete, words: list[str]) -> None:
        """Before the set-up nothing is created."""
        assert complete(*words) == {}
        assert not apoa.home.exists()

    def test_of_a_home_that_is_a_file(self, apoa: Apoa, complete: Complete, words: list[str]) -> None:
        """A home that cannot be a folder is left as it is."""
        apoa.home.write_text("")
        assert complete(*words) == {}

    def test_of_a_relative_home(self, complete: Complete, words: list[str]) -> None:
        """APOA_HOME must be absolute."""
        assert complete(*words, APOA_HOME="here") == {}


@pytest.mark.parametrize("state", ["missing", "newer", "older", "damaged", "folder"])
def test_nothing_is_offered_of_an_outbox_that_cannot_be_read(away: Apoa, complete: Complete, state: str) -> None:
    """A file that is missing, damaged, of another version or a folder is left as it is."""
    away.save()
    outbox = outbox_of(away)
    version = len(migrations.STEPS)
    if state in {"newer", "older"}:
        away.change_database(f"PRAGMA user_version = {version + 1 if state == 'newer' else version - 1}")
    else:
        outbox.unlink()
    if state == "damaged":
        outbox.write_bytes(b"SQLite format 3\0" + bytes(5000))
    elif state == "folder":
        outbox.mkdir()
    before = files_below(away.home)
    assert complete("show", "") == {}
    assert files_below(away.home) == before


def test_a_locked_outbox_is_read_at_once(away: Apoa, complete: Complete) -> None:
    """Another process's transaction is not waited for, and what was committed before is offered."""
    report = away.save()
    with closing(sqlite3.connect(outbox_of(away), isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE reports SET attempts = 1")
        assert list(complete("show", "")) == [report["short_id"]]
        db.execute("COMMIT")
        assert list(complete("show", "")) == [report["short_id"]]
        before = files_below(away.home)
        assert list(complete("show", "")) == [report["short_id"]]
        assert files_below(away.home) == before


def test_nothing_is_written(away: Apoa, complete: Complete) -> None:
    """No file is created, changed or removed, nor the time of a folder."""
    away.save()
    before = files_below(away.home)
    for words in (*REFERENCES, [""], ["--property", ""], ["list", "--state", ""]):
        complete(*words)
    assert files_below(away.home) == before


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="only who is not root may not write")
def test_a_home_that_cannot_be_written(away: Apoa, complete: Complete) -> None:
    """A read-only folder is read."""
    report = away.save()
    outbox_of(away).parent.chmod(0o500)
    try:
        assert list(complete("show", "")) == [report["short_id"]]
    finally:
        outbox_of(away).parent.chmod(0o700)


def test_a_bug_is_not_shown(complete: Complete, monkeypatch: pytest.MonkeyPatch) -> None:
    """A traceback would be written into the line that the user types."""
    monkeypatch.setattr("apoa_client.cli.completion.call.find_offers", lambda *_arguments: 1 / 0)
    assert complete("sta") == {}


def files_below(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return the files and folders below a folder: mode, time of the last change, content."""
    found = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        status = path.stat()
        content = path.read_bytes() if path.is_file() and not path.name.endswith("-shm") else b""
        found[str(path)] = (status.st_mode, status.st_mtime_ns, content)
    return found
