"""`apoa amend`: correct what was reported of a guest or a stay."""

from typing import Any

import click

from apoa_client.cli.commands.guest_options import changed_report_options, given_details
from apoa_client.cli.prompts.finish_change import ChangeCommand, change_options
from apoa_client.cli.prompts.not_saved import warns_if_not_saved
from apoa_client.cli.registry import command, guest_argument, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_


@command("amend", N_("Correct what was reported of a guest or a stay."), "apoa amend 2e8b11aa --nights +1")
@guest_argument
@option("--group", metavar="GUEST", text=N_("Everybody who was reported together with this guest."))
@option("--reason", text=N_("Why, for the authority; not needed for what never left."))
@changed_report_options
@change_options
@click.pass_obj
@warns_if_not_saved
def amend(
    session: Session,
    /,
    *,
    reference: str,
    group: str | None,
    reason: str | None,
    yes: bool,
    no_send: bool,
    **details: Any,  # noqa: ANN401  click's
) -> None:
    """Correct stays. Needs the key, because a correction repeats everything that was reported.

    With neither a guest nor --group, --room does not change the room, but corrects all guests in that room.
    """
    from apoa_client.cli.prompts.amend_stay import AmendConversation  # not for --help
    from apoa_client.cli.prompts.find_stays import StayFinder, in_house, recent

    given = given_details(**details)
    room = given.typed.pop("room", None) if not reference and not group else None
    found = StayFinder(session, recent, in_house, recent).find(reference, room, group, yes=yes)
    conversation = AmendConversation(ChangeCommand(session, yes=yes, no_send=no_send), **given._asdict())
    if len(found) > 1 or (found and (room or group)):
        conversation.amend_all(found, reason)
    elif found:
        conversation.amend(found[0], reason)
