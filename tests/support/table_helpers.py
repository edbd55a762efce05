"""Tables for the tests of columns, and workbooks for those of the readers, made with openpyxl, and ODS as text."""

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pytest

from apoa_client.errors import ApoaError
from apoa_client.report.findings import Finding
from apoa_client.settings.column_mappings import ColumnMapping
from apoa_client.tables.columns import guest_rows, match_columns
from apoa_client.tables.reading import open_source
from apoa_client.tables.rows import CellValue, GuestRow, Row, SourceFacts, Table
from apoa_client.tables.sheets import SheetChoice

if TYPE_CHECKING:
    from cli_helpers import Guest

ODS_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
_ROOT = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    ' xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
)
_HIDDEN = '<style:style style:name="h"><style:table-properties table:display="false"/></style:style>'

Sheet = tuple[str, Sequence[Sequence[Any]]]


HEADINGS = (
    *("Surname", "Given names", "Sex", "Place of birth", "Date of birth", "Nationality", "Passport number"),
    *("Passport expiry", "Check-in", "Planned check-out", "Room"),
)


def cells(guest: "Guest", **changes: str) -> list[str]:
    """Return a row below these headings: a guest of three nights, with other values for some headings."""
    values = [guest.surname, guest.given_names, guest.sex, guest.birth_place, str(guest.birth_date), guest.state]
    values += [guest.number, guest.expiry_date.isoformat(), "2026-11-23", "2026-11-26", "7"]
    return [*(dict(zip(HEADINGS, values, strict=True)) | changes).values()]


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


def book(kind: str, *sheets: Sheet, hidden: Sequence[str] = ()) -> bytes:
    """Return a workbook with these sheets of texts, as XLSX or as ODS."""

    def hide(made: Any) -> None:
        for name in hidden:
            made[name].sheet_state = "hidden"

    if kind == "xlsx":
        return xlsx(*sheets, change=hide)
    tables = (
        ods_table(*(ods_row(*map(cell, row)) for row in rows), name=name, style="h" if name in hidden else "")
        for name, rows in sheets
    )
    return ods("".join(tables))


def read(content: bytes, *sheets: str) -> Table:
    table = open_source(content, choice=SheetChoice(sheets))
    assert isinstance(table, Table)
    return table


def values(content: bytes, *sheets: str) -> list[tuple[CellValue, ...]]:
    return [row.values for row in read(content, *sheets).read_rows()]


def refusal(content: bytes | Path) -> str:
    """Return the name of the error for a file, which has advice and says nothing of its content."""
    with pytest.raises(ApoaError) as raised:
        list(open_source(content).read_rows())
    shown = f"{raised.value!r}{raised.value}{raised.value.message.values}"
    assert not any(secret in shown for secret in ("SECRET", "X1000001"))
    assert raised.value.advice
    return raised.value.name


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


def table_of(headings: Sequence[str], *rows: Sequence[CellValue], source: str = "xlsx") -> Table:
    """Return a table with these headings in its first row."""

    def read_rows() -> Iterator[Row]:
        return (Row(number, tuple(values)) for number, values in enumerate(rows, 2))

    return Table(SourceFacts(source), tuple(headings), 1, read_rows)


def read_table(table: Table, mapping: ColumnMapping | None = None) -> list[GuestRow]:
    """Return the rows of a table as fields."""
    return list(guest_rows(table, match_columns(table, mapping)).read_rows())


def read_cells(heading: str, *values: CellValue, mapping: ColumnMapping | None = None) -> list[GuestRow]:
    """Return the rows of a table with one column."""
    return read_table(table_of([heading], *([value] for value in values)), mapping)


def problem_of(finding: Finding) -> str:
    """Return what a finding says, without the name of its field."""
    part = finding.message.values.get("problem", finding.message)
    assert not isinstance(part, str | int)
    return part.template
