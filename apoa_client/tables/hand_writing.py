"""What people write into the cells of a guest book that is no value by itself.

A ditto mark stands for the cell above it. A title before a name is no part of the name in the passport. Two guests in
one cell, a word such as *TBA*, another document than a passport, capitals that contradict the order of the names, and
*batal* (cancelled) in another cell, above the row or as the name of its sheet would be reported as they stand: such a
row is refused.
"""

import re
from collections.abc import Container, Iterable, Iterator

from apoa_client.matching import fold
from apoa_client.messages import Message, msg
from apoa_client.report.fields import NAMES
from apoa_client.report.findings import Unreadable
from apoa_client.settings.column_mappings import GIVEN_FIRST, SURNAME_FIRST
from apoa_client.tables.rows import CellValue, Row

DITTO_MARKS = frozenset(
    {'"', "''", "\u201c", "\u201d", "\u3003", "//", '-"-', "-''-", "-//-", "- // -", '- " -', "idem", "ditto"}
    | {form.format(*letters) for form in ("{}{}{}", "{}.{}.{}", "{}.{}.{}.") for letters in ("sda", "SDA", "Sda")}
)
"""Marks for "the same as above"; *sda* is *sama dengan atas*. Idem in capitals may be a name."""
_TITLE = re.compile(
    r"\A(?:(?:mr|mrs|ms|miss|mdm|bpk|bapak)(?:\.\s*|\s+)|(?:dr|prof)\.\s*)(?=\w)|(?<=\w)[\s,]+(?:mr|mrs|ms|miss|mdm)\.?\Z",
    re.IGNORECASE,
)
_CANCELLED = frozenset(
    {"batal", "dibatalkan", "cancel", "cancelled", "canceled", "noshow", "tidakjadi", "tidakjadidatang", "tidakdatang"}
)
_BEGINS_CANCELLED = re.compile(r"\W*(?:batal|dibatalkan|cancell?ed|tidak\s+(?:jadi|datang))\b", re.IGNORECASE)
"""Not *cancel* or *no show*: booking systems have their rules in a column."""
_NOT_OF_GUESTS = _CANCELLED | {"cancellation", "cancellations", "contoh", "example", "examples"}
"""Words in the name of a sheet whose rows are not reported."""
_WORD = re.compile(r"[^\W\d_]+")
_SEVERAL_WORDS = frozenset({"dan", "and", "und", "et"})
"""Between two guests, in small letters: Dan is a name."""
_GROUP_WORDS = frozenset({"family", "keluarga", "rombongan", "tamu"})
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})
_SUSPICIOUS = re.compile(
    rf"\b(?:{'|'.join((*_SEVERAL_WORDS, *_GROUP_WORDS, *_SUFFIXES))})\b|\.|\s[\W_]+(?:\s|\Z)", re.IGNORECASE
)
"""What names have that are looked at closely."""
_NO_VALUES = frozenset({"tba", "tbc", "tbd", "xxx"})
_NO_NUMBERS = _NO_VALUES | {"lupa", "menyusul", "nyusul", "ada", "hilang", "ktp", "sim"}
"""*Ada* (there is one) is also a name and a town."""
_NO_NAMES = frozenset({"walkin", "guest", "guests", "noname", "unknown"})
_INITIALS = re.compile(r"(?:\w\.\s*)+")
_OTHER_DOCUMENT = re.compile(r"[^\W\d_]{3,}[\W_]+\w*\d.*|\d{16}", re.ASCII)
"""A word before the number, such as SIM or KTP or a country; the 16 digits of an Indonesian identity card."""
CHECKED = (*NAMES, "birth_place", "document_number", "room")
"""The fields whose texts are looked at."""
_LONGEST = 40
"""Characters of a text that is looked up; a note may be long."""

_SEVERAL = msg("There are several guests in one row. Each guest needs a row, because each has a passport.")
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

_NOT_REPORTED = msg(
    "The name of the sheet, or a line above, says that these guests cancelled, did not come, or are examples. Delete "
    "the row, or move it to the other guests if the guest is here."
)


def fill_ditto_marks(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows with the value above in place of each ditto mark.

    A row with less than half of the values of the others, such as a total or a note, is not above the next one: a mark
    below its cells is left, and refused.
    """
    above: tuple[CellValue, ...] = ()
    sheet, usual = "", 0
    for row in rows:
        filled = row
        if row.sheet != sheet:
            above, sheet, usual = (), row.sheet, 0
        if not DITTO_MARKS.isdisjoint(row.values):
            values = (
                _either(above, at, value) if value in DITTO_MARKS else value for at, value in enumerate(row.values)
            )
            filled = row._replace(values=tuple(values))
        values_above = filled.values
        count = len(values_above) - values_above.count(None) + len(row.merged)
        if count * 2 < usual:
            above = tuple(value if _is_empty_at(values_above, at) else None for at, value in enumerate(above))
            yield filled
            continue
        usual = count
        if None in values_above or len(values_above) < len(above):  # what is above an empty cell stays
            ends = above[len(values_above) :]
            values_above = tuple(
                _either(above, at, None) if value is None else value for at, value in enumerate(values_above)
            )
            values_above += ends
        above = values_above
        yield filled


def _either(above: tuple[CellValue, ...], column: int, value: CellValue) -> CellValue:
    """Return the value above in a column; `value` if there is none."""
    found = above[column] if column < len(above) else None
    return value if found is None else found


def _is_empty_at(values: tuple[CellValue, ...], column: int) -> bool:
    return column >= len(values) or values[column] is None


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
            self._of_line = any(isinstance(value, str) and fold(value[:_LONGEST]) in _CANCELLED for value in row.values)
        if self._of_sheet or self._of_line:
            return _NOT_REPORTED
        others = (value for at, value in enumerate(row.values) if isinstance(value, str) and at not in self._read)
        return _DID_NOT_COME if any(map(_says_cancelled, others)) else None


def without_title(name: str) -> str:
    """Return a name without a title, which no passport has."""
    return _TITLE.sub("", name.strip())


def _says_cancelled(value: str) -> bool:
    return _BEGINS_CANCELLED.match(value) is not None or fold(value[:_LONGEST]) in _CANCELLED


def _says_not_of_guests(sheet: str) -> bool:
    return fold(sheet) in _CANCELLED or not _NOT_OF_GUESTS.isdisjoint(map(fold, _WORD.findall(sheet)))


def whole_name(cell: str, order: str) -> str:
    """Return a whole name without its title. Raises `Unreadable` for half a name, and for capitals of another order."""
    name = without_title(cell)
    words = name.split()
    if fold(name[:_LONGEST]) in _NO_NAMES or (len(words) == 1 and fold(cell) != fold(name)):
        raise Unreadable("bad_character", _NO_NAME)
    if len(words) > 1 and "," not in name:
        first, last = (word.isupper() and len(fold(word)) > 1 for word in (words[0], words[-1]))
        if first != last and (order == SURNAME_FIRST if last else order.startswith(GIVEN_FIRST)):
            raise Unreadable("bad_character", _CAPITALS)
    return name


def problem_of(name: str, text: str) -> tuple[str, Message] | None:
    """Return the code and the message of what is wrong with the text of a field; None if it may be a value."""
    if text in DITTO_MARKS or text.casefold() in (_NO_NUMBERS if name == "document_number" else _NO_VALUES):
        return "missing", _NO_VALUE
    if name == "document_number":
        return ("bad_character", _NO_PASSPORT) if _OTHER_DOCUMENT.fullmatch(text) else None
    problem = _problem_of_name(text) if name in NAMES and _SUSPICIOUS.search(text) else None
    return ("bad_character", problem) if problem is not None else None


def _problem_of_name(text: str) -> Message | None:
    words = text.split()
    folded = set(map(fold, words))
    if _SEVERAL_WORDS.intersection(words[1:-1]) or folded & _GROUP_WORDS:
        return _SEVERAL
    is_part = folded <= _SUFFIXES or _INITIALS.fullmatch(text) is not None
    return _NO_NAME if is_part or (len(words) > 1 and "" in folded) else None
