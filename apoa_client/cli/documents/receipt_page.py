"""A report's proof on paper: one page of A5, in both languages, with the receipt's number as a QR code.

It claims no more than it is: the property's own print of what the reporting server, or its staff, wrote down. A report
without a receipt gets a page that says so in big letters.
"""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from functools import partial
from typing import NamedTuple
from urllib.parse import urlsplit

from apoa_client.app.container import Container
from apoa_client.cli.documents.pages import qr_code, render_page
from apoa_client.cli.terminal.language import N_, in_both_languages, in_language
from apoa_client.cli.terminal.output import sanitize
from apoa_client.cli.views.labels import KINDS, RECEIPT_SOURCES, STATES, day_text, moment_text
from apoa_client.cli.views.report import guest_name
from apoa_client.cli.views.report_reader import open_report
from apoa_client.errors import Erased
from apoa_client.locale import LANGUAGES
from apoa_client.passport.dates import PartialDate
from apoa_client.passport.states import by_code
from apoa_client.ports import Entry
from apoa_client.report.kinds import OPEN_STATES, Receipt
from apoa_client.report.model import Guest, Stay
from apoa_client.settings.config import PropertySettings

_TITLE = N_("Receipt for a foreign guest's report")
_NO_RECEIPT = N_("This is not a receipt")
_OFFICE, _NUMBER = N_("Immigration office"), N_("Receipt number")
_FROM_SERVER = N_("From the reporting server {server}: it accepted this report and gave it this number.")
_FROM_TRAINING = N_("From the training server on this computer: it accepted this report and gave it this number.")
_TYPED = N_("The property's staff typed this number in, from the receipt that APOA gave them.")
TRAINING = N_("Training: this is not a receipt from Immigration.")
_NONE = N_("There is no receipt for this report: {state}.")
_DUE = N_("Due by: {moment}")
_OVERDUE = N_("The deadline has passed.")
_ERASED = N_("The guest's data were erased on {moment}. The receipt is kept.")
_UNREADABLE = N_("The guest's data cannot be read on this computer.")
OURS = N_("Printed by the property from its own records with apoa-client. It is not a document of Immigration.")


class Proof(NamedTuple):
    """A report, and whom it is about; nothing of the guest where that was erased, or cannot be read."""

    entry: Entry
    guest: Guest | None = None
    stay: Stay | None = None
    check_out: datetime | None = None

    def __repr__(self) -> str:
        """Without the guest."""
        return f"Proof({self.entry.id!r}, …)"


def proof_of(app: Container, entry: Entry) -> Proof:
    """Open a report; the guest of a check-out or a cancellation is the one that its stay tells of.

    Raises `CredentialsProblem` without the key, and `SealBroken`.
    """
    if entry.erased_at is not None:
        return Proof(entry)
    try:
        report = open_report(app, entry)
        told = app.stays.guest_report(report, partial(open_report, app))
    except Erased:  # meanwhile
        return Proof(app.outbox.find(entry.id)[0])
    if told is None:
        return Proof(entry, check_out=report.check_out)
    return Proof(entry, told.guest, told.stay, report.check_out)


def receipt_page(settings: PropertySettings, proof: Proof, now: datetime) -> str:
    """The page, printed at the time `now`."""
    entry, receipt = proof.entry, proof.entry.receipt
    return render_page(
        "receipt.html",
        title=_TITLE if receipt is not None else _NO_RECEIPT,
        labels={"office": _OFFICE, "number": _NUMBER},
        settings=settings,
        receipt=receipt,
        qr=qr_code(sanitize(receipt.number)) if receipt is not None else "",
        source=RECEIPT_SOURCES[receipt.typed] if receipt is not None else "",
        warnings=list(_warnings(settings, proof, now)),
        remarks=list(_remarks(settings, proof)),
        details=list(_details(proof, settings.zone)),
        records=list(_records(entry, settings.zone, now)),
    )


def _warnings(settings: PropertySettings, proof: Proof, now: datetime) -> Iterator[list[str]]:
    """What stands in the box at the head of the page: each in every language."""
    entry = proof.entry
    if entry.receipt is None:
        yield [_say(each, _NONE, state=in_language(each, STATES[entry.state])) for each in LANGUAGES]
        if entry.due_at is not None and entry.state in OPEN_STATES:
            yield [_say(each, _DUE, moment=_moment(each, entry.due_at, settings.zone)) for each in LANGUAGES]
            if entry.due_at < now:
                yield [in_language(each, _OVERDUE) for each in LANGUAGES]
    if settings.is_training:
        yield [in_language(each, TRAINING) for each in LANGUAGES]


def _remarks(settings: PropertySettings, proof: Proof) -> Iterator[list[str]]:
    """What the page is, and what it is not: each in every language."""
    receipt, erased_at = proof.entry.receipt, proof.entry.erased_at
    if erased_at is not None:
        yield [_say(each, _ERASED, moment=_moment(each, erased_at, settings.zone)) for each in LANGUAGES]
    elif proof.guest is None:
        yield [in_language(each, _UNREADABLE) for each in LANGUAGES]
    if receipt is not None:
        yield [_source(each, settings, receipt) for each in LANGUAGES]
    yield [in_language(each, OURS) for each in LANGUAGES]


def _source(language: str, settings: PropertySettings, receipt: Receipt) -> str:
    if receipt.typed:
        return in_language(language, _TYPED)
    if settings.uses_sandbox:
        return in_language(language, _FROM_TRAINING)
    return _say(language, _FROM_SERVER, server=urlsplit(settings.api_url).hostname or settings.api_url)


def _details(proof: Proof, zone: tzinfo) -> Iterator[tuple[str, str]]:
    """Labels and values of what was reported."""
    yield N_("Kind of report"), in_both_languages(KINDS[proof.entry.kind])
    guest, stay = proof.guest, proof.stay
    if guest is not None:
        yield N_("Full name"), guest_name(guest)
        yield N_("Nationality"), _state(guest.nationality)
        yield N_("Passport number"), guest.document.number
        yield N_("Date of birth"), _birth_date(guest.birth_date)
    if stay is not None:
        yield N_("Room"), stay.room or "-"
        yield N_("Check-in"), moment_text(stay.check_in, zone, in_both_languages)
        yield N_("Planned check-out"), day_text(stay.planned_check_out, in_both_languages)
    if proof.check_out is not None:
        yield N_("Check-out"), moment_text(proof.check_out, zone, in_both_languages)


def _records(entry: Entry, zone: tzinfo, now: datetime) -> Iterator[tuple[str, str]]:
    """Labels and values of what a program would look for."""
    if entry.receipt is not None:
        yield N_("Issued"), moment_text(entry.receipt.issued_at, zone, in_both_languages)
    yield N_("Saved"), moment_text(entry.created_at, zone, in_both_languages)
    yield N_("Id of the report"), entry.id
    if entry.receipt is not None and entry.receipt.sha256:
        yield "SHA-256", entry.receipt.sha256
    yield N_("Printed on"), moment_text(now, zone, in_both_languages)


def _state(code: str) -> str:
    state = by_code(code)
    if state is None:
        return code
    return " / ".join(dict.fromkeys((state.indonesian, state.english))) + f" ({code})"


def _birth_date(birth: PartialDate) -> str:
    return day_text(birth.earliest, in_both_languages) if birth.day else str(birth)


def _moment(language: str, moment: datetime, zone: tzinfo) -> str:
    return moment_text(moment, zone, lambda word: in_language(language, word))


def _say(language: str, sentence: str, **values: str) -> str:
    return in_language(language, sentence).format(**values)
