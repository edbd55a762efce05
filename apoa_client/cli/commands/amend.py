"""`apoa amend`: correct what was reported of a guest or a stay."""

from typing import Any

import click

from apoa_client.cli.commands.guest_options import changed_report_options, given_details
from apoa_client.cli.prompts.finish_change import ChangeCommand, change_options
from apoa_client.cli.registry import command, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_


@command(
    "amend", N_("Correct what was reported of a guest or a stay."), "apoa amend 2e8b11aa --room 8 --reason 'moved'"
)
@click.argument("reference", metavar="ID")
@option("--reason", text=N_("Why, for the authority; not needed for what never left."))
@changed_report_options
@change_options
@click.pass_obj
def amend(session: Session, /, *, reference: str, reason: str | None, yes: bool, no_send: bool, **details: Any) -> None:  # noqa: ANN401  click's
    """Correct the stay. Needs the key, because a correction repeats everything that was reported."""
    from apoa_client.cli.prompts.amend_stay import AmendConversation  # not for --help

    given = given_details(**details)
    AmendConversation(ChangeCommand(session, yes=yes, no_send=no_send), **given._asdict()).amend(reference, reason)
