"""Reads the figures of a month from a property's outbox. Only nationalities and rooms need the key."""

from collections.abc import Callable, Iterable, Sequence
from datetime import tzinfo
from typing import NamedTuple

from apoa_client.app.container import Container
from apoa_client.desk.stay_history import StayHistory
from apoa_client.errors import ApoaError, CredentialsProblem, Erased, SealBroken
from apoa_client.passport.states import canonical_code
from apoa_client.ports.entries import Entry, Selection
from apoa_client.report.kinds import MAX_OVERSTAY, Kind, State
from apoa_client.report.model import normalized_room
from apoa_client.tables.statistics import Figures, Group, Month, RoomNights, StayFacts, by_nationality

Track = Callable[[Sequence[str]], Iterable[str]]
"""Passes the ids of stays on, one by one, and may show how many are done."""


class MonthFigures(NamedTuple):
    """The figures of a month, and why some nationalities are missing."""

    figures: Figures
    locked: CredentialsProblem | None = None
    """Why no nationality is counted: the key is not at hand."""
    unreadable: Sequence[ApoaError] = ()
    """A problem for each report whose seal is broken; its guest is counted as one without a nationality."""


def current_month(app: Container) -> Month:
    """Return the month of today in the property's time zone."""
    return Month(app.today.year, app.today.month)


def count_month(app: Container, month: Month, track: Track = iter) -> MonthFigures:
    """Count the stays of a month. Raises `StorageProblem`, also where a part of the outbox cannot be read."""
    figures, details, now = Figures(month), _Details(app), app.clock.now()
    guests: list[Group] = []
    rooms = RoomNights(app.settings.rooms or None)
    # Of guests who stayed longer than planned, too.
    selection = Selection(leaving_from=month.first - MAX_OVERSTAY, arriving_by=month.last)
    for stay_id in track(list(dict.fromkeys(entry.stay_id for entry in app.outbox.entries(selection)))):
        stay = app.stays.of(stay_id)
        facts = stay_facts(stay, app.settings.zone)
        guest = figures.count(facts, now, app.today) if facts is not None else None
        if guest is not None and facts is not None and stay.current_report is not None:
            state, room = details.of(stay.current_report)
            guests.append(guest._replace(state=state))
            rooms.count(room, max(facts.first_night, month.first), guest.nights)
    if details.locked is None:
        figures.groups, figures.room_nights = by_nationality(guests), rooms
    else:
        figures.groups = None
    return MonthFigures(figures, details.locked, details.unreadable)


def stay_facts(stay: StayHistory, zone: tzinfo) -> StayFacts | None:
    """Return what the figures need of a stay; None if it was withdrawn or cancelled, or has no nights on record."""
    current = stay.current_report
    if current is None or not stay.is_active or current.first_night is None or current.last_morning is None:
        return None
    check_ins = [entry for entry in stay.entries if entry.kind is Kind.CHECK_IN]
    left_at = stay.check_out.ends_at if stay.check_out is not None else None
    return StayFacts(
        first_night=current.first_night,
        leaves_on=left_at.astimezone(zone).date() if left_at is not None else current.last_morning,
        due_at=next((entry.due_at for entry in reversed(check_ins) if entry in stay.active_reports), None),
        accepted_at=min((entry.receipt.issued_at for entry in check_ins if entry.receipt is not None), default=None),
        refused=sum(1 for entry in stay.active_reports if entry.state is State.REJECTED),
    )


class _Details:
    """Reads what is sealed until the key turns out to be missing."""

    def __init__(self, app: Container) -> None:
        self._app = app
        self.locked: CredentialsProblem | None = None
        self.unreadable: list[ApoaError] = []

    def of(self, entry: Entry) -> tuple[str | None, str | None]:
        """Return the nationality of a report's guest and the room; None for what is not known."""
        if self.locked is not None or entry.erased_at is not None:
            return None, None
        try:
            report = self._app.outbox.content(entry).report
        except CredentialsProblem as exc:
            self.locked = exc
        except Erased:  # by another process since the entry was read
            return None, None
        except SealBroken as exc:
            self.unreadable.append(exc)
        else:
            guest, room = report.guest, report.stay.room if report.stay is not None else None
            state = canonical_code(guest.nationality) if guest is not None else None
            return state, normalized_room(room) if room is not None else None
        return None, None
