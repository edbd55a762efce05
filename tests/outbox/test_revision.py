"""Reports that are withdrawn, replaced by others, or get a receipt by hand; and guests who are found again."""

from datetime import date

import pytest
from outbox_helpers import HOUR, NOON, claimed, receipt, report, sealer_without_key, settle, uuid
from outbox_stores import AnyOutbox, Store

from apoa_client.errors import ReportMoved, SecretMissing
from apoa_client.outbox.sql import reseal
from apoa_client.ports.entries import Selection
from apoa_client.ports.state import AuditEvent
from apoa_client.report.kinds import Kind, Receipt, State
from apoa_client.report.model import Document

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

    @pytest.mark.parametrize("state", [State.ACCEPTED, State.PENDING, State.QUEUED])
    def test_what_was_sent_is_not_replaced(self, outbox: AnyOutbox, state: State) -> None:
        """Whatever the answer was: nothing changes, and the new report is not saved either."""
        outbox.add(report(1), due_at=LATER)
        settle(outbox, 1, state)
        with pytest.raises(ReportMoved):
            outbox.add(report(2, 1), due_at=LATER, replaces=[uuid(1)])
        assert (one(outbox, 1), outbox.find(uuid(2))) == (state, [])

    def test_what_is_being_sent_is_not_replaced(self, outbox: AnyOutbox) -> None:
        """Nor is one of two, although the other could be."""
        outbox.add(report(1), due_at=LATER)
        outbox.add(report(2, 1), due_at=LATER)
        claimed(outbox, 1)
        with pytest.raises(ReportMoved):
            outbox.add(report(3, 1), due_at=LATER, replaces=[uuid(2), uuid(1)])
        assert one(outbox, 2) is State.QUEUED


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
        outbox.add(report(1), due_at=LATER)
        outbox.add(report(2), due_at=LATER)
        settle(outbox, 2, State.REJECTED)
        outbox.withdraw([uuid(1), uuid(2)])
        assert (one(outbox, 1), one(outbox, 2)) == (State.WITHDRAWN, State.WITHDRAWN)
        summary = outbox.summary(now=NOON, soon=LATER)
        assert (summary.counts[State.WITHDRAWN], summary.counts[State.QUEUED], summary.next_due_at) == (2, 0, None)
        assert recorded(outbox)[-2:] == [AuditEvent("withdrawn", uuid(1)), AuditEvent("withdrawn", uuid(2))]
        assert list(outbox.heads()) == []

    def test_all_or_none(self, outbox: AnyOutbox) -> None:
        """If one of them was sent, each stays as it was."""
        outbox.add(report(1), due_at=LATER)
        outbox.add(report(2), due_at=LATER)
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
        """In any state before."""
        outbox.add(report(1), due_at=LATER)
        if state is not State.QUEUED:
            settle(outbox, 1, state)
        outbox.record_receipt(uuid(1), self.TYPED)
        [entry] = outbox.find(uuid(1))
        assert (entry.state, entry.receipt, entry.last_error) == (State.ACCEPTED, self.TYPED, None)
        assert recorded(outbox)[-1] == AuditEvent("received", uuid(1))
        assert list(outbox.heads()) == []

    def test_a_mistyped_number_is_typed_again(self, outbox: AnyOutbox) -> None:
        """Staff correct themselves; the last number counts."""
        outbox.add(report(1), due_at=LATER)
        outbox.record_receipt(uuid(1), self.TYPED)
        outbox.record_receipt(uuid(1), self.TYPED._replace(number="STT/2026/0018"))
        [entry] = outbox.find(uuid(1))
        assert entry.receipt is not None
        assert entry.receipt.number == "STT/2026/0018"

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
        """The reports' nights are 24 to 27 November: the morning of departure is not a night."""
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

    def test_an_erased_guest_is_not_found(self, outbox: AnyOutbox) -> None:
        """The tag is erased with everything else about the guest."""
        outbox.add(report(1), due_at=None, guest_tag=7)
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
        for number in (1, 2, 3):
            outbox.add(report(number), due_at=None)
        outbox.add(report(4, 1, Kind.CHECK_OUT), due_at=None)
    return store


def test_only_what_is_recorded_as_missing(hashed: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A property that was set up without a key of the hash is left alone; else each report gets its hash once."""
    monkeypatch.setattr(reseal, "_HASHED", 2)
    with hashed.open() as outbox:
        outbox.complete_guest_tags(hash_of)
        assert tags(outbox) == [1, None, None, None, None]
        with outbox._db.transaction():
            reseal.record_missing_tags(outbox._db)
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


def test_without_the_key(hashed: Store) -> None:
    """Nothing is stored, and the next run with the key does it."""
    with hashed.open() as outbox, outbox._db.transaction():
        reseal.record_missing_tags(outbox._db)
    with hashed.open(sealer_without_key()) as outbox, pytest.raises(SecretMissing):
        outbox.complete_guest_tags(hash_of)
    with hashed.open() as outbox:
        outbox.complete_guest_tags(hash_of)
        assert tags(outbox) == [1, 5, 5, 5, None]
