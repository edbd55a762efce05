"""Old workbooks of Excel (.xls), read with calamine in a process of its own, whose time and memory are limited.

calamine ends the process for a file that says that it has a cell far to the right and below, and a file of a few bytes
can take gigabytes. The content of the file and its rows go through pipes, so that no argument and no other file has
them. Both ends are here. calamine has no formats of numbers, and no errors of cells, which are empty: their places are
found in the bytes of the file.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from io import BytesIO
from itertools import islice, starmap
from struct import unpack
from typing import TYPE_CHECKING, Any

from apoa_client.errors import Exit
from apoa_client.installation import XLS_PROCESS, internal_command
from apoa_client.messages import msg
from apoa_client.processes import forbid_access, limit_process
from apoa_client.tables.rows import (
    MOST_COLUMNS,
    MOST_TEXT,
    BareNumber,
    CellValue,
    Content,
    Merged,
    Row,
    SourceFacts,
    Table,
    TableRefused,
    TablesMissing,
    as_value,
    damaged,
    encrypted,
    error_cell,
)
from apoa_client.tables.sheets import Sheet, SheetChoice, table_of
from apoa_client.tables.workbook_archive import check_names

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

_MOST_BYTES = 64 * 1024 * 1024
"""A larger file is not read. 65,536 guests, which is all that a sheet has, take 20 MB."""
_MOST_S = 60.0
_MOST_CPU_S = 30
_MOST_MEMORY = 600 << 20
_MOST_CELLS = 4_000_000
"""Of one sheet, the empty ones in the rectangle around all cells included: 60 columns for each row that it can have."""
_ENCRYPTED = re.compile(rb"\x09\x08\x10\x00.{16}(?:\x86\x00\x00\x00)?\x2f\x00", re.DOTALL)
"""The first records of a workbook with a password: BOF, perhaps WriteProtect, and FilePass ([MS-XLS] 2.1.7.20.3)."""
_ERROR_CODES = rb"[\x00\x07\x0f\x17\x1d\x24\x2a]"
_ERRORS = re.compile(
    rb"\x09\x08[\x06\x08\x10]\x00\x00[\x05\x06](\x10\x00)"
    rb"|\x05\x02\x08\x00(.{4})..%b\x01|\x06\x00..(.{4})..\x02.%b...\xff\xff" % (_ERROR_CODES, _ERROR_CODES),
    re.DOTALL,
)
"""The records where a sheet begins, and those of a cell's error and of a formula's: BOF, BoolErr and Formula, the last
two with the row and the column ([MS-XLS] 2.4.21, 2.4.24, 2.4.127, 2.5.133)."""
_KINDS: tuple[type[date | time], ...] = (date, datetime, time)
_READ: Mapping[str, Callable[[str], date | time]] = {kind.__name__: kind.fromisoformat for kind in _KINDS}
"""How a value is read that JSON does not have, by the name of its kind."""


def open_xls(content: Content, choice: SheetChoice, environ: Mapping[str, str]) -> Table:
    """Return the table in the sheets of an .xls file that are read (`apoa_client.tables.sheets`).

    `environ` is for the other process, which gets none of this program's variables: some are secrets.

    Raises `TableRefused` for a file that is damaged, encrypted, takes too much time or memory, or has no such sheet;
    `TablesMissing` if calamine is not installed.
    """
    names, *lines = _rows_of(content, environ)
    found = {each["name"]: each for each in json.loads(names)}
    check_names([*found])
    chosen = choice.of([*found])

    def read(wanted: Sequence[str]) -> Iterator[Row]:
        start = 0
        for name, sheet in found.items():
            if name in wanted:
                for line in lines[start : start + sheet["rows"]]:
                    content.time.check()
                    yield _row(line, name)
            start += sheet["rows"]

    sheets = [
        Sheet(
            name,
            tuple(islice(read([name]), choice.first_rows)) if name in chosen else (),
            tuple(starmap(Merged, sheet["merged"])),
            sheet["hidden"],
        )
        for name, sheet in found.items()
    ]
    return table_of(SourceFacts("xls"), sheets, read, choice)


def _row(line: bytes, sheet: str) -> Row:
    number, *values = json.loads(line)
    return Row(number, tuple(map(_value, values)), sheet)


def _value(value: Any) -> CellValue:  # noqa: ANN401  a JSON value
    if isinstance(value, list):
        kind, text = value
        return as_value(_READ[kind](text))
    read = as_value(value)
    return BareNumber(read) if type(read) is int else read


def _rows_of(content: Content, environ: Mapping[str, str]) -> list[bytes]:
    """Return what the other process says, in lines: what is known of the sheets, then the rows of each."""
    if len(content.whole) > _MOST_BYTES:
        raise _too_costly()
    try:
        done = subprocess.run(  # noqa: S603  this program itself
            internal_command(XLS_PROCESS),
            env={name: value for name, value in environ.items() if not name.startswith("APOA_")},
            input=content.whole,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_MOST_S,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # Windows: no black window for a moment
        )
    except (OSError, subprocess.TimeoutExpired):
        raise _too_costly() from None
    match done.returncode:
        case Exit.DONE:
            return done.stdout.splitlines()
        case Exit.SETTINGS:
            raise TablesMissing
        case Exit.CREDENTIALS:
            raise encrypted()
        case Exit.DATA_REFUSED:
            raise damaged()
        case _:
            raise _too_costly()


def _too_costly() -> TableRefused:
    return TableRefused(
        msg("The workbook was not read: it is damaged, or takes more time or memory than any table of guests."),
        msg("Nothing was saved. If it opens in a spreadsheet program, save it there as .xlsx."),
        name="table_too_costly",
    )


def serve() -> int:
    """Read the workbook on standard input, and return the exit code: 65 for a damaged one, 77 if it has a password."""
    forbid_access()
    try:
        from python_calamine import CalamineWorkbook
    except ImportError:
        return Exit.SETTINGS
    content = sys.stdin.buffer.read()
    limit_process(_MOST_MEMORY, _MOST_CPU_S)
    try:
        book = CalamineWorkbook.from_filelike(BytesIO(content))
        lines = _lines(book, _error_cells(content, len(book.sheets_metadata)))
    except MemoryError:
        return Exit.BUG
    except BaseException:  # noqa: BLE001  the library raises errors of many kinds, and its panics are no `Exception`
        return Exit.CREDENTIALS if _ENCRYPTED.search(content) else Exit.DATA_REFUSED
    sys.stdout.buffer.writelines(line.encode("ascii") + b"\n" for line in lines)
    return Exit.DONE


def _error_cells(content: bytes, sheets: int) -> set[tuple[int, int, int]]:
    """Return the sheet, the row and the column of each cell with an error. Raises `ValueError` for unknown sheets."""
    sheet, found = -1, set()
    for match in _ERRORS.finditer(content):
        if match[1]:
            sheet += 1
        else:
            found.add((sheet, *unpack("<HH", match[2] or match[3])))
    if found and sheet + 1 != sheets:
        raise ValueError(sheets)
    return found


def _lines(book: "CalamineWorkbook", errors: set[tuple[int, int, int]]) -> list[str]:
    sheets, lines = [], []
    for number, each in enumerate(book.sheets_metadata):
        sheet = book.get_sheet_by_name(each.name)
        if sheet.height * sheet.width > _MOST_CELLS:
            raise MemoryError
        rows = [] if sheet.start is None else list(_rows(sheet, {place[1:] for place in errors if place[0] == number}))
        merged = [(top + 1, bottom + 1, left, right) for (top, left), (bottom, right) in sheet.merged_cell_ranges or ()]
        hidden = not str(each.visible).endswith("Visible")
        sheets.append({"name": each.name, "hidden": hidden, "rows": len(rows), "merged": merged})
        lines += rows
    return [json.dumps(sheets), *lines]


def _rows(sheet: "CalamineSheet", errors: set[tuple[int, int]]) -> Iterator[str]:
    """Yield the rows with a value, each with its number, as JSON."""
    top, left = sheet.start or (0, 0)
    for number, cells in enumerate(sheet.to_python(), top + 1):
        values = [None] * left + [
            error_cell("") if errors and (number - 1, column) in errors else _as_json(cell)
            for column, cell in enumerate(cells, left)
        ]
        while values and values[-1] is None:
            values.pop()
        if len(values) > MOST_COLUMNS or any(isinstance(each, str) and len(each) > MOST_TEXT for each in values):
            raise ValueError(number)
        if values:
            yield json.dumps([number, *values])


def _as_json(cell: object) -> Any:  # noqa: ANN401  a JSON value
    if isinstance(cell, (date, time)):
        return [type(cell).__name__, cell.isoformat()]
    if isinstance(cell, (int, float, bool)):
        return cell
    return text if (text := str(cell)).strip() else None
