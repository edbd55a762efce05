"""Spreadsheets of LibreOffice (.ods), read row by row.

The file is a ZIP archive (OpenDocument 1.3, part 3, 9: tables). One element stands for many equal cells or rows. Values
are read as they were stored: no formula is calculated, no link is followed, no macro is read.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, time

from apoa_client.report.parse_fields import UNCALCULATED, is_spreadsheet_error
from apoa_client.tables.number_formats import as_shown
from apoa_client.tables.rows import (
    MOST_COLUMNS,
    MOST_TEXT,
    CellValue,
    Content,
    Merged,
    Row,
    SourceFacts,
    Table,
    as_value,
    encrypted,
    error_cell,
    too_many_columns,
)
from apoa_client.tables.sheets import Sheet, SheetChoice, table_of
from apoa_client.tables.workbook_archive import (
    MOST_MERGED,
    Attributes,
    Handler,
    check_archive,
    check_names,
    opened_archive,
    parse_part,
    too_large,
)

_MOST_ROWS = 1_048_576
"""The rows that a sheet has in any program."""
_MOST_REPEATED = 10_000
"""The rows with content that elements may stand for beside their own: no two guests have equal rows."""

_OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0 "
_TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0 "
_TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0 "
_STYLE = "urn:oasis:names:tc:opendocument:xmlns:style:1.0 "
_SHEET, _ROW, _PARAGRAPH = _TABLE + "table", _TABLE + "table-row", _TEXT + "p"
_CELLS = {_TABLE + "table-cell", _TABLE + "covered-table-cell"}
_NOTE = _OFFICE + "annotation"
_BLANKS = {_TEXT + "s": " ", _TEXT + "tab": "\t", _TEXT + "line-break": "\n"}
_CONTENT = "content.xml"
_NUMBERS = frozenset({"float", "currency", "percentage"})
_DURATION = re.compile(r"PT([0-9]{1,2})H([0-9]{1,2})M([0-9]{1,2})(?:[.,][0-9]+)?S")


def open_ods(content: Content, choice: SheetChoice) -> Table:
    """Return the table in the sheets of an ODS file that are read (`apoa_client.tables.sheets`).

    Raises `TableRefused` for a file that is damaged, unsafe, encrypted, or has no such sheet.
    """
    check_archive(content)
    with opened_archive(content) as archive:
        if b"encryption-data" in archive.read("META-INF/manifest.xml") or _CONTENT not in archive.namelist():
            raise encrypted()
        found, first = _Rows(None, choice.may_read), dict[str, list[Row]]()
        for _ in parse_part(archive, _CONTENT, found, content.time):
            for row in found.taken():
                of_sheet = first.setdefault(row.sheet, [])
                if len(of_sheet) < choice.first_rows:
                    of_sheet.append(row)
    names = list(found.styles)
    check_names(names)
    chosen = choice.of(names)
    sheets = [
        Sheet(
            name,
            first.get(name, ()) if name in chosen else (),
            found.merged.get(name, ()),
            found.styles[name] in found.hidden,
        )
        for name in names
    ]

    def read(names: Sequence[str]) -> Iterator[Row]:
        rows = _Rows(names)
        with opened_archive(content) as archive:
            for _ in parse_part(archive, _CONTENT, rows, content.time):
                yield from rows.taken()

    return table_of(SourceFacts("ods"), sheets, read, choice)


class _Rows(Handler):
    """Collects the rows of sheets that are not empty, and the cells that are merged there.

    Args:
        sheets: The names of the sheets to read; None for all of which `may_read` is true.
        may_read: Whether a sheet is read, by its name: what is wrong in another one does not matter.

    """

    def __init__(self, sheets: Sequence[str] | None, may_read: Callable[[str], bool] = bool) -> None:
        self.styles: dict[str, str] = {}
        """The style of each sheet that was found, by its name."""
        self.hidden: set[str] = set()
        """The styles that hide a sheet."""
        self.merged: dict[str, list[Merged]] = {}
        self._left = None if sheets is None else set(sheets)
        self._may_read = may_read if self._left is None else self._left.__contains__
        self._style = ""
        self._count = 0
        self._sheet = ""
        self._inside = False
        self._rows: list[tuple[Row, int]] = []
        """Each with how often it is repeated."""
        self._number = 0
        self._row: Attributes = {}
        self._cells: list[CellValue] = []
        self._gap = 0
        self._repeated_rows = 0
        self._cell: Attributes = {}
        self._paragraphs: list[str] = []
        self._length = 0
        self._in_paragraph = 0
        self._in_note = 0

    def taken(self) -> Iterator[Row]:
        """Yield the rows that are complete, and forget them."""
        rows, self._rows = self._rows, []
        for row, times in rows:
            yield row
            for number in range(row.number + 1, row.number + times):
                yield row._replace(number=number)

    def start(self, name: str, attributes: Attributes) -> None:
        """See `Handler`."""
        if not self._inside:
            self._start_outside(name, attributes)
        elif name == _ROW:
            self._row, self._cells, self._gap = attributes, [], 0
        elif name in _CELLS:
            self._cell, self._paragraphs, self._length = attributes, [], 0
        elif name == _NOTE:
            self._in_note += 1
        elif name == _PARAGRAPH and not self._in_note:
            self._lengthen(1)  # the line break before it
            self._paragraphs.append("")
            self._in_paragraph += 1
        elif name in _BLANKS:
            self.text(_BLANKS[name] * _repeated(attributes, _TEXT + "c"))

    def _start_outside(self, name: str, attributes: Attributes) -> None:
        if name == _SHEET:
            self._sheet, self._number = attributes.get(_TABLE + "name", ""), 0
            self.styles[self._sheet] = attributes.get(_TABLE + "style-name", "")
            self._inside = self._may_read(self._sheet)
        elif name == _STYLE + "style":
            self._style = attributes.get(_STYLE + "name", "")
        elif attributes.get(_TABLE + "display") == "false":
            self.hidden.add(self._style)

    def text(self, text: str) -> None:
        """See `Handler`."""
        if self._in_paragraph and not self._in_note:
            self._lengthen(len(text))
            self._paragraphs[-1] += text

    def _lengthen(self, count: int) -> None:
        """Count the characters of a cell. Raises `TableRefused` for more than a cell has."""
        self._length += count
        if self._length > MOST_TEXT:
            raise too_large()

    def end(self, name: str) -> None:
        """See `Handler`."""
        if name == _SHEET and self._left is not None:
            self._left.discard(self._sheet)
            self.done = not self._left
        if not self._inside:
            return
        if name in _CELLS:
            self._end_cell()
        elif name == _ROW:
            self._end_row()
        elif name == _NOTE:
            self._in_note -= 1
        elif name == _PARAGRAPH and not self._in_note:
            self._in_paragraph -= 1
        elif name == _SHEET:
            self._inside = False

    def _end_cell(self) -> None:
        value = _value(self._cell, "\n".join(self._paragraphs))
        count = _repeated(self._cell, _TABLE + "number-columns-repeated")
        rows, columns = (_repeated(self._cell, _TABLE + f"number-{each}-spanned") for each in ("rows", "columns"))
        if rows > 1 or columns > 1:
            self._count += 1
            if self._count > MOST_MERGED:
                raise too_large()
            row, column = self._number + 1, len(self._cells) + self._gap
            merged = Merged(row, row + rows - 1, column, column + columns - 1)
            self.merged.setdefault(self._sheet, []).append(merged)
        if value is None:
            self._gap += count
            return
        if len(self._cells) + self._gap + count > MOST_COLUMNS:
            raise too_many_columns()
        self._cells += [None] * self._gap + [value] * count
        self._gap = 0

    def _end_row(self) -> None:
        count = _repeated(self._row, _TABLE + "number-rows-repeated")
        if self._cells:
            self._repeated_rows += count - 1
            if self._repeated_rows > _MOST_REPEATED:
                raise too_large()
            self._rows.append((Row(self._number + 1, tuple(self._cells), self._sheet), count))
        self._number += count
        if self._number >= _MOST_ROWS:
            self._inside = False


def _repeated(attributes: Attributes, name: str) -> int:
    """Return how many equal cells, rows or blanks an element stands for. Raises `ValueError`."""
    return max(1, min(int(attributes.get(name, 1)), _MOST_ROWS))


def _value(cell: Attributes, text: str) -> CellValue:
    """Return the value of a cell, or its text where the value is of no kind that a table of guests has."""
    kind = cell.get(_OFFICE + "value-type", "")
    is_error = any(name.endswith(" value-type") and value == "error" for name, value in cell.items())
    if is_error or is_spreadsheet_error(text):  # beside it, a program may have stored the number 0
        return error_cell(text)
    if not kind and not text and _TABLE + "formula" in cell:
        return UNCALCULATED
    stored = as_value(_stored(cell, kind, text))
    return as_shown(stored, text, is_amount=kind == "currency") if kind in _NUMBERS else stored


def _stored(cell: Attributes, kind: str, text: str) -> CellValue:
    if kind in _NUMBERS:
        return float(cell[_OFFICE + "value"])
    if kind == "date":
        return datetime.fromisoformat(cell[_OFFICE + "date-value"])
    if kind == "boolean":
        return cell[_OFFICE + "boolean-value"] == "true"
    if kind == "time" and (match := _DURATION.fullmatch(cell[_OFFICE + "time-value"])) and int(match[1]) < 24:  # noqa: PLR2004
        return time(int(match[1]), int(match[2]), int(match[3]))
    return cell.get(_OFFICE + "string-value", text)
