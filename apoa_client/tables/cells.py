"""One cell of a table as the value of a field: a text, a number, a state, an MRZ, a birth.

Every function raises `Unreadable` with a message that does not repeat the cell.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, time
from functools import lru_cache
from typing import TypeAlias

from apoa_client.messages import msg
from apoa_client.passport import states
from apoa_client.passport.dates import PartialDate
from apoa_client.report.fields import DATE_TYPES, FIELDS, NAMES, UNREADABLE
from apoa_client.report.findings import Unreadable
from apoa_client.report.parse_dates import no_such_date
from apoa_client.report.parse_fields import is_unreadable, refuse_spreadsheet_error
from apoa_client.tables import cell_words, dates
from apoa_client.tables.dates import DateColumn
from apoa_client.tables.rows import CellValue

DATE_TARGETS = frozenset({"check_out", *(item.name for item in FIELDS if item.type in DATE_TYPES)})
"""Targets whose columns have dates."""
IDENTIFIERS = frozenset({"document_number", "stay_permit_number"})
"""Numbers of documents, which are refused unless they are shown whole."""
_CACHED = 1024
"""Texts that are read once: many guests are of few states."""
_MOST_EXACT = 10**15
"""Spreadsheet programs keep 15 digits of a number and replace the others with zeros."""
_OF_FLOAT = re.compile(r"\d+[.,]0+|\d+(?:[.,]\d+)?E[+-]\d+|\d+[.,]\d+E\d+", re.ASCII | re.IGNORECASE)
_WHOLE_NUMBER = re.compile(r"\d+(?:\.0+)?", re.ASCII)
_NAMIBIA = "NAM"
_CODE_FIRST = re.compile(r"[A-Z]{3} ?: ")
"""As Thailand's TM30 writes a state: the code decides where the name is not known."""
_JOINED_LINES = {88: 44, 72: 36, 90: 30}
"""The length of a line by that of all lines joined: TD3 and MRV-A, TD2 and MRV-B, TD1 (ICAO Doc 9303-4 to 9303-7)."""

_THROUGH_FLOAT = msg(
    "This number went through a program that calculates with it, so zeros in front or the last digits may be lost. "
    "Write it as the document has it."
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


def is_empty(value: CellValue) -> bool:
    """Return whether a cell has nothing in it, or blanks only."""
    return value is None or (isinstance(value, str) and not value.strip())


def is_given(value: CellValue) -> bool:
    """Return whether a cell has a value. Raises `Unreadable` for an error of the spreadsheet program in its place."""
    if isinstance(value, str):
        refuse_spreadsheet_error(value)
        return bool(value.strip())
    return value is not None


def text(value: CellValue) -> str:
    """Return the text of a cell, or its number as the spreadsheet shows it. Raises `Unreadable`, as all below."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool) or value is None:
        raise Unreadable("bad_character", _NO_TEXT)
    if isinstance(value, (date, time)):
        raise Unreadable("bad_character", _DATE_IN_TEXT)
    if not abs(value) < _MOST_EXACT:  # NaN is less than no number
        raise Unreadable("bad_character", _TOO_LONG_NUMBER)
    return str(int(value)) if value == int(value) else str(value)


def _name(value: CellValue) -> str:
    return cell_words.without_title(text(value))


def _identifier(value: CellValue) -> str:
    """Return the text of a number that counts nothing, unless it was made of a float."""
    found = text(value)
    if _OF_FLOAT.fullmatch(found) is not None:
        raise Unreadable("bad_character", _THROUGH_FLOAT)
    return found


def whole_number(value: CellValue) -> str:
    """Return a number of nights: also of a text such as ``2.0``, which exports have, or ``02``."""
    found = text(value)
    return found.partition(".")[0].lstrip("0") or "0" if _WHOLE_NUMBER.fullmatch(found) else found


def _sex(value: CellValue) -> str:
    return cell_words.sex_of_word(text(value))


def _country(value: CellValue) -> str:
    """Return the text of a state; the code where a list shows the code and the name, as in ``AUS : Australia``."""
    return _code_of_list(text(value))


@lru_cache(_CACHED)
def _code_of_list(found: str) -> str:
    if states.find(found) is None:
        parts = [part.strip() for part in re.split(r"[:|/()]|\s-\s", found) if part.strip()]
        named = [states.find(_NAMIBIA if len(parts) > 1 and part.upper() == "NA" else part) for part in parts]
        codes = {states.canonical_code(state.code) for state in named if state is not None}
        if len(codes) == 1 and (None not in named or _CODE_FIRST.match(found) is not None):
            return codes.pop()
    return found


def mrz_lines(value: CellValue) -> tuple[str, ...]:
    """Return the lines of an MRZ in one cell: each on its own line, or all joined to one."""
    lines = [line.strip() for line in text(value).splitlines() if line.strip()]
    if len(lines) == 1 and len(joined := "".join(lines[0].split())) in _JOINED_LINES:
        length = _JOINED_LINES[len(joined)]
        return tuple(joined[start : start + length] for start in range(0, len(joined), length))
    return tuple(lines)


def day_or_unreadable(target: str, value: CellValue, column: DateColumn) -> date | str:
    """Return the date of a cell, or that the document's date cannot be read, where the cell says so."""
    if isinstance(value, str) and is_unreadable(target, value):
        return UNREADABLE
    return dates.day(value, column)


def _place_of_birth(value: CellValue, column: DateColumn, *, by: date | None) -> "_Birth":
    """Return the place in a column of places; also the date of a whole day that stands behind it."""
    found = text(value)
    place, written = dates.place_and_date(found)
    if not written:
        return found, None
    if not place:
        raise Unreadable("bad_character", dates.NO_PLACE)
    return place, dates.birth_date(written, column, by=by)


def _date_of_birth(value: CellValue, column: DateColumn, *, by: date | None) -> "_Birth":
    """Return the date in a column of dates; also the place that stands beside it."""
    place, written = dates.place_and_date(value) if isinstance(value, str) else ("", "")
    return place if written else "", dates.birth_date(written or value, column, by=by)


def _place_and_date(value: CellValue, column: DateColumn, *, by: date | None) -> "_Birth":
    """Return the place and the date in a column of both, of which a cell may have one."""
    if not isinstance(value, str):
        return "", dates.birth_date(value, column, by=by)
    place, written = dates.place_and_date(value)
    if written:
        return place, dates.birth_date(written, column, by=by)
    if any(map(str.isdigit, place)):
        raise no_such_date()
    return place, None


_Birth: TypeAlias = "tuple[str, PartialDate | None]"
BIRTH = {"birth_place": _place_of_birth, "birth": _place_and_date, "birth_date": _date_of_birth}
DATED = DATE_TARGETS | BIRTH.keys()
_BY_TYPE: Mapping[str, Callable[[CellValue], str]] = {"state": _country, "sex": _sex, "nights": whole_number}
_TOGETHER = DATE_TYPES | {"place", "mrz"}
"""Types of fields that are read with other cells."""
PARSERS: Mapping[str, Callable[[CellValue], str]] = {
    **{item.name: _BY_TYPE.get(item.type, text) for item in FIELDS if item.type not in _TOGETHER},
    **dict.fromkeys((*IDENTIFIERS, "phone"), _identifier),
    **dict.fromkeys(NAMES, _name),
}
"""How the cell of a field is read that says everything about it."""
