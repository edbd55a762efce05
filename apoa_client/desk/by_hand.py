"""Typing into APOA by hand, where no authority speaks the contract yet: what waits, laid out, and the answers filed.

A report is laid out in the order of APOA's own form. Whoever typed it there files the number of the Surat Tanda Terima
that APOA gave, and the report is at its end: marked as typed, because no server vouches for it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TypeAlias

from apoa_client.desk.stay_history import Stays, ambiguous_reference_error, unknown_reference_error
from apoa_client.errors import DataRefused, Erased
from apoa_client.messages import msg
from apoa_client.passport.dates import PartialDate
from apoa_client.ports import Change, Clock, DeliveryState, Entry, Selection
from apoa_client.report.deadline import CLOCK_TOLERANCE
from apoa_client.report.fields import FIELDS
from apoa_client.report.kinds import OPEN_STATES, Kind, Purpose, Receipt, State, short_id
from apoa_client.report.model import Guest, Report, Stay

Value: TypeAlias = str | date | datetime | PartialDate | Purpose
"""What stands in a field: text, and a date only as far as it is known."""

CHECK_OUT, REASON = "check_out", "reason"
"""Names of what a departure and a cancellation say, beside those of `apoa_client.report.fields`."""

UNKNOWN_NUMBER = "-"
"""Filed for what was done in APOA, which gave no number for it nor for anything of the stay before."""

MAX_NUMBER_LENGTH = 64
_ON_NO_RECEIPT = frozenset("<>?\N{REPLACEMENT CHARACTER}")
"""What is typed to move or to be helped, stands in a passport's lines, or could not be read as text."""

_WHO = ("surname", "given_names", "document_number", "check_in", "room")
"""By what a guest is found in APOA."""
_LIKELY_AGAIN = timedelta(days=90)
"""How far back another report with the same number is looked for."""


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of APOA's form; an empty value is to be emptied there. `before` is what APOA has, where it differs."""

    name: str
    value: Value = field(repr=False)
    before: Value | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class TypingTask:
    """One report to be typed in."""

    entry: Entry
    lines: tuple[FormField, ...] = field(repr=False)

    @property
    def sent_before(self) -> bool:
        """Whether it may have reached an authority already, so that APOA is to be looked at first."""
        return self.entry.calls > 0


class ByHand:
    """What is to be typed in, and what came of it. Laying out needs the private key; filing needs none."""

    def __init__(self, outbox: DeliveryState, clock: Clock, stays: Stays) -> None:
        self._outbox = outbox
        self._clock = clock
        self._stays = stays

    def waiting(self) -> Iterator[Entry]:
        """The first report of each stay that waits, most urgent first: a stay's reports go one after the other."""
        return (entry for entry in self._outbox.heads() if entry.state is State.QUEUED)

    def all_waiting(self) -> Iterator[Entry]:
        """All that waits, most urgent stay first, the reports of a stay together and in their order."""
        for head in self.waiting():
            yield from (entry for entry in self._stays.of(head.stay_id).active_reports if entry.state is State.QUEUED)

    def task(self, entry: Entry) -> TypingTask:
        """Lay one out. Raises `CredentialsProblem`, `SealBroken`, or `Erased`."""
        report = self._outbox.content(entry).report
        known = self._told_before(entry)
        if report.kind is Kind.CHECK_IN:
            return TypingTask(entry, tuple(FormField(name, value) for name, value in field_values(report).items()))
        if report.kind is Kind.AMEND:
            return TypingTask(entry, tuple(_corrected(field_values(report), known)))
        return TypingTask(entry, (*(FormField(name, known[name]) for name in _WHO if name in known), *_said(report)))

    def find(self, reference: str) -> Entry:
        """The report that an id means; of a stay's id, the one that is not at its end. Raises `UsageProblem`."""
        found = self._outbox.find(reference.strip())
        if not found:
            raise unknown_reference_error(reference)
        if len(found) > 1:
            found = [entry for entry in found if entry.state in OPEN_STATES] or found
        if len(found) > 1:
            raise ambiguous_reference_error(reference, found)
        return found[0]

    def find_same_number(self, number: str, entry: Entry) -> Entry | None:
        """A report of another stay that has this very number already: one of them was probably mistyped."""
        recent = Selection(frozenset({State.ACCEPTED}), since=self._clock.now() - _LIKELY_AGAIN)
        return next((each for each in self._outbox.entries(recent) if _same_number(each, number, entry)), None)

    def stay_receipt_number(self, entry: Entry) -> str:
        """What is filed for a check-out, correction or cancellation that APOA took without giving a number of its own.

        The Surat Tanda Terima is about the whole stay, so that is the number under which APOA has it.
        """
        receipts = [each.receipt for each in self._stays.of(entry.stay_id).active_reports if each.receipt is not None]
        return receipts[-1].number if receipts else UNKNOWN_NUMBER

    def file(self, entry: Entry, number: str, issued_at: datetime | None = None) -> Entry:
        """File the number that APOA gave; the report is at its end. A number of one's own may be typed again.

        Raises `DataRefused` for a report that is past that, and `ReportMoved` for one that is being sent.
        """
        _check_open(entry)
        if entry.state is State.SENDING:
            self._free(entry)
        at = issued_at or self._clock.now()
        self._outbox.record_receipt(entry.id, Receipt(number, at, typed=True))
        return next(iter(self._outbox.find(entry.id)), entry)

    def check_not_future(self, issued_at: datetime) -> None:
        """Refuse a time that is still to come. Raises `DataRefused`."""
        if issued_at > self._clock.now() + CLOCK_TOLERANCE:
            raise DataRefused(msg("That time is still to come."), msg("Give the time that stands on APOA's receipt."))

    def release_abandoned(self) -> None:
        """Let go of what a run that died was sending: to be called in the outbox's turn, when nobody sends."""
        for entry in list(self._outbox.heads()):
            if entry.state is State.SENDING:
                self._let_go(entry)

    def _free(self, entry: Entry) -> None:
        with self._outbox.delivery_lock(0) as ours:
            if ours:
                self._let_go(entry)

    def _let_go(self, entry: Entry) -> None:
        """Back to the queue, as one that may have arrived. No lease is anybody's while the turn is ours."""
        now = self._clock.now()
        lease, got = self._outbox.claim([entry.id], now=now, lease_until=now)
        back = [Change(e.id, State.QUEUED, e.last_error, e.next_attempt_at, e.not_before, unsent=True) for e in got]
        self._outbox.settle(lease, back)

    def _told_before(self, entry: Entry) -> dict[str, Value]:
        """What the stay's reports before this one said last of guest and stay."""
        before = [each for each in self._stays.of(entry.stay_id).active_reports if each.seq < entry.seq]
        whole = next((each for each in reversed(before) if each.kind in {Kind.CHECK_IN, Kind.AMEND}), None)
        if whole is None:
            return {}
        try:
            return field_values(self._outbox.content(whole).report)
        except Erased:
            return {}


def parse_receipt_number(text: str) -> str:
    """A number as APOA gave it, from what was typed. Raises `DataRefused`."""
    number = text.strip(" \t\r\n")
    if not number:
        raise DataRefused(msg("A receipt number is missing."), msg("Type it as it stands on APOA's receipt."))
    if len(number) > MAX_NUMBER_LENGTH or not number.isprintable():
        raise DataRefused(
            msg("This is no receipt number: it is too long, or there are invisible characters in it."),
            msg("Type it as it stands on APOA's receipt."),
        )
    strange = [c for c in number if c in _ON_NO_RECEIPT]
    if strange:
        raise DataRefused(
            msg("{character} stands in no receipt number.", character=strange[0]),
            msg("Type it as it stands on APOA's receipt."),
        )
    if not any(c.isdigit() for c in number):
        raise DataRefused(
            msg("There is no digit in it, and every receipt number has some."),
            msg("Type it as it stands on APOA's receipt."),
        )
    return number


def field_values(report: Report) -> dict[str, Value]:
    """What a report says of guest and stay, by field, in the order of APOA's form; nothing for what is not known."""
    given = (_of_guest(report.guest) if report.guest is not None else {}) | (
        _of_stay(report.stay) if report.stay is not None else {}
    )
    return {item.name: value for item in FIELDS if (value := given.get(item.name))}


def _of_guest(guest: Guest) -> dict[str, Value | None]:
    permit = guest.stay_permit
    return {
        "surname": guest.surname,
        "given_names": guest.given_names,
        "sex": guest.sex,
        "birth_place": guest.birth_place,
        "birth_date": guest.birth_date,
        "nationality": guest.nationality,
        "document_number": guest.document.number,
        "issuing_state": guest.document.issuing_state,
        "expiry_date": guest.document.expiry_date,
        "stay_permit": permit.code if permit is not None else None,
        "stay_permit_number": permit.number if permit is not None else None,
        "stay_until": permit.valid_until if permit is not None else None,
        "entry_date": permit.entry_date if permit is not None else None,
        "phone": guest.phone,
        "email": guest.email,
    }


def _of_stay(stay: Stay) -> dict[str, Value | None]:
    return {
        "check_in": stay.check_in,
        "planned_check_out": stay.planned_check_out,
        "room": stay.room,
        "purpose": stay.purpose,
        "note": stay.note,
    }


def _corrected(now: Mapping[str, Value], before: Mapping[str, Value]) -> Iterator[FormField]:
    for item in FIELDS:
        value, old = now.get(item.name, ""), before.get(item.name, "")
        if value or old:
            yield FormField(item.name, value, old if before and value != old else None)


def _said(report: Report) -> Iterator[FormField]:
    if report.check_out is not None:
        yield FormField(CHECK_OUT, report.check_out)
    if report.reason:
        yield FormField(REASON, report.reason)


def _same_number(other: Entry, number: str, entry: Entry) -> bool:
    return other.receipt is not None and other.receipt.number == number and other.stay_id != entry.stay_id


def _check_open(entry: Entry) -> None:
    """Refuse what has come to an end without anything to be typed."""
    what = {"id": short_id(entry.id)}
    if entry.state is State.SUPERSEDED:
        raise DataRefused(
            msg("Report {id} was replaced by another one.", **what),
            msg("File the number for the report that took its place; find it with: apoa list"),
        )
    if entry.state is State.WITHDRAWN:
        raise DataRefused(
            msg("Report {id} was withdrawn, so there is no number to file for it.", **what),
            msg("If the guest is there after all, report them anew with: apoa report"),
        )
    if entry.state is State.ACCEPTED and entry.receipt is not None and not entry.receipt.typed:
        raise DataRefused(
            msg("Report {id} has the authority's own receipt, which is not replaced.", **what),
            msg("Show it with: apoa receipt {id}", **what),
        )
