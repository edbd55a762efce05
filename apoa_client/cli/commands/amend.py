"""`apoa amend` and `apoa fix`: correct what was reported, or a report that the authority refused."""

from typing import Any

from apoa_client.cli.commands.guest_options import changed_report_options, given_details
from apoa_client.cli.prompts.finish_change import ChangeCommand, change_options
from apoa_client.cli.prompts.save_and_send import warns_if_not_saved
from apoa_client.cli.registry import command, guest_argument, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_
from apoa_client.messages import msg


@command("amend", N_("Correct what was reported of a guest or a stay."), "apoa amend 2e8b11aa --nights +1")
@guest_argument
@option("--reason", text=N_("Why, for the authority; not needed for what never left."))
@changed_report_options
@change_options
@warns_if_not_saved
def amend(
    session: Session,
    /,
    *,
    reference: str,
    reason: str | None,
    yes: bool,
    no_send: bool,
    **details: Any,  # noqa: ANN401  click's
) -> None:
    """Correct stays. Needs the key, because a correction repeats everything that was reported.

    Without a guest, --room does not change the room, but corrects all guests in that room.
    """
    from apoa_client.cli.prompts.amend_stay import AmendConversation  # not for --help
    from apoa_client.cli.prompts.find_stays import StayFinder, in_house, recent

    given = given_details(**details)
    room = given.typed.pop("room", None) if not reference else None
    found = StayFinder(session, recent, in_house, recent).find(reference, room, yes=yes)
    change = ChangeCommand(session, yes=yes, no_send=no_send)
    reason = change.reason(reason)
    if found:
        AmendConversation(change, **given._asdict()).amend(found, reason, several=len(found) > 1 or bool(room))


@command("fix", N_("Correct a report that the authority refused."), "apoa fix 2e8b11aa")
@guest_argument
@option("--at", metavar="TIME", text=N_("When they left, for a check-out that was refused."))
@option("--reason", text=N_("Another reason, for a correction or cancellation that was refused."))
@changed_report_options
@change_options
@warns_if_not_saved
def fix(
    session: Session,
    /,
    *,
    reference: str,
    at: str | None,
    reason: str | None,
    yes: bool,
    no_send: bool,
    **details: Any,  # noqa: ANN401  click's
) -> None:
    """Correct the refused report. Needs the key, because the new report repeats everything that was refused."""
    from apoa_client.cli.prompts.amend_stay import FixConversation
    from apoa_client.cli.prompts.find_stays import StayFinder, in_house, recent, refused  # not for --help

    found = StayFinder(session, refused, refused, in_house, recent, if_none=msg("No report is refused.")).one(reference)
    if found is None:
        return
    given = given_details(**details)
    FixConversation(ChangeCommand(session, yes=yes, no_send=no_send), **given._asdict()).fix(found, at, reason)
