"""What is read from a table: cells, rows of cells, and rows of typed fields.

A reader makes a `Table`, whose columns must be matched with fields, or `Records`, whose fields are known. Both can be
read several times, so that a file is checked before anything is saved, without keeping it in memory. A value is the
same whichever program stored it.

A spreadsheet program may take a text for a formula when it opens a CSV file. A guest, a booking system or an authority
chooses such a text, and a formula can send the other cells to a stranger or start a program. So an apostrophe is
written before the character that begins a formula: ``=``, ``+``, ``-``, ``@``, a tab, a line break, and the full-width
forms that programs for Japanese and Chinese read as the same characters (OWASP, "CSV Injection"). It is also written
inside a text, behind a character that separates cells: a program that expects a semicolon splits a file with commas
there, whatever the quotes say.

What was written is read again without loss: a text that had apostrophes there already gets one more. A workbook needs
no apostrophes, because its cells say that they are texts. But a CSV file that was opened and saved as a workbook has
them, so they are removed from the cells of workbooks, too, and a text that has its own is stored with one more.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from itertools import islice
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from apoa_client.messages import msg
from apoa_client.report.fields import FieldValue, as_typed
from apoa_client.report.findings import Finding
from apoa_client.report.parse_fields import is_spreadsheet_error
from apoa_client.tables.content import TableRefused

CellValue: TypeAlias = "str | int | float | bool | date | datetime | time | None"
"""The content of one cell. A CSV file has texts only; None is an empty cell."""


MOST_COLUMNS = 1024
"""A table of guests has no cell further to the right."""
MOST_TEXT = 32_767
"""The characters that a cell has in any spreadsheet program."""
_MOST_DIGITS = 10**15
"""A number of this size is not exact as a floating point number, and is kept as it is."""
_BEGINS_FORMULA = "[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"
_CELL_BEGINS = "^|(?<=[,;|\t\r\n])"
_TO_NEUTRALISE = re.compile(f"(?:{_CELL_BEGINS})(?='*{_BEGINS_FORMULA})")
_NEUTRALISED = re.compile(f"(?:{_CELL_BEGINS})'(?='*{_BEGINS_FORMULA})")
_MOST_LINES_ABOVE = 30
_SHARE = 0.6
"""A heading row has at least this share of the cells that the rows usually have: title lines have one or two."""


class HiddenNumber(float):
    """A number that the spreadsheet program shows without some of its digits, such as rounded."""

    def __str__(self) -> str:
        return str(int(self)) if self.is_integer() else float.__repr__(self)


class Row(NamedTuple):
    """One row of a table. `number` is the one that a spreadsheet program shows: the first row is 1."""

    number: int
    values: tuple[CellValue, ...]

    def __repr__(self) -> str:
        """Return a text without personal data: it may reach a log."""
        return f"Row({self.number!r}, …)"


class SourceFacts(NamedTuple):
    """What was found out about a file, to be shown. Empty where it does not apply."""

    format: str
    """``csv``, ``xlsx``, ``ods`` or ``json``."""
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    other_sheets: tuple[str, ...] = ()
    """The sheets that are not read."""


class Table(NamedTuple):
    """A table with headings. `read_rows` starts a new reading of the rows below the headings, without empty ones."""

    facts: SourceFacts
    headings: tuple[str, ...]
    heading_row: int
    read_rows: Callable[[], Iterator[Row]]

    def __repr__(self) -> str:
        """Return a text without personal data: a file without headings has a guest in their place."""
        return f"Table({self.facts!r}, …)"


class GuestRow(NamedTuple):
    """The fields of one guest.

    `typed` has texts by the names of `apoa_client.report.fields`, as if a user had typed them, `values` the dates that
    were read, `lines` the MRZ. A check-in without a time is a date. `cells` names the cell of a field ("B7"), or the
    line of a text file, by the field's path in the contract. `findings` are problems with cells that could not be read
    as a field; the field then has no value. `check_out` is the day or time when the guest left, or a text as typed;
    empty if the table does not say it. `skip` says why the row is no guest to report; it is empty otherwise.
    """

    number: int
    typed: Mapping[str, str] = MappingProxyType({})
    lines: tuple[str, ...] = ()
    cells: Mapping[str, str] = MappingProxyType({})
    findings: tuple[Finding, ...] = ()
    check_out: str | date = ""
    skip: str = ""
    """``cancelled``: the reservation was cancelled, or the guest did not come. ``not_arrived``: not yet."""
    warnings: tuple[Finding, ...] = ()
    """What is worth a look in the row and is no problem with a cell."""
    values: Mapping[str, FieldValue] = MappingProxyType({})

    @property
    def texts(self) -> dict[str, str]:
        """The fields as a user would type them."""
        return {**self.typed, **{name: as_typed(value) for name, value in self.values.items()}}

    def __repr__(self) -> str:
        """Return a text without personal data: it may reach a log."""
        return f"GuestRow({self.number!r}, …)"


class Records(NamedTuple):
    """Rows whose fields are known without headings. `read_rows` starts a new reading."""

    facts: SourceFacts
    read_rows: Callable[[], Iterator[GuestRow]]


def as_value(value: CellValue) -> CellValue:
    """Return a value without what the program added: 5.0 becomes 5, midnight the date, a blank text an empty cell.

    An apostrophe that keeps a text from being a formula is removed.
    """
    if isinstance(value, str):
        return original(value) if value.strip() else None
    if isinstance(value, datetime):
        return value.date() if value.time() == time() else value
    if type(value) is float and value.is_integer() and abs(value) < _MOST_DIGITS:
        return int(value)
    return value


def error_cell(text: str) -> str:
    """Return the text of a cell that holds an error by its kind; ``#VALUE!`` for a text that is not known as one."""
    return text if is_spreadsheet_error(text) else "#VALUE!"


def too_many_columns() -> TableRefused:
    """Return the error for a value in a column that no table of guests has."""
    return TableRefused(
        msg("The table has over {limit} columns.", limit=MOST_COLUMNS),
        msg("Choose another sheet with --sheet, or delete the columns without guests."),
        name="too_many_columns",
    )


def neutralise(text: str) -> str:
    """Return a text for a cell of a CSV file, in which no spreadsheet program finds a formula."""
    return _TO_NEUTRALISE.sub("'", text)


def original(text: str) -> str:
    """Return the text for which `neutralise` returned this one; any other text unchanged."""
    return _NEUTRALISED.sub("", text) if "'" in text else text


def for_workbook(text: str) -> str:
    """Return a text for a cell of a workbook, for which `original` returns this one."""
    return text if original(text) == text else neutralise(text)


def table_of(facts: SourceFacts, read_all: Callable[[], Iterator[Row]]) -> Table:
    """Return the table whose rows, the headings and the lines above them included, `read_all` reads without empty ones.

    Raises `TableRefused` if there are no rows, and what `read_all` raises.
    """
    first = list(islice(read_all(), _MOST_LINES_ABOVE))
    if not first:
        raise TableRefused(
            msg("The table is empty."), msg("Choose another file, or another sheet with --sheet."), name="table_empty"
        )
    row = find_heading_row(first)

    def read_rows() -> Iterator[Row]:
        return (each for each in read_all() if each.number > row.number)

    return Table(facts, tuple(heading_text(value) for value in row.values), row.number, read_rows)


def find_heading_row(rows: Sequence[Row]) -> Row:
    """Return the first row that is as wide as the others and has only texts; the first wide one if there is none."""
    widths = sorted(_width(row.values) for row in rows)
    usual = widths[len(widths) // 2]
    wide = [row for row in rows if _width(row.values) >= usual * _SHARE]
    return next((row for row in wide if _is_text(row.values)), wide[0])


def heading_text(value: CellValue) -> str:
    """Return a heading in one line, without spaces around it."""
    return "" if value is None else " ".join(str(value).split())


def _width(values: Sequence[CellValue]) -> int:
    return sum(value is not None for value in values)


def _is_text(values: Sequence[CellValue]) -> bool:
    """Return whether no cell is a number, a date, or a text that begins with a digit."""
    return all(value is None or (isinstance(value, str) and not value.lstrip()[:1].isdigit()) for value in values)
