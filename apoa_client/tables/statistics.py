"""The figures of a month: guests, nights, punctuality and refused reports. Pure: stays, month and time are given.

A guest is counted in each month in which a night of the stay is, and in the month of arrival. Only the nationality and
the room are sealed: everything else is counted without a key.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple

_DAY = timedelta(days=1)
_MONTHS_OF_A_YEAR = 12
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)


class Month(NamedTuple):
    """A month of a year."""

    year: int
    number: int

    def __str__(self) -> str:
        """Return the month as JSON and options have it: 2026-10."""
        return f"{self.year:04}-{self.number:02}"

    @property
    def first(self) -> date:
        """The first day."""
        return date(self.year, self.number, 1)

    @property
    def last(self) -> date:
        """The last day."""
        years, number = divmod(self.number, _MONTHS_OF_A_YEAR)
        return date(self.year + years, number + 1, 1) - _DAY

    @property
    def days(self) -> list[date]:
        """All days."""
        return [date(self.year, self.number, day) for day in range(1, self.last.day + 1)]

    def includes(self, day: date) -> bool:
        """Return whether a day is in the month."""
        return (day.year, day.month) == self

    def nights(self, first_night: date, leaves_on: date) -> int:
        """Return how many nights of a stay begin in this month."""
        return max((min(leaves_on, self.last + _DAY) - max(first_night, self.first)).days, 0)


def parse_month(text: str) -> Month | None:
    """Return the month of a text such as 2026-10; None for any other text. The years are those of a calendar today."""
    found = _MONTH.fullmatch(text)
    if found is None:
        return None
    month = Month(*map(int, found.groups()))
    return month if 1 <= month.number <= _MONTHS_OF_A_YEAR and date.min.year < month.year < date.max.year else None


class StayFacts(NamedTuple):
    """What the figures need of a stay that was neither withdrawn nor cancelled. No personal data."""

    first_night: date
    leaves_on: date
    """The day of the check-out; the planned one if the guest has not checked out."""
    checked_out: bool = False
    due_at: datetime | None = None
    """The deadline of the check-in's report."""
    accepted_at: datetime | None = None
    """When the authority first accepted the check-in, by its receipt."""
    refused: int = 0
    """How many of the stay's reports were refused and not corrected yet."""


class Group(NamedTuple):
    """The guests of one nationality. `state` is an ICAO code, or None if it is not readable any more."""

    state: str | None
    guests: int
    arrivals: int
    """How many of the guests arrived in the month."""
    nights: int

    @property
    def average(self) -> float | None:
        """The nights in the month for each guest; None without guests."""
        return self.nights / self.guests if self.guests else None


NO_GUEST = Group(None, 0, 0, 0)


@dataclass
class Punctuality:
    """How many check-ins of the month were accepted in time.

    A report that waits and is not due yet is neither on time nor late.
    """

    on_time: int = 0
    late: int = 0
    waiting: int = 0

    @property
    def share(self) -> float | None:
        """The share on time, from 0 to 1; None if no check-in is decided."""
        decided = self.on_time + self.late
        return self.on_time / decided if decided else None

    def count(self, stay: StayFacts, now: datetime) -> None:
        """Count the check-in of a stay. Without a deadline it is not counted."""
        if stay.due_at is None:
            return
        if stay.accepted_at is not None:
            self.on_time += stay.accepted_at <= stay.due_at
            self.late += stay.accepted_at > stay.due_at
        else:
            self.late += stay.due_at < now
            self.waiting += stay.due_at >= now


@dataclass
class Week:
    """A week from Monday to Sunday, or the part of it that is in the month."""

    first: date
    last: date
    arrivals: int = 0
    punctuality: Punctuality = field(default_factory=Punctuality)


def weeks_of(month: Month) -> list[Week]:
    """Return the weeks of a month."""
    starts = [day for day in month.days if day.day == 1 or day.weekday() == 0]
    ends = [start - _DAY for start in starts[1:]] + [month.last]
    return [Week(start, end) for start, end in zip(starts, ends, strict=True)]


@dataclass
class RoomNights:
    """The nights on which rooms were occupied by guests who are reported: the others' rooms are not known."""

    rooms: int | None = None
    """How many rooms there are, if that is known."""
    occupied: set[tuple[str, date]] = field(default_factory=set)
    """Each room and night once, however many guests slept there."""
    unknown: int = 0
    """The nights of guests whose room is not known."""

    def count(self, room: str | None, first: date, nights: int) -> None:
        """Count the nights of a guest, from the first one in the month."""
        if room is None:
            self.unknown += nights
        else:
            self.occupied.update((room, first + number * _DAY) for number in range(nights))

    def available(self, month: Month) -> int | None:
        """The nights of all rooms of a month; None if it is not known how many rooms there are."""
        return None if self.rooms is None else self.rooms * len(month.days)

    def occupancy(self, month: Month) -> float | None:
        """The share of the rooms' nights that were occupied, from 0; None without their number, or a guest's room."""
        available = self.available(month)
        return len(self.occupied) / available if available and not self.unknown else None


@dataclass
class Figures:
    """The figures of a month so far. `groups` has no guest whose nationality was not given to `count`."""

    month: Month
    total: Group = NO_GUEST
    planned_nights: int = 0
    """How many of the nights are after `count`'s today, as planned."""
    refused: int = 0
    groups: Sequence[Group] | None = ()
    """By nationality, most nights first; None if nationalities cannot be read."""
    room_nights: RoomNights | None = None
    """None if rooms cannot be read."""
    punctuality: Punctuality = field(default_factory=Punctuality)
    weeks: list[Week] = field(init=False)

    def __post_init__(self) -> None:
        self.weeks = weeks_of(self.month)

    @property
    def nights_of_an_arrival(self) -> float | None:
        """The nights in the month for each arrival, as BPS computes the length of stay; None without arrivals."""
        return self.total.nights / self.total.arrivals if self.total.arrivals else None

    def count(self, stay: StayFacts, now: datetime, today: date) -> Group | None:
        """Count a stay and return its guest as a group without a nationality; None if it is not of this month."""
        nights, arrived = self.month.nights(stay.first_night, stay.leaves_on), self.month.includes(stay.first_night)
        if not nights and not arrived:
            return None
        guest = Group(None, 1, int(arrived), nights)
        self.total = _sum(self.total, guest)
        self.planned_nights += self.month.nights(max(stay.first_night, today + _DAY), stay.leaves_on)
        self.refused += stay.refused
        if arrived:
            week = next(week for week in self.weeks if week.last >= stay.first_night)
            week.arrivals += 1
            for counted in (self.punctuality, week.punctuality):
                counted.count(stay, now)
        return guest


def by_nationality(guests: Iterable[Group]) -> list[Group]:
    """Return the sums of guests by their nationality, most nights first, that without a nationality last."""
    sums: dict[str | None, Group] = {}
    for guest in guests:
        sums[guest.state] = _sum(sums.get(guest.state, NO_GUEST), guest)._replace(state=guest.state)
    return sorted(sums.values(), key=lambda each: (each.state is None, -each.nights, -each.guests, each.state or ""))


def _sum(first: Group, second: Group) -> Group:
    return Group(None, *map(int.__add__, first[1:], second[1:]))
