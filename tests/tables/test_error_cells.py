"""Errors of a spreadsheet program in cells: in no file and in no field are they a value."""

import pytest
from table_helpers import problem_of, read_cells, read_table, table_of
from workbook_helpers import cell, ods, ods_row, ods_table, sheet_of, xlsx

from apoa_client.report.parse_fields import UNCALCULATED, is_spreadsheet_error
from apoa_client.settings.column_mappings import TARGETS, label_of_target
from apoa_client.tables.columns import guest_rows, match_columns
from apoa_client.tables.reading import open_source
from apoa_client.tables.rows import NO_GUEST, CellValue, GuestRow, Table

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


def test_an_error_is_no_time() -> None:
    """A check-in with it is not one at midnight."""
    (row,) = read_table(table_of(["Check-in", "Jam check-in"], ("2026-11-24", "#VALUE!")))
    assert [finding.code for finding in row.findings] == ["spreadsheet_error"]


@pytest.mark.parametrize("cells", [("#REF!", "A1"), ("A1", "#REF!")])
def test_an_error_beside_a_value(cells: tuple[str, str]) -> None:
    """In two columns of one field the error is the problem; a default does not take its place."""
    (row,) = read_table(table_of(["Kamar", "Room"], cells))
    assert [finding.code for finding in row.findings] == ["spreadsheet_error"]


def fields_of(content: bytes) -> GuestRow:
    table = open_source(content)
    assert isinstance(table, Table)
    (row,) = guest_rows(table, match_columns(table)).read_rows()
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
