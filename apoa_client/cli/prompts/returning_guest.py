"""Proposals for a guest who was here before, from their last stay: place of birth, visa and phone.

They are looked up as soon as the travel document is known, and only if the key is at hand: a guest is waiting.
"""

from contextlib import suppress
from datetime import date, timedelta

from apoa_client.app.container import Container
from apoa_client.cli.prompts.choose_guest import open_current_report
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import print_error_line
from apoa_client.cli.views.labels import day_text
from apoa_client.desk.correction_draft import typed_texts
from apoa_client.desk.duplicates import same_document
from apoa_client.desk.guest_form import GuestForm
from apoa_client.errors import StorageProblem
from apoa_client.report.fields import BY_NAME
from apoa_client.report.filler_words import BIRTH_PLACE_NOT_STATED
from apoa_client.report.model import Document

_FIELDS = ("birth_place", "stay_permit", "phone")


def propose_from_last_stay(app: Container, form: GuestForm) -> None:
    """Put the values of the guest's last stay on the form as proposals, and say where they come from.

    They are looked up once for each travel document. Older stays than the retention time are never used.
    """
    document = form.document
    if document == form.recalled_document:
        return
    form.recalled_document, form.recalled = document, {}
    if not all(document) or not app.key_is_at_hand:
        return
    with suppress(StorageProblem):  # a damaged old report must not stop the report of a new guest
        app.ask(lambda each: _recall(each, form, Document("", *document, expiry_date=date.max)))


def _recall(app: Container, form: GuestForm, document: Document) -> None:
    since = app.today - timedelta(days=app.settings.retention_days)
    for history in app.desk.earlier_stays(document, since):
        report = open_current_report(app, history).guest_report
        if report is None or report.guest is None or not same_document(report.guest.document, document):
            continue
        texts = {name: typed for name, typed in typed_texts(report).items() if typed != BIRTH_PLACE_NOT_STATED}
        form.recalled = {name: texts[name] for name in _FIELDS if name in texts and name not in form.typed}
        if form.recalled and report.stay is not None:
            fields = ", ".join(text(BY_NAME[name].label) for name in form.recalled)
            line = _("This guest was here before ({day}). Suggested from that stay: {fields}.")
            print_error_line("  " + line.format(day=day_text(report.stay.check_in.date()), fields=fields))
        return
