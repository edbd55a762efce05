"""Reports that staff type into APOA by hand, because no authority offers the contract yet.

No description of APOA's form was found, so a report is laid out in our order, or in the one that the property's
settings give. The staff then enter the receipt number (Surat Tanda Terima) that APOA gave, and the report is accepted.
Its receipt is marked as typed, because no server confirms the number.
"""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from apoa_client.delivery import plan
from apoa_client.desk.stay_history import Stays, ambiguous_reference_error, unknown_reference_error
from apoa_client.errors import DataRefused, Erased
from apoa_client.messages import Message, msg
from apoa_client.ports.entries import Entry, Selection
from apoa_client.ports.run import Clock
from apoa_client.report.fields import FIELDS, FieldValue, field_values
from apoa_client.report.kinds import CLOCK_TOLERANCE, NO_NUMBER, NO_REASON, OPEN_STATES, Kind, Receipt, State, short_id

if TYPE_CHECKING:
    from apoa_client.outbox.sql.store import Outbox

CHECK_OUT, REASON = "check_out", "reason"
"""Names of the fields of check-outs and cancellations; the others are in `apoa_client.report.fields`."""

NOT_SENT = msg("A report whose number you record here is not sent to the authority.")
"""For a property whose reports are usually sent."""

MAX_NUMBER_LENGTH = 64
_NOT_IN_A_NUMBER = frozenset("<>?\N{REPLACEMENT CHARACTER}")
"""Characters that move between questions, ask for help, fill an MRZ line, or could not be decoded."""

_IDENTIFYING_FIELDS = ("surname", "given_names", "document_number", "check_in", "room")
"""The fields by which staff find a guest in APOA."""
_SAME_NUMBER_PERIOD = timedelta(days=90)
"""How far back another report with the same number is looked for."""
_USUAL_PERIOD, _USUAL = timedelta(days=30), 5
"""How far back the usual form of a number is looked for, and how many of the last ones show it."""
_SHORTEST = 4
"""Characters of the shortest number that is believed without a second look."""
_OTHER_LENGTH = 2
"""How many characters longer or shorter than all of the last ones a number may be."""


@dataclass(frozen=True, slots=True)
class FormField:
    """One field to type into APOA. An empty `value` is to be deleted there; `before` is what APOA has, if different."""

    name: str
    value: FieldValue = field(repr=False)
    before: "FieldValue | None" = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class TypingTask:
    """One report to type into APOA."""

    entry: Entry
    lines: tuple[FormField, ...] = field(repr=False)

    @property
    def sent_before(self) -> bool:
        """Whether the report may have reached an authority already, so that staff must look in APOA first."""
        return self.entry.calls > 0


class ByHand:
    """Lays out the reports that staff type into APOA, and records the receipt numbers that APOA gives.

    Laying out needs the private key; recording a number does not. The fields in `order` come first, the others follow
    in the order of `apoa_client.report.fields`.
    """

    def __init__(self, outbox: "Outbox", clock: Clock, stays: Stays, order: Sequence[str] = ()) -> None:
        self._outbox = outbox
        self._clock = clock
        self._stays = stays
        self._places = {name: place for place, name in enumerate(order)}

    def waiting(self) -> Iterator[Entry]:
        """Return the first waiting report of each stay, most urgent first: a stay's reports are typed in order."""
        return (entry for entry in self._outbox.heads() if entry.state is State.QUEUED)

    def all_waiting(self) -> Iterator[Entry]:
        """Return all waiting reports: the most urgent stay first, the reports of a stay together and in order."""
        for head in self.waiting():
            yield from (entry for entry in self._stays.of(head.stay_id).active_reports if entry.state is State.QUEUED)

    def task(self, entry: Entry) -> TypingTask:
        """Return the fields of one report in order. Raises `CredentialsProblem`, `SealBroken` or `Erased`."""
        lines = self._lines(entry)
        return TypingTask(entry, tuple(sorted(lines, key=lambda line: self._places.get(line.name, len(self._places)))))

    def _lines(self, entry: Entry) -> list[FormField]:
        """Return the fields of one report in our order."""
        report = self._outbox.content(entry).report
        values = field_values(report)
        if report.kind is Kind.CHECK_IN:
            return [FormField(name, value) for name, value in values.items()]
        known = self._reported_before(entry)
        lines = []
        if report.kind is Kind.AMEND:
            for name in (item.name for item in FIELDS):
                value, old = values.get(name, ""), known.get(name, "")
                if value or old:
                    lines.append(FormField(name, value, old if known and value != old else None))
            return lines
        lines += [FormField(name, known[name]) for name in _IDENTIFYING_FIELDS if name in known]
        if report.check_out is not None:
            lines.append(FormField(CHECK_OUT, report.check_out))
        if report.reason and report.reason != NO_REASON:
            lines.append(FormField(REASON, report.reason))
        return lines

    def _reported_before(self, entry: Entry) -> dict[str, FieldValue]:
        """Return the field values of the last check-in or correction before this report; none if it was erased."""
        earlier = [each for each in self._stays.of(entry.stay_id).active_reports if each.seq < entry.seq]
        full = next((each for each in reversed(earlier) if each.kind in {Kind.CHECK_IN, Kind.AMEND}), None)
        if full is None:
            return {}
        try:
            return field_values(self._outbox.content(full).report)
        except Erased:
            return {}

    def find(self, reference: str) -> Entry:
        """Return the report with this id; for the id of a stay, its open report. Raises `UsageProblem`."""
        found = self._outbox.find(reference.strip())
        if not found:
            raise unknown_reference_error(reference)
        if [entry.state for entry in found] == [State.SUPERSEDED]:  # the id that lists still show for the stay
            found = [*self._stays.of(found[0].stay_id).active_reports] or found
        if len(found) > 1:
            found = [entry for entry in found if entry.state in OPEN_STATES] or found
        if len(found) > 1:
            raise ambiguous_reference_error(reference, found)
        return found[0]

    def find_same_number(self, number: str, entry: Entry) -> Entry | None:
        """Return a recent report of another stay with the same number: one of the two was probably mistyped."""
        since = self._clock.now() - _SAME_NUMBER_PERIOD
        others = (other for other in self._outbox.with_receipt(number) if other.stay_id != entry.stay_id)
        return next((other for other in others if other.created_at >= since), None)

    def doubt(self, number: str, entry: Entry) -> Message | None:
        """Return why a number is probably not the report's, so that it is asked again; None for no reason."""
        if entry.kind is not Kind.CHECK_IN and number == self.stay_receipt_number(entry):
            return None
        if (other := self.find_same_number(number, entry)) is not None:
            return msg("Report {id} of another stay has this number already.", id=short_id(other.id))
        usual = self._usual_numbers(entry)
        if usual and not any(_alike(number, each) for each in usual):
            return msg("This number is unlike the last ones. The last one was {number}.", number=usual[-1])
        return msg("This number is unusually short.") if len(number) < _SHORTEST else None

    def _usual_numbers(self, entry: Entry) -> list[str]:
        """Return the last numbers that staff typed for other reports, the newest last."""
        recent = Selection(states=frozenset({State.ACCEPTED}), since=self._clock.now() - _USUAL_PERIOD)
        others = (each.receipt for each in self._outbox.entries(recent) if each.id != entry.id)
        typed = (each.number for each in others if each is not None and each.typed and each.has_number)
        return list(deque(typed, _USUAL))

    def stay_receipt_number(self, entry: Entry) -> str:
        """Return the number to record for a report that got no number of its own.

        It is the latest number of the stay, because the Surat Tanda Terima is about the whole stay; `NO_NUMBER` for the
        check-in itself.
        """
        if entry.kind is Kind.CHECK_IN:
            return NO_NUMBER
        receipts = [each.receipt for each in self._stays.of(entry.stay_id).active_reports if each.receipt is not None]
        return receipts[-1].number if receipts else NO_NUMBER

    def record_number(self, entry: Entry, number: str, issued_at: datetime | None = None, *, lease: str = "") -> Entry:
        """Record APOA's number for a report, which is then accepted. A typed number may be typed again.

        `lease` is what `claimed` gave for the report. Raises `DataRefused` if the report is already decided, and
        `ReportMoved` if it is being sent.
        """
        _refuse_if_decided(entry)
        if entry.state is State.SENDING:
            self._requeue(entry)
        at = issued_at or self._clock.now()
        self._outbox.record_receipt(entry.id, Receipt(number, at, typed=True), lease)
        return next(iter(self._outbox.find(entry.id)), entry)

    def check_not_future(self, issued_at: datetime) -> None:
        """Raise `DataRefused` for a time in the future."""
        if issued_at > self._clock.now() + CLOCK_TOLERANCE:
            raise DataRefused(msg("That time is in the future."), msg("Give the time printed on APOA's receipt."))

    def release_abandoned(self) -> None:
        """Requeue what an aborted delivery was sending, once its lease is over."""
        for entry in list(self._outbox.heads()):
            if entry.state is State.SENDING:
                self._requeue(entry)

    def _requeue(self, entry: Entry) -> None:
        """Requeue a report as one that may have arrived, unless another process has its lease."""
        with self.claimed(entry):
            pass

    @contextmanager
    def claimed(self, entry: Entry) -> Iterator[str]:
        """Keep a report from senders and other desks while it is typed; yield the lease, or "" if one of them has it.

        It lasts five minutes, unless it is renewed. A report whose number was not recorded is queued again as it was.
        """
        now = self._clock.now()
        lease, got = self._outbox.claim([entry.id], now=now, lease_until=now + plan.LEASE)
        try:
            yield lease if got else ""
        finally:
            self._outbox.release(lease)

    def renew(self, lease: str) -> None:
        """Let a lease last for five more minutes. One that another desk took over stays that desk's."""
        now = self._clock.now()
        self._outbox.renew(lease, now=now, lease_until=now + plan.LEASE)


def parse_receipt_number(text: str) -> str:
    """Return a receipt number from what was typed. Raises `DataRefused`."""
    number = text.strip(" \t\r\n")
    strange = [character for character in number if character in _NOT_IN_A_NUMBER]
    if not number:
        problem = msg("A receipt number is missing.")
    elif len(number) > MAX_NUMBER_LENGTH or not number.isprintable():
        problem = msg("This is not a receipt number: it is too long, or contains invisible characters.")
    elif strange:
        problem = msg("A receipt number never contains {character}.", character=strange[0])
    elif not any(character.isdigit() for character in number):
        problem = msg("It contains no digit, and every receipt number contains some.")
    else:
        return number
    raise DataRefused(problem, msg("Type it as printed on APOA's receipt."))


def recorded_message(entry: Entry, number: str) -> Message:
    """Return the message that a receipt number was recorded."""
    if number == NO_NUMBER:
        return msg("Recorded: report {id}, typed into APOA, without a number.", id=short_id(entry.id))
    return msg(
        "Recorded: report {id}, receipt number {number}, typed in by staff.", id=short_id(entry.id), number=number
    )


def _alike(number: str, other: str) -> bool:
    """Whether two numbers are of one form: letters, digits and signs in the same order, and about as long."""
    return abs(len(number) - len(other)) <= _OTHER_LENGTH and _form(number) == _form(other)


def _form(number: str) -> str:
    """Return a number with one 9 for each run of digits and one A for each run of letters."""
    return re.sub(r"[^\W\d_]+", "A", re.sub(r"\d+", "9", number))


def _refuse_if_decided(entry: Entry) -> None:
    """Raise `DataRefused` for a report for which no number can be recorded any more."""
    what = {"id": short_id(entry.id)}
    if entry.state is State.SUPERSEDED:
        raise DataRefused(
            msg("Report {id} was replaced by another one.", **what),
            msg("Record the number for the report that replaced it; find that report with: apoa list"),
        )
    if entry.state is State.WITHDRAWN:
        raise DataRefused(
            msg("Report {id} was withdrawn, so there is no number to record for it.", **what),
            msg("If the guest did arrive, report them again with: apoa report"),
        )
    if entry.state is State.ACCEPTED and entry.receipt is not None and not entry.receipt.typed:
        raise DataRefused(
            msg("Report {id} has a receipt from the authority, which cannot be replaced.", **what),
            msg("Show it with: apoa receipt {id}", **what),
        )
