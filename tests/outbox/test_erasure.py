"""Erasing: what is sealed is removed completely, the proof stays, and nothing that is open is touched."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from basics import FixedClock, raises_error
from outbox_helpers import HOUR, NOON, PHOTO, WIB, finding, receipt, report, stay_id, uuid
from outbox_stores import AnyOutbox, Store, only_sqlite

from apoa_client.errors import Erased, Exit, OutboxDamaged
from apoa_client.outbox.rows import end_of_stay
from apoa_client.outbox.sql import erasure
from apoa_client.outbox.sql.metadata import LAST_PURGE
from apoa_client.outbox.sql.queries import NO_LIMIT
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Change, Entry, NewReport, Selection
from apoa_client.report.kinds import MAX_OVERSTAY, OPEN_STATES, Kind, State, short_id
from apoa_client.report.model import Report

PLANNED = datetime(2026, 11, 28, tzinfo=WIB)
"""The end of the planned day of the helpers' stays."""
LATER = PLANNED + timedelta(seconds=1)
AFTER_A_STAY = LATER + MAX_OVERSTAY
"""The first moment at which a guest without a check-out is in house no more."""


def put(box: AnyOutbox, *reports: Report, state: State = State.ACCEPTED, photo: bytes | None = None) -> None:
    """Save reports and bring them to a state."""
    for one in reports:
        box.add_all([NewReport(one, NOON, [finding("late")], photo=photo)])
        lease, _ = box.claim([one.id], now=NOON, lease_until=NOON + HOUR)
        given = receipt(one.created_at.second) if state is State.ACCEPTED else None
        if state is not State.SENDING:
            errors = (finding(),) if state is State.REJECTED else None
            box.settle(lease, [Change(one.id, state, receipt=given, errors=errors)])


def entry(box: AnyOutbox, number: int) -> Entry:
    [found] = box.find(uuid(number))
    return found


def erased(box: AnyOutbox, before: datetime = LATER) -> list[str]:
    """What is erased long after the guest would still count as in house."""
    return list(box.eraser.finished(before, before + MAX_OVERSTAY, dry_run=False).reports)


def blobs(path: Path, report_id: str) -> list[bytes]:
    """The sealed columns of a report, as they are in the file."""
    db = sqlite3.connect(path)
    row = db.execute("SELECT content, errors, warnings, photo FROM reports WHERE id = ?", [report_id]).fetchone()
    db.close()
    return [blob for blob in row if blob is not None]


def found_in_files(path: Path, pieces: list[bytes]) -> bool:
    """Whether the beginning, the middle or the end of any of it is in any file beside the outbox."""
    raw = [file.read_bytes() for file in path.parent.rglob("*") if file.is_file()]
    parts = [blob[at:][:24] for blob in pieces for at in (0, len(blob) // 2, -24)]
    return any(part in content for part in parts for content in raw)


def test_the_end_of_a_stay() -> None:
    """The end of the planned day in the property's zone, the check-out itself, or unknown."""
    assert end_of_stay(report(1)) == PLANNED
    checked_out = report(1, kind=Kind.CHECK_OUT)
    assert end_of_stay(checked_out) == checked_out.check_out
    cancelled = Report(uuid(1), stay_id(1), Kind.CANCEL, NOON, reason="mistake")
    assert end_of_stay(cancelled) is None


def test_what_is_erased_is_in_no_file(box: SqliteOutbox, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Content, findings and photo, as they were sealed: no byte of them is left, and what is kept is unchanged.

    They are erased in batches, between which a report can be saved; one trail records all.
    """
    monkeypatch.setattr(erasure, "_BATCH", 2)
    put(box, *(report(number) for number in range(1, 30)), photo=PHOTO)
    its_stay = report(30).stay
    assert its_stay is not None
    stays = report(30)._replace(stay=its_stay._replace(planned_check_out=date(2027, 1, 1)))
    put(box, stays)
    gone = [blob for number in range(1, 30) for blob in blobs(path, uuid(number))]
    kept = blobs(path, uuid(30))
    assert all(found_in_files(path, [blob]) for blob in (*gone, *kept))
    result = box.eraser.finished(LATER, AFTER_A_STAY, dry_run=False)
    assert (len(result.reports), result.stays, result.complete) == (29, 29, True)
    assert not any(found_in_files(path, [blob]) for blob in gone)
    assert all(found_in_files(path, [blob]) for blob in kept)
    assert box.content(entry(box, 30)).report == stays
    assert box.audit_trail.verify().wrong is None


def test_the_proof_stays(box: AnyOutbox, clock: FixedClock) -> None:
    """Receipt number, times, state and ids are as before; the time of erasure is stored and recorded in the trail."""
    put(box, report(1))
    before = entry(box, 1)
    clock.forward(timedelta(days=100))
    assert erased(box) == [uuid(1)]
    assert entry(box, 1) == before._replace(erased_at=clock.now())
    assert before.receipt == receipt(1)
    recorded = [(event.action, event.report, event.detail, event.at, event.who) for event in box.audit_trail.entries()]
    assert recorded[-1] == ("erased", uuid(1), "retention", clock.now(), "made")
    assert box.audit_trail.verify().wrong is None


def test_an_erased_report_is_not_a_damaged_one(box: AnyOutbox, store: Store) -> None:
    """Opening it raises `Erased`; missing content without an erasure is damage."""
    put(box, report(1), report(2))
    box.eraser.stay(stay_id(1), dry_run=False)
    with pytest.raises(Erased) as caught:
        box.content(entry(box, 1))
    assert caught.value.exit_code is Exit.DATA_REFUSED
    store.change("UPDATE reports SET content = NULL")
    with pytest.raises(OutboxDamaged):
        box.content(entry(box, 2))


def test_nothing_before_its_time(box: AnyOutbox) -> None:
    """A stay must have ended before the time that is given, not at it."""
    put(box, report(1))
    assert erased(box, PLANNED) == []
    assert erased(box, LATER) == [uuid(1)]
    assert erased(box, LATER) == []


def test_the_check_out_counts_before_the_plan(box: AnyOutbox) -> None:
    """A guest who left early is erased early, with all reports of the stay, and one who stayed longer, later."""
    put(box, report(1), report(2, stay=1, kind=Kind.CHECK_OUT), report(3))
    left = report(2).created_at
    assert erased(box, left) == []
    assert erased(box, left + timedelta(seconds=1)) == [uuid(1), uuid(2)]
    late = report(4, stay=3, kind=Kind.CHECK_OUT)._replace(check_out=PLANNED + timedelta(days=2))
    put(box, late)
    assert erased(box, LATER) == []
    assert erased(box, LATER + timedelta(days=2)) == [uuid(3), uuid(4)]
    put(box, report(5))
    put(box, report(6, stay=5, kind=Kind.CHECK_OUT), state=State.WITHDRAWN)
    assert erased(box, PLANNED) == []  # one that was withdrawn does not count


@pytest.mark.parametrize("kind", [None, Kind.CHECK_OUT, Kind.CANCEL])
def test_a_guest_who_may_be_in_house_is_kept(box: AnyOutbox, kind: Kind | None) -> None:
    """Without a check-out the data stay for 31 days after the planned day, however short the retention period is."""
    put(box, report(1))
    if kind is Kind.CANCEL:
        put(box, Report(uuid(2), stay_id(1), kind, NOON, reason="mistake"))
    elif kind is not None:
        put(box, report(2, stay=1, kind=kind))
    for now in (LATER, LATER + MAX_OVERSTAY - timedelta(seconds=1), LATER + MAX_OVERSTAY):
        is_due = kind is not None or now == LATER + MAX_OVERSTAY
        assert box.eraser.is_due(LATER, now) is is_due
        assert bool(box.eraser.finished(LATER, now, dry_run=True).reports) is is_due


def test_a_guest_who_came_back_is_kept(box: AnyOutbox) -> None:
    """A correction after a check-out says that it was a mistake: it does not count any more."""
    back = report(3, stay=1)._replace(kind=Kind.AMEND, reason="still here")
    assert back.stay is not None
    longer = back._replace(stay=back.stay._replace(planned_check_out=date(2027, 6, 1)))
    for hours, each in enumerate((report(1), report(2, stay=1, kind=Kind.CHECK_OUT), longer)):
        box.add(each, due_at=None)
        box.record_receipt(each.id, receipt(hours)._replace(issued_at=NOON + hours * HOUR))
    assert erased(box, LATER + timedelta(days=100)) == []
    assert len(erased(box, LATER + timedelta(days=200))) == 3


def test_a_correction_moves_the_end(box: AnyOutbox) -> None:
    """The latest planned day counts."""
    longer = report(2, stay=1)._replace(kind=Kind.AMEND, reason="stays on")
    assert longer.stay is not None
    put(box, report(1), longer._replace(stay=longer.stay._replace(planned_check_out=date(2026, 12, 9))))
    assert erased(box, LATER) == []
    assert erased(box, LATER + timedelta(days=12)) == [uuid(1), uuid(2)]


def test_without_a_known_end_the_last_result_counts(box: AnyOutbox, store: Store) -> None:
    """As for what an older version saved: the time of its receipt."""
    put(box, report(1))
    store.change("UPDATE reports SET ends_at = NULL")
    assert erased(box, NOON + HOUR) == []
    assert erased(box, NOON + HOUR + timedelta(seconds=1)) == [uuid(1)]


@only_sqlite
def test_a_dry_run_changes_nothing(box: SqliteOutbox) -> None:
    """It gives the same result, and writes neither rows nor trail nor the time of the last erasure.

    Another process that is writing does not make it wait, and does not wait for it.
    """
    put(box, report(1), report(2))
    box.drafts.save("typed", NOON - timedelta(days=2))
    before = list(box._sqlite.connection.iterdump())
    with closing(sqlite3.connect(box._sqlite.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        box._db.execute("PRAGMA busy_timeout = 0")
        dry = box.eraser.finished(LATER, AFTER_A_STAY, dry_run=True)
        assert box.eraser.stay(stay_id(1), dry_run=True).reports == (uuid(1),)
    assert (list(dry.reports), dry.stays, dry.drafts) == ([uuid(1), uuid(2)], 2, 1)
    assert list(box._sqlite.connection.iterdump()) == before
    assert box.value(LAST_PURGE) is None
    done = box.eraser.finished(LATER, AFTER_A_STAY, dry_run=False)
    assert list(done.reports) == list(dry.reports)
    assert done._replace(reports=()) == dry._replace(reports=())


def test_a_stay_that_goes_on_meanwhile_is_left_alone(box: AnyOutbox, store: Store) -> None:
    """The end of each stay is checked again inside the transaction."""
    put(box, report(1))
    with store.open() as other:
        eraser = box.eraser
        honest = eraser._due

        def slowly(before: tuple[int, int], which: str, values: Sequence[str], *, limit: int = NO_LIMIT) -> list[str]:
            found = honest(before, which, values, limit=limit)
            if which == "stay_id > ?" and values == [""]:
                other.add(report(2, stay=1, kind=Kind.CHECK_OUT), due_at=None)
            return found

        eraser._due = slowly  # type: ignore[method-assign]  # a check-out comes in between
        assert list(eraser.finished(LATER, AFTER_A_STAY, dry_run=False).reports) == []


def test_a_reader_makes_the_erasure_incomplete(box: SqliteOutbox, path: Path) -> None:
    """While another process reads older pages, the log cannot be emptied; the next erasure empties it."""
    put(box, report(1))
    gone = blobs(path, uuid(1))
    box._db.execute("PRAGMA busy_timeout = 1")
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM reports").fetchone()
    assert box.eraser.finished(LATER, AFTER_A_STAY, dry_run=False).complete is False
    assert box.value(LAST_PURGE) is None
    assert found_in_files(path, gone)
    reader.close()
    assert box.eraser.finished(LATER, AFTER_A_STAY, dry_run=False).complete is True
    assert box.value(LAST_PURGE) is not None
    assert not found_in_files(path, gone)


class TestAtTheGuestsRequest:
    """One stay, at once."""

    def test_a_delivered_stay(self, box: SqliteOutbox, path: Path) -> None:
        """However short a time ago it ended, and no other stay with it."""
        put(box, report(1), report(2, stay=1, kind=Kind.CHECK_OUT), report(3))
        gone = [*blobs(path, uuid(1)), *blobs(path, uuid(2))]
        result = box.eraser.stay(stay_id(1), dry_run=False)
        assert (result.reports, result.stays) == ((uuid(1), uuid(2)), 1)
        assert not found_in_files(path, gone)
        assert box.content(entry(box, 3)).report == report(3)
        again = box.eraser.stay(stay_id(1), dry_run=False)
        assert (again.reports, again.stays) == ((), 0)

    @pytest.mark.parametrize("state", sorted(OPEN_STATES))
    def test_one_with_an_open_report_is_refused(self, box: AnyOutbox, state: State) -> None:
        """It is named, with what to do first, and nothing changes; nor is it erased after any time."""
        put(box, report(1))
        if state is State.QUEUED:
            box.add(report(2, stay=1), due_at=None)
        else:
            put(box, report(2, stay=1), state=state)
        before = list(box.entries(Selection()))
        for dry_run in (True, False):
            with raises_error("undelivered") as caught:
                box.eraser.stay(stay_id(1), dry_run=dry_run)
            assert caught.value.exit_code is Exit.SETTINGS
            assert short_id(uuid(2)) in caught.value.message.render()
        assert erased(box, LATER + timedelta(days=9999)) == []
        assert list(box.entries(Selection())) == before
        assert box.content(entry(box, 1)).report == report(1)


@only_sqlite
def test_the_daily_search_reads_only_what_is_not_erased(box: SqliteOutbox) -> None:
    """By its own index, in its order: years of erased history cost nothing."""
    query = erasure._DUE.format(which="TRUE")
    plan = [row[3] for row in box._db.execute(f"EXPLAIN QUERY PLAN {query}", [0, 0])]
    assert plan == ["SCAN reports USING COVERING INDEX reports_kept"]
