"""An outbox that is damaged or that another program changed: what is repaired or said, and what nothing notices."""

import json
import os
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import OBADIAH, QUENTIN, XIMENA, Apoa, raising, spoken
from damage_helpers import clear_index, flip, hide_from_queue, leaf_of_reports

from apoa_client.authority.client import HttpAuthority
from apoa_client.cli.views.labels import rebuilt_text
from apoa_client.errors import Exit, SealBroken
from apoa_client.outbox.errors import damaged
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.authority import Verdict
from apoa_client.settings.config import PropertySettings
from apoa_client.settings.reading import load
from apoa_client.vault.sealing import PropertySealer, decode_private_key, decode_public_key, encode_key

MARKED_AS_SENT = """
    UPDATE reports SET state = 'accepted', receipt_number = 'X-1', receipt_issued_at = 1 WHERE short_id = '{}'
"""


KEYLESS = "Not checked for changes by other programs: the private key is not at hand."


@pytest.fixture
def checked(configured: Apoa) -> Apoa:
    """A property whose reports were checked by a sync, and then two that wait."""
    configured.save()
    assert configured("sync").code == 0
    return configured


def test_a_report_marked_as_sent(checked: Apoa) -> None:
    """Each command names it with 78, and it has no receipt, until a person accepts the guest: then it is sent."""
    report = checked.save(XIMENA)
    checked.change_database(MARKED_AS_SENT.format(report["short_id"]))
    said = checked("status")
    text = f"Report {report['short_id']} is not as apoa-client here wrote it."
    assert (said.code, text in said.err) == (78, True)
    changed = [{"kind": "state", "id": report["id"]}]
    status = checked("status", "--json")
    assert (status.code, status.json["doubts"]) == (78, changed)
    with checked.monkeypatch.context() as patch:
        patch.setattr("sys.stdout.isatty", lambda: True, raising=False)
        assert text in checked(keys=[]).err  # `apoa` alone
    page = checked.home / "page.html"
    for options in ([], ["--json"], ["--html", str(page)]):
        refused = checked("receipt", report["id"], *options)
        assert refused.code == 78
        assert text in refused.all
    assert not page.exists()
    verified = checked("log", "--verify", "--json")
    assert (verified.code, verified.json["whole"]) == (78, True)
    assert verified.json["reports"]["doubts"] == changed
    for command in (["sync"], ["sync"], ["status"], ["list"], ["show", report["id"]]):
        said = checked(*command)
        assert (said.code, text in said.err) == (78, True)
    shown = checked("show", report["id"])
    assert ("XIMENA" in shown.out.upper(), text in shown.err) == (True, True)  # the guest, to be compared
    assert checked("status", "--alarm").code == checked("doctor", "--offline").code == 78
    assert checked("log", "--accept", report["short_id"]).code == 0
    assert [value["state"] for value in checked.reports()] == ["accepted", "queued"]
    assert checked("sync").code == checked("status").code == checked("receipt", report["id"]).code == 0
    assert [value["state"] for value in checked.reports()] == ["accepted", "accepted"]
    assert "X-1" not in checked("receipt", report["id"]).out


def test_another_key_in_the_metadata_switches_nothing_off(checked: Apoa, tmp_path: Path) -> None:
    """A waiting guest is called accepted, the counts agree: each command names it, and nothing forged is believed."""
    report = checked.save(XIMENA)
    checked.change_database(MARKED_AS_SENT.format(report["short_id"]))
    checked.change_database("DELETE FROM memo WHERE key = 'public_key'")
    checked.change_database("INSERT INTO memo (key, value) VALUES ('public_key', 'x')")
    page = tmp_path / "page.html"
    for command in (["status"], ["log", "--verify"], ["sync"], ["receipt", report["id"], "--html", str(page)]):
        said = checked(*command)
        assert (said.code, "The outbox names a key that this computer does not have." in said.err) == (78, True)
    assert checked("status", "--alarm").code == checked("doctor", "--offline").code == 78
    assert not page.exists()
    for name in ("status", "sync"):
        assert {"kind": "key", "id": None} in checked(name, "--json").json["doubts"]
    assert checked(*OBADIAH.mrz("--json")).json["state"] == "queued"  # a guest is saved all the same
    assert checked("log", "--accept").code == 78  # the report is in doubt still
    assert checked("log", "--accept", report["id"]).code == 0
    assert checked("sync").code == checked("status").code == checked("log", "--verify").code == 0
    assert {value["state"] for value in checked.reports()} == {"accepted"}
    assert "X-1" not in checked("receipt", report["id"]).out


def test_a_suspension_that_another_program_wrote(checked: Apoa) -> None:
    """`sync` and `log --verify` name it; so do they name one that was removed."""
    assert checked("sync").code == 0
    fingerprint = load(checked.home / "config.toml").properties["melati"].fingerprint
    checked.change_database(f"INSERT INTO memo VALUES ('stop', 'wrong_password 1 {fingerprint}')")  # noqa: S608  a hash
    text = "Whether reports are sent, or the time to wait for, was changed in the database."
    for command in (["log", "--verify"], ["sync"]):
        said = checked(*command)
        assert (said.code in {77, 78}, text in said.err) == (True, True)
    checked.change_database("DELETE FROM memo WHERE key = 'stop'")
    assert checked("sync").code == checked("log", "--verify").code == 0


def test_an_older_copy(checked: Apoa) -> None:
    """The vault knows the version of the outbox: the commands say so, until a person accepts the copy."""
    older = checked.home / "older.db"
    shutil.copyfile(checked.outbox_file, older)
    checked.send(XIMENA)
    assert checked("sync").code == checked("log", "--verify").code == 0
    shutil.copyfile(older, checked.outbox_file)
    for log in ("-wal", "-shm"):
        checked.outbox_file.with_name(f"outbox.db{log}").unlink(missing_ok=True)
    text = "The database file is an older copy: what was recorded after it is not in it."
    for command in (["log", "--verify"], ["sync"], ["log", "--verify"]):
        said = checked(*command)
        assert (said.code, text in said.err) == (78, True)
    assert checked("status", "--json").json["doubts"] == [{"kind": "older_copy", "id": None}]
    taken = checked("log", "--accept")
    assert taken.code == 0
    assert "The reports are taken as they are now, and the log says by whom." in taken.out
    assert checked("sync").code == checked("status").code == checked("log", "--verify").code == 0


def test_a_restored_backup_is_no_older_copy(checked: Apoa, tmp_path: Path) -> None:
    """Restore sets the version back."""
    backup = tmp_path / "backup.db"
    assert checked("backup", str(backup)).code == 0
    checked.send(XIMENA)
    assert checked("sync").code == 0
    for file in checked.home.glob("melati/outbox.db*"):
        file.unlink()
    assert checked("restore", str(backup)).code == 0
    said = checked("sync")
    assert (said.code, said.err) == (0, "")
    assert checked("log", "--verify").code == 0


@pytest.mark.parametrize("command", ["sync", "report"])
def test_what_was_saved_without_the_key(checked: Apoa, command: str) -> None:
    """`authenticated` and `unauthenticated` show it, and what sends next completes it; a change needs the key."""
    waiting = checked.save(XIMENA)
    with checked.without_key():
        report = checked.save(QUENTIN, "--again", "--nights", "5")
        refused = checked("received", waiting["id"], "APOA-77")
        needed = "The private key is needed to change a report that was saved before, and it is not at hand."
        assert (refused.code, needed in refused.err) == (77, True)
        said = checked("list", "--json").json["reports"]
        assert {value["id"]: value["authenticated"] for value in said}[report["id"]] is False
        assert checked("status", "--json").json["unauthenticated"] == 1
    sent = checked(*(["sync"] if command == "sync" else OBADIAH.mrz()))
    assert (sent.code, sent.err) == (0, "")
    assert checked("status", "--json").json["unauthenticated"] == 0
    assert all(value["authenticated"] for value in checked.reports())


def test_verify_says_what_was_checked(checked: Apoa) -> None:
    """The log, whose last link is shown, and with the key the reports; without it, that they were not checked.

    A writer who can only write the file cannot accept it.
    """
    link = checked("log", "--json").json["entries"][-1]["link"]
    whole = {"whole": True, "entries": 3, "link": link, "wrong": None, "missing": False}
    reports = {"checked": 1, "with_key": True, "unauthenticated": 0, "doubts": []}
    said = checked("log", "--verify")
    assert (said.code, link in said.out, KEYLESS in said.out) == (0, True, False)
    assert checked("log", "--verify", "--json").json == {**whole, "reports": reports}
    checked.delete_key()
    assert KEYLESS in checked("log", "--verify").out
    assert checked("log", "--accept").code == checked("log", "--accept", checked.save(XIMENA)["id"]).code == 77
    keyless = {"checked": 2, "with_key": False, "unauthenticated": 1, "doubts": []}
    assert checked("log", "--verify", "--json").json["reports"] == keyless


def test_reports_that_are_typed_by_hand(manual: Apoa) -> None:
    """A report marked as typed in needs a person, and so does a number that was changed."""
    waiting, typed = manual.save(XIMENA), manual.save(QUENTIN)
    assert manual("received", typed["id"], "APOA-77").code == 0
    assert manual("sync").code == 75
    manual.change_database(MARKED_AS_SENT.format(waiting["short_id"]))
    said = manual("sync")
    assert (said.code, f"Report {waiting['short_id']} is not as" in said.err) == (78, True)
    assert manual("log", "--accept", waiting["id"]).code == 0
    assert (manual("sync").code, {each["id"]: each["state"] for each in manual.reports()}[waiting["id"]]) == (
        75,
        "queued",
    )
    manual.change_database(f"UPDATE reports SET receipt_number = 'X' WHERE short_id = '{typed['short_id']}'")  # noqa: S608
    assert manual("receipt", typed["id"]).code == 78
    assert manual("log", "--verify").code == 78


def assert_nothing_noticed(apoa: Apoa) -> None:
    for command in (["sync"], ["status"], ["log", "--verify"], ["doctor", "--offline"]):
        said = apoa(*command)
        assert said.code == 0, said.all


def test_an_older_copy_of_the_outbox_and_of_the_vault(configured: Apoa) -> None:
    """Only the authority knows the guest who was reported since then."""
    configured.save()
    assert configured("sync").code == 0
    folder, older = configured.home / "melati", configured.home / "older"
    shutil.copytree(folder, older)
    configured.send(XIMENA)
    assert configured("sync").code == configured("log", "--verify").code == 0
    shutil.rmtree(folder)
    older.rename(folder)
    assert_nothing_noticed(configured)
    assert len(configured.reports()) == 1


def test_another_guest_in_a_report_that_was_saved_without_the_key(configured: Apoa) -> None:
    """A writer of the disk decides which guest is reported, until the key is next at hand."""
    folder = configured.home / "melati"
    secrets = json.loads((folder / "keys.json").read_text())
    hidden = (folder / "keys.json").rename(configured.home / "keys.json")
    report = configured.save(QUENTIN)
    public_key = decode_public_key(configured.settings()["public_key"])
    with closing(sqlite3.connect(folder / "outbox.db")) as db:
        ((sealed,),) = db.execute("SELECT content FROM reports")
    content = PropertySealer(public_key, lambda: decode_private_key(secrets["private-key"])).open(report["id"], sealed)
    forged = PropertySealer(public_key, bytes).seal(report["id"], content.replace(b"QUENTIN", b"QUINTUS"))
    configured.change_database(f"UPDATE reports SET content = x'{forged.hex()}'")  # noqa: S608  hexadecimal digits
    hidden.rename(folder / "keys.json")
    assert_nothing_noticed(configured)
    assert "QUINTUS" in configured("show", report["id"], "--json").out


def test_an_unfinished_guest_who_was_deleted(configured: Apoa) -> None:
    """The next `apoa report` begins with another guest."""
    configured("report", keys=[*QUENTIN.lines, "GDANSK"])
    configured.change_database("DELETE FROM drafts")
    assert_nothing_noticed(configured)
    assert "Not finished yet:" not in configured("report", keys=[]).err


NOTICED = [
    ("api_url", "https://127.0.0.1:9/v1", Exit.CREDENTIALS),
    ("api_url", "training", Exit.CREDENTIALS),
    ("username", "lain", Exit.CREDENTIALS),
    ("ca_bundle", "/nowhere/ca.pem", Exit.SETTINGS),
    ("public_key", encode_key(bytes(range(32))), Exit.CREDENTIALS),
    ("environment", "production", Exit.SETTINGS),
    ("property_id", "lain", Exit.SETTINGS),
    ("vault", "keyring", Exit.CREDENTIALS),
    ("delivery", "manual", Exit.NOT_NOW),
    ("outbox", "postgresql://lain@127.0.0.1:1/apoa", Exit.NOT_NOW),
]


HARMLESS: list[tuple[str, str | int]] = [
    ("environment", ""),
    ("property_id", ""),
    ("index_key", "00" * 16),
    ("window_hours", 8760),
    ("retention_days", 1),
    ("timezone", "Asia/Jayapura"),
    ("notify", "off"),
    ("display_name", "X"),
    ("office", "X"),
    ("address", "X"),
    ("backup_folder", str(Path.cwd() / "backups")),
    ("backup_keep", 1),
    ("rooms", 1),
    ("keep_photos", "on"),
    ("import_folder", str(Path.cwd() / "exports")),
    ("import_map", "cloudbeds"),
]
"""They change deadlines, how long data and backups are kept, what is compared with earlier guests, what is printed."""


def test_every_setting_is_here() -> None:
    """The developer who adds a setting says what its change can do."""
    sends_nothing, in_test_outbox = "by_hand_order", "outbox_before"
    named = {*(each[0] for each in (*NOTICED, *HARMLESS)), sends_nothing, in_test_outbox}
    assert named == set(PropertySettings._fields) - {"name"}


def test_a_change_that_is_noticed(configured: Apoa) -> None:
    """The sync says what is wrong, exits accordingly, and the report waits; with the setting as it was, it is sent."""
    configured.save()
    path = configured.home / "config.toml"
    before = path.read_text()
    for name, value, code in NOTICED:
        configured.change_setting(name, value)
        stopped = configured("sync")
        assert (stopped.code, stopped.all == "") == (code, False), (name, stopped.all)
        path.write_text(before)
        assert configured.states() == [("check_in", "queued")]
    assert configured("sync").code == 0


def test_a_change_that_does_not_matter_for_sending(configured: Apoa, authority: Any) -> None:
    """Also after all of them the report is sent to the same authority with the same content."""
    saved = configured.save()
    for name, value in HARMLESS:
        configured.change_setting(name, value)
    assert configured("sync").code == 0
    [report] = configured.reports()
    assert (report["state"], report["guest"]) == ("accepted", saved["guest"])
    assert saved["id"].encode() in authority.storage.read_bytes()


def test_a_report_saved_under_an_exchanged_public_key(configured: Apoa) -> None:
    """No key here opens it: it stays, and the advice, which works, is to cancel it and to report the guest again."""
    path = configured.home / "config.toml"
    before = path.read_text()
    configured.change_setting("public_key", encode_key(bytes(range(32))))
    report = configured.save()
    path.write_text(before)
    refused = configured("sync")
    assert refused.code == Exit.SETTINGS
    assert spoken("en", str(SealBroken.advice.template if SealBroken.advice else "")) in refused.err
    assert configured("cancel", report["id"], "--reason", "key", "--yes", "--no-send").code == 0
    configured.save()
    assert configured("sync").code == 0
    assert sorted(state for _kind, state in configured.states()) == ["accepted", "withdrawn"]


def test_sync_rebuilds_an_index(configured: Apoa) -> None:
    """Everything is sent with exit code 0, stderr says what was repaired and what to do, and the log records it."""
    configured.save()
    clear_index(configured.outbox_file, "reports_open")
    notice = rebuilt_text()
    result = configured("sync", "--quiet")
    assert (result.code, result.err) == (0, notice + "\n")
    assert configured.reports()[0]["state"] == "accepted"
    assert "damaged index rebuilt" in configured("log").out
    assert configured("sync").err == ""


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be removed")
def test_a_file_that_is_removed_during_a_sync(configured: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exits with 78, and says what to do: what the authority answered is not recorded."""
    configured.save()
    submit = HttpAuthority.submit

    def remove_then_submit(authority: HttpAuthority, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        configured.outbox_file.unlink()
        return submit(authority, bodies)

    monkeypatch.setattr(HttpAuthority, "submit", remove_then_submit)
    error = configured("sync", "--json")
    assert (error.code, error.json["error"]["class"]) == (78, "outbox_missing")
    assert "apoa restore" in error.json["error"]["advice"]


def test_report_into_a_damaged_file(configured: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is shown as saved, with the damage and the exit code of sync; if it cannot be read back, keep a note."""
    file = configured.outbox_file
    for number in range(6):
        configured.save(QUENTIN, "--again", "--nights", str(number + 1))
    flip(file, leaf_of_reports(file), 64)
    readable = "What was just saved is in the file and can be read."
    unreadable = "What was just saved cannot be read back now. Keep a note of the guest until the file is repaired."
    result = configured(*OBADIAH.mrz("--yes"))
    assert result.code == configured("sync").code == 78
    assert str(file) in result.err
    assert (readable in result.err, unreadable in result.err) == (True, False)
    assert result.out.startswith(f"Saved: {OBADIAH.name}")

    monkeypatch.setattr(SqliteOutbox, "find", raising(damaged(file)))
    result = configured(*OBADIAH.mrz("--yes", "--again"))
    assert (result.code, unreadable in result.err, readable in result.err) == (78, True, False)


@pytest.fixture
def by_hand(manual: Apoa) -> Apoa:
    """A property that reports by hand, with two reports that wait."""
    manual.save()
    manual.save(XIMENA)
    return manual


def test_by_hand(by_hand: Apoa) -> None:
    """The index is rebuilt, and every report is on the sheet."""
    by_hand.change_database("UPDATE reports SET due_at = NULL")  # as `hide_from_queue` needs it
    assert by_hand("log", "--accept", *(report["id"] for report in by_hand.reports())).code == 0
    hide_from_queue(by_hand.outbox_file)
    sheet = by_hand("sync", "--sheet", "-")
    assert sheet.code == 0
    assert QUENTIN.surname in sheet.out
    assert XIMENA.surname in sheet.out
    assert rebuilt_text() in sheet.err
    assert by_hand("sync", "--json").json["left"] == 2


def test_by_hand_meets_damage_later(by_hand: Apoa) -> None:
    """An index that only the work itself meets is rebuilt, and the work begins again."""
    clear_index(by_hand.outbox_file, "reports_due")
    result = by_hand("sync", "--json")
    assert (result.code, result.json["left"], result.err) == (75, 2, rebuilt_text() + "\n")


@pytest.mark.parametrize(
    ("column", "forged"), [("id", "\x1b]0;owned\x07\x1b[2J"), ("stay_id", "../../\u202e"), ("id", "Z" * 100_000)]
)
def test_a_forged_id(configured: Apoa, column: str, forged: str) -> None:
    """The row is named as damaged and not sent as it is; nothing of it is shown, and the others are delivered."""
    first, second = (configured.save(guest) for guest in (QUENTIN, XIMENA))
    with closing(sqlite3.connect(configured.outbox_file)) as db:
        db.execute(f"UPDATE reports SET {column} = ? WHERE id = ?", [forged, first["id"]])  # noqa: S608  two names
        db.commit()
    seen = [configured(*command) for command in (["list", "--plain"], ["status"], ["sync"], ["list", "--all"])]
    for result in seen:
        assert not any(character in result.all for character in ("\x1b", "\x07", "\u202e", "ZZZZ", "../.."))
    for result in (seen[0], seen[2]):
        assert (result.code, "Reports in the outbox at" in result.err, ": 1." in result.err) == (78, True, True)
    assert second["short_id"] in seen[0].out
    with closing(sqlite3.connect(configured.outbox_file)) as db:
        states = [state for (state,) in db.execute("SELECT state FROM reports ORDER BY seq")]
    assert states == ["queued", "accepted"]
