"""One cell of a table as the value of a field: a text, a number, a state, an MRZ, a birth.

Every function raises `Unreadable` with a message that does not repeat the cell. The cells of booking systems and guest
books have words: a status, titles, sexes, documents, whole names, and marks.

A ditto mark stands for the cell above it. A title before a name is no part of the name in the passport. Two guests in
one cell, a word such as *TBA*, another document than a passport, capitals that contradict the order of the names, and
*batal* (cancelled) in another cell, above the row or as the name of its sheet would be reported as they stand: such a
row is refused; for a name only where no MRZ and no other column has it.

A whole name is split in the order that a user said. The surname is the first word, or the last word. Where the surname
comes first, a comma may be behind it. A name in which the surname may have more words is refused: those with a particle
such as *van* or *bin*, and those of states where people have two surnames. So is a comma where the given names come
first: it may stand between two guests.

In East Asia and Vietnam the surname comes first, and many keep that order abroad: Chen Wei is Mr Chen. So a user's word
that the given names come first is not enough for these guests, nor for those of states where either order is common. A
comma behind the surname is enough, and so is an MRZ in the row.
"""

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from datetime import date, time
from functools import lru_cache
from typing import TypeAlias

from apoa_client.messages import Message, msg
from apoa_client.passport import states
from apoa_client.passport.dates import PartialDate
from apoa_client.report.fields import DATE_TYPES, FIELDS, NAMES, UNREADABLE
from apoa_client.report.findings import Unreadable
from apoa_client.report.parse_dates import no_such_date
from apoa_client.report.parse_fields import is_unreadable, refuse_spreadsheet_error
from apoa_client.settings.column_mappings import BY_NATIONALITY, GIVEN_FIRST, SURNAME_FIRST
from apoa_client.tables import dates
from apoa_client.tables.dates import DateColumn
from apoa_client.tables.headings import meanings_of, words_of
from apoa_client.tables.rows import CellValue, Row
from apoa_client.texts import fold

_STATUSES = 64
"""Texts whose meaning is remembered: a column has few."""

CANCELLED = "cancelled"
NOT_ARRIVED = "not_arrived"
SKIPPED = (CANCELLED, NOT_ARRIVED)
"""The meanings of a status whose row is no guest to report."""
STAYING = "staying"
LEFT = "left"

_MEANINGS = {fold(word): meaning for word, meaning in meanings_of("status").items()}
_SEXES = meanings_of("sex")
_PASSPORTS, _PASSPORT_CODES = words_of("document").values()
_NAMES = words_of("name")
_PARTICLES, _PATRONYMICS = _NAMES["particle"], _NAMES["patronymic"]
"""Before a surname of several words. The patronymics are no syllables of names in East Asia: Nguyen Van An is Mr
Nguyen."""
_TWO_SURNAMES, _SURNAME_FIRST, _EITHER_ORDER = (
    _NAMES[each] for each in ("two surnames", "surname first", "either order")
)
"""States by their codes. The last ones have the surname first at home and not abroad, or for a part of the people; many
there have none at all."""
NAME_ORDER = "name_order"
"""The code of a whole name of which it is not certain where the surname stands."""
_AND = ("dan", "and", "und", "et")
_SEVERAL_GUESTS = frozenset({*_AND, "&", "+"})
"""Between two guests; in a name of its own only in small letters, because Dan is a name."""
_SEPARATORS = (";", "\n", " / ", " & ", " + ")
_TWO_WORDS = 2
_ORDER_UNKNOWN = msg(
    "The names are in one column. Say which names come first, or give surname and given names a column each."
)
_BORDER_UNKNOWN = msg("The surname may have more than one word. Write a comma behind it: SURNAME, GIVEN NAMES.")
_LAST_BORDER_UNKNOWN = msg(
    "The surname may have more than one word. Give surname and given names a column each, as in the passport."
)
_ORDER_OF_STATE = msg(
    "In this guest's country the surname often comes first, so it is not certain which name is the surname. Write a "
    "comma behind it: SURNAME, GIVEN NAMES. If all such names have one order: --name-order by-nationality (the surname "
    "first) or given-first-always."
)
_COMMA = msg(
    "The names have a comma. Write one guest in a row, the given names first, without a comma; or give surname and "
    "given names a column each."
)
_SEVERAL = msg("There are several guests in one row. Each guest needs a row, because each has a passport.")
DITTO_MARKS = frozenset(
    {'"', "''", "\u201c", "\u201d", "\u3003", "//", '-"-', "-''-", "-//-", "- // -", '- " -', "idem", "ditto"}
    | {form.format(*letters) for form in ("{}{}{}", "{}.{}.{}", "{}.{}.{}.") for letters in ("sda", "SDA", "Sda")}
)
"""Marks for "the same as above"; *sda* is *sama dengan atas*. Idem in capitals may be a name."""
_TITLE_OF_A_NAME = re.compile(
    r"\A(?:(?:mr|mrs|ms|miss|mdm|bpk|bapak)(?:\.\s*|\s+)|(?:dr|prof)\.\s*)(?=\w)|(?<=\w)[\s,]+(?:mr|mrs|ms|miss|mdm)\.?\Z",
    re.IGNORECASE,
)
_CANCELLED_WORDS = words_of("row")["cancelled"]
_BEGINS_CANCELLED = re.compile(
    r"\W*(?:batal|btl(?!\s+(?:aqua|air|bir|beer|coca|sprite|teh|wine|minum))|di\s?batalkan|di\s?cancel|cancell?ed|cancle"
    r"|(?:tidak|tdk|tak|(?:en?|n)?g{1,2}ak?)\s+(?:jadi|datang|dtg))\b",
    re.IGNORECASE,
)
"""Not *cancel* or *no show*: booking systems have their rules in a column. *Btl aqua* is a bottle of water."""
_NOT_OF_GUESTS = _CANCELLED_WORDS | words_of("row")["not of guests"]
"""Words in the name of a sheet whose rows are not reported."""
_WORD = re.compile(r"[^\W\d_]+")
_GROUP_WORDS, _SUFFIXES = _NAMES["group"], _NAMES["suffix"]
_CLOSELY = "|".join(sorted({*_AND, *_GROUP_WORDS, *_SUFFIXES}))
_SUSPICIOUS = re.compile(rf"\b(?:{_CLOSELY})\b|\.|\s[\W_]+(?:\s|\Z)", re.IGNORECASE)
"""What names have that are looked at closely."""
_NO_VALUES = frozenset({"tba", "tbc", "tbd", "xxx"})
_FORGOTTEN = "lupa"
"""With a capital it is a name of Romania and Poland, as *Mba* is one of Gabon."""
_NO_NUMBERS = _NO_VALUES | {"menyusul", "nyusul", "ada", "hilang", "ktp", "sim"}
"""*Ada* (there is one) is also a name and a town."""
_INITIALS = re.compile(r"(?:\w\.\s*)+")
_OTHER_DOCUMENT = re.compile(r"[^\W\d_]{3,}[\W_]+\w*\d.*|\d{16}", re.ASCII)
"""A word before the number, such as SIM or KTP or a country; the 16 digits of an Indonesian identity card."""
CHECKED = (*NAMES, "birth_place", "document_number", "room")
"""The fields whose texts are looked at."""
_LONGEST = 40
"""Characters of a text that is looked up; a note may be long."""

_NO_NAME = msg("This is not the whole name of a guest. Write it as in the passport.")
_NO_VALUE = msg("This word stands for a value that is missing. Write the value.")
_NO_PASSPORT = msg("This is not the number of a passport alone. Write the number as in the passport, without a word.")
_CAPITALS = msg(
    "The names in capitals are usually the surname, and the names are said to be in the other order. Give surname and "
    "given names a column each, as in the passport."
)
_DID_NOT_COME = msg(
    "Another cell says that the guest cancelled or did not come. Delete the row, or that word if the guest is here."
)

NOT_REPORTED = msg(
    "The name of the sheet, or a line above, says that these guests cancelled, did not come, or are examples. Delete "
    "the row, or move it to the other guests if the guest is here."
)
CANCELLED_MARK = "Batal!"
"""Keeps a row with `NOT_REPORTED` from being reported where neither its sheet nor the line above is beside it."""


@lru_cache(_STATUSES)
def meaning(status: str) -> str:
    """Return what the status of a reservation means: `CANCELLED`, `NOT_ARRIVED`, `STAYING` or `LEFT`.

    Raises `Unreadable` for an unknown status: it may be another language's word for a cancelled reservation.
    """
    found = _MEANINGS.get(fold(status))
    if found is None:
        raise Unreadable(
            "unknown_format",
            msg("This status is not known. Write confirmed, checked in, checked out, cancelled or no-show."),
        )
    return found


def is_passport(text: str) -> bool:
    """Return whether the type of a document is a passport."""
    folded = fold(text)
    return folded in _PASSPORT_CODES or any(word in folded for word in _PASSPORTS)


def split_full_name(text: str, name_order: str, nationality: str = "") -> tuple[str, str]:
    """Return the surname and the given names, without a title; a name of one word is the surname.

    Raises `Unreadable` without an order, where the order does not say where the surname ends or contradicts the
    capitals, and for half a name.
    """
    text = _whole_name(text, name_order)
    words = text.split()
    if any(separator in text for separator in _SEPARATORS) or _SEVERAL_GUESTS & {word.casefold() for word in words}:
        raise Unreadable("bad_character", _SEVERAL)
    if not name_order and not is_surname_before_comma(text):
        raise Unreadable("missing", _ORDER_UNKNOWN)
    state = states.find(nationality)
    code = state.code if state is not None else ""
    has_other_order = code in _SURNAME_FIRST | _EITHER_ORDER
    is_surname_first = name_order == SURNAME_FIRST or (name_order == BY_NATIONALITY and code in _SURNAME_FIRST)
    if "," in text:
        return _split_at_comma(text, is_surname_first=is_surname_first or has_other_order or not name_order)
    if len(words) == 1:
        return words[0], ""
    if has_other_order and (name_order == GIVEN_FIRST or (name_order == BY_NATIONALITY and code in _EITHER_ORDER)):
        raise Unreadable(NAME_ORDER, _ORDER_OF_STATE)
    if len(words) > _TWO_WORDS and _may_have_long_surname(words, code):
        raise Unreadable("bad_character", _BORDER_UNKNOWN if is_surname_first else _LAST_BORDER_UNKNOWN)
    if is_surname_first:
        return words[0], " ".join(words[1:])
    return words[-1], " ".join(words[:-1])


def _whole_name(cell: str, name_order: str) -> str:
    """Return a whole name without its title."""
    name = without_title(cell)
    words = name.split()
    if fold(name[:_LONGEST]) in _NAMES["no name"] or (len(words) == 1 and fold(cell) != fold(name)):
        raise Unreadable("bad_character", _NO_NAME)
    if len(words) > 1 and "," not in name:
        first, last = (word.isupper() and len(fold(word)) > 1 for word in (words[0], words[-1]))
        if first != last and (name_order == SURNAME_FIRST if last else name_order.startswith(GIVEN_FIRST)):
            raise Unreadable("bad_character", _CAPITALS)
    return name


def is_surname_before_comma(name: str) -> bool:
    """Return whether the comma in a whole name is behind the surname, and not between two guests."""
    before, _comma, behind = name.partition(",")
    return bool(behind.strip()) and (len(before.split()) == 1 or (before.isupper() and not behind.isupper()))


def _split_at_comma(text: str, *, is_surname_first: bool) -> tuple[str, str]:
    surname, given = (" ".join(part.split()) for part in text.split(",", 1))
    if not is_surname_first:
        raise Unreadable("bad_character", _COMMA)
    if "," in given or not surname or not given:
        raise Unreadable("bad_character", _BORDER_UNKNOWN)
    return surname, without_title(given)


def _may_have_long_surname(words: list[str], code: str) -> bool:
    particles = _PATRONYMICS if code in _SURNAME_FIRST | _EITHER_ORDER - {"HUN"} else _PARTICLES
    return bool(particles & {word.casefold().strip(".") for word in words}) or code in _TWO_SURNAMES


def fill_ditto_marks(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows with the value above in place of each ditto mark.

    A row with less than half of the values of the others, such as a total or a note, is not above the next one: a mark
    below its cells is left, and refused.
    """
    above: dict[int, CellValue] = {}
    sheet, usual = "", 0
    for row in rows:
        if row.sheet != sheet:
            above, sheet, usual = {}, row.sheet, 0
        values = row.values
        if not DITTO_MARKS.isdisjoint(values):
            values = tuple(above.get(at, value) if value in DITTO_MARKS else value for at, value in enumerate(values))
        given = {at: value for at, value in enumerate(values) if value is not None}
        count = len(given) + len(row.merged)
        if count * 2 < usual:
            above = {at: value for at, value in above.items() if at not in given}
        else:
            usual = count
            above |= given  # what is above an empty cell stays
        yield row if values is row.values else row._replace(values=values)


class Cancellations:
    """Finds the rows of guests who did not come, in the order of the rows.

    `read` are the columns that are fields: in one of the others, and in that of the room, *batal* is no value.
    """

    def __init__(self, read: Container[int]) -> None:
        self._read = read
        self._sheet, self._of_sheet, self._of_line = "", False, False

    def problem(self, row: Row) -> Message | None:
        """Return why a row is not reported; None if it may be."""
        if row.sheet != self._sheet:
            self._sheet, self._of_sheet, self._of_line = row.sheet, _says_not_of_guests(row.sheet), False
        if len(row.values) - row.values.count(None) <= 1:  # a line for the rows below it, or the headings again
            texts = (value[:_LONGEST] for value in row.values if isinstance(value, str))
            self._of_line = any(fold(text) in _CANCELLED_WORDS for text in texts)
        if self._of_sheet or self._of_line:
            return NOT_REPORTED
        others = (value for at, value in enumerate(row.values) if isinstance(value, str) and at not in self._read)
        return _DID_NOT_COME if any(map(_says_cancelled, others)) else None


def without_title(name: str) -> str:
    """Return a name without a title, which no passport has."""
    return _TITLE_OF_A_NAME.sub("", name.strip())


def _says_cancelled(value: str) -> bool:
    return _BEGINS_CANCELLED.match(value) is not None or fold(value[:_LONGEST]) in _CANCELLED_WORDS


def _says_not_of_guests(sheet: str) -> bool:
    return fold(sheet) in _CANCELLED_WORDS or not _NOT_OF_GUESTS.isdisjoint(map(fold, _WORD.findall(sheet)))


def problem_of(name: str, text: str) -> tuple[str, Message] | None:
    """Return the code and the message of what is wrong with the text of a field; None if it may be a value."""
    no_values = _NO_NUMBERS if name == "document_number" else _NO_VALUES
    if text in DITTO_MARKS or text.casefold() in no_values or (text == _FORGOTTEN and name in NAMES):
        return "missing", _NO_VALUE
    if name == "document_number":
        return ("bad_character", _NO_PASSPORT) if _OTHER_DOCUMENT.fullmatch(text) else None
    problem = _problem_of_name(text) if name in NAMES and _SUSPICIOUS.search(text) else None
    return ("bad_character", problem) if problem is not None else None


def _problem_of_name(text: str) -> Message | None:
    words = text.split()
    folded = set(map(fold, words))
    if _SEVERAL_GUESTS.intersection(words[1:-1]) or folded & _GROUP_WORDS:
        return _SEVERAL
    is_part = folded <= _SUFFIXES or _INITIALS.fullmatch(text) is not None
    return _NO_NAME if is_part or (len(words) > 1 and "" in folded) else None


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
    return without_title(text(value))


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
    """Return the sex of a title such as Mr; else the text itself."""
    found = text(value)
    return _SEXES.get(fold(found), found)


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
