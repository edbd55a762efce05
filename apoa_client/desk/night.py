"""A night as one shift hands it over to the next: who sleeps here, who came, who leaves, and what presses.

Pure: stays and entries are given, and so are the time and the zone. Read off what stands outside the seal, so that a
night can be handed over with the keyring locked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from apoa_client.desk.stay_history import StayHistory
from apoa_client.ports import Entry
from apoa_client.report.kinds import OPEN_STATES, State

_NOON = time(12)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Night:
    """The property's night: from noon to noon, where the property is. Before noon it is the one that began yesterday.

    `today` is the day on which somebody asks: the evening's, or the morning's.
    """

    evening: date
    today: date
    ends_at: datetime

    @property
    def morning(self) -> date:
        """The day on which it ends."""
        return self.evening + _DAY

    @property
    def is_morning(self) -> bool:
        """Whether it is asked for on the morning after."""
        return self.today == self.morning


def night_at(now: datetime, zone: tzinfo) -> Night:
    """The night that it is, or that is to come, where the property is."""
    local = now.astimezone(zone)
    evening = local.date() if local.time() >= _NOON else local.date() - _DAY
    return Night(evening, local.date(), datetime.combine(evening + _DAY, _NOON, zone))


@dataclass(frozen=True, slots=True)
class NightGuests:
    """The stays of a night, each in the order in which they were given. One stay may be in several."""

    in_house: Sequence[StayHistory]
    """Come, and not gone."""
    arrived: Sequence[StayHistory]
    """Came on the evening's day or later; perhaps they left again."""
    leaving: Sequence[StayHistory]
    """In house, and to leave in the morning."""
    overdue: Sequence[StayHistory]
    """In house, although they were to leave before the night."""


def guests_of_night(stories: Iterable[StayHistory], night: Night) -> NightGuests:
    """Sort out the stays that stand. A guest who is reported before they come is in none of them yet."""
    come = [history for history in stories if history.is_active and _first_night(history) <= night.today]
    in_house = [history for history in come if history.in_house]
    return NightGuests(
        in_house=in_house,
        arrived=[history for history in come if _first_night(history) >= night.evening],
        leaving=[history for history in in_house if _last_morning(history) == night.morning],
        overdue=[history for history in in_house if _last_morning(history) < night.morning],
    )


@dataclass(frozen=True, slots=True)
class Pressing:
    """Reports that somebody must see to before the night is over, the most urgent first."""

    refused: Sequence[Entry]
    """Whatever their deadline."""
    due: Sequence[Entry]
    """Undelivered, and due by the end of the night or before; what was refused is not told twice."""


def pressing_in(entries: Iterable[Entry], night: Night) -> Pressing:
    """Choose from the open reports."""
    still_open = sorted((entry for entry in entries if entry.state in OPEN_STATES), key=_urgency)
    return Pressing(
        refused=[entry for entry in still_open if entry.state is State.REJECTED],
        due=[
            entry
            for entry in still_open
            if entry.state is not State.REJECTED and entry.due_at is not None and entry.due_at <= night.ends_at
        ],
    )


def _urgency(entry: Entry) -> tuple[bool, datetime, int]:
    """What has no deadline comes last, in its order."""
    return entry.due_at is None, entry.due_at or entry.created_at, entry.seq


def _first_night(history: StayHistory) -> date:
    """Of a stay that stands; one that was saved before its nights were written down began long ago."""
    return (history.current_report.first_night if history.current_report is not None else None) or date.min


def _last_morning(history: StayHistory) -> date:
    return (history.current_report.last_morning if history.current_report is not None else None) or date.max
