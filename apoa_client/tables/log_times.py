"""The dates and times in the log of a passport reader, as far as they can be read in one way only."""

import re
from datetime import date, time
from typing import NamedTuple

_ISO = re.compile(
    r"(?<![0-9.])(?P<y>20[0-9]{2})(?P<between>[-/.])(?P<m>[0-9]{1,2})(?P=between)(?P<d>[0-9]{1,2})(?![0-9])"
)
_OTHER = re.compile(
    r"(?<![0-9.])(?P<a>[0-9]{1,2})(?P<between>[-/.])(?P<b>[0-9]{1,2})(?P=between)(?P<y>20[0-9]{2})(?![0-9])"
)
_COMPACT = re.compile(
    r"(?<![0-9])(?P<y>20[0-9]{2})(?P<m>[0-9]{2})(?P<d>[0-9]{2})"
    r"(?:[T _-]?(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2})?)?(?![0-9])"
)
_CLOCK = re.compile(
    r"(?<![0-9:.])(?P<hour>[0-9]{1,2})[:.](?P<minute>[0-9]{2})(?:[:.](?P<second>[0-9]{2}))?(?:[.,][0-9]+)?"
    r"(?:\s*(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2}))?(?![0-9:])"
)
_MONTHS = 12


class Stamp(NamedTuple):
    """A date and a time of day, as far as they are known. `ambiguous`: the day and the month could be exchanged."""

    day: date | None = None
    clock: str = ""
    ambiguous: bool = False

    @property
    def typed(self) -> str:
        """The time as a user would type it (ISO 8601), the date alone, or "" without a date."""
        if self.day is None:
            return ""
        return f"{self.day.isoformat()}T{self.clock}" if self.clock else self.day.isoformat()


def find_stamp(text: str, *, month_first: bool | None) -> Stamp:
    """Return the date and the time in one line. `month_first` is None if the order of other dates is not known."""
    if match := _COMPACT.search(text):
        clock = _clock(match) or _clock(_CLOCK.search(text[match.end() :]))
        return Stamp(_day(match["y"], match["m"], match["d"]), clock)
    if match := _ISO.search(text):
        day, ambiguous = _day(match["y"], match["m"], match["d"]), False
    elif match := _OTHER.search(text):
        month, number = (match["a"], match["b"]) if month_first else (match["b"], match["a"])
        ambiguous = month_first is None and month != number
        day = None if ambiguous else _day(match["y"], month, number)
    else:
        return Stamp(None, _clock(_CLOCK.search(text)))
    rest = text[: match.start()] + " " + text[match.end() :].removeprefix("T")
    return Stamp(day, _clock(_CLOCK.search(rest)), ambiguous)


def date_orders(text: str) -> set[bool]:
    """Return what the dates in a text show of their order: whether the month comes first, as in 11/24/2026."""
    numbers = [(int(match["a"]), int(match["b"])) for match in _OTHER.finditer(text)]
    return {second > _MONTHS for first, second in numbers if (first > _MONTHS) != (second > _MONTHS)}


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _clock(match: re.Match[str] | None) -> str:
    """Return the time of day in ISO 8601 with its offset, if it has one; "" if there is none."""
    if match is None or match["hour"] is None:
        return ""
    try:
        clock = time(int(match["hour"]), int(match["minute"]), int(match["second"] or 0))
    except ValueError:
        return ""
    return clock.isoformat() + (match.groupdict().get("zone") or "")
