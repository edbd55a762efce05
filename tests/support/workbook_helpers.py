"""Workbooks for the tests of the readers, made with openpyxl, and ODS as text."""

import io
from collections.abc import Callable, Sequence
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl

from apoa_client.tables.reading import open_source
from apoa_client.tables.rows import CellValue, Table
from apoa_client.tables.sheets import SheetChoice

ODS_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
_ROOT = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    ' xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
)
_HIDDEN = '<style:style style:name="h"><style:table-properties table:display="false"/></style:style>'

Sheet = tuple[str, Sequence[Sequence[Any]]]


def xlsx(*sheets: Sheet, change: Callable[[Any], None] = lambda _: None) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    change(book)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def ods(tables: str, manifest: str = "<manifest/>") -> bytes:
    file = io.BytesIO()
    with ZipFile(file, "w") as archive:
        archive.writestr("mimetype", ODS_TYPE)
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr("content.xml", f"{_ROOT}{_HIDDEN}{tables}</office:document-content>")
    return file.getvalue()


def ods_table(*rows: str, name: str = "S", style: str = "") -> str:
    return f'<table:table table:name="{name}" table:style-name="{style}">{"".join(rows)}</table:table>'


def ods_row(*cells: str, times: int = 1) -> str:
    return f'<table:table-row table:number-rows-repeated="{times}">{"".join(cells)}</table:table-row>'


def cell(text: str, attributes: str = "") -> str:
    return f"<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>"


def read(content: bytes, *sheets: str) -> Table:
    table = open_source(content, choice=SheetChoice(sheets))
    assert isinstance(table, Table)
    return table


def values(content: bytes, *sheets: str) -> list[tuple[CellValue, ...]]:
    return [row.values for row in read(content, *sheets).read_rows()]


BOOK = xlsx(("A", [["a", "b"], ["SECRET", "y"]]))
SHEET = "xl/worksheets/sheet1.xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def changed(parts: dict[str, bytes], content: bytes = BOOK, renamed: tuple[bytes, bytes] = (b"", b"")) -> bytes:
    """Return a workbook with other parts, or more of them, and a part under another name."""
    file = io.BytesIO()
    with ZipFile(io.BytesIO(content)) as old, ZipFile(file, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            text = old.read(name)
            text = text.replace(*renamed) if renamed[0] else text
            if name not in parts:
                new.writestr(name, text)
        for name, text in parts.items():
            new.writestr(name, text)
    return file.getvalue()


def sheet_of(rows: str) -> bytes:
    return changed({SHEET: f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'.encode()})
