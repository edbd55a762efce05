"""A folder with the receipts of a period, for an officer who inspects the property.

A period is given in check-in nights: a stay is inspected with all of its reports. Files are named after receipt numbers
or ids, because anyone who looks at the screen sees the names in a folder.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from apoa_client.app.container import Container
from apoa_client.cli.documents.pages import moment_in_both_languages, render_page
from apoa_client.cli.documents.receipt_page import PRINTED_BY, TRAINING, receipt_page
from apoa_client.cli.report_reader import open_report
from apoa_client.cli.terminal.language import N_, _, in_both_languages
from apoa_client.cli.terminal.output_files import make_output_folder, write_output
from apoa_client.cli.terminal.progress import track
from apoa_client.cli.views.findings import show_error
from apoa_client.cli.views.labels import KINDS, day_text, receipt_source, state_text
from apoa_client.cli.views.report import OpenedReport
from apoa_client.desk.stay_history import Period
from apoa_client.errors import Exit, NotAuthentic, SealBroken
from apoa_client.ports.entries import Entry
from apoa_client.report.kinds import short_id
from apoa_client.report.model import room_name

_TITLE = N_("Receipts for foreign guests' reports")
_HEADINGS = (N_("Receipt number"), N_("Check-in"), N_("Guest"), N_("Room"), N_("Kind of report"), N_("State"))
_NONE = N_("no receipt")
_ERASED = N_("erased")

_UNSAFE = re.compile(r"[^A-Za-z0-9_]+")
_MAX_NAME_LENGTH = 80
# Names that Windows has for its devices.
_TAKEN = frozenset({"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(10))})


class InspectionResult(NamedTuple):
    """How many pages were written, and how many reports of the period have no receipt."""

    written: int
    without_receipt: int
    exit_code: Exit = Exit.DONE


class _Row(NamedTuple):
    """A line of the table of all reports."""

    file: str
    """Empty for a report without a receipt."""
    cells: Sequence[str]

    def __repr__(self) -> str:
        """Return the file's name only: the cells are personal data."""
        return f"_Row({self.file!r}, …)"


def index_name() -> str:
    """Return the file name of the page with all reports, in the reader's language."""
    return _("index") + ".html"


def write_inspection_folder(
    app: Container, period: Period, folder: Path, *, force: bool, silent: bool = False
) -> InspectionResult:
    """Write a page for each report with a receipt, and a table of all reports. Without reports, write nothing.

    A report whose seal is broken, or that another program changed, is shown as an error and is in the table without a
    receipt. Raises `CredentialsProblem` without the key, before anything is written. Shows progress unless `silent`.
    """
    rows, taken, code = list[_Row](), {*_TAKEN, _("index")}, Exit.DONE
    zone = app.settings.zone
    stays = sorted(app.stays.arrived(period), key=lambda stay: (stay.check_in_night(zone), stay.entries[0].seq))
    entries = [
        (stay.check_in_night(zone), entry)
        for stay in stays
        for entry in stay.active_reports
        if app.settings.is_training or entry.receipt is None or not entry.receipt.is_training
    ]
    for night, entry in track(entries, _("Writing pages"), silent=silent):
        report, problem = _opened(app, entry)
        if problem is not None:
            show_error(problem)
            code = code or problem.exit_code
        if not rows:
            make_output_folder(folder, force=force)
        file = _file_name(report.entry, taken)
        rows.append(_Row(file, _cells(night, report)))
        if file:
            page = receipt_page(app.settings, report, app.clock.now())
            write_output(folder / file, page.encode(), force=force, durable=False)
    if rows:
        write_output(folder / index_name(), _index(app, period, rows).encode(), force=force)
    written = sum(1 for row in rows if row.file)
    return InspectionResult(written, len(rows) - written, code)


def _opened(app: Container, entry: Entry) -> tuple[OpenedReport, SealBroken | None]:
    """Open a report, and return what is wrong with it. If its state is not proven, no receipt is shown."""
    report, problem = OpenedReport(entry), None
    try:
        report = open_report(app, entry)
    except SealBroken as exc:
        problem = exc
    try:
        app.outbox.integrity.check(entry.id)
    except NotAuthentic as exc:
        return OpenedReport(entry._replace(receipt=None)), exc
    return report, problem


def _file_name(entry: Entry, taken: set[str]) -> str:
    """Return a name that every file system accepts and that no other page has, whatever the letter case."""
    if entry.receipt is None:
        return ""
    name = _UNSAFE.sub("-", entry.receipt.number).strip("-")[:_MAX_NAME_LENGTH]
    if not name or name.casefold() in taken:
        unnamed = _("report")
        name = f"{name or unnamed}-{short_id(entry.id)}"
    taken.add(name.casefold())
    return f"{name}.html"


def _index(app: Container, period: Period, rows: Iterable[_Row]) -> str:
    """Return the page with the table of all reports."""
    settings = app.settings
    facts = [(N_("Printed on"), moment_in_both_languages(app.clock.now(), settings.zone))]
    if any(period):
        days = (day_text(day, in_both_languages) if day is not None else "" for day in period)
        facts.insert(0, (N_("Check-in"), " … ".join(days).strip()))
    return render_page(
        "index.html",
        title=_TITLE,
        settings=settings,
        headings=_HEADINGS,
        rows=rows,
        facts=facts,
        notes=[PRINTED_BY],
        training=TRAINING if settings.is_training else "",
    )


def _cells(night: date, report: OpenedReport) -> list[str]:
    """Return a report in the columns of `_HEADINGS`."""
    entry, stay = report.entry, report.stay
    number = in_both_languages(_NONE)
    if entry.receipt is not None:
        typed = f" ({in_both_languages(receipt_source(entry.receipt))})" if entry.receipt.typed else ""
        number = entry.receipt.number + typed
    unknown = in_both_languages(_ERASED) if entry.erased_at is not None else "-"
    return [
        number,
        day_text(night, in_both_languages),
        report.name if report.guest is not None else unknown,
        room_name((stay.room if stay is not None else None) or "-"),
        in_both_languages(KINDS[entry.kind]),
        state_text(entry, in_both_languages),
    ]
