"""The dates and times in the cells of a table, and the order in which a column has day, month and year.

A spreadsheet's real dates and times are taken as they are. A number in a column of dates is refused: it is the number
by which a spreadsheet program counts its days, and not each program counts from the same day. A check-in without a time
is the beginning of its day, as at the desk (`report.parse_dates`): so no report is due later than it should be, and the
same file gives the same reports whenever it is imported. Nothing here reads the clock.

A date such as 05/06/2026 can be read in two ways, and it is never guessed. One date with a day after the 12th says how
the whole column is written, and the columns of the file that do not say it themselves (`columns`). A column that has
dates of two orders is contradictory: then a date that can be read in two ways is refused.

Every function raises `Unreadable` with a message that does not repeat the cell.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from functools import lru_cache
from typing import NamedTuple, Self

from apoa_client.messages import msg
from apoa_client.passport.dates import PartialDate
from apoa_client.report.findings import Unreadable
from apoa_client.report.parse_dates import CLOCK, SHORT_CLOCK, YEARS, full_date, no_such_date, partial_date
from apoa_client.report.parse_dates import clock_time as time_of_parts
from apoa_client.settings.column_mappings import DATE_ORDERS
from apoa_client.tables.rows import CellValue

_LAST_OF_CENTURY = date(2049, 12, 31)
"""With it, a year of two digits is in this century, whenever the file is read."""
_CENTURY = 100

_WEEKDAY = re.compile(
    r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?[.,]*\s+"
    r"|(?:sen(?:in)?|sel(?:asa)?|rab(?:u)?|kam(?:is)?|jum(?:'?at)?|sab(?:tu)?|min(?:ggu)?)[.,]*\s+",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"(\d{1,2})([-/. ])(\d{1,2})\2(\d{4}|\d{2})", re.ASCII)
_DIGITS = re.compile(r"(\d\d)(\d\d)(\d{4})", re.ASCII)
_CENTURIES = range(1900, 2100)
_BUDDHIST_YEAR = 2400
"""Thailand counts from 543 years before: no guest has a date of the years from this one on."""
_THIS_CENTURY = 2000
_YEAR_DIGITS = 4
_ANY_CLOCK = rf"{CLOCK}\s*(?P<zone>Z|WIB|WITA|WIT|[+-]\d\d:?\d\d)?"
"""A time of day, which may have a zone: 19:50:00+07:00."""
_CLOCK = re.compile(rf"{_ANY_CLOCK}|{SHORT_CLOCK}", re.IGNORECASE | re.ASCII)
_DATE_AND_TIME = re.compile(rf"(?P<date>.+?)(?:\s*,\s*|\s+|T)(?P<clock>{_ANY_CLOCK})", re.IGNORECASE | re.ASCII)
_OFFSETS = {"Z": "+00:00", "WIB": "+07:00", "WITA": "+08:00", "WIT": "+09:00"}
_BIRTH_PREFIX = re.compile(
    r"(?:t\.? ?t\.? ?l|(?:tempat\W{1,3})?(?:dan )?(?:tgl|tanggal)\W{1,2}lahir)(?:\.? ?: ?|\. ?| )", re.IGNORECASE
)
"""What stands before a place and a date of birth: *tempat, tanggal lahir*."""
_BIRTH_BORDER = re.compile(r" ?[,;|/] ?| - |-(?=\d)| ")
_LETTER = re.compile(r"[^\W\d_]")
_LONGEST_BIRTH = 120
_ISO = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_CACHED = 1024
"""Texts that are read once: many guests are of few states and arrive on the same day."""
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
    "This date can be read in two ways, and no date of the file shows whether the day or the month comes first. "
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
NO_PLACE = msg("This is a date and no place. Compare the columns.")
_DAY_MISSING = msg("The day is missing. Write it as 2026-11-24.")
_FOREIGN_ZONE = msg("This date has a time in a time zone. Write the date alone, as 2026-11-24.")


class DateColumn(NamedTuple):
    """What is known of the order of the dates in one column.

    `stated` is the order that a user, or else the heading, says. `possible` are the orders in which every text can be
    read, `proven` those in which alone some text can be read. `is_ambiguous` says that some text is another date in
    another order. `is_exchangeable` says that each real date can be one with day and month exchanged. `suspects_dates`
    says that a spreadsheet program may have done that where it made dates of texts, because it left the other texts, of
    this column or of another one.
    """

    stated: str = ""
    possible: frozenset[str] = frozenset(DATE_ORDERS)
    proven: frozenset[str] = frozenset()
    is_ambiguous: bool = False
    is_exchangeable: bool = False
    suspects_dates: bool = False

    @property
    def order(self) -> str:
        """The order of the column; empty if it is not known.

        A stated order that no text proves and one text disproves is not that of the column.
        """
        if self.stated:
            return self.stated if self.stated in self.possible or self.stated in self.proven else ""
        return min(self.possible) if len(self.possible) == 1 else ""

    def within(self, orders: frozenset[str]) -> Self:
        """Return the column with those orders only that the file can have, unless it has another one."""
        kept = self.possible & orders
        return self._replace(possible=kept) if kept else self


@lru_cache(_CACHED)
def readings(text: str) -> Mapping[str, PartialDate]:
    """Return the dates that a text of three numbers can mean, by order; empty for a text of another form.

    A year of two digits is in this century. Zeros are parts that are not known: 00/00/1985.
    """
    match = _NUMBERS.fullmatch(text)
    if match is not None:
        first, _separator, second, third = match.groups()
    elif (digits := _DIGITS.fullmatch(text)) is not None and int(digits[3]) in _CENTURIES:
        first, second, third = digits.groups()
    else:
        return {}
    found = {
        "dmy": _partial_date(third, second, first),
        "mdy": _partial_date(third, first, second),
        "ymd": None if len(third) == _YEAR_DIGITS else _partial_date(first, second, third),
    }
    return {order: value for order, value in found.items() if value is not None}


class EvidenceCollector:
    """Collects what the cells of one column say about the order of their dates.

    `plausible` are the first and the last date that are: with a year of two digits, another order is another year.
    """

    def __init__(self, stated: str = "", plausible: tuple[date, date] = (date.min, date.max)) -> None:
        self._stated = stated
        self._plausible = plausible
        self.has_texts = False
        """Whether a text was found that needs an order."""
        self._possible = frozenset(DATE_ORDERS)
        self._proven: set[str] = set()
        self._is_ambiguous = False
        self._exchangeable_dates = 0
        self._other_dates = 0

    def add(self, value: CellValue) -> None:
        """Add one cell."""
        if isinstance(value, str):
            self._add_text(value)
        elif isinstance(value, (date, datetime)):
            self._exchangeable_dates += value.day <= _MONTHS and value.day != value.month
            self._other_dates += value.day > _MONTHS

    def result(self) -> DateColumn:
        """Return what all cells say."""
        is_exchangeable = bool(not self._is_ambiguous and self._exchangeable_dates and not self._other_dates)
        suspects = bool(self._proven) and is_exchangeable
        proven = frozenset(self._proven)
        return DateColumn(self._stated, self._possible, proven, self._is_ambiguous, is_exchangeable, suspects)

    def _add_text(self, text: str) -> None:
        found = readings(split_time(text)[0])
        if not found:
            return
        self.has_texts = True
        first, last = self._plausible
        years = {value.year for value in found.values() if first <= value.earliest <= last}
        found = {order: value for order, value in found.items() if value.year in years} or found
        self._possible &= found.keys()
        if len(found) == 1:
            self._proven.update(found)
        elif len(set(found.values())) > 1:
            self._is_ambiguous = True


@lru_cache(_CACHED)
def split_time(text: str) -> tuple[str, str]:
    """Return the date and the time of day in a text, which may have none; without blanks around signs."""
    tidy = re.sub(r" ?([-/.]) ?|['\N{RIGHT SINGLE QUOTATION MARK}]", r"\1", " ".join(text.split()))  # 25 Sep '85
    match = _DATE_AND_TIME.fullmatch(tidy)
    return (match["date"].rstrip("."), match["clock"]) if match is not None else (tidy.rstrip("."), "")


def _partial_date(year: str, month: str, day: str) -> PartialDate | None:
    """Return the date of these numbers; None if there is none. Zeros are parts that are not known."""
    number = int(year) if len(year) == _YEAR_DIGITS else _THIS_CENTURY + int(year)
    try:
        return PartialDate(number, int(month) or None, int(day) or None)
    except ValueError:
        return None


@lru_cache(_CACHED)
def place_and_date(text: str) -> tuple[str, str]:
    """Return the place and the date of a birth: those of ``TTL: LEEDS, 12-09-1985``. One that is not there is empty.

    A text without a date is the place. A place has no digits, so that a part of a date that does not exist is none.
    """
    stripped = text.strip()
    if stripped[:1].isdigit() and _LETTER.search(stripped) is None:
        return "", stripped
    plain = " ".join(_BIRTH_PREFIX.sub("", stripped, count=1).split())
    if len(plain) > _LONGEST_BIRTH or not any(map(str.isdigit, plain)):
        return plain, ""
    if _is_date(plain):
        return "", plain
    for border in _BIRTH_BORDER.finditer(plain):
        before, behind = plain[: border.start()], plain[border.end() :]
        for place, written in ((before, behind), (behind, before)):
            if not any(map(str.isdigit, place)) and _is_date(written):
                return place, written
    return plain, ""


def _is_date(text: str) -> bool:
    """Return whether a text can be read as a date of birth, in some order."""
    if readings(split_time(text)[0]):
        return True
    try:
        partial_date(text, today=_LAST_OF_CENTURY)
    except Unreadable:
        return False
    return True


def day(value: CellValue, column: DateColumn) -> date:
    """Return the date of a cell."""
    found, written = _numeric_date(value, column)
    found = found or PartialDate.of(full_date(written, today=_LAST_OF_CENTURY))
    if found.day is None:
        raise Unreadable("bad_date", _DAY_MISSING)
    return _checked(found).earliest


def birth_date(value: CellValue, column: DateColumn, *, by: date | None = None) -> PartialDate:
    """Return a date of birth, of which the day or the month may be unknown.

    A year of two digits is the latest that is not after `by`, the check-in; without it, it is refused.
    """
    found, written = _numeric_date(value, column)
    if found is not None and written and _LONG_YEAR.search(written) is None:
        written = f"{found.day or 0:02}{found.month or 0:02}{found.year % _CENTURY:02}"
        found = None
    return _checked(found or partial_date(written, today=by))


def _checked(found: PartialDate) -> PartialDate:
    """Return a date. Raises `Unreadable` for a year that the contract does not allow, or of the Buddhist era."""
    if found.year not in YEARS or found.year >= _BUDDHIST_YEAR:
        raise no_such_date()
    return found


def moment(value: CellValue, column: DateColumn) -> tuple[date, time | None]:
    """Return the date of a cell, and its time; None if it has none, or midnight."""
    clock = None
    if isinstance(value, datetime):
        clock = _without_midnight(value.time())
    elif isinstance(value, str):
        value, written = split_time(value)
        clock = clock_time(written) if written else None
    return day(value, column), clock


def clock_time(value: CellValue) -> time | None:
    """Return a time of day, with the offset where the text has a time zone; None for midnight without one."""
    if isinstance(value, (time, datetime)):
        return _without_midnight(value.time() if isinstance(value, datetime) else value)
    if not isinstance(value, str):
        raise Unreadable("bad_date", _SERIAL_TIME)
    match = _CLOCK.fullmatch(value.strip())
    if match is None:
        raise Unreadable("bad_date", _NO_TIME)
    zone = (match["zone"] or "").upper()
    try:
        clock = time_of_parts(match.groupdict())
        return time.fromisoformat(f"{clock}{_OFFSETS.get(zone, zone)}") if zone else _without_midnight(clock)
    except ValueError:
        raise Unreadable("bad_date", _NO_TIME) from None


def _without_midnight(clock: time) -> time | None:
    """Return a time to the second; None for midnight, which spreadsheet programs have where there is no time."""
    return clock.replace(microsecond=0, tzinfo=None) if clock != time() else None


def _numeric_date(value: CellValue, column: DateColumn) -> tuple[PartialDate | None, str]:
    """Return the date of a cell, if it is a real date or has three numbers, and its text, which a real date lacks."""
    if isinstance(value, date):  # also a `datetime`
        if column.suspects_dates and value.day <= _MONTHS and value.day != value.month:
            raise Unreadable("bad_date", _EXCHANGED)
        return PartialDate.of(value), ""
    if not isinstance(value, str):
        raise Unreadable("bad_date", _SERIAL)
    if _ISO.fullmatch(value) is not None and (iso := _iso_date(value)) is not None and iso.year in _CENTURIES:
        return iso, value
    written, clock = split_time(value)
    if _ZONE.search(clock) is not None:
        raise Unreadable("bad_date", _FOREIGN_ZONE)
    written = _WEEKDAY.sub("", written, count=1)
    if written.isdecimal() and len(written) not in _LENGTHS_OF_DATES:
        raise Unreadable("bad_date", _SERIAL)
    found = readings(written)
    return _in_order(found, column) if found else None, written


def _iso_date(text: str) -> PartialDate | None:
    try:
        return PartialDate.of(date.fromisoformat(text))
    except ValueError:
        return None


def _in_order(found: Mapping[str, PartialDate], column: DateColumn) -> PartialDate:
    """Return the date in the order of the column, or the only date that a text can be."""
    if column.order:
        if column.order not in found:
            raise Unreadable("bad_date", _OTHER_ORDER)
        return found[column.order]
    possible = found.keys() if column.stated else found.keys() & column.possible
    different = {found[each] for each in possible} or set(found.values())
    if len(different) > 1:
        wrong_order = _DISPROVED if column.stated else _TWO_WAYS if column.possible else _CONTRADICTORY
        raise Unreadable("bad_date", wrong_order)
    return different.pop()
