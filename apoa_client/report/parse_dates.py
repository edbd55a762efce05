"""Days as people write them: ``12/9/85``, ``12 sep 1985``, ``12091985``, ``1985-09-12``, and ``besok`` for a stay.

The day comes first, always: ``12/9`` is 12 September, by a decision of the house, since Indonesia writes it so, and a
rule that looked at the numbers would read ``12/9`` one way and ``13/9`` another. Only a year of four digits in front
(ISO 8601) or a month's name turns that around, and neither can be mistaken. Whoever shows a day shows it in words.

A year of two digits gets its century from `passport.dates`: births lie back, expiries lie ahead. Nothing here reads the
clock. Everything raises `Unreadable`, and that alone.
"""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import NamedTuple

from apoa_client.messages import Message, msg
from apoa_client.passport.dates import PartialDate, read_birth_date, read_expiry_date
from apoa_client.report.unreadable import Unreadable

YEARS = range(1001, 2999)
"""The contract writes years from 1000 to 2999; the margin is for zones and nights."""

MOST_AHEAD = 366
"""Days that ``+3`` may count."""

_NO_DATE = msg("This is not a date of the calendar. Write it as 1985-09-12 or 12/09/1985.")

_MONTHS_OF_A_YEAR = 12
_LONGEST_MONTH = 31
_YEAR_DIGITS = 4
_SHORTEST_NAME = 3
_MONTHS = (
    ("januari", "january"),
    ("februari", "february", "pebruari"),
    ("maret", "march"),
    ("april",),
    ("mei", "may"),
    ("juni", "june"),
    ("juli", "july"),
    ("agustus", "august", "agt", "ags"),
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
# Each form once, after `_tidy`. What is read by two of them is read by the first.
_FORMS = (
    _LONG_YEAR,
    _LONG_YEAR + r"(?P<sep>[-/. ])(?P<month>[0-9]{1,2})(?:(?P=sep)(?P<day>[0-9]{1,2}))?",
    # ISO's basic form ends like no year that anybody writes day first: 20261124.
    r"(?P<year>(?:19|20)[0-9]{2})(?P<month>0[1-9]|1[0-2])(?P<day>[0-3][0-9])",
    r"(?P<day>[0-9]{2})(?P<month>[0-9]{2})" + _YEAR,
    r"(?P<month>[0-9]{1,2})[-/. ]" + _LONG_YEAR,
    r"(?P<day>[0-9]{1,2})(?P<sep>[-/. ])(?P<month>[0-9]{1,2})(?:(?P=sep)" + _YEAR + ")?",
    r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?[-/. ]?" + _NAMES + r"[-/, ]?" + _YEAR + "?",
    _NAMES + r"[-/ ]?" + _LONG_YEAR,
    _NAMES + r"[-/ ]?(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?(?:[-/, ]" + _YEAR + ")?",
)
_Century = Callable[[str, date], PartialDate | None]
_AHEAD = re.compile(r"\+ ?([0-9]{1,3})")


class UnknownDateForm(Unreadable):
    """Text that is written like no day, whatever the calendar has."""

    def __init__(self) -> None:
        super().__init__("bad_date", _NO_DATE)


class _Written(NamedTuple):
    """The parts of a day as they were written; None for what was left out."""

    year: str | None
    month: int | None
    day: int | None


def partial(text: str, *, today: date | None = None) -> PartialDate:
    """A date of birth: a year, a month of a year, or a day. Two digits of a year mean the latest before `today`."""
    return _dated(_written(text), today, read_birth_date)


def whole(text: str, *, today: date | None = None) -> date:
    """A day of a year. Two digits of a year mean one at most 50 years after `today`."""
    return _whole(_written(text), today)


def nearest(text: str, *, today: date, near: date | None = None) -> date:
    """A day of a stay: as `whole`, or a word for it, or ``+3``. Without a year it is the one nearest to `near`.

    That is `today` unless something better is known, such as the arrival of a guest whose departure it is.
    """
    anchor = near or today
    return _of_a_stay(text, today, anchor.year, lambda days: min(days, key=lambda day: abs(day - anchor)))


def latest(text: str, *, today: date) -> date:
    """A day that is over: as `nearest`, but without a year it is the latest that is not after `today`."""
    return _of_a_stay(text, today, today.year, lambda days: max(day for day in days if day <= today))


def no_date() -> Unreadable:
    """What to raise for a day that no calendar has."""
    return _bad(_NO_DATE)


def _of_a_stay(text: str, today: date, year: int, choose: Callable[[list[date]], date]) -> date:
    days = _days_from_today(_tidy(text))
    if days is not None:
        return today + timedelta(days=days)
    written = _written(text)
    if written.year is not None:
        return _whole(written, today)
    in_years = [_calendar(candidate, written) for candidate in (year - 1, year, year + 1)]
    try:
        return choose([value.earliest for value in in_years if value is not None])
    except ValueError:  # in none of them, as 29 February may be
        raise no_date() from None


def _days_from_today(tidy: str) -> int | None:
    ahead = _AHEAD.fullmatch(tidy)
    if ahead is not None and int(ahead[1]) <= MOST_AHEAD:
        return int(ahead[1])
    return _FROM_TODAY.get(tidy)


def _whole(written: _Written, today: date | None) -> date:
    value = _dated(written, today, _expiry)
    if value.day is None:
        raise _bad(msg("The day is missing. Write it as 2026-11-24 or 24/11/2026."))
    return value.earliest


def _expiry(text: str, today: date) -> PartialDate | None:
    expiry = read_expiry_date(text, today)
    return None if expiry is None else PartialDate.of(expiry)


def _dated(written: _Written, today: date | None, century: _Century) -> PartialDate:
    if written.year is None:
        raise _bad(msg("The year is missing. Write it as 12/09/1985."))
    if len(written.year) == _YEAR_DIGITS:
        value = _calendar(int(written.year), written)
    elif today is None:
        raise _four_digits()
    else:
        value = _with_century(f"{written.year}{written.month:02}{written.day:02}", today, century)
    if value is None or value.year not in YEARS:
        raise no_date()
    return value


def _with_century(six: str, today: date, century: _Century) -> PartialDate | None:
    try:
        return century(six, today)
    except ValueError:
        return None


def _calendar(year: int, written: _Written) -> PartialDate | None:
    try:
        return PartialDate(year, written.month, written.day)
    except ValueError:
        return None


def _four_digits() -> Unreadable:
    return _bad(msg("Write the year with four digits, as in 12/09/1985."))


def _bad(message: Message) -> Unreadable:
    return Unreadable("bad_date", message)


def _tidy(text: str) -> str:
    """Small letters, single blanks, none around a sign."""
    return re.sub(r" ?([-/.,]) ?", r"\1", " ".join(text.casefold().split()))


def _written(text: str) -> _Written:
    tidy = _tidy(text)
    match = next(filter(None, (re.fullmatch(form, tidy) for form in _FORMS)), None)
    if match is None:
        raise UnknownDateForm
    parts = match.groupdict()
    year, day = parts.get("year"), _number(parts.get("day"))
    month = _month_called(parts["name"], parts["other"]) if "name" in parts else _number(parts.get("month"))
    year_first = year is not None and match.start("year") == 0
    _check(_Written(year, month, day), year_first=year_first)
    return _Written(year, month, day)


def _number(digits: str | None) -> int | None:
    return int(digits) if digits is not None else None


def _check(written: _Written, *, year_first: bool) -> None:
    """Say what is the matter with parts that can be nobody's day or month."""
    month, day = written.month or 0, written.day or 0
    if written.year is None and max(month, day) > _LONGEST_MONTH:  # 9/85, sep 85
        raise _four_digits()
    if month > _MONTHS_OF_A_YEAR and not year_first:
        raise _bad(msg("There is no month {month}. Write the day first, as in 24/09/1985.", month=month))


def _month_called(*names: str | None) -> int:
    """The month of a name, or of the two that passports print side by side (SEP/SEPT), one of which is known."""
    found = {number for name in names if name is not None for number in _months_beginning(name)}
    if len(found) != 1:
        raise UnknownDateForm
    return found.pop()


def _months_beginning(name: str) -> list[int]:
    if len(name) < _SHORTEST_NAME:
        return []
    return [number for number, names in enumerate(_MONTHS, 1) if any(one.startswith(name) for one in names)]
