"""Photos in backups: they come back with their reports, are not sent twice, and what was erased stays erased."""

from pathlib import Path

import pytest
from backup_helpers import SETTINGS, Home
from outbox_helpers import HOUR, META, NOON, PHOTO, receipt, report, stay_id, uuid

from apoa_client.archive import merge
from apoa_client.archive.merge import Row
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Change, NewReport, Selection
from apoa_client.report.kinds import PhotoState, State

NUMBERS = (1, 2, 3)


@pytest.fixture
def old(tmp_path: Path) -> Home:
    """A computer with three accepted reports. The first two have photos, and that of the second was sent."""
    home = Home(tmp_path / "old", SETTINGS)
    with home.outbox() as outbox:
        outbox.add_all([NewReport(report(n), NOON, photo=_photo(n) if n < 3 else None) for n in NUMBERS])
        lease, _got = outbox.claim([uuid(n) for n in NUMBERS], now=NOON, lease_until=NOON + HOUR)
        outbox.settle(lease, [Change(uuid(n), State.ACCEPTED, receipt=receipt(n)) for n in NUMBERS])
        outbox.settle_photo(uuid(2), PhotoState.SENT)
        outbox.record_meta(META)
    return home


@pytest.fixture
def file(old: Home, tmp_path: Path) -> Path:
    """Its backup."""
    path = tmp_path / "apoa.db"
    old.back_up(path)
    return path


def _photo(number: int) -> bytes:
    return PHOTO + bytes([number])


def opened(outbox: SqliteOutbox) -> dict[str, bytes]:
    """The photos that open, by the ids of their reports."""
    kept = (entry for entry in outbox.entries(Selection()) if entry.photo and entry.erased_at is None)
    return {entry.id: outbox.photo(entry) for entry in kept}


def states(outbox: SqliteOutbox) -> list[PhotoState | None]:
    return [entry.photo for entry in outbox.entries(Selection())]


BOTH = {uuid(1): _photo(1), uuid(2): _photo(2)}


@pytest.mark.parametrize("is_there", [False, True], ids=["new", "merged"])
def test_photos_come_back(tmp_path: Path, file: Path, *, is_there: bool) -> None:
    """With their states, on a new computer and into another outbox of the property; nothing is in doubt."""
    home = Home(tmp_path / "new", SETTINGS if is_there else None)
    if is_there:
        with home.outbox() as outbox:
            outbox.add_all([NewReport(report(9), NOON, photo=_photo(9))])
    home.restore(file)
    with home.outbox() as outbox:
        more = {uuid(9): _photo(9)} if is_there else {}
        assert opened(outbox) == BOTH | more
        assert states(outbox)[-3:] == [PhotoState.KEPT, PhotoState.SENT, None]
        assert [each.report_id for each in outbox.photos_to_send()] == [uuid(1)]
        assert outbox.authenticate(ask=False).doubts == ()
        assert outbox.integrity.verify().doubts == ()
        assert outbox.wants_photos() is not is_there  # what the authority said there is as old as the backup


def test_a_photo_sent_on_either_side_is_not_sent_again(old: Home, tmp_path: Path, file: Path) -> None:
    """What was sent since the backup stays sent; what only the backup knows to be sent, too."""
    here = Home(tmp_path / "here")
    here.restore(file)
    with here.outbox() as outbox:
        outbox.settle_photo(uuid(1), PhotoState.REFUSED)
    late = tmp_path / "late.db"
    with old.outbox() as outbox:
        outbox.settle_photo(uuid(1), PhotoState.SENT)
    old.back_up(late)
    again = Home(tmp_path / "again")
    again.restore(file)
    assert again.restore(late).merged.advanced == 1
    for home, state in ((here, PhotoState.REFUSED), (again, PhotoState.SENT)):
        home.restore(file)
        with home.outbox() as outbox:
            assert states(outbox) == [state, PhotoState.SENT, None]
            assert opened(outbox) == BOTH
            assert outbox.authenticate(ask=False).doubts == ()


@pytest.mark.parametrize("erased_here", [False, True])
def test_an_erased_photo_does_not_come_back(old: Home, tmp_path: Path, file: Path, *, erased_here: bool) -> None:
    """On whichever side the stay was erased."""
    late = tmp_path / "late.db"
    with old.outbox() as outbox:
        outbox.eraser.stay(stay_id(2), dry_run=False)
    old.back_up(late)
    home = Home(tmp_path / "here")
    for each in (late, file) if erased_here else (file, late):
        home.restore(each)
    assert [row["photo"] is None for row in home.rows()] == [False, True, True]
    with home.outbox() as outbox:
        assert opened(outbox) == {uuid(1): _photo(1)}
        assert outbox.integrity.verify().doubts == ()


def test_without_proof_a_photo_is_sent_again(tmp_path: Path) -> None:
    """With its report: only the backup says that the authority has it."""
    old, file = Home(tmp_path / "waiting", SETTINGS), tmp_path / "waiting.db"
    with old.outbox() as outbox:
        outbox.add_all([NewReport(report(n), NOON, photo=_photo(n)) for n in (1, 2)])
        outbox.settle_photo(uuid(2), PhotoState.SENT)
    old.back_up(file)
    home = Home(tmp_path / "new")
    assert not home.restore(file, keys=[]).proved
    with home.outbox() as outbox:
        assert states(outbox) == [PhotoState.KEPT, PhotoState.KEPT]
        assert opened(outbox) == BOTH


@pytest.mark.parametrize("is_there", [False, True], ids=["new", "merged"])
def test_the_photos_of_a_piece_are_not_held_together(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch, *, is_there: bool
) -> None:
    """Each is read when its report is inserted, and not at all for a report that is there."""
    read = []
    really = merge._with_photo

    def with_photo(backup: object, row: Row) -> object:
        assert row["photo"] in {None, 1}
        read.append(row["id"])
        return really(backup, row)  # type: ignore[arg-type]  # it passes on what it gets

    monkeypatch.setattr(merge, "_with_photo", with_photo)
    home = Home(tmp_path / "new", SETTINGS if is_there else None)
    for _time in range(2):
        home.restore(file)
        assert read == [uuid(n) for n in NUMBERS]
