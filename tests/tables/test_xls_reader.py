"""Old workbooks of Excel: the values of their cells, their sheets, and files that are damaged or made to harm."""

import io
import struct
import sys
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

import pytest
import xlwt  # type: ignore[import-untyped]  # it has no types
from workbook_helpers import read, values

from apoa_client.errors import ApoaError
from apoa_client.tables import xls_reader
from apoa_client.tables.columns import guest_rows, match_columns
from apoa_client.tables.rows import TablesMissing

HEADINGS = ["Room", "Surname", "Given names", "Passport number", "Nationality", "Date of birth"]
GUEST = ["5", "DOE", "JANE", "X1000001", "GBR", "1985-09-12"]


def xls(**sheets: Callable[[Any], object]) -> bytes:
    book, file = xlwt.Workbook(), io.BytesIO()
    for name, fill in sheets.items():
        fill(book.add_sheet(name))
    book.save(file)
    return bytes(file.getvalue())


def rows(*cells: list[Any], first: int = 0) -> Callable[[Any], None]:
    def fill(sheet: Any) -> None:
        for number, row in enumerate(cells, first):
            for column, value in enumerate(row):
                if value is not None:
                    sheet.write(number, column, value)

    return fill


def refusal(content: bytes) -> str:
    with pytest.raises(ApoaError) as refused:
        values(content)
    assert "X1000001" not in str(refused.value)
    return refused.value.name


def test_types_of_cells() -> None:
    """Numbers, dates, times and truth values are as they were stored; a blank cell is empty."""
    born, at = date(1985, 9, 12), datetime.fromisoformat("2026-11-24T14:30")

    def fill(sheet: Any) -> None:
        rows(["a", "b", "c", "d", "e", "f", "g"])(sheet)
        dates = [(born, "DD/MM/YYYY"), (at, "DD/MM/YYYY hh:mm"), (time(14, 30), "hh:mm")]
        for column, (value, form) in enumerate(dates):
            sheet.write(1, column, value, xlwt.easyxf(num_format_str=form))
        for column, value in enumerate([925076473, 5.5, True, " "], 3):
            sheet.write(1, column, value)

    content = xls(S=fill)
    assert values(content) == [(born, at, time(14, 30), 925076473, 5.5, True)]
    assert read(content).facts.format == "xls"


def test_errors_of_cells() -> None:
    """An error is found where calamine has an empty cell, in its sheet: the empty cell of the other one is empty."""

    def fill(sheet: Any) -> None:
        rows(HEADINGS, GUEST, GUEST)(sheet)
        sheet.row(2).set_cell_error(6, 0x2A)

    found = values(xls(A=rows(HEADINGS, GUEST, GUEST), B=fill))
    assert [row[6:] for row in found] == [(), (), (), ("#VALUE!",)]


def test_an_error_of_a_long_formula() -> None:
    """Its record has more bytes than one byte counts."""
    formula = xlwt.Formula(f'IF("{"a" * 250}"="b";1;2)')
    content = xls(S=lambda sheet: (rows(HEADINGS, GUEST)(sheet), sheet.write(1, 6, formula)))
    none, error = b"\x03\0\0\0\0\0\xff\xff", b"\x02\0\x2a\0\0\0\xff\xff"
    assert content.count(none) == 1
    found = values(content.replace(none, error))
    assert [row[6:] for row in found] == [("#VALUE!",)]


def test_rows_keep_their_numbers() -> None:
    """An empty column and empty rows before the table change no cell's name."""
    table = read(xls(S=rows([None, *HEADINGS], [], [None, *GUEST], first=4)))
    (row,) = guest_rows(table, match_columns(table)).read_rows()
    assert (table.heading_row, row.number, row.cells["guest.document.number"]) == (5, 7, "E7")


def test_sheets() -> None:
    """A month a sheet, an empty one and a hidden one."""

    def hidden(sheet: Any) -> None:
        sheet.visibility = 1
        rows(HEADINGS, GUEST)(sheet)

    table = read(xls(Jan=rows(HEADINGS, GUEST), Feb=rows(), Dec=hidden))
    assert [(row.sheet, row.number) for row in table.read_rows()] == [("Jan", 2), ("Dec", 2)]
    assert [sheet.read for sheet in table.facts.sheets] == [True, False, True]


def test_merged_cells() -> None:
    """A room that is merged over two guests is the room of both."""

    def fill(sheet: Any) -> None:
        rows(HEADINGS, [None, *GUEST[1:]], [None, *GUEST[1:]])(sheet)
        sheet.write_merge(1, 2, 0, 0, "5")

    table = read(xls(S=fill))
    assert [row.texts["room"] for row in guest_rows(table, match_columns(table)).read_rows()] == ["5", "5"]


@pytest.mark.parametrize("length", [600, 2000, 4096])
def test_a_cut_file(length: int) -> None:
    """It is refused, and no part of it is read."""
    content = xls(S=rows(HEADINGS, *[GUEST] * 200))
    assert refusal(content[:length]) == "table_damaged"


def test_a_damaged_file() -> None:
    """Whatever bytes are wrong, the error says what to do, or the file is read."""
    content = xls(S=rows(HEADINGS, GUEST))
    for place in range(0, len(content), len(content) // 12):
        changed = content[:place] + b"\xff" * 16 + content[place + 16 :]
        try:
            values(changed)
        except ApoaError as exc:
            assert exc.advice is not None  # noqa: PT017  most of them are read


def test_a_far_cell() -> None:
    """A file of a few kilobytes with one cell in the last row and column takes gigabytes: the process ends."""
    content = xls(S=rows(HEADINGS, GUEST), T=lambda sheet: [sheet.write(0, 0, 1), sheet.write(65_535, 255, 1)])
    assert refusal(content) == "table_too_costly"


def test_a_process_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is ended, and the error says so."""
    monkeypatch.setattr(xls_reader, "internal_command", lambda _word: [sys.executable, "-c", "while True: pass"])
    monkeypatch.setattr(xls_reader, "_MOST_S", 0.2)
    assert refusal(xls(S=rows(GUEST))) == "table_too_costly"


def test_another_document() -> None:
    """A letter of Word is no workbook, though its file has the same form."""
    workbook, document = (name.encode("utf-16-le") for name in ("Workbook\0\0\0\0", "WordDocument"))
    assert refusal(xls(S=rows(GUEST)).replace(workbook, document)) == "unknown_format"


def test_a_password() -> None:
    """A workbook with a password is named as such: its stream has a FILEPASS record ([MS-XLS] 2.4.117)."""
    content = xls(S=rows(GUEST))
    start = content.index(struct.pack("<HH", 0x0809, 16))  # BOF, which FILEPASS follows
    record = struct.pack("<HH", 0x002F, 6) + b"\1" + bytes(5)
    assert refusal(content[: start + 20] + record + content[start + 20 + len(record) :]) == "password_protected"


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    monkeypatch.setattr(xls_reader, "internal_command", lambda _word: [sys.executable, "-c", "raise SystemExit(78)"])
    with pytest.raises(TablesMissing):
        values(xls(S=rows(GUEST)))


def test_a_number_whose_zeros_are_not_known() -> None:
    """The format that shows zeros in front is not read: the number of a passport is warned about, a room is not."""
    guest = [5, "DOE", "JANE", 12345678, "GBR", "1985-09-12"]
    table = read(xls(S=rows(HEADINGS, guest, GUEST)))
    found = list(guest_rows(table, match_columns(table)).read_rows())
    assert [row.typed["document_number"] for row in found] == ["12345678", "X1000001"]
    warnings = [[(each.field, each.code) for each in row.warnings] for row in found]
    assert warnings == [[("guest.document.number", "number_format")], []]
