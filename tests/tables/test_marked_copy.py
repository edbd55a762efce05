"""The copy of refused rows: marked in place, and readable again."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from io import BytesIO

import openpyxl
import pytest

from apoa_client.tables.fill_in_books import (
    PROBLEM_HEADING,
    WHOLE_ROW,
    MarkedRow,
    marked_book,
    marked_csv,
)
from apoa_client.tables.headings import parse_heading
from apoa_client.tables.reading import open_source
from apoa_client.tables.rows import CellValue, Table

HEADINGS = ("Surname", "Passport number", "Date of birth", "Room")
VALUES: tuple[CellValue, ...] = ("=HYPERLINK(1)", "0123E45", date(1985, 9, 12), 12)


def rows_of(content: bytes) -> tuple[tuple[str, ...], list[tuple[CellValue, ...]]]:
    """Return what the reader reads of a file: the headings and the rows."""
    table = open_source(content)
    assert isinstance(table, Table)
    return table.headings, [row.values for row in table.read_rows()]


def test_a_marked_cell_has_its_problem() -> None:
    """The cell has the problem as a comment and a colour; the last column says the problems of the row."""
    content = marked_book(HEADINGS, [MarkedRow(VALUES, {1: "Wrong.", WHOLE_ROW: "Why?"})])
    cells = openpyxl.load_workbook(BytesIO(content)).worksheets[0]
    assert cells["B2"].comment is not None
    assert cells["B2"].comment.text.strip().endswith("Wrong.")
    assert cells["B2"].fill.fgColor.rgb != cells["A2"].fill.fgColor.rgb
    assert cells["A2"].comment is None
    assert (cells["E1"].value, cells["E2"].value) == (PROBLEM_HEADING, "Why? Wrong.")


def test_a_problem_of_the_whole_row_is_marked() -> None:
    """What two rows say together is wrong in no single cell: the words are coloured, and else they are not."""
    rows = [MarkedRow(VALUES, {WHOLE_ROW: "Row 3 is the same stay."}), MarkedRow(VALUES, {1: "Wrong."})]
    cells = openpyxl.load_workbook(BytesIO(marked_book(HEADINGS, rows))).worksheets[0]
    assert cells["E2"].fill.fgColor.rgb == cells["B3"].fill.fgColor.rgb
    assert cells["E3"].fill.fgColor.rgb == cells["A2"].fill.fgColor.rgb


def test_a_workbook_keeps_each_value() -> None:
    """Texts stay texts, also those that look like formulas or numbers; dates, times and numbers stay what they are."""
    at = datetime(2026, 11, 24, 19, 50)  # noqa: DTZ001  a cell has no zone
    values = ("=1+1", "00123", date(1985, 9, 12), at, time(14, 30), 7, 1.5, None, "x")
    headings = tuple("ABCDEFGHI")
    _headings, [read] = rows_of(marked_book(headings, [MarkedRow(values, {})]))
    assert read[: len(values)] == values


def test_csv_keeps_each_text() -> None:
    """A text that spreadsheet programs take for a formula is neutralised, and read again as it was."""
    content = marked_csv(HEADINGS, [MarkedRow(VALUES, {0: "Wrong."})], ";")
    assert b"'=HYPERLINK(1)" in content
    headings, [read] = rows_of(content)
    assert headings == (*HEADINGS, PROBLEM_HEADING)
    assert read == ("=HYPERLINK(1)", "0123E45", "1985-09-12", "12", "Wrong.")


@pytest.mark.parametrize("write", [marked_book, marked_csv])
def test_a_copy_of_a_copy_has_the_problems_once(write: Callable[[Sequence[str], Sequence[MarkedRow]], bytes]) -> None:
    """The problems of an earlier copy are replaced."""
    headings = (*HEADINGS, PROBLEM_HEADING)
    _read, [row] = rows_of(write(headings, [MarkedRow((*VALUES, "Old."), {3: "New."})]))
    assert row[-1] == "New."
    assert "Old." not in row


def test_the_problems_are_not_read_as_a_field() -> None:
    """The next import ignores the column."""
    assert parse_heading(PROBLEM_HEADING).target in {"", "ignore"}


def test_nothing_personal_is_in_a_repr() -> None:
    """The repr of a row may reach a log."""
    assert "ZYKOWSKI" not in repr(MarkedRow(("ZYKOWSKI",), {0: "ZYKOWSKI"}))
