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
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile, ZipInfo

from apoa_client.errors import ApoaError
from apoa_client.messages import msg
from apoa_client.tables.content import Content
from apoa_client.tables.errors import TableRefused, TablesMissing, damaged
from apoa_client.tables.heading_row import table_of
from apoa_client.tables.rows import CellValue, Row, SourceFacts, Table

_MOST_MEMBERS = 5_000
_MOST_UNPACKED = 2 * 1024**3
_MOST_RATIO = 200
_SMALL = 10 * 1024**2
"""A member of up to this size may have any ratio."""
_MOST_EMPTY_ROWS = 10_000
"""The sheet ends after so many empty rows: some programs store all rows that a sheet can have."""


def open_workbook(content: Content, sheet: str = "") -> Table:
    """Return the table in a sheet of a workbook: the one named, else the first visible one.

    Raises `TableRefused` for a workbook that is damaged, unsafe, or has no such sheet; `TablesMissing` if openpyxl is
    not installed.
    """
    openpyxl = _import_openpyxl()
    check_archive(content)
    with _opened(openpyxl, content) as book:
        visible = [each.title for each in book.worksheets if each.sheet_state == "visible"]
        chosen = choose_sheet(visible, [each.title for each in book.worksheets], sheet)
        others = tuple(each.title for each in book.worksheets if each.title != chosen)

    def read_all() -> Iterator[Row]:
        with _opened(openpyxl, content) as book:
            yield from _rows(book[chosen])

    return table_of(SourceFacts("xlsx", sheet=chosen, other_sheets=others), read_all)


def choose_sheet(visible: list[str], sheets: list[str], wanted: str) -> str:
    """Return the name of the sheet to read: `wanted`, whatever its case, or the first one. Raises `TableRefused`."""
    if not wanted and sheets:
        return (visible or sheets)[0]
    for name in sheets:
        if name.casefold().strip() == wanted.casefold().strip():
            return name
    raise TableRefused(
        msg("The workbook has no sheet with this name. It has: {sheets}", sheets=", ".join(sheets)),
        msg("Give one of these names with --sheet."),
        name="no_such_sheet",
    )


def check_archive(content: Content) -> None:
    """Check the size of what a workbook unpacks to, and its XML, before a library reads it. Raises `TableRefused`."""
    try:
        with content.open() as file, ZipFile(file) as archive:
            members = archive.infolist()
            unpacked = sum(member.file_size for member in members)
            if len(members) > _MOST_MEMBERS or unpacked > _MOST_UNPACKED or any(map(_is_bomb, members)):
                raise TableRefused(
                    msg("The workbook was not opened: it unpacks to more than any table needs."),
                    msg("It may be made to harm this computer. Delete it, or ask who sent it."),
                    name="zip_bomb",
                )
            for member in members:
                if member.filename.endswith((".xml", ".rels")):
                    _check_xml(archive, member)
    except (BadZipFile, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as exc:
        raise damaged("XLSX") from exc


def _is_bomb(member: ZipInfo) -> bool:
    return member.file_size > max(_SMALL, _MOST_RATIO * member.compress_size)


def _check_xml(archive: ZipFile, member: ZipInfo) -> None:
    """Read the XML up to its first element, before which the document type stands. Raises `TableRefused` for one.

    A document type can define entities, which expand to gigabytes or to the content of other files.
    """
    parser, begun = expat.ParserCreate(), []

    def refuse(*_: object) -> None:
        raise TableRefused(
            msg("The workbook was not opened: it defines XML entities, which no spreadsheet program does."),
            msg("It may be made to harm this computer. Delete it, or ask who sent it."),
            name="xml_entities",
        )

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = lambda *_: begun.append(True)
    with archive.open(member) as file:
        while not begun and (piece := file.read(4096)):
            try:
                parser.Parse(piece)
            except expat.ExpatError:
                raise damaged("XLSX") from None


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
        if any(value is not None for value in values):
            empty = 0
            yield Row(number, values)
        elif (empty := empty + 1) >= _MOST_EMPTY_ROWS:
            return


_ESCAPED = re.compile(r"_x000D_")


def _value(value: object) -> CellValue:
    if isinstance(value, str):
        text = _ESCAPED.sub("", value)
        return text if text.strip() else None
    if isinstance(value, datetime):
        return value.date() if value.time() == time() else value
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**15:
        return int(value)
    return value if value is None or isinstance(value, (int, float, time)) else str(value)
