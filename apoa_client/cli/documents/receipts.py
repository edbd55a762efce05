"""The receipt of a report as a page of A5 to print, and a folder with the receipts of a period for an inspection.

A page is in both languages, with the receipt's number as a QR code. It says that the property printed it from what the
authority or its staff recorded. A report without a receipt gets a page that says so in large letters.

A period is given in check-in nights: a stay is inspected with all of its reports. Files are named after receipt numbers
or ids, because anyone who looks at the screen sees the names in a folder.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from apoa_client.app.container import Container
from apoa_client.cli.documents.pages import moment_in_both_languages, qr_code, render_page
from apoa_client.cli.report_reader import open_report
from apoa_client.cli.terminal.language import N_, _, in_both_languages, in_language
from apoa_client.cli.terminal.output import sanitize
from apoa_client.cli.terminal.output_files import make_output_folder, write_output
from apoa_client.cli.terminal.progress import track
from apoa_client.cli.views.findings import show_error
from apoa_client.cli.views.labels import KINDS, STATES, day_text, moment_text, receipt_source, state_text
from apoa_client.cli.views.report import OpenedReport
from apoa_client.desk.stay_history import Period
from apoa_client.errors import Exit, NotAuthentic, SealBroken
from apoa_client.locale import LANGUAGES
from apoa_client.passport.states import by_code
from apoa_client.ports.entries import Entry
from apoa_client.report.kinds import OPEN_STATES, short_id
from apoa_client.report.model import room_name
from apoa_client.settings.config import PropertySettings

_TITLE = N_("Receipt for a foreign guest's report")
_NO_RECEIPT = N_("This is not a receipt")
_OFFICE, _NUMBER = N_("Immigration office"), N_("Receipt number")
_FROM_SERVER = N_("From the authority {server}: it accepted this report and gave it this number.")
_FROM_EARLIER_SERVER = N_("From the authority that the property used then, which accepted this report.")
_FROM_SANDBOX = N_("From the training server on this computer: it accepted this report and gave it this number.")
_TYPED = N_("The property's staff typed this number in, from the receipt that APOA gave them.")
_WITHOUT_NUMBER = N_("The property's staff typed this report into APOA, and have no number of a receipt.")
TRAINING = N_("Training only: this is not a receipt from Immigration, and the guest is not reported there.")
_NONE = N_("There is no receipt for this report: {state}.")
_DUE = N_("Due by: {moment}")
_OVERDUE = N_("The deadline has passed.")
_ERASED = N_("The guest's data were erased on {moment}. The receipt is kept.")
_UNREADABLE = N_("The guest's data cannot be read on this computer.")
PRINTED_BY = N_("Printed by the property from its own records with apoa-client. It is not a document of Immigration.")


def receipt_page(settings: PropertySettings, report: OpenedReport, now: datetime) -> str:
    """Return the page of a report, printed at the time `now`."""
    entry, receipt, zone = report.entry, report.entry.receipt, settings.zone
    warnings = []
    if receipt is None:
        warnings.append(_in_each_language(_NONE, state=lambda translate: translate(STATES[entry.state])))
        if entry.due_at is not None and entry.state in OPEN_STATES:
            warnings.append(_in_each_language(_DUE, moment=partial(moment_text, entry.due_at, zone)))
            if entry.due_at < now:
                warnings.append(_in_each_language(_OVERDUE))
    if settings.is_training or (receipt is not None and receipt.is_training):
        warnings.append(_in_each_language(TRAINING))
    records = [
        (N_("Saved"), moment_in_both_languages(entry.created_at, zone)),
        (N_("Id of the report"), entry.id),
    ]
    if receipt is not None:
        records.insert(0, (N_("Issued"), moment_in_both_languages(receipt.issued_at, zone)))
        if receipt.sha256:
            records.append(("SHA-256", receipt.sha256))
    records.append((N_("Printed on"), moment_in_both_languages(now, zone)))
    return render_page(
        "receipt.html",
        title=_TITLE if receipt is not None else _NO_RECEIPT,
        labels={"office": _OFFICE, "number": _NUMBER},
        settings=settings,
        receipt=receipt,
        qr=qr_code(sanitize(receipt.number)) if receipt is not None and receipt.has_number else "",
        source=receipt_source(receipt) if receipt is not None else "",
        warnings=warnings,
        notes=list(_notes(settings, report)),
        details=list(_details(report, zone)),
        records=records,
    )


def _notes(settings: PropertySettings, report: OpenedReport) -> Iterator[list[str]]:
    """Yield the sentences at the bottom of the page, each in every language: what the page is and what it is not."""
    receipt, erased_at = report.entry.receipt, report.entry.erased_at
    if erased_at is not None:
        yield _in_each_language(_ERASED, moment=partial(moment_text, erased_at, settings.zone))
    elif report.guest is None:
        yield _in_each_language(_UNREADABLE)
    if receipt is not None and not receipt.has_number:
        yield _in_each_language(_WITHOUT_NUMBER)
    elif receipt is not None and receipt.typed:
        yield _in_each_language(_TYPED)
    elif receipt is not None and (settings.uses_sandbox or (receipt.is_training and not settings.is_training)):
        yield _in_each_language(_FROM_SANDBOX)
    elif receipt is not None and settings.by_hand:
        yield _in_each_language(_FROM_EARLIER_SERVER)
    elif receipt is not None:
        server = urlsplit(settings.api_url).hostname or settings.api_url
        yield _in_each_language(_FROM_SERVER, server=lambda _translate: server)
    yield _in_each_language(PRINTED_BY)


def _details(report: OpenedReport, zone: tzinfo) -> Iterator[tuple[str, str]]:
    """Yield labels and values of what was reported."""
    yield N_("Kind of report"), in_both_languages(KINDS[report.entry.kind])
    guest, stay = report.guest, report.stay
    if guest is not None:
        yield N_("Full name"), report.name
        state, code = by_code(guest.nationality), guest.nationality
        names = dict.fromkeys(state.name(language) for language in LANGUAGES) if state is not None else ()
        yield N_("Nationality"), f"{' / '.join(names)} ({code})" if names else code
        yield N_("Passport number"), guest.document.number
        birth = guest.birth_date
        yield N_("Date of birth"), day_text(birth.earliest, in_both_languages) if birth.day else str(birth)
    if stay is not None:
        yield N_("Room"), room_name(stay.room or "-")
        yield N_("Check-in"), moment_in_both_languages(stay.check_in, zone)
        yield N_("Planned check-out"), day_text(stay.planned_check_out, in_both_languages)
    if report.check_out is not None:
        yield N_("Check-out"), moment_in_both_languages(report.check_out, zone)


def _in_each_language(sentence: str, **values: Callable[[Callable[[str], str]], str]) -> list[str]:
    """Return a sentence in each language. A value is a function that is given the translation into that language."""
    translations = [partial(in_language, language) for language in LANGUAGES]
    return [
        translate(sentence).format(**{name: value(translate) for name, value in values.items()})
        for translate in translations
    ]


_OF_ALL = N_("Receipts for foreign guests' reports")
_HEADINGS = (N_("Receipt number"), N_("Check-in"), N_("Guest"), N_("Room"), N_("Kind of report"), N_("State"))
_WITHOUT = N_("no receipt")
_ERASED_NAME = N_("erased")

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
            page = receipt_page(app.printed_settings, report, app.clock.now())
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
    settings = app.printed_settings
    facts = [(N_("Printed on"), moment_in_both_languages(app.clock.now(), settings.zone))]
    if any(period):
        days = (day_text(day, in_both_languages) if day is not None else "" for day in period)
        facts.insert(0, (N_("Check-in"), " … ".join(days).strip()))
    return render_page(
        "index.html",
        title=_OF_ALL,
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
    number = in_both_languages(_WITHOUT)
    if entry.receipt is not None:
        typed = f" ({in_both_languages(receipt_source(entry.receipt))})" if entry.receipt.typed else ""
        number = entry.receipt.number + typed
    unknown = in_both_languages(_ERASED_NAME) if entry.erased_at is not None else "-"
    return [
        number,
        day_text(night, in_both_languages),
        report.name if report.guest is not None else unknown,
        room_name((stay.room if stay is not None else None) or "-"),
        in_both_languages(KINDS[entry.kind]),
        state_text(entry, in_both_languages),
    ]
