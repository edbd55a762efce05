"""The copy of refused rows: marked in place, and readable again."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from io import BytesIO

import openpyxl
import pytest

from apoa_client.tables.headings import parse_heading
from apoa_client.tables.marked_copy import (
    PROBLEM_HEADING,
    WHOLE_ROW,
    MarkedRow,
    marked_book,
    marked_csv,
)
from apoa_client.tables.reading import open_source
from apoa_client.tables.rows import CellValue, Table

HEADINGS = ("Surname", "Passport number", "Date of birth", "Room")
VALUES: tuple[CellValue, ...] = ("=HYPERLINK(1)", "0123E45", date(1985, 9, 12), 12)


def rows_of(content: bytes) -> tuple[tuple[str, ...], list[tuple[CellValue, ...]]]:
    """Return what the reader reads of a file: the headings and the rows."""
    table = open_source(content)
    assert isinstance(table, Table)
    return table.headings, [row.values for row in table.read_rows()]


def test_marked_cells() -> None:
    """A cell with a problem has a colour, the last column says the problems, and has it for one of the whole row."""
    rows = [MarkedRow(VALUES, {1: "Wrong.", WHOLE_ROW: "Why?"}), MarkedRow((None,), {0: "Missing."})]
    cells = openpyxl.load_workbook(BytesIO(marked_book(HEADINGS, rows))).worksheets[0]
    assert (cells["E1"].value, cells["E2"].value, cells["E3"].value) == (PROBLEM_HEADING, "Why? Wrong.", "Missing.")
    marked = {cell.coordinate for row in cells.iter_rows() for cell in row if cell.fill.fgColor.rgb == "FFF6C9C2"}
    assert marked == {"B2", "E2", "A3"}


def test_a_workbook_keeps_each_value() -> None:
    """Texts stay texts, also those that look like formulas or numbers; days and numbers stay what they are."""
    values = ("=1+1", "00123", date(1985, 9, 12), 7, 1.5, 10**15, None, "x")
    _headings, [read] = rows_of(marked_book(tuple("ABCDEFGH"), [MarkedRow(values, {})]))
    assert read[: len(values)] == (*values[:5], "1000000000000000", *values[6:])
    at = datetime(2026, 11, 24, 19, 50)  # noqa: DTZ001  a cell has no zone
    _headings, [read] = rows_of(marked_book(("A", "B"), [MarkedRow((at, at.time()), {})]))
    assert read[:2] == ("2026-11-24 19:50:00", "19:50:00")


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
