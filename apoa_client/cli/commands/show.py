"""`apoa show`: a stay in full, with every report, attempt and answer."""

import click

from apoa_client.cli.prompts.find_stays import StayFinder, ever, in_house, recent
from apoa_client.cli.registry import command, guest_argument, json_option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_
from apoa_client.cli.terminal.output import print_json
from apoa_client.cli.views.findings import show_unwritable
from apoa_client.cli.views.stay_history import StayView


@command("show", N_("Show a stay in full: every report, attempt and answer."), "apoa show 2e8b11aa")
@guest_argument
@json_option
@click.pass_obj
def show(session: Session, *, reference: str) -> None:
    """Find the stay, open its reports and show them."""
    session.app.on_unwritable = show_unwritable
    found = StayFinder(session, recent, in_house, recent, ever).one(reference)
    if found is None:
        return
    view = StayView(session.app, *session.app.stays.find(found))
    if session.json:
        print_json(view.json())
    else:
        view.show()
