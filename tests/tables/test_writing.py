"""Tables as they are written: CSV, workbooks, the copy of refused rows, and texts that look like a formula."""

import csv
import io
import re
import tracemalloc
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from table_helpers import values as values_of

from apoa_client.errors import UsageProblem
from apoa_client.tables.headings import parse_heading
from apoa_client.tables.reading import open_source
from apoa_client.tables.rows import CellValue, Table, neutralise, original
from apoa_client.tables.writing import PROBLEM_HEADING, WHOLE_ROW, MarkedRow, csv_pieces, marked_copy, workbook


def book(*rows: Sequence[CellValue]) -> bytes:
    return workbook("Guests", ["A", "B"], [16, 16], rows)


def read(content: bytes) -> list[tuple[Any, ...]]:
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    return list(sheet.iter_rows(min_row=2, values_only=True))


def rows_of(content: bytes) -> tuple[tuple[str, ...], list[tuple[CellValue, ...]]]:
    """Return what the reader reads of a file: the headings and the rows."""
    table = open_source(content)
    assert isinstance(table, Table)
    return table.headings, [row.values for row in table.read_rows()]


CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.text(" ,;\"'=\r\n+-@\tx", max_size=8)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=5))
def test_a_csv_file_is_read_as_it_was(rows: list[list[str]]) -> None:
    """Any text survives, with separators, quotation marks and line breaks in it."""
    text = b"".join(csv_pieces(rows)).decode()
    read = [[original(cell) for cell in row] for row in csv.reader(io.StringIO(text, newline=""))]
    assert read == rows


def test_values_of_a_csv_file() -> None:
    """A day is ISO 8601, nothing is an empty cell, and lines end as RFC 4180 says."""
    assert b"".join(csv_pieces([["é", date(2026, 1, 2), None, 7]])) == "é,2026-01-02,,7\r\n".encode()


def test_memory_is_flat() -> None:
    """Rows are written as they come: a long table needs no more memory than a short one."""

    def rows(count: int) -> Iterator[list[str]]:
        return (["x" * 50] * 10 for _ in range(count))

    def peak(count: int) -> int:
        tracemalloc.start()
        written = sum(map(len, csv_pieces(rows(count))))
        assert written > count * 500
        _now, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(2000) < peak(400) * 1.2


TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1, max_size=9
)


@given(st.lists(st.tuples(TEXTS, st.text("'=+-@;, ", min_size=1, max_size=6)), min_size=1, max_size=4))
def test_a_workbook_is_read_as_it_was(rows: list[tuple[str, str]]) -> None:
    """Any text survives, and none is a formula."""
    assert [tuple(map(original, row)) for row in read(book(*rows))] == rows


def test_values_of_a_workbook() -> None:
    """A day is a date that can be sorted; a time, with its offset, is a text; so is a day before 1900 March."""
    content = book((date(2026, 11, 24), "2026-11-24T20:30:45+07:00"), (date(1899, 12, 31), 7), ("=1+1", None))
    assert read(content) == [
        (datetime(2026, 11, 24), "2026-11-24T20:30:45+07:00"),  # noqa: DTZ001  openpyxl's form of a day
        ("1899-12-31", 7),
        ("=1+1", None),
    ]
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    assert (sheet["A4"].data_type, sheet["A4"].number_format) == ("s", "@")  # a text, also when a user edits it
    assert sheet.freeze_panes == "A2"
    assert sheet.title == "Guests"


def test_the_same_rows_make_the_same_file() -> None:
    """No time and nothing by chance is in the file."""
    assert book(("1", "2")) == book(("1", "2"))
    made = openpyxl.load_workbook(io.BytesIO(book(("1", "2")))).properties.created
    assert str(made) == "2026-01-01 00:00:00"  # also in another second


def test_more_than_a_worksheet_has() -> None:
    """It is an error with a way out, not a file without some of its cells."""
    book(("x" * 32_767, "2"))
    with pytest.raises(UsageProblem):
        book(("x" * 32_768, "2"))
    with pytest.raises(UsageProblem):
        book(*[(None, None)] * 1_048_575, ("1", "2"))
    with pytest.raises(UsageProblem):
        marked_copy(["x" * 32_768], [])


HEADINGS = ("Surname", "Passport number", "Date of birth", "Room")
VALUES: tuple[CellValue, ...] = ("=HYPERLINK(1)", "0123E45", date(1985, 9, 12), 12)


def test_marked_cells() -> None:
    """A cell with a problem has a colour, the last column says the problems, and has it for one of the whole row."""
    rows = [MarkedRow(VALUES, {1: "Wrong.", WHOLE_ROW: "Why?"}), MarkedRow((None,), {0: "Missing."})]
    cells = openpyxl.load_workbook(io.BytesIO(marked_copy(HEADINGS, rows))).worksheets[0]
    assert (cells["E1"].value, cells["E2"].value, cells["E3"].value) == (PROBLEM_HEADING, "Why? Wrong.", "Missing.")
    marked = {cell.coordinate for row in cells.iter_rows() for cell in row if cell.fill.fgColor.rgb == "FFF6C9C2"}
    assert marked == {"B2", "E2", "A3"}


def test_a_workbook_keeps_each_value() -> None:
    """Texts stay texts, also those that look like formulas or numbers; days and numbers stay what they are."""
    values = ("=1+1", "00123", date(1985, 9, 12), 7, 1.5, 10**15, None, "x")
    _headings, [read] = rows_of(marked_copy(tuple("ABCDEFGH"), [MarkedRow(values, {})]))
    assert read[: len(values)] == (*values[:5], "1000000000000000", *values[6:])
    at = datetime(2026, 11, 24, 19, 50)  # noqa: DTZ001  a cell has no zone
    _headings, [read] = rows_of(marked_copy(("A", "B"), [MarkedRow((at, at.time()), {})]))
    assert read[:2] == ("2026-11-24 19:50:00", "19:50:00")


def test_csv_keeps_each_text() -> None:
    """A text that spreadsheet programs take for a formula is neutralised, and read again as it was."""
    content = marked_copy(HEADINGS, [MarkedRow(VALUES, {0: "Wrong."})], ";")
    assert b"'=HYPERLINK(1)" in content
    headings, [read] = rows_of(content)
    assert headings == (*HEADINGS, PROBLEM_HEADING)
    assert read == ("=HYPERLINK(1)", "0123E45", "1985-09-12", "12", "Wrong.")


@pytest.mark.parametrize("delimiter", ["", ","])
def test_a_copy_of_a_copy_has_the_problems_once(delimiter: str) -> None:
    """The problems of an earlier copy are replaced, and its column is no field of the next import."""
    assert parse_heading(PROBLEM_HEADING).target in {"", "ignore"}
    headings = (*HEADINGS, PROBLEM_HEADING)
    _read, [row] = rows_of(marked_copy(headings, [MarkedRow((*VALUES, "Old."), {3: "New."})], delimiter))
    assert row[-1] == "New."
    assert "Old." not in row


def test_nothing_personal_is_in_a_repr() -> None:
    """The repr of a row may reach a log."""
    assert "ZYKOWSKI" not in repr(MarkedRow(("ZYKOWSKI",), {0: "ZYKOWSKI"}))


# Texts that a spreadsheet program would take for a formula.

FORMULA = "=+-@\t\r\n＝＋－＠"  # noqa: RUF001  full-width forms, which some programs read as the same
SEPARATORS = ",;|\t\r\n"
FORMULAS = st.text(st.sampled_from(f"{FORMULA}{SEPARATORS}' aZ0ü") | st.characters(exclude_categories=["Cs"]))


@given(FORMULAS)
def test_no_cell_begins_a_formula(text: str) -> None:
    """However the program that opens the file separates cells; what was neutralised is read again as it was."""
    assert original(neutralise(text)) == text
    cells = re.split(f"[{SEPARATORS}]", neutralise(text))
    assert not any(cell[:1] and cell[0] in FORMULA for cell in cells)


@pytest.mark.parametrize("text", ["", "O'BRIEN", "'t HOOFT", "a-b", "Jl. Raya 5, Ubud", "12-03-2026", "x = y"])
def test_ordinary_texts(text: str) -> None:
    """A text that begins no formula stays as it is, both ways."""
    assert neutralise(text) == text
    assert original(text) == text


def test_how_it_looks() -> None:
    """A phone number is still readable, and not a number that loses its plus sign."""
    assert neutralise("+62 812 3456") == "'+62 812 3456"
    assert neutralise("'=x") == "''=x"
    assert neutralise("a;=1+1") == "a;'=1+1"


def test_readers_undo_it() -> None:
    """A cell of a CSV file, and of a workbook that was made from one, is read as it was."""
    assert values_of(b"Phone;Note\n'+62 812;'=x\n") == [("+62 812", "=x")]
    content = workbook("Guests", ["Phone", "Note"], [9, 9], [["'+62 812", "it's"]])
    assert values_of(content) == [("'+62 812", "it's")]  # stored so that it is read unchanged
