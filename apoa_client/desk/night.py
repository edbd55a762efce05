"""The night that one shift hands over to the next: who is in house, who arrived, and who leaves.

Pure: stays, time and zone are given. Needs no key.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from apoa_client.desk.stay_history import StayHistory

_NOON = time(12)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Night:
    """A night of the property, from noon to noon, local time. Before noon it is the night that began yesterday.

    `today` is the local date of the moment for which the night was determined: of the evening or of the morning.
    """

    evening: date
    today: date
    ends_at: datetime

    @property
    def morning(self) -> date:
        """The day on which the night ends."""
        return self.evening + _DAY

    @property
    def is_morning(self) -> bool:
        """Whether `today` is the morning after."""
        return self.today == self.morning


def night_at(now: datetime, zone: tzinfo) -> Night:
    """Return the current or coming night in a time zone."""
    local = now.astimezone(zone)
    evening = local.date() if local.time() >= _NOON else local.date() - _DAY
    return Night(evening, local.date(), datetime.combine(evening + _DAY, _NOON, zone))


@dataclass(frozen=True, slots=True)
class NightGuests:
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
