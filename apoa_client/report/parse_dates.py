"""Parsers of dates and times as people write them: ``12/9/85``, ``12 sep 1985``, ``besok``, ``24/11 19.50``, ``1950``.

The day always comes first: ``12/9`` is 12 September, as it is written in Indonesia. A parser that looked at the numbers
would read ``12/9`` one way and ``13/9`` another. Only a year of four digits in front (ISO 8601) or a month's name
changes that order, and neither is ambiguous. Code that shows a date to a user shows the month's name.

A year of two digits gets its century from `passport.dates`: dates of birth are in the past, dates of expiry are in the
future. Times are in the property's zone. Nothing here reads the clock. Every parser raises `Unreadable`, and no other
error.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

from apoa_client.messages import msg
from apoa_client.passport.dates import PartialDate, read_birth_date, read_expiry_date
from apoa_client.report.findings import Unreadable

YEARS = range(1001, 2999)
"""The contract allows years from 1000 to 2999; the margin is for time zones and nights."""

MAX_DAYS_AHEAD = 366
"""The largest number of days in ``+3``."""

_NO_DATE = msg("This is not a date of the calendar. Write it as 1985-09-12 or 12/09/1985.")

_FOUR_DIGITS = msg("Write the year with four digits, as in 12/09/1985.")

_MONTHS_OF_A_YEAR = 12
_LONGEST_MONTH = 31
_YEAR_DIGITS = 4
_MIN_NAME = 3
_MONTHS = (
    ("januari", "january"),
    ("februari", "february", "pebruari"),
    ("maret", "march"),
    ("april",),
    ("mei", "may"),
    ("juni", "june"),
    ("juli", "july"),
    ("agustus", "august", "agt", "ags", "agst"),
    ("september",),
    ("oktober", "october"),
    ("november", "nopember"),
    ("desember", "december"),
)
_FROM_TODAY = {
    "hari ini": 0,
    "today": 0,
    "besok": 1,
    "tomorrow": 1,
    "lusa": 2,
    "kemarin": -1,
    "kemaren": -1,
    "yesterday": -1,
    "kemarin dulu": -2,
}

_YEAR = r"(?P<year>[0-9]{4}|[0-9]{2})"
_LONG_YEAR = r"(?P<year>[0-9]{4})"
_NAMES = r"(?P<name>[^\W\d_]+)\.?(?:/(?P<other>[^\W\d_]+)\.?)?"
# The forms of a date after `_tidy`. The first form that matches is used.
_FORMS = (
    _LONG_YEAR,
    _LONG_YEAR + r"(?P<sep>[-/. ])(?P<month>[0-9]{1,2})(?:(?P=sep)(?P<day>[0-9]{1,2}))?",
    # ISO's basic form, 20261124. It comes first: read as day, month and year it is no date.
    r"(?P<year>(?:19|20)[0-9]{2})(?P<month>0[1-9]|1[0-2])(?P<day>[0-3][0-9])",
    r"(?P<day>[0-9]{2})(?P<month>[0-9]{2})" + _YEAR,
    r"(?P<month>[0-9]{1,2})[-/. ]" + _LONG_YEAR,
    r"(?P<day>[0-9]{1,2})(?P<sep>[-/. ])(?P<month>[0-9]{1,2})(?:(?P=sep)" + _YEAR + ")?",
    r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?[-/. ]?" + _NAMES + r"[-/, ]?" + _YEAR + "?",
    _NAMES + r"[-/ ]?" + _LONG_YEAR,
    _NAMES + r"[-/ ]?(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?(?:[-/, ]" + _YEAR + ")?",
)
_AHEAD = r"\+ ?([0-9]{1,3})"


class UnknownDateForm(Unreadable):
    """A text that has no form of a date."""

    def __init__(self) -> None:
        super().__init__("bad_date", _NO_DATE)


class _Parts(NamedTuple):
    """The parts of a date that were written; None for a part that was left out."""

    year: str | None
    month: int | None
    day: int | None


def partial_date(text: str, *, today: date | None = None) -> PartialDate:
    """Read a date of birth: a year, a month of a year, or a day. A year of two digits is the latest before `today`."""
    return _with_year(_parts(text), today, birth=True)


def full_date(text: str, *, today: date | None = None) -> date:
    """Read a date with its year. A year of two digits is at most 50 years after `today`."""
    return _full(_parts(text), today)


def stay_date(text: str, *, today: date, near: date | None = None) -> date:
    """Read a date of a stay: as `full_date`, or ``besok`` and the like, or ``+3``.

    Without a year it is the date nearest to `near`, which is `today` by default; for a departure, `near` is the
    arrival.
    """
    anchor = near or today
    parts = _parts_or_date(text, today)
    if isinstance(parts, date):
        return parts
    dates = _in_years(parts, range(anchor.year - 1, anchor.year + 2))
    return min(dates, key=lambda day: abs(day - anchor))


def past_date(text: str, *, today: date) -> date:
    """Read a date that is not after `today`: as `stay_date`, but without a year it is the latest such date."""
    parts = _parts_or_date(text, today)
    if isinstance(parts, date):
        return parts
    dates = [day for day in _in_years(parts, range(today.year - 1, today.year + 1)) if day <= today]
    if not dates:
        raise no_such_date()
    return max(dates)


def no_such_date() -> Unreadable:
    """Return the error for a date that does not exist."""
    return Unreadable("bad_date", _NO_DATE)


def _parts_or_date(text: str, today: date) -> _Parts | date:
    """Return a date where the text has a year or counts from today; otherwise the parts that were written."""
    tidy = _tidy(text)
    ahead = re.fullmatch(_AHEAD, tidy)
    if ahead is not None and int(ahead[1]) <= MAX_DAYS_AHEAD:
        return today + timedelta(days=int(ahead[1]))
    if tidy in _FROM_TODAY:
        return today + timedelta(days=_FROM_TODAY[tidy])
    parts = _parts(text)
    return parts if parts.year is None else _full(parts, today)


def _in_years(parts: _Parts, years: range) -> list[date]:
    """Return the date in each of these years; 29 February does not exist in all."""
    dates = [value.earliest for year in years if (value := _in_year(parts, year)) is not None]
    if not dates:
        raise no_such_date()
    return dates


def _in_year(parts: _Parts, year: int) -> PartialDate | None:
    try:
        return PartialDate(year, parts.month, parts.day)
    except ValueError:
        return None


def _full(parts: _Parts, today: date | None) -> date:
    value = _with_year(parts, today, birth=False)
    if value.day is None:
        example = f"{value.month or 11:02}/{value.year}"
        raise Unreadable("bad_date", msg("The day is missing. Write it as 24/{example}.", example=example))
    return value.earliest


def _with_year(parts: _Parts, today: date | None, *, birth: bool) -> PartialDate:
    """Return the date; a year of two digits gets the century of a date of birth or of expiry."""
    if parts.year is None:
        example = f"{parts.day or 12:02}/{parts.month or 9:02}"
        raise Unreadable("bad_date", msg("The year is missing. Write it as {example}/1985.", example=example))
    if len(parts.year) == _YEAR_DIGITS:
        value = _in_year(parts, int(parts.year))
    elif today is None:
        raise Unreadable("bad_date", _FOUR_DIGITS)
    else:
        in_mrz = f"{parts.year}{parts.month:02}{parts.day:02}"
        try:
            read = read_birth_date(in_mrz, today) if birth else read_expiry_date(in_mrz, today)
        except ValueError:
            read = None
        value = _in_year(parts, read.year) if read is not None else None
    if value is None or value.year not in YEARS:
        raise no_such_date()
    return value


def _tidy(text: str) -> str:
    """Return the text in lower case, with single blanks, and none around a sign."""
    tidy = " ".join(text.casefold().split())
    return re.sub(r" ?([-/.,]) ?", r"\1", tidy) if " " in tidy else tidy


@lru_cache(maxsize=256)  # a table has the same days in thousands of rows
def _parts(text: str) -> _Parts:
    """Read the parts of a date. Raises `Unreadable` for a month or a day that cannot exist."""
    tidy = _tidy(text)
    match = next(filter(None, (re.fullmatch(form, tidy) for form in _FORMS)), None)
    if match is None:
        raise UnknownDateForm
    found = match.groupdict()
    year = found.get("year")
    day, month = (int(found[name]) if found.get(name) is not None else None for name in ("day", "month"))
    if "name" in found:
        month = _month_number(found["name"], found["other"])
    if year is None and max(month or 0, day or 0) > _LONGEST_MONTH:  # 9/85, sep 85
        raise Unreadable("bad_date", _FOUR_DIGITS)
    year_first = year is not None and match.start("year") == 0
    if month is not None and month > _MONTHS_OF_A_YEAR and not year_first:
        raise _month_too_large(month, day, year)
    return _Parts(year, month, day)


def _month_too_large(month: int, day: int | None, year: str | None) -> Unreadable:
    """Return the error for a month after December. If it was the day, the example is what was meant: 12/24/1985."""
    example = "24/09/1985"
    if day is not None and day <= _MONTHS_OF_A_YEAR and month <= _LONGEST_MONTH:
        example = "/".join([str(month), f"{day:02}", *filter(None, [year])])
    sentence = msg("There is no month {month}. Write the day first, as in {example}.", month=month, example=example)
    return Unreadable("bad_date", sentence)


def _month_number(*names: str | None) -> int:
    """Return the month of a name; a passport may print two names side by side (SEP/SEPT), of which one is known."""
    found = {
        number
        for name in names
        if name is not None and len(name) >= _MIN_NAME
        for number, months in enumerate(_MONTHS, 1)
        if any(month.startswith(name) for month in months)
    }
    if len(found) != 1:
        raise UnknownDateForm
    return found.pop()


_MAX_AHEAD = timedelta(hours=12)
# Narrower than `datetime.fromisoformat`, which reads 19.50 as 19 hours and ignores the rest.
_ISO = r"(?i)[0-9]{4}-?(?:[0-9]{2}-?[0-9]{2}|W[0-9]{2}-?[0-9])(?:[T ][0-9]{2}(?::?[0-9]{2}.*)?)?"
CLOCK = (
    r"(?:(?:jam|pukul|pkl\.?|at)\s+)?(?P<hour>[0-9]{1,2})"
    r"(?:[:.](?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.[0-9]+)?)?(?:\s*(?P<half>[ap])\.?m\.?)?"
    r"|\s*(?P<short_half>[ap])\.?m\.?)"
)
"""A time of day: 19:50, 19.50, 7:50 PM, 7 pm. `clock_time` reads it."""
SHORT_CLOCK = r"(?P<short_hour>[0-9]{2})(?P<short_minute>[0-9]{2})"
_DATE_AND_CLOCK = rf"(?is)(?:(?P<date>.*?)(?:\s*,\s*|\s+|^))(?:{CLOCK}|(?:(?:jam|pukul|pkl\.?)\s+)?{SHORT_CLOCK})"
_NOON = 12


def date_and_time(text: str, zone: tzinfo, *, now: datetime | None = None) -> datetime:
    """Read a time to the second, in the property's zone; a date alone is its midnight. Raises `Unreadable`.

    `now` is aware. Without it, a text must have a date with its year. ISO 8601, which scripts write, is tried first. A
    time without a date is today's. If it is more than half a day ahead, it is yesterday's, because after midnight staff
    write down who came before midnight.
    """
    return in_zone(_read(text.strip(), None if now is None else now.astimezone(zone).replace(tzinfo=None)), zone)


def in_zone(value: date, zone: tzinfo) -> datetime:
    """Return a time to the second in a zone, or the midnight of a day. One without an offset is local there."""
    if value.year not in YEARS:
        raise no_such_date()
    moment = value if isinstance(value, datetime) else datetime.combine(value, time())
    local = moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)
    return local.replace(microsecond=0)


def _read(text: str, now: datetime | None) -> datetime:
    """Return a time that is aware only where the text has an offset; `now` is local and naive."""
    if re.fullmatch(_ISO, text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
    match = re.fullmatch(_DATE_AND_CLOCK, text)
    if match is None:
        return datetime.combine(_date(text, now), time())
    try:
        clock = clock_time(match.groupdict())
    except ValueError:
        raise _no_time() from None
    if match["date"]:
        year = 100 * clock.hour + clock.minute if match["short_hour"] else 0
        return _time_or_year(text, match["date"], clock, year, now)
    if now is None:
        raise _no_time()
    today = datetime.combine(now.date(), clock)
    return today - timedelta(days=1) if today - now > _MAX_AHEAD else today


def clock_time(parts: Mapping[str, str | None]) -> time:
    """Return the time of day of a match of `CLOCK` or `SHORT_CLOCK`. Raises `ValueError` for no time of day."""
    hour, half = int(parts.get("hour") or parts["short_hour"] or 0), parts.get("half") or parts.get("short_half")
    minute = int(parts.get("minute") or parts.get("short_minute") or 0)
    if half:
        if not 1 <= hour <= _NOON:
            raise ValueError(half)
        hour = hour % _NOON + (_NOON if half in "pP" else 0)
    return time(hour, minute, int(parts.get("second") or 0))


def _time_or_year(text: str, before: str, clock: time, year: int, now: datetime | None) -> datetime:
    """Decide whether the last digits are a time, or the `year` of a date (``24 nov 2026``). Refuse what may be both."""
    try:
        whole = full_date(text)
    except Unreadable:
        whole = None
    could_be_year = now is not None and abs(year - now.year) <= 1
    if whole is None and not could_be_year:
        return datetime.combine(_date(before, now), clock)
    if whole is not None and (could_be_year or now is None):
        return datetime.combine(whole, time())
    raise _no_time()


def _date(text: str, now: datetime | None) -> date:
    try:
        return full_date(text) if now is None else stay_date(text, today=now.date())
    except UnknownDateForm:
        raise _no_time() from None


def _no_time() -> Unreadable:
    return Unreadable("bad_date", msg("This is not a time. Write it as 19:50, or with its day: 24/11/2026 19:50."))
