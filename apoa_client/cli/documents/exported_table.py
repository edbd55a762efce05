"""An export as a table and as JSON.

The headings are in the reader's language, and `apoa import` knows them in both. The guest book for people has words in
the reader's language, too. The other tables are the same in every language: codes, and dates and times in ISO 8601.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

from apoa_client.app.table_export import ExportedReport
from apoa_client.cli.terminal.language import N_, _, current_language, text
from apoa_client.cli.terminal.output import json_pieces
from apoa_client.cli.views.findings import REPORT_COLUMNS, moment_value, report_columns
from apoa_client.cli.views.labels import day_text, moment_text
from apoa_client.cli.views.report import field_text
from apoa_client.messages import Message, msg
from apoa_client.passport.dates import PartialDate
from apoa_client.passport.states import by_code
from apoa_client.report.fields import BY_NAME, ON_THE_FORM, Field, as_typed
from apoa_client.report.kinds import Kind
from apoa_client.report.model import part_value
from apoa_client.tables.rows import CellValue
from apoa_client.tables.writing import csv_pieces, workbook

_MOST_LINES = 3
"""Lines of the longest MRZ."""
_MOMENT, _ID = 26, 37
"""Widths of columns with times and with ids."""

STAY_STATES = {
    "in_house": N_("in house"),
    "checked_out": N_("checked out"),
    "cancelled": N_("cancelled"),
    "withdrawn": N_("cancelled"),
}
"""What became of a stay, in words that an import knows: it leaves out the last two."""


class _Column(NamedTuple):
    """A column of the table: its heading, its content, and its width in characters."""

    heading: Message
    value: Callable[[ExportedReport], CellValue]
    width: int = 16


class Layout(NamedTuple):
    """What a table has: reports, or with `personal` the guest book, in words or in `codes`, of `several` properties."""

    personal: bool
    codes: bool
    several: bool

    @property
    def in_words(self) -> bool:
        """Whether it is the guest book for people."""
        return self.personal and not self.codes

    def columns(self) -> list[_Column]:
        """Return the columns in their order."""
        if self.in_words:
            book = [BY_NAME[name] for name in _IN_THE_BOOK]
            return [
                *([_PROPERTY] if self.several else ()),
                *(_Column(field.label, partial(_field_words, field), field.width) for field in book),
                _Column(msg("Checked out at"), _check_out_words, _MOMENT),
                _GUEST_STATUS,
                _RECEIPT,
            ]
        of_the_guest = [
            *(_Column(field.label, partial(_field_value, field), field.width) for field in ON_THE_FORM),
            _Column(msg("Document type"), _document_type, 10),
            *(_Column(msg("MRZ line {number}", number=n + 1), partial(_mrz_line, n), 46) for n in range(_MOST_LINES)),
            _Column(msg("Reason"), lambda row: row.report and row.report.reason, 24),
        ]
        return [*(of_the_guest if self.personal else ()), *_OF_THE_REPORT]


def csv_export(reports: Iterable[ExportedReport], layout: Layout) -> Iterator[bytes]:
    """Yield the CSV file in pieces."""
    columns = layout.columns()
    rows = ([column.value(each) for column in columns] for each in reports)
    if layout.in_words:  # a workbook shows days as its reader does
        rows = ([day_text(cell) if isinstance(cell, date) else cell for cell in row] for row in rows)
    return csv_pieces(chain([[text(column.heading) for column in columns]], rows))


def xlsx_export(reports: Iterable[ExportedReport], layout: Layout) -> bytes:
    """Return the XLSX file. Raises `UsageProblem` for more rows than a worksheet holds."""
    columns = layout.columns()
    headings = [text(column.heading) for column in columns]
    widths = [max(column.width, len(heading) + 2) for column, heading in zip(columns, headings, strict=True)]
    rows = ([column.value(each) for column in columns] for each in reports)
    return workbook(_("Guests") if layout.personal else _("Reports"), headings, widths, rows)


def json_export(reports: Iterable[ExportedReport], schema: str) -> Iterator[bytes]:
    """Yield the JSON document in pieces: ``{"schema", "reports": [...]}``."""
    return (piece.encode() for piece in json_pieces(schema, {"reports": map(exported_value, reports)}))


EXPORTED_COLUMNS = [name for name in REPORT_COLUMNS if name not in {"authenticated", "photo"}]
"""What the JSON export has of the columns of a report: an importing program has no use for the others."""


def exported_value(row: ExportedReport) -> dict[str, Any]:
    """Return a row as JSON values; `guest`, `stay` and `reason` are there only if it holds guests' data."""
    entry, report = row.entry, row.report
    value = {
        "property": row.property_name,
        **report_columns(entry, row.zone, EXPORTED_COLUMNS),
        "check_out": _check_out(row),
        "stay_state": row.stay_state,
    }
    if report is not None and report.guest is not None and report.stay is not None:
        value |= {"guest": part_value(report.guest), "stay": part_value(report.stay), "reason": report.reason}
    return value


def _field_value(field: Field, row: ExportedReport) -> CellValue:
    """Return a field's value in a row: a day as a date, everything else as a user would type it."""
    found = field.value_in(row.report) if row.report is not None else None
    if found is None or found == "":
        return None
    if isinstance(found, PartialDate) and found.day is not None:
        return found.earliest
    return found if isinstance(found, date) and not isinstance(found, datetime) else as_typed(found)


def _field_words(field: Field, row: ExportedReport) -> CellValue:
    """Return a field's value in a row: a day as a date, everything else in the reader's words."""
    found = _field_value(field, row)
    if row.report is None or found is None or isinstance(found, date):
        return found
    if field.type == "state" and (state := by_code(str(found))) is not None:
        return state.name(current_language())
    return field_text(field.name, field.value_in(row.report) or "", row.zone)


def _document_type(row: ExportedReport) -> CellValue:
    return row.report.guest.document.type if row.report is not None and row.report.guest is not None else None


def _mrz_line(line: int, row: ExportedReport) -> CellValue:
    lines = row.report.guest.document.mrz if row.report is not None and row.report.guest is not None else None
    return lines[line] if lines is not None and line < len(lines) else None


def _check_out(row: ExportedReport) -> str | None:
    """Return when the guest left, if so. Of a report without guests' data: what it says itself."""
    if row.report is None:
        return moment_value(row.entry.ends_at, row.zone) if row.entry.kind is Kind.CHECK_OUT else None
    check_out = row.stay.check_out
    return moment_value(check_out.ends_at, row.zone) if check_out is not None else None


def _check_out_words(row: ExportedReport) -> CellValue:
    check_out = row.stay.check_out
    left = check_out.ends_at if check_out is not None else None
    return moment_text(left, row.zone) if left is not None else None


_IN_THE_BOOK = (
    *("surname", "given_names", "sex", "birth_date", "birth_place", "nationality", "document_number", "expiry_date"),
    *("stay_permit", "room", "check_in", "planned_check_out"),
)
"""The fields of the guest book for people."""
_GUEST_STATUS = _Column(msg("Guest status"), lambda row: _(STAY_STATES[row.stay_state]))
_PROPERTY = _Column(msg("Property"), lambda row: row.property_name)
_RECEIPT = _Column(msg("Receipt number"), lambda row: row.entry.receipt.number if row.entry.receipt else None, 24)
_OF_THE_REPORT = [
    _Column(msg("Checked out at"), _check_out, _MOMENT),
    _GUEST_STATUS,
    _PROPERTY,
    _Column(msg("Report ID"), lambda row: row.entry.id, _ID),
    _Column(msg("Stay ID"), lambda row: row.entry.stay_id, _ID),
    _Column(msg("Kind of report"), lambda row: row.entry.kind.value),
    _Column(msg("State of the report"), lambda row: row.entry.state.value),
    _Column(msg("Saved at"), lambda row: moment_value(row.entry.created_at, row.zone), _MOMENT),
    _Column(msg("Due by"), lambda row: moment_value(row.entry.due_at, row.zone), _MOMENT),
    _Column(msg("Last error"), lambda row: row.entry.last_error),
    _RECEIPT,
    _Column(
        msg("Receipt issued at"),
        lambda row: moment_value(row.entry.receipt.issued_at, row.zone) if row.entry.receipt else None,
        _MOMENT,
    ),
]
"""The columns of a table without guests' data."""
