"""Tables as they are written: CSV (RFC 4180), a workbook with one worksheet, and the marked copy of refused rows.

No spreadsheet program finds a formula in them. The columns of a marked copy are those of the imported file; a last
column says in words what is wrong with the row, and the next import ignores it.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import chain
from typing import NamedTuple

from apoa_client.errors import UsageProblem
from apoa_client.messages import msg
from apoa_client.tables.rows import CellValue, for_workbook, neutralise

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""What Excel needs at the beginning of a file to read it as UTF-8."""
PROBLEM_HEADING = "Masalah / Problem"
"""The heading of the last column of a marked copy."""
WHOLE_ROW = -1
"""Stands for the column of a problem that no single cell has."""

_PIECE = 1 << 16
_WIDTH, _PROBLEM_WIDTH = 18, 70
_FIRST_SAFE_DAY = date(1900, 3, 1)
"""Programs disagree about the numbers of earlier days: Excel counts a 29 February 1900."""
_MOST_EXACT = 10**15
"""Spreadsheet programs keep 15 digits of a number."""
_MADE_AT = datetime(2026, 1, 1)  # noqa: DTZ001  XlsxWriter's form of a time
"""In each workbook, so that the same rows make the same file."""


def csv_pieces(rows: Iterable[Sequence[CellValue]], delimiter: str = ",") -> Iterator[bytes]:
    """Yield the rows as UTF-8 without a byte order mark, in pieces. A date is written as ISO 8601 does."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    for row in rows:
        writer.writerow(["" if value is None else neutralise(str(value)) for value in row])
        if text.tell() >= _PIECE:
            yield _taken(text)
    yield _taken(text)


def _taken(text: io.StringIO) -> bytes:
    content = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return content


class MarkedText(str):
    """A text in a coloured cell, which may be empty."""

    __slots__ = ()


def workbook(sheet: str, headings: Sequence[str], widths: Sequence[int], rows: Iterable[Sequence[CellValue]]) -> bytes:
    """Return a workbook. `sheet` is the worksheet's name, `widths` are those of the columns in characters.

    A day is stored as a date; a time is stored as a text in ISO 8601, because a cell has no offset from UTC. The file
    is made in memory: a temporary file would have guests' data. Raises `UsageProblem` for more rows, or a longer text,
    than a worksheet holds.
    """
    import xlsxwriter  # type: ignore[import-untyped]  # it has no types; loaded for a workbook alone

    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        book.set_properties({"created": _MADE_AT})
        text = {"num_format": "@"}  # also what a user types there
        text_format, heading_format = book.add_format(text), book.add_format({**text, "bold": True})
        marked_format = book.add_format({**text, "bg_color": "#F6C9C2"})
        day_format = book.add_format({"num_format": 14})  # as the reader's system writes it
        page = book.add_worksheet(sheet)
        page.freeze_panes(1, 0)
        for column, (heading, width) in enumerate(zip(headings, widths, strict=True)):
            page.set_column(column, column, width)
            _require_written(page.write_string(0, column, for_workbook(heading), heading_format))
        for number, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                if isinstance(value, date) and not isinstance(value, datetime) and value >= _FIRST_SAFE_DAY:
                    failed = page.write_datetime(number, column, value, day_format)
                elif isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _MOST_EXACT:
                    failed = page.write_number(number, column, value)
                elif isinstance(value, MarkedText):
                    write = page.write_string if value else page.write_blank
                    failed = write(number, column, for_workbook(value), marked_format)
                else:
                    filled = value is not None and value != ""
                    failed = filled and page.write_string(number, column, for_workbook(str(value)), text_format)
                _require_written(failed)
    return content.getvalue()


def _require_written(failed: int) -> None:
    """Raise `UsageProblem` for the code of a cell that XlsxWriter did not write."""
    if failed:
        raise UsageProblem(
            msg("The table is larger than a worksheet, or a cell longer than 32,767 characters."),
            msg("Choose a shorter time with --since and --until, or write CSV: a file that ends in .csv"),
        )


class MarkedRow(NamedTuple):
    """A row with problems: its values, and what is wrong, by the index of the column or `WHOLE_ROW`.

    `place` is written before the problems: where the row is among several sheets.
    """

    values: Sequence[CellValue]
    problems: Mapping[int, str]
    place: str = ""

    def __repr__(self) -> str:
        """Return a text without personal data: it may reach a log."""
        return f"MarkedRow({sorted(self.problems)!r}, …)"


def marked_copy(headings: Sequence[str], rows: Iterable[MarkedRow], delimiter: str = "") -> bytes:
    """Return the rows as a CSV file in UTF-8 with this delimiter; without one, as a workbook.

    In a workbook each cell with a problem is coloured; a problem of the whole row colours the words in the last column.
    A marked cell is a text, in which a user corrects what is wrong.
    """
    kept = [column for column, heading in enumerate(headings) if heading != PROBLEM_HEADING]
    heads = [*(headings[column] for column in kept), PROBLEM_HEADING]
    cells = (_marked_cells(row, kept) for row in rows)
    if delimiter:
        return BYTE_ORDER_MARK + b"".join(csv_pieces(chain([heads], cells), delimiter))
    return workbook("Masalah - Problems", heads, [*[_WIDTH] * len(kept), _PROBLEM_WIDTH], cells)


def _marked_cells(row: MarkedRow, kept: Sequence[int]) -> list[CellValue]:
    cells: list[CellValue] = []
    for column in kept:
        value = row.values[column] if column < len(row.values) else None
        cells.append(MarkedText("" if value is None else str(value)) if column in row.problems else value)
    words = " ".join(filter(None, (row.place, *(row.problems[column] for column in sorted(row.problems)))))
    return [*cells, MarkedText(words) if WHOLE_ROW in row.problems else words]
