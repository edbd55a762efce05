"""Headings of guest books, booking systems and official forms mean what they say."""

import gettext
from pathlib import Path

import pytest
from table_helpers import table_of

from apoa_client.locale import DOMAIN, FOLDER, LANGUAGES
from apoa_client.matching import fold
from apoa_client.settings.column_mappings import TARGETS
from apoa_client.tables import headings
from apoa_client.tables.columns import label_of_target, match_columns
from apoa_client.tables.headings import parse_heading

TABLE = Path(headings.__file__).with_name("headings.tsv").read_text(encoding="utf-8").splitlines()
TM30 = (
    "ชื่อ First Name *",
    "ชื่อกลาง Middle Name",
    "นามสกุล Last Name",
    "เพศ Gender *",
    "เลขหนังสือเดินทาง Passport No. *",
    "สัญชาติ Nationality *",
    "วัน เดือน ปี เกิด Birth Date DD/MM/YYYY(ค.ศ. / A.D.) เช่น 17/06/1985 หรือ 10/00/1985 หรือ 00/00/1985",
    "วันที่แจ้งออกจากที่พัก Check-out Date DD/MM/YYYY(ค.ศ. / A.D.) เช่น 14/06/2023",
    "เบอร์โทรศัพท์ Phone No.",
)
BOOKING = (
    *("Book number", "Booked by", "Guest name(s)", "Check-in", "Check-out", "Booked on", "Status", "Rooms", "Persons"),
    *("Adults", "Children", "Price", "Commission %", "Commission amount", "Remarks", "Booker country"),
    *("Travel purpose", "Device", "Unit type", "Duration (nights)", "Phone number", "Address"),
)
AIRBNB = (
    *("Confirmation code", "Status", "Guest name", "Contact", "# of adults", "# of children", "# of infants"),
    *("Start date", "End date", "# of nights", "Booked", "Listing", "Earnings"),
)
CLOUDBEDS = (
    *("Guest Surname", "Guest First Name", "Guest Gender", "Guest Date of Birth", "Guest Document Type"),
    *("Guest Document Number", "Guest Document Issuing Country", "Guest Document Issuing Country Code"),
    *("Guest Document Expiration Date", "Guest Document Issue Date", "Guest Residence Country", "Guest Email"),
    *("Guest Mobile Phone Number", "Check-In Date", "Check-Out Date", "Duration of Stay", "Reservation Status"),
    *("Reservation Room Numbers", "Property Check-In Time"),
)
ALLOGGIATI = (
    *("Tipo Alloggiato", "Data Arrivo", "Numero Giorni di Permanenza", "Cognome", "Nome", "Sesso", "Data Nascita"),
    *("Comune Nascita", "Provincia Nascita", "Stato Nascita", "Cittadinanza", "Tipo Documento", "Numero Documento"),
    "Luogo Rilascio Documento",
)
UBYPORT = ("cFrom", "cUntil", "cSurN", "cFirstN", "cDate", "cNati", "cDocN", "cVisN", "cPurp", "cNote")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_labels_of_the_program_are_known_headings(language: str) -> None:
    """A table with the names that the program itself shows needs no mapping."""
    catalogue = gettext.translation(DOMAIN, FOLDER, [language], fallback=True)
    for target in TARGETS:
        assert parse_heading(label_of_target(target).render(catalogue.gettext)).target == target


def test_the_table_is_sound() -> None:
    """Each heading once, with a target that there is, and where it was found."""
    rows = [line.split("\t") for line in TABLE[1:]]
    assert all(len(row) == 3 and all(row) for row in rows)
    assert {target for _heading, target, _source in rows} == set(TARGETS)
    folded = [fold(heading) for heading, _target, _source in rows]
    assert len(set(folded)) == len(folded)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("KEWARGANEGARAAN", "nationality"),
        ("  tgl.lahir ", "birth_date"),
        ("Nama keluarga / Surname", "surname"),
        ("Nomor paspor (Passport number)", "document_number"),
        ("Passport No.*", "document_number"),
        ("Kamar | Room", "room"),
        ("Příjmení", "surname"),
        ("prijmeni", "surname"),
        ("Tgl lahir (DD/MM/YYYY)", "birth_date"),
        ("Nationality / Passport number", ""),
        ("Country", "ignore"),
        ("Negara asal", "ignore"),
        ("Visa number of the last country", ""),
        ("", ""),
    ],
)
def test_a_heading_is_known_whatever_its_spelling(text: str, target: str) -> None:
    """Case, accents, signs and a second language do not matter; a heading with two meanings has none."""
    assert parse_heading(text).target == target


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("Tgl lahir (DD/MM/YYYY)", "dmy"),
        ("Birth date mm-dd-yyyy", "mdy"),
        ("Check-in (yyyy-mm-dd)", "ymd"),
        ("Tanggal lahir (tanggal/bulan/tahun)", "dmy"),
        ("Tgl lahir (tgl/bln/thn)", "dmy"),
        ("Birth date (day/month/year)", "dmy"),
        ("Birth date (month/day/year)", "mdy"),
        ("Data nascita (gg/mm/aaaa)", "dmy"),
        ("Tgl lahir", ""),
        ("Kamar", ""),
    ],
)
def test_a_heading_may_state_the_order_of_its_dates(text: str, order: str) -> None:
    """Then the dates of the column are not in doubt."""
    assert parse_heading(text).date_order == order
    assert parse_heading(text).target


def targets(titles: tuple[str, ...]) -> list[str]:
    """Return the targets of the columns that are read, without doubts."""
    columns = match_columns(table_of(titles))
    assert [doubt.kind for doubt in columns.doubts] in ([], ["name_order"])
    return list(columns.fields.values())


def test_exports_of_booking_systems() -> None:
    """Their columns are what they are documented to be; the country of the person who booked is no nationality."""
    assert targets(BOOKING) == [
        *("booking", "full_name", "check_in", "planned_check_out", "status", "guest_count", "guest_count", "purpose"),
        *("nights", "phone"),
    ]
    assert targets(AIRBNB) == [
        *("booking", "status", "full_name", "phone", "guest_count", "check_in", "planned_check_out", "nights"),
    ]
    assert targets(CLOUDBEDS) == [
        *("surname", "given_names", "sex", "birth_date", "document_type", "document_number", "issuing_state"),
        *("expiry_date", "email", "phone", "check_in", "planned_check_out", "nights", "status", "room"),
    ]


def test_forms_of_other_countries() -> None:
    """Thailand's sheet, Italy's record and Czechia's have the same facts; their visas and codes are not read."""
    assert targets(TM30) == [
        *("given_names", "middle_names", "surname", "sex", "document_number", "nationality", "birth_date"),
        *("planned_check_out", "phone"),
    ]
    assert [parse_heading(title).date_order for title in TM30[6:8]] == ["dmy", "dmy"]
    assert targets(ALLOGGIATI) == [
        *("check_in", "nights", "surname", "given_names", "sex_code", "birth_date", "birth_place", "nationality"),
        *("document_type", "document_number"),
    ]
    assert targets(UBYPORT) == [
        *("check_in", "planned_check_out", "surname", "given_names", "birth_date", "nationality", "document_number"),
    ]
