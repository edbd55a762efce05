"""What is read from a table: cells, rows of cells, and rows of typed fields.

A reader makes a `Table`, whose columns must be matched with fields, or `Records`, whose fields are known. Both can be
read several times, so that a file is checked before anything is saved, without keeping it in memory.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from apoa_client.report.findings import Finding

CellValue: TypeAlias = "str | int | float | bool | date | datetime | time | None"
"""The content of one cell. A CSV file has texts only; None is an empty cell."""


class Row(NamedTuple):
    """One row of a table. `number` is the one that a spreadsheet program shows: the first row is 1."""

    number: int
    values: tuple[CellValue, ...]

    def __repr__(self) -> str:
        """Return a text without personal data: it may reach a log."""
        return f"Row({self.number!r}, …)"


class SourceFacts(NamedTuple):
    """What was found out about a file, to be shown. Empty where it does not apply."""

    format: str
    """``csv``, ``xlsx``, ``ods``, ``json`` or ``mrz``."""
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    other_sheets: tuple[str, ...] = ()
    """The sheets that are not read."""


class Table(NamedTuple):
    """A table with headings. `read_rows` starts a new reading of the rows below the headings, without empty ones."""

    facts: SourceFacts
    headings: tuple[str, ...]
    heading_row: int
    read_rows: Callable[[], Iterator[Row]]

    def __repr__(self) -> str:
        """Return a text without personal data: a file without headings has a guest in their place."""
        return f"Table({self.facts!r}, …)"


class GuestRow(NamedTuple):
    """The fields of one guest, as if a user had typed them.

    `typed` has texts by the names of `apoa_client.report.fields`, `lines` the MRZ. `cells` names the cell of a field
    ("B7"), or the line of a text file, by the field's path in the contract. `findings` are problems with cells that
    could not be read as a field; the field is then not in `typed`. `check_out` is the time when the guest left, as
    typed; empty if the table does not say it. `skip` says why the row is
    no guest to report; it is empty otherwise.
    """

    number: int
    typed: Mapping[str, str] = MappingProxyType({})
    lines: tuple[str, ...] = ()
    cells: Mapping[str, str] = MappingProxyType({})
    findings: tuple[Finding, ...] = ()
    check_out: str = ""
    skip: str = ""
    """``cancelled``: the reservation was cancelled, or the guest did not come. ``not_arrived``: not yet."""
    warnings: tuple[Finding, ...] = ()
    """What is worth a look in the row and is no problem with a cell."""

    def __repr__(self) -> str:
        """Return a text without personal data: it may reach a log."""
        return f"GuestRow({self.number!r}, …)"


class Records(NamedTuple):
    """Rows whose fields are known without headings. `read_rows` starts a new reading."""

    facts: SourceFacts
    read_rows: Callable[[], Iterator[GuestRow]]
