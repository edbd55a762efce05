"""Typing into APOA by hand: what waits, laid out in the order of its form, and the numbers that it gave."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from conftest import FixedClock
from outbox_helpers import HOUR, NOON, WIB, finding, guest, open_outbox, receipt, report, stay_id, uuid

from apoa_client.desk.by_hand import (
    CHECK_OUT,
    MAX_NUMBER_LENGTH,
    REASON,
    UNKNOWN_NUMBER,
    ByHand,
    FormField,
    parse_receipt_number,
)
from apoa_client.desk.stay_history import Stays
from apoa_client.errors import DataRefused, ReportMoved, UsageProblem
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports import AuditEvent, Change, Entry
from apoa_client.report.fields import FIELDS
from apoa_client.report.kinds import Kind, State
from apoa_client.report.model import Report, Stay, StayPermit

LATER = NOON + 24 * HOUR


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the outbox is."""
    return tmp_path / "outbox.db"


@pytest.fixture
def outbox(path: Path) -> Iterator[SqliteOutbox]:
    """An outbox that can be read."""
    with open_outbox(path) as opened:
        yield opened


@pytest.fixture
def hand(outbox: SqliteOutbox, clock: FixedClock) -> ByHand:
    """Whoever types."""
    return ByHand(outbox, clock, Stays(outbox, WIB))


def amended(number: int, stay: int, **changes: str | None) -> Report:
    """A correction with another stay than the check-in's."""
    one = report(number, stay, Kind.AMEND)
    nights = Stay(report(stay).created_at, date(2026, 11, 27), room=changes.get("room", "Room-7-East"))
    who = replace(guest(), phone=changes.get("phone", "+48600700800"))
    return replace(one, guest=who, stay=nights, reason="typed wrongly")


def add(outbox: SqliteOutbox, one: Report, hours: int = 24) -> Entry:
    return outbox.add(one, due_at=NOON + hours * HOUR)


def sending(outbox: SqliteOutbox, number: int, minutes: int = 5) -> str:
    lease, _got = outbox.claim([uuid(number)], now=NOON, lease_until=NOON + timedelta(minutes=minutes))
    return lease


def state_of(outbox: SqliteOutbox, number: int) -> State:
    return outbox.find(uuid(number))[0].state


def acts(outbox: SqliteOutbox) -> list[AuditEvent]:
    return [AuditEvent(entry.action, entry.report, entry.detail) for entry in outbox.audit_trail.entries()]


class TestOrder:
    """Which report comes when."""

    def test_the_most_urgent_stay_first_and_one_of_each(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """What comes after a report of the same stay waits until that one is filed."""
        add(outbox, report(1), hours=24)
        outbox.add(report(2, 1, Kind.CHECK_OUT), due_at=None)
        add(outbox, report(3), hours=2)
        assert [entry.id for entry in hand.waiting()] == [uuid(3), uuid(1)]
        assert [entry.id for entry in hand.all_waiting()] == [uuid(3), uuid(1), uuid(2)]
        hand.record_number(outbox.find(uuid(1))[0], "STT-1")
        assert [entry.id for entry in hand.waiting()] == [uuid(3), uuid(2)]

    def test_what_is_sent_meanwhile_is_nobodys_to_type(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """It may be on its way this very moment."""
        add(outbox, report(1))
        sending(outbox, 1)
        assert [*hand.waiting(), *hand.all_waiting()] == []

    def test_what_a_dead_run_left_is_let_go(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """Whatever its lease says, in whoever's turn it is; and it is known that it may have arrived."""
        add(outbox, report(1))
        sending(outbox, 1)
        hand.release_abandoned()
        (entry,) = hand.waiting()
        assert (entry.state, entry.calls, hand.task(entry).sent_before) == (State.QUEUED, 1, True)


class TestJob:
    """A report laid out."""

    def test_a_check_in_in_the_order_of_the_form(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """Every field that has a value, no other, and each as it was saved."""
        task = hand.task(add(outbox, report(1)))
        names = [line.name for line in task.lines]
        assert names == [item.name for item in FIELDS if item.name in names]
        assert names == [
            *("surname", "given_names", "sex", "birth_place", "birth_date", "nationality", "document_number"),
            *("issuing_state", "expiry_date", "check_in", "planned_check_out", "room", "purpose", "phone"),
        ]
        assert {line.before for line in task.lines} == {None}
        assert (task.lines[0], task.sent_before) == (FormField("surname", "ZYKOWSKI"), False)

    def test_every_field_of_a_permit(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """Between the passport and the stay, as the form has it."""
        permit = StayPermit("B1", "V-1", date(2026, 12, 20), date(2026, 11, 21))
        one = replace(report(1), guest=replace(guest(), stay_permit=permit, email="a@example.org"))
        lines = hand.task(add(outbox, one)).lines
        values = {line.name: line.value for line in lines}
        assert (values["stay_permit"], values["stay_permit_number"]) == ("B1", "V-1")
        assert (values["stay_until"], values["entry_date"]) == (date(2026, 12, 20), date(2026, 11, 21))
        assert list(values)[9:14] == ["stay_permit", "stay_permit_number", "stay_until", "entry_date", "check_in"]

    def test_a_correction_shows_what_changes(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """Against what the stay's reports said last: a new value, one that is gone, and the others as they were."""
        add(outbox, report(1))
        outbox.add(amended(2, 1, room="9"), due_at=None)
        entry = outbox.add(amended(3, 1, room="10", phone=None), due_at=None)
        lines = {line.name: line for line in hand.task(entry).lines}
        assert lines["room"] == FormField("room", "10", "9")
        assert lines["phone"] == FormField("phone", "", "+48600700800")
        assert [name for name, line in lines.items() if line.before is not None] == ["room", "phone"]

    def test_a_check_out_and_a_cancellation_say_who(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """By what APOA lists its guests, as it was said last; then what is new."""
        add(outbox, report(1))
        outbox.add(amended(2, 1, room="9"), due_at=None)
        out = hand.task(outbox.add(report(3, 1, Kind.CHECK_OUT), due_at=None))
        void = replace(report(4, 1, Kind.CANCEL), guest=None, stay=None, reason="never came")
        cancel = hand.task(outbox.add(void, due_at=None))
        who = ["surname", "given_names", "document_number", "check_in", "room"]
        assert [line.name for line in out.lines] == [*who, CHECK_OUT]
        assert [line.name for line in cancel.lines] == [*who, REASON]
        assert out.lines[4].value == "9"
        assert cancel.lines[-1].value == "never came"

    def test_a_check_out_whose_guest_was_erased(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """What is left is laid out."""
        add(outbox, report(1))
        outbox.record_receipt(uuid(1), receipt())
        outbox.eraser.stay(stay_id(1), force=True, dry_run=False)
        task = hand.task(outbox.add(report(2, 1, Kind.CHECK_OUT), due_at=None))
        assert [line.name for line in task.lines] == [CHECK_OUT]

    def test_a_correction_of_nothing_known(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """Nothing is marked: there is nothing to compare with."""
        task = hand.task(outbox.add(amended(2, 1), due_at=None))
        assert {line.before for line in task.lines} == {None}

    def test_no_repr_tells_of_the_guest(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """Nor of what APOA has."""
        add(outbox, report(1))
        task = hand.task(outbox.add(amended(2, 1, room="9"), due_at=None))
        assert not any(word in repr((task, task.lines)) for word in ("ZYKOWSKI", "X1234567", "Room-7-East"))


class TestNumber:
    """A number as it was typed."""

    @pytest.mark.parametrize("typed", ["STT-2026/11.0001", "  STT 1 \t\r\n", "1", "1" * MAX_NUMBER_LENGTH, "№ 7/é"])
    def test_whatever_apoa_may_give(self, typed: str) -> None:
        """As it stands there, without what surrounds it."""
        assert parse_receipt_number(typed) == typed.strip()

    @pytest.mark.parametrize(
        "typed",
        [
            "",
            "   ",
            "\n",
            "1" * (MAX_NUMBER_LENGTH + 1),
            "<",
            ">",
            "?",
            "-",
            "n",
            "tidak",
            "STT-\ufffd1",
            "ZX12345674POL8509122M3203282<<<<<<<<<<<<<<02",
            "S\x00T",
            "S\x1b[2J",
            "a\nb",
            "a\tb",
            "a\u202eb",
            "a\u200bb",
            "\ud800",
        ],
    )
    def test_what_is_no_number(self, typed: str) -> None:
        """Nothing, too much, what would move a cursor or hide text, moves, words, and a passport's line."""
        with pytest.raises(DataRefused):
            parse_receipt_number(typed)


class TestFiling:
    """The number that APOA gave."""

    def test_it_is_at_its_end_and_marked_as_typed(self, outbox: SqliteOutbox, hand: ByHand, clock: FixedClock) -> None:
        """With the time of typing, and told in the audit trail."""
        entry = hand.record_number(add(outbox, report(1)), "STT-1")
        assert entry.state is State.ACCEPTED
        assert entry.receipt is not None
        assert (entry.receipt.number, entry.receipt.issued_at, entry.receipt.typed) == ("STT-1", clock.now(), True)
        assert acts(outbox)[-1] == AuditEvent("received", uuid(1))

    def test_the_time_on_the_receipt(self, outbox: SqliteOutbox, hand: ByHand, clock: FixedClock) -> None:
        """Where it is told; one that is to come is refused."""
        at = clock.now() - HOUR
        hand.check_not_future(at)
        entry = hand.record_number(add(outbox, report(1)), "STT-1", at)
        assert entry.receipt is not None
        assert entry.receipt.issued_at == at
        with pytest.raises(DataRefused):
            hand.check_not_future(clock.now() + HOUR)

    def test_ones_own_number_may_be_typed_again(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """The last one counts."""
        entry = hand.record_number(add(outbox, report(1)), "STT-1")
        again = hand.record_number(entry, "STT-2")
        assert again.receipt is not None
        assert again.receipt.number == "STT-2"

    def test_the_authoritys_own_is_never_replaced(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """Whatever anybody types."""
        add(outbox, report(1))
        outbox.settle(sending(outbox, 1), [Change(uuid(1), State.ACCEPTED, receipt=receipt(7))])
        with pytest.raises(DataRefused):
            hand.record_number(outbox.find(uuid(1))[0], "STT-1")
        kept = outbox.find(uuid(1))[0].receipt
        assert kept is not None
        assert (kept.number, kept.typed) == ("STT-7", False)

    def test_what_was_replaced_or_withdrawn(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """There is nothing to be filed for it."""
        add(outbox, report(1))
        outbox.add(report(2, 1), due_at=LATER, replaces=[uuid(1)])
        add(outbox, report(3))
        outbox.withdraw([uuid(3)])
        for number, state in ((1, State.SUPERSEDED), (3, State.WITHDRAWN)):
            with pytest.raises(DataRefused):
                hand.record_number(outbox.find(uuid(number))[0], "STT-1")
            assert state_of(outbox, number) is state

    def test_what_is_being_sent(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """Not while another process has its turn; what a dead one left is filed."""
        add(outbox, report(1))
        sending(outbox, 1)
        entry = outbox.find(uuid(1))[0]
        with outbox.delivery_lock(0), pytest.raises(ReportMoved):
            hand.record_number(entry, "STT-1")
        assert hand.record_number(entry, "STT-1").state is State.ACCEPTED

    @pytest.mark.parametrize("state", [State.PENDING, State.REJECTED])
    def test_what_an_authority_left_open(self, outbox: SqliteOutbox, hand: ByHand, state: State) -> None:
        """APOA's number settles it."""
        add(outbox, report(1))
        outbox.settle(sending(outbox, 1), [Change(uuid(1), state, errors=(finding(),))])
        assert hand.record_number(outbox.find(uuid(1))[0], "STT-1").state is State.ACCEPTED

    def test_the_same_number_twice(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """Of another stay it is told; of the same stay it is as it should be."""
        first = hand.record_number(add(outbox, report(1)), "STT-1")
        out = outbox.add(report(2, 1, Kind.CHECK_OUT), due_at=None)
        other = add(outbox, report(3))
        assert hand.find_same_number("STT-1", out) is None
        assert hand.find_same_number("STT-1", other) == first
        assert hand.find_same_number("STT-9", other) is None

    def test_what_apoa_gave_no_number_for(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """It is filed under the number of the stay; where nobody knows one, under a mark."""
        hand.record_number(add(outbox, report(1)), "STT-1")
        out = outbox.add(report(2, 1, Kind.CHECK_OUT), due_at=None)
        alone = outbox.add(report(3, 3, Kind.CHECK_OUT), due_at=None)
        assert hand.stay_receipt_number(out) == "STT-1"
        assert hand.stay_receipt_number(alone) == UNKNOWN_NUMBER


class TestFind:
    """Which report an id means."""

    def test_one_report(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """By its id, its short id, or enough of it."""
        entry = add(outbox, report(1))
        assert hand.find(entry.id) == hand.find(f" {uuid(1)[-8:]} ") == entry

    def test_a_stay_means_what_waits_of_it(self, outbox: SqliteOutbox, hand: ByHand) -> None:
        """Where that is one report."""
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
