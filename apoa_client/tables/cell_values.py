"""What the cells of a table say: texts, dates and times, whole numbers.

A spreadsheet's real dates and times are taken as they are. A number in a column of dates is refused: it is the number
by which a spreadsheet program counts its days, and not each program counts from the same day. A check-in without a time
is the beginning of its day, as at the desk (`report.parse_dates`): so no report is due later than it should be, and the
same file gives the same reports whenever it is imported. Nothing here reads the clock.

Every function raises `Unreadable` with a message that does not repeat the cell.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from functools import lru_cache

from apoa_client.messages import msg
from apoa_client.passport import states
from apoa_client.passport.dates import PartialDate
from apoa_client.report.findings import Unreadable
from apoa_client.report.parse_dates import YEARS, full_date, no_such_date, partial_date
from apoa_client.tables.date_order import CLOCK, DateEvidence, readings, split_time
from apoa_client.tables.rows import CellValue

_MOST_EXACT = 10**15
"""Spreadsheet programs keep 15 digits of a number and replace the others with zeros."""
_LAST_OF_CENTURY = date(2049, 12, 31)
"""With it, a year of two digits is in this century, whenever the file is read."""
_CENTURY = 100
_NOON = 12

_WEEKDAY = re.compile(
    r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?[.,]*\s+"
    r"|(?:sen(?:in)?|sel(?:asa)?|rab(?:u)?|kam(?:is)?|jum(?:'?at)?|sab(?:tu)?|min(?:ggu)?)[.,]*\s+",
    re.IGNORECASE,
)
_CLOCK = re.compile(CLOCK, re.IGNORECASE | re.ASCII)
_SHORT_CLOCK = re.compile(r"(?P<hour>\d\d)(?P<minute>\d\d)", re.ASCII)
_OFFSETS = {"Z": "+00:00", "WIB": "+07:00", "WITA": "+08:00", "WIT": "+09:00"}
_JOINED_LINES = {88: 44, 72: 36, 90: 30}
"""The length of a line by that of all lines joined: TD3 and MRV-A, TD2 and MRV-B, TD1 (ICAO Doc 9303-4 to 9303-7)."""
_WHOLE_NUMBER = re.compile(r"\d+(?:\.0+)?", re.ASCII)

_ISO = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_CACHED = 256
"""Texts whose state is remembered: most guests are from few."""
_ZONE = re.compile(r"(?:Z|WIB|WITA|WIT|[+-]\d\d:?\d\d)$", re.IGNORECASE | re.ASCII)
_LONG_YEAR = re.compile(r"\d{4}", re.ASCII)
_LENGTHS_OF_DATES = (4, 8)
"""Digits of a year, and of a day with a year of four digits."""
_MONTHS = 12

_NO_TIME = msg("This is not a time. Write it as 19:50.")
_SERIAL = msg(
    "This is a number and not a date. In the spreadsheet program, give the cell the format of a date, or write it as "
    "2026-11-24."
)
_SERIAL_TIME = msg(
    "This is a number and not a time. In the spreadsheet program, give the cell the format of a time, or write it as "
    "19:50."
)
_TWO_WAYS = msg(
    "This date can be read in two ways, and no date of the column shows whether the day or the month comes first. "
    "Write it as 2026-11-24, or say what the order is."
)
_CONTRADICTORY = msg(
    "This date can be read in two ways, and the column has dates with the day first and dates with the month first. "
    "Write it as 2026-11-24."
)
_DISPROVED = msg(
    "This date can be read in two ways: other dates of the column do not have the order that was given. Write it as "
    "2026-11-24, or correct the order."
)
_OTHER_ORDER = msg("This date is not written in the order of its column. Write it as 2026-11-24.")
_EXCHANGED = msg(
    "The day and the month of this date may be exchanged: other dates of the column are text, as a spreadsheet program "
    "leaves them if it expects the month first. Compare it, and write all dates of the column as 2026-11-24."
)
_DATE_IN_TEXT = msg(
    "This is a date, which the spreadsheet program may have made of another text. Give the cell the format of a text "
    "and write it again."
)
_TOO_LONG_NUMBER = msg(
    "This number has more digits than the spreadsheet program keeps. Give the cell the format of a text and write it "
    "again."
)
_NO_TEXT = msg("This is neither a text nor a number. Write it again.")
_DAY_MISSING = msg("The day is missing. Write it as 2026-11-24.")
_FOREIGN_ZONE = msg("This date has a time in a time zone. Write the date alone, as 2026-11-24.")


def is_empty(value: CellValue) -> bool:
    """Return whether a cell has nothing in it, or blanks only."""
    return value is None or (isinstance(value, str) and not value.strip())


def text(value: CellValue) -> str:
    """Return the text of a cell, or its number as the spreadsheet shows it."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool) or value is None:
        raise Unreadable("bad_character", _NO_TEXT)
    if isinstance(value, (date, time)):
        raise Unreadable("bad_character", _DATE_IN_TEXT)
    if not abs(value) < _MOST_EXACT:  # NaN is less than no number
        raise Unreadable("bad_character", _TOO_LONG_NUMBER)
    return str(int(value)) if value == int(value) else str(value)


def whole_number(value: CellValue) -> str:
    """Return a number of nights or guests: also of a text such as ``2.0``, which exports have."""
    found = text(value)
    return found.partition(".")[0] if _WHOLE_NUMBER.fullmatch(found) else found


def country(value: CellValue) -> str:
    """Return the text of a state; the code where a list shows the code and the name, as in ``AUS : Australia``."""
    return _country(text(value))


@lru_cache(_CACHED)
def _country(found: str) -> str:
    if states.find(found) is None:
        parts = [part.strip() for part in re.split(r"[:|/()]|\s-\s", found) if part.strip()]
        named = [states.find(part) for part in parts]
        codes = {state.code for state in named if state is not None}
        if len(codes) == 1 and None not in named:
            return codes.pop()
    return found


def day(value: CellValue, evidence: DateEvidence, stated: str = "") -> date:
    """Return the date of a cell. `evidence` is that of the column, `stated` the order that a user or a heading says."""
    found, written = _numeric_date(value, evidence, stated)
    if found is None:
        return full_date(written, today=_LAST_OF_CENTURY)
    if found.day is None:
        raise Unreadable("bad_date", _DAY_MISSING)
    return _checked(found).earliest


def birth_date(value: CellValue, evidence: DateEvidence, stated: str = "", *, by: date | None = None) -> PartialDate:
    """Return a date of birth, of which the day or the month may be unknown.

    A year of two digits is the latest that is not after `by`, the check-in; without it, it is refused.
    """
    found, written = _numeric_date(value, evidence, stated)
    if found is None:
        return partial_date(written, today=by)
    if not written or _LONG_YEAR.search(written) is not None:
        return _checked(found)
    in_words = f"{found.year % _CENTURY:02}"
    return partial_date(f"{found.day or 0:02}{found.month or 0:02}{in_words}", today=by)


def _checked(found: PartialDate) -> PartialDate:
    """Return a date. Raises `Unreadable` for a year that the contract does not allow."""
    if found.year not in YEARS:
        raise no_such_date()
    return found


def moment(value: CellValue, evidence: DateEvidence, stated: str = "") -> tuple[date, time | None]:
    """Return the date of a cell, and its time; None if it has none, or midnight."""
    clock = None
    if isinstance(value, datetime):
        clock = _without_midnight(value.time())
    elif isinstance(value, str):
        value, written = split_time(value)
        clock = clock_time(written) if written else None
    return day(value, evidence, stated), clock


def clock_time(value: CellValue) -> time | None:
    """Return a time of day, with the offset where the text has a time zone; None for midnight without one."""
    if isinstance(value, (time, datetime)):
        return _without_midnight(value.time() if isinstance(value, datetime) else value)
    if not isinstance(value, str):
        raise Unreadable("bad_date", _SERIAL_TIME)
    match = _SHORT_CLOCK.fullmatch(value.strip()) or _CLOCK.fullmatch(value.strip())
    if match is None:
        raise Unreadable("bad_date", _NO_TIME)
    parts = match.groupdict()
    half = (parts.get("half") or parts.get("hours") or "").lower()
    hour = int(parts["hour"])
    if half and not 1 <= hour <= _NOON:
        raise Unreadable("bad_date", _NO_TIME)
    if half:
        hour = hour % _NOON + (_NOON if half == "p" else 0)
    zone = (parts.get("zone") or "").upper()
    try:
        clock = time(hour, int(parts["minute"] or parts.get("minutes") or 0), int(parts.get("second") or 0))
        return time.fromisoformat(f"{clock}{_OFFSETS.get(zone, zone)}") if zone else _without_midnight(clock)
    except ValueError:
        raise Unreadable("bad_date", _NO_TIME) from None


def _without_midnight(clock: time) -> time | None:
    """Return a time to the second; None for midnight, which spreadsheet programs have where there is no time."""
    return clock.replace(microsecond=0, tzinfo=None) if clock != time() else None


def _numeric_date(value: CellValue, evidence: DateEvidence, stated: str) -> tuple[PartialDate | None, str]:
    """Return the date of a cell, if it is a real date or has three numbers, and its text, which a real date lacks."""
    if isinstance(value, date):  # also a `datetime`
        if evidence.suspects_dates and value.day <= _MONTHS and value.day != value.month:
            raise Unreadable("bad_date", _EXCHANGED)
        return PartialDate(value.year, value.month, value.day), ""
    if not isinstance(value, str):
        raise Unreadable("bad_date", _SERIAL)
    if _ISO.fullmatch(value) is not None and (iso := _iso_date(value)) is not None:
        return iso, value
    written, clock = split_time(value)
    if _ZONE.search(clock) is not None:
        raise Unreadable("bad_date", _FOREIGN_ZONE)
    written = _WEEKDAY.sub("", written, count=1)
    if written.isdecimal() and len(written) not in _LENGTHS_OF_DATES:
        raise Unreadable("bad_date", _SERIAL)
    found = readings(written)
    return _in_order(found, evidence, stated) if found else None, written


def _iso_date(text: str) -> PartialDate | None:
    try:
        return PartialDate.of(date.fromisoformat(text))
    except ValueError:
        return None


def _in_order(found: Mapping[str, PartialDate], evidence: DateEvidence, stated: str) -> PartialDate:
    """Return the date in the order of the column, or the only date that a text can be."""
    order = evidence.order(stated)
    if order and order not in found:
        raise Unreadable("bad_date", _OTHER_ORDER)
    different = set(found.values())
    if order:
        return found[order]
    if len(different) > 1:
        wrong_order = _DISPROVED if stated else _CONTRADICTORY if evidence.is_contradictory else _TWO_WAYS
        raise Unreadable("bad_date", wrong_order)
    return different.pop()


def mrz_lines(found: str) -> tuple[str, ...]:
    """Return the lines of an MRZ in one cell: each on its own line, or all joined to one."""
    lines = [line.strip() for line in found.splitlines() if line.strip()]
    if len(lines) == 1 and len(joined := "".join(lines[0].split())) in _JOINED_LINES:
        length = _JOINED_LINES[len(joined)]
        return tuple(joined[start : start + length] for start in range(0, len(joined), length))
    return tuple(lines)
