"""Workbooks of Excel (.xlsx, .xlsm), read row by row with openpyxl.

A workbook is a ZIP archive of XML files (ECMA-376). Values are read as they were stored: no formula is calculated, no
link to another file is followed, no macro is read.
"""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time
from types import ModuleType
from typing import Any

from apoa_client.errors import ApoaError
from apoa_client.tables.cells import MOST_COLUMNS, as_value, too_many_columns
from apoa_client.tables.content import Content
from apoa_client.tables.errors import TablesMissing, damaged
from apoa_client.tables.heading_row import table_of
from apoa_client.tables.rows import CellValue, Row, SourceFacts, Table
from apoa_client.tables.workbook_archive import check_archive, choose_sheet

_ESCAPED = re.compile("_x000D_")
"""How Excel stores a carriage return (ECMA-376 part 1, 22.9.2.19)."""

_MOST_EMPTY_ROWS = 10_000
"""The sheet ends after so many empty rows: some programs store all rows that a sheet can have."""


def open_workbook(content: Content, sheet: str = "") -> Table:
    """Return the table in a sheet of a workbook: the one named, else the first visible one.

    Raises `TableRefused` for a workbook that is damaged, unsafe, or has no such sheet; `TablesMissing` if openpyxl is
    not installed.
    """
    openpyxl = _import_openpyxl()
    check_archive(content, "XLSX")
    with _opened(openpyxl, content) as book:
        visible = [each.title for each in book.worksheets if each.sheet_state == "visible"]
        chosen = choose_sheet(visible, [each.title for each in book.worksheets], sheet)
        others = tuple(each.title for each in book.worksheets if each.title != chosen)

    def read_all() -> Iterator[Row]:
        with _opened(openpyxl, content) as book:
            yield from _rows(book[chosen])

    return table_of(SourceFacts("xlsx", sheet=chosen, other_sheets=others), read_all)


def _import_openpyxl() -> ModuleType:
    try:
        import openpyxl
    except ImportError:
        raise TablesMissing from None
    return openpyxl


@contextmanager
def _opened(openpyxl: ModuleType, content: Content) -> Iterator[Any]:
    """Open the workbook for reading; whatever the library raises for a damaged one becomes `TableRefused`."""
    with content.open() as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about parts of the workbook that are not read
        try:
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
            yield book
        except ApoaError:
            raise
        except Exception as exc:  # the library raises errors of many kinds
            raise damaged("XLSX") from exc


def _rows(sheet: Any) -> Iterator[Row]:  # noqa: ANN401  openpyxl's
    """Yield the rows with a value, numbered as the spreadsheet program shows them."""
    sheet.reset_dimensions()  # some programs store wrong ones, and the library would cut the rows
    empty = 0
    for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
        values = tuple(map(_value, cells))
        if any(value is not None for value in values[MOST_COLUMNS:]):
            raise too_many_columns()
        if any(value is not None for value in values):
            empty = 0
            yield Row(number, values[:MOST_COLUMNS])
        elif (empty := empty + 1) >= _MOST_EMPTY_ROWS:
            return


def _value(value: object) -> CellValue:
    if isinstance(value, str):
        return as_value(_ESCAPED.sub("", value))
    return as_value(value) if value is None or isinstance(value, (int, float, datetime, time)) else str(value)
