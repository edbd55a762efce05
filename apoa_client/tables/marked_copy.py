"""The rows of a table that were refused, with their problems marked in place, to be corrected and imported again.

The columns are those of the file. A last column says in words what is wrong with the row; the next import ignores it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from apoa_client.tables.csv_files import BYTE_ORDER_MARK, csv_pieces
from apoa_client.tables.rows import CellValue
from apoa_client.tables.template import A4, workbook_bytes

if TYPE_CHECKING:
    from xlsxwriter.format import Format  # type: ignore[import-untyped]  # it has no types
    from xlsxwriter.workbook import Workbook  # type: ignore[import-untyped]  # it has no types
    from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]  # it has no types

PROBLEM_HEADING = "Masalah / Problem"
"""The heading of the last column."""

WHOLE_ROW = -1
"""Stands for the column of a problem that no single cell has."""

_MOST_DIGITS = 15
"""A spreadsheet program rounds numbers with more digits."""
_WIDTH, _PROBLEM_WIDTH = 18, 70
_MARK = {"bg_color": "#F6C9C2", "border": 1, "border_color": "#B3261E"}
"""The look of a cell with a problem, or of the words in the last column if no single cell is wrong."""


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


def marked_csv(headings: Sequence[str], rows: Iterable[MarkedRow], delimiter: str = ",") -> bytes:
    """Return the rows as a CSV file in UTF-8, in which no spreadsheet program finds a formula."""
    kept = _kept_columns(headings)
    heads = [*(headings[column] for column in kept), PROBLEM_HEADING]
    cells = ([*(_value(row, column) for column in kept), _in_words(row)] for row in rows)
    return BYTE_ORDER_MARK + b"".join(csv_pieces(chain([heads], cells), delimiter or ","))


def marked_book(headings: Sequence[str], rows: Iterable[MarkedRow]) -> bytes:
    """Return the rows as a workbook, in which each cell with a problem is coloured and has the problem as a comment.

    A problem of the whole row colours the words in the last column.

    Raises `TablesMissing` if XlsxWriter is not installed.
    """
    return workbook_bytes(lambda book: _MarkedSheet(book, headings).write(rows))


def _kept_columns(headings: Sequence[str]) -> list[int]:
    """Return the columns to write: not the problems of an earlier copy."""
    return [column for column, heading in enumerate(headings) if heading != PROBLEM_HEADING]


def _value(row: MarkedRow, column: int) -> CellValue:
    return row.values[column] if column < len(row.values) else None


def _in_words(row: MarkedRow) -> str:
    return " ".join(filter(None, (row.place, *(row.problems[column] for column in sorted(row.problems)))))


class _MarkedSheet:
    """Writes the only sheet of a marked copy."""

    def __init__(self, book: "Workbook", headings: Sequence[str]) -> None:
        self._sheet: Worksheet = book.add_worksheet("Masalah - Problems")
        self._book = book
        self._headings = headings
        self._formats: dict[tuple[str, bool], Format] = {}

    def write(self, rows: Iterable[MarkedRow]) -> None:
        """Write the headings and the rows."""
        kept = _kept_columns(self._headings)
        bold = self._book.add_format({"bold": True, "text_wrap": True, "bottom": 1})
        words = {"text_wrap": True, "valign": "top", "num_format": "@"}
        wrapped, marked = self._book.add_format(words), self._book.add_format({**words, **_MARK})
        for place, heading in enumerate([*(self._headings[column] for column in kept), PROBLEM_HEADING]):
            self._sheet.write_string(0, place, heading, bold)
        self._sheet.set_column(0, len(kept) - 1, _WIDTH)
        self._sheet.set_column(len(kept), len(kept), _PROBLEM_WIDTH)
        self._sheet.freeze_panes(1, 0)
        self._sheet.set_landscape()
        self._sheet.set_paper(A4)
        self._sheet.fit_to_pages(1, 0)
        for number, row in enumerate(rows, 1):
            for place, column in enumerate(kept):
                self._write_value(number, place, _value(row, column), row.problems.get(column, ""))
            look = marked if WHOLE_ROW in row.problems else wrapped
            self._sheet.write_string(number, len(kept), _in_words(row), look)

    def _write_value(self, row: int, column: int, value: CellValue, problem: str) -> None:
        """Write a value in its own kind: a text stays a text, and a date is shown with the year first."""
        marked = bool(problem)
        if isinstance(value, datetime):
            self._sheet.write_datetime(row, column, value, self._format("yyyy-mm-dd hh:mm", marked=marked))
        elif isinstance(value, (date, time)):
            kind = "yyyy-mm-dd" if isinstance(value, date) else "hh:mm"
            self._sheet.write_datetime(row, column, value, self._format(kind, marked=marked))
        elif isinstance(value, bool):
            self._sheet.write_boolean(row, column, value, self._format("General", marked=marked))
        elif isinstance(value, (int, float)) and len(str(value)) <= _MOST_DIGITS:
            self._sheet.write_number(row, column, value, self._format("General", marked=marked))
        elif value is not None:
            self._sheet.write_string(row, column, str(value), self._format("@", marked=marked))
        else:
            self._sheet.write_blank(row, column, None, self._format("@", marked=marked))
        if problem:
            self._sheet.write_comment(row, column, problem, {"author": "apoa", "x_scale": 2})

    def _format(self, kind: str, *, marked: bool) -> "Format":
        if (kind, marked) not in self._formats:
            mark = _MARK if marked else {}
            self._formats[kind, marked] = self._book.add_format({"num_format": kind, "valign": "top", **mark})
        return self._formats[kind, marked]
