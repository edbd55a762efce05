"""Whether the day or the month comes first in a column of dates that are text.

A date such as 05/06/2026 can be read in two ways, and it is never guessed. One date with a day after the 12th says how
the whole column is written. A column that has dates of two orders is contradictory: then a date that can be read in two
ways is refused.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from apoa_client.passport.dates import PartialDate
from apoa_client.settings.column_mappings import DATE_ORDERS
from apoa_client.tables.rows import CellValue

_NUMBERS = re.compile(r"(\d{1,2})([-/. ])(\d{1,2})\2(\d{4}|\d{2})", re.ASCII)
_DIGITS = re.compile(r"(\d\d)(\d\d)(\d{4})", re.ASCII)
CLOCK = (
    r"(?:(?:jam|pukul|pkl\.?|at)\s+)?(?P<hour>\d{1,2})"
    r"(?:(?::(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d+)?)?|\.(?P<minutes>\d\d))\s*(?:(?P<half>[ap])\.?m\.?)?"
    r"|\s*(?P<hours>[ap])\.?m\.?)"
    r"\s*(?P<zone>Z|WIB|WITA|WIT|[+-]\d\d:?\d\d)?"
)
"""A time of day: 19:50, 19.50, 7:50 PM, 7 pm, 19:50:00+07:00."""
_DATE_AND_TIME = re.compile(rf"(?P<date>.+?)(?:\s*,\s*|\s+|T)(?P<clock>{CLOCK})", re.IGNORECASE | re.ASCII)
_CACHED = 1024
"""Texts that are read once: many guests arrive on the same day, and each row is read more than once."""
_CENTURIES = range(1900, 2100)
_MONTHS = 12
_LONG_YEAR = 4
_THIS_CENTURY = 2000


class DateEvidence(NamedTuple):
    """What the dates of one column say about their order.

    `possible` are the orders in which every text can be read, `proven` those in which alone some text can be read.
    `is_ambiguous` says that some text is another date in another order. `suspects_dates` says that a spreadsheet
    program may have exchanged day and month where it made dates of texts, and left the other texts.
    """

    possible: frozenset[str] = frozenset(DATE_ORDERS)
    proven: frozenset[str] = frozenset()
    is_ambiguous: bool = False
    suspects_dates: bool = False

    @property
    def is_contradictory(self) -> bool:
        """Whether no order can be that of all texts."""
        return not self.possible

    def order(self, stated: str = "") -> str:
        """Return the order of the column, which a user may have stated; empty if it is not known.

        A stated order that no text proves and one text disproves is not that of the column.
        """
        if stated:
            return stated if stated in self.possible or stated in self.proven else ""
        return min(self.possible) if len(self.possible) == 1 else ""


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
        "ymd": None if len(third) == _LONG_YEAR else _partial_date(first, second, third),
    }
    return {order: value for order, value in found.items() if value is not None}


def evidence(values: Iterable[CellValue]) -> DateEvidence:
    """Return what the cells of one column say about the order of its dates."""
    collector = EvidenceCollector()
    for value in values:
        collector.add(value)
    return collector.result()


class EvidenceCollector:
    """Collects the evidence of one column, cell by cell."""

    def __init__(self) -> None:
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

    def result(self) -> DateEvidence:
        """Return the evidence of all cells."""
        suspects = bool(self._proven and not self._is_ambiguous and self._exchangeable_dates and not self._other_dates)
        return DateEvidence(self._possible, frozenset(self._proven), self._is_ambiguous, suspects)

    def _add_text(self, text: str) -> None:
        found = readings(split_time(text)[0])
        if not found:
            return
        self.has_texts = True
        self._possible &= found.keys()
        if len(found) == 1:
            self._proven.update(found)
        elif len(set(found.values())) > 1:
            self._is_ambiguous = True


@lru_cache(_CACHED)
def split_time(text: str) -> tuple[str, str]:
    """Return the date and the time of day in a text, which may have none; without blanks around signs."""
    tidy = re.sub(r" ?([-/.]) ?", r"\1", " ".join(text.split()))
    match = _DATE_AND_TIME.fullmatch(tidy)
    return (match["date"].rstrip("."), match["clock"]) if match is not None else (tidy.rstrip("."), "")


def _partial_date(year: str, month: str, day: str) -> PartialDate | None:
    """Return the date of these numbers; None if there is none. Zeros are parts that are not known."""
    number = int(year) if len(year) == _LONG_YEAR else _THIS_CENTURY + int(year)
    try:
        return PartialDate(number, int(month) or None, int(day) or None)
    except ValueError:
        return None
