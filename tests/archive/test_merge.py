"""Merging a backup into an outbox of either engine: every row, each stay's order, and reports saved meanwhile."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from backup_helpers import ACTOR, SETTINGS, Home
from outbox_helpers import HOUR, NOON, PHOTO, receipt, report, stay_id, uuid
from outbox_stores import AnyOutbox, Store

from apoa_client.archive import merge
from apoa_client.archive.backup_check import Backup, open_backup
from apoa_client.archive.merge import Merge, MergeResult, copy
from apoa_client.outbox.rows import NAMES
from apoa_client.ports.entries import Change, NewReport
from apoa_client.report.kinds import Kind, State


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """One stay in each transaction."""
    monkeypatch.setattr(merge, "PIECE", 1)
    monkeypatch.setattr(merge, "PAUSE_S", 0)


@pytest.fixture
def outbox(store: Store) -> Iterator[AnyOutbox]:
    """The outbox here, which is empty."""
    with store.open() as opened:
        yield opened


@pytest.fixture
def old(tmp_path: Path) -> Home:
    """A computer with stay 1 accepted, 2 being sent, both with photos, and 3 waiting and amended."""
    home = Home(tmp_path / "old", SETTINGS)
    with home.outbox() as outbox:
        outbox.add_all([NewReport(report(n), NOON, guest_tag=n, photo=PHOTO) for n in (1, 2)])
        outbox.add(report(3), due_at=NOON)
        outbox.add(report(4, stay=3, kind=Kind.AMEND), due_at=None)
        lease, _claimed = outbox.claim([uuid(1), uuid(2)], now=NOON, lease_until=NOON + HOUR)
        outbox.settle(lease, [Change(uuid(1), State.ACCEPTED, receipt=receipt())])
    return home


@pytest.fixture
def backup(old: Home, tmp_path: Path) -> Iterator[Backup]:
    """Its backup."""
    old.back_up(tmp_path / "a.db")
    with open_backup(tmp_path / "a.db") as opened:
        yield opened


def rows(outbox: AnyOutbox) -> dict[str, dict[str, Any]]:
    """Every column of every report, by its id."""
    found = outbox.database.execute(f"SELECT {', '.join(NAMES)} FROM reports").fetchall()  # noqa: S608  constants
    return {row[NAMES.index("id")]: dict(zip(NAMES, row, strict=True)) for row in found}


OF_THE_OUTBOX = {"guest_tag": None, "mac": None, "version": None}
"""What is not copied: the hash of the guest and the code are made here."""


def test_every_column_is_copied(outbox: AnyOutbox, old: Home, backup: Backup) -> None:
    """Into an empty outbox, whose next report comes behind them; only what is of the other computer is new."""
    with outbox.database.transaction():
        assert copy(outbox.database, backup.db, ACTOR) == MergeResult(4, 0, 0, 0)
    expected = {row["id"]: {name: row[name] for name in NAMES} | OF_THE_OUTBOX for row in old.rows()}
    expected[uuid(2)] |= {"state": "queued", "lease": None, "lease_until": None}
    assert rows(outbox) == expected
    assert outbox.audit_trail.verify().wrong is None
    assert not outbox.integrity.verify().doubts
    outbox.add(report(9), due_at=NOON)
    assert [entry.id for entry in outbox.heads()] == [uuid(2), uuid(3), uuid(9)]
    assert rows(outbox)[uuid(9)]["seq"] == max(row["seq"] for row in old.rows()) + 1


def test_every_row_is_merged(outbox: AnyOutbox, backup: Backup) -> None:
    """What is missing here is inserted, with its photo and in its order, and what is here stays or goes on."""
    outbox.add(report(9), due_at=NOON)
    outbox.add(report(1), due_at=NOON)
    outbox.add(report(5, stay=3), due_at=NOON)
    preview = Merge(outbox.database, backup.db, outbox._codes).preview()
    assert preview == MergeResult(inserted=3, advanced=1, unchanged=0, only_here=2)
    assert len(rows(outbox)) == 3
    assert Merge(outbox.database, backup.db, outbox._codes).run(ACTOR, lambda: None) == preview
    found = rows(outbox)
    assert (found[uuid(1)]["state"], found[uuid(1)]["receipt_number"]) == ("accepted", receipt().number)
    assert found[uuid(2)]["photo"] is not None
    stay = [each for each in sorted(found.values(), key=lambda row: row["seq"]) if each["stay_id"] == stay_id(3)]
    assert [row["id"] for row in stay] == [uuid(3), uuid(4), uuid(5)]
    assert not outbox.integrity.verify().doubts
    assert Merge(outbox.database, backup.db, outbox._codes).run(ACTOR, lambda: None) == MergeResult(0, 0, 4, 2)


def test_other_desks_save_reports_meanwhile(
    outbox: AnyOutbox, store: Store, backup: Backup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two stays; an interrupted merge goes on, behind them."""
    saved = list[int]()

    def save(_pause: float) -> None:
        saved.append(10 + len(saved))
        with store.open() as desk:
            desk.add(report(saved[-1]), due_at=NOON)
        if len(saved) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(merge, "sleep", save)
    outbox.add(report(9), due_at=NOON)
    with pytest.raises(KeyboardInterrupt):
        Merge(outbox.database, backup.db, outbox._codes).run(ACTOR, lambda: None)
    monkeypatch.setattr(merge, "sleep", lambda _pause: None)
    assert Merge(outbox.database, backup.db, outbox._codes).run(ACTOR, lambda: None).inserted == 2
    found = rows(outbox)
    assert set(found) == {uuid(each) for each in (1, 2, 3, 4, 9, 10, 11)}
    order = [each["id"] for each in sorted(found.values(), key=lambda row: row["seq"])]
    assert [order.index(uuid(each)) for each in (9, 1, 2, 10, 11, 3, 4)] == list(range(7))
    assert outbox.audit_trail.verify().wrong is None
    assert not outbox.integrity.verify().doubts
