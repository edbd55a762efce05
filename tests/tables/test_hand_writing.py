"""What people write into a guest book that is no value by itself is resolved or refused, and never reported."""

import pytest
from table_helpers import read_table, table_of

from apoa_client.settings.column_mappings import ColumnMapping
from apoa_client.tables.hand_writing import fill_ditto_marks
from apoa_client.tables.reading import open_source
from apoa_client.tables.rows import Row, Table

GIVEN_FIRST = ColumnMapping(name_order="given_first")
SURNAME_FIRST = ColumnMapping(name_order="surname_first")


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


def test_a_name_is_no_ditto_mark() -> None:
    """There are people whose name is Idem, in capitals, too."""
    rows = [Row(2, ("Hartley",)), Row(3, ("Idem",)), Row(4, ("IDEM",))]
    assert [row.values for row in fill_ditto_marks(rows)] == [("Hartley",), ("Idem",), ("IDEM",)]


def test_each_reader_of_the_rows_sees_the_values() -> None:
    """A copy of refused rows has other rows above them, so a mark must not be left in it."""
    table = open_source(b'Nama Belakang,Kamar\nHartley,5\nDubois,"""",\n')
    assert isinstance(table, Table)
    assert [row.values[1] for row in table.read_rows()] == ["5", "5"]


@pytest.mark.parametrize(
    ("cell", "mapping", "names"),
    [
        ("Mr Oliver Hartley", GIVEN_FIRST, ("Hartley", "Oliver")),
        ("Mr. Oliver Hartley", GIVEN_FIRST, ("Hartley", "Oliver")),
        ("Ms.Claire Dubois", GIVEN_FIRST, ("Dubois", "Claire")),
        ("Dr. Oliver Hartley", GIVEN_FIRST, ("Hartley", "Oliver")),
        ("Hartley Oliver Mr", SURNAME_FIRST, ("Hartley", "Oliver")),
        ("HARTLEY Oliver", SURNAME_FIRST, ("HARTLEY", "Oliver")),
        ("Oliver HARTLEY", GIVEN_FIRST, ("HARTLEY", "Oliver")),
        ("Miss", SURNAME_FIRST, ("Miss", "")),
        ("Oliver", GIVEN_FIRST, ("Oliver", "")),
        ("Amr Hassan", GIVEN_FIRST, ("Hassan", "Amr")),
    ],
)
def test_a_title_is_no_part_of_a_name(cell: str, mapping: ColumnMapping, names: tuple[str, str]) -> None:
    """Passports do not have it; a single word is a name."""
    (row,) = read_table(table_of(["Nama"], (cell,)), mapping)
    assert (row.typed["surname"], row.typed.get("given_names", ""), row.findings) == (*names, ())


@pytest.mark.parametrize(
    ("cell", "mapping"),
    [
        ("HARTLEY Oliver", GIVEN_FIRST),
        ("Oliver HARTLEY", SURNAME_FIRST),
        ("Mrs Dubois", GIVEN_FIRST),
        ("Oliver Hartley Jr.", GIVEN_FIRST),
        ("Oliver Hartley - Agoda", GIVEN_FIRST),
        ("O. Hartley", GIVEN_FIRST),
        ("Hartley Family", GIVEN_FIRST),
        ("Tamu Agoda", SURNAME_FIRST),
        ("Walk in", GIVEN_FIRST),
        ("TBA", GIVEN_FIRST),
    ],
)
def test_what_is_no_whole_name_is_refused(cell: str, mapping: ColumnMapping) -> None:
    """Half a name, a group, a word in its place, and capitals that contradict the order are not reported."""
    (row,) = read_table(table_of(["Nama"], (cell,)), mapping)
    assert row.findings
    assert row.cells[row.findings[0].field] == "A2"


@pytest.mark.parametrize(
    ("heading", "cell", "is_value"),
    [
        ("Nama Belakang", "Mr Hartley", True),
        ("Nama Belakang", "-", True),
        ("Nama Belakang", "Dan", True),
        ("Nama Depan", "Ada", True),
        ("Nama Depan", "Oliver dan Emma", False),
        ("Nama Depan", "Dan Oliver", True),
        ("Tempat Lahir", "Ada", True),
        ("Tempat Lahir", "TBA", False),
        ("Tempat Lahir", "sda", False),
        ("Kamar", '"', False),
        ("Kamar", "5", True),
        ("No Paspor", "AB 1234567", True),
        ("No Paspor", "X12345678", True),
        ("No Paspor", "SIM 123456", False),
        ("No Paspor", "GBR 536401822", False),
        ("No Paspor", "3374012501800001", False),
        ("No Paspor", "menyusul", False),
        ("No Paspor", "ada", False),
    ],
)
def test_a_word_in_place_of_a_value_is_refused(heading: str, cell: str, *, is_value: bool) -> None:
    """The cell is named. Another document than a passport is not taken for one."""
    (row,) = read_table(table_of([heading], (cell,)))
    assert (not row.findings) is is_value


@pytest.mark.parametrize("heading", ["Ket", "Keterangan", "Anything", ""])
@pytest.mark.parametrize(("remark", "is_cancelled"), [("Batal", True), ("no show", True), ("bayar tunai", False)])
def test_a_guest_who_did_not_come_is_not_reported(heading: str, remark: str, *, is_cancelled: bool) -> None:
    """A cancellation among the remarks refuses the row, whatever the column is called."""
    rows = read_table(table_of(["Kamar", heading], ("5", remark), ("6", None)))
    assert [bool(row.findings) for row in rows] == [is_cancelled, False]
