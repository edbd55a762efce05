"""Numbers by their formats: what a user sees is what is read, and a number that is not shown whole is never silent."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from table_helpers import problem_of, read_cells
from workbook_helpers import cell, ods, ods_row, ods_table, read, xlsx

from apoa_client.tables.columns import guest_rows, match_columns
from apoa_client.tables.number_formats import as_formatted, as_shown
from apoa_client.tables.rows import CellValue, HiddenNumber

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
    """Rounded, scaled, with letters, as a power of ten, or hidden."""
    found = as_formatted(value, code)
    assert isinstance(found, HiddenNumber)
    assert found == value


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
    (row,) = guest_rows(table, match_columns(table)).read_rows()
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


def test_a_hidden_number_as_text() -> None:
    """As the number that is stored, in a copy too."""
    assert (str(HiddenNumber(6281234567)), str(HiddenNumber(5.25))) == ("6281234567", "5.25")
