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
NO_GUEST = "no_guest"
"""Why a row is skipped that has no document, no nationality and no date: a total, a note or repeated headings."""
_MOST_DIGITS = 10**15
"""A number of this size is not exact as a floating point number, and is kept as it is."""
_BEGINS_FORMULA = "[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"
_CELL_BEGINS = "^|(?<=[,;|\t\r\n])"
_TO_NEUTRALISE = re.compile(f"(?:{_CELL_BEGINS})(?='*{_BEGINS_FORMULA})")
_NEUTRALISED = re.compile(f"(?:{_CELL_BEGINS})'(?='*{_BEGINS_FORMULA})")


class Merged(NamedTuple):
    """Cells that are one: the first and last row as a spreadsheet program counts them, the columns from 0 on."""

    first_row: int
    last_row: int
    first_column: int
    last_column: int


class HiddenNumber(float):
    """A number that the spreadsheet program shows in another form, such as rounded or with letters."""

    def __str__(self) -> str:
        return str(int(self)) if self.is_integer() else float.__repr__(self)


class BareNumber(int):
    """A whole number of a file whose formats are not read: zeros in front of it may be shown there."""


class Row(NamedTuple):
    """One row of a table. `number` is the one that a spreadsheet program shows: the first row is 1.

    `sheet` is the name of its sheet; empty if the file has none. `merged` has the values of cells that are merged
    downwards over this row, by column. A row that repeats the headings has no values.
    """

    number: int
    values: tuple[CellValue, ...]
    sheet: str = ""
    merged: Mapping[int, CellValue] = MappingProxyType({})

    def __repr__(self) -> str:
        """Return a text without personal data: it may reach a log."""
        return f"Row({self.number!r}, …)"


class SheetFacts(NamedTuple):
    """A sheet of a workbook, and whether it is read. `rows` are those below the headings that are not read.

    They are None for a sheet that was not opened, because the user chose others.
    """

    name: str
    rows: int | None
    read: bool


class SourceFacts(NamedTuple):
    """What was found out about a file, to be shown. Empty where it does not apply."""

    format: str
    """``csv``, ``xlsx``, ``ods`` or ``json``."""
    encoding: str = ""
    delimiter: str = ""
    sheets: tuple[SheetFacts, ...] = ()
    left: tuple[str, ...] = ()
    """The names of sheets with guests that are not read, though no user left them out."""


class Table(NamedTuple):
    """A table with headings. `read_rows` starts a new reading of the rows below the headings, without empty ones."""

    facts: SourceFacts
    headings: tuple[str, ...]
    heading_row: int
    read_rows: Callable[[], Iterator[Row]]
    read_first: Callable[[], Sequence[Row]] = tuple
    """Returns the first rows of the file, the headings and the lines above them included."""

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
    """``cancelled``: the reservation was cancelled, or the guest did not come. ``not_arrived``: not yet. `NO_GUEST`."""
    warnings: tuple[Finding, ...] = ()
    """What is worth a look in the row and is no problem with a cell."""
    values: Mapping[str, FieldValue] = MappingProxyType({})
    sheet: str = ""

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
