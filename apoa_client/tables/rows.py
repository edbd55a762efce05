"""What is read from a table: the content of its file, cells, rows of cells, and rows of typed fields.

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

The content of a file is read once, as bytes or as text. No error repeats a cell. The processing time is limited,
because a small file can be made so that it keeps a computer busy for hours.
"""

import io
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from itertools import count
from pathlib import Path
from time import process_time
from types import MappingProxyType
from typing import BinaryIO, NamedTuple, TextIO, TypeAlias, TypeVar

from apoa_client.errors import DataRefused, SettingsProblem, file_in_use, file_unreadable, install_advice
from apoa_client.files import FileInUse, wait_while_in_use
from apoa_client.messages import Message, msg
from apoa_client.report.fields import FieldValue, as_typed
from apoa_client.report.findings import Finding
from apoa_client.report.parse_fields import is_spreadsheet_error
from apoa_client.texts import marked_encoding

_MOST_S = 20.0
_EACH_ROW_S = 0.0005
"""How much longer it may take for each row: a row of a workbook takes 0.12 ms, and more on a slow computer."""
_MOST_ROWS = 250_000
_Row = TypeVar("_Row")
HEAD_BYTES = 65_536
MARK_BYTES = 4
"""No byte order mark is longer."""
MAX_BYTES = 128 * 1024 * 1024
"""250,000 rows, the most that are read, take 100 MB as text if each has 400 characters."""
_PIECE = 1 << 16
_MOST_CHARACTERS = 1_000_000
"""A longer line is in no table."""
_NAMES = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1252": "Windows-1252",
}


class TableRefused(DataRefused):
    """The file cannot be read as a table. Nothing of it was saved."""

    name = "table_refused"
    advice: Message | None = msg(
        "Nothing was saved. Open the file in a spreadsheet program and save it as .xlsx or .csv."
    )


class TablesMissing(SettingsProblem):
    """The library of the extra `tables` is not installed."""

    name = "tables_missing"

    def __init__(self) -> None:
        super().__init__(
            msg("The library for old Excel files (.xls) is not installed. Other tables are read without it."),
            install_advice("tables"),
        )


def damaged() -> TableRefused:
    """Return the error for a file that is not whole. It does not say of which kind, which a part may not show."""
    return TableRefused(
        msg("The file is damaged or incomplete."),
        msg("Nothing was saved. Copy or export the file again. If it opens in a spreadsheet program, save it there."),
        name="table_damaged",
    )


def encrypted() -> TableRefused:
    """Return the error for a workbook that needs a password."""
    return TableRefused(
        msg("The workbook is protected by a password."),
        msg("Nothing was saved. Open it in a spreadsheet program and save it without the password."),
        name="password_protected",
    )


class TimeLimit:
    """Counts the time in which a file is read, and not the time in which its rows are used."""

    def __init__(self) -> None:
        """Start to count."""
        self._left = _MOST_S
        self._since = process_time()

    def check(self) -> None:
        """Raise `TableRefused` if the file took too long. Every loop of a reader calls it."""
        if process_time() - self._since > self._left:
            raise TableRefused(
                msg("The file was not read: that takes longer than for any table of guests."), name="table_too_slow"
            )

    def pause(self) -> None:
        """Stop to count, until the next row is read."""
        self._left -= process_time() - self._since

    def rows(self, rows: Iterator[_Row]) -> Iterator[_Row]:
        """Yield rows, and count while each is read. Raises what `check` does, and `TableRefused` for too many rows."""
        for number in count(1):
            self._since = process_time()
            row = next(rows, None)
            self.check()
            self.pause()
            if row is None:
                return
            if number > _MOST_ROWS:
                raise TableRefused(
                    msg("The table is too large: over {limit} rows.", limit=_MOST_ROWS),
                    msg("Nothing was saved. Split it into several files."),
                    name="table_too_large",
                )
            self._left += _EACH_ROW_S
            yield row


class Content:
    """The content of a file, which is in memory: so each reading of it is of the same bytes.

    `time` is the limit of the time to read it, `head` its first bytes.

    Raises `TableRefused` for a file that is missing, empty, too large, a folder, or a pipe, and one that changes while
    it is read; `StorageProblem` for one that another program has locked.
    """

    def __init__(self, source: Path | bytes) -> None:
        self.time = TimeLimit()
        self.whole = source if isinstance(source, bytes) else _read(source)
        if len(self.whole) > MAX_BYTES:
            raise TableRefused(
                msg("The file is too large: over {limit} MB.", limit=MAX_BYTES // 1024**2),
                msg("Nothing was saved. Split it into several files."),
                name="table_too_large",
            )
        self.head = self.whole[:HEAD_BYTES]
        if not self.head.strip():
            raise TableRefused(
                msg("The file is empty."), msg("Export it again, or choose another file."), name="table_empty"
            )

    def __repr__(self) -> str:
        """Return a text without personal data."""
        return "Content(…)"

    def open(self) -> BinaryIO:
        """Return a new file object of the bytes."""
        return io.BytesIO(self.whole)


def _read(path: Path) -> bytes:
    """Return the bytes of a file, one more than it may have if it is too large. Raises as `Content`."""
    try:
        before = path.stat()
        if not stat.S_ISREG(before.st_mode):  # opening a pipe without a writer would block
            raise TableRefused(
                msg("{path} is a folder, a pipe or a device, not a file.", path=str(path)),
                msg("Name the file itself."),
                name="not_a_file",
            )
        with wait_while_in_use(path, lambda: path.open("rb")) as file:
            whole = file.read(MAX_BYTES + 1)
            after = os.fstat(file.fileno())
    except FileInUse:
        raise file_in_use(str(path)) from None
    except FileNotFoundError:
        raise TableRefused(
            msg("There is no file {path}.", path=str(path)),
            msg("Check the name, and the folder of the file."),
            name="table_unreadable",
        ) from None
    except OSError as exc:
        raise file_unreadable(str(path), exc, TableRefused, name="table_unreadable") from None
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise TableRefused(
            msg("The file changed while it was read."),
            msg("Nothing was saved. Wait until it is complete, then run the command again."),
            name="table_changed",
        )
    return whole


class TextFile:
    """A file in the encoding that was found out. `encoding` is its name for users.

    Raises `TableRefused` if the bytes are no text.
    """

    def __init__(self, content: Content) -> None:
        self._content = content
        self._codec = _find_codec(content)
        self.encoding = _NAMES[self._codec]

    def __repr__(self) -> str:
        """Return a text without personal data."""
        return f"TextFile({self.encoding})"

    def open(self) -> TextIO:
        """Return the text from its beginning, with the line ends that it has."""
        return _open(self._content, self._codec)

    def lines(self) -> Iterator[str]:
        """Yield the lines with their ends. Raises `TableRefused` for a line that is too long for a table."""
        with self.open() as file:
            while line := file.readline(_MOST_CHARACTERS):
                self._content.time.check()
                if len(line) == _MOST_CHARACTERS:
                    raise TableRefused(
                        msg("The file is no table: it has a line of over a million characters."), name="table_damaged"
                    )
                yield line


def _find_codec(content: Content) -> str:
    """Return the encoding that a byte order mark names, else UTF-8, UTF-16 or Windows-1252, whichever is valid.

    Windows-1252 is tried last, because most bytes are valid in it. UTF-16 has a zero beside each Latin letter.
    """
    head = content.head
    zeros = [head[start::2].count(0) * 4 > len(head) for start in (0, 1)]
    marked = marked_encoding(head[:MARK_BYTES]) or ("utf-16-be" if zeros[0] else "utf-16-le" if zeros[1] else None)
    for codec in [marked] if marked else ["utf-8", "cp1252"]:
        if _is_valid(content, codec):
            return codec
    raise TableRefused(
        msg("The file is no text: its characters cannot be read."),
        msg("Nothing was saved. Export it again as CSV in UTF-8, or as .xlsx."),
        name="unknown_encoding",
    )


def _is_valid(content: Content, codec: str) -> bool:
    try:
        with _open(content, codec) as file:
            while piece := file.read(_PIECE):
                if "\0" in piece:
                    return False
    except UnicodeError:
        return False
    return True


def _open(content: Content, codec: str) -> TextIO:
    return io.TextIOWrapper(content.open(), codec, newline="")


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
