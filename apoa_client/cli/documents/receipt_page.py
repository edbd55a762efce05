"""The receipt of a report as a page of A5 to print, in both languages, with the receipt's number as a QR code.

The page says that the property printed it from what the reporting server or its staff recorded. A report without a
receipt gets a page that says so in large letters.
"""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from functools import partial
from urllib.parse import urlsplit

from apoa_client.cli.documents.pages import qr_code, render_page
from apoa_client.cli.terminal.language import N_, in_both_languages, in_language
from apoa_client.cli.terminal.output import sanitize
from apoa_client.cli.views.labels import KINDS, RECEIPT_SOURCES, STATES, day_text, moment_text
from apoa_client.cli.views.opened_report import OpenedReport
from apoa_client.locale import LANGUAGES
from apoa_client.passport.states import by_code
from apoa_client.ports import Entry
from apoa_client.report.kinds import OPEN_STATES
from apoa_client.settings.config import PropertySettings

_TITLE = N_("Receipt for a foreign guest's report")
_NO_RECEIPT = N_("This is not a receipt")
_OFFICE, _NUMBER = N_("Immigration office"), N_("Receipt number")
_FROM_SERVER = N_("From the reporting server {server}: it accepted this report and gave it this number.")
_FROM_SANDBOX = N_("From the training server on this computer: it accepted this report and gave it this number.")
_TYPED = N_("The property's staff typed this number in, from the receipt that APOA gave them.")
TRAINING = N_("Training: this is not a receipt from Immigration.")
_NONE = N_("There is no receipt for this report: {state}.")
_DUE = N_("Due by: {moment}")
_OVERDUE = N_("The deadline has passed.")
_ERASED = N_("The guest's data were erased on {moment}. The receipt is kept.")
_UNREADABLE = N_("The guest's data cannot be read on this computer.")
PRINTED_BY = N_("Printed by the property from its own records with apoa-client. It is not a document of Immigration.")


def receipt_page(settings: PropertySettings, report: OpenedReport, now: datetime) -> str:
    """Return the page of a report, printed at the time `now`."""
    receipt = report.entry.receipt
    return render_page(
        "receipt.html",
        title=_TITLE if receipt is not None else _NO_RECEIPT,
        labels={"office": _OFFICE, "number": _NUMBER},
        settings=settings,
        receipt=receipt,
        qr=qr_code(sanitize(receipt.number)) if receipt is not None else "",
        source=RECEIPT_SOURCES[receipt.typed] if receipt is not None else "",
        warnings=list(_warnings(settings, report.entry, now)),
        notes=list(_notes(settings, report)),
        details=list(_details(report, settings.zone)),
        records=list(_records(report.entry, settings.zone, now)),
    )


def _warnings(settings: PropertySettings, entry: Entry, now: datetime) -> Iterator[list[str]]:
    """Yield the sentences in the box at the top of the page, each in every language."""
    if entry.receipt is None:
        yield [_format(each, _NONE, state=in_language(each, STATES[entry.state])) for each in LANGUAGES]
        if entry.due_at is not None and entry.state in OPEN_STATES:
            yield _with_moment(_DUE, entry.due_at, settings.zone)
            if entry.due_at < now:
                yield [in_language(each, _OVERDUE) for each in LANGUAGES]
    if settings.is_training:
        yield [in_language(each, TRAINING) for each in LANGUAGES]


def _notes(settings: PropertySettings, report: OpenedReport) -> Iterator[list[str]]:
    """Yield the sentences at the bottom of the page, each in every language: what the page is and what it is not."""
    receipt, erased_at = report.entry.receipt, report.entry.erased_at
    if erased_at is not None:
        yield _with_moment(_ERASED, erased_at, settings.zone)
    elif report.guest is None:
        yield [in_language(each, _UNREADABLE) for each in LANGUAGES]
    if receipt is not None and receipt.typed:
        yield [in_language(each, _TYPED) for each in LANGUAGES]
    elif receipt is not None and settings.uses_sandbox:
        yield [in_language(each, _FROM_SANDBOX) for each in LANGUAGES]
    elif receipt is not None:
        server = urlsplit(settings.api_url).hostname or settings.api_url
        yield [_format(each, _FROM_SERVER, server=server) for each in LANGUAGES]
    yield [in_language(each, PRINTED_BY) for each in LANGUAGES]


def _details(report: OpenedReport, zone: tzinfo) -> Iterator[tuple[str, str]]:
    """Yield labels and values of what was reported."""
    yield N_("Kind of report"), in_both_languages(KINDS[report.entry.kind])
    guest, stay = report.guest, report.stay
    if guest is not None:
        yield N_("Full name"), report.name
        yield N_("Nationality"), _state_text(guest.nationality)
        yield N_("Passport number"), guest.document.number
        birth = guest.birth_date
        yield N_("Date of birth"), day_text(birth.earliest, in_both_languages) if birth.day else str(birth)
    if stay is not None:
        yield N_("Room"), stay.room or "-"
        yield N_("Check-in"), moment_text(stay.check_in, zone, in_both_languages)
        yield N_("Planned check-out"), day_text(stay.planned_check_out, in_both_languages)
    if report.check_out is not None:
        yield N_("Check-out"), moment_text(report.check_out, zone, in_both_languages)


def _records(entry: Entry, zone: tzinfo, now: datetime) -> Iterator[tuple[str, str]]:
    """Yield labels and values of the times and ids by which a report is found."""
    if entry.receipt is not None:
        yield N_("Issued"), moment_text(entry.receipt.issued_at, zone, in_both_languages)
    yield N_("Saved"), moment_text(entry.created_at, zone, in_both_languages)
    yield N_("Id of the report"), entry.id
    if entry.receipt is not None and entry.receipt.sha256:
        yield "SHA-256", entry.receipt.sha256
    yield N_("Printed on"), moment_text(now, zone, in_both_languages)


def _state_text(code: str) -> str:
    """Return a state's name in both languages, with its code."""
    state = by_code(code)
    if state is None:
        return code
    return " / ".join(dict.fromkeys(state.name(language) for language in LANGUAGES)) + f" ({code})"


def _with_moment(sentence: str, moment: datetime, zone: tzinfo) -> list[str]:
    """Return a sentence with a moment, in every language."""
    return [_format(each, sentence, moment=moment_text(moment, zone, partial(in_language, each))) for each in LANGUAGES]


def _format(language: str, sentence: str, **values: str) -> str:
    return in_language(language, sentence).format(**values)
