"""Reports that are withdrawn, replaced, saved in a batch or get a receipt by hand; and guests who are found again."""

import tracemalloc
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from basics import raises_error
from key_helpers import new_key_pair
from outbox_helpers import (
    HOUR,
    NOON,
    PERSONAL,
    PHOTO,
    PRIVATE_KEY,
    PUBLIC_KEY,
    add,
    claimed,
    finding,
    open_outbox,
    receipt,
    report,
    sealer_without_key,
    settle,
    uuid,
)
from outbox_stores import AnyOutbox, Store, only_sqlite

from apoa_client.errors import ReportMoved, SecretMissing, StorageProblem
from apoa_client.outbox.sql import audit, queries, reseal
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import NewReport, Selection
from apoa_client.ports.state import AuditEvent
from apoa_client.report.kinds import Kind, Receipt, State
from apoa_client.report.model import Document
from apoa_client.vault.sealing import PropertySealer, encode_key

LATER = NOON + HOUR


def one(outbox: AnyOutbox, number: int) -> State:
    return outbox.find(uuid(number))[0].state


def recorded(outbox: AnyOutbox) -> list[AuditEvent]:
    return [AuditEvent(entry.action, entry.report, entry.detail) for entry in outbox.audit_trail.entries()]


class TestReplace:
    """A report in the place of another."""

    def test_both_change_in_one_transaction(self, outbox: AnyOutbox) -> None:
        """Superseded and queued, both in the audit trail."""
        outbox.add(report(1), due_at=LATER)
        new = outbox.add(report(2, 1), due_at=LATER, replaces=[uuid(1)])
        assert (one(outbox, 1), new.state) == (State.SUPERSEDED, State.QUEUED)
        assert recorded(outbox) == [
            AuditEvent("saved", uuid(1)),
            AuditEvent("superseded", uuid(1)),
            AuditEvent("saved", uuid(2)),
        ]
        assert [entry.id for entry in outbox.heads()] == [uuid(2)]

    def test_it_takes_the_old_ones_place_in_the_stay(self, outbox: AnyOutbox) -> None:
        """A rejected check-in is fixed before the check-out behind it is sent."""
        outbox.add(report(1), due_at=LATER)
        outbox.add(report(2, 1, Kind.CHECK_OUT), due_at=None)
        settle(outbox, 1, State.REJECTED)
        assert list(outbox.heads()) == []
        outbox.add(report(3, 1), due_at=LATER, replaces=[uuid(1)])
        assert [entry.id for entry in outbox.heads()] == [uuid(3)]
        settle(outbox, 3)
        assert [entry.id for entry in outbox.heads()] == [uuid(2)]
        assert outbox.add(report(4), due_at=None).seq > max(entry.seq for entry in outbox.find(uuid(1)))

    def test_several_are_replaced_by_one(self, outbox: AnyOutbox) -> None:
        """In the first one's place."""
        for number in (1, 2, 3):
            outbox.add(report(number, 1), due_at=LATER)
        outbox.add(report(9, 1), due_at=LATER, replaces=[uuid(3), uuid(2)])
        order = [entry.id for entry in outbox.entries(Selection(stay_id=report(1).stay_id))]
        assert order.index(uuid(1)) < order.index(uuid(9)) < order.index(uuid(3))

    @pytest.mark.parametrize("state", [State.ACCEPTED, State.PENDING, State.QUEUED, State.SENDING])
    def test_what_was_sent_is_not_replaced(self, outbox: AnyOutbox, state: State) -> None:
        """Whatever the answer was: nothing changes, also not the other one of two, and the new one is not saved."""
        for number in (1, 2):
            outbox.add(report(number, 1), due_at=LATER)
        if state is State.SENDING:
            claimed(outbox, 1)
        else:
            settle(outbox, 1, state)
        with pytest.raises(ReportMoved):
            outbox.add(report(3, 1), due_at=LATER, replaces=[uuid(2), uuid(1)])
        assert (one(outbox, 1), one(outbox, 2), outbox.find(uuid(3))) == (state, State.QUEUED, [])


class TestActiveReports:
    """The stay's reports when a person decided must be the same when the change is made."""

    def test_an_unchanged_stay_is_accepted(self, outbox: AnyOutbox) -> None:
        """The same reports in the same order; withdrawn and superseded ones do not count."""
        outbox.add(report(1), due_at=LATER)
        outbox.add(report(2, 1, Kind.CHECK_OUT), due_at=None, active_reports=[uuid(1)])
        outbox.add(report(3, 1), due_at=LATER, replaces=[uuid(1)], active_reports=[uuid(1), uuid(2)])
        outbox.withdraw([uuid(2)], [uuid(3), uuid(2)])
        assert (one(outbox, 1), one(outbox, 2), one(outbox, 3)) == (State.SUPERSEDED, State.WITHDRAWN, State.QUEUED)

    @pytest.mark.parametrize("seen", [[1], [2], [2, 1], [1, 2, 3], [9]])
    def test_another_users_change_is_not_undone(self, outbox: AnyOutbox, seen: list[int]) -> None:
        """One report more, or less, or in another position: nothing changes, and nothing is saved."""
        outbox.add(report(1), due_at=LATER)
        outbox.add(report(2, 1, Kind.CHECK_OUT), due_at=None)
        seen_before = [uuid(number) for number in seen]
        with pytest.raises(ReportMoved):
            outbox.add(report(3, 1), due_at=LATER, replaces=[uuid(1)], active_reports=seen_before)
        with pytest.raises(ReportMoved):
            outbox.withdraw([uuid(1), uuid(2)], seen_before)
        assert (one(outbox, 1), one(outbox, 2), outbox.find(uuid(3))) == (State.QUEUED, State.QUEUED, [])


class TestWithdraw:
    """A report that is withdrawn."""

    def test_what_was_never_sent_leaves_the_queue(self, outbox: AnyOutbox) -> None:
        """And so does what was rejected; the counts follow."""
        add(outbox, 1, 2, due_at=LATER)
        settle(outbox, 2, State.REJECTED)
        outbox.withdraw([uuid(1), uuid(2)])
        assert (one(outbox, 1), one(outbox, 2)) == (State.WITHDRAWN, State.WITHDRAWN)
        summary = outbox.summary(now=NOON, soon=LATER)
        assert (summary.counts[State.WITHDRAWN], summary.counts[State.QUEUED], summary.next_due_at) == (2, 0, None)
        assert recorded(outbox)[-2:] == [AuditEvent("withdrawn", uuid(1)), AuditEvent("withdrawn", uuid(2))]
        assert list(outbox.heads()) == []

    def test_all_or_none(self, outbox: AnyOutbox) -> None:
        """If one of them was sent, each stays as it was."""
        add(outbox, 1, 2, due_at=LATER)
        settle(outbox, 2, State.QUEUED, last_error="unknown_outcome")
        with pytest.raises(ReportMoved):
            outbox.withdraw([uuid(1), uuid(2)])
        assert (one(outbox, 1), one(outbox, 2)) == (State.QUEUED, State.QUEUED)

    def test_a_call_without_a_connection_does_not_count(self, outbox: AnyOutbox) -> None:
        """However often it was tried: if no byte left, it can be withdrawn; after one call it cannot."""
        outbox.add(report(1), due_at=LATER)
        for _try in range(3):
            settle(outbox, 1, State.QUEUED, last_error="offline", unsent=True)
        [entry] = outbox.find(uuid(1))
        assert (entry.attempts, entry.calls, entry.withdrawable) == (3, 0, True)
        settle(outbox, 1, State.QUEUED, last_error="timed_out")
        settle(outbox, 1, State.QUEUED, last_error="offline", unsent=True)
        [entry] = outbox.find(uuid(1))
        assert (entry.attempts, entry.calls, entry.withdrawable) == (5, 1, False)


class TestRecordReceipt:
    """The receipt of a report that was entered by hand."""

    TYPED = Receipt("STT/2026/0017", NOON, typed=True)

    @pytest.mark.parametrize("state", [State.QUEUED, State.PENDING, State.REJECTED])
    def test_it_is_accepted_and_marked(self, outbox: AnyOutbox, state: State) -> None:
        """In any state before. Staff correct themselves: the last number counts."""
        outbox.add(report(1), due_at=LATER)
        if state is not State.QUEUED:
            settle(outbox, 1, state)
        outbox.record_receipt(uuid(1), self.TYPED._replace(number="STT/2026/0018"))
        outbox.record_receipt(uuid(1), self.TYPED)
        [entry] = outbox.find(uuid(1))
        assert (entry.state, entry.receipt, entry.last_error) == (State.ACCEPTED, self.TYPED, None)
        assert recorded(outbox)[-2:] == [AuditEvent("received", uuid(1)), AuditEvent("received", uuid(1), "again")]
        assert list(outbox.heads()) == []

    def test_the_authoritys_own_number_is_not_replaced(self, outbox: AnyOutbox) -> None:
        """Nor is a report changed that is being sent or was withdrawn."""
        outbox.add(report(1), due_at=LATER)
        settle(outbox, 1)
        outbox.add(report(2), due_at=LATER)
        claimed(outbox, 2)
        outbox.add(report(3), due_at=LATER)
        outbox.withdraw([uuid(3)])
        for number in (1, 2, 3, 4):
            with pytest.raises(ReportMoved):
                outbox.record_receipt(uuid(number), self.TYPED)
        assert outbox.find(uuid(1))[0].receipt == receipt()


class TestSameGuest:
    """Stays of one travel document, found by a tag that does not identify the guest by itself."""

    def test_nights_that_overlap(self, outbox: AnyOutbox) -> None:
        """The reports' nights are 24 to 27 November: the morning of departure is not a night. Erasing ends it."""
        outbox.add(report(1), due_at=None, guest_tag=7)
        outbox.add(report(2), due_at=None, guest_tag=8)
        outbox.add(report(3), due_at=None)
        nights = {
            (date(2026, 11, 20), date(2026, 11, 24)): [],
            (date(2026, 11, 20), date(2026, 11, 25)): [uuid(1)],
            (date(2026, 11, 26), date(2026, 11, 30)): [uuid(1)],
            (date(2026, 11, 27), date(2026, 11, 30)): [],
        }
        for (first, last), found in nights.items():
            assert [entry.id for entry in outbox.same_guest(7, first, last)] == found
        settle(outbox, 1)
        outbox.eraser.stay(report(1).stay_id, dry_run=False)
        assert outbox.same_guest(7, date(2026, 11, 20), date(2026, 11, 30)) == []


def hash_of(_document: Document) -> int:
    return 5


def tags(outbox: AnyOutbox) -> list[int | None]:
    return [row[0] for row in outbox._db.execute("SELECT guest_tag FROM reports ORDER BY seq")]


@pytest.fixture
def hashed(store: Store) -> Store:
    """Five reports: one is hashed, and one names no guest."""
    with store.open() as outbox:
        outbox.add(report(0), due_at=None, guest_tag=1)
        add(outbox, 1, 2, 3)
        outbox.add(report(4, 1, Kind.CHECK_OUT), due_at=None)
    return store


def test_only_what_is_recorded_as_missing(hashed: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A property that was set up without a key of the hash is left alone; else each report gets its hash once.

    Without the private key nothing is stored, and the next run with it does it.
    """
    monkeypatch.setattr(reseal, "_HASHED", 2)
    with hashed.open() as outbox:
        outbox.complete_guest_tags(hash_of)
        assert tags(outbox) == [1, None, None, None, None]
        with outbox._db.transaction():
            reseal.record_missing_tags(outbox._db)
        with hashed.open(sealer_without_key()) as keyless, pytest.raises(SecretMissing):
            keyless.complete_guest_tags(hash_of)
        outbox.complete_guest_tags(hash_of)
        assert tags(outbox) == [1, 5, 5, 5, None]
        outbox.complete_guest_tags(lambda _document: 6)
        assert tags(outbox) == [1, 5, 5, 5, None]


def test_a_report_that_does_not_open(hashed: Store) -> None:
    """Stays without a hash, and does not hold up the others; an erased one has no content."""
    with hashed.open() as outbox:
        with outbox._db.transaction():
            reseal.forget_tags(outbox._db)
        for number, content in ((1, b"\1\2"), (2, None)):
            hashed.change("UPDATE reports SET content = ? WHERE id = ?", content, uuid(number))
        outbox.complete_guest_tags(hash_of)
        assert tags(outbox) == [5, None, None, 5, None]


# Batches: many reports sealed one after the other, and saved in one transaction, or not at all.

EVENT = AuditEvent("imported", detail="csv 3 4")
GROUPS = [
    [NewReport(report(1), NOON + HOUR, [finding("late")], 7)],
    [NewReport(report(2), NOON), NewReport(report(3, stay=2, kind=Kind.CHECK_OUT), None)],
    [NewReport(report(4), None, guest_tag=9)],
]


def ids(outbox: AnyOutbox) -> list[str]:
    return [entry.id for entry in outbox.entries(Selection())]


def save(outbox: AnyOutbox, groups: Any = GROUPS) -> list[str]:
    with outbox.batch() as batch:
        for key, group in enumerate(groups):
            batch.add(key, group)
        return batch.save(EVENT)


def test_a_batch_is_there_after_reopening(store: Store) -> None:
    """Each report is as if it had been saved alone, in the order given; the trail counts them."""
    with store.open() as outbox:
        assert ids(outbox) == []
        saved = save(outbox)
    with store.open() as outbox:
        found = list(outbox.entries(Selection()))
        assert [entry.id for entry in found] == saved == [uuid(n) for n in (1, 2, 3, 4)]
        contents = [outbox.content(entry) for entry in found]
        assert [content.report for content in contents] == [new.report for group in GROUPS for new in group]
        assert contents[0].warnings == (finding("late"),)
        assert found[0].due_at == NOON + HOUR
        assert all(entry.authenticated for entry in found)
        assert [entry.id for entry in outbox.same_guest(9, NOON.date(), NOON.date().replace(day=27))] == [uuid(4)]
        events = [(event.action, event.report, event.detail) for event in outbox.audit_trail.entries()]
        assert events == [*(("saved", uuid(n), uuid(1)) for n in (1, 2, 3, 4)), ("imported", None, "csv 3 4")]
        assert outbox.audit_trail.verify().wrong is None
        assert outbox.summary(now=NOON, soon=NOON).contradicted is False


def test_what_is_discarded_or_not_saved_is_forgotten(outbox: AnyOutbox) -> None:
    """A stay that was taken out, also again under its key, and a whole batch that was left; the next one is empty."""
    with outbox.batch() as batch:
        batch.add(1, GROUPS[0])
    with outbox.batch() as batch:
        batch.add(1, GROUPS[1])
        batch.add(2, GROUPS[2])
        for number in (5, 6):
            batch.discard(1)
            batch.add(1, [NewReport(report(number), NOON)])
        batch.discard(1)
        assert batch.save(EVENT) == [uuid(4)]
    assert ids(outbox) == [uuid(4)]


def test_a_stay_that_was_saved_before_is_changed(outbox: AnyOutbox) -> None:
    """What is replaced is superseded, and a report after it waits at the end of its stay."""
    save(outbox)
    changed = NewReport(report(5, stay=1), NOON, replaces=[uuid(1)], active_reports=[uuid(1)])
    left = NewReport(report(6, stay=1, kind=Kind.CHECK_OUT), None)
    save(outbox, [[changed, left], [NewReport(report(7), None)]])
    stay = list(outbox.entries(Selection(stay_id=report(1).stay_id)))
    assert {entry.id: entry.state for entry in stay} == {
        uuid(5): State.QUEUED,
        uuid(6): State.QUEUED,
        uuid(1): State.SUPERSEDED,
    }
    assert [entry.id for entry in stay if entry.state is State.QUEUED] == [uuid(5), uuid(6)]
    assert [each.report for each in outbox.audit_trail.entries() if each.action == "superseded"] == [uuid(1)]
    assert outbox.audit_trail.verify().wrong is None
    assert outbox.authenticate(ask=True).doubts == ()


@pytest.mark.parametrize("meanwhile", ["same report", "same stay", "same guest", "changed", "key"])
def test_another_process_was_faster(outbox: AnyOutbox, store: Store, meanwhile: str) -> None:
    """Nothing is saved, so that the caller decides again with what is there now."""
    outbox.add(report(10), due_at=None)
    groups = [*GROUPS, [NewReport(report(11, stay=10), NOON, active_reports=[uuid(10)])]]
    with outbox.batch() as batch, store.open() as other:
        for key, group in enumerate(groups):
            batch.add(key, group)
        if meanwhile == "same report":
            other.add(report(4), due_at=None)
        elif meanwhile == "same stay":
            other.add(report(20, stay=4), due_at=None)
        elif meanwhile == "same guest":
            other.add(report(20), due_at=None, guest_tag=9)
        elif meanwhile == "changed":
            other.withdraw([uuid(10)])
        else:
            outbox._sealer = batch._sealer = PropertySealer(  # as the settings say now
                PUBLIC_KEY, lambda: PRIVATE_KEY, current_public_key=lambda: new_key_pair()[1]
            )
            other.record_public_key(encode_key(new_key_pair()[1]))
        before = ids(other)
        with raises_error("report_moved"):
            batch.save(EVENT)
    assert ids(outbox) == before


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), None], ids=["Ctrl-C", "disk"])
@pytest.mark.parametrize("at", [1, 2])
def test_a_fault_saves_nothing(
    outbox: AnyOutbox, store: Store, monkeypatch: pytest.MonkeyPatch, at: int, fault: BaseException | None
) -> None:
    """Ctrl-C or a failing disk after the rows were copied: nothing is saved, and the batch can be saved afterwards."""
    really, count = audit.append, 0

    def append(*arguments: Any) -> None:
        nonlocal count
        count += 1
        if count == at:
            raise fault or store.fault()
        really(*arguments)

    with outbox.batch() as batch:
        batch.add(1, GROUPS[0])
        with monkeypatch.context() as patch:
            patch.setattr(audit, "append", append)
            with pytest.raises((KeyboardInterrupt, StorageProblem)):
                batch.save(EVENT)
        assert (count, ids(outbox)) == (at, [])
        assert batch.save(EVENT) == [uuid(1)]


def test_no_other_process_waits_for_the_sealing(outbox: SqliteOutbox, path: Path) -> None:
    """While a batch is filled, the desk saves a guest."""
    with outbox.batch() as batch, open_outbox(path) as desk:
        for number in range(1, 700):  # more than are kept in memory
            batch.add(number, [NewReport(report(number), NOON)])
        desk._db.execute("PRAGMA busy_timeout = 0")
        desk.add(report(1000), due_at=None)
        assert len(batch.save(EVENT)) == 699
    assert len(ids(outbox)) == 700


def test_memory_stays_flat(outbox: AnyOutbox) -> None:
    """Of sixty photos only a few are in memory while they are saved, whatever keeps the outbox."""
    with outbox.batch() as batch:
        for number in range(1, 61):
            batch.add(number, [NewReport(report(number), NOON, photo=bytes(200_000))])
        tracemalloc.start()
        try:
            batch.save(EVENT)
            (_now, peak) = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 5_000_000


def test_the_file_of_a_batch_holds_only_sealed_data(
    outbox: AnyOutbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is put aside before saving is as unreadable as the outbox."""
    path = tmp_path / "batch"
    monkeypatch.setattr("tempfile.TemporaryFile", lambda: path.open("w+b"))
    with outbox.batch() as batch:
        batch.add(1, [NewReport(report(1), NOON, photo=PHOTO)])  # a photo is put aside at once
    content = path.read_bytes()
    assert uuid(1).encode() in content
    assert not any(text.encode() in content for text in PERSONAL)


@only_sqlite
def test_the_stays_of_a_day(outbox: SqliteOutbox) -> None:
    """Those whose ids begin with a text, each once, from the index alone."""
    save(outbox)
    first = report(1).stay_id
    assert outbox.stay_ids(first) == [first]
    assert sorted(outbox.stay_ids(first[:8])) == [report(number).stay_id for number in (1, 2, 4)]
    assert outbox.stay_ids("ff") == []
    plan = " ".join(row[-1] for row in outbox._db.execute(f"EXPLAIN QUERY PLAN {queries.STAY_IDS}", ["a", "b"]))
    assert "COVERING INDEX reports_stay" in plan
