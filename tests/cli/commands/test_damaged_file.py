"""The file of the reports is damaged: what sync and report repair, say, and exit with."""

import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from cli_helpers import OBADIAH, QUENTIN, XIMENA, Apoa, spoken
from damage_helpers import clear_index, flip, hide_from_queue, leaf_of_reports

from apoa_client.authority.client import HttpAuthority
from apoa_client.cli.views.labels import rebuilt_text
from apoa_client.outbox.errors import damaged
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.authority import Verdict

READABLE = "What was just saved is in the file and can be read."
UNREADABLE = "What was just saved cannot be read back now. Keep a note of the guest until the file is repaired."


@pytest.fixture
def torn(configured: Apoa) -> Apoa:
    """A property with reports that wait, some of them on a damaged page."""
    for number in range(3):
        for guest in (QUENTIN, XIMENA):
            configured.save(guest, "--again", "--nights", str(number + 1))
    flip(configured.outbox_file, leaf_of_reports(configured.outbox_file), 64)
    return configured


@pytest.mark.parametrize("option", [[], ["--quiet"], ["--json"]])
def test_sync_rebuilds_an_index(configured: Apoa, option: list[str]) -> None:
    """Everything is sent with exit code 0, stderr says what was repaired and what to do, and the log records it."""
    configured.save()
    clear_index(configured.outbox_file, "reports_open")
    notice = rebuilt_text()
    result = configured("sync", *option)
    assert (result.code, result.err) == (0, notice + "\n")
    assert configured.reports()[0]["state"] == "accepted"
    assert "damaged index rebuilt" in configured("log").out
    assert configured("sync", *option).err == ""


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be removed")
def test_a_file_that_is_removed_during_a_sync(configured: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exits with 78, and says what to do: what the authority answered is not recorded."""
    configured.save()
    submit = HttpAuthority.submit

    def remove_then_submit(authority: HttpAuthority, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        configured.outbox_file.unlink()
        return submit(authority, bodies)

    monkeypatch.setattr(HttpAuthority, "submit", remove_then_submit)
    result = configured("sync", "--json")
    assert (result.code, result.json["error"]["class"]) == (78, "outbox_missing")
    assert "apoa restore" in result.json["error"]["advice"] or "apoa pulihkan" in result.json["error"]["advice"]


def test_report_into_a_damaged_file(torn: Apoa) -> None:
    """The report is shown as saved, the damage is shown, and the exit code is that of sync."""
    result = torn(*OBADIAH.mrz("--yes"))
    assert result.code == torn("sync").code == 78
    assert str(torn.outbox_file) in result.err
    assert spoken("en", READABLE) in result.err
    assert result.out.startswith(spoken("en", "Saved: {name}, report {id}.", name=OBADIAH.name, id="")[:10])


def test_saved_but_not_readable(torn: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the new report cannot be read back, the screen says to keep a note."""

    def find(_outbox: SqliteOutbox, _reference: str) -> None:
        raise damaged(torn.outbox_file)

    monkeypatch.setattr(SqliteOutbox, "find", find)
    result = torn(*OBADIAH.mrz("--yes"))
    assert (result.code, UNREADABLE in result.err, READABLE in result.err) == (78, True, False)


@pytest.fixture
def by_hand(apoa: Apoa) -> Apoa:
    """A property that reports by hand, with two reports that wait."""
    assert apoa("setup", "--non-interactive", "--property", "melati", "--vault", "file", "--by-hand").code == 0
    apoa.save()
    apoa.save(XIMENA)
    return apoa


@pytest.mark.parametrize("damage", [hide_from_queue, lambda file: clear_index(file, "reports_open")])
def test_by_hand(by_hand: Apoa, damage: Callable[[Path], None]) -> None:
    """The index is rebuilt, and every report is on the sheet."""
    with closing(sqlite3.connect(by_hand.outbox_file)) as db:  # as `hide_from_queue` needs it
        db.execute("UPDATE reports SET due_at = NULL")
        db.commit()
    assert by_hand("log", "--accept", *(report["id"] for report in by_hand.reports())).code == 0
    damage(by_hand.outbox_file)
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


@pytest.mark.parametrize("column", ["id", "stay_id"])
@pytest.mark.parametrize("forged", ["\x1b]0;owned\x07\x1b[2J", "../../meta", "", "Z" * 100_000, "\u202e"])
def test_a_forged_id(configured: Apoa, forged: str, column: str) -> None:
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
