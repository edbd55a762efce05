"""The columns of a table: found by their headings, read as fields, and never guessed."""

from collections.abc import Iterator

import pytest

from apoa_client.report.fields import FIELDS, Field
from apoa_client.settings.column_mappings import TARGETS, ColumnMapping
from apoa_client.tables.columns import guest_rows, match_columns
from apoa_client.tables.headings import parse_heading
from apoa_client.tables.rows import CellValue, GuestRow, Row, SourceFacts, Table


def table(headings: tuple[str, ...], *rows: tuple[CellValue, ...]) -> Table:
    """Return a table with these headings in its first row."""

    def read_rows() -> Iterator[Row]:
        return (Row(number, values) for number, values in enumerate(rows, 2))

    return Table(SourceFacts("csv"), headings, 1, read_rows)


def read(
    headings: tuple[str, ...], *rows: tuple[CellValue, ...], mapping: ColumnMapping | None = None
) -> list[GuestRow]:
    """Return the rows of a table as fields."""
    source = table(headings, *rows)
    return list(guest_rows(source, match_columns(source, mapping)).read_rows())


@pytest.mark.parametrize("field", FIELDS)
def test_the_labels_of_the_program_are_known_headings(field: Field) -> None:
    """A table with the names that the program itself shows needs no mapping."""
    assert parse_heading(field.label.template).target == field.name
    assert field.name in TARGETS


def test_a_row_becomes_fields_with_cells() -> None:
    """Each field has its text as a user would type it, and the cell that it is from."""
    (row,) = read(("No. Paspor", "Tgl lahir", "Check-in"), ("N1234567", "24/11/1985", "2026-11-24 14:30"))
    assert row.typed == {
        "document_number": "N1234567",
        "birth_date": "1985-11-24",
        "check_in": "2026-11-24T14:30:00",
    }
    assert row.cells["guest.birth_date"] == "B2"
