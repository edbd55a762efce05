"""`apoa received`: file APOA's receipt number of a report that was typed in by hand."""

from datetime import datetime

from apoa_client.app.container import Container
from apoa_client.cli.prompts.find_stays import StayFinder, in_house, recent, waiting
from apoa_client.cli.prompts.save_and_send import warns_if_not_saved
from apoa_client.cli.registry import argument, command, flag, json_option, option
from apoa_client.cli.report_reader import open_if_possible
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import ask_line
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import print_error_line, print_json, print_line, print_warning
from apoa_client.cli.views.apoa_form import recorded_line
from apoa_client.cli.views.report import report_json
from apoa_client.desk.by_hand import parse_receipt_number
from apoa_client.errors import DataRefused, UsageProblem
from apoa_client.messages import Message, msg
from apoa_client.ports.entries import Entry
from apoa_client.report.findings import Unreadable
from apoa_client.report.parse_dates import date_and_time


@command(
    "received",
    N_("Record the number that APOA gave for a report that was typed in by hand."),
    "apoa received 2e8b11aa 2026-004711",
)
@argument("words", metavar="[GUEST] [NUMBER]", nargs=-1)
@option(
    "--issued-at",
    metavar="TIME",
    text=N_("When APOA gave it: 24/11/2026 19:50, or 19.50 for today; now if it is left out."),
)
@flag("--without-number", text=N_("It is typed into APOA, which gave no number."))
@json_option
@warns_if_not_saved
def received(session: Session, *, words: tuple[str, ...], issued_at: str | None, without_number: bool) -> None:
    """Check the number, find the report, and file it. Needs no key, unless the guest is given by room or name."""
    app = session.app
    guest, number = (" ".join(words), "") if without_number else _guest_and_number(session, words)
    moment = _moment(app, issued_at) if issued_at is not None else None
    finder = StayFinder(
        session, waiting, waiting, in_house, recent, if_none=msg("Nothing waits to be typed into APOA.")
    )
    found = finder.one(guest)
    if found is None:
        return
    entry = app.by_hand.find(found)
    if without_number:
        if entry.receipt is not None and entry.receipt.has_number:
            raise DataRefused(
                msg("This report has a number already: {number}.", number=entry.receipt.number),
                msg("If it is wrong, record the right one with: apoa received ID NUMBER"),
            )
        number, doubt = app.by_hand.stay_receipt_number(entry), None
    else:
        number, doubt = _checked_number(session, entry, number)
    entry = app.by_hand.record_number(entry, number, moment)
    if doubt is not None:
        print_warning(text(doubt))
        print_error_line(_("If that is a mistake, record the right number with the same command."))
    if session.json:
        print_json(report_json(entry, open_if_possible(app, entry), zone=app.settings.zone))
    else:
        print_line(recorded_line(entry, number))


def _checked_number(session: Session, entry: Entry, given: str) -> tuple[str, Message | None]:
    """Return the number to record, and why it is doubtful. At a terminal a doubtful one is asked again, once.

    Raises `DataRefused` for what is no number.
    """
    number = given or _ask_number()
    doubt = session.app.by_hand.doubt(number, entry)
    if doubt is None or not session.interactive:
        return number, doubt
    print_warning(text(doubt))
    print_error_line(_("Compare it with APOA's receipt, and type it again."))
    return _ask_number(), None


def _ask_number() -> str:
    return parse_receipt_number(ask_line(_("Receipt number that APOA gave")))


def _guest_and_number(session: Session, words: tuple[str, ...]) -> tuple[str, str]:
    """Return the guest and the number, which is the last of several words; a user is asked for what is missing.

    Raises `DataRefused` for what is no number, and `UsageProblem` if it is missing and no user can be asked.
    """
    if len(words) > 1:
        return " ".join(words[:-1]), parse_receipt_number(words[-1])
    if words and not session.interactive:
        raise UsageProblem(msg("Which number? Give the one that APOA gave, after the guest."))
    return " ".join(words), ""


def _moment(app: Container, typed: str) -> datetime:
    """Return when APOA gave a number. Raises `DataRefused`."""
    try:
        moment = date_and_time(typed, app.settings.zone, now=app.clock.now())
    except Unreadable as exc:
        raise DataRefused(exc.message) from None
    app.by_hand.check_not_future(moment)
    return moment
