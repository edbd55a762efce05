"""The columns of a table: found by their headings, never by their position; never guessed; and values for the rest."""

import itertools
from collections.abc import Iterator

import pytest
from table_helpers import read, read_table, table_of

from apoa_client.settings.column_mappings import ColumnMapping, label_of_target
from apoa_client.tables.columns import guest_rows, match_columns, unread_columns
from apoa_client.tables.rows import Row, Table

GUEST = ("N1234567", "24/11/1985")
REQUIRED = (
    *("surname", "sex", "birth_place", "birth_date", "nationality", "document_number", "expiry_date"),
    *("check_in", "nights"),
)


def test_a_row_becomes_fields_with_cells() -> None:
    """Each field has its text as a user would type it, and the cell that it is from."""
    (row,) = read_table(table_of(["No. Paspor", "Tgl lahir", "Check-in"], (*GUEST, "2026-11-24 14:30")))
    assert row.texts == {
        "document_number": "N1234567",
        "birth_date": "1985-11-24",
        "check_in": "2026-11-24T14:30:00",
    }
    assert (row.cells["guest.document.number"], row.cells["guest.birth_date"]) == ("A2", "B2")
    assert "N1234567" not in repr(row)


def test_columns_that_are_not_read_are_named() -> None:
    """No data is left out silently: a column without a heading is named if it has values."""
    table = table_of(["Kamar", "Warna favorit", "", "Booker country"], ("5", "biru", "", "au"))
    columns = match_columns(table)
    assert [table.headings[column] for column in unread_columns(table, columns)] == ["Warna favorit", "Booker country"]
    assert columns.fields == {0: "room"}
    table = read(b"Nama Belakang,,,Kamar\nHartley,,2026-11-28,5,x\n")
    assert unread_columns(table, match_columns(table)) == [2, 4]


def test_the_letters_go_on_after_z() -> None:
    """The 28th column is AB, as in a spreadsheet program."""
    (row,) = read_table(table_of([*["x"] * 26, "y", "Kamar"], [*[None] * 27, "5"]))
    assert row.cells["stay.room"] == "AB2"


GENERAL_HEADINGS = {
    "Paspor, Berlaku s/d": {1: "expiry_date"},
    "Paspor, Visa, Berlaku s/d": {2: "stay_until"},
    "No Visa, Exp, Paspor, Exp Date": {1: "stay_until", 3: "expiry_date"},
    "Exp, Paspor": {0: "expiry_date"},
    "Paspor, Card Number, Expiry": {},
    "Masa Berlaku": {0: "expiry_date"},
    "Paspor, Tgl Terbit, Dikeluarkan di, Exp": {3: "expiry_date"},
    "Paspor, Asuransi, Exp": {},
    "Paspor, Kode, Nama, Tgl Terbit, Exp": {4: "expiry_date"},
    "Paspor, Visa, Nama, Exp": {3: "stay_until"},
    "Paspor, Kebangsaan, KITAS, Exp": {3: "stay_until"},
    "Nama, Tujuan": {1: "purpose"},
    "Datang Dari, Tujuan": {},
    "Tempat, Tgl Lahir": {0: "birth_place"},
    "Tgl Lahir, Tempat": {1: "birth_place"},
    "Tempat, Kamar": {},
    "Tempat Lahir, Tgl Lahir, Tempat": {},
    "Nama, Negara": {1: "nationality"},
    "Nama, Negara, Kebangsaan": {},
    "Alamat, Kota, Negara": {},
    "Tempat Lahir, Negara": {},
}
"""Headings, and the targets of the columns whose heading alone does not say what they are."""


@pytest.mark.parametrize("headings", GENERAL_HEADINGS)
def test_a_general_heading_belongs_to_the_column_beside_it(headings: str) -> None:
    """*Valid until* behind a visa is not that of the passport; what stays unclear is not read."""
    titles = headings.split(", ")
    found = match_columns(table_of(titles)).fields
    general = {"Berlaku s/d", "Exp", "Exp Date", "Expiry", "Masa Berlaku", "Tempat", "Negara", "Tujuan"}
    read = {column: target for column, target in found.items() if titles[column] in general}
    assert read == GENERAL_HEADINGS[headings]


def test_the_first_way_to_reach_a_guest_is_reported() -> None:
    """A guest may have several telephone numbers: that is no doubt and no conflict."""
    table = table_of(["Phone", "Mobile"], ("0812345678", "0818765432"), (None, "0818765432"))
    assert match_columns(table).doubts == ()
    assert [row.texts["phone"] for row in read_table(table)] == ["0812345678", "0818765432"]


# Doubts.


def test_two_columns_for_one_field_are_a_doubt() -> None:
    """It names both columns. A row in which they differ is refused; one in which one is empty is read."""
    table = table_of(["Paspor", "Passport number"], ("A1", "A1"), ("A1", None), ("A1", "B2"))
    columns = match_columns(table)
    (doubt,) = columns.doubts
    assert (doubt.kind, doubt.columns) == ("two_columns", (0, 1))
    same, one, different = guest_rows(table, columns).read_rows()
    assert same.texts == one.texts == {"document_number": "A1"}
    assert different.texts == {}
    assert [finding.code for finding in different.findings] == ["conflict"]


def test_a_mapping_settles_two_columns() -> None:
    """A column that the mapping names has priority over one whose heading is known."""
    table = table_of(["Paspor", "Passport number"], ("A1", "B2"))
    for mapping in ({"passport NUMBER": "document_number"}, {"Paspor": "ignore"}):
        columns = match_columns(table, ColumnMapping(mapping))
        assert columns.doubts == ()
        assert [row.texts for row in guest_rows(table, columns).read_rows()] == [{"document_number": "B2"}]


def test_a_table_without_known_headings_is_a_doubt() -> None:
    """It has nothing to read, and says so."""
    (doubt,) = match_columns(table_of(["JOHN", "SMITH"], ("MARY", "SMITH"))).doubts
    assert (doubt.kind, doubt.columns) == ("no_columns", ())


@pytest.mark.parametrize(
    ("names", "kinds"),
    [
        (["Hartley, Mr Oliver", "DE VRIES, Jan"], []),
        (["Hartley, Oliver", "Claire Dubois"], ["name_order"]),
        (["John Hartley, Anna Dubois"], ["name_order"]),
        (["ANNA HARTLEY, JOHN HARTLEY"], ["name_order"]),
    ],
)
def test_a_comma_in_each_whole_name_shows_the_surname(names: list[str], kinds: list[str]) -> None:
    """Then no order is asked for; a comma between two guests shows nothing, and a name without one is refused."""
    guests = ((name, "7", "2") for name in names)
    table = table_of(["Nama tamu", "Kamar", "Malam"], *guests, ("Total, all", 9))
    assert [doubt.kind for doubt in match_columns(table).doubts] == kinds
    rows = read_table(table)[:-1]
    split = [(row.texts["surname"], row.texts["given_names"]) for row in rows if not row.findings]
    assert split == [("Hartley", "Oliver"), ("DE VRIES", "Jan")][: len(split)]
    assert len(split) == sum("," in name for name in names) - (names[0].count(" ") > 2)


@pytest.mark.parametrize("name_order", ["", "given_first"])
def test_a_whole_name_beside_a_surname_is_a_doubt(name_order: str) -> None:
    """A column Nama beside Nama keluarga may be the given names or the whole name."""
    table = table_of(["Nama", "Nama keluarga"], ("John", "Smith"))
    (doubt,) = match_columns(table, ColumnMapping(name_order=name_order)).doubts
    assert (doubt.kind, doubt.columns, doubt.choices) == ("name_column", (0,), ("given_names", "ignore"))
    (row,) = read_table(table, ColumnMapping({"Nama": "given_names"}))
    assert row.texts == {"surname": "Smith", "given_names": "John"}


def test_a_whole_name_is_not_read_where_both_names_have_a_column() -> None:
    """Then there is no doubt about it."""
    table = table_of(["Guest Full Name", "Guest First Name", "Guest Surname"], ("John Smith", "John", "Smith"))
    assert match_columns(table).doubts == ()


def test_required_fields_without_a_column_are_named() -> None:
    """Before each of a thousand rows is refused for the same reason."""
    assert match_columns(table_of(["Kamar"])).missing == (
        *("surname", "given_names", "sex", "birth_place", "birth_date", "nationality", "document_number"),
        *("expiry_date", "check_in", "planned_check_out"),
    )
    assert match_columns(table_of([str(label_of_target(name).template) for name in REQUIRED])).missing == ()
    assert match_columns(table_of(["Baris MRZ 1", "Baris MRZ 2", "Tempat lahir", "Check-in", "Malam"])).missing == ()
    without = table_of(["MRZ"])
    assert match_columns(without).missing == ("birth_place", "check_in", "planned_check_out")
    defaults = {"birth_place": "-", "check_in": "2026-11-24", "nights": "1"}
    assert match_columns(without, ColumnMapping(defaults=defaults)).missing == ()


# Mappings and defaults.


def test_headings_of_a_mapping_that_the_table_lacks_are_named() -> None:
    """An export that changed is noticed."""
    table = table_of(["Kamar"], ("5",))
    assert match_columns(table, ColumnMapping({"Zimmer": "room", "KAMAR ": "room"})).absent == ("Zimmer",)


def test_defaults_fill_empty_cells_only() -> None:
    """A value of the table has priority."""
    mapping = ColumnMapping(defaults={"room": "9", "check_in_time": "14.00", "birth_place": "-"})
    rows = read_table(table_of(["Kamar", "Check-in"], ("5", "2026-11-24 20:00"), ("  ", "2026-11-24")), mapping)
    assert [row.texts for row in rows] == [
        {"room": "5", "check_in": "2026-11-24T20:00:00", "birth_place": "-"},
        {"room": "9", "check_in": "2026-11-24T14:00:00", "birth_place": "-"},
    ]


# Size.


def test_rows_are_read_one_by_one() -> None:
    """A table of any length needs the memory of two rows, and one whose dates are real dates is read in part."""
    read = []

    def read_rows() -> Iterator[Row]:
        for number in itertools.count(2):
            read.append(number)
            yield Row(number, ("1985-11-24",))

    table = Table(table_of([]).facts, ("Tgl lahir",), 1, read_rows)
    columns = match_columns(table)
    assert len(read) < 2000
    read.clear()
    rows = iter(guest_rows(table, columns).read_rows())
    assert next(rows).texts == {"birth_date": "1985-11-24"}
    assert len(read) <= 2
