"""The history of a stay: its reports in order, whether the guest is in house, and how stays are found in the outbox.

The night of a property is from noon to noon: it is what one shift hands over to the next.

Everything here comes from the unencrypted columns of the outbox, so no key is needed.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from apoa_client.errors import UsageProblem
from apoa_client.messages import msg
from apoa_client.ports.entries import Entry, Selection
from apoa_client.report.kinds import MAX_OVERSTAY, Kind, State, short_id
from apoa_client.report.model import Report

if TYPE_CHECKING:
    from apoa_client.outbox.sql.store import Outbox


class Period(NamedTuple):
    """Check-in nights, the first and the last included; None for no limit."""

    first: date | None = None
    last: date | None = None

    def includes(self, night: date) -> bool:
        """Return whether a night is in the period."""
        return (self.first is None or self.first <= night) and (self.last is None or night <= self.last)


class _Reports(NamedTuple):
    entries: tuple[Entry, ...]


class StayHistory(_Reports):
    """The reports of one stay, in order (contract: a stay is a sequence of reports)."""

    @property
    def stay_id(self) -> str:
        """The id of the stay."""
        return self.entries[0].stay_id

    @cached_property
    def active_reports(self) -> tuple[Entry, ...]:
        """The reports that were neither replaced nor withdrawn. A refused report is active until it is corrected."""
        return tuple(entry for entry in self.entries if entry.state not in {State.SUPERSEDED, State.WITHDRAWN})

    @cached_property
    def current_report(self) -> Entry | None:
        """The latest active report with guest and stay; None if the whole stay was withdrawn."""
        full = (entry for entry in reversed(self.active_reports) if entry.kind in {Kind.CHECK_IN, Kind.AMEND})
        return next(full, None)

    @property
    def arrival(self) -> date:
        """The first night by the current report; a day long ago for an old record without nights."""
        return (self.current_report.first_night if self.current_report is not None else None) or date.min

    @property
    def planned_morning(self) -> date | None:
        """The planned morning of departure; None without a current report, and for an old record without nights."""
        return self.current_report.last_morning if self.current_report is not None else None

    @property
    def display_report(self) -> Entry:
        """The report that is shown for the stay: the current report, or the first one of a withdrawn stay."""
        return self.current_report or self.entries[0]

    @property
    def shown_id(self) -> str:
        """The short id that staff see and type for the stay: that of the first report, also after a correction.

        A report that replaces the check-in takes its place in the order, and the replaced one is moved to the end.
        """
        replaced = (each for each in self.entries if (each.kind, each.state) == (Kind.CHECK_IN, State.SUPERSEDED))
        return short_id(next(replaced, self.entries[0]).id)

    @cached_property
    def check_out(self) -> Entry | None:
        """The check-out, if it is the last active report: a correction after it means that the guest is back."""
        last = self.active_reports[-1:]
        return last[0] if last and last[0].kind is Kind.CHECK_OUT else None

    @cached_property
    def cancel(self) -> Entry | None:
        """The cancellation, if there is one."""
        return next((entry for entry in self.active_reports if entry.kind is Kind.CANCEL), None)

    @property
    def is_active(self) -> bool:
        """Whether the stay was neither withdrawn nor cancelled."""
        return self.current_report is not None and self.cancel is None

    @property
    def in_house(self) -> bool:
        """Whether the guest has arrived and not left."""
        return self.is_active and self.check_out is None

    @property
    def withdrawable(self) -> bool:
        """Whether the authority certainly has no report of the stay, so that it can be withdrawn without traffic."""
        return all(entry.withdrawable for entry in self.active_reports)

    def check_in_night(self, zone: tzinfo) -> date:
        """Return the first night by the report that is shown; if that does not tell, the day of the first report."""
        return self.display_report.first_night or self.entries[0].created_at.astimezone(zone).date()

    def left_on(self, zone: tzinfo) -> date | None:
        """Return the day of the check-out; None if there is none."""
        left = self.check_out.ends_at if self.check_out is not None else None
        return left.astimezone(zone).date() if left is not None else None

    def last_morning(self, zone: tzinfo) -> date | None:
        """Return the planned morning of departure, or that of an earlier check-out; None without a current report."""
        end = self.planned_morning
        return min(end, self.left_on(zone) or end) if end is not None else None

    def covers(self, first_night: date, last_morning: date, zone: tzinfo) -> bool:
        """Return whether the guest was reported for any night from `first_night` to the morning `last_morning`."""
        current, end = self.current_report, self.last_morning(zone)
        if current is None or not self.is_active or current.first_night is None or end is None:
            return False
        return current.first_night < last_morning and first_night < end


_NOON = time(12)
_ONE_DAY = timedelta(days=1)


class Night(NamedTuple):
    """A night of the property, from noon to noon, local time. Before noon it is the night that began yesterday.

    `today` is the local date of the moment for which the night was determined: of the evening or of the morning.
    """

    evening: date
    today: date
    ends_at: datetime

    @property
    def morning(self) -> date:
        """The day on which the night ends."""
        return self.evening + _ONE_DAY

    @property
    def is_morning(self) -> bool:
        """Whether `today` is the morning after."""
        return self.today == self.morning


def night_at(now: datetime, zone: tzinfo) -> Night:
    """Return the current or coming night in a time zone."""
    local = now.astimezone(zone)
    evening = local.date() if local.time() >= _NOON else local.date() - _ONE_DAY
    return Night(evening, local.date(), datetime.combine(evening + _ONE_DAY, _NOON, zone))


class NightGuests(NamedTuple):
    """The stays of a night, each list in the given order. A stay may be in several lists."""

    in_house: Sequence[StayHistory]
    """The guest has arrived and not left."""
    arrived: Sequence[StayHistory]
    """The guest arrived on the day of the evening or later; perhaps they have left again."""
    leaving: Sequence[StayHistory]
    """The guest is in house and leaves in the morning."""
    overdue: Sequence[StayHistory]
    """The guest is in house although the planned departure was before the night."""


def guests_of_night(stays: Iterable[StayHistory], night: Night) -> NightGuests:
    """Sort active stays into the lists of a night. A guest who is reported before arrival is in no list yet."""
    arrived = [stay for stay in stays if stay.is_active and stay.arrival <= night.today]
    in_house = [stay for stay in arrived if stay.in_house]
    return NightGuests(
        in_house=in_house,
        arrived=[stay for stay in arrived if stay.arrival >= night.evening],
        leaving=[stay for stay in in_house if stay.planned_morning == night.morning],
        overdue=[stay for stay in in_house if (stay.planned_morning or date.max) < night.morning],
    )


class Stays:
    """Finds stays in the outbox."""

    def __init__(self, outbox: "Outbox", zone: tzinfo) -> None:
        self._outbox = outbox
        self._zone = zone

    def of(self, stay_id: str) -> StayHistory:
        """Return the stay with this id, which must exist."""
        return StayHistory(tuple(self._outbox.entries(Selection(stay_id=stay_id))))

    def guest_report(self, report: Report, open_report: Callable[[Entry], Report | None]) -> Report | None:
        """Return the report that holds guest and stay: the report itself, or else the stay's current report.

        `open_report` decrypts the current report. None if the whole stay was withdrawn.
        """
        if report.guest is not None:
            return report
        current = self.of(report.stay_id).current_report
        return open_report(current) if current is not None else None

    def find(self, reference: str) -> tuple[StayHistory, Entry]:
        """Return the stay and the report for the id, or a unique beginning of the id, of a report or a stay.

        For the id of a stay, the report is the first of the stay. Raises `UsageProblem`.
        """
        found = self._outbox.find(reference.strip())
        if not found:
            raise unknown_reference_error(reference)
        stays = {entry.stay_id for entry in found}
        if len(stays) > 1:
            raise ambiguous_reference_error(reference, found)
        history = self.of(stays.pop())
        return history, found[0] if len(found) == 1 else history.entries[0]

    def recent(self, today: date) -> Iterator[StayHistory]:
        """Yield the active stays that end at most `MAX_OVERSTAY` before `today`, by planned day of departure.

        They include guests who left early and guests who have not arrived yet. Each is read when it is asked for, at
        its current report: one that is corrected at that very moment may be missing.
        """
        for entry in self._outbox.entries(Selection(leaving_from=today - MAX_OVERSTAY, by_departure=True)):
            stay = self.of(entry.stay_id)
            # A current report of an old version has no nights.
            reports = (stay.current_report, *stay.entries)
            with_nights = (each for each in reports if each is not None and each.last_morning is not None)
            if stay.is_active and next(with_nights, entry).id == entry.id:
                yield stay

    def in_house(self, today: date) -> Iterator[StayHistory]:
        """Return the stays whose guest has arrived and not left, by planned day of departure, as `recent`."""
        return (stay for stay in self.recent(today) if stay.in_house)

    def on_nights(self, first_night: date, last_morning: date) -> Iterator[StayHistory]:
        """Return the stays that include any of these nights, also of guests who have left since, by departure day."""
        night = timedelta(days=1)
        entries = self._outbox.entries(Selection(leaving_from=first_night + night, arriving_by=last_morning - night))
        stays = [self.of(stay_id) for stay_id in dict.fromkeys(entry.stay_id for entry in entries)]
        covering = (stay for stay in stays if stay.covers(first_night, last_morning, self._zone))
        yield from sorted(covering, key=lambda stay: (stay.planned_morning or date.max, stay.entries[0].seq))

    def arrived(self, period: Period) -> Iterator[StayHistory]:
        """Yield the stays whose check-in night is in the period, withdrawn and cancelled ones too, the oldest first.

        A stay that is changed meanwhile is yielded once, because its first position does not change.
        """

        def may_be_shown(entry: Entry) -> bool:
            """Return whether this report may be the one by which the stay is in the period."""
            return entry.first_night is None or period.includes(entry.first_night)

        for entry in filter(may_be_shown, self._outbox.entries(Selection())):
            history = self.of(entry.stay_id)
            first = next(filter(may_be_shown, history.entries), None)  # of several such reports, the others are ignored
            is_first = first is not None and first.seq == entry.seq
            if is_first and period.includes(history.check_in_night(self._zone)):
                yield history

    def same_guest(
        self, tag: int, first_night: date, last_morning: date, *, but: str = "", same_arrival: bool = False
    ) -> Iterator[StayHistory]:
        """Return the stays of the guest with this hash for any of these nights, except the stay with the id `but`.

        With `same_arrival`, also one that begins on the first night and was ended early.

        Only the current report counts: after a correction of the passport, an earlier one is not the guest's any more.
        """
        found = self._outbox.same_guest(tag, first_night, last_morning)
        ids = {entry.id for entry in found}
        for stay_id in dict.fromkeys(entry.stay_id for entry in found if entry.stay_id != but):
            history = self.of(stay_id)
            current = history.current_report
            if current is None or current.id not in ids or not history.is_active:
                continue
            arrived_then = same_arrival and current.first_night == first_night
            if arrived_then or history.covers(first_night, last_morning, self._zone):
                yield history


def unknown_reference_error(reference: str) -> UsageProblem:
    """Return the error for what no report fits. It repeats an id, but no name, which may be a guest's."""
    advice = msg("To see the short ids: apoa list")
    if not may_be_id(reference):
        return UsageProblem(msg("No report has this ID, and no guest this name or room."), advice)
    return UsageProblem(msg("There is no report {id}.", id=reference), advice)


def ambiguous_reference_error(reference: str, found: Iterable[Entry]) -> UsageProblem:
    """Return the error for what several reports or stays fit. It repeats an id, but no name."""
    candidates = ", ".join(short_id(entry.id) for entry in found)
    if not may_be_id(reference):
        return UsageProblem(
            msg("Several reports fit: {candidates}.", candidates=candidates), msg("Give one of these ids.")
        )
    return UsageProblem(
        msg("{id} can mean several reports: {candidates}.", id=reference, candidates=candidates),
        msg("Give more of the id."),
    )


def may_be_id(reference: str) -> bool:
    """Return whether a text has only the characters of an id."""
    return set(reference.strip().lower()) <= set("0123456789abcdef-")
