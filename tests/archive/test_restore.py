"""Restoring on an empty computer, or on one that has been used since: no state goes backwards, and each stay whole."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from backup_helpers import SETTINGS, Home, rows_of, signed, snapshot
from basics import NOW, raises_error
from key_helpers import new_key_pair
from outbox_helpers import HOUR, NOON, PRIVATE_KEY, add, finding, open_outbox, receipt, report, settle, stay_id, uuid

from apoa_client.archive import merge, restore
from apoa_client.delivery.plan import LEASE
from apoa_client.errors import (
    Exit,
    OutboxDamaged,
    SettingsProblem,
    UsageProblem,
)
from apoa_client.messages import msg
from apoa_client.outbox.rows import NO_ACTOR
from apoa_client.outbox.sql.metadata import PUBLIC_KEY, SCHEDULED_RUN, write
from apoa_client.outbox.sqlite import database
from apoa_client.outbox.sqlite.database import SqliteDatabase, connect
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Change, Selection
from apoa_client.ports.state import Suspension
from apoa_client.report.kinds import State
from apoa_client.settings.config import TRAINING
from apoa_client.settings.reading import load
from apoa_client.settings.writer import save
from apoa_client.vault.sealing import PropertySealer, encode_key

OTHER_PRIVATE_KEY, _OTHER_PUBLIC_KEY = new_key_pair()
OTHER_KEY = encode_key(_OTHER_PUBLIC_KEY)


def add_of_another_key(home: Home) -> None:
    """Save a report there that is sealed to another key."""
    other = PropertySealer(_OTHER_PUBLIC_KEY, lambda: OTHER_PRIVATE_KEY)
    with SqliteOutbox.open(home.path, other, create=True) as outbox:
        outbox.add(report(8), due_at=None)


@pytest.fixture
def old(tmp_path: Path) -> Home:
    """The computer that the backup comes from: report 1 is accepted, 2 is being sent, 3 waits."""
    home = Home(tmp_path / "old", SETTINGS)
    with home.outbox() as outbox:
        add(outbox, 1, 2, 3, due_at=NOON + HOUR, warnings=[finding()])
        lease, _got = outbox.claim([uuid(1), uuid(2)], now=NOON, lease_until=NOON + HOUR)
        outbox.settle(lease, [Change(uuid(1), State.ACCEPTED, receipt=receipt(1))])
        outbox.record_contact(NOON, NOON + HOUR)
        outbox.record_scheduled_run(NOON, 0)
        outbox.set_suspension(Suspension("wrong_password", NOON, "fingerprint"))
        outbox.record_event("logged_in")
    return home


@pytest.fixture
def file(old: Home, tmp_path: Path) -> Path:
    """Its backup."""
    path = tmp_path / "apoa.db"
    old.back_up(path)
    return path


@pytest.fixture
def new(tmp_path: Path) -> Home:
    """Another computer, with nothing on it."""
    return Home(tmp_path / "new")


WITHOUT_CODE = {"mac": None, "version": None}
"""A code is of the outbox that wrote it."""


def test_on_an_empty_computer_everything_is_restored(new: Home, file: Path) -> None:
    """Every row byte for byte, except that none is being sent; the settings; and the metadata."""
    restored = new.restore(file)
    assert (restored.created, restored.settings, restored.proved) == (True, new.settings, True)
    assert restored.merged == merge.MergeResult(3, 0, 0, 0)
    assert new.same_settings == SETTINGS
    queued = {"state": "queued", "lease": None, "lease_until": None}
    expected = [row | WITHOUT_CODE for row in rows_of(file)]
    assert [row | WITHOUT_CODE for row in new.rows()] == [expected[0], expected[1] | queued, expected[2]]
    with new.outbox() as outbox:
        summary = outbox.summary(now=NOON, soon=NOON + HOUR)
        assert (summary.last_contact_at, summary.suspension) == (
            NOON,
            Suspension("wrong_password", NOON, "fingerprint"),
        )
        assert summary.clock_skew is None  # it belongs to the other computer's clock
        assert outbox.clock_checked_at(NOON) is None
        assert outbox.value(SCHEDULED_RUN) is None
        assert summary.counts[State.QUEUED] == 2
        first = next(outbox.entries(Selection()))
        assert outbox.content(first).report == report(1)


def test_the_audit_trail_is_restored(new: Home, file: Path) -> None:
    """It is continued, also where an outbox was never used; one that is here stays, and records each report."""
    new.restore(file)
    with new.outbox() as here:
        assert here.audit_trail.verify().wrong is None
        actions = [entry.action for entry in here.audit_trail.entries()]
        assert actions.count("logged_in") == 1
        assert actions[-1] == "restored"
    kept = Home(new.folders.data.parent / "kept", SETTINGS)
    kept.restore(file)
    with kept.outbox() as here:
        assert here.audit_trail.verify().wrong is None
        assert [entry.action for entry in here.audit_trail.entries()] == actions
    later = Home(new.folders.data.parent / "later", SETTINGS)
    with later.outbox() as outbox:
        outbox.add(report(9), due_at=None)
    later.restore(file)
    with later.outbox() as here:
        recorded = [(entry.report, entry.detail) for entry in here.audit_trail.entries() if entry.action == "restored"]
        assert recorded == [(None, None), (uuid(1), "accepted"), (uuid(2), "queued"), (uuid(3), "queued")]


def test_under_another_name(new: Home, file: Path) -> None:
    """It is a separate property, with the same key."""
    assert new.restore(file, "kenanga").settings._replace(index_key="") == SETTINGS._replace(name="kenanga")
    assert list(load(new.folders.config).properties) == ["kenanga"]
    assert len(new.rows("kenanga")) == 3
    with pytest.raises(UsageProblem):
        new.restore(file, "../melati")


def test_on_a_later_state_nothing_goes_backwards(old: Home, file: Path) -> None:
    """Answers and reports since the backup stay, and a second restore changes nothing."""
    with old.outbox() as outbox:
        settle(outbox, 3)
        outbox.add(report(4), due_at=None)
        outbox.set_suspension(None)
        outbox.drafts.save("typed", NOON)
    before = old.rows()
    for backup in (file, signed(file, "INSERT INTO drafts VALUES ('draft', 0, NULL, x'00')")):
        assert old.restore(backup).merged == merge.MergeResult(0, 0, 3, 1)
        assert old.rows() == before
    with old.outbox() as outbox:
        assert outbox.summary(now=NOON, soon=NOON).suspension is None
        assert [outbox.drafts.open(draft) for draft in outbox.drafts.waiting(NOON)] == ["typed"]


def test_an_older_state_is_advanced(old: Home, tmp_path: Path) -> None:
    """A receipt that only the backup has is restored, with the authority's findings."""
    early, late = tmp_path / "early.db", tmp_path / "late.db"
    old.back_up(early)
    with old.outbox() as outbox:
        lease, _got = outbox.claim([uuid(3)], now=NOON, lease_until=NOON + HOUR)
        outbox.settle(lease, [Change(uuid(3), State.REJECTED, "rejected", errors=(finding(),))])
        lease, _got = outbox.claim([uuid(2)], now=NOON + 2 * HOUR, lease_until=NOON + 3 * HOUR)
        outbox.settle(lease, [Change(uuid(2), State.ACCEPTED, receipt=receipt(2))])
    old.back_up(late)
    new = Home(tmp_path / "new")
    new.restore(early)
    assert new.restore(late).merged == merge.MergeResult(0, 2, 1, 0)
    assert [row | WITHOUT_CODE for row in new.rows()] == [row | WITHOUT_CODE for row in old.rows()]
    with new.outbox() as outbox:
        assert outbox.content(outbox.find(uuid(3))[0]).errors == (finding(),)


def test_settings_here_are_kept(tmp_path: Path, file: Path) -> None:
    """A property that was set up again keeps what was given then.

    Guests that were invented for training must not reach an authority: training and production are not mixed.
    """
    practice = Home(tmp_path / "practice", SETTINGS._replace(api_url=TRAINING))
    with pytest.raises(SettingsProblem):
        practice.restore(file)
    assert practice.rows() == []
    mine = SETTINGS._replace(username="", office="", window_hours=24, display_name="Wisma")
    here = Home(tmp_path / "here", mine)
    assert here.restore(file).settings == here.settings == mine


# Keys.


def test_reports_of_another_key_are_not_mixed_in(tmp_path: Path, file: Path) -> None:
    """Refused with advice, and nothing is changed."""
    home = Home(tmp_path / "other", SETTINGS._replace(public_key=OTHER_KEY))
    add_of_another_key(home)
    before = snapshot(home.folders.data)
    for dry_run in (True, False):
        with raises_error("other_key") as caught:
            home.restore(file, dry_run=dry_run)
        assert caught.value.exit_code is Exit.SETTINGS
    after = snapshot(home.folders.data)
    assert after == before


@pytest.mark.parametrize("outbox_is_there", [True, False])
def test_a_fresh_set_up_takes_the_key_of_the_backup(tmp_path: Path, file: Path, *, outbox_is_there: bool) -> None:
    """Nothing is sealed to its own key yet. The same holds if a restore was interrupted."""
    home = Home(tmp_path / "fresh", SETTINGS._replace(public_key=OTHER_KEY))
    if not outbox_is_there:
        home.path.unlink()
    home.restore(file)
    assert home.settings == SETTINGS
    save(home.folders.config, SETTINGS._replace(public_key=OTHER_KEY))
    home.restore(file)
    assert (home.settings, len(home.rows())) == (SETTINGS, 3)


@pytest.mark.parametrize("property_is_there", [False, True])
def test_reports_saved_after_it_get_the_key_of_the_settings(
    tmp_path: Path, file: Path, *, property_is_there: bool
) -> None:
    """Whatever key was recorded here or in the backup, which may have been made in the middle of a key rotation."""
    other = f"INSERT OR REPLACE INTO memo VALUES ('public_key', '{OTHER_KEY}')"  # noqa: S608  ours
    in_the_middle = signed(file, other, private_key=PRIVATE_KEY)
    there = Home(tmp_path / "new", SETTINGS._replace(public_key=OTHER_KEY) if property_is_there else None)
    if property_is_there:
        with there.outbox() as outbox:
            outbox.record_public_key(OTHER_KEY)
    assert there.restore(in_the_middle).settings.public_key == SETTINGS.public_key
    with closing(sqlite3.connect(there.path)) as db:
        recorded = db.execute("SELECT value FROM memo WHERE key = 'public_key'").fetchall()
    assert recorded == [(SETTINGS.public_key,)]


def test_settings_that_were_lost(old: Home, file: Path, tmp_path: Path) -> None:
    """They are restored, and with them all reports here that are sealed to the backup's key."""
    with old.outbox() as outbox:
        outbox.add(report(4), due_at=None)
    old.folders.config.unlink()
    restored = old.restore(file)
    assert (restored.created, restored.merged.only_here, old.same_settings) == (True, 1, SETTINGS)
    stranger = Home(tmp_path / "stranger", SETTINGS)
    add_of_another_key(stranger)
    stranger.folders.config.unlink()
    with old.outbox() as outbox, outbox.database.transaction():
        write(outbox.database, PUBLIC_KEY, None)  # as earlier versions left it
    for home, keys in ((stranger, [PRIVATE_KEY]), (old, [])):  # without the key it is not known to which one
        home.folders.config.unlink(missing_ok=True)
        with raises_error("other_key"):
            home.restore(file, keys=keys)
        assert not home.folders.config.exists()


@pytest.mark.parametrize("keys", [[PRIVATE_KEY], []], ids=["proved", "unproved"])
def test_a_kill_before_the_settings_are_saved(
    old: Home, new: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: list[bytes]
) -> None:
    """The same restore, run again, does the rest: without the key too, and although a report does not open."""
    with closing(connect(old.path)) as db:
        db.execute("UPDATE reports SET content = zeroblob(200) WHERE id = ?", [uuid(3)])
    old.back_up(tmp_path / "broken.db")

    def kill(*_arguments: object, **_named: object) -> None:
        raise Interrupted

    monkeypatch.setattr(restore, "save", kill)
    with pytest.raises(Interrupted):
        new.restore(tmp_path / "broken.db", keys=keys)
    before = new.rows()
    monkeypatch.setattr(restore, "save", save)
    restored = new.restore(tmp_path / "broken.db", keys=keys)
    assert (restored.created, restored.merged.inserted, new.settings.public_key) == (True, 0, SETTINGS.public_key)
    assert new.rows() == before


def test_a_key_rotation_while_it_waits(old: Home, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings are read again when it is over: the backup's key is not the one here any more."""

    @contextmanager
    def rotating(db: SqliteDatabase, *_arguments: object, **_named: object) -> Iterator[None]:
        save(old.folders.config, old.settings._replace(public_key=OTHER_KEY))
        content = PropertySealer(_OTHER_PUBLIC_KEY, bytes).seal(uuid(3), b"{}")
        with db.transaction():
            db.execute("UPDATE reports SET content = ? WHERE id = ?", [content, uuid(3)])
        yield

    monkeypatch.setattr("apoa_client.archive.restore.maintenance", rotating)
    with raises_error("other_key"):
        old.restore(file)
    assert old.settings.public_key == OTHER_KEY


# Refusals and failures.


def test_a_dry_run_changes_nothing(old: Home, new: Home, file: Path) -> None:
    """It gives the same result, and creates nothing, not even a folder."""
    assert new.restore(file, dry_run=True).merged == merge.MergeResult(3, 0, 0, 0)
    assert not new.folders.data.exists()
    with old.outbox() as outbox:
        outbox.add(report(4), due_at=None)
    before = old.rows()
    assert old.restore(file, dry_run=True).merged == merge.MergeResult(0, 0, 3, 1)
    assert old.rows() == before


def test_while_something_is_being_sent(old: Home, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 75: try again later. A dry run only reads: no delivery and no process that writes makes it wait."""
    monkeypatch.setattr(database, "_BUSY_TIMEOUT_S", 0)
    monkeypatch.setattr(restore, "WAIT_S", 0.0)
    with old.outbox() as outbox:
        assert outbox.claim([uuid(3)], now=NOW, lease_until=NOW + LEASE)[1]
    with closing(connect(old.path)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert old.restore(file, dry_run=True).merged == merge.MergeResult(0, 0, 3, 0)
        other.execute("ROLLBACK")
    with raises_error("delivery_underway") as caught:
        old.restore(file)
    assert caught.value.exit_code is Exit.NOT_NOW


def test_a_backup_that_was_made_during_maintenance(old: Home, new: Home, tmp_path: Path) -> None:
    """The restored outbox is not under maintenance: reports are sent from it at once."""
    file = tmp_path / "meanwhile.db"
    with old.outbox() as outbox, outbox.maintenance(msg("Later."), wait_s=0):
        old.back_up(file)
    new.restore(file)
    with new.outbox() as outbox:
        assert outbox.claim([uuid(3)], now=NO_ACTOR.now(), lease_until=NO_ACTOR.now() + LEASE)[1]


def test_a_damaged_outbox_here_is_not_replaced(old: Home, file: Path) -> None:
    """It is a property's only copy of what came after the backup."""
    old.path.write_bytes(b"spoilt" * 1000)
    with pytest.raises(OutboxDamaged):
        old.restore(file)
    assert old.path.read_bytes() == b"spoilt" * 1000


def test_an_invalid_backup_changes_nothing(new: Home, file: Path) -> None:
    """What is wrong in its settings, too, is found before."""
    added = "UPDATE backup SET value = value || 'mystery = 1\n' WHERE key = 'settings'"
    with raises_error("outbox_too_new"):
        new.restore(signed(file, added))
    assert not new.folders.data.exists()


def test_another_process_creates_the_outbox_meanwhile(new: Home, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other outbox stays, and the backup is merged into it."""
    really = database._write_draft

    def slowly(draft: Path) -> None:
        really(draft)
        monkeypatch.setattr(database, "_write_draft", really)
        with open_outbox(new.path):
            pass

    monkeypatch.setattr(database, "_write_draft", slowly)
    assert new.restore(file).merged.inserted == 3
    assert len(new.rows()) == 3


def test_another_receipt_is_a_conflict(old: Home, file: Path, tmp_path: Path) -> None:
    """The one here is kept, and the other one is not lost silently."""
    home = Home(tmp_path / "other", SETTINGS)
    home.restore(file)
    with closing(connect(home.path)) as db:
        db.execute("UPDATE reports SET receipt_number = 'STT-99' WHERE id = ?", [uuid(1)])
    assert home.restore(file).merged.conflicts == (merge.Conflict(uuid(1), "STT-99", "STT-1"),)
    assert home.rows()[0]["receipt_number"] == "STT-99"
    assert old.rows()[0]["receipt_number"] == "STT-1"


# Piece by piece.


class Interrupted(Exception):
    """Ctrl-C, or a kill, between two pieces."""


@pytest.fixture
def pieces(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[int], object]], None]:
    """Makes a piece of each stay, and calls a function before each, with its number."""
    monkeypatch.setattr(merge, "PIECE", 1)
    really = merge.Merge._pieces

    def before_each(call: Callable[[int], object]) -> None:
        def pieces(self: merge.Merge) -> Iterator[Any]:
            for number, piece in enumerate(really(self)):
                call(number)
                yield piece
            call(-1)

        monkeypatch.setattr(merge.Merge, "_pieces", pieces)

    return before_each


@pytest.fixture
def stays(tmp_path: Path) -> tuple[Path, Home]:
    """A backup of three stays with three reports each, and a computer with the first report of the second stay."""
    busy, here = Home(tmp_path / "busy", SETTINGS), Home(tmp_path / "here", SETTINGS)
    with busy.outbox() as outbox:
        for number in (1, 2, 3, 4, 5, 6, 7, 8, 9):
            outbox.add(report(number, (number - 1) % 3 + 1), due_at=None)
    file, early = tmp_path / "stays.db", tmp_path / "early.db"
    busy.back_up(early)
    here.restore(early)
    with closing(connect(here.path)) as db:
        db.execute("DELETE FROM reports WHERE id <> ?", [uuid(2)])
    with busy.outbox() as outbox:
        settle(outbox, 2)
    busy.back_up(file)
    return file, here


def stay_sizes(home: Home) -> list[int]:
    """The number of reports that each stay has here."""
    ids = [row["stay_id"] for row in home.rows()]
    return [ids.count(stay_id(number)) for number in (1, 2, 3)]


Pieces = Callable[[Callable[[int], object]], None]
Stays = tuple[Path, Home]


def test_whole_stays_are_merged_one_after_the_other(pieces: Pieces, stays: Stays) -> None:
    """Another process sees each stay as it was, or merged; at the end all are in the order of the backup."""
    file, here = stays
    seen: list[list[int]] = []
    pieces(lambda _number: seen.append(stay_sizes(here)))
    assert here.restore(file).merged == merge.MergeResult(8, 1, 0, 0)
    assert seen == [[0, 1, 0], [3, 1, 0], [3, 3, 0], [3, 3, 3]]
    order = [row["id"] for row in here.rows()]
    assert order == [uuid(number) for number in (2, 1, 3, 4, 5, 6, 7, 8, 9)]
    with here.outbox() as outbox:
        assert outbox.find(uuid(2))[0].receipt == receipt(2)
        assert outbox.audit_trail.verify().wrong is None


def test_intact_stays_need_no_lock(pieces: Pieces, stays: Stays, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what changes is written: a stay that is here already is compared without the lock."""
    file, here = stays
    here.restore(file)
    monkeypatch.setattr(database, "_BUSY_TIMEOUT_S", 0)
    with closing(connect(here.path)) as other:

        def lock(number: int) -> None:
            other.execute("BEGIN IMMEDIATE" if number == 0 else "SELECT 1" if number > 0 else "ROLLBACK")

        pieces(lock)
        assert here.restore(file).merged == merge.MergeResult(0, 0, 9, 0)


@pytest.fixture(autouse=True)
def _nothing_is_left_behind(tmp_path: Path) -> Iterator[None]:
    """No draft stays, whatever went wrong."""
    yield
    drafts = [path for path in tmp_path.rglob("*") if path.name.endswith((".new", "-journal"))]
    assert drafts == []
