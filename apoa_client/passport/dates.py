"""Dates as a passport prints them: a day or a month may be unknown.

Source: ICAO Doc 9303-3 §4.8 (dates in the MRZ, and unknown parts of a date of birth). An MRZ writes YYMMDD and no
century: it follows from a reference date, which is passed in.
"""

import re
from datetime import date
from typing import NamedTuple, Self

UNKNOWN = "<<"
"""Two fillers, in place of a part of a date that is not known."""

_LATEST_EXPIRY_YEARS = 50

_LEAP_DAY = 29

_ISO = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)


_as_it_is = tuple.__new__
_from_iso = date.fromisoformat


class _Parts(NamedTuple):
    year: int
    month: int | None
    day: int | None


class PartialDate(_Parts):
    """A year, a year and a month, or a whole date. Raises `ValueError` for a date that no calendar has.

    A tuple, because one is made for each of the thousands of MRZs that a gateway reads.
    """

    __slots__ = ()

    def __new__(cls, year: int, month: int | None = None, day: int | None = None) -> Self:
        """Make sure that the calendar has it."""
        if month is None and day is not None:
            message = "a day without a month"
            raise ValueError(message)
        value = super().__new__(cls, year, month, day)
        _first_day(value)
        return value

    def __repr__(self) -> str:
        """A birth date is personal data, and this is what one is kept in."""
        return "PartialDate(…)"

    def __str__(self) -> str:
        """ISO 8601, as far as it is known: ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``."""
        parts = [f"{self.year:04}", *(f"{part:02}" for part in (self.month, self.day) if part is not None)]
        return "-".join(parts)

    @property
    def earliest(self) -> date:
        """The first day that it can mean."""
        return _first_day(self)

    @classmethod
    def of(cls, day: date) -> Self:
        """A whole date."""
        return _as_it_is(cls, (day.year, day.month, day.day))  # it exists: there is nothing to make sure of

    @classmethod
    def from_iso(cls, text: str) -> Self:
        """Read ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``; `ValueError` for anything else."""
        match = _ISO.fullmatch(text)
        if match is None:
            message = "not an ISO 8601 date"
            raise ValueError(message)
        year, month, day = match.groups()
        return cls(int(year), int(month) if month else None, int(day) if day else None)


def _first_day(value: PartialDate) -> date:
    return date(value.year, 1 if value.month is None else value.month, 1 if value.day is None else value.day)


def read_birth_date(text: str, today: date) -> PartialDate | None:
    """Read six characters of an MRZ as a date of birth: the latest such date that is not after `today`.

    Unknown parts are two fillers each. None where not even the year is known. A day whose month is unknown is left out:
    a `PartialDate` cannot hold it. `ValueError` where no calendar has the date.
    """
    if not text.isdigit():
        return _read_in_part(text, today)
    century = today.year // 100
    try:
        latest = _from_iso(f"{century}{text}")
    except ValueError:  # 29 February, perhaps: 2000 had one, 1900 and 2100 did not
        return PartialDate.of(date.fromisoformat(f"{century - 1}{text}"))
    year, month, day = latest.year, latest.month, latest.day
    if latest > today:
        year -= 100
        if day == _LEAP_DAY:
            return PartialDate(year, month, day)
    return _as_it_is(PartialDate, (year, month, day))


def _read_in_part(text: str, today: date) -> PartialDate | None:
    if UNKNOWN not in text:
        message = "not six digits"
        raise ValueError(message)
    year, month, day = (None if part == UNKNOWN else _number(part) for part in (text[:2], text[2:4], text[4:6]))
    if year is None:
        return None
    known_day = None if month is None else day
    century = today.year - today.year % 100
    latest = PartialDate(century + year, month, known_day)
    return latest if latest.earliest <= today else PartialDate(latest.year - 100, month, known_day)


def read_expiry_date(text: str, today: date) -> date | None:
    """Read six characters of an MRZ as a date of expiry: at most 50 years after `today`, otherwise in the past.

    So every document that expires from 49 years ago to 50 years ahead gets its own century. None where the field is
    empty; `ValueError` where no calendar has the date, or a part of it is unknown.
    """
    if text == UNKNOWN * 3:
        return None
    if not text.isdigit():
        message = "not six digits"
        raise ValueError(message)
    try:
        expiry = _from_iso(f"{today.year // 100}{text}")
        if -_LATEST_EXPIRY_YEARS < expiry.year - today.year <= _LATEST_EXPIRY_YEARS:
            return expiry
    except ValueError:  # 29 February, perhaps, as above
        pass
    latest = today.year + _LATEST_EXPIRY_YEARS
    return date.fromisoformat(f"{latest - (latest - int(text[:2])) % 100}{text[2:]}")


def mrz_date(value: PartialDate | date | None) -> str:
    """Six characters of an MRZ, with fillers for what is not known."""
    if value is None:
        return UNKNOWN * 3
    return "".join(UNKNOWN if part is None else f"{part % 100:02}" for part in (value.year, value.month, value.day))


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        message = "not a number"
        raise ValueError(message)
    return int(text)
