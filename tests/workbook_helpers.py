"""Workbooks for the tests of the readers, made with openpyxl, and ODS as text."""

import io
from collections.abc import Callable, Sequence
from typing import Any
from zipfile import ZipFile

import openpyxl

from apoa_client.tables.reading import open_source
from apoa_client.tables.rows import CellValue, Table

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


def read(content: bytes, sheet: str = "") -> Table:
    table = open_source(content, sheet=sheet)
    assert isinstance(table, Table)
    return table


def values(content: bytes, sheet: str = "") -> list[tuple[CellValue, ...]]:
    return [row.values for row in read(content, sheet).read_rows()]
