"""The rows of a table that were refused, with their problems marked in place, to be corrected and imported again.

The columns are those of the file. A last column says in words what is wrong with the row; the next import ignores it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from apoa_client.tables.csv_files import BYTE_ORDER_MARK, csv_pieces
from apoa_client.tables.rows import CellValue
from apoa_client.tables.xlsx_writer import MarkedText, xlsx_pieces

PROBLEM_HEADING = "Masalah / Problem"
"""The heading of the last column."""

WHOLE_ROW = -1
"""Stands for the column of a problem that no single cell has."""

_WIDTH, _PROBLEM_WIDTH = 18, 70


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
    heads, kept = _headings(headings)
    return BYTE_ORDER_MARK + b"".join(csv_pieces(chain([heads], _cells(rows, kept)), delimiter or ","))


def marked_book(headings: Sequence[str], rows: Iterable[MarkedRow]) -> bytes:
    """Return the rows as a workbook, in which each cell with a problem is coloured.

    A problem of the whole row colours the words in the last column. A marked cell is a text, in which a user corrects
    what is wrong.
    """
    heads, kept = _headings(headings)
    widths = [*[_WIDTH] * len(kept), _PROBLEM_WIDTH]
    return b"".join(xlsx_pieces("Masalah - Problems", heads, widths, _cells(rows, kept)))


def _headings(headings: Sequence[str]) -> tuple[list[str], list[int]]:
    """Return the headings, and the columns that they are of: not the problems of an earlier copy."""
    kept = [column for column, heading in enumerate(headings) if heading != PROBLEM_HEADING]
    return [*(headings[column] for column in kept), PROBLEM_HEADING], kept


def _cells(rows: Iterable[MarkedRow], kept: Sequence[int]) -> Iterator[list[CellValue]]:
    for row in rows:
        cells: list[CellValue] = []
        for column in kept:
            value = row.values[column] if column < len(row.values) else None
            cells.append(MarkedText("" if value is None else str(value)) if column in row.problems else value)
        words = " ".join(filter(None, (row.place, *(row.problems[column] for column in sorted(row.problems)))))
        yield [*cells, MarkedText(words) if WHOLE_ROW in row.problems else words]
