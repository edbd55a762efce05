"""The receipt of a report as a page of A5 to print.

A page is in both languages, with the receipt's number as a QR code. It says that the property printed it from what the
authority or its staff recorded. A report without a receipt gets a page that says so in large letters.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, tzinfo
from functools import partial
from urllib.parse import urlsplit

from apoa_client.cli.documents.pages import moment_in_both_languages, qr_code, render_page
from apoa_client.cli.terminal.language import N_, in_both_languages, in_language
from apoa_client.cli.terminal.output import sanitize
from apoa_client.cli.views.labels import KINDS, STATES, day_text, moment_text, receipt_source
from apoa_client.cli.views.report import OpenedReport
from apoa_client.locale import LANGUAGES
from apoa_client.passport.states import by_code
from apoa_client.report.kinds import OPEN_STATES
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
