"""The row with the headings: exports may have lines above it, such as the hotel's name and the period."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from statistics import median_high

from apoa_client.messages import msg
from apoa_client.tables.errors import TableRefused
from apoa_client.tables.rows import CellValue, Row, SourceFacts, Table

_MOST_LINES_ABOVE = 30
_SHARE = 0.6
"""A heading row has at least this share of the cells that the rows usually have: title lines have one or two."""


def table_of(facts: SourceFacts, read_all: Callable[[], Iterator[Row]]) -> Table:
    """Return the table whose rows, the headings and the lines above them included, `read_all` reads without empty ones.

    Raises `TableRefused` if there are no rows, and what `read_all` raises.
    """
    first = list(islice(read_all(), _MOST_LINES_ABOVE))
    if not first:
        raise TableRefused(
            msg("The table is empty."), msg("Choose another file, or another sheet with --sheet."), name="table_empty"
        )
    row = find_heading_row(first)

    def read_rows() -> Iterator[Row]:
        return (each for each in read_all() if each.number > row.number)

    return Table(facts, tuple(heading_text(value) for value in row.values), row.number, read_rows)


def find_heading_row(rows: Sequence[Row]) -> Row:
    """Return the first row that is as wide as the others and has only texts; the first wide one if there is none."""
    usual = median_high(sorted(_width(row.values) for row in rows))
    wide = [row for row in rows if _width(row.values) >= usual * _SHARE]
    return next((row for row in wide if _is_text(row.values)), wide[0])


def heading_text(value: CellValue) -> str:
    """Return a heading in one line, without spaces around it."""
    return "" if value is None else " ".join(str(value).split())


def _width(values: Sequence[CellValue]) -> int:
    return sum(value is not None for value in values)


def _is_text(values: Sequence[CellValue]) -> bool:
    """Return whether no cell is a number, a date, or a text that begins with a digit."""
    return all(value is None or (isinstance(value, str) and not value.lstrip()[:1].isdigit()) for value in values)
