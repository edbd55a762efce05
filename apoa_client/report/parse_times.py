"""Moments as people write them at a desk: ``24/11/2026 19:50``, ``24/11 19.50``, ``kemarin 21:00``, ``1950``.

On the clock of the house: whoever types a time reads it off the wall. ISO 8601 is read first, as scripts write it. Then
a time may stand alone, which is today's; only one that is more than half a day ahead is yesterday's, since past
midnight staff write down who came before it.
"""

import re
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from apoa_client.messages import msg
from apoa_client.report import parse_dates
from apoa_client.report.unreadable import Unreadable

_AHEAD = timedelta(hours=12)
# Narrower than `datetime.fromisoformat`, which reads 19.50 as 19 hours and drops the rest.
_ISO = re.compile(r"[0-9]{4}-?(?:[0-9]{2}-?[0-9]{2}|W[0-9]{2}-?[0-9])(?:[T ][0-9]{2}(?::?[0-9]{2}.*)?)?", re.IGNORECASE)
_CLOCK = re.compile(
    r"(?:(?P<day>.*?)(?:\s*,\s*|\s+|^))(?:(?:jam|pukul|pkl\.?)\s+)?"
    r"(?:(?P<hour>[0-9]{1,2})[:.](?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?|(?P<hours>[0-9]{2})(?P<minutes>[0-9]{2}))",
    re.IGNORECASE | re.DOTALL,
)


class LocalClock(NamedTuple):
    """What the calendar and the clock of the house show; `clock` is None where only the day is known."""

    today: date
    clock: datetime | None = None


class _Split(NamedTuple):
    """What stands before a time, empty where it stands alone, and the time.

    `number` is that of four digits (2026 for 20:26), which a year could be; 0 for a time with a sign in it.
    """

    day: str
    time: time
    number: int


def read(text: str, wall: LocalClock | None) -> datetime:
    """A moment; aware only where the text says its offset. Without `wall`, only what has a day of a year is read.

    A day without a time is its midnight. Raises `Unreadable`.
    """
    given = text.strip()
    iso = _iso(given)
    if iso is not None:
        return iso
    split = _split(given)
    if split is None:
        return datetime.combine(_day(given, wall), time())
    if not split.day:
        return _alone(split.time, wall)
    return _on_a_day(given, split, wall)


def _iso(given: str) -> datetime | None:
    try:
        return datetime.fromisoformat(given) if _ISO.fullmatch(given) else None
    except ValueError:
        return None


def _split(given: str) -> _Split | None:
    """The day and the time of a text that ends with a time; None for one that does not."""
    match = _CLOCK.fullmatch(given)
    if match is None:
        return None
    hour, minute = match["hour"] or match["hours"], match["minute"] or match["minutes"]
    number = int(hour + minute) if match["hours"] else 0
    try:
        return _Split(match["day"], time(int(hour), int(minute), int(match["second"] or 0)), number)
    except ValueError:
        raise _no_time() from None


def _alone(clock: time, wall: LocalClock | None) -> datetime:
    if wall is None:
        raise _no_time()
    moment = datetime.combine(wall.today, clock)
    ahead = wall.clock is not None and moment - wall.clock > _AHEAD
    return moment - timedelta(days=1) if ahead else moment


def _on_a_day(given: str, split: _Split, wall: LocalClock | None) -> datetime:
    """A time on a day, or a day whose year looks like a time: ``24 nov 2026``. What may be either is not guessed."""
    whole = _day_of_a_year(given)
    could_be_year = wall is not None and abs(split.number - wall.today.year) <= 1
    if whole is None and not could_be_year:
        return datetime.combine(_day(split.day, wall), split.time)
    if whole is not None and (could_be_year or wall is None):
        return datetime.combine(whole, time())
    raise _no_time()


def _day_of_a_year(text: str) -> date | None:
    try:
        return parse_dates.whole(text)
    except Unreadable:
        return None


def _day(text: str, wall: LocalClock | None) -> date:
    try:
        return parse_dates.whole(text) if wall is None else parse_dates.nearest(text, today=wall.today)
    except parse_dates.UnknownDateForm:
        raise _no_time() from None


def _no_time() -> Unreadable:
    return Unreadable("bad_date", msg("This is not a time. Write it as 19:50, or with its day: 24/11/2026 19:50."))
