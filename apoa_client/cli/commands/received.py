"""`apoa received`: file APOA's receipt number of a report that was typed in by hand."""

import click

from apoa_client.cli.registry import command, json_option, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_, _
from apoa_client.cli.terminal.output import print_error_line, print_json, print_line, style_warning
from apoa_client.cli.views.by_hand import recorded_line, same_number_line
from apoa_client.cli.views.report import report_json
from apoa_client.cli.views.report_reader import open_if_possible
from apoa_client.desk.by_hand import parse_receipt_number
from apoa_client.errors import DataRefused
from apoa_client.report.findings import Unreadable
from apoa_client.report.parse_times import date_and_time


@command(
    "received", N_("Record the number that APOA gave for a report that was typed in by hand."), "apoa received ID NO"
)
@click.argument("reference", metavar="ID")
@click.argument("number", metavar="NUMBER")
@option(
    "--issued-at",
    metavar="TIME",
    text=N_("When APOA gave it: 24/11/2026 19:50, or 19.50 for today; now if it is left out."),
)
@json_option
@click.pass_obj
def received(session: Session, *, reference: str, number: str, issued_at: str | None) -> None:
    """Check the number, find the report, and file it. Needs no key."""
    app = session.app
    number = parse_receipt_number(number)
    moment = None
    if issued_at is not None:
        try:
            moment = date_and_time(issued_at, app.settings.zone, now=app.clock.now())
        except Unreadable as exc:
            raise DataRefused(exc.message) from None
        app.by_hand.check_not_future(moment)
    entry = app.by_hand.find(reference)
    other = app.by_hand.find_same_number(number, entry)
    entry = app.by_hand.record_number(entry, number, moment)
    if other is not None:
        print_error_line(style_warning(same_number_line(other)))
        print_error_line(_("If that is a mistake, record the right number with the same command."))
    if session.json:
        print_json(report_json(entry, open_if_possible(app, entry), zone=app.settings.zone))
    else:
        print_line(recorded_line(entry, number))
