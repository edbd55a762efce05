"""Workbooks of Excel (.xlsx, .xlsm), read row by row with openpyxl.

A workbook is a ZIP archive of XML files (ECMA-376). Values are read as they were stored: no formula is calculated, no
link to another file is followed, no macro is read.
"""

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, time
from itertools import islice, starmap
from typing import TYPE_CHECKING

from apoa_client.errors import ApoaError
from apoa_client.messages import msg
from apoa_client.tables.content import Content, TableRefused, TablesMissing, damaged
from apoa_client.tables.heading_rows import Sheet
from apoa_client.tables.rows import (
    MOST_COLUMNS,
    MOST_TEXT,
    CellValue,
    Merged,
    Row,
    SourceFacts,
    Table,
    as_value,
    error_cell,
    too_many_columns,
)
from apoa_client.tables.sheets import SheetChoice, table_of
from apoa_client.tables.workbook_archive import MOST_OF_ONE_ROW, check_archive, check_names, too_large

if TYPE_CHECKING:
    from apoa_client.tables.openpyxl_reader import Cells, SheetPart, WorkbookReader

_ESCAPED_RETURN = "_x000D_"
"""How Excel stores a carriage return (ECMA-376 part 1, 22.9.2.19)."""

_BATCH = 100
_PIECE = 1 << 20
_ROW_OR_VALUE = re.compile(
    rb"<(?:\w+:)?(?:(?P<row>row)(?=[\s/>])(?:[^<>]*?\sr=\"(?P<number>[0-9]{1,18})\")?|(?P<value>[vt])(?:\s[^<>]*)?>[^<])"
)
"""The beginning of a row, or of a value that is not empty."""

_MOST_EMPTY_ROWS = 10_000
"""The sheet ends after so many empty rows: some programs store all rows that a sheet can have."""


def open_workbook(content: Content, choice: SheetChoice) -> Table:
    """Return the table in the sheets of a workbook that are read (`apoa_client.tables.sheets`).

    Raises `TableRefused` for a workbook that is damaged, unsafe, or has no such sheet; `TablesMissing` if openpyxl is
    not installed.
    """
    check_archive(content)
    with _opened(content) as book:
        check_names(names := [each.name for each in book.sheets])
        chosen = choice.of(names)
        sheets = [_sheet(book, each, choice.first_rows if each.name in chosen else 0) for each in book.sheets]

    def read(names: Sequence[str]) -> Iterator[Row]:
        with _opened(content) as book:
            for each in book.sheets:
                if each.name in names:
                    yield from _rows(book, each)

    return table_of(SourceFacts("xlsx"), sheets, read, choice)


def _sheet(book: "WorkbookReader", part: "SheetPart", count: int) -> Sheet:
    """Return a sheet with its first rows, which are so many. One that is not wanted, of no row, is not read at all."""
    first = tuple(islice(_rows(book, part), count))
    return Sheet(part.name, first, tuple(starmap(Merged, book.merged(part))) if first else (), not part.visible)


@contextmanager
def _opened(content: Content) -> Iterator["WorkbookReader"]:
    """Open the workbook for reading; whatever the library raises for a damaged one becomes `TableRefused`."""
    try:
        from apoa_client.tables.openpyxl_reader import WorkbookReader
    except ImportError:
        raise TablesMissing from None
    with content.open() as file:
        try:
            with _no_warnings():
                book = WorkbookReader(file, content.time)
                book.read()
            yield book
        except ApoaError:
            raise
        except Exception as exc:  # the library raises errors of many kinds
            raise damaged() from exc


@contextmanager
def _no_warnings() -> Iterator[None]:
    """Let the library warn of nothing: of parts that are not read, of numbers that are no dates."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _rows(book: "WorkbookReader", sheet: "SheetPart") -> Iterator[Row]:
    """Yield the rows with a value, numbered as the spreadsheet program shows them."""
    rows, last, empty = book.rows(sheet), 0, 0
    while batch := _next_rows(rows):
        for number, cells in batch:
            values = _values(cells)
            if values:
                last, empty = number, 0
                yield Row(number, values, sheet.name)
            elif (empty := empty + 1) >= _MOST_EMPTY_ROWS:
                _check_nothing_below(book, sheet, last)
                return


def _next_rows(rows: Iterator["tuple[int, Cells]"]) -> "list[tuple[int, Cells]]":
    """Return some rows: while a generator is suspended, the warnings of others must not be ignored."""
    with _no_warnings():
        return list(islice(rows, _BATCH))


def _values(cells: "Cells") -> tuple[CellValue, ...]:
    """Return the values of a row, up to the last one. Raises `TableRefused` for one too far to the right."""
    values: list[CellValue] = []
    for cell in cells:
        value = error_cell(cell["value"] or "") if cell["data_type"] == "e" else _value(cell["value"])
        if value is None:
            continue
        if cell["column"] > MOST_COLUMNS:
            raise too_many_columns()
        values += [None] * (cell["column"] - len(values) - 1)
        values[cell["column"] - 1 :] = [value]
    return tuple(values)


def _check_nothing_below(book: "WorkbookReader", sheet: "SheetPart", last: int) -> None:
    """Raise `TableRefused` if a sheet has a value below the row `last` and the empty rows that follow it.

    The elements of the remaining rows are not parsed: that takes minutes for all rows that a sheet can have.
    """
    number, rest = 0, b""
    with book.archive.open(sheet.part) as file:
        while piece := file.read(_PIECE):
            book.time.check()
            text, bracket, rest = (rest + piece).rpartition(b"<")
            for match in _ROW_OR_VALUE.finditer(text):
                if match["row"]:
                    number = int(match["number"] or number + 1)
                elif number > last:
                    raise TableRefused(
                        msg("Row {row} is below {count} empty rows.", row=number, count=_MOST_EMPTY_ROWS),
                        msg("Nothing was saved. Delete the empty rows, or what is below them, and save the file."),
                        name="rows_below_empty_rows",
                    )
            rest = bracket + rest
            if len(rest) > MOST_OF_ONE_ROW:  # else it is searched again with each piece
                raise too_large()


def _value(value: object) -> CellValue:
    if isinstance(value, str):
        if len(value) > MOST_TEXT:
            raise too_large()
        return as_value(value.replace(_ESCAPED_RETURN, ""))
    return as_value(value) if value is None or isinstance(value, (int, float, datetime, time)) else str(value)
