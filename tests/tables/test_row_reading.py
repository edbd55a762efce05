"""Rows of tables as fields of a guest: names, sex, documents, stays, reservations and MRZs."""

from collections.abc import Mapping
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from table_helpers import problem_of, read_cells, read_table, table_of

from apoa_client.passport import states
from apoa_client.report import parse_fields
from apoa_client.settings.column_mappings import TARGETS, ColumnMapping, label_of_target
from apoa_client.tables.columns import match_columns
from apoa_client.tables.rows import CellValue, GuestRow

LINES = ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10")
GIVEN_FIRST, SURNAME_FIRST, BY_NATIONALITY, GIVEN_ALWAYS = (
    ColumnMapping(name_order=order)
    for order in ("given_first", "surname_first", "by_nationality", "given_first_always")
)


def one(cells: Mapping[str, CellValue], mapping: ColumnMapping | None = None) -> GuestRow:
    """Return the only row of a table with these cells by heading."""
    (row,) = read_table(table_of(list(cells), list(cells.values())), mapping)
    return row


def codes(row: GuestRow) -> list[str]:
    """Return the codes of a row's findings."""
    return [finding.code for finding in row.findings]


# Names.


@pytest.mark.parametrize(
    ("name", "mapping", "surname", "given_names"),
    [
        ("John Smith", GIVEN_FIRST, "Smith", "John"),
        ("John Paul  Smith", GIVEN_FIRST, "Smith", "John Paul"),
        ("SMITH John Paul", SURNAME_FIRST, "SMITH", "John Paul"),
        ("Van der Berg, Anna Maria", SURNAME_FIRST, "Van der Berg", "Anna Maria"),
        ("Suparman", GIVEN_FIRST, "Suparman", None),
        ("Suparman", SURNAME_FIRST, "Suparman", None),
    ],
)
def test_a_name_is_split_as_a_user_said(
    name: str, mapping: ColumnMapping, surname: str, given_names: str | None
) -> None:
    """The last word, or the first one, is the surname; a comma may end a surname that comes first."""
    row = read_cells("Nama tamu", name, mapping=mapping)[0]
    assert (row.texts["surname"], row.texts.get("given_names"), row.findings) == (surname, given_names, ())
    assert row.cells == {"guest.surname": "A2", "guest.given_names": "A2"}


@pytest.mark.parametrize(
    ("said", "mapping", "names"),
    [
        ("Say which names come first", None, ["John Smith", "Suparman"]),
        ("more than one word", GIVEN_FIRST, ["Anna van der Berg", "Ahmad bin Abdullah"]),
        ("more than one word", SURNAME_FIRST, ["de Souza Maria Clara"]),
        ("comma", GIVEN_FIRST, ["Smith, John", "John Smith, Mary Smith"]),
        ("comma", SURNAME_FIRST, ["Smith, John, Mary", ", John"]),
        ("several guests", None, ["John dan Mary"]),
        ("several guests", GIVEN_FIRST, [f"John Smith{sign}Mary Smith" for sign in (" & ", "; ", "\n", " and ")]),
        ("several guests", GIVEN_FIRST, ["John and Mary Smith"]),
    ],
)
def test_a_name_that_cannot_be_split_for_certain_is_refused(
    said: str, mapping: ColumnMapping | None, names: list[str]
) -> None:
    """Without a user's word, with a surname of several words, and with several guests."""
    for name in names:
        (row,) = read_cells("Nama tamu", name, mapping=mapping)
        assert row.texts == {}
        assert [finding.field for finding in row.findings] == ["guest.surname"]
        assert said in problem_of(row.findings[0])


@pytest.mark.parametrize(("nationality", "is_split"), [("AUS", True), ("Spanyol", False), ("Brazilian", False)])
def test_three_words_are_not_split_where_people_have_two_surnames(nationality: str, *, is_split: bool) -> None:
    """Juan García López is García López, John Paul Smith is Smith."""
    row = one({"Nama": "Juan García López", "Kewarganegaraan": nationality}, GIVEN_FIRST)
    assert ("surname" in row.texts) == is_split
    assert one({"Nama": "Juan García", "Kewarganegaraan": nationality}, GIVEN_FIRST).texts["surname"] == "García"


SURNAME_COMES_FIRST = {
    "Chen Wei": ("CHN", "Tiongkok", "CHN : Chinese", "Taiwan"),
    "Wong Ka Yan": ("Hong Kong",),
    "Lei Ka Man": ("Macao",),
    "Kim Min Jun": ("Korea Selatan",),
    "Nguyen Thi Lan": ("Vietnam",),
    "Nguyen Van An": ("VNM",),
    "Sato Haruto": ("Jepang",),
    "Tan Wei Ming": ("Singapura",),
    "Nagy Anna": ("Hungaria",),
}


@pytest.mark.parametrize(
    ("name", "nationality"), [(name, each) for name, found in SURNAME_COMES_FIRST.items() for each in found]
)
def test_given_names_first_is_not_enough_where_the_surname_comes_first(name: str, nationality: str) -> None:
    """Mr Chen is not saved as Mr Wei: the row is refused with advice, until the order is said for these guests."""
    cells = {"Nama": name, "Kewarganegaraan": nationality}
    row = one(cells, GIVEN_FIRST)
    assert not {"surname", "given_names"} & row.texts.keys()
    (finding,) = row.findings
    assert (finding.field, finding.code) == ("guest.surname", "name_order")
    assert "--name-order by-nationality" in problem_of(finding)
    surname, given_names = name.split(" ", 1)
    with_comma = one({**cells, "Nama": f"{surname}, {given_names}"}, GIVEN_FIRST)
    for certain in (one(cells, SURNAME_FIRST), with_comma):
        assert (certain.texts["surname"], certain.texts["given_names"]) == (surname, given_names)
    assert one(cells, GIVEN_ALWAYS).texts["surname"] == name.rsplit(maxsplit=1)[-1]


@pytest.mark.parametrize(
    ("name", "nationality", "surname"),
    [
        ("Chen Wei", "CHN", "Chen"),
        ("Nguyen Van An", "VNM", "Nguyen"),
        ("John Smith", "GBR", "Smith"),
        ("Tan Wei Ming", "SGP", None),
        ("Nagy Anna", "HUN", None),
    ],
)
def test_the_order_by_nationality(name: str, nationality: str, surname: str | None) -> None:
    """The surname comes first in East Asia and Vietnam, last elsewhere; where both is common it stays in doubt."""
    row = one({"Nama": name, "Kewarganegaraan": nationality}, BY_NATIONALITY)
    assert row.texts.get("surname") == surname
    assert codes(row) == ([] if surname else ["name_order"])


def test_the_mrz_decides_where_the_surname_is() -> None:
    """In the row of a guest whose nationality leaves the order in doubt."""
    row = one({"Nama": "Chen Wei", "Kewarganegaraan": "CHN", "MRZ": "\n".join(LINES)}, GIVEN_FIRST)
    assert (row.texts, row.lines, row.findings) == ({"nationality": "CHN"}, LINES, ())


def test_middle_names_are_given_names() -> None:
    """Thailand's sheet has them in a column of their own."""
    row = one({"First Name": "John", "Middle Name": "Paul", "Last Name": "Smith"})
    assert row.texts == {"given_names": "John Paul", "surname": "Smith"}
    assert one({"First Name": None, "Middle Name": "Paul", "Last Name": "Smith"}).texts["given_names"] == "Paul"


# Texts and numbers.


@pytest.mark.parametrize(
    ("heading", "value", "typed"),
    [
        ("Paspor", 12345678, "12345678"),
        ("Paspor", 12345678.0, "12345678"),
        ("Paspor", " a 123 ", "a 123"),
        ("Kamar", 101.0, "101"),
        ("Kamar", "101", "101"),
        ("Nomor HP", 6281234567890.0, "6281234567890"),
        ("Malam", 2, "2"),
        ("Malam", 2.0, "2"),
        ("Malam", "3.0", "3"),
        ("Malam", "2 malam", "2 malam"),
        ("Keterangan", "  ", None),
        ("Keterangan", None, None),
    ],
)
def test_a_number_is_what_the_spreadsheet_shows(heading: str, value: CellValue, typed: str | None) -> None:
    """Without the fraction that the program added."""
    row = read_cells(heading, value)[0]
    assert (list(row.texts.values()), row.findings) == ([] if typed is None else [typed], ())


@pytest.mark.parametrize(
    ("heading", "value"),
    [
        ("Paspor", 1.2e35),
        ("Paspor", 1e15),
        ("Paspor", float("inf")),
        ("Paspor", float("nan")),
        ("Paspor", date(2026, 12, 5)),
        ("Kamar", datetime(2026, 2, 1)),  # noqa: DTZ001  a spreadsheet has no time zone
        ("Kamar", True),
    ],
)
def test_what_the_spreadsheet_made_of_a_text_is_refused(heading: str, value: CellValue) -> None:
    """A passport 12E34 became a number, a room 1/2 a date: what was written is lost."""
    row = read_cells(heading, value)[0]
    assert (row.texts, codes(row)) == ({}, ["bad_character"])


# Nationality.


NATIONALITIES = {
    "AUS": ("AU", "Australian", "AUS : Australia", "AUS - Australia", "Australia (AUS)", "AUS  -   Australia"),
    "D": ("DEU : Germany", "Germany (DEU)"),
    "NAM": ("NAM : Namibia", "NA : Namibia"),
    "COD": ("COD : Congo, The Democratic Republic of",),
    "TLS": ("Timor-Leste",),
}


@pytest.mark.parametrize(("text", "code"), [(text, code) for code, texts in NATIONALITIES.items() for text in texts])
def test_a_nationality_is_a_code_or_a_name_or_both(text: str, code: str) -> None:
    """As people write one, and as lists show both."""
    found = states.find(read_cells("Kewarganegaraan", text)[0].texts["nationality"])
    assert found is not None
    assert found.code == code


def test_a_nationality_with_many_blanks() -> None:
    """It is read at once: blanks are not looked at again from each of them on, which takes minutes."""
    found = f"x{' ' * 200_000}x"
    assert read_cells("Kewarganegaraan", found)[0].texts == {"nationality": found}


def test_two_nationalities_are_none() -> None:
    """They stay as they are, and the rules refuse them."""
    for text in ("AUS / NZL", "AUS : New Zealand", "Australia / Atlantis", "NA / Australia", "N/A"):
        assert read_cells("Kewarganegaraan", text)[0].texts == {"nationality": text}


# Sex.


@pytest.mark.parametrize(
    ("text", "sex"),
    [
        *((text, "M") for text in ("L", "l", "M", "Laki-laki", "LAKI", "Pria", "Male", "M/Male", "Mr", "Bapak")),
        *((text, "F") for text in ("P", "F", "Perempuan", "wanita", "Female", "Mrs", "Ms.", "Ibu")),
        ("X", "X"),
    ],
)
def test_the_sex_in_its_column(text: str, sex: str) -> None:
    """Letters and words of both languages, and the titles that staff write there."""
    assert parse_fields.sex(one({"L/P": text}).texts["sex"]) == sex


@pytest.mark.parametrize(
    ("letters", "read"),
    [
        (("P", "W"), ["M", "F"]),
        (("L", "P"), ["L", "P"]),
        (("P", "P"), ["P", "P"]),
        (("P", "W", "L"), [None, "W", "L"]),
        (("M", "W"), ["M", "W"]),
        (("Pria", "P"), ["Pria", None]),
    ],
)
def test_a_p_beside_a_w_is_a_man(letters: tuple[str, ...], read: list[str | None]) -> None:
    """*Pria/wanita* has another P than *laki-laki/perempuan*; with all three letters it is refused with the reason."""
    rows = read_cells("Jenis kelamin", *letters)
    assert [row.texts.get("sex") for row in rows] == read
    assert [codes(row) for row in rows] == [[] if sex else ["bad_character"] for sex in read]


@pytest.mark.parametrize("number", [1, "1"], ids=["number", "text"])
@pytest.mark.parametrize(
    ("heading", "sex"), [("Jenis kelamin, 1 (L) atau 2 (P)", "M"), ("Sesso", "M"), ("Sex", "1"), ("L/P", "1")]
)
def test_numbers_are_a_sex_where_the_heading_says_so(heading: str, sex: str, number: str | int) -> None:
    """In other columns they are no sex, and refused: a 1 beside a 0 may be a woman."""
    assert one({heading: number}).texts["sex"] == sex


@pytest.mark.parametrize(("heading", "sex"), [("Pria/Wanita", "M"), ("JK (P/W)", "M"), ("JK (L/P)", "P")])
def test_the_heading_says_what_a_p_is(heading: str, sex: str) -> None:
    """Also where all guests of the table are men."""
    assert [row.texts["sex"] for row in read_cells(heading, "P", "P")] == [sex, sex]


# Place and date of birth.


@pytest.mark.parametrize(
    ("text", "place", "day"),
    [
        ("LEEDS, 12-09-1985", "LEEDS", "1985-09-12"),
        ("TTL: LEEDS, 12-09-1985", "LEEDS", "1985-09-12"),
        ("Ttl. Leeds 12 Sept 1985", "Leeds", "1985-09-12"),
        ("Tempat/Tgl Lahir : Leeds / UK, 24.09.85", "Leeds / UK", "1985-09-24"),
        ("St. Petersburg, Sept 12, 1985", "St. Petersburg", "1985-09-12"),
        ("Los Angeles 12/9/85", "Los Angeles", "1985-09-12"),
        ("12-09-1985, LEEDS", "LEEDS", "1985-09-12"),
        ("March, 12-09-1985", "March", "1985-09-12"),
        ("-, 1985", "-", "1985"),
        ("12-09-1985", None, "1985-09-12"),
        ("LEEDS", "LEEDS", None),
    ],
)
def test_a_place_and_a_date_in_one_column(text: str, place: str | None, day: str | None) -> None:
    """As Indonesian forms have them; what is not there is missing."""
    for heading in ("TTL", "Tempat, Tanggal Lahir", "Tempat/Tgl Lahir", "Place and date of birth"):
        row = one({heading: text, "Tgl masuk": "2026-11-24"})
        assert (row.texts.get("birth_place"), row.texts.get("birth_date"), row.findings) == (place, day, ())
        assert row.cells["guest.birth_place"] == row.cells["guest.birth_date"] == "A2"


@pytest.mark.parametrize("heading", ["Tempat lahir", "Tanggal lahir"])
def test_a_place_and_a_date_in_the_column_of_one(heading: str) -> None:
    """The place is not saved with the date in it."""
    row = one({heading: "TTL: LEEDS, 12-09-1985"})
    assert (row.texts, row.findings) == ({"birth_place": "LEEDS", "birth_date": "1985-09-12"}, ())


@pytest.mark.parametrize(
    "text", ["Leeds 31 Feb 1985", "Leeds, 31/02/1985", "Leeds 3, 12-09-1985", "Leeds, 12-09-1985 (?)"]
)
def test_a_place_with_a_date_that_does_not_exist_is_refused(text: str) -> None:
    """No part of such a date is read, and none is saved as the place."""
    row = one({"TTL": text, "Tgl masuk": "2026-11-24"})
    assert ({"birth_place", "birth_date"} & row.texts.keys(), codes(row)) == (set(), ["bad_date"])


def test_a_date_in_the_column_of_places_is_refused() -> None:
    """The two columns may be exchanged."""
    row = one({"Tempat lahir": "12/09/1985"})
    assert (row.texts, codes(row)) == ({}, ["bad_character"])
    assert one({"Tempat lahir": "Jakarta 10110"}).texts == {"birth_place": "Jakarta 10110"}


@pytest.mark.parametrize(
    ("cells", "conflict"),
    [
        ({"TTL": "LEEDS, 12-09-1985", "Tanggal lahir": "12/09/1985", "Tempat lahir": "Leeds"}, False),
        ({"TTL": "LEEDS, 12-09-1985", "Tanggal lahir": "13/09/1985"}, True),
        ({"TTL": "LEEDS, 12-09-1985", "Tempat lahir": "York"}, True),
        ({"TTL": "LEEDS", "Tanggal lahir": "12/09/1985"}, False),
    ],
)
def test_a_place_and_a_date_beside_their_own_columns(cells: dict[str, CellValue], *, conflict: bool) -> None:
    """They must agree."""
    row = one(cells)
    assert codes(row) == (["conflict"] if conflict else [])
    assert ("birth_date" in row.texts) == (not conflict)


def test_the_order_of_dates_behind_places() -> None:
    """They show the order of the file, and need it."""
    headings = ["Place and date of birth", "Passport expiry"]
    first, second = read_table(
        table_of(headings, ("LEEDS, 1985/09/24", "05/06/2031"), ("YORK, 24/09/1985", "06/06/2031"))
    )
    assert (first.texts["expiry_date"], second.texts["expiry_date"]) == ("2031-06-05", "2031-06-06")
    (doubt,) = match_columns(table_of(headings, ("LEEDS, 05/06/1985", "2031-06-05"))).doubts
    assert (doubt.kind, doubt.columns) == ("date_order", (0,))


# Documents.


@pytest.mark.parametrize("text", ["Passport", "PASPOR", "P", "Paspor biasa", "PASOR", "passport (ordinary)"])
def test_a_passport_is_reported(text: str) -> None:
    """Whatever its type is called."""
    assert one({"Paspor": "A1", "Jenis dokumen": text}).findings == ()


@pytest.mark.parametrize("text", ["KTP", "IDENT", "Driver's license", "KITAS", "ID card"])
def test_another_document_is_refused(text: str) -> None:
    """The number of an identity card is no number of a passport; an MRZ says itself what it is."""
    row = one({"Paspor": "A1", "Jenis dokumen": text})
    assert [(finding.field, finding.code) for finding in row.findings] == [("guest.document.number", "unknown_format")]
    assert one({"Jenis dokumen": text, "MRZ": "\n".join(LINES)}).findings == ()


def test_the_lines_of_an_mrz_are_in_one_column_or_in_several() -> None:
    """On two lines of a cell, joined to one, or in a column each."""
    for cells in (
        {"MRZ": "\r\n".join(LINES)},
        {"MRZ": "".join(LINES)},
        {"MRZ": " ".join(LINES)},
        {"MRZ1": LINES[0], "MRZ2": LINES[1], "MRZ3": None},
    ):
        row = one(cells)
        assert row.lines == LINES
        assert row.cells["guest.document.mrz"] == "A2"


# The stay.


def test_nights_and_departure_must_agree() -> None:
    """The date is reported if they do; nothing if they do not."""
    headings = {"Check-in": "2026-11-24", "Check-out": "2026-11-26"}
    assert one({**headings, "Malam": 2}).texts == {"check_in": "2026-11-24", "planned_check_out": "2026-11-26"}
    row = one({**headings, "Malam": 3})
    assert (row.texts, codes(row)) == ({"check_in": "2026-11-24"}, ["conflict"])
    assert one({"Check-in": "2026-11-24", "Malam": 2}).texts == {"check_in": "2026-11-24", "nights": "2"}


LEFT_AT = datetime.fromisoformat("2026-11-26T10:15")


def test_an_expiry_that_cannot_be_read_is_no_date() -> None:
    """Only a word that says so is one: an empty cell and a dash stay missing, and another text is refused."""
    rows = [one({"Surname": "Smith", "Nationality": "GBR", "Passport expiry": text}) for text in ("tidak terbaca", "-")]
    assert [(row.values.get("expiry_date"), codes(row)) for row in rows] == [("?", []), (None, ["bad_date"])]


def test_a_departure_has_a_time_or_not() -> None:
    """A guest who left; the planned day is another column."""
    row = one({"Check-out": "2026-11-27", "Check-out sebenarnya": "2026-11-26 10:15"})
    assert (row.texts, row.check_out) == ({"planned_check_out": "2026-11-27"}, LEFT_AT)
    assert one({"Actual check-out": "2026-11-26", "Check-out time": "10:15"}).check_out == LEFT_AT
    assert one({"Actual check-out": "2026-11-26"}).check_out == date(2026, 11, 26)


LEFT_ON = date(2026, 11, 26)
STATUSES: dict[tuple[str, str | date], tuple[str | None, ...]] = {
    ("", ""): ("Confirmed", "ok", "Checked In", "In-house", None),
    ("", LEFT_ON): ("Checked out", "Sudah check-out", "Past guest"),
    ("cancelled", ""): ("Canceled by guest", "cancelled_by_guest", "No-Show", "batal"),
    ("not_arrived", ""): ("Tentative", "belum datang"),
}


@pytest.mark.parametrize(("status", "means"), [(each, means) for means, texts in STATUSES.items() for each in texts])
def test_the_status_of_a_reservation(status: str | None, means: tuple[str, str | date]) -> None:
    """Cancelled reservations are no guests, and a guest who left has left on the planned day."""
    row = one({"Check-in": "2026-11-24", "Check-out": "2026-11-26", "Status": status})
    assert ((row.skip, row.check_out), row.findings) == (means, ())


def test_a_reservation_for_several_guests_is_named() -> None:
    """The other guests may be missing in the table."""
    found = read_table(table_of(["Kamar", "Adults"], ("1", 2), ("2", 1), ("4", "3.0")))
    assert [[each.message.values for each in row.warnings] for row in found] == [[{"count": "2"}], [], [{"count": "3"}]]
    (row,) = read_table(table_of(["Kamar", "Adults", "Guests"], ("1", 1, "3")))
    assert [each.message.values for each in row.warnings] == [{"count": "3"}]


def test_a_problem_has_the_cell_of_its_own_column() -> None:
    """Where several columns are about one field, and where the column is about the whole row.

    An unknown status is refused: it may be another language's word for a cancelled reservation.
    """
    row = one({"Check-in": "2026-11-24", "Jam check-in": "sore", "Status": "Storniert"})
    assert {finding.field: row.cells[finding.field] for finding in row.findings} == {"stay.check_in": "B2", "": "C2"}
    assert sorted(codes(row)) == ["bad_date", "unknown_format"]
    right = one({"Jam check-in": "14:00", "Check-in": "2026-11-24", "Pax": 2, "Status": "ok"})
    assert (right.cells["stay.check_in"], right.cells[""], len(right.warnings)) == ("A2", "C2", 1)


def test_a_guest_who_left_after_some_nights_left_on_that_day() -> None:
    """Also where the table has nights in place of a date."""
    row = one({"Check-in": "2026-11-24", "Malam": 2, "Status": "Checked out"})
    assert row.check_out == date(2026, 11, 26)
    assert one({"Malam": 2, "Status": "Checked out"}).check_out == ""


# All together.


CELLS = st.one_of(
    st.none(),
    st.text(max_size=20),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.sampled_from(["John Smith", "24/11/1985", "AUS", "Mr", "2", "cancelled", *LINES]),
)


@given(st.lists(st.lists(CELLS, max_size=len(TARGETS)), max_size=3))
def test_any_cells_are_read_or_refused(rows: list[list[CellValue]]) -> None:
    """Each finding has a field, a code and, where the table has the column, a cell; no row stops the others."""
    headings = [label_of_target(target).template for target in TARGETS]
    for mapping in (None, GIVEN_FIRST):
        found = read_table(table_of(headings, *rows), mapping)
        assert [row.number for row in found] == list(range(2, len(rows) + 2))
        for row in found:
            assert all(row.texts.values())
            assert all(finding.code and finding.field in row.cells for finding in row.findings)
