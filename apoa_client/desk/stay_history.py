"""A stay as its reports tell it: who is in house, since when, and what can still be done about it.

Read off what stands outside the seal, so that it is known with the keyring locked too.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from functools import cached_property

from apoa_client.errors import UsageProblem
from apoa_client.messages import msg
from apoa_client.ports import Entry, ReportQueue, Selection
from apoa_client.report.kinds import Kind, State, short_id
from apoa_client.report.model import Report

_GONE = frozenset({State.SUPERSEDED, State.WITHDRAWN})
_WHOLE = frozenset({Kind.CHECK_IN, Kind.AMEND})
"""Kinds that carry guest and stay, whole."""

MAX_OVERSTAY = timedelta(days=31)
"""How long after the planned day a guest without a check-out still counts as in house."""


@dataclass(frozen=True)
class StayHistory:
    """One stay's reports, in their order (contract: a stay is a sequence of reports)."""

    entries: tuple[Entry, ...]

    @property
    def stay_id(self) -> str:
        """The stay's id."""
        return self.entries[0].stay_id

    @cached_property
    def active_reports(self) -> tuple[Entry, ...]:
        """Those that were neither replaced nor withdrawn; a refused one stands, until it is mended."""
        return tuple(entry for entry in self.entries if entry.state not in _GONE)

    @cached_property
    def current_report(self) -> Entry | None:
        """The report that holds what was last said of guest and stay; None where nothing stands."""
        return next((entry for entry in reversed(self.active_reports) if entry.kind in _WHOLE), None)

    @property
    def display_report(self) -> Entry:
        """The report by whose id the stay is called: what was last said, or the first where nothing stands."""
        return self.current_report or self.entries[0]

    @cached_property
    def check_out(self) -> Entry | None:
        """The check-out that counts: a correction after it says that the guest is there again."""
        last = self.active_reports[-1:]
        return last[0] if last and last[0].kind is Kind.CHECK_OUT else None

    @cached_property
    def cancel(self) -> Entry | None:
        """The cancellation, if there is one."""
        return next((entry for entry in self.active_reports if entry.kind is Kind.CANCEL), None)

    @property
    def is_active(self) -> bool:
        """Whether it stands at all, and was not cancelled."""
        return self.current_report is not None and self.cancel is None

    @property
    def in_house(self) -> bool:
        """Whether the guest has come and not gone."""
        return self.is_active and self.check_out is None

    @property
    def withdrawable(self) -> bool:
        """Whether the authority has nothing of it, for certain, and need never hear of it."""
        return all(entry.withdrawable for entry in self.active_reports)

    def covers(self, first_night: date, last_morning: date, zone: tzinfo) -> bool:
        """Whether the guest was told to be here for any night from the first up to the morning of departure."""
        told = self.current_report
        if told is None or not self.is_active or told.first_night is None or told.last_morning is None:
            return False
        end = told.last_morning
        if self.check_out is not None and self.check_out.ends_at is not None:
            end = min(end, self.check_out.ends_at.astimezone(zone).date())
        return told.first_night < last_morning and first_night < end


class Stays:
    """Finds stays in the outbox."""

    def __init__(self, outbox: ReportQueue, zone: tzinfo) -> None:
        self._outbox = outbox
        self._zone = zone

    def of(self, stay_id: str) -> StayHistory:
        """The stay with this id, which is known."""
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
        """The stay that an id means, whichever of its reports it is of or its own; and the report that is meant.

        Where the stay itself is meant, that is the first of its reports. Raises `UsageProblem`.
        """
        found = self._outbox.find(reference.strip())
        if not found:
            raise unknown_reference_error(reference)
        stays = {entry.stay_id for entry in found}
        if len(stays) > 1:
            raise ambiguous_reference_error(reference, found)
        story = self.of(stays.pop())
        return story, found[0] if len(found) == 1 else story.entries[0]

    def recent(self, today: date) -> list[StayHistory]:
        """Every stay that stands and ends no longer ago than `MAX_OVERSTAY`, by the day on which they are to leave.

        Among them are guests who left early, and some who are only to come.
        """
        entries = self._outbox.entries(Selection(leaving_from=today - MAX_OVERSTAY))
        stays = [self.of(stay_id) for stay_id in dict.fromkeys(entry.stay_id for entry in entries)]
        return sorted((stay for stay in stays if stay.is_active), key=_leaving)

    def in_house(self, today: date) -> Iterator[StayHistory]:
        """Every stay whose guest has come and not gone, by the day on which they are to leave."""
        return (stay for stay in self.recent(today) if stay.in_house)

    def on_night(self, night: date) -> Iterator[StayHistory]:
        """Every stay that was told to cover this night, gone or not, by the day on which they were to leave."""
        morning = night + timedelta(days=1)
        entries = self._outbox.entries(Selection(leaving_from=morning))
        near = (entry.stay_id for entry in entries if entry.first_night is not None and entry.first_night <= night)
        stays = [self.of(stay_id) for stay_id in dict.fromkeys(near)]
        yield from sorted((stay for stay in stays if stay.covers(night, morning, self._zone)), key=_leaving)

    def same_guest(self, tag: int, first_night: date, last_morning: date, *, but: str = "") -> Iterator[StayHistory]:
        """Stays of a guest with this tag that cover any of these nights, except the stay `but`.

        What was last said counts: a passport that was corrected since is not this guest's any more.
        """
        found = self._outbox.same_guest(tag, first_night, last_morning)
        ids = {entry.id for entry in found}
        for stay_id in dict.fromkeys(entry.stay_id for entry in found if entry.stay_id != but):
            story = self.of(stay_id)
            of_the_guest = story.current_report is not None and story.current_report.id in ids
            if of_the_guest and story.covers(first_night, last_morning, self._zone):
                yield story


def unknown_reference_error(reference: str) -> UsageProblem:
    """The error for an id that nothing begins with."""
    return UsageProblem(msg("There is no report {id}.", id=reference), msg("The short ids are listed by: apoa list"))


def ambiguous_reference_error(reference: str, found: Iterable[Entry]) -> UsageProblem:
    """The error for an id that more than one report or stay begins with."""
    candidates = ", ".join(short_id(entry.id) for entry in found)
    return UsageProblem(
        msg("{id} can mean several reports: {candidates}.", id=reference, candidates=candidates),
        msg("Give more of the id."),
    )


def _leaving(story: StayHistory) -> tuple[date, int]:
    told = story.current_report
    return (told.last_morning if told is not None else None) or date.max, story.entries[0].seq
