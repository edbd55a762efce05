"""What a cell says: numbers by their formats, errors of spreadsheet programs, and words in place of values."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from table_helpers import (
    cell,
    ods,
    ods_row,
    ods_table,
    problem_of,
    read,
    read_cells,
    read_table,
    sheet_of,
    table_of,
    values,
    xlsx,
)

from apoa_client.report.parse_fields import UNCALCULATED, is_spreadsheet_error
from apoa_client.settings.column_mappings import TARGETS, ColumnMapping, label_of_target
from apoa_client.tables.cells import fill_ditto_marks
from apoa_client.tables.number_formats import as_formatted, as_shown
from apoa_client.tables.reading import open_source
from apoa_client.tables.rows import NO_GUEST, CellValue, GuestRow, HiddenNumber, Row, Table

PLAIN = (
    "0_);(0)",
    "0_ ;[Red]\\-0\\ ",
    "#,##0_);[Red](#,##0)",
    '_-* #,##0_-;-* #,##0_-;_-* "-"_-;_-@_-',
    "[Black]General",
    "[$-421]0",
)
"""Formats of Excel that show a whole number as it is: they have a width, a colour or a form of negative numbers."""
SHOWN: list[tuple[float, str, CellValue]] = [
    (12345678, "000000000", "012345678"),
    (12345678, "00000000", 12345678),
    (1234567890, "000000000", 1234567890),
    (12345678, "[$-421]000000000", "012345678"),
    (12345678, "000000000;[Red]-000000000", "012345678"),
    (12345678, "000000000_);(000000000)", "012345678"),
    *((12345678, code, 12345678) for code in PLAIN),
    (0, "000", "000"),
    (1e15, "0" * 20, 1e15),
]
HIDDEN = [
    *(
        (12345678, code)
        for code in (
            "0.00E+00",
            "#,##0,",
            ";;;",
            '"***"',
            "[<99]0;0",
            "**;**",
            "[$A-421]0",
            "0%",
            '"A"00000000',
            '"A"General',
        )
    ),
    (0, '#,##0;-#,##0;"-"'),
    *((5.25, code) for code in ("000", "0.0", "# ?/?")),
]


@pytest.mark.parametrize(("value", "code", "shown"), SHOWN)
def test_a_number_in_a_format(value: float, code: str, shown: CellValue) -> None:
    """Zeros of the format are kept."""
    found = as_formatted(value, code)
    assert (found, isinstance(found, str)) == (shown, isinstance(shown, str))
    assert not isinstance(found, HiddenNumber)


@pytest.mark.parametrize(("value", "code"), HIDDEN)
def test_a_number_that_is_not_shown_whole(value: float, code: str) -> None:
    """Rounded, scaled, with letters, as a power of ten, or hidden: a copy has the number that is stored, as a text."""
    found = as_formatted(value, code)
    assert isinstance(found, HiddenNumber)
    assert (found, str(found)) == (value, str(value))


@pytest.mark.parametrize(
    ("value", "text", "shown"),
    [
        (12345678, "012345678", "012345678"),
        (12345678, "A12345678", "A12345678"),
        (12345678, "12.345.678", 12345678),
        (628123456789, "+62 812-3456-789", "+62 812-3456-789"),
        (5, "5,00", 5),
        (5.5, "5,5", 5.5),
        (12345678, "", 12345678),
        (12345678, "1,23E+07", HiddenNumber(12345678)),
        (12345678, "12.346", HiddenNumber(12345678)),
        (5.5, "6", HiddenNumber(5.5)),
        (0.5, "50%", HiddenNumber(0.5)),
    ],
)
def test_a_number_beside_its_text(value: float, text: str, shown: CellValue) -> None:
    """The same from an ODS file, which has what the cell shows."""
    found = as_shown(value, text)
    assert (found, type(found) is HiddenNumber) == (shown, type(shown) is HiddenNumber)


NUMBERS = st.one_of(st.integers(), st.floats(), st.booleans(), st.text(), st.none())


@given(NUMBERS, st.text(max_size=12), st.text('0#,.?E+%;"[]\\_* A/-'))
def test_any_format(value: CellValue, text: str, code: str) -> None:
    """No format stops the reading of a table."""
    for found in (as_formatted(value, code), as_formatted(value, text), as_shown(value, text)):
        assert isinstance(found, str) or found == value or found != found  # noqa: PLR0124  NaN


def zeros(book: Any) -> None:
    for place, code in {"A2": "000000000", "B2": "000", "C2": "0.00E+00"}.items():
        book["S"][place].number_format = code


VALUES = (12345678, 7, 6281234567)
FLOAT = 'office:value-type="float" office:value="{}"'


@pytest.mark.parametrize(
    "content",
    [
        xlsx(("S", [["Paspor", "Kamar", "Nomor HP"], VALUES]), change=zeros),
        ods(
            ods_table(
                ods_row(*map(cell, ("Paspor", "Kamar", "Nomor HP"))),
                ods_row(
                    cell("012345678", FLOAT.format(VALUES[0])),
                    cell("007", FLOAT.format(VALUES[1])),
                    cell("6.28E+09", FLOAT.format(VALUES[2])),
                ),
            )
        ),
    ],
    ids=["xlsx", "ods"],
)
def test_zeros_of_a_passport_number(content: bytes) -> None:
    """012345678 that is shown is 012345678 that is saved; a telephone number that is shown rounded has a warning."""
    table = read(content)
    (row,) = read_table(table)
    assert row.texts == {"document_number": "012345678", "room": "007", "phone": "6281234567"}
    assert row.findings == ()
    assert [(finding.field, finding.code) for finding in row.warnings] == [("guest.phone", "number_format")]


@pytest.mark.parametrize("heading", ["Paspor", "Nomor visa"])
def test_a_number_of_a_document_is_shown_whole(heading: str) -> None:
    """Spreadsheet programs make a power of ten of a text such as 1234E4."""
    (row,) = read_cells(heading, HiddenNumber(12340000))
    assert (row.texts, [finding.code for finding in row.findings]) == ({}, ["bad_character"])


@pytest.mark.parametrize("text", ["12345678.0", "12345678,00", "1.2345E+08", "1,2345E+08", "1E+08", "1.2E08"])
@pytest.mark.parametrize("heading", ["Paspor", "Nomor visa", "Nomor HP"])
def test_a_text_that_was_a_number_of_a_program(heading: str, text: str) -> None:
    """Its zeros in front, or its last digits, may be lost: it is refused, in a CSV file too."""
    (row,) = read_cells(heading, text)
    assert (row.texts, [finding.code for finding in row.findings]) == ({}, ["bad_character"])
    assert problem_of(row.findings[0]).startswith("This number went through a program")


@pytest.mark.parametrize("text", ["12E34", "A12345678", "012345678", "0812 3456.789", "AB 12-34"])
def test_other_numbers_stay_as_they_are(text: str) -> None:
    """A passport may have an E among its digits."""
    assert read_cells("Nomor visa", text)[0].texts == {"stay_permit_number": text}


# Errors.

ERRORS = [
    *("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!", "#GETTING_DATA"),
    *("#FIELD!", "#BLOCKED!", "#ERROR!", "#n/a", " #N/A ", "Err:502", "Err:522", "err:508", "Fehler:502", "########"),
    *("#NV", "#BEZUG!", "#WERT!", "#ZAHL!", "#ÜBERLAUF!", "#VALEUR!", "#NOM?", "#¡VALOR!", "#¿NOMBRE?", "#¡DIV/0!"),
    *("#N/D", "#RIF!", "#VERW!", "#DEEL/0!", "#N/B", "#YOK", "#ARG!"),
]


UNREAD = {"ignore", "check_in_time", "check_out_time"}
"""Targets that are not read alone."""


@pytest.mark.parametrize("text", ERRORS)
def test_errors_of_spreadsheet_programs(text: str) -> None:
    """Those of Excel, of LibreOffice and of Google Sheets, in common languages too."""
    assert is_spreadsheet_error(text)


@pytest.mark.parametrize(
    "text", ["", "#", "#5", "5#", "#101", "# N", "#vip!", "N/A", "Err", "Ref!", "A#N/A", "No: 502"]
)
def test_other_texts_are_no_errors(text: str) -> None:
    """A room may have the sign of a number."""
    assert not is_spreadsheet_error(text)


@pytest.mark.parametrize("target", [target for target in TARGETS if target not in UNREAD])
def test_an_error_is_a_value_of_no_field(target: str) -> None:
    """Whatever the column is, the row has the problem with its cell, and no value."""
    (row,) = read_cells(label_of_target(target).template, "#N/A")
    assert (row.texts, row.lines, row.check_out, row.skip) == ({}, (), "", "")
    assert [finding.code for finding in row.findings] == ["spreadsheet_error"]
    assert row.cells[row.findings[0].field] == "A2"
    assert problem_of(row.findings[0]).startswith("This is an error of the spreadsheet program")


@pytest.mark.parametrize(
    ("headings", "cells"),
    [
        *((("Kamar", "Room"), cells) for cells in (("#REF!", "A1"), ("A1", "#REF!"))),
        (("Check-in", "Jam check-in"), ("2026-11-24", "#VALUE!")),
    ],
)
def test_an_error_beside_a_value(headings: tuple[str, str], cells: tuple[str, str]) -> None:
    """In two columns of one field the error is the problem, and a check-in with it is not one at midnight."""
    (row,) = read_table(table_of(headings, cells))
    assert [finding.code for finding in row.findings] == ["spreadsheet_error"]


def fields_of(content: bytes) -> GuestRow:
    table = open_source(content)
    assert isinstance(table, Table)
    (row,) = read_table(table)
    return row


HEADINGS: list[CellValue] = ["Kewarganegaraan", "Tempat lahir", "Kamar"]
IN_XLSX = "".join(f'<c t="str"><v>{heading}</v></c>' for heading in HEADINGS)


@pytest.mark.parametrize(
    "content",
    [
        xlsx(("S", [HEADINGS, ["#N/A", "#VALUE!", "#REF!"]])),
        sheet_of(f'<row>{IN_XLSX}</row><row><c t="e"><v>#N/A</v></c><c t="e"><v>???</v></c><c t="e"/></row>'),
        ods(
            ods_table(
                ods_row(*map(cell, map(str, HEADINGS))),
                ods_row(
                    cell("#N/A", 'office:value-type="string" office:string-value=""'),
                    cell("Err:502", 'office:value-type="float" office:value="0"'),
                    cell("GREŠKA", 'x:value-type="error" xmlns:x="urn:y"'),
                ),
            )
        ),
        f"{';'.join(map(str, HEADINGS))}\n#N/A;Err:502;#REF!\n".encode(),
    ],
    ids=["xlsx", "kinds in xlsx", "ods", "csv"],
)
def test_each_reader_has_the_errors(content: bytes) -> None:
    """A nationality is not Namibia, a place of birth not #N/A, a room not REF!."""
    row = fields_of(content)
    assert row.texts == {}
    assert [finding.code for finding in row.findings] == ["spreadsheet_error"] * 3


def test_a_formula_without_a_result() -> None:
    """The file shows its value in a spreadsheet program, so that the user is not advised to correct an error there."""
    (row,) = read_cells("Kamar", UNCALCULATED)
    (other,) = read_cells("Kamar", "#N/A")
    assert [finding.code for finding in row.findings] == ["spreadsheet_error"]
    assert problem_of(row.findings[0]) != problem_of(other.findings[0])


@pytest.mark.parametrize(("values", "skip"), [(("=A1", "=A1"), ""), ((None, "=A1"), NO_GUEST)])
def test_a_row_of_formulas_without_results(values: tuple[CellValue, ...], skip: str) -> None:
    """One that computes a guest's name is refused; one that is prepared for the next guest is skipped and counted."""
    row = fields_of(xlsx(("A", [["Nama Belakang", "Tgl Check In"], values])))
    assert (row.skip, {finding.code for finding in row.findings}) == (skip, set() if skip else {"spreadsheet_error"})


# Words that people write into a guest book.

GIVEN, SURNAME = "given_first", "surname_first"


@pytest.mark.parametrize("mark", ['"', "''", "sda", "S.D.A.", "idem", "ditto", "-//-", "\u3003"])
def test_a_ditto_mark_is_the_value_above(mark: str) -> None:
    """Also below another mark and below an empty cell; the first row has nothing above it."""
    rows = [
        Row(2, (mark, "Leeds")),
        Row(3, ("5", None)),
        Row(4, (mark, mark)),
        Row(5, (None, "York")),
        Row(6, (mark, mark)),
    ]
    filled = [row.values for row in fill_ditto_marks(rows)]
    assert filled == [(mark, "Leeds"), ("5", None), ("5", "Leeds"), (None, "York"), ("5", "York")]


@pytest.mark.parametrize("between", [("Lunas",), ("Total", 2), ("Total", None, None, None, 7)])
def test_a_note_is_not_above_a_guest(between: tuple[CellValue, ...]) -> None:
    """A mark below a cell of a total or a note stays, so that the row is refused; the others are filled."""
    rows = [Row(2, ("Hartley", "Oliver", "L", "Leeds", "5")), Row(3, between), Row(4, ('"', "Emma", "P", '"', "6"))]
    assert [row.values for row in fill_ditto_marks(rows)][-1] == ('"', "Emma", "P", "Leeds", "6")


def test_a_name_is_no_ditto_mark() -> None:
    """There are people whose name is Idem, in capitals, too."""
    rows = [Row(2, ("Hartley",)), Row(3, ("Idem",)), Row(4, ("IDEM",))]
    assert [row.values for row in fill_ditto_marks(rows)] == [("Hartley",), ("Idem",), ("IDEM",)]


def test_each_reader_of_the_rows_sees_the_values() -> None:
    """A copy of refused rows has other rows above them, so a mark must not be left in it."""
    assert [row[1] for row in values(b'Nama Belakang,Kamar\nHartley,5\nDubois,"""",\n')] == ["5", "5"]


TITLES = {
    ("Hartley", "Oliver", GIVEN): ("Mr Oliver Hartley", "Mr. Oliver Hartley", "Dr. Oliver Hartley"),
    ("Dubois", "Claire", GIVEN): ("Ms.Claire Dubois",),
    ("Hartley", "Oliver", SURNAME): ("Hartley Oliver Mr",),
    ("HARTLEY", "Oliver", SURNAME): ("HARTLEY Oliver",),
    ("HARTLEY", "Oliver", GIVEN): ("Oliver HARTLEY",),
    ("Miss", "", SURNAME): ("Miss",),
    ("Oliver", "", GIVEN): ("Oliver",),
    ("Hassan", "Amr", GIVEN): ("Amr Hassan",),
}
"""Surname, given names and the stated order; and the cells that have these names."""


@pytest.mark.parametrize(("cell", "names"), [(cell, names) for names, cells in TITLES.items() for cell in cells])
def test_a_title_is_no_part_of_a_name(cell: str, names: tuple[str, str, str]) -> None:
    """Passports do not have it; a single word is a name."""
    *expected, order = names
    (row,) = read_table(table_of(["Nama"], (cell,)), ColumnMapping(name_order=order))
    assert ([row.typed["surname"], row.typed.get("given_names", "")], row.findings) == (expected, ())


NO_WHOLE_NAMES = {
    SURNAME: ("Oliver HARTLEY", "Tamu Agoda"),
    GIVEN: (
        *("HARTLEY Oliver", "Mrs Dubois", "Oliver Hartley Jr.", "Oliver Hartley - Agoda", "O. Hartley"),
        *("Hartley Family", "Walk in", "TBA"),
    ),
}


@pytest.mark.parametrize(
    ("cell", "order"), [(cell, order) for order in NO_WHOLE_NAMES for cell in NO_WHOLE_NAMES[order]]
)
def test_what_is_no_whole_name_is_refused(cell: str, order: str) -> None:
    """Half a name, a group, a word in its place, and capitals that contradict the order are not reported."""
    (row,) = read_table(table_of(["Nama"], (cell,)), ColumnMapping(name_order=order))
    assert row.findings
    assert row.cells[row.findings[0].field] == "A2"


WORDS = {
    ("Nama Belakang", True): ("Mr Hartley", "-", "Dan"),
    ("Nama Keluarga", True): ("Lupa", "Mba"),
    ("Nama Depan", True): ("Ada", "Dan Oliver"),
    ("Nama Depan", False): ("Oliver dan Emma", "lupa", "PhD", "S.Kom"),
    ("Tempat Lahir", True): ("Ada", "lupa"),
    ("Tempat Lahir", False): ("TBA", "sda"),
    ("Kamar", True): ("5",),
    ("Kamar", False): ('"',),
    ("No Paspor", True): ("AB 1234567", "X12345678"),
    ("No Paspor", False): ("SIM 123456", "GBR 536401822", "3374012501800001", "menyusul", "ada"),
}


@pytest.mark.parametrize(("heading", "is_value"), WORDS)
def test_a_word_in_place_of_a_value_is_refused(heading: str, *, is_value: bool) -> None:
    """The cell is named. Another document than a passport is not taken for one."""
    for word in WORDS[heading, is_value]:
        (row,) = read_table(table_of([heading], (word,)))
        assert (not row.findings) is is_value


@pytest.mark.parametrize("heading", ["Ket", "Keterangan", "Anything", ""])
@pytest.mark.parametrize(
    ("note", "is_cancelled"),
    [
        *(("Batal", True), ("no show", True), ("Batal - pindah ke Melati 2", True), ("tidak jadi menginap", True)),
        *(("tdk jadi", True), ("nggak jadi datang", True), ("btl, pindah", True), ("di cancel tamu", True)),
        *(("bayar tunai", False), ("Cancel 1 day before", False), ("No-show fee 100%", False), ("Batalha", False)),
        ("Btl aqua 2", False),
    ],
)
def test_a_guest_who_did_not_come_is_not_reported(heading: str, note: str, *, is_cancelled: bool) -> None:
    """A cancellation among the notes refuses the row, whatever the column is called."""
    rows = read_table(table_of(["Kamar", heading], ("5", note), ("6", None)))
    assert [bool(row.findings) for row in rows] == [is_cancelled, False]


@pytest.mark.parametrize("name", ["Batal", "Tamu batal", "No Show", "CANCELLED Nov", "Contoh"])
def test_a_sheet_of_guests_who_did_not_come(name: str) -> None:
    """Its rows are refused, and those of the other sheets are not."""
    sheets = [(each, [["Surname", "Passport number"], ["DOE", "X1234567"]]) for each in ("November", name, "Batalha")]
    table = read(xlsx(*sheets))
    found = read_table(table)
    assert [[finding.code for finding in row.findings] for row in found] == [[], ["conflict"], []]


def test_a_line_above_guests_who_did_not_come() -> None:
    """The rows below it are refused, up to the next line."""
    lines = [("DOE", "X1"), ("BATAL:", None), ("ROE", "X2"), ("POE", "X3"), ("Desember", None), ("DAE", "X4")]
    rows = read_table(table_of(["Surname", "Passport number"], *lines))
    refused = [row.typed["surname"] for row in rows if any(finding.code == "conflict" for finding in row.findings)]
    assert refused == ["ROE", "POE"]


def test_a_cancellation_in_place_of_the_room() -> None:
    """It is no room; as a surname it is one."""
    table = table_of(["Surname", "Room"], ("Batal", "5"), ("Doe", "BATAL"))
    assert [bool(row.findings) for row in read_table(table)] == [False, True]


def test_what_is_wrong_in_one_sheet() -> None:
    """A row of another sheet with the same number is not refused in its place."""
    headings = ["Surname", "Passport number", "Ket"]
    notes = (("Jan", "lunas"), ("Feb", "batal"))
    table = read(xlsx(*((name, [headings, ["DOE", "X1234567", note]]) for name, note in notes)))
    found = read_table(table)
    assert [[finding.code for finding in row.findings] for row in found] == [[], ["conflict"]]
