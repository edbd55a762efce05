"""Dates in a passport: a day or a month may be unknown.

Source: ICAO Doc 9303-3 §4.8 (dates in the MRZ, and unknown parts of a date of birth). An MRZ writes YYMMDD without a
century; the century follows from a reference date, which the caller passes in.
"""

import re
from datetime import date
from typing import Final, Self

UNKNOWN = "<<"
"""Two fillers, in place of a part of a date that is not known."""

_MAX_EXPIRY_YEARS = 50

_ISO = r"(?a)(\d{4})(?:-(\d\d)(?:-(\d\d))?)?"


class PartialDate:
    """A year, a year and a month, or a whole date. Raises `ValueError` for a date that does not exist."""

    # No dataclass, as in `layouts`: the import alone costs each report 1 ms.
    __slots__ = ("day", "month", "year")

    def __init__(self, year: int, month: int | None = None, day: int | None = None) -> None:
        if month is None and day is not None:
            message = "a day without a month"
            raise ValueError(message)
        self.year: Final = year
        self.month: Final = month
        self.day: Final = day
        _ = self.earliest  # raises ValueError for a date that does not exist

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other) if isinstance(other, PartialDate) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.year, self.month, self.day))

    def __repr__(self) -> str:
        """Return no part of the date, because a date of birth is personal data."""
        return "PartialDate(…)"

    def __str__(self) -> str:
        """Return ISO 8601 with the known parts: ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``."""
        month = "" if self.month is None else f"-{self.month:02}"
        return f"{self.year:04}{month}" if self.day is None else f"{self.year:04}{month}-{self.day:02}"

    @property
    def earliest(self) -> date:
        """The first day that it can mean."""
        return date(self.year, 1 if self.month is None else self.month, 1 if self.day is None else self.day)

    @classmethod
    def of(cls, day: date) -> Self:
        """Return a whole date."""
        return cls(day.year, day.month, day.day)

    @classmethod
    def from_iso(cls, text: str) -> Self:
        """Read ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``. Raises `ValueError` for anything else."""
        match = re.fullmatch(_ISO, text)
        if match is None:
            message = "not an ISO 8601 date"
            raise ValueError(message)
        year, month, day = match.groups()
        return cls(int(year), int(month) if month else None, int(day) if day else None)


def read_birth_date(text: str, today: date) -> PartialDate | None:
    """Read six characters of an MRZ as a date of birth: the latest such date that is not after `today`.

    Unknown parts are two fillers each. Returns None where the year is not known. A day whose month is unknown is left
    out, because a `PartialDate` cannot hold it. Raises `ValueError` for a date that does not exist.
    """
    year, month, day = _parts(text)
    if year is None:
        return None
    if month is None:
        day = None
    year += today.year - today.year % 100
    is_later = (year, month or 1, day or 1) > (today.year, today.month, today.day)
    if is_later or (month == 2 and day == 29 and not _is_leap(year)):  # noqa: PLR2004  29 February
        year -= 100
    return PartialDate(year, month, day)


def _is_leap(year: int) -> bool:  # `calendar` is slow to load
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def read_expiry_date(text: str, today: date) -> date | None:
    """Read six characters of an MRZ as a date of expiry, from 49 years before `today` to 50 years after it.

    Returns None where the field is empty. Raises `ValueError` for a date that does not exist or is partly unknown.
    """
    if text == UNKNOWN * 3:
        return None
    year, month, day = _parts(text)
    if year is None or month is None or day is None:
        message = "not six digits"
        raise ValueError(message)
    latest = today.year + _MAX_EXPIRY_YEARS
    return date(latest - (latest - year) % 100, month, day)


def mrz_date(value: PartialDate | date | None) -> str:
    """Return a date as six characters of an MRZ, with fillers for each part that is not known."""
    if value is None:
        return UNKNOWN * 3
    return "".join(UNKNOWN if part is None else f"{part % 100:02}" for part in (value.year, value.month, value.day))


def _parts(text: str) -> tuple[int | None, int | None, int | None]:
    """Return year, month and day of six characters; None for each that is two fillers. Raises `ValueError`."""
    if text.isdigit() and text.isascii():
        number = int(text)
        return number // 10_000, number // 100 % 100, number % 100
    parts = (text[:2], text[2:4], text[4:])
    if not all(part == UNKNOWN or (part.isdigit() and part.isascii()) for part in parts):
        message = "neither digits nor fillers"
        raise ValueError(message)
    year, month, day = (None if part == UNKNOWN else int(part) for part in parts)
    return year, month, day
