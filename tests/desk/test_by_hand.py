"""Reports to type into APOA by hand: their order, their fields, and the receipt numbers."""

from datetime import date, timedelta

import pytest
from basics import FixedClock
from outbox_helpers import HOUR, NOON, WIB, finding, guest, receipt, report, stay_id, uuid

from apoa_client.delivery.plan import LEASE
from apoa_client.desk.by_hand import (
    CHECK_OUT,
    MAX_NUMBER_LENGTH,
    REASON,
    ByHand,
    FormField,
    parse_receipt_number,
)
from apoa_client.desk.stay_history import Stays
from apoa_client.errors import DataRefused, ReportMoved, UsageProblem
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Change, Entry
from apoa_client.ports.state import AuditEvent
from apoa_client.report.fields import FIELDS
from apoa_client.report.kinds import NO_NUMBER, Kind, State, short_id
from apoa_client.report.model import Report, Stay

LATER = NOON + 24 * HOUR


@pytest.fixture
def hand(outbox: SqliteOutbox, clock: FixedClock) -> ByHand:
    """The object under test."""
    return ByHand(outbox, clock, Stays(outbox, WIB))


def amended(number: int, stay: int | None = None, **changes: str | None) -> Report:
    """A correction with a stay that differs from the check-in's."""
    one = report(number, stay, Kind.AMEND)
    nights = Stay(report(stay or number).created_at, date(2026, 11, 27), room=changes.get("room", "Room-7-East"))
    who = guest()._replace(phone=changes.get("phone", "+48600700800"))
    return one._replace(guest=who, stay=nights, reason="typed wrongly")


def add(outbox: SqliteOutbox, one: Report, hours: int = 24) -> Entry:
    return outbox.add(one, due_at=NOON + hours * HOUR)


def sending(outbox: SqliteOutbox, number: int, minutes: int = 5) -> str:
    lease, _got = outbox.claim([uuid(number)], now=NOON, lease_until=NOON + timedelta(minutes=minutes))
    return lease


def state_of(outbox: SqliteOutbox, number: int) -> State:
    return outbox.find(uuid(number))[0].state


class TestOrder:
    """The order of the reports."""

    def test_the_first_report_of_each_stay_most_urgent_first(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """A later report of a stay waits until the earlier one has its number."""
        add(outbox, report(1), hours=24)
        outbox.add(report(2, 1, Kind.CHECK_OUT), due_at=None)
        add(outbox, report(3), hours=2)
        assert [entry.id for entry in hand.waiting()] == [uuid(3), uuid(1)]
        assert [entry.id for entry in hand.all_waiting()] == [uuid(3), uuid(1), uuid(2)]
        hand.record_number(outbox.find(uuid(1))[0], "STT-1")
        assert [entry.id for entry in hand.waiting()] == [uuid(3), uuid(2)]

    def test_a_report_that_is_being_sent_is_not_typed(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """It may arrive at this moment; one of an aborted delivery is, marked as one that may have arrived."""
        add(outbox, report(1))
        sending(outbox, 1)
        assert [*hand.waiting(), *hand.all_waiting()] == []
        hand.release_abandoned()
        (entry,) = hand.waiting()
        assert (entry.state, entry.calls, hand.task(entry).sent_before) == (State.QUEUED, 1, True)


class TestTask:
    """The form fields of a report."""

    def test_a_check_in_in_our_order(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """Every field that has a value and no other, with the saved value."""
        task = hand.task(add(outbox, report(1)))
        names = [line.name for line in task.lines]
        assert names == [item.name for item in FIELDS if item.name in names]
        assert names == [
            *("surname", "given_names", "sex", "birth_place", "birth_date", "nationality", "document_number"),
            *("issuing_state", "expiry_date", "check_in", "planned_check_out", "room", "purpose", "phone"),
        ]
        assert {line.before for line in task.lines} == {None}
        assert (task.lines[0], task.sent_before) == (FormField("surname", "ZYKOWSKI"), False)

    def test_the_order_of_the_settings(self, outbox: SqliteOutbox, clock: FixedClock) -> None:
        """The fields that it names come first in its order, the others follow in ours; the same for a check-out."""
        hand = ByHand(outbox, clock, Stays(outbox, WIB), ("room", "document_number", "stay_permit", "surname"))
        names = [line.name for line in hand.task(add(outbox, report(1))).lines]
        first = ["room", "document_number", "surname"]
        assert names == [*first, *(item.name for item in FIELDS if item.name in set(names) - set(first))]
        out = hand.task(outbox.add(report(3, 1, Kind.CHECK_OUT), due_at=None))
        assert [line.name for line in out.lines] == [*first, "given_names", "check_in", CHECK_OUT]

    def test_a_correction_shows_what_changes(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """Compared with the current report: new values, deleted values, and unchanged ones."""
        alone = hand.task(outbox.add(amended(4), due_at=None))  # without an earlier report nothing is compared
        assert {line.before for line in alone.lines} == {None}
        add(outbox, report(1))
        outbox.add(amended(2, 1, room="9"), due_at=None)
        entry = outbox.add(amended(3, 1, room="10", phone=None), due_at=None)
        task = hand.task(entry)
        assert not any(word in repr((task, task.lines)) for word in ("ZYKOWSKI", "X1234567", "+48600700800"))
        lines = {line.name: line for line in task.lines}
        assert lines["room"] == FormField("room", "10", "9")
        assert lines["phone"] == FormField("phone", "", "+48600700800")
        assert [name for name, line in lines.items() if line.before is not None] == ["room", "phone"]

    def test_a_check_out_and_a_cancellation_identify_the_guest(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """By the fields that APOA lists, from the current report; then the new value."""
        add(outbox, report(1))
        outbox.add(amended(2, 1, room="9"), due_at=None)
        out = hand.task(outbox.add(report(3, 1, Kind.CHECK_OUT), due_at=None))
        void = report(4, 1, Kind.CANCEL)._replace(guest=None, stay=None, reason="never came")
        cancel = hand.task(outbox.add(void, due_at=None))
        who = ["surname", "given_names", "document_number", "check_in", "room"]
        assert [line.name for line in out.lines] == [*who, CHECK_OUT]
        assert [line.name for line in cancel.lines] == [*who, REASON]
        assert out.lines[4].value == "9"
        assert cancel.lines[-1].value == "never came"

    def test_a_check_out_whose_guest_was_erased(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """The remaining fields are laid out."""
        add(outbox, report(1))
        outbox.record_receipt(uuid(1), receipt())
        outbox.eraser.stay(stay_id(1), dry_run=False)
        task = hand.task(outbox.add(report(2, 1, Kind.CHECK_OUT), due_at=None))
        assert [line.name for line in task.lines] == [CHECK_OUT]


class TestNumber:
    """A receipt number as it is typed."""

    @pytest.mark.parametrize("typed", ["STT-2026/11.0001", "  STT 1 \t\r\n", "1", "1" * MAX_NUMBER_LENGTH, "№ 7/é"])
    def test_numbers_that_apoa_may_give(self, typed: str) -> None:
        """Accepted as typed, without surrounding blanks."""
        assert parse_receipt_number(typed) == typed.strip()

    @pytest.mark.parametrize(
        "typed",
        [
            *("", "   ", "\n", "1" * (MAX_NUMBER_LENGTH + 1), "<", ">", "?", "-", "n", "tidak", "STT-\ufffd1"),
            *("S\x00T", "S\x1b[2J", "a\nb", "a\tb", "a\u202eb", "a\u200bb", "\ud800"),
            "ZX12345674POL8509122M3203282<<<<<<<<<<<<<<02",
        ],
    )
    def test_texts_that_are_not_numbers(self, typed: str) -> None:
        """Empty, too long, control characters, moves, words, and a line of a passport."""
        with pytest.raises(DataRefused):
            parse_receipt_number(typed)


class TestRecordNumber:
    """Recording the number that APOA gave."""

    def test_the_report_is_accepted_and_marked_as_typed(
        self, outbox: SqliteOutbox, hand: ByHand, clock: FixedClock
    ) -> None:
        """With the current time, and in the audit trail."""
        entry = hand.record_number(add(outbox, report(1)), "STT-1")
        assert entry.state is State.ACCEPTED
        assert entry.receipt is not None
        assert (entry.receipt.number, entry.receipt.issued_at, entry.receipt.typed) == ("STT-1", clock.now(), True)
        (*_earlier, last) = outbox.audit_trail.entries()
        assert (last.action, last.report, last.detail) == AuditEvent("received", uuid(1))
        again = hand.record_number(entry, "STT-2")  # the last one counts
        assert (again.receipt and again.receipt.number) == "STT-2"

    def test_the_time_on_the_receipt(self, outbox: SqliteOutbox, hand: ByHand, clock: FixedClock) -> None:
        """A given time is kept; a time in the future is refused."""
        at = clock.now() - HOUR
        hand.check_not_future(at)
        entry = hand.record_number(add(outbox, report(1)), "STT-1", at)
        assert entry.receipt is not None
        assert entry.receipt.issued_at == at
        with pytest.raises(DataRefused):
            hand.check_not_future(clock.now() + HOUR)

    def test_the_authoritys_receipt_is_never_replaced(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """Not even by a typed number."""
        add(outbox, report(1))
        outbox.settle(sending(outbox, 1), [Change(uuid(1), State.ACCEPTED, receipt=receipt(7))])
        with pytest.raises(DataRefused):
            hand.record_number(outbox.find(uuid(1))[0], "STT-1")
        kept = outbox.find(uuid(1))[0].receipt
        assert kept is not None
        assert (kept.number, kept.typed) == ("STT-7", False)

    def test_replaced_and_withdrawn_reports(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """No number can be recorded for them."""
        add(outbox, report(1))
        outbox.add(report(2, 1), due_at=LATER, replaces=[uuid(1)])
        add(outbox, report(3))
        outbox.withdraw([uuid(3)])
        for number, state in ((1, State.SUPERSEDED), (3, State.WITHDRAWN)):
            with pytest.raises(DataRefused):
                hand.record_number(outbox.find(uuid(number))[0], "STT-1")
            assert state_of(outbox, number) is state

    def test_a_report_that_is_being_sent(self, outbox: SqliteOutbox, hand: ByHand, clock: FixedClock) -> None:
        """Refused while another process has its lease; accepted after an aborted delivery, when that is over."""
        add(outbox, report(1))
        outbox.claim([uuid(1)], now=clock.now(), lease_until=clock.now() + LEASE)
        entry = outbox.find(uuid(1))[0]
        with pytest.raises(ReportMoved):
            hand.record_number(entry, "STT-1")
        clock.forward(LEASE)
        assert hand.record_number(entry, "STT-1").state is State.ACCEPTED

    def test_a_report_that_is_being_typed(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """No other process gets it meanwhile. It is queued again as it was, or accepted under the lease."""
        first, second = add(outbox, report(1)), add(outbox, report(2))
        with hand.claimed(first) as lease, hand.claimed(first) as other:
            assert (bool(lease), other) == (True, "")
        assert outbox.find(uuid(1)) == [first]
        with hand.claimed(second) as lease:
            assert hand.record_number(second, "STT-2", lease=lease).state is State.ACCEPTED
        assert state_of(outbox, 2) is State.ACCEPTED

    @pytest.mark.parametrize("state", [State.PENDING, State.REJECTED])
    def test_a_pending_report(self, outbox: SqliteOutbox, hand: ByHand, state: State) -> None:
        """APOA's number decides it."""
        add(outbox, report(1))
        outbox.settle(sending(outbox, 1), [Change(uuid(1), state, errors=(finding(),))])
        assert hand.record_number(outbox.find(uuid(1))[0], "STT-1").state is State.ACCEPTED

    def test_a_number_that_is_asked_again(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """It is that of another stay, short, or unlike what staff typed before; within its stay, it is not asked."""

        def doubt(number: str, entry: Entry) -> str | None:
            found = hand.doubt(number, entry)
            return None if found is None else found.render()

        def send(number: int, receipt_number: str) -> None:
            add(outbox, report(number))
            change = Change(uuid(number), State.ACCEPTED, receipt=receipt()._replace(number=receipt_number))
            outbox.settle(sending(outbox, number), [change])

        send(4, "2026/11")  # the authority's own number is no example of what staff type
        first, second, other = (add(outbox, report(number)) for number in (1, 2, 3))
        assert doubt("STT-1", first) is doubt("S-11", first) is None
        assert doubt("S-1", first) == "This number is unusually short."
        for entry, number in ((first, "STT-11"), (second, "STT-12")):
            hand.record_number(entry, number)
        assert doubt("STT-13", other) is None
        assert "The last one was STT-12." in str(doubt("8123", other))
        assert short_id(uuid(1)) in str(doubt("STT-11", other))
        out = outbox.add(report(5, 1, Kind.CHECK_OUT), due_at=None)
        assert (doubt("STT-11", out), hand.find_same_number("STT-11", out)) == (None, None)

    def test_a_report_without_a_number(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """The number of the stay is recorded; without one, a placeholder."""
        hand.record_number(add(outbox, report(1)), "STT-1")
        out = outbox.add(report(2, 1, Kind.CHECK_OUT), due_at=None)
        alone = outbox.add(report(3, 3, Kind.CHECK_OUT), due_at=None)
        assert hand.stay_receipt_number(out) == "STT-1"
        assert hand.stay_receipt_number(alone) == NO_NUMBER


class TestFind:
    """Which report an id means."""

    def test_one_report(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """By its id, its short id, or a unique beginning of it; a replaced one means the one in its place."""
        entry = add(outbox, report(1))
        assert hand.find(entry.id) == hand.find(f" {uuid(1)[-8:]} ") == entry
        correct = outbox.add(report(2, 1), due_at=LATER, replaces=[uuid(1)])
        assert hand.find(uuid(1)) == correct

    def test_a_stay_means_its_waiting_report(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """If it is one report."""
        hand.record_number(add(outbox, report(1)), "STT-1")
        out = outbox.add(report(2, 1, Kind.CHECK_OUT), due_at=None)
        assert hand.find(stay_id(1)) == out
        outbox.add(report(3, 1, Kind.CHECK_OUT), due_at=None)
        with pytest.raises(UsageProblem):
            hand.find(stay_id(1))

    def test_unknown_and_ambiguous(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """Each is refused; the candidates are named."""
        add(outbox, report(1))
        add(outbox, report(2))
        with pytest.raises(UsageProblem):
            hand.find("ffffffff")
        with pytest.raises(UsageProblem) as caught:
            hand.find("0199c2a4")
        assert uuid(1)[-8:] in caught.value.message.render()
