"""Writes an XLSX file with one worksheet piece by piece (ECMA-376 Part 1, SpreadsheetML).

XlsxWriter and openpyxl write such files too. For many rows they need either a multiple of the memory or temporary files
in the system's folder, where guests' data do not belong, and four to six times as long. So the few parts of the format
that a plain table needs are written here. Every text is stored as a text, so no program takes it for a formula.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from apoa_client.errors import UsageProblem
from apoa_client.messages import msg
from apoa_client.tables.row_reading import column_letters
from apoa_client.tables.rows import CellValue, for_workbook

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

MOST_ROWS = 1_048_576
"""Rows of a worksheet, the headings included."""

_PIECE = 1 << 16
_FIRST_SERIAL_DAY = date(1899, 12, 30)
_FIRST_SAFE_DAY = date(1900, 3, 1)
"""Programs disagree about the numbers of earlier days: Excel counts a 29 February 1900."""
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)|\r")
"""Characters that XML does not have or changes, and what would be read as an escape (ECMA-376 Part 1, 22.9.2.19)."""
_MOST_EXACT = 10**15
"""Spreadsheet programs keep 15 digits of a number."""
_TEXT, _DAY, _HEADING, _MARKED = 1, 2, 3, 4
"""Positions in the list of cell formats below."""

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

_CONTENT_TYPES = (
    f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/></Types>'
)
_PACKAGE_RELATIONS = (
    f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)
_BOOK_RELATIONS = (
    f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
)
# Number format 49 is text: a cell that a user edits stays a text. 14 is a day as the reader's system writes it.
_STYLES = (
    f'{_XML}<styleSheet xmlns="{_MAIN}">'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '<fill><patternFill patternType="solid"><fgColor rgb="FFF6C9C2"/></patternFill></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="5">'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="14" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>'
    '<xf numFmtId="49" fontId="0" fillId="2" borderId="0" xfId="0" applyNumberFormat="1" applyFill="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


class MarkedText(str):
    """A text in a coloured cell, which may be empty."""

    __slots__ = ()


def xlsx_pieces(
    sheet: str, headings: Sequence[str], widths: Sequence[int], rows: Iterable[Sequence[CellValue]]
) -> Iterator[bytes]:
    """Yield the file in pieces. `sheet` is the worksheet's name, `widths` are those of the columns in characters.

    A day is stored as a date; a time is stored as a text in ISO 8601, because a cell has no offset from UTC. Raises
    `UsageProblem` if the rows are more than a worksheet holds.
    """
    target = _Unseekable()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (
            ("[Content_Types].xml", _CONTENT_TYPES),
            ("_rels/.rels", _PACKAGE_RELATIONS),
            ("xl/workbook.xml", _book(sheet)),
            ("xl/_rels/workbook.xml.rels", _BOOK_RELATIONS),
            ("xl/styles.xml", _STYLES),
        ):
            archive.writestr(_part(name), content)
        with archive.open(_part("xl/worksheets/sheet1.xml"), "w") as part:
            for text in _sheet(headings, widths, rows):
                part.write(text.encode())
                if len(target.content) >= _PIECE:
                    yield target.taken()
    yield target.taken()


class _Unseekable(io.RawIOBase):
    """Collects what is written until it is taken."""

    def __init__(self) -> None:
        self.content = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, piece: "ReadableBuffer") -> int:
        self.content += piece
        return memoryview(piece).nbytes

    def taken(self) -> bytes:
        content = bytes(self.content)
        self.content.clear()
        return content


def _part(name: str) -> zipfile.ZipInfo:
    """Return a part's entry without a time, so that the same rows make the same file."""
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _book(sheet: str) -> str:
    return (
        f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        f'<sheet name={quoteattr(sheet)} sheetId="1" r:id="rId1"/></sheets></workbook>'
    )


def _sheet(headings: Sequence[str], widths: Sequence[int], rows: Iterable[Sequence[CellValue]]) -> Iterator[str]:
    """Yield the worksheet: headings that stay in view, then the rows."""
    columns = "".join(
        f'<col min="{number}" max="{number}" width="{width}" customWidth="1"/>'
        for number, width in enumerate(widths, start=1)
    )
    yield (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f"<cols>{columns}</cols><sheetData>"
    )
    names = [column_letters(index) for index in range(len(headings))]
    heads = "".join(_text_cell(f"{name}1", heading, _HEADING) for name, heading in zip(names, headings, strict=True))
    yield f'<row r="1">{heads}</row>'
    for number, row in enumerate(rows, start=2):
        if number > MOST_ROWS:
            raise UsageProblem(
                msg("A worksheet has {rows} rows at the most, and there are more reports.", rows=MOST_ROWS),
                msg("Choose a shorter time with --since and --until, or write CSV with: --format csv"),
            )
        cells = "".join(_cell(f"{name}{number}", value) for name, value in zip(names, row, strict=True))
        yield f'<row r="{number}">{cells}</row>'
    yield "</sheetData></worksheet>"


def _cell(place: str, value: CellValue) -> str:
    if isinstance(value, MarkedText):
        return _text_cell(place, value, _MARKED)
    if value is None or value == "":
        return ""
    if isinstance(value, date) and not isinstance(value, datetime) and value >= _FIRST_SAFE_DAY:
        return f'<c r="{place}" s="{_DAY}"><v>{(value - _FIRST_SERIAL_DAY).days}</v></c>'
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _MOST_EXACT:
        return f'<c r="{place}"><v>{value}</v></c>'
    return _text_cell(place, str(value), _TEXT)


def _text_cell(place: str, text: str, style: int) -> str:
    escaped = _ILLEGAL.sub(lambda found: f"_x{ord(found[0]):04X}_", for_workbook(text))
    return f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{escape(escaped)}</t></is></c>'
