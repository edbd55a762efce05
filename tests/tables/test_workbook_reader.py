"""Workbooks: XLSX as openpyxl and other programs write it, ODS, and the old workbooks of Excel."""

import io
import struct
import sys
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any
from zipfile import ZipFile

import pytest
import xlwt  # type: ignore[import-untyped]  # it has no types
from openpyxl.chart import BarChart
from table_helpers import (
    MAIN,
    book,
    cell,
    changed,
    ods,
    ods_row,
    ods_table,
    read,
    read_table,
    refusal,
    sheet_of,
    values,
    xlsx,
)

from apoa_client.errors import ApoaError
from apoa_client.tables import xls_reader
from apoa_client.tables.rows import CellValue, SheetFacts, TableRefused, TablesMissing


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


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_sheets(kind: str) -> None:
    """The first visible sheet is read, or the one that is named in any case; the others are counted."""
    table = read(book(kind, *SHEETS, hidden=["Notes"]))
    others = [SheetFacts("Notes", 1, read=False), SheetFacts("Guests", 0, read=True), SheetFacts("More", 1, read=False)]
    assert (table.facts.format, [*table.facts.sheets], table.facts.left) == (kind, others, ())
    assert values(book(kind, *SHEETS, hidden=["Notes"])) == [("x", "y")]
    assert values(book(kind, *SHEETS, hidden=["Notes"]), "more") == [("z",)]
    assert values(book(kind, *SHEETS, hidden=["Notes"]), "Notes") == [("1x",)]  # hidden, but asked for
    assert [sheet.rows for sheet in read(book(kind, *SHEETS, hidden=["Notes"]), "Notes").facts.sheets] == [
        0,
        None,
        None,
    ]  # others are not opened


def test_a_sheet_without_its_part() -> None:
    """A sheet of which the workbook does not say where it is, is not left out without a word."""
    sheet = b'<sheet name="B" sheetId="9" r:id="rId99" xmlns:r="r"/></sheets>'
    content = xlsx(("A", [["a"], ["x"]]))
    assert values(changed({}, content)) == [("x",)]
    assert refusal(changed({}, content, renamed=(b"</sheets>", sheet))) == "table_damaged"


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_a_sheet_that_is_missing(kind: str) -> None:
    """The error names the sheets that there are."""
    with pytest.raises(TableRefused) as raised:
        read(book(kind, *SHEETS, hidden=["Notes"]), "Tamu")
    assert (raised.value.name, raised.value.message.values["sheets"]) == ("no_such_sheet", "Notes, Guests, More")


def test_rows_keep_their_numbers() -> None:
    """Empty rows are left out, and a row has the number that the spreadsheet program shows."""
    content = xlsx(("A", [["Hotel"], [], ["a", "b"], [], ["x", "y"]]))
    table = read(content)
    assert (table.heading_row, [row.number for row in table.read_rows()]) == (3, [5])
    repeated = ods(ods_table(ods_row(cell("a")), ods_row(times=3), ods_row(cell("x"), times=2)))
    assert [row.number for row in read(repeated).read_rows()] == [5, 6]


def test_formulas_are_not_calculated() -> None:
    """A formula has the value that the program stored with it, also an empty text; without one it is an error."""
    stored = '<c t="str"><f>A1</f><v></v></c><c><f>1+40</f><v>2</v></c>'
    assert values(sheet_of(f'<row><c t="str"><v>a</v></c></row><row>{stored}</row>')) == [(None, 2)]
    assert values(xlsx(("A", [["a", "b"], ["x", "=1+1"]]))) == [("x", "#CALC!")]
    formula = 'table:formula="of:=1+40"'
    cells = (
        cell("2", f'{formula} office:value-type="float" office:value="2"'),
        cell("", f'{formula} office:value-type="string"'),
        cell("", formula),
    )
    assert values(ods(ods_table(ods_row(*map(cell, "abc")), ods_row(*cells)))) == [(2, None, "#CALC!")]


def styles(inside: str) -> bytes:
    return f'<styleSheet xmlns="{MAIN}">{inside}</styleSheet>'.encode()


def test_parts_that_are_not_needed() -> None:
    """Properties, fonts, colours and what stands beside the rows do not hold up a table, however wrong they are."""
    book = changed(
        {
            "docProps/core.xml": b'<x:coreProperties xmlns:x="a"><x:created>yesterday</x:created></x:coreProperties>',
            "xl/styles.xml": styles("<fills><fill>red</fill></fills><cellXfs><xf fontId='none'/></cellXfs>"),
        },
        sheet_of('<row><c t="str"><v>a</v></c></row>' * 2 + "</sheetData><pageSetup orientation='askew'/><sheetData>"),
    )
    assert values(book) == [("a",)]


@pytest.mark.parametrize(
    ("serial", "style", "value"),
    [
        (46350, 0, 46350),
        (46350, 1, date(2026, 11, 24)),
        (46350, 2, date(2026, 11, 24)),
        ("46350.58680555556", 2, datetime(2026, 11, 24, 14, 5)),  # noqa: DTZ001  a local time
        (0.5, 3, time(12)),
        (0.5, 4, time(12)),
        ("1.0208333333333333", 4, "#VALUE!"),
        (1, 7, "#VALUE!"),
        ("1E999", 7, "#VALUE!"),
        (59, 1, date(1900, 2, 28)),
        (61, 1, date(1900, 3, 1)),
        (99999999, 1, "#VALUE!"),
        ("1E999", 1, "#VALUE!"),
        (7, 5, 7),
        ("12345678", 6, "012345678"),
    ],
)
def test_numbers_by_their_format(serial: object, style: int, value: CellValue) -> None:
    """A number is a day or a time by the format of its cell: one of Excel's own or of the workbook."""
    codes = ("dd/mm/yyyy", "hh:mm", "[h]:mm", '[$-421]"Hari "0', "000000000")
    own = "".join(f'<numFmt numFmtId="{number}" formatCode="{code}"/>' for number, code in enumerate(codes, 164))
    own = own.replace('"Hari "', "&quot;Hari &quot;")
    formats = "".join(f'<xf numFmtId="{number}"/>' for number in (0, 14, 164, 165, 166, 57, 168, 46))
    content = sheet_of(f'<row><c t="str"><v>a</v></c></row><row><c s="{style}"><v>{serial}</v></c></row>')
    parts = {"xl/styles.xml": styles(f"<numFmts>{own}</numFmts><cellXfs>{formats}</cellXfs>")}
    assert values(changed(parts, content)) == [(value,)]
    if style == 1 and serial == 46350:
        parts["xl/workbook.xml"] = BOOK_OF_A_MAC
        assert values(changed(parts, content)) == [(date(2030, 11, 25),)]


BOOK_OF_A_MAC = (
    f'<workbook xmlns="{MAIN}" xmlns:r="r"><workbookPr date1904="1"/>'
    '<sheets><sheet name="A" sheetId="1" r:id="rId1"/></sheets></workbook>'
).encode()


def test_a_number_without_a_style() -> None:
    """It has the first style of the workbook, in which a user may have changed the format of all cells."""
    first = '<numFmts><numFmt numFmtId="164" formatCode="000000000"/></numFmts><cellXfs><xf numFmtId="164"/></cellXfs>'
    content = sheet_of('<row><c t="str"><v>a</v></c></row><row><c><v>12345678</v></c></row>')
    assert values(changed({"xl/styles.xml": styles(first)}, content)) == [("012345678",)]


def test_names_of_parts_in_another_case() -> None:
    """A part is found whatever the case of its name, as Excel finds it."""
    content = io.BytesIO()
    with ZipFile(io.BytesIO(xlsx(("A", [["a"], [date(2026, 11, 24)]])))) as old, ZipFile(content, "w") as new:
        for name in old.namelist():
            new.writestr(name.replace("styles", "Styles").replace("shared", "Shared"), old.read(name))
    assert values(content.getvalue()) == [(date(2026, 11, 24),)]


def test_cells_in_another_order() -> None:
    """Each cell is in the column that it names, in whatever order they are stored."""
    first, second = (
        "".join(f'<c r="{place}" t="str"><v>{place}</v></c>' for place in places)
        for places in (("A1", "B1", "C1"), ("C2", "A2", "B2"))
    )
    assert values(sheet_of(f'<row r="1">{first}</row><row r="2">{second}</row>')) == [("A2", "B2", "C2")]


def test_a_chart_has_no_rows() -> None:
    """A sheet that is a chart is not among the sheets."""

    def add_chart(book: Any) -> None:
        book.create_chartsheet("Chart", 0).add_chart(BarChart())

    assert read(xlsx(("A", [["a"], ["x"]]), change=add_chart)).facts.sheets == (SheetFacts("A", 0, read=True),)


def test_texts_of_cells() -> None:
    """A text in several fonts is one text, how it is pronounced is none, and an escaped character is that character."""
    items = "<is><r><t>MU</t></r><r><t>ÑOZ</t></r></is>", "<is><t>李</t><rPh><t>Li</t></rPh></is>", "<is/>"
    escaped = "<is><t>A_x000D__x005F_x0041_</t></is>"
    cells = "".join(f'<c t="inlineStr">{item}</c>' for item in (*items, escaped))
    heads = '<c t="str"><v>a</v></c>' * 4
    assert values(sheet_of(f"<row>{heads}</row><row>{cells}</row>")) == [("MUÑOZ", "李", None, "A_x0041_")]
    stated = '<c t="d"><v>2026-11-24</v></c><c t="d"><v>2026-11-24T14:05:00Z</v></c><c t="d"><v>14:05:00</v></c>'
    at = datetime(2026, 11, 24, 14, 5)  # noqa: DTZ001  a local time
    assert values(sheet_of(f"<row>{heads}</row><row>{stated}</row>")) == [(at.date(), at, at.time())]


def test_wrong_dimensions() -> None:
    """A sheet whose stored size is too small is read whole."""
    content = xlsx(("A", [["a", "b"], ["x", "y"], ["z", "w"]]))
    assert values(changed({}, content, renamed=(b'ref="A1:B3"', b'ref="A1"'))) == [("x", "y"), ("z", "w")]


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_a_wrong_sheet_beside_the_chosen_one(kind: str) -> None:
    """What is wrong in a sheet that the user left out does not matter."""
    if kind == "xlsx":
        content = xlsx(("A", [["a"], ["x"]]), ("B", [["b"] * 2_000]))
    else:
        wide = cell("b", 'table:number-columns-repeated="2000"')
        content = ods(ods_table(*(ods_row(cell(each)) for each in "ax"), name="A") + ods_table(ods_row(wide), name="B"))
    assert refusal(content) == "too_many_columns"
    assert values(content, "a ") == [("x",)]
    assert [sheet.rows for sheet in read(content, "A").facts.sheets] == [0, None]


# Old workbooks of Excel.

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


def test_rows_of_xls_keep_their_numbers() -> None:
    """An empty column and empty rows before the table change no cell's name."""
    table = read(xls(S=rows([None, *HEADINGS], [], [None, *GUEST], first=4)))
    (row,) = read_table(table)
    assert (table.heading_row, row.number, row.cells["guest.document.number"]) == (5, 7, "E7")


def test_sheets_of_xls() -> None:
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
    assert [row.texts["room"] for row in read_table(table)] == ["5", "5"]


@pytest.mark.parametrize("length", [600, 2000, 4096])
def test_a_cut_file(length: int) -> None:
    """It is refused, and no part of it is read."""
    content = xls(S=rows(HEADINGS, *[GUEST] * 200))
    assert refusal(content[:length]) == "table_damaged"


def test_a_damaged_file() -> None:
    """Whatever bytes are wrong, the error says what to do, or the file is read."""
    content = xls(S=rows(HEADINGS, GUEST))
    for place in range(0, len(content), len(content) // 6):
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
    found = read_table(table)
    assert [row.typed["document_number"] for row in found] == ["12345678", "X1000001"]
    warnings = [[(each.field, each.code) for each in row.warnings] for row in found]
    assert warnings == [[("guest.document.number", "number_format")], []]
