"""Workbooks: XLSX as openpyxl writes it, and ODS."""

import io
from datetime import date, datetime, time
from typing import Any
from zipfile import ZipFile

import pytest
from workbook_helpers import cell, ods, ods_row, ods_table, read, values, xlsx

from apoa_client.tables.content import TableRefused
from apoa_client.tables.rows import SheetFacts


def test_types_of_cells_in_xlsx() -> None:
    """Numbers, days, times and booleans keep their types; whole numbers have no point, an error is its text."""
    given = [123456789.0, 1.5, datetime(2026, 11, 24), datetime(2026, 11, 24, 14, 5), time(14, 5), True, "#N/A", " "]  # noqa: DTZ001  local times
    content = xlsx(("A", [list("abcdefgh"), given]))
    wanted = (123456789, 1.5, date(2026, 11, 24), given[3], time(14, 5), True, "#N/A")
    assert values(content) == [wanted]
    assert type(values(content)[0][0]) is int


def test_types_of_cells_in_ods() -> None:
    """The same for ODS: values as they were stored, whatever the cell shows."""
    stored = [
        cell("123.456.789", 'office:value-type="float" office:value="123456789"'),
        cell("24/11/26", 'office:value-type="date" office:date-value="2026-11-24"'),
        cell("x", 'office:value-type="date" office:date-value="2026-11-24T14:05:00"'),
        cell("x", 'office:value-type="time" office:time-value="PT14H05M00S"'),
        cell("WAHR", 'office:value-type="boolean" office:boolean-value="true"'),
        cell("A<text:s text:c='2'/>B</text:p><text:p>C", 'office:value-type="string"'),
    ]
    content = ods(ods_table(ods_row(*map(cell, "abcdef")), ods_row(*stored)))
    at = datetime(2026, 11, 24, 14, 5)  # noqa: DTZ001  a local time
    assert values(content) == [(123456789, date(2026, 11, 24), at, time(14, 5), True, "A  B\nC")]


def test_notes_are_no_content() -> None:
    """A comment at a cell is not its content."""
    note = "<office:annotation><text:p>by me</text:p></office:annotation>"
    noted = f"<table:table-cell>{note}<text:p>DOE</text:p></table:table-cell>"
    assert values(ods(ods_table(ods_row(cell("a"), cell("b")), ods_row(noted, cell("x"))))) == [("DOE", "x")]


SHEETS = [("Notes", [["n"], ["1x"]]), ("Guests", [["a", "b"], ["x", "y"]]), ("More", [["c"], ["z"]])]


def hide_notes(book: Any) -> None:
    book["Notes"].sheet_state = "hidden"


def book(kind: str) -> bytes:
    if kind == "xlsx":
        return xlsx(*SHEETS, change=hide_notes)
    return ods(
        "".join(
            ods_table(*(ods_row(*map(cell, row)) for row in rows), name=name, style="h" if name == "Notes" else "")
            for name, rows in SHEETS
        )
    )


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_sheets(kind: str) -> None:
    """The first visible sheet is read, or the one that is named in any case; the others are counted."""
    table = read(book(kind))
    others = [SheetFacts("Notes", 1, read=False), SheetFacts("Guests", 0, read=True), SheetFacts("More", 1, read=False)]
    assert (table.facts.format, [*table.facts.sheets], table.facts.left) == (kind, others, ())
    assert values(book(kind)) == [("x", "y")]
    assert values(book(kind), "more") == [("z",)]
    assert values(book(kind), "Notes") == [("1x",)]  # hidden, but asked for
    assert [sheet.rows for sheet in read(book(kind), "Notes").facts.sheets] == [
        0,
        None,
        None,
    ]  # others are not opened


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_a_sheet_that_is_missing(kind: str) -> None:
    """The error names the sheets that there are."""
    with pytest.raises(TableRefused) as raised:
        read(book(kind), "Tamu")
    assert raised.value.name == "no_such_sheet"
    assert raised.value.message.values["sheets"] == "Notes, Guests, More"


def test_rows_keep_their_numbers() -> None:
    """Empty rows are left out, and a row has the number that the spreadsheet program shows."""
    content = xlsx(("A", [["Hotel"], [], ["a", "b"], [], ["x", "y"]]))
    table = read(content)
    assert (table.heading_row, [row.number for row in table.read_rows()]) == (3, [5])
    repeated = ods(ods_table(ods_row(cell("a")), ods_row(times=3), ods_row(cell("x"), times=2)))
    assert [row.number for row in read(repeated).read_rows()] == [5, 6]


def test_formulas_are_not_calculated() -> None:
    """A formula has the value that the program stored with it, and none without one."""
    assert values(xlsx(("A", [["a", "b"], ["x", "=1+1"]]))) == [("x",)]
    stored = cell("2", 'table:formula="of:=1+40" office:value-type="float" office:value="2"')
    assert values(ods(ods_table(ods_row(cell("a"), cell("b")), ods_row(cell("x"), stored)))) == [("x", 2)]


def test_wrong_dimensions() -> None:
    """A sheet whose stored size is too small is read whole."""
    content = xlsx(("A", [["a", "b"], ["x", "y"], ["z", "w"]]))
    file = io.BytesIO()
    with ZipFile(io.BytesIO(content)) as old, ZipFile(file, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'ref="A1:B3"', b'ref="A1"'))
    assert values(file.getvalue()) == [("x", "y"), ("z", "w")]


def test_an_empty_sheet() -> None:
    """A sheet without a value is refused with the way to choose another one."""
    for content in (xlsx(("A", [])), ods(ods_table(ods_row(times=1_048_576)))):
        with pytest.raises(TableRefused) as raised:
            read(content)
        assert raised.value.name == "table_empty"


def test_a_value_that_is_no_value() -> None:
    """A cell of ODS whose stored value cannot be read makes the file a damaged one, without its content."""
    wrong = cell("SECRET", 'office:value-type="float" office:value="SECRET"')
    with pytest.raises(TableRefused) as raised:
        read(ods(ods_table(ods_row(wrong))))
    assert raised.value.name == "table_damaged"
    assert "SECRET" not in f"{raised.value!r}{raised.value}{raised.value.message.values}"
