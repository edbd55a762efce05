"""Tables for the tests of columns."""

from collections.abc import Iterator, Sequence

from apoa_client.report.findings import Finding
from apoa_client.settings.column_mappings import ColumnMapping
from apoa_client.tables.columns import guest_rows, match_columns
from apoa_client.tables.rows import CellValue, GuestRow, Row, SourceFacts, Table


def table_of(headings: Sequence[str], *rows: Sequence[CellValue], source: str = "xlsx") -> Table:
    """Return a table with these headings in its first row."""

    def read_rows() -> Iterator[Row]:
        return (Row(number, tuple(values)) for number, values in enumerate(rows, 2))

    return Table(SourceFacts(source), tuple(headings), 1, read_rows)


def read_table(table: Table, mapping: ColumnMapping | None = None) -> list[GuestRow]:
    """Return the rows of a table as fields."""
    return list(guest_rows(table, match_columns(table, mapping)).read_rows())


def read_cells(heading: str, *values: CellValue, mapping: ColumnMapping | None = None) -> list[GuestRow]:
    """Return the rows of a table with one column."""
    return read_table(table_of([heading], *([value] for value in values)), mapping)


def problem_of(finding: Finding) -> str:
    """Return what a finding says, without the name of its field."""
    part = finding.message.values.get("problem", finding.message)
    assert not isinstance(part, str | int)
    return part.template
