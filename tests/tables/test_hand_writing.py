"""What people write into a guest book that is no value by itself is resolved or refused, and never reported."""

import pytest
from table_helpers import read, read_table, table_of, values, xlsx

from apoa_client.settings.column_mappings import ColumnMapping
from apoa_client.tables.cell_words import fill_ditto_marks
from apoa_client.tables.rows import CellValue, Row

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


CELLS = {
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


@pytest.mark.parametrize(("heading", "is_value"), CELLS)
def test_a_word_in_place_of_a_value_is_refused(heading: str, *, is_value: bool) -> None:
    """The cell is named. Another document than a passport is not taken for one."""
    for cell in CELLS[heading, is_value]:
        (row,) = read_table(table_of([heading], (cell,)))
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
