"""Files of booking systems and official forms, with their documented headings; and a broken twin of each."""

import csv
import io
from typing import NamedTuple

import pytest

from apoa_client.settings.column_mappings import ColumnMapping
from apoa_client.tables.columns import guest_rows, match_columns
from apoa_client.tables.reading import open_source
from apoa_client.tables.row_reading import column_letters
from apoa_client.tables.rows import GuestRow, Table


class Export(NamedTuple):
    """A file: its headings, a row, the fields that the row has, and cells that break it with their codes."""

    headings: tuple[str, ...]
    row: tuple[str, ...]
    typed: dict[str, str]
    broken: dict[str, tuple[str, str]]
    """Wrong texts by heading, each with the code of its finding."""
    mapping: ColumnMapping = ColumnMapping()
    delimiter: str = ","


PERSON = {"surname": "Hartley", "given_names": "Oliver", "document_number": "536401822"}
STAY = {"check_in": "2026-11-24", "planned_check_out": "2026-11-26"}
BORN = {"birth_date": "1985-09-12"}

EXPORTS = {
    "guest book": Export(
        (
            "No",
            "Nama Lengkap",
            "L/P",
            "Kewarganegaraan",
            "No. Paspor",
            "Tgl Lahir",
            "Tgl Masuk",
            "Malam",
            "Kamar",
        ),
        ("1", "Hartley, Oliver", "L", "Inggris", "536401822", "12 Sept 1985", "24/11/2026", "2", "5"),
        {**PERSON, **BORN, "sex": "L", "nationality": "Inggris", "check_in": "2026-11-24", "nights": "2", "room": "5"},
        {"Tgl Lahir": ("31152", "bad_date"), "Tgl Masuk": ("31/11/2026", "bad_date")},
        ColumnMapping(name_order="surname_first"),
        ";",
    ),
    "Booking.com": Export(
        ("Book number", "Booked by", "Guest name(s)", "Check-in", "Check-out", "Status", "Persons", "Remarks"),
        ("4000111222", "X", "Oliver Hartley", "2026-11-24", "2026-11-26", "ok", "1", "late"),
        {"surname": "Hartley", "given_names": "Oliver", **STAY},
        {"Guest name(s)": ("Oliver Hartley, Mary Hartley", "bad_character"), "Status": ("annulé", "unknown_format")},
        ColumnMapping(name_order="given_first"),
    ),
    "Airbnb": Export(
        (
            "Confirmation code",
            "Status",
            "Guest name",
            "Contact",
            "# of adults",
            "Start date",
            "End date",
            "# of nights",
        ),
        ("HMABC123", "Confirmed", "Oliver Hartley", "+44 7700 900123", "1", "11/24/2026", "11/26/2026", "2"),
        {"surname": "Hartley", "given_names": "Oliver", "phone": "+44 7700 900123", **STAY},
        {"# of nights": ("3", "conflict"), "Status": ("Annulée", "unknown_format")},
        ColumnMapping(name_order="given_first"),
    ),
    "Cloudbeds": Export(
        (
            *("Guest Surname", "Guest First Name", "Guest Gender", "Guest Date of Birth", "Guest Document Type"),
            *("Guest Document Number", "Guest Document Issuing Country", "Check-In Date", "Check-Out Date"),
            *("Reservation Status", "Reservation Room Numbers", "Guest Residence Country"),
        ),
        (
            *("Hartley", "Oliver", "Male", "1985-09-12", "Passport", "536401822", "United Kingdom"),
            *("2026-11-24", "2026-11-26", "In-House", "5", "France"),
        ),
        {**PERSON, **BORN, **STAY, "sex": "Male", "issuing_state": "United Kingdom", "room": "5"},
        {
            "Guest Date of Birth": ("31/02/1985", "bad_date"),
            "Guest Document Type": ("KTP", "unknown_format"),
        },
    ),
    "Little Hotelier": Export(
        (
            "Booking reference",
            "Guest first name",
            "Guest last name",
            "Check-in date",
            "Check-out date",
            "Status",
            "ETA",
        ),
        ("LH1", "Oliver", "Hartley", "24 Nov 2026", "26 Nov 2026", "Checked-in", "14:00"),
        {"surname": "Hartley", "given_names": "Oliver", **STAY},
        {"Check-in date": ("24 Nop", "bad_date"), "Status": ("?", "unknown_format")},
    ),
    "eZee": Export(
        ("Res. No", "Guest Name", "Room", "Arrival", "Departure", "Pax", "Nationality", "Identity No", "Identity Type"),
        ("77", "Hartley Oliver", "5", "2026-11-24 14:05", "2026-11-26", "1", "British", "536401822", "PASSPORT"),
        {**PERSON, **STAY, "check_in": "2026-11-24T14:05:00", "room": "5", "nationality": "British"},
        {"Guest Name": ("Hartley Oliver & Mary", "bad_character"), "Identity Type": ("KTP", "unknown_format")},
        ColumnMapping(name_order="surname_first"),
    ),
    "TM30": Export(
        (
            *("ชื่อ\nFirst Name *", "ชื่อกลาง\nMiddle Name", "นามสกุล\nLast Name", "เพศ\nGender *"),
            *("เลขหนังสือเดินทาง\nPassport No. *", "สัญชาติ\nNationality *"),
            "วัน เดือน ปี เกิด\nBirth Date\nDD/MM/YYYY(ค.ศ. / A.D.) \nเช่น 17/06/1985 หรือ 10/00/1985 หรือ 00/00/1985",
            "วันที่แจ้งออกจากที่พัก\nCheck-out Date\nDD/MM/YYYY(ค.ศ. / A.D.) \nเช่น 14/06/2023",
            "เบอร์โทรศัพท์\nPhone No.",
        ),
        ("Oliver", "James", "Hartley", "M", "536401822", "GBR", "00/09/1985", "05/12/2026", ""),
        {
            **PERSON,
            "given_names": "Oliver James",
            "sex": "M",
            "nationality": "GBR",
            "birth_date": "1985-09",
            "planned_check_out": "2026-12-05",
            "check_in": "2026-12-01",
        },
        {"วันที่แจ้งออกจากที่พัก\nCheck-out Date\nDD/MM/YYYY(ค.ศ. / A.D.) \nเช่น 14/06/2023": ("00/12/2026", "bad_date")},
        ColumnMapping(defaults={"check_in": "2026-12-01"}),
    ),
    "Alloggiati": Export(
        (
            *("Tipo Alloggiato", "Data Arrivo (gg/mm/aaaa)", "Numero Giorni di Permanenza", "Cognome", "Nome", "Sesso"),
            *("Data Nascita (gg/mm/aaaa)", "Comune Nascita", "Cittadinanza", "Tipo Documento", "Numero Documento"),
        ),
        ("16", "05/11/2026", "2", "Hartley", "Oliver", "1", "12/09/1985", "Leeds", "GBR", "PASOR", "536401822"),
        {
            **PERSON,
            **BORN,
            "sex": "M",
            "birth_place": "Leeds",
            "nationality": "GBR",
            "check_in": "2026-11-05",
            "nights": "2",
        },
        {"Sesso": ("3", "bad_character"), "Tipo Documento": ("IDENT", "unknown_format")},
    ),
    "UbyPort": Export(
        ("cFrom", "cUntil", "cSurN", "cFirstN", "cDate", "cNati", "cDocN", "cVisN"),
        ("2026-11-24T14:05:00", "2026-11-26T10:00:00", "Hartley", "Oliver", "00001985", "GBR", "536401822", "V1"),
        {**PERSON, **STAY, "check_in": "2026-11-24T14:05:00", "birth_date": "1985", "nationality": "GBR"},
        {"cDate": ("0000", "bad_date"), "cFrom": ("2026-11-24T25:00:00", "bad_date")},
        delimiter="|",
    ),
}


def read_export(export: Export, *rows: tuple[str, ...]) -> list[GuestRow]:
    """Return the rows of a CSV file with the headings of an export."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=export.delimiter)
    writer.writerows([export.headings, *rows])
    table = open_source(text.getvalue().encode("utf-8-sig"))
    assert isinstance(table, Table)
    return list(guest_rows(table, match_columns(table, export.mapping)).read_rows())


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_is_read(name: str) -> None:
    """Each fact that the two have in common is a field, and nothing is wrong."""
    export = EXPORTS[name]
    (row,) = read_export(export, export.row)
    assert row.texts == export.typed
    assert (row.findings, row.skip, row.warnings) == ((), "", ())


@pytest.mark.parametrize("name", EXPORTS)
def test_the_problems_of_a_broken_twin_have_their_cells(name: str) -> None:
    """Each broken cell is named, and holds up neither the other fields of its row nor the row before it."""
    export = EXPORTS[name]
    cells = zip(export.headings, export.row, strict=True)
    broken = [export.broken.get(heading, (text, ""))[0] for heading, text in cells]
    good, bad = read_export(export, export.row, tuple(broken))
    assert good.texts == export.typed
    found = {bad.cells[finding.field]: finding.code for finding in bad.findings}
    places = {heading: f"{column_letters(column)}3" for column, heading in enumerate(export.headings)}
    assert found == {places[heading]: code for heading, (_text, code) in export.broken.items()}
    assert bad.texts.items() <= export.typed.items()
