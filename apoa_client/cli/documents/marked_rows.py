"""The file of `apoa import --write-errors`: the refused rows of a table, with their problems marked in place."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from apoa_client.app.table_import import RowFinding
from apoa_client.cli.views.import_result import problem_text
from apoa_client.report.fields import FIELDS
from apoa_client.tables.marked_copy import WHOLE_ROW, MarkedRow, marked_book, marked_csv, table_of_guests
from apoa_client.tables.rows import GuestRow, Records, Table

_CELL = re.compile(r"([A-Z]{1,3})[0-9]+")
_NAMES = {field.path: field.name for field in FIELDS if field.name != "nights"}


def marked_file(source: Table | Records, problems: Iterable[RowFinding], path: Path) -> bytes:
    """Return the rows with problems: as CSV if the name of the file ends so, else as a workbook.

    Raises `TablesMissing` for a workbook if XlsxWriter is not installed, and what reading the table raises.
    """
    by_row: dict[int, list[RowFinding]] = {}
    for each in problems:
        by_row.setdefault(each.row, []).append(each)
    headings: Sequence[str]
    rows: Iterable[MarkedRow]
    if isinstance(source, Table):
        headings, rows = source.headings, _marked_rows(source, by_row)
    else:
        headings, rows = table_of_guests(_guests(source, by_row))
    if path.suffix.casefold() == ".csv":
        return marked_csv(headings, rows, source.facts.delimiter)
    return marked_book(headings, rows)


def _marked_rows(table: Table, by_row: Mapping[int, Sequence[RowFinding]]) -> Iterator[MarkedRow]:
    for row in table.read_rows():
        found = by_row.get(row.number, ())
        if found:
            yield MarkedRow(row.values, _by_column(found))


def _by_column(found: Iterable[RowFinding]) -> dict[int, str]:
    problems: dict[int, str] = {}
    for each in found:
        match = _CELL.fullmatch(each.cell)
        column = _column_index(match[1]) if match is not None else WHOLE_ROW
        problems[column] = " ".join(filter(None, (problems.get(column), problem_text(each))))
    return problems


def _guests(records: Records, by_row: Mapping[int, Sequence[RowFinding]]) -> Iterator[tuple[GuestRow, dict[str, str]]]:
    for guest in records.read_rows():
        problems: dict[str, str] = {}
        for each in by_row.get(guest.number, ()):
            name = _NAMES.get(each.field, "")
            problems[name] = " ".join(filter(None, (problems.get(name), problem_text(each))))
        if problems:
            yield guest, problems


def _column_index(letters: str) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - ord("A") + 1
    return index - 1
