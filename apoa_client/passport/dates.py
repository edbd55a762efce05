"""Dates as a passport prints them: a day or a month may be unknown.

Source: ICAO Doc 9303-3 §4.8 (dates in the MRZ, and unknown parts of a date of birth). An MRZ writes YYMMDD and no
century: it follows from a reference date, which is passed in.
"""

import re
from dataclasses import dataclass
from datetime import date

UNKNOWN = "<<"
"""Two fillers, in place of a part of a date that is not known."""

_LATEST_EXPIRY_YEARS = 50

_ISO = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)


@dataclass(frozen=True, slots=True, repr=False)
class PartialDate:
    """A year, a year and a month, or a whole date. Raises `ValueError` for a date that no calendar has."""

    year: int
    month: int | None = None
    day: int | None = None

    def __post_init__(self) -> None:
        if self.month is None and self.day is not None:
            message = "a day without a month"
            raise ValueError(message)
        _first_day(self)

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
    def from_iso(cls, text: str) -> "PartialDate":
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
    year, month, day = text[:2], text[2:4], text[4:6]
    if year == UNKNOWN:
        return None
    short = _number(year)
    known_month = None if month == UNKNOWN else _number(month)
    known_day = None if day == UNKNOWN or known_month is None else _number(day)
    century = today.year - today.year % 100
    try:
        latest = PartialDate(century + short, known_month, known_day)
    except ValueError:  # 29 February, perhaps: 2000 had one, 1900 and 2100 did not
        return PartialDate(century - 100 + short, known_month, known_day)
    if latest.earliest <= today:
        return latest
    return PartialDate(century - 100 + short, known_month, known_day)


def read_expiry_date(text: str, today: date) -> date | None:
    """Read six characters of an MRZ as a date of expiry: at most 50 years after `today`, otherwise in the past.

    So every document that expires from 49 years ago to 50 years ahead gets its own century. None where the field is
    empty; `ValueError` where no calendar has the date, or a part of it is unknown.
    """
    if text == UNKNOWN * 3:
        return None
    latest = today.year + _LATEST_EXPIRY_YEARS
    year = latest - (latest - _number(text[:2])) % 100
    return date(year, _number(text[2:4]), _number(text[4:6]))


def mrz_date(value: PartialDate | date | None) -> str:
    """Six characters of an MRZ, with fillers for what is not known."""
    if value is None:
        return UNKNOWN * 3
    return "".join(UNKNOWN if part is None else f"{part % 100:02}" for part in (value.year, value.month, value.day))


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        message = "not two digits"
        raise ValueError(message)
    return int(text)
